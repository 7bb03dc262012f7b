/* moodycamel::ConcurrentQueue's semaphore. */
#include <concurrentqueue/concurrentqueue.h> /* defines a macro that the next one uses */
#include <concurrentqueue/lightweightsemaphore.h>
#include <new>

#define PEER_SEMAPHORE "moodycamel::LightweightSemaphore"

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
