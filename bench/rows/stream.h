/* Rows 9a to 9d: items through a queue. */
#include "bench.h"
#include PEER

static peer_queue_t *queue;

static struct {
    uint64_t items OWN_LINES; /* so many have gone through this thread's hands */
    uint64_t sum;
    uint64_t measured;
    double seconds;
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

/* NULL, which comes when all has been got, is the end. */
static inline __attribute__((always_inline)) bool take(int self)
{
    uintptr_t item = (uintptr_t)peer_queue_get(queue);
    streams[self].sum += item;
    __atomic_store_n(&streams[self].items, streams[self].items + (item != 0), __ATOMIC_RELAXED);
    return item != 0;
}

static void *consume(void *index)
{
    int self = (int)(intptr_t)index;
    bool more = true;
    uint64_t before, begin;
    while (phase() == WARM_UP) {
        more = take(self);
    }
    before = streams[self].items;
    begin = now_ns();
    while (more && phase() == MEASURE) {
        more = take(self);
    }
    streams[self].seconds = (double)(now_ns() - begin) / 1e9;
    streams[self].measured = streams[self].items - before;
    while (more) {
        more = take(self);
    }
    return NULL;
}

/* Every item that was put has to come out, once. Where several producers' items come out in no order an end that is put
 * last may be got before some of them, so it is put when they have all been got. */
static int stream(const char *of, peer_queue_t *new_queue, int producers, int consumers)
{
    pthread_t threads[MAX_THREADS];
    int all = producers + consumers;
    uint64_t put = 0, sum = 0, got;
    double millions = 0;
    queue = new_queue;
    for (int i = 0; i < all; i++) {
        threads[i] = thread_start(i < producers ? produce : consume, (void *)(intptr_t)i);
    }
    phases_start();
    for (int i = 0; i < producers; i++) {
        pthread_join(threads[i], NULL);
        put += streams[i].items;
        sum += streams[i].sum;
    }
    do {
        sleep_for(20e-6);
        got = 0;
        for (int i = producers; i < all; i++) {
            got += __atomic_load_n(&streams[i].items, __ATOMIC_RELAXED);
        }
    } while (got < put);
    for (int i = producers; i < all; i++) {
        peer_queue_put(queue, NULL);
    }
    for (int i = producers; i < all; i++) {
        pthread_join(threads[i], NULL);
        sum -= streams[i].sum;
        millions += (double)streams[i].measured / streams[i].seconds / 1e6;
    }
    if (got != put || sum != 0) {
        die("what was got is not what was put");
    }
    return report(of, millions);
}
