//! Map: a task for each of many items, results in order (Python: `Executor.map`).
//!
//! The items go to the executor in chunks, each with a future of its own that nobody else sees. The results of a chunk lie beside
//! its future, because those before a failing item are still given out.

use super::executor::{Executor, FOREVER};
use super::future::Future;
use super::work::Value;
use crate::callback::{CallError, Failure, FreeFn, Task};
use crate::fallible;
use crate::handle::arena::Vacant;
use crate::identity::{self, Identified};
use crate::park::{Deadline, Mutex};
use crate::status::Error;
use crate::sys::allocator;
use std::collections::VecDeque;
use std::sync::Arc;

/// The results of tasks over many items, in the order of the items.
pub struct Map {
    id: u64,
    deadline: Deadline,
    result_free: Arc<ResultFree>,
    /// Locked before the results of a chunk, and never together with a future.
    progress: Mutex<Progress>,
}

struct Progress {
    /// Chunks from which nothing has been given out yet.
    chunks: VecDeque<Chunk>,
    /// What is left of the chunk that is being given out, and how it ended.
    current: Option<(Arc<Results>, Option<CallError>)>,
    /// An error or the timeout has ended the iteration.
    ended: bool,
}

struct Chunk {
    future: Future,
    results: Arc<Results>,
}

impl Chunk {
    /// It was never queued.
    fn take_back(&self) {
        self.future.take_back();
    }
}

/// How to give back results that were never given out. Shared with the chunks, which may outlive the map.
struct ResultFree(Mutex<Option<FreeFn>>);

/// A chunk's results that have not been given out.
struct Results {
    values: Mutex<VecDeque<Value>>,
    free: Arc<ResultFree>,
}

impl Drop for Results {
    fn drop(&mut self) {
        let values = core::mem::take(&mut *self.values.lock());
        let free = *self.free.0.lock();
        let Some(free) = free else { return };
        for value in values {
            // SAFETY: the promise of `Map::set_result_free`.
            unsafe { value.give_back(free) };
        }
    }
}

impl core::fmt::Debug for Map {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Map").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Identified for Map {
    fn id(&self) -> u64 {
        self.id
    }
}

/// Runs a chunk. Each task is dropped, and with it its item given back, when it is over; after a failure the rest unrun.
fn run_chunk(tasks: Vec<Task>, results: &Results) -> Result<(), Failure> {
    // There is room for all.
    let mut values = core::mem::take(&mut *results.values.lock());
    let outcome = tasks.into_iter().try_for_each(|task| {
        values.push_back(Value(task.run()?));
        Ok(())
    });
    *results.values.lock() = values;
    outcome
}

impl Executor {
    /// A map whose tasks are still to be queued, `chunksize` of them at a time: `InvalidArgument` if that is 0; `NoMemory`.
    pub(crate) fn map_of(&self, tasks: Vec<Task>, chunksize: usize, deadline: Deadline) -> Result<Map, Error> {
        if chunksize == 0 {
            return Err(Error::InvalidArgument);
        }
        let result_free = Arc::new(ResultFree(Mutex::new(None)));
        let mut chunks = VecDeque::new();
        chunks.try_reserve_exact(tasks.len().div_ceil(chunksize)).map_err(|_| Error::NoMemory)?;
        let mut tasks = tasks.into_iter();
        while tasks.len() > 0 {
            let chunk = self.chunk_of(tasks.by_ref().take(chunksize), &result_free);
            chunks.push_back(chunk.inspect_err(|_| chunks.iter().for_each(Chunk::take_back))?);
        }
        let progress = Mutex::new(Progress { chunks, current: None, ended: false });
        Ok(Map { id: identity::next(), deadline, result_free, progress })
    }

    fn chunk_of(&self, tasks: impl Iterator<Item = Task>, free: &Arc<ResultFree>) -> Result<Chunk, Error> {
        allocator::check()?;
        let tasks = fallible::list(tasks)?;
        let mut values = VecDeque::new();
        values.try_reserve_exact(tasks.len()).map_err(|_| Error::NoMemory)?;
        let vacant = Vacant::take()?;
        let results = Arc::new(Results { values: Mutex::new(values), free: free.clone() });
        let place = results.clone();
        let chunk = Task::from_fn(move || run_chunk(tasks, &place).map(|()| core::ptr::null_mut()));
        Ok(Chunk { future: Future::of_task(vacant, self.pool(), chunk), results })
    }

