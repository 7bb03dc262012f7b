//! Who needs a lock besides its handle: the conditions on it, and the threads that wait on those.
//!
//! A lock with a condition on it outlives its handle. The free of the handle moves it on to the next generation, which is no
//! handle's, and the free of the last condition frees it. A thread in a condition's wait needs the lock from then on until it
//! has it again, and a notified one may be on no list at all in between; so such threads are counted, and neither the handle nor
//! the condition that is the last way to the lock can be freed before they are back: `Busy`.
//!
//! All of it is guarded by the lock's bucket, under which the lock's tag changes too: whoever is counted in under some tag is
//! counted by the lock that answers to it.

use super::Retired;
use super::lock::{PARKED, RawLock};
use super::retire::retire_in_bucket;
use crate::park::bucket;
use crate::status::Error;
use crate::sys::atomic::Ordering;
use crate::sys::fork::epoch;
use crate::word::{STATE_MASK, Tag};

/// No field is of a type for which some bits are invalid: see `handle::inline`.
#[derive(Default)]
pub(super) struct Keepers {
    conditions: u32,
    threads: u32,
    /// The fork epoch that `threads` is from: in a child the parent's threads do not wait.
    epoch: u32,
    /// Not 0 once the handle has been freed.
    orphaned: u32,
}

impl Keepers {
    fn threads(&mut self) -> &mut u32 {
        if self.epoch != epoch() {
            (self.epoch, self.threads) = (epoch(), 0);
        }
        &mut self.threads
    }
}

impl RawLock {
    /// Counts a condition in, if the lock answers to `tag`.
    pub fn add_condition(&self, tag: Tag) -> Result<(), Error> {
        self.with_keepers(tag, |keepers| {
            keepers.conditions += 1;
            Ok(())
        })
    }

    /// Counts the calling thread in, which is going to wait on a condition, if the lock answers to `tag`.
    pub fn add_thread(&self, tag: Tag) -> Result<(), Error> {
        self.with_keepers(tag, |keepers| {
            *keepers.threads() += 1;
            Ok(())
        })
    }

    /// Counts the calling thread out, which has the lock again.
    pub fn remove_thread(&self) {
        self.in_bucket(|| {
            // SAFETY: the bucket is held, and a lock that counts this thread in is still one.
            let threads = unsafe { (*self.keepers.get()).threads() };
            // None in a child that an interrupt hook of the wait has forked: there the count began anew.
            *threads = threads.saturating_sub(1);
        });
    }

    /// With the bucket held: counts a condition out, which `free_condition` frees, unless it is the last way to the lock and threads
    /// need that: `Busy`. If it was the last way the word becomes a freed one, by way of `freed`; gives the state that it had then.
    pub(super) fn remove_condition_in_bucket(
        &self,
        free_condition: impl FnOnce(),
        freed: impl FnOnce(Tag) -> u64,
    ) -> Result<Option<u64>, Error> {
        // SAFETY: the bucket is held.
        let (keepers, waiters) = unsafe { (&mut *self.keepers.get(), &*self.waiters.get()) };
        let is_last_way = keepers.orphaned != 0 && keepers.conditions == 1;
        if is_last_way && (*keepers.threads() > 0 || !waiters.is_deserted()) {
            return Err(Error::Busy);
        }
        keepers.conditions -= 1;
        // First the condition: see `under_present_tag`.
        free_condition();
        // AcqRel: what was done with the lock is over before the memory is used again.
        Ok(is_last_way.then(|| self.word.swap(freed(self.tag()), Ordering::AcqRel) & STATE_MASK))
    }

    /// If the lock answers to `tag`; if not, these need not be a lock's keepers.
    fn with_keepers<T>(&self, tag: Tag, body: impl FnOnce(&mut Keepers) -> Result<T, Error>) -> Result<T, Error> {
        self.in_bucket(|| {
            tag.state_of(self.word.load(Ordering::Relaxed))?;
            // SAFETY: the bucket is held, and the tag was right while it is: the keepers are this lock's.
            body(unsafe { &mut *self.keepers.get() })
        })
    }

    fn in_bucket<T>(&self, body: impl FnOnce() -> T) -> T {
        let bucket = bucket(self);
        bucket.lock();
        let result = body();
        // SAFETY: locked above.
        unsafe { bucket.unlock() };
        result
    }

    /// A call on the lock by someone who does not keep it, but whose condition does: `stays` fails once the condition has been freed.
    ///
    /// The tag belongs to the condition's lock, and not to what may be in its place by now: to have read a later tag
    /// (Acquire) is to have seen that the condition was freed, and `stays` looks after that. If the lock's handle is freed between the
    /// look at the tag and the call, the call finds the tag outdated and is made again.
    pub fn under_present_tag<T>(
        &self,
        stays: impl Fn() -> Result<(), Error>,
        call: impl Fn(Tag) -> Result<T, Error>,
    ) -> Result<T, Error> {
        loop {
            let tag = self.tag();
            stays()?;
            match call(tag) {
                Err(Error::InvalidHandle) => {}
                result => return result,
            }
        }
    }

    /// Ends the validity of `tag`: `Busy` if threads wait for the lock. With conditions on it the lock goes on under the tag of the
    /// `freed` word's generation; without, the word becomes `freed`.
    pub fn retire(&self, tag: Tag, freed: u64) -> Result<Retired, Error> {
        self.retire_unless(tag, freed, |_| false)
    }

    /// The same; if `lingers` says so of the state the word becomes `freed`, but the memory may not be used again.
    pub(super) fn retire_unless(
        &self,
        tag: Tag,
        freed: u64,
        lingers: impl FnOnce(u64) -> bool,
    ) -> Result<Retired, Error> {
        self.with_keepers(tag, |keepers| {
            let goes_on = keepers.conditions > 0;
            if !goes_on && *keepers.threads() > 0 {
                return Err(Error::Busy);
            }
            let next = |state| if goes_on { Tag::new(freed, tag.kind()).with(state) } else { freed };
            let state = retire_in_bucket(&self.word, &self.waiters, PARKED, tag, next)?;
            if goes_on {
                keepers.orphaned = 1;
            }
            Ok(if goes_on || lingers(state) { Retired::Kept } else { Retired::Vacant })
        })
    }
}
