//! Freeing an object that is a word and a wait list.

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
    retired: u64,
) -> Result<(), Error> {
    let bucket = bucket(word);
    bucket.lock();
    let result = loop {
        let seen = word.load(Ordering::Relaxed);
        match tag.state_of(seen) {
            Err(error) => break Err(error),
            // In a child of fork the bit may be left over from waiters that do not exist there; the list knows.
            // SAFETY: the bucket is held, and the tag was right while it is: the list is this object's.
            Ok(state) if state & parked != 0 && !unsafe { (*waiters.get()).is_empty() } => {
                break Err(Error::Busy);
            }
            // AcqRel: whoever used the object before is done with it before it is used anew, and the other way round.
            Ok(_) if word.compare_exchange(seen, retired, Ordering::AcqRel, Ordering::Relaxed).is_ok() => {
                break Ok(());
            }
            Ok(_) => {}
        }
    };
    // SAFETY: locked above.
    unsafe { bucket.unlock() };
    result
}
