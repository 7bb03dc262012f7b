//! The thread pool's book-keeping: its queue, and how many threads work on it.
//!
//! Each worker is counted in `workers` from the moment its start is decided, and is in one of these states:
//!
//! ```text
//! idle      it will look at the queue before it does anything that may take long: newly started, between two tasks, asleep
//! busy      it runs user code: a task, done callbacks, something's `free`
//! blocked   busy, and it waits for a future of this pool: the limit counts it as absent (`lend`)
//! ```
//!
//! What each transition keeps up:
//!
//! ```text
//! queued <= idle                          every queued task has a worker that will look for it,
//!   or workers - blocked >= max_workers   or as many threads work as may,
//!   or the system refused a thread        and whoever leaves the queue to others leaves such a worker behind
//! ```
//!
//! A queued task is one that is neither claimed nor cancelled; the queue may also hold some that are
//! (`Future::is_unclaimed`), which whoever pops them skips. A worker becomes idle before its task's future is settled: who
//! waits for the result and then submits again finds it idle, and starts no second one.
//!
//! When a wait ends there may be more than `max_workers` at work; then the next one that looks at the queue leaves, whoever
//! it is (`is_surplus`). There are others, so the queue is not forgotten.
//!
//! No wake-up is lost: a worker goes to sleep under the lock, when the queue is empty; who puts something in it, shuts down,
//! breaks the pool, or makes an idle worker surplus does so under the lock, and wakes one or all.

use super::future::Future;
use crate::callback::Target;
use crate::identity::{self, Identified, Kind};
use crate::park::{Deadline, Mutex, MutexGuard, Notice, WaitList, Wake};
use crate::status::Error;
use crate::sys::fork;
use crate::thread::hooks::Subject;
use crate::thread::{Thread, hooks, shutdown};
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// "Look again": at the queue, or at the outcome of a start.
pub(super) const LOOK: Notice = Notice::new(1);

/// How an executor was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Open,
    /// By `shutdown(wait = false)`.
    ShutDown,
    /// By `shutdown(wait = true)`.
    Awaited,
}

pub(super) struct State {
    /// The fork epoch that the rest belongs to.
    epoch: u32,
    pub queue: VecDeque<Arc<Future>>,
    pub queued: usize,
    /// Tasks whose function or `arg_free` is running.
    pub running: usize,
    pub workers: usize,
    pub idle: usize,
    pub blocked: usize,
    /// Workers whose system thread is not known to run yet; they count as idle.
    pub starting: usize,
    /// Idle workers that sleep.
    pub sleepers: WaitList,
    /// Those who wait for the outcome of another thread's start.
    pub starters: WaitList,
    /// The threads, by worker number, until they have been joined.
    pub threads: BTreeMap<usize, Arc<Thread>>,
    next_number: usize,
    /// A task was submitted: the settings stay.
    pub settled: bool,
    pub prefix: Arc<str>,
    pub initializer: Option<Arc<Target>>,
    pub stage: Stage,
    pub broken: bool,
}

/// A worker that has been counted in and is to be started.
#[must_use]
pub(super) struct Hiring {
    number: usize,
}

/// Queue and workers of an executor.
pub(super) struct Pool {
    id: u64,
    max_workers: usize,
    default_prefix: Arc<str>,
    state: Mutex<State>,
}

impl State {
    fn new(prefix: Arc<str>) -> State {
        State {
            epoch: fork::epoch(),
            queue: VecDeque::new(),
            queued: 0,
            running: 0,
            workers: 0,
            idle: 0,
            blocked: 0,
            starting: 0,
            sleepers: WaitList::new(),
            starters: WaitList::new(),
            threads: BTreeMap::new(),
            next_number: 0,
            settled: false,
            prefix,
            initializer: None,
            stage: Stage::Open,
            broken: false,
        }
    }

