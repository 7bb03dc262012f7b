//! Shift: the lanes and the crew of a pool, with the counts of its tasks; everything that a child of fork starts afresh.
//!
//! A task is counted by who submits it (`Queue::submitted`), by the worker that starts and ends it (`Tally`), or by who withdraws
//! it: cancels it, takes it over, drains the queue. Each counter but the last has one writer at a time, so that no two threads meet
//! on a counter on the way of every task. `pending` adds up, in an order in which no task is seen to end before it was submitted.

use super::backlog::Backlog;
use super::crew::Crew;
use super::entry::Entry;
use super::lane::{Lane, Queue};
use super::ranks::Ranks;
use crate::park::Mutex;
use crate::status::Error;
use crate::sys::{fork, processors};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::Arc;

/// The most lanes for workers; beyond that they share.
const MOST_INSIDE: usize = 32;

/// How often a worker's counts are looked at until none has changed meanwhile.
const LOOKS: usize = 16;

/// A worker's counts: tasks started, tasks ended. Written by that worker only.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Tally {
    started: AtomicU64,
    ended: AtomicU64,
}

impl Tally {
    /// The worker has taken a task out of the queue, to run it.
    #[inline]
    pub fn start(&self) {
        Tally::count(&self.started);
    }

    /// Its function has returned, and its argument has been given back.
    #[inline]
    pub fn end(&self) {
        Tally::count(&self.ended);
    }

    /// Tasks started, tasks ended, both as of one moment. If the worker's tasks are shorter than a look, then as of a moment each, and
    /// the end comes last: no more seem to run than do.
    fn read(&self) -> (u64, u64) {
        let (mut started, mut ended) = (0, self.ended.load(Ordering::Acquire));
        for _ in 0..LOOKS {
            started = self.started.load(Ordering::Acquire);
            let now = self.ended.load(Ordering::Acquire);
            if now == ended {
                break;
            }
            ended = now;
        }
        (started.max(ended), ended)
    }

