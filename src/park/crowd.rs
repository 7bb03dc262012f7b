//! A crowd: threads that wait for the same thing, in no order, and are all woken by one call to the kernel.
//!
//! What is waited for is in a word of the object's own, and so is a flag that says that somebody sleeps:
//!
//! ```text
//!   a waiter                                          whoever ends the wait
//!   turn := TURN                                      one step ends the wait, and clears the flag
//!   one step sets the flag, if the wait goes on       was the flag set?  yes: TURN += 1, wake all
//!   sleep while TURN is turn
//! ```
//!
//! No wake-up is lost. If the waiter's step comes first, the other one finds the flag, and adds to TURN after the waiter has read
//! it: the waiter's step is a Release and the other's an Acquire. So the waiter finds another TURN when it is about to sleep, or is woken.
//! If the waiter's step comes second there is nothing to wait for any more, and it is not made. A wake-up that was meant for others may
//! reach a waiter of the next turn: it looks at the object's word again.

use super::Deadline;
use super::interrupt::sleep_on;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::futex;

/// Where a crowd sleeps.
#[derive(Debug)]
pub struct Crowd {
    turn: AtomicU32,
}

impl Default for Crowd {
    fn default() -> Crowd {
        Crowd::new()
    }
}

impl Crowd {
    /// Nobody.
    pub fn new() -> Crowd {
        Crowd { turn: AtomicU32::new(0) }
    }

    /// To be read before the step that sets the flag.
    pub fn turn(&self) -> u32 {
        self.turn.load(Ordering::Acquire)
    }

    /// Sleeps, after that step, until woken: true; or until the deadline: false. May return early: the caller looks again.
    pub fn sleep(&self, turn: u32, deadline: Deadline) -> bool {
        sleep_on(&self.turn, turn, deadline)
    }

    /// Wakes everyone, after the step that cleared the flag.
    pub fn wake_all(&self) {
        self.turn.fetch_add(1, Ordering::Release);
        futex::wake(&self.turn, i32::MAX);
    }
}
