//! Barrier: Python's `threading.Barrier`.
//!
//! ```text
//! phase      present              an arrival           the way on
//! Filling    arrived so far       joins the round      the last one runs the action (Acting), then Draining or Broken
//! Acting     all parties          waits at the door    the action is over: Draining, or what a reset or an abort asked for
//! Draining   those still to leave waits at the door    the last one out: Filling.  abort: Broken
//! Resetting  those still to leave waits at the door    the last one out: Filling.  abort: Broken
//! Broken     those still to leave BROKEN_BARRIER       reset: Resetting, or Filling if nobody is present
//! ```
//!
//! As in Python, who is let go has still to leave, and says on leaving what the phase is then: Draining means that the round
//! succeeded, Resetting and Broken that it did not. So an abort reaches those who have been let go but have not left, and the
//! answer cannot be missed: the phase moves on to Filling only when everybody has left.
//!
//! One mutex guards all of it. The round's waiters and those at the door are taken off their lists, under the mutex, by whoever
//! changes the phase that they wait in; no wake-up is lost, since a thread joins a list under the mutex in that same phase. The lists
//! are empty in every other phase: `waiters` but in Filling and Acting, `door` but in Acting, Draining and Resetting.
//!
//! The action is user code: it runs without the mutex, and a phase of its own keeps everybody where they are meanwhile.

use crate::callback::{CallError, Target};
use crate::identity::{self, Identified};
use crate::park::{Deadline, Mutex, MutexGuard, Notice, Notifiers, Timeout, WaitList, Wake};
use crate::status::Error;
use crate::sys::fork;

/// The phase has changed: look again.
const CHANGED: Notice = Notice::new(1);

/// The largest number of parties (PTRDIFF_MAX).
const MOST_PARTIES: usize = isize::MAX as usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Filling,
    Acting,
    Draining,
    Resetting,
    Broken,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    present: usize,
    /// What a reset or an abort during the action asked for: it takes effect after the action.
    after_action: Option<Phase>,
    /// The barrier was freed: calls that come from now on are refused.
    closed: bool,
    /// The fork epoch that all of this is from.
    epoch: u32,
    /// Of this round.
    waiters: WaitList,
    /// Those who came while the round before drained.
    door: WaitList,
}

impl State {
    /// In a child of fork nobody is present, and an action that another thread ran does not end: the round never was.
    fn forget_the_dead(&mut self) {
        if self.epoch != fork::epoch() {
            self.epoch = fork::epoch();
            self.present = 0;
            self.after_action = None;
            if self.phase != Phase::Broken {
                self.phase = Phase::Filling;
            }
        }
    }

    /// Moves on. Those who waited for it are owed a notice.
    fn enter(&mut self, phase: Phase) -> Owed {
        self.phase = phase;
        let waiters = matches!(phase, Phase::Draining | Phase::Resetting | Phase::Broken);
        let door = matches!(phase, Phase::Filling | Phase::Broken);
        Owed([waiters.then(|| self.waiters.take_all()), door.then(|| self.door.take_all())])
    }
}

/// Those who are owed a notice, best given without the mutex.
#[must_use]
struct Owed([Option<Notifiers>; 2]);

impl Owed {
    fn notify(self) {
        for waiters in self.0.into_iter().flatten() {
            waiters.notify_all(CHANGED);
        }
    }
}

/// A meeting point for a fixed number of threads, again and again. Python: `threading.Barrier`.
///
/// All calls return `InvalidHandle` once the barrier has been [closed](Barrier::close).
#[derive(Debug)]
pub struct Barrier {
    id: u64,
    parties: usize,
    action: Option<Target>,
    default_timeout: Timeout,
    state: Mutex<State>,
}

impl Identified for Barrier {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Barrier {
    /// A barrier for `parties` threads: `InvalidArgument` for none, or more than PTRDIFF_MAX. The last one to arrive in each round
    /// runs `action` before anyone is let go. `default_timeout` limits the waits that have no limit of their own.
    pub fn new(parties: usize, action: Option<Target>, default_timeout: Timeout) -> Result<Barrier, Error> {
        if !(1..=MOST_PARTIES).contains(&parties) {
            return Err(Error::InvalidArgument);
        }
        let state = State {
            phase: Phase::Filling,
            present: 0,
            after_action: None,
            closed: false,
            epoch: fork::epoch(),
            waiters: WaitList::new(),
            door: WaitList::new(),
        };
        Ok(Barrier { id: identity::next(), parties, action, default_timeout, state: Mutex::new(state) })
    }

    /// For those who are inside already: a closed barrier still lets them out.
    fn lock_inside(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        state.forget_the_dead();
        state
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.lock_inside();
        if state.closed { Err(Error::InvalidHandle) } else { Ok(state) }
    }

    /// Waits until all parties have come, at most as long as the default says; gives the number of those who came before, in this
    /// round. `BrokenBarrier` if the limit passes, or if the barrier is or gets broken; the action's own failure in the thread
    /// that ran it.
    pub fn wait(&self) -> Result<usize, CallError> {
        self.wait_timeout(self.default_timeout)
    }

