/* Thread-local data: each thread has a counter of its own in the same place, made at its first use and freed at its end. */
#include "must.h"

static pirn_local_t *local;

static void count_one(void)
{
    void *count;

    must(pirn_local_get(local, NULL, &count));      /* NULL: the one without a name */
    ++*(int *)count;
}

/* Runs in each thread at its first use of the local. */
static int32_t make_counter(void *unused)
{
    int *count = calloc(1, sizeof *count);

    (void)unused;
    if (!count)
        return pirn_raise(1, "no memory");
    return pirn_local_set(local, NULL, count, free);
}

static int32_t work(void *arg)
{
    void *count;

    for (int i = 0; i < *(int *)arg; i++)
        count_one();
    must(pirn_local_get(local, NULL, &count));
    *(int *)arg = *(int *)count;
    return 0;
}

int main(void)
{
    int counts[2] = { 3, 5 };
    pirn_thread_t *threads[2];

    must(pirn_local_new(make_counter, NULL, NULL, &local));
    for (int i = 0; i < 2; i++) {
        must(pirn_thread_new(work, &counts[i], NULL, &threads[i]));
        must(pirn_thread_start(threads[i]));
    }
    for (int i = 0; i < 2; i++) {
        must(pirn_thread_join(threads[i]));
        must(pirn_thread_free(threads[i]));
        printf("thread %d counted to %d\n", i + 1, counts[i]);
    }
    must(pirn_local_free(local));
    return 0;
}
