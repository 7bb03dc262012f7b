//! Queues: Python's `queue.Queue`, `LifoQueue`, `PriorityQueue`, `SimpleQueue`.
//!
//! A queue is in one of two modes:
//!
//! ```text
//! fast   nobody waits, and it is open       put and get are a compare-and-swap each, on the chain; no lock
//! slow   someone waits, or it is shut down  the chain is frozen; one mutex guards everything
//! ```
//!
//! A queue that is not first in, first out is always slow: its items lie in the mutex. In the slow mode three lists of threads
//! wait: putters for room, getters for an item, joiners for the count of unfinished tasks to reach 0 (these in the fast
//! mode, too). Whenever the mutex is free, a row of this table holds:
//!
//! ```text
//! items            putters   getters   mode
//! any              none      none      fast, or slow where it is always so
//! none             none      some      slow
//! full             some      none      slow
//! any, shut down   none      none      slow
//! ```
//!
//! Nobody is blocked who could go on. Items are handed over for that: a put that finds getters gives its item to the
//! first of them, and whoever makes room takes the first putter's item in, all in one hold of the mutex. So those who
//! wait are served in the order in which they came, however the scheduler lets them run afterwards, and a newcomer cannot
//! overtake them: while putters wait it finds the queue full, while getters wait it finds it empty. To wake a waiter and let
//! it try again would be simpler; a newcomer could then take the item or the room in between.
//!
//! From fast to slow: whoever has to wait takes the mutex, freezes the chain, and looks once more; only if there is still no item (or
//! room) does it join the list. So a put or a get comes before the freeze, and the look finds what it did; or after, and it finds
//! the chain frozen, and comes to the mutex. No wake-up is lost. Back to fast: whoever lets the mutex go, and leaves no one waiting.
//!
//! Each step in the slow mode keeps the table: a put adds an item only if no getter waits and the queue is not full. A get that makes
//! room for one lets one putter's item in. `set_maxsize` lets in as many as fit. `shutdown` sends everybody away. A waiter whose
//! time is over only makes its list shorter, and so does a fork, whose child has none of the waiters (the lists know; nothing counts
//! waiters beside them).
//!
//! A waiter believes its notice and does not look at the state again, which may be another by then.
//!
//! Ordering: an item travels through its slot, under the mutex, or with a notice (Release to Acquire): what a thread did before its
//! put is seen by whoever gets the item; likewise task_done and join.
//!
//! User code runs without the mutex: `item_free` after all notices that are owed have been given; a priority queue's `compare` while the
//! queue is BUSY ([`locked`]).

mod block;
mod chain;
mod count;
mod heap;
mod locked;
#[cfg(all(test, not(loom)))]
mod tests;

use crate::callback::{CompareFn, FreeFn};
use crate::identity::{self, Identified};
use crate::park::{Deadline, Mutex, MutexGuard, Timeout, WaitList, spin_until};
use crate::status::Error;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sys::fork;
use crate::sys::token::token;
use chain::{Chain, Get, Mode, Put};
use core::ffi::c_void;
use count::Count;
use heap::{Compare, Heap};
use locked::{NO_MEMORY, SENT_AWAY, SERVED};

/// What queues carry: a pointer of the user's. It may be NULL, and pirn never looks behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Item(pub *mut c_void);

// SAFETY: a pointer's value goes from thread to thread; what may be done with it is between who puts and who gets it.
unsafe impl Send for Item {}

/// In which order items come out, and where they are meanwhile.
enum Order {
    /// In the chain.
    Fifo,
    Lifo(Vec<Item>),
    Priority(Heap),
}

/// What the mutex guards. Of the rest of a queue the chain is the mutex holder's while it is frozen.
struct State {
    order: Order,
    /// As it was given; 0 and less mean no limit.
    maxsize: i64,
    item_free: Option<FreeFn>,
    shut_down: bool,
    /// Freed: calls that found the queue before it was freed, but come here after, are refused.
    closed: bool,
    putters: WaitList,
    getters: WaitList,
    joiners: WaitList,
    /// The token of the thread that is comparing items, which nobody may add or remove meanwhile.
    busy: Option<usize>,
    /// Those who wait until it is done.
    turns: WaitList,
}

