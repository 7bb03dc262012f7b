//! Pool: what an executor is made of. Its shift (lanes, crew, counts), its threads, its settings, its end.
//!
//! Lanes are opened when the first worker runs, so nothing is queued before there is one; and they are closed for good by a shutdown
//! or a broken pool. Both are done lane by lane under the pool's lock. So of a [submit](super::submit) and a shutdown, either the submit
//! had its lane before the shutdown closed it, and what it queued is run, or drained; or it finds the lane closed.
//!
//! Locks, outer before inner: the pool's state, the crew's roster, the tallies, a lane, the ranks. All but the lanes are mutexes, whose
//! holders a fork waits for (`sys::fork`). Who holds one may wait for a lane, and who holds a lane is not to wait for the end of a fork,
//! or all three wait for ever: so who is to lock the ranks under a lane's lock is let in before it locks the lane.
//!
//! A pool is kept by its executor, its workers, and its queue: a future refers to its pool without keeping it, and looks into it
//! only when it has just been taken out of PENDING. Until whoever did that has counted the task as withdrawn the pool's counts say
//! that it is queued, and the pool stays (`drop`).

use super::entry::Entry;
use super::future::Future;
use super::shift::Shift;
use super::worker;
use crate::callback::Target;
use crate::fallible;
use crate::identity::{self, Kind};
use crate::park::{Deadline, Mutex, MutexGuard, Notice, WaitList, Wake};
use crate::status::Error;
use crate::sys::allocator;
use crate::sys::atomic::unmodelled::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use crate::sys::fork;
use crate::thread::hooks::Subject;
use crate::thread::{Thread, hooks, shutdown};
use std::collections::BTreeMap;
use std::sync::Arc;

/// "Look again", at the outcome of a start.
const LOOK: Notice = Notice::new(1);

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
    /// Workers whose system thread is not known to run yet.
    starting: usize,
    /// Those who wait for the outcome of another thread's start.
    starters: WaitList,
    /// The threads, by worker number, until they have been joined.
    pub threads: BTreeMap<usize, Arc<Thread>>,
    next_number: usize,
    /// A task was submitted: the settings stay.
    pub settled: bool,
    pub prefix: Arc<String>,
    pub initializer: Option<Arc<Target>>,
    pub stage: Stage,
    pub broken: bool,
}

/// Queue and workers of an executor.
pub(super) struct Pool {
    id: u64,
    max_workers: AtomicUsize,
    max_pending: AtomicUsize,
    default_prefix: Arc<String>,
    /// A box. In a child of fork the parent's is left where it is: workers and futures from before refer to it.
    shift: AtomicPtr<Shift>,
    state: Mutex<State>,
}

