//! What a pool's thread does, and what a wait inside a task does instead of waiting.
//!
//! A worker that waits without a limit for a task of its own pool that has not started runs it itself, there and then
//! (`run_inline`): that one, never another, since a stranger on top of a blocked stack could wait for a lock that lies below.
//! In every other wait for its own pool's futures it lends its place (`lend`), so that the pool goes on.
//!
//! Running inline uses up the waiting task's stack. It is done only as long as most of the stack is left, so that the
//! inner task has about as much as on a thread of its own; beyond that the worker lends.

use super::aftermath::call_back;
use super::future::Future;
use super::pool::{LOOK, Pool};
use super::work::Job;
use crate::callback::Failure;
use crate::identity::{Identified, Kind};
use crate::park::{Deadline, Mutex, Wake};
use crate::sys::{fork, stack};
use crate::thread::hooks::{self, Subject};
use crate::thread::report;
use core::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// How deeply tasks run inside each other's waits on one stack.
const MOST_INLINE: usize = 64;

/// A pool's thread, as it sees itself.
pub(super) struct Worker {
    pool: Arc<Pool>,
    /// The fork epoch that it belongs to. In a child of a fork that a task calls it is no worker any more.
    epoch: u32,
    /// Whether the pool counts it as idle.
    idle: Cell<bool>,
    inline: Cell<usize>,
    stack: stack::Bounds,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

/// The calling thread as a worker of the pool with this number, if it is one.
pub(super) fn current_of(home: u64) -> Option<Rc<Worker>> {
    let worker = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()?;
    (worker.pool.id() == home && worker.epoch == fork::epoch()).then_some(worker)
}

/// The calling thread's place, lent if it is a worker of one of these pools.
pub(super) fn lend_if_home(homes: impl IntoIterator<Item = u64>) -> Option<Lent> {
    let worker = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()?;
    let is_home = worker.epoch == fork::epoch() && homes.into_iter().any(|home| home == worker.pool.id());
    is_home.then(|| worker.lend())
}

/// What the thread of a worker runs. It is counted in already, as idle.
pub(super) fn main(pool: Arc<Pool>) -> Result<(), Failure> {
    let initializer = pool.lock().initializer.clone();
    let worker = Rc::new(Worker {
        pool,
        epoch: fork::epoch(),
        idle: Cell::new(true),
        inline: Cell::new(0),
        stack: stack::Bounds::of_current_thread(),
    });
    CURRENT.set(Some(worker.clone()));
    match initializer.map_or(Ok(()), |initializer| initializer.run()) {
        Ok(()) => {
            while let Some(future) = worker.next() {
                worker.serve(future);
            }
        }
        Err(failure) => {
            hooks::failed(Subject::new(Kind::Executor, worker.pool.id()), failure.code());
            report(&failure);
            worker.break_pool();
        }
    }
    CURRENT.set(None);
    Ok(())
}

impl Worker {
    /// The next future in the queue, waiting for one; None when the worker has left the pool.
    fn next(&self) -> Option<Arc<Future>> {
        let mut state = self.pool.lock_in(self.epoch)?;
        if !self.idle.replace(true) {
            state.idle += 1;
        }
        loop {
            if self.pool.is_surplus(&state) {
                break;
            }
            if let Some(future) = state.queue.pop_front() {
                return Some(future);
            }
            if state.broken || state.is_shut_down() {
                break;
            }
            match Mutex::wait(state, Deadline::NEVER, |state| &mut state.sleepers) {
                Wake::Notified(_) | Wake::TimedOut(_) => state = self.pool.lock(),
            }
        }
        state.workers -= 1;
        state.idle -= 1;
        None
    }

    /// Runs the job of a future from the queue, if nobody has claimed or cancelled it.
    fn serve(&self, future: Arc<Future>) {
        if let Some(job) = self.claim(&future) {
            self.run(&future, job, true);
        }
        // With the last reference the result may be given back: the user's code, which may take its time.
        if let Some(future) = Arc::into_inner(future) {
            if future.gives_back() {
                self.turn_busy();
            }
        }
    }

