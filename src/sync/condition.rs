//! Condition: Python's `threading.Condition`, on a lock or an rlock.
//!
//! The word says one thing, PARKED: the list is not empty. It and the list change only under the condition's bucket. The lock,
//! which callers hold, does the rest:
//!
//! A wait joins the list while its thread holds the lock, and releases the lock after; a notify needs the lock. So what the
//! predicate depends on cannot change between the waiter's look at it and its place on the list, and no notify falls between.
//!
//! A notify does not wake its waiters to run into the lock that the notifier still holds: it moves them to the end of the
//! lock's list, and they are woken one by one as the lock is passed on (wait morphing, as in nsync and older Linux futex
//! requeue). A waiter that times out takes itself off this list under the bucket; if it is not there any more a notify was faster, which
//! then counts: the waiter waits for the lock like any other and returns OK. So no notify is eaten by a waiter that has given
//! up, and each waiter is taken off once, in the order in which they came.

use super::Retired;
use super::lock::{HANDED_OVER, Lock, RawLock};
use super::retire::retire;
use super::rlock::RLock;
use crate::park::{Deadline, Timeout, Turn, WaitList, Waited, bucket, wait_on_after};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::word::Tag;
use core::cell::UnsafeCell;

const PARKED: u64 = 1;

/// How a thread comes back to the lock after a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reacquire {
    /// The lock is its own already.
    HandedOver,
    /// It was woken in its turn on the lock's list.
    Woken,
    /// It timed out.
    Anew,
}

/// A lock as a condition needs it. The caller of each of these has made sure that the lock stays.
pub trait WaitLock {
    /// The lock under it.
    fn lock(&self) -> &RawLock;

    /// Whether the calling thread holds it, as far as that can be told.
    fn is_held(&self) -> bool;

    /// Releases all levels; gives their number.
    fn release_all(&self) -> usize;

    /// Takes it again, `count` levels.
    fn reacquire(&self, how: Reacquire, count: usize);
}

/// The core of a condition.
#[repr(C)]
pub struct RawCondition {
    word: AtomicU64,
    /// Guarded by the bucket of this address.
    waiters: UnsafeCell<WaitList>,
}

// SAFETY: the list is touched only under the bucket.
unsafe impl Send for RawCondition {}
// SAFETY: as above.
unsafe impl Sync for RawCondition {}

impl RawCondition {
    /// A condition that answers to `tag`.
    pub fn new(tag: Tag) -> RawCondition {
        RawCondition { word: AtomicU64::new(tag.with(0)), waiters: UnsafeCell::new(WaitList::new()) }
    }

    /// Checks the tag.
    #[inline]
    pub fn check(&self, tag: Tag) -> Result<(), Error> {
        // Acquire: what is read of the object after the check is not from before it was made.
        tag.state_of(self.word.load(Ordering::Acquire)).map(drop)
    }

    /// Whether nobody waits, and the tag is right: then a notify has nothing to do.
    #[inline]
    pub fn is_idle(&self, tag: Tag) -> bool {
        self.word.load(Ordering::Acquire) == tag.with(0)
    }

    /// Waits for a notify, until `deadline`: `TimedOut`, `NotOwner`. `keep` and `let_go` hold on to the lock while the wait lasts;
    /// they are called while the condition cannot be freed, and when the wait is over.
    pub fn wait(
        &self,
        tag: Tag,
        lock: &impl WaitLock,
        deadline: Deadline,
        keep: impl FnOnce(),
        let_go: impl FnOnce(),
    ) -> Result<(), Error> {
        self.check(tag)?;
        if !lock.is_held() {
            return Err(Error::NotOwner);
        }
        let bucket = bucket(self);
        bucket.lock();
        if let Err(error) = self.set_parked(tag) {
            // SAFETY: locked above.
            unsafe { bucket.unlock() };
            return Err(error);
        }
        keep();
        let mut levels = 0;
        // SAFETY: the bucket guards the list and is held; PARKED keeps the condition from being freed while a thread is on it.
        let waited =
            unsafe { wait_on_after(self.waiters.get(), bucket, deadline, Turn::Last, || levels = lock.release_all()) };
        let (how, result) = match waited {
            Waited::Notified(notice) if notice.code() == HANDED_OVER => (Reacquire::HandedOver, Ok(())),
            Waited::Notified(_) => (Reacquire::Woken, Ok(())),
            Waited::TimedOut => {
                self.clear_parked_if_alone();
                // SAFETY: after a time-out the bucket is held.
                unsafe { bucket.unlock() };
                (Reacquire::Anew, Err(Error::TimedOut))
            }
        };
        // From here on the condition may be gone; the lock is kept.
        lock.reacquire(how, levels);
        let_go();
        result
    }

    /// With the bucket held.
    fn set_parked(&self, tag: Tag) -> Result<(), Error> {
        loop {
            let seen = self.word.load(Ordering::Relaxed);
            tag.state_of(seen)?;
            if self.word.compare_exchange(seen, seen | PARKED, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return Ok(());
            }
        }
    }

    /// With the bucket held, after waiters left the list: PARKED follows the list.
    fn clear_parked_if_alone(&self) {
        // SAFETY: the bucket is held.
        if unsafe { (*self.waiters.get()).is_empty() } {
            self.word.fetch_and(!PARKED, Ordering::Relaxed);
        }
    }

