//! Event: a flag that threads wait for (Python: `threading.Event`).

use super::guard::{ask_inline, create_inline, free_inline, on_inline, unlimited, wait_inline};
use super::types::{pirn_event_t, pirn_status_t};
use crate::park::Timeout;
use crate::sync::RawEvent;

/// Makes an event, which is clear.
///
/// @param out  where the handle goes; the caller frees it with pirn_event_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.Event().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_event_new(out: *mut *mut pirn_event_t) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { create_inline("pirn_event_new", out, |tag| Ok(RawEvent::new(tag))) }
}

/// Frees an event.
///
/// @param event  the event, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_BUSY threads wait for it; the handle stays valid
///
/// Does not block. Python: the end of the object's life.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_event_free(event: *mut pirn_event_t) -> pirn_status_t {
    free_inline::<RawEvent, _>("pirn_event_free", event)
}

/// Sets the event and wakes every thread that waits for it.
///
/// @param event  the event
/// @return PIRN_OK (also if it is set already)
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Each thread that waits at this moment will return PIRN_OK, even if the event is cleared before it runs.
/// Everything done before is seen by a thread whose wait returns because of this call or a later one. Python: event.set().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_event_set(event: *mut pirn_event_t) -> pirn_status_t {
    on_inline("pirn_event_set", event, |_, _| false, RawEvent::set)
}

/// Clears the event: waits block again.
///
/// @param event  the event
/// @return PIRN_OK (also if it is clear already)
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Python: event.clear().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_event_clear(event: *mut pirn_event_t) -> pirn_status_t {
    on_inline("pirn_event_clear", event, |_, _| false, RawEvent::clear)
}

/// Says whether the event is set, at this moment.
///
/// @param event  the event
/// @param out    where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. If the answer is true, what was done before the pirn_event_set is seen. Python: event.is_set().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_event_is_set(event: *mut pirn_event_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask_inline("pirn_event_is_set", event, out, RawEvent::is_set) }
}

/// Waits until the event is set.
///
/// @param event  the event
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks without a limit; returns at once if the event is set. All who wait are woken together, in the order in which they
/// came. Everything done before the pirn_event_set is seen. Python: event.wait().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_event_wait(event: *mut pirn_event_t) -> pirn_status_t {
    let is_set = |event: &RawEvent, tag| event.is_set(tag) == Ok(true);
    wait_inline("pirn_event_wait", event, is_set, unlimited, RawEvent::wait_until)
}

/// Waits until the event is set, for at most so long.
///
/// @param event    the event
/// @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @return PIRN_OK
/// @return PIRN_TIMED_OUT the limit passed first
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks. On PIRN_OK memory is ordered as by pirn_event_wait. Python: event.wait(seconds).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_event_wait_timeout(event: *mut pirn_event_t, seconds: f64) -> pirn_status_t {
    let timeout = Timeout::from_seconds(seconds);
    wait_inline(
        "pirn_event_wait_timeout",
        event,
        |event: &RawEvent, tag| timeout.is_ok() && event.is_set(tag) == Ok(true),
        || timeout,
        RawEvent::wait_until,
    )
}
