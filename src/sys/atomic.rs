//! The one seam for atomics: the real ones, or loom's when a model runs (`--cfg loom`).
//!
//! Whatever a model has to see goes through here, and whatever a race detector has to be told of: with the feature `annotate`
//! these are those of [`annotate`](super::annotate). What no model touches, since loom's atomics cannot live in statics, but
//! orders what users see is [`unmodelled`]. Process-wide tables that order nothing of theirs (the arena's own, the fork gate, counters) use
//! `core::sync::atomic` directly.

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(loom))]
pub use unmodelled::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

/// The real atomics, or those that race detectors are told of.
#[cfg(not(loom))]
pub mod unmodelled {
    #[cfg(feature = "annotate")]
    pub use super::super::annotate::atomic::{
        AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
    #[cfg(not(feature = "annotate"))]
    pub use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
}

/// Goes with a sequentially consistent access where a proof needs the one order that all of those have: behind a store or a
/// read-modify-write, before a load. Loom takes such accesses for acquire and release only; there it is a fence, and else nothing.
#[inline(always)]
pub fn in_one_order() {
    #[cfg(loom)]
    fence(Ordering::SeqCst);
}

/// Tells the processor that this thread spins. Models do not.
#[cfg(not(loom))]
pub use core::hint::spin_loop as spin_hint;
