//! The slow mode: one thread at a time has the queue.
//!
//! It has it by the mutex, but for the time in which a priority queue's `compare` runs. The mutex is not held then (user code may take
//! long, call pirn, fork); the queue is BUSY instead: `busy` names the thread, and whoever wants to do more than look waits
//! in line at `turns`. Only who compares adds or removes items, so it finds the queue as it left it, but for waiters whose time is over.
//!
//! No turn is lost: who finds the queue busy joins the line under the mutex, and who lets the mutex go with the queue not busy
//! wakes the first in line. That one may find a newcomer busy, and then waits at the head of the line for the newcomer to
//! let go in the same way.

use super::chain::{Get, Mode, Put, Rest};
use super::heap::View;
use super::{Item, Order, Queue, State, limit_of};
use crate::callback::{Arg, FreeFn};
use crate::park::{Deadline, Mutex, MutexGuard, Notice, Notifier, Turn, Wait, WaitList, Wake};
use crate::status::Error;
use crate::sys::token::token;
use core::ops::{Deref, DerefMut};

/// What a notice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(u32);

/// The putter's item is in, the getter has its item, the joiner's count was 0.
pub(super) const SERVED: Code = Code(1);
/// The queue was shut down.
pub(super) const SENT_AWAY: Code = Code(2);
/// There was room for the putter's item, but no memory.
pub(super) const NO_MEMORY: Code = Code(3);
/// Look again whether the queue is busy.
const YOUR_TURN: Code = Code(4);

impl Code {
    /// The notice that also hands an item over.
    pub fn with(self, item: Item) -> Notice {
        Notice::with_item(self.0, item.0)
    }
}

impl PartialEq<Notice> for Code {
    fn eq(&self, notice: &Notice) -> bool {
        self.0 == notice.code()
    }
}

impl From<Code> for Notice {
    fn from(code: Code) -> Notice {
        Notice::new(code.0)
    }
}

impl State {
    pub(super) fn len(&self, chain: &super::Chain) -> usize {
        match &self.order {
            Order::Fifo => chain.len() as usize,
            Order::Lifo(items) => items.len(),
            Order::Priority(heap) => heap.len(),
        }
    }

    pub(super) fn is_full(&self, chain: &super::Chain) -> bool {
        self.maxsize > 0 && self.len(chain) as u64 >= limit_of(self.maxsize)
    }
}

/// The right to all of the queue. Ends with the fast mode if nobody waits.
pub(super) struct Locked<'a> {
    queue: &'a Queue,
    /// None while comparing, and when the right has been passed on.
    state: Option<MutexGuard<'a, State>>,
}

impl Deref for Locked<'_> {
    type Target = State;
    fn deref(&self) -> &State {
        self.state.as_ref().expect("held but while comparing")
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.state.as_mut().expect("held but while comparing")
    }
}

impl Queue {
    /// Waits for its turn, at most until the deadline: `TimedOut`; but a poll as long as it takes, since comparing is not what it
    /// means not to wait for. `Deadlock` from inside `compare`.
    pub(super) fn lock(&self, deadline: Deadline) -> Result<Locked<'_>, Error> {
        let mut state = self.glance()?;
        let mut turn = Turn::Last;
        while let Some(busy) = state.busy {
            if busy == token() {
                return Err(Error::Deadlock);
            }
            let deadline = if deadline == Deadline::PASSED { Deadline::NEVER } else { deadline };
            match Mutex::wait_as(state, Wait::until(deadline).in_turn(turn), |state| &mut state.turns) {
                Wake::TimedOut(_) => return Err(Error::TimedOut),
                Wake::Notified(_) => state = self.glance()?,
            }
            turn = Turn::First;
        }
        if matches!(state.order, Order::Fifo) {
            self.chain.freeze();
        }
        Ok(Locked { queue: self, state: Some(state) })
    }
}

impl<'a> Locked<'a> {
    pub fn is_full(&self) -> bool {
        State::is_full(self, &self.queue.chain)
    }

    /// Runs `search` on the heap while the queue is busy.
    fn search<T>(&mut self, search: impl FnOnce(View) -> T) -> Option<T> {
        let Order::Priority(heap) = &self.order else { return None };
        let view = heap.view();
        self.busy = Some(token());
        self.state = None;
        let found = search(view);
        self.state = Some(self.queue.state.lock());
        self.busy = None;
        Some(found)
    }

    /// So that the fast mode can begin, if there is memory.
    pub fn prepare(&mut self) {
        if matches!(self.order, Order::Fifo) {
            let _ = self.queue.chain.prepare();
        }
    }

