//! The values that threads keep in locals: a table for each thread, an entry for each local that the thread uses.
//!
//! An entry's key is the identity of its local, which no other local ever has:
//!
//! ```text
//! key    what it says                                     who makes it so
//! EMPTY  never used: a search ends here
//! live   the local is not freed, and this is its entry    the owner, from EMPTY or GONE
//! GONE   was a local's; a search goes on here             whoever frees the local; the owner, when an init fails
//! ```
//!
//! So finding the entry is the check of the handle: a get takes no lock and does no atomic read-modify-write.
//!
//! | who                      | entries and values | key          |
//! |--------------------------|--------------------|--------------|
//! | the owner, at any time   | reads              | reads        |
//! | the owner, mutex held    | writes             | writes       |
//! | another, mutex held      | reads              | live to GONE |
//!
//! A table is the owner's: it alone changes entries. Whoever frees a local reads the values out of each table and makes the key GONE, under
//! the table's mutex; whoever makes a key GONE has the values, and the copies that are left in the entry mean nothing.
//! The owner reads without the mutex, since nobody but itself writes what it reads. The key it reads Relaxed: a free that
//! happened before the read is seen (coherence), and one that did not may as well come after it.
//!
//! No value is lost. A free closes the key first, then looks through the tables; an insertion looks whether the key is closed, under its
//! table's mutex. If the free had that mutex first, the insertion sees the key closed. If the insertion had, the free finds
//! the entry. A table added after the free's look at the list is added by a thread that sees the key closed as well (the list's mutex).
//! An ending thread takes its entries out under the mutex: a free finds either all of a local's values there, or none.
//!
//! Locks: the list's mutex and a table's are never held together, and no value is given back under either.

use crate::callback::Arg;
use crate::park::Mutex;
use crate::status::Error;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sys::cell::UnsafeCell;
use core::ffi::c_void;
use core::mem::ManuallyDrop;
use core::ptr::null;
use slab::Slab;
use std::collections::BTreeMap;
use std::sync::Arc;

const EMPTY: u64 = 0;
const GONE: u64 = 1;
/// The entries of a table at first.
const FIRST_CAPACITY: usize = 8;

/// What tables know of a local: its identity, and whether it has been freed.
#[derive(Debug)]
pub struct Key {
    id: u64,
    closed: AtomicU32,
}

impl Key {
    /// That of a new local. Its identity is above 1, and no other key ever had it.
    pub fn new(id: u64) -> Key {
        Key { id, closed: AtomicU32::new(0) }
    }

    /// The identity.
    pub fn id(&self) -> u64 {
        self.id
    }
}

/// A value in an entry. Whoever takes it out drops it.
type Kept = ManuallyDrop<Arg>;

/// One local's values on one thread.
#[derive(Debug, Default)]
struct Attributes {
    anonymous: Option<Kept>,
    named: BTreeMap<Box<[u8]>, Kept>,
}

impl Attributes {
    fn get(&self, name: Option<&[u8]>) -> Option<*mut c_void> {
        match name {
            None => self.anonymous.as_ref(),
            Some(name) => self.named.get(name),
        }
        .map(|kept| kept.as_ptr())
    }

    /// Appends all values to `values`.
    ///
    /// # Safety
    /// They are taken by this call alone: what stays here is not used as values any more.
    unsafe fn take_into(&self, values: &mut Vec<Arg>) {
        // SAFETY: the caller's promise.
        let take = |kept: &Kept| ManuallyDrop::into_inner(unsafe { core::ptr::read(kept) });
        values.extend(self.anonymous.iter().chain(self.named.values()).map(take));
    }
}

/// One cache line, so that a get touches no second one.
#[repr(align(64))]
#[derive(Debug)]
struct Entry {
    key: AtomicU64,
    attributes: UnsafeCell<Attributes>,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Entry>() == 64);

impl Entry {
    fn empty() -> Entry {
        Entry { key: AtomicU64::new(EMPTY), attributes: UnsafeCell::new(Attributes::default()) }
    }

    fn is_live(&self) -> bool {
        self.key.load(Ordering::Relaxed) > GONE
    }
}

/// Where the owner of a table looks: valid until it inserts the next entry.
#[derive(Clone, Copy, Debug)]
pub struct View {
    entries: *const Entry,
    /// 64 less the logarithm of their number.
    shift: u32,
}

impl View {
    /// Of no entries.
    pub const NONE: View = View { entries: null(), shift: 0 };

