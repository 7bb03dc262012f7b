//! Executor: a pool of threads as its user holds it (Python: `concurrent.futures.ThreadPoolExecutor`).

use super::backlog::Patience;
use super::future::Future;
use super::pool::{Pool, Stage};
use super::worker;
use crate::callback::{Target, Task};
use crate::fallible;
use crate::handle::Handle;
use crate::handle::arena::Vacant;
use crate::identity::Identified;
use crate::park::Deadline;
use crate::status::Error;
use crate::sys::{allocator, processors};
use crate::thread::shutdown;
use std::sync::{Arc, Weak};

/// Runs tasks on threads of its own. Dropped, it takes no more work and finishes what it has.
pub struct Executor {
    pool: Arc<Pool>,
}

/// However long it takes.
pub(super) const FOREVER: Patience = Patience::Until(Deadline::NEVER);

/// A task that was not queued.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub error: Error,
    /// The task, if it was refused for want of room.
    pub task: Option<Task>,
}

impl core::fmt::Debug for Executor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Executor").field("id", &self.pool.id()).finish_non_exhaustive()
    }
}

impl Identified for Executor {
    fn id(&self) -> u64 {
        self.pool.id()
    }
}

/// As Python has it: tasks that wait for input and output may outnumber the processors.
fn default_max_workers() -> usize {
    (processors() + 4).min(32)
}

impl Executor {
    /// With at most so many workers; 0 for min(32, processors + 4). None is started before it is needed.
    pub fn new(max_workers: usize) -> Executor {
        let pool = Pool::new(if max_workers == 0 { default_max_workers() } else { max_workers });
        let weak: Weak<Pool> = Arc::downgrade(&pool);
        shutdown::register(weak);
        Executor { pool }
    }

    /// Sets what the workers' names begin with; empty for the default. `AlreadyStarted` after the first submit,
    /// `NoMemory`.
    pub fn set_thread_name_prefix(&self, prefix: &str) -> Result<(), Error> {
        allocator::check()?;
        let prefix =
            if prefix.is_empty() { self.pool.default_prefix().clone() } else { Arc::new(fallible::text(&[prefix])?) };
        let mut state = self.pool.lock();
        if state.settled {
            return Err(Error::AlreadyStarted);
        }
        state.prefix = prefix;
        Ok(())
    }

    /// Sets what each worker runs first; None for nothing. `AlreadyStarted` after the first submit, `NoMemory`.
    pub fn set_initializer(&self, initializer: Option<Target>) -> Result<(), Error> {
        allocator::check()?;
        let mut initializer = initializer.map(Arc::new);
        let mut state = self.pool.lock();
        if state.settled {
            return Err(Error::AlreadyStarted);
        }
        core::mem::swap(&mut state.initializer, &mut initializer);
        // The one before is dropped behind the lock.
        drop(state);
        drop(initializer);
        Ok(())
    }

    /// Queues tasks of futures made for this executor, all or none: `ShutDown`, `BrokenExecutor`, `NoThread`.
    pub(crate) fn queue(&self, futures: &[Future], patience: Patience) -> Result<(), Error> {
        if futures.is_empty() {
            return Ok(());
        }
        self.pool.submit_all(self.pool.reserve(futures.len(), patience)?, futures, 0)
    }

    /// Whether it takes work: `BrokenExecutor`, `ShutDown`.
    pub(super) fn check_open(&self) -> Result<(), Error> {
        let state = self.pool.lock();
        match (state.broken, state.is_shut_down()) {
            (true, _) => Err(Error::BrokenExecutor),
            (false, true) => Err(Error::ShutDown),
            (false, false) => Ok(()),
        }
    }

    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Queues a task: `ShutDown`, `BrokenExecutor`, `NoThread`, `NoMemory`.
    pub fn submit(&self, task: Task) -> Result<Future, Error> {
        self.submit_within(task, FOREVER)
    }

    /// The same without waiting for room: `WouldBlock`.
    pub(super) fn try_submit(&self, task: Task) -> Result<Future, Error> {
        self.submit_within(task, Patience::None)
    }

    fn submit_within(&self, task: Task, patience: Patience) -> Result<Future, Error> {
        let future = Future::of_task(Vacant::take()?, &self.pool, task);
        let queued = self.queue(core::slice::from_ref(&future), patience);
        queued.inspect_err(|_| future.take_back()).map(|()| future)
    }

