//! RLock: Python's `threading.RLock`. Owned, and its owner may acquire it again.
//!
//! A [`RawLock`] with an owner and a count beside it. Both are written by the thread that holds the lock only. `owner` may be
//! read by anyone, at any time: a thread finds its own token there if and only if it holds the lock, since it wrote it
//! there itself after acquiring and erased it before releasing. So an inner acquire or release is a load, a comparison and a plain store.
//!
//! That plain store is why a held rlock's slot needs care when it is freed: an inner acquire may be just between its check and its store. The
//! owner itself is not, so its slot is used again; a held rlock that another thread frees becomes invalid, but its slot
//! is never used again, so that the late store hits nobody.

use super::lock::{LOCKED, RawLock};
use super::{Retired, WaitLock, infallible};
use crate::park::{Deadline, Timeout, Turns};
use crate::status::Error;
use crate::sys::atomic::{AtomicUsize, Ordering};
use crate::sys::token::token;
use crate::word::Tag;

/// No thread's token.
const NOBODY: usize = 0;

/// The core of a recursive lock.
#[repr(C)]
pub struct RawRLock {
    lock: RawLock,
    /// The holder's token.
    owner: AtomicUsize,
    /// How often the owner holds it. Atomic for the reader's sake only: the owner alone writes.
    count: AtomicUsize,
}

impl RawRLock {
    /// A free lock that answers to `tag`.
    pub fn new(tag: Tag) -> RawRLock {
        RawRLock { lock: RawLock::new(tag), owner: AtomicUsize::new(NOBODY), count: AtomicUsize::new(0) }
    }

    /// Whether the calling thread holds it, and the tag is right. (With the tag right the owner's token says that the lock is held.)
    #[inline]
    fn is_mine(&self, tag: Tag) -> bool {
        self.owner_is_caller() && self.lock.is_locked(tag).is_ok()
    }

    #[inline]
    fn set_count(&self, count: usize) {
        self.count.store(count, Ordering::Relaxed);
    }

    #[inline]
    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// After the lock was taken: this thread holds it `count` times.
    #[inline]
    fn own(&self, count: usize) {
        self.owner.store(token(), Ordering::Relaxed);
        self.set_count(count);
    }

    /// Takes it once more, if this thread holds it.
    #[inline]
    fn acquire_again(&self, tag: Tag) -> bool {
        let mine = self.is_mine(tag);
        if mine {
            self.set_count(self.count() + 1);
        }
        mine
    }

    /// Takes it if it is free or this thread's, and the tag is right; false says nothing about why not.
    #[inline]
    pub fn acquire_fast(&self, tag: Tag) -> bool {
        // First the look at the owner: an inner level does without an atomic read-modify-write, even a failing one.
        if self.acquire_again(tag) {
            return true;
        }
        let taken = self.lock.acquire_fast(tag);
        if taken {
            self.own(1);
        }
        taken
    }

    /// Takes it, waiting without a limit.
    pub fn acquire(&self, tag: Tag) -> Result<(), Error> {
        self.acquire_until(tag, Deadline::NEVER)
    }

    /// Takes it if it is free or this thread's: `WouldBlock`.
    pub fn try_acquire(&self, tag: Tag) -> Result<(), Error> {
        if self.acquire_fast(tag) {
            return Ok(());
        }
        self.lock.try_acquire(tag)?;
        self.own(1);
        Ok(())
    }

    /// Takes it, waiting until `timeout` has passed: `TimedOut`.
    pub fn acquire_timeout(&self, tag: Tag, timeout: Timeout) -> Result<(), Error> {
        if self.acquire_fast(tag) { Ok(()) } else { self.acquire_contended(tag, timeout.deadline()) }
    }

    /// Takes it, waiting until `deadline`: `TimedOut`.
    pub fn acquire_until(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        if self.acquire_fast(tag) { Ok(()) } else { self.acquire_contended(tag, deadline) }
    }

    fn acquire_contended(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        self.lock.acquire_until(tag, deadline)?;
        self.own(1);
        Ok(())
    }

    /// Lets it go once, if this thread holds it, nobody waits, and the tag is right; false says nothing about why not.
    #[inline]
    pub fn release_fast(&self, tag: Tag) -> bool {
        if !self.is_mine(tag) {
            return false;
        }
        let count = self.count();
        if count > 1 {
            self.set_count(count - 1);
            return true;
        }
        self.owner.store(NOBODY, Ordering::Relaxed);
        let released = self.lock.release_fast(tag);
        if !released {
            self.owner.store(token(), Ordering::Relaxed);
        }
        released
    }

