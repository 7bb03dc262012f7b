/*
 * Every call that blocks, as the tests of traces want it: a row of `waits` for each.
 */
#ifndef PIRN_TESTS_TRACE_WAITS_H
#define PIRN_TESTS_TRACE_WAITS_H

#include <math.h>

#include "trace.h"

/*
 * A call that blocks: made on a thread with the hook, seen to wait, let go. `seconds` is the limit of timed
 * calls; the object is what the events name.
 */
typedef struct waiting {
    const char *name;
    int32_t kind;
    void (*make)(void);                 /* the objects, so that `call` has to wait */
    pirn_status_t (*call)(double seconds);
    void (*wake)(void);
    pirn_status_t status;               /* of the call once it was woken */
    pirn_status_t timed_out;            /* of the call whose limit passes; PIRN_OK: it has none */
} waiting_t;

static const void *object; /* of the call under way */
static pirn_lock_t *lock;
static pirn_rlock_t *rlock;
static pirn_condition_t *condition;
static pirn_semaphore_t *semaphore;
static pirn_event_t *event;
static pirn_barrier_t *barrier;
static pirn_thread_t *thread;
static pirn_timer_t *timer;
static pirn_queue_t *queue;
static pirn_future_t *futures[2];
static pirn_as_completed_t *iteration;
static pirn_executor_t *executor;
static pirn_map_t *map;
static gate_t *gate; /* of the objects that were made last */

/* Whoever stands at the one before goes on, and may be on its way to it yet: so each is another one, and none is freed. */
static void make_gate(void)
{
    if (gate)
        gate_open(gate);
    gate = calloc(1, sizeof *gate);
    CHECK(gate);
    gate_init(gate);
}

static void make_lock(void)
{
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_lock_acquire(lock));
    object = lock;
}

static pirn_status_t call_lock(double seconds)
{
    return seconds < 0 ? pirn_lock_acquire(lock) : pirn_lock_acquire_timeout(lock, seconds);
}

static void wake_lock(void)
{
    CHECK_OK(pirn_lock_release(lock));
}

static void make_rlock(void)
{
    CHECK_OK(pirn_rlock_new(&rlock));
    CHECK_OK(pirn_rlock_acquire(rlock));
    object = rlock;
}

static pirn_status_t call_rlock(double seconds)
{
    return seconds < 0 ? pirn_rlock_acquire(rlock) : pirn_rlock_acquire_timeout(rlock, seconds);
}

static void wake_rlock(void)
{
    CHECK_OK(pirn_rlock_release(rlock));
}

static void make_condition(void)
{
    CHECK_OK(pirn_condition_new(&condition));
    object = condition;
}

static pirn_status_t call_condition(double seconds)
{
    CHECK_OK(pirn_condition_acquire(condition));
    pirn_status_t status =
        seconds < 0 ? pirn_condition_wait(condition) : pirn_condition_wait_timeout(condition, seconds);
    CHECK_OK(pirn_condition_release(condition));
    return status;
}

static void wake_condition(void)
{
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_OK(pirn_condition_notify(condition, 1));
    CHECK_OK(pirn_condition_release(condition));
}

static void make_condition_held(void)
{
    make_condition();
    CHECK_OK(pirn_condition_acquire(condition));
}

static pirn_status_t call_condition_acquire(double seconds)
{
    return seconds < 0 ? pirn_condition_acquire(condition)
                       : pirn_condition_acquire_timeout(condition, seconds);
}

static void wake_condition_held(void)
{
    CHECK_OK(pirn_condition_release(condition));
}

static bool predicate_holds;

static bool predicate(void *unused)
{
    (void)unused;
    return LOAD(predicate_holds);
}

static void make_condition_for(void)
{
    STORE(predicate_holds, false);
    make_condition();
}

static pirn_status_t call_condition_for(double seconds)
{
    CHECK_OK(pirn_condition_acquire(condition));
    pirn_status_t status = seconds < 0
                               ? pirn_condition_wait_for(condition, predicate, NULL)
                               : pirn_condition_wait_for_timeout(condition, predicate, NULL, seconds);
    CHECK_OK(pirn_condition_release(condition));
    return status;
}