    /// Whether it has the stack for a task inside a wait.
    pub fn may_run_inline(&self) -> bool {
        self.inline.get() < MOST_INLINE && self.stack.is_mostly_left()
    }

    /// Runs the job of a future that this worker waits for: false if it may not, or if someone else was faster.
    pub fn run_inline(&self, future: &Arc<Future>) -> bool {
        if !self.may_run_inline() {
            return false;
        }
        let Some(job) = self.claim(future) else { return false };
        self.inline.set(self.inline.get() + 1);
        self.run(future, job, false);
        self.inline.set(self.inline.get() - 1);
        true
    }

    fn claim(&self, future: &Future) -> Option<Job> {
        future.claim(|pool| {
            // Under the future's lock, and both are from after the last fork: nothing to be put right here.
            let mut state = pool.lock();
            state.queued -= 1;
            state.running += 1;
            if self.idle.replace(false) {
                state.idle -= 1;
            }
        })
    }

    fn run(&self, future: &Arc<Future>, Job { work, pool, detached }: Job, idle_after: bool) {
        drop(pool);
        let span = hooks::task_started(future.id());
        let outcome = work.run();
        if let Err(failure) = &outcome {
            hooks::failed(Subject::new(Kind::Future, future.id()), failure.code());
            if detached {
                report(failure);
            }
        }
        span.end(outcome.as_ref().map_or_else(Failure::code, |_| 0));
        if let Some(mut state) = self.pool.lock_in(self.epoch) {
            state.running -= 1;
            // Before the future is settled; see the pool.
            if idle_after {
                state.idle += 1;
                self.idle.set(true);
            }
        }
        let Some(aftermath) = future.settle(outcome) else { return };
        let callbacks = aftermath.tell();
        if !callbacks.is_empty() {
            self.turn_busy();
        }
        call_back(future, callbacks);
    }

    /// Before user code runs that is no task: if this worker counts as idle, it does not any more, and what is queued may need
    /// another one.
    fn turn_busy(&self) {
        if !self.idle.replace(false) {
            return;
        }
        let Some(mut state) = self.pool.lock_in(self.epoch) else { return };
        state.idle -= 1;
        let hiring = self.pool.hire_if_needed(&mut state);
        drop(state);
        self.pool.keep_up(hiring);
    }

    /// Lets the pool count this worker as absent while it waits.
    pub fn lend(self: Rc<Worker>) -> Lent {
        if let Some(mut state) = self.pool.lock_in(self.epoch) {
            state.blocked += 1;
            if self.idle.get() {
                state.idle -= 1;
            }
            let hiring = self.pool.hire_if_needed(&mut state);
            drop(state);
            self.pool.keep_up(hiring);
        }
        Lent(self)
    }

    /// The initializer has failed: no task will run any more but those that are under way. The worker leaves.
    fn break_pool(&self) {
        let Some(mut state) = self.pool.lock_in(self.epoch) else { return };
        state.broken = true;
        let queue = core::mem::take(&mut state.queue);
        let sleepers = state.sleepers.take_all();
        if self.idle.replace(false) {
            state.idle -= 1;
        }
        drop(state);
        sleepers.notify_all(LOOK);
        for future in queue {
            future.break_off();
        }
        if let Some(mut state) = self.pool.lock_in(self.epoch) {
            state.workers -= 1;
        }
    }
}

/// A worker's place in its pool, lent until this is dropped.
pub(super) struct Lent(Rc<Worker>);

impl Drop for Lent {
    fn drop(&mut self) {
        let Worker { pool, epoch, idle, .. } = &*self.0;
        let Some(mut state) = pool.lock_in(*epoch) else { return };
        state.blocked -= 1;
        if idle.get() {
            state.idle += 1;
        }
        // One that sleeps would take the next task besides this worker.
        let sleeper = if pool.is_surplus(&state) { state.sleepers.pop_front() } else { None };
        drop(state);
        sleeper.into_iter().for_each(|sleeper| sleeper.notify(LOOK));
    }
}
