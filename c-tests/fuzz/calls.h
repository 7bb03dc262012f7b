/*
 * The whole API as a table: one entry for each exported function, with hostile arguments. `fuzz.complete`
 * compares the names with exports.txt.
 */
#ifndef PIRN_TESTS_FUZZ_CALLS_H
#define PIRN_TESTS_FUZZ_CALLS_H

#include "callbacks.h"

enum mode {
    PLAIN, /* comes back by itself */
    WAITS, /* the same, but on the way for a lock or a task that others hold up: a caller that owned one would
              close a circle */
    BLOCKS, /* may wait for what only another thread can bring about */
    MAKES,  /* makes an object of `kind` */
    RARE,   /* what it leaves behind stays until the process ends */
    LAST    /* ends the library */
};

typedef struct call {
    const char *name;
    pirn_status_t (*make)(caller_t *c);
    enum mode mode;
    kind_t kind;
    long n;
} call_t;

/* Calls whose arguments belong together. */

enum { MOST = 8 };

static size_t some_futures(caller_t *c, pirn_future_t **futures)
{
    size_t n = below(c, MOST + 1);
    for (size_t i = 0; i < n; i++)
        futures[i] = one_in(c, 30) ? handle(c, FUTURE) : any_live(c, FUTURE);
    return n;
}

static pirn_status_t call_pirn_wait(caller_t *c)
{
    pirn_future_t *futures[MOST];
    bool flags[MOST];
    size_t n = some_futures(c, futures);
    double limit = !c->in_callback && one_in(c, 6) ? PIRN_FOREVER : seconds(c);
    return pirn_wait(one_in(c, 30) ? NULL : futures, n, (int32_t)below(c, 5) - 1, limit,
                     one_in(c, 4) ? NULL : flags, out(c));
}

static pirn_status_t call_pirn_as_completed(caller_t *c)
{
    pirn_future_t *futures[MOST];
    size_t n = some_futures(c, futures);
    return pirn_as_completed(one_in(c, 30) ? NULL : futures, n, one_in(c, 2) ? seconds(c) : PIRN_FOREVER,
                             made(c));
}

static size_t some_args(caller_t *c, void **args)
{
    size_t n = below(c, MOST + 1);
    for (size_t i = 0; i < n; i++)
        args[i] = arg(c);
    return n;
}

static pirn_status_t call_pirn_executor_map(caller_t *c)
{
    void *args[MOST];
    if (one_in(c, 16)) /* where no array can be, none of it is touched */
        return pirn_executor_map(handle(c, EXECUTOR), task, args, SIZE_MAX, arg_free, 1, PIRN_FOREVER,
                                 made(c));
    size_t n = some_args(c, args);
    return pirn_executor_map(handle(c, EXECUTOR), one_in(c, 20) ? NULL : task, args, n, arg_free, amount(c),
                             one_in(c, 2) ? seconds(c) : PIRN_FOREVER, made(c));
}

static pirn_status_t call_pirn_executor_submit_many(caller_t *c)
{
    void *args[MOST];
    pirn_future_t *futures[MOST];
    pirn_executor_t *executor = handle(c, EXECUTOR);
    if (one_in(c, 16))
        return pirn_executor_submit_many(executor, task, args, SIZE_MAX, arg_free, NULL);
    size_t n = some_args(c, args);
    bool wanted = one_in(c, 2);
    pirn_status_t status = pirn_executor_submit_many(executor, one_in(c, 20) ? NULL : task, args, n, arg_free,
                                                     wanted ? futures : NULL);
    for (size_t i = 0; status == PIRN_OK && wanted && i < n; i++)
        keep(c, FUTURE, futures[i]);
    return status;
}

static pirn_status_t call_pirn_enumerate(caller_t *c)
{
    pirn_thread_t *threads[MOST];
    size_t n, cap = below(c, MOST + 1);
    pirn_status_t status = pirn_enumerate(cap ? threads : NULL, cap, one_in(c, 20) ? NULL : &n);
    if (status == PIRN_OK)
        for (size_t i = 0; i < n && i < cap; i++)
            pirn_thread_free(threads[i]);
    return status;
}

