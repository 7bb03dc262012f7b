// pirn by pirn.hpp, which throws where a call fails.
#include "../rows/task.h"
#include <pirn.hpp>

#define PEER_LOCK "pirn::lock"
#define PEER_POOL "pirn::executor::post"
#define PEER_FUTURES "pirn::executor::submit"

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

typedef pirn::executor peer_pool_t;
typedef pirn::future<void *> peer_future_t;

static inline peer_pool_t *peer_pool_new(int workers)
{
    return new peer_pool_t(workers);
}

static inline void peer_pool_post(peer_pool_t *pool)
{
    pool->post([] { empty_task(); });
}

static inline peer_future_t peer_pool_submit(peer_pool_t *pool, void *arg)
{
    return pool->submit([arg] { return echo_task(arg); });
}

static inline void *peer_future_take(peer_future_t *future)
{
    return future->get();
}
