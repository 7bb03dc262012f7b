//! Which thread is using which object, without a counter that all of them share.
//!
//! A call on an object that many threads use at once (a queue, an executor) must not count itself in and out on the object's own
//! word: two read-modify-writes on a cache line that every thread wants cost more than the call. Instead each thread has a
//! record of its own, and writes there which handle it is using (hazard pointers: Michael, "Hazard Pointers: Safe Memory
//! Reclamation for Lock-Free Objects", 2004). Only a free looks at all records.
//!
//! ```text
//!   a call                              a free
//!   E = handle                          word: clear OPEN
//!   light barrier                       heavy barrier
//!   OPEN in word?  -- no: E = 0, sweep  put the object on the list of those to let go
//!   ... use ...                         sweep
//!   E = 0
//!   light barrier                       sweep, under the list's lock: let go what no E names
//!   OPEN in word?  -- no: sweep
//! ```
//!
//! **Nobody uses what is gone.** Of the call's store to E and the free's to the word one comes first, and the barriers see to it that
//! not both miss the other's: either the sweep finds E and leaves the object, or the call finds the word closed and leaves it.
//!
//! **What is to go goes.** A sweep that leaves an object has found it in some E. By the same argument that call finds the word closed
//! when it has cleared E, and sweeps itself. Sweeps are one after the other, under the lock, and E was cleared before: so the
//! last one to come finds no E with it, unless the free has yet to put the object on the list, and then the free's own does.
//!
//! Ordering: clearing E is a Release, a sweep's look an Acquire: every use comes before the object is let go.

#[cfg(not(loom))]
mod table;

use crate::sys::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use crate::sys::barrier;
use core::ptr::{null, null_mut};

#[cfg(not(loom))]
pub use table::{Mark, after_fork, leave, retire};

/// How many handles a thread can be using at once, by calls inside callbacks inside calls; beyond that they are counted.
const DEPTH: usize = if cfg!(loom) { 1 } else { 8 };

/// One place in a thread's record: the handle's bits, or 0. Written by that thread only.
#[derive(Debug)]
pub struct Entry(AtomicU64);

impl Entry {
    /// Marks the object as in use, unless the handle is closed: then whoever closed it may have been kept from letting it go, and
    /// the caller sweeps.
    #[inline]
    pub fn enter(&self, handle: u64, is_open: impl FnOnce() -> bool) -> bool {
        self.0.store(handle, Ordering::Relaxed);
        barrier::light();
        let entered = is_open();
        if !entered {
            self.0.store(0, Ordering::Release);
        }
        entered
    }

    /// Ends the use. True if the handle was closed meanwhile, and the caller is to sweep.
    #[inline]
    pub fn leave(&self, is_open: impl FnOnce() -> bool) -> bool {
        self.0.store(0, Ordering::Release);
        barrier::light();
        !is_open()
    }
}

/// A thread's entries. Records are kept, and given to other threads when theirs has ended.
#[repr(align(128))]
#[derive(Debug)]
pub struct Record {
    entries: [Entry; DEPTH],
    taken: AtomicU32,
    /// Written before the record is shown to others.
    next: *const Record,
}

impl Record {
    /// A place for one more handle.
    #[inline]
    pub fn entry(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.0.load(Ordering::Relaxed) == 0)
    }

    fn take(&self) -> bool {
        self.taken.load(Ordering::Relaxed) == 0
            && self.taken.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Of a thread that does not exist, in a child of fork.
    pub fn clear(&self) {
        self.entries.iter().for_each(|entry| entry.0.store(0, Ordering::Release));
    }

    /// The thread ends, and uses nothing.
    pub fn give_back(&self) {
        self.taken.store(0, Ordering::Release);
    }
}

/// All records.
#[derive(Debug)]
pub struct Records(AtomicPtr<Record>);

impl Default for Records {
    fn default() -> Records {
        Records(AtomicPtr::new(null_mut()))
    }
}

impl Records {
    fn iter(&self) -> impl Iterator<Item = &Record> {
        let mut at: *const Record = self.0.load(Ordering::Acquire);
        core::iter::from_fn(move || {
            // SAFETY: NULL, or a record that was shown to all, which stays as long as `self`.
            let record = unsafe { at.as_ref() }?;
            at = record.next;
            Some(record)
        })
    }

    /// A record for the calling thread.
    pub fn take(&self) -> &Record {
        if let Some(record) = self.iter().find(|record| record.take()) {
            return record;
        }
        let entries = core::array::from_fn(|_| Entry(AtomicU64::new(0)));
        let record = Box::into_raw(Box::new(Record { entries, taken: AtomicU32::new(1), next: null() }));
        let mut first = self.0.load(Ordering::Relaxed);
        loop {
            // SAFETY: nobody else knows the record yet.
            unsafe { (*record).next = first };
            match self.0.compare_exchange_weak(first, record, Ordering::Release, Ordering::Relaxed) {
                // SAFETY: just made; it stays as long as `self`.
                Ok(_) => return unsafe { &*record },
                Err(now) => first = now,
            }
        }
    }

    /// Whether some thread is using the handle.
    pub fn name(&self, handle: u64) -> bool {
        self.iter().any(|record| record.entries.iter().any(|entry| entry.0.load(Ordering::Acquire) == handle))
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        let mut at = self.0.load(Ordering::Relaxed);
        while !at.is_null() {
            // SAFETY: made by `take`, and nobody else has `self` any more.
            let record = unsafe { Box::from_raw(at) };
            at = record.next.cast_mut();
        }
    }
}
