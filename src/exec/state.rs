//! The state word of a future, with every edge that it can take.
//!
//! A future is a slot of the arena (see `record`), and this is the slot's first word: tag and state change together.
//!
//! ```text
//!  63 ....... 29    28    27 .. 25     24       23     22 ................ 0
//! +-------------+------+---------+--------+----------+---------------------+
//! |     tag     | OPEN |  phase  | WAITED | FOLLOWED |        owners       |
//! +-------------+------+---------+--------+----------+---------------------+
//!
//! OPEN      the program has a handle, which is one of the owners
//! WAITED    someone sleeps, or is about to, in the record's crowd
//! FOLLOWED  there are watchers or callbacks; the phase becomes one of those that are over under the record's bucket only
//! owners    the handle; the task, from its submit until its future is over; each call under way; each reference from elsewhere
//!
//!               cancel (free-standing)                set_running_or_notify_cancel
//!          +-----------------------> CANCELLED -------------------+
//!          |                                                      v
//!       PENDING -- cancel (an executor's) -----------> CANCELLED_AND_NOTIFIED
//!          |  |
//!          |  +-- by hand: set_result, set_exception; broken pool -> RESULT_BY_HAND, FAILURE_BY_HAND
//!          |                                                                 ^
//!          +-- claim by who runs the task,                                   |
//!              set_running_or_notify_cancel --> RUNNING -- by hand ----------+
//!                                                  |
//!                                                  +-- the task's end --> RESULT, FAILURE
//! ```
//!
//! *Over* are CANCELLED and all but RUNNING after it: results, exceptions and done callbacks do not wait any longer. *Done* is what
//! is over, but for CANCELLED: what `wait` and `as_completed` wait for.
//!
//! Each edge is one compare-and-swap, so it is taken once, and who takes it takes along what belongs to it: the task on the
//! edges out of PENDING, the sleepers, callbacks and watchers on those that end the future.
//!
//! Ordering. Who takes an edge out of PENDING acquires what the submitter did. Who ends a future releases what it did, and with
//! it the result; who sees it over has acquired that. The last owner acquires what all others did.
//!
//! No wake-up is lost. A sleeper sets WAITED in the word and then sleeps; who ends the future finds WAITED with the swap that ends
//! it, and wakes the crowd (`park::Crowd`), or that swap came first and the sleeper finds the future over. The same holds for FOLLOWED.

use crate::park::{Crowd, Deadline, spin_until};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::word::{STATE_BITS, STATE_MASK, Tag};

const OPEN: u64 = 1 << (STATE_BITS - 1);
const PHASE_SHIFT: u32 = STATE_BITS - 4;
const PHASE_MASK: u64 = 7 << PHASE_SHIFT;
const WAITED: u64 = 1 << (PHASE_SHIFT - 1);
const FOLLOWED: u64 = 1 << (PHASE_SHIFT - 2);
const OWNERS: u64 = FOLLOWED - 1;

/// Where a future is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Phase {
    Pending = 0,
    Running = 1,
    Cancelled = 2,
    CancelledAndNotified = 3,
    /// From the task.
    Result = 4,
    Failure = 5,
    /// From someone else, while the task may still be running: it is kept in another place.
    ResultByHand = 6,
    FailureByHand = 7,
}

impl Phase {
    fn of(word: u64) -> Phase {
        match (word & PHASE_MASK) >> PHASE_SHIFT {
            0 => Phase::Pending,
            1 => Phase::Running,
            2 => Phase::Cancelled,
            3 => Phase::CancelledAndNotified,
            4 => Phase::Result,
            5 => Phase::Failure,
            6 => Phase::ResultByHand,
            _ => Phase::FailureByHand,
        }
    }

    /// Whether there is nothing to wait for any longer.
    pub fn is_over(self) -> bool {
        !matches!(self, Phase::Pending | Phase::Running)
    }

    /// Whether everyone has been told.
    pub fn is_done(self) -> bool {
        self.is_over() && self != Phase::Cancelled
    }

    /// Whether it is done, with a failure.
    pub fn has_failed(self) -> bool {
        matches!(self, Phase::Failure | Phase::FailureByHand)
    }
}

/// The word at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot(u64);

impl Snapshot {
    pub fn phase(self) -> Phase {
        Phase::of(self.0)
    }

