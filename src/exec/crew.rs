//! Crew: who of a pool's workers works, who looks for work, who sleeps; and who is to be woken or hired for a task.
//!
//! ```text
//! word   | 31: VACANT | 30: SURPLUS | 29 ........ 0: searching |
//!
//! searching  workers that look for work, and will look at every lane before they sleep
//! VACANT     a worker sleeps, or there is room for one more
//! SURPLUS    more workers are at work than may, those who are entering aside
//!
//! entering   hired; its thread starts, or runs the initializer (the user's code). It will look for work, but not soon
//! searching  between two tasks, spinning for a moment
//! asleep     on the list of sleepers
//! busy       runs user code: a task, done callbacks, something's `free`
//! blocked    busy, and waits for a future of its own pool: the limit counts it as absent
//! ```
//!
//! The two flags and all counts but `searching` change under the roster's lock only.
//!
//! # The protocol
//!
//! ```text
//!   who submits                 who goes to sleep               who has found work
//!   put the task into a lane    (under the roster's lock)       searching -= 1
//!   searching > 0? -- done      VACANT, searching -= 1          was that the last one, and VACANT,
//!   VACANT?  -- no: done        any lane filled?                and any lane filled?
//!   summon                      -- yes: searching += 1, look    -- yes: summon
//!                               else sleep
//!
//!   summon, under the roster's lock: unless someone searches, wake a sleeper, who searches from then on; if there is none,
//!   hire, if the limit allows it and there are more tasks than workers that are entering
//! ```
//!
//! **No wake-up is lost**: as long as a lane is filled, someone searches or enters, or nobody sleeps and there is no room for
//! more. Filling a lane, looking at whether it is filled, changing the word and looking at it are all sequentially consistent, so
//! there is one order of them.
//!
//! 1. The submitter finds nobody searching, and VACANT. It takes the roster's lock and looks again. Either someone searches by now
//!    (case 2), or a sleeper is on its list, since the flag changes together with the list, and is woken.
//! 2. The submitter finds someone searching. Of those who search at that moment, some worker W is the last to stop, unless they
//!    go on. If W stops since it sleeps, its look at the lanes comes after the change of the word, which comes after the submitter's
//!    look, which comes after the filling of the lane: W finds it filled. (Or empty again: somebody took the task.) If W stops
//!    since it has found work it makes the same look, as the last one. A worker that is not the last leaves another searching.
//! 3. The submitter finds nobody searching, and not VACANT: all workers that may are busy. Each will search before it sleeps. If one
//!    blocks, or the limit goes up, there is room for one more: who changes that makes the look of the last one, too.
//!
//! Who moves tasks from one lane to another hides them for a moment, and is a submitter when it has filled the other lane.
//!
//! Two sleepers may each be the last: the locks of the roster order them, and the second one looks for itself.
//!
//! **No herd**: a summons wakes one; while that one searches others that submit wake nobody. It calls the next one when it has found
//! work and there is more. **No wake-up while all are busy**: there is nobody to be woken, and VACANT is clear; a task costs its
//! submitter one look at the word.

use crate::park::{Deadline, Mutex, MutexGuard, Notice, Notifier, WaitList, Wake};
use crate::sys::atomic::{AtomicU32, Ordering, in_one_order};

const VACANT: u32 = 1 << 31;
const SURPLUS: u32 = 1 << 30;
const SEARCHING: u32 = SURPLUS - 1;

/// How many workers that are too many may stay for a while, in case the place is lent again; and how long.
const MOST_IN_RESERVE: usize = 16;
const RESERVE_NS: u64 = 20_000_000;

/// "Look again."
const LOOK: Notice = Notice::new(1);

/// Counts of workers, by what they do.
#[derive(Debug)]
pub struct Roster {
    /// How many may be at work at a time.
    pub limit: usize,
    /// From the moment when it is decided to hire them.
    pub workers: usize,
    pub entering: usize,
    pub asleep: usize,
    pub blocked: usize,
    /// Of those, the ones that see to it that another takes the place, or run what they wait for if none can be had.
    looking: usize,
    /// And the ones that do not only wait for tasks of this pool: for a while at most, or for something else, too.
    returning: usize,
    /// Who finds no work leaves.
    closing: bool,
    sleepers: WaitList,
    /// Workers that were too many and have not left yet. They are counted nowhere else.
    reserve: usize,
    reserves: WaitList,
}

impl Roster {
    /// Whether all wait for tasks of this pool, and for nothing else, so that what is queued stays queued.
    pub fn is_deserted(&self) -> bool {
        self.at_work() == 0 && self.looking == 0 && self.returning == 0
    }

    fn at_work(&self) -> usize {
        self.workers - self.blocked
    }

    /// How many of those at work are too many. Not one for the sake of one that is entering: that one may be refused yet, or fail,
    /// and come to no task; when it has come, one of them goes.
    fn surplus(&self) -> usize {
        (self.at_work() - self.entering).saturating_sub(self.limit)
    }

