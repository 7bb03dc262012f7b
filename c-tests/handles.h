/* One object of every kind, for the suites that try every kind of handle. */
#ifndef PIRN_TESTS_HANDLES_H
#define PIRN_TESTS_HANDLES_H

#include "kinds.h"
#include "support.h"

/* What maps and iterators are made from; it outlives them. */
static pirn_executor_t *spare_executor;
static pirn_future_t *spare_future;

static inline void make_spares(void)
{
    spare_executor = new_executor(1);
    spare_future = new_future();
    CHECK_OK(pirn_future_set_result(spare_future, NULL));
}

static inline void *make_map(void)
{
    static void *const items[] = {(void *)8, (void *)16};
    pirn_map_t *map;
    CHECK_OK(
        pirn_executor_map(spare_executor, do_nothing, items, LENGTH(items), NULL, 1, PIRN_FOREVER, &map));
    return map;
}

static inline void *make_as_completed(void)
{
    pirn_as_completed_t *iterator;
    CHECK_OK(pirn_as_completed(&spare_future, 1, PIRN_FOREVER, &iterator));
    return iterator;
}

static inline void *make_lock(void)
{
    pirn_lock_t *lock;
    CHECK_OK(pirn_lock_new(&lock));
    return lock;
}

static inline void *make_rlock(void)
{
    pirn_rlock_t *rlock;
    CHECK_OK(pirn_rlock_new(&rlock));
    return rlock;
}

static inline void *make_condition(void)
{
    pirn_condition_t *condition;
    CHECK_OK(pirn_condition_new(&condition));
    return condition;
}

static inline void *make_semaphore(void)
{
    pirn_semaphore_t *semaphore;
    CHECK_OK(pirn_semaphore_new(1, &semaphore));
    return semaphore;
}

static inline void *make_barrier(void)
{
    pirn_barrier_t *barrier;
    CHECK_OK(pirn_barrier_new(2, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    return barrier;
}

static inline void *make_event(void)
{
    pirn_event_t *event;
    CHECK_OK(pirn_event_new(&event));
    return event;
}

static inline void *make_thread(void)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(NULL, NULL, NULL, &thread));
    return thread;
}

static inline void *make_local(void)
{
    pirn_local_t *local;
    CHECK_OK(pirn_local_new(NULL, NULL, NULL, &local));
    return local;
}

static inline int32_t run_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static inline void *make_timer(void)
{
    pirn_timer_t *timer;
    CHECK_OK(pirn_timer_new(1e-4, run_nothing, NULL, NULL, &timer));
    return timer;
}

static inline void *make_queue(void)
{
    pirn_queue_t *queue;
    CHECK_OK(pirn_queue_new(1, &queue));
    return queue;
}

static inline void *make_executor(void) { return new_executor(2); }
static inline void *make_future(void) { return new_future(); }

static inline pirn_status_t free_lock(void *h) { return pirn_lock_free(h); }
static inline pirn_status_t free_rlock(void *h) { return pirn_rlock_free(h); }
static inline pirn_status_t free_condition(void *h) { return pirn_condition_free(h); }
static inline pirn_status_t free_semaphore(void *h) { return pirn_semaphore_free(h); }
static inline pirn_status_t free_barrier(void *h) { return pirn_barrier_free(h); }
static inline pirn_status_t free_event(void *h) { return pirn_event_free(h); }
static inline pirn_status_t free_thread(void *h) { return pirn_thread_free(h); }
static inline pirn_status_t free_local(void *h) { return pirn_local_free(h); }
static inline pirn_status_t free_timer(void *h) { return pirn_timer_free(h); }
static inline pirn_status_t free_queue(void *h) { return pirn_queue_free(h); }
static inline pirn_status_t free_executor(void *h) { return pirn_executor_free(h); }
static inline pirn_status_t free_map(void *h) { return pirn_map_free(h); }
static inline pirn_status_t free_future(void *h) { return pirn_future_free(h); }
static inline pirn_status_t free_as_completed(void *h) { return pirn_as_completed_free(h); }

static const struct {
    void *(*make)(void);
    pirn_status_t (*free)(void *handle);
} kinds[KINDS] = {
    [LOCK] = {make_lock, free_lock},
    [RLOCK] = {make_rlock, free_rlock},
    [CONDITION] = {make_condition, free_condition},
    [SEMAPHORE] = {make_semaphore, free_semaphore},
    [EVENT] = {make_event, free_event},
    [BARRIER] = {make_barrier, free_barrier},
    [THREAD] = {make_thread, free_thread},
    [LOCAL] = {make_local, free_local},
    [TIMER] = {make_timer, free_timer},
    [QUEUE] = {make_queue, free_queue},
    [EXECUTOR] = {make_executor, free_executor},
    [MAP] = {make_map, free_map},
    [FUTURE] = {make_future, free_future},
    [AS_COMPLETED] = {make_as_completed, free_as_completed},
};

#endif
