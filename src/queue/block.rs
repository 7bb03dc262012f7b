//! Blocks: the memory that a queue's items are in, and where it comes from.
//!
//! A thread may look at a block that has been emptied and given back meanwhile (`chain`). So blocks are never anything else: their memory
//! stays with pirn, for any queue to use again. What is not needed for now is left to the system without giving up the
//! addresses; who looks there reads zeros.

use super::Item;
use crate::status::Error;
use crate::sys::atomic::{AtomicPtr, AtomicU64, Ordering};
use core::ptr::{NonNull, null_mut};

/// Slots in a block, which is a page together with its head.
pub(super) const SLOTS: u64 = if cfg!(loom) { 2 } else { 255 };

/// A place for an item. Both words are atomic, because threads look that will find that they came too late.
#[repr(C)]
struct Slot {
    item: AtomicPtr<core::ffi::c_void>,
    /// The position that the item was put at, plus one: what is left from an earlier use never has the number that is looked for.
    ticket: AtomicU64,
}

#[repr(C)]
#[cfg_attr(not(loom), repr(align(4096)))]
pub(super) struct Block {
    next: AtomicPtr<Block>,
    /// The position of the first slot. Written before the block is linked.
    base: AtomicU64,
    slots: [Slot; SLOTS as usize],
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Block>() == 4096);

impl Block {
    /// Stores the item for the getter of this position, which only the putter that claimed it does.
    #[inline]
    pub fn fill(&self, offset: u64, position: u64, item: Item) {
        let slot = &self.slots[offset as usize];
        slot.item.store(item.0, Ordering::Relaxed);
        // Release: who finds the ticket sees the item, and what was done before the put.
        slot.ticket.store(position + 1, Ordering::Release);
    }

    /// The item at this position, if it is there already. The caller makes sure that it has not come too late.
    #[inline]
    pub fn look(&self, offset: u64, position: u64) -> Option<Item> {
        let slot = &self.slots[offset as usize];
        let is_there = slot.ticket.load(Ordering::Acquire) == position + 1;
        is_there.then(|| Item(slot.item.load(Ordering::Relaxed)))
    }

    /// Nothing is at this offset.
    pub fn clear(&self, offset: u64) {
        self.slots[offset as usize].ticket.store(0, Ordering::Relaxed);
    }

    pub fn base(&self) -> u64 {
        self.base.load(Ordering::Relaxed)
    }

    /// For a block that nobody else has: it becomes the one for the positions from `base`, without a successor.
    pub fn begin(&self, base: u64) {
        self.base.store(base, Ordering::Relaxed);
        self.next.store(null_mut(), Ordering::Relaxed);
    }

    pub fn link(&self, next: *mut Block) {
        self.next.store(next, Ordering::Release);
    }

    pub fn next(&self) -> *mut Block {
        self.next.load(Ordering::Acquire)
    }
}

#[cfg(not(loom))]
pub(super) use pool::{give, take};

#[cfg(not(loom))]
mod pool {
    use super::*;
    use crate::park::Mutex;
    use crate::sys::memory;

    /// So many unused blocks stay as they are.
    const WARM: usize = 64;
    /// How many are got from the system at a time.
    const AT_ONCE: usize = 64;

    struct Pool {
        /// Last used first.
        warm: Vec<NonNull<Block>>,
        /// All zeros, and without memory as far as the system does it.
        dry: Vec<NonNull<Block>>,
    }

    // SAFETY: blocks that nobody uses.
    unsafe impl Send for Pool {}

    static POOL: Mutex<Pool> = Mutex::new(Pool { warm: Vec::new(), dry: Vec::new() });

    /// A block that nobody else uses, with no item in it: `NoMemory`.
    pub fn take() -> Result<NonNull<Block>, Error> {
        let mut pool = POOL.lock();
        if let Some(block) = pool.warm.pop() {
            drop(pool);
            // Another queue may have used the same positions.
            // SAFETY: blocks stay for ever.
            (0..SLOTS).for_each(|offset| unsafe { block.as_ref() }.clear(offset));
            return Ok(block);
        }
        if pool.dry.is_empty() {
            pool.dry.try_reserve(AT_ONCE).map_err(|_| Error::NoMemory)?;
            let bytes = AT_ONCE * size_of::<Block>();
            let start = memory::reserve(bytes).ok_or(Error::NoMemory)?;
            // SAFETY: the reservation, whole.
            if !unsafe { memory::commit(start.as_ptr(), bytes) } {
                // SAFETY: shown to nobody.
                unsafe { memory::unreserve(start, bytes) };
                return Err(Error::NoMemory);
            }
            let first = start.cast::<Block>();
            // SAFETY: within the reservation; all zeros are an empty block.
            pool.dry.extend((0..AT_ONCE).rev().map(|n| unsafe { first.add(n) }));
        }
        pool.dry.pop().ok_or(Error::NoMemory)
    }

    /// Gives back a block that no item is in. Other threads may still look at it.
    pub fn give(block: NonNull<Block>) {
        let mut pool = POOL.lock();
        let pool = &mut *pool;
        // SAFETY: a block, which may be emptied.
        let goes_dry = pool.warm.len() >= WARM && unsafe { memory::discard(block.cast(), size_of::<Block>()) };
        let list = if goes_dry { &mut pool.dry } else { &mut pool.warm };
        // Without the memory to remember it in, it is not used again.
        if list.try_reserve(1).is_ok() {
            list.push(block);
        }
    }
}

/// In a model blocks are not used again but by the same queue, nor freed.
#[cfg(loom)]
pub(super) fn take() -> Result<NonNull<Block>, Error> {
    let slot = || Slot { item: AtomicPtr::new(null_mut()), ticket: AtomicU64::new(0) };
    let slots = core::array::from_fn(|_| slot());
    let block = Block { next: AtomicPtr::new(null_mut()), base: AtomicU64::new(0), slots };
    Ok(NonNull::from(Box::leak(Box::new(block))))
}

/// See [`take`].
#[cfg(loom)]
pub(super) fn give(_: NonNull<Block>) {}
