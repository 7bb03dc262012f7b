//! Submit: how tasks get into a pool's lanes, one or many, with and without futures, priorities, a bound.
//!
//! A submit locks one lane, and that is all as long as it finds the lane open and nobody to be summoned.

use super::backlog::{Backlog, Patience};
use super::entry::Entry;
use super::future::Future;
use super::lane::Queue;
use super::pool::{Pool, Put};
use super::shift::Shift;
use super::worker;
use crate::callback::Task;
use crate::fallible;
use crate::handle::Handle;
use crate::handle::arena::Vacant;
use crate::identity::{Identified as _, Kind};
use crate::park::Deadline;
use crate::status::Error;
use crate::sys::allocator;
use crate::sys::fork::Section;
use crate::thread::hooks::{self, Subject};
use crate::thread::report;
use std::sync::Arc;

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

impl Pool {
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
            Patience::Until(deadline) => hooks::wait(Subject::new(Kind::Executor, self.id()), deadline, |deadline| {
                admit(Patience::Until(deadline))
            })?,
        };
        Ok(Place(Some((backlog, count))))
    }

    /// Has `put` fill the lane of the calling thread, or the last one for a priority below 0, with `count` entries: `NoMemory`,
    /// `BrokenExecutor`, `ShutDown`, `NoThread` (which is only said when there is no worker at all). If the pool breaks meanwhile, the lane
    /// is not open, and what is made for it is to be broken off. Whether it has put something there is what `put` gives.
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
}
