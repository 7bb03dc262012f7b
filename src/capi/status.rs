//! Statuses in words.

use super::guard;
use crate::last_error;
use crate::status::{Error, pirn_status_t};
use core::ffi::c_char;

/// The name of a status, as in the header: `"PIRN_TIMED_OUT"`.
///
/// @param status any number
/// @return a static string; `"PIRN_UNKNOWN_STATUS"` for a number that is no status, never NULL
///
/// Does not block.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_status_name(status: pirn_status_t) -> *const c_char {
    match Error::from_code(status) {
        Some(error) => error.name().as_ptr(),
        None if status == 0 => c"PIRN_OK".as_ptr(),
        None => c"PIRN_UNKNOWN_STATUS".as_ptr(),
    }
}

/// What a status means, in one sentence.
///
/// @param status any number
/// @return a static string, never NULL
///
/// Does not block.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_status_message(status: pirn_status_t) -> *const c_char {
    match Error::from_code(status) {
        Some(error) => error.message().as_ptr(),
        None if status == 0 => c"done".as_ptr(),
        None => c"not a status of pirn's".as_ptr(),
    }
}

/// The calling thread's most recent error in words: the function and what went wrong; after a `PIRN_ERR_TASK_FAILED` the message
/// that the callback gave to `pirn_raise`, or a general sentence.
///
/// @return a string that stays valid until the calling thread's next call of this function; never NULL; "no error" if there
///         was none
///
/// Successes and the positive statuses leave it as it is. Each thread has its own. Does not block.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_last_error() -> *const c_char {
    guard::guard_value("pirn_last_error", c"no error".as_ptr(), last_error::words)
}

/// The code that the callback returned which is behind the calling thread's last `PIRN_ERR_TASK_FAILED`.
///
/// @return the code; 0 if there was none yet
///
/// Successes leave it as it is. Does not block.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_last_code() -> i32 {
    guard::guard_value("pirn_last_code", 0, last_error::code)
}
