//! A condition in its slot, and how it holds on to its lock, which is in another slot.
//!
//! The lock's handle may be freed before the condition: the lock then goes on under another generation, without a handle, until the
//! last condition on it is freed (`sync::keep`).
//!
//! A call reads which lock it is only after it has found its tag on the condition's word, and looks at the tag again before
//! it believes what it has read ([`RawCondition::vouch`]).

use super::arena::{Slot, Vacant, freed_word, give_back};
use super::inline::{self, Inline};
use super::{Handle, Kind};
use crate::park::{Deadline, Turns};
use crate::status::Error;
use crate::sync::{RawCondition, RawLock, RawRLock, Retired, WaitLock, wait_for};
use crate::word::Tag;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// What is in a condition's slot. The fields are atomic because a stale handle may read what is another object's by now.
#[repr(C)]
pub struct SlotCondition {
    core: RawCondition,
    /// The lock's slot.
    lock: AtomicPtr<Slot>,
    /// `Kind::Lock` or `Kind::RLock`, as a number.
    lock_kind: AtomicU32,
}

// SAFETY: a condition's core, an address and a number: valid with any bits. The address is followed only when the tag was
// found right after it had been read.
unsafe impl Inline for SlotCondition {
    const KIND: Kind = Kind::Condition;

    fn retire(&self, tag: Tag, freed: u64) -> Result<Retired, Error> {
        let lock = self.lock(tag)?;
        if self.core.retire(tag, freed, &lock, freed_word)? {
            // SAFETY: slots stay mapped; `retire` has stored the freed word, and nobody needs the lock any more.
            unsafe { give_back(lock.slot) };
        }
        Ok(Retired::Vacant)
    }
}

/// A condition's lock: the slot that it is in, and what it is.
#[derive(Clone, Copy)]
struct SlotLock {
    slot: &'static Slot,
    is_rlock: bool,
}

impl SlotLock {
    fn rlock(&self) -> Option<&'static RawRLock> {
        // SAFETY: slots stay mapped, and any bits are a valid core, which does nothing before it has found its tag.
        self.is_rlock.then(|| unsafe { &*core::ptr::from_ref(self.slot).cast::<RawRLock>() })
    }
}

impl WaitLock for SlotLock {
    /// A lock, or what an rlock begins with.
    fn lock(&self) -> &RawLock {
        // SAFETY: as above.
        unsafe { &*core::ptr::from_ref(self.slot).cast::<RawLock>() }
    }

    fn is_held(&self) -> bool {
        self.rlock().map_or_else(|| self.lock().is_held(), RawRLock::is_held)
    }

    fn release_all(&self) -> usize {
        self.rlock().map_or_else(|| self.lock().release_all(), RawRLock::release_all)
    }

    fn reacquire(&self, turns: Turns, count: usize) {
        match self.rlock() {
            Some(rlock) => rlock.reacquire(turns, count),
            None => self.lock().reacquire(turns, count),
        }
    }

    fn lingers(&self, state: u64) -> bool {
        self.rlock().is_some_and(|rlock| rlock.lingers(state))
    }
}

impl SlotCondition {
    /// A new condition on a new rlock, whose own handle nobody gets to see.
    pub fn create() -> Result<Handle, Error> {
        let rlock = inline::create(|tag| Ok(RawRLock::new(tag)))?;
        let condition = SlotCondition::create_on(rlock, Kind::RLock);
        // The condition keeps it, if there is one.
        inline::destroy::<RawRLock>(rlock)?;
        condition
    }

    /// A new condition on the lock or rlock (`kind`) behind a handle.
    pub fn create_on(lock: Handle, kind: Kind) -> Result<Handle, Error> {
        let vacant = Vacant::take()?;
        let slot = Slot::of(lock).ok_or(Error::InvalidHandle)?;
        let tag = Tag::new(lock.bits(), kind as u32);
        SlotLock { slot, is_rlock: kind == Kind::RLock }.lock().add_condition(tag)?;
        let place = core::ptr::from_ref(slot).cast_mut();
        Ok(inline::fill(vacant, |tag| SlotCondition {
            core: RawCondition::new(tag),
            lock: AtomicPtr::new(place),
            lock_kind: AtomicU32::new(kind as u32),
        }))
    }

    /// The lock, if this is the condition that the tag is for.
    #[inline]
    fn lock(&self, tag: Tag) -> Result<SlotLock, Error> {
        let read = || (self.lock.load(Ordering::Relaxed), self.lock_kind.load(Ordering::Relaxed));
        let (slot, kind) = self.core.vouch(tag, read)?;
        // SAFETY: written by `create_on`, from a reference to a slot; slots stay mapped.
        Ok(SlotLock { slot: unsafe { &*slot }, is_rlock: kind == Kind::RLock as u32 })
    }

