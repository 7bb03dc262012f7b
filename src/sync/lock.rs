//! Lock: Python's `threading.Lock`. Not owned: any thread may release it.
//!
//! ```text
//! state            LOCKED  PARKED   who may be where
//! free                0       0     nobody waits
//! held                1       0     nobody waits
//! held, waited on     1       1     at least one thread is on the list
//! free, waited on     0       1     a woken waiter is on its way, others are on the list; anyone may take the lock
//! ```
//!
//! LOCKED is set by any acquire that finds it clear (barging: the lock never idles while a waiter wakes up) and cleared by
//! release. PARKED says that the list is not empty; it and the list change only under the lock's bucket.
//!
//! No wake-up is lost. A thread goes on the list under the bucket, after a compare-and-swap that found LOCKED set and left
//! PARKED set. So the release that ends this hold finds PARKED, takes the bucket, and wakes the first on the list. A woken
//! waiter that loses the race to a barger goes back to the front, again after seeing LOCKED, so again some release follows.
//! One that gives up because its time is over does so only after it has seen LOCKED: the wake-up it consumed is made good
//! by that holder's release.
//!
//! No waiter starves. One that has waited longer than about a millisecond when it loses to a barger is marked, and the next release
//! hands it the lock: LOCKED stays set and belongs to it (parking_lot's eventual fairness; Go's sync.Mutex).
//!
//! Ordering: acquire is Acquire, release is Release, and a handed-over lock travels with the notice (Release to
//! Acquire): what a thread did before its release is seen by whoever acquires next.

use super::keep::Keepers;
use super::{Parked, WaitLock, clear_parked_if_alone, infallible, withdraw};
use crate::park::{Deadline, Notice, Notifiers, Spin, Timeout, Turn, Turns, Wait, WaitList, Waited, bucket, wait_on};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::word::Tag;
use core::cell::UnsafeCell;

pub(super) const LOCKED: u64 = 1;
pub(super) const PARKED: u64 = 2;

/// The lock is free, or was: try again.
pub(super) const WOKEN: u32 = 1;
/// The lock is yours.
const HANDED_OVER: u32 = 2;

/// The core of a lock: one word, and a list for those who wait.
#[repr(C)]
pub struct RawLock {
    pub(super) word: AtomicU64,
    /// Guarded by the bucket of this address, as is `keepers`.
    pub(super) waiters: UnsafeCell<WaitList>,
    pub(super) keepers: UnsafeCell<Keepers>,
}

// SAFETY: the list and the keepers are touched only under the bucket.
unsafe impl Send for RawLock {}
// SAFETY: as above.
unsafe impl Sync for RawLock {}

impl RawLock {
    /// A free lock that answers to `tag`.
    pub fn new(tag: Tag) -> RawLock {
        RawLock {
            word: AtomicU64::new(tag.with(0)),
            waiters: UnsafeCell::new(WaitList::new()),
            keepers: UnsafeCell::default(),
        }
    }

