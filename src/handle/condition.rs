//! A condition in its slot, and how it holds on to its lock, which is in another slot.
//!
//! The lock's handle may be freed before the condition: the lock then goes on under another generation, without a handle, until the last
//! condition on it is freed and the last thread that waits on one of those has come back ([`RawLock::keep`]).
//!
//! A call on the condition reads `lock` only after it has found its tag on the condition's word, and what it then does to
//! the lock needs either the condition to stay (checked again, after the lock's tag was read: the tag belongs to the
//! condition's lock then) or a keeper of its own.

use super::arena::{Slot, Vacant, freed_word, give_back};
use super::inline::{self, Inline};
use super::{Handle, Kind};
use crate::park::Deadline;
use crate::status::Error;
use crate::sync::{RawCondition, RawLock, RawRLock, Reacquire, Retired, WaitLock, wait_for};
use crate::word::Tag;

/// A condition's lock: the slot that it is in, and what it is.
#[repr(C)]
#[derive(Clone, Copy)]
struct LockRef {
    /// Address of the slot.
    slot: *const Slot,
    /// `Kind::Lock` or `Kind::RLock`, as a number, so that any bits are valid.
    kind: u32,
    /// The lock has no handle of its own: it was made with the condition.
    own: u32,
}

/// What is in a condition's slot.
#[repr(C)]
pub struct SlotCondition {
    core: RawCondition,
    lock: LockRef,
}

// SAFETY: `lock` is written before the slot becomes live and only read then.
unsafe impl Sync for SlotCondition {}

// SAFETY: a condition's core, an address and two numbers: valid with any bits, and each method checks the tag first.
unsafe impl Inline for SlotCondition {
    const KIND: Kind = Kind::Condition;

    fn retire(&self, tag: Tag, freed: u64) -> Result<Retired, Error> {
        let lock = self.lock(tag)?;
        if lock.own != 0 && lock.raw().is_waited_for() {
            return Err(Error::Busy);
        }
        let retired = self.core.retire(tag, freed)?;
        lock.let_go();
        Ok(retired)
    }
}

impl LockRef {
    /// Takes a handle's lock, and keeps it.
    fn of(handle: Handle, kind: Kind, own: bool) -> Result<LockRef, Error> {
        let slot = Slot::of(handle).ok_or(Error::InvalidHandle)?;
        let lock = LockRef { slot, kind: kind as u32, own: own.into() };
        lock.raw().keep(Tag::new(handle.bits(), kind as u32))?;
        Ok(lock)
    }

    /// The lock's core, with which a rlock's begins.
    fn raw(&self) -> &'static RawLock {
        // SAFETY: slots stay mapped, and any bits are a valid core, which does nothing before it has found its tag.
        unsafe { &*self.slot.cast::<RawLock>() }
    }

    fn rlock(&self) -> Option<&'static RawRLock> {
        // SAFETY: as above.
        (self.kind == Kind::RLock as u32).then(|| unsafe { &*self.slot.cast::<RawRLock>() })
    }

    /// Counts a keeper out, and gives the slot back if it was the last need for it.
    fn let_go(&self) {
        let vacant = match self.rlock() {
            Some(rlock) => rlock.let_go(freed_word),
            None => self.raw().let_go(freed_word).is_some(),
        };
        if vacant {
            // SAFETY: slots stay mapped; `let_go` has stored the freed word, and nobody needs the lock any more.
            unsafe { give_back(&*self.slot) };
        }
    }
}

impl WaitLock for LockRef {
    fn lock(&self) -> &RawLock {
        self.raw()
    }

    fn is_held(&self) -> bool {
        self.rlock().map_or_else(|| self.raw().is_held(), RawRLock::is_held)
    }

    fn release_all(&self) -> usize {
        self.rlock().map_or_else(|| self.raw().release_all(), RawRLock::release_all)
    }

    fn reacquire(&self, how: Reacquire, count: usize) {
        match self.rlock() {
            Some(rlock) => rlock.reacquire(how, count),
            None => self.raw().reacquire(how, count),
        }
    }
}

