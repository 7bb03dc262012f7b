//! Semaphore and bounded semaphore: Python's `threading.Semaphore`, `threading.BoundedSemaphore`.
//!
//! ```text
//! | 28: PARKED | 27: RESERVE | 26 ............ 0: COUNT |     the value is COUNT + reserve
//!
//! PARKED  RESERVE  COUNT    who may be where
//!   0        0       n      n permits to be had; nobody waits
//!   1        0       0      at least one thread is on the list
//!   1        0      n > 0   woken waiters are on their way; others are on the list; anyone may take a permit
//!   0        1      n       permits beyond what COUNT holds (or all of them, n = 0) are in `reserve`; nobody waits
//! ```
//!
//! An acquire takes from COUNT by compare-and-swap (barging, as for the lock); when COUNT is 0 and RESERVE set it refills COUNT
//! under the bucket. PARKED, RESERVE, the list and `reserve` change only under the bucket. PARKED and RESERVE never stand
//! together: a thread joins the list only when there is no permit at all, and a release gives to COUNT first.
//!
//! No wake-up is lost. A thread joins the list under the bucket by a compare-and-swap that finds COUNT 0 and RESERVE clear and leaves
//! PARKED set; so every later release finds PARKED and takes as many off the list as it adds permits. A woken waiter takes a
//! permit, or finds COUNT 0 again: then the permit it was woken for has been taken by another thread, and nothing is owed
//! to those who still wait. One whose time is over looks at COUNT once more before it gives up.
//!
//! No waiter starves: one that has lost to bargers for a millisecond is marked and gets its permit handed over, without it ever
//! being in COUNT.
//!
//! Ordering: a release is Release, an acquire Acquire; COUNT is changed by read-modify-writes only, so an acquire sees what was done
//! before every release that came earlier in the word's order.

use super::retire::retire;
use super::{Parked, Retired, clear_parked_if_alone, infallible, withdraw};
use crate::park::{
    Deadline, Notice, Notifier, Notifiers, Timeout, Turn, Turns, Wait, WaitList, Waited, bucket, spin_until, wait_on,
};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::word::{STATE_BITS, Tag};
use core::cell::UnsafeCell;

const PARKED: u64 = 1 << (STATE_BITS - 1);
const RESERVE: u64 = 1 << (STATE_BITS - 2);
/// In a model it holds one permit, so that two are enough to see the reserve at work.
const COUNT: u64 = if cfg!(loom) { 1 } else { RESERVE - 1 };

/// There may be a permit: try again.
const WOKEN: u32 = 1;
/// A permit is yours.
const HANDED_OVER: u32 = 2;

/// The largest value, as for every int64_t.
const LARGEST: u64 = i64::MAX as u64;

/// The core of a semaphore.
#[repr(C)]
pub struct RawSemaphore {
    word: AtomicU64,
    /// Guarded by the bucket, as is `reserve`.
    waiters: UnsafeCell<WaitList>,
    reserve: UnsafeCell<u64>,
    /// What the value may not exceed. Written once; atomic because a stale handle may read what is another object's by now.
    bound: AtomicU64,
}

// SAFETY: the list and the reserve are touched only under the bucket.
unsafe impl Send for RawSemaphore {}
// SAFETY: as above.
unsafe impl Sync for RawSemaphore {}

/// How a value is divided between COUNT and the reserve.
fn divide(value: u64) -> (u64, u64) {
    let count = value.min(COUNT);
    (count, value - count)
}

impl RawSemaphore {
    /// A semaphore that answers to `tag`, with `value` permits and, if it is bounded, never more: `InvalidArgument` below 0.
    pub fn new(tag: Tag, value: i64, bounded: bool) -> Result<RawSemaphore, Error> {
        let value = u64::try_from(value).map_err(|_| Error::InvalidArgument)?;
        let (count, reserve) = divide(value);
        let state = if reserve > 0 { RESERVE | count } else { count };
        Ok(RawSemaphore {
            word: AtomicU64::new(tag.with(state)),
            waiters: UnsafeCell::new(WaitList::new()),
            reserve: UnsafeCell::new(reserve),
            bound: AtomicU64::new(if bounded { value } else { LARGEST }),
        })
    }

    #[inline]
    fn bound(&self) -> u64 {
        self.bound.load(Ordering::Relaxed)
    }

