//! Address space: reserved once, made usable step by step, never given back.

use core::ptr::NonNull;

/// Reserves `bytes` of address space that no access is allowed to yet, and that counts against no memory limit but RLIMIT_AS.
pub fn reserve(bytes: usize) -> Option<NonNull<u8>> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new anonymous mapping at an address of the kernel's choice touches nothing that exists.
    let address = unsafe { libc::mmap(core::ptr::null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
    if address == libc::MAP_FAILED { None } else { NonNull::new(address.cast()) }
}

/// Gives back a reservation that nobody has seen.
///
/// # Safety
/// `start` and `bytes` are those of a `reserve` of which no address has been handed on.
pub unsafe fn unreserve(start: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe { libc::munmap(start.as_ptr().cast(), bytes) };
}

/// Makes pages of a reservation readable and writable; they read as zero. Doing it twice is harmless.
///
/// # Safety
/// The range lies within a reservation and is page-aligned.
pub unsafe fn commit(start: *mut u8, bytes: usize) -> bool {
    // SAFETY: the caller's promise; contents of pages that are usable already do not change.
    unsafe { libc::mprotect(start.cast(), bytes, libc::PROT_READ | libc::PROT_WRITE) == 0 }
}

/// Gives the memory of usable pages back to the system, while the addresses stay usable: they read as zero then. False if that
/// cannot be done for this range.
///
/// # Safety
/// The range lies within a reservation, and what is there is not needed any more.
pub unsafe fn discard(start: NonNull<u8>, bytes: usize) -> bool {
    let page = super::page_size();
    start.addr().get() % page == 0
        && bytes % page == 0
        // SAFETY: the caller's promise; whole pages.
        && unsafe { libc::madvise(start.as_ptr().cast(), bytes, libc::MADV_DONTNEED) } == 0
}

/// How many bytes of address space the process may have (RLIMIT_AS).
pub fn limit() -> usize {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: a valid place for the result.
    unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) };
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}
