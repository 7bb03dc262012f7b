//! Barrier: a meeting point for a fixed number of threads, again and again (Python: `threading.Barrier`).

use super::callback::{argument, target};
use super::guard::write_out;
use super::object::{ask, create, free_closed, on, wait_unless};
use super::types::{pirn_barrier_t, pirn_free_fn, pirn_status_t, pirn_target_fn};
use crate::callback::CallError;
use crate::park::Timeout;
use crate::sync::Barrier;
use core::ffi::c_void;
use std::sync::Arc;

/// A wait.
///
/// # Safety
/// `index` is NULL or valid for a write.
unsafe fn wait(
    name: &'static str,
    barrier: *mut pirn_barrier_t,
    index: *mut usize,
    wait: impl FnOnce(&Barrier) -> Result<usize, CallError>,
) -> pirn_status_t {
    on(name, barrier, |barrier: &Arc<Barrier>| {
        let came_as = wait_unless(&**barrier, || barrier.is_ready(), || wait(barrier))?;
        if !index.is_null() {
            // SAFETY: not NULL, and the caller's promise.
            unsafe { write_out(index, came_as) };
        }
        Ok(())
    })
}

/// Makes a barrier.
///
/// @param parties          how many threads meet: 1 to PTRDIFF_MAX
/// @param action           run once in each round, by the thread that comes last, before anyone is let go; may be NULL
/// @param arg              action's argument
/// @param arg_free         called once with arg: when the barrier has been freed and the last call on it is over; during this call if
///                         it fails or `action` is NULL. May be NULL
/// @param default_seconds  the limit of waits that have none of their own: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @param out              where the handle goes; the caller frees it with pirn_barrier_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `parties` is 0 or above PTRDIFF_MAX; `default_seconds` is NaN or negative (and not -1); or
///                                   `out` is NULL
/// @return PIRN_ERR_OVERFLOW         `default_seconds` is above PIRN_TIMEOUT_MAX
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.Barrier(parties, action, timeout).
///
/// # Safety
/// `action` and `arg_free` may be called with `arg` on any thread; `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_barrier_new(
    parties: usize,
    action: pirn_target_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
    default_seconds: f64,
    out: *mut *mut pirn_barrier_t,
) -> pirn_status_t {
    let arg = argument(arg, arg_free);
    let make = || {
        let timeout = Timeout::from_seconds(default_seconds)?;
        // Without an action its argument is given back now.
        let action = if action.is_some() { Some(target(action, arg)?) } else { None };
        Ok(Arc::new(Barrier::new(parties, action, timeout)?))
    };
    // SAFETY: the caller's promise.
    unsafe { create("pirn_barrier_new", out, make) }
}

/// Frees a barrier. Threads that have been let go but have not returned from their waits yet do so in peace.
///
/// @param barrier  the barrier, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_BUSY threads wait at it, or its action runs; the handle stays valid
///
/// Does not block. Python: the end of the object's life.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_barrier_free(barrier: *mut pirn_barrier_t) -> pirn_status_t {
    free_closed("pirn_barrier_free", barrier, Barrier::close)
}

/// Waits until all parties have come, for at most as long as the barrier's default says.
///
/// @param barrier  the barrier
/// @param index    where the number of threads goes that came before, in this round: 0 to parties - 1, different for each thread.
///                 May be NULL
/// @return PIRN_OK                 all have come
/// @return PIRN_ERR_BROKEN_BARRIER the limit passed first, which breaks the barrier for all; or the barrier is broken, or was broken
///                                 or reset before this call returned
/// @return PIRN_ERR_TASK_FAILED    the action failed, in this thread; the barrier is broken, and the others get
///                                 PIRN_ERR_BROKEN_BARRIER
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks. A thread that comes while the last round still drains, or while the action runs, waits for the next round; its limit is
/// counted from that round's beginning. A limit that passes while the action runs breaks nothing. All are let go together.
/// Everything that any of them did before this call is seen by the action, and by all of them after this call; what the action
/// did, too. Python: barrier.wait(); that which raises BrokenBarrierError gets PIRN_ERR_BROKEN_BARRIER.
/// Follows: Python Library Reference, threading, Barrier Objects; the draining of rounds as in CPython's Lib/threading.py.
///
/// # Safety
/// `index` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_barrier_wait(barrier: *mut pirn_barrier_t, index: *mut usize) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { wait("pirn_barrier_wait", barrier, index, Barrier::wait) }
}