    /// Lets it go once: `NotOwner` if another thread holds it, or nobody.
    pub fn release(&self, tag: Tag) -> Result<(), Error> {
        if self.release_fast(tag) {
            return Ok(());
        }
        if !self.is_owned(tag)? {
            return Err(Error::NotOwner);
        }
        // The last level, and threads wait, or have waited: the fast path takes all others.
        self.owner.store(NOBODY, Ordering::Relaxed);
        let result = self.lock.release(tag);
        if result.is_err() {
            // Freed meanwhile, by a waiter that gave up, say: the lock is held still, and conditions on it lead to it.
            self.owner.store(token(), Ordering::Relaxed);
        }
        result
    }

    /// Whether someone holds it, at this moment.
    pub fn is_locked(&self, tag: Tag) -> Result<bool, Error> {
        self.lock.is_locked(tag)
    }

    /// Whether the calling thread holds it.
    pub fn is_owned(&self, tag: Tag) -> Result<bool, Error> {
        // A "no" is one only if the tag is right after it.
        Ok(self.is_mine(tag) || self.lock.is_locked(tag).map(|_| false)?)
    }

    /// How often the calling thread holds it; 0 if not at all.
    pub fn recursion_count(&self, tag: Tag) -> Result<usize, Error> {
        Ok(if self.is_owned(tag)? { self.count() } else { 0 })
    }
}

impl RawRLock {
    /// Ends the validity of `tag`: see [`RawLock::retire`]. Held by another thread it is kept for good: see the top.
    pub fn retire(&self, tag: Tag, freed: u64) -> Result<Retired, Error> {
        self.lock.retire_unless(tag, freed, |state| self.lingers(state))
    }

    #[inline]
    fn owner_is_caller(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == token()
    }
}

/// For models: the memory of a freed rlock, used for something else.
#[cfg(all(test, loom))]
impl RawRLock {
    const USED_ANEW: usize = 2;

    /// Puts something else there.
    pub fn use_anew(&self) {
        self.owner.store(RawRLock::USED_ANEW, Ordering::Relaxed);
        self.set_count(RawRLock::USED_ANEW);
    }

    /// Whether it is still there.
    pub fn is_as_used_anew(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == RawRLock::USED_ANEW && self.count() == RawRLock::USED_ANEW
    }
}

impl WaitLock for RawRLock {
    fn lock(&self) -> &RawLock {
        &self.lock
    }

    fn is_held(&self) -> bool {
        self.owner_is_caller()
    }

    fn release_all(&self) -> usize {
        let count = self.count();
        self.owner.store(NOBODY, Ordering::Relaxed);
        self.lock.release_all();
        count
    }

    fn reacquire(&self, turns: Turns, count: usize) {
        self.lock.reacquire(turns, 1);
        self.own(count);
    }

    /// So if another thread holds it: see the top.
    fn lingers(&self, state: u64) -> bool {
        state & LOCKED != 0 && !self.owner_is_caller()
    }
}

/// A lock that its holder may acquire again. Python: `threading.RLock`.
pub struct RLock {
    raw: RawRLock,
}

impl Default for RLock {
    fn default() -> RLock {
        RLock::new()
    }
}

impl core::fmt::Debug for RLock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RLock").field("locked", &self.locked()).finish()
    }
}

impl RLock {
    /// A free lock.
    pub fn new() -> RLock {
        RLock { raw: RawRLock::new(Tag::NONE) }
    }

    /// The core, for a condition.
    pub(super) fn raw(&self) -> &RawRLock {
        &self.raw
    }

    /// Takes it, waiting as long as another thread holds it.
    pub fn acquire(&self) {
        infallible(self.raw.acquire(Tag::NONE));
    }

    /// Takes it if it is free or this thread's: `WouldBlock`.
    pub fn try_acquire(&self) -> Result<(), Error> {
        self.raw.try_acquire(Tag::NONE)
    }

    /// Takes it, waiting at most so long: `TimedOut`.
    pub fn acquire_timeout(&self, timeout: Timeout) -> Result<(), Error> {
        self.raw.acquire_timeout(Tag::NONE, timeout)
    }

    /// Takes it, waiting until `deadline`: `TimedOut`.
    pub fn acquire_until(&self, deadline: Deadline) -> Result<(), Error> {
        self.raw.acquire_until(Tag::NONE, deadline)
    }

    /// Lets it go once: `NotOwner`.
    pub fn release(&self) -> Result<(), Error> {
        self.raw.release(Tag::NONE)
    }

    /// Whether someone holds it, at this moment.
    pub fn locked(&self) -> bool {
        infallible(self.raw.is_locked(Tag::NONE))
    }

    /// Whether the calling thread holds it.
    pub fn is_owned(&self) -> bool {
        infallible(self.raw.is_owned(Tag::NONE))
    }

    /// How often the calling thread holds it.
    pub fn recursion_count(&self) -> usize {
        infallible(self.raw.recursion_count(Tag::NONE))
    }
}
