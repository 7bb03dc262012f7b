/**
 * @file
 * Future: a result that will be there later, and waiting for several (Python: `concurrent.futures.Future`, `wait`,
 * `as_completed`).
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_FUTURE_H
#define PIRN_FUTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

/**
 * The future has not started.
 */
#define PIRN_FUTURE_PENDING 0

/**
 * The future is under way.
 */
#define PIRN_FUTURE_RUNNING 1

/**
 * The future was cancelled, and its owner has not called pirn_future_set_running_or_notify_cancel yet.
 */
#define PIRN_FUTURE_CANCELLED 2

/**
 * The future was cancelled, and everyone who waits for it has been told.
 */
#define PIRN_FUTURE_CANCELLED_AND_NOTIFIED 3

/**
 * The future has a result or a failure.
 */
#define PIRN_FUTURE_FINISHED 4

/**
 * pirn_wait returns when one future is done.
 */
#define PIRN_FIRST_COMPLETED 0

/**
 * pirn_wait returns when one future has failed, or when all are done.
 */
#define PIRN_FIRST_EXCEPTION 1

/**
 * pirn_wait returns when all futures are done.
 */
#define PIRN_ALL_COMPLETED 2

/**
 * Called when a future is over. `future` is borrowed for the time of the call.
 */
typedef void (*pirn_done_fn)(pirn_future_t *future, void *arg);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a free-standing future, which is pending: a promise, to be kept with pirn_future_set_result or
 * pirn_future_set_exception.
 *
 * @param out  where the handle goes; the caller frees it with pirn_future_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: concurrent.futures.Future().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_future_new(pirn_future_t **out);

/**
 * Lets go of a handle. A task that is queued or running goes on. When nothing uses the future any more, its result is given back
 * (pirn_future_set_result_free), and done callbacks that never ran give back their argument.
 *
 * @param future  the future, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block and is never busy. Python: the end of a reference.
 */
pirn_status_t pirn_future_free(pirn_future_t *future);

/**
 * Cancels the future, if it has not started.
 *
 * @param future     the future
 * @param cancelled  gets true if it is cancelled, now or before; false if it is running or finished
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `cancelled` is NULL; the future is not cancelled
 *
 * Does not block. A cancelled task never runs, and its argument has been given back when this returns. Waiting calls of
 * pirn_future_result and pirn_future_exception are woken, and then the done callbacks run on the calling thread. pirn_wait and
 * pirn_as_completed_next see an executor's future cancelled at once, a free-standing one when its owner has called
 * pirn_future_set_running_or_notify_cancel. Python: future.cancel().
 *
 * @pre `cancelled` is NULL or valid for a write.
 */
pirn_status_t pirn_future_cancel(pirn_future_t *future,
                                 bool *cancelled);

