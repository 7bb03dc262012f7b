/**
 * @file
 * Executor: runs tasks on a pool of threads, and map (Python: `concurrent.futures.ThreadPoolExecutor`).
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_EXECUTOR_H
#define PIRN_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Queues a task.
 *
 * @param ex        the executor
 * @param fn        the task; what it stores through its second argument is the result
 * @param arg       the task's first argument
 * @param arg_free  called once with arg: when the task has returned and before its future is finished; when it is cancelled; or
 *                  when this call fails. May be NULL
 * @param out       where the future's handle goes; the caller frees it with pirn_future_free. NULL for no future: then a
 *                  failure goes to the excepthook, and a result is dropped
 * @return PIRN_OK
 * @return PIRN_ERR_SHUT_DOWN       the executor or the library has been shut down
 * @return PIRN_ERR_BROKEN_EXECUTOR an initializer has failed
 * @return PIRN_ERR_NO_THREAD       it has no worker yet, and the system refuses the first
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block, but for the start of a thread, and for room where pirn_executor_set_max_pending has set a bound. With one
 * worker the tasks of one thread are started in the order in which it submitted them; with several, short ones only nearly so.
 * Everything done before is seen by the task. A failing task is reported by its future; the worker lives on. A task may wait for
 * others of the same executor (see pirn_future_result). Python: executor.submit(fn, arg), which starts them in order with several
 * workers, too.
 * Follows: Python Library Reference, concurrent.futures, ThreadPoolExecutor.
 *
 * @pre `fn` and `arg_free` may be called with `arg` on any thread; `out` is NULL or valid for a write.
 */
pirn_status_t pirn_executor_submit(pirn_executor_t *ex,
                                   pirn_task_fn fn,
                                   void *arg,
                                   pirn_free_fn arg_free,
                                   pirn_future_t **out);

/**
 * Queues a task, if there is room for it at once: with a bound that pirn_executor_set_max_pending has set.
 *
 * @param ex        the executor
 * @param fn        as for pirn_executor_submit, and so are the others
 * @param arg       on PIRN_WOULD_BLOCK it stays with the caller, who may try again; arg_free is not called
 * @param arg_free  called once with arg otherwise
 * @param out       where the future's handle goes; NULL for no future
 * @return PIRN_OK
 * @return PIRN_WOULD_BLOCK as many tasks wait as the bound allows, or other threads wait for room; nothing changed
 * @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE, PIRN_ERR_INVALID_ARGUMENT,
 *         PIRN_ERR_NO_MEMORY as for pirn_executor_submit
 *
 * Does not block, but for the start of a thread. A task may call it, too: unlike pirn_executor_submit it minds the bound there.
 * Everything done before is seen by the task. Python: none.
 *
 * @pre As for pirn_executor_submit.
 */
pirn_status_t pirn_executor_try_submit(pirn_executor_t *ex,
                                       pirn_task_fn fn,
                                       void *arg,
                                       pirn_free_fn arg_free,
                                       pirn_future_t **out);

/**
 * Queues a task, waiting for room for at most so long: with a bound that pirn_executor_set_max_pending has set.
 *
 * @param ex        the executor
 * @param fn        as for pirn_executor_submit, and so are the others
 * @param arg       on PIRN_TIMED_OUT it stays with the caller, who may try again; arg_free is not called
 * @param arg_free  called once with arg otherwise
 * @param seconds   the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @param out       where the future's handle goes; NULL for no future
 * @return PIRN_OK
 * @return PIRN_TIMED_OUT the limit passed first; nothing changed
 * @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE, PIRN_ERR_NO_MEMORY as for
 *         pirn_executor_submit
 * @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL, or `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks as pirn_executor_submit does, which is for ever there. Everything done before is seen by the task. Python: none.
 *
 * @pre As for pirn_executor_submit.
 */
pirn_status_t pirn_executor_submit_timeout(pirn_executor_t *ex,
                                           pirn_task_fn fn,
                                           void *arg,
                                           pirn_free_fn arg_free,
                                           double seconds,
                                           pirn_future_t **out);

