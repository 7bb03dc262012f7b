//! What a pool's thread does, and what a wait inside a task does instead of waiting.
//!
//! A worker that waits without a limit for a task of its own pool that has not started runs it itself, there and then
//! (`run_inline`): that one, never another, since a stranger on top of a blocked stack could wait for a lock that lies below.
//! In every other wait for its own pool's futures it lends its place (`lend`), so that the pool goes on.
//!
//! Running inline uses up the waiting task's stack. It is done only as long as most of the stack is left, so that the
//! inner task has about as much as on a thread of its own; beyond that the worker lends. Where the system refuses the thread that
//! would take the place, it is done down to half of the stack. Beyond that the worker tries again and again to have a thread
//! started; and when all workers wait and its own task has not started, nobody will ever run that: it gives up (`NoThread`).
//!
//! Where a worker takes tasks from: the front of its own lane; else the front of others, from which it takes some at once and puts
//! those that it does not run now into its own lane, where all can see them. So tasks from one thread start in the order of their
//! submits if there is one worker: they are in one lane, and are moved in order behind what was moved before.

use super::crew::Rest;
use super::entry::Entry;
use super::future::Future;
use super::lane::Lane;
use super::pace::Pace;
use super::pool::Pool;
use super::record::Record;
use super::shift::{Shift, Tally};
use super::work::Value;
use crate::callback::{CallError, Failure, Task};
use crate::identity::Kind;
use crate::last_error;
use crate::park::{Deadline, spin_until};
use crate::sys::{fork, stack};
use crate::thread::hooks::{self, Subject};
use crate::thread::report;
use crate::word::Tag;
use core::cell::{Cell, RefCell, RefMut};
use core::ptr::null;
use std::collections::VecDeque;
use std::sync::Arc;

/// How deeply tasks run inside each other's waits on one stack.
const MOST_INLINE: usize = 64;

/// After so many tasks, if it is time (`Pace`), a worker looks at the lanes of threads outside and at one other worker's, even if there is
/// something in its own: tasks that submit tasks for ever would keep theirs waiting for ever, if that worker blocks. (A prime, as in Go's
/// scheduler.)
const LOOK_AROUND_EVERY: u32 = 61;

/// How long a worker waits before it first tries again to have run what is queued. (As a timer whose thread was refused.)
const FIRST_RETRY_NS: u64 = 10_000_000;
const MOST_DOUBLINGS: u32 = 6;

/// As `crew` counts the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Entering,
    Searching,
    Busy,
}

/// A pool's thread, as it sees itself.
pub(super) struct Worker {
    pool: Arc<Pool>,
    /// The shift that it belongs to; the pool's for as long as there is no fork. In a child of a fork that a task calls it is no worker
    /// any more.
    shift: *const Shift,
    epoch: u32,
    lane: usize,
    /// Whether a task that is started makes room for another (`Backlog`).
    makes_room: bool,
    tally: Arc<Tally>,
    mode: Cell<Mode>,
    ticks: Cell<u32>,
    /// Which other worker's lane is looked at the next time around.
    turn: Cell<usize>,
    inline: Cell<usize>,
    /// The task that it runs, unless nobody has its future.
    running: Cell<*const Running>,
    pace: Pace,
    /// What it is moving from one lane to another.
    hand: RefCell<VecDeque<Entry>>,
    stack: stack::Bounds,
    last_error: last_error::Note,
}

/// A task that runs on a worker's stack, and waits for those above it.
struct Running {
    future: u64,
    below: *const Running,
}

/// A task that the worker has taken, and runs now.
enum Job {
    Future(&'static Record, Task),
    Detached(Task),
}

thread_local! {
    /// The calling thread as a worker: on its stack, below everything that it runs.
    static CURRENT: Cell<*const Worker> = const { Cell::new(null()) };
}

/// The calling thread as a worker, if it is one.
#[inline]
fn current() -> Option<&'static Worker> {
    // SAFETY: `main` clears this before its worker goes; the reference stays on this thread, in calls that `main` makes.
    let worker = unsafe { CURRENT.get().as_ref() }?;
    (worker.epoch == fork::epoch()).then_some(worker)
}

