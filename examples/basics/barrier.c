/* A barrier between the phases of a computation: each thread smooths its part of a row, and none runs ahead. */
#include "must.h"

#define THREADS 3
#define CELLS 9

static pirn_barrier_t *phase;
static double row[CELLS + 2] = { 0, 0, 0, 0, 0, 90 }, next[CELLS + 2];

/* Run by the thread that comes last, before any goes on. */
static int32_t take_over(void *unused)
{
    (void)unused;
    for (int i = 1; i <= CELLS; i++) {
        row[i] = next[i];
        printf("%5.1f", row[i]);
    }
    printf("\n");
    return 0;
}

static int32_t smooth(void *arg)
{
    int first = 1 + *(int *)arg * (CELLS / THREADS);

    for (int round = 0; round < 4; round++) {
        for (int i = first; i < first + CELLS / THREADS; i++)
            next[i] = (row[i - 1] + row[i] + row[i + 1]) / 3;
        must(pirn_barrier_wait(phase, NULL));
    }
    return 0;
}

int main(void)
{
    pirn_thread_t *threads[THREADS];
    int parts[THREADS];

    must(pirn_barrier_new(THREADS, take_over, NULL, NULL, PIRN_FOREVER, &phase));
    for (int i = 0; i < THREADS; i++) {
        parts[i] = i;
        must(pirn_thread_new(smooth, &parts[i], NULL, &threads[i]));
        must(pirn_thread_start(threads[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        must(pirn_thread_join(threads[i]));
        must(pirn_thread_free(threads[i]));
    }
    must(pirn_barrier_free(phase));
    return 0;
}
