//! Who needs a lock besides its handle: the conditions on it, and the threads that wait on those.
//!
//! A lock with keepers outlives its handle. The free of the handle moves it on to the next generation, which is no handle's,
//! and the last keeper frees it. Keepers are counted under the lock's bucket, where its tag changes too: whoever is
//! counted in under some tag keeps the lock that answers to it.
//!
//! In a child of fork the keepers that were threads of the parent stay counted. At worst the lock's slot is never used again.

use super::Retired;
use super::lock::{LOCKED, PARKED, RawLock, WOKEN};
use super::retire::retire_in_bucket;
use crate::park::{Notice, bucket};
use crate::status::Error;
use crate::sys::atomic::Ordering;
use crate::word::Tag;

/// What keeps a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// A condition on it.
    Condition,
    /// A thread that waits on such a condition, until it has the lock again: the condition may be freed before.
    Thread,
}

/// The keepers of a lock, by number. No field is of a type for which some bits are invalid: see `handle::inline`.
#[derive(Default)]
pub(super) struct Keepers {
    conditions: u32,
    threads: u32,
    /// Not 0 once the handle has been freed: then the last keeper frees the lock.
    handle_freed: u32,
}

impl Keepers {
    fn count(&mut self, keeper: Keeper) -> &mut u32 {
        match keeper {
            Keeper::Condition => &mut self.conditions,
            Keeper::Thread => &mut self.threads,
        }
    }

    fn any(&self) -> bool {
        self.conditions + self.threads > 0
    }
}

impl RawLock {
    /// Counts a keeper in, if the lock answers to `tag`.
    pub fn keep(&self, tag: Tag, keeper: Keeper) -> Result<(), Error> {
        self.with_keepers(|keepers| {
            tag.state_of(self.word.load(Ordering::Relaxed))?;
            *keepers.count(keeper) += 1;
            Ok(())
        })
    }

    /// Counts a keeper out. If it was the last one and the handle has been freed, the word becomes a freed one, by way of `freed`,
    /// and those who still wait will find that their tag is no longer right. Tells then whether the lock was held.
    pub fn let_go(&self, keeper: Keeper, freed: impl FnOnce(Tag) -> u64) -> Option<bool> {
        let (was_held, waiters) = self.with_keepers(|keepers| {
            *keepers.count(keeper) -= 1;
            if keepers.any() || keepers.handle_freed == 0 {
                return None;
            }
            // AcqRel: what was done with the lock is over before the memory is used again.
            let before = self.word.swap(freed(self.tag()), Ordering::AcqRel);
            // SAFETY: `with_keepers` holds the bucket.
            Some((before & LOCKED != 0, unsafe { (*self.waiters.get()).take_all() }))
        })?;
        waiters.notify_all(Notice::new(WOKEN));
        Some(was_held)
    }

    /// Whether threads wait for the lock that only a condition can lead to, and there is but one such condition left.
    pub fn is_waited_for_by_last_condition(&self) -> bool {
        self.with_keepers(|keepers| {
            // SAFETY: `with_keepers` holds the bucket.
            keepers.handle_freed != 0 && keepers.conditions == 1 && !unsafe { (*self.waiters.get()).is_empty() }
        })
    }

    fn with_keepers<T>(&self, body: impl FnOnce(&mut Keepers) -> T) -> T {
        let bucket = bucket(self);
        bucket.lock();
        // SAFETY: the bucket is held.
        let result = body(unsafe { &mut *self.keepers.get() });
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

    /// Ends the validity of `tag`: `Busy` if threads wait for the lock. With keepers the lock goes on under the tag of the `freed`
    /// word's generation; without, the word becomes `freed`.
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
        self.with_keepers(|keepers| {
            // Asked after the tag was found right only: before, these need not be the lock's keepers.
            let next = |state| if keepers.any() { Tag::new(freed, tag.kind()).with(state) } else { freed };
            let state = retire_in_bucket(&self.word, &self.waiters, PARKED, tag, next)?;
            if keepers.any() {
                keepers.handle_freed = 1;
                return Ok(Retired::Kept);
            }
            Ok(if lingers(state) { Retired::Kept } else { Retired::Vacant })
        })
    }
}