    /// Adds an item: `NoMemory`.
    pub fn push(&mut self, item: Item) -> Result<(), Error> {
        match &mut self.order {
            Order::Fifo => {
                self.queue.chain.prepare()?;
                return match self.queue.chain.put(item, u64::MAX, Mode::Slow) {
                    Put::Done => Ok(()),
                    Put::NoMemory => Err(Error::NoMemory),
                    refused => unreachable!("{refused:?}"),
                };
            }
            Order::Lifo(items) => {
                items.try_reserve(1).map_err(|_| Error::NoMemory)?;
                items.push(item);
            }
            Order::Priority(heap) => {
                heap.reserve()?;
                let place = self.search(|heap| heap.place_for(item));
                if let (Order::Priority(heap), Some(place)) = (&mut self.order, place) {
                    heap.insert(item, place);
                }
            }
        }
        self.queue.count.put_beside();
        Ok(())
    }

    /// Takes the item out whose turn it is.
    pub fn pop(&mut self) -> Option<Item> {
        match &mut self.order {
            Order::Fifo => match self.queue.chain.get(Mode::Slow) {
                Get::Item(item) => Some(item),
                _ => None,
            },
            Order::Lifo(items) => items.pop(),
            Order::Priority(_) => {
                let way = self.search(|heap| heap.way())?;
                let Order::Priority(heap) = &mut self.order else { return None };
                heap.remove_first(&way)
            }
        }
    }

    /// Takes the first putter's item in if there is room. The putter is owed the notice.
    pub fn admit(&mut self) -> Option<(Notifier, Notice)> {
        if self.is_full() {
            return None;
        }
        let putter = self.putters.pop_front()?;
        let added = self.push(Item(putter.item()));
        Some((putter, if added.is_ok() { SERVED } else { NO_MEMORY }.into()))
    }

    /// Takes all items out, of a queue that takes no more.
    pub fn take_items(&mut self) -> Left<'a> {
        let item_free = self.item_free;
        let items = match &mut self.order {
            Order::Fifo => Items::Chain(self.queue.chain.take_all()),
            Order::Lifo(items) => Items::Vec(core::mem::take(items)),
            Order::Priority(heap) => Items::Vec(heap.take_all()),
        };
        Left { items, item_free }
    }

    /// Waits on the list that `list` picks, with an item to give; returns the one handed over, if any.
    pub fn wait(
        mut self,
        deadline: Deadline,
        item: Item,
        has_spun: bool,
        list: impl Fn(&mut State) -> &mut WaitList,
    ) -> Result<Item, Error> {
        let wait = Wait::until(deadline).with_item(item.0);
        let wait = if has_spun { wait.asleep() } else { wait };
        self.pass_the_turn();
        // Whoever waits for its turn or for room is on a list: the chain stays frozen for that. Joiners wait in either mode.
        let may_thaw = core::ptr::eq(list(&mut self), &self.joiners);
        if may_thaw {
            self.thaw_if_idle();
        }
        let queue = self.queue;
        let Some(state) = self.state.take() else { return Err(Error::Internal) };
        match Mutex::wait_as(state, wait, list) {
            Wake::TimedOut(state) => {
                // Put in order by the drop.
                drop(Locked { queue, state: Some(state) });
                Err(Error::TimedOut)
            }
            Wake::Notified(notice) => match Code(notice.code()) {
                SERVED => Ok(Item(notice.item())),
                SENT_AWAY => Err(Error::ShutDown),
                NO_MEMORY => Err(Error::NoMemory),
                code => unreachable!("{code:?}"),
            },
        }
    }

    /// Wakes the first of those who wait for the queue not to be busy.
    fn pass_the_turn(&mut self) {
        if self.busy.is_none()
            && let Some(next) = self.turns.pop_front()
        {
            next.notify(YOUR_TURN.into());
        }
    }

    fn thaw_if_idle(&mut self) {
        let is_idle = !self.shut_down && !self.closed && self.putters.is_empty() && self.getters.is_empty();
        if is_idle && matches!(self.order, Order::Fifo) {
            self.queue.chain.thaw();
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.state.is_none() {
            return;
        }
        self.pass_the_turn();
        if self.closed {
            // They find that out one by one.
            while let Some(next) = self.turns.pop_front() {
                next.notify(YOUR_TURN.into());
            }
        }
        self.thaw_if_idle();
    }
}

enum Items<'a> {
    Chain(Rest<'a>),
    Vec(Vec<Item>),
}

/// Items that nobody got. Dropped, which is done without the mutex, they are given back to the user.
pub(super) struct Left<'a> {
    items: Items<'a>,
    item_free: Option<FreeFn>,
}

impl Left<'_> {
    pub fn len(&self) -> u64 {
        match &self.items {
            Items::Chain(rest) => rest.len(),
            Items::Vec(items) => items.len() as u64,
        }
    }
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        let Some(item_free) = self.item_free else { return };
        // SAFETY: `set_item_free`'s promise; an item leaves the queue once.
        let free = |item: Item| drop(unsafe { Arg::new(item.0, Some(item_free)) });
        match &mut self.items {
            Items::Chain(rest) => rest.for_each(free),
            Items::Vec(items) => items.drain(..).for_each(free),
        }
    }
}
