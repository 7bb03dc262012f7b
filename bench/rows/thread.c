/* Row 8: threads.
 *
 *     create   one is made, runs and is joined, again and again, k/s */
#include "bench.h"
#include PEER

static uint64_t ran;

static void body(void)
{
    ran++;
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "create")) {
        double kilo_rounds;
        uint64_t made = 0;
        phases_start();
        KILO_ROUNDS(kilo_rounds, peer_thread_run(body); made++);
        MUST(ran != made);
        return report(PEER_THREAD, kilo_rounds);
    }
    die("measurements: create");
}
