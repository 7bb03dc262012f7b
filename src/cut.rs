//! Calls of user code that may be cut off: unwound from below instead of returning.
//!
//! That is not supported (the frames of pirn between the callback and its caller do not expect it), but for one case which no user
//! can help: an interpreter that has ended lets the threads that come back to it exit there and then. (CPython up to 3.13
//! has daemon threads do so, by pthread_exit, wherever they next need the interpreter: deep inside a callback of pirn's.)
//! The process is ending then, and daemon threads are to be left behind; so the thread simply stays where it is, as if it had
//! been slower. At any other time the process ends with a message.

#[cfg(not(loom))]
use crate::sys::process;
#[cfg(not(loom))]
use core::sync::atomic::{AtomicBool, Ordering};

/// The library has been shut down: the process is on its way out.
#[cfg(not(loom))]
static IS_ENDING: AtomicBool = AtomicBool::new(false);

/// Says whether the process is on its way out.
#[cfg(not(loom))]
pub fn set_ending(ending: bool) {
    IS_ENDING.store(ending, Ordering::Relaxed);
}

/// Calls user code. `call` calls the function as one that may unwind ("C-unwind"): otherwise the compiler takes it that nothing
/// is to be done here, and the unwinder gives up.
#[inline]
pub fn run<R>(call: impl FnOnce() -> R) -> R {
    #[cfg(not(loom))]
    let cut = Cut;
    let result = call();
    #[cfg(not(loom))]
    core::mem::forget(cut);
    result
}

/// Dropped only if the call is unwound.
#[cfg(not(loom))]
struct Cut;

#[cfg(not(loom))]
impl Drop for Cut {
    #[cold]
    fn drop(&mut self) {
        if IS_ENDING.load(Ordering::Relaxed) {
            process::stay();
        }
        process::write_stderr(
            b"pirn: a callback left otherwise than by returning (an exception, pthread_exit or pthread_cancel)\n",
        );
        std::process::abort();
    }
}
