/* Row 11a: many timers, on one thread.
 *
 *     cycle N    new + start + cancel + free of one timer while N others are pending, ns
 *     bytes N    memory that N pending timers take, bytes each */
#include "bench.h"
#include PEER
#include "timer.h"

static double resident_bytes(void)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    long pages;
    if (statm == NULL || fscanf(statm, "%*d %ld", &pages) != 1) {
        die("no /proc/self/statm");
    }
    fclose(statm);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    peer_timers_begin();
    if (measures(argv, "cycle")) {
        double ns;
        pend(number(argc, argv, 0));
        phases_start();
        NS_EACH(ns, peer_timer_cycle());
        return report(PEER_TIMER, ns);
    }
    if (measures(argv, "bytes")) {
        double before;
        int n = number(argc, argv, 0);
        pend(1); /* what there is once */
        before = resident_bytes();
        pend(n);
        return report(PEER_TIMER, (resident_bytes() - before) / n);
    }
    die("measurements: cycle, bytes");
}
