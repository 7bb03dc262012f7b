/* Row 7: a barrier.
 *
 *     rounds THREADS   how often so many threads pass it together, k/s */
#include "bench.h"
#include PEER

static peer_barrier_t *barrier;
static uint64_t final_round OWN_LINES = UINT64_MAX;
static double kilo_rounds;

/* Every member passes the same number of rounds. Member 0 names the last one before it arrives for it, so
 * all know it when that round is over; that some see it a round early does no harm, since it is a number
 * and not a flag. */
static void member(int self)
{
    uint64_t round = 0, first = 0, begin = 0;
    if (self == 0) {
        phases_start();
    }
    do {
        round++;
        if (self == 0 && phase() != WARM_UP) {
            if (begin == 0) {
                begin = now_ns();
                first = round;
            }
            if (phase() == STOP) {
                __atomic_store_n(&final_round, round, __ATOMIC_RELAXED);
            }
        }
        peer_barrier_wait(barrier);
    } while (round < __atomic_load_n(&final_round, __ATOMIC_RELAXED));
    if (self == 0) {
        kilo_rounds = (double)(round - first + 1) * 1e6 / (double)(now_ns() - begin);
    }
}

int main(int argc, char **argv)
{
    int threads;
    begin(argc, argv);
    if (!measures(argv, "rounds")) {
        die("measurements: rounds");
    }
    threads = number(argc, argv, 0);
    barrier = peer_barrier_new(threads);
#ifdef PEER_TEAM
    PEER_TEAM(threads, member);
#else
    team_run(threads, member);
#endif
    return report(PEER_BARRIER, kilo_rounds);
}
