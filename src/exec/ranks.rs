//! Ranks: tasks with a priority, and the tickets that stand for them in the lanes.
//!
//! A task of priority 0 is in a lane itself. One with another is here, and a *ticket* in a lane: so there is an entry in the lanes
//! for each task, and all that is proven about lanes and sleepers holds for tasks with priorities, too.
//!
//! ```text
//! above   the tasks above 0; tickets in any lane      below   those below 0; tickets in the last lane,
//!                                                             which is looked at when all others are empty
//! ```
//!
//! Who takes a ticket out of a lane takes the best task there is instead. Who takes a task itself while there are tasks above
//! takes the best of those, and leaves its own here, as one of priority 0: the ticket of the other stands for it now. As long
//! as there is such a one the tasks that come out of the lanes later go the same way behind it, and so keep their order.
//!
//! What was withdrawn stays until it is its turn, or until what has come since is as much as is there. Its ticket is left over,
//! and stands for the next task that comes: so there are never fewer tickets than tasks, nor more than there once were tasks. One
//! that finds nothing is thrown away.

use super::entry::Entry;
use super::lane::Withdrawable;
use crate::park::Mutex;
use crate::status::Error;
use core::cmp::Reverse;
use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::{BTreeMap, VecDeque};

/// Fewer are not looked through for what has been withdrawn.
const SWEEP_AT_LEAST: usize = 64;

#[derive(Debug, Default)]
struct Tasks {
    /// In the order of their submits, by priority. No queue is empty.
    by_priority: BTreeMap<Reverse<i32>, VecDeque<Entry>>,
    count: usize,
    sweep_at: usize,
    /// How many tickets are in the lanes, or in a worker's hand: `count` at least.
    tickets: usize,
}

impl Tasks {
    /// Makes room for so many more, one at least: `NoMemory`. They are pushed next.
    fn make_room(&mut self, priority: i32, count: usize) -> Result<(), Error> {
        if self.count >= self.sweep_at.max(SWEEP_AT_LEAST) {
            self.by_priority.values_mut().for_each(|queue| queue.retain(Entry::is_pending));
            self.by_priority.retain(|_, queue| !queue.is_empty());
            self.count = self.by_priority.values().map(VecDeque::len).sum();
            self.sweep_at = 2 * self.count;
        }
        let queue = self.by_priority.entry(Reverse(priority)).or_default();
        let room = queue.try_reserve(count).map_err(|_| Error::NoMemory);
        if queue.is_empty() && room.is_err() {
            self.by_priority.remove(&Reverse(priority));
        }
        room
    }

    /// Appends a task for which room was made.
    fn push(&mut self, priority: i32, entry: Entry) {
        self.by_priority.entry(Reverse(priority)).or_default().push_back(entry);
        self.count += 1;
    }

    /// As `push`: whether the task needs a ticket, because none is left over.
    fn push_with_ticket(&mut self, priority: i32, entry: Entry) -> bool {
        self.push(priority, entry);
        let is_needed = self.tickets < self.count;
        self.tickets += usize::from(is_needed);
        is_needed
    }

    /// A ticket has been taken out of a lane. (Those that others have in their hands while everything is taken count no longer.)
    fn use_ticket(&mut self) {
        self.tickets = self.tickets.saturating_sub(1);
    }

    /// The best one that has not been withdrawn.
    fn pop(&mut self) -> Option<Entry> {
        while let Some(mut best) = self.by_priority.first_entry() {
            let entry = best.get_mut().pop_front();
            if best.get().is_empty() {
                best.remove();
            }
            self.count -= 1;
            if let Some(entry) = entry.filter(Entry::is_pending) {
                return Some(entry);
            }
        }
        None
    }
}

/// The tasks with a priority.
#[derive(Debug)]
pub(super) struct Ranks {
    /// Whether there are tasks above. A look that is out of date only means that one was submitted a moment too late.
    any_above: AtomicBool,
    above: Mutex<Tasks>,
    below: Mutex<Tasks>,
}

impl Ranks {
    pub fn new() -> Ranks {
        let [above, below] = [(); 2].map(|()| Mutex::new(Tasks::default()));
        Ranks { any_above: AtomicBool::new(false), above, below }
    }

    /// Takes tasks of a priority other than 0 in, all or none: `NoMemory`. `submit` gets what is to be put into a lane for each; None if
    /// what is there stands for it. That will be found in its turn, as the task that it was put there for would have been.
    #[cold]
    pub fn rank(
        &self,
        priority: i32,
        tasks: impl ExactSizeIterator<Item = Entry>,
        mut submit: impl FnMut(Option<Entry>),
    ) -> Result<(), Error> {
        if tasks.len() == 0 {
            return Ok(());
        }
        let is_above = priority > 0;
        let mut ranked = if is_above { &self.above } else { &self.below }.lock();
        ranked.make_room(priority, tasks.len())?;
        for task in tasks {
            let is_needed = ranked.push_with_ticket(priority, task);
            submit(is_needed.then_some(if is_above { Entry::TicketAbove } else { Entry::TicketBelow }));
        }
        if is_above {
            self.any_above.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether an entry that is no ticket is to be exchanged, too.
    #[inline]
    pub fn any_above(&self) -> bool {
        self.any_above.load(Ordering::Relaxed)
    }

    /// What is to be run for an entry that was taken out of a lane: no ticket. None for a ticket whose task was withdrawn.
    pub fn exchange(&self, entry: Entry) -> Option<Entry> {
        if matches!(entry, Entry::TicketBelow) {
            let mut below = self.below.lock();
            below.use_ticket();
            return below.pop();
        }
        let mut above = self.above.lock();
        match entry {
            Entry::TicketAbove => above.use_ticket(),
            // Without memory to keep it in it is run now, and what is above a moment later.
            entry if above.make_room(0, 1).is_err() => return Some(entry),
            entry => above.push(0, entry),
        }
        let best = above.pop();
        self.any_above.store(above.count > 0, Ordering::Relaxed);
        best
    }

    /// Takes everything.
    pub fn take_all(&self) -> impl Iterator<Item = Entry> + use<> {
        let all = [&self.above, &self.below].map(|tasks| core::mem::take(&mut *tasks.lock()));
        all.into_iter().flat_map(|tasks| tasks.by_priority.into_values().flatten())
    }
}
