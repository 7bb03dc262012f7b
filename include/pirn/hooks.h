/**
 * @file
 * Hooks: what a program is told of failures that no caller sees (Python: `threading.excepthook`), and of its threads' waits
 * and lives (`threading.settrace`, `threading.setprofile`).
 *
 * A hook may be replaced at any time, also while it runs on other threads: those calls end with the old one, whose argument is
 * given back after the last of them. A hook may call any pirn function; it runs with whatever locks its thread holds.
 *
 * Events come from the paths on which a thread blocks, starts, ends, or passes a task on, and from no other: without a hook the
 * calls that do not block cost what they cost without this header, and the others read one word more. docs/tracing.md has an
 * example that draws a picture.
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_HOOKS_H
#define PIRN_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

/**
 * A thread has started, and its target is about to run. The object is the thread.
 */
#define PIRN_TRACE_THREAD_START 1

/**
 * A thread's target is over, and its excepthook. The object is the thread, the code its exit code. Its last event.
 */
#define PIRN_TRACE_THREAD_END 2

/**
 * A call has to wait. The object is the one that the call is about; for pirn_wait and pirn_as_completed_next the first future.
 */
#define PIRN_TRACE_WAIT_BEGIN 3

/**
 * The call that had to wait is about to return. The code is its status.
 */
#define PIRN_TRACE_WAIT_END 4

/**
 * A task is being submitted, on the thread that does so; a submit that is then refused has been told of, too. The object is its
 * future, also where the program has none; each chunk of a map is one task.
 */
#define PIRN_TRACE_TASK_SUBMIT 5

/**
 * A task begins. The object is its future.
 */
#define PIRN_TRACE_TASK_START 6

/**
 * A task is over. The object is its future, the code what it returned.
 */
#define PIRN_TRACE_TASK_END 7

/**
 * A timer's function is about to run, on the timer's thread. The object is the timer, whose identity is also its thread's.
 */
#define PIRN_TRACE_TIMER_FIRE 8

/**
 * A timer was cancelled before it fired, by the thread that did so. The object is the timer.
 */
#define PIRN_TRACE_TIMER_CANCEL 9

/**
 * A callback has failed: a thread's target, a task (with or without a future), a timer's function, an initializer, a callback
 * of pirn_at_shutdown. The object is the thread, the future, the timer, the executor; none for the shutdown. The code is the
 * callback's. It comes before the excepthook is called, if it is.
 */
#define PIRN_TRACE_FAILURE 10

/**
 * A lock.
 */
#define PIRN_KIND_LOCK 1

/**
 * An rlock.
 */
#define PIRN_KIND_RLOCK 2

/**
 * A condition.
 */
#define PIRN_KIND_CONDITION 3

/**
 * A semaphore, bounded or not.
 */
#define PIRN_KIND_SEMAPHORE 4

/**
 * An event.
 */
#define PIRN_KIND_EVENT 5

/**
 * A barrier.
 */
#define PIRN_KIND_BARRIER 6

/**
 * A thread.
 */
#define PIRN_KIND_THREAD 7

/**
 * Thread-local data.
 */
#define PIRN_KIND_LOCAL 8

/**
 * A timer.
 */
#define PIRN_KIND_TIMER 9

/**
 * A queue of any sort.
 */
#define PIRN_KIND_QUEUE 10

/**
 * An executor.
 */
#define PIRN_KIND_EXECUTOR 11

/**
 * A future.
 */
#define PIRN_KIND_FUTURE 12

/**
 * The results of a pirn_executor_map.
 */
#define PIRN_KIND_MAP 13

/**
 * An iteration over futures as they complete.
 */
#define PIRN_KIND_AS_COMPLETED 14

/**
 * What an excepthook is told. All of it is borrowed for the time of the call.
 */
typedef struct pirn_excepthook_args {
    /**
     * What the callback returned; not 0.
     */
    int32_t code;
    /**
     * What it said by pirn_raise, or a general sentence; never NULL.
     */
    const char *message;
    /**
     * Where it happened; may be empty, never NULL.
     */
    const char *traceback;
    /**
     * The thread on which it happened, which is the calling one. NULL for a foreign thread that has not asked for its object,
     * and where there is no memory for a handle.
     */
    pirn_thread_t *thread;
} pirn_excepthook_args_t;

/**
 * An excepthook. 0 is success.
 */