/**
 * Says whether the future is cancelled, notified or not.
 *
 * @param future  the future
 * @param out     where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. If the answer is true, what was done before the cancel is seen. Python: future.cancelled().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_future_cancelled(pirn_future_t *future, bool *out);

/**
 * Says whether the future is running, at this moment.
 *
 * @param future  the future
 * @param out     where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: future.running().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_future_running(pirn_future_t *future, bool *out);

/**
 * Says whether the future is over: finished or cancelled.
 *
 * @param future  the future
 * @param out     where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. If the answer is true, what the completing thread did before is seen. Python: future.done().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_future_done(pirn_future_t *future,
                               bool *out);

/**
 * Gives the future's state.
 *
 * @param future  the future
 * @param out     gets PIRN_FUTURE_PENDING, _RUNNING, _CANCELLED, _CANCELLED_AND_NOTIFIED or _FINISHED
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Memory is ordered as by pirn_future_done. Python: none in public; compare repr(future).
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_future_state(pirn_future_t *future, int32_t *out);

/**
 * Waits for the result and gives it: any number of times, to any number of threads.
 *
 * @param future  the future
 * @param out     gets the result; may be NULL
 * @return PIRN_OK
 * @return PIRN_ERR_CANCELLED       it was cancelled
 * @return PIRN_ERR_TASK_FAILED     it failed; pirn_last_code and pirn_last_error say how
 * @return PIRN_ERR_BROKEN_EXECUTOR it had not started when a worker's initializer failed
 * @return PIRN_ERR_DEADLOCK        the calling thread runs its task: it is called by that task, or by one that the task waits for
 * @return PIRN_ERR_NO_THREAD       called by a task of the same executor: all its workers wait, without a limit and for its tasks alone,
 *                                  the system refuses another thread, and the stack is too full to run the task here. It is still queued
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Blocks without a limit; all who wait are woken together, in the order in which they came. Called by a task for a task
 * of the same executor that has not started, it runs that task itself, there and then; if that one runs elsewhere, the executor
 * may start a thread more while this one waits. Tasks that have started on several threads and wait for each other in a ring wait for
 * ever. What the completing thread did before is seen.
 * The result stays the future's, if it has a pirn_future_set_result_free; else it is whoever's the task says. Python:
 * future.result().
 * Follows: Python Library Reference, concurrent.futures, Future Objects; running the awaited task as in
 * java.util.concurrent.ForkJoinTask.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_future_result(pirn_future_t *future,
                                 void **out);

/**
 * Waits for the result for at most so long, and gives it.
 *
 * @param future   the future
 * @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @param out      gets the result; may be NULL
 * @return PIRN_OK
 * @return PIRN_TIMED_OUT the limit passed first
 * @return PIRN_ERR_CANCELLED, PIRN_ERR_TASK_FAILED, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_INVALID_HANDLE as for pirn_future_result
 * @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks, otherwise as pirn_future_result; but with a limit it never runs the task itself: the executor may start a thread
 * more meanwhile. Python: future.result(seconds).
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_future_result_timeout(pirn_future_t *future,
                                         double seconds,
                                         void **out);

/**
 * Waits until the future is over and says how it failed, if it did.
 *
 * @param future  the future
 * @param code    gets the code that the task returned; 0 if it did not fail
 * @param buf     gets at most `cap` bytes of the message, NUL-terminated where `cap` > 0; may be NULL if `cap` is 0
 * @param cap     the size of `buf`, in bytes
 * @param len     gets the message's whole length in bytes, without the NUL; 0 if it did not fail; may be NULL
 * @return PIRN_OK (also when the message was cut: then *len >= cap)
 * @return PIRN_ERR_CANCELLED        it was cancelled
 * @return PIRN_ERR_BROKEN_EXECUTOR  it had not started when a worker's initializer failed
 * @return PIRN_ERR_DEADLOCK, PIRN_ERR_NO_THREAD as for pirn_future_result
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `code` is NULL, or `buf` is and `cap` is not 0
 *
 * Blocks without a limit, as pirn_future_result. Python: future.exception().
 *
 * @pre `code` is NULL or valid for a write, `buf` NULL or valid for `cap` bytes, `len` NULL or valid for a write.
 */
pirn_status_t pirn_future_exception(pirn_future_t *future,
                                    int32_t *code,
                                    char *buf,
                                    size_t cap,
                                    size_t *len);

/**
 * Waits until the future is over, for at most so long, and says how it failed, if it did.
 *
 * @param future   the future
 * @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @param code, buf, cap, len  as for pirn_future_exception
 * @return PIRN_OK
 * @return PIRN_TIMED_OUT the limit passed first
 * @return PIRN_ERR_CANCELLED, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_INVALID_HANDLE as for pirn_future_exception
 * @return PIRN_ERR_INVALID_ARGUMENT as there, or `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks, as pirn_future_result_timeout. Python: future.exception(seconds).
 *
 * @pre As for pirn_future_exception.
 */
pirn_status_t pirn_future_exception_timeout(pirn_future_t *future,
                                            double seconds,
                                            int32_t *code,
                                            char *buf,
                                            size_t cap,
                                            size_t *len);

