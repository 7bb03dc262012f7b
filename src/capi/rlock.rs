//! RLock: mutual exclusion with an owner, who may acquire it again (Python: `threading.RLock`).

use super::guard::{ask_inline, create_inline, free_inline, on_inline, unlimited, wait_inline};
use super::types::{pirn_rlock_t, pirn_status_t};
use crate::park::Timeout;
use crate::sync::RawRLock;

/// Makes an rlock, which nobody holds.
///
/// @param out  where the handle goes; the caller frees it with pirn_rlock_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.RLock().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_rlock_new(out: *mut *mut pirn_rlock_t) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { create_inline("pirn_rlock_new", out, |tag| Ok(RawRLock::new(tag))) }
}

/// Frees an rlock. It may be held, if nobody waits for it; a thread that got it from another by pirn_rlock_release may free it at
/// once, since release does not touch the rlock after letting it go. Conditions on it go on.
///
/// @param rlock  the rlock, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_BUSY threads wait for the rlock; the handle stays valid
///
/// Does not block. Python: the end of the object's life.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_rlock_free(rlock: *mut pirn_rlock_t) -> pirn_status_t {
    free_inline::<RawRLock, _>("pirn_rlock_free", rlock)
}

/// Takes the rlock, waiting as long as another thread holds it. The thread that holds it takes it once more, and has to release it
/// as often as it took it.
///
/// @param rlock  the rlock
/// @return PIRN_OK the caller holds the rlock
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks without a limit. Whoever comes while the rlock is free gets it; those who wait are woken in the order in which they
/// came, and one that has lost to newcomers for about a millisecond is handed the rlock.
/// Everything that a thread did before its last release is seen by the thread that acquires the rlock next.
/// Python: rlock.acquire(). As there, an rlock whose owner has ended stays locked, and a new thread may pass for that owner.
/// Follows: Python Library Reference, threading, RLock Objects; waiting as by pirn_lock_acquire.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_rlock_acquire(rlock: *mut pirn_rlock_t) -> pirn_status_t {
    wait_inline("pirn_rlock_acquire", rlock, RawRLock::acquire_fast, unlimited, RawRLock::acquire_until)
}

/// Takes the rlock if no other thread holds it.
///
/// @param rlock  the rlock
/// @return PIRN_OK          the caller holds the rlock
/// @return PIRN_WOULD_BLOCK another thread holds it; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. On PIRN_OK memory is ordered as by pirn_rlock_acquire. Python: rlock.acquire(blocking=False).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_rlock_try_acquire(rlock: *mut pirn_rlock_t) -> pirn_status_t {
    on_inline("pirn_rlock_try_acquire", rlock, RawRLock::acquire_fast, RawRLock::try_acquire)
}

/// Takes the rlock, waiting for at most so long. The thread that holds it takes it once more.
///
/// @param rlock    the rlock
/// @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @return PIRN_OK        the caller holds the rlock
/// @return PIRN_TIMED_OUT the limit passed first; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks, in the order of pirn_rlock_acquire; on PIRN_OK memory is ordered as by it. Python: rlock.acquire(timeout=seconds).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_rlock_acquire_timeout(rlock: *mut pirn_rlock_t, seconds: f64) -> pirn_status_t {
    let timeout = Timeout::from_seconds(seconds);
    wait_inline(
        "pirn_rlock_acquire_timeout",
        rlock,
        |rlock: &RawRLock, tag| timeout.is_ok() && rlock.acquire_fast(tag),
        || timeout,
        RawRLock::acquire_until,
    )
}

/// Takes back one acquire. The one that takes back the first lets the rlock go.
///
/// @param rlock  the rlock
/// @return PIRN_OK
/// @return PIRN_ERR_NOT_OWNER another thread holds the rlock, or nobody
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Letting it go wakes the thread that has waited longest, if any; it, or a newcomer that is faster, takes the
/// rlock. Everything done before is seen by the thread that acquires the rlock next. Once the rlock can be taken this call does not
/// touch it any more, so that the next holder may free it. Python: rlock.release().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_rlock_release(rlock: *mut pirn_rlock_t) -> pirn_status_t {
    on_inline("pirn_rlock_release", rlock, RawRLock::release_fast, RawRLock::release)
}

/// Says whether some thread holds the rlock, at this moment.
///
/// @param rlock  the rlock
/// @param out    where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block and orders no memory: the answer may be out of date when it arrives, unless the caller holds the rlock.
/// Python: rlock.locked() (since 3.14).
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_rlock_locked(rlock: *mut pirn_rlock_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask_inline("pirn_rlock_locked", rlock, out, RawRLock::is_locked) }
}

/// Says whether the calling thread holds the rlock.
///
/// @param rlock  the rlock
/// @param out    where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: rlock._is_owned().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_rlock_is_owned(rlock: *mut pirn_rlock_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask_inline("pirn_rlock_is_owned", rlock, out, RawRLock::is_owned) }
}

/// Says how often the calling thread holds the rlock: how many releases would let it go.
///
/// @param rlock  the rlock
/// @param out    where the number goes: 0 if another thread holds the rlock, or nobody
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: rlock._recursion_count().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_rlock_recursion_count(rlock: *mut pirn_rlock_t, out: *mut usize) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask_inline("pirn_rlock_recursion_count", rlock, out, RawRLock::recursion_count) }
}