    /// Sends up to `n` waiters after the lock, those that came first: `NotOwner`.
    pub fn notify(&self, tag: Tag, lock: &impl WaitLock, n: u64) -> Result<(), Error> {
        self.check(tag)?;
        if !lock.is_held() {
            return Err(Error::NotOwner);
        }
        let bucket = bucket(self);
        bucket.lock();
        let checked = self.check(tag);
        let waiters = checked.map(|()| {
            // SAFETY: the bucket is held, and the tag was right while it is: the list is this condition's.
            let waiters = unsafe { (*self.waiters.get()).take_first(n) };
            self.clear_parked_if_alone();
            waiters
        });
        // SAFETY: locked above.
        unsafe { bucket.unlock() };
        // The waiters keep the lock, though its handle may be freed meanwhile: then its tag has changed.
        let mut waiters = waiters?;
        while let Err((_, refused)) = lock.lock().adopt(lock.lock().tag(), waiters) {
            waiters = refused;
        }
        Ok(())
    }

    /// Replaces the word by `freed`, which ends the validity of `tag`: `Busy` if threads wait.
    pub fn retire(&self, tag: Tag, freed: u64) -> Result<Retired, Error> {
        retire(&self.word, &self.waiters, PARKED, tag, freed)
    }
}

/// Repeats `wait`, with one deadline, until `predicate` holds; on a time-out it has the last word: `TimedOut`. An error of the
/// predicate's ends it.
pub fn wait_for<E: From<Error>>(
    mut predicate: impl FnMut() -> Result<bool, E>,
    mut wait: impl FnMut() -> Result<(), Error>,
) -> Result<(), E> {
    while !predicate()? {
        match wait() {
            Ok(()) => {}
            Err(Error::TimedOut) => {
                return if predicate()? { Ok(()) } else { Err(Error::TimedOut.into()) };
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The lock of a condition made in Rust.
#[derive(Debug)]
enum OwnedLock {
    Lock(std::sync::Arc<Lock>),
    RLock(std::sync::Arc<RLock>),
}

/// A place to wait until what a lock guards has changed. Python: `threading.Condition`.
pub struct Condition {
    raw: RawCondition,
    lock: OwnedLock,
}

impl Default for Condition {
    fn default() -> Condition {
        Condition::new()
    }
}

impl core::fmt::Debug for Condition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Condition").field("lock", &self.lock).finish_non_exhaustive()
    }
}

/// Runs the same expression on either kind of lock.
macro_rules! on_lock {
    ($condition:expr, $lock:ident => $body:expr) => {
        match &$condition.lock {
            OwnedLock::Lock($lock) => $body,
            OwnedLock::RLock($lock) => $body,
        }
    };
}

impl Condition {
    /// On an rlock of its own.
    pub fn new() -> Condition {
        Condition::with_rlock(std::sync::Arc::default())
    }

    /// On this lock.
    pub fn with_lock(lock: std::sync::Arc<Lock>) -> Condition {
        Condition { raw: RawCondition::new(Tag::NONE), lock: OwnedLock::Lock(lock) }
    }

    /// On this rlock.
    pub fn with_rlock(lock: std::sync::Arc<RLock>) -> Condition {
        Condition { raw: RawCondition::new(Tag::NONE), lock: OwnedLock::RLock(lock) }
    }

    /// Takes the lock.
    pub fn acquire(&self) {
        on_lock!(self, lock => lock.acquire());
    }

    /// Takes the lock if that is possible at once: `WouldBlock`.
    pub fn try_acquire(&self) -> Result<(), Error> {
        on_lock!(self, lock => lock.try_acquire())
    }

    /// Takes the lock, waiting at most so long: `TimedOut`.
    pub fn acquire_timeout(&self, timeout: Timeout) -> Result<(), Error> {
        on_lock!(self, lock => lock.acquire_timeout(timeout))
    }

    /// Lets the lock go.
    pub fn release(&self) -> Result<(), Error> {
        on_lock!(self, lock => lock.release())
    }

    /// Whether the calling thread holds the lock, as `wait` judges it.
    pub fn is_owned(&self) -> bool {
        on_lock!(self, lock => lock.raw().is_held())
    }

    /// Waits for a notify: `NotOwner`.
    pub fn wait(&self) -> Result<(), Error> {
        self.wait_until(Deadline::NEVER)
    }

    /// Waits for a notify, at most so long: `TimedOut`, `NotOwner`.
    pub fn wait_timeout(&self, timeout: Timeout) -> Result<(), Error> {
        self.wait_until(timeout.deadline())
    }

    /// Waits for a notify, until `deadline`: `TimedOut`, `NotOwner`.
    pub fn wait_until(&self, deadline: Deadline) -> Result<(), Error> {
        // The reference in `self.lock` keeps the lock.
        on_lock!(self, lock => self.raw.wait(Tag::NONE, lock.raw(), deadline, || (), || ()))
    }

    /// Waits until `predicate` holds, which is asked with the lock held: `TimedOut`, `NotOwner`.
    pub fn wait_for(&self, mut predicate: impl FnMut() -> bool, timeout: Timeout) -> Result<(), Error> {
        let deadline = timeout.deadline();
        wait_for(|| Ok(predicate()), || self.wait_until(deadline))
    }

    /// Wakes up to `n` threads that wait, those that came first: `NotOwner`.
    pub fn notify(&self, n: u64) -> Result<(), Error> {
        on_lock!(self, lock => self.raw.notify(Tag::NONE, lock.raw(), n))
    }

    /// Wakes all threads that wait: `NotOwner`.
    pub fn notify_all(&self) -> Result<(), Error> {
        self.notify(u64::MAX)
    }
}
