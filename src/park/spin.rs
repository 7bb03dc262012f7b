//! The one place that spins: briefly, and then no more.

use super::Turn;
use crate::sys::atomic::spin_hint;
use crate::sys::clock;

/// Pauses per round; the rounds add up to about a microsecond, a small part of what a sleep and a wake-up cost.
const ROUNDS: &[u32] = if cfg!(loom) { &[] } else { &[4, 8, 16, 32] };

/// A bounded spin: pauses that grow, until it is time to sleep.
#[derive(Debug, Default)]
pub struct Spin {
    round: usize,
}

impl Spin {
    /// A fresh budget.
    pub fn new() -> Spin {
        Spin::default()
    }

    /// Pauses for a moment; false when the budget is used up and the caller is to sleep instead.
    pub fn once(&mut self) -> bool {
        let Some(&pauses) = ROUNDS.get(self.round) else {
            return false;
        };
        self.round += 1;
        for _ in 0..pauses {
            spin_hint();
        }
        true
    }
}

/// How long a waiter may lose to newcomers before it is served without competition.
const STARVED_AFTER_NS: u64 = 1_000_000;

/// The turns of one thread that waits for the same thing several times, because newcomers were faster.
#[derive(Debug, Default)]
pub struct Turns {
    waiting_since: Option<u64>,
}

impl Turns {
    /// Before the first wait.
    pub fn new() -> Turns {
        Turns::default()
    }

    /// After a first wait on another list.
    pub fn resumed() -> Turns {
        Turns { waiting_since: Some(clock::now_ns()) }
    }

    /// Where to queue now: last at first, then before all others, and from about a millisecond on as one that has starved.
    pub fn next(&mut self) -> Turn {
        let now = clock::now_ns();
        match self.waiting_since {
            None => {
                self.waiting_since = Some(now);
                Turn::Last
            }
            Some(since) if now - since > STARVED_AFTER_NS => Turn::Starved,
            Some(_) => Turn::First,
        }
    }
}
