//! Numbers and names for threads.

use crate::sys::thread as system;
use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};

/// The main thread's number is known before it has asked for one, and from every other thread.
static MAIN: AtomicU64 = AtomicU64::new(1);
static NEXT: AtomicU64 = AtomicU64::new(2);
static NAMED: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// 0 until asked for.
    static IDENT: Cell<u64> = const { Cell::new(0) };
}

/// The calling thread's number: not 0, the same for the thread's whole life, and never given to another one.
pub fn get_ident() -> u64 {
    let known = IDENT.get();
    if known != 0 {
        return known;
    }
    let ident = if system::is_main() { main_ident() } else { next_ident() };
    IDENT.set(ident);
    ident
}

/// A number for a thread that pirn starts.
pub fn next_ident() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Gives this number to the calling thread, which has none.
pub fn adopt_ident(ident: u64) {
    IDENT.set(ident);
}

/// The main thread's number.
pub fn main_ident() -> u64 {
    MAIN.load(Ordering::Relaxed)
}

/// In a child of fork the calling thread is the main one, and keeps the number that it has got before the fork at the latest.
pub fn became_main() {
    MAIN.store(IDENT.get(), Ordering::Relaxed);
}

/// The number in "Thread-1", "Thread-2", "Dummy-3": one sequence for all, as in Python.
pub fn next_name_number() -> u64 {
    NAMED.fetch_add(1, Ordering::Relaxed)
}
