/* Rows 9a to 9d: items through a queue. */
#include "bench.h"
#include PEER

static peer_queue_t *queue;

static struct {
    uint64_t items OWN_LINES; /* so many have gone through this thread's hands */
    uint64_t sum;
} streams[MAX_THREADS];

static void *produce(void *index)
{
    int self = (int)(intptr_t)index;
    uint64_t items = 0, sum = 0;
    do {
        uint64_t item = ++items;
        sum += item;
        peer_queue_put(queue, (void *)(uintptr_t)item);
    } while (phase() != STOP);
    streams[self].items = items;
    streams[self].sum = sum;
    return NULL;
}

/* Until NULL comes. */
static void *consume(void *index)
{
    int self = (int)(intptr_t)index;
    uint64_t items = 0, sum = 0;
    uintptr_t item;
    while ((item = (uintptr_t)peer_queue_get(queue)) != 0) {
        sum += item;
        __atomic_store_n(&streams[self].items, ++items, __ATOMIC_RELAXED);
    }
    streams[self].sum = sum;
    return NULL;
}

static uint64_t items_of(int begin, int end)
{
    uint64_t items = 0;
    for (int i = begin; i < end; i++) {
        items += __atomic_load_n(&streams[i].items, __ATOMIC_RELAXED);
    }
    return items;
}

/* Every item that was put has to come out, once. Where several producers' items come out in no order an end that is put
 * last may be got before some of them, so it is put when they have all been got. */
static int stream(const char *of, peer_queue_t *new_queue, int producers, int consumers)
{
    pthread_t threads[MAX_THREADS];
    int all = producers + consumers;
    uint64_t sum = 0, put, begin, before;
    double millions;
    queue = new_queue;
    for (int i = 0; i < all; i++) {
        threads[i] = thread_start(i < producers ? produce : consume, (void *)(intptr_t)i);
    }
    /* The counts are looked at from here: a consumer that sleeps does not notice when the measuring begins or ends. */
    sleep_for(phases.seconds / 10);
    before = items_of(producers, all);
    begin = now_ns();
    sleep_for(phases.seconds);
    millions = (double)(items_of(producers, all) - before) * 1e3 / (double)(now_ns() - begin);
    __atomic_store_n(&phases.now, STOP, __ATOMIC_RELAXED);
    for (int i = 0; i < producers; i++) {
        pthread_join(threads[i], NULL);
        sum += streams[i].sum;
    }
    put = items_of(0, producers);
    while (items_of(producers, all) < put) {
        sleep_for(20e-6);
    }
    for (int i = producers; i < all; i++) {
        peer_queue_put(queue, NULL);
    }
    for (int i = producers; i < all; i++) {
        pthread_join(threads[i], NULL);
        sum -= streams[i].sum;
    }
    if (items_of(producers, all) != put || sum != 0) {
        die("what was got is not what was put");
    }
    return report(of, millions);
}
