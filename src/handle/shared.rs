//! Objects behind a handle that are reference-counted: threads, timers, queues, executors, futures and the like.
//!
//! ```text
//! state of the slot's word   | 28: OPEN | 27 ............... 0: users |
//!
//! OPEN  users   who may be where
//!  1     n      the handle is valid; n calls on it are under way
//!  0     n > 0  the handle has been freed; n calls that came before go on
//!  0     0      never seen: whoever makes it so frees the slot with the same compare-and-swap
//! ```
//!
//! A call counts itself in with a compare-and-swap that expects the handle's tag and OPEN, so it never counts itself into a slot
//! that is another's by now, and the object stays while it is in. Ordering: counting in is an Acquire (pairs with the store
//! that filled the slot), counting out a Release, and the one who frees the slot an Acquire: all calls are over for it.
//!
//! Objects that many threads call at once and that are freed rarely ([`Shared::MARKED`]) have their calls marked in the threads' own
//! records instead ([`pins`](super::pins)), where those have room; the free stays counted in until no record names the handle.

use super::arena::{Slot, Vacant, freed_word, give_back};
use super::pins::{Mark, retire};
use super::{Handle, Kind};
use crate::exec::{Alias, AsCompleted, Executor, Future, Map};
use crate::identity::Identified;
use crate::queue::Queue;
use crate::status::Error;
use crate::sync::Barrier;
use crate::sys::barrier;
use crate::thread::{Local, Thread, Timer};
use crate::word::{STATE_BITS, Tag, kind_of};
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::sync::atomic::Ordering;
use std::sync::Arc;

const OPEN: u64 = 1 << (STATE_BITS - 1);
const USERS: u64 = OPEN - 1;

/// An object that handles can name.
pub trait Shared: Identified + Send + Sync + 'static {
    /// What a handle to it says.
    const KIND: Kind;
    /// Whether calls are marked in their thread's record, rather than counted in the slot. A free takes longer then.
    const MARKED: bool = false;
}

macro_rules! shared_objects {
    ($($type:ty: $kind:ident $(, $marked:ident)?;)+) => {
        $(impl Shared for $type {
            const KIND: Kind = Kind::$kind;
            $(const MARKED: bool = stringify!($marked).len() > 0;)?
        })+
    };
}

shared_objects! {
    Barrier: Barrier;
    Thread: Thread;
    Local: Local;
    Timer: Timer;
    Queue: Queue, marked;
    Executor: Executor, marked;
    Alias: Alias;
    Map: Map;
    AsCompleted: AsCompleted;
}

/// What is in the room of such a slot.
#[repr(C)]
struct Content {
    /// From `Arc::into_raw`, of the type that the word's kind says.
    object: *const (),
    /// Lets the reference go.
    release: unsafe fn(*const ()),
    id: u64,
}

fn content(slot: &Slot) -> *mut Content {
    const { assert!(size_of::<Content>() <= 56 && align_of::<Content>() <= 8) };
    slot.room().cast()
}

/// A new handle to `object`.
pub fn open<T: Shared>(object: Arc<T>) -> Result<Handle, Error> {
    Ok(open_in(Vacant::take()?, object))
}

/// The same in a slot that was taken before, which cannot fail.
pub fn open_in<T: Shared>(vacant: Vacant, object: Arc<T>) -> Handle {
    /// # Safety
    /// `object` came from `Arc::<T>::into_raw`, and its reference is not used again.
    unsafe fn release<T>(object: *const ()) {
        // SAFETY: the caller's promise.
        drop(unsafe { Arc::from_raw(object.cast::<T>()) });
    }
    if T::MARKED {
        barrier::prepare();
    }
    let word = vacant.tag(T::KIND as u32).with(OPEN);
    let id = object.id();
    let content = Content { object: Arc::into_raw(object).cast(), release: release::<T>, id };
    // SAFETY: the room is large enough (see `content`) and nobody else's.
    vacant.fill(word, |room| unsafe { room.cast::<Content>().write(content) })
}

/// Whether the slot's word has this tag and its handle has not been freed.
#[inline]
pub fn is_open(slot: &Slot, tag: Tag) -> bool {
    // Acquire pairs with the store that filled the slot.
    slot.word().load(Ordering::Acquire) & !USERS == tag.with(OPEN)
}

