//! The allocator of a library that tells race detectors: the C library's, as ever.

use super::tsan::without_reports;
use std::alloc::{GlobalAlloc, Layout, System};

/// To ThreadSanitizer a `free` is a write to all of the block, and a `memcpy` reads or writes it; the code that did anything else with
/// it, and the count in an `Arc` that says who is the last, it does not see. So nothing is reported of pirn's own blocks being freed.
struct Memory;

// SAFETY: all of it is the system's.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        without_reports(|| unsafe { System.realloc(block, layout, size) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        without_reports(|| unsafe { System.dealloc(block, layout) });
    }
}

#[global_allocator]
static MEMORY: Memory = Memory;
