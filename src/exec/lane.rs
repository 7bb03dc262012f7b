//! Lane: a queue of tasks with a lock of its own.
//!
//! ```text
//! state word   | 2: FILLED | 1: CONTENDED | 0: LOCKED |
//!
//! LOCKED     someone changes the queue
//! CONTENDED  and others may sleep until it is unlocked
//! FILLED     there was something in the queue when it was last unlocked
//! ```
//!
//! FILLED lets others see from outside whether there is anything to take, and it is written by the same instruction
//! that unlocks. That store is sequentially consistent, and so is the look: `crew` rests its proof on that.
//!
//! The lock is a futex word as `park::RawMutex` (Drepper, "Futexes Are Tricky", mutex 2), without that one's section: a fork may
//! come while a lane is locked. The child never looks at the parent's lanes, and who holds one is not kept waiting by a fork (`pool`).

use crate::inject;
use crate::park::{Deadline, Spin};
use crate::status::Error;
use crate::sys::atomic::{AtomicU32, Ordering, in_one_order};
use crate::sys::{fork, futex};
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use std::collections::VecDeque;

const LOCKED: u32 = 1;
const CONTENDED: u32 = 2;
const FILLED: u32 = 4;

/// A queue shorter than this is not looked through for what has been withdrawn.
const SWEEP_AT_LEAST: usize = 64;

/// What a lane holds.
pub trait Withdrawable {
    /// Whether it is still to be run: a look from outside, which may be out of date.
    fn is_pending(&self) -> bool;
}

/// What a lane's lock guards.
#[derive(Debug)]
pub struct Queue<E> {
    /// Whether tasks may be added.
    pub open: bool,
    /// Everything was taken out, for good: what another lane had is not put here any more either.
    drained: bool,
    /// How many were ever submitted to this lane.
    pub submitted: u64,
    /// A submitter had to wait for the lock, since a worker last took something.
    held_up: bool,
    entries: VecDeque<E>,
    sweep_at: usize,
    /// Up to so many entries there is room, and no need to sweep.
    room: usize,
}

impl<E: Withdrawable> Queue<E> {
    /// Makes room for so many more: `NoMemory`.
    #[inline]
    pub fn make_room(&mut self, count: usize) -> Result<(), Error> {
        if self.entries.len() + count <= self.room { Ok(()) } else { self.grow(count) }
    }

    /// Takes out what was withdrawn first, once the queue has doubled: constant time for each on average.
    #[cold]
    fn grow(&mut self, count: usize) -> Result<(), Error> {
        if self.entries.len() + count > self.sweep_at {
            self.entries.retain(E::is_pending);
            self.sweep_at = SWEEP_AT_LEAST.max(2 * (self.entries.len() + count));
        }
        self.entries.try_reserve(count).map_err(|_| Error::NoMemory)?;
        self.room = self.entries.capacity().min(self.sweep_at);
        Ok(())
    }

    /// Appends a task, for which room was made.
    #[inline]
    pub fn submit(&mut self, entry: E) {
        self.entries.push_back(entry);
        self.submit_elsewhere();
    }

    /// Counts a task for which there is an entry already.
    #[inline]
    pub fn submit_elsewhere(&mut self) {
        self.submitted += 1;
    }

    /// The next in order.
    #[inline]
    pub fn pop_front(&mut self) -> Option<E> {
        self.entries.pop_front()
    }

    /// Takes the last one if it is this.
    #[inline]
    pub fn pop_back_if(&mut self, is_it: impl FnOnce(&E) -> bool) -> bool {
        let found = self.entries.back().is_some_and(is_it);
        if found {
            self.entries.pop_back();
        }
        found
    }

    /// Moves up to `most` entries from the front to `to`, and not more than half; one at least, if there is one.
    pub fn share(&mut self, most: usize, to: &mut VecDeque<E>) {
        let count = self.entries.len().div_ceil(2).min(most);
        to.extend(self.entries.drain(..count));
    }

    /// Whether a submitter had to wait for the lock, since this was last asked.
    pub fn has_held_up(&mut self) -> bool {
        core::mem::take(&mut self.held_up)
    }

    /// How many there are, withdrawn ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Puts entries that come from another lane behind all others; leaves them where they are if this one is drained.
    pub fn append(&mut self, from: &mut VecDeque<E>) {
        if !self.drained {
            self.entries.append(from);
        }
    }

