//! Executor: runs tasks on a pool of threads, and map (Python: `concurrent.futures.ThreadPoolExecutor`).

use super::callback::{argument, range, target, task};
use super::guard::{guard, required, write_out};
use super::object::{ask, create, free, on, wait_unless};
use super::text::{check_buffer, incoming, outgoing};
use super::types::{
    Flag, pirn_executor_t, pirn_free_fn, pirn_future_t, pirn_map_t, pirn_range_fn, pirn_status_t, pirn_target_fn,
    pirn_task_fn,
};
use crate::callback::{Arg, Task};
use crate::exec::{Executor, Map, Patience, Refused};
use crate::handle::arena::Vacant;
use crate::handle::{Handle, shared};
use crate::park::Timeout;
use crate::status::Error;
use core::ffi::{c_char, c_void};
use std::sync::Arc;

/// Makes an executor. It starts no thread before the first submit, and then only when none of those it has is idle.
///
/// @param max_workers  how many tasks run at a time at most; 0 for min(32, processors + 4). A huge number costs nothing
/// @param out          where the handle goes; the caller frees it with pirn_executor_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `max_workers` is negative, or `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: ThreadPoolExecutor(max_workers).
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_new(max_workers: i64, out: *mut *mut pirn_executor_t) -> pirn_status_t {
    let make = || {
        let max_workers = usize::try_from(max_workers).map_err(|_| Error::InvalidArgument)?;
        Ok(Arc::new(Executor::new(max_workers)))
    };
    // SAFETY: the caller's promise.
    unsafe { create("pirn_executor_new", out, make) }
}

/// Shuts the executor down, waits until its tasks are done and its threads gone, and frees it: the end of a with block. After a
/// pirn_executor_shutdown without waiting it returns at once, and what is queued still runs.
///
/// @param ex  the executor, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_DEADLOCK it was not shut down before, and the caller is one of its workers; the handle stays valid and the
///                           executor goes on
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks without a limit, unless the executor was shut down without waiting. Futures and maps live on. Everything that the
/// tasks did is seen when it has waited. Python: with ThreadPoolExecutor() as ex: ...
#[unsafe(no_mangle)]
pub extern "C" fn pirn_executor_free(ex: *mut pirn_executor_t) -> pirn_status_t {
    guard("pirn_executor_free", || {
        if ex.is_null() {
            return Ok(());
        }
        let handle = Handle::from_ptr(ex);
        let executor = shared::pin::<Executor>(handle)?;
        executor.finish()?;
        shared::free::<Executor>(handle)?;
        Ok(())
    })
}

/// Sets what the names of the workers begin with: prefix_0, prefix_1, and so on.
///
/// @param ex      the executor
/// @param prefix  UTF-8 text of any length, copied; empty for the default, "ThreadPoolExecutor-N"
/// @return PIRN_OK
/// @return PIRN_ERR_ALREADY_STARTED a task has been submitted
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `prefix` is NULL or not UTF-8
///
/// Does not block. Python: ThreadPoolExecutor(thread_name_prefix=prefix).
///
/// # Safety
/// `prefix` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_set_thread_name_prefix(
    ex: *mut pirn_executor_t,
    prefix: *const c_char,
) -> pirn_status_t {
    on("pirn_executor_set_thread_name_prefix", ex, |executor: &Arc<Executor>| {
        // SAFETY: the caller's promise.
        Ok(executor.set_thread_name_prefix(unsafe { incoming(prefix) }?)?)
    })
}

