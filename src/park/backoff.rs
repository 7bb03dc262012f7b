//! Waiting without sleeping, for what another thread is in the middle of doing.

#[cfg(not(loom))]
use crate::sys::atomic::spin_hint;

/// Pauses double up to 2^so many.
#[cfg(not(loom))]
const PAUSING_ROUNDS: u32 = 6;
/// Then yields, so many.
#[cfg(not(loom))]
const YIELDING_ROUNDS: u32 = 20;

/// How long the next pause is.
#[derive(Debug, Default)]
pub struct Backoff {
    #[cfg(not(loom))]
    round: u32,
}

impl Backoff {
    /// Short at first.
    #[inline]
    pub fn new() -> Backoff {
        Backoff::default()
    }

    /// Another thread was faster: lets it go on for a while. Threads that try again at once take the cache line from each other
    /// all the time.
    #[inline]
    pub fn lost(&mut self) {
        #[cfg(not(loom))]
        {
            (0..1u32 << self.round).for_each(|_| spin_hint());
            self.round = (self.round + 1).min(PAUSING_ROUNDS);
        }
        #[cfg(loom)]
        loom::thread::yield_now();
    }

    /// Another thread is about to do what this one needs, in a few instructions; but it may have lost its processor.
    pub fn wait(&mut self) {
        #[cfg(not(loom))]
        {
            if self.round < PAUSING_ROUNDS {
                return self.lost();
            }
            if self.round < PAUSING_ROUNDS + YIELDING_ROUNDS {
                std::thread::yield_now();
            } else {
                // A thread of lower priority is not let run by a yield.
                std::thread::sleep(core::time::Duration::from_micros(50));
            }
            self.round += 1;
        }
        #[cfg(loom)]
        loom::thread::yield_now();
    }
}
