/* moodycamel::ConcurrentQueue's semaphore, and the queue that waits with it. */
#include <concurrentqueue/concurrentqueue.h> /* defines a macro that the next ones use */
#include <concurrentqueue/blockingconcurrentqueue.h>
#include <concurrentqueue/lightweightsemaphore.h>
#include <new>

#define PEER_SEMAPHORE "moodycamel::LightweightSemaphore"
#define PEER_QUEUE "BlockingConcurrentQueue"

typedef moodycamel::LightweightSemaphore peer_semaphore_t;

static inline peer_semaphore_t *peer_semaphore_new(int value)
{
    return new (own_lines(sizeof(peer_semaphore_t))) peer_semaphore_t(value);
}

static inline void peer_semaphore_acquire(peer_semaphore_t *semaphore)
{
    semaphore->wait();
}

static inline void peer_semaphore_release(peer_semaphore_t *semaphore)
{
    semaphore->signal();
}

typedef moodycamel::BlockingConcurrentQueue<void *> peer_queue_t;

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
    queue->wait_dequeue(item);
    return item;
}
