//! The allocator: the C library's, with an emergency pool for what cannot say that there is no memory.
//!
//! What grows with a number (lists, lanes, texts) is asked for so that the answer may be no, and the call says `NoMemory`
//! (`fallible`). Small things of a fixed size (a reference-counted object, a node of a tree, a boxed callback) come from Rust's standard
//! library, which ends the process if there is nothing to be had; some are needed where nobody could be told, when a task ends, say. For
//! those, and for them only when the C library refuses, there is this pool (as libstdc++ has one, for exceptions). Calls that make
//! something [`check`] first, and say `NoMemory` as long as half of the pool is gone: the other half is for those under way.
//!
//! ```text
//! BLOCKS   | 256 bytes | 256 bytes | ...        of which none takes memory before it is used
//! TAKEN    a bit for each, 64 to a word         a request is a run of neighbours in one word
//! ```
//!
//! Runs are taken by one compare-and-swap and given back by one atomic operation: there is no lock, so that it works at any time,
//! also in a child of fork, and never waits. Acquire and Release: whoever takes a block comes after all uses by the one before.

use crate::status::Error;
use core::cell::UnsafeCell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

const BLOCK: usize = 256;
const WORDS: usize = 16;
const BITS: usize = u64::BITS as usize;
const BLOCKS: usize = WORDS * BITS;
/// With so many taken the pool is for calls under way.
const SCARCE: usize = BLOCKS / 2;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;
static POOL: Pool = Pool::new();

/// `NoMemory` as long as memory is scarce. For calls that make something, before they have done anything.
#[inline]
pub fn check() -> Result<(), Error> {
    if POOL.count.load(Ordering::Relaxed) >= SCARCE { Err(Error::NoMemory) } else { Ok(()) }
}

/// Seen as bytes alone.
#[repr(align(256))]
struct Room {
    _bytes: [u8; BLOCKS * BLOCK],
}

struct Pool {
    taken: [AtomicU64; WORDS],
    /// How many are taken, a moment ago.
    count: AtomicUsize,
    room: UnsafeCell<Room>,
}

// SAFETY: whoever has taken a block alone uses it.
unsafe impl Sync for Pool {}

/// The bits of a run of `count` blocks from `first` on.
fn run(first: usize, count: usize) -> u64 {
    (u64::MAX >> (BITS - count)) << first
}

impl Pool {
    const fn new() -> Pool {
        Pool {
            taken: [const { AtomicU64::new(0) }; WORDS],
            count: AtomicUsize::new(0),
            room: UnsafeCell::new(Room { _bytes: [0; BLOCKS * BLOCK] }),
        }
    }

    fn start(&self) -> *mut u8 {
        self.room.get().cast()
    }

    #[inline]
    fn contains(&self, block: *mut u8) -> bool {
        block.addr().wrapping_sub(self.start().addr()) < BLOCKS * BLOCK
    }

    /// NULL if there is no such run.
    #[cold]
    fn take(&self, layout: Layout) -> *mut u8 {
        let count = layout.size().div_ceil(BLOCK).max(1);
        if count > BITS || layout.align() > BLOCK {
            return null_mut();
        }
        for (number, word) in self.taken.iter().enumerate() {
            let mut seen = word.load(Ordering::Relaxed);
            while let Some(first) = (0..=BITS - count).find(|&first| seen & run(first, count) == 0) {
                match word.compare_exchange_weak(seen, seen | run(first, count), Ordering::Acquire, Ordering::Relaxed) {
                    Ok(_) => {
                        self.count.fetch_add(count, Ordering::Relaxed);
                        return self.start().wrapping_add((number * BITS + first) * BLOCK);
                    }
                    Err(now) => seen = now,
                }
            }
        }
        null_mut()
    }