/// One user of a slot, counted in; counts itself out when dropped.
#[derive(Debug)]
pub struct Use {
    slot: &'static Slot,
    tag: Tag,
    handle: Handle,
}

impl Use {
    /// Counts a user in whom the handle, of this kind, names; `state_after` gives the new state from the old one.
    fn enter(handle: Handle, kind: u32, state_after: impl Fn(u64) -> u64) -> Result<Use, Error> {
        let slot = Slot::of(handle).ok_or(Error::InvalidHandle)?;
        let tag = Tag::new(handle.bits(), kind);
        let mut seen = slot.word().load(Ordering::Relaxed);
        loop {
            let state = tag.state_of(seen)?;
            if state & OPEN == 0 {
                return Err(Error::InvalidHandle);
            }
            if state & USERS == USERS {
                // 2^28 calls at once: more than there can be threads.
                return Err(Error::Overflow);
            }
            let after = tag.with(state_after(state));
            match slot.word().compare_exchange_weak(seen, after, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Ok(Use { slot, tag, handle }),
                Err(now) => seen = now,
            }
        }
    }

    /// The handle's bits.
    pub fn handle(&self) -> u64 {
        self.handle.bits()
    }

    fn content(&self) -> &Content {
        // SAFETY: filled before the word became live, and it stays while this user is counted in.
        unsafe { &*content(self.slot) }
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut seen = self.slot.word().load(Ordering::Relaxed);
        loop {
            let after = seen - 1;
            let last = after & (OPEN | USERS) == 0;
            // The last one makes the word a freed slot's at once. Nobody else could come in, since OPEN is clear.
            let (object, release) = (self.content().object, self.content().release);
            let after = if last { freed_word(self.tag) } else { after };
            match self.slot.word().compare_exchange_weak(seen, after, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if last => {
                    // SAFETY: the word is the freed one and no call is under way.
                    unsafe { give_back(self.slot) };
                    // SAFETY: the slot's reference, let go once. Last of all, since user code may run in it.
                    return unsafe { release(object) };
                }
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }
}

/// How a call keeps the object.
#[derive(Debug)]
enum User {
    Marked(Mark),
    Counted(Use),
}

/// A call under way on a handle's object, which stays until this is dropped.
#[derive(Debug)]
pub struct Pinned<T: Shared> {
    /// Not ended before `object` was last used.
    user: User,
    object: ManuallyDrop<Arc<T>>,
}

/// Finds the handle's object for the time of a call.
#[inline]
pub fn pin<T: Shared>(handle: Handle) -> Result<Pinned<T>, Error> {
    let kind = T::KIND as u32;
    let mark = if T::MARKED {
        let slot = Slot::of(handle).ok_or(Error::InvalidHandle)?;
        Mark::new(slot, Tag::new(handle.bits(), kind), handle)?
    } else {
        None
    };
    let user = match mark {
        Some(mark) => User::Marked(mark),
        None => User::Counted(Use::enter(handle, kind, |state| state + 1)?),
    };
    // SAFETY: `object` came from Arc::into_raw of the type with this kind; the reference stays the slot's (ManuallyDrop).
    let object = unsafe { Arc::from_raw(user.content().object.cast::<T>()) };
    Ok(Pinned { user, object: ManuallyDrop::new(object) })
}

/// Runs `call`, which cannot panic, on a [marked](Shared::MARKED) object: [`pin`] without what a call that blocks, fails or calls back
/// needs. None if it is to be done that way.
#[inline(always)]
pub fn with_mark<T: Shared, R>(handle: Handle, call: impl FnOnce(&T) -> R) -> Option<R> {
    const { assert!(T::MARKED) };
    let slot = Slot::of(handle)?;
    let _mark = Mark::new(slot, Tag::new(handle.bits(), T::KIND as u32), handle).ok()??;
    // SAFETY: filled before the word became live, with an object of the type with this kind; both stay while the mark is there.
    Some(call(unsafe { &*(*content(slot)).object.cast::<T>() }))
}

impl User {
    #[inline]
    fn content(&self) -> &Content {
        match self {
            // SAFETY: filled before the word became live, and it stays while a record names the handle.
            User::Marked(mark) => unsafe { &*content(mark.slot()) },
            User::Counted(counted) => counted.content(),
        }
    }
}

impl<T: Shared> Pinned<T> {
    /// The handle's identity as an object.
    pub fn id(&self) -> u64 {
        self.user.content().id
    }
}

impl<T: Shared> Deref for Pinned<T> {
    type Target = Arc<T>;

    #[inline]
    fn deref(&self) -> &Arc<T> {
        &self.object
    }
}

/// Frees the handle: who comes later finds it invalid. The object is let go when the calls under way are over.
pub fn free<T: Shared>(handle: Handle) -> Result<(), Error> {
    // Closes the slot and counts this call in, both at once; counting it out again lets the object go if it was the last.
    Use::enter(handle, T::KIND as u32, |state| (state & !OPEN) + 1).map(if T::MARKED { retire } else { drop })
}

/// The identity of any handle's object.
pub fn object_id(handle: Handle) -> Result<u64, Error> {
    const INLINE: [Kind; 5] = [Kind::Lock, Kind::RLock, Kind::Condition, Kind::Semaphore, Kind::Event];
    let slot = Slot::of(handle).ok_or(Error::InvalidHandle)?;
    let word = slot.word().load(Ordering::Relaxed);
    let kind = kind_of(word);
    if kind == 0 {
        return Err(Error::InvalidHandle);
    }
    if kind == Kind::Future as u32 {
        return Future::of_handle(handle).map(|future| future.id());
    }
    if INLINE.iter().any(|&inline| inline as u32 == kind) {
        // An object in its slot has one handle, whose bits are never given out again.
        return Tag::new(handle.bits(), kind).state_of(word).map(|_| handle.bits());
    }
    Ok(Use::enter(handle, kind, |state| state + 1)?.content().id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity;
    use core::sync::atomic::AtomicUsize;

    /// Counts its drops; marked or counted.
    struct Probe<const MARKED: bool>(u64, Arc<AtomicUsize>);

    impl<const MARKED: bool> Shared for Probe<MARKED> {
        const KIND: Kind = if MARKED { Kind::Map } else { Kind::AsCompleted };
        const MARKED: bool = MARKED;
    }

    impl<const MARKED: bool> Identified for Probe<MARKED> {
        fn id(&self) -> u64 {
            self.0
        }
    }

    impl<const MARKED: bool> Drop for Probe<MARKED> {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn an_object_lives_as_long_as_its_calls<const MARKED: bool>() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let probe = || open(Arc::new(Probe::<MARKED>(identity::next(), dropped.clone()))).unwrap();
        let handle = probe();
        let id = object_id(handle).unwrap();
        // More than a record has room for.
        let calls: Vec<_> = (0..20).map(|_| pin::<Probe<MARKED>>(handle).unwrap()).collect();
        free::<Probe<MARKED>>(handle).unwrap();
        assert_eq!(free::<Probe<MARKED>>(handle), Err(Error::InvalidHandle));
        assert!(pin::<Probe<MARKED>>(handle).is_err());
        assert!(object_id(handle).is_err());
        assert!(calls.iter().all(|call| call.0 == id && call.id() == id));
        for call in calls {
            assert_eq!(dropped.load(Ordering::Relaxed), 0);
            drop(call);
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 1);

        // Freed by one of many threads that use it: let go once, whoever is the last.
        let rounds = 200;
        for _ in 0..rounds {
            let handle = probe();
            let freed = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        while pin::<Probe<MARKED>>(handle).is_ok() {
                            if freed.load(Ordering::Relaxed) == 0 && free::<Probe<MARKED>>(handle).is_ok() {
                                freed.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    });
                }
            });
            assert_eq!(freed.load(Ordering::Relaxed), 1);
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 1 + rounds);
    }

    #[test]
    fn a_counted_object_lives_as_long_as_its_calls() {
        an_object_lives_as_long_as_its_calls::<false>();
    }

    #[test]
    fn a_marked_object_lives_as_long_as_its_calls() {
        an_object_lives_as_long_as_its_calls::<true>();
    }

    #[test]
    fn threads_that_end_leave_their_records_to_others() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let handle = open(Arc::new(Probe::<true>(identity::next(), dropped.clone()))).unwrap();
        for _ in 0..20 {
            std::thread::spawn(move || assert!(pin::<Probe<true>>(handle).is_ok())).join().unwrap();
        }
        free::<Probe<true>>(handle).unwrap();
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }
}