/// The calling thread as a worker of this pool, if it is one.
#[inline]
pub(super) fn current_of(pool: *const Pool) -> Option<&'static Worker> {
    current().filter(|worker| core::ptr::eq(Arc::as_ptr(&worker.pool), pool))
}

/// The calling thread's place, lent if it is a worker of one of these pools, of whose futures it waits for some.
pub(super) fn lend_if_home(pools: impl IntoIterator<Item = *const Pool>) -> Option<Lent> {
    let worker = current()?;
    let (mut is_home, mut has_others) = (false, false);
    for pool in pools {
        let is_this = core::ptr::eq(Arc::as_ptr(&worker.pool), pool);
        (is_home, has_others) = (is_home || is_this, has_others || !is_this);
        if is_home && has_others {
            break;
        }
    }
    is_home.then(|| worker.lend_for(has_others))
}

/// How many futures there are whose tasks the calling thread runs.
pub(super) fn count_running() -> usize {
    current().map_or(0, |worker| worker.all_running().count())
}

/// What the thread of a worker runs. The crew counts it in already, as entering.
pub(super) fn main(pool: Arc<Pool>) -> Result<(), Failure> {
    let initializer = pool.lock().initializer.clone();
    let shift: *const Shift = pool.shift();
    // SAFETY: the shift stays as long as the pool.
    let (lane, tally) = unsafe { &*shift }.join();
    let makes_room = pool.max_pending() != 0;
    let worker = Worker {
        makes_room,
        pool,
        shift,
        epoch: fork::epoch(),
        lane,
        tally,
        mode: Cell::new(Mode::Entering),
        ticks: Cell::new(0),
        turn: Cell::new(0),
        inline: Cell::new(0),
        running: Cell::new(null()),
        pace: Pace::new(),
        hand: RefCell::default(),
        stack: stack::Bounds::of_current_thread(),
        last_error: last_error::Note::of_current_thread(),
    };
    CURRENT.set(&worker);
    match initializer.map_or(Ok(()), |initializer| initializer.run()) {
        Ok(()) => {
            if worker.is_at_home() {
                worker.shift().crew.enter();
                worker.mode.set(Mode::Searching);
            }
            while let Some(job) = worker.next() {
                worker.serve(job);
            }
        }
        Err(failure) => {
            hooks::failed(Subject::new(Kind::Executor, worker.pool.id()), failure.code());
            report(&failure);
            if worker.is_at_home() {
                worker.pool.break_down();
                worker.shift().crew.strike_off();
            }
        }
    }
    CURRENT.set(null());
    if worker.is_at_home() {
        worker.shift().leave(worker.lane, &worker.tally);
    }
    Ok(())
}

impl Worker {
    /// The lane that its submits go to.
    #[inline]
    pub fn lane(&self) -> usize {
        self.lane
    }

    #[inline]
    fn shift(&self) -> &Shift {
        // SAFETY: the pool's, which this keeps.
        unsafe { &*self.shift }
    }

    /// Whether no fork lies between: else the pool's lanes and counts are none of this thread's business.
    #[inline]
    fn is_at_home(&self) -> bool {
        self.epoch == fork::epoch()
    }

    /// The next task, waiting for one; None when the worker has left the pool.
    fn next(&self) -> Option<Job> {
        loop {
            if !self.is_at_home() {
                return None;
            }
            let shift = self.shift();
            if !shift.crew.is_surplus() {
                if let Some(job) = self.find() {
                    self.turn_busy();
                    return Some(job);
                }
                // Out of the lanes comes a job, or a callback of something withdrawn, which may have forked.
                if !self.is_at_home() || self.search() || spin_until(|| shift.any_work() || shift.crew.is_surplus()) {
                    continue;
                }
            }
            self.search();
            if shift.crew.sleep(|| shift.any_work()) == Rest::ForGood {
                return None;
            }
        }
    }

    /// Counts as searching from now on: whether that is new.
    #[inline]
    fn search(&self) -> bool {
        if self.mode.get() == Mode::Searching {
            return false;
        }
        self.mode.set(Mode::Searching);
        self.shift().crew.begin_search();
        true
    }