    /// Gives a run back that `take` gave for this layout, and that is not used any more.
    #[cold]
    fn give(&self, block: *mut u8, layout: Layout) {
        let count = layout.size().div_ceil(BLOCK).max(1);
        let first = (block.addr() - self.start().addr()) / BLOCK;
        self.taken[first / BITS].fetch_and(!run(first % BITS, count), Ordering::Release);
        self.count.fetch_sub(count, Ordering::Relaxed);
    }
}

struct Allocator;

// SAFETY: a block is the system's, or a run of blocks that nobody else has taken, large enough and aligned as they are; and goes
// back where it came from. Nothing here panics.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let block = unsafe { System.alloc(layout) };
        if block.is_null() { POOL.take(layout) } else { block }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            return block;
        }
        let block = POOL.take(layout);
        if !block.is_null() {
            // SAFETY: just taken, and as large as that.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if POOL.contains(block) {
            return POOL.give(block, layout);
        }
        // SAFETY: the caller's promise; not from the pool.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !POOL.contains(block) {
            // SAFETY: the caller's promise; not from the pool.
            let grown = unsafe { System.realloc(block, layout, size) };
            if !grown.is_null() {
                return grown;
            }
        }
        // SAFETY: the caller promises that `size` makes a layout.
        let grown = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !grown.is_null() {
            // SAFETY: both are as large as that, and different; the old one is not used any more.
            unsafe {
                grown.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
        }
        grown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn runs_do_not_overlap_and_come_back() {
        static POOL: Pool = Pool::new();
        let pool = &POOL;
        let sizes = [1, BLOCK, BLOCK + 1, 5 * BLOCK, BITS * BLOCK, 0];
        let taken: Vec<_> = sizes.iter().map(|&size| (pool.take(bytes(size)), bytes(size))).collect();
        for (at, &(block, layout)) in taken.iter().enumerate() {
            assert!(pool.contains(block) && pool.contains(block.wrapping_add(layout.size().max(1) - 1)));
            assert_eq!(block.addr() % BLOCK, 0);
            for &(other, other_layout) in &taken[at + 1..] {
                let apart =
                    block.addr() + layout.size() <= other.addr() || other.addr() + other_layout.size() <= block.addr();
                assert!(apart, "{block:?} {layout:?} {other:?} {other_layout:?}");
            }
        }
        for (block, layout) in taken {
            pool.give(block, layout);
        }
        assert_eq!(pool.count.load(Ordering::Relaxed), 0);
        assert!(pool.taken.iter().all(|word| word.load(Ordering::Relaxed) == 0));
    }

    #[test]
    fn what_is_too_large_or_one_too_many_is_refused() {
        static POOL: Pool = Pool::new();
        let pool = &POOL;
        assert!(pool.take(bytes(BITS * BLOCK + 1)).is_null());
        assert!(pool.take(Layout::from_size_align(8, 2 * BLOCK).unwrap()).is_null());
        for _ in 0..BLOCKS {
            assert!(!pool.take(bytes(BLOCK)).is_null());
        }
        assert!(pool.take(bytes(1)).is_null());
        assert!(!pool.contains(pool.start().wrapping_add(BLOCKS * BLOCK)));
        assert!(!pool.contains(pool.start().wrapping_sub(1)));
    }

    #[test]
    fn many_threads_never_share_a_block() {
        static POOL: Pool = Pool::new();
        let pool = &POOL;
        std::thread::scope(|scope| {
            for thread in 1..=8u8 {
                scope.spawn(move || {
                    for round in 0..2_000 {
                        let layout = bytes(1 + round * 37 % (8 * BLOCK));
                        let block = pool.take(layout);
                        // SAFETY: the block is this thread's, or the test fails.
                        let mine = unsafe { core::slice::from_raw_parts_mut(block, layout.size()) };
                        mine.fill(thread);
                        std::thread::yield_now();
                        assert!(mine.iter().all(|&byte| byte == thread));
                        pool.give(block, layout);
                    }
                });
            }
        });
    }
}