/* Not 0: nothing could ever wake those who acquire it. */
static int64_t bound(caller_t *c)
{
    int64_t n = number(c);
    return n == 0 ? 1 : n;
}

/* The main thread's handle is not kept: who joined it would wait for the end of the test. */
static pirn_status_t call_pirn_main_thread(caller_t *c)
{
    pirn_thread_t *thread, **place = one_in(c, 20) ? NULL : &thread;
    pirn_status_t status = pirn_main_thread(place);
    return status == PIRN_OK ? pirn_thread_free(thread) : status;
}

/* No size that the callbacks do not fit into; and one that the system cannot give is soon taken back. Not in a child of
 * a fork, which has to get a thread in the end. */
static pirn_status_t call_pirn_set_stack_size(caller_t *c)
{
    if (LOAD(forked) || !one_in(c, 4))
        return pirn_set_stack_size(one_in(c, 2) ? below(c, 32768) : (size_t)(512 + below(c, 512)) << 10);
    pirn_status_t status = pirn_set_stack_size(one_in(c, 2) ? SIZE_MAX : (size_t)1 << 46);
    sched_yield();
    pirn_set_stack_size(0);
    return status;
}

static pirn_status_t call_pirn_default_excepthook(caller_t *c)
{
    pirn_excepthook_args_t args = {.code = PIRN_EXIT, .message = "", .thread = handle(c, THREAD)};
    pirn_default_excepthook(one_in(c, 2) ? NULL : &args, NULL);
    return PIRN_OK;
}

static pirn_status_t is_text(const char *function, const char *text)
{
    if (!text || strlen(text) > 1 << 20)
        WRONG("%s gives no text", function);
    return PIRN_OK;
}

#define FUNCTION(name, ...)                                                                                  \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        (void)c;                                                                                             \
        return name(__VA_ARGS__);                                                                            \
    }
#define VALUE(name, ...)                                                                                     \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        (void)c;                                                                                             \
        (void)name(__VA_ARGS__);                                                                             \
        return PIRN_OK;                                                                                      \
    }
#define TEXT(name, ...)                                                                                      \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        (void)c;                                                                                             \
        return is_text(#name, name(__VA_ARGS__));                                                            \
    }
#define FREES(name, kind)                                                                                    \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        return give_up_any(c, kind);                                                                         \
    }
#define VALUE_OF(name)                                                                                       \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        (void)c;                                                                                             \
        (void)name();                                                                                        \
        return PIRN_OK;                                                                                      \
    }
#define TEXT_OF(name)                                                                                        \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        (void)c;                                                                                             \
        return is_text(#name, name());                                                                       \
    }
/* The text getters: any part of a buffer, or none. */
#define GETTER(name, kind)                                                                                   \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        char buffer[24];                                                                                     \
        size_t cap = below(c, sizeof buffer + 1);                                                            \
        return name(handle(c, kind), one_in(c, 8) ? NULL : buffer, cap, out(c));                             \
    }
#define EXCEPTION(name, ...)                                                                                 \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        char buffer[24];                                                                                     \
        size_t cap = below(c, sizeof buffer + 1);                                                            \
        return name(handle(c, FUTURE), __VA_ARGS__, one_in(c, 8) ? NULL : buffer, cap, out(c));              \
    }
#define CUSTOM(name)

#define FN(f) (one_in(c, 20) ? NULL : (f))
#define H(kind) handle(c, kind)
#define ARG arg(c), arg_free

