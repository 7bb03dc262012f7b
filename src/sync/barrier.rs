//! Barrier: Python's `threading.Barrier`.
//!
//! ```text
//! | 63 .. 32: PRESENT | 31 .. 8: fork epoch | 5: CLOSED | 4: DOOR | 3: PARKED | 2 .. 0: phase |
//!
//! phase         PRESENT             an arrival           the way on
//! Filling       arrived so far      joins the round      the last one runs the action (Acting), then Draining or Broken
//! Acting        all parties         waits at the door    the action is over: Draining or Broken
//! ActingReset   all parties         waits at the door    the same after a reset: Resetting
//! ActingAbort   all parties         waits at the door    the same after an abort: Broken
//! Draining      those still to leave waits at the door   the last one out: Filling.  abort: Broken
//! Resetting     those still to leave waits at the door   the last one out: Filling.  abort: Broken
//! Broken        those still to leave BROKEN_BARRIER      reset: Resetting, or Filling if nobody is present
//!
//! PARKED        some of those who wait for the round's end sleep, or did: in Filling and in the Acting phases
//! DOOR          somebody at the door sleeps: in the Acting phases, Draining and Resetting
//! fork epoch    which process this is about: in a child of fork nobody is present, and the round never was
//! CLOSED        freed: calls that come from now on are refused, those inside leave in peace
//! ```
//!
//! As in Python, who is let go has still to leave, and says on leaving what the phase is then: Draining means that the round
//! succeeded, Resetting and Broken that it did not. So an abort reaches those who have been let go but have not left, and the
//! answer cannot be missed, not by one that spins either: the phase moves on to Filling only when everybody has left.
//!
//! Every step is one compare-and-swap. A thread that waits looks at the word for a while, and then sleeps with the others that wait
//! for the same (see [`Crowd`], which proves that no wake-up is lost): PARKED and DOOR are the flags of the two crowds.
//!
//! The action is user code: a phase of its own keeps everybody where they are meanwhile.
//!
//! Ordering: every step is AcqRel, and those who wait read the word with Acquire: what any party did before it came is seen by all
//! when they leave.

use crate::callback::{CallError, Target};
use crate::identity::{self, Identified};
use crate::park::{Crowd, Deadline, Timeout, spin_until};
use crate::status::Error;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::sys::fork;

/// The largest number of parties (PTRDIFF_MAX).
const MOST_PARTIES: usize = isize::MAX as usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Filling,
    Acting,
    ActingReset,
    ActingAbort,
    Draining,
    Resetting,
    Broken,
}

use Phase::{Acting, ActingAbort, ActingReset, Broken, Draining, Filling, Resetting};

const PHASES: [Phase; 7] = [Filling, Acting, ActingReset, ActingAbort, Draining, Resetting, Broken];

impl Phase {
    /// Whether those who arrived in time for the round may leave.
    fn is_over(self) -> bool {
        matches!(self, Draining | Resetting | Broken)
    }

    /// Whether those who came too late for the round may look again.
    fn is_door_open(self) -> bool {
        matches!(self, Filling | Broken)
    }
}

const PHASE: u64 = 7;
const PARKED: u64 = 1 << 3;
const DOOR: u64 = 1 << 4;
const CLOSED: u64 = 1 << 5;
const EPOCH: u64 = 0xFF_FFFF << 8;
const PRESENT_SHIFT: u32 = 32;

/// The present fork epoch, in its place.
fn epoch() -> u64 {
    (u64::from(fork::epoch()) << EPOCH.trailing_zeros()) & EPOCH
}

/// What the word says at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State(u64);

impl State {
    fn phase(self) -> Phase {
        PHASES[(self.0 & PHASE) as usize]
    }

    fn present(self) -> usize {
        (self.0 >> PRESENT_SHIFT) as usize
    }

    fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Another phase and number, with the same flags.
    fn with(self, phase: Phase, present: usize) -> State {
        State(self.0 & (PARKED | DOOR | CLOSED | EPOCH) | phase as u64 | (present as u64) << PRESENT_SHIFT)
    }

    fn is_of_this_process(self) -> bool {
        self.0 & EPOCH == epoch()
    }

    /// In a child of fork nobody is present, and an action that another thread ran does not end: the round never was.
    fn without_the_dead(self) -> State {
        let phase = if self.phase() == Broken { Broken } else { Filling };
        State(self.0 & CLOSED | phase as u64 | epoch())
    }

