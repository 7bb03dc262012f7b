/* Row 10b: one task is submitted and its result awaited.
 *
 *     warm WORKERS   again and again, us
 *     idle WORKERS   each time after 1 ms in which nobody does anything, us: the median of the sample, since so short a
 *                    time is measured by itself and some are cut in two by whatever else the machine does */
#include "task.h"
#include PEER

#define MOST_ROUNDS 100000

static peer_pool_t *pool;

static void round_trip(void)
{
    static uint64_t n;
    n++;
    if (to_number(peer_pool_call(pool, from_number(n))) != n) {
        die("not the task's result");
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static double after_idle(void)
{
    static uint64_t took[MOST_ROUNDS];
    int rounds = 0;
    while (phase() != STOP && rounds < MOST_ROUNDS) {
        uint64_t begin;
        sleep_for(1e-3);
        begin = now_ns();
        round_trip();
        took[rounds] = now_ns() - begin;
        rounds += phase() == MEASURE;
    }
    qsort(took, (size_t)rounds, sizeof took[0], compare);
    return (double)took[rounds / 2] / 1e3;
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    pool = peer_pool_new(number(argc, argv, 0));
    /* A worker there is before the first sample, as in a program that has run for a while. */
    round_trip();
    phases_start();
    if (measures(argv, "warm")) {
        double kilo_rounds;
        KILO_ROUNDS(kilo_rounds, round_trip());
        return report(PEER_ROUNDTRIP, 1e3 / kilo_rounds);
    }
    if (measures(argv, "idle")) {
        return report(PEER_ROUNDTRIP, after_idle());
    }
    die("measurements: warm, idle");
}