    fn of(entries: &[Entry]) -> View {
        if entries.is_empty() {
            return View::NONE;
        }
        View { entries: entries.as_ptr(), shift: 64 - entries.len().trailing_zeros() }
    }

    /// The entry with this key. Any integer may be asked for.
    ///
    /// # Safety
    /// The entries are there: the calling thread is the table's owner, or holds its mutex.
    #[inline]
    unsafe fn find<'a>(self, key: u64) -> Option<&'a Entry> {
        if self.entries.is_null() || key <= GONE {
            return None;
        }
        let mut at = place(key, self.shift);
        loop {
            // SAFETY: the caller's promise; `at` is below the number of entries.
            let entry = unsafe { &*self.entries.add(at) };
            let found = entry.key.load(Ordering::Relaxed);
            if found == key {
                return Some(entry);
            }
            // There is always an empty entry: see `Table::insert`.
            if found == EMPTY {
                return None;
            }
            at = (at + 1) & ((1 << (64 - self.shift)) - 1);
        }
    }

    /// Whether the local has an entry.
    ///
    /// # Safety
    /// The calling thread is the table's owner.
    pub unsafe fn contains(self, key: u64) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.find(key) }.is_some()
    }

    /// The value of an attribute: `None` also if the local has no entry.
    ///
    /// # Safety
    /// The calling thread is the table's owner.
    #[inline]
    pub unsafe fn get(self, key: u64, name: Option<&[u8]>) -> Option<*mut c_void> {
        // SAFETY: the caller's promise.
        let entry = unsafe { self.find(key) }?;
        // SAFETY: only the owner writes attributes, and it is here.
        entry.attributes.with(|attributes| unsafe { (*attributes).get(name) })
    }
}

/// Where the search for a key begins (Knuth, The Art of Computer Programming 3, 6.4: multiplicative hashing).
#[inline]
fn place(key: u64, shift: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize
}

/// Neither cloned nor lent while others may write: see the table above.
#[derive(Debug, Default)]
struct Entries {
    /// None, or a power of two.
    entries: Vec<Entry>,
    /// Those that are not empty; at most three quarters.
    used: usize,
}

impl Entries {
    fn find(&self, key: u64) -> Option<&Entry> {
        // SAFETY: whoever has a reference holds the mutex, or has taken the entries out.
        unsafe { View::of(&self.entries).find(key) }
    }

    /// Room for one more, without those that are gone: `NoMemory`.
    fn grown(&self) -> Result<Entries, Error> {
        let live = self.entries.iter().filter(|entry| entry.is_live());
        let mut grown = Entries::default();
        let capacity = FIRST_CAPACITY.max((2 * (live.clone().count() + 1)).next_power_of_two());
        grown.entries.try_reserve_exact(capacity).map_err(|_| Error::NoMemory)?;
        grown.entries.resize_with(capacity, Entry::empty);
        for entry in live {
            // SAFETY: the calling thread is the owner and holds the mutex.
            let attributes = entry.attributes.with_mut(|attributes| unsafe { core::mem::take(&mut *attributes) });
            grown.put(entry.key.load(Ordering::Relaxed), attributes);
        }
        Ok(grown)
    }

    /// Makes an entry, for which there is room.
    fn put(&mut self, key: u64, attributes: Attributes) {
        let mut at = place(key, View::of(&self.entries).shift);
        while self.entries[at].is_live() {
            at = (at + 1) & (self.entries.len() - 1);
        }
        let entry = &self.entries[at];
        if entry.key.load(Ordering::Relaxed) == EMPTY {
            self.used += 1;
        }
        // What is there is a freed local's, whose values were taken.
        // SAFETY: the calling thread is the owner and holds the mutex, or the entries are not yet in a table.
        entry.attributes.with_mut(|place| unsafe { *place = attributes });
        entry.key.store(key, Ordering::Relaxed);
    }
}

/// One thread's values.
#[derive(Debug)]
pub struct Table(Mutex<Entries>);

// SAFETY: who may access the attributes when is said above; values are Send.
unsafe impl Send for Table {}
// SAFETY: as above.
unsafe impl Sync for Table {}

impl Table {
    /// One without values.
    pub fn new() -> Table {
        Table(Mutex::new(Entries::default()))
    }

    /// Makes an entry for a local that has none. `InvalidHandle` if the local has been freed, `NoMemory`. On the owner only.
    pub fn insert(&self, key: &Key) -> Result<View, Error> {
        let mut outgrown = Entries::default();
        let mut entries = self.0.lock();
        // Relaxed: the mutexes order it, see above.
        if key.closed.load(Ordering::Relaxed) != 0 {
            return Err(Error::InvalidHandle);
        }
        if 4 * (entries.used + 1) > 3 * entries.entries.len() {
            outgrown = entries.grown()?;
            core::mem::swap(&mut *entries, &mut outgrown);
        }
        entries.put(key.id, Attributes::default());
        let view = View::of(&entries.entries);
        drop(entries);
        drop(outgrown);
        Ok(view)
    }