    /// Queues the tasks of a map, all or none: `NoMemory`, `ShutDown`, `BrokenExecutor`, `NoThread`. If none, they are given back.
    pub(crate) fn queue_map(&self, map: &Map) -> Result<(), Error> {
        let futures = fallible::list(map.progress.lock().chunks.iter().map(|chunk| chunk.future.clone()));
        futures.and_then(|futures| self.queue(&futures, FOREVER)).inspect_err(|_| map.take_back())
    }

    /// Queues the tasks, `chunksize` of them at a time: `InvalidArgument` if that is 0; `ShutDown`, `BrokenExecutor`,
    /// `NoThread`. The results are to be fetched until `deadline`.
    pub fn map(&self, tasks: Vec<Task>, chunksize: usize, deadline: Deadline) -> Result<Map, Error> {
        let map = self.map_of(tasks, chunksize, deadline)?;
        self.queue_map(&map)?;
        Ok(map)
    }
}

/// What a look at the progress shows.
enum Next {
    Given(Result<Value, CallError>),
    Awaits(Future),
}

impl Map {
    /// The next result, waiting for it: `End` after the last; `Cancelled`, `TimedOut`, `BrokenExecutor` or the failure instead of
    /// a result, which cancels what has not started and is followed by `End`. `Deadlock`, `NoThread`: as `Future::result`, with nothing changed.
    pub fn next(&self) -> Result<Value, CallError> {
        loop {
            let future = match self.look() {
                Next::Given(result) => return result,
                Next::Awaits(future) => future,
            };
            let outcome = future.result(self.deadline);
            if let Err(CallError::Refused(error @ (Error::Deadlock | Error::NoThread))) = outcome {
                return Err(error.into());
            }
            let mut progress = self.progress.lock();
            if progress.ended {
                return Err(Error::End.into());
            }
            if progress.chunks.front().is_none_or(|chunk| chunk.future != future) {
                // Another thread has gone on from this chunk.
                continue;
            }
            if outcome == Err(Error::TimedOut.into()) {
                drop(progress);
                return Err(self.end_with(Error::TimedOut.into()));
            }
            let finished = progress.chunks.pop_front();
            let next = finished.map(|chunk| (chunk.results, outcome.err()));
            let before = core::mem::replace(&mut progress.current, next);
            drop(progress);
            drop(before);
        }
    }

    /// Whether `next` would not have to wait.
    pub fn is_ready(&self) -> bool {
        let progress = self.progress.lock();
        let has_current = |(results, failure): &(Arc<Results>, Option<CallError>)| {
            failure.is_some() || !results.values.lock().is_empty()
        };
        if progress.ended || progress.current.as_ref().is_some_and(has_current) {
            return true;
        }
        let awaited = progress.chunks.front().map(|chunk| chunk.future.clone());
        drop(progress);
        awaited.is_none_or(|future| future.is_ready(self.deadline))
    }

    fn look(&self) -> Next {
        let mut progress = self.progress.lock();
        if let Some((results, failure)) = &mut progress.current {
            let value = results.values.lock().pop_front();
            if let Some(value) = value {
                return Next::Given(Ok(value));
            }
            if let Some(error) = failure.take() {
                drop(progress);
                return Next::Given(Err(self.end_with(error)));
            }
        }
        match progress.chunks.front() {
            Some(chunk) if !progress.ended => Next::Awaits(chunk.future.clone()),
            _ => Next::Given(Err(Error::End.into())),
        }
    }

    /// Ends the iteration and cancels what has not started.
    fn end_with(&self, error: CallError) -> CallError {
        self.progress.lock().ended = true;
        self.cancel();
        error
    }

    /// Gives back the tasks of a map that was never queued.
    pub(crate) fn take_back(&self) {
        self.for_each_awaited(Future::take_back);
    }

    /// Cancels what has not started.
    pub fn cancel(&self) {
        self.for_each_awaited(|future| _ = future.cancel());
    }

    /// Without the lock, for each future from which nothing has been given out yet. From the last one on: those that are given out
    /// meanwhile leave at the front, and the others move up to places that are still to come.
    fn for_each_awaited(&self, body: impl Fn(&Future)) {
        let count = self.progress.lock().chunks.len();
        for at in (0..count).rev() {
            let future = self.progress.lock().chunks.get(at).map(|chunk| chunk.future.clone());
            future.iter().for_each(&body);
        }
    }

    /// Has results that are never given out given back: when the map is gone and their tasks are over.
    ///
    /// # Safety
    /// `free` may be called with any result, on any thread.
    pub unsafe fn set_result_free(&self, free: Option<FreeFn>) {
        *self.result_free.0.lock() = free;
    }
}
