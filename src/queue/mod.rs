//! Queue: Python's `queue.Queue`.
//!
//! One mutex guards the whole state, and three lists of threads wait on it: putters for room, getters for an item, joiners for
//! the count of unfinished tasks to reach 0. Whenever the mutex is free, a row of this table holds:
//!
//! ```text
//! items            putters   getters
//! none             none      any
//! some, not full   none      none
//! full             any       none
//! any, shut down   none      none
//! ```
//!
//! Nobody is blocked who could go on. Items are handed over for that: a put that finds getters gives its item to the
//! first of them, and whoever makes room takes the first putter's item in, all in one hold of the mutex. So those who
//! wait are served in the order in which they came, however the scheduler lets them run afterwards, and a newcomer cannot
//! overtake them: while putters wait it finds the queue full, while getters wait it finds it empty. To wake a waiter and let
//! it try again would be simpler; a newcomer could then take the item or the room in between.
//!
//! Each step keeps the table: a put adds an item only if no getter waits and the queue is not full. A get that makes room for one
//! lets one putter's item in. `set_maxsize` lets in as many as fit. `shutdown` sends everybody away. A waiter whose time is
//! over only makes its list shorter, and so does a fork, whose child has none of the waiters (the lists know; nothing counts
//! waiters beside them).
//!
//! A waiter believes its notice and does not look at the state again, which may be another by then.
//!
//! Ordering: an item travels under the mutex or with a notice (Release to Acquire): what a thread did before its put is seen by
//! whoever gets the item; likewise task_done and join.
//!
//! User code (`item_free`) runs without the mutex, and after all notices that are owed have been given.

mod items;
#[cfg(all(test, not(loom)))]
mod tests;

use crate::callback::FreeFn;
use crate::identity::{self, Identified};
use crate::park::{Deadline, Mutex, MutexGuard, Notice, Notifier, Notifiers, Timeout, WaitList, Wake};
use crate::status::Error;
use core::ffi::c_void;
use items::Items;

/// The putter's item is in, the getter has its item, the joiner's count was 0.
const SERVED: u32 = 1;
/// The queue was shut down.
const SENT_AWAY: u32 = 2;
/// There was room for the putter's item, but no memory.
const NO_MEMORY: u32 = 3;

/// What queues carry: a pointer of the user's. It may be NULL, and pirn never looks behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Item(pub *mut c_void);

// SAFETY: a pointer's value goes from thread to thread; what may be done with it is between who puts and who gets it.
unsafe impl Send for Item {}

struct State {
    items: Items,
    /// As it was given; 0 and less mean no limit.
    maxsize: i64,
    /// Put and not yet done. Fewer than there are items if a task was called done before it was got.
    unfinished: usize,
    shut_down: bool,
    /// Freed: calls that found the queue before it was freed, but come here after, are refused.
    closed: bool,
    putters: WaitList,
    getters: WaitList,
    joiners: WaitList,
}

impl State {
    fn is_full(&self) -> bool {
        usize::try_from(self.maxsize).is_ok_and(|max| max > 0 && self.items.len() >= max)
    }

    fn add(&mut self, item: Item) -> Result<(), Error> {
        self.items.push(item)?;
        self.unfinished += 1;
        Ok(())
    }

    /// Takes the first putter's item in if there is room. The putter is owed the notice.
    fn admit(&mut self) -> Option<(Notifier, Notice)> {
        if self.is_full() {
            return None;
        }
        let putter = self.putters.pop_front()?;
        let added = self.add(Item(putter.item()));
        Some((putter, Notice::new(if added.is_ok() { SERVED } else { NO_MEMORY })))
    }

    /// Takes the joiners off if their time has come. They are owed a notice.
    fn finish(&mut self) -> Option<Notifiers> {
        (self.unfinished == 0).then(|| self.joiners.take_all())
    }
}

/// A queue that any number of threads put items in and get items out of, first in first out. Python: `queue.Queue`.
///
/// All calls return `InvalidHandle` once the queue has been [closed](Queue::close).
pub struct Queue {
    id: u64,
    state: Mutex<State>,
}

impl core::fmt::Debug for Queue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Queue").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Identified for Queue {
    fn id(&self) -> u64 {
        self.id
    }
}

