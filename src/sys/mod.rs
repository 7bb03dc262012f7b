//! The operating system: clock, futex, memory, system threads, fork and exit.
//!
//! Everything that differs between platforms is in here; the layers above are plain Rust. Today that is
//! Linux on 64-bit machines.

#[cfg(not(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64")))]
compile_error!("pirn runs on 64-bit Linux with glibc so far; other systems belong behind src/sys");

#[cfg(not(loom))]
pub mod allocator;
#[cfg(feature = "annotate")]
pub mod annotate;
/// Nobody is told.
#[cfg(not(feature = "annotate"))]
#[cfg_attr(loom, allow(dead_code))]
pub mod annotate {
    #[inline(always)]
    pub fn used(_: *const core::ffi::c_void) {}

    #[inline(always)]
    pub fn unused(_: *const core::ffi::c_void) {}

    #[inline(always)]
    pub fn handle_signals() {}

    #[inline(always)]
    pub fn without_reports<T>(body: impl FnOnce() -> T) -> T {
        body()
    }
}
pub mod atomic;
pub mod barrier;
pub mod cell;
pub mod clock;
#[cfg(not(loom))]
pub mod fork;
/// In a model nobody forks.
#[cfg(loom)]
pub mod fork {
    /// As in a process that never forked.
    pub fn epoch() -> u32 {
        1
    }

    /// As in a process that never forked.
    pub fn survivor() -> usize {
        0
    }

    /// Nothing: there is no gate.
    pub fn hold_awaited(_holds: bool) {}
}
pub mod futex;
#[cfg(not(loom))]
pub mod memory;
#[cfg(not(loom))]
pub mod process;
#[cfg(not(loom))]
pub mod stack;
#[cfg(not(loom))]
pub mod thread;
pub mod token;

/// How many processors this process may use, as of the first call.
#[cfg(not(loom))]
pub fn processors() -> usize {
    use core::sync::atomic::{AtomicUsize, Ordering};
    // No OnceLock: a child of a fork in the middle of the first call would wait for ever.
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    let mut processors = KNOWN.load(Ordering::Relaxed);
    if processors == 0 {
        processors = std::thread::available_parallelism().map_or(1, |count| count.get());
        KNOWN.store(processors, Ordering::Relaxed);
    }
    processors
}

/// The size of a page of memory, which is what the system hands out.
#[cfg(not(loom))]
fn page_size() -> usize {
    // SAFETY: has no preconditions.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}
