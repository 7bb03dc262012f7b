//! The arena: slots of 64 bytes in memory that only ever holds slots.
//!
//! Address space is reserved once, made usable in steps as it fills, and never given back. All of it is lock-free, so a
//! fork in the middle of anything leaves the child with a usable arena.
//!
//! A free slot's word has kind 0; its state is the number of the next free slot:
//!
//! ```text
//! FREE: [ times popped: 36 ][ first free slot: 28 ]  ->  slot 7: [gen][0][ 3 ]  ->  slot 3: [gen][0][ 0 = none ]
//! ```
//!
//! The count in FREE goes up with every pop, so that a thread which was delayed between reading a slot's successor and swapping FREE
//! cannot bring back an outdated successor (the ABA problem, solved as in IBM's S/370 Principles of Operation, appendix A).
//! Reading the word of a slot that another thread has popped meanwhile is harmless: slots stay mapped and their
//! first word is only ever accessed atomically.
//!
//! Each thread keeps some free slots for itself ([`cache`]), and takes from this list, and gives back to it, many at once.

mod cache;

pub use cache::leave;

use super::Handle;
use crate::status::Error;
use crate::sys::atomic::unmodelled;
use crate::sys::memory;
use crate::word::{GENERATION_MASK, GENERATION_SHIFT, STATE_MASK, Tag};
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering, fence};

/// A slot: its word, and room for an object.
#[repr(C, align(64))]
pub struct Slot {
    word: unmodelled::AtomicU64,
    room: UnsafeCell<[u64; 7]>,
}

impl core::fmt::Debug for Slot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Slot").field("word", &self.word).finish_non_exhaustive()
    }
}

// SAFETY: the room is accessed under the rules of the kind of object in it, which the word says.
unsafe impl Sync for Slot {}

/// Log2 of a slot's size.
const SLOT_SHIFT: u32 = size_of::<Slot>().trailing_zeros();
const _: () = assert!(size_of::<Slot>() == 64);
/// Bits of a slot number.
const NUMBER_BITS: u32 = GENERATION_SHIFT - SLOT_SHIFT;
const NUMBER_MASK: u64 = (1 << NUMBER_BITS) - 1;
/// The offset's bits in a handle; the lowest SLOT_SHIFT of them are zero.
const OFFSET_MASK: u64 = !GENERATION_MASK;
/// Handles have this bit set, addresses in user space do not.
const LIVE_BIT: u64 = 1 << 63;
/// The generation of a slot that is not used any more; no handle has it.
const RETIRED: u64 = GENERATION_MASK;

/// What is reserved if the system allows it: room for 2^28 objects.
const LARGEST: usize = 1 << GENERATION_SHIFT;
/// The least worth having.
const SMALLEST: usize = 1 << 20;
/// How much is made usable at a time.
const STEP: usize = 1 << 18;

/// The arena's start; NULL until the first object.
static BASE: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
/// Bytes reserved.
static RESERVED: AtomicU64 = AtomicU64::new(0);
/// Number of slots that are usable. Written after BASE, so who sees a non-zero value sees the base.
static USABLE: AtomicU64 = AtomicU64::new(0);
/// Number of slots given out for the first time. Slot 0 is not used: 0 ends the list of free slots.
static TOUCHED: AtomicU64 = AtomicU64::new(1);
static FREE: AtomicU64 = AtomicU64::new(0);

impl Slot {
    /// The word.
    #[inline]
    pub fn word(&self) -> &unmodelled::AtomicU64 {
        &self.word
    }

    /// The room after the word.
    #[inline]
    pub fn room(&self) -> *mut [u64; 7] {
        self.room.get()
    }

    /// The slot that a handle names, if there is one: not yet a check of the generation.
    #[inline]
    pub fn of(handle: Handle) -> Option<&'static Slot> {
        let offset = handle.bits() & OFFSET_MASK;
        // One comparison for both: rotated, a set low bit becomes a number far beyond any slot.
        let number = offset.rotate_right(SLOT_SHIFT);
        // Acquire pairs with the release in `grow`: BASE is seen, and the slot is mapped.
        if number >= USABLE.load(Ordering::Acquire) {
            return None;
        }
        let base = BASE.load(Ordering::Relaxed);
        // SAFETY: seen, as said. (The caller's match on the Option needs no test of its own then.)
        unsafe { core::hint::assert_unchecked(!base.is_null()) };
        // SAFETY: the offset lies within the usable part of the arena, which stays mapped for ever and holds slots only, all of
        // whose bytes are initialised (zero at first).
        Some(unsafe { &*base.add(offset as usize).cast::<Slot>() })
    }

    fn numbered(number: u64) -> &'static Slot {
        let base = BASE.load(Ordering::Relaxed);
        // SAFETY: numbers come from the free list or from `grow`, so the slot is usable.
        unsafe { &*base.add((number << SLOT_SHIFT) as usize).cast::<Slot>() }
    }

    /// The handle of what is in the slot, whose word this is.
    pub fn handle_with(&self, word: u64) -> Handle {
        Handle((word & GENERATION_MASK) | self.number() << SLOT_SHIFT)
    }

    fn number(&self) -> u64 {
        let base = BASE.load(Ordering::Relaxed);
        ((core::ptr::from_ref(self).addr() - base.addr()) >> SLOT_SHIFT) as u64
    }
}

