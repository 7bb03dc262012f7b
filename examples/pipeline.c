/* A pipeline: one thread makes batches of numbers, three look for the primes in them, and main adds up what they found.
 * Between the stages are queues of bounded size, so that a fast stage waits for a slow one; and the end travels down them:
 * who has no more to put shuts its queue down, and who gets from it comes to the end once it is empty.
 *
 *     pipeline         counts the primes below 200,000
 *     pipeline ENOUGH  stops all stages as soon as so many have been found: an immediate shutdown drops what is queued */
#include <pirn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { BELOW = 200000, BATCH = 500, FINDERS = 3 };

struct batch {
    int begin, end;
    int primes;
};

static pirn_queue_t *made, *searched;
static pirn_barrier_t *ended;
static pirn_semaphore_t *alive; /* its value: the batches that have not been freed */

static void check(pirn_status_t status)
{
    if (status != PIRN_OK) {
        fprintf(stderr, "pipeline: %s\n", pirn_last_error());
        exit(1);
    }
}

static void free_batch(void *batch)
{
    free(batch);
    check(pirn_semaphore_try_acquire(alive));
}

/* Whether it is in the queue; else the queue has been shut down, and a put that fails leaves the item with the caller. */
static bool hand_on(pirn_queue_t *queue, struct batch *batch)
{
    pirn_status_t status = pirn_queue_put(queue, batch);

    if (status == PIRN_OK)
        return true;
    free_batch(batch);
    if (status != PIRN_ERR_SHUT_DOWN)
        check(status);
    return false;
}

static int32_t make_batches(void *arg)
{
    (void)arg;
    for (int begin = 0; begin < BELOW; begin += BATCH) {
        struct batch *batch = malloc(sizeof *batch);
        if (batch == NULL)
            break;
        *batch = (struct batch){ begin, begin + BATCH, 0 };
        check(pirn_semaphore_release(alive));
        if (!hand_on(made, batch))
            break;
    }
    check(pirn_queue_shutdown(made, false)); /* what is in it still comes out */
    return 0;
}

static bool is_prime(int n)
{
    for (int divisor = 2; divisor * divisor <= n; divisor++) {
        if (n % divisor == 0)
            return false;
    }
    return n >= 2;
}

static int32_t find_primes(void *arg)
{
    void *item;
    size_t index;

    (void)arg;
    while (pirn_queue_get(made, &item) == PIRN_OK) {
        struct batch *batch = item;
        for (int n = batch->begin; n < batch->end; n++)
            batch->primes += is_prime(n);
        if (!hand_on(searched, batch))
            break;
    }
    /* When all have come to the end, one of them says that no more will come. */
    check(pirn_barrier_wait(ended, &index));
    if (index == 0)
        check(pirn_queue_shutdown(searched, false));
    return 0;
}

int main(int argc, char **argv)
{
    int enough = argc > 1 ? atoi(argv[1]) : BELOW, primes = 0;
    pirn_thread_t *threads[1 + FINDERS];
    int64_t lost;
    void *item;

    check(pirn_queue_new(8, &made));
    check(pirn_queue_new(8, &searched));
    check(pirn_queue_set_item_free(made, free_batch));
    check(pirn_queue_set_item_free(searched, free_batch));
    check(pirn_semaphore_new(0, &alive));
    check(pirn_barrier_new(FINDERS, NULL, NULL, NULL, PIRN_FOREVER, &ended));
    for (int i = 0; i < 1 + FINDERS; i++) {
        check(pirn_thread_new(i == 0 ? make_batches : find_primes, NULL, NULL, &threads[i]));
        check(pirn_thread_start(threads[i]));
    }
    while (primes < enough && pirn_queue_get(searched, &item) == PIRN_OK) {
        primes += ((struct batch *)item)->primes;
        free_batch(item);
    }
    if (primes >= enough) {
        /* From the end backwards, so that nobody works for a queue that takes nothing. */
        check(pirn_queue_shutdown(made, true));
        check(pirn_queue_shutdown(searched, true));
        printf("found %d primes or more\n", enough);
    } else {
        printf("%d primes below %d\n", primes, BELOW);
    }
    for (int i = 0; i < 1 + FINDERS; i++) {
        check(pirn_thread_join(threads[i]));
        check(pirn_thread_free(threads[i]));
    }
    check(pirn_queue_free(made));
    check(pirn_queue_free(searched));
    check(pirn_semaphore_value(alive, &lost));
    check(pirn_semaphore_free(alive));
    check(pirn_barrier_free(ended));
    printf("%d batches lost\n", (int)lost);
    return lost != 0;
}
