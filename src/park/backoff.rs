//! Waiting without sleeping, for what another thread is in the middle of doing.

#[cfg(not(loom))]
use crate::sys::{atomic::spin_hint, clock};

/// Pauses double for so many rounds.
#[cfg(not(loom))]
const PAUSING_ROUNDS: u32 = 6;
/// Then yields, so many.
#[cfg(not(loom))]
const YIELDING_ROUNDS: u32 = 20;

/// How long a thread that was not fast enough stays away, in nanoseconds. With half a microsecond two producers and two consumers of a
/// queue get two thirds as much done where a cache line takes 200 ns from core to core, and as much where it takes 50; without
/// it a quarter to a third.
#[cfg(not(loom))]
const AWAY_NS: u64 = 3_000;

/// After another thread was faster: lets it go on for a while. Meanwhile it has the cache line to itself and gets dozens of calls
/// done; threads that try again at once take the line from each other with every call.
#[cold]
pub fn give_way() {
    #[cfg(not(loom))]
    super::spin_till(clock::now_ns() + AWAY_NS);
    #[cfg(loom)]
    loom::thread::yield_now();
}

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

    /// Another thread is about to do what this one needs, in a few instructions; but it may have lost its processor.
    pub fn wait(&mut self) {
        #[cfg(not(loom))]
        {
            if self.round < PAUSING_ROUNDS {
                (0..1u32 << self.round).for_each(|_| spin_hint());
            } else if self.round < PAUSING_ROUNDS + YIELDING_ROUNDS {
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