/// A queue that any number of threads put items in and get items out of.
///
/// All calls return `InvalidHandle` once the queue has been [closed](Queue::close). Inside a priority queue's `compare` all calls on it
/// but `size`, `is_empty` and `is_full` return `Deadlock`, and `close` `Busy`.
pub struct Queue {
    chain: Chain,
    count: Count,
    id: u64,
    is_simple: bool,
    /// How many items make it full, for fast puts; the maximum if none do.
    limit: AtomicU64,
    /// The fork epoch that the chain belongs to.
    epoch: AtomicU32,
    state: Mutex<State>,
}

// SAFETY: the chain's blocks are reached as `chain` says; the rest is guarded by the mutex or atomic.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

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

/// A poll that would have had to wait, as the `try_` calls say it.
fn would_block(error: Error) -> Error {
    if error == Error::TimedOut { Error::WouldBlock } else { error }
}

fn limit_of(maxsize: i64) -> u64 {
    if maxsize > 0 { maxsize as u64 } else { u64::MAX }
}

impl Queue {
    fn with(order: Order, maxsize: i64, is_simple: bool) -> Queue {
        let state = State {
            order,
            maxsize,
            item_free: None,
            shut_down: false,
            closed: false,
            putters: WaitList::new(),
            getters: WaitList::new(),
            joiners: WaitList::new(),
            busy: None,
            turns: WaitList::new(),
        };
        Queue {
            chain: Chain::new(),
            count: Count::new(),
            id: identity::next(),
            is_simple,
            limit: AtomicU64::new(limit_of(maxsize)),
            epoch: AtomicU32::new(fork::epoch()),
            state: Mutex::new(state),
        }
    }

    /// An empty queue, first in first out, for at most `maxsize` items; 0 and less mean no limit. Python: `queue.Queue`.
    pub fn new(maxsize: i64) -> Queue {
        Queue::with(Order::Fifo, maxsize, false)
    }

    /// An empty queue, last in first out. Python: `queue.LifoQueue`.
    pub fn lifo(maxsize: i64) -> Queue {
        Queue::with(Order::Lifo(Vec::new()), maxsize, false)
    }

    /// An empty queue that gives out the lowest item first, by `compare`; equal ones first in first out. Python:
    /// `queue.PriorityQueue`.
    ///
    /// # Safety
    /// `compare` may be called with any two items of the queue and `context`, on any thread.
    pub unsafe fn priority(maxsize: i64, compare: CompareFn, context: *mut c_void) -> Queue {
        let compare = Compare { function: compare, context };
        Queue::with(Order::Priority(Heap::new(compare)), maxsize, false)
    }

    /// An empty queue, first in first out, without a limit, that counts no tasks. Python: `queue.SimpleQueue`.
    pub fn simple() -> Queue {
        Queue::with(Order::Fifo, 0, true)
    }

    fn refuse_simple(&self) -> Result<(), Error> {
        if self.is_simple { Err(Error::Unsupported) } else { Ok(()) }
    }

    /// Whether the chain is from after the last fork. If not, what other threads left half done is to be put right first.
    #[inline]
    fn is_current(&self) -> bool {
        // Acquire pairs with the store in `glance`: the chain was put right.
        self.epoch.load(Ordering::Acquire) == fork::epoch()
    }

