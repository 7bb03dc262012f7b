//! Alarm: rings once, for all who sleep until it does.

use super::Deadline;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::futex;

const SILENT: u32 = 0;
const RUNG: u32 = 1;

/// What threads sleep on when whatever they wait for has one end, and a word of its own that tells of it. There is no list: the
/// kernel wakes them in the order in which they came, and one whose time is over just leaves.
///
/// Who rings has published the end before, and knows that someone may sleep; who sleeps looks at the end afterwards. No
/// wake-up is lost: the kernel compares the word before it lets a thread sleep. In a child of fork there are no sleepers, and ringing
/// wakes nobody.
#[derive(Debug)]
#[repr(transparent)]
pub struct Alarm(AtomicU32);

impl Alarm {
    /// A silent alarm.
    #[cfg(loom)]
    pub fn new() -> Alarm {
        Alarm(AtomicU32::new(SILENT))
    }

    /// Makes it silent again, when nobody can sleep on it.
    #[cfg(not(loom))]
    pub fn reset(&self) {
        self.0.store(SILENT, Ordering::Relaxed);
    }

    /// Sleeps until it rings or until the deadline.
    pub fn wait(&self, deadline: Deadline) {
        // Acquire: what was done before it rang is seen.
        while self.0.load(Ordering::Acquire) == SILENT {
            if !futex::wait(&self.0, SILENT, deadline) {
                return;
            }
        }
    }

    /// Wakes all who sleep, and whoever comes later finds it rung.
    pub fn ring(&self) {
        self.0.store(RUNG, Ordering::Release);
        futex::wake(&raw const self.0, i32::MAX);
    }
}