/* X(mode, kind of what it makes, how it is called, name, arguments) */
#define API(X)                                                                                               \
    X(MAKES, LOCK, FUNCTION, pirn_lock_new, made(c))                                                         \
    X(PLAIN, 0, FREES, pirn_lock_free, LOCK)                                                                 \
    X(BLOCKS, 0, FUNCTION, pirn_lock_acquire, H(LOCK))                                                       \
    X(PLAIN, 0, FUNCTION, pirn_lock_try_acquire, H(LOCK))                                                    \
    X(PLAIN, 0, FUNCTION, pirn_lock_acquire_timeout, H(LOCK), seconds(c))                                    \
    X(PLAIN, 0, FUNCTION, pirn_lock_release, H(LOCK))                                                        \
    X(PLAIN, 0, FUNCTION, pirn_lock_locked, H(LOCK), out(c))                                                 \
    X(MAKES, RLOCK, FUNCTION, pirn_rlock_new, made(c))                                                       \
    X(PLAIN, 0, FREES, pirn_rlock_free, RLOCK)                                                               \
    X(BLOCKS, 0, FUNCTION, pirn_rlock_acquire, H(RLOCK))                                                     \
    X(PLAIN, 0, FUNCTION, pirn_rlock_try_acquire, H(RLOCK))                                                  \
    X(PLAIN, 0, FUNCTION, pirn_rlock_acquire_timeout, H(RLOCK), seconds(c))                                  \
    X(PLAIN, 0, FUNCTION, pirn_rlock_release, H(RLOCK))                                                      \
    X(PLAIN, 0, FUNCTION, pirn_rlock_locked, H(RLOCK), out(c))                                               \
    X(PLAIN, 0, FUNCTION, pirn_rlock_is_owned, H(RLOCK), out(c))                                             \
    X(PLAIN, 0, FUNCTION, pirn_rlock_recursion_count, H(RLOCK), out(c))                                      \
    X(MAKES, CONDITION, FUNCTION, pirn_condition_new, made(c))                                               \
    X(MAKES, CONDITION, FUNCTION, pirn_condition_new_with_lock, H(LOCK), made(c))                            \
    X(MAKES, CONDITION, FUNCTION, pirn_condition_new_with_rlock, H(RLOCK), made(c))                          \
    X(PLAIN, 0, FREES, pirn_condition_free, CONDITION)                                                       \
    X(BLOCKS, 0, FUNCTION, pirn_condition_acquire, H(CONDITION))                                             \
    X(PLAIN, 0, FUNCTION, pirn_condition_try_acquire, H(CONDITION))                                          \
    X(PLAIN, 0, FUNCTION, pirn_condition_acquire_timeout, H(CONDITION), seconds(c))                          \
    X(PLAIN, 0, FUNCTION, pirn_condition_release, H(CONDITION))                                              \
    X(PLAIN, 0, FUNCTION, pirn_condition_is_owned, H(CONDITION), out(c))                                     \
    X(BLOCKS, 0, FUNCTION, pirn_condition_wait, acquired(c))                                                 \
    X(WAITS, 0, FUNCTION, pirn_condition_wait_timeout, acquired(c), seconds(c))                              \
    X(BLOCKS, 0, FUNCTION, pirn_condition_wait_for, acquired(c), FN(predicate), NULL)                        \
    X(WAITS, 0, FUNCTION, pirn_condition_wait_for_timeout, acquired(c), FN(predicate), NULL, seconds(c))     \
    X(PLAIN, 0, FUNCTION, pirn_condition_notify, acquired(c), amount(c))                                     \
    X(PLAIN, 0, FUNCTION, pirn_condition_notify_all, acquired(c))                                            \
    X(MAKES, SEMAPHORE, FUNCTION, pirn_semaphore_new, number(c), made(c))                                    \
    X(MAKES, SEMAPHORE, FUNCTION, pirn_semaphore_new_bounded, bound(c), made(c))                             \
    X(PLAIN, 0, FREES, pirn_semaphore_free, SEMAPHORE)                                                       \
    X(BLOCKS, 0, FUNCTION, pirn_semaphore_acquire, H(SEMAPHORE))                                             \
    X(PLAIN, 0, FUNCTION, pirn_semaphore_try_acquire, H(SEMAPHORE))                                          \
    X(PLAIN, 0, FUNCTION, pirn_semaphore_acquire_timeout, H(SEMAPHORE), seconds(c))                          \
    X(PLAIN, 0, FUNCTION, pirn_semaphore_release, H(SEMAPHORE))                                              \
    X(PLAIN, 0, FUNCTION, pirn_semaphore_release_n, H(SEMAPHORE), number(c))                                 \
    X(PLAIN, 0, FUNCTION, pirn_semaphore_value, H(SEMAPHORE), out(c))                                        \
    X(MAKES, EVENT, FUNCTION, pirn_event_new, made(c))                                                       \
    X(PLAIN, 0, FREES, pirn_event_free, EVENT)                                                               \
    X(PLAIN, 0, FUNCTION, pirn_event_set, H(EVENT))                                                          \
    X(PLAIN, 0, FUNCTION, pirn_event_clear, H(EVENT))                                                        \
    X(PLAIN, 0, FUNCTION, pirn_event_is_set, H(EVENT), out(c))                                               \
    X(BLOCKS, 0, FUNCTION, pirn_event_wait, H(EVENT))                                                        \
    X(PLAIN, 0, FUNCTION, pirn_event_wait_timeout, H(EVENT), seconds(c))                                     \
    X(MAKES, BARRIER, FUNCTION, pirn_barrier_new, amount(c), one_in(c, 2) ? target : NULL, ARG, seconds(c),  \
      made(c))                                                                                               \
    X(PLAIN, 0, FREES, pirn_barrier_free, BARRIER)                                                           \
    X(BLOCKS, 0, FUNCTION, pirn_barrier_wait, H(BARRIER), out(c))                                            \
    X(BLOCKS, 0, FUNCTION, pirn_barrier_wait_timeout, H(BARRIER), seconds(c), out(c))                        \
    X(PLAIN, 0, FUNCTION, pirn_barrier_reset, H(BARRIER))                                                    \
    X(PLAIN, 0, FUNCTION, pirn_barrier_abort, H(BARRIER))                                                    \
    X(PLAIN, 0, FUNCTION, pirn_barrier_parties, H(BARRIER), out(c))                                          \
    X(PLAIN, 0, FUNCTION, pirn_barrier_n_waiting, H(BARRIER), out(c))                                        \
    X(PLAIN, 0, FUNCTION, pirn_barrier_broken, H(BARRIER), out(c))                                           \
    X(MAKES, THREAD, FUNCTION, pirn_thread_new, FN(target), ARG, made(c))                                    \
    X(PLAIN, 0, FREES, pirn_thread_free, THREAD)                                                             \
    X(PLAIN, 0, FUNCTION, pirn_thread_start, H(THREAD))                                                      \
    X(BLOCKS, 0, FUNCTION, pirn_thread_join, H(THREAD))                                                      \
    X(PLAIN, 0, FUNCTION, pirn_thread_join_timeout, H(THREAD), seconds(c))                                   \
    X(PLAIN, 0, FUNCTION, pirn_thread_is_alive, H(THREAD), out(c))                                           \
    X(PLAIN, 0, GETTER, pirn_thread_name, THREAD)                                                            \
    X(PLAIN, 0, FUNCTION, pirn_thread_set_name, H(THREAD), text(c))                                          \
    X(PLAIN, 0, FUNCTION, pirn_thread_ident, H(THREAD), out(c))                                              \
    X(PLAIN, 0, FUNCTION, pirn_thread_native_id, H(THREAD), out(c))                                          \
    X(PLAIN, 0, FUNCTION, pirn_thread_daemon, H(THREAD), out(c))                                             \
    X(PLAIN, 0, FUNCTION, pirn_thread_set_daemon, H(THREAD), one_in(c, 2))                                   \
    X(PLAIN, 0, FUNCTION, pirn_thread_exit_code, H(THREAD), out(c))                                          \
    X(MAKES, THREAD, FUNCTION, pirn_current_thread, made(c))                                                 \
    X(PLAIN, 0, CUSTOM, pirn_main_thread)                                                                    \
    X(PLAIN, 0, CUSTOM, pirn_enumerate)                                                                      \
    X(PLAIN, 0, VALUE_OF, pirn_active_count)                                                                 \
    X(PLAIN, 0, VALUE_OF, pirn_get_ident)                                                                    \
    X(PLAIN, 0, VALUE_OF, pirn_get_native_id)                                                                \
    X(PLAIN, 0, VALUE_OF, pirn_stack_size)                                                                   \
    X(PLAIN, 0, CUSTOM, pirn_set_stack_size)                                                                 \
    X(PLAIN, 0, FUNCTION, pirn_set_excepthook, excepthook, ARG)                                              \
    X(PLAIN, 0, FUNCTION, pirn_get_excepthook, out(c), out(c))                                               \
    X(PLAIN, 0, CUSTOM, pirn_default_excepthook)                                                             \
    X(PLAIN, 0, FUNCTION, pirn_settrace, FN(trace), ARG)                                                     \
    X(PLAIN, 0, FUNCTION, pirn_settrace_all_threads, FN(trace), ARG)                                         \
    X(PLAIN, 0, FUNCTION, pirn_gettrace, out(c), out(c))                                                     \
    X(PLAIN, 0, FUNCTION, pirn_setprofile, FN(trace), ARG)                                                   \
    X(PLAIN, 0, FUNCTION, pirn_setprofile_all_threads, FN(trace), ARG)                                       \
    X(PLAIN, 0, FUNCTION, pirn_getprofile, out(c), out(c))                                                   \
    X(MAKES, LOCAL, FUNCTION, pirn_local_new, one_in(c, 2) ? target : NULL, ARG, made(c))                    \
    X(PLAIN, 0, FREES, pirn_local_free, LOCAL)                                                               \
    X(PLAIN, 0, FUNCTION, pirn_local_set, H(LOCAL), text(c), ARG)                                            \
    X(PLAIN, 0, FUNCTION, pirn_local_get, H(LOCAL), text(c), out(c))                                         \
    X(PLAIN, 0, FUNCTION, pirn_local_delete, H(LOCAL), text(c))                                              \
    X(MAKES, TIMER, FUNCTION, pirn_timer_new, seconds(c), FN(target), ARG, made(c))                          \
    X(PLAIN, 0, FREES, pirn_timer_free, TIMER)                                                               \
    X(PLAIN, 0, FUNCTION, pirn_timer_start, H(TIMER))                                                        \
    X(PLAIN, 0, FUNCTION, pirn_timer_cancel, H(TIMER))                                                       \
    X(BLOCKS, 0, FUNCTION, pirn_timer_join, H(TIMER))                                                        \
    X(PLAIN, 0, FUNCTION, pirn_timer_join_timeout, H(TIMER), seconds(c))                                     \
    X(PLAIN, 0, FUNCTION, pirn_timer_is_alive, H(TIMER), out(c))                                             \
    X(MAKES, THREAD, FUNCTION, pirn_timer_thread, H(TIMER), made(c))                                         \
    X(MAKES, QUEUE, FUNCTION, pirn_queue_new, number(c), made(c))                                            \
    X(MAKES, QUEUE, FUNCTION, pirn_lifo_queue_new, number(c), made(c))                                       \
    X(MAKES, QUEUE, FUNCTION, pirn_priority_queue_new, number(c), FN(compare), NULL, made(c))                \
    X(MAKES, QUEUE, FUNCTION, pirn_simple_queue_new, made(c))                                                \
    X(PLAIN, 0, FUNCTION, pirn_queue_set_item_free, H(QUEUE), arg_free)                                      \
    X(PLAIN, 0, FREES, pirn_queue_free, QUEUE)                                                               \
    X(BLOCKS, 0, PUT, pirn_queue_put, item)                                                                  \
    X(PLAIN, 0, PUT, pirn_queue_try_put, item)                                                               \
    X(PLAIN, 0, PUT, pirn_queue_put_timeout, item, seconds(c))                                               \
    X(BLOCKS, 0, GET, pirn_queue_get, place)                                                                 \
    X(PLAIN, 0, GET, pirn_queue_try_get, place)                                                              \
    X(PLAIN, 0, GET, pirn_queue_get_timeout, seconds(c), place)                                              \
    X(PLAIN, 0, FUNCTION, pirn_queue_task_done, H(QUEUE))                                                    \
    X(BLOCKS, 0, FUNCTION, pirn_queue_join, H(QUEUE))                                                        \
    X(PLAIN, 0, FUNCTION, pirn_queue_join_timeout, H(QUEUE), seconds(c))                                     \
    X(PLAIN, 0, FUNCTION, pirn_queue_size, H(QUEUE), out(c))                                                 \
    X(PLAIN, 0, FUNCTION, pirn_queue_empty, H(QUEUE), out(c))                                                \
    X(PLAIN, 0, FUNCTION, pirn_queue_full, H(QUEUE), out(c))                                                 \
    X(PLAIN, 0, FUNCTION, pirn_queue_unfinished, H(QUEUE), out(c))                                           \
    X(PLAIN, 0, FUNCTION, pirn_queue_maxsize, H(QUEUE), out(c))                                              \
    X(PLAIN, 0, FUNCTION, pirn_queue_set_maxsize, H(QUEUE), number(c))                                       \
    X(PLAIN, 0, FUNCTION, pirn_queue_is_shut_down, H(QUEUE), out(c))                                         \
    X(PLAIN, 0, FUNCTION, pirn_queue_shutdown, one_in(c, 4) ? H(QUEUE) : NULL, one_in(c, 2))                 \
    X(MAKES, EXECUTOR, FUNCTION, pirn_executor_new, (int64_t)below(c, 6) - 1, made(c))                       \
    X(WAITS, 0, FREES, pirn_executor_free, EXECUTOR)                                                         \
    X(PLAIN, 0, FUNCTION, pirn_executor_set_thread_name_prefix, H(EXECUTOR), text(c))                        \
    X(PLAIN, 0, FUNCTION, pirn_executor_set_initializer, one_in(c, 4) ? H(EXECUTOR) : NULL, FN(target), ARG) \
    X(BLOCKS, FUTURE, FUNCTION, pirn_executor_submit, H(EXECUTOR), FN(task), ARG, made(c))                   \
    X(MAKES, FUTURE, SUBMIT, pirn_executor_try_submit, made(c))                                              \
    X(MAKES, FUTURE, SUBMIT, pirn_executor_submit_timeout, seconds(c), made(c))                              \
    X(BLOCKS, FUTURE, FUNCTION, pirn_executor_submit_priority, H(EXECUTOR), FN(task), ARG, (int32_t)roll(c), \
      made(c))                                                                                               \
    X(BLOCKS, 0, CUSTOM, pirn_executor_submit_many)                                                          \
    X(BLOCKS, MAP, CUSTOM, pirn_executor_map)                                                                \
    X(BLOCKS, 0, FUNCTION, pirn_map_next, H(MAP), out(c))                                                    \
    X(PLAIN, 0, FUNCTION, pirn_map_cancel, H(MAP))                                                           \
    X(PLAIN, 0, FUNCTION, pirn_map_set_result_free, H(MAP), FN(no_result_free))                              \
    X(PLAIN, 0, FREES, pirn_map_free, MAP)                                                                   \
    X(WAITS, 0, FUNCTION, pirn_executor_for_range, H(EXECUTOR), below(c, 64), below(c, 256), amount(c),      \
      FN(part), NULL)                                                                                        \
    X(WAITS, 0, FUNCTION, pirn_executor_shutdown, one_in(c, 4) ? H(EXECUTOR) : NULL,                         \
      !c->in_callback && one_in(c, 2), one_in(c, 2))                                                         \
    X(PLAIN, 0, FUNCTION, pirn_executor_max_workers, H(EXECUTOR), out(c))                                    \
    X(PLAIN, 0, FUNCTION, pirn_executor_set_max_workers, H(EXECUTOR), (int64_t)below(c, 6) - 1)              \
    X(PLAIN, 0, FUNCTION, pirn_executor_max_pending, H(EXECUTOR), out(c))                                    \
    X(PLAIN, 0, FUNCTION, pirn_executor_set_max_pending, H(EXECUTOR), amount(c))                             \
    X(PLAIN, 0, FUNCTION, pirn_executor_pending, H(EXECUTOR), out(c), out(c))                                \
    X(PLAIN, 0, GETTER, pirn_executor_thread_name_prefix, EXECUTOR)                                          \
    X(PLAIN, 0, FUNCTION, pirn_executor_is_shut_down, H(EXECUTOR), out(c))                                   \
    X(PLAIN, 0, FUNCTION, pirn_executor_is_broken, H(EXECUTOR), out(c))                                      \
    X(MAKES, FUTURE, FUNCTION, pirn_future_new, made(c))                                                     \
    X(PLAIN, 0, FREES, pirn_future_free, FUTURE)                                                             \
    X(PLAIN, 0, FUNCTION, pirn_future_cancel, H(FUTURE), out(c))                                             \
    X(PLAIN, 0, FUNCTION, pirn_future_cancelled, H(FUTURE), out(c))                                          \
    X(PLAIN, 0, FUNCTION, pirn_future_running, H(FUTURE), out(c))                                            \
    X(PLAIN, 0, FUNCTION, pirn_future_done, H(FUTURE), out(c))                                               \
    X(PLAIN, 0, FUNCTION, pirn_future_state, H(FUTURE), out(c))                                              \
    X(BLOCKS, 0, FUNCTION, pirn_future_result, H(FUTURE), out(c))                                            \
    X(PLAIN, 0, FUNCTION, pirn_future_result_timeout, H(FUTURE), seconds(c), out(c))                         \
    X(BLOCKS, 0, EXCEPTION, pirn_future_exception, out(c))                                                   \
    X(PLAIN, 0, EXCEPTION, pirn_future_exception_timeout, seconds(c), out(c))                                \
    X(BLOCKS, 0, FUNCTION, pirn_future_payload, H(FUTURE), out(c))                                           \
    X(PLAIN, 0, FUNCTION, pirn_future_add_done_callback, H(FUTURE), FN(done), ARG)                           \
    X(PLAIN, 0, FUNCTION, pirn_future_set_running_or_notify_cancel, H(FUTURE), out(c))                       \
    X(PLAIN, 0, FUNCTION, pirn_future_set_result, H(FUTURE), NULL)                                           \
    X(PLAIN, 0, FUNCTION, pirn_future_set_exception, H(FUTURE), (int32_t)below(c, 3), text(c))               \
    X(PLAIN, 0, FUNCTION, pirn_future_set_exception_with, H(FUTURE), (int32_t)below(c, 3), text(c), ARG)     \
    X(PLAIN, 0, FUNCTION, pirn_future_set_result_free, H(FUTURE), FN(no_result_free))                        \
    X(WAITS, 0, CUSTOM, pirn_wait)                                                                           \
    X(MAKES, AS_COMPLETED, CUSTOM, pirn_as_completed)                                                        \
    X(BLOCKS, 0, FUNCTION, pirn_as_completed_next, H(AS_COMPLETED), out(c))                                  \
    X(PLAIN, 0, FREES, pirn_as_completed_free, AS_COMPLETED)                                                 \
    X(PLAIN, 0, TEXT_OF, pirn_version)                                                                       \
    X(PLAIN, 0, TEXT, pirn_status_name, (pirn_status_t)roll(c))                                              \
    X(PLAIN, 0, TEXT, pirn_status_message, (pirn_status_t)number(c))                                         \
    X(PLAIN, 0, TEXT_OF, pirn_last_error)                                                                    \
    X(PLAIN, 0, VALUE_OF, pirn_last_code)                                                                    \
    X(PLAIN, 0, VALUE, pirn_raise, (int32_t)number(c), text(c))                                              \
    X(PLAIN, 0, VALUE, pirn_raise_with, (int32_t)number(c), text(c), ARG)                                    \
    X(PLAIN, 0, FUNCTION, pirn_object_id, handle(c, (kind_t)below(c, KINDS)), out(c))                     \
    X(PLAIN, 0, FUNCTION, pirn_set_interrupt, FN(target), ARG)                                               \
    X(RARE, 0, FUNCTION, pirn_at_shutdown, FN(target), ARG)                                                  \
    X(LAST, 0, VALUE_OF, pirn_shutdown)