    /// Takes everything, for good.
    pub fn drain(&mut self) -> VecDeque<E> {
        self.drained = true;
        self.room = 0;
        core::mem::take(&mut self.entries)
    }
}

/// A queue of tasks. Alone on its cache lines (two: processors fetch neighbours in pairs).
#[repr(align(128))]
pub struct Lane<E> {
    state: AtomicU32,
    queue: UnsafeCell<Queue<E>>,
}

// SAFETY: the queue is reached by the one thread that holds the lock.
unsafe impl<E: Send> Sync for Lane<E> {}
// SAFETY: entries may be taken by any thread.
unsafe impl<E: Send> Send for Lane<E> {}

impl<E> Lane<E> {
    /// An empty lane, still closed.
    pub fn new() -> Lane<E> {
        let queue = Queue {
            open: false,
            drained: false,
            submitted: 0,
            held_up: false,
            entries: VecDeque::new(),
            sweep_at: SWEEP_AT_LEAST,
            room: 0,
        };
        Lane { state: AtomicU32::new(0), queue: UnsafeCell::new(queue) }
    }

    /// Whether there may be something to take.
    #[inline]
    pub fn is_filled(&self) -> bool {
        in_one_order();
        self.state.load(Ordering::SeqCst) & FILLED != 0
    }

    /// Locks it.
    #[inline]
    pub fn lock(&self) -> LaneGuard<'_, E> {
        if !self.try_lock() {
            self.lock_contended();
        }
        LaneGuard::new(self)
    }

    /// Locks it, to put something there.
    #[inline]
    pub fn lock_to_submit(&self) -> LaneGuard<'_, E> {
        if self.try_lock() {
            return LaneGuard::new(self);
        }
        self.lock_contended();
        let mut guard = LaneGuard::new(self);
        guard.held_up = true;
        guard
    }

    #[inline]
    fn try_lock(&self) -> bool {
        let seen = self.state.load(Ordering::Relaxed) & FILLED;
        // Acquire pairs with the unlock's release: the queue is seen as it was left.
        self.state.compare_exchange(seen, seen | LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn lock_contended(&self) {
        let mut spin = Spin::new();
        let mut sleeps = 0;
        loop {
            let seen = self.state.load(Ordering::Relaxed);
            if seen & LOCKED == 0 {
                // Who has slept cannot know whether others still do.
                let after = seen | LOCKED | sleeps;
                if self.state.compare_exchange_weak(seen, after, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                    return;
                }
            } else if !spin.once() {
                let contended = seen | CONTENDED;
                if seen == contended
                    || self.state.compare_exchange(seen, contended, Ordering::Relaxed, Ordering::Relaxed).is_ok()
                {
                    futex::wait(&self.state, contended, Deadline::NEVER);
                    sleeps = CONTENDED;
                }
            }
        }
    }
}

/// The right to a lane's queue; unlocks when dropped.
pub struct LaneGuard<'a, E> {
    lane: &'a Lane<E>,
}

impl<'a, E> LaneGuard<'a, E> {
    /// For who has just locked the lane.
    #[inline]
    fn new(lane: &'a Lane<E>) -> LaneGuard<'a, E> {
        fork::hold_awaited(true);
        let guard = LaneGuard { lane };
        inject::here("Lane::lock");
        guard
    }
}

impl<E> Deref for LaneGuard<'_, E> {
    type Target = Queue<E>;

    #[inline]
    fn deref(&self) -> &Queue<E> {
        // SAFETY: the guard's existence says that this thread holds the lock.
        unsafe { &*self.lane.queue.get() }
    }
}

impl<E> DerefMut for LaneGuard<'_, E> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Queue<E> {
        // SAFETY: as above, and the guard is borrowed exclusively.
        unsafe { &mut *self.lane.queue.get() }
    }
}

impl<E> Drop for LaneGuard<'_, E> {
    #[inline]
    fn drop(&mut self) {
        #[cfg(not(loom))]
        crate::sys::process::end_if_panicking();
        let filled = if self.entries.is_empty() { 0 } else { FILLED };
        let before = self.lane.state.swap(filled, Ordering::SeqCst);
        fork::hold_awaited(false);
        in_one_order();
        if before & CONTENDED != 0 {
            futex::wake(&raw const self.lane.state, 1);
        }
    }
}
