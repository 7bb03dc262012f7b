/* Row 11c: lateness.
 *
 *     late    from the moment at which a timer of 1 ms is due to its function's first instruction: the median, µs */
#include "bench.h"
#include PEER

#define MOST 100000
static double samples[MOST];

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of as many as there are in that time. */
static double median_lateness(double seconds)
{
    int n = 0;
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    do {
        samples[n++] = peer_lateness();
    } while (now_ns() < end && n < MOST);
    qsort(samples, (size_t)n, sizeof *samples, ascending);
    return samples[n / 2];
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "late")) {
        peer_lateness_begin();
        median_lateness(phases.seconds / 10);
        return report(PEER_LATENESS, median_lateness(phases.seconds) / 1e3);
    }
    die("measurements: late");
}