/// A slot that nobody else uses, waiting to be filled. Dropped unfilled, it is free again.
#[derive(Debug)]
pub struct Vacant {
    slot: NonNull<Slot>,
    generation: u64,
}

impl Vacant {
    /// Takes a free slot.
    pub fn take() -> Result<Vacant, Error> {
        let slot = cache::take()?;
        let generation = slot.word.load(Ordering::Relaxed) & GENERATION_MASK;
        Ok(Vacant { slot: slot.into(), generation })
    }

    /// The handle that the slot will have.
    pub fn handle(&self) -> Handle {
        Handle(self.generation | self.slot().number() << SLOT_SHIFT)
    }

    /// The tag that its word will have.
    pub fn tag(&self, kind: u32) -> Tag {
        Tag::new(self.generation, kind)
    }

    /// Writes the object into the room with `fill`, then makes the slot live with this word.
    pub fn fill(self, word: u64, fill: impl FnOnce(*mut [u64; 7])) -> Handle {
        let handle = self.handle();
        let slot = self.slot;
        core::mem::forget(self);
        // SAFETY: slots stay mapped for ever.
        let slot = unsafe { slot.as_ref() };
        // Whoever reads a part of the new object through a stale handle, and then looks at the word (after an acquire fence),
        // finds that the old one was freed.
        fence(Ordering::Release);
        fill(slot.room());
        // Release: who finds the word with its tag (an Acquire) sees the room as filled.
        slot.word.store(word, Ordering::Release);
        handle
    }

    /// The slot.
    pub fn slot(&self) -> &'static Slot {
        // SAFETY: slots stay mapped for ever.
        unsafe { self.slot.as_ref() }
    }
}

impl Drop for Vacant {
    fn drop(&mut self) {
        push(self.slot(), self.generation);
    }
}

/// The word that a slot gets when its object is freed: no kind, and the next generation. The last one stays the last.
pub fn freed_word(tag: Tag) -> u64 {
    (tag.with(0) & GENERATION_MASK).saturating_add(1 << GENERATION_SHIFT) & GENERATION_MASK
}

/// Gives a slot back.
///
/// # Safety
/// The caller has set the slot's word to [`freed_word`], and nobody uses the object in it any more.
pub unsafe fn give_back(slot: &'static Slot) {
    let generation = slot.word.load(Ordering::Relaxed) & GENERATION_MASK;
    push(slot, generation);
}

fn push(slot: &'static Slot, generation: u64) {
    if generation == RETIRED {
        slot.word.store(RETIRED, Ordering::Relaxed);
        return;
    }
    cache::put(slot, generation);
}

/// Gives slots that lead from `first` to `last` by their words to all threads.
fn push_chain(first: &Slot, last: &Slot) {
    let mut free = FREE.load(Ordering::Relaxed);
    loop {
        let generation = last.word.load(Ordering::Relaxed) & GENERATION_MASK;
        // Release: whoever finds the slot free sees why (see `RawLock::under_present_tag`).
        last.word.store(generation | (free & NUMBER_MASK), Ordering::Release);
        let now_first = (free & !NUMBER_MASK) | first.number();
        // Release: whoever pops the slots sees their words, and that their last users are done.
        match FREE.compare_exchange_weak(free, now_first, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => free = now,
        }
    }
}

/// Takes up to `most` free slots, which lead on from the first by their words: the first one's number, and how many.
fn pop_chain(most: u32) -> Option<(u64, u32)> {
    let mut free = FREE.load(Ordering::Acquire);
    loop {
        let first = free & NUMBER_MASK;
        if first == 0 {
            return None;
        }
        let (mut next, mut count) = (successor(first), 1);
        // What another thread has popped meanwhile leads anywhere; then the swap fails.
        while count < most && next != 0 && next < USABLE.load(Ordering::Acquire) {
            next = successor(next);
            count += 1;
        }
        let popped = (free & !NUMBER_MASK).wrapping_add(1 << NUMBER_BITS) | next;
        match FREE.compare_exchange_weak(free, popped, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => return Some((first, count)),
            Err(now) => free = now,
        }
    }
}

fn successor(number: u64) -> u64 {
    Slot::numbered(number).word.load(Ordering::Relaxed) & STATE_MASK & NUMBER_MASK
}