typedef int32_t (*pirn_excepthook_fn)(const pirn_excepthook_args_t *args, void *arg);

/**
 * What a trace or profile hook is told. The pointer is good for the time of the call.
 */
typedef struct pirn_trace_event {
    /**
     * The size of what the library wrote: fields are only ever added at the end.
     */
    uint32_t size;
    /**
     * `PIRN_TRACE_...`
     */
    int32_t kind;
    /**
     * What the object is, `PIRN_KIND_...`; 0 if there is none.
     */
    int32_t object_kind;
    /**
     * The failure's code; the `pirn_status_t` that a wait ended with.
     */
    int32_t code;
    /**
     * The ident of the thread that it happens on: the one that runs the hook.
     */
    uint64_t thread;
    /**
     * The object's identity, as `pirn_object_id` gives it; 0 if there is none.
     */
    uint64_t object;
    /**
     * When it happened, in nanoseconds on the monotonic clock.
     */
    int64_t time_ns;
    /**
     * How long it took, for the kinds that end something; else 0.
     */
    int64_t duration_ns;
} pirn_trace_event_t;

/**
 * A trace or profile hook. The event is borrowed for the time of the call.
 */
typedef void (*pirn_trace_fn)(const pirn_trace_event_t *event, void *arg);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Sets the hook that is called for failures that no caller gets to see: of a thread's target, a timer's function, a task
 * without a future, an initializer, a callback of pirn_at_shutdown. It sees `PIRN_EXIT`, too.
 *
 * @param hook      the hook; NULL restores the default. It runs on the thread that failed, which is still alive then; on
 *                  several at once if several fail. If it fails itself the default hook writes about that
 * @param arg       its argument
 * @param arg_free  called once with arg: when another hook has been set and the calls of this one that are under way have
 *                  ended; at once where `hook` is NULL. May be NULL
 * @return PIRN_OK
 * @return PIRN_ERR_NO_MEMORY the hook is as before
 *
 * Does not block. A failure after this call has returned is told to the new hook. Everything done before is seen by the hook.
 * Python: threading.excepthook = hook; what it fails with itself is told as Python tells it on stderr.
 *
 * @pre `hook` and `arg_free` may be called with `arg` on any thread, `hook` on several at once.
 */
pirn_status_t pirn_set_excepthook(pirn_excepthook_fn hook,
                                  void *arg,
                                  pirn_free_fn arg_free);

/**
 * Gives the hook that is set, and its argument: pirn_default_excepthook and NULL if none is.
 *
 * @param hook  gets the hook, never NULL
 * @param arg   gets its argument, which stays with pirn: another thread that sets a hook meanwhile may have it freed
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `hook` or `arg` is NULL
 *
 * Does not block. Python: threading.excepthook.
 *
 * @pre `hook` and `arg` are NULL or valid for a write.
 */
pirn_status_t pirn_get_excepthook(pirn_excepthook_fn *hook,
                                  void **arg);

/**
 * The default hook: writes the line "Exception in thread NAME:" to stderr, one with the code and the message, and one with the
 * traceback if there is any. `PIRN_EXIT` is silent. A program's hook may call it.
 *
 * @param args  what to write about; a NULL message or traceback counts as an empty one. NAME is the calling thread's ident
 *              if args->thread is NULL or no valid handle
 * @param arg   not used
 * @return 0, also where stderr is closed or broken
 * @return PIRN_ERR_INVALID_ARGUMENT `args` is NULL
 *
 * Blocks as long as stderr does. Python: threading.__excepthook__.
 *
 * @pre `args` is NULL or valid for reads, and its texts are NULL or NUL-terminated.
 */
int32_t pirn_default_excepthook(const pirn_excepthook_args_t *args,
                                void *arg);

