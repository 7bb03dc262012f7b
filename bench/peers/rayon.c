/* rayon, behind the shim. It has no futures. */
#include "../rows/task.h"
#include "../shim/shim.h"

#define PEER_POOL "ThreadPool::spawn"
#define PEER_SUBMITTERS "ThreadPool::spawn"
#define PEER_ROUNDTRIP "ThreadPool::install"
#define PEER_FORKJOIN "rayon::join"
#define PEER_RANGE "into_par_iter().for_each"

typedef rayon_shim_pool_t peer_pool_t;

static inline peer_pool_t *peer_pool_new(int workers)
{
    return rayon_shim_pool_new((size_t)workers);
}

static inline void peer_pool_post(peer_pool_t *pool)
{
    rayon_shim_spawn(pool, empty_task);
}

static inline void *peer_pool_call(peer_pool_t *pool, void *arg)
{
    return rayon_shim_install(pool, echo_task, arg);
}

static inline uint64_t peer_pool_fib(peer_pool_t *pool, int n)
{
    return rayon_shim_fib(pool, (uint64_t)n);
}

static inline void peer_pool_range(peer_pool_t *pool, size_t n)
{
    rayon_shim_for(pool, n, sum_chunks);
}
