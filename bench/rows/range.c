/* Row 10d: a parallel for.
 *
 *     sum WORKERS   the sum of 10^6 numbers in 1,000 chunks, us */
#include "task.h"
#include PEER

static void sum(peer_pool_t *pool)
{
    total = 0;
    peer_pool_range(pool, CHUNKS);
    if (total != (uint64_t)CHUNKS * CHUNK * (CHUNKS * CHUNK - 1) / 2) {
        die("not the sum");
    }
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    for (size_t i = 0; i < CHUNKS * CHUNK; i++) {
        summands[i] = i;
    }
    if (measures(argv, "sum")) {
        peer_pool_t *pool = peer_pool_new(number(argc, argv, 0));
        double kilo_rounds;
        phases_start();
        KILO_ROUNDS(kilo_rounds, sum(pool));
        return report(PEER_RANGE, 1e3 / kilo_rounds);
    }
    die("measurements: sum");
}
