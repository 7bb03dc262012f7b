/* pirn, with every status looked at. */
#include "../rows/task.h"
#include <pirn.h>

#define PEER_LOCK "pirn_lock_t"
#define PEER_THREAD "pirn_thread_t"
#define PEER_LOCAL "pirn_local_t, anonymous attribute"
#define PEER_NAMED "pirn_local_t, named attribute"
#define PEER_RLOCK "pirn_rlock_t"
#define PEER_SEMAPHORE "pirn_semaphore_t"
#define PEER_CONDITION "pirn_condition_t"
#define PEER_EVENT "pirn_event_t"
#define PEER_BARRIER "pirn_barrier_t"
#define PEER_BOUNDED "pirn_queue_new(size)"
#define PEER_QUEUE "pirn_queue_new(0)"
#define PEER_POOL "pirn_executor_submit, no future"
#define PEER_SUBMITTERS "pirn_executor_submit, no future"
#define PEER_FUTURES "pirn_executor_submit"
#define PEER_ROUNDTRIP "pirn_executor_submit"
#define PEER_FORKJOIN "pirn_executor_submit"
#define PEER_RANGE "pirn_executor_for_range"
#define PEER_TIMER "pirn_timer_t"
#define PEER_TIMERS "pirn_timer_t"
#define PEER_LATENESS "pirn_timer_t"
#define PEER_IDLE "executor and timer"

typedef pirn_lock_t peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    pirn_lock_t *lock;
    MUST(pirn_lock_new(&lock));
    return lock;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    MUST(pirn_lock_acquire(lock));
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    MUST(pirn_lock_release(lock));
}

typedef pirn_rlock_t peer_rlock_t;

static inline peer_rlock_t *peer_rlock_new(void)
{
    pirn_rlock_t *rlock;
    MUST(pirn_rlock_new(&rlock));
    return rlock;
}

static inline void peer_rlock_acquire(peer_rlock_t *rlock)
{
    MUST(pirn_rlock_acquire(rlock));
}

static inline void peer_rlock_release(peer_rlock_t *rlock)
{
    MUST(pirn_rlock_release(rlock));
}

typedef pirn_semaphore_t peer_semaphore_t;

static inline peer_semaphore_t *peer_semaphore_new(int value)
{
    pirn_semaphore_t *semaphore;
    MUST(pirn_semaphore_new(value, &semaphore));
    return semaphore;
}

static inline void peer_semaphore_acquire(peer_semaphore_t *semaphore)
{
    MUST(pirn_semaphore_acquire(semaphore));
}

static inline void peer_semaphore_release(peer_semaphore_t *semaphore)
{
    MUST(pirn_semaphore_release(semaphore));
}

/* On an RLock of its own, which is what pirn_condition_new gives. */
typedef pirn_condition_t peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    pirn_condition_t *condition;
    MUST(pirn_condition_new(&condition));
    return condition;
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    MUST(pirn_condition_acquire(condition));
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    MUST(pirn_condition_release(condition));
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    MUST(pirn_condition_wait(condition));
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    MUST(pirn_condition_notify(condition, 1));
}

typedef pirn_event_t peer_event_t;

static inline peer_event_t *peer_event_new(void)
{
    pirn_event_t *event;
    MUST(pirn_event_new(&event));
    return event;
}

static inline void peer_event_set(peer_event_t *event)
{
    MUST(pirn_event_set(event));
}

static inline void peer_event_clear(peer_event_t *event)
{
    MUST(pirn_event_clear(event));
}

static inline void peer_event_wait(peer_event_t *event)
{
    MUST(pirn_event_wait(event));
}

typedef pirn_barrier_t peer_barrier_t;

