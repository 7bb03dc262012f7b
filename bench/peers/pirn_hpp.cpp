// pirn by pirn.hpp.
#include <mutex>

#include <pirn.hpp>

#define PEER_LOCK "pirn::lock"

typedef pirn::lock peer_lock_t;

static inline peer_lock_t *peer_lock_new()
{
    return new (own_lines(sizeof(peer_lock_t))) peer_lock_t();
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    lock->lock();
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    lock->unlock();
}
