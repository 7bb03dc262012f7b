//! Locks for the wait lists of objects that are one word large.
//!
//! A Lock or an Event has no room to spare for a mutex of its own, and must not touch itself after the store that lets
//! another thread in (which may free it). So the list's lock is picked from a fixed table by the object's address, as in
//! parking_lot_core; the list itself stays in the object.

use super::RawMutex;

/// Power of two. More buckets than threads that block at the same moment is plenty.
const BUCKETS: usize = 256;

#[repr(align(64))]
struct Bucket(RawMutex);

#[cfg(not(loom))]
static TABLE: [Bucket; BUCKETS] = [const { Bucket(RawMutex::new()) }; BUCKETS];

/// The lock for the wait list of the object at this address.
#[cfg(not(loom))]
pub fn bucket<T>(object: *const T) -> &'static RawMutex {
    // Fibonacci hashing: objects lie 64 bytes apart, and the high bits of the product depend on all bits of the address.
    let hash = (object as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BUCKETS.trailing_zeros());
    &TABLE[hash as usize].0
}

#[cfg(loom)]
loom::lazy_static! {
    static ref ONE: Bucket = Bucket(RawMutex::new());
}

/// In a model all objects share one bucket, which is the harder case.
#[cfg(loom)]
pub fn bucket<T>(_object: *const T) -> &'static RawMutex {
    let _ = BUCKETS;
    &ONE.0
}

/// Two locked buckets, which may be one and the same.
#[must_use]
pub struct Both {
    first: &'static RawMutex,
    second: Option<&'static RawMutex>,
}

/// Locks two buckets, in the order of their addresses. Whoever holds a bucket takes no other one but by this.
pub fn lock_both(one: &'static RawMutex, other: &'static RawMutex) -> Both {
    let by_address = |bucket: &&RawMutex| core::ptr::from_ref(*bucket).addr();
    let (first, second) = if by_address(&one) <= by_address(&other) { (one, other) } else { (other, one) };
    let second = (!core::ptr::eq(first, second)).then_some(second);
    first.lock();
    if let Some(second) = second {
        second.lock();
    }
    Both { first, second }
}

impl Both {
    /// Unlocks both.
    ///
    /// # Safety
    /// On the thread that locked them.
    pub unsafe fn unlock(self) {
        if let Some(second) = self.second {
            // SAFETY: locked by `lock_both`; the thread is the caller's promise.
            unsafe { second.unlock() };
        }
        // SAFETY: as above.
        unsafe { self.first.unlock() };
    }
}
