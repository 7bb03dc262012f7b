//! The library as a whole: its version.

use core::ffi::c_char;

/// The version of the library that is running, as text: `"0.1.0"`.
///
/// Returns a static string; never NULL. It does not block.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