    /// A call on the lock by way of the condition.
    #[inline]
    pub fn on_lock(
        &self,
        tag: Tag,
        lock_call: impl Fn(&RawLock, Tag) -> Result<(), Error>,
        rlock_call: impl Fn(&RawRLock, Tag) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let lock = self.lock(tag)?;
        lock.lock().under_present_tag(
            || self.core.check(tag),
            |lock_tag| match lock.rlock() {
                Some(rlock) => rlock_call(rlock, lock_tag),
                None => lock_call(lock.lock(), lock_tag),
            },
        )
    }

    /// The same in one step; false says nothing about why not.
    #[inline]
    pub fn on_lock_fast(
        &self,
        tag: Tag,
        lock_call: impl Fn(&RawLock, Tag) -> bool,
        rlock_call: impl Fn(&RawRLock, Tag) -> bool,
    ) -> bool {
        let done = |done: bool| done.then_some(()).ok_or(Error::WouldBlock);
        self.on_lock(tag, |lock, tag| done(lock_call(lock, tag)), |rlock, tag| done(rlock_call(rlock, tag))).is_ok()
    }

    /// Whether the calling thread holds the lock, as `wait` judges it.
    #[inline]
    pub fn is_owned(&self, tag: Tag) -> Result<bool, Error> {
        let lock = self.lock(tag)?;
        self.core.vouch(tag, || lock.is_held())
    }

    /// Whether nobody waits, the lock is held, and the tag is right: then a notify has nothing to do.
    #[inline]
    pub fn notify_fast(&self, tag: Tag) -> bool {
        self.lock(tag).is_ok_and(|lock| self.core.notify_fast(tag, &lock))
    }

    /// Sends up to `n` waiters after the lock: `NotOwner`.
    pub fn notify(&self, tag: Tag, n: u64) -> Result<(), Error> {
        self.core.notify(tag, &self.lock(tag)?, n)
    }

    /// Waits for a notify, until `deadline`: `TimedOut`, `NotOwner`.
    pub fn wait(&self, tag: Tag, deadline: Deadline) -> Result<(), Error> {
        self.core.wait_keeping(tag, &self.lock(tag)?, deadline)
    }

    /// Waits until `predicate` holds, which is asked with the lock held, by as many calls of `wait`, with one deadline, as that
    /// takes: `TimedOut`, `NotOwner`.
    pub fn wait_for(
        &self,
        tag: Tag,
        predicate: impl FnMut() -> bool,
        wait: impl FnMut() -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !self.is_owned(tag)? {
            return Err(Error::NotOwner);
        }
        wait_for(predicate, wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::kind_of;

    fn kind_in(slot: &Slot) -> u32 {
        kind_of(slot.word().load(Ordering::Relaxed))
    }

    #[test]
    fn a_lock_goes_with_its_handle_and_its_last_condition() {
        let lock = inline::create(|tag| Ok(RawLock::new(tag))).unwrap();
        let slot = Slot::of(lock).unwrap();
        let conditions = [(); 2].map(|()| SlotCondition::create_on(lock, Kind::Lock).unwrap());
        inline::destroy::<SlotCondition>(conditions[0]).unwrap();
        assert_eq!(inline::destroy::<SlotCondition>(conditions[0]), Err(Error::InvalidHandle));
        inline::destroy::<RawLock>(lock).unwrap();
        assert_eq!(inline::destroy::<RawLock>(lock), Err(Error::InvalidHandle));
        assert_eq!(SlotCondition::create_on(lock, Kind::Lock), Err(Error::InvalidHandle));
        assert_eq!(kind_in(slot), Kind::Lock as u32, "kept by the other condition");
        inline::destroy::<SlotCondition>(conditions[1]).unwrap();
        assert_ne!(Tag::new(lock.bits(), Kind::Lock as u32).state_of(slot.word().load(Ordering::Relaxed)), Ok(0));
    }

    #[test]
    fn a_lock_outlives_its_conditions() {
        let rlock = inline::create(|tag| Ok(RawRLock::new(tag))).unwrap();
        let condition = SlotCondition::create_on(rlock, Kind::RLock).unwrap();
        assert_eq!(SlotCondition::create_on(rlock, Kind::Lock), Err(Error::InvalidHandle), "of another kind");
        inline::destroy::<SlotCondition>(condition).unwrap();
        let (rlock_core, tag) = inline::find::<RawRLock>(rlock).unwrap();
        rlock_core.acquire(tag).unwrap();
        inline::destroy::<RawRLock>(rlock).unwrap();
        assert_eq!(rlock_core.release(tag), Err(Error::InvalidHandle));
    }
}
