//! The one seam for atomics: the real ones, or loom's when a model runs (`--cfg loom`).
//!
//! Whatever a model has to see goes through here. Process-wide tables that no model touches (the handle
//! arena, the fork gate) use `core::sync::atomic` directly, because loom's atomics cannot live in statics.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

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