/**
 * Queues a task with a priority. Of the tasks that wait the one with the highest is started first; those of the same one in the
 * order in which they were submitted.
 *
 * @param ex        the executor
 * @param fn        as for pirn_executor_submit, and so are the others
 * @param arg       the task's first argument
 * @param arg_free  called once with arg, also when this call fails
 * @param priority  any number; the tasks of all other functions have 0
 * @param out       where the future's handle goes; NULL for no future
 * @return PIRN_OK
 * @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE, PIRN_ERR_INVALID_ARGUMENT,
 *         PIRN_ERR_NO_MEMORY as for pirn_executor_submit
 *
 * Blocks where pirn_executor_submit does. A task that runs is never interrupted. With several workers each of them
 * starts the best there is when it gets free; of two that get free at the same time either may be first. A task with a negative
 * priority waits as long as there are others. Everything done before is seen by the task. Python: none; a pool on a
 * queue.PriorityQueue.
 *
 * @pre As for pirn_executor_submit.
 */
pirn_status_t pirn_executor_submit_priority(pirn_executor_t *ex,
                                            pirn_task_fn fn,
                                            void *arg,
                                            pirn_free_fn arg_free,
                                            int32_t priority,
                                            pirn_future_t **out);

/**
 * Queues a task for each of many arguments, by one call.
 *
 * @param ex        the executor
 * @param fn        the task, as for pirn_executor_submit
 * @param args      the tasks' first arguments; the array is copied. May be NULL if `n` is 0
 * @param n         how many
 * @param arg_free  called once with each, as by pirn_executor_submit; may be NULL
 * @param out       an array of `n`, for the futures' handles; the caller frees each with pirn_future_free. NULL for no futures
 * @return PIRN_OK
 * @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE as for pirn_executor_submit
 * @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL, or `args` is NULL and `n` is not 0
 * @return PIRN_ERR_NO_MEMORY        also for an `n` for which no array can exist; then no argument is touched
 *
 * Blocks where pirn_executor_submit does: with a bound until there is room for one task, and then all are queued. All of them
 * are, or none; one after the other, in the order of the array. Everything done before is seen by the tasks. Python: [executor.submit(fn, arg)
 * for arg in args].
 *
 * @pre `fn` and `arg_free` may be called with each argument on any thread; `args` is NULL or valid for `n` reads, `out` NULL or valid
 * for `n` writes.
 */
pirn_status_t pirn_executor_submit_many(pirn_executor_t *ex,
                                        pirn_task_fn fn,
                                        void *const *args,
                                        size_t n,
                                        pirn_free_fn arg_free,
                                        pirn_future_t **out);

/**
 * Parallel for: calls a function for all parts of a range of numbers, on several threads, and returns when all is done. The
 * calling thread is one of them; there are as many as the executor may have workers, and not more than there are processors.
 *
 * @param ex     the executor
 * @param begin  the first number
 * @param end    the number behind the last
 * @param grain  how many numbers a call gets, counted from `begin`; the last may get fewer. 0: as many as suits
 * @param fn     called with the begin and the end of a part and `arg`; every number is in one part
 * @param arg    its last argument, which all calls share
 * @return PIRN_OK (also if `begin` is `end`: then nothing is called)
 * @return PIRN_ERR_TASK_FAILED     a call has failed; pirn_last_code and pirn_last_error say how the first one did. No call was
 *                                  begun after that, and all that had been have returned
 * @return PIRN_ERR_SHUT_DOWN       the executor or the library has been shut down before
 * @return PIRN_ERR_BROKEN_EXECUTOR an initializer has failed before
 * @return PIRN_ERR_CANCELLED       in a child of a fork by `fn`: what other threads had begun is not finished
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL, or `begin` is above `end`
 * @return PIRN_ERR_NO_MEMORY
 *
 * Blocks until the last call has returned. Parts are given to threads as they get free: one that has nothing takes half of
 * what another has not begun, so calls may take different times; in which order and on which thread they come is not
 * specified, so they must not wait for one another. It may be called by a task, and by `fn`: it waits only for calls that are
 * under way, and where no worker is free, or the system refuses a thread, the calling thread does all of it. A shutdown meanwhile does not
 * cut it short. Each call sees what was done before; what all of them did is seen when this returns. Python: none; the
 * nearest is a list(executor.map(fn, range(begin, end))).
 * Follows: Blumofe, Leiserson, "Scheduling Multithreaded Computations by Work Stealing", J. ACM 46(5), 1999.
 *
 * @pre `fn` may be called with `arg` on several threads at once until this call returns.
 */
