//! Barrier: Python's `threading.Barrier`.
//!
//! ```text
//! phase      count                     an arrival            the way on
//! Filling    arrived so far            joins the round       the last one runs the action, then Draining
//! Acting     parties                   waits at the door     action done: Draining, or Broken
//! Draining   those still to leave      waits at the door     the last one out: Filling
//! Resetting  those still to leave      waits at the door     the last one out: Filling
//! Broken     those still to leave      BROKEN_BARRIER        reset: Resetting, or Filling if nobody is to leave
//! ```
//!
//! Python's `Barrier` (Lib/threading.py) step by step, with a mutex where it has a condition, and with waiters that are told that
//! their round is over: nobody has to look at a phase that may have moved on. A thread that was let go but has not left yet
//! takes part in "draining": an abort meanwhile breaks its round, and it says so when it leaves.
//!
//! No wake-up is lost: arrivals join the list under the mutex, in the phase in which they found the barrier, and whoever changes the phase
//! takes the list over under the same mutex.

use crate::callback::{CallError, Target};
use crate::park::{Deadline, Mutex, Notice, Notifiers, Timeout, WaitList, Wake};
use crate::status::Error;

const LET_GO: Notice = Notice::new(1);
const BROKEN: Notice = Notice::new(2);

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
    /// In Filling those who have arrived; later those who have not left yet.
    count: usize,
    /// What a reset or an abort during the action will do after it.
    after_action: Option<Phase>,
    /// The handle was freed.
    closed: bool,
    /// Of this round.
    waiters: WaitList,
    /// Of the next one, until this one has drained.
    door: WaitList,
}

/// A meeting point for a fixed number of threads, again and again. Python: `threading.Barrier`.
#[derive(Debug)]
pub struct Barrier {
    id: u64,
    parties: usize,
    action: Option<Target>,
    default_timeout: Timeout,
    state: Mutex<State>,
}