/// How a wait ended; the item is the one handed over, if any.
fn outcome(wake: Wake<'_, State>) -> Result<Item, Error> {
    match wake {
        Wake::TimedOut(_) => Err(Error::TimedOut),
        Wake::Notified(notice) => match notice.code() {
            SERVED => Ok(Item(notice.item())),
            SENT_AWAY => Err(Error::ShutDown),
            NO_MEMORY => Err(Error::NoMemory),
            code => unreachable!("notice {code}"),
        },
    }
}

/// A poll that would have had to wait, as the `try_` calls say it.
fn would_block(error: Error) -> Error {
    if error == Error::TimedOut { Error::WouldBlock } else { error }
}

impl Queue {
    /// An empty queue for at most `maxsize` items; 0 and less mean no limit.
    pub fn new(maxsize: i64) -> Queue {
        let state = State {
            items: Items::new(),
            maxsize,
            unfinished: 0,
            shut_down: false,
            closed: false,
            putters: WaitList::new(),
            getters: WaitList::new(),
            joiners: WaitList::new(),
        };
        Queue { id: identity::next(), state: Mutex::new(state) }
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.state.lock();
        if state.closed { Err(Error::InvalidHandle) } else { Ok(state) }
    }

    /// How many putters, getters and joiners wait. Tests await this instead of a time.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> [usize; 3] {
        let state = self.state.lock();
        [state.putters.len(), state.getters.len(), state.joiners.len()]
    }

    /// Says how items are given back that nobody got: those in the queue when it ends, or is shut down at once. None: not at all.
    ///
    /// # Safety
    /// From now on `item_free` may be called once, on any thread, with each item that is in the queue or is put into it.
    pub unsafe fn set_item_free(&self, item_free: Option<FreeFn>) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        unsafe { self.lock()?.items.set_free(item_free) };
        Ok(())
    }

    /// Puts an item in, waiting for room: `ShutDown`, `NoMemory`. The item stays the caller's if it does not get in.
    pub fn put(&self, item: Item) -> Result<(), Error> {
        self.put_until(item, Deadline::NEVER)
    }

    /// Puts an item in if there is room: `WouldBlock`, `ShutDown`, `NoMemory`.
    pub fn try_put(&self, item: Item) -> Result<(), Error> {
        self.put_until(item, Deadline::PASSED).map_err(would_block)
    }

    /// Puts an item in, waiting for room at most so long: `TimedOut`, `ShutDown`, `NoMemory`.
    pub fn put_timeout(&self, item: Item, timeout: Timeout) -> Result<(), Error> {
        self.put_until(item, timeout.deadline())
    }

    /// Puts an item in, waiting for room until `deadline`: `TimedOut`, `ShutDown`, `NoMemory`.
    pub fn put_until(&self, item: Item, deadline: Deadline) -> Result<(), Error> {
        let mut state = self.lock()?;
        if state.shut_down {
            return Err(Error::ShutDown);
        }
        if let Some(getter) = state.getters.pop_front() {
            state.unfinished += 1;
            drop(state);
            getter.notify(Notice::with_item(SERVED, item.0));
            return Ok(());
        }
        if !state.is_full() {
            return state.add(item);
        }
        if deadline == Deadline::PASSED {
            return Err(Error::TimedOut);
        }
        outcome(Mutex::wait_with_item(state, deadline, item.0, |state| &mut state.putters)).map(drop)
    }

    /// Takes the first item out, waiting for one: `ShutDown`.
    pub fn get(&self) -> Result<Item, Error> {
        self.get_until(Deadline::NEVER)
    }

    /// Takes the first item out if there is one: `WouldBlock`, `ShutDown`.
    pub fn try_get(&self) -> Result<Item, Error> {
        self.get_until(Deadline::PASSED).map_err(would_block)
    }

    /// Takes the first item out, waiting for one at most so long: `TimedOut`, `ShutDown`.
    pub fn get_timeout(&self, timeout: Timeout) -> Result<Item, Error> {
        self.get_until(timeout.deadline())
    }

    /// Takes the first item out, waiting for one until `deadline`: `TimedOut`, `ShutDown`.
    pub fn get_until(&self, deadline: Deadline) -> Result<Item, Error> {
        let mut state = self.lock()?;
        if let Some(item) = state.items.pop() {
            // One putter at most: if any wait the queue was full, and has room for one now (and memory, after the pop).
            let admitted = state.admit();
            drop(state);
            if let Some((putter, notice)) = admitted {
                putter.notify(notice);
            }
            return Ok(item);
        }
        if state.shut_down {
            return Err(Error::ShutDown);
        }
        if deadline == Deadline::PASSED {
            return Err(Error::TimedOut);
        }
        outcome(Mutex::wait(state, deadline, |state| &mut state.getters))
    }

    /// Says that an item which was put in is done with: `OverRelease` if none is unfinished.
    pub fn task_done(&self) -> Result<(), Error> {
        let mut state = self.lock()?;
        state.unfinished = state.unfinished.checked_sub(1).ok_or(Error::OverRelease)?;
        let joiners = state.finish();
        drop(state);
        if let Some(joiners) = joiners {
            joiners.notify_all(Notice::new(SERVED));
        }
        Ok(())
    }

    /// Waits until no task is unfinished.
    pub fn join(&self) -> Result<(), Error> {
        self.join_until(Deadline::NEVER)
    }

    /// Waits until no task is unfinished, at most so long: `TimedOut`.
    pub fn join_timeout(&self, timeout: Timeout) -> Result<(), Error> {
        self.join_until(timeout.deadline())
    }

    /// Waits until no task is unfinished, until `deadline`: `TimedOut`.
    pub fn join_until(&self, deadline: Deadline) -> Result<(), Error> {
        let state = self.lock()?;
        if state.unfinished == 0 {
            return Ok(());
        }
        if deadline == Deadline::PASSED {
            return Err(Error::TimedOut);
        }
        outcome(Mutex::wait(state, deadline, |state| &mut state.joiners)).map(drop)
    }

    /// How many items are in it, at this moment.
    pub fn size(&self) -> Result<usize, Error> {
        Ok(self.lock()?.items.len())
    }

    /// Whether it is empty, at this moment.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.lock()?.items.len() == 0)
    }

    /// Whether a put would have to wait, at this moment. Never so without a limit.
    pub fn is_full(&self) -> Result<bool, Error> {
        Ok(self.lock()?.is_full())
    }

    /// How many tasks are unfinished, at this moment: put and not yet done.
    pub fn unfinished(&self) -> Result<usize, Error> {
        Ok(self.lock()?.unfinished)
    }

    /// The limit, as it was given.
    pub fn maxsize(&self) -> Result<i64, Error> {
        Ok(self.lock()?.maxsize)
    }

    /// Changes the limit. Items beyond it stay; putters that fit now are let in, in their order.
    pub fn set_maxsize(&self, maxsize: i64) -> Result<(), Error> {
        let mut state = self.lock()?;
        state.maxsize = maxsize;
        // Notified with the mutex held, because the queue must not be seen between one and the next: there would be
        // room while putters wait. None of them needs the mutex to go on.
        while let Some((putter, notice)) = state.admit() {
            putter.notify(notice);
        }
        Ok(())
    }

    /// Whether it has been shut down.
    pub fn is_shut_down(&self) -> Result<bool, Error> {
        Ok(self.lock()?.shut_down)
    }

    /// Ends it: puts are refused from now on, gets as soon as no item is left. `immediate` gives back what is left now, each
    /// item as a task done.
    pub fn shutdown(&self, immediate: bool) -> Result<(), Error> {
        let mut state = self.lock()?;
        state.shut_down = true;
        // Whoever waits to get has found no item, and none will come.
        let sent_away = [state.putters.take_all(), state.getters.take_all()];
        let drained = immediate.then(|| state.items.take());
        let done = drained.as_ref().map_or(0, Items::len);
        // Tasks may have been called done while their items were still in.
        state.unfinished = state.unfinished.saturating_sub(done);
        let joiners = state.finish();
        drop(state);
        for waiters in sent_away {
            waiters.notify_all(Notice::new(SENT_AWAY));
        }
        if let Some(joiners) = joiners {
            joiners.notify_all(Notice::new(SERVED));
        }
        drop(drained);
        Ok(())
    }

    /// Ends all use of it and gives back the items left, before it returns: `Busy` if threads wait.
    pub fn close(&self) -> Result<(), Error> {
        let mut state = self.lock()?;
        if ![&state.putters, &state.getters, &state.joiners].into_iter().all(WaitList::is_empty) {
            return Err(Error::Busy);
        }
        state.closed = true;
        let left = state.items.take();
        drop(state);
        drop(left);
        Ok(())
    }
}
