//! The synchronisation objects: what each waits for, and who is woken.
//!
//! Each comes as a `Raw…` core, a tagged word and a wait list, whose calls take the tag that they expect (the C layer keeps
//! cores in handle slots), and as a safe Rust object around such a core.

mod barrier;
mod condition;
mod event;
mod keep;
mod lock;
mod retire;
mod rlock;
mod semaphore;
#[cfg(all(test, not(loom)))]
mod tests;

pub use barrier::Barrier;
pub use condition::{Condition, RawCondition, WaitLock, wait_for};
pub use event::{Event, RawEvent};
pub use lock::{Lock, RawLock};
pub use rlock::{RLock, RawRLock};
pub use semaphore::{RawSemaphore, Semaphore};

use crate::park::{WaitList, bucket};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, Ordering};
use core::cell::UnsafeCell;

/// What became of an object whose handle was freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// Its memory may be used again.
    Vacant,
    /// Its memory may not be used again yet: others need the object, or may still touch it.
    Kept,
}

/// How one turn on a wait list ended.
enum Parked {
    /// The word changed before the list was joined.
    Changed,
    Notified(u32),
    TimedOut,
}

/// With the bucket held, after waiters left the list: `parked`, the word's bit for it, follows the list.
fn clear_parked_if_alone(word: &AtomicU64, waiters: &UnsafeCell<WaitList>, parked: u64) {
    // SAFETY: the bucket is held.
    if unsafe { (*waiters.get()).is_empty() } {
        word.fetch_and(!parked, Ordering::Relaxed);
    }
}

/// Counts the calling thread out, which was enrolled in the list of the object that begins with `word`.
fn withdraw(word: &AtomicU64, waiters: &UnsafeCell<WaitList>) {
    let bucket = bucket(word);
    bucket.lock();
    // SAFETY: the bucket is held.
    unsafe { (*waiters.get()).withdraw() };
    // SAFETY: locked above.
    unsafe { bucket.unlock() };
}

/// Without a handle the tag is always right, so nothing but a time-out can come back.
fn infallible<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| unreachable!("{error}"))
}