    /// Whether it is over and all who watch it have been told.
    pub fn is_settled(self) -> bool {
        self.phase().is_over() && !self.is_followed()
    }

    pub fn is_waited(self) -> bool {
        self.0 & WAITED != 0
    }

    pub fn is_followed(self) -> bool {
        self.0 & FOLLOWED != 0
    }

    /// Whether it is the state of a future with this tag that the program has a handle of.
    pub fn is_open(self, tag: Tag) -> bool {
        self.0 & (!STATE_MASK | OPEN) == tag.with(OPEN)
    }

    /// How many own it.
    #[cfg(test)]
    pub fn owners(self) -> u64 {
        self.0 & OWNERS
    }

    fn with(self, phase: Phase) -> u64 {
        (self.0 & !PHASE_MASK) | (phase as u64) << PHASE_SHIFT
    }
}

/// Who owns a future that is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// The one who made it, or its task.
    One,
    /// Its task, and the program by its handle.
    TaskAndHandle,
    /// The program by its handle.
    Handle,
    /// Its task, and the one who made it.
    TaskAndMaker,
}

/// What the end of a task found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nobody waits, and the task owns the future no longer; nobody does if `last`.
    Quiet { last: bool },
    /// Some wait: they are to be told, and the task still owns it.
    Heard(Snapshot),
    /// It has watchers or callbacks: to be done again under its bucket.
    Followed,
    /// It was finished by hand meanwhile. The task still owns it.
    Missed,
}

/// The state word, as its edges.
#[derive(Debug)]
pub struct State<'a>(pub &'a AtomicU64);

