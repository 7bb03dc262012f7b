//! Text across the boundary: UTF-8 with a final NUL; getters copy.

use crate::status::Error;
use core::ffi::{CStr, c_char};

/// Text that a C program passes: NULL or not UTF-8 is `InvalidArgument`.
///
/// # Safety
/// `text` is NULL or NUL-terminated, and stays unchanged for the time of the call.
pub unsafe fn incoming<'a>(text: *const c_char) -> Result<&'a str, Error> {
    if text.is_null() {
        return Err(Error::InvalidArgument);
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| Error::InvalidArgument)
}

/// Checks the arguments of a text getter: `InvalidArgument` if there is room but no buffer.
pub fn check_buffer(buf: *const c_char, cap: usize) -> Result<(), Error> {
    if buf.is_null() && cap > 0 { Err(Error::InvalidArgument) } else { Ok(()) }
}

/// Copies `text` into the caller's buffer: at most `cap` bytes, with a NUL if there is any room; its whole length goes to `len`.
///
/// # Safety
/// `buf` is valid for `cap` bytes (it passed [`check_buffer`]), and `len` is NULL or valid for a write.
pub unsafe fn outgoing(text: &[u8], buf: *mut c_char, cap: usize, len: *mut usize) {
    if cap > 0 {
        let count = text.len().min(cap - 1);
        // SAFETY: the caller's promise; `count` + 1 bytes fit.
        unsafe { core::ptr::copy_nonoverlapping(text.as_ptr(), buf.cast::<u8>(), count) };
        // SAFETY: as above.
        unsafe { buf.add(count).write(0) };
    }
    if !len.is_null() {
        // SAFETY: the caller's promise.
        unsafe { len.write(text.len()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(text: &str, cap: usize) -> (Vec<u8>, usize) {
        let mut buffer = vec![0x7fu8; cap + 1];
        let mut len = 0;
        // SAFETY: the buffer has more than `cap` bytes.
        unsafe { outgoing(text.as_bytes(), buffer.as_mut_ptr().cast(), cap, &mut len) };
        (buffer, len)
    }

    #[test]
    fn copies_are_cut_and_terminated() {
        assert_eq!(copied("abc", 0), (b"\x7f".to_vec(), 3));
        assert_eq!(copied("abc", 1), (b"\0\x7f".to_vec(), 3));
        assert_eq!(copied("abc", 3), (b"ab\0\x7f".to_vec(), 3));
        assert_eq!(copied("abc", 4), (b"abc\0\x7f".to_vec(), 3));
    }

    #[test]
    fn incoming_text_is_checked() {
        // SAFETY: NULL, or NUL-terminated.
        unsafe {
            assert_eq!(incoming(core::ptr::null()), Err(Error::InvalidArgument));
            assert_eq!(incoming(c"\xff".as_ptr()), Err(Error::InvalidArgument));
            assert_eq!(incoming(c"gr\u{fc}n".as_ptr()), Ok("gr\u{fc}n"));
        }
    }
}
