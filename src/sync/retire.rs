//! Freeing an object that is a word and a wait list.

use super::Retired;
use crate::park::{WaitList, bucket};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::word::Tag;
use core::cell::UnsafeCell;

/// Ends the validity of `tag` for an object made of a word and a list, unless threads wait on it: `Busy`.
///
/// `parked` is the state bit which says that the list is not empty, and which changes only under the object's bucket.
pub(super) fn retire(
    word: &AtomicU64,
    waiters: &UnsafeCell<WaitList>,
    parked: u64,
    tag: Tag,
    freed: u64,
) -> Result<Retired, Error> {
    let bucket = bucket(word);
    bucket.lock();
    let result = retire_in_bucket(word, waiters, parked, tag, |_| freed);
    // SAFETY: locked above.
    unsafe { bucket.unlock() };
    result.map(|_| Retired::Vacant)
}

/// The same with the bucket held already; `next` gives the new word from the old state, which is the result.
pub(super) fn retire_in_bucket(
    word: &AtomicU64,
    waiters: &UnsafeCell<WaitList>,
    parked: u64,
    tag: Tag,
    mut next: impl FnMut(u64) -> u64,
) -> Result<u64, Error> {
    loop {
        let seen = word.load(Ordering::Relaxed);
        let state = tag.state_of(seen)?;
        // Not the PARKED bit: one that was woken, and will try again, is on no list; and in a child of fork the bit may be left over
        // from waiters that do not exist there.
        // SAFETY: the bucket is held, and the tag was right while it is: the list is this object's.
        if !unsafe { (*waiters.get()).is_deserted() } {
            return Err(Error::Busy);
        }
        // AcqRel: whoever used the object before is done with it before it is used anew, and the other way round.
        if word.compare_exchange(seen, next(state & !parked), Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return Ok(state);
        }
    }
}
