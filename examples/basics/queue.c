/* Producer and consumers by a queue: nothing to lock, and a shutdown that ends the consumers. */
#include "must.h"

static pirn_queue_t *queue;

static int32_t consume(void *sum)
{
    void *item;

    while (pirn_queue_get(queue, &item) == PIRN_OK)     /* PIRN_ERR_SHUT_DOWN when it is shut down and empty */
        *(int *)sum += *(int *)item;
    return 0;
}

int main(void)
{
    int numbers[100], sums[2] = { 0, 0 };
    pirn_thread_t *consumers[2];

    must(pirn_queue_new(4, &queue));                    /* a put waits while there are 4 */
    for (int i = 0; i < 2; i++) {
        must(pirn_thread_new(consume, &sums[i], NULL, &consumers[i]));
        must(pirn_thread_start(consumers[i]));
    }
    for (int i = 0; i < 100; i++) {
        numbers[i] = i + 1;
        must(pirn_queue_put(queue, &numbers[i]));
    }
    must(pirn_queue_shutdown(queue, false));            /* what is in it is still got */
    for (int i = 0; i < 2; i++) {
        must(pirn_thread_join(consumers[i]));
        must(pirn_thread_free(consumers[i]));
    }
    printf("sum: %d\n", sums[0] + sums[1]);
    must(pirn_queue_free(queue));
    return 0;
}
