//! Pool: what an executor is made of. Its shift (lanes, crew, counts), its threads, its settings, its end.
//!
//! A submit locks one lane, and that is all as long as it finds the lane open and nobody to be summoned. Lanes are opened when the
//! first worker runs, so nothing is queued before there is one; and they are closed for good by a shutdown or a broken
//! pool. Both are done lane by lane under the pool's lock. So of a submit and a shutdown, either the submit had its lane before the
//! shutdown closed it, and what it queued is run, or drained; or it finds the lane closed.
//!
//! Locks, outer before inner: the pool's state, the crew's roster, the tallies, a lane, the ranks. All but the lanes are mutexes, whose
//! holders a fork waits for (`sys::fork`). Who holds one may wait for a lane, and who holds a lane is not to wait for the end of a fork,
//! or all three wait for ever: so who is to lock the ranks under a lane's lock is let in before it locks the lane.
//!
//! A pool is kept by its executor, its workers, and its queue: a future refers to its pool without keeping it, and looks into it
//! only when it has just been taken out of PENDING. Until whoever did that has counted the task as withdrawn the pool's counts say
//! that it is queued, and the pool stays (`drop`).

use super::backlog::{Backlog, Patience};
use super::entry::Entry;
use super::future::Future;
use super::lane::Queue;
use super::shift::Shift;
use super::worker;
use crate::callback::{Target, Task};
use crate::fallible;
use crate::handle::Handle;
use crate::handle::arena::Vacant;
use crate::identity::{self, Identified as _, Kind};
use crate::park::{Deadline, Mutex, MutexGuard, Notice, WaitList, Wake};
use crate::status::Error;
use crate::sys::allocator;
use crate::sys::atomic::unmodelled::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use crate::sys::fork::{self, Section};
use crate::thread::hooks::Subject;
use crate::thread::{Thread, hooks, report, shutdown};
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

/// Room in the backlog; given back when it is dropped.
#[must_use]
pub(super) struct Place<'a>(Option<(&'a Backlog, usize)>);

impl Place<'_> {
    /// The tasks are queued, and give it back when they have left.
    #[inline]
    fn fill(self) {
        core::mem::forget(self);
    }
}

impl<'a> Place<'a> {
    /// Before the tasks are queued where they count in this backlog: another one than that of the place, if one of the program's hooks
    /// has forked meanwhile.
    #[inline]
    fn move_to(&mut self, backlog: &'a Backlog) {
        if let Some((present, count)) = &mut self.0
            && !core::ptr::eq(*present, backlog)
        {
            backlog.admit_anyway(*count);
            *present = backlog;
        }
    }
}

impl Drop for Place<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some((backlog, count)) = self.0 {
            backlog.leave(count);
        }
    }
}

