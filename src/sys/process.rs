//! The process: its exit, its standard error.

use core::ffi::c_void;
use core::mem::MaybeUninit;

/// Has `handler` called by exit() and by the return from main. False if the system refuses.
pub fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: a C function that lives as long as the process: the library is never unloaded.
    unsafe { libc::atexit(handler) == 0 }
}

/// The calling thread stays here until the process ends.
pub fn stay() -> ! {
    loop {
        // SAFETY: has no preconditions.
        unsafe { libc::pause() };
    }
}

/// Ends the process if a panic is on its way through the caller, who gives up a lock: nobody is to see what it has left half changed.
/// Not in unit tests, where an assertion that fails is to be told as such.
#[inline]
pub fn end_if_panicking() {
    if cfg!(not(test)) && std::thread::panicking() {
        end_torn();
    }
}

/// Ends the process: a panic has left something locked, or half changed.
#[cold]
pub fn end_torn() -> ! {
    write_stderr(b"pirn: a bug in pirn (a panic) in the middle of a change: the process cannot go on\n");
    std::process::abort();
}

/// Writes to standard error, whatever state it is in: closed, or a pipe that nobody reads.
pub fn write_stderr(mut text: &[u8]) {
    let _quiet = NoSigpipe::begin();
    while !text.is_empty() {
        // SAFETY: the pointer and length are those of a slice.
        let written = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast::<c_void>(), text.len()) };
        match usize::try_from(written) {
            Ok(written) if written > 0 => text = &text[written..],
            Ok(_) => return,
            Err(_) if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// While it exists, a write to a broken pipe fails with EPIPE on this thread instead of killing the process.
struct NoSigpipe {
    before: libc::sigset_t,
    was_pending: bool,
}

impl NoSigpipe {
    fn begin() -> NoSigpipe {
        let mut before = MaybeUninit::uninit();
        let set = sigpipe();
        let was_pending = is_pending();
        // SAFETY: valid signal sets; only the calling thread's mask changes.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, before.as_mut_ptr()) };
        // SAFETY: written by the call, which cannot fail with these arguments.
        NoSigpipe { before: unsafe { before.assume_init() }, was_pending }
    }
}

impl Drop for NoSigpipe {
    fn drop(&mut self) {
        if !self.was_pending && is_pending() {
            let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: valid arguments; takes the pending signal away without waiting.
            unsafe { libc::sigtimedwait(&sigpipe(), core::ptr::null_mut(), &none) };
        }
        // SAFETY: restores the mask found at the beginning.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, core::ptr::null_mut()) };
    }
}

fn sigpipe() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: initialised, and the signal exists.
    unsafe { libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE) };
    // SAFETY: initialised.
    unsafe { set.assume_init() }
}

fn is_pending() -> bool {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigpending initialises the set.
    unsafe { libc::sigpending(set.as_mut_ptr()) };
    // SAFETY: initialised.
    unsafe { libc::sigismember(set.as_ptr(), libc::SIGPIPE) == 1 }
}
