//! The monotonic clock.

/// Nanoseconds on `CLOCK_MONOTONIC`: not moved by clock steps, comparable within the machine's uptime.
#[cfg(not(loom))]
pub fn now_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid place for the result; CLOCK_MONOTONIC exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// In a model time stands still until the model lets all deadlines pass.
#[cfg(loom)]
pub fn now_ns() -> u64 {
    if super::futex::has_expired() { 1_000_000_000_000 } else { 1 }
}
