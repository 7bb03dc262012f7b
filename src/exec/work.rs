//! What a task gives.

use crate::callback::{Arg, FreeFn};
use core::ffi::c_void;

/// A result as a task gave it: a pointer that pirn passes on and never follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(pub *mut c_void);

// SAFETY: only the pointer's value is handled here; what it points to is the affair of those who pass it on.
unsafe impl Send for Value {}
// SAFETY: as above.
unsafe impl Sync for Value {}

impl Value {
    /// No result.
    pub const NULL: Value = Value(core::ptr::null_mut());

    /// Gives the result back to its owner.
    ///
    /// # Safety
    /// `free` may be called with the pointer, on this thread.
    pub(super) unsafe fn give_back(self, free: FreeFn) {
        // SAFETY: the caller's promise.
        drop(unsafe { Arg::new(self.0, Some(free)) });
    }
}
