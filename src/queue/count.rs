//! How many tasks are unfinished: those put less those done.
//!
//! ```text
//! done:  | 63 ......... 2: D, tasks done | 1: CLOSED | 0: JOINERS |        puts P = of the chain + beside it
//! ```
//!
//! Nothing counts unfinished tasks: puts are counted by the chain's tail, and D is a word of its own, so that who puts, who gets
//! and who calls a task done write to different cache lines. P and D only go up, and D is never above P. Whoever reads D first and
//! then P, and finds them equal, knows that they were equal when it read P; and one that finds D below P, and then
//! changes D by a compare-and-swap, knows that D was below P then.
//!
//! JOINERS says that threads wait for D = P. A task_done that would make them equal, as far as it can tell, does it under the mutex then,
//! with the chain frozen, and P stands still: so a moment in which nothing is unfinished is not missed, though the next put
//! may follow at once. A joiner sets JOINERS under the mutex by a compare-and-swap of the D that it found below P.
//!
//! Ordering: a task_done is a Release, a read of D an Acquire: a joiner sees what was done before every task_done.

use crate::sys::atomic::{AtomicU64, Ordering};

const JOINERS: u64 = 1;
const CLOSED: u64 = 2;
const ONE: u64 = 4;

/// See above.
#[repr(align(128))]
pub(super) struct Count {
    done: AtomicU64,
    /// Puts that did not go through the chain. Changed under the mutex only.
    beside: AtomicU64,
}

impl Count {
    pub fn new() -> Count {
        Count { done: AtomicU64::new(0), beside: AtomicU64::new(0) }
    }

    pub fn put_beside(&self) {
        let beside = self.beside.load(Ordering::Relaxed);
        self.beside.store(beside + 1, Ordering::Release);
    }

    fn puts(&self, in_chain: impl Fn() -> u64) -> u64 {
        in_chain() + self.beside.load(Ordering::Acquire)
    }

    /// One more is done. False if that has to be said under the mutex: it may be one too many, or the last one that joiners wait for.
    #[inline]
    pub fn task_done(&self, in_chain: impl Fn() -> u64) -> bool {
        // Acquire, here and below: D is read before P.
        let mut done = self.done.load(Ordering::Acquire);
        loop {
            let left = self.puts(&in_chain) - done / ONE;
            if done & CLOSED != 0 || left == 0 || (left == 1 && done & JOINERS != 0) {
                return false;
            }
            match self.done.compare_exchange_weak(done, done + ONE, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => done = now,
            }
        }
    }

    /// Under the mutex, with the puts standing still: up to `n` more are done. Whether nothing is unfinished now: then the joiners are to be
    /// notified. None if `n` is too many, and nothing is changed, or (`at_most`) all are done.
    pub fn finish(&self, n: u64, at_most: bool, in_chain: impl Fn() -> u64) -> Option<bool> {
        let puts = self.puts(in_chain);
        let mut done = self.done.load(Ordering::Relaxed);
        loop {
            let after = done / ONE + n;
            if after > puts && !at_most {
                return None;
            }
            let after = after.min(puts);
            let flags = if after == puts { done & CLOSED } else { done & (CLOSED | JOINERS) };
            // Acquire: a joiner that this one notifies sees what came before the others' task_done.
            match self.done.compare_exchange_weak(done, (after * ONE) | flags, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(after == puts),
                Err(now) => done = now,
            }
        }
    }

    /// Whether nothing is unfinished.
    pub fn is_finished(&self, in_chain: impl Fn() -> u64) -> bool {
        let done = self.done.load(Ordering::Acquire);
        done & CLOSED == 0 && done / ONE == self.puts(in_chain)
    }

    /// Under the mutex: announces a joiner. False if nothing is unfinished.
    pub fn announce_joiner(&self, in_chain: impl Fn() -> u64) -> bool {
        let mut done = self.done.load(Ordering::Acquire);
        loop {
            if done / ONE == self.puts(&in_chain) {
                return false;
            }
            match self.done.compare_exchange_weak(done, done | JOINERS, Ordering::Relaxed, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => done = now,
            }
        }
    }

    /// How many are unfinished, at one moment.
    pub fn unfinished(&self, in_chain: impl Fn() -> u64) -> u64 {
        let mut done = self.done.load(Ordering::Acquire);
        loop {
            let puts = self.puts(&in_chain);
            let now = self.done.load(Ordering::Acquire);
            if now / ONE == done / ONE {
                return puts - done / ONE;
            }
            done = now;
        }
    }

    /// Every task_done comes to the mutex from now on.
    pub fn close(&self) {
        self.done.fetch_or(CLOSED, Ordering::Relaxed);
    }

    /// In a child of fork: puts that other threads left half done are none; nor do they wait.
    pub fn repair(&self, in_chain: impl Fn() -> u64) {
        let done = self.done.load(Ordering::Relaxed);
        let fewer = (done / ONE).min(self.puts(in_chain));
        self.done.store((fewer * ONE) | (done & CLOSED), Ordering::Relaxed);
    }
}