/**
 * Sets the trace hook of the threads that start from now on, before their targets run. It is told of every event on its thread:
 * `PIRN_TRACE_...`.
 *
 * @param fn        the hook; NULL for none. It runs on the thread that the event happens on, on several at once
 * @param arg       its argument
 * @param arg_free  called once with arg: when no thread has the hook any more, because another one has been set for it or it
 *                  has ended, and the calls under way have ended; at once where `fn` is NULL. May be NULL
 * @return PIRN_OK
 * @return PIRN_ERR_NO_MEMORY the hook is as before
 *
 * Does not block. Threads that run already go on with what they have; a foreign thread has no hook.
 *
 * A wait is told of if the call could not go on at once: by PIRN_TRACE_WAIT_BEGIN before the thread joins those who wait, and by
 * PIRN_TRACE_WAIT_END, on the same thread and to the same hook, when the call is about to return. What a lock does to be taken
 * again at the end of a condition's wait is part of that wait; of a wait for a predicate each round is a wait. Not told of are
 * polls (`try_` calls, a limit of 0), a worker that waits for work, the start of a thread, and what a hook causes itself: on its
 * own thread while it runs, and on the threads that it starts. (The tasks that it submits are told of where they run.) The end of
 * the process waits for one thread after the other, as pirn_thread_join does.
 * Everything done before is seen by the hook on threads that are started after. Python: threading.settrace(fn); the events
 * are pirn's own.
 *
 * @pre `fn` and `arg_free` may be called with `arg` on any thread, `fn` on several at once.
 */
pirn_status_t pirn_settrace(pirn_trace_fn fn,
                            void *arg,
                            pirn_free_fn arg_free);

/**
 * Sets the trace hook of all threads: those that start from now on, and those that run, which are the main thread, pirn's threads
 * and the foreign ones that have asked for their object.
 *
 * @param fn        the hook, as for pirn_settrace; NULL for none
 * @param arg       its argument
 * @param arg_free  as for pirn_settrace
 * @return PIRN_OK
 * @return PIRN_ERR_NO_MEMORY the hook is as before
 *
 * Does not block. When it returns no thread begins to call the hook that it had; calls under way may still go on. What a
 * thread is in the middle of (a wait, a task) has no end event for a hook that has not seen it begin.
 * Python: threading.settrace_all_threads(fn).
 *
 * @pre As for pirn_settrace.
 */
pirn_status_t pirn_settrace_all_threads(pirn_trace_fn fn,
                                        void *arg,
                                        pirn_free_fn arg_free);

/**
 * Gives the trace hook that new threads get, and its argument; NULL and NULL if there is none.
 *
 * @param fn   gets the hook
 * @param arg  gets its argument, which stays with pirn: another thread that sets a hook meanwhile may have it freed
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `fn` or `arg` is NULL
 *
 * Does not block. Python: threading.gettrace().
 *
 * @pre `fn` and `arg` are NULL or valid for a write.
 */
pirn_status_t pirn_gettrace(pirn_trace_fn *fn,
                            void **arg);

/**
 * Sets the profile hook of the threads that start from now on. It is told of what has ended, and how long it took:
 * PIRN_TRACE_THREAD_END, PIRN_TRACE_WAIT_END, PIRN_TRACE_TASK_END. A thread may have a trace hook besides, which is called first.
 *
 * @param fn        the hook; NULL for none
 * @param arg       its argument
 * @param arg_free  as for pirn_settrace
 * @return PIRN_OK
 * @return PIRN_ERR_NO_MEMORY the hook is as before
 *
 * Does not block; otherwise as pirn_settrace. Python: threading.setprofile(fn).
 *
 * @pre As for pirn_settrace.
 */
pirn_status_t pirn_setprofile(pirn_trace_fn fn,
                              void *arg,
                              pirn_free_fn arg_free);

/**
 * Sets the profile hook of all threads, those that run included.
 *
 * @param fn        the hook; NULL for none
 * @param arg       its argument
 * @param arg_free  as for pirn_settrace
 * @return PIRN_OK
 * @return PIRN_ERR_NO_MEMORY the hook is as before
 *
 * Does not block; otherwise as pirn_settrace_all_threads. Python: threading.setprofile_all_threads(fn).
 *
 * @pre As for pirn_settrace.
 */
pirn_status_t pirn_setprofile_all_threads(pirn_trace_fn fn, void *arg, pirn_free_fn arg_free);

/**
 * Gives the profile hook that new threads get, and its argument; NULL and NULL if there is none.
 *
 * @param fn   gets the hook
 * @param arg  gets its argument, as from pirn_gettrace
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `fn` or `arg` is NULL
 *
 * Does not block. Python: threading.getprofile().
 *
 * @pre `fn` and `arg` are NULL or valid for a write.
 */
pirn_status_t pirn_getprofile(pirn_trace_fn *fn, void **arg);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_HOOKS_H */
