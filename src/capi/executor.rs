//! Executor: runs tasks on a pool of threads, and map (Python: `concurrent.futures.ThreadPoolExecutor`).

mod map;
mod submit;

pub use map::*;
pub use submit::*;

use super::callback::{argument, target};
use super::guard::{guard, required, write_out};
use super::object::{ask, create, on};
use super::text::{check_buffer, incoming, outgoing};
use super::types::{Flag, pirn_executor_t, pirn_free_fn, pirn_status_t, pirn_target_fn};
use crate::exec::Executor;
use crate::handle::{Handle, shared};
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
/// @return PIRN_ERR_NO_MEMORY
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
/// @return PIRN_ERR_NO_MEMORY
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
