//! Event: Python's `threading.Event`.
//!
//! ```text
//! state            SET  PARKED   who may be where
//! clear             0     0      nobody waits
//! clear, waited on  0     1      at least one thread is on the list
//! set               1     0      nobody waits
//! ```
//!
//! SET and PARKED never stand together: a thread joins the list (under the bucket) only by a compare-and-swap that finds
//! SET clear, and `set` takes everyone off the list in the same bucket hold in which it sets SET and clears PARKED.
//!
//! No wake-up is lost, not by `set(); clear()` either: `set` takes the waiters off the list and notifies each one, and a
//! waiter believes its notice. It does not look at SET again, which may be clear by then.
//!
//! Ordering: `set` is a Release read-modify-write even if the event is set already, and a `wait` that finds SET is an Acquire:
//! what a thread did before any `set` is seen after a `wait` that returns because of it or of a later one.

use super::retire::retire;
use super::{Retired, clear_parked_if_alone, infallible};
use crate::park::{Deadline, Notice, Timeout, Wait, WaitList, Waited, bucket, wait_on};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::word::Tag;
use core::cell::UnsafeCell;

const SET: u64 = 1;
const PARKED: u64 = 2;

const HAPPENED: u32 = 1;

/// The core of an event: one word, and a list for those who wait.
#[repr(C)]
pub struct RawEvent {
    word: AtomicU64,
    /// Guarded by the bucket of this address.
    waiters: UnsafeCell<WaitList>,
}

// SAFETY: the list is touched only under the bucket.
unsafe impl Send for RawEvent {}
// SAFETY: as above.
unsafe impl Sync for RawEvent {}

impl RawEvent {
    /// A clear event that answers to `tag`.
    pub fn new(tag: Tag) -> RawEvent {
        RawEvent { word: AtomicU64::new(tag.with(0)), waiters: UnsafeCell::new(WaitList::new()) }
    }

    /// Whether it is set, at this moment. If so, what the setter did before is seen.
    #[inline]
    pub fn is_set(&self, tag: Tag) -> Result<bool, Error> {
        Ok(tag.state_of(self.word.load(Ordering::Acquire))? & SET != 0)
    }

    /// Sets it and wakes everyone who waits.
    #[inline]
    pub fn set(&self, tag: Tag) -> Result<(), Error> {
        let mut seen = self.word.load(Ordering::Relaxed);
        while tag.state_of(seen)? & PARKED == 0 {
            match self.word.compare_exchange(seen, seen | SET, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => seen = now,
            }
        }
        self.set_waited_on(tag)
    }

    #[cold]
    fn set_waited_on(&self, tag: Tag) -> Result<(), Error> {
        let bucket = bucket(self);
        bucket.lock();
        let result = loop {
            let seen = self.word.load(Ordering::Relaxed);
            if let Err(error) = tag.state_of(seen) {
                break Err(error);
            }
            // Release, and the store that lets others go on: once the waiters are notified the event may be freed.
            if self.word.compare_exchange(seen, tag.with(SET), Ordering::Release, Ordering::Relaxed).is_ok() {
                // SAFETY: the bucket is held, and the tag was right while it is: the list is this event's.
                break Ok(unsafe { (*self.waiters.get()).take_all() });
            }
        };
        // SAFETY: locked above.
        unsafe { bucket.unlock() };
        result?.notify_all(Notice::new(HAPPENED));
        Ok(())
    }

    /// Clears it. Whoever waits goes on waiting.
    #[inline]
    pub fn clear(&self, tag: Tag) -> Result<(), Error> {
        let mut seen = self.word.load(Ordering::Relaxed);
        while tag.state_of(seen)? & SET != 0 {
            // AcqRel keeps an earlier `set` of another thread visible to those who see this clear and a later set.
            match self.word.compare_exchange(seen, seen & !SET, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => seen = now,
            }
        }
        Ok(())
    }

    /// Waits until it is set.
    #[inline]
    pub fn wait(&self, tag: Tag) -> Result<(), Error> {
        if self.is_set(tag)? { Ok(()) } else { self.wait_clear(tag, Deadline::NEVER) }
    }

    /// Waits until it is set or `timeout` has passed: `TimedOut`.
    #[inline]
    pub fn wait_timeout(&self, tag: Tag, timeout: Timeout) -> Result<(), Error> {
        if self.is_set(tag)? { Ok(()) } else { self.wait_clear(tag, timeout.deadline()) }
    }

    /// Waits until it is set or `deadline` has passed: `TimedOut`.
    pub fn wait_until(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        if self.is_set(tag)? { Ok(()) } else { self.wait_clear(tag, deadline) }
    }

    #[cold]
    fn wait_clear(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        if deadline == Deadline::PASSED {
            return Err(Error::TimedOut);
        }
        let bucket = bucket(self);
        bucket.lock();
        let joined = loop {
            let seen = self.word.load(Ordering::Acquire);
            match tag.state_of(seen) {
                Err(error) => break Err(error),
                Ok(state) if state & SET != 0 => break Ok(false),
                Ok(_) => {}
            }
            // Acquire, for a set that was cleared again since the look at the word: the one that wakes this thread is a later one.
            if self.word.compare_exchange(seen, seen | PARKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                break Ok(true);
            }
        };
        if !matches!(joined, Ok(true)) {
            // SAFETY: locked above.
            unsafe { bucket.unlock() };
            return joined.map(|_| ());
        }
        // SAFETY: the bucket guards the list and is held; PARKED keeps the event from being freed while a thread is on the list.
        match unsafe { wait_on(|| self.waiters.get(), bucket, Wait::until(deadline), || ()) } {
            Waited::Notified(_) => Ok(()),
            Waited::TimedOut => {
                clear_parked_if_alone(&self.word, &self.waiters, PARKED);
                // SAFETY: after a time-out the bucket is held.
                unsafe { bucket.unlock() };
                Err(Error::TimedOut)
            }
        }
    }

    /// Replaces the word by `freed`, which ends the validity of `tag`: `Busy` if threads wait.
    pub fn retire(&self, tag: Tag, freed: u64) -> Result<Retired, Error> {
        retire(&self.word, &self.waiters, PARKED, tag, freed)
    }
}

/// A flag that threads can wait for. Python: `threading.Event`.
pub struct Event {
    raw: RawEvent,
}

impl Default for Event {
    fn default() -> Event {
        Event::new()
    }
}

impl core::fmt::Debug for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Event").field("set", &self.is_set()).finish()
    }
}

impl Event {
    /// A clear event.
    pub fn new() -> Event {
        Event { raw: RawEvent::new(Tag::NONE) }
    }

    /// Whether it is set, at this moment.
    pub fn is_set(&self) -> bool {
        infallible(self.raw.is_set(Tag::NONE))
    }

    /// Sets it and wakes everyone who waits.
    pub fn set(&self) {
        infallible(self.raw.set(Tag::NONE));
    }

    /// Clears it.
    pub fn clear(&self) {
        infallible(self.raw.clear(Tag::NONE));
    }

    /// Waits until it is set.
    pub fn wait(&self) {
        infallible(self.raw.wait(Tag::NONE));
    }

    /// Waits until it is set, at most so long: `TimedOut`.
    pub fn wait_timeout(&self, timeout: Timeout) -> Result<(), Error> {
        self.raw.wait_timeout(Tag::NONE, timeout)
    }

    /// Waits until it is set, until `deadline`: `TimedOut`.
    pub fn wait_until(&self, deadline: Deadline) -> Result<(), Error> {
        self.raw.wait_until(Tag::NONE, deadline)
    }
}
