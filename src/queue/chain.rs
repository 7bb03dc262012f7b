//! The chain: a queue's items, first in first out, in linked blocks; put and got without a lock.
//!
//! ```text
//! head                                            tail
//!  index -> position of the first item             index -> position of the next put
//!  block -----> [next][. . x x x x] -> [x x x x x x] -> [x x . . . .] <--- block
//!
//! index:  | 63 ......... 1: position | 0: SLOW |        position = lap * (SLOTS + 1) + offset
//! ```
//!
//! **A put** claims the position at the tail by a compare-and-swap of the index, and fills the slot. **A get** looks into the slot at the
//! head, and then takes the item by a compare-and-swap of the index: it has read the item before it knows that it is its own. So
//! nothing is left to do in the block afterwards, and a block that the head has left can be used anew at once. Who has read from
//! it what was no longer there finds the index moved on: indices only go up. (Reading before taking as in Vyukov's bounded queue
//! and in Chase and Lev's deque; the linked blocks and how an end passes from one to the next as in crossbeam's SegQueue.)
//!
//! **At a block's end** the offset is SLOTS, which is no slot: the end is turning. Whoever claimed, or took, the last slot turns it:
//! stores the next block, and then adds one to the index; the others wait. The next block is linked before the last slot is
//! filled, so a get that turns the head finds it.
//!
//! **Slow.** With SLOW in both indices the chain is frozen: every compare-and-swap of a fast put or get fails, so whoever holds the
//! queue's mutex has it alone, and the same functions work for it in [`Mode::Slow`]. A put may have claimed a slot before and not yet
//! filled it; who wants the item waits for that. The flag is what lets threads sleep: it is set, under the mutex, before a thread
//! looks for the last time and joins a list, and a put or a get that could serve it finds the flag in its own compare-and-swap.
//!
//! Ordering: an item's ticket is a Release of the put and an Acquire of the get. The compare-and-swap of the head is a Release too, so
//! that all reads of a block come before its next use, which follows an Acquire of the head by whoever turned it. A position
//! that was read under one setting of SLOW may be claimed under a later one; nothing that was concluded from it is wrong then: items
//! and room only become more while the other end stays the same.

use super::Item;
use super::block::{self, Block, SLOTS};
use crate::park::{Backoff, give_way};
use crate::status::Error;
use crate::sys::atomic::{AtomicPtr, AtomicU64, Ordering};
use core::ptr::{NonNull, null_mut};

const SLOW: u64 = 1;
const ONE: u64 = 2;
/// Positions in a block: its slots, and the turn.
const LAP: u64 = SLOTS + 1;

fn position(index: u64) -> u64 {
    index >> 1
}

fn offset(index: u64) -> u64 {
    position(index) % LAP
}

/// How many slots lie before this position.
fn slots_before(index: u64) -> u64 {
    position(index) - position(index) / LAP
}

/// Who calls: anyone, or the one thread that holds the mutex of a frozen chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Fast = 0,
    Slow = 1,
}

/// What became of a put.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put {
    Done,
    Full,
    NoMemory,
    /// The chain is frozen.
    Frozen,
}

/// What became of a get.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Get {
    Item(Item),
    Empty,
    /// The chain is frozen.
    Frozen,
}

/// Alone on its cache lines (two, since they are fetched in pairs).
#[repr(align(128))]
struct End {
    index: AtomicU64,
    /// NULL until the first put.
    block: AtomicPtr<Block>,
    /// At the tail: how many slots lay before the head when a putter looked last. The head's own line stays with the getters.
    seen: AtomicU64,
}

impl End {
    fn new() -> End {
        End { index: AtomicU64::new(SLOW), block: AtomicPtr::new(null_mut()), seen: AtomicU64::new(0) }
    }

    /// The index, once it is not turning.
    #[inline]
    fn settled(&self, backoff: &mut Backoff) -> u64 {
        loop {
            let index = self.index.load(Ordering::Acquire);
            if offset(index) != SLOTS {
                return index;
            }
            backoff.wait();
        }
    }