/// Up to `most` slots that were never used: the first one's number, and how many.
fn touch(most: u64) -> Result<(u64, u64), Error> {
    if BASE.load(Ordering::Acquire).is_null() {
        reserve()?;
    }
    let mut number = TOUCHED.load(Ordering::Relaxed);
    loop {
        let usable = USABLE.load(Ordering::Acquire);
        if number >= usable {
            grow(number)?;
            continue;
        }
        let count = most.min(usable - number);
        match TOUCHED.compare_exchange_weak(number, number + count, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return Ok((number, count)),
            Err(now) => number = now,
        }
    }
}

/// The first generation of a slot. Neighbours begin at different ones, so that a handle with a wrong slot number rarely fits by
/// chance. The upper half of the range is left to count up in.
fn first_generation(number: u64) -> u64 {
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (GENERATION_SHIFT + 2);
    LIVE_BIT | (scattered + 1) << GENERATION_SHIFT
}

/// Several threads may come here at once: one reservation is kept.
#[cold]
fn reserve() -> Result<(), Error> {
    // Where address space is limited most of it is the program's.
    let mut bytes = LARGEST.min(memory::limit() / 16).next_power_of_two().max(SMALLEST);
    let start = loop {
        match memory::reserve(bytes) {
            Some(start) => break start,
            None if bytes > SMALLEST => bytes /= 2,
            None => return Err(Error::NoMemory),
        }
    };
    // Two reservations need not be equally large; the smaller figure is right for both.
    if RESERVED.compare_exchange(0, bytes as u64, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        RESERVED.fetch_min(bytes as u64, Ordering::Relaxed);
    }
    let none = core::ptr::null_mut();
    if BASE.compare_exchange(none, start.as_ptr(), Ordering::AcqRel, Ordering::Acquire).is_err() {
        // SAFETY: another thread's reservation is the arena; this one was shown to nobody.
        unsafe { memory::unreserve(start, bytes) };
    }
    Ok(())
}

/// Makes the step of the arena usable that slot `number` lies in.
#[cold]
fn grow(number: u64) -> Result<(), Error> {
    let begin = ((number << SLOT_SHIFT) as usize) & !(STEP - 1);
    if begin + STEP > RESERVED.load(Ordering::Relaxed) as usize {
        return Err(Error::NoMemory);
    }
    let base = BASE.load(Ordering::Acquire);
    // SAFETY: the step lies within the reservation.
    let committed = unsafe { memory::commit(base.add(begin), STEP) };
    if !committed {
        return Err(Error::NoMemory);
    }
    // Steps are made usable in order: `number` is at most USABLE, since TOUCHED never runs ahead of it.
    USABLE.fetch_max(((begin + STEP) >> SLOT_SHIFT) as u64, Ordering::Release);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_no_slot_are_refused() {
        drop(Vacant::take().unwrap());
        for bits in [u64::MAX, OFFSET_MASK, LIVE_BIT | OFFSET_MASK & !63, 1, 32, 63, LIVE_BIT | 8] {
            assert!(Slot::of(Handle(bits)).is_none(), "{bits:#x}");
        }
    }

    #[test]
    fn a_slot_comes_back_with_another_generation() {
        let first = Vacant::take().unwrap();
        let tag = first.tag(1);
        let handle = first.fill(tag.with(0), |_| {});
        let slot = Slot::of(handle).unwrap();
        slot.word().store(freed_word(tag), Ordering::Relaxed);
        // SAFETY: nobody uses the slot.
        unsafe { give_back(slot) };
        assert!(tag.state_of(slot.word().load(Ordering::Relaxed)).is_err());
    }

    #[test]
    fn generations_do_not_wrap_around() {
        let last = Tag::new(RETIRED, 1);
        assert_eq!(freed_word(Tag::new(freed_word(last), 1)), RETIRED);
    }

    #[test]
    fn a_used_up_slot_is_retired() {
        let vacant = Vacant::take().unwrap();
        let slot = Slot::of(vacant.handle()).unwrap();
        core::mem::forget(vacant);
        slot.word().store(freed_word(Tag::new(RETIRED - (1 << GENERATION_SHIFT), 1)), Ordering::Relaxed);
        // SAFETY: nobody uses the slot.
        unsafe { give_back(slot) };
        let mut others = Vec::new();
        for _ in 0..1000 {
            let vacant = Vacant::take().unwrap();
            assert_ne!(vacant.slot().number(), slot.number());
            others.push(vacant);
        }
    }

    #[test]
    fn many_threads_never_share_a_slot() {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        let mine: Vec<_> = (0..8).map(|_| Vacant::take().unwrap()).collect();
                        for vacant in &mine {
                            // SAFETY: the slot is this thread's, or the test fails.
                            unsafe { (*vacant.slot().room())[0] = vacant.handle().bits() };
                        }
                        std::thread::yield_now();
                        for vacant in &mine {
                            // SAFETY: as above.
                            assert_eq!(unsafe { (*vacant.slot().room())[0] }, vacant.handle().bits());
                        }
                    }
                });
            }
        });
    }
}
