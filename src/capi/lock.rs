//! Lock: mutual exclusion without an owner (Python: `threading.Lock`).

use super::guard::{ask_inline, create_inline, free_inline, on_inline, unlimited, wait_inline};
use super::types::{pirn_lock_t, pirn_status_t};
use crate::park::Timeout;
use crate::sync::RawLock;

/// Makes a lock, which nobody holds.
///
/// @param out  where the handle goes; the caller frees it with pirn_lock_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.Lock().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_lock_new(out: *mut *mut pirn_lock_t) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { create_inline("pirn_lock_new", out, |tag| Ok(RawLock::new(tag))) }
}

/// Frees a lock. It may be held, if nobody waits for it; a thread that got the lock from another by pirn_lock_release may free
/// it at once, since release does not touch the lock after letting it go.
///
/// @param lock  the lock, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_BUSY threads wait for the lock; the handle stays valid
///
/// Does not block. Python: the end of the object's life.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_lock_free(lock: *mut pirn_lock_t) -> pirn_status_t {
    free_inline::<RawLock, _>("pirn_lock_free", lock)
}

/// Takes the lock, waiting as long as another thread, or the same one, holds it.
///
/// @param lock  the lock
/// @return PIRN_OK the caller holds the lock
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks without a limit. Whoever comes while the lock is free gets it; those who wait are woken in the order in which they
/// came, and one that has lost to newcomers for about a millisecond is handed the lock.
/// Everything that a thread did before it released the lock is seen by the thread that acquires it next.
/// Python: lock.acquire().
/// Follows: Python Library Reference, threading, Lock Objects; waiting and eventual fairness as in WebKit's WTF::Lock and parking_lot.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_lock_acquire(lock: *mut pirn_lock_t) -> pirn_status_t {
    wait_inline("pirn_lock_acquire", lock, RawLock::acquire_fast, unlimited, RawLock::acquire_until)
}

/// Takes the lock if nobody holds it.
///
/// @param lock  the lock
/// @return PIRN_OK          the caller holds the lock
/// @return PIRN_WOULD_BLOCK someone holds it; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. On PIRN_OK memory is ordered as by pirn_lock_acquire. Python: lock.acquire(blocking=False).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_lock_try_acquire(lock: *mut pirn_lock_t) -> pirn_status_t {
    on_inline("pirn_lock_try_acquire", lock, RawLock::acquire_fast, RawLock::try_acquire)
}

/// Takes the lock, waiting for at most so long.
///
/// @param lock     the lock
/// @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @return PIRN_OK        the caller holds the lock
/// @return PIRN_TIMED_OUT the limit passed first; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks, in the order of pirn_lock_acquire; on PIRN_OK memory is ordered as by it. Python: lock.acquire(timeout=seconds).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_lock_acquire_timeout(lock: *mut pirn_lock_t, seconds: f64) -> pirn_status_t {
    let timeout = Timeout::from_seconds(seconds);
    wait_inline(
        "pirn_lock_acquire_timeout",
        lock,
        |lock: &RawLock, tag| timeout.is_ok() && lock.acquire_fast(tag),
        || timeout,
        RawLock::acquire_until,
    )
}

/// Lets the lock go. Any thread may, not only the one that acquired it.
///
/// @param lock  the lock
/// @return PIRN_OK
/// @return PIRN_ERR_NOT_LOCKED nobody holds the lock
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Wakes the thread that has waited longest, if any; it, or a newcomer that is faster, takes the lock.
/// Everything done before is seen by the thread that acquires the lock next. Once the lock can be taken this call does not touch it
/// any more, so that the next holder may free it. Python: lock.release().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_lock_release(lock: *mut pirn_lock_t) -> pirn_status_t {
    on_inline("pirn_lock_release", lock, RawLock::release_fast, RawLock::release)
}

/// Says whether someone holds the lock, at this moment.
///
/// @param lock  the lock
/// @param out   where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block and orders no memory: the answer may be out of date when it arrives. Python: lock.locked().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_lock_locked(lock: *mut pirn_lock_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask_inline("pirn_lock_locked", lock, out, RawLock::is_locked) }
}
