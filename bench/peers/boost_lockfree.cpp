/* Boost.Lockfree's queue, which cannot wait: who finds nothing, or no room, yields and tries again. */
#include <boost/lockfree/queue.hpp>
#include <new>

#define PEER_BOUNDED "lockfree::queue, sched_yield"
#define PEER_QUEUE "lockfree::queue, sched_yield"

typedef boost::lockfree::queue<void *> lockfree_queue_t;

typedef struct {
    lockfree_queue_t *queue;
    bool bounded;
} peer_queue_t;

static inline peer_queue_t *lockfree_new(int size, bool bounded)
{
    peer_queue_t *made = (peer_queue_t *)own_lines(sizeof *made);
    made->queue = new (own_lines(sizeof(lockfree_queue_t))) lockfree_queue_t(static_cast<size_t>(size));
    made->bounded = bounded;
    return made;
}

static inline peer_queue_t *peer_bounded_new(int size)
{
    return lockfree_new(size, true);
}

static inline peer_queue_t *peer_queue_new(void)
{
    return lockfree_new(0, false);
}

static inline void peer_queue_put(peer_queue_t *queue, void *item)
{
    while (!(queue->bounded ? queue->queue->bounded_push(item) : queue->queue->push(item))) {
        sched_yield();
    }
}

static inline void *peer_queue_get(peer_queue_t *queue)
{
    void *item;
    while (!queue->queue->pop(item)) {
        sched_yield();
    }
    return item;
}