impl State {
    fn new(prefix: Arc<String>) -> State {
        State {
            epoch: fork::epoch(),
            starting: 0,
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

/// What became of a submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    Queued,
    /// The worker that was started for it broke the pool: as if it had been queued before.
    Broken,
}

impl Pool {
    /// With at most so many threads at work at a time.
    pub fn new(max_workers: usize) -> Arc<Pool> {
        static CREATED: AtomicU64 = AtomicU64::new(0);
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let default_prefix = Arc::new(format!("ThreadPoolExecutor-{number}"));
        let state = Mutex::new(State::new(default_prefix.clone()));
        let shift = AtomicPtr::new(Box::into_raw(Box::new(Shift::new(max_workers, 0))));
        let (max_workers, max_pending) = (AtomicUsize::new(max_workers), AtomicUsize::new(0));
        Arc::new(Pool { id: identity::next(), max_workers, max_pending, default_prefix, shift, state })
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn max_workers(&self) -> usize {
        self.max_workers.load(Ordering::Relaxed)
    }

    /// Lets so many threads be at work at a time from now on.
    pub fn set_max_workers(self: &Arc<Pool>, max_workers: usize) {
        // Under the lock, so that of several calls the crew goes by the last one, too.
        let state = self.lock();
        self.max_workers.store(max_workers, Ordering::Relaxed);
        let shift = self.shift();
        shift.crew.set_limit(max_workers);
        drop(state);
        self.look_again(shift);
    }

    /// How many tasks may wait; 0 for any number.
    #[inline]
    pub fn max_pending(&self) -> usize {
        self.max_pending.load(Ordering::Relaxed)
    }

    /// Sets that: `AlreadyStarted` after the first submit.
    pub fn set_max_pending(&self, max_pending: usize) -> Result<(), Error> {
        let state = self.lock();
        // A worker that is starting goes by what it finds now.
        if state.settled || self.shift().crew.roster().workers > 0 {
            return Err(Error::AlreadyStarted);
        }
        self.max_pending.store(max_pending, Ordering::Relaxed);
        self.shift().backlog.set_bound(max_pending);
        Ok(())
    }

    pub fn default_prefix(&self) -> &Arc<String> {
        &self.default_prefix
    }

    /// The present shift.
    #[inline]
    pub fn shift(&self) -> &Shift {
        // SAFETY: a box that goes with the pool, or never.
        let shift = unsafe { &*self.shift.load(Ordering::Acquire) };
        if shift.epoch == fork::epoch() { shift } else { self.fresh_shift() }
    }

    #[cold]
    fn fresh_shift(&self) -> &Shift {
        drop(self.lock());
        // SAFETY: as above; `lock` has put a fresh one there.
        unsafe { &*self.shift.load(Ordering::Acquire) }
    }

    /// Locks the state, put right first if a fork lies between, and the shift with it.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        if state.epoch != fork::epoch() {
            let fresh = Box::into_raw(Box::new(Shift::new(self.max_workers(), self.max_pending())));
            self.shift.store(fresh, Ordering::Release);
            let parents = state.without_parents();
            drop(state);
            drop(parents);
            state = self.state.lock();
        }
        state
    }

    /// A task left the queue of the pool behind the pointer, not to be run.
    ///
    /// # Safety
    /// The caller has taken a task of this pool, and of the present fork epoch, out of PENDING, and counts it once.
    pub unsafe fn withdrawn(pool: *const Pool) {
        // SAFETY: the caller's promise; see above for why the pool is still there.
        unsafe { &*pool }.shift().withdraw();
    }

    /// Starts a worker that the crew counts in already.
    fn start(self: &Arc<Pool>) -> Result<(), Error> {
        let mut state = self.lock();
        state.starting += 1;
        self.start_counted(state)
    }

    /// The same when it is counted as starting, too.
    fn start_counted(self: &Arc<Pool>, mut state: MutexGuard<'_, State>) -> Result<(), Error> {
        let number = state.next_number;
        state.next_number += 1;
        let name = allocator::check().and_then(|()| fallible::text(&[&state.prefix, "_", &number.to_string()]));
        drop(state);
        let pool = self.clone();
        let result = name.and_then(|name| Thread::start_worker(name, Target::from_fn(move || worker::main(pool))));
        let mut state = self.lock();
        state.starting -= 1;
        let result = result.map(|thread| drop(state.threads.insert(number, thread)));
        if result.is_err() {
            self.shift().crew.strike_off();
        }
        let starters = state.starters.take_all();
        let unjoined = state.threads.len() > 2 * self.shift().crew.roster().workers + 8;
        drop(state);
        starters.notify_all(LOOK);
        if unjoined {
            self.join_ended();
        }
        result
    }

    /// Has somebody look at the lanes: wakes a worker, or starts one, and more as long as they are needed. False if one is refused, which
    /// is done without where others work.
    #[cold]
    pub fn summon(self: &Arc<Pool>, shift: &Shift) -> bool {
        while shift.crew.summon(|| shift.pending().0) {
            if self.start().is_err() {
                return false;
            }
            if !(shift.crew.is_short() && shift.any_work()) {
                return true;
            }
        }
        true
    }

    /// Has somebody look at the lanes, if a change of the crew has left them to nobody: false if the system refuses the thread.
    pub fn look_again(self: &Arc<Pool>, shift: &Shift) -> bool {
        !(shift.crew.is_short() && shift.any_work()) || self.summon(shift)
    }

    /// Opens the lanes, with a worker to look at them, if they are to be open.
    #[cold]
    pub fn admit(self: &Arc<Pool>, has_started_one: &mut bool) -> Result<Put, Error> {
        let mut state = self.lock();
        loop {
            if state.broken {
                return if *has_started_one { Ok(Put::Broken) } else { Err(Error::BrokenExecutor) };
            }
            if state.is_shut_down() {
                return Err(Error::ShutDown);
            }
            let shift = self.shift();
            let mut roster = shift.crew.roster();
            if roster.workers > state.starting {
                drop(roster);
                state.settled = true;
                shift.lanes.iter().for_each(|lane| lane.lock().open = true);
                return Ok(Put::Queued);
            }
            if state.starting > 0 {
                drop(roster);
                match Mutex::wait(state, Deadline::NEVER, |state| &mut state.starters) {
                    Wake::Notified(_) | Wake::TimedOut(_) => state = self.lock(),
                }
                continue;
            }
            shift.crew.enlist(&mut roster);
            drop(roster);
            state.starting += 1;
            self.start_counted(state)?;
            *has_started_one = true;
            state = self.lock();
        }
    }

    /// Withdraws an entry that was drained from a broken pool.
    pub fn break_off(entry: Entry, shift: &Shift) {
        match entry {
            Entry::Future(handle) => {
                if let Some(future) = Future::of_entry(handle) {
                    future.break_off();
                }
            }
            Entry::Detached(task) => {
                shift.withdraw();
                drop(task);
            }
            // Its task is drained as well.
            Entry::TicketAbove | Entry::TicketBelow => {}
        }
    }

    /// Withdraws an entry that was drained by a shutdown.
    fn cancel(entry: Entry, shift: &Shift) {
        match entry {
            Entry::Future(handle) => {
                if let Some(future) = Future::of_entry(handle) {
                    future.cancel();
                }
            }
            Entry::Detached(task) => {
                shift.withdraw();
                drop(task);
            }
            // Its task is drained as well.
            Entry::TicketAbove | Entry::TicketBelow => {}
        }
    }

    /// Withdraws entries that a worker had in its hand while the lanes were drained.
    pub fn withdraw(&self, entries: impl IntoIterator<Item = Entry>) {
        let withdraw = if self.lock().broken { Pool::break_off } else { Pool::cancel };
        entries.into_iter().for_each(|entry| withdraw(entry, self.shift()));
    }

    /// Takes no more tasks. The entries that were queued, if they are to be `drain`ed.
    fn close_lanes(&self, drain: bool) -> impl Iterator<Item = Entry> + use<> {
        // Lane by lane, as they are: who shuts down cannot be told that there is no memory for one long list.
        let mut drained = Vec::new();
        for lane in &self.shift().lanes {
            let mut queue = lane.lock();
            queue.open = false;
            if drain {
                drained.push(queue.drain());
            }
        }
        let ranked = drain.then(|| self.shift().ranks.take_all());
        drained.into_iter().flatten().chain(ranked.into_iter().flatten())
    }

    /// Shuts down: takes no more tasks, and cancels those that have not started if `cancel_futures`.
    pub fn close(&self, stage: Stage, cancel_futures: bool) {
        let mut state = self.lock();
        // Who has said not to wait keeps this; a later call that waits does so itself.
        if state.stage == Stage::Open {
            state.stage = stage;
        }
        let shift = self.shift();
        let drained = self.close_lanes(cancel_futures);
        drop(state);
        shift.close();
        drained.for_each(|entry| Pool::cancel(entry, shift));
    }

    /// An initializer has failed: no task will run any more but those that are under way.
    pub fn break_down(&self) {
        let mut state = self.lock();
        state.broken = true;
        let shift = self.shift();
        let drained = self.close_lanes(true);
        drop(state);
        shift.close();
        drained.for_each(|entry| Pool::break_off(entry, shift));
    }

    /// How many tasks wait in the queue, and how many run.
    pub fn pending(&self) -> (usize, usize) {
        let (queued, running) = self.shift().pending();
        (queued as usize, running as usize)
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
                if state.starting == 0 && self.shift().crew.roster().workers == 0 {
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
    /// `executors_closed` says so already: submits that are under way are over, workers that sleep are to look.
    fn shut_down(&self) {
        let state = self.lock();
        drop(self.close_lanes(false));
        drop(state);
        self.shift().close();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let shift = *self.shift.get_mut();
        // SAFETY: a box of the pool's own.
        if unsafe { &*shift }.epoch != fork::epoch() {
            // Futures from before the fork may refer to it.
            return;
        }
        // Every task has been started or taken out of PENDING by now. Whoever has just done so is about to count it, which waits for
        // nobody's callback, and needs the shift for that.
        // SAFETY: as above.
        while unsafe { &*shift }.pending().0 > 0 {
            std::thread::yield_now();
        }
        // SAFETY: from Box::into_raw, and nobody refers to it any more.
        drop(unsafe { Box::from_raw(shift) });
    }
}
