//! How futures tell those who watch several of them that one is done.

use crate::park::{Deadline, Mutex, Notice, Notifier, WaitList, Wake};
use crate::status::Error;
use std::collections::{HashSet, VecDeque};

const ARRIVED: Notice = Notice::new(1);

/// The inbox of a `pirn_wait` or of an iteration over futures as they complete.
///
/// A future pushes its position when it is done, under its own lock: so a future that is seen to be done has arrived in every
/// inbox that watches it, and what happened one after the other arrives in this order.
#[derive(Debug)]
pub struct Channel {
    inbox: Mutex<Inbox>,
}

#[derive(Debug)]
struct Inbox {
    /// Positions of futures that are done, in the order in which that happened, and that nobody has taken yet.
    arrived: VecDeque<usize>,
    /// How many are to be taken until the end, arrived or not.
    left: usize,
    /// How many have to have arrived for a waiter to be woken.
    quorum: usize,
    /// Whether a failure is enough.
    on_failure: bool,
    failed: bool,
    waiters: WaitList,
}

impl Inbox {
    fn is_enough(&self) -> bool {
        self.arrived.len() >= self.quorum || (self.on_failure && self.failed)
    }
}

impl Channel {
    /// For `left` futures; a waiter is woken when `quorum` of them have arrived, or a failed one if `on_failure`.
    pub fn new(left: usize, quorum: usize, on_failure: bool) -> Result<Channel, Error> {
        let (mut arrived, waiters) = (VecDeque::new(), WaitList::new());
        arrived.try_reserve_exact(left).map_err(|_| Error::NoMemory)?;
        Ok(Channel { inbox: Mutex::new(Inbox { arrived, left, quorum, on_failure, failed: false, waiters }) })
    }

    /// The future at this position is done. Whom it wakes is notified when the future's lock has been let go.
    pub fn push(&self, position: usize, failed: bool) -> Option<Notifier> {
        let mut inbox = self.inbox.lock();
        inbox.arrived.push_back(position);
        inbox.failed |= failed;
        if inbox.is_enough() { inbox.waiters.pop_front() } else { None }
    }

    /// Tells a waiter whom `push` gave.
    pub fn notify(notifier: Notifier) {
        notifier.notify(ARRIVED);
    }

    /// Whether `take` would not have to wait.
    pub fn is_ready(&self) -> bool {
        let inbox = self.inbox.lock();
        !inbox.arrived.is_empty() || inbox.left == 0
    }

    /// How many have arrived, and have not been taken.
    pub fn arrived(&self) -> usize {
        self.inbox.lock().arrived.len()
    }

    /// How many are to be taken yet.
    pub fn left(&self) -> usize {
        self.inbox.lock().left
    }

    /// Whether `wait` would not have to wait.
    pub fn has_enough(&self) -> bool {
        self.inbox.lock().is_enough()
    }

    /// Waits until enough have arrived, or until the deadline: `TimedOut`.
    pub fn wait(&self, deadline: Deadline) -> Result<(), Error> {
        let mut inbox = self.inbox.lock();
        while !inbox.is_enough() {
            match Mutex::wait(inbox, deadline, |inbox| &mut inbox.waiters) {
                Wake::Notified(_) => inbox = self.inbox.lock(),
                Wake::TimedOut(_) => return Err(Error::TimedOut),
            }
        }
        Ok(())
    }

    /// Takes the first that has arrived, waiting for one until the deadline: `TimedOut`; `End` when all have been taken.
    ///
    /// No wake-up is lost: each arrival wakes one waiter, who takes it, or finds that another was faster and waits again. The one
    /// who takes the last wakes all others, for whom nothing will arrive.
    pub fn take(&self, deadline: Deadline) -> Result<usize, Error> {
        let mut inbox = self.inbox.lock();
        loop {
            if let Some(position) = inbox.arrived.pop_front() {
                inbox.left -= 1;
                if inbox.left == 0 {
                    let others = inbox.waiters.take_all();
                    drop(inbox);
                    others.notify_all(ARRIVED);
                }
                return Ok(position);
            }
            if inbox.left == 0 {
                return Err(Error::End);
            }
            match Mutex::wait(inbox, deadline, |inbox| &mut inbox.waiters) {
                Wake::Notified(_) => inbox = self.inbox.lock(),
                Wake::TimedOut(_) => return Err(Error::TimedOut),
            }
        }
    }

    /// Puts what has arrived so far into the order of positions.
    pub fn sort(&self) {
        self.inbox.lock().arrived.make_contiguous().sort_unstable();
    }

    /// In a child of fork: of the futures that have not been taken, `left` many, those at the positions `done` are done.
    pub fn catch_up(&self, left: usize, done: impl Iterator<Item = usize>) {
        let mut inbox = self.inbox.lock();
        inbox.left = left;
        let known: HashSet<_> = inbox.arrived.iter().copied().collect();
        inbox.arrived.extend(done.filter(|position| !known.contains(position)));
    }
}
