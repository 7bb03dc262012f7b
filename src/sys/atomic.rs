//! The one seam for atomics: the real ones, or loom's when a model runs (`--cfg loom`).
//!
//! Whatever a model has to see goes through here. Process-wide tables that no model touches (the handle
//! arena, the fork gate) use `core::sync::atomic` directly, because loom's atomics cannot live in statics.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

/// Tells the processor that this thread spins. Models do not.
#[cfg(not(loom))]
pub use core::hint::spin_loop as spin_hint;