/* A condition whose lock is held, mostly. */
static void *acquired(caller_t *c)
{
    void *condition = handle(c, CONDITION);
    if (!one_in(c, 4))
        pirn_condition_acquire_timeout(condition, 0.0002);
    return condition;
}

/* Where there was no room the argument stays with the caller. */
#define SUBMIT(name, ...)                                                                                    \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        void *task_arg = arg(c);                                                                             \
        pirn_status_t status = name(handle(c, EXECUTOR), FN(task), task_arg, arg_free, __VA_ARGS__);         \
        if (status == PIRN_WOULD_BLOCK || status == PIRN_TIMED_OUT)                                          \
            arg_free(task_arg);                                                                              \
        return status;                                                                                       \
    }

/* An item belongs to the queue from the PIRN_OK of a put to that of a get. */
#define PUT(name, ...)                                                                                       \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        void *item = arg(c);                                                                                 \
        pirn_status_t status = name(handle(c, QUEUE), __VA_ARGS__);                                          \
        if (status != PIRN_OK)                                                                               \
            arg_free(item);                                                                                  \
        return status;                                                                                       \
    }
#define GET(name, ...)                                                                                       \
    static pirn_status_t call_##name(caller_t *c)                                                            \
    {                                                                                                        \
        void *item, **place = one_in(c, 30) ? NULL : &item;                                                  \
        pirn_status_t status = name(handle(c, QUEUE), __VA_ARGS__);                                          \
        if (status == PIRN_OK)                                                                               \
            arg_free(item);                                                                                  \
        return status;                                                                                       \
    }

