/* oneTBB: the fair mutex that spins. */
#include <new>
#include <oneapi/tbb/queuing_mutex.h>

#define PEER_LOCK "tbb::queuing_mutex"

/* A place in the queue, which has to be on hand for the release. */
static thread_local tbb::queuing_mutex::scoped_lock place;

typedef tbb::queuing_mutex peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    return new (own_lines(sizeof(peer_lock_t))) peer_lock_t;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    place.acquire(*lock);
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    (void)lock;
    place.release();
}