    /// Queues a task whose future the program gets by this handle. Errors as for `submit`.
    #[inline]
    pub fn submit_open(&self, task: Task) -> Result<Handle, Error> {
        self.pool.submit_open(self.pool.reserve(1, FOREVER)?, task)
    }

    /// Queues a task whose result nobody wants; its failure goes to the excepthook. `ShutDown`, `BrokenExecutor`, `NoThread`.
    #[inline]
    pub fn submit_detached(&self, task: Task) -> Result<(), Error> {
        self.pool.submit_detached(self.pool.reserve(1, FOREVER)?, task)
    }

    /// Either of them on other terms: with a priority, and `WouldBlock` or `TimedOut` for want of room. A handle unless `detached`.
    #[inline(never)]
    pub fn submit_on_terms(
        &self,
        task: Task,
        detached: bool,
        priority: i32,
        patience: Patience,
    ) -> Result<Option<Handle>, Refused> {
        let place = match self.pool.reserve(1, patience) {
            Ok(place) => place,
            Err(error) => return Err(Refused { error, task: Some(task) }),
        };
        let vacant = if detached { Ok(None) } else { Vacant::take().map(Some) };
        let queued = vacant.and_then(|vacant| self.pool.submit_ranked(place, vacant, task, priority));
        queued.map_err(|error| Refused { error, task: None })
    }

    /// Queues many at once, all or none, as soon as there is room for one. Errors as for `submit`.
    pub fn submit_many_open(&self, tasks: Vec<Task>) -> Result<Vec<Handle>, Error> {
        let place = self.pool.reserve(tasks.len(), FOREVER)?;
        self.pool.submit_all_open(place, tasks)
    }

    /// The same for tasks whose results nobody wants.
    pub fn submit_many_detached(&self, tasks: Vec<Task>) -> Result<(), Error> {
        let place = self.pool.reserve(tasks.len(), FOREVER)?;
        self.pool.submit_all_detached(place, tasks)
    }

    /// Takes no more work, cancels what has not started if `cancel_futures`, and if `wait`, waits until the rest is done and the
    /// threads are gone: `Deadlock`, with nothing changed, if the caller is one of them.
    pub fn shutdown(&self, wait: bool, cancel_futures: bool) -> Result<(), Error> {
        if wait && worker::current_of(&*self.pool).is_some() {
            return Err(Error::Deadlock);
        }
        self.pool.close(if wait { Stage::Awaited } else { Stage::ShutDown }, cancel_futures);
        if wait {
            self.pool.join();
        }
        Ok(())
    }

    /// What the end of a with block does: `shutdown(wait)`, unless it was shut down without waiting before. `Deadlock` as there.
    pub fn finish(&self) -> Result<(), Error> {
        let (stage, is_shut_down) = {
            let state = self.pool.lock();
            (state.stage, state.is_shut_down())
        };
        let is_own_worker = worker::current_of(&*self.pool).is_some();
        match stage {
            Stage::Open if !is_shut_down => self.shutdown(true, false),
            // Another thread waits; so does this one, if it is not what is waited for.
            Stage::Awaited if !is_own_worker => self.shutdown(true, false),
            _ => Ok(()),
        }
    }

    /// The most workers that run at a time.
    pub fn max_workers(&self) -> usize {
        self.pool.max_workers()
    }

    /// Changes that; 0 for min(32, processors + 4). Workers that are too many leave when they have ended what they do.
    pub fn set_max_workers(&self, max_workers: usize) {
        self.pool.set_max_workers(if max_workers == 0 { default_max_workers() } else { max_workers });
    }

    /// How many tasks may wait in the queue until submits wait for room; 0 for any number.
    pub fn max_pending(&self) -> usize {
        self.pool.max_pending()
    }

    /// Sets that. `AlreadyStarted` after the first submit.
    pub fn set_max_pending(&self, max_pending: usize) -> Result<(), Error> {
        self.pool.set_max_pending(max_pending)
    }

    /// How many tasks wait in the queue, and how many run, at this moment.
    pub fn pending(&self) -> (usize, usize) {
        self.pool.pending()
    }

    /// What the workers' names begin with.
    pub fn thread_name_prefix(&self) -> Arc<String> {
        self.pool.lock().prefix.clone()
    }

    /// Whether it takes no more work, for its own shutdown's or the library's sake.
    pub fn is_shut_down(&self) -> bool {
        self.pool.lock().is_shut_down()
    }

    /// Whether an initializer has failed.
    pub fn is_broken(&self) -> bool {
        self.pool.lock().broken
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.pool.close(Stage::ShutDown, false);
    }
}