    /// Before user code runs: if this worker counts as searching it does not any more, and what is queued may need another one.
    #[inline]
    fn turn_busy(&self) {
        if self.mode.get() != Mode::Searching || !self.is_at_home() {
            return;
        }
        self.mode.set(Mode::Busy);
        let shift = self.shift();
        if shift.crew.end_search() && shift.any_work() {
            self.pool.summon(shift);
        }
    }

    /// Takes a task out of some lane.
    fn find(&self) -> Option<Job> {
        let (lanes, last) = self.shift().ordinary_and_last();
        self.ticks.set(self.ticks.get().wrapping_add(1));
        if self.ticks.get() % LOOK_AROUND_EVERY == 0 && self.pace.is_time_to_look_around() {
            self.fetch_from_others();
            if !self.is_at_home() {
                return None;
            }
        }
        let own = &lanes[self.lane];
        while own.is_filled() {
            let entry = own.lock().pop_front()?;
            if let Some(job) = self.claim(entry) {
                return Some(job);
            }
        }
        // First those of other workers: what these have taken from outside is older than what is still there. From the next one on, so
        // that not all look at the same one first.
        let (outside, inside) = (Shift::OUTSIDE, lanes.len() - Shift::OUTSIDE);
        let workers = (1..inside).map(|step| outside + (self.lane - outside + step) % inside);
        let threads = (0..outside).map(|step| (self.lane + step) % outside);
        // After a fork in what is called for something withdrawn (`lay_down`) the lanes are the parent's.
        let taken = workers.chain(threads).find_map(|lane| if self.is_at_home() { self.take_from(lane) } else { None });
        if taken.is_some() || !self.is_at_home() {
            return taken;
        }
        // All that was taken from a lane may have been withdrawn while more is there.
        while last.is_filled() && !lanes.iter().any(Lane::is_filled) {
            let entry = last.lock().pop_front()?;
            if let Some(job) = self.claim(entry) {
                return Some(job);
            }
        }
        None
    }

    /// Takes a share of what is in a lane: the first to be run, the others into the own lane.
    fn take_from(&self, lane: usize) -> Option<Job> {
        let lanes = &self.shift().lanes;
        if !lanes[lane].is_filled() {
            return None;
        }
        let mut hand = self.hand.borrow_mut();
        if Shift::is_outside(lane) {
            self.pace.rest();
        }
        self.pace.take(lane, &mut lanes[lane].lock(), &mut hand);
        // Claimed last: should the rest be withdrawn, this is too.
        let first = hand.pop_front()?;
        self.claim(self.lay_down(Some(first), hand)?)
    }

    /// Moves some of what threads outside have submitted, and of what is in another worker's lane, each in its turn, behind what is in
    /// the own lane.
    #[cold]
    fn fetch_from_others(&self) {
        let (lanes, _) = self.shift().ordinary_and_last();
        let turn = self.turn.replace(self.turn.get().wrapping_add(1)) % lanes.len();
        let mut hand = self.hand.borrow_mut();
        for (at, lane) in lanes.iter().enumerate() {
            if at != self.lane && (at == turn || Shift::is_outside(at)) && lane.is_filled() {
                self.pace.take_besides(&mut lane.lock(), &mut hand);
            }
        }
        self.lay_down(None, hand);
    }

    /// Puts the rest of a share into the own lane, and gives `first` back. Who searched in the meantime did not see it and may sleep by
    /// now, and a busy worker makes no last look: it calls someone as a submitter does. Who drained the lanes in the meantime did not see it
    /// either: then all of it is withdrawn, `first` too. It is not claimed before, since what is called for the others may wait for it.
    #[inline]
    fn lay_down(&self, first: Option<Entry>, mut hand: RefMut<'_, VecDeque<Entry>>) -> Option<Entry> {
        if hand.is_empty() {
            return first;
        }
        let shift = self.shift();
        shift.lanes[self.lane].lock().append(&mut hand);
        if !hand.is_empty() {
            let rest = core::mem::take(&mut *hand);
            drop(hand);
            self.turn_busy();
            self.pool.withdraw(first.into_iter().chain(rest));
            return None;
        }
        if shift.crew.is_short() {
            self.pool.summon(shift);
        }
        first
    }