static inline peer_barrier_t *peer_barrier_new(int parties)
{
    pirn_barrier_t *barrier;
    MUST(pirn_barrier_new((size_t)parties, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    return barrier;
}

static inline void peer_barrier_wait(peer_barrier_t *barrier)
{
    MUST(pirn_barrier_wait(barrier, NULL));
}

typedef pirn_queue_t peer_queue_t;

static inline peer_queue_t *peer_bounded_new(int size)
{
    pirn_queue_t *queue;
    MUST(pirn_queue_new(size, &queue));
    return queue;
}

static inline peer_queue_t *peer_queue_new(void)
{
    return peer_bounded_new(0);
}

static inline void peer_queue_put(peer_queue_t *queue, void *item)
{
    MUST(pirn_queue_put(queue, item));
}

static inline void *peer_queue_get(peer_queue_t *queue)
{
    void *item;
    MUST(pirn_queue_get(queue, &item));
    return item;
}

typedef pirn_executor_t peer_pool_t;
typedef pirn_future_t *peer_future_t;

static inline peer_pool_t *peer_pool_new(int workers)
{
    pirn_executor_t *executor;
    MUST(pirn_executor_new(workers, &executor));
    return executor;
}

static inline int32_t pirn_empty_task(void *arg, void **result)
{
    (void)arg;
    (void)result;
    empty_task();
    return 0;
}

static inline void peer_pool_post(peer_pool_t *pool)
{
    MUST(pirn_executor_submit(pool, pirn_empty_task, NULL, NULL, NULL));
}

static inline int32_t pirn_echo_task(void *arg, void **result)
{
    *result = echo_task(arg);
    return 0;
}

static inline peer_future_t peer_pool_submit(peer_pool_t *pool, void *arg)
{
    pirn_future_t *future;
    MUST(pirn_executor_submit(pool, pirn_echo_task, arg, NULL, &future));
    return future;
}

static inline void *peer_future_take(peer_future_t *future)
{
    void *result;
    MUST(pirn_future_result(*future, &result));
    MUST(pirn_future_free(*future));
    return result;
}

static inline void *peer_pool_call(peer_pool_t *pool, void *arg)
{
    peer_future_t future = peer_pool_submit(pool, arg);
    return peer_future_take(&future);
}

static pirn_executor_t *pirn_fib_pool;

static inline int32_t pirn_fib_task(void *arg, void **result)
{
    uint64_t n = to_number(arg);
    pirn_future_t *future;
    void *a = NULL, *b = NULL;
    if (n < 2) {
        *result = arg;
        return 0;
    }
    MUST(pirn_executor_submit(pirn_fib_pool, pirn_fib_task, from_number(n - 1), NULL, &future));
    MUST(pirn_fib_task(from_number(n - 2), &b));
    MUST(pirn_future_result(future, &a));
    MUST(pirn_future_free(future));
    *result = from_number(to_number(a) + to_number(b));
    return 0;
}

static inline uint64_t peer_pool_fib(peer_pool_t *pool, int n)
{
    pirn_future_t *future;
    pirn_fib_pool = pool;
    MUST(pirn_executor_submit(pool, pirn_fib_task, from_number((uint64_t)n), NULL, &future));
    return to_number(peer_future_take(&future));
}

static inline int32_t pirn_sum_chunks(size_t begin, size_t end, void *unused)
{
    (void)unused;
    sum_chunks(begin, end);
    return 0;
}

static inline void peer_pool_range(peer_pool_t *pool, size_t n)
{
    MUST(pirn_executor_for_range(pool, 0, n, 0, pirn_sum_chunks, NULL));
}

static inline int32_t pirn_thread_target(void *body)
{
    (*(void (**)(void))body)();
    return 0;
}

static inline void peer_thread_run(void (*body)(void))
{
    pirn_thread_t *thread;
    MUST(pirn_thread_new(pirn_thread_target, &body, NULL, &thread));
    MUST(pirn_thread_start(thread));
    MUST(pirn_thread_join(thread));
    MUST(pirn_thread_free(thread));
}

typedef pirn_local_t peer_local_t;

static inline peer_local_t *peer_local_new(void)
{
    pirn_local_t *local;
    MUST(pirn_local_new(NULL, NULL, NULL, &local));
    return local;
}

static inline void peer_local_set_named(peer_local_t *local, const char *name, void *value)
{
    MUST(pirn_local_set(local, name, value, NULL));
}

static inline void *peer_local_get_named(peer_local_t *local, const char *name)
{
    void *value;
    MUST(pirn_local_get(local, name, &value));
    return value;
}

static inline void peer_local_set(peer_local_t *local, void *value)
{
    peer_local_set_named(local, NULL, value);
}

static inline void *peer_local_get(peer_local_t *local)
{
    return peer_local_get_named(local, NULL);
}

#include "pirn_timer.h"