impl SlotCondition {
    /// A new condition on a new rlock, whose own handle nobody gets to see.
    pub fn create() -> Result<Handle, Error> {
        let rlock = inline::create(|tag| Ok(RawRLock::new(tag)))?;
        let condition = SlotCondition::create_on(rlock, Kind::RLock, true);
        // The condition keeps it, if there is one.
        inline::destroy::<RawRLock>(rlock)?;
        condition
    }

    /// A new condition on the lock or rlock behind a handle.
    pub fn create_with(lock: Handle, kind: Kind) -> Result<Handle, Error> {
        SlotCondition::create_on(lock, kind, false)
    }

    fn create_on(lock: Handle, kind: Kind, own: bool) -> Result<Handle, Error> {
        let vacant = Vacant::take()?;
        let lock = LockRef::of(lock, kind, own)?;
        Ok(inline::fill(vacant, |tag| SlotCondition { core: RawCondition::new(tag), lock }))
    }

    /// The lock, if this is the condition that the tag is for.
    #[inline]
    fn lock(&self, tag: Tag) -> Result<LockRef, Error> {
        self.core.check(tag)?;
        // A copy that was torn by a free in between is not used: the tag is looked at again.
        // SAFETY: the bytes are initialised, and any are valid.
        let lock = unsafe { core::ptr::read_volatile(&raw const self.lock) };
        core::sync::atomic::fence(core::sync::atomic::Ordering::Acquire);
        self.core.check(tag)?;
        Ok(lock)
    }

    /// A call on the lock by way of the condition: again, if the lock's handle was freed meanwhile.
    pub fn on_lock(
        &self,
        tag: Tag,
        lock_call: impl Fn(&RawLock, Tag) -> Result<(), Error>,
        rlock_call: impl Fn(&RawRLock, Tag) -> Result<(), Error>,
    ) -> Result<(), Error> {
        loop {
            let lock = self.lock(tag)?;
            let lock_tag = lock.raw().tag();
            self.core.check(tag)?;
            let result = match lock.rlock() {
                Some(rlock) => rlock_call(rlock, lock_tag),
                None => lock_call(lock.raw(), lock_tag),
            };
            if result != Err(Error::InvalidHandle) {
                return result;
            }
        }
    }

    /// Whether the calling thread holds the lock, as `wait` judges it.
    pub fn is_owned(&self, tag: Tag) -> Result<bool, Error> {
        let owned = self.lock(tag)?.is_held();
        self.core.check(tag).map(|()| owned)
    }

    /// Nobody waits and the lock is held, so that a notify has nothing to do.
    #[inline]
    pub fn notify_fast(&self, tag: Tag) -> bool {
        self.core.is_idle(tag) && self.is_owned(tag) == Ok(true)
    }

    /// Sends up to `n` waiters after the lock: `NotOwner`.
    pub fn notify(&self, tag: Tag, n: u64) -> Result<(), Error> {
        self.core.notify(tag, &self.lock(tag)?, n)
    }

    /// Waits for a notify, until `deadline`: `TimedOut`, `NotOwner`.
    pub fn wait(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        let lock = self.lock(tag)?;
        // The condition is kept from being freed while `keep` runs, and it keeps the lock: the tag is the lock's.
        let keep = || while lock.raw().keep(lock.raw().tag()).is_err() {};
        self.core.wait(tag, &lock, deadline, keep, || lock.let_go())
    }

    /// Waits until `predicate` holds: `TimedOut`, `NotOwner`.
    pub fn wait_for<E: From<Error>>(
        &self,
        tag: Tag,
        predicate: impl FnMut() -> Result<bool, E>,
        deadline: Deadline,
    ) -> Result<(), E> {
        // Asked with the lock held only.
        if !self.is_owned(tag)? {
            return Err(Error::NotOwner.into());
        }
        wait_for(predicate, || self.wait(tag, deadline))
    }
}
