/* libuv. */
#include "../rows/task.h"
#include <uv.h>

#define PEER_LOCK "uv_mutex_t"
#define PEER_THREAD "uv_thread_t"
#define PEER_LOCAL "uv_key_t"
#define PEER_RLOCK "uv_mutex_t, recursive"
#define PEER_SEMAPHORE "uv_sem_t"
#define PEER_CONDITION "uv_cond_t and uv_mutex_t"
#define PEER_EVENT "flag behind uv_cond_t"
#define PEER_BARRIER "uv_barrier_t"
#define PEER_POOL "uv_queue_work"
#define PEER_FUTURES "uv_queue_work"
#define PEER_ROUNDTRIP "uv_queue_work"
#define PEER_TIMER "uv_timer_t"
#define PEER_LATENESS "uv_timer_t"

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

/* The pool is one for the process. Only the thread of the loop may submit, and hears there that a task is over. */
typedef uv_loop_t peer_pool_t;

typedef struct {
    uv_work_t work;
    bool done;
    void *arg, *result;
} uv_future_t;
typedef uv_future_t *peer_future_t;

static inline peer_pool_t *peer_pool_new(int workers)
{
    char size[16];
    snprintf(size, sizeof size, "%d", workers);
    MUST(setenv("UV_THREADPOOL_SIZE", size, 1));
    return uv_default_loop();
}

static inline void uv_empty_task(uv_work_t *work)
{
    (void)work;
    empty_task();
}

static inline void uv_empty_task_over(uv_work_t *work, int status)
{
    MUST(status);
    free(work);
}

static inline void peer_pool_post(peer_pool_t *pool)
{
    uv_work_t *work = (uv_work_t *)malloc(sizeof *work);
    if (work == NULL) {
        die("no memory");
    }
    MUST(uv_queue_work(pool, work, uv_empty_task, uv_empty_task_over));
}

#define PEER_DRAIN(pool) uv_run(pool, UV_RUN_DEFAULT)

static inline void uv_echo_task(uv_work_t *work)
{
    uv_future_t *future = (uv_future_t *)work;
    future->result = echo_task(future->arg);
}

static inline void uv_echo_task_over(uv_work_t *work, int status)
{
    MUST(status);
    ((uv_future_t *)work)->done = true;
}

static inline peer_future_t peer_pool_submit(peer_pool_t *pool, void *arg)
{
    uv_future_t *future = (uv_future_t *)malloc(sizeof *future);
    if (future == NULL) {
        die("no memory");
    }
    future->done = false;
    future->arg = arg;
    MUST(uv_queue_work(pool, &future->work, uv_echo_task, uv_echo_task_over));
    return future;
}

static inline void *peer_future_take(peer_future_t *taken)
{
    uv_future_t *future = *taken;
    void *result;
    while (!future->done) {
        uv_run(future->work.loop, UV_RUN_ONCE);
    }
    result = future->result;
    free(future);
    return result;
}

static inline void *peer_pool_call(peer_pool_t *pool, void *arg)
{
    peer_future_t future = peer_pool_submit(pool, arg);
    return peer_future_take(&future);
}

static inline void uv_body(void *body)
{
    (*(void (**)(void))body)();
}

static inline void peer_thread_run(void (*body)(void))
{
    uv_thread_t thread;
    MUST(uv_thread_create(&thread, uv_body, &body));
    MUST(uv_thread_join(&thread));
}

typedef uv_key_t peer_local_t;

static inline peer_local_t *peer_local_new(void)
{
    peer_local_t *local = (peer_local_t *)own_lines(sizeof *local);
    MUST(uv_key_create(local));
    return local;
}

static inline void peer_local_set(peer_local_t *local, void *value)
{
    uv_key_set(local, value);
}

static inline void *peer_local_get(peer_local_t *local)
{
    return uv_key_get(local);
}

#include "libuv_timer.h"