    /// The block of the index that was read before. It may be a later one; then the index has moved on.
    #[inline]
    fn block(&self) -> &Block {
        // SAFETY: not NULL, since the caller has found an index without SLOW, or made the first block; blocks stay for ever.
        unsafe { &*self.block.load(Ordering::Acquire) }
    }

    #[inline]
    fn advance(&self, index: u64) -> bool {
        self.index.compare_exchange(index, index + ONE, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// By who claimed the last slot: goes on to the next block.
    fn turn(&self, next: *mut Block) {
        self.block.store(next, Ordering::Release);
        // Added, since SLOW may have come meanwhile.
        self.index.fetch_add(ONE, Ordering::Release);
    }

    fn freeze(&self) {
        if self.index.load(Ordering::Relaxed) & SLOW == 0 {
            self.index.fetch_or(SLOW, Ordering::AcqRel);
            self.settled(&mut Backoff::new());
        }
    }
}

#[repr(align(128))]
struct Spare(AtomicPtr<Block>);

/// See above.
pub(super) struct Chain {
    tail: End,
    head: End,
    /// A block that was emptied.
    spare: Spare,
}

impl Chain {
    /// Empty, frozen, and without a block: it costs nothing until an item is put.
    pub fn new() -> Chain {
        Chain { tail: End::new(), head: End::new(), spare: Spare(AtomicPtr::new(null_mut())) }
    }

    /// Puts an item in unless there are `limit`.
    #[inline(always)]
    pub fn put(&self, item: Item, limit: u64, mode: Mode) -> Put {
        let mut backoff = Backoff::new();
        let mut next = Unlinked { chain: self, block: None };
        loop {
            let index = self.tail.settled(&mut backoff);
            if index & SLOW != mode as u64 {
                return Put::Frozen;
            }
            if limit != u64::MAX && self.is_full_at(index, limit) {
                return Put::Full;
            }
            let is_last = offset(index) + 1 == SLOTS;
            if is_last && next.block.is_none() {
                match self.take_block() {
                    Ok(block) => next.block = Some(block),
                    Err(_) => return Put::NoMemory,
                }
            }
            let block = self.tail.block();
            if !self.tail.advance(index) {
                give_way();
                continue;
            }
            // Linked before the slot is filled: `repair` relies on it.
            if is_last && let Some(next) = next.block.take() {
                // SAFETY: blocks stay for ever, and this one is nobody else's yet.
                unsafe { next.as_ref() }.begin(position(index) + 2);
                block.link(next.as_ptr());
                self.tail.turn(next.as_ptr());
            }
            block.fill(offset(index), position(index), item);
            return Put::Done;
        }
    }

    /// Whether there are `limit` items, with the tail at this index.
    #[inline]
    fn is_full_at(&self, index: u64, limit: u64) -> bool {
        // The head may be ahead of an outdated tail.
        let is_full = |before_head: u64| slots_before(index).saturating_sub(before_head) >= limit;
        is_full(self.tail.seen.load(Ordering::Relaxed)) && {
            let before_head = slots_before(self.head.index.load(Ordering::Acquire));
            self.tail.seen.store(before_head, Ordering::Relaxed);
            is_full(before_head)
        }
    }

    /// Takes the first item out.
    #[inline(always)]
    pub fn get(&self, mode: Mode) -> Get {
        let mut backoff = Backoff::new();
        loop {
            let index = self.head.settled(&mut backoff);
            if index & SLOW != mode as u64 {
                return Get::Frozen;
            }
            if mode == Mode::Slow && self.is_unused() {
                return Get::Empty;
            }
            let block = self.head.block();
            let Some(item) = block.look(offset(index), position(index)) else {
                if position(self.tail.index.load(Ordering::Acquire)) == position(index) {
                    return Get::Empty;
                }
                // Claimed and not yet filled, or the head has moved on.
                backoff.wait();
                continue;
            };
            if !self.head.advance(index) {
                give_way();
                continue;
            }
            if offset(index) + 1 == SLOTS {
                self.head.turn(block.next());
                self.give_block(NonNull::from(block));
            }
            return Get::Item(item);
        }
    }

    /// Whether a get is worth a try: there is an item, or the chain is frozen. Looks where the next putter will write, and
    /// at no end that others are busy with.
    pub fn may_have_an_item(&self) -> bool {
        let index = self.head.index.load(Ordering::Acquire);
        index & SLOW != 0 || offset(index) == SLOTS || self.head.block().look(offset(index), position(index)).is_some()
    }

    /// Whether a put is worth a try: there is room, or the chain is frozen.
    pub fn may_have_room(&self, limit: u64) -> bool {
        let index = self.tail.index.load(Ordering::Acquire);
        index & SLOW != 0
            || slots_before(index).saturating_sub(slots_before(self.head.index.load(Ordering::Acquire))) < limit
    }

    /// How many items were ever put.
    pub fn put_so_far(&self) -> u64 {
        slots_before(self.tail.index.load(Ordering::Acquire))
    }

    /// How many there are, at one moment.
    pub fn len(&self) -> u64 {
        let mut tail = self.tail.index.load(Ordering::Acquire);
        loop {
            let head = self.head.index.load(Ordering::Acquire);
            let now = self.tail.index.load(Ordering::Acquire);
            if now == tail {
                return slots_before(tail) - slots_before(head);
            }
            tail = now;
        }
    }

    fn is_unused(&self) -> bool {
        self.tail.block.load(Ordering::Relaxed).is_null()
    }

    /// Whether it has not been used, as the chain of a queue that keeps its items elsewhere.
    pub fn is_always_frozen(&self) -> bool {
        self.is_unused()
    }

    /// In a child of fork: as [`freeze`](Chain::freeze), though an end may be turning that nobody turns any more.
    pub fn freeze_after_fork(&self) {
        self.tail.index.fetch_or(SLOW, Ordering::Relaxed);
        self.head.index.fetch_or(SLOW, Ordering::Relaxed);
    }

    /// From now on only the holder of the mutex puts and gets.
    pub fn freeze(&self) {
        self.tail.freeze();
        self.head.freeze();
    }

    /// Ends that, unless there is no block yet.
    pub fn thaw(&self) {
        if !self.is_unused() {
            self.tail.index.fetch_and(!SLOW, Ordering::Release);
            self.head.index.fetch_and(!SLOW, Ordering::Release);
        }
    }

    /// Makes the first block, in a frozen chain, if there is none: `NoMemory`.
    pub fn prepare(&self) -> Result<(), Error> {
        if self.is_unused() {
            let block = block::take()?;
            // SAFETY: blocks stay for ever, and this one is nobody else's yet.
            unsafe { block.as_ref() }.begin(0);
            self.head.block.store(block.as_ptr(), Ordering::Release);
            self.tail.block.store(block.as_ptr(), Ordering::Release);
        }
        Ok(())
    }

    /// Takes all items out of a frozen chain that nobody will put into again. They stay where they are until they are looked at.
    pub fn take_all(&self) -> Rest<'_> {
        let (head, tail) = (self.head.index.load(Ordering::Relaxed), self.tail.index.load(Ordering::Relaxed));
        let block = self.head.block.swap(self.tail.block.load(Ordering::Relaxed), Ordering::AcqRel);
        self.head.index.store(tail, Ordering::Release);
        Rest { block, index: head & !SLOW, end: tail & !SLOW, chain: self }
    }

    fn take_block(&self) -> Result<NonNull<Block>, Error> {
        match NonNull::new(self.spare.0.swap(null_mut(), Ordering::Acquire)) {
            Some(block) => Ok(block),
            None => block::take(),
        }
    }

    fn give_block(&self, block: NonNull<Block>) {
        let spare = &self.spare.0;
        if spare.compare_exchange(null_mut(), block.as_ptr(), Ordering::Release, Ordering::Relaxed).is_err() {
            block::give(block);
        }
    }

    /// In a child of fork, where this thread is the only one: puts right what other threads have left half done. Slots that
    /// were claimed and not filled are left out; an end that was turning is turned.
    pub fn repair(&self) {
        if self.is_unused() {
            return;
        }
        let [mut from, end] = [&self.head, &self.tail].map(|end| end.index.load(Ordering::Relaxed) & !SLOW);
        if offset(from) == SLOTS {
            from += ONE;
        }
        let mut read = Cursor { block: self.head.block.load(Ordering::Relaxed), index: from };
        // SAFETY: blocks stay for ever. A turn stores the block before the index, so the block is the right one or the one before.
        if unsafe { (*read.block).base() } + LAP == position(from) - offset(from) {
            read.block = read.block().next();
        }
        self.head.block.store(read.block, Ordering::Relaxed);
        self.head.index.store(from | SLOW, Ordering::Relaxed);
        let mut write = Cursor { ..read };
        while read.index < end && offset(read.index) != SLOTS {
            if let Some(item) = read.block().look(offset(read.index), position(read.index)) {
                write.block().fill(offset(write.index), position(write.index), item);
                write.step();
            }
            read.step();
            if read.block.is_null() {
                break;
            }
        }
        // There is a block to write to: a last slot is filled after the next block has been linked (`put`).
        let last = write.block();
        (offset(write.index)..SLOTS).for_each(|offset| last.clear(offset));
        let mut unused = last.next();
        last.link(null_mut());
        while let Some(block) = NonNull::new(unused) {
            // SAFETY: blocks stay for ever.
            unused = unsafe { block.as_ref() }.next();
            block::give(block);
        }
        self.tail.block.store(write.block, Ordering::Relaxed);
        self.tail.index.store(write.index | SLOW, Ordering::Relaxed);
        self.tail.seen.store(0, Ordering::Relaxed);
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let mut block = self.head.block.load(Ordering::Acquire);
        while let Some(at) = NonNull::new(block) {
            // SAFETY: blocks stay for ever.
            block = unsafe { at.as_ref() }.next();
            block::give(at);
        }
        if let Some(spare) = NonNull::new(self.spare.0.load(Ordering::Acquire)) {
            block::give(spare);
        }
    }
}

/// A block that was taken for a put and is given back if the put does not need it.
struct Unlinked<'a> {
    chain: &'a Chain,
    block: Option<NonNull<Block>>,
}