    /// The task of an entry, or a better one instead, if nobody has withdrawn it.
    #[inline]
    fn claim(&self, entry: Entry) -> Option<Job> {
        if self.shift().ranks.any_above() {
            return self.claim_better(entry);
        }
        self.claim_this(entry)
    }

    #[cold]
    #[inline(never)]
    fn claim_better(&self, entry: Entry) -> Option<Job> {
        self.claim_this(self.shift().ranks.exchange(entry)?)
    }

    #[inline]
    fn claim_this(&self, entry: Entry) -> Option<Job> {
        let job = match entry {
            Entry::Future(handle) => {
                let (record, tag) = Record::find(handle)?;
                Job::Future(record, record.claim(tag)?)
            }
            Entry::Detached(task) => Job::Detached(task),
            Entry::TicketAbove | Entry::TicketBelow => return self.claim_better(entry),
        };
        self.started();
        Some(job)
    }

    #[inline]
    fn serve(&self, job: Job) {
        match job {
            Job::Future(record, task) => {
                let outcome = self.run(task, record.handle().bits());
                // Before the future is settled: who waits for the result and then submits again finds this worker searching, and starts
                // no second one. With more in its lane it has no time for that.
                if self.is_at_home() && !self.shift().lanes[self.lane].is_filled() {
                    self.search();
                }
                Future::settle(record, outcome, || self.turn_busy());
            }
            Job::Detached(task) => {
                let outcome = run(task, 0);
                if let Err(failure) = &outcome {
                    report(failure);
                }
                self.ended();
            }
        }
    }

    /// Runs the task of the future with this identity, which counts as running no longer when this returns.
    #[inline]
    fn run(&self, task: Task, future: u64) -> Result<Value, Failure> {
        let running = Running { future, below: self.running.get() };
        self.running.set(&running);
        let outcome = run(task, future);
        self.running.set(running.below);
        self.ended();
        outcome
    }

    /// Whether it runs the task of the future with this identity: who is called by that task waits for it in vain.
    pub fn runs(&self, future: u64) -> bool {
        self.all_running().any(|running| running.future == future)
    }

    /// The tasks that it runs, each called by the next one, if somebody has their futures.
    fn all_running(&self) -> impl Iterator<Item = &Running> {
        // SAFETY: each is in a frame of this thread's that is still there.
        let next = |running: &&Running| unsafe { running.below.as_ref() };
        // SAFETY: as above.
        core::iter::successors(unsafe { self.running.get().as_ref() }, next)
    }

    /// A task has left the queue, to be run.
    #[inline]
    fn started(&self) {
        self.tally.start();
        if self.makes_room {
            self.shift().backlog.leave(1);
        }
    }

    #[inline]
    fn ended(&self) {
        if self.is_at_home() {
            self.tally.end();
        }
    }

    /// Whether it has the stack for a task inside a wait.
    #[inline]
    pub fn may_run_inline(&self) -> bool {
        self.inline.get() < MOST_INLINE && self.stack.is_mostly_left()
    }

    /// Runs the task of a future that this worker waits for, and gives its outcome; None if it may not, if someone else was faster, or
    /// if the future was finished by hand meanwhile.
    #[inline]
    pub fn run_inline(&self, record: &'static Record, tag: Tag) -> Option<Result<Value, CallError>> {
        if self.may_run_inline() { self.run_here(record, tag) } else { None }
    }

    /// The same where the system refuses the thread that would run it.
    #[cold]
    pub fn run_at_need(&self, record: &'static Record, tag: Tag) -> Option<Result<Value, CallError>> {
        if self.stack.is_half_left() { self.run_here(record, tag) } else { None }
    }

