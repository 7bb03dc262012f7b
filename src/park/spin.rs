//! The one place that spins: briefly, and then no more.

use crate::sys::atomic::spin_hint;

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
