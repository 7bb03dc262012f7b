//! Future: a result that will be there later (Python: `concurrent.futures.Future`).
//!
//! A `Future` is an owner of a record (`record`), and `state` has the states and their edges. What is here is what each edge brings
//! about, and waiting.
//!
//! Edges by the task's own end are one compare-and-swap when nobody follows. All other ends, and all changes to the followers, are
//! made under the record's bucket (`park::bucket`); so a future that is seen to be over is asked whether it is still FOLLOWED, and
//! if so the bucket is taken once: then all who watch it have been told. What happened one after the other arrives in this
//! order.

use super::aftermath::{Aftermath, DoneCallback, call_back};
use super::channel::Channel;
use super::entry::Entry;
use super::phase::Status;
use super::pool::Pool;
use super::record::{Record, Watcher};
use super::state::{Owners, Phase, Settled, Snapshot, Turned};
use super::work::Value;
use super::worker::{self, Lent, Retries, Worker};
use crate::callback::{CallError, Failure, FreeFn, Task};
use crate::fallible;
use crate::handle::Handle;
use crate::handle::arena::Vacant;
use crate::identity::Identified;
use crate::park::{Deadline, RawMutex, bucket, spin_until};
use crate::status::Error;
use crate::sys::allocator;
use core::mem::ManuallyDrop;
use slab::Slab;
use std::sync::Arc;

/// A result that will be there later: one of its owners.
pub struct Future {
    record: &'static Record,
}

impl core::fmt::Debug for Future {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Future").field("id", &self.id()).field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Identified for Future {
    fn id(&self) -> u64 {
        self.record.handle().bits()
    }
}

impl Clone for Future {
    fn clone(&self) -> Future {
        self.record.state().retain();
        Future { record: self.record }
    }
}

impl Drop for Future {
    fn drop(&mut self) {
        if self.record.state().release() {
            // SAFETY: that was the last owner.
            unsafe { self.record.bury() };
        }
    }
}

impl PartialEq for Future {
    /// Whether they are owners of the same future.
    fn eq(&self, other: &Future) -> bool {
        core::ptr::eq(self.record, other.record)
    }
}

/// An owner of a future for another handle than its own: what a done callback is given.
#[derive(Debug)]
pub struct Alias(pub Future);

impl Identified for Alias {
    fn id(&self) -> u64 {
        self.0.id()
    }
}

