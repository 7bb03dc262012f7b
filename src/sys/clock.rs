//! The monotonic clock, and moments on it.

/// Nanoseconds on `CLOCK_MONOTONIC`: not moved by clock steps, comparable within the machine's uptime.
#[cfg(not(loom))]
pub fn now_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid place for the result; CLOCK_MONOTONIC exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// In a model time stands still until the model lets all deadlines pass.
#[cfg(loom)]
pub fn now_ns() -> u64 {
    if super::futex::has_expired() { 1_000_000_000_000 } else { 1 }
}

/// An absolute moment on the monotonic clock, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(u64);

impl Deadline {
    /// The deadline that does not come.
    pub const NEVER: Deadline = Deadline(u64::MAX);
    /// A deadline that has passed already: a poll.
    pub const PASSED: Deadline = Deadline(0);

    /// So many nanoseconds on the clock; `u64::MAX` never comes.
    pub const fn at_ns(ns: u64) -> Deadline {
        Deadline(ns)
    }

    /// So many nanoseconds from now.
    pub fn after_ns(ns: u64) -> Deadline {
        Deadline(now_ns() + ns)
    }

    /// Whether the moment has come.
    pub fn has_passed(self) -> bool {
        self == Deadline::PASSED || (self != Deadline::NEVER && now_ns() >= self.0)
    }

    /// Nanoseconds until the moment; 0 once it has passed.
    #[cfg(feature = "annotate")]
    pub fn left_ns(self) -> u64 {
        self.0.saturating_sub(now_ns())
    }

    /// The moment as the system takes it; None for never.
    pub fn as_timespec(self) -> Option<libc::timespec> {
        (self != Deadline::NEVER).then_some(libc::timespec {
            tv_sec: (self.0 / 1_000_000_000) as libc::time_t,
            tv_nsec: (self.0 % 1_000_000_000) as libc::c_long,
        })
    }
}