pirn_status_t pirn_executor_for_range(pirn_executor_t *ex,
                                      size_t begin,
                                      size_t end,
                                      size_t grain,
                                      pirn_range_fn fn,
                                      void *arg);

/**
 * Queues a task for each of many items. The results come from pirn_map_next, in the order of the items.
 *
 * @param ex         the executor
 * @param fn         the task; called with an item
 * @param items      the items; the array is copied. May be NULL if `n` is 0
 * @param n          how many
 * @param item_free  called once with each item: when its task is over or cancelled, or when this call fails; may be NULL
 * @param chunksize  how many items one worker takes at a time; not 0
 * @param timeout    the limit for the whole iteration, counted from now: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity
 *                   for none
 * @param out        where the handle goes; the caller frees it with pirn_map_free
 * @return PIRN_OK
 * @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE as for pirn_executor_submit
 * @return PIRN_ERR_INVALID_ARGUMENT `fn` or `out` is NULL, `items` is NULL and `n` is not 0, `chunksize` is 0, or `timeout`
 *                                   is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `timeout` is above PIRN_TIMEOUT_MAX
 * @return PIRN_ERR_NO_MEMORY        also for an `n` for which no array can exist; then no item is touched
 *
 * Does not block, but for the start of threads, and for room where pirn_executor_set_max_pending has set a bound. All items are queued, or none. Python: executor.map(fn, items, timeout=...,
 * chunksize=...), where chunksize has an effect with processes only.
 *
 * @pre `fn` and `item_free` may be called with each item on any thread; `items` is NULL or valid for `n` reads, `out` NULL or
 * valid for a write.
 */
pirn_status_t pirn_executor_map(pirn_executor_t *ex,
                                pirn_task_fn fn,
                                void *const *items,
                                size_t n,
                                pirn_free_fn item_free,
                                size_t chunksize,
                                double timeout,
                                pirn_map_t **out);

/**
 * Waits for the next result and gives it.
 *
 * @param map     the map
 * @param result  gets the result
 * @return PIRN_OK
 * @return PIRN_END                 there are no more: all have been given out, or an error or the time limit has ended the
 *                                  iteration
 * @return PIRN_TIMED_OUT           the limit of the whole iteration passed first
 * @return PIRN_ERR_TASK_FAILED     the item's task failed; pirn_last_code and pirn_last_error say how
 * @return PIRN_ERR_CANCELLED       the item was cancelled
 * @return PIRN_ERR_BROKEN_EXECUTOR an initializer failed before the item's task started
 * @return PIRN_ERR_DEADLOCK, PIRN_ERR_NO_THREAD as for pirn_future_result; a later call goes on
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `result` is NULL
 *
 * Blocks. PIRN_TIMED_OUT and the errors of tasks cancel what has not started and end the iteration: PIRN_END follows.
 * Several threads may share a map; each result goes to one of them. Called by a task of the same executor it does what
 * pirn_future_result does. What the task did is seen. Python: next() on what executor.map() returns.
 *
 * @pre `result` is NULL or valid for a write.
 */
pirn_status_t pirn_map_next(pirn_map_t *map,
                            void **result);

/**
 * Cancels what has not started. Results of what has are still given out, up to the first item that was cancelled.
 *
 * @param map  the map
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. Items that are cancelled have been given back when this returns. Python: what closing the iterator does.
 */