/// Sets what each worker runs before its first task. If it fails, that goes to the excepthook and the executor is broken:
/// tasks that have not started never will, their futures and later submits get PIRN_ERR_BROKEN_EXECUTOR.
///
/// @param ex        the executor
/// @param fn        the function; NULL for none
/// @param arg       its argument, which all workers use
/// @param arg_free  called once with arg: when the executor and its workers are gone, when another initializer takes the place,
///                  or when this call fails; may be NULL
/// @return PIRN_OK
/// @return PIRN_ERR_ALREADY_STARTED a task has been submitted
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Python: ThreadPoolExecutor(initializer=fn, initargs=...).
///
/// # Safety
/// `fn` may be called with `arg` on several threads at once, and `arg_free` on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_set_initializer(
    ex: *mut pirn_executor_t,
    r#fn: pirn_target_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
) -> pirn_status_t {
    let arg = argument(arg, arg_free);
    on("pirn_executor_set_initializer", ex, |executor: &Arc<Executor>| {
        let initializer = if r#fn.is_some() { Some(target(r#fn, arg)?) } else { None };
        Ok(executor.set_initializer(initializer)?)
    })
}

/// Queues a task.
///
/// @param ex        the executor
/// @param fn        the task; what it stores through its second argument is the result
/// @param arg       the task's first argument
/// @param arg_free  called once with arg: when the task has returned and before its future is finished; when it is cancelled; or
///                  when this call fails. May be NULL
/// @param out       where the future's handle goes; the caller frees it with pirn_future_free. NULL for no future: then a
///                  failure goes to the excepthook, and a result is dropped
/// @return PIRN_OK
/// @return PIRN_ERR_SHUT_DOWN       the executor or the library has been shut down
/// @return PIRN_ERR_BROKEN_EXECUTOR an initializer has failed
/// @return PIRN_ERR_NO_THREAD       it has no worker yet, and the system refuses the first
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block, but for the start of a thread, and for room where pirn_executor_set_max_pending has set a bound. Tasks are started in the order in which they were submitted. Everything
/// done before is seen by the task. A failing task is reported by its future; the worker lives on. A task may wait for
/// others of the same executor (see pirn_future_result). Python: executor.submit(fn, arg).
/// Follows: Python Library Reference, concurrent.futures, ThreadPoolExecutor.
///
/// # Safety
/// `fn` and `arg_free` may be called with `arg` on any thread; `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_submit(
    ex: *mut pirn_executor_t,
    r#fn: pirn_task_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
    out: *mut *mut pirn_future_t,
) -> pirn_status_t {
    let arg = argument(arg, arg_free);
    on("pirn_executor_submit", ex, |executor: &Arc<Executor>| {
        let task = task(r#fn, arg)?;
        if out.is_null() {
            return Ok(executor.submit_detached(task)?);
        }
        let handle = executor.submit_open(task)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, handle.as_ptr()) };
        Ok(())
    })
}

