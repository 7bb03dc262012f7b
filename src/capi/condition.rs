//! Condition: a place to wait until what a lock guards has changed (Python: `threading.Condition`).

use super::callback::predicate;
use super::guard::{ask_inline, free_inline, guard, on_inline, required, unlimited, wait_inline, write_out};
use super::types::{pirn_condition_t, pirn_lock_t, pirn_predicate_fn, pirn_rlock_t, pirn_status_t};
use crate::handle::condition::SlotCondition;
use crate::handle::{Handle, Kind};
use crate::park::{Deadline, Timeout};
use crate::status::Error;
use crate::sync::{RawLock, RawRLock};
use crate::thread::hooks::{self, Subject};
use crate::word::Tag;
use core::ffi::c_void;

/// Makes a condition.
///
/// # Safety
/// `out` is NULL or valid for a write.
unsafe fn create(
    name: &'static str,
    out: *mut *mut pirn_condition_t,
    new: impl FnOnce() -> Result<Handle, Error>,
) -> pirn_status_t {
    guard(name, || {
        let out = required(out)?;
        let handle = new()?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, handle.as_ptr()) };
        Ok(())
    })
}

fn acquire_fast(condition: &SlotCondition, tag: Tag) -> bool {
    condition.on_lock_fast(tag, RawLock::acquire_fast, RawRLock::acquire_fast)
}

fn acquire_until(condition: &SlotCondition, tag: Tag, deadline: Deadline) -> Result<(), Error> {
    condition.on_lock(
        tag,
        |lock, tag| lock.acquire_until(tag, deadline),
        |rlock, tag| rlock.acquire_until(tag, deadline),
    )
}

/// One wait for a notify. It cannot be polled first: it waits if the caller holds the lock, and has a limit that is none.
fn wait(handle: Handle, condition: &SlotCondition, tag: Tag, deadline: Deadline) -> Result<(), Error> {
    let is_ready = || deadline == Deadline::PASSED || condition.is_owned(tag) != Ok(true);
    hooks::wait_unless(Subject::new(Kind::Condition, handle.bits()), is_ready, || condition.wait(tag, deadline))
}

/// Makes a condition on a new rlock, which only the condition leads to.
///
/// @param out  where the handle goes; the caller frees it with pirn_condition_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.Condition().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_condition_new(out: *mut *mut pirn_condition_t) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { create("pirn_condition_new", out, SlotCondition::create) }
}

/// Makes a condition on a lock. Several conditions may be on one lock.
///
/// @param lock  the lock. It stays the caller's, who may free it at any time: the condition keeps what it needs
/// @param out   where the handle goes; the caller frees it with pirn_condition_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE   `lock` is no lock
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.Condition(lock).
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_condition_new_with_lock(
    lock: *mut pirn_lock_t,
    out: *mut *mut pirn_condition_t,
) -> pirn_status_t {
    let new = || SlotCondition::create_on(Handle::from_ptr(lock), Kind::Lock);
    // SAFETY: the caller's promise.
    unsafe { create("pirn_condition_new_with_lock", out, new) }
}

/// Makes a condition on an rlock. Several conditions may be on one rlock.
///
/// @param rlock  the rlock. It stays the caller's, who may free it at any time: the condition keeps what it needs
/// @param out    where the handle goes; the caller frees it with pirn_condition_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE   `rlock` is no rlock
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.Condition(rlock).
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_condition_new_with_rlock(
    rlock: *mut pirn_rlock_t,
    out: *mut *mut pirn_condition_t,
) -> pirn_status_t {
    let new = || SlotCondition::create_on(Handle::from_ptr(rlock), Kind::RLock);
    // SAFETY: the caller's promise.
    unsafe { create("pirn_condition_new_with_rlock", out, new) }
}

/// Frees a condition. Its lock may be held. Threads that have been notified need the condition no more: they get the lock,
/// and return from their waits.
///
/// @param condition  the condition, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_BUSY threads wait to be notified, or wait for a lock that only this condition leads to; the handle stays valid
///
/// Does not block. Python: the end of the object's life.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_condition_free(condition: *mut pirn_condition_t) -> pirn_status_t {
    free_inline::<SlotCondition, _>("pirn_condition_free", condition)
}