/**
 * Gives the payload of the future's failure (see pirn_raise_with).
 *
 * @param future  the future, which has failed
 * @param out     gets the payload, NULL if the failure has none. It is shown, not given: it stays until the future goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_STATE    it has not failed
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. What the failing thread did before is seen. Python: future.exception().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_future_payload(pirn_future_t *future,
                                  void **out);

/**
 * Has a function called when the future is over: finished or cancelled.
 *
 * @param future    the future
 * @param fn        the function
 * @param arg       its second argument
 * @param arg_free  called once with arg: after fn has returned, when the future goes without ever being over, or when this call
 *                  fails; may be NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. The functions of one future are called in the order in which they were added, each once, by the thread that
 * finishes or cancels it; if it is over already, at once by the caller. They may do anything: add others, read the result, free
 * the program's handle of the future. Python: future.add_done_callback(fn).
 *
 * @pre `fn` and `arg_free` may be called with `arg` on any thread.
 */
pirn_status_t pirn_future_add_done_callback(pirn_future_t *future,
                                            pirn_done_fn fn,
                                            void *arg,
                                            pirn_free_fn arg_free);

/**
 * For the owner of a free-standing future, before the work begins: marks it as running, or takes note that it was cancelled.
 *
 * @param future  the future
 * @param run     gets true if it is running now; false if it was cancelled, and the work is not to be done
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_STATE    it is running, finished, or cancelled and notified already
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `run` is NULL
 *
 * Does not block. A running future cannot be cancelled. When it was cancelled, pirn_wait and pirn_as_completed_next are
 * told now. Called for an executor's future that is pending, it takes the future from the executor: its task will not run.
 * Python: future.set_running_or_notify_cancel().
 *
 * @pre `run` is NULL or valid for a write.
 */
pirn_status_t pirn_future_set_running_or_notify_cancel(pirn_future_t *future,
                                                       bool *run);

/**
 * Finishes the future with a result.
 *
 * @param future  the future; pending or running
 * @param result  the result, which the future does not look into
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_STATE it is finished or cancelled; the result stays the caller's
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. Wakes all who wait, then runs the done callbacks on the calling thread. What was done before is seen by
 * who sees the future finished. For an executor's future that is pending its task will not run; if that is running, its
 * result is dropped.
 * Python: future.set_result(result).
 */
pirn_status_t pirn_future_set_result(pirn_future_t *future,
                                     void *result);

/**
 * Finishes the future with a failure.
 *
 * @param future   the future; pending or running
 * @param code     says what failed; not 0
 * @param message  UTF-8 text, copied; NULL for none
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_STATE    it is finished or cancelled
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `code` is 0
 * @return PIRN_ERR_NO_MEMORY        there is none for the message; the future is as before
 *
 * Does not block; as pirn_future_set_result. Python: future.set_exception(exception).
 *
 * @pre `message` is NULL or NUL-terminated.
 */
pirn_status_t pirn_future_set_exception(pirn_future_t *future, int32_t code, const char *message);

/**
 * Finishes the future with a failure that carries an object: see pirn_raise_with.
 *
 * @param future        the future; pending or running
 * @param code          says what failed; not 0
 * @param message       UTF-8 text, copied; NULL for none
 * @param payload       the object, which pirn_future_payload shows
 * @param payload_free  called once with payload: when the future goes, or when this call fails; may be NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_STATE    it is finished or cancelled
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `code` is 0
 * @return PIRN_ERR_NO_MEMORY        as for pirn_future_set_exception
 *
 * Does not block; as pirn_future_set_result. Python: future.set_exception(exception).
 *
 * @pre `message` is NULL or NUL-terminated; `payload_free` may be called with `payload` on any thread.
 */
pirn_status_t pirn_future_set_exception_with(pirn_future_t *future,
                                             int32_t code,
                                             const char *message,
                                             void *payload,
                                             pirn_free_fn payload_free);

/**
 * Makes the result the future's own: it is given back when nothing uses the future any more.
 *
 * @param future       the future, in any state
 * @param result_free  called once with the result, if there will be one; NULL for the result to be the program's again
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. Python: none; there the last reference to the result does it.
 *
 * @pre `result_free` may be called with the result on any thread.
 */
pirn_status_t pirn_future_set_result_free(pirn_future_t *future,
                                          pirn_free_fn result_free);

