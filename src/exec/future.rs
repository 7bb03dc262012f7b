//! Future: a result that will be there later (Python: `concurrent.futures.Future`).
//!
//! ```text
//!               cancel (free-standing)                set_running_or_notify_cancel
//!          +-----------------------> CANCELLED -------------------+
//!          |                                                      v
//!       PENDING -- cancel (an executor's) -----------> CANCELLED_AND_NOTIFIED
//!          |  |
//!          |  +-- set_result, set_exception; broken pool -------> FINISHED
//!          |                                                      ^
//!          +-- claim by who runs the task,                        |
//!              set_running_or_notify_cancel --> RUNNING ----------+
//! ```
//!
//! *Over* are CANCELLED and the two on the right: results, exceptions and done callbacks do not wait any longer. *Done* are the
//! two on the right: what `wait` and `as_completed` wait for.
//!
//! Each edge is taken once, under the lock, and whoever takes it takes along what belongs to it: the task on the edges out of
//! PENDING, the waiters and callbacks on the edge to *over*, the watchers on the edge to *done*. So a task runs at most
//! once, and each of the others is told exactly once.
//!
//! No wake-up is lost: who waits, watches or adds a callback looks at the state under the lock and joins the list in
//! the same hold, so the edge that it waits for comes later and finds it there. Ordering: the lock's. What the completing
//! thread did before is seen by whoever sees the future over.

use super::aftermath::{Aftermath, DoneCallback, call_back};
use super::channel::Channel;
use super::phase::{Phase, Status};
use super::pool::Pool;
use super::work::{Job, Value, Work};
use super::worker;
use crate::callback::{CallError, Failure, FreeFn};
use crate::identity::{self, Identified};
use crate::park::{Deadline, Mutex, MutexGuard, WaitList, Wake};
use crate::status::Error;
use crate::sys::fork;
use core::sync::atomic::{AtomicBool, Ordering};
use slab::Slab;
use std::sync::Arc;

struct Watcher {
    channel: Arc<Channel>,
    position: usize,
}

struct State {
    phase: Phase,
    waiters: WaitList,
    /// In the order in which they were added.
    callbacks: Vec<DoneCallback>,
    watchers: Slab<Watcher>,
    result_free: Option<FreeFn>,
}

/// A result that will be there later.
pub struct Future {
    id: u64,
    /// The executor whose future it is; 0 for a free-standing one.
    home: u64,
    /// Of an executor's future: the fork epoch that its pool's queue and workers belong to.
    epoch: u32,
    /// Whether its job is still to be claimed: what the pool goes by when it sweeps its queue, where it cannot lock futures.
    unclaimed: AtomicBool,
    state: Mutex<State>,
}

impl core::fmt::Debug for Future {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Future").field("id", &self.id).field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Identified for Future {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Future {
    fn with_job(home: u64, job: Option<Job>) -> Arc<Future> {
        Arc::new(Future {
            id: identity::next(),
            home,
            epoch: fork::epoch(),
            unclaimed: AtomicBool::new(job.is_some()),
            state: Mutex::new(State {
                phase: Phase::Pending(job),
                waiters: WaitList::new(),
                callbacks: Vec::new(),
                watchers: Slab::new(),
                result_free: None,
            }),
        })
    }

    /// A pending future without a task: a promise.
    pub fn new() -> Arc<Future> {
        Future::with_job(0, None)
    }

    /// The future of a task that is about to be queued.
    pub(super) fn of_task(pool: &Arc<Pool>, work: Work, detached: bool) -> Arc<Future> {
        Future::with_job(pool.id(), Some(Job { work, pool: pool.clone(), detached }))
    }

    /// The executor whose future it is; 0 for a free-standing one.
    pub(super) fn home(&self) -> u64 {
        self.home
    }

    /// Whether its job is still to be claimed. Decided only under the lock; a look from outside may be out of date.
    pub(super) fn is_unclaimed(&self) -> bool {
        self.unclaimed.load(Ordering::Relaxed)
    }

    fn is_from_before_a_fork(&self) -> bool {
        self.home != 0 && self.epoch != fork::epoch()
    }