/// What became of a submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Put {
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

    /// Room for `count` tasks, waiting for it: `WouldBlock`, `TimedOut`. A worker of this pool does not wait, for room that it might
    /// have to make itself.
    #[inline]
    pub fn reserve(&self, count: usize, patience: Patience) -> Result<Place<'_>, Error> {
        if self.max_pending() == 0 {
            return Ok(Place(None));
        }
        self.reserve_bounded(count, patience)
    }

    #[cold]
    fn reserve_bounded(&self, count: usize, patience: Patience) -> Result<Place<'_>, Error> {
        let admit = |patience| {
            let backlog = &self.shift().backlog;
            backlog.admit(count, patience).map(|()| backlog)
        };
        let backlog = match patience {
            Patience::None => admit(patience)?,
            Patience::Until(_) if worker::current_of(self).is_some() => {
                let backlog = &self.shift().backlog;
                backlog.admit_anyway(count);
                backlog
            }
            Patience::Until(deadline) => hooks::wait(Subject::new(Kind::Executor, self.id), deadline, |deadline| {
                admit(Patience::Until(deadline))
            })?,
        };
        Ok(Place(Some((backlog, count))))
    }

    /// Has `put` fill the lane of the calling thread, or the last one for a priority below 0, with `count` entries: `NoMemory`,
    /// `BrokenExecutor`, `ShutDown`, `NoThread` (which is only said when there is no worker at all). If the pool breaks meanwhile, the lane is not open, and what
    /// is made for it is to be broken off. Whether it has put something there is what `put` gives.
    #[inline]
    fn put<'a>(
        self: &'a Arc<Pool>,
        mut place: Place<'a>,
        count: usize,
        priority: i32,
        put: impl FnOnce(&mut Queue<Entry>) -> Result<bool, Error>,
    ) -> Result<Put, Error> {
        let mut has_started_one = false;
        let mut admission = Put::Queued;
        let (shift, mut queue, inside) = loop {
            // Anew each time: a fork may come in what the program does while this waits.
            let shift = self.shift();
            place.move_to(&shift.backlog);
            let lane = if priority < 0 {
                shift.lanes.len() - 1
            } else {
                worker::current_of(&**self).map_or_else(Shift::outside_lane, worker::Worker::lane)
            };
            let inside = (priority != 0).then(Section::enter);
            let queue = shift.lanes[lane].lock_to_submit();
            if queue.open || admission == Put::Broken {
                break (shift, queue, inside);
            }
            drop((queue, inside));
            admission = self.admit(&mut has_started_one)?;
        };
        match queue.make_room(count).and_then(|()| put(&mut queue)) {
            Ok(true) => place.fill(),
            Ok(false) => {}
            Err(error) => {
                drop((queue, inside));
                return Err(error);
            }
        }
        drop((queue, inside));
        if admission == Put::Queued && shift.crew.is_short() {
            self.summon(shift);
        }
        Ok(admission)
    }

    /// Opens the lanes, with a worker to look at them, if they are to be open.
    #[cold]
    fn admit(self: &Arc<Pool>, has_started_one: &mut bool) -> Result<Put, Error> {
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

    /// Queues a task whose future the program gets by its handle: `NoMemory`, and as `put`.
    #[inline]
    pub fn submit_open(self: &Arc<Pool>, place: Place<'_>, task: Task) -> Result<Handle, Error> {
        let vacant = Vacant::take()?;
        let handle = vacant.handle();
        hooks::task_submitted(handle.bits());
        // Filled under the lane's lock, when nothing can fail any more: nobody is to guess the handle of a future that will never be
        // queued.
        let put = self.put(place, 1, 0, |queue| {
            queue.submit(Future::fill_open(vacant, self, task));
            Ok(true)
        })?;
        if put == Put::Broken {
            Pool::break_off(Entry::Future(handle), self.shift());
        }
        Ok(handle)
    }

    /// Queues a task whose result nobody wants: as `put`.
    #[inline]
    pub fn submit_detached(self: &Arc<Pool>, place: Place<'_>, task: Task) -> Result<(), Error> {
        if hooks::is_active() {
            return self.submit_traced(place, [task], 0);
        }
        let mut task = Some(task);
        let put = self.put(place, 1, 0, |queue| {
            if queue.open {
                queue.submit(Entry::Detached(task.take().expect("a submit puts once")));
            }
            Ok(queue.open)
        });
        put.map(|_| ())
    }

    /// Does what `submit_open` does, or without a `vacant` slot what `submit_detached` does, with a priority.
    pub fn submit_ranked(
        self: &Arc<Pool>,
        place: Place<'_>,
        vacant: Option<Vacant>,
        task: Task,
        priority: i32,
    ) -> Result<Option<Handle>, Error> {
        allocator::check()?;
        let handle = vacant.as_ref().map(Vacant::handle);
        if hooks::is_active() {
            match handle {
                Some(handle) => hooks::task_submitted(handle.bits()),
                None => return self.submit_traced(place, [task], priority).map(|()| None),
            }
        }
        let (mut task, mut vacant) = (Some(task), vacant);
        let put = self.put(place, 1, priority, |queue| {
            let is_put = queue.open || vacant.is_some();
            if is_put {
                let entry = core::iter::once_with(|| {
                    let task = task.take().expect("a submit puts once");
                    match vacant.take() {
                        Some(vacant) => Future::fill_open(vacant, self, task),
                        None => Entry::Detached(task),
                    }
                });
                self.shift().submit_ranked(queue, priority, entry)?;
            }
            Ok(is_put)
        })?;
        if let (Put::Broken, Some(handle)) = (put, handle) {
            Pool::break_off(Entry::Future(handle), self.shift());
        }
        Ok(handle)
    }

    /// Queues tasks whose futures the program gets by their handles, all or none: `NoMemory`, and as `put`.
    pub fn submit_all_open(self: &Arc<Pool>, place: Place<'_>, tasks: Vec<Task>) -> Result<Vec<Handle>, Error> {
        let mut vacants = fallible::with_capacity(tasks.len())?;
        for _ in &tasks {
            vacants.push(Vacant::take()?);
        }
        let handles = fallible::list(vacants.iter().map(Vacant::handle))?;
        handles.iter().for_each(|handle| hooks::task_submitted(handle.bits()));
        let put = self.put(place, handles.len(), 0, |queue| {
            for (vacant, task) in vacants.into_iter().zip(tasks) {
                queue.submit(Future::fill_open(vacant, self, task));
            }
            Ok(true)
        })?;
        if put == Put::Broken {
            handles.iter().for_each(|&handle| Pool::break_off(Entry::Future(handle), self.shift()));
        }
        Ok(handles)
    }

    /// Queues tasks whose results nobody wants, all or none: as `put`.
    pub fn submit_all_detached(self: &Arc<Pool>, place: Place<'_>, mut tasks: Vec<Task>) -> Result<(), Error> {
        if hooks::is_active() {
            return self.submit_traced(place, tasks, 0);
        }
        let put = self.put(place, tasks.len(), 0, |queue| {
            if queue.open {
                tasks.drain(..).for_each(|task| queue.submit(Entry::Detached(task)));
            }
            Ok(queue.open)
        });
        put.map(|_| ())
    }

    /// As `submit_detached`, with a future for each task that nobody has: the identity in its events.
    #[cold]
    fn submit_traced(
        self: &Arc<Pool>,
        place: Place<'_>,
        tasks: impl IntoIterator<Item = Task>,
        priority: i32,
    ) -> Result<(), Error> {
        let mut futures = Vec::new();
        for task in tasks {
            let made = fallible::make_room(&mut futures).and_then(|()| self.traced(task));
            futures.push(made.inspect_err(|_| futures.iter().for_each(Future::take_back))?);
        }
        self.submit_all(place, &futures, priority).inspect_err(|_| futures.iter().for_each(Future::take_back))
    }

    fn traced(self: &Arc<Pool>, task: Task) -> Result<Future, Error> {
        allocator::check()?;
        let future = Future::of_task(Vacant::take()?, self, task);
        let report = future.add_done_callback(Box::new(|future| {
            if let Ok(Some(failure)) = future.exception(Deadline::PASSED) {
                report(&failure);
            }
        }));
        report.inspect_err(|_| future.take_back()).map(|()| future)
    }

    /// Queues futures made for this pool, all or none: as `put`. If none, they are to be taken back.
    pub fn submit_all(self: &Arc<Pool>, place: Place<'_>, futures: &[Future], priority: i32) -> Result<(), Error> {
        futures.iter().for_each(|future| hooks::task_submitted(future.id()));
        let put = self.put(place, futures.len(), priority, |queue| {
            self.shift().submit_ranked(queue, priority, futures.iter().map(Future::to_entry)).map(|()| true)
        })?;
        if put == Put::Broken {
            futures.iter().for_each(Future::break_off);
        }
        Ok(())
    }

    /// Withdraws an entry that was drained from a broken pool.
    fn break_off(entry: Entry, shift: &Shift) {
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
