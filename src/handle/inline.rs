//! Objects that live in their slot: a tagged word, which is the slot's, and what follows it.

use super::arena::{Slot, Vacant, freed_word, give_back};
use super::{Handle, Kind};
use crate::status::Error;
use crate::sync::{RawEvent, RawLock, RawRLock, RawSemaphore, Retired};
use crate::word::Tag;
use core::sync::atomic::{AtomicU64, Ordering};

/// An object that fits a slot and checks its tag in every call.
///
/// # Safety
/// The type is `repr(C)`, begins with its tagged word as an `AtomicU64`, is at most as large as a slot, and any bit pattern is
/// a valid value (so that a stale handle's `&Self` is no more than a way to reach the word). Every method checks the tag
/// on the word before it touches the rest.
pub unsafe trait Inline: Sync + 'static {
    /// What a handle to it says.
    const KIND: Kind;

    /// Ends the validity of `tag`, by way of the `freed` word: `Busy` if threads wait.
    fn retire(&self, tag: Tag, freed: u64) -> Result<Retired, Error>;
}

/// An [`Inline`] object whose methods are those of the type itself.
macro_rules! inline_objects {
    ($($type:ty: $kind:ident;)+) => {
        $(
            // SAFETY: a word and what the tag check protects, all of it valid with any bits; see the type's file.
            unsafe impl Inline for $type {
                const KIND: Kind = Kind::$kind;

                fn retire(&self, tag: Tag, freed: u64) -> Result<Retired, Error> {
                    self.retire(tag, freed)
                }
            }
        )+
    };
}

inline_objects! {
    RawLock: Lock;
    RawRLock: RLock;
    RawSemaphore: Semaphore;
    RawEvent: Event;
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

/// A new object, made by `new` for the tag that it is to answer to, and its handle.
pub fn create<T: Inline>(new: impl FnOnce(Tag) -> Result<T, Error>) -> Result<Handle, Error> {
    let vacant = Vacant::take()?;
    let object = new(vacant.tag(T::KIND as u32))?;
    Ok(fill(vacant, |_| object))
}

/// Puts an object into a slot, made by `new` for the tag that it is to answer to.
pub fn fill<T: Inline>(vacant: Vacant, new: impl FnOnce(Tag) -> T) -> Handle {
    const WORD: usize = size_of::<u64>();
    let object = core::mem::ManuallyDrop::new(new(vacant.tag(T::KIND as u32)));
    let object = (&raw const object).cast::<u8>();
    // SAFETY: the trait's promise: the object begins with its word.
    let word = unsafe { (*object.cast::<AtomicU64>()).load(Ordering::Relaxed) };
    vacant.fill(word, |room| {
        // SAFETY: all of the object but its word, which `fill` stores last; it fits, by the assertion in `find`.
        unsafe { core::ptr::copy_nonoverlapping(object.add(WORD), room.cast::<u8>(), size_of::<T>() - WORD) };
    })
}

/// Frees the object: `Busy` if threads wait on it.
pub fn destroy<T: Inline>(handle: Handle) -> Result<(), Error> {
    let (object, tag) = find::<T>(handle)?;
    if object.retire(tag, freed_word(tag))? == Retired::Vacant {
        let slot = Slot::of(handle).ok_or(Error::InvalidHandle)?;
        // SAFETY: `retire` has stored the freed word; from then on no call gets past its tag check.
        unsafe { give_back(slot) };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_handle_is_refused_even_when_its_slot_is_reused() {
        let first = create(|tag| Ok(RawLock::new(tag))).unwrap();
        let (lock, tag) = find::<RawLock>(first).unwrap();
        lock.acquire(tag).unwrap();
        destroy::<RawLock>(first).unwrap();
        let others: Vec<_> = (0..64).map(|_| create(|tag| Ok(RawLock::new(tag))).unwrap()).collect();
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
        let event = create(|tag| Ok(RawEvent::new(tag))).unwrap();
        let (lock, tag) = find::<RawLock>(event).unwrap();
        assert_eq!(lock.acquire(tag), Err(Error::InvalidHandle));
        assert_eq!(destroy::<RawLock>(event), Err(Error::InvalidHandle));
        destroy::<RawEvent>(event).unwrap();
    }
}
