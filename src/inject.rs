//! Panics on purpose, for the test that none gets out of the library (c-tests/panics). Only with the feature `inject-panics`,
//! which no shipped library has.

#[cfg(feature = "inject-panics")]
mod armed {
    use core::ffi::{CStr, c_char};
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Mutex;

    /// The function whose next calls panic; empty for none.
    static ARMED: Mutex<String> = Mutex::new(String::new());
    static PANICS: AtomicUsize = AtomicUsize::new(0);

    pub fn is_armed(name: &str) -> bool {
        *ARMED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) == name
    }

    pub fn here(name: &str) {
        if is_armed(name) {
            PANICS.fetch_add(1, Ordering::Relaxed);
            panic!("on purpose, in {name}");
        }
    }

    /// From now on each call of the function `name` panics, and no other. Gives how many have. `Mutex::lock`, `RawMutex::lock` and
    /// `Lane::lock` panic when they have locked.
    ///
    /// # Safety
    /// `name` is NUL-terminated.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn pirn_test_panic_in(name: *const c_char) -> usize {
        // SAFETY: the caller's promise.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
        *ARMED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = name.into_owned();
        PANICS.load(Ordering::Relaxed)
    }
}

#[cfg(feature = "inject-panics")]
pub use armed::{here, is_armed};

/// Whether calls of this function are to panic: then they take no fast path.
#[cfg(not(feature = "inject-panics"))]
#[inline(always)]
pub fn is_armed(_: &str) -> bool {
    false
}

/// Panics if this function is to.
#[cfg(not(feature = "inject-panics"))]
#[inline(always)]
pub fn here(_: &str) {}
