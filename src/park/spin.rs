//! The one place that spins: briefly, and not where it does not pay.
//!
//! There are two reasons to spin before sleeping, which costs some ten microseconds for both sides:
//!
//! - [`Spin`]: a lock is held for a few instructions as a rule. A few pauses, then a few yields, which let the holder run if it
//!   waits for a processor. As parking_lot's SpinWait.
//! - [`spin_until`]: another running thread is about to hand something over. That takes as long as its work does, so this spins
//!   for longer, and learns: each thread has its full budget as long as spins pay off, and half of it after each that did
//!   not. With more runnable threads than processors spins fail, since the other thread does not run meanwhile, and soon
//!   there are none but one now and then to see whether that has changed. That one is of full length: if both sides sleep
//!   between their turns, it has to outlast the wake-up of the other side to find that spinning would pay.

use super::Turn;
#[cfg(not(loom))]
use crate::sys::atomic::spin_hint;
use crate::sys::clock;

/// Pauses per round, doubling; then yields.
#[cfg(not(loom))]
const PAUSING_ROUNDS: u32 = 3;
const ROUNDS: u32 = if cfg!(loom) { 0 } else { 10 };

/// A bounded spin while someone else is in a short critical section.
#[derive(Debug, Default)]
pub struct Spin {
    round: u32,
}

impl Spin {
    /// A fresh budget.
    pub fn new() -> Spin {
        Spin::default()
    }

    /// Pauses for a moment; false when the budget is used up and the caller is to sleep instead.
    pub fn once(&mut self) -> bool {
        if self.round == ROUNDS {
            return false;
        }
        self.round += 1;
        #[cfg(not(loom))]
        if self.round <= PAUSING_ROUNDS {
            (0..1 << self.round).for_each(|_| spin_hint());
        } else {
            std::thread::yield_now();
        }
        true
    }
}

/// The full budget for a hand-over, in nanoseconds: about what a sleep and a wake-up cost, so that spinning at most
/// doubles the price of a wait (Karlin et al., "Empirical Studies of Competitive Spinning", SOSP 1991).
#[cfg(not(loom))]
const LONGEST_NS: u32 = 20_000;
/// A budget below this is none.
#[cfg(not(loom))]
const SHORTEST_NS: u32 = 500;
/// Without a budget one in so many waits spins all the same.
#[cfg(not(loom))]
const PROBE_EVERY: u32 = 16;

/// What a thread has learnt about spinning.
#[cfg(not(loom))]
#[derive(Clone, Copy)]
struct Experience {
    budget_ns: u32,
    waits: u32,
}

#[cfg(not(loom))]
impl Experience {
    /// How long to spin now.
    fn next(&mut self) -> u32 {
        self.waits = self.waits.wrapping_add(1);
        if self.budget_ns >= SHORTEST_NS {
            self.budget_ns
        } else if self.waits % PROBE_EVERY == 0 {
            LONGEST_NS
        } else {
            0
        }
    }

    fn learn(&mut self, paid_off: bool) {
        self.budget_ns = if paid_off { LONGEST_NS } else { self.budget_ns / 2 };
    }
}

/// Spins until `ready`, for as long as the calling thread's experience suggests: whether it is.
#[cfg(not(loom))]
pub fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
    use core::cell::Cell;
    /// Between two looks at the clock, which takes about as long.
    const PAUSES: u32 = 4;
    thread_local! {
        static EXPERIENCE: Cell<Experience> = const { Cell::new(Experience { budget_ns: LONGEST_NS, waits: 0 }) };
    }
    let mut experience = EXPERIENCE.get();
    let budget = u64::from(experience.next());
    if budget == 0 || is_alone() {
        EXPERIENCE.set(experience);
        return ready();
    }
    let end = clock::now_ns() + budget;
    let is_ready = loop {
        for _ in 0..PAUSES {
            if ready() {
                break;
            }
            spin_hint();
        }
        if ready() {
            break true;
        }
        if clock::now_ns() >= end {
            break false;
        }
    };
    experience.learn(is_ready);
    EXPERIENCE.set(experience);
    is_ready
}

/// A model tries all interleavings anyway.
#[cfg(loom)]
pub fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
    ready()
}

/// Whether there is one processor for this process only: then nobody hands anything over while this thread spins.
#[cfg(not(loom))]
fn is_alone() -> bool {
    use core::sync::atomic::{AtomicU32, Ordering};
    static PROCESSORS: AtomicU32 = AtomicU32::new(0);
    let mut processors = PROCESSORS.load(Ordering::Relaxed);
    if processors == 0 {
        processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        PROCESSORS.store(processors, Ordering::Relaxed);
    }
    processors == 1
}

/// How long a waiter may lose to newcomers before it is served without competition.
const STARVED_AFTER_NS: u64 = 1_000_000;

/// The turns of one thread that waits for the same thing several times, because newcomers were faster.
#[derive(Clone, Copy, Debug, Default)]
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn spins_that_fail_are_given_up_and_taken_up_again() {
        let mut experience = Experience { budget_ns: LONGEST_NS, waits: 0 };
        let spent: u32 = (0..1000)
            .map(|_| {
                let budget = experience.next();
                experience.learn(false);
                budget
            })
            .sum();
        assert!(spent < 2 * LONGEST_NS + 1000 / PROBE_EVERY * LONGEST_NS);
        while experience.next() == 0 {}
        experience.learn(true);
        assert_eq!(experience.next(), LONGEST_NS);
    }

    #[test]
    fn a_spin_ends() {
        assert!(!(0..20).any(|_| spin_until(|| false)));
        assert!(spin_until(|| true));
    }
}
