/* Threads: made, started, joined, named. */
#include "must.h"

struct part {
    int first, last;
    long sum;
};

/* What a thread runs: 0 is success. */
static int32_t add_up(void *arg)
{
    struct part *part = arg;

    for (int i = part->first; i <= part->last; i++)
        part->sum += i;
    return 0;
}

int main(void)
{
    struct part parts[] = { { 1, 500, 0 }, { 501, 1000, 0 } };
    pirn_thread_t *threads[2];
    char name[32];

    for (int i = 0; i < 2; i++) {
        must(pirn_thread_new(add_up, &parts[i], NULL, &threads[i]));
        must(pirn_thread_start(threads[i]));
    }
    for (int i = 0; i < 2; i++) {
        must(pirn_thread_join(threads[i]));         /* what the thread did is seen from here on */
        must(pirn_thread_name(threads[i], name, sizeof name, NULL));
        printf("%s added %d to %d: %ld\n", name, parts[i].first, parts[i].last, parts[i].sum);
        must(pirn_thread_free(threads[i]));
    }
    printf("together: %ld\n", parts[0].sum + parts[1].sum);
    return 0;
}
