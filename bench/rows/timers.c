/* Row 11a from several threads at once.
 *
 *     cycle N T    new + start + cancel + free of a timer, on each of T threads, while N others are pending, ns */
#include "bench.h"
#include PEER
#include "timer.h"

static double ns_of[MAX_THREADS];

static void cycle(int index)
{
    double ns;
    NS_EACH(ns, peer_timer_cycle());
    ns_of[index] = ns;
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    peer_timers_begin();
    if (measures(argv, "cycle")) {
        double sum = 0;
        int threads = number(argc, argv, 1);
        pend(number(argc, argv, 0));
        phases_start();
        team_run(threads, cycle);
        for (int i = 0; i < threads; i++) {
            sum += ns_of[i];
        }
        return report(PEER_TIMERS, sum / threads);
    }
    die("measurements: cycle");
}
