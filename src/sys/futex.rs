//! Sleeping until a 32-bit word changes: the futex system call, or its model under loom.
//!
//! Both may wake spuriously, and `wake` never reads the word: it is given an address, because the word's
//! owner may be gone already (see futex(2); glibc and Rust's std rely on the same).

#[cfg(loom)]
use super::atomic::AtomicU32;
use super::clock::Deadline;

#[cfg(loom)]
pub use imp::{expire, has_expired};
pub use imp::{wait, wake};

/// Why a sleep is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slept {
    /// For whatever reason: the caller looks at its state again.
    Woken,
    /// A signal handler has run on this thread; otherwise as `Woken`.
    #[cfg(not(loom))]
    Interrupted,
    /// The deadline has passed.
    TimedOut,
}

#[cfg(not(loom))]
mod imp {
    use super::{Deadline, Slept};
    use crate::sys::annotate;

    /// A 32-bit word to sleep on: an atomic one, whether race detectors are told of it or not.
    pub trait Word {
        /// Its address.
        fn address(&self) -> *mut u32;
    }

    impl Word for core::sync::atomic::AtomicU32 {
        fn address(&self) -> *mut u32 {
            self.as_ptr()
        }
    }

    #[cfg(feature = "annotate")]
    impl Word for crate::sys::annotate::atomic::AtomicU32 {
        fn address(&self) -> *mut u32 {
            self.as_ptr()
        }
    }

    /// Sleeps while `word` is `expected`, until woken or until `deadline`.
    ///
    /// The deadline is absolute, so nothing is added by waiting again.
    pub fn wait(word: &impl Word, expected: u32, deadline: Deadline) -> Slept {
        let limit = deadline.as_timespec();
        let limit_ptr = limit.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
        // SAFETY: `word` is a live, aligned 32-bit word and `limit_ptr` is NULL or a valid timespec. The BITSET form takes an
        // absolute time on the monotonic clock.
        let result = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.address(),
                libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
                expected,
                limit_ptr,
                core::ptr::null::<u32>(),
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        match if result == 0 { 0 } else { super::last_os_error() } {
            libc::ETIMEDOUT => Slept::TimedOut,
            libc::EINTR => {
                annotate::handle_signals();
                Slept::Interrupted
            }
            _ => Slept::Woken,
        }
    }

    /// Wakes up to `count` threads that sleep on the word at this address, which need not exist any more.
    pub fn wake(word: *const impl Word, count: i32) {
        // SAFETY: FUTEX_WAKE uses the address as a key only; it does not access the memory behind it.
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, count) };
    }
}

#[cfg(not(loom))]
fn last_os_error() -> i32 {
    // SAFETY: errno is the calling thread's own.
    unsafe { *libc::__errno_location() }
}

#[cfg(loom)]
mod imp {
    //! A futex for models: a table of sleepers under a loom mutex, and deadlines that pass when a model thread says so.
    use super::{AtomicU32, Deadline, Slept};
    use crate::sys::atomic::Ordering;
    use loom::sync::Mutex;
    use loom::thread::{self, Thread};

    struct Sleeper {
        address: usize,
        serial: usize,
        timed: bool,
        thread: Thread,
    }

    #[derive(Default)]
    struct Table {
        sleepers: Vec<Sleeper>,
        timed_out: Vec<usize>,
        next_serial: usize,
        /// All deadlines have passed, those of waits yet to begin too.
        expired: bool,
    }

    loom::lazy_static! {
        static ref TABLE: Mutex<Table> = Mutex::new(Table::default());
    }

    pub fn wait(word: &AtomicU32, expected: u32, deadline: Deadline) -> Slept {
        let timed = deadline != Deadline::NEVER;
        let serial;
        {
            let mut table = TABLE.lock().unwrap();
            // The kernel compares under the same lock that a waker takes: no wake-up falls between.
            if word.load(Ordering::Relaxed) != expected {
                return Slept::Woken;
            }
            if timed && table.expired {
                return Slept::TimedOut;
            }
            serial = table.next_serial;
            table.next_serial += 1;
            let thread = thread::current();
            table.sleepers.push(Sleeper { address: core::ptr::from_ref(word) as usize, serial, timed, thread });
        }
        loop {
            thread::park();
            let mut table = TABLE.lock().unwrap();
            if let Some(at) = table.timed_out.iter().position(|&s| s == serial) {
                table.timed_out.swap_remove(at);
                return Slept::TimedOut;
            }
            if !table.sleepers.iter().any(|s| s.serial == serial) {
                return Slept::Woken;
            }
        }
    }

    pub fn wake(word: *const AtomicU32, count: i32) {
        let mut table = TABLE.lock().unwrap();
        for _ in 0..count {
            let Some(at) = table.sleepers.iter().position(|s| s.address == word as usize) else {
                break;
            };
            table.sleepers.remove(at).thread.unpark();
        }
    }

    /// Whether the deadlines have passed.
    pub fn has_expired() -> bool {
        TABLE.lock().unwrap().expired
    }

    /// Lets every deadline pass, now and from now on. A model runs this on a thread of its own, so that loom tries it at
    /// every point.
    pub fn expire() {
        let mut table = TABLE.lock().unwrap();
        table.expired = true;
        while let Some(at) = table.sleepers.iter().position(|s| s.timed) {
            let sleeper = table.sleepers.remove(at);
            table.timed_out.push(sleeper.serial);
            sleeper.thread.unpark();
        }
    }
}