    /// The same with a limit of its own. It is counted from the moment at which the round before has drained.
    pub fn wait_timeout(&self, timeout: Timeout) -> Result<usize, CallError> {
        let mut state = self.lock_filling()?;
        let index = state.present;
        state.present += 1;
        if state.present == self.parties {
            return self.complete(state, index);
        }
        match Mutex::wait(state, timeout.deadline(), |state| &mut state.waiters) {
            Wake::Notified(_) => {}
            // Everybody is here. What the action, and a reset or an abort during it, say is still to come.
            Wake::TimedOut(state) if state.phase == Phase::Acting => {
                let _notified = Mutex::wait(state, Deadline::NEVER, |state| &mut state.waiters);
            }
            Wake::TimedOut(state) => return Ok(end(state, Phase::Broken, index)?),
        }
        Ok(leave(self.lock_inside(), index)?)
    }

    /// Waits at the door until a round fills.
    fn lock_filling(&self) -> Result<MutexGuard<'_, State>, Error> {
        loop {
            let state = self.lock()?;
            match state.phase {
                Phase::Filling => return Ok(state),
                Phase::Broken => return Err(Error::BrokenBarrier),
                Phase::Acting | Phase::Draining | Phase::Resetting => {
                    let _notified = Mutex::wait(state, Deadline::NEVER, |state| &mut state.door);
                }
            }
        }
    }

    /// Everybody is here: runs the action, lets the others go, and leaves.
    fn complete<'a>(&'a self, mut state: MutexGuard<'a, State>, index: usize) -> Result<usize, CallError> {
        let epoch = state.epoch;
        let mut result = Ok(());
        if let Some(action) = &self.action {
            state.phase = Phase::Acting;
            drop(state);
            result = action.run();
            state = self.lock_inside();
            if state.epoch != epoch {
                // The action forked, and this is the child, where the round is not known any more.
                return Ok(result.map(|()| index)?);
            }
        }
        let by_itself = if result.is_ok() { Phase::Draining } else { Phase::Broken };
        let phase = state.after_action.take().unwrap_or(by_itself);
        let left = end(state, phase, index);
        result?;
        Ok(left?)
    }

    /// Sends those who wait away with `BrokenBarrier`; others may come at once. During the action: after it.
    pub fn reset(&self) -> Result<(), Error> {
        let mut state = self.lock()?;
        let phase = match state.phase {
            Phase::Filling | Phase::Broken if state.present > 0 => Phase::Resetting,
            Phase::Filling | Phase::Broken => Phase::Filling,
            Phase::Draining | Phase::Resetting => return Ok(()),
            Phase::Acting => {
                state.after_action = Some(Phase::Resetting);
                return Ok(());
            }
        };
        let owed = state.enter(phase);
        drop(state);
        owed.notify();
        Ok(())
    }

    /// Breaks the barrier: who waits, has not left yet, or comes, gets `BrokenBarrier`, until a reset. During the action: after it.
    pub fn abort(&self) -> Result<(), Error> {
        let mut state = self.lock()?;
        if state.phase == Phase::Acting {
            state.after_action = Some(Phase::Broken);
            return Ok(());
        }
        let owed = state.enter(Phase::Broken);
        drop(state);
        owed.notify();
        Ok(())
    }

    /// How many threads make a round.
    pub fn parties(&self) -> Result<usize, Error> {
        self.lock().map(|_| self.parties)
    }

    /// How many have arrived in a round that is not over: 0 while it drains, and while the barrier is broken.
    pub fn n_waiting(&self) -> Result<usize, Error> {
        let state = self.lock()?;
        Ok(if matches!(state.phase, Phase::Filling | Phase::Acting) { state.present } else { 0 })
    }

    /// Whether a wait that came now would not have to wait: it would be the last of its round, or refused.
    pub fn is_ready(&self) -> bool {
        self.lock().map_or(true, |state| match state.phase {
            Phase::Filling => state.present + 1 == self.parties,
            Phase::Broken => true,
            Phase::Acting | Phase::Draining | Phase::Resetting => false,
        })
    }

    /// Whether it is broken.
    pub fn broken(&self) -> Result<bool, Error> {
        Ok(self.lock()?.phase == Phase::Broken)
    }

    /// Ends all use of it: `Busy` if threads wait. Those who have been let go and have not left yet do so in peace.
    pub fn close(&self) -> Result<(), Error> {
        let mut state = self.lock()?;
        if state.phase == Phase::Acting || !state.waiters.is_empty() || !state.door.is_empty() {
            return Err(Error::Busy);
        }
        state.closed = true;
        Ok(())
    }
}

/// Ends the round, and leaves it.
fn end(mut state: MutexGuard<'_, State>, phase: Phase, index: usize) -> Result<usize, Error> {
    let owed = state.enter(phase);
    let left = leave(state, index);
    owed.notify();
    left
}

/// Leaves the round, which is over; the last one out lets those at the door in.
fn leave(mut state: MutexGuard<'_, State>, index: usize) -> Result<usize, Error> {
    let left = if state.phase == Phase::Draining { Ok(index) } else { Err(Error::BrokenBarrier) };
    state.present -= 1;
    if state.present == 0 && state.phase != Phase::Broken {
        let owed = state.enter(Phase::Filling);
        drop(state);
        owed.notify();
    }
    left
}