/// Takes the condition's lock, as pirn_lock_acquire or pirn_rlock_acquire does.
///
/// @param condition  the condition
/// @return PIRN_OK the caller holds the lock
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks without a limit, in the order and with the memory ordering of the lock's own function. Python: condition.acquire().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_condition_acquire(condition: *mut pirn_condition_t) -> pirn_status_t {
    wait_inline("pirn_condition_acquire", condition, acquire_fast, unlimited, acquire_until)
}

/// Takes the condition's lock if that is possible at once.
///
/// @param condition  the condition
/// @return PIRN_OK          the caller holds the lock
/// @return PIRN_WOULD_BLOCK the lock is held; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. On PIRN_OK memory is ordered as by pirn_condition_acquire. Python: condition.acquire(blocking=False).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_condition_try_acquire(condition: *mut pirn_condition_t) -> pirn_status_t {
    on_inline("pirn_condition_try_acquire", condition, acquire_fast, |condition, tag| {
        condition.on_lock(tag, RawLock::try_acquire, RawRLock::try_acquire)
    })
}

/// Takes the condition's lock, waiting for at most so long.
///
/// @param condition  the condition
/// @param seconds    the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @return PIRN_OK        the caller holds the lock
/// @return PIRN_TIMED_OUT the limit passed first; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks, in the order of pirn_condition_acquire; on PIRN_OK memory is ordered as by it.
/// Python: condition.acquire(timeout=seconds).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_condition_acquire_timeout(condition: *mut pirn_condition_t, seconds: f64) -> pirn_status_t {
    let timeout = Timeout::from_seconds(seconds);
    let fast = |condition: &SlotCondition, tag| timeout.is_ok() && acquire_fast(condition, tag);
    wait_inline("pirn_condition_acquire_timeout", condition, fast, || timeout, acquire_until)
}

/// Lets the condition's lock go, as pirn_lock_release or pirn_rlock_release does.
///
/// @param condition  the condition
/// @return PIRN_OK
/// @return PIRN_ERR_NOT_LOCKED the lock is a lock, and nobody holds it
/// @return PIRN_ERR_NOT_OWNER  the lock is an rlock, and the caller does not hold it
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Wake-ups and memory ordering are those of the lock's own function. Python: condition.release().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_condition_release(condition: *mut pirn_condition_t) -> pirn_status_t {
    on_inline(
        "pirn_condition_release",
        condition,
        |condition: &SlotCondition, tag| condition.on_lock_fast(tag, RawLock::release_fast, RawRLock::release_fast),
        |condition, tag| condition.on_lock(tag, RawLock::release, RawRLock::release),
    )
}

/// Says whether the calling thread holds the condition's lock, as pirn_condition_wait would judge it: a lock is held if anyone holds
/// it, an rlock if the calling thread does.
///
/// @param condition  the condition
/// @param out        where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: condition._is_owned().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_condition_is_owned(condition: *mut pirn_condition_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask_inline("pirn_condition_is_owned", condition, out, SlotCondition::is_owned) }
}

/// Lets the condition's lock go, waits to be notified, and takes the lock again. All levels of an rlock are let go and restored.
///
/// @param condition  the condition, whose lock the caller holds
/// @return PIRN_OK            notified; the caller holds the lock again
/// @return PIRN_ERR_NOT_OWNER the caller does not hold the lock; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks without a limit. Threads are notified in the order in which they came, and none wakes for another reason. Then each waits
/// for the lock, behind those who wait for it already and like any of them. Memory is ordered by the lock: what was done
/// before the notify, with the lock held, is seen. Python: condition.wait().
/// Follows: Python Library Reference, threading, Condition Objects; notified threads queue for the lock as in nsync (wait morphing).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_condition_wait(condition: *mut pirn_condition_t) -> pirn_status_t {
    on_inline(
        "pirn_condition_wait",
        condition,
        |_, _| false,
        |object: &SlotCondition, tag| wait(Handle::from_ptr(condition), object, tag, Deadline::NEVER),
    )
}

/// Waits as pirn_condition_wait does, for at most so long. Taking the lock again is not part of the limit.
///
/// @param condition  the condition, whose lock the caller holds
/// @param seconds    the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @return PIRN_OK            notified; the caller holds the lock again
/// @return PIRN_TIMED_OUT     the limit passed first; the caller holds the lock again, and has used up no notify
/// @return PIRN_ERR_NOT_OWNER the caller does not hold the lock; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks, in the order of pirn_condition_wait, and as long as others hold the lock; memory is ordered as by it.
/// Python: condition.wait(seconds).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_condition_wait_timeout(condition: *mut pirn_condition_t, seconds: f64) -> pirn_status_t {
    let timeout = Timeout::from_seconds(seconds);
    on_inline(
        "pirn_condition_wait_timeout",
        condition,
        |_, _| false,
        |object: &SlotCondition, tag| wait(Handle::from_ptr(condition), object, tag, timeout?.deadline()),
    )
}