pirn_status_t pirn_map_cancel(pirn_map_t *map);

/**
 * Has results given back that pirn_map_next never gave out.
 *
 * @param map          the map
 * @param result_free  called once with each of them, when the map is gone and their tasks are over; NULL for nothing
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. Python: none; there the last reference to the result does it.
 *
 * @pre `result_free` may be called with any of the results on any thread.
 */
pirn_status_t pirn_map_set_result_free(pirn_map_t *map,
                                       pirn_free_fn result_free);

/**
 * Lets go of a map. Its tasks go on.
 *
 * @param map  the map, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block and is never busy. Python: the end of a reference (which there cancels what has not started).
 */
pirn_status_t pirn_map_free(pirn_map_t *map);

/**
 * Makes an executor. It starts no thread before the first submit, and then only when none of those it has is idle.
 *
 * @param max_workers  how many tasks run at a time at most; 0 for min(32, processors + 4). A huge number costs nothing
 * @param out          where the handle goes; the caller frees it with pirn_executor_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `max_workers` is negative, or `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: ThreadPoolExecutor(max_workers).
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_executor_new(int64_t max_workers,
                                pirn_executor_t **out);

/**
 * Shuts the executor down, waits until its tasks are done and its threads gone, and frees it: the end of a with block. After a
 * pirn_executor_shutdown without waiting it returns at once, and what is queued still runs.
 *
 * @param ex  the executor, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_DEADLOCK it was not shut down before, and the caller is one of its workers; the handle stays valid and the
 *                           executor goes on
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Blocks without a limit, unless the executor was shut down without waiting. Futures and maps live on. Everything that the
 * tasks did is seen when it has waited. Python: with ThreadPoolExecutor() as ex: ...
 */
pirn_status_t pirn_executor_free(pirn_executor_t *ex);

/**
 * Sets what the names of the workers begin with: prefix_0, prefix_1, and so on.
 *
 * @param ex      the executor
 * @param prefix  UTF-8 text of any length, copied; empty for the default, "ThreadPoolExecutor-N"
 * @return PIRN_OK
 * @return PIRN_ERR_ALREADY_STARTED a task has been submitted
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `prefix` is NULL or not UTF-8
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: ThreadPoolExecutor(thread_name_prefix=prefix).
 *
 * @pre `prefix` is NULL or NUL-terminated.
 */
pirn_status_t pirn_executor_set_thread_name_prefix(pirn_executor_t *ex, const char *prefix);

/**
 * Sets what each worker runs before its first task. If it fails, that goes to the excepthook and the executor is broken:
 * tasks that have not started never will, their futures and later submits get PIRN_ERR_BROKEN_EXECUTOR.
 *
 * @param ex        the executor
 * @param fn        the function; NULL for none
 * @param arg       its argument, which all workers use
 * @param arg_free  called once with arg: when the executor and its workers are gone, when another initializer takes the place,
 *                  or when this call fails; may be NULL
 * @return PIRN_OK
 * @return PIRN_ERR_ALREADY_STARTED a task has been submitted
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: ThreadPoolExecutor(initializer=fn, initargs=...).
 *
 * @pre `fn` may be called with `arg` on several threads at once, and `arg_free` on any thread.
 */
pirn_status_t pirn_executor_set_initializer(pirn_executor_t *ex,
                                            pirn_target_fn fn,
                                            void *arg,
                                            pirn_free_fn arg_free);

/**
 * Has the executor take no more tasks. What is queued still runs, also while the process exits.
 *
 * @param ex              the executor
 * @param wait            whether to wait until all tasks are done and the threads are gone
 * @param cancel_futures  whether to cancel what has not started
 * @return PIRN_OK (also if it was shut down before)
 * @return PIRN_ERR_DEADLOCK `wait` is true and the caller is one of its workers; nothing changed
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Blocks if `wait` is true, without a limit; any number of threads may. Who waits for a future that is cancelled is told,
 * and its done callbacks run on the calling thread. Everything that the tasks did is seen when it has waited. Python:
 * executor.shutdown(wait, cancel_futures=cancel_futures).
 */
