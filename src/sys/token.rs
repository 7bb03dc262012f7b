//! Telling threads apart, for next to nothing.

/// A number that differs from thread to thread among those alive, is not 0, and costs one instruction: the thread pointer,
/// which each ABI keeps in a register. A thread may get the number of one that has ended. In a child of fork the calling
/// thread has the number that it had before.
#[cfg(not(loom))]
#[inline]
pub fn token() -> usize {
    let token: usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: reads the first word of the thread control block, which by the ABI (ELF Handling For Thread-Local Storage, 4.4.6)
    // is its own address.
    unsafe {
        core::arch::asm!("mov {}, fs:[0]", out(reg) token, options(pure, readonly, nostack, preserves_flags));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: reads a register.
    unsafe {
        core::arch::asm!("mrs {}, tpidr_el0", out(reg) token, options(pure, nomem, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        thread_local!(static PLACE: u8 = const { 0 });
        token = PLACE.with(|place| core::ptr::from_ref(place).addr());
    }
    token
}

/// In a model all threads are the same system thread: a hash of the model's own number (odd, so that it is not 0).
#[cfg(loom)]
pub fn token() -> usize {
    use core::hash::{Hash, Hasher};
    let mut hasher = std::hash::DefaultHasher::new();
    loom::thread::current().id().hash(&mut hasher);
    hasher.finish() as usize | 1
}
