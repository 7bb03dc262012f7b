//! ThreadSanitizer: the functions that its runtime exports to instrumented code, if it is in the process.

use core::ffi::{c_char, c_int, c_void};

type OnAddress = unsafe extern "C" fn(*mut c_void);
type OnPlace = unsafe extern "C" fn(*const c_char, c_int);

/// NULL where there is no such runtime.
#[repr(C)]
struct Runtime {
    acquire: Option<OnAddress>,
    release: Option<OnAddress>,
    ignore_writes_begin: Option<OnPlace>,
    ignore_writes_end: Option<OnPlace>,
}

// Weak references are resolved when the program is loaded, before any code runs. Rust has no word for them.
core::arch::global_asm!(
    ".weak __tsan_acquire",
    ".weak __tsan_release",
    ".weak AnnotateIgnoreWritesBegin",
    ".weak AnnotateIgnoreWritesEnd",
    ".pushsection .data.rel.ro.pirn_tsan_runtime, \"aw\"",
    ".balign 8",
    ".globl pirn_tsan_runtime",
    ".hidden pirn_tsan_runtime",
    "pirn_tsan_runtime:",
    ".8byte __tsan_acquire",
    ".8byte __tsan_release",
    ".8byte AnnotateIgnoreWritesBegin",
    ".8byte AnnotateIgnoreWritesEnd",
    ".popsection",
);

unsafe extern "C" {
    #[link_name = "pirn_tsan_runtime"]
    static RUNTIME: Runtime;
}

fn call(function: Option<OnAddress>, address: *const ()) {
    if let Some(function) = function {
        // SAFETY: takes any address of the program's memory.
        unsafe { function(address.cast_mut().cast()) };
    }
}

pub fn release(address: *const ()) {
    // SAFETY: defined above, and written by the dynamic linker only.
    call(unsafe { RUNTIME.release }, address);
}

pub fn acquire(address: *const ()) {
    // SAFETY: as above.
    call(unsafe { RUNTIME.acquire }, address);
}

/// Runs `body`, whose writes are not looked at.
pub fn without_reports<T>(body: impl FnOnce() -> T) -> T {
    let call = |function: Option<OnPlace>| {
        if let Some(function) = function {
            // SAFETY: takes a file's name, for reports on these calls themselves, and a line.
            unsafe { function(c"pirn".as_ptr(), 0) };
        }
    };
    // SAFETY: as above.
    call(unsafe { RUNTIME.ignore_writes_begin });
    let result = body();
    // SAFETY: as above.
    call(unsafe { RUNTIME.ignore_writes_end });
    result
}

/// A system call of this thread's was interrupted. ThreadSanitizer puts a signal's handler off until the thread next comes by a
/// function of the C library that it watches: here is one.
pub fn handle_signals() {
    // SAFETY: takes a number.
    unsafe { libc::usleep(0) };
}