    fn in_phase(self, phase: Phase) -> State {
        self.with(phase, self.present())
    }

    /// After one of those present has left.
    fn less_one(self) -> State {
        // Nobody is present in a child that an interrupt hook of the wait has forked, if the barrier has been used there since.
        match self.with(self.phase(), self.present().saturating_sub(1)) {
            emptied if emptied.present() == 0 && emptied.phase() != Broken => emptied.in_phase(Filling),
            others => others,
        }
    }

    /// The flags of the crowds whose wait the step to `next` ends.
    fn woken_by(self, next: State) -> u64 {
        let round = if next.phase().is_over() { PARKED } else { 0 };
        let door = if next.phase().is_door_open() { DOOR } else { 0 };
        self.0 & (round | door)
    }
}

/// A meeting point for a fixed number of threads, again and again. Python: `threading.Barrier`.
///
/// All calls return `InvalidHandle` once the barrier has been [closed](Barrier::close).
#[derive(Debug)]
pub struct Barrier {
    word: AtomicU64,
    id: u64,
    parties: usize,
    action: Option<Target>,
    default_timeout: Timeout,
    /// Those of this round who sleep.
    round: Crowd,
    /// Those who came while the round before drained, and sleep.
    door: Crowd,
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
        Ok(Barrier {
            word: AtomicU64::new(epoch()),
            id: identity::next(),
            parties,
            action,
            default_timeout,
            round: Crowd::new(),
            door: Crowd::new(),
        })
    }

    /// For those who are inside already: a closed barrier still lets them out.
    fn state(&self) -> State {
        State(self.word.load(Ordering::Acquire))
    }

    fn state_if_open(&self) -> Result<State, Error> {
        loop {
            let state = self.state();
            if state.is_closed() {
                return Err(Error::InvalidHandle);
            }
            if state.is_of_this_process() {
                return Ok(state);
            }
            self.step(state, state.without_the_dead());
        }
    }

    /// One attempt to get from one state to the next, and to wake those who waited for that. False: the state is another one by now.
    fn step(&self, seen: State, next: State) -> bool {
        let woken = seen.woken_by(next);
        if self.word.compare_exchange(seen.0, next.0 & !woken, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return false;
        }
        if woken & PARKED != 0 {
            self.round.wake_all();
        }
        if woken & DOOR != 0 {
            self.door.wake_all();
        }
        true
    }

    /// Waits until the phase is one that `is_awaited`, in the crowd with that flag. False: the deadline has passed.
    fn wait_for_phase(&self, crowd: &Crowd, flag: u64, deadline: Deadline, is_awaited: fn(Phase) -> bool) -> bool {
        let is_reached = || is_awaited(self.state().phase());
        if deadline == Deadline::PASSED {
            return is_reached();
        }
        if spin_until(is_reached) {
            return true;
        }
        loop {
            let turn = crowd.turn();
            let seen = self.state();
            if is_awaited(seen.phase()) {
                return true;
            }
            // Others arrive or leave meanwhile, so this may fail. AcqRel: see `Crowd`.
            if self.word.compare_exchange(seen.0, seen.0 | flag, Ordering::AcqRel, Ordering::Relaxed).is_ok()
                && !crowd.sleep(turn, deadline)
            {
                return is_awaited(self.state().phase());
            }
        }
    }

    /// Waits until all parties have come, at most as long as the default says; gives the number of those who came before, in this
    /// round. `BrokenBarrier` if the limit passes, or if the barrier is or gets broken; the action's own failure in the thread
    /// that ran it.
    pub fn wait(&self) -> Result<usize, CallError> {
        self.wait_timeout(self.default_timeout)
    }

    /// The same with a limit of its own. It is counted from the moment at which the round before has drained.
    pub fn wait_timeout(&self, timeout: Timeout) -> Result<usize, CallError> {
        loop {
            let seen = self.state_if_open()?;
            let index = seen.present();
            match seen.phase() {
                Filling if index + 1 < self.parties => {
                    if self.step(seen, seen.with(Filling, index + 1)) {
                        return Ok(self.wait_in_round(index, timeout.deadline())?);
                    }
                }
                Filling => match &self.action {
                    None => {
                        if self.step(seen, seen.with(Draining, index + 1).less_one()) {
                            return Ok(index);
                        }
                    }
                    Some(action) => {
                        if self.step(seen, seen.with(Acting, index + 1)) {
                            return self.act(action, index);
                        }
                    }
                },
                Broken => return Err(Error::BrokenBarrier.into()),
                Acting | ActingReset | ActingAbort | Draining | Resetting => {
                    self.wait_for_phase(&self.door, DOOR, Deadline::NEVER, Phase::is_door_open);
                }
            }
        }
    }

    /// Waits, as one of those present, for the round's end, and leaves.
    fn wait_in_round(&self, index: usize, deadline: Deadline) -> Result<usize, Error> {
        let mut deadline = deadline;
        while !self.wait_for_phase(&self.round, PARKED, deadline, Phase::is_over) {
            loop {
                let seen = self.state();
                match seen.phase() {
                    Filling => {
                        if self.step(seen, seen.in_phase(Broken).less_one()) {
                            return Err(Error::BrokenBarrier);
                        }
                    }
                    // Everybody is here. What the action, and a reset or an abort during it, say is still to come.
                    _ => break deadline = Deadline::NEVER,
                }
            }
        }
        loop {
            let seen = self.state();
            if self.step(seen, seen.less_one()) {
                return if seen.phase() == Draining { Ok(index) } else { Err(Error::BrokenBarrier) };
            }
        }
    }

    /// Everybody is here: runs the action, lets the others go, and leaves.
    fn act(&self, action: &Target, index: usize) -> Result<usize, CallError> {
        let epoch = fork::epoch();
        let result = action.run();
        if fork::epoch() != epoch {
            // The action forked, and this is the child, where the round is not known any more.
            return Ok(result.map(|()| index)?);
        }
        loop {
            let seen = self.state();
            let phase = match seen.phase() {
                ActingReset => Resetting,
                Acting if result.is_ok() => Draining,
                _ => Broken,
            };
            if self.step(seen, seen.in_phase(phase).less_one()) {
                result?;
                return if phase == Draining { Ok(index) } else { Err(Error::BrokenBarrier.into()) };
            }
        }
    }

    /// Sends those who wait away with `BrokenBarrier`; others may come at once. During the action: after it.
    pub fn reset(&self) -> Result<(), Error> {
        self.change_phase(|seen| match seen.phase() {
            Filling | Broken if seen.present() > 0 => Resetting,
            Filling | Broken => Filling,
            Acting | ActingReset | ActingAbort => ActingReset,
            Draining => Draining,
            Resetting => Resetting,
        })
    }

    /// Breaks the barrier: who waits, has not left yet, or comes, gets `BrokenBarrier`, until a reset. During the action: after it.
    pub fn abort(&self) -> Result<(), Error> {
        self.change_phase(|seen| match seen.phase() {
            Acting | ActingReset | ActingAbort => ActingAbort,
            Filling | Draining | Resetting | Broken => Broken,
        })
    }

    fn change_phase(&self, next: impl Fn(State) -> Phase) -> Result<(), Error> {
        loop {
            let seen = self.state_if_open()?;
            if self.step(seen, seen.in_phase(next(seen))) {
                return Ok(());
            }
        }
    }

    /// How many threads make a round.
    pub fn parties(&self) -> Result<usize, Error> {
        self.state_if_open().map(|_| self.parties)
    }

    /// How many have arrived in a round that is not over: 0 while it drains, and while the barrier is broken.
    pub fn n_waiting(&self) -> Result<usize, Error> {
        let state = self.state_if_open()?;
        Ok(if state.phase().is_over() { 0 } else { state.present() })
    }

    /// Whether a wait that came now would not have to wait: it would be the last of its round, or refused.
    pub fn is_ready(&self) -> bool {
        self.state_if_open().map_or(true, |state| match state.phase() {
            Filling => state.present() + 1 == self.parties,
            phase => phase == Broken,
        })
    }

    /// Whether it is broken.
    pub fn broken(&self) -> Result<bool, Error> {
        Ok(self.state_if_open()?.phase() == Broken)
    }

    /// Ends all use of it: `Busy` if threads wait. Those who have been let go and have not left yet do so in peace.
    pub fn close(&self) -> Result<(), Error> {
        loop {
            let seen = self.state_if_open()?;
            let is_waited_on = !seen.phase().is_over() && seen.present() > 0;
            if is_waited_on || seen.0 & DOOR != 0 {
                return Err(Error::Busy);
            }
            if self.step(seen, State(seen.0 | CLOSED)) {
                return Ok(());
            }
        }
    }
}
