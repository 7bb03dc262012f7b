//! A binary heap whose comparisons are the user's code.
//!
//! Looking for a place ([`View`]) and changing the heap are separate: the first calls the user's function and changes nothing, the
//! second takes a few moves and calls nobody. So the heap is whole whenever user code runs, also in the child of a fork.

use super::Item;
use crate::callback::CompareFn;
use crate::cut;
use crate::status::Error;
use core::cmp::Ordering;
use core::ffi::{c_int, c_void};
use core::mem::transmute;

/// The user's order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compare {
    pub function: CompareFn,
    pub context: *mut c_void,
}

// SAFETY: who makes a queue of it allows the calls on any thread.
unsafe impl Send for Compare {}

impl Compare {
    fn compare(self, one: Entry, other: Entry) -> Ordering {
        type MayUnwind = unsafe extern "C-unwind" fn(*const c_void, *const c_void, *mut c_void) -> c_int;
        // SAFETY: the same type, but for what the compiler takes as given (`cut`).
        let function = unsafe { transmute::<CompareFn, MayUnwind>(self.function) };
        // SAFETY: the promise of who made the queue: it takes every item.
        let sign = cut::run(|| unsafe { function(one.item.0, other.item.0, self.context) });
        sign.cmp(&0).then(one.order.cmp(&other.order))
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    item: Item,
    /// How many came before: equal items are first in, first out.
    order: u64,
}

/// Items, the lowest first. An order that contradicts itself gives any order, and nothing worse.
#[derive(Debug)]
pub(super) struct Heap {
    entries: Vec<Entry>,
    compare: Compare,
    puts: u64,
}

/// The way of the hole that a removed item leaves: the children that move up.
pub(super) struct Way {
    steps: [usize; usize::BITS as usize],
    length: usize,
}

impl Heap {
    pub fn new(compare: Compare) -> Heap {
        Heap { entries: Vec::new(), compare, puts: 0 }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Room for one more: `NoMemory`.
    pub fn reserve(&mut self) -> Result<(), Error> {
        self.entries.try_reserve(1).map_err(|_| Error::NoMemory)
    }

    /// What a search looks at. The heap must not change meanwhile, nor be dropped.
    pub fn view(&self) -> View {
        View { first: self.entries.as_ptr(), len: self.entries.len(), compare: self.compare, puts: self.puts }
    }

    /// Puts the item at the place that [`View::place_for`] found.
    pub fn insert(&mut self, item: Item, place: usize) {
        let entry = Entry { item, order: self.puts };
        self.puts += 1;
        let mut hole = self.entries.len();
        self.entries.push(entry);
        while hole > place {
            let parent = (hole - 1) / 2;
            self.entries[hole] = self.entries[parent];
            hole = parent;
        }
        self.entries[hole] = entry;
    }

    /// Takes the first item out, by the way that [`View::way`] found.
    pub fn remove_first(&mut self, way: &Way) -> Option<Item> {
        let last = self.entries.pop()?;
        let Some(first) = self.entries.first().copied() else {
            return Some(last.item);
        };
        let mut hole = 0;
        for &child in &way.steps[..way.length] {
            self.entries[hole] = self.entries[child];
            hole = child;
        }
        self.entries[hole] = last;
        Some(first.item)
    }

    /// All items, the lowest not necessarily first.
    pub fn take_all(&mut self) -> Vec<Item> {
        core::mem::take(&mut self.entries).into_iter().map(|entry| entry.item).collect()
    }
}

/// The heap as it is while someone searches it.
pub(super) struct View {
    first: *const Entry,
    len: usize,
    compare: Compare,
    puts: u64,
}

impl View {
    fn entry(&self, at: usize) -> Entry {
        debug_assert!(at < self.len);
        // SAFETY: below the length; the heap does not change while it is searched.
        unsafe { *self.first.add(at) }
    }

    fn precedes(&self, one: Entry, other: Entry) -> bool {
        self.compare.compare(one, other) == Ordering::Less
    }

    /// Where an item goes that is new.
    pub fn place_for(&self, item: Item) -> usize {
        let entry = Entry { item, order: self.puts };
        let mut place = self.len;
        while place > 0 && self.precedes(entry, self.entry((place - 1) / 2)) {
            place = (place - 1) / 2;
        }
        place
    }

    /// The way down for the last entry once the first is gone.
    pub fn way(&self) -> Way {
        let mut way = Way { steps: [0; usize::BITS as usize], length: 0 };
        let Some(end) = self.len.checked_sub(1) else {
            return way;
        };
        let mut hole = 0;
        while 2 * hole + 1 < end {
            let (left, right) = (2 * hole + 1, 2 * hole + 2);
            let child = if right < end && self.precedes(self.entry(right), self.entry(left)) { right } else { left };
            if !self.precedes(self.entry(child), self.entry(end)) {
                break;
            }
            way.steps[way.length] = child;
            way.length += 1;
            hole = child;
        }
        way
    }
}