impl State<'_> {
    /// The word of a new future.
    pub fn first(tag: Tag, owners: Owners) -> u64 {
        tag.with(match owners {
            Owners::One => 1,
            Owners::TaskAndHandle => OPEN | 2,
            Owners::Handle => OPEN | 1,
            Owners::TaskAndMaker => 2,
        })
    }

    /// The state now; what was done before an end that it shows is seen.
    #[inline]
    pub fn load(&self) -> Snapshot {
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// One more owner, for whom the handle with this tag names: `InvalidHandle`; `Overflow` beyond eight million.
    pub fn enter(&self, tag: Tag) -> Result<(), Error> {
        let mut seen = self.load();
        loop {
            if !seen.is_open(tag) {
                return Err(Error::InvalidHandle);
            }
            if seen.0 & OWNERS == OWNERS {
                return Err(Error::Overflow);
            }
            // Acquire: the future is seen as it was made.
            match self.0.compare_exchange_weak(seen.0, seen.0 + 1, Ordering::Acquire, Ordering::Acquire) {
                Ok(_) => return Ok(()),
                Err(now) => seen = Snapshot(now),
            }
        }
    }

    /// One more owner, for whom a queue's entry with this tag names: false if that future is no longer pending.
    pub fn enter_pending(&self, tag: Tag) -> bool {
        let mut seen = Snapshot(self.0.load(Ordering::Relaxed));
        loop {
            if Tag::of(seen.0) != tag || seen.phase() != Phase::Pending {
                return false;
            }
            match self.0.compare_exchange_weak(seen.0, seen.0 + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = Snapshot(now),
            }
        }
    }

    /// One more owner, made by one who is.
    pub fn retain(&self) {
        // Relaxed: who owns it sees it already.
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        if before & OWNERS == OWNERS {
            // As for Arc: eight million references, and one that would make the future go while it is used.
            std::process::abort();
        }
    }

    /// One owner less: whether it was the last, whose the record is then alone.
    #[inline]
    pub fn release(&self) -> bool {
        let before = self.0.fetch_sub(1, Ordering::AcqRel);
        debug_assert!(before & OWNERS > 0, "{before:#x}");
        before & OWNERS == 1
    }

    /// The program gives its handle back: whether that was the last owner. `InvalidHandle`.
    pub fn close(&self, tag: Tag) -> Result<bool, Error> {
        let mut seen = Snapshot(self.0.load(Ordering::Relaxed));
        loop {
            if !seen.is_open(tag) {
                return Err(Error::InvalidHandle);
            }
            let after = (seen.0 & !OPEN) - 1;
            match self.0.compare_exchange_weak(seen.0, after, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(after & OWNERS == 0),
                Err(now) => seen = Snapshot(now),
            }
        }
    }

    /// PENDING to RUNNING, whatever owners do meanwhile: false if it is not pending, or another future's by now.
    #[inline]
    pub fn claim(&self, tag: Tag) -> bool {
        let mut seen = Snapshot(self.0.load(Ordering::Relaxed));
        loop {
            if Tag::of(seen.0) != tag || seen.phase() != Phase::Pending {
                return false;
            }
            // AcqRel: looks at the task come between the one that found it pending and this.
            match self.0.compare_exchange_weak(seen.0, seen.with(Phase::Running), Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = Snapshot(now),
            }
        }
    }

    /// Whether the future with this tag is still pending; a look from outside may be out of date.
    pub fn is_pending(&self, tag: Tag) -> bool {
        // Acquire: the task is seen as it was submitted.
        let seen = self.load();
        Tag::of(seen.0) == tag && seen.phase() == Phase::Pending
    }

    /// RUNNING to its end, by the task; its outcome is in the record already.
    #[inline]
    pub fn settle(&self, phase: Phase) -> Settled {
        let mut seen = Snapshot(self.0.load(Ordering::Relaxed));
        loop {
            if seen.phase() != Phase::Running {
                return Settled::Missed;
            }
            if seen.is_followed() {
                return Settled::Followed;
            }
            let heard = seen.is_waited();
            let after = seen.with(phase) - u64::from(!heard);
            // Release: the outcome, and what the task did. Acquire: the last owner's.
            match self.0.compare_exchange_weak(seen.0, after, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if heard => return Settled::Heard(Snapshot(after)),
                Ok(_) => return Settled::Quiet { last: after & OWNERS == 0 },
                Err(now) => seen = Snapshot(now),
            }
        }
    }

    /// Takes any other edge: to the phase that `next` gives for the present one, unless it gives none. The state before.
    ///
    /// Where that ends a future that is FOLLOWED the caller holds its bucket: `followed` says so.
    pub fn turn(&self, followed: bool, next: impl Fn(Phase) -> Option<Phase>) -> Turned {
        let mut seen = self.load();
        loop {
            let Some(phase) = next(seen.phase()) else { return Turned::Refused(seen) };
            if seen.is_followed() && phase.is_over() && !followed {
                return Turned::Followed;
            }
            match self.0.compare_exchange_weak(seen.0, seen.with(phase), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Turned::Done(seen),
                Err(now) => seen = Snapshot(now),
            }
        }
    }

    /// Sets FOLLOWED, under the bucket, unless `is_late`: then the state.
    pub fn follow(&self, is_late: impl Fn(Phase) -> bool) -> Result<(), Snapshot> {
        let mut seen = self.load();
        loop {
            if is_late(seen.phase()) {
                return Err(seen);
            }
            match self.0.compare_exchange_weak(seen.0, seen.0 | FOLLOWED, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(()),
                Err(now) => seen = Snapshot(now),
            }
        }
    }

    /// Clears FOLLOWED, under the bucket, when the last follower has been told or has gone.
    pub fn unfollow(&self) {
        // Release: who sees it clear sees everyone told.
        self.0.fetch_and(!FOLLOWED, Ordering::Release);
    }

    /// Waits until it is over: true; or until the deadline. The caller is an owner, and the crowd the record's.
    pub fn wait(&self, crowd: &Crowd, deadline: Deadline) -> bool {
        let is_over = || self.load().phase().is_over();
        if deadline == Deadline::PASSED {
            return is_over();
        }
        if spin_until(is_over) {
            return true;
        }
        let turn = crowd.turn();
        // AcqRel as the edges: if it is over by now, what was done before is seen.
        if Phase::of(self.0.fetch_or(WAITED, Ordering::AcqRel)).is_over() {
            return true;
        }
        // The crowd is woken once while this is an owner; to see that is to see the end.
        while crowd.sleep(turn, deadline) && crowd.turn() == turn {}
        is_over()
    }
}

/// What `State::turn` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// Taken, from this state.
    Done(Snapshot),
    /// There is no such edge from this state.
    Refused(Snapshot),
    /// It has watchers or callbacks: to be done again under its bucket.
    Followed,
}