impl Drop for Unlinked<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(block) = self.block {
            self.chain.give_block(block);
        }
    }
}

/// A position, and the block that it is in; NULL if the block before has no successor.
struct Cursor {
    block: *mut Block,
    index: u64,
}

impl Cursor {
    fn block(&self) -> &Block {
        // SAFETY: not NULL where it is asked for; blocks stay for ever.
        unsafe { &*self.block }
    }

    fn step(&mut self) {
        self.index += ONE;
        if offset(self.index) == SLOTS {
            self.index += ONE;
            self.block = self.block().next();
        }
    }
}

/// Items that were taken out together. Its blocks but the last go back to the chain.
pub(super) struct Rest<'a> {
    block: *mut Block,
    index: u64,
    end: u64,
    chain: &'a Chain,
}

impl Rest<'_> {
    /// How many are left.
    pub fn len(&self) -> u64 {
        slots_before(self.end) - slots_before(self.index)
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

impl Iterator for Rest<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if self.index == self.end {
            return None;
        }
        let mut at = Cursor { block: self.block, index: self.index };
        let mut backoff = Backoff::new();
        let item = loop {
            if let Some(item) = at.block().look(offset(at.index), position(at.index)) {
                break item;
            }
            // Claimed before the chain was frozen, and not yet filled.
            backoff.wait();
        };
        at.step();
        if at.block != self.block
            && let Some(emptied) = NonNull::new(self.block)
        {
            self.chain.give_block(emptied);
        }
        (self.block, self.index) = (at.block, at.index);
        Some(item)
    }
}