    /// Locks the state; an executor's future that has crossed a fork unfinished is cancelled first.
    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        if self.is_from_before_a_fork() && !state.phase.is_over() {
            let phase = core::mem::replace(&mut state.phase, Phase::CancelledAndNotified);
            let callbacks = core::mem::take(&mut state.callbacks);
            state.watchers = Slab::new();
            drop(state);
            core::mem::forget(callbacks);
            if let Phase::Pending(Some(job)) = phase {
                job.work.forget();
            }
            state = self.state.lock();
        }
        state
    }

    /// Where it is in its life.
    pub fn status(&self) -> Status {
        self.lock().phase.status()
    }

    /// Whether it is finished or cancelled.
    pub fn is_over(&self) -> bool {
        self.lock().phase.is_over()
    }

    /// Takes the job of a future that leaves PENDING out of its pool's count.
    fn leave_queue(&self, phase: &Phase) {
        if let Phase::Pending(Some(job)) = phase {
            self.unclaimed.store(false, Ordering::Relaxed);
            job.pool.left_queue();
        }
    }

    /// Takes the edge to a phase in which the future is over.
    fn end(&self, state: &mut State, phase: Phase) -> Aftermath {
        self.leave_queue(&state.phase);
        let before = core::mem::replace(&mut state.phase, phase);
        let mut watching = Vec::new();
        if state.phase.is_done() {
            let failed = state.phase.has_failed();
            for (_, watcher) in core::mem::take(&mut state.watchers) {
                watching.extend(watcher.channel.push(watcher.position, failed));
            }
        }
        let callbacks = core::mem::take(&mut state.callbacks);
        Aftermath { before, waiters: state.waiters.take_all(), watching, callbacks }
    }

    /// Cancels it, if it has not started: whether it is cancelled now.
    pub fn cancel(self: &Arc<Future>) -> bool {
        let mut state = self.lock();
        let phase = match state.phase {
            Phase::Pending(_) if self.home == 0 => Phase::Cancelled,
            Phase::Pending(_) => Phase::CancelledAndNotified,
            Phase::Cancelled | Phase::CancelledAndNotified => return true,
            Phase::Running | Phase::Finished(_) => return false,
        };
        let aftermath = self.end(&mut state, phase);
        drop(state);
        aftermath.follow(self);
        true
    }

    /// For the owner of a free-standing future, before the work begins: true, and it is running; or false, it was cancelled,
    /// and who waits for it together with others is told. `InvalidState` if it is running or over otherwise.
    pub fn set_running_or_notify_cancel(self: &Arc<Future>) -> Result<bool, Error> {
        let mut state = self.lock();
        match state.phase {
            Phase::Pending(_) => {
                self.leave_queue(&state.phase);
                let before = core::mem::replace(&mut state.phase, Phase::Running);
                drop(state);
                // An executor's future started by hand: its task will not run.
                drop(before);
                Ok(true)
            }
            Phase::Cancelled => {
                let aftermath = self.end(&mut state, Phase::CancelledAndNotified);
                drop(state);
                aftermath.follow(self);
                Ok(false)
            }
            _ => Err(Error::InvalidState),
        }
    }

    /// Finishes it, unless it is over: `InvalidState`.
    fn finish(self: &Arc<Future>, outcome: Result<Value, CallError>) -> Result<(), Error> {
        let mut state = self.lock();
        if state.phase.is_over() {
            return Err(Error::InvalidState);
        }
        let aftermath = self.end(&mut state, Phase::Finished(outcome));
        drop(state);
        aftermath.follow(self);
        Ok(())
    }

    /// Finishes it with a result: `InvalidState` if it is finished or cancelled.
    pub fn set_result(self: &Arc<Future>, value: Value) -> Result<(), Error> {
        self.finish(Ok(value))
    }

    /// Finishes it with a failure: `InvalidState` if it is finished or cancelled.
    pub fn set_exception(self: &Arc<Future>, failure: Failure) -> Result<(), Error> {
        self.finish(Err(failure.into()))
    }

    /// The pool is broken: a future that waited in its queue will not run.
    pub(super) fn break_off(self: &Arc<Future>) {
        // One that is over or running by now was taken from the queue by someone else.
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Pending(_)) {
            return;
        }
        let aftermath = self.end(&mut state, Phase::Finished(Err(Error::BrokenExecutor.into())));
        drop(state);
        aftermath.follow(self);
    }

    /// PENDING to RUNNING, for the thread that then runs the job; `claimed` tells the pool. None if someone was faster.
    pub(super) fn claim(&self, claimed: impl FnOnce(&Pool)) -> Option<Job> {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Pending(Some(_))) {
            return None;
        }
        let Phase::Pending(job) = core::mem::replace(&mut state.phase, Phase::Running) else { unreachable!() };
        self.unclaimed.store(false, Ordering::Relaxed);
        job.inspect(|job| claimed(&job.pool))
    }

    /// RUNNING to FINISHED, by the thread that ran the job. None if the user finished it meanwhile, or in a child of the fork
    /// that the job called: then nobody is to be told.
    pub(super) fn settle(&self, outcome: Result<Value, Failure>) -> Option<Aftermath> {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Running) {
            return None;
        }
        Some(self.end(&mut state, Phase::Finished(outcome.map_err(CallError::from))))
    }

    /// Waits until it is over: `TimedOut`. A worker of its own pool runs it, or lends its place, meanwhile.
    fn wait(self: &Arc<Future>, deadline: Deadline) -> Result<(), Error> {
        let mut lent = None;
        loop {
            let state = self.lock();
            if state.phase.is_over() {
                return Ok(());
            }
            if lent.is_none() && !deadline.has_passed() {
                if let Some(worker) = worker::current_of(self.home) {
                    let pending = matches!(state.phase, Phase::Pending(_));
                    drop(state);
                    if !(pending && deadline == Deadline::NEVER && worker.run_inline(self)) {
                        lent = Some(worker.lend());
                    }
                    continue;
                }
            }
            match Mutex::wait(state, deadline, |state| &mut state.waiters) {
                Wake::Notified(_) => {}
                Wake::TimedOut(_) => return Err(Error::TimedOut),
            }
        }
    }

    /// Whether `result` would not have to wait: it is over, the deadline has passed, or the calling worker may run it itself.
    pub fn is_ready(&self, deadline: Deadline) -> bool {
        let status = self.status();
        let runs_inline = || {
            let worker = worker::current_of(self.home);
            status == Status::Pending
                && deadline == Deadline::NEVER
                && worker.is_some_and(|worker| worker.may_run_inline())
        };
        !matches!(status, Status::Pending | Status::Running) || deadline.has_passed() || runs_inline()
    }

    /// The result, waiting for it until the deadline: `TimedOut`, `Cancelled`, `BrokenExecutor`, or the failure.
    pub fn result(self: &Arc<Future>, deadline: Deadline) -> Result<Value, CallError> {
        self.wait(deadline)?;
        match &self.lock().phase {
            Phase::Finished(outcome) => outcome.clone(),
            _ => Err(Error::Cancelled.into()),
        }
    }

    /// The failure, if it is one, waiting until the deadline: `TimedOut`, `Cancelled`, `BrokenExecutor`.
    pub fn exception(self: &Arc<Future>, deadline: Deadline) -> Result<Option<Failure>, Error> {
        match self.result(deadline) {
            Ok(_) => Ok(None),
            Err(CallError::Failed(failure)) => Ok(Some(failure)),
            Err(CallError::Refused(error)) => Err(error),
        }
    }

    /// Has `callback` called when the future is over: by the thread that ends it, after those added before; or now.
    pub fn add_done_callback(self: &Arc<Future>, callback: DoneCallback) {
        let mut state = self.lock();
        if state.phase.is_over() {
            drop(state);
            return call_back(self, vec![callback]);
        }
        state.callbacks.push(callback);
    }

    /// Has the result given back with the future itself.
    ///
    /// # Safety
    /// `free` may be called with the result, on any thread.
    pub unsafe fn set_result_free(&self, free: Option<FreeFn>) {
        self.lock().result_free = free;
    }

    /// Whether its drop gives a result back.
    pub(super) fn gives_back(&self) -> bool {
        let state = self.lock();
        state.result_free.is_some() && matches!(state.phase, Phase::Finished(Ok(_)))
    }

    /// Whether it is done (finished, or cancelled and notified), and if so, whether it has failed.
    pub(super) fn is_done(&self) -> Option<bool> {
        let state = self.lock();
        state.phase.is_done().then(|| state.phase.has_failed())
    }

    /// Has `position` pushed into the channel when the future is done; at once if it is. Otherwise the key for `unwatch`.
    pub(super) fn watch(&self, channel: &Arc<Channel>, position: usize) -> Option<usize> {
        let mut state = self.lock();
        if state.phase.is_done() {
            let notifier = channel.push(position, state.phase.has_failed());
            drop(state);
            notifier.into_iter().for_each(Channel::notify);
            return None;
        }
        Some(state.watchers.insert(Watcher { channel: channel.clone(), position }))
    }

    /// Takes a watcher away, of whom a future that is done knows nothing any more.
    pub(super) fn unwatch(&self, key: usize) {
        let mut state = self.lock();
        if !state.phase.is_done() {
            state.watchers.remove(key);
        }
    }

    /// Whether nobody waits, and how many watch.
    #[cfg(test)]
    pub(super) fn followers(&self) -> (bool, usize) {
        let state = self.lock();
        (state.waiters.is_empty(), state.watchers.len())
    }
}

impl Drop for Future {
    fn drop(&mut self) {
        let state = self.lock();
        if let (Phase::Finished(Ok(value)), Some(free)) = (&state.phase, state.result_free) {
            let value = *value;
            drop(state);
            // SAFETY: the promise of `set_result_free`.
            unsafe { value.give_back(free) };
        }
    }
}
