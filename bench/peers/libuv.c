/* libuv. */
#include <uv.h>

#define PEER_LOCK "uv_mutex_t"
#define PEER_RLOCK "uv_mutex_t, recursive"
#define PEER_SEMAPHORE "uv_sem_t"
#define PEER_CONDITION "uv_cond_t and uv_mutex_t"
#define PEER_EVENT "flag behind uv_cond_t"
#define PEER_BARRIER "uv_barrier_t"
#define PEER_TIMER "uv_timer_t"
#define PEER_LATENESS "uv_timer_t"
#define PEER_LATENESS_THREAD 0

typedef uv_mutex_t peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    peer_lock_t *lock = (peer_lock_t *)own_lines(sizeof *lock);
    MUST(uv_mutex_init(lock));
    return lock;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    uv_mutex_lock(lock);
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    uv_mutex_unlock(lock);
}

typedef uv_mutex_t peer_rlock_t;

static inline peer_rlock_t *peer_rlock_new(void)
{
    peer_rlock_t *rlock = (peer_rlock_t *)own_lines(sizeof *rlock);
    MUST(uv_mutex_init_recursive(rlock));
    return rlock;
}

static inline void peer_rlock_acquire(peer_rlock_t *rlock)
{
    uv_mutex_lock(rlock);
}

static inline void peer_rlock_release(peer_rlock_t *rlock)
{
    uv_mutex_unlock(rlock);
}

typedef uv_sem_t peer_semaphore_t;

static inline peer_semaphore_t *peer_semaphore_new(int value)
{
    peer_semaphore_t *semaphore = (peer_semaphore_t *)own_lines(sizeof *semaphore);
    MUST(uv_sem_init(semaphore, (unsigned)value));
    return semaphore;
}

static inline void peer_semaphore_acquire(peer_semaphore_t *semaphore)
{
    uv_sem_wait(semaphore);
}

static inline void peer_semaphore_release(peer_semaphore_t *semaphore)
{
    uv_sem_post(semaphore);
}

typedef struct {
    uv_mutex_t mutex;
    uv_cond_t condition;
} peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    peer_condition_t *condition = (peer_condition_t *)own_lines(sizeof *condition);
    MUST(uv_mutex_init(&condition->mutex));
    MUST(uv_cond_init(&condition->condition));
    return condition;
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    uv_mutex_lock(&condition->mutex);
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    uv_mutex_unlock(&condition->mutex);
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    uv_cond_wait(&condition->condition, &condition->mutex);
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    uv_cond_signal(&condition->condition);
}

static inline void peer_condition_notify_all(peer_condition_t *condition)
{
    uv_cond_broadcast(&condition->condition);
}

#include "event_by_condition.h"

typedef uv_barrier_t peer_barrier_t;

static inline peer_barrier_t *peer_barrier_new(int parties)
{
    peer_barrier_t *barrier = (peer_barrier_t *)own_lines(sizeof *barrier);
    MUST(uv_barrier_init(barrier, (unsigned)parties));
    return barrier;
}

static inline void peer_barrier_wait(peer_barrier_t *barrier)
{
    /* One thread of each round gets another value than 0. */
    uv_barrier_wait(barrier);
}

#include "libuv_timer.h"
