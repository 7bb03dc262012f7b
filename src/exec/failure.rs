//! How a future keeps its failure in one word, without memory of its own unless there is something to say.
//!
//! ```text
//! | 63 ... 32: code | 0 | 1: REFUSED | 0: FAILED |    an error of pirn's own, or a callback's code without message and payload
//! |            address of a box      |     0     |    everything else
//! ```

use crate::callback::{CallError, Failure};
use crate::status::Error;
use crate::sys::allocator;
use core::ffi::c_void;
use core::ptr::without_provenance_mut;

const FAILED: usize = 1;
const REFUSED: usize = 2;

/// Packs a failure. Where memory is scarce the message gives way: nobody could be told that a task's end had none.
pub fn pack(error: CallError) -> *mut c_void {
    let with = |tag, code: i32| without_provenance_mut((code as u32 as usize) << 32 | tag);
    match &error {
        CallError::Refused(error) => with(REFUSED, error.code()),
        CallError::Failed(failure)
            if failure.payload().is_null() && (failure.is_wordless() || allocator::check().is_err()) =>
        {
            with(FAILED, failure.code())
        }
        CallError::Failed(_) => Box::into_raw(Box::new(error)).cast(),
    }
}

fn code_of(packed: *mut c_void) -> i32 {
    (packed.addr() >> 32) as u32 as i32
}

/// What was packed.
///
/// # Safety
/// `packed` came from `pack`, and has not been let go.
pub unsafe fn unpack(packed: *mut c_void) -> CallError {
    match packed.addr() & (FAILED | REFUSED) {
        FAILED => Failure::new(code_of(packed), None).into(),
        REFUSED => Error::from_code(code_of(packed)).unwrap_or(Error::Internal).into(),
        // SAFETY: neither, so it is a box.
        _ => unsafe { &*packed.cast::<CallError>() }.clone(),
    }
}

/// Lets go of a packed failure.
///
/// # Safety
/// As for `unpack`, and nobody uses it any more.
pub unsafe fn release(packed: *mut c_void) {
    if packed.addr() & (FAILED | REFUSED) == 0 {
        // SAFETY: neither, so it is a box.
        drop(unsafe { Box::from_raw(packed.cast::<CallError>()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::Arg;

    #[test]
    fn what_is_packed_comes_out() {
        let refused = Error::ALL.iter().map(|&error| CallError::from(error));
        let failed = [(1, None), (-1, None), (i32::MIN, None), (i32::MAX, None), (7, Some(c"disk full"))]
            .map(|(code, message)| CallError::from(Failure::new(code, message)));
        for error in refused.chain(failed) {
            let packed = pack(error.clone());
            // SAFETY: packed just now.
            assert_eq!(unsafe { unpack(packed) }, error);
            // SAFETY: as above, and let go once.
            unsafe { release(packed) };
        }
    }

    #[test]
    fn a_payload_goes_along() {
        let mut object = 5;
        let pointer: *mut c_void = (&raw mut object).cast();
        // SAFETY: nothing is called with it.
        let failure = Failure::new(3, None).with_payload(unsafe { Arg::new(pointer, None) });
        let packed = pack(failure.into());
        // SAFETY: packed just now.
        let unpacked = unsafe { unpack(packed) };
        assert!(matches!(unpacked, CallError::Failed(failure) if failure.payload() == pointer));
        // SAFETY: as above, and let go once.
        unsafe { release(packed) };
    }
}
