//! Identities: numbers that tell objects apart for the life of the process.

use core::sync::atomic::{AtomicU64, Ordering};

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