    /// A worker that waits has seen to it that another takes its place, or it cannot. It `returns` if it does not only wait for tasks of
    /// this pool.
    pub fn looked(&mut self, returns: bool) {
        self.looking -= 1;
        self.returning += usize::from(returns);
    }
}

/// A pool's workers. On lines of its own: what lies beside it is read all the time, and its word is written.
#[derive(Debug)]
#[repr(align(128))]
pub struct Crew {
    word: AtomicU32,
    roster: Mutex<Roster>,
}

/// What a worker that found no work is to do.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Search again.
    Over,
    /// Leave: it is counted out.
    ForGood,
}

impl Crew {
    /// Nobody yet; at most `limit` at work at a time.
    pub fn new(limit: usize) -> Crew {
        let roster = Roster {
            limit,
            workers: 0,
            entering: 0,
            asleep: 0,
            blocked: 0,
            looking: 0,
            returning: 0,
            closing: false,
            sleepers: WaitList::new(),
            reserve: 0,
            reserves: WaitList::new(),
        };
        Crew { word: AtomicU32::new(VACANT), roster: Mutex::new(roster) }
    }

    /// The counts.
    pub fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock()
    }

    /// Sets the flags as the roster has them.
    fn refresh(&self, roster: &Roster) {
        let flags = if roster.asleep > 0 || roster.at_work() < roster.limit {
            VACANT
        } else if roster.surplus() > 0 {
            SURPLUS
        } else {
            0
        };
        // Not between the two: without either flag a submitter would go away, and nobody is called for its task.
        self.word.fetch_or(flags, Ordering::SeqCst);
        self.word.fetch_and(flags | SEARCHING, Ordering::SeqCst);
        in_one_order();
    }

    /// Whether a task that has just been put into a lane needs someone to be summoned for it.
    #[inline]
    pub fn is_short(&self) -> bool {
        in_one_order();
        let word = self.word.load(Ordering::SeqCst);
        word & SEARCHING == 0 && word & VACANT != 0
    }

    /// Whether there are more at work than may.
    #[inline]
    pub fn is_surplus(&self) -> bool {
        self.word.load(Ordering::Relaxed) & SURPLUS != 0
    }

    /// The caller searches from now on.
    #[inline]
    pub fn begin_search(&self) {
        self.word.fetch_add(1, Ordering::SeqCst);
        in_one_order();
    }

    /// The caller does something else from now on. If true it was the last one, and looks at the lanes: if one is filled it summons
    /// another.
    #[inline]
    #[must_use]
    pub fn end_search(&self) -> bool {
        let before = self.word.fetch_sub(1, Ordering::SeqCst);
        in_one_order();
        before & SEARCHING == 1 && before & VACANT != 0
    }

    /// Wakes a sleeper, unless someone searches; if there is none, true says that the caller is to start a worker, which is counted
    /// in. `queued` says how many tasks wait.
    #[must_use]
    pub fn summon(&self, queued: impl FnOnce() -> u64) -> bool {
        let mut roster = self.roster.lock();
        if self.word.load(Ordering::SeqCst) & SEARCHING != 0 {
            return false;
        }
        if let Some(sleeper) = self.wake(&mut roster) {
            drop(roster);
            sleeper.notify(LOOK);
            return false;
        }
        if roster.at_work() >= roster.limit || queued() <= roster.entering as u64 {
            return false;
        }
        if let Some(worker) = self.recall(&mut roster) {
            drop(roster);
            worker.notify(LOOK);
            return false;
        }
        self.enlist(&mut roster);
        true
    }

    fn wake(&self, roster: &mut Roster) -> Option<Notifier> {
        let sleeper = roster.sleepers.pop_front()?;
        roster.asleep -= 1;
        self.begin_search();
        self.refresh(roster);
        Some(sleeper)
    }

    /// Lets so many be at work at a time. Those who sleep and are too many leave; those who are busy, when they have ended what they
    /// do. If it is more than before the caller makes the look of the last one.
    pub fn set_limit(&self, limit: usize) {
        let mut roster = self.roster.lock();
        roster.limit = limit;
        self.refresh(&roster);
        let surplus = roster.surplus();
        let woken: Vec<_> = (0..surplus).map_while(|_| self.wake(&mut roster)).collect();
        drop(roster);
        woken.into_iter().for_each(|sleeper| sleeper.notify(LOOK));
    }

    /// Counts a new worker in, as entering.
    pub fn enlist(&self, roster: &mut Roster) {
        roster.workers += 1;
        roster.entering += 1;
        self.refresh(roster);
    }

    /// A worker that was entering leaves: its thread was refused, or its initializer has failed.
    pub fn strike_off(&self) {
        let mut roster = self.roster.lock();
        roster.workers -= 1;
        roster.entering -= 1;
        self.refresh(&roster);
    }

    /// A worker that was entering searches from now on.
    pub fn enter(&self) {
        let mut roster = self.roster.lock();
        roster.entering -= 1;
        self.begin_search();
        self.refresh(&roster);
        self.send_one_away(roster);
    }

    /// One that sleeps would take the next task besides those who are at work; awake, it finds that it is one too many.
    fn send_one_away(&self, mut roster: MutexGuard<'_, Roster>) {
        let sleeper = if roster.surplus() > 0 { self.wake(&mut roster) } else { None };
        drop(roster);
        sleeper.into_iter().for_each(|sleeper| sleeper.notify(LOOK));
    }

    /// For a worker that searches and has found nothing: sleeps until it is woken, if `any_work` sees none, or leaves.
    pub fn sleep(&self, any_work: impl Fn() -> bool) -> Rest {
        let mut roster = self.roster.lock();
        if roster.surplus() > 0 {
            // The place may be lent again soon, as in fork-join, and a thread takes long to start: some stay for a while.
            let stays = !roster.closing && roster.reserve < roster.limit.min(MOST_IN_RESERVE);
            roster.workers -= 1;
            self.refresh(&roster);
            // Others are at work, as many as may. If one of them sleeps, and this one looked for it, that one looks now.
            self.word.fetch_sub(1, Ordering::SeqCst);
            in_one_order();
            let sleeper = if any_work() { self.wake(&mut roster) } else { None };
            if let (true, None) = (stays, &sleeper) {
                return Crew::sleep_in_reserve(roster);
            }
            drop(roster);
            sleeper.into_iter().for_each(|sleeper| sleeper.notify(LOOK));
            return Rest::ForGood;
        }
        roster.asleep += 1;
        self.refresh(&roster);
        self.word.fetch_sub(1, Ordering::SeqCst);
        in_one_order();
        if any_work() {
            roster.asleep -= 1;
            self.begin_search();
            self.refresh(&roster);
            return Rest::Over;
        }
        if roster.closing {
            roster.asleep -= 1;
            roster.workers -= 1;
            self.refresh(&roster);
            return Rest::ForGood;
        }
        // Who wakes it counts it as searching.
        match Mutex::wait(roster, Deadline::NEVER, |roster| &mut roster.sleepers) {
            Wake::Notified(_) | Wake::TimedOut(_) => Rest::Over,
        }
    }

    /// For a worker that is counted out: it is counted in again by who calls it, or goes after a while.
    fn sleep_in_reserve(mut roster: MutexGuard<'_, Roster>) -> Rest {
        roster.reserve += 1;
        match Mutex::wait(roster, Deadline::after_ns(RESERVE_NS), |roster| &mut roster.reserves) {
            Wake::Notified(_) => Rest::Over,
            Wake::TimedOut(mut roster) => {
                roster.reserve -= 1;
                Rest::ForGood
            }
        }
    }

    /// Calls a worker back from the reserve.
    fn recall(&self, roster: &mut Roster) -> Option<Notifier> {
        let worker = roster.reserves.pop_front()?;
        roster.reserve -= 1;
        roster.workers += 1;
        self.begin_search();
        self.refresh(roster);
        Some(worker)
    }

    /// A busy worker, or one that is entering, waits for a future of this pool. The caller makes the look of the last one, and then says
    /// that it has `looked`.
    pub fn block(&self, is_entering: bool) {
        let mut roster = self.roster.lock();
        roster.blocked += 1;
        roster.looking += 1;
        roster.entering -= usize::from(is_entering);
        self.refresh(&roster);
    }

    /// It goes on; `looking` if it has not said yet that it has looked, `returning` if it has said that it returns.
    pub fn unblock(&self, is_entering: bool, looking: bool, returning: bool) {
        let mut roster = self.roster.lock();
        roster.blocked -= 1;
        roster.looking -= usize::from(looking);
        roster.returning -= usize::from(returning);
        roster.entering += usize::from(is_entering);
        self.refresh(&roster);
        self.send_one_away(roster);
    }

    /// From now on who finds no work leaves.
    pub fn close(&self) {
        let mut roster = self.roster.lock();
        roster.closing = true;
        let mut woken = Vec::with_capacity(roster.asleep);
        while let Some(sleeper) = self.wake(&mut roster).or_else(|| self.recall(&mut roster)) {
            woken.push(sleeper);
        }
        drop(roster);
        woken.into_iter().for_each(|sleeper| sleeper.notify(LOOK));
    }

    /// Whether nobody is left, or expected.
    #[cfg(test)]
    pub fn counts(&self) -> (usize, usize, usize) {
        let roster = self.roster.lock();
        let searching = self.word.load(Ordering::SeqCst) & SEARCHING;
        (roster.workers, roster.asleep + roster.entering + searching as usize, roster.blocked)
    }
}