/**
 * Waits for several futures, of one executor, of several, or free-standing.
 *
 * @param futures      the futures; a duplicate counts once. May be NULL if `n` is 0
 * @param n            how many
 * @param return_when  PIRN_FIRST_COMPLETED: when one is done; PIRN_FIRST_EXCEPTION: when one has failed (a cancelled one
 *                     has not), or all are done; PIRN_ALL_COMPLETED: when all are done
 * @param seconds      the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @param done         gets `n` flags, whether the future at that place is done; written on PIRN_TIMED_OUT too; may be NULL
 * @param n_done       gets how many futures are done, each counted once; written on PIRN_TIMED_OUT too; may be NULL
 * @return PIRN_OK        it found what it waited for; at once if `n` is 0
 * @return PIRN_TIMED_OUT the limit passed first
 * @return PIRN_ERR_INVALID_HANDLE   one of them is no future; nothing was waited for
 * @return PIRN_ERR_INVALID_ARGUMENT `futures` is NULL and `n` is not 0, `return_when` is none of the three, or `seconds` is
 *                                   NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 * @return PIRN_ERR_DEADLOCK         there is no limit, and what it waits for needs a future whose task the calling thread runs
 * @return PIRN_ERR_NO_THREAD        there is no limit; otherwise as for pirn_future_result
 * @return PIRN_ERR_NO_MEMORY
 *
 * Blocks. Done means finished, or cancelled and notified (see pirn_future_cancel). Called by a task for futures of its own
 * executor, it may have the executor start a thread more while it waits. What the completing threads did before is seen.
 * The handles may be freed meanwhile. Python: concurrent.futures.wait(futures, seconds, return_when).
 *
 * @pre `futures` is NULL or valid for `n` reads, `done` NULL or valid for `n` writes, `n_done` NULL or valid for a write.
 */
pirn_status_t pirn_wait(pirn_future_t *const *futures,
                        size_t n,
                        int32_t return_when,
                        double seconds,
                        bool *done,
                        size_t *n_done);

/**
 * Makes an iteration over futures as they get done.
 *
 * @param futures  the futures; a duplicate is given out once, as the first. May be NULL if `n` is 0. The array is not used
 *                 any more after the call, and the handles may be freed
 * @param n        how many
 * @param seconds  the limit for the whole iteration, counted from now: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @param out      where the handle goes; the caller frees it with pirn_as_completed_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE   one of them is no future
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL, `futures` is NULL and `n` is not 0, or `seconds` is NaN or negative (and
 *                                   not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: concurrent.futures.as_completed(futures, seconds).
 *
 * @pre `futures` is NULL or valid for `n` reads, `out` NULL or valid for a write.
 */
pirn_status_t pirn_as_completed(pirn_future_t *const *futures,
                                size_t n,
                                double seconds,
                                pirn_as_completed_t **out);

/**
 * Waits for the next future that is done: first those that were done at the pirn_as_completed, in the order of the array,
 * then the others in the order in which they get done.
 *
 * @param it     the iteration
 * @param index  gets the future's place in the array
 * @return PIRN_OK
 * @return PIRN_END       all have been given out
 * @return PIRN_TIMED_OUT the limit of the iteration has passed, and none is done that was not given out; a later call may
 *                        find one
 * @return PIRN_ERR_DEADLOCK  there is no limit, and the calling thread runs the tasks of all futures that are left. A later call goes on
 * @return PIRN_ERR_NO_THREAD there is no limit; otherwise as for pirn_future_result. A later call goes on
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `index` is NULL
 *
 * Blocks. Several threads may share an iteration: each future goes to one of them, and those who wait are served in the
 * order in which they came. Done means what it does for pirn_wait, and memory is ordered likewise. A future that has been
 * given out is not kept alive any longer. Python: next() on the iterator.
 *
 * @pre `index` is NULL or valid for a write.
 */
pirn_status_t pirn_as_completed_next(pirn_as_completed_t *it,
                                     size_t *index);

/**
 * Lets go of an iteration. The futures are as they were; a thread that waits in pirn_as_completed_next goes on.
 *
 * @param it  the iteration, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block and is never busy. Python: the end of a reference.
 */
pirn_status_t pirn_as_completed_free(pirn_as_completed_t *it);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_FUTURE_H */
