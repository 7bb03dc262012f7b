/* OpenMP, as GCC has it. */
#include "../rows/task.h"
#include <omp.h>

#define PEER_LOCK "omp_lock_t"
#define PEER_RLOCK "omp_nest_lock_t"
#define PEER_BARRIER "#pragma omp barrier"
#define PEER_FORKJOIN "#pragma omp task"
#define PEER_RANGE "#pragma omp parallel for"

typedef omp_lock_t peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    peer_lock_t *lock = (peer_lock_t *)own_lines(sizeof *lock);
    omp_init_lock(lock);
    return lock;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    omp_set_lock(lock);
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    omp_unset_lock(lock);
}

typedef omp_nest_lock_t peer_rlock_t;

static inline peer_rlock_t *peer_rlock_new(void)
{
    peer_rlock_t *rlock = (peer_rlock_t *)own_lines(sizeof *rlock);
    omp_init_nest_lock(rlock);
    return rlock;
}

static inline void peer_rlock_acquire(peer_rlock_t *rlock)
{
    omp_set_nest_lock(rlock);
}

static inline void peer_rlock_release(peer_rlock_t *rlock)
{
    omp_unset_nest_lock(rlock);
}

/* A barrier belongs to the team of threads that runs a parallel region; it is no object. */
typedef struct {
    int parties;
} peer_barrier_t;

static inline peer_barrier_t *peer_barrier_new(int parties)
{
    static peer_barrier_t barrier;
    barrier.parties = parties;
    return &barrier;
}

static inline void peer_barrier_wait(peer_barrier_t *barrier)
{
    (void)barrier;
#pragma omp barrier
}

#define PEER_TEAM omp_team_run
static inline void omp_team_run(int n, void (*body)(int))
{
    omp_set_dynamic(0);
#pragma omp parallel num_threads(n)
    body(omp_get_thread_num());
}

typedef struct {
    int workers;
} peer_pool_t;

static inline peer_pool_t *peer_pool_new(int workers)
{
    static peer_pool_t pool;
    omp_set_dynamic(0);
    pool.workers = workers;
    return &pool;
}

static inline uint64_t omp_fib(uint64_t n)
{
    uint64_t a, b;
    if (n < 2) {
        return n;
    }
#pragma omp task shared(a) firstprivate(n)
    a = omp_fib(n - 1);
    b = omp_fib(n - 2);
#pragma omp taskwait
    return a + b;
}

static inline uint64_t peer_pool_fib(peer_pool_t *pool, int n)
{
    uint64_t result = 0;
#pragma omp parallel num_threads(pool->workers)
#pragma omp single
    result = omp_fib((uint64_t)n);
    return result;
}

static inline void peer_pool_range(peer_pool_t *pool, size_t n)
{
#pragma omp parallel for num_threads(pool->workers)
    for (size_t i = 0; i < n; i++) {
        sum_chunks(i, i + 1);
    }
}
