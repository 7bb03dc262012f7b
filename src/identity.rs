//! What tells objects apart: their kinds, and numbers that are unique for the life of the process.

use core::sync::atomic::{AtomicU64, Ordering};

/// What an object is. The numbers are those of `PIRN_KIND_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// A lock.
    Lock = 1,
    /// An rlock.
    RLock = 2,
    /// A condition.
    Condition = 3,
    /// A semaphore, bounded or not.
    Semaphore = 4,
    /// An event.
    Event = 5,
    /// A barrier.
    Barrier = 6,
    /// A thread.
    Thread = 7,
    /// A set of thread-local values.
    Local = 8,
    /// A timer.
    Timer = 9,
    /// A queue.
    Queue = 10,
    /// An executor.
    Executor = 11,
    /// A future.
    Future = 12,
    /// The results of a map.
    Map = 13,
    /// An iteration over futures as they complete.
    AsCompleted = 14,
    /// Another handle of a future, for a done callback. There is no such `PIRN_KIND_…`: to the program it is the future.
    Alias = 31,
}

/// An object with an identity: the same however it is reached, and never another object's.
pub trait Identified {
    /// The identity.
    fn id(&self) -> u64;
}

/// An identity that no other object has. Objects that live in a handle's slot use the handle's bits, which have bit 63 set.
pub fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
