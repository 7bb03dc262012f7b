//! The process's records, and what waits to be let go.

use super::{Entry, Record, Records};
use crate::handle::Handle;
use crate::handle::arena::Slot;
use crate::handle::shared::{Use, is_open};
use crate::park::Mutex;
use crate::status::Error;
use crate::sys::atomic::AtomicPtr;
use crate::sys::barrier;
use crate::sys::thread::may_keep;
use crate::word::Tag;
use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::{null, null_mut};

static RECORDS: Records = Records(AtomicPtr::new(null_mut()));
/// Closed handles that some thread may still be using; each keeps its object by a count of its own.
static RETIRED: Mutex<Vec<Use>> = Mutex::new(Vec::new());

/// What stands for a record in a thread that has given its own back.
const GONE: *const Record = core::ptr::without_provenance(1);

thread_local! {
    /// NULL before the first use.
    static RECORD: Cell<*const Record> = const { Cell::new(null()) };
}

/// Gives the thread's record back: the thread ends.
pub fn leave() {
    let record = RECORD.replace(GONE);
    if record != GONE {
        // SAFETY: NULL, or a record of the process, which stays. Calls in callbacks keep theirs, and none is under way at a thread's end.
        unsafe { record.as_ref() }.into_iter().for_each(Record::give_back);
    }
}

#[inline]
fn record() -> Option<&'static Record> {
    let record = RECORD.get();
    if record.is_null() || record == GONE {
        return first_record(record);
    }
    // SAFETY: records of the process stay.
    Some(unsafe { &*record })
}

#[cold]
fn first_record(record: *const Record) -> Option<&'static Record> {
    if record == GONE || !may_keep() {
        return None;
    }
    let record = RECORDS.take();
    RECORD.set(record);
    Some(record)
}

/// A handle that the calling thread is using, until this is dropped.
#[derive(Debug)]
pub struct Mark {
    entry: &'static Entry,
    slot: &'static Slot,
    tag: Tag,
    /// The entry is the thread's.
    _not_send: PhantomData<*mut ()>,
}

impl Mark {
    /// None if the thread has no room for it: then the use is to be counted.
    #[inline]
    pub fn new(slot: &'static Slot, tag: Tag, handle: Handle) -> Result<Option<Mark>, Error> {
        // First, so that a wrong handle leaves no trace.
        if !is_open(slot, tag) {
            return Err(Error::InvalidHandle);
        }
        let Some(entry) = record().and_then(Record::entry) else {
            return Ok(None);
        };
        if !entry.enter(handle.bits(), || is_open(slot, tag)) {
            sweep();
            return Err(Error::InvalidHandle);
        }
        Ok(Some(Mark { entry, slot, tag, _not_send: PhantomData }))
    }

    /// Where the object is.
    #[inline]
    pub fn slot(&self) -> &'static Slot {
        self.slot
    }
}

impl Drop for Mark {
    #[inline]
    fn drop(&mut self) {
        if self.entry.leave(|| is_open(self.slot, self.tag)) {
            sweep();
        }
    }
}

/// Lets the object of a handle that was closed go, now or when the last thread has left it.
pub fn retire(closed: Use) {
    barrier::heavy();
    RETIRED.lock().push(closed);
    sweep();
}

#[cold]
fn sweep() {
    let mut retired = RETIRED.lock();
    let (used, unused): (Vec<_>, _) =
        core::mem::take(&mut *retired).into_iter().partition(|closed| RECORDS.name(closed.handle()));
    *retired = used;
    drop(retired);
    // Without the lock: user code may run in it.
    drop::<Vec<_>>(unused);
}

/// In a child of fork the other threads do not exist.
pub fn after_fork() {
    let mine = RECORD.get();
    for record in RECORDS.iter().filter(|record| !core::ptr::eq(*record, mine)) {
        record.clear();
        record.give_back();
    }
}
