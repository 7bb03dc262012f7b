//! Submitting tasks to an executor; its parallel for.

use crate::callback::{Arg, Task};
use crate::capi::callback::{argument, range, task};
use crate::capi::guard::{guard, write_out};
use crate::capi::object::on;
use crate::capi::types::{pirn_executor_t, pirn_free_fn, pirn_future_t, pirn_range_fn, pirn_status_t, pirn_task_fn};
use crate::exec::{Executor, Patience, Refused};
use crate::fallible;
use crate::handle::{Handle, shared};
use crate::park::Timeout;
use crate::status::Error;
use core::ffi::c_void;
use std::sync::Arc;

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
/// Does not block, but for the start of a thread, and for room where pirn_executor_set_max_pending has set a bound. With one
/// worker the tasks of one thread are started in the order in which it submitted them; with several, short ones only nearly so.
/// Everything done before is seen by the task. A failing task is reported by its future; the worker lives on. A task may wait for
/// others of the same executor (see pirn_future_result). Python: executor.submit(fn, arg), which starts them in order with several
/// workers, too.
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
    guard("pirn_executor_submit", || {
        // In here, where the parts stay in registers.
        let arg = argument(arg, arg_free);
        let executor = shared::pin::<Executor>(Handle::from_ptr(ex))?;
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

/// More items than an address space has room for.
const TOO_MANY: usize = 1 << (47 - size_of::<*mut c_void>().trailing_zeros());

/// Takes over the items, as a task each. If that fails they are given back.
///
/// # Safety
/// `function` may be called with each item, and `item_free`, on any thread; `items` is NULL or valid for `n` reads.
pub(super) unsafe fn tasks(
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
    let mut result = fallible::with_capacity(n).map(|list| tasks = list);
    for index in 0..n {
        // SAFETY: the caller's promise.
        let item = argument(unsafe { *items.add(index) }, item_free);
        if result.is_ok() {
            result = task(function, item).map(|task| tasks.push(task));
        }
    }
    result.map(|()| tasks)
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