    /// Sets an attribute, and gives the value that it had. `InvalidHandle` if the local has no entry (any more). On the owner only.
    pub fn set(&self, key: &Key, name: Option<Box<[u8]>>, value: Arg) -> Result<Option<Arg>, Error> {
        // Dropped at the end, and so after the mutex, if it is not taken.
        let mut value = Some(value);
        let before = self.change(key, |attributes| {
            let kept = value.take().map(ManuallyDrop::new);
            match name {
                None => core::mem::replace(&mut attributes.anonymous, kept),
                Some(name) => kept.and_then(|kept| attributes.named.insert(name, kept)),
            }
        });
        before.map(|kept| kept.map(ManuallyDrop::into_inner))
    }

    /// Removes an attribute, and gives the value that it had. Otherwise as `set`.
    pub fn remove(&self, key: &Key, name: Option<&[u8]>) -> Result<Option<Arg>, Error> {
        let before = self.change(key, |attributes| match name {
            None => attributes.anonymous.take(),
            Some(name) => attributes.named.remove(name),
        });
        before.map(|kept| kept.map(ManuallyDrop::into_inner))
    }

    fn change<R>(&self, key: &Key, change: impl FnOnce(&mut Attributes) -> R) -> Result<R, Error> {
        let entries = self.0.lock();
        let entry = entries.find(key.id).ok_or(Error::InvalidHandle)?;
        // SAFETY: the calling thread is the owner and holds the mutex.
        Ok(entry.attributes.with_mut(|attributes| change(unsafe { &mut *attributes })))
    }

    /// Takes a local's values out. On any thread.
    pub fn take(&self, key: &Key, values: &mut Vec<Arg>) {
        let entries = self.0.lock();
        if let Some(entry) = entries.find(key.id) {
            entry.key.store(GONE, Ordering::Relaxed);
            // SAFETY: the mutex is held, so the owner does not write; the key was live, so nobody has taken the values before.
            entry.attributes.with(|attributes| unsafe { (*attributes).take_into(values) });
        }
    }

    /// Takes everything out. On the owner only.
    pub fn take_all(&self) -> Vec<Arg> {
        let entries = core::mem::take(&mut *self.0.lock());
        let mut values = Vec::new();
        for entry in entries.entries.iter().filter(|entry| entry.is_live()) {
            // SAFETY: nobody else finds the entries any more, and the key was live.
            entry.attributes.with(|attributes| unsafe { (*attributes).take_into(&mut values) });
        }
        values
    }
}

/// All threads' tables.
#[derive(Debug)]
pub struct Tables(Mutex<Slab<Arc<Table>>>);

impl Tables {
    /// None yet.
    #[cfg(not(loom))]
    pub const fn new() -> Tables {
        Tables(Mutex::new(Slab::new()))
    }

    /// None yet.
    #[cfg(loom)]
    pub fn new() -> Tables {
        Tables(Mutex::new(Slab::new()))
    }

    /// Adds a thread's; gives its number in the list.
    pub fn add(&self, table: Arc<Table>) -> usize {
        self.0.lock().insert(table)
    }

    /// Takes out the one with this number.
    pub fn remove(&self, number: usize) -> Arc<Table> {
        self.0.lock().remove(number)
    }

    /// Closes the key and takes out what any thread has set. `InvalidHandle` if that was done before.
    pub fn close(&self, key: &Key) -> Result<Vec<Arg>, Error> {
        if key.closed.swap(1, Ordering::Relaxed) != 0 {
            return Err(Error::InvalidHandle);
        }
        let tables: Vec<_> = self.0.lock().iter().map(|(_, table)| table.clone()).collect();
        let mut values = Vec::new();
        for table in tables {
            table.take(key, &mut values);
        }
        Ok(values)
    }

    /// Forgets all but the one with this number: in a child of fork the others' threads do not exist. Their values stay untouched.
    #[cfg(not(loom))]
    pub fn forget_others(&self, own: Option<usize>) {
        let mut others = Vec::new();
        let mut tables = self.0.lock();
        tables.retain(|number, table| {
            let stays = Some(number) == own;
            if !stays {
                others.push(table.clone());
            }
            stays
        });
    }
}