    /// Free to held in one step, if nobody waits and the tag is right; false says nothing about why not.
    #[inline]
    pub fn acquire_fast(&self, tag: Tag) -> bool {
        self.word.compare_exchange(tag.with(0), tag.with(LOCKED), Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Held to free in one step, if nobody waits and the tag is right; false says nothing about why not.
    #[inline]
    pub fn release_fast(&self, tag: Tag) -> bool {
        self.word.compare_exchange(tag.with(LOCKED), tag.with(0), Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Takes the lock if it is free: `WouldBlock` if not.
    pub fn try_acquire(&self, tag: Tag) -> Result<(), Error> {
        let mut seen = self.word.load(Ordering::Relaxed);
        loop {
            let state = tag.state_of(seen)?;
            if state & LOCKED != 0 {
                return Err(Error::WouldBlock);
            }
            match self.word.compare_exchange(seen, seen | LOCKED, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => seen = now,
            }
        }
    }

    /// Takes the lock, waiting without a limit.
    #[inline]
    pub fn acquire(&self, tag: Tag) -> Result<(), Error> {
        self.acquire_until(tag, Deadline::NEVER)
    }

    /// Takes the lock, waiting until `timeout` has passed: `TimedOut`.
    #[inline]
    pub fn acquire_timeout(&self, tag: Tag, timeout: Timeout) -> Result<(), Error> {
        if self.acquire_fast(tag) { Ok(()) } else { self.acquire_contended(tag, timeout.deadline()) }
    }

    /// Takes the lock, waiting until `deadline`: `TimedOut`.
    #[inline]
    pub fn acquire_until(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        if self.acquire_fast(tag) { Ok(()) } else { self.acquire_contended(tag, deadline) }
    }

    #[cold]
    fn acquire_contended(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        let mut is_member = false;
        let result = self.acquire_in_turn(tag, deadline, Turns::new(), Some(&mut is_member));
        if is_member {
            // The lock stays until then: whoever frees it is told that threads wait.
            withdraw(&self.word, &self.waiters);
        }
        result
    }

    /// Takes the lock; `turns` tells where to queue. `is_member` tells whether the thread has been enrolled in the list; None if it
    /// keeps the lock by other means.
    fn acquire_in_turn(
        &self,
        tag: Tag,
        deadline: Deadline,
        mut turns: Turns,
        mut is_member: Option<&mut bool>,
    ) -> Result<(), Error> {
        let mut spin = Spin::new();
        loop {
            let seen = self.word.load(Ordering::Relaxed);
            let state = tag.state_of(seen)?;
            if state & LOCKED == 0 {
                if self.word.compare_exchange(seen, seen | LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                    return Ok(());
                }
                continue;
            }
            if deadline.has_passed() {
                return Err(Error::TimedOut);
            }
            if state & PARKED == 0 && spin.once() {
                continue;
            }
            match self.park(tag, deadline, turns.next(), is_member.as_deref_mut())? {
                Parked::Changed => {}
                Parked::Notified(HANDED_OVER) => return Ok(()),
                Parked::Notified(_) => spin = Spin::new(),
                Parked::TimedOut => return Err(Error::TimedOut),
            }
        }
    }

    /// Waits on the list for one wake-up.
    fn park(&self, tag: Tag, deadline: Deadline, turn: Turn, is_member: Option<&mut bool>) -> Result<Parked, Error> {
        let bucket = bucket(self);
        bucket.lock();
        let seen = self.word.load(Ordering::Relaxed);
        // The list may be joined only with LOCKED seen and PARKED set by one compare-and-swap: see the proof at the top.
        let stays = match tag.state_of(seen) {
            Ok(state) if state & LOCKED != 0 => {
                self.word.compare_exchange(seen, seen | PARKED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
            }
            _ => false,
        };
        if !stays {
            // SAFETY: locked above. (A tag that no longer fits is reported by the caller's next look at the word.)
            unsafe { bucket.unlock() };
            return Ok(Parked::Changed);
        }
        if let Some(is_member @ false) = is_member {
            // SAFETY: the bucket is held, and the tag was right while it is: the list is this lock's.
            unsafe { (*self.waiters.get()).enroll() };
            *is_member = true;
        }
        // SAFETY: the bucket guards the list and is held; PARKED keeps the lock from being freed while a thread is on the list.
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

    /// Lets the lock go: `NotLocked` if nobody holds it.
    #[inline]
    pub fn release(&self, tag: Tag) -> Result<(), Error> {
        if self.release_fast(tag) { Ok(()) } else { self.release_waited_on(tag) }
    }

    #[cold]
    fn release_waited_on(&self, tag: Tag) -> Result<(), Error> {
        let bucket = bucket(self);
        bucket.lock();
        let result = self.release_in_bucket(tag);
        // SAFETY: locked above. The bucket is static: the lock itself may be gone by now.
        unsafe { bucket.unlock() };
        if let Some((notifier, notice)) = result? {
            notifier.notify(notice);
        }
        Ok(())
    }

    fn release_in_bucket(&self, tag: Tag) -> Result<Option<(crate::park::Notifier, Notice)>, Error> {
        loop {
            let seen = self.word.load(Ordering::Relaxed);
            let state = tag.state_of(seen)?;
            if state & LOCKED == 0 {
                return Err(Error::NotLocked);
            }
            // SAFETY: the bucket is held, and the tag was right while it is: the list is this lock's.
            let waiters = unsafe { &mut *self.waiters.get() };
            let handed_over = waiters.first_is_starved();
            // With the bucket held PARKED cannot change, and while LOCKED and PARKED are both set nobody else changes the word.
            // Without PARKED another release may come between (any thread may release), so this is a compare-and-swap.
            if state & PARKED == 0 {
                if self.word.compare_exchange(seen, tag.with(0), Ordering::Release, Ordering::Relaxed).is_ok() {
                    return Ok(None);
                }
                continue;
            }
            let notifier = waiters.pop_front();
            let parked = if waiters.is_empty() { 0 } else { PARKED };
            let locked = if handed_over { LOCKED } else { 0 };
            // The store that lets another thread in: after it this lock may be gone.
            self.word.store(tag.with(parked | locked), Ordering::Release);
            let notice = Notice::new(if handed_over { HANDED_OVER } else { WOKEN });
            return Ok(notifier.map(|notifier| (notifier, notice)));
        }
    }

    /// Takes over the waiters of a condition: they are woken one by one as the lock is passed on. If nobody holds the lock the
    /// first is woken now.
    pub(super) fn adopt(&self, tag: Tag, waiters: Notifiers) -> Result<(), (Error, Notifiers)> {
        if waiters.is_empty() {
            return Ok(());
        }
        let bucket = bucket(self);
        bucket.lock();
        let result = loop {
            let seen = self.word.load(Ordering::Relaxed);
            let state = match tag.state_of(seen) {
                Ok(state) => state,
                Err(error) => break Err((error, waiters)),
            };
            if self.word.compare_exchange(seen, seen | PARKED, Ordering::Relaxed, Ordering::Relaxed).is_err() {
                continue;
            }
            // SAFETY: the bucket is held, and the tag was right while it is: the list is this lock's.
            let list = unsafe { &mut *self.waiters.get() };
            list.append(waiters);
            // With LOCKED seen by the compare-and-swap the holder's release finds PARKED. Without it no release may come.
            let first = if state & LOCKED == 0 { list.pop_front() } else { None };
            clear_parked_if_alone(&self.word, &self.waiters, PARKED);
            break Ok(first);
        };
        // SAFETY: locked above.
        unsafe { bucket.unlock() };
        if let Some(first) = result? {
            first.notify(Notice::new(WOKEN));
        }
        Ok(())
    }

    /// The tag that the lock answers to now. Acquire: see [`RawLock::under_present_tag`].
    pub fn tag(&self) -> Tag {
        Tag::of(self.word.load(Ordering::Acquire))
    }

    /// Whether someone holds the lock, at this moment.
    #[inline]
    pub fn is_locked(&self, tag: Tag) -> Result<bool, Error> {
        Ok(tag.state_of(self.word.load(Ordering::Relaxed))? & LOCKED != 0)
    }
}

impl WaitLock for RawLock {
    fn lock(&self) -> &RawLock {
        self
    }

    /// As in Python, "held" means "locked by anyone".
    fn is_held(&self) -> bool {
        self.word.load(Ordering::Relaxed) & LOCKED != 0
    }

    fn release_all(&self) -> usize {
        // Not locked: another thread released it since the check, which is what this wants.
        while self.release(self.tag()) == Err(Error::InvalidHandle) {}
        1
    }

    fn reacquire(&self, turns: Turns, _count: usize) {
        // Without a limit only a tag that changed meanwhile (the handle was freed) ends the wait, and then it goes on.
        while self.acquire_in_turn(self.tag(), Deadline::NEVER, turns, None).is_err() {}
    }

    fn lingers(&self, _state: u64) -> bool {
        false
    }
}

/// A lock that any thread may release. Python: `threading.Lock`.
pub struct Lock {
    raw: RawLock,
}

impl Default for Lock {
    fn default() -> Lock {
        Lock::new()
    }
}

impl core::fmt::Debug for Lock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lock").field("locked", &self.locked()).finish()
    }
}

impl Lock {
    /// A free lock.
    pub fn new() -> Lock {
        Lock { raw: RawLock::new(Tag::NONE) }
    }

    /// The core, for a condition.
    pub(super) fn raw(&self) -> &RawLock {
        &self.raw
    }

    /// Takes the lock, waiting as long as it takes.
    pub fn acquire(&self) {
        infallible(self.raw.acquire(Tag::NONE));
    }

    /// Takes the lock if it is free: `WouldBlock`.
    pub fn try_acquire(&self) -> Result<(), Error> {
        self.raw.try_acquire(Tag::NONE)
    }

    /// Takes the lock, waiting at most so long: `TimedOut`.
    pub fn acquire_timeout(&self, timeout: Timeout) -> Result<(), Error> {
        self.raw.acquire_timeout(Tag::NONE, timeout)
    }

    /// Takes the lock, waiting until `deadline`: `TimedOut`.
    pub fn acquire_until(&self, deadline: Deadline) -> Result<(), Error> {
        self.raw.acquire_until(Tag::NONE, deadline)
    }

    /// Lets the lock go: `NotLocked`.
    pub fn release(&self) -> Result<(), Error> {
        self.raw.release(Tag::NONE)
    }

    /// Whether someone holds it, at this moment.
    pub fn locked(&self) -> bool {
        infallible(self.raw.is_locked(Tag::NONE))
    }
}
