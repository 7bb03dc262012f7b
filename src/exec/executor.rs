//! Executor: a pool of threads as its user holds it (Python: `concurrent.futures.ThreadPoolExecutor`).

use super::future::Future;
use super::pool::{Pool, Stage};
use super::worker;
use crate::callback::{Target, Task};
use crate::handle::Handle;
use crate::handle::arena::Vacant;
use crate::identity::Identified;
use crate::status::Error;
use crate::thread::shutdown;
use std::sync::{Arc, Weak};

/// Runs tasks on threads of its own. Dropped, it takes no more work and finishes what it has.
pub struct Executor {
    pool: Arc<Pool>,
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
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
    (processors + 4).min(32)
}

impl Executor {
    /// With at most so many workers; 0 for min(32, processors + 4). None is started before it is needed.
    pub fn new(max_workers: usize) -> Executor {
        let pool = Pool::new(if max_workers == 0 { default_max_workers() } else { max_workers });
        let weak: Weak<Pool> = Arc::downgrade(&pool);
        shutdown::register(weak);
        Executor { pool }
    }

    /// Sets what the workers' names begin with; empty for the default. `AlreadyStarted` after the first submit.
    pub fn set_thread_name_prefix(&self, prefix: &str) -> Result<(), Error> {
        let prefix = if prefix.is_empty() { self.pool.default_prefix().clone() } else { prefix.into() };
        let mut state = self.pool.lock();
        if state.settled {
            return Err(Error::AlreadyStarted);
        }
        state.prefix = prefix;
        Ok(())
    }

    /// Sets what each worker runs first; None for nothing. `AlreadyStarted` after the first submit.
    pub fn set_initializer(&self, initializer: Option<Target>) -> Result<(), Error> {
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
    pub(crate) fn queue(&self, futures: &[Future]) -> Result<(), Error> {
        self.pool.submit_all(futures)
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
        let future = Future::of_task(Vacant::take()?, &self.pool, task);
        let queued = self.queue(core::slice::from_ref(&future));
        queued.inspect_err(|_| future.take_back()).map(|()| future)
    }

    /// Queues a task whose future the program gets by this handle. Errors as for `submit`.
    #[inline]
    pub fn submit_open(&self, task: Task) -> Result<Handle, Error> {
        self.pool.submit_open(task)
    }

    /// Queues a task whose result nobody wants; its failure goes to the excepthook. `ShutDown`, `BrokenExecutor`, `NoThread`.
    #[inline]
    pub fn submit_detached(&self, task: Task) -> Result<(), Error> {
        self.pool.submit_detached(task)
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

    /// How many tasks wait in the queue, and how many run, at this moment.
    pub fn pending(&self) -> (usize, usize) {
        self.pool.pending()
    }

    /// What the workers' names begin with.
    pub fn thread_name_prefix(&self) -> Arc<str> {
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
