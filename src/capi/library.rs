//! The library as a whole.

use super::guard::{guard, guard_value, required, write_out};
use super::types::pirn_status_t;
use crate::callback;
use crate::handle::{Handle, shared};
use core::ffi::{CStr, c_char, c_void};

/// The version of the library that is running, as text: "0.1.0". (`PIRN_VERSION_MAJOR` and so on are those of the header.)
///
/// @return a static string, never NULL
///
/// Does not block.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Says why the callback that is running fails, so that it can end with `return pirn_raise(7, "disk full");`.
///
/// @param code     what the callback is going to return; not 0
/// @param message  UTF-8 text, copied; NULL for none. It is reported if the callback then returns this same `code`.
/// @return `code`
///
/// The message belongs to the innermost callback of the calling thread. Does not block.
/// Python: raise.
///
/// # Safety
/// `message` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_raise(code: i32, message: *const c_char) -> i32 {
    guard_value(code, || {
        // SAFETY: the caller's promise.
        let message = (!message.is_null()).then(|| unsafe { CStr::from_ptr(message) });
        callback::raise(code, message)
    })
}

/// The identity of a handle's object: the same for all handles to it, never used again for another.
///
/// @param handle  a handle of any type
/// @param out     where the identity goes; never 0
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE   NULL, freed, or never a handle
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: id().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_object_id(handle: *const c_void, out: *mut u64) -> pirn_status_t {
    guard("pirn_object_id", || {
        let out = required(out)?;
        let id = shared::object_id(Handle::from_ptr(handle))?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, id) };
        Ok(())
    })
}