    fn in_chain(&self) -> impl Fn() -> u64 + '_ {
        || self.chain.put_so_far()
    }

    /// Holds the mutex, for a look; someone may be comparing items, and the chain may not be frozen.
    fn glance(&self) -> Result<MutexGuard<'_, State>, Error> {
        let mut state = self.state.lock();
        if !self.is_current() {
            // The mutex is never held across a fork. Whoever compared went with its thread.
            state.busy = state.busy.filter(|&thread| thread == fork::survivor());
            self.chain.freeze_after_fork();
            self.chain.repair();
            self.count.repair(self.in_chain());
            self.epoch.store(fork::epoch(), Ordering::Release);
        }
        if state.closed { Err(Error::InvalidHandle) } else { Ok(state) }
    }

    /// How many putters, getters and joiners wait. Tests await this instead of a time.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn waiting(&self) -> [usize; 3] {
        let state = self.state.lock();
        [state.putters.len(), state.getters.len(), state.joiners.len()]
    }

    /// Says how items are given back that nobody got: those in the queue when it ends, or is shut down at once. None: not at all.
    ///
    /// # Safety
    /// From now on `item_free` may be called once, on any thread, with each item that is in the queue or is put into it.
    pub unsafe fn set_item_free(&self, item_free: Option<FreeFn>) -> Result<(), Error> {
        self.lock(Deadline::NEVER)?.item_free = item_free;
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

    /// Puts an item in if that takes neither a lock nor a wait.
    #[inline(always)]
    fn put_fast(&self, item: Item) -> Put {
        if !self.is_current() {
            return Put::Frozen;
        }
        self.chain.put(item, self.limit.load(Ordering::Relaxed), Mode::Fast)
    }

    /// Puts an item in if nothing stands in the way. None says nothing about what does; `WouldBlock` that there is no room.
    #[inline(always)]
    pub fn put_at_once(&self, item: Item) -> Option<Result<(), Error>> {
        match self.put_fast(item) {
            Put::Done => Some(Ok(())),
            Put::Full => Some(Err(Error::WouldBlock)),
            Put::NoMemory | Put::Frozen => None,
        }
    }

    /// Puts an item in, waiting for room until `deadline`: `TimedOut`, `ShutDown`, `NoMemory`.
    pub fn put_until(&self, item: Item, deadline: Deadline) -> Result<(), Error> {
        match self.put_fast(item) {
            Put::Done => Ok(()),
            Put::NoMemory => Err(Error::NoMemory),
            Put::Full => self.put_to_full(item, deadline),
            Put::Frozen => self.put_slowly(item, deadline, false),
        }
    }

    #[cold]
    fn put_to_full(&self, item: Item, deadline: Deadline) -> Result<(), Error> {
        loop {
            if deadline.has_passed() {
                return Err(Error::TimedOut);
            }
            let limit = || self.limit.load(Ordering::Relaxed);
            if !spin_until(|| self.chain.may_have_room(limit())) {
                return self.put_slowly(item, deadline, true);
            }
            match self.chain.put(item, limit(), Mode::Fast) {
                Put::Done => return Ok(()),
                Put::NoMemory => return Err(Error::NoMemory),
                Put::Full => {}
                Put::Frozen => return self.put_slowly(item, deadline, true),
            }
        }
    }

    #[cold]
    fn put_slowly(&self, item: Item, deadline: Deadline, has_spun: bool) -> Result<(), Error> {
        let mut locked = self.lock(deadline)?;
        if locked.shut_down {
            return Err(Error::ShutDown);
        }
        if let Some(getter) = locked.getters.pop_front() {
            self.count.put_beside();
            locked.prepare();
            drop(locked);
            getter.notify(SERVED.with(item));
            return Ok(());
        }
        if !locked.is_full() {
            return locked.push(item);
        }
        if deadline == Deadline::PASSED {
            return Err(Error::TimedOut);
        }
        locked.wait(deadline, item, has_spun, |state| &mut state.putters).map(drop)
    }

    /// Takes the next item out, waiting for one: `ShutDown`.
    pub fn get(&self) -> Result<Item, Error> {
        self.get_until(Deadline::NEVER)
    }

    /// Takes the next item out if there is one: `WouldBlock`, `ShutDown`.
    pub fn try_get(&self) -> Result<Item, Error> {
        self.get_until(Deadline::PASSED).map_err(would_block)
    }

    /// Takes the next item out, waiting for one at most so long: `TimedOut`, `ShutDown`.
    pub fn get_timeout(&self, timeout: Timeout) -> Result<Item, Error> {
        self.get_until(timeout.deadline())
    }

    /// Takes the next item out if that takes neither a lock nor a wait.
    #[inline(always)]
    fn get_fast(&self) -> Get {
        if self.is_current() { self.chain.get(Mode::Fast) } else { Get::Frozen }
    }

    /// Takes the next item out if nothing stands in the way. None says nothing about what does; `WouldBlock` that there is no item.
    #[inline(always)]
    pub fn get_at_once(&self) -> Option<Result<Item, Error>> {
        match self.get_fast() {
            Get::Item(item) => Some(Ok(item)),
            Get::Empty => Some(Err(Error::WouldBlock)),
            Get::Frozen => None,
        }
    }

    /// Takes the next item out, waiting for one until `deadline`: `TimedOut`, `ShutDown`.
    pub fn get_until(&self, deadline: Deadline) -> Result<Item, Error> {
        match self.get_fast() {
            Get::Item(item) => Ok(item),
            Get::Empty => self.get_from_empty(deadline),
            Get::Frozen => self.get_slowly(deadline, false),
        }
    }

    #[cold]
    fn get_from_empty(&self, deadline: Deadline) -> Result<Item, Error> {
        loop {
            if deadline.has_passed() {
                return Err(Error::TimedOut);
            }
            if !spin_until(|| self.chain.may_have_an_item()) {
                return self.get_slowly(deadline, true);
            }
            match self.chain.get(Mode::Fast) {
                Get::Item(item) => return Ok(item),
                Get::Empty => {}
                Get::Frozen => return self.get_slowly(deadline, true),
            }
        }
    }

    #[cold]
    fn get_slowly(&self, deadline: Deadline, has_spun: bool) -> Result<Item, Error> {
        let mut locked = self.lock(deadline)?;
        if let Some(item) = locked.pop() {
            // If any putters wait the queue was full, and has room for one now. Without memory for it they go.
            let mut admitted = locked.admit();
            while let Some((putter, notice)) = admitted.take_if(|(_, notice)| NO_MEMORY == *notice) {
                putter.notify(notice);
                admitted = locked.admit();
            }
            drop(locked);
            if let Some((putter, notice)) = admitted {
                putter.notify(notice);
            }
            return Ok(item);
        }
        if locked.shut_down {
            return Err(Error::ShutDown);
        }
        if deadline == Deadline::PASSED {
            return Err(Error::TimedOut);
        }
        locked.wait(deadline, Item(core::ptr::null_mut()), has_spun, |state| &mut state.getters)
    }

    /// [`task_done`](Queue::task_done) if nothing stands in the way; false says nothing about what does.
    #[inline(always)]
    pub fn task_done_at_once(&self) -> bool {
        !self.is_simple && self.is_open_to_all() && self.count.task_done(self.in_chain())
    }

    /// Says that an item which was put in is done with: `OverRelease` if none is unfinished.
    pub fn task_done(&self) -> Result<(), Error> {
        self.refuse_simple()?;
        if self.task_done_at_once() {
            return Ok(());
        }
        let mut locked = self.lock(Deadline::NEVER)?;
        let finished = self.count.finish(1, false, self.in_chain()).ok_or(Error::OverRelease)?;
        let joiners = finished.then(|| locked.joiners.take_all());
        drop(locked);
        if let Some(joiners) = joiners {
            joiners.notify_all(SERVED.into());
        }
        Ok(())
    }

    /// Whether calls need not come by the mutex: not after a fork, and not where a `compare` of the caller's may be under way.
    fn is_open_to_all(&self) -> bool {
        self.is_current() && !self.chain.is_always_frozen()
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
        self.refuse_simple()?;
        if self.is_open_to_all() && self.count.is_finished(self.in_chain()) {
            return Ok(());
        }
        let locked = self.lock(deadline)?;
        if self.count.unfinished(self.in_chain()) == 0 {
            return Ok(());
        }
        if deadline == Deadline::PASSED {
            return Err(Error::TimedOut);
        }
        if !self.count.announce_joiner(self.in_chain()) {
            return Ok(());
        }
        locked.wait(deadline, Item(core::ptr::null_mut()), false, |state| &mut state.joiners).map(drop)
    }

    /// How many items are in it, at this moment.
    pub fn size(&self) -> Result<usize, Error> {
        Ok(self.glance()?.len(&self.chain))
    }

    /// Whether it is empty, at this moment.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.size()? == 0)
    }

    /// Whether a put would have to wait, at this moment. Never so without a limit.
    pub fn is_full(&self) -> Result<bool, Error> {
        Ok(self.glance()?.is_full(&self.chain))
    }

    /// How many tasks are unfinished, at this moment: put and not yet done.
    pub fn unfinished(&self) -> Result<usize, Error> {
        self.refuse_simple()?;
        let _state = self.glance_outside_compare()?;
        Ok(self.count.unfinished(self.in_chain()) as usize)
    }

    /// The limit, as it was given.
    pub fn maxsize(&self) -> Result<i64, Error> {
        Ok(self.glance_outside_compare()?.maxsize)
    }

    /// Changes the limit. Items beyond it stay; putters that fit now are let in, in their order. A put that is under way meanwhile may still
    /// go by the old one.
    pub fn set_maxsize(&self, maxsize: i64) -> Result<(), Error> {
        self.refuse_simple()?;
        let mut locked = self.lock(Deadline::NEVER)?;
        locked.maxsize = maxsize;
        self.limit.store(limit_of(maxsize), Ordering::Relaxed);
        // Notified with the mutex held, because the queue must not be seen between one and the next: there would be
        // room while putters wait. None of them needs the mutex to go on.
        while let Some((putter, notice)) = locked.admit() {
            putter.notify(notice);
        }
        Ok(())
    }

    /// Whether it has been shut down.
    pub fn is_shut_down(&self) -> Result<bool, Error> {
        Ok(self.glance_outside_compare()?.shut_down)
    }

    /// Ends it: puts are refused from now on, gets as soon as no item is left. `immediate` gives back what is left now, each
    /// item as a task done.
    pub fn shutdown(&self, immediate: bool) -> Result<(), Error> {
        let mut locked = self.lock(Deadline::NEVER)?;
        locked.shut_down = true;
        // Whoever waits to get has found no item, and none will come.
        let sent_away = [locked.putters.take_all(), locked.getters.take_all()];
        let left = immediate.then(|| locked.take_items());
        // Tasks may have been called done while their items were still in.
        let done = left.as_ref().map_or(0, |left| left.len());
        let finished = self.count.finish(done, true, self.in_chain()) == Some(true);
        let joiners = finished.then(|| locked.joiners.take_all());
        drop(locked);
        for waiters in sent_away {
            waiters.notify_all(SENT_AWAY.into());
        }
        if let Some(joiners) = joiners {
            joiners.notify_all(SERVED.into());
        }
        drop(left);
        Ok(())
    }

    /// Ends all use of it and gives back the items left, before it returns: `Busy` if threads wait.
    pub fn close(&self) -> Result<(), Error> {
        let mut locked =
            self.lock(Deadline::NEVER).map_err(|error| if error == Error::Deadlock { Error::Busy } else { error })?;
        if ![&locked.putters, &locked.getters, &locked.joiners].into_iter().all(WaitList::is_empty) {
            return Err(Error::Busy);
        }
        locked.closed = true;
        self.count.close();
        let left = locked.take_items();
        drop(locked);
        drop(left);
        Ok(())
    }

    /// [`glance`](Queue::glance), for what `compare` may not ask: `Deadlock`.
    fn glance_outside_compare(&self) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.glance()?;
        if state.busy == Some(token()) { Err(Error::Deadlock) } else { Ok(state) }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // Gives back what is left, unless it was closed.
        let _ = self.close();
    }
}
