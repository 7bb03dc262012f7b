/* Row 11c: lateness.
 *
 *     late    from the moment at which a timer of 1 ms is due to its function's first instruction: the median, µs. Where
 *             the function has a thread of its own `beyond_start` is what is left without that thread's start, which is
 *             measured in the same process: from before pthread_create to the new thread's first instruction. */
#include "bench.h"
#include PEER

#define MOST 100000
static double samples[MOST];

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of what the function returns, called until the sample's time is over. */
static double median(double (*take)(void), double seconds)
{
    int n = 0;
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    do {
        samples[n++] = take();
    } while (now_ns() < end && n < MOST);
    qsort(samples, (size_t)n, sizeof *samples, ascending);
    return samples[n / 2];
}

static void *note_time(void *time)
{
    *(uint64_t *)time = now_ns();
    return NULL;
}

static double start_of_a_thread(void)
{
    uint64_t begin, running;
    pthread_t thread;
    /* Not back to back: as in the measurement, the core was idle before. */
    sleep_for(0.001);
    begin = now_ns();
    thread = thread_start(note_time, &running);
    pthread_join(thread, NULL);
    return (double)(running - begin);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "late")) {
        double start = 0, late;
        if (PEER_LATENESS_THREAD) {
            start = median(start_of_a_thread, phases.seconds / 2);
        }
        peer_lateness_begin();
        median(peer_lateness, phases.seconds / 10);
        late = median(peer_lateness, phases.seconds);
        printf("{\"of\": \"%s\", \"value\": %.6g, \"beyond_start\": %.6g}\n", PEER_LATENESS, late / 1e3,
               (late - start) / 1e3);
        return 0;
    }
    die("measurements: late");
}