    /// Takes a permit if COUNT has one and the tag is right; false says nothing about why not.
    #[inline]
    pub fn acquire_fast(&self, tag: Tag) -> bool {
        let seen = self.word.load(Ordering::Relaxed);
        matches!(tag.state_of(seen), Ok(state) if state & COUNT > 0)
            && self.word.compare_exchange(seen, seen - 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Gives a permit back if nobody waits, the value is far from any bound, and the tag is right.
    #[inline]
    pub fn release_fast(&self, tag: Tag) -> bool {
        let seen = self.word.load(Ordering::Relaxed);
        // With a stale handle `bound` may be anything; then the compare-and-swap does not find its tag.
        matches!(tag.state_of(seen), Ok(count) if count < COUNT && count < self.bound())
            && self.word.compare_exchange(seen, seen + 1, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Takes a permit if there is one: `WouldBlock`.
    pub fn try_acquire(&self, tag: Tag) -> Result<(), Error> {
        self.take(tag)?.then_some(()).ok_or(Error::WouldBlock)
    }

    /// Takes a permit, waiting without a limit.
    pub fn acquire(&self, tag: Tag) -> Result<(), Error> {
        self.acquire_until(tag, Deadline::NEVER)
    }

    /// Takes a permit, waiting until `timeout` has passed: `TimedOut`.
    pub fn acquire_timeout(&self, tag: Tag, timeout: Timeout) -> Result<(), Error> {
        if self.acquire_fast(tag) { Ok(()) } else { self.acquire_contended(tag, timeout.deadline()) }
    }

    /// Takes a permit, waiting until `deadline`: `TimedOut`.
    pub fn acquire_until(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        if self.acquire_fast(tag) { Ok(()) } else { self.acquire_contended(tag, deadline) }
    }

    #[cold]
    fn acquire_contended(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        let mut is_member = false;
        let result = self.acquire_in_turn(tag, deadline, &mut is_member);
        if is_member {
            // The semaphore stays until then: whoever frees it is told that threads wait.
            withdraw(&self.word, &self.waiters);
        }
        result
    }

    /// `is_member` tells whether the thread has been enrolled in the list.
    fn acquire_in_turn(&self, tag: Tag, deadline: Deadline, is_member: &mut bool) -> Result<(), Error> {
        let mut turns = Turns::new();
        loop {
            if self.take(tag)? {
                return Ok(());
            }
            if deadline.has_passed() {
                return Err(Error::TimedOut);
            }
            if spin_until(|| self.may_have_a_permit(tag)) {
                continue;
            }
            match self.park(tag, deadline, turns.next(), is_member)? {
                Parked::Changed => {}
                Parked::Notified(HANDED_OVER) => return Ok(()),
                Parked::Notified(_) => {}
                Parked::TimedOut => return Err(Error::TimedOut),
            }
        }
    }

    /// Takes a permit if there is one.
    fn take(&self, tag: Tag) -> Result<bool, Error> {
        let mut seen = self.word.load(Ordering::Relaxed);
        loop {
            let state = tag.state_of(seen)?;
            if state & COUNT > 0 {
                match self.word.compare_exchange(seen, seen - 1, Ordering::Acquire, Ordering::Relaxed) {
                    Ok(_) => return Ok(true),
                    Err(now) => seen = now,
                }
            } else if state & RESERVE != 0 {
                self.give(tag, 0)?;
                seen = self.word.load(Ordering::Relaxed);
            } else {
                return Ok(false);
            }
        }
    }

    /// Whether another look is worth it: there is a permit, or the tag is no longer right.
    fn may_have_a_permit(&self, tag: Tag) -> bool {
        !matches!(tag.state_of(self.word.load(Ordering::Relaxed)), Ok(state) if state & (COUNT | RESERVE) == 0)
    }

    /// Waits on the list for one wake-up.
    fn park(&self, tag: Tag, deadline: Deadline, turn: Turn, is_member: &mut bool) -> Result<Parked, Error> {
        let bucket = bucket(self);
        bucket.lock();
        let seen = self.word.load(Ordering::Relaxed);
        let stays = match tag.state_of(seen) {
            Ok(state) if state & (COUNT | RESERVE) == 0 => {
                self.word.compare_exchange(seen, seen | PARKED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
            }
            _ => false,
        };
        if !stays {
            // SAFETY: locked above. (A tag that no longer fits is reported by the caller's next look at the word.)
            unsafe { bucket.unlock() };
            return Ok(Parked::Changed);
        }
        if !*is_member {
            // SAFETY: the bucket is held, and the tag was right while it is: the list is this semaphore's.
            unsafe { (*self.waiters.get()).enroll() };
            *is_member = true;
        }
        // SAFETY: the bucket guards the list and is held; PARKED keeps the semaphore from being freed while a thread is on it.
        match unsafe { wait_on(|| self.waiters.get(), bucket, Wait::until(deadline).in_turn(turn).asleep(), || ()) } {
            Waited::Notified(notice) => Ok(Parked::Notified(notice.code())),
            Waited::TimedOut => {
                clear_parked_if_alone(&self.word, &self.waiters, PARKED);
                // SAFETY: after a time-out the bucket is held.
                unsafe { bucket.unlock() };
                Ok(Parked::TimedOut)
            }
        }
    }

    /// Gives a permit: `OverRelease`, `Overflow`.
    pub fn release(&self, tag: Tag) -> Result<(), Error> {
        if self.release_fast(tag) { Ok(()) } else { self.give(tag, 1) }
    }

    /// Gives `n` permits: `InvalidArgument` below 1, `OverRelease` above the bound, `Overflow` above what an int64_t holds; then
    /// nothing is given.
    pub fn release_n(&self, tag: Tag, n: i64) -> Result<(), Error> {
        match u64::try_from(n) {
            Ok(n) if n > 0 => self.give(tag, n),
            _ => Err(Error::InvalidArgument),
        }
    }

    /// Gives `n` permits and wakes as many; with 0, only moves permits from the reserve to COUNT.
    #[cold]
    fn give(&self, tag: Tag, n: u64) -> Result<(), Error> {
        let bucket = bucket(self);
        bucket.lock();
        let result = self.give_in_bucket(tag, n);
        // SAFETY: locked above.
        unsafe { bucket.unlock() };
        let (first, others) = result?;
        if let Some(first) = first {
            first.notify(Notice::new(HANDED_OVER));
        }
        others.notify_all(Notice::new(WOKEN));
        Ok(())
    }

    fn give_in_bucket(&self, tag: Tag, n: u64) -> Result<(Option<Notifier>, Notifiers), Error> {
        loop {
            let seen = self.word.load(Ordering::Relaxed);
            let state = tag.state_of(seen)?;
            // SAFETY: the bucket is held, and the tag was right while it is: list and reserve are this semaphore's.
            let (waiters, reserve) = unsafe { (&mut *self.waiters.get(), &mut *self.reserve.get()) };
            // Does not overflow: the value and `n` are below 2^63.
            let value = (state & COUNT) + *reserve + n;
            let bound = self.bound();
            if value > bound {
                return Err(if bound == LARGEST { Error::Overflow } else { Error::OverRelease });
            }
            let to_first = n > 0 && waiters.first_is_starved();
            let (count, rest) = divide(value - u64::from(to_first));
            let flags = (state & PARKED) | if rest > 0 { RESERVE } else { 0 };
            // COUNT may change at any time, hence a compare-and-swap.
            if self.word.compare_exchange(seen, tag.with(flags | count), Ordering::AcqRel, Ordering::Relaxed).is_err() {
                continue;
            }
            // The permits are out; the semaphore stays while the bucket is held, since freeing takes it as well.
            *reserve = rest;
            let first = if to_first { waiters.pop_front() } else { None };
            let others = waiters.take_first(n - u64::from(to_first));
            if state & PARKED != 0 {
                clear_parked_if_alone(&self.word, &self.waiters, PARKED);
            }
            return Ok((first, others));
        }
    }

    /// The value at this moment.
    pub fn value(&self, tag: Tag) -> Result<i64, Error> {
        let state = tag.state_of(self.word.load(Ordering::Relaxed))?;
        if state & RESERVE == 0 {
            return Ok((state & COUNT) as i64);
        }
        let bucket = bucket(self);
        bucket.lock();
        let state = tag.state_of(self.word.load(Ordering::Relaxed));
        // SAFETY: the bucket is held.
        let value = state.map(|state| (state & COUNT) + unsafe { *self.reserve.get() });
        // SAFETY: locked above.
        unsafe { bucket.unlock() };
        // At most LARGEST: see `give_in_bucket`.
        value.map(|value| value as i64)
    }

    /// Replaces the word by `freed`, which ends the validity of `tag`: `Busy` if threads wait.
    pub fn retire(&self, tag: Tag, freed: u64) -> Result<Retired, Error> {
        retire(&self.word, &self.waiters, PARKED, tag, freed)
    }
}

/// A counter of permits. Python: `threading.Semaphore`, `threading.BoundedSemaphore`.
pub struct Semaphore {
    raw: RawSemaphore,
}

impl core::fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Semaphore").field("value", &self.value()).finish()
    }
}

impl Semaphore {
    /// `value` permits: `InvalidArgument` below 0.
    pub fn new(value: i64) -> Result<Semaphore, Error> {
        Ok(Semaphore { raw: RawSemaphore::new(Tag::NONE, value, false)? })
    }

    /// `value` permits, and never more: `InvalidArgument` below 0.
    pub fn new_bounded(value: i64) -> Result<Semaphore, Error> {
        Ok(Semaphore { raw: RawSemaphore::new(Tag::NONE, value, true)? })
    }

    /// Takes a permit, waiting as long as it takes.
    pub fn acquire(&self) {
        infallible(self.raw.acquire(Tag::NONE));
    }

    /// Takes a permit if there is one: `WouldBlock`.
    pub fn try_acquire(&self) -> Result<(), Error> {
        self.raw.try_acquire(Tag::NONE)
    }

    /// Takes a permit, waiting at most so long: `TimedOut`.
    pub fn acquire_timeout(&self, timeout: Timeout) -> Result<(), Error> {
        self.raw.acquire_timeout(Tag::NONE, timeout)
    }

    /// Takes a permit, waiting until `deadline`: `TimedOut`.
    pub fn acquire_until(&self, deadline: Deadline) -> Result<(), Error> {
        self.raw.acquire_until(Tag::NONE, deadline)
    }

    /// Gives a permit: `OverRelease`, `Overflow`.
    pub fn release(&self) -> Result<(), Error> {
        self.raw.release(Tag::NONE)
    }

    /// Gives `n` permits, all or none: `InvalidArgument` below 1, `OverRelease`, `Overflow`.
    pub fn release_n(&self, n: i64) -> Result<(), Error> {
        self.raw.release_n(Tag::NONE, n)
    }

    /// The value at this moment.
    pub fn value(&self) -> i64 {
        infallible(self.raw.value(Tag::NONE))
    }
}
