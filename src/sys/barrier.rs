//! A barrier whose cost is on one side: `light` on the side that passes often, `heavy` on the other.
//!
//! Two threads that each store to a place of their own and then load the other's must not both miss the other's store. A fence
//! between store and load does it, on both sides. membarrier(2) lets one side do it for all: it returns after every running thread
//! of the process has been through a full fence, so on the other side it is enough that the compiler keeps the order. As in
//! Userspace RCU (urcu-memb) and Folly's AsymmetricThreadFence. Where the system has no membarrier both sides have a fence.

#[cfg(not(loom))]
pub use imp::{heavy, light, prepare};

/// In a model both sides have a fence: what membarrier amounts to.
#[cfg(loom)]
pub fn light() {
    super::atomic::fence(super::atomic::Ordering::SeqCst);
}

/// See [`light`].
#[cfg(loom)]
pub fn heavy() {
    super::atomic::fence(super::atomic::Ordering::SeqCst);
}

#[cfg(not(loom))]
mod imp {
    use core::sync::atomic::{AtomicU32, Ordering, compiler_fence, fence};

    const UNKNOWN: u32 = 0;
    const ASYMMETRIC: u32 = 1;
    const SYMMETRIC: u32 = 2;

    static KIND: AtomicU32 = AtomicU32::new(UNKNOWN);

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: has no effect on memory but to order it.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    /// Asks the system for membarrier, once. Before that `light` has a fence, which is right with either kind of `heavy`.
    pub fn prepare() {
        if KIND.load(Ordering::Relaxed) == UNKNOWN {
            let there = membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
            KIND.store(if there { ASYMMETRIC } else { SYMMETRIC }, Ordering::Relaxed);
        }
    }

    /// Between a store and a load, both of which another thread does the other way round with `heavy` in between.
    #[inline]
    pub fn light() {
        if KIND.load(Ordering::Relaxed) == ASYMMETRIC {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
    }

    /// The other side of `light`. Takes some microseconds.
    pub fn heavy() {
        prepare();
        fence(Ordering::SeqCst);
        if KIND.load(Ordering::Relaxed) == ASYMMETRIC && !membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
            // Not registered any more: a child of fork, on a kernel that has it register for itself.
            membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
            membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        }
        fence(Ordering::SeqCst);
    }
}
