//! Backlog: how many tasks wait, where the executor has a bound for that, and the submitters that wait for room.
//!
//! A submitter is admitted before it queues anything, and counts from then on; a task counts until it is started or withdrawn.
//! While there is room, and nobody waits for it, one is admitted at once. Else it waits, and who makes room admits the first in
//! line, and counts its first task for it: so they are served in the order in which they came, and nobody overtakes them.
//!
//! No wake-up is lost: a submitter looks at the count and joins the list under the lock under which the count goes down and the bound
//! changes. Once the backlog is closed everyone is admitted: the lanes refuse what they bring.
//!
//! Several tasks that come together are admitted together, as soon as there is room for one: they may be more than the bound.

use crate::park::{Deadline, Mutex, MutexGuard, Notice, Notifier, WaitList, Wake};
use crate::status::Error;
use crate::sys::atomic::{AtomicUsize, Ordering};

const ADMITTED: Notice = Notice::new(1);

/// How many are admitted in one hold of the lock.
const AT_ONCE: usize = if cfg!(loom) { 1 } else { 16 };

/// How long a submitter waits for room.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// Not at all: `WouldBlock`.
    None,
    /// Until then: `TimedOut`.
    Until(Deadline),
}

/// The tasks that wait.
pub struct Backlog {
    /// 0 for none. Changes under the lock of `room`, so that nobody waits for room that there is.
    bound: AtomicUsize,
    room: Mutex<Room>,
}

struct Room {
    queued: usize,
    closed: bool,
    submitters: WaitList,
}

impl Backlog {
    pub fn new(bound: usize) -> Backlog {
        let room = Mutex::new(Room { queued: 0, closed: false, submitters: WaitList::new() });
        Backlog { bound: AtomicUsize::new(bound), room }
    }

    /// The bound, or 0.
    #[inline]
    pub fn bound(&self) -> usize {
        self.bound.load(Ordering::Relaxed)
    }

    /// Sets it. Before the first submit, but others may be about to make that, and wait for room already.
    pub fn set_bound(&self, bound: usize) {
        let room = self.room.lock();
        self.bound.store(bound, Ordering::Relaxed);
        self.admit_waiting(room);
    }

    fn is_room(&self, room: &Room) -> bool {
        let bound = self.bound();
        room.closed || bound == 0 || room.queued < bound
    }

    /// Waits until `count` tasks, one at least, may be queued, and counts them: `WouldBlock`, `TimedOut`.
    pub fn admit(&self, count: usize, patience: Patience) -> Result<(), Error> {
        let mut room = self.room.lock();
        if room.closed || (self.is_room(&room) && room.submitters.is_empty()) {
            room.queued += count;
            return Ok(());
        }
        let Patience::Until(deadline) = patience else { return Err(Error::WouldBlock) };
        match Mutex::wait(room, deadline, |room| &mut room.submitters) {
            Wake::Notified(_) => self.admit_anyway(count - 1),
            Wake::TimedOut(_) => return Err(Error::TimedOut),
        }
        Ok(())
    }

    /// Counts tasks that are queued whether there is room or not.
    pub fn admit_anyway(&self, count: usize) {
        self.room.lock().queued += count;
    }

    /// So many tasks wait no longer.
    pub fn leave(&self, count: usize) {
        let mut room = self.room.lock();
        // A task may have been submitted at the same time as the bound was set, uncounted.
        room.queued = room.queued.saturating_sub(count);
        self.admit_waiting(room);
    }

    /// From now on nobody waits.
    pub fn close(&self) {
        let mut room = self.room.lock();
        room.closed = true;
        self.admit_waiting(room);
    }

    /// Admits those who wait, as far as there is room: a few at a time, since a list of all would take memory that there may be none of.
    fn admit_waiting<'a>(&'a self, mut room: MutexGuard<'a, Room>) {
        loop {
            let mut admitted = [const { None::<Notifier> }; AT_ONCE];
            for place in &mut admitted {
                if !self.is_room(&room) {
                    break;
                }
                let Some(submitter) = room.submitters.pop_front() else { break };
                room.queued += 1;
                *place = Some(submitter);
            }
            drop(room);
            let may_be_more = admitted.last().is_some_and(Option::is_some);
            admitted.into_iter().flatten().for_each(|submitter| submitter.notify(ADMITTED));
            if !may_be_more {
                return;
            }
            room = self.room.lock();
        }
    }

    /// What `look` says while someone whom `start` has sent here has to wait.
    #[cfg(all(test, not(loom)))]
    pub fn hold_up<T>(&self, start: impl FnOnce(), look: impl FnOnce() -> T) -> T {
        let _room = self.room.lock();
        start();
        while !self.room.is_contended() {
            std::thread::yield_now();
        }
        look()
    }

    /// How many tasks count.
    #[cfg(all(test, loom))]
    pub fn queued(&self) -> usize {
        self.room.lock().queued
    }
}
