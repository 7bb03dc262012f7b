/* moodycamel::ConcurrentQueue, which cannot wait: who finds nothing yields and looks again. */
#include <concurrentqueue/concurrentqueue.h>
#include <new>

#define PEER_QUEUE "ConcurrentQueue, sched_yield"

typedef moodycamel::ConcurrentQueue<void *> peer_queue_t;

static inline peer_queue_t *peer_queue_new(void)
{
    return new (own_lines(sizeof(peer_queue_t))) peer_queue_t;
}

static inline void peer_queue_put(peer_queue_t *queue, void *item)
{
    MUST(!queue->enqueue(item));
}

static inline void *peer_queue_get(peer_queue_t *queue)
{
    void *item;
    while (!queue->try_dequeue(item)) {
        sched_yield();
    }
    return item;
}