    #[inline]
    fn run_here(&self, record: &'static Record, tag: Tag) -> Option<Result<Value, CallError>> {
        // What the parent has queued is the parent's to run, and was never counted here.
        if record.is_from_before_a_fork() {
            return None;
        }
        let task = record.claim(tag)?;
        let future = record.handle();
        self.started();
        // As a rule it is what this worker submitted last. Elsewhere its entry stays, and whoever finds it lets it lie.
        let is_it = |entry: &Entry| matches!(entry, Entry::Future(handle) if *handle == future);
        self.shift().lanes[self.lane].lock().pop_back_if(is_it);
        // With what its end brings about: done callbacks are user code, too.
        self.last_error.aside(|| {
            self.inline.set(self.inline.get() + 1);
            let outcome = self.run(task, future.bits());
            self.inline.set(self.inline.get() - 1);
            let told = outcome.clone().map_err(CallError::from);
            Future::settle(record, outcome, || self.turn_busy()).then_some(told)
        })
    }

    /// Lets the pool count this worker as absent while it waits.
    pub fn lend(&'static self) -> Lent {
        self.lend_for(false)
    }

    /// The same for a wait that futures of others than this pool may end, too.
    fn lend_for(&'static self, has_others: bool) -> Lent {
        let is_entering = self.mode.get() == Mode::Entering;
        self.turn_busy();
        let shift = self.shift();
        shift.crew.block(is_entering);
        let is_refused = !self.pool.look_again(shift);
        let (is_looking, is_returning) = (Cell::new(true), Cell::new(false));
        Lent { worker: self, is_entering, has_others, is_refused, is_looking, is_returning }
    }
}

/// Runs a task; its argument has been given back when this returns.
#[inline]
fn run(task: Task, future: u64) -> Result<Value, Failure> {
    let span = hooks::task_started(future);
    let outcome = task.run();
    drop(task);
    if let Err(failure) = &outcome {
        hooks::failed(Subject::task(future), failure.code());
    }
    span.end(outcome.as_ref().map_or_else(Failure::code, |_| 0));
    outcome.map(Value)
}

/// A worker's place in its pool, lent until this is dropped.
pub(super) struct Lent {
    worker: &'static Worker,
    is_entering: bool,
    /// The wait may be ended by others than the pool's workers.
    has_others: bool,
    is_refused: bool,
    /// It may still take the place back, to run what it waits for.
    is_looking: Cell<bool>,
    /// It is counted as one whose wait has a limit, or others to end it.
    is_returning: Cell<bool>,
}

/// The retries of one wait: each after twice as long as the one before, as it is less and less likely that they help.
#[derive(Default)]
pub(super) struct Retries {
    before: u32,
}

impl Retries {
    fn next_ns(&mut self) -> u64 {
        let wait = FIRST_RETRY_NS << self.before;
        self.before = (self.before + 1).min(MOST_DOUBLINGS);
        wait
    }
}

impl Lent {
    /// Whether the system has refused the thread that would take the place.
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// The worker waits until the deadline, but only for a while at a time: then it is to look again, since whoever was to run what is
    /// queued may have been refused, or wait in its turn. It does not take the place back before.
    pub fn stay(&self, deadline: Deadline, retries: &mut Retries) -> Deadline {
        if self.is_looking.take() && self.worker.is_at_home() {
            let returns = self.has_others || deadline != Deadline::NEVER;
            self.worker.shift().crew.roster().looked(returns);
            self.is_returning.set(returns);
        }
        deadline.min(Deadline::after_ns(retries.next_ns()))
    }

    /// Has a thread started in the worker's place if that is needed by now: some task waits whose thread the system had refused.
    pub fn look_again(&mut self) {
        if self.worker.is_at_home() {
            self.is_refused = !self.worker.pool.look_again(self.worker.shift());
        }
    }

    /// Whether no thread could be had, and nobody is left to run what is queued.
    pub fn is_deserted(&self) -> bool {
        let shift = self.worker.shift();
        self.is_refused && self.worker.is_at_home() && shift.crew.roster().is_deserted() && shift.pending().0 > 0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.worker.is_at_home() {
            self.worker.shift().crew.unblock(self.is_entering, self.is_looking.get(), self.is_returning.get());
        }
    }
}