/// Queues a task, if there is room for it at once: with a bound that pirn_executor_set_max_pending has set.
///
/// @param ex        the executor
/// @param fn        as for pirn_executor_submit, and so are the others
/// @param arg       on PIRN_WOULD_BLOCK it stays with the caller, who may try again; arg_free is not called
/// @param arg_free  called once with arg otherwise
/// @param out       where the future's handle goes; NULL for no future
/// @return PIRN_OK
/// @return PIRN_WOULD_BLOCK as many tasks wait as the bound allows, or other threads wait for room; nothing changed
/// @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE, PIRN_ERR_INVALID_ARGUMENT,
///         PIRN_ERR_NO_MEMORY as for pirn_executor_submit
///
/// Does not block, but for the start of a thread. A task may call it, too: unlike pirn_executor_submit it minds the bound there.
/// Everything done before is seen by the task. Python: none.
///
/// # Safety
/// As for pirn_executor_submit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_try_submit(
    ex: *mut pirn_executor_t,
    r#fn: pirn_task_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
    out: *mut *mut pirn_future_t,
) -> pirn_status_t {
    let arg = argument(arg, arg_free);
    // SAFETY: the caller's promise.
    unsafe { submit_on_terms("pirn_executor_try_submit", ex, r#fn, arg, 0, || Ok(Patience::None), out) }
}

/// Queues a task, waiting for room for at most so long: with a bound that pirn_executor_set_max_pending has set.
///
/// @param ex        the executor
/// @param fn        as for pirn_executor_submit, and so are the others
/// @param arg       on PIRN_TIMED_OUT it stays with the caller, who may try again; arg_free is not called
/// @param arg_free  called once with arg otherwise
/// @param seconds   the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @param out       where the future's handle goes; NULL for no future
/// @return PIRN_OK
/// @return PIRN_TIMED_OUT the limit passed first; nothing changed
/// @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE, PIRN_ERR_NO_MEMORY as for
///         pirn_executor_submit
/// @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL, or `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks as pirn_executor_submit does, which is for ever there. Everything done before is seen by the task. Python: none.
///
/// # Safety
/// As for pirn_executor_submit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_submit_timeout(
    ex: *mut pirn_executor_t,
    r#fn: pirn_task_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
    seconds: f64,
    out: *mut *mut pirn_future_t,
) -> pirn_status_t {
    let arg = argument(arg, arg_free);
    let patience = || Ok(Patience::Until(Timeout::from_seconds(seconds)?.deadline()));
    // SAFETY: the caller's promise.
    unsafe { submit_on_terms("pirn_executor_submit_timeout", ex, r#fn, arg, 0, patience, out) }
}

/// Queues a task with a priority. Of the tasks that wait the one with the highest is started first; those of the same one in the
/// order in which they were submitted.
///
/// @param ex        the executor
/// @param fn        as for pirn_executor_submit, and so are the others
/// @param arg       the task's first argument
/// @param arg_free  called once with arg, also when this call fails
/// @param priority  any number; the tasks of all other functions have 0
/// @param out       where the future's handle goes; NULL for no future
/// @return PIRN_OK
/// @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE, PIRN_ERR_INVALID_ARGUMENT,
///         PIRN_ERR_NO_MEMORY as for pirn_executor_submit
///
/// Blocks where pirn_executor_submit does. A task that runs is never interrupted. With several workers each of them
/// starts the best there is when it gets free; of two that get free at the same time either may be first. A task with a negative
/// priority waits as long as there are others. Everything done before is seen by the task. Python: none; a pool on a
/// queue.PriorityQueue.
///
/// # Safety
/// As for pirn_executor_submit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_submit_priority(
    ex: *mut pirn_executor_t,
    r#fn: pirn_task_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
    priority: i32,
    out: *mut *mut pirn_future_t,
) -> pirn_status_t {
    let arg = argument(arg, arg_free);
    let forever = || Ok(Patience::Until(Timeout::NEVER.deadline()));
    // SAFETY: the caller's promise.
    unsafe { submit_on_terms("pirn_executor_submit_priority", ex, r#fn, arg, priority, forever, out) }
}

/// # Safety
/// As for pirn_executor_submit.
unsafe fn submit_on_terms(
    name: &'static str,
    ex: *mut pirn_executor_t,
    function: pirn_task_fn,
    arg: Arg,
    priority: i32,
    patience: impl FnOnce() -> Result<Patience, Error>,
    out: *mut *mut pirn_future_t,
) -> pirn_status_t {
    on(name, ex, |executor: &Arc<Executor>| {
        let task = task(function, arg)?;
        match executor.submit_on_terms(task, out.is_null(), priority, patience()?) {
            // SAFETY: there is a handle only if it is not NULL; and the caller's promise.
            Ok(handle) => handle.into_iter().for_each(|handle| unsafe { write_out(out, handle.as_ptr()) }),
            Err(Refused { error, task }) => {
                if matches!(error, Error::WouldBlock | Error::TimedOut) {
                    task.into_iter().for_each(Task::forget);
                }
                return Err(error.into());
            }
        }
        Ok(())
    })
}

/// Queues a task for each of many arguments, by one call.
///
/// @param ex        the executor
/// @param fn        the task, as for pirn_executor_submit
/// @param args      the tasks' first arguments; the array is copied. May be NULL if `n` is 0
/// @param n         how many
/// @param arg_free  called once with each, as by pirn_executor_submit; may be NULL
/// @param out       an array of `n`, for the futures' handles; the caller frees each with pirn_future_free. NULL for no futures
/// @return PIRN_OK
/// @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE as for pirn_executor_submit
/// @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL, or `args` is NULL and `n` is not 0
/// @return PIRN_ERR_NO_MEMORY        also for an `n` for which no array can exist; then no argument is touched
///
/// Blocks where pirn_executor_submit does: with a bound until there is room for one task, and then all are queued. All of them
/// are, or none; one after the other, in the order of the array. Everything done before is seen by the tasks. Python: [executor.submit(fn, arg)
/// for arg in args].
///
/// # Safety
/// `fn` and `arg_free` may be called with each argument on any thread; `args` is NULL or valid for `n` reads, `out` NULL or valid
/// for `n` writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_submit_many(
    ex: *mut pirn_executor_t,
    r#fn: pirn_task_fn,
    args: *const *mut c_void,
    n: usize,
    arg_free: pirn_free_fn,
    out: *mut *mut pirn_future_t,
) -> pirn_status_t {
    // SAFETY: the caller's promise.
    let tasks = unsafe { tasks(r#fn, args, n, arg_free) };
    on("pirn_executor_submit_many", ex, |executor: &Arc<Executor>| {
        let tasks = tasks?;
        if tasks.is_empty() {
            return Ok(());
        }
        if out.is_null() {
            return Ok(executor.submit_many_detached(tasks)?);
        }
        for (index, handle) in executor.submit_many_open(tasks)?.into_iter().enumerate() {
            // SAFETY: below `n`, not NULL, and the caller's promise.
            unsafe { write_out(out.add(index), handle.as_ptr()) };
        }
        Ok(())
    })
}

/// Queues a task for each of many items. The results come from pirn_map_next, in the order of the items.
///
/// @param ex         the executor
/// @param fn         the task; called with an item
/// @param items      the items; the array is copied. May be NULL if `n` is 0
/// @param n          how many
/// @param item_free  called once with each item: when its task is over or cancelled, or when this call fails; may be NULL
/// @param chunksize  how many items one worker takes at a time; not 0
/// @param timeout    the limit for the whole iteration, counted from now: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity
///                   for none
/// @param out        where the handle goes; the caller frees it with pirn_map_free
/// @return PIRN_OK
/// @return PIRN_ERR_SHUT_DOWN, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_NO_THREAD, PIRN_ERR_INVALID_HANDLE as for pirn_executor_submit
/// @return PIRN_ERR_INVALID_ARGUMENT `fn` or `out` is NULL, `items` is NULL and `n` is not 0, `chunksize` is 0, or `timeout`
///                                   is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `timeout` is above PIRN_TIMEOUT_MAX
/// @return PIRN_ERR_NO_MEMORY        also for an `n` for which no array can exist; then no item is touched
///
/// Does not block, but for the start of threads, and for room where pirn_executor_set_max_pending has set a bound. All items are queued, or none. Python: executor.map(fn, items, timeout=...,
/// chunksize=...), where chunksize has an effect with processes only.
///
/// # Safety
/// `fn` and `item_free` may be called with each item on any thread; `items` is NULL or valid for `n` reads, `out` NULL or
/// valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_map(
    ex: *mut pirn_executor_t,
    r#fn: pirn_task_fn,
    items: *const *mut c_void,
    n: usize,
    item_free: pirn_free_fn,
    chunksize: usize,
    timeout: f64,
    out: *mut *mut pirn_map_t,
) -> pirn_status_t {
    // SAFETY: the caller's promise.
    let tasks = unsafe { tasks(r#fn, items, n, item_free) };
    on("pirn_executor_map", ex, |executor: &Arc<Executor>| {
        let tasks = tasks?;
        let out = required(out)?;
        let deadline = Timeout::from_seconds(timeout)?.deadline();
        let map = Arc::new(executor.map_of(tasks, chunksize, deadline)?);
        // Before the tasks are queued, since what fails later could not be undone.
        let vacant = Vacant::take().inspect_err(|_| map.take_back())?;
        executor.queue_map(&map)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, shared::open_in(vacant, map).as_ptr()) };
        Ok(())
    })
}

/// More items than an address space has room for.
const TOO_MANY: usize = 1 << (47 - size_of::<*mut c_void>().trailing_zeros());

/// Takes over the items, as a task each. If that fails they are given back.
///
/// # Safety
/// As for pirn_executor_map.
unsafe fn tasks(
    function: pirn_task_fn,
    items: *const *mut c_void,
    n: usize,
    item_free: pirn_free_fn,
) -> Result<Vec<Task>, Error> {
    if function.is_none() && n == 0 || items.is_null() && n > 0 {
        return Err(Error::InvalidArgument);
    }
    if n >= TOO_MANY {
        return Err(Error::NoMemory);
    }
    let mut tasks = Vec::new();
    let mut result = tasks.try_reserve_exact(n).map_err(|_| Error::NoMemory);
    for index in 0..n {
        // SAFETY: the caller's promise.
        let item = argument(unsafe { *items.add(index) }, item_free);
        if result.is_ok() {
            result = task(function, item).map(|task| tasks.push(task));
        }
    }
    result.map(|()| tasks)
}

/// Waits for the next result and gives it.
///
/// @param map     the map
/// @param result  gets the result
/// @return PIRN_OK
/// @return PIRN_END                 there are no more: all have been given out, or an error or the time limit has ended the
///                                  iteration
/// @return PIRN_TIMED_OUT           the limit of the whole iteration passed first
/// @return PIRN_ERR_TASK_FAILED     the item's task failed; pirn_last_code and pirn_last_error say how
/// @return PIRN_ERR_CANCELLED       the item was cancelled
/// @return PIRN_ERR_BROKEN_EXECUTOR an initializer failed before the item's task started
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `result` is NULL
///
/// Blocks. PIRN_TIMED_OUT and the errors of tasks cancel what has not started and end the iteration: PIRN_END follows.
/// Several threads may share a map; each result goes to one of them. Called by a task of the same executor it does what
/// pirn_future_result does. What the task did is seen. Python: next() on what executor.map() returns.
///
/// # Safety
/// `result` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_map_next(map: *mut pirn_map_t, result: *mut *mut c_void) -> pirn_status_t {
    let next = |map: &Arc<Map>| Ok(wait_unless(&**map, || map.is_ready(), || map.next())?.0);
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_map_next", map, result, next) }
}

/// Cancels what has not started. Results of what has are still given out, up to the first item that was cancelled.
///
/// @param map  the map
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Items that are cancelled have been given back when this returns. Python: what closing the iterator does.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_map_cancel(map: *mut pirn_map_t) -> pirn_status_t {
    on("pirn_map_cancel", map, |map: &Arc<Map>| {
        map.cancel();
        Ok(())
    })
}

/// Has results given back that pirn_map_next never gave out.
///
/// @param map          the map
/// @param result_free  called once with each of them, when the map is gone and their tasks are over; NULL for nothing
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Python: none; there the last reference to the result does it.
///
/// # Safety
/// `result_free` may be called with any of the results on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_map_set_result_free(map: *mut pirn_map_t, result_free: pirn_free_fn) -> pirn_status_t {
    on("pirn_map_set_result_free", map, |map: &Arc<Map>| {
        // SAFETY: the caller's promise.
        unsafe { map.set_result_free(result_free) };
        Ok(())
    })
}

/// Lets go of a map. Its tasks go on.
///
/// @param map  the map, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block and is never busy. Python: the end of a reference (which there cancels what has not started).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_map_free(map: *mut pirn_map_t) -> pirn_status_t {
    free::<Map, _>("pirn_map_free", map)
}

/// Parallel for: calls a function for all parts of a range of numbers, on several threads, and returns when all is done. The
/// calling thread is one of them; there are as many as the executor may have workers, and not more than there are processors.
///
/// @param ex     the executor
/// @param begin  the first number
/// @param end    the number behind the last
/// @param grain  how many numbers a call gets, counted from `begin`; the last may get fewer. 0: as many as suits
/// @param fn     called with the begin and the end of a part and `arg`; every number is in one part
/// @param arg    its last argument, which all calls share
/// @return PIRN_OK (also if `begin` is `end`: then nothing is called)
/// @return PIRN_ERR_TASK_FAILED     a call has failed; pirn_last_code and pirn_last_error say how the first one did. No call was
///                                  begun after that, and all that had been have returned
/// @return PIRN_ERR_SHUT_DOWN       the executor or the library has been shut down before
/// @return PIRN_ERR_BROKEN_EXECUTOR an initializer has failed before
/// @return PIRN_ERR_CANCELLED       in a child of a fork by `fn`: what other threads had begun is not finished
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL, or `begin` is above `end`
/// @return PIRN_ERR_NO_MEMORY
///
/// Blocks until the last call has returned. Parts are given to threads as they get free: one that has nothing takes half of
/// what another has not begun, so calls may take different times; in which order and on which thread they come is not
/// specified, so they must not wait for one another. It may be called by a task, and by `fn`: it waits only for calls that are
/// under way, and where no worker is free, or the system refuses a thread, the calling thread does all of it. A shutdown meanwhile does not
/// cut it short. Each call sees what was done before; what all of them did is seen when this returns. Python: none; the
/// nearest is a list(executor.map(fn, range(begin, end))).
/// Follows: Blumofe, Leiserson, "Scheduling Multithreaded Computations by Work Stealing", J. ACM 46(5), 1999.
///
/// # Safety
/// `fn` may be called with `arg` on several threads at once until this call returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_for_range(
    ex: *mut pirn_executor_t,
    begin: usize,
    end: usize,
    grain: usize,
    r#fn: pirn_range_fn,
    arg: *mut c_void,
) -> pirn_status_t {
    on("pirn_executor_for_range", ex, |executor: &Arc<Executor>| {
        executor.for_range(begin, end, grain, range(r#fn, arg)?)
    })
}

/// Has the executor take no more tasks. What is queued still runs, also while the process exits.
///
/// @param ex              the executor
/// @param wait            whether to wait until all tasks are done and the threads are gone
/// @param cancel_futures  whether to cancel what has not started
/// @return PIRN_OK (also if it was shut down before)
/// @return PIRN_ERR_DEADLOCK `wait` is true and the caller is one of its workers; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks if `wait` is true, without a limit; any number of threads may. Who waits for a future that is cancelled is told,
/// and its done callbacks run on the calling thread. Everything that the tasks did is seen when it has waited. Python:
/// executor.shutdown(wait, cancel_futures=cancel_futures).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_executor_shutdown(ex: *mut pirn_executor_t, wait: Flag, cancel_futures: Flag) -> pirn_status_t {
    on(
        "pirn_executor_shutdown",
        ex,
        |executor: &Arc<Executor>| Ok(executor.shutdown(wait.get(), cancel_futures.get())?),
    )
}

/// Gives how many tasks run at a time at most.
///
/// @param ex   the executor
/// @param out  where the number goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Tasks that wait for others of the same executor do not count. Python: none in public.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_max_workers(ex: *mut pirn_executor_t, out: *mut usize) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_executor_max_workers", ex, out, |executor: &Arc<Executor>| Ok(executor.max_workers())) }
}

