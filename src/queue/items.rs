//! What a queue holds, and in which order it gives it out: the part in which kinds of queue differ.

use super::Item;
use crate::callback::FreeFn;
use crate::status::Error;
use std::collections::VecDeque;

/// Items, first in first out. Those left when it is dropped are given back to the user.
///
/// Never dropped while the queue's mutex is held: `item_free` is user code.
pub(super) struct Items {
    fifo: VecDeque<Item>,
    item_free: Option<FreeFn>,
}

impl Items {
    /// No items, and nobody to give them back to.
    pub(super) fn new() -> Items {
        Items { fifo: VecDeque::new(), item_free: None }
    }

    /// # Safety
    /// `item_free` may be called once, on any thread, with each item that is here now or comes later.
    pub(super) unsafe fn set_free(&mut self, item_free: Option<FreeFn>) {
        self.item_free = item_free;
    }

    pub(super) fn len(&self) -> usize {
        self.fifo.len()
    }

    /// Takes an item in: `NoMemory`. Does not fail right after a [`pop`](Items::pop).
    pub(super) fn push(&mut self, item: Item) -> Result<(), Error> {
        self.fifo.try_reserve(1).map_err(|_| Error::NoMemory)?;
        self.fifo.push_back(item);
        Ok(())
    }

    /// The item whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Item> {
        self.fifo.pop_front()
    }

    /// Empties it. The caller drops what was in it, without the mutex.
    #[must_use]
    pub(super) fn take(&mut self) -> Items {
        Items { fifo: core::mem::take(&mut self.fifo), item_free: self.item_free }
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        let Some(item_free) = self.item_free else {
            return;
        };
        for item in self.fifo.drain(..) {
            // SAFETY: `set_free`'s promise; an item leaves the queue once.
            unsafe { item_free(item.0) };
        }
    }
}
