//! Time limits as callers give them: relative, checked, and made absolute at once.

use crate::status::Error;
use crate::sys::clock::Deadline;

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
            Deadline::after_ns((self.0 * 1e9).ceil() as u64)
        }
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
        let before = Deadline::after_ns(0);
        assert!(Timeout::from_seconds(1e-12).unwrap().deadline() > before);
    }

    #[test]
    fn passing() {
        assert!(Deadline::PASSED.has_passed());
        assert!(!Deadline::NEVER.has_passed());
        assert!(Deadline::NEVER.as_timespec().is_none());
    }
}