/// Waits until all parties have come, for at most so long: a limit of its own in place of the barrier's default.
///
/// @param barrier  the barrier
/// @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @param index    where the number of threads goes that came before, in this round. May be NULL
/// @return PIRN_OK                   all have come
/// @return PIRN_ERR_BROKEN_BARRIER   as by pirn_barrier_wait; a limit that passes is never PIRN_TIMED_OUT
/// @return PIRN_ERR_TASK_FAILED      as by pirn_barrier_wait
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks, and orders memory, as pirn_barrier_wait. Python: barrier.wait(seconds).
///
/// # Safety
/// `index` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_barrier_wait_timeout(
    barrier: *mut pirn_barrier_t,
    seconds: f64,
    index: *mut usize,
) -> pirn_status_t {
    let timeout = Timeout::from_seconds(seconds);
    // SAFETY: the caller's promise.
    unsafe { wait("pirn_barrier_wait_timeout", barrier, index, |barrier| barrier.wait_timeout(timeout?)) }
}

/// Sends those who wait away with PIRN_ERR_BROKEN_BARRIER, and makes the barrier usable again, also if it was broken.
///
/// @param barrier  the barrier
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Threads that come from now on wait until those who were present have left. While the action runs (also from
/// inside it) it takes effect after the action; the thread that runs it gets PIRN_ERR_BROKEN_BARRIER then, too. Has no effect on a
/// round that is being let go. Python: barrier.reset().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_barrier_reset(barrier: *mut pirn_barrier_t) -> pirn_status_t {
    on("pirn_barrier_reset", barrier, |barrier: &Arc<Barrier>| Ok(barrier.reset()?))
}

/// Breaks the barrier: who waits, or comes, gets PIRN_ERR_BROKEN_BARRIER, until a pirn_barrier_reset.
///
/// @param barrier  the barrier
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Also reaches threads that are being let go but have not returned yet. While the action runs (also from inside
/// it) it takes effect after the action; the thread that runs it gets PIRN_ERR_BROKEN_BARRIER then, too.
/// Python: barrier.abort().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_barrier_abort(barrier: *mut pirn_barrier_t) -> pirn_status_t {
    on("pirn_barrier_abort", barrier, |barrier: &Arc<Barrier>| Ok(barrier.abort()?))
}

/// Says how many threads make a round.
///
/// @param barrier  the barrier
/// @param out      where the number goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: barrier.parties.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_barrier_parties(barrier: *mut pirn_barrier_t, out: *mut usize) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_barrier_parties", barrier, out, |barrier: &Arc<Barrier>| Ok(barrier.parties()?)) }
}

/// Says how many threads have come in the present round, at this moment: 0 while a round is being let go, and while the barrier
/// is broken. While the action runs it is all of them.
///
/// @param barrier  the barrier
/// @param out      where the number goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block; the answer may be out of date when it arrives. Python: barrier.n_waiting.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_barrier_n_waiting(barrier: *mut pirn_barrier_t, out: *mut usize) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_barrier_n_waiting", barrier, out, |barrier: &Arc<Barrier>| Ok(barrier.n_waiting()?)) }
}

/// Says whether the barrier is broken, at this moment.
///
/// @param barrier  the barrier
/// @param out      where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block; the answer may be out of date when it arrives. Python: barrier.broken.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_barrier_broken(barrier: *mut pirn_barrier_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_barrier_broken", barrier, out, |barrier: &Arc<Barrier>| Ok(barrier.broken()?)) }
}
