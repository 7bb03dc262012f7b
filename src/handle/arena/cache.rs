//! The free slots that a thread keeps for itself: what is freed and made again on one thread meets no other.
//!
//! They lead from one to the next by their words, as on the list of all free slots, to which a thread gives half of what it may
//! keep when it has too many, and all of it at its end. In a child of fork those of other threads are lost.

use super::{Slot, first_generation, pop_chain, push_chain, successor, touch};
use crate::status::Error;
use crate::sys::thread::may_keep;
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
    /// The thread's end gives back what is here. While it does not there is nothing here.
    is_kept: Cell<bool>,
}

thread_local! {
    static CACHE: Cache = const { Cache::empty() };
}

/// A free slot. `NoMemory`.
#[inline]
pub fn take() -> Result<&'static Slot, Error> {
    CACHE.with(|cache| cache.take())
}

/// Keeps a slot of this generation, which is free.
#[inline]
pub fn put(slot: &'static Slot, generation: u64) {
    CACHE.with(|cache| cache.put(slot, generation));
}

/// Gives all to all threads: this one ends.
pub fn leave() {
    CACHE.with(|cache| {
        cache.is_kept.set(false);
        if cache.count.get() > 0 {
            cache.give(cache.count.get());
        }
    });
}

impl Cache {
    const fn empty() -> Cache {
        Cache { first: Cell::new(0), count: Cell::new(0), is_kept: Cell::new(false) }
    }

    #[inline]
    fn take(&self) -> Result<&'static Slot, Error> {
        if self.count.get() == 0 {
            if !self.is_kept.get() && !self.keep() {
                return Cache::take_one();
            }
            self.fill(BATCH, FRESH)?;
        }
        Ok(self.pop())
    }

    #[inline]
    fn pop(&self) -> &'static Slot {
        let first = self.first.get();
        self.first.set(successor(first));
        self.count.set(self.count.get() - 1);
        Slot::numbered(first)
    }

    #[cold]
    fn take_one() -> Result<&'static Slot, Error> {
        let one = Cache::empty();
        one.fill(1, 1)?;
        Ok(one.pop())
    }

    #[cold]
    fn keep(&self) -> bool {
        self.is_kept.set(may_keep());
        self.is_kept.get()
    }

    #[inline]
    fn put(&self, slot: &'static Slot, generation: u64) {
        if !self.is_kept.get() && !self.keep() {
            slot.word.store(generation, Ordering::Relaxed);
            return push_chain(slot, slot);
        }
        if self.count.get() == MOST {
            self.give(BATCH);
        }
        // Release: whoever finds the slot free sees why (see `RawLock::under_present_tag`).
        slot.word.store(generation | self.first.get(), Ordering::Release);
        self.first.set(slot.number());
        self.count.set(self.count.get() + 1);
    }

    #[cold]
    fn fill(&self, batch: u32, fresh: u64) -> Result<(), Error> {
        if let Some((first, count)) = pop_chain(batch) {
            self.first.set(first);
            self.count.set(count);
            return Ok(());
        }
        let (first, count) = touch(fresh)?;
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