    #[inline]
    fn count(counter: &AtomicU64) {
        // One writer. Release: who sees the count sees the one of the submit, too.
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

/// The workers' counts.
#[derive(Debug, Default)]
struct Tallies {
    present: Vec<Arc<Tally>>,
    /// Of those who have left.
    started: u64,
    ended: u64,
    /// How many workers use each of their lanes.
    users: Vec<usize>,
}

/// Lanes, crew and counts.
pub(super) struct Shift {
    /// The fork epoch that all of it belongs to.
    pub epoch: u32,
    pub crew: Crew,
    /// Those for threads outside come first, and that for tickets below last.
    pub lanes: Box<[Lane<Entry>]>,
    pub ranks: Ranks,
    pub backlog: Backlog,
    withdrawn: AtomicU64,
    tallies: Mutex<Tallies>,
}

impl Shift {
    /// Lanes for threads that are not the pool's workers: as many as may submit at once without meeting.
    pub const OUTSIDE: usize = 8;

    /// With nobody at work, and lanes that are closed.
    pub fn new(limit: usize, max_pending: usize) -> Shift {
        let inside = (4 * limit.min(processors())).clamp(1, MOST_INSIDE);
        let lanes = (0..Shift::OUTSIDE + inside + 1).map(|_| Lane::new()).collect();
        let tallies = Tallies { users: vec![0; inside], ..Tallies::default() };
        let tallies = Mutex::new(tallies);
        Shift {
            epoch: fork::epoch(),
            crew: Crew::new(limit),
            lanes,
            ranks: Ranks::new(),
            backlog: Backlog::new(max_pending),
            withdrawn: AtomicU64::new(0),
            tallies,
        }
    }

    /// The lanes that are looked at in turn, and the one that is looked at when all of those are empty.
    #[inline]
    pub fn ordinary_and_last(&self) -> (&[Lane<Entry>], &Lane<Entry>) {
        let (last, ordinary) = self.lanes.split_last().expect("a shift has lanes");
        (ordinary, last)
    }

    /// No more tasks come: workers that find none leave, and submitters that wait for room find out that they are refused.
    pub fn close(&self) {
        self.crew.close();
        self.backlog.close();
    }

    /// The lane of the calling thread, which is none of the workers.
    #[inline]
    pub fn outside_lane() -> usize {
        thread_local! {
            static LANE: core::cell::Cell<usize> = const { core::cell::Cell::new(usize::MAX) };
        }
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let known = LANE.get();
        if known != usize::MAX {
            return known;
        }
        let lane = NEXT.fetch_add(1, Ordering::Relaxed) % Shift::OUTSIDE;
        LANE.set(lane);
        lane
    }

    /// Whether a lane is one for threads outside.
    pub fn is_outside(lane: usize) -> bool {
        lane < Shift::OUTSIDE
    }

    /// Whether any lane has something in it.
    #[inline]
    pub fn any_work(&self) -> bool {
        self.lanes.iter().any(Lane::is_filled)
    }

    /// Appends tasks of a priority, or tickets for them, to the queue of the lane that they belong into, where room was made: all or none,
    /// `NoMemory`.
    pub fn submit_ranked(
        &self,
        queue: &mut Queue<Entry>,
        priority: i32,
        entries: impl ExactSizeIterator<Item = Entry>,
    ) -> Result<(), Error> {
        if priority == 0 {
            entries.for_each(|entry| queue.submit(entry));
            return Ok(());
        }
        self.ranks.rank(priority, entries, |ticket| match ticket {
            Some(ticket) => queue.submit(ticket),
            None => queue.submit_elsewhere(),
        })
    }

    /// Gives a new worker a lane, which it shares with as few as possible, and a tally.
    pub fn join(&self) -> (usize, Arc<Tally>) {
        let tally = Arc::<Tally>::default();
        let mut tallies = self.tallies.lock();
        tallies.present.push(tally.clone());
        let least = (0..tallies.users.len()).min_by_key(|&lane| tallies.users[lane]).unwrap_or(0);
        tallies.users[least] += 1;
        (Shift::OUTSIDE + least, tally)
    }

    /// A worker has left. What is in its lane stays there, for the others.
    pub fn leave(&self, lane: usize, tally: &Arc<Tally>) {
        let mut tallies = self.tallies.lock();
        tallies.users[lane - Shift::OUTSIDE] -= 1;
        tallies.present.retain(|other| !Arc::ptr_eq(other, tally));
        tallies.started += tally.started.load(Ordering::Relaxed);
        tallies.ended += tally.ended.load(Ordering::Relaxed);
    }

    /// A task has left the queue, not to be run.
    pub fn withdraw(&self) {
        if self.backlog.bound() != 0 {
            self.backlog.leave(1);
        }
        // The last thing: once it is counted the pool may go (`Pool::drop`).
        self.withdrawn.fetch_add(1, Ordering::Release);
    }

    /// How many entries there are, withdrawn ones included.
    #[cfg(test)]
    pub fn entries(&self) -> usize {
        self.lanes.iter().map(|lane| lane.lock().len()).sum()
    }

    /// How many tasks wait, and how many run.
    pub fn pending(&self) -> (u64, u64) {
        let tallies = self.tallies.lock();
        // Acquire, and in this order: a task whose end is counted has its start counted, and so on back to its submit.
        let (mut started, mut ended) = (tallies.started, tallies.ended);
        for tally in &tallies.present {
            let counts = tally.read();
            started += counts.0;
            ended += counts.1;
        }
        let withdrawn = self.withdrawn.load(Ordering::Acquire);
        let submitted: u64 = self.lanes.iter().map(|lane| lane.lock().submitted).sum();
        (submitted - started - withdrawn, started - ended)
    }
}

#[cfg(test)]
mod tests {
    use super::super::backlog::Patience;
    use super::Shift;

    /// Whoever frees the pool waits for the count alone: who withdraws is done with the shift by then.
    #[test]
    fn a_withdrawn_task_is_counted_last() {
        let shift = Shift::new(1, 1);
        shift.backlog.admit(1, Patience::None).unwrap();
        shift.lanes[0].lock().submit_elsewhere();
        let pending = || shift.pending().0;
        std::thread::scope(|scope| {
            let withdraw = || drop(scope.spawn(|| shift.withdraw()));
            assert_eq!(shift.backlog.hold_up(withdraw, pending), 1, "counted before it has left the backlog");
        });
        assert_eq!(pending(), 0);
    }
}
