//! Objects that live in their slot: a tagged word, which is the slot's, and what follows it.

use super::arena::{Slot, Vacant, freed_word, give_back};
use super::{Handle, Kind};
use crate::status::Error;
use crate::sync::{RawEvent, RawLock};
use crate::word::Tag;

/// An object that fits a slot and checks its tag in every call.
///
/// # Safety
/// The type is `repr(C)`, begins with its tagged word as an `AtomicU64`, is at most as large as a slot, and any bit pattern is
/// a valid value (so that a stale handle's `&Self` is no more than a way to reach the word). Every method checks the tag
/// on the word before it touches the rest.
pub unsafe trait Inline: Sync + 'static {
    /// What a handle to it says.
    const KIND: Kind;

    /// A new object that answers to `tag`.
    fn new(tag: Tag) -> Self;

    /// Ends the validity of `tag` by storing `retired`: `Busy` if threads wait.
    fn retire(&self, tag: Tag, retired: u64) -> Result<(), Error>;
}

// SAFETY: a word and a list of pointers and an integer, all guarded by tag checks; see sync/lock.rs.
unsafe impl Inline for RawLock {
    const KIND: Kind = Kind::Lock;

    fn new(tag: Tag) -> RawLock {
        RawLock::new(tag)
    }

    fn retire(&self, tag: Tag, retired: u64) -> Result<(), Error> {
        self.retire(tag, retired)
    }
}

// SAFETY: as above; see sync/event.rs.
unsafe impl Inline for RawEvent {
    const KIND: Kind = Kind::Event;

    fn new(tag: Tag) -> RawEvent {
        RawEvent::new(tag)
    }

    fn retire(&self, tag: Tag, retired: u64) -> Result<(), Error> {
        self.retire(tag, retired)
    }
}

/// The place that the handle names and the tag it expects there; each call on the object then checks the tag.
#[inline]
pub fn find<T: Inline>(handle: Handle) -> Result<(&'static T, Tag), Error> {
    const { assert!(size_of::<T>() <= size_of::<Slot>() && align_of::<T>() <= align_of::<Slot>()) };
    let slot = Slot::of(handle).ok_or(Error::InvalidHandle)?;
    // SAFETY: the trait's promise: any slot's bytes are a valid T, and T does nothing before it has found its tag.
    let object = unsafe { &*core::ptr::from_ref(slot).cast::<T>() };
    Ok((object, Tag::new(handle.bits(), T::KIND as u32)))
}

/// A new object and its handle.
pub fn create<T: Inline>() -> Result<Handle, Error> {
    let vacant = Vacant::take()?;
    let object = T::new(vacant.tag(T::KIND as u32));
    let word = vacant.tag(T::KIND as u32).with(0);
    Ok(vacant.fill(word, |room| {
        const WORD: usize = size_of::<u64>();
        let tail = (&raw const object).cast::<u8>().wrapping_add(WORD);
        // SAFETY: all of the object but its word, which `fill` stores last; it fits, by the assertion in `find`.
        unsafe { core::ptr::copy_nonoverlapping(tail, room.cast::<u8>(), size_of::<T>() - WORD) };
        core::mem::forget(object);
    }))
}

/// Frees the object: `Busy` if threads wait on it.
pub fn destroy<T: Inline>(handle: Handle) -> Result<(), Error> {
    let (object, tag) = find::<T>(handle)?;
    object.retire(tag, freed_word(tag))?;
    let slot = Slot::of(handle).ok_or(Error::InvalidHandle)?;
    // SAFETY: `retire` has stored the freed word; from then on no call gets past its tag check.
    unsafe { give_back(slot) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_handle_is_refused_even_when_its_slot_is_reused() {
        let first = create::<RawLock>().unwrap();
        let (lock, tag) = find::<RawLock>(first).unwrap();
        lock.acquire(tag).unwrap();
        destroy::<RawLock>(first).unwrap();
        let others: Vec<_> = (0..64).map(|_| create::<RawLock>().unwrap()).collect();
        assert!(!others.contains(&first));
        let (lock, tag) = find::<RawLock>(first).unwrap();
        assert_eq!(lock.acquire(tag), Err(Error::InvalidHandle));
        assert_eq!(lock.release(tag), Err(Error::InvalidHandle));
        assert_eq!(destroy::<RawLock>(first), Err(Error::InvalidHandle));
        for other in others {
            let (lock, tag) = find::<RawLock>(other).unwrap();
            assert_eq!(lock.is_locked(tag), Ok(false));
            destroy::<RawLock>(other).unwrap();
        }
    }

    #[test]
    fn another_kind_is_refused() {
        let event = create::<RawEvent>().unwrap();
        let (lock, tag) = find::<RawLock>(event).unwrap();
        assert_eq!(lock.acquire(tag), Err(Error::InvalidHandle));
        assert_eq!(destroy::<RawLock>(event), Err(Error::InvalidHandle));
        destroy::<RawEvent>(event).unwrap();
    }
}
