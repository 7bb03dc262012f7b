//! The free slots that a thread keeps for itself: what is freed and made again on one thread meets no other.
//!
//! They lead from one to the next by their words, as on the list of all free slots, to which a thread gives half of what it may
//! keep when it has too many, and all of it at its end. In a child of fork those of other threads are lost.

use super::{Slot, first_generation, pop_chain, push_chain, successor, touch};
use crate::status::Error;
use core::cell::Cell;
use core::sync::atomic::Ordering;

/// How many slots a thread keeps at most.
const MOST: u32 = 64;
/// How many it takes from the list of all, or gives to it, at once.
const BATCH: u32 = MOST / 2;
/// How many it begins to use at once.
const FRESH: u64 = 16;

struct Cache {
    /// The first one's number; 0 for none.
    first: Cell<u64>,
    count: Cell<u32>,
}

thread_local! {
    static CACHE: Cache = const { Cache { first: Cell::new(0), count: Cell::new(0) } };
}

/// A free slot. `NoMemory`.
#[inline]
pub fn take() -> Result<&'static Slot, Error> {
    // At the end of a thread, when its cache is gone, one that goes again with this call.
    CACHE.try_with(Cache::take).unwrap_or_else(|_| Cache { first: Cell::new(0), count: Cell::new(0) }.take())
}

/// Keeps a slot of this generation, which is free.
#[inline]
pub fn put(slot: &'static Slot, generation: u64) {
    if CACHE.try_with(|cache| cache.put(slot, generation)).is_err() {
        slot.word.store(generation, Ordering::Relaxed);
        push_chain(slot, slot);
    }
}

impl Cache {
    #[inline]
    fn take(&self) -> Result<&'static Slot, Error> {
        if self.count.get() == 0 {
            self.fill()?;
        }
        let first = self.first.get();
        self.first.set(successor(first));
        self.count.set(self.count.get() - 1);
        Ok(Slot::numbered(first))
    }

    #[inline]
    fn put(&self, slot: &'static Slot, generation: u64) {
        if self.count.get() == MOST {
            self.give(BATCH);
        }
        // Release: whoever finds the slot free sees why (see `RawLock::under_present_tag`).
        slot.word.store(generation | self.first.get(), Ordering::Release);
        self.first.set(slot.number());
        self.count.set(self.count.get() + 1);
    }

    #[cold]
    fn fill(&self) -> Result<(), Error> {
        if let Some((first, count)) = pop_chain(BATCH) {
            self.first.set(first);
            self.count.set(count);
            return Ok(());
        }
        let (first, count) = touch(FRESH)?;
        for number in (first..first + count).rev() {
            let slot = Slot::numbered(number);
            slot.word.store(first_generation(number) | self.first.get(), Ordering::Relaxed);
            self.first.set(number);
        }
        self.count.set(count as u32);
        Ok(())
    }

    /// Gives some to all threads.
    #[cold]
    fn give(&self, count: u32) {
        let first = self.first.get();
        let mut last = first;
        (1..count).for_each(|_| last = successor(last));
        self.first.set(successor(last));
        self.count.set(self.count.get() - count);
        push_chain(Slot::numbered(first), Slot::numbered(last));
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        if self.count.get() > 0 {
            self.give(self.count.get());
        }
    }
}