/// A record's bucket, held until this is dropped.
struct Held(&'static RawMutex);

impl Held {
    fn of(record: &'static Record) -> Held {
        let bucket = bucket(record);
        bucket.lock();
        Held(bucket)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: locked by `of`.
        unsafe { self.0.unlock() };
    }
}

impl Future {
    /// A pending future without a task: a promise. `NoMemory`.
    pub fn new() -> Result<Future, Error> {
        let (record, ..) = Record::fill(Vacant::take()?, core::ptr::null(), None, Owners::One);
        Ok(Future { record })
    }

    /// The same, owned by the program by way of this handle.
    pub fn open() -> Result<Handle, Error> {
        let (_, _, handle) = Record::fill(Vacant::take()?, core::ptr::null(), None, Owners::Handle);
        Ok(handle)
    }

    /// The future of a task that is about to be queued, for its maker; the task owns it too.
    pub(super) fn of_task(vacant: Vacant, pool: &Pool, task: Task) -> Future {
        let (record, ..) = Record::fill(vacant, pool, Some(task), Owners::TaskAndMaker);
        Future { record }
    }

    /// A task's future as it is queued; the program owns it too, by its handle.
    #[inline]
    pub(super) fn fill_open(vacant: Vacant, pool: &Pool, task: Task) -> Entry {
        let (_, _, handle) = Record::fill(vacant, pool, Some(task), Owners::TaskAndHandle);
        Entry::Future(handle)
    }

    /// As it is queued by its maker. A hook of the program's may have forked since it was made: it belongs to the process that queues it.
    pub(super) fn to_entry(&self) -> Entry {
        self.record.set_epoch();
        Entry::Future(self.handle())
    }

    /// The future of a queue's entry, if it is pending still.
    pub(super) fn of_entry(handle: Handle) -> Option<Future> {
        let (record, tag) = Record::find(handle)?;
        record.state().enter_pending(tag).then(|| Future { record })
    }

    /// Takes the task back of a future that was made for a queue, and never got there.
    pub(super) fn take_back(&self) {
        if let Some(task) = self.record.claim(self.record.tag()) {
            self.record.state().release();
            drop(task);
        }
    }

    /// The future that the handle names, its own and no alias: `InvalidHandle`.
    pub fn of_handle(handle: Handle) -> Result<Future, Error> {
        let (record, tag) = Record::find(handle).ok_or(Error::InvalidHandle)?;
        record.state().enter(tag).map(|()| Future { record })
    }

    /// Gives the handle back, which is the future's own and no alias: `InvalidHandle`.
    pub fn close_handle(handle: Handle) -> Result<(), Error> {
        let (record, tag) = Record::find(handle).ok_or(Error::InvalidHandle)?;
        if record.state().close(tag)? {
            // SAFETY: that was the last owner.
            unsafe { record.bury() };
        }
        Ok(())
    }

    /// The result that the handle's future has by now, or gets when the calling worker runs it as `wait` does; None where it takes
    /// more than that.
    #[inline]
    pub fn result_at_hand(handle: Handle, deadline: Deadline) -> Option<Result<Value, CallError>> {
        let (record, tag) = Record::find(handle)?;
        if let Some(value) = record.peek(tag) {
            return Some(Ok(value));
        }
        if deadline != Deadline::NEVER || !record.state().load().is_open(tag) {
            return None;
        }
        // The pool is this future's if it is claimed through this tag.
        worker::current_of(record.pool())?.run_inline(record, tag)
    }

    /// Where its bits are those of a handle, or would be.
    pub fn handle(&self) -> Handle {
        self.record.handle()
    }

    /// The pool of the executor whose future it is; NULL for a free-standing one.
    pub(super) fn pool(&self) -> *const Pool {
        self.record.pool()
    }

    /// The state, put right if a fork lies between, and told to all who watch if it is over.
    fn look(&self) -> Snapshot {
        let seen = self.record.state().load();
        if seen.is_settled() { seen } else { self.look_closely(seen) }
    }

    #[cold]
    fn look_closely(&self, seen: Snapshot) -> Snapshot {
        if seen.phase().is_over() {
            drop(Held::of(self.record));
        } else if self.record.is_from_before_a_fork() {
            self.cancel_after_fork();
        }
        self.record.state().load()
    }

    /// An executor's future that has crossed a fork unfinished is cancelled, and nobody is told: what it holds of the user's is
    /// the parent's to give back.
    fn cancel_after_fork(&self) {
        let held = Held::of(self.record);
        let cancelled = |phase: Phase| (!phase.is_over()).then_some(Phase::CancelledAndNotified);
        if let Turned::Done(before) = self.record.state().turn(true, cancelled) {
            // SAFETY: the bucket is held.
            core::mem::forget(unsafe { self.record.take_followers() });
            self.record.state().unfollow();
            if before.phase() == Phase::Pending {
                // SAFETY: this took the edge from PENDING to the end.
                unsafe { self.record.take_task() }.forget();
                // What the task owned. (A running one is owned by its runner, who may be this thread.)
                self.record.state().release();
            }
        }
        drop(held);
    }

    /// Where it is in its life.
    pub fn status(&self) -> Status {
        Status::of(self.look().phase())
    }

    /// Whether it is finished or cancelled.
    pub fn is_over(&self) -> bool {
        self.look().phase().is_over()
    }

    /// Takes an edge to the end of a future, if `next` has one from its phase; the task's edges apart.
    fn end(&self, next: impl Fn(Phase) -> Option<Phase>) -> Option<Aftermath> {
        match self.record.state().turn(false, &next) {
            Turned::Done(before) => Some(self.ended(before)),
            Turned::Refused(_) => None,
            Turned::Followed => self.end_in_bucket(&Held::of(self.record), next),
        }
    }

    fn end_in_bucket(&self, _held: &Held, next: impl Fn(Phase) -> Option<Phase>) -> Option<Aftermath> {
        let state = self.record.state();
        let Turned::Done(before) = state.turn(true, &next) else { return None };
        let mut aftermath = self.ended(before);
        if before.is_followed() {
            let phase = state.load().phase();
            // SAFETY: the bucket is held.
            let followers = unsafe { self.record.followers() };
            if phase.is_done() {
                // SAFETY: as above.
                aftermath.tell_followers(unsafe { self.record.take_followers() }, phase.has_failed());
            } else {
                aftermath.callbacks = core::mem::take(&mut followers.callbacks);
            }
            if phase.is_done() || followers_are_gone(self.record) {
                state.unfollow();
            }
        }
        Some(aftermath)
    }

    /// What is to be done after an edge to the end, besides telling those who follow.
    fn ended(&self, before: Snapshot) -> Aftermath {
        let mut aftermath = Aftermath::of(before);
        if before.phase() == Phase::Pending && !self.pool().is_null() {
            // SAFETY: this took the edge from PENDING to the end.
            aftermath.task = Some(unsafe { self.record.take_task() });
            self.withdrawn();
        }
        aftermath
    }

    /// The task left its pool's queue without being run, and owns the future no longer. By who took it out of PENDING.
    fn withdrawn(&self) {
        // SAFETY: the pool counts this task as queued, and stays until that is made good, which this does.
        unsafe { Pool::withdrawn(self.pool()) };
        // Not the last owner: the caller is one.
        self.record.state().release();
    }

    fn follow_up(&self, aftermath: Aftermath) {
        let callbacks = aftermath.tell(self.record);
        call_back(self, callbacks);
    }

    /// Cancels it, if it has not started: whether it is cancelled now.
    pub fn cancel(&self) -> bool {
        loop {
            match self.look().phase() {
                Phase::Pending => {}
                Phase::Cancelled | Phase::CancelledAndNotified => return true,
                _ => return false,
            }
            let to = if self.pool().is_null() { Phase::Cancelled } else { Phase::CancelledAndNotified };
            if let Some(aftermath) = self.end(|phase| (phase == Phase::Pending).then_some(to)) {
                self.follow_up(aftermath);
                return true;
            }
        }
    }

    /// For the owner of a free-standing future, before the work begins: true, and it is running; or false, it was cancelled,
    /// and who waits for it together with others is told. `InvalidState` if it is running or over otherwise.
    pub fn set_running_or_notify_cancel(&self) -> Result<bool, Error> {
        loop {
            match self.look().phase() {
                Phase::Pending if self.pool().is_null() => {
                    if self.record.state().claim(self.record.tag()) {
                        return Ok(true);
                    }
                }
                Phase::Pending => {
                    if let Some(task) = self.record.claim(self.record.tag()) {
                        // An executor's future started by hand: its task will not run.
                        self.withdrawn();
                        drop(task);
                        return Ok(true);
                    }
                }
                Phase::Cancelled => {
                    let notify = |phase| (phase == Phase::Cancelled).then_some(Phase::CancelledAndNotified);
                    if let Some(aftermath) = self.end(notify) {
                        self.follow_up(aftermath);
                        return Ok(false);
                    }
                }
                _ => return Err(Error::InvalidState),
            }
        }
    }

    /// Finishes it by hand, from a phase that `allowed` accepts: `InvalidState`.
    fn finish(&self, outcome: Result<Value, CallError>, allowed: impl Fn(Phase) -> bool) -> Result<(), Error> {
        self.look();
        let held = Held::of(self.record);
        let phase = self.record.state().load().phase();
        if !allowed(phase) {
            drop(held);
            return Err(Error::InvalidState);
        }
        let mut task = None;
        if phase == Phase::Pending && !self.pool().is_null() {
            // The outcome goes where the task is.
            task = self.record.claim(self.record.tag());
            if task.is_none() && !allowed(self.record.state().load().phase()) {
                drop(held);
                return Err(Error::InvalidState);
            }
        }
        let phase = self.record.write(outcome, true);
        let aftermath = self.end_in_bucket(&held, |present| (!present.is_over()).then_some(phase));
        drop(held);
        if task.is_some() {
            self.withdrawn();
        }
        let Some(mut aftermath) = aftermath else {
            // The task was faster.
            // SAFETY: the phase was not reached.
            unsafe { self.record.discard(phase) };
            return Err(Error::InvalidState);
        };
        aftermath.task = task;
        self.follow_up(aftermath);
        Ok(())
    }

    /// Finishes it with a result: `InvalidState` if it is finished or cancelled.
    pub fn set_result(&self, value: Value) -> Result<(), Error> {
        self.finish(Ok(value), |phase| !phase.is_over())
    }

    /// Finishes it with a failure: `InvalidState` if it is finished or cancelled.
    pub fn set_exception(&self, failure: Failure) -> Result<(), Error> {
        self.finish(Err(failure.into()), |phase| !phase.is_over())
    }

    /// The pool is broken: a future that waited in its queue will not run.
    pub(super) fn break_off(&self) {
        // One that is over or running by now was taken from the queue by someone else.
        let _ = self.finish(Err(Error::BrokenExecutor.into()), |phase| phase == Phase::Pending);
    }

    /// RUNNING to the end, by the thread that ran the task, whose share of the ownership this takes: false if the future was
    /// finished by hand meanwhile. `before_callbacks` comes before user code, if there is any to run.
    #[inline]
    pub(super) fn settle(
        record: &'static Record,
        outcome: Result<Value, Failure>,
        before_callbacks: impl FnOnce(),
    ) -> bool {
        let phase = record.write(outcome.map_err(CallError::from), false);
        let settled = if record.is_from_before_a_fork() {
            // In a child of the fork that the task called nobody is to be told.
            Settled::Missed
        } else {
            record.state().settle(phase)
        };
        match settled {
            Settled::Quiet { last } => {
                if last {
                    Future::bury(record, before_callbacks);
                }
                true
            }
            _ => Future::settle_heard(record, phase, settled, before_callbacks),
        }
    }

    fn bury(record: &'static Record, before_callbacks: impl FnOnce()) {
        if record.gives_back() {
            before_callbacks();
        }
        // SAFETY: the caller was the last owner.
        unsafe { record.bury() };
    }

    #[cold]
    fn settle_heard(record: &'static Record, phase: Phase, settled: Settled, before_callbacks: impl FnOnce()) -> bool {
        // The task's share.
        let own = ManuallyDrop::new(Future { record });
        let aftermath = match settled {
            Settled::Heard(before) => Some(Aftermath::of(before)),
            Settled::Followed => own.end(|present| (present == Phase::Running).then_some(phase)),
            _ => None,
        };
        let mut before_callbacks = Some(before_callbacks);
        let reached = aftermath.is_some();
        match aftermath {
            Some(aftermath) => {
                let callbacks = aftermath.tell(record);
                if !callbacks.is_empty() {
                    before_callbacks.take().into_iter().for_each(|before_callbacks| before_callbacks());
                }
                call_back(&own, callbacks);
            }
            // SAFETY: the phase was not reached.
            None => unsafe { record.discard(phase) },
        }
        if record.state().release() {
            Future::bury(record, || before_callbacks.into_iter().for_each(|before_callbacks| before_callbacks()));
        }
        reached
    }

    /// Waits until it is over: `TimedOut`. A worker of its own pool runs it, or lends its place, meanwhile: `Deadlock` if it is what
    /// runs it already, `NoThread` if nobody could take its place.
    fn wait(&self, deadline: Deadline) -> Result<Snapshot, Error> {
        let mut lent = None;
        let mut retries = Retries::default();
        loop {
            let seen = self.look();
            if seen.phase().is_over() {
                return Ok(seen);
            }
            if lent.is_none() && !deadline.has_passed() {
                if let Some(worker) = worker::current_of(self.pool()) {
                    let tag = self.record.tag();
                    if deadline == Deadline::NEVER {
                        if worker.runs(self.id()) {
                            // Not the truth if another thread means to finish it by hand, for which there is the wait with a limit.
                            return Err(Error::Deadlock);
                        }
                        if worker.run_inline(self.record, tag).is_some() {
                            continue;
                        }
                    }
                    // The place is not lent for a moment's wait, since that may start a thread.
                    if !spin_until(|| self.record.state().load().phase().is_over()) {
                        lent = self.lend(worker, deadline);
                    }
                    continue;
                }
            }
            let until = lent.as_ref().map_or(deadline, |place| place.stay(deadline, &mut retries));
            if !self.record.state().wait(self.record.crowd(), until) {
                if until == deadline {
                    return Err(Error::TimedOut);
                }
                if deadline != Deadline::NEVER || self.status() != Status::Pending {
                    lent.as_mut().into_iter().for_each(Lent::look_again);
                } else if lent.take().is_some_and(|place| place.is_deserted()) {
                    return Err(Error::NoThread);
                }
            }
        }
    }

    /// Has the place lent of a worker that waits for this. If no thread can be had for it, and this has not started, the worker takes it
    /// back and runs this, unless the wait has a limit.
    fn lend(&self, worker: &'static Worker, deadline: Deadline) -> Option<Lent> {
        let place = worker.lend();
        if !place.is_refused() || deadline != Deadline::NEVER {
            return Some(place);
        }
        drop(place);
        (!self.run_by_waiter()).then(|| worker.lend())
    }

    /// Runs its task if it has not started, and the calling thread is a worker of its pool with the stack for it: whether it has.
    pub(super) fn run_by_waiter(&self) -> bool {
        let worker = worker::current_of(self.pool());
        worker.is_some_and(|worker| worker.run_at_need(self.record, self.record.tag()).is_some())
    }

    /// Whether `result` would not have to wait: it is over, the deadline has passed, or the calling worker may run it itself, or does.
    pub fn is_ready(&self, deadline: Deadline) -> bool {
        let phase = self.look().phase();
        let waits_for_nobody = |worker: &Worker| match phase {
            Phase::Pending => worker.may_run_inline(),
            _ => worker.runs(self.id()),
        };
        let needs_not_wait =
            || deadline == Deadline::NEVER && worker::current_of(self.pool()).is_some_and(waits_for_nobody);
        phase.is_over() || deadline.has_passed() || needs_not_wait()
    }

    /// Whether the calling thread runs its task, or waits for something on behalf of it.
    pub(super) fn runs_here(&self) -> bool {
        worker::current_of(self.pool()).is_some_and(|worker| worker.runs(self.id()))
    }

    /// The result, waiting for it until the deadline: `TimedOut`, `Cancelled`, `BrokenExecutor`, or the failure; `Deadlock` in its own
    /// task, `NoThread` in a task that nobody could stand in for.
    pub fn result(&self, deadline: Deadline) -> Result<Value, CallError> {
        let seen = self.wait(deadline)?;
        // SAFETY: its phase, and this is an owner.
        unsafe { self.record.outcome(seen.phase()) }
    }

    /// The failure, if it is one, waiting until the deadline: `TimedOut`, `Cancelled`, `BrokenExecutor`, `Deadlock`, `NoThread`.
    pub fn exception(&self, deadline: Deadline) -> Result<Option<Failure>, Error> {
        match self.result(deadline) {
            Ok(_) => Ok(None),
            Err(CallError::Failed(failure)) => Ok(Some(failure)),
            Err(CallError::Refused(error)) => Err(error),
        }
    }

    /// Has `callback` called when the future is over: by the thread that ends it, after those added before; or now. `NoMemory`.
    pub fn add_done_callback(&self, callback: DoneCallback) -> Result<(), Error> {
        allocator::check()?;
        self.look();
        let held = Held::of(self.record);
        if self.record.state().follow(Phase::is_over).is_err() {
            drop(held);
            call_back(self, [callback]);
            return Ok(());
        }
        // SAFETY: the bucket is held.
        let callbacks = &mut unsafe { self.record.followers() }.callbacks;
        let room = fallible::make_room(callbacks);
        if room.is_ok() {
            callbacks.push(callback);
            return Ok(());
        }
        if followers_are_gone(self.record) {
            self.record.state().unfollow();
        }
        drop(held);
        drop(callback);
        room
    }

    /// Has the result given back with the future itself.
    ///
    /// # Safety
    /// `free` may be called with the result, on any thread.
    pub unsafe fn set_result_free(&self, free: Option<FreeFn>) {
        self.record.set_result_free(free);
    }

    /// Whether it is done (finished, or cancelled and notified), and if so, whether it has failed.
    pub(super) fn is_done(&self) -> Option<bool> {
        let phase = self.look().phase();
        phase.is_done().then(|| phase.has_failed())
    }

    /// Has `position` pushed into the channel when the future is done; at once if it is. Otherwise the key for `unwatch`.
    /// `NoMemory`.
    pub(super) fn watch(&self, channel: &Arc<Channel>, position: usize) -> Result<Option<usize>, Error> {
        allocator::check()?;
        self.look();
        let held = Held::of(self.record);
        if let Err(seen) = self.record.state().follow(Phase::is_done) {
            let notifier = channel.push(position, seen.phase().has_failed());
            drop(held);
            notifier.into_iter().for_each(Channel::notify);
            return Ok(None);
        }
        // SAFETY: the bucket is held.
        let watchers = &mut unsafe { self.record.followers() }.watchers;
        if watchers.capacity() == 0 {
            // As a rule there is one, and it may be one of a million futures.
            *watchers = Slab::with_capacity(1);
        }
        Ok(Some(watchers.insert(Watcher { channel: channel.clone(), position })))
    }

    /// Takes a watcher away, of whom a future that is done knows nothing any more.
    pub(super) fn unwatch(&self, key: usize) {
        self.look();
        let held = Held::of(self.record);
        if !self.record.state().load().phase().is_done() {
            // SAFETY: the bucket is held.
            let watcher = unsafe { self.record.followers() }.watchers.try_remove(key);
            if followers_are_gone(self.record) {
                self.record.state().unfollow();
            }
            drop(held);
            drop(watcher);
        }
    }

    /// How many watch it.
    #[cfg(test)]
    pub(super) fn followers(&self) -> usize {
        let _held = Held::of(self.record);
        // SAFETY: the bucket is held.
        unsafe { self.record.followers() }.watchers.len()
    }

    /// How many own it.
    #[cfg(test)]
    pub(super) fn owners(&self) -> usize {
        self.record.state().load().owners() as usize
    }
}

/// Whether there is nobody left to be told; with the bucket held.
fn followers_are_gone(record: &Record) -> bool {
    // SAFETY: the caller holds the bucket.
    let followers = unsafe { record.followers() };
    followers.callbacks.is_empty() && followers.watchers.is_empty()
}