static void wake_condition_for(void)
{
    STORE(predicate_holds, true);
    wake_condition();
}

static void make_semaphore(void)
{
    CHECK_OK(pirn_semaphore_new(0, &semaphore));
    object = semaphore;
}

static pirn_status_t call_semaphore(double seconds)
{
    return seconds < 0 ? pirn_semaphore_acquire(semaphore)
                       : pirn_semaphore_acquire_timeout(semaphore, seconds);
}

static void wake_semaphore(void)
{
    CHECK_OK(pirn_semaphore_release(semaphore));
}

static void make_event(void)
{
    CHECK_OK(pirn_event_new(&event));
    object = event;
}

static pirn_status_t call_event(double seconds)
{
    return seconds < 0 ? pirn_event_wait(event) : pirn_event_wait_timeout(event, seconds);
}

static void wake_event(void)
{
    CHECK_OK(pirn_event_set(event));
}

static void make_barrier(void)
{
    CHECK_OK(pirn_barrier_new(2, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    object = barrier;
}

static pirn_status_t call_barrier(double seconds)
{
    return seconds < 0 ? pirn_barrier_wait(barrier, NULL) : pirn_barrier_wait_timeout(barrier, seconds, NULL);
}

static void wake_barrier(void)
{
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
}

static void make_thread(void)
{
    make_gate();
    thread = start_thread(gate_target, gate);
    object = thread;
}

static pirn_status_t call_thread(double seconds)
{
    return seconds < 0 ? pirn_thread_join(thread) : pirn_thread_join_timeout(thread, seconds);
}

static void open_gate(void)
{
    gate_open(gate);
}

/* A daemon, so that one that is left does not keep the process. */
static void make_timer(void)
{
    pirn_thread_t *its_thread;
    CHECK_OK(pirn_timer_new(INFINITY, count_run, NULL, NULL, &timer));
    CHECK_OK(pirn_timer_thread(timer, &its_thread));
    CHECK_OK(pirn_thread_set_daemon(its_thread, true));
    CHECK_OK(pirn_thread_free(its_thread));
    CHECK_OK(pirn_timer_start(timer));
    object = timer;
}

static pirn_status_t call_timer(double seconds)
{
    return seconds < 0 ? pirn_timer_join(timer) : pirn_timer_join_timeout(timer, seconds);
}

static void wake_timer(void)
{
    CHECK_OK(pirn_timer_cancel(timer));
}

static void make_queue(void)
{
    CHECK_OK(pirn_queue_new(1, &queue));
    object = queue;
}

static pirn_status_t call_get(double seconds)
{
    void *item;
    return seconds < 0 ? pirn_queue_get(queue, &item) : pirn_queue_get_timeout(queue, seconds, &item);
}

static void wake_get(void)
{
    CHECK_OK(pirn_queue_put(queue, NULL));
}

static void send_away(void)
{
    CHECK_OK(pirn_queue_shutdown(queue, false));
}

static void make_full_queue(void)
{
    make_queue();
    CHECK_OK(pirn_queue_put(queue, NULL));
}

static pirn_status_t call_put(double seconds)
{
    return seconds < 0 ? pirn_queue_put(queue, NULL) : pirn_queue_put_timeout(queue, NULL, seconds);
}

static void wake_put(void)
{
    void *item;
    CHECK_OK(pirn_queue_get(queue, &item));
}

static pirn_status_t call_queue_join(double seconds)
{
    return seconds < 0 ? pirn_queue_join(queue) : pirn_queue_join_timeout(queue, seconds);
}

static void wake_queue_join(void)
{
    CHECK_OK(pirn_queue_task_done(queue));
}

static void make_futures(void)
{
    futures[0] = new_future();
    futures[1] = new_future();
    object = futures[0];
}

static pirn_status_t call_result(double seconds)
{
    return seconds < 0 ? pirn_future_result(futures[0], NULL)
                       : pirn_future_result_timeout(futures[0], seconds, NULL);
}

static pirn_status_t call_exception(double seconds)
{
    int32_t code;
    return seconds < 0 ? pirn_future_exception(futures[0], &code, NULL, 0, NULL)
                       : pirn_future_exception_timeout(futures[0], seconds, &code, NULL, 0, NULL);
}

static void finish_futures(void)
{
    CHECK_OK(pirn_future_set_result(futures[0], NULL));
    CHECK_OK(pirn_future_set_result(futures[1], NULL));
}

static void fail_futures(void)
{
    CHECK_OK(pirn_future_set_exception(futures[0], 7, "disk full"));
}

static pirn_status_t call_wait(double seconds)
{
    return pirn_wait(futures, 2, PIRN_ALL_COMPLETED, seconds, NULL, NULL);
}

static void finish_second(void)
{
    CHECK_OK(pirn_future_set_result(futures[1], NULL));
}

static pirn_status_t call_next(double seconds)
{
    size_t index;
    CHECK_OK(pirn_as_completed(futures, 2, seconds, &iteration));
    return pirn_as_completed_next(iteration, &index);
}

static void make_executor(void)
{
    executor = new_executor(1);
    make_gate();
    object = executor;
    CHECK_OK(pirn_executor_submit(executor, gate_task, gate, NULL, NULL));
    gate_await(gate, 1);
}

static pirn_status_t call_executor_shutdown(double seconds)
{
    (void)seconds;
    return pirn_executor_shutdown(executor, true, false);
}

static pirn_status_t call_executor_free(double seconds)
{
    (void)seconds;
    return pirn_executor_free(executor);
}

static void make_map(void)
{
    executor = new_executor(1);
    make_gate();
    void *items[] = {gate};
    CHECK_OK(pirn_executor_map(executor, gate_task, items, 1, NULL, 1, PIRN_FOREVER, &map));
    gate_await(gate, 1);
    object = map;
}

static pirn_status_t call_map_next(double seconds)
{
    void *result;
    (void)seconds;
    return pirn_map_next(map, &result);
}

static void make_full_executor(void)
{
    executor = new_executor(1);
    make_gate();
    object = executor;
    CHECK_OK(pirn_executor_set_max_pending(executor, 1));
    CHECK_OK(pirn_executor_submit(executor, gate_task, gate, NULL, NULL));
    gate_await(gate, 1);
    CHECK_OK(pirn_executor_submit(executor, gate_task, gate, NULL, NULL));
}

static pirn_status_t call_submit(double seconds)
{
    (void)seconds;
    return pirn_executor_submit(executor, gate_task, gate, NULL, NULL);
}

static pirn_status_t call_submit_timeout(double seconds)
{
    return pirn_executor_submit_timeout(executor, gate_task, gate, NULL, seconds, NULL);
}

static pirn_status_t call_submit_priority(double seconds)
{
    (void)seconds;
    return pirn_executor_submit_priority(executor, gate_task, gate, NULL, 1, NULL);
}

static pirn_status_t call_submit_many(double seconds)
{
    void *gates[] = {gate, gate};
    (void)seconds;
    return pirn_executor_submit_many(executor, gate_task, gates, LENGTH(gates), NULL, NULL);
}

static pirn_status_t call_executor_map(double seconds)
{
    void *gates[] = {gate, gate};
    (void)seconds;
    return pirn_executor_map(executor, gate_task, gates, LENGTH(gates), NULL, 1, PIRN_FOREVER, &map);
}

static const waiting_t waits[] = {
    {"lock_acquire", PIRN_KIND_LOCK, make_lock, call_lock, wake_lock, PIRN_OK, PIRN_TIMED_OUT},
    {"rlock_acquire", PIRN_KIND_RLOCK, make_rlock, call_rlock, wake_rlock, PIRN_OK, PIRN_TIMED_OUT},
    {"condition_wait", PIRN_KIND_CONDITION, make_condition, call_condition,
     wake_condition, PIRN_OK, PIRN_TIMED_OUT},
    {"condition_wait_for", PIRN_KIND_CONDITION, make_condition_for, call_condition_for,
     wake_condition_for, PIRN_OK, PIRN_TIMED_OUT},
    {"condition_acquire", PIRN_KIND_CONDITION, make_condition_held, call_condition_acquire,
     wake_condition_held, PIRN_OK, PIRN_TIMED_OUT},
    {"semaphore_acquire", PIRN_KIND_SEMAPHORE, make_semaphore, call_semaphore,
     wake_semaphore, PIRN_OK, PIRN_TIMED_OUT},
    {"event_wait", PIRN_KIND_EVENT, make_event, call_event, wake_event, PIRN_OK, PIRN_TIMED_OUT},
    {"barrier_wait", PIRN_KIND_BARRIER, make_barrier, call_barrier,
     wake_barrier, PIRN_OK, PIRN_ERR_BROKEN_BARRIER},
    {"thread_join", PIRN_KIND_THREAD, make_thread, call_thread, open_gate, PIRN_OK, PIRN_TIMED_OUT},
    {"timer_join", PIRN_KIND_TIMER, make_timer, call_timer, wake_timer, PIRN_OK, PIRN_TIMED_OUT},
    {"queue_get", PIRN_KIND_QUEUE, make_queue, call_get, wake_get, PIRN_OK, PIRN_TIMED_OUT},
    {"queue_get, shut down", PIRN_KIND_QUEUE, make_queue, call_get,
     send_away, PIRN_ERR_SHUT_DOWN, PIRN_OK},
    {"queue_put", PIRN_KIND_QUEUE, make_full_queue, call_put, wake_put, PIRN_OK, PIRN_TIMED_OUT},
    {"queue_join", PIRN_KIND_QUEUE, make_full_queue, call_queue_join,
     wake_queue_join, PIRN_OK, PIRN_TIMED_OUT},
    {"future_result", PIRN_KIND_FUTURE, make_futures, call_result,
     finish_futures, PIRN_OK, PIRN_TIMED_OUT},
    {"future_result, failed", PIRN_KIND_FUTURE, make_futures, call_result,
     fail_futures, PIRN_ERR_TASK_FAILED, PIRN_OK},
    {"future_exception", PIRN_KIND_FUTURE, make_futures, call_exception,
     finish_futures, PIRN_OK, PIRN_TIMED_OUT},
    {"wait", PIRN_KIND_FUTURE, make_futures, call_wait, finish_futures, PIRN_OK, PIRN_TIMED_OUT},
    {"as_completed_next", PIRN_KIND_FUTURE, make_futures, call_next,
     finish_second, PIRN_OK, PIRN_TIMED_OUT},
    {"executor_shutdown", PIRN_KIND_EXECUTOR, make_executor, call_executor_shutdown,
     open_gate, PIRN_OK, PIRN_OK},
    {"executor_free", PIRN_KIND_EXECUTOR, make_executor, call_executor_free,
     open_gate, PIRN_OK, PIRN_OK},
    {"executor_submit", PIRN_KIND_EXECUTOR, make_full_executor, call_submit,
     open_gate, PIRN_OK, PIRN_OK},
    {"executor_submit_timeout", PIRN_KIND_EXECUTOR, make_full_executor, call_submit_timeout,
     open_gate, PIRN_OK, PIRN_OK},
    {"executor_submit_priority", PIRN_KIND_EXECUTOR, make_full_executor, call_submit_priority,
     open_gate, PIRN_OK, PIRN_OK},
    {"executor_submit_many", PIRN_KIND_EXECUTOR, make_full_executor, call_submit_many,
     open_gate, PIRN_OK, PIRN_OK},
    {"executor_map", PIRN_KIND_EXECUTOR, make_full_executor, call_executor_map,
     open_gate, PIRN_OK, PIRN_OK},
    {"map_next", PIRN_KIND_MAP, make_map, call_map_next, open_gate, PIRN_OK, PIRN_OK},
};

#endif