/// Changes how many tasks run at a time at most, at any time.
///
/// @param ex           the executor
/// @param max_workers  the number; 0 for min(32, processors + 4)
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `max_workers` is negative
///
/// Does not block, but for the start of a thread. If it is more than before, workers are started as queued tasks need them; if it is
/// fewer, those that are too many leave: at once if they are idle, else when the task that they run is over. No task is
/// interrupted. Python: none.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_executor_set_max_workers(ex: *mut pirn_executor_t, max_workers: i64) -> pirn_status_t {
    on("pirn_executor_set_max_workers", ex, |executor: &Arc<Executor>| {
        executor.set_max_workers(usize::try_from(max_workers).map_err(|_| Error::InvalidArgument)?);
        Ok(())
    })
}

/// Sets how many tasks may wait for a worker. From then on a submit waits while there are so many, pirn_executor_try_submit says
/// so, and pirn_executor_submit_timeout waits for so long.
///
/// @param ex           the executor
/// @param max_pending  the bound; 0 for none, as at the beginning
/// @return PIRN_OK
/// @return PIRN_ERR_ALREADY_STARTED a task has been submitted
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. A task counts until it is started or cancelled. Threads that wait for room are served in the order in which they
/// came; a shutdown wakes them with PIRN_ERR_SHUT_DOWN. Many tasks that are submitted together, by pirn_executor_submit_many or
/// pirn_executor_map, wait until there is room for one and are then queued together. What a task of the same executor submits is
/// never held back, except by pirn_executor_try_submit: it would wait for room that only it can make. Python: none; in
/// 3.14 map has buffersize.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_executor_set_max_pending(ex: *mut pirn_executor_t, max_pending: usize) -> pirn_status_t {
    on("pirn_executor_set_max_pending", ex, |executor: &Arc<Executor>| Ok(executor.set_max_pending(max_pending)?))
}