/// Waits until a predicate holds: tests it, and again after each notify.
///
/// @param condition  the condition, whose lock the caller holds
/// @param predicate  called with `arg`, on the calling thread, with the lock held, until it gives true
/// @param arg        predicate's argument
/// @return PIRN_OK            the predicate has given true; the caller holds the lock
/// @return PIRN_ERR_NOT_OWNER the caller does not hold the lock (the predicate has not been called), or a predicate released it
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `predicate` is NULL
///
/// Blocks without a limit, each time as pirn_condition_wait. Python: condition.wait_for(predicate).
///
/// # Safety
/// `predicate` may be called with `arg` until this call returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_condition_wait_for(
    condition: *mut pirn_condition_t,
    predicate: pirn_predicate_fn,
    arg: *mut c_void,
) -> pirn_status_t {
    wait_for("pirn_condition_wait_for", condition, predicate, arg, Ok(Timeout::NEVER))
}

/// Waits until a predicate holds, for at most so long: one limit for all the waiting. When it has passed the predicate is tested
/// once more.
///
/// @param condition  the condition, whose lock the caller holds
/// @param predicate  called with `arg`, on the calling thread, with the lock held, until it gives true
/// @param arg        predicate's argument
/// @param seconds    the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @return PIRN_OK            the predicate has given true; the caller holds the lock
/// @return PIRN_TIMED_OUT     the limit has passed and the predicate still gave false; the caller holds the lock
/// @return PIRN_ERR_NOT_OWNER the caller does not hold the lock (the predicate has not been called), or a predicate released it
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `predicate` is NULL; or `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks, each time as pirn_condition_wait_timeout. Python: condition.wait_for(predicate, seconds).
///
/// # Safety
/// `predicate` may be called with `arg` until this call returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_condition_wait_for_timeout(
    condition: *mut pirn_condition_t,
    predicate: pirn_predicate_fn,
    arg: *mut c_void,
    seconds: f64,
) -> pirn_status_t {
    wait_for("pirn_condition_wait_for_timeout", condition, predicate, arg, Timeout::from_seconds(seconds))
}

fn wait_for(
    name: &'static str,
    condition: *mut pirn_condition_t,
    function: pirn_predicate_fn,
    arg: *mut c_void,
    timeout: Result<Timeout, Error>,
) -> pirn_status_t {
    on_inline(
        name,
        condition,
        |_, _| false,
        |object: &SlotCondition, tag| {
            let holds = predicate(function, arg)?;
            let deadline = timeout?.deadline();
            object.wait_for(tag, holds, || wait(Handle::from_ptr(condition), object, tag, deadline))
        },
    )
}

/// Notifies up to `n` threads, those that have waited longest; with nobody waiting it does nothing, and is not remembered.
///
/// @param condition  the condition, whose lock the caller holds
/// @param n          how many; 0 for none
/// @return PIRN_OK
/// @return PIRN_ERR_NOT_OWNER the caller does not hold the lock; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. The notified threads are woken one by one, as the lock is released, in the order in which they came.
/// Python: condition.notify(n).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_condition_notify(condition: *mut pirn_condition_t, n: usize) -> pirn_status_t {
    on_inline("pirn_condition_notify", condition, SlotCondition::notify_fast, |condition, tag| {
        condition.notify(tag, n as u64)
    })
}

/// Notifies all threads that wait.
///
/// @param condition  the condition, whose lock the caller holds
/// @return PIRN_OK
/// @return PIRN_ERR_NOT_OWNER the caller does not hold the lock; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. The notified threads are woken one by one, as the lock is released, in the order in which they came.
/// Python: condition.notify_all().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_condition_notify_all(condition: *mut pirn_condition_t) -> pirn_status_t {
    on_inline("pirn_condition_notify_all", condition, SlotCondition::notify_fast, |condition, tag| {
        condition.notify(tag, u64::MAX)
    })
}