#define DEFINE(mode, kind, how, ...) how(__VA_ARGS__)
#define ENTRY(mode, kind, how, ...) ENTRY_OF(mode, kind, __VA_ARGS__, )
#define ENTRY_OF(mode, kind, name, ...) {#name, call_##name, mode, kind, 0},

API(DEFINE)

static call_t calls[] = {API(ENTRY)};
enum { CALLS = sizeof calls / sizeof *calls };

static long n_statuses[32];

/* Makes a call, and keeps what it has made. */
static void carry_out(caller_t *c, call_t *call)
{
    c->made = NULL;
    c->doing = call->name;
    pirn_status_t status = call->make(c);
    ADD(call->n, 1);
    if (status < PIRN_ERR_INTERNAL || status > PIRN_END)
        WRONG("%s gives %" PRId32, call->name, status);
    else
        ADD(n_statuses[status - PIRN_ERR_INTERNAL], 1);
    if (status == PIRN_ERR_INTERNAL)
        WRONG("%s: %s", call->name, pirn_last_error());
    if (status == PIRN_OK && c->made)
        keep(c, call->kind, c->made);
}

static void make_some_of_all(caller_t *c, int n)
{
    for (int i = 0; i < CALLS; i++)
        for (int made = 0; calls[i].mode == MAKES && made < n; made++)
            carry_out(c, &calls[i]);
}

#endif