pirn_status_t pirn_executor_shutdown(pirn_executor_t *ex,
                                     bool wait,
                                     bool cancel_futures);

/**
 * Gives how many tasks run at a time at most.
 *
 * @param ex   the executor
 * @param out  where the number goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Tasks that wait for others of the same executor do not count. Python: none in public.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_executor_max_workers(pirn_executor_t *ex, size_t *out);

/**
 * Changes how many tasks run at a time at most, at any time.
 *
 * @param ex           the executor
 * @param max_workers  the number; 0 for min(32, processors + 4)
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `max_workers` is negative
 *
 * Does not block, but for the start of a thread. If it is more than before, workers are started as queued tasks need them; if it is
 * fewer, those that are too many leave: at once if they are idle, else when the task that they run is over. No task is
 * interrupted. Python: none.
 */
pirn_status_t pirn_executor_set_max_workers(pirn_executor_t *ex,
                                            int64_t max_workers);

/**
 * Sets how many tasks may wait for a worker. From then on a submit waits while there are so many, pirn_executor_try_submit says
 * so, and pirn_executor_submit_timeout waits for so long.
 *
 * @param ex           the executor
 * @param max_pending  the bound; 0 for none, as at the beginning
 * @return PIRN_OK
 * @return PIRN_ERR_ALREADY_STARTED a task has been submitted
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. A task counts until it is started or cancelled. Threads that wait for room are served in the order in which they
 * came; a shutdown wakes them with PIRN_ERR_SHUT_DOWN. Many tasks that are submitted together, by pirn_executor_submit_many or
 * pirn_executor_map, wait until there is room for one and are then queued together. What a task of the same executor submits is
 * never held back, except by pirn_executor_try_submit: it would wait for room that only it can make. Python: none; in
 * 3.14 map has buffersize.
 */
pirn_status_t pirn_executor_set_max_pending(pirn_executor_t *ex,
                                            size_t max_pending);

/**
 * Gives how many tasks may wait for a worker.
 *
 * @param ex   the executor
 * @param out  where the number goes; 0 for any number
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: none.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_executor_max_pending(pirn_executor_t *ex, size_t *out);

/**
 * Gives how many tasks there are, at this moment. A map's chunk counts as one.
 *
 * @param ex       the executor
 * @param queued   gets how many have not started and are not cancelled
 * @param running  gets how many run; one that waits for another counts too. A task whose future is over does not
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `queued` or `running` is NULL
 *
 * Does not block. Python: none in public.
 *
 * @pre `queued` and `running` are NULL or valid for a write.
 */
pirn_status_t pirn_executor_pending(pirn_executor_t *ex,
                                    size_t *queued,
                                    size_t *running);

/**
 * Copies what the names of the workers begin with.
 *
 * @param ex   the executor
 * @param buf  gets at most `cap` bytes, NUL-terminated where `cap` > 0; may be NULL if `cap` is 0
 * @param cap  the size of `buf`, in bytes
 * @param len  gets the prefix's whole length in bytes, without the NUL; may be NULL
 * @return PIRN_OK (also when it was cut: then *len >= cap)
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `buf` is NULL and `cap` is not 0
 *
 * Does not block. Python: none in public.
 *
 * @pre `buf` is NULL or valid for `cap` bytes, `len` is NULL or valid for a write.
 */
pirn_status_t pirn_executor_thread_name_prefix(pirn_executor_t *ex, char *buf, size_t cap, size_t *len);

/**
 * Says whether the executor takes no more tasks, because it, or the library, was shut down.
 *
 * @param ex   the executor
 * @param out  where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: none in public.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_executor_is_shut_down(pirn_executor_t *ex, bool *out);

/**
 * Says whether an initializer has failed.
 *
 * @param ex   the executor
 * @param out  where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: none in public; compare concurrent.futures.thread.BrokenThreadPool.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_executor_is_broken(pirn_executor_t *ex, bool *out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_EXECUTOR_H */