    /// In a child of fork: the state without what belongs to the parent, which goes to `self`'s place.
    fn without_parents(&mut self) -> State {
        let mut fresh = State::new(self.prefix.clone());
        fresh.settled = self.settled;
        fresh.initializer = self.initializer.take();
        fresh.stage = self.stage;
        fresh.broken = self.broken;
        core::mem::replace(self, fresh)
    }

    /// Whether it takes no more work.
    pub fn is_shut_down(&self) -> bool {
        self.stage != Stage::Open || shutdown::executors_closed()
    }
}

impl Pool {
    /// With at most so many threads at work at a time.
    pub fn new(max_workers: usize) -> Arc<Pool> {
        static CREATED: AtomicU64 = AtomicU64::new(0);
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let default_prefix: Arc<str> = format!("ThreadPoolExecutor-{number}").into();
        let state = Mutex::new(State::new(default_prefix.clone()));
        Arc::new(Pool { id: identity::next(), max_workers, default_prefix, state })
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn max_workers(&self) -> usize {
        self.max_workers
    }

    pub fn default_prefix(&self) -> &Arc<str> {
        &self.default_prefix
    }

    /// Locks the state, put right first if a fork lies between.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        if state.epoch != fork::epoch() {
            let parents = state.without_parents();
            drop(state);
            drop(parents);
            state = self.state.lock();
        }
        state
    }

    /// Locks the state for a worker of this epoch; None if it has crossed a fork and belongs to no pool any more.
    pub fn lock_in(&self, epoch: u32) -> Option<MutexGuard<'_, State>> {
        (epoch == fork::epoch()).then(|| self.lock())
    }

    /// One task less in the queue. Called under its future's lock, which is from after the last fork; so is this state then.
    pub fn left_queue(&self) {
        self.state.lock().queued -= 1;
    }

    /// Whether more threads work than may.
    pub fn is_surplus(&self, state: &State) -> bool {
        state.workers - state.blocked > self.max_workers
    }

    /// Decides on one more worker, if a queued task needs it and the limit allows it.
    pub fn hire_if_needed(&self, state: &mut State) -> Option<Hiring> {
        let needed = state.queued > state.idle && state.workers - state.blocked < self.max_workers;
        needed.then(|| self.hire(state))
    }

    fn hire(&self, state: &mut State) -> Hiring {
        state.workers += 1;
        state.idle += 1;
        state.starting += 1;
        state.next_number += 1;
        Hiring { number: state.next_number - 1 }
    }

    /// Starts the worker that was decided on.
    fn start(self: &Arc<Pool>, Hiring { number }: Hiring) -> Result<(), Error> {
        let name = format!("{}_{number}", self.lock().prefix);
        let pool = self.clone();
        let result = Thread::start_worker(&name, Target::from_fn(move || super::worker::main(pool)));
        let mut state = self.lock();
        state.starting -= 1;
        let result = result.map(|thread| drop(state.threads.insert(number, thread)));
        if result.is_err() {
            state.workers -= 1;
            state.idle -= 1;
        }
        let starters = state.starters.take_all();
        let unjoined = state.threads.len() > 2 * state.workers + 8;
        drop(state);
        starters.notify_all(LOOK);
        if unjoined {
            self.join_ended();
        }
        result
    }

    /// Starts the worker that was decided on, if any, and more as long as they are needed. A refused one is done without: the
    /// caller knows that others work.
    pub fn keep_up(self: &Arc<Pool>, mut hiring: Option<Hiring>) {
        while let Some(next) = hiring {
            if self.start(next).is_err() {
                return;
            }
            hiring = self.hire_if_needed(&mut self.lock());
        }
    }

    /// Queues tasks, all or none: `BrokenExecutor`, `ShutDown`, `NoThread` (which is only said when there is no worker at all).
    pub fn submit(self: &Arc<Pool>, futures: &[Arc<Future>]) -> Result<(), Error> {
        if futures.is_empty() {
            return Ok(());
        }
        futures.iter().for_each(|future| hooks::task_submitted(future.id()));
        let mut state = self.lock();
        let mut has_started_one = false;
        loop {
            if state.broken && has_started_one {
                // By the worker that was started for these: as if they had been queued before.
                state.queued += futures.len();
                drop(state);
                futures.iter().for_each(Future::break_off);
                return Ok(());
            }
            if state.broken {
                return Err(Error::BrokenExecutor);
            }
            if state.is_shut_down() {
                return Err(Error::ShutDown);
            }
            // Nothing is queued before there is a worker, so a refusal leaves nothing to be taken back.
            if state.workers > state.starting {
                break;
            }
            if state.starting > 0 {
                match Mutex::wait(state, Deadline::NEVER, |state| &mut state.starters) {
                    Wake::Notified(_) | Wake::TimedOut(_) => state = self.lock(),
                }
                continue;
            }
            let first = self.hire(&mut state);
            drop(state);
            self.start(first)?;
            has_started_one = true;
            state = self.lock();
        }
        let swept = Pool::sweep(&mut state);
        state.settled = true;
        state.queued += futures.len();
        state.queue.extend(futures.iter().cloned());
        let mut woken = Vec::new();
        while woken.len() < futures.len() {
            let Some(sleeper) = state.sleepers.pop_front() else { break };
            woken.push(sleeper);
        }
        let hiring = self.hire_if_needed(&mut state);
        drop(state);
        woken.into_iter().for_each(|sleeper| sleeper.notify(LOOK));
        drop(swept);
        self.keep_up(hiring);
        Ok(())
    }

    /// Takes out what is not to be run any more, once it is the larger part: constant time for each on average.
    fn sweep(state: &mut State) -> Vec<Arc<Future>> {
        if state.queue.len() <= 2 * state.queued + 32 {
            return Vec::new();
        }
        let (live, swept) = core::mem::take(&mut state.queue).into_iter().partition(|future| future.is_unclaimed());
        state.queue = live;
        Vec::from(swept)
    }

    /// Waits until all workers have ended and their threads are gone. For a pool that is shut down.
    pub fn join(&self) {
        let is_deserted = || {
            let state = self.lock();
            state.threads.is_empty() && state.starting == 0
        };
        hooks::wait_unless(Subject::new(Kind::Executor, self.id), is_deserted, || self.join_threads());
    }

    fn join_threads(&self) {
        loop {
            let state = self.lock();
            if state.threads.is_empty() {
                if state.starting == 0 {
                    return;
                }
                match Mutex::wait(state, Deadline::NEVER, |state| &mut state.starters) {
                    Wake::Notified(_) | Wake::TimedOut(_) => continue,
                }
            }
            let threads = state.threads.clone();
            drop(state);
            self.join_each(threads, Deadline::NEVER);
        }
    }

    /// Forgets the threads of workers that have left.
    fn join_ended(&self) {
        let threads = self.lock().threads.clone();
        self.join_each(threads, Deadline::PASSED);
    }

    fn join_each(&self, threads: BTreeMap<usize, Arc<Thread>>, deadline: Deadline) {
        // A worker may look for those that have left, and finds itself among them: it has not. Only in the destructor of a
        // thread-local may it wait for all without being known as a worker any more; it waits for the others then.
        let joined = |thread: &Arc<Thread>| thread.join_quietly(deadline).is_ok() || deadline == Deadline::NEVER;
        let gone: Vec<_> = threads.iter().filter(|(_, thread)| joined(thread)).map(|(number, _)| *number).collect();
        let mut state = self.lock();
        let forgotten: Vec<_> = gone.iter().map(|number| state.threads.remove(number)).collect();
        drop(state);
        drop(forgotten);
    }
}

impl shutdown::OnShutdown for Pool {
    /// `executors_closed` says so already: workers that sleep are to look.
    fn shut_down(&self) {
        let sleepers = self.lock().sleepers.take_all();
        sleepers.notify_all(LOOK);
    }
}
