/* oneTBB: the mutex that spins before it sleeps. */
#include <new>
#include <oneapi/tbb/mutex.h>

#define PEER_LOCK "tbb::mutex"

typedef tbb::mutex peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    return new (own_lines(sizeof(peer_lock_t))) peer_lock_t;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    lock->lock();
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    lock->unlock();
}
