//! The one place that spins: briefly, and not where it does not pay.
//!
//! There are two reasons to spin before sleeping, which costs some ten microseconds for both sides:
//!
//! - [`Spin`]: a lock is held for a few instructions as a rule. A few pauses, then a few yields, which let the holder run if it
//!   waits for a processor. As parking_lot's SpinWait.
//! - [`spin_until`]: another running thread is about to hand something over. That takes as long as its work does, so this spins
//!   for longer, and learns, thread by thread:
//!
//!   A spin that pays off earns credit, one that does not costs some, and without credit there is none: with more runnable threads than
//!   processors spins fail, since the other thread does not run meanwhile. (A spin is of full length or not at all: half of
//!   what it takes is wasted.)
//!
//!   After a first moment it yields between its looks, for that other thread may wait for this very processor. But
//!   a stranger may get it as well, and keep it for a whole time slice: after one such yield the thread does without for a while.
//!
//!   Without credit it spins all the same in a short window of time now and then, the same for all threads, to see
//!   whether things have changed. Together, because threads that wait for each other spin in vain unless the others do not sleep
//!   either; in full length, because a spin has to outlast the wake-up of one that does.

use super::Turn;
#[cfg(not(loom))]
use crate::sys::atomic::spin_hint;
use crate::sys::clock;

/// Rounds of pauses, doubling; then yields.
#[cfg(not(loom))]
const PAUSING_ROUNDS: u32 = 3;
/// In the first round. Long enough for the holder to release and acquire again several times from its own cache: with 2, as
/// parking_lot has it, four threads that do nothing else get a quarter less done.
#[cfg(not(loom))]
const FIRST_PAUSES: u32 = 8;
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
        #[cfg(not(loom))]
        if self.round < PAUSING_ROUNDS {
            (0..FIRST_PAUSES << self.round).for_each(|_| spin_hint());
        } else {
            std::thread::yield_now();
        }
        self.round += 1;
        true
    }
}

/// How long to spin for a hand-over, in nanoseconds: about what a sleep and a wake-up cost, so that spinning at most
/// doubles the price of a wait (Karlin et al., "Empirical Studies of Competitive Spinning", SOSP 1991).
#[cfg(not(loom))]
const LONGEST_NS: u64 = 20_000;
/// The most that a thread may lose before it stops, in spins.
#[cfg(not(loom))]
const MOST_CREDIT: u32 = 8;
/// Looks without a yield between them come first, for so long.
#[cfg(not(loom))]
const PAUSING_NS: u64 = 2_000;
/// Threads that wait for each other give a processor back sooner than that; time slices take milliseconds.
#[cfg(not(loom))]
const LONG_YIELD_NS: u64 = 500_000;
/// How long a thread does without yields after a long one.
#[cfg(not(loom))]
const YIELDLESS_NS: u64 = 64_000_000;
/// The windows begin so often, and last for one part in so many.
#[cfg(not(loom))]
const WINDOW_EVERY_NS: u64 = 1 << 20;
#[cfg(not(loom))]
const WINDOW_PART: u64 = 8;

/// What a thread has learnt about spinning.
#[cfg(not(loom))]
#[derive(Clone, Copy)]
struct Experience {
    credit: u32,
    /// No yields before that.
    yields_from: u64,
}

#[cfg(not(loom))]
impl Experience {
    const NONE: Experience = Experience { credit: MOST_CREDIT, yields_from: 0 };

    /// Whether to spin now.
    fn suggests_to_spin(self, now: u64) -> bool {
        self.credit > 0 || now % WINDOW_EVERY_NS < WINDOW_EVERY_NS / WINDOW_PART
    }

    fn learn(&mut self, paid_off: bool) {
        self.credit = if paid_off { MOST_CREDIT.min(self.credit + 1) } else { self.credit.saturating_sub(1) };
    }
}

/// Spins until `ready`, if the calling thread's experience suggests it: whether it is.
#[cfg(not(loom))]
pub fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
    use core::cell::Cell;
    /// Between two looks at the clock, which takes about as long.
    const PAUSES: u32 = 4;
    thread_local! {
        static EXPERIENCE: Cell<Experience> = const { Cell::new(Experience::NONE) };
    }
    if ready() {
        return true;
    }
    let mut experience = EXPERIENCE.get();
    let start = clock::now_ns();
    if !experience.suggests_to_spin(start) || is_alone() {
        return false;
    }
    let mut yielded_at = None;
    let is_ready = loop {
        if (0..PAUSES).any(|_| {
            spin_hint();
            ready()
        }) {
            break true;
        }
        let now = clock::now_ns();
        if now - start >= LONGEST_NS {
            break false;
        }
        if now - start >= PAUSING_NS && now >= experience.yields_from {
            yielded_at = Some(now);
            std::thread::yield_now();
        }
    };
    let mut paid_off = is_ready;
    if let Some(yielded_at) = yielded_at {
        let now = clock::now_ns();
        if now - yielded_at > LONG_YIELD_NS {
            experience.yields_from = now + YIELDLESS_NS;
            paid_off = false;
        }
    }
    experience.learn(paid_off);
    EXPERIENCE.set(experience);
    is_ready
}

/// Spins until that moment, of the monotonic clock in nanoseconds: for a wait that is too short to sleep.
#[cfg(not(loom))]
pub fn spin_till(end: u64) {
    while clock::now_ns() < end {
        (0..8).for_each(|_| spin_hint());
    }
}

/// A model tries all interleavings anyway.
#[cfg(loom)]
pub fn spin_until(mut ready: impl FnMut() -> bool) -> bool {
    ready()
}

/// Whether there is one processor for this process only: then nobody hands anything over while this thread spins.
#[cfg(not(loom))]
fn is_alone() -> bool {
    crate::sys::processors() == 1
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
        let mut experience = Experience::NONE;
        // As if each wait took ten microseconds besides.
        let (mut now, mut spun) = (0, 0);
        while now < 100 * WINDOW_EVERY_NS {
            let spin = if experience.suggests_to_spin(now) { LONGEST_NS } else { 0 };
            experience.learn(false);
            spun += spin;
            now += spin + 10_000;
        }
        assert!(spun < now / WINDOW_PART + u64::from(MOST_CREDIT) * LONGEST_NS, "{spun} of {now}");
        assert!(!experience.suggests_to_spin(WINDOW_EVERY_NS - 1));
        assert!(experience.suggests_to_spin(WINDOW_EVERY_NS));
        experience.learn(true);
        assert!(experience.suggests_to_spin(WINDOW_EVERY_NS - 1));
    }

    #[test]
    fn a_spin_ends() {
        assert!(!(0..20).any(|_| spin_until(|| false)));
        assert!(spin_until(|| true));
    }
}
