//! Map.

use super::submit::tasks;
use crate::capi::guard::{required, write_out};
use crate::capi::object::{ask, free, on, wait_unless};
use crate::capi::types::{pirn_executor_t, pirn_free_fn, pirn_map_t, pirn_status_t, pirn_task_fn};
use crate::exec::{Executor, Map};
use crate::handle::arena::Vacant;
use crate::handle::shared;
use crate::park::Timeout;
use crate::sys::allocator;
use core::ffi::c_void;
use std::sync::Arc;

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
        allocator::check()?;
        let map = Arc::new(executor.map_of(tasks, chunksize, deadline)?);
        // Before the tasks are queued, since what fails later could not be undone.
        let vacant = Vacant::take().inspect_err(|_| map.take_back())?;
        executor.queue_map(&map)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, shared::open_in(vacant, map).as_ptr()) };
        Ok(())
    })
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
/// @return PIRN_ERR_DEADLOCK, PIRN_ERR_NO_THREAD as for pirn_future_result; a later call goes on
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