/// Gives how many tasks may wait for a worker.
///
/// @param ex   the executor
/// @param out  where the number goes; 0 for any number
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: none.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_max_pending(ex: *mut pirn_executor_t, out: *mut usize) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_executor_max_pending", ex, out, |executor: &Arc<Executor>| Ok(executor.max_pending())) }
}

/// Gives how many tasks there are, at this moment. A map's chunk counts as one.
///
/// @param ex       the executor
/// @param queued   gets how many have not started and are not cancelled
/// @param running  gets how many run; one that waits for another counts too. A task whose future is over does not
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `queued` or `running` is NULL
///
/// Does not block. Python: none in public.
///
/// # Safety
/// `queued` and `running` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_pending(
    ex: *mut pirn_executor_t,
    queued: *mut usize,
    running: *mut usize,
) -> pirn_status_t {
    on("pirn_executor_pending", ex, |executor: &Arc<Executor>| {
        let (queued, running) = (required(queued)?, required(running)?);
        let pending = executor.pending();
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(queued, pending.0) };
        // SAFETY: as above.
        unsafe { write_out(running, pending.1) };
        Ok(())
    })
}

/// Copies what the names of the workers begin with.
///
/// @param ex   the executor
/// @param buf  gets at most `cap` bytes, NUL-terminated where `cap` > 0; may be NULL if `cap` is 0
/// @param cap  the size of `buf`, in bytes
/// @param len  gets the prefix's whole length in bytes, without the NUL; may be NULL
/// @return PIRN_OK (also when it was cut: then *len >= cap)
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `buf` is NULL and `cap` is not 0
///
/// Does not block. Python: none in public.
///
/// # Safety
/// `buf` is NULL or valid for `cap` bytes, `len` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_thread_name_prefix(
    ex: *mut pirn_executor_t,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> pirn_status_t {
    on("pirn_executor_thread_name_prefix", ex, |executor: &Arc<Executor>| {
        check_buffer(buf, cap)?;
        let prefix = executor.thread_name_prefix();
        // SAFETY: checked above, and the caller's promise.
        unsafe { outgoing(prefix.as_bytes(), buf, cap, len) };
        Ok(())
    })
}

/// Says whether the executor takes no more tasks, because it, or the library, was shut down.
///
/// @param ex   the executor
/// @param out  where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: none in public.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_is_shut_down(ex: *mut pirn_executor_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_executor_is_shut_down", ex, out, |executor: &Arc<Executor>| Ok(executor.is_shut_down())) }
}

/// Says whether an initializer has failed.
///
/// @param ex   the executor
/// @param out  where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: none in public; compare concurrent.futures.thread.BrokenThreadPool.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_executor_is_broken(ex: *mut pirn_executor_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_executor_is_broken", ex, out, |executor: &Arc<Executor>| Ok(executor.is_broken())) }
}

#[cfg(test)]
mod tests;
