//! The one seam for atomics: the real ones, or loom's when a model runs (`--cfg loom`).
//!
//! Whatever a model has to see goes through here. Process-wide tables that no model touches (the handle
//! arena, the fork gate) use `core::sync::atomic` directly, because loom's atomics cannot live in statics.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

/// Tells the processor (or the model) that this thread spins.
#[inline]
pub fn spin_hint() {
    #[cfg(not(loom))]
    core::hint::spin_loop();
    #[cfg(loom)]
    loom::thread::yield_now();
}
