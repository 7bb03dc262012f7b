//! Semaphore, bounded or not: a number of permits (Python: `threading.Semaphore`, `threading.BoundedSemaphore`).

use super::guard::{ask_inline, create_inline, free_inline, on_inline, unlimited, wait_inline};
use super::types::{pirn_semaphore_t, pirn_status_t};
use crate::park::Timeout;
use crate::sync::RawSemaphore;

/// Makes a semaphore.
///
/// @param value  how many permits there are at first: 0 to INT64_MAX
/// @param out    where the handle goes; the caller frees it with pirn_semaphore_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `value` is negative, or `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.Semaphore(value).
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_semaphore_new(value: i64, out: *mut *mut pirn_semaphore_t) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { create_inline("pirn_semaphore_new", out, |tag| RawSemaphore::new(tag, value, false)) }
}

/// Makes a bounded semaphore: one that never has more permits than at first. All other functions are those of any semaphore.
///
/// @param value  how many permits there are at first, and at most: 0 to INT64_MAX
/// @param out    where the handle goes; the caller frees it with pirn_semaphore_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `value` is negative, or `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.BoundedSemaphore(value).
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_semaphore_new_bounded(value: i64, out: *mut *mut pirn_semaphore_t) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { create_inline("pirn_semaphore_new_bounded", out, |tag| RawSemaphore::new(tag, value, true)) }
}

/// Frees a semaphore, whatever its value. A thread that got a permit from another by pirn_semaphore_release may free it at once:
/// the release is done with it by then, or this call waits that moment for it.
///
/// @param semaphore  the semaphore, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_BUSY threads wait for a permit; the handle stays valid
///
/// Does not block. Python: the end of the object's life.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_semaphore_free(semaphore: *mut pirn_semaphore_t) -> pirn_status_t {
    free_inline::<RawSemaphore, _>("pirn_semaphore_free", semaphore)
}

/// Takes a permit, waiting until there is one.
///
/// @param semaphore  the semaphore
/// @return PIRN_OK the caller has a permit
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks without a limit. Whoever comes while there is a permit gets it; those who wait are woken in the order in which they came,
/// and one that has lost to newcomers for about a millisecond is handed a permit.
/// Everything that threads did before their releases is seen by the thread that takes a permit after.
/// Python: semaphore.acquire().
/// Follows: Python Library Reference, threading, Semaphore Objects; waiting as by pirn_lock_acquire.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_semaphore_acquire(semaphore: *mut pirn_semaphore_t) -> pirn_status_t {
    wait_inline("pirn_semaphore_acquire", semaphore, RawSemaphore::acquire_fast, unlimited, RawSemaphore::acquire_until)
}

/// Takes a permit if there is one.
///
/// @param semaphore  the semaphore
/// @return PIRN_OK          the caller has a permit
/// @return PIRN_WOULD_BLOCK there is none; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. On PIRN_OK memory is ordered as by pirn_semaphore_acquire. Python: semaphore.acquire(blocking=False).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_semaphore_try_acquire(semaphore: *mut pirn_semaphore_t) -> pirn_status_t {
    on_inline("pirn_semaphore_try_acquire", semaphore, RawSemaphore::acquire_fast, RawSemaphore::try_acquire)
}

/// Takes a permit, waiting for at most so long.
///
/// @param semaphore  the semaphore
/// @param seconds    the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @return PIRN_OK        the caller has a permit
/// @return PIRN_TIMED_OUT the limit passed first; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks, in the order of pirn_semaphore_acquire; on PIRN_OK memory is ordered as by it.
/// Python: semaphore.acquire(timeout=seconds).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_semaphore_acquire_timeout(semaphore: *mut pirn_semaphore_t, seconds: f64) -> pirn_status_t {
    let timeout = Timeout::from_seconds(seconds);
    wait_inline(
        "pirn_semaphore_acquire_timeout",
        semaphore,
        |semaphore: &RawSemaphore, tag| timeout.is_ok() && semaphore.acquire_fast(tag),
        || timeout,
        RawSemaphore::acquire_until,
    )
}

/// Gives a permit. Any thread may, not only one that took a permit.
///
/// @param semaphore  the semaphore
/// @return PIRN_OK
/// @return PIRN_ERR_OVER_RELEASE the semaphore is bounded and has all its permits; nothing changed
/// @return PIRN_ERR_OVERFLOW     the value is INT64_MAX; nothing changed
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Wakes the thread that has waited longest, if any; it, or a newcomer that is faster, takes the permit.
/// Everything done before is seen by the thread that takes a permit after. Python: semaphore.release().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_semaphore_release(semaphore: *mut pirn_semaphore_t) -> pirn_status_t {
    on_inline("pirn_semaphore_release", semaphore, RawSemaphore::release_fast, RawSemaphore::release)
}

/// Gives several permits, all of them or none.
///
/// @param semaphore  the semaphore
/// @param n          how many: 1 to INT64_MAX
/// @return PIRN_OK
/// @return PIRN_ERR_OVER_RELEASE     the semaphore is bounded and would have more permits than at first; nothing changed
/// @return PIRN_ERR_OVERFLOW         the value would exceed INT64_MAX; nothing changed
/// @return PIRN_ERR_INVALID_ARGUMENT `n` is less than 1
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Wakes as many threads as there are new permits, if so many wait, those that have waited longest.
/// Everything done before is seen by the threads that take a permit after. Python: semaphore.release(n).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_semaphore_release_n(semaphore: *mut pirn_semaphore_t, n: i64) -> pirn_status_t {
    on_inline(
        "pirn_semaphore_release_n",
        semaphore,
        |_, _| false,
        |semaphore: &RawSemaphore, tag| semaphore.release_n(tag, n),
    )
}

/// Says how many permits there are, at this moment.
///
/// @param semaphore  the semaphore
/// @param out        where the number goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block and orders no memory: the answer may be out of date when it arrives. Python: semaphore._value.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_semaphore_value(semaphore: *mut pirn_semaphore_t, out: *mut i64) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask_inline("pirn_semaphore_value", semaphore, out, RawSemaphore::value) }
}
