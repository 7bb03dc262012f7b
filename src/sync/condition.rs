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
//! up, and each waiter is taken off once, in the order in which they came. (In that order they are woken; who gets the lock first then is
//! up to the lock, where a thread that is awake may be faster.)

use super::clear_parked_if_alone;
use super::lock::{Lock, RawLock};
use super::rlock::RLock;
use crate::park::{Deadline, Timeout, Turns, Wait, WaitList, Waited, bucket, lock_both, wait_on};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, Ordering, fence};
use crate::word::Tag;
use core::cell::UnsafeCell;

const PARKED: u64 = 1;

/// A lock as a condition needs it. The caller of each of these has made sure that the lock stays.
pub trait WaitLock {
    /// The lock under it.
    fn lock(&self) -> &RawLock;

    /// Whether the calling thread holds it, as far as that can be told.
    fn is_held(&self) -> bool;

    /// Releases all levels; gives their number.
    fn release_all(&self) -> usize;

    /// Takes it again, `count` levels; `turns` tells where to queue.
    fn reacquire(&self, turns: Turns, count: usize);

    /// Whether its memory may not be used again if it was freed in this state.
    fn lingers(&self, state: u64) -> bool;
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

    /// Gives what `question` says about the condition's lock, if the condition was there all the while. Otherwise the lock may have
    /// gone meanwhile, and something else have come in its place: the answer is not about it.
    #[inline]
    pub fn vouch<T>(&self, tag: Tag, question: impl FnOnce() -> T) -> Result<T, Error> {
        self.check(tag)?;
        let answer = question();
        // What was read before this fence was read before the second check.
        fence(Ordering::Acquire);
        self.check(tag).map(|()| answer)
    }

    /// Waits for a notify, until `deadline`: `TimedOut`, `NotOwner`. The caller has made sure that the lock stays.
    pub fn wait(&self, tag: Tag, lock: &impl WaitLock, deadline: Deadline) -> Result<(), Error> {
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
        let mut levels = 0;
        // SAFETY: the bucket guards the list and is held; PARKED keeps the condition from being freed while a thread is on it.
        let waited =
            unsafe { wait_on(|| self.waiters.get(), bucket, Wait::until(deadline), || levels = lock.release_all()) };
        let (turns, result) = match waited {
            // The notice came from the lock, in this thread's turn on its list: the lock was free at that moment.
            Waited::Notified(_) => (Turns::resumed(), Ok(())),
            Waited::TimedOut => {
                clear_parked_if_alone(&self.word, &self.waiters, PARKED);
                // SAFETY: after a time-out the bucket is held.
                unsafe { bucket.unlock() };
                (Turns::new(), Err(Error::TimedOut))
            }
        };
        // From here on the condition may be gone.
        lock.reacquire(turns, levels);
        result
    }

    /// The same by way of a handle: the lock stays because the condition keeps it, or else because it counts this thread.
    pub fn wait_keeping(&self, tag: Tag, lock: &impl WaitLock, deadline: Deadline) -> Result<(), Error> {
        lock.lock().under_present_tag(|| self.check(tag), |lock_tag| lock.lock().add_thread(lock_tag))?;
        let result = self.wait(tag, lock, deadline);
        lock.lock().remove_thread();
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

    /// Whether nobody waits, the lock is held, and the tag is right: then a notify has nothing to do.
    ///
    /// Whoever began to wait before the caller took the lock is seen: PARKED was set before the waiter let the lock go.
    #[inline]
    pub fn notify_fast(&self, tag: Tag, lock: &impl WaitLock) -> bool {
        self.word.load(Ordering::Relaxed) == tag.with(0) && self.vouch(tag, || lock.is_held()) == Ok(true)
    }

    /// Sends up to `n` waiters after the lock, those that came first: `NotOwner`.
    pub fn notify(&self, tag: Tag, lock: &impl WaitLock, n: u64) -> Result<(), Error> {
        if self.notify_fast(tag, lock) {
            return Ok(());
        }
        if !self.vouch(tag, || lock.is_held())? {
            return Err(Error::NotOwner);
        }
        let bucket = bucket(self);
        bucket.lock();
        let waiters = self.check(tag).map(|()| {
            // SAFETY: the bucket is held, and the tag was right while it is: the list is this condition's.
            let waiters = unsafe { (*self.waiters.get()).take_first(n) };
            clear_parked_if_alone(&self.word, &self.waiters, PARKED);
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

    /// Replaces the word by `freed`, which ends the validity of `tag`: `Busy` if threads wait, or if the condition is the last way to
    /// its lock and threads need that (see `sync::keep`). The lock loses a keeper; `lock_freed` gives a freed word for its tag.
    /// Tells whether the lock's memory may be used again.
    pub fn retire(
        &self,
        tag: Tag,
        freed: u64,
        lock: &impl WaitLock,
        lock_freed: impl FnOnce(Tag) -> u64,
    ) -> Result<bool, Error> {
        // At once, or a thread could wait and be notified between one and the other.
        let buckets = lock_both(bucket(self), bucket(lock.lock()));
        let result = self.check(tag).and_then(|()| {
            // SAFETY: the bucket is held, and the tag was right while it is: the list is this condition's.
            if !unsafe { (*self.waiters.get()).is_empty() } {
                return Err(Error::Busy);
            }
            // AcqRel: whoever used the condition before is done with it before its memory is used anew, and the other way round.
            let free_condition = || {
                self.word.swap(freed, Ordering::AcqRel);
            };
            let state = lock.lock().remove_condition_in_bucket(free_condition, lock_freed)?;
            Ok(state.is_some_and(|state| !lock.lingers(state)))
        });
        // SAFETY: locked above.
        unsafe { buckets.unlock() };
        result
    }
}

/// Repeats `wait`, which has one deadline, until `predicate` holds; on a time-out it has the last word: `TimedOut`.
pub fn wait_for(mut predicate: impl FnMut() -> bool, mut wait: impl FnMut() -> Result<(), Error>) -> Result<(), Error> {
    while !predicate() {
        match wait() {
            Ok(()) => {}
            Err(Error::TimedOut) if predicate() => return Ok(()),
            Err(error) => return Err(error),
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

    /// Takes the lock, waiting until `deadline`: `TimedOut`.
    pub fn acquire_until(&self, deadline: Deadline) -> Result<(), Error> {
        on_lock!(self, lock => lock.acquire_until(deadline))
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
        on_lock!(self, lock => self.raw.wait(Tag::NONE, lock.raw(), deadline))
    }

    /// Waits until `predicate` holds, which is asked with the lock held, at most so long: `TimedOut`, `NotOwner`.
    pub fn wait_for(&self, predicate: impl FnMut() -> bool, timeout: Timeout) -> Result<(), Error> {
        if !self.is_owned() {
            return Err(Error::NotOwner);
        }
        let deadline = timeout.deadline();
        wait_for(predicate, || self.wait_until(deadline))
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
