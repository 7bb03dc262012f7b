//! What the objects do when threads run for real. The protocols are proved by the models; here time passes, the system
//! schedules, and there are more threads than processors.

mod barrier;
mod condition;
mod event;
mod lock_like;
mod semaphore;

use crate::Timeout;
use core::sync::atomic::{AtomicUsize, Ordering};

fn seconds(seconds: f64) -> Timeout {
    Timeout::from_seconds(seconds).unwrap()
}

/// How many rounds of a random test to run: more with `PIRN_TEST_SCALE`, a factor.
fn scaled(rounds: usize) -> usize {
    let factor =
        std::env::var("PIRN_TEST_SCALE").map_or(1, |factor| factor.parse().expect("PIRN_TEST_SCALE is a number"));
    rounds * factor
}

/// Waits for a state that other threads bring about.
fn until(mut state: impl FnMut() -> bool) {
    while !state() {
        std::thread::yield_now();
    }
}

/// Runs `work` on so many threads, each with its number, and waits for all of them.
fn on_threads(count: usize, work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for number in 0..count {
            let work = &work;
            scope.spawn(move || work(number));
        }
    });
}

/// Numbers that look random, the same ones in each run for each seed (Marsaglia, "Xorshift RNGs", 2003).
struct Random(u64);

impl Random {
    fn new(seed: usize) -> Random {
        Random((seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    /// A limit of at most so many microseconds.
    fn timeout(&mut self, micros: u64) -> Timeout {
        seconds(self.below(micros + 1) as f64 * 1e-6)
    }
}

/// How many threads are inside of something.
#[derive(Default)]
struct Inside(AtomicUsize);

impl Inside {
    /// Goes in, for a moment; the number of those inside is never above `most`.
    fn visit(&self, most: usize, pause: bool) {
        assert!(self.0.fetch_add(1, Ordering::Relaxed) < most);
        if pause {
            std::thread::yield_now();
        }
        assert!(self.0.fetch_sub(1, Ordering::Relaxed) <= most);
    }
}
