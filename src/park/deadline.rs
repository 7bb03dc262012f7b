//! Time limits: relative only at the edge, absolute everywhere else.

use crate::status::Error;
use crate::sys::clock;

/// The largest time limit, in seconds (`PIRN_TIMEOUT_MAX`): as in CPython, what fits a signed 64-bit count of nanoseconds.
pub const TIMEOUT_MAX: f64 = 9_223_372_036.0;
/// "No limit", as a number of seconds (`PIRN_FOREVER`).
pub const FOREVER: f64 = -1.0;

/// A checked relative time limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeout(f64);

impl Timeout {
    /// No limit.
    pub const NEVER: Timeout = Timeout(f64::INFINITY);

    /// Checks a time limit given in seconds: -1 and +infinity mean none, 0 polls.
    pub fn from_seconds(seconds: f64) -> Result<Timeout, Error> {
        if seconds == FOREVER || seconds == f64::INFINITY {
            Ok(Timeout::NEVER)
        } else if seconds.is_nan() || seconds < 0.0 {
            Err(Error::InvalidArgument)
        } else if seconds > TIMEOUT_MAX {
            Err(Error::Overflow)
        } else {
            Ok(Timeout(seconds))
        }
    }

    /// Whether there is a limit at all.
    pub fn is_limited(self) -> bool {
        self.0 != f64::INFINITY
    }

    /// The moment at which the limit, counted from now, has passed.
    pub fn deadline(self) -> Deadline {
        if !self.is_limited() {
            Deadline::NEVER
        } else if self.0 == 0.0 {
            Deadline::PASSED
        } else {
            // Rounded up: a wait never ends early. TIMEOUT_MAX plus any uptime fits: a u64 holds twice as much.
            Deadline(clock::now_ns() + (self.0 * 1e9).ceil() as u64)
        }
    }
}

/// An absolute moment on the monotonic clock, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(u64);

impl Deadline {
    /// The deadline that does not come.
    pub const NEVER: Deadline = Deadline(u64::MAX);
    /// A deadline that has passed already: a poll.
    pub const PASSED: Deadline = Deadline(0);

    /// Whether the moment has come.
    pub fn has_passed(self) -> bool {
        self == Deadline::PASSED || (self != Deadline::NEVER && clock::now_ns() >= self.0)
    }

    /// The moment as the system takes it; None for never.
    pub fn as_timespec(self) -> Option<libc::timespec> {
        (self != Deadline::NEVER).then_some(libc::timespec {
            tv_sec: (self.0 / 1_000_000_000) as libc::time_t,
            tv_nsec: (self.0 % 1_000_000_000) as libc::c_long,
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn limits_are_checked() {
        assert_eq!(Timeout::from_seconds(-1.0), Ok(Timeout::NEVER));
        assert_eq!(Timeout::from_seconds(f64::INFINITY), Ok(Timeout::NEVER));
        assert_eq!(Timeout::from_seconds(f64::NAN), Err(Error::InvalidArgument));
        assert_eq!(Timeout::from_seconds(f64::NEG_INFINITY), Err(Error::InvalidArgument));
        assert_eq!(Timeout::from_seconds(-1e-300), Err(Error::InvalidArgument));
        assert_eq!(Timeout::from_seconds(-0.0).unwrap().deadline(), Deadline::PASSED);
        assert!(Timeout::from_seconds(TIMEOUT_MAX).unwrap().deadline() < Deadline::NEVER);
        assert_eq!(Timeout::from_seconds(TIMEOUT_MAX * 1.000_001), Err(Error::Overflow));
    }

    #[test]
    fn a_limit_is_never_rounded_down() {
        let before = clock::now_ns();
        assert!(Timeout::from_seconds(1e-12).unwrap().deadline() > Deadline(before));
    }

    #[test]
    fn passing() {
        assert!(Deadline::PASSED.has_passed());
        assert!(!Deadline::NEVER.has_passed());
        assert!(Deadline::NEVER.as_timespec().is_none());
    }
}
