//! Waiting for several futures (Python: `concurrent.futures.wait` and `as_completed`).

use super::channel::Channel;
use super::future::Future;
use super::pool::Pool;
use super::worker;
use crate::fallible;
use crate::identity::{self, Identified};
use crate::park::{Deadline, Mutex};
use crate::status::{Error, PIRN_OK, PIRN_TIMED_OUT, pirn_status_t};
use crate::sys::fork;
use crate::thread::hooks::HasStatus;
use std::collections::HashMap;
use std::sync::Arc;

/// When a wait for several futures is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// One is done.
    FirstCompleted,
    /// One has failed, or all are done.
    FirstException,
    /// All are done.
    AllCompleted,
}

/// What a wait for several futures found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Whether it found what it waited for, before its time was over.
    pub complete: bool,
    /// Whether each is done.
    pub done: Vec<bool>,
    /// How many are, each counted once.
    pub n_done: usize,
}

impl HasStatus for Waited {
    fn status(&self) -> pirn_status_t {
        if self.complete { PIRN_OK } else { PIRN_TIMED_OUT }
    }
}

/// Each future once, with the first of its positions, and for each position that future's place among them.
fn distinct(futures: &[Future]) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let mut places = HashMap::new();
    places.try_reserve(futures.len()).map_err(|_| Error::NoMemory)?;
    let mut firsts = fallible::with_capacity(futures.len())?;
    let place_of = |(position, future): (usize, &Future)| {
        *places.entry(future.handle()).or_insert_with(|| {
            firsts.push(position);
            firsts.len() - 1
        })
    };
    let places = fallible::list(futures.iter().enumerate().map(place_of))?;
    Ok((firsts, places))
}

/// Who of these, each there once, is done, which goes to `done`; whether that is enough, and how many they are.
fn survey<'a>(futures: impl Iterator<Item = &'a Future>, when: ReturnWhen, done: &mut Vec<bool>) -> (bool, usize) {
    let mut failed = false;
    done.clear();
    done.extend(futures.map(|future| {
        let is_done = future.is_done();
        failed |= is_done == Some(true);
        is_done.is_some()
    }));
    let n_done = done.iter().filter(|done| **done).count();
    let complete = match when {
        ReturnWhen::FirstCompleted => n_done > 0 || done.is_empty(),
        ReturnWhen::FirstException => failed || n_done == done.len(),
        ReturnWhen::AllCompleted => n_done == done.len(),
    };
    (complete, n_done)
}

/// Waits until enough of the futures are done, or until the deadline. Duplicates count once. A future that is cancelled, but not
/// notified, is not done; one that is cancelled and notified is no failure. `NoMemory`, before it has waited.
pub fn wait(futures: &[Future], when: ReturnWhen, deadline: Deadline) -> Result<Waited, Error> {
    let (firsts, places) = distinct(futures)?;
    let each = || firsts.iter().map(|&position| &futures[position]);
    let (mut found, mut done) = (fallible::with_capacity(firsts.len())?, fallible::with_capacity(futures.len())?);
    let (mut complete, mut n_done) = survey(each(), when, &mut found);
    if !complete && !deadline.has_passed() {
        let (quorum, on_failure) = match when {
            ReturnWhen::FirstCompleted => (1, false),
            ReturnWhen::FirstException => (firsts.len(), true),
            ReturnWhen::AllCompleted => (firsts.len(), false),
        };
        let channel = Arc::new(Channel::new(firsts.len(), quorum, on_failure)?);
        let mut keys = fallible::with_capacity(firsts.len())?;
        let watched = each().enumerate().try_for_each(|(place, future)| {
            keys.push(future.watch(&channel, place)?);
            Ok(())
        });
        if watched.is_ok() {
            let mut lent = worker::lend_if_home(each().map(|future| future.pool()));
            worker::Lent::wait(&mut lent, deadline, |until| channel.wait(until));
        }
        for (future, key) in each().zip(keys) {
            key.into_iter().for_each(|key| future.unwatch(key));
        }
        watched?;
        (complete, n_done) = survey(each(), when, &mut found);
    }
    done.extend(places.into_iter().map(|place| found[place]));
    Ok(Waited { complete, done, n_done })
}

/// A pool, by its address: to be compared, never to be looked into.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Home(*const Pool);

// SAFETY: only the address is used.
unsafe impl Send for Home {}
// SAFETY: as above.
unsafe impl Sync for Home {}

/// An iteration over futures: those that are done first, the others in the order in which they get done.
pub struct AsCompleted {
    id: u64,
    /// The identity of the first future; 0 if there is none.
    first: u64,
    deadline: Deadline,
    /// The executors that the futures belong to.
    homes: Vec<Home>,
    channel: Arc<Channel>,
    /// Outside the channel's lock, and never locked together with it or a future's.
    watched: Mutex<Watched>,
}

struct Watched {
    epoch: u32,
    places: Vec<Place>,
}

struct Place {
    /// The future's position for the user.
    position: usize,
    /// None once it has been given out.
    future: Option<Future>,
    key: Option<usize>,
}

impl core::fmt::Debug for AsCompleted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AsCompleted").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Identified for AsCompleted {
    fn id(&self) -> u64 {
        self.id
    }
}

impl AsCompleted {
    /// Over these futures, each once, until `deadline`. `NoMemory`.
    pub fn new(futures: &[Future], deadline: Deadline) -> Result<AsCompleted, Error> {
        let (firsts, _) = distinct(futures)?;
        let channel = Arc::new(Channel::new(firsts.len(), 1, false)?);
        let mut homes =
            fallible::list(futures.iter().map(|future| future.pool()).filter(|pool| !pool.is_null()).map(Home))?;
        homes.sort_unstable();
        homes.dedup();
        let places = fallible::with_capacity(firsts.len())?;
        let watched = Mutex::new(Watched { epoch: fork::epoch(), places });
        let first = futures.first().map_or(0, |future| future.id());
        // Dropped, it watches nothing any more.
        let iteration = AsCompleted { id: identity::next(), first, deadline, homes, channel, watched };
        for (place, position) in firsts.into_iter().enumerate() {
            let future = futures[position].clone();
            let key = future.watch(&iteration.channel, place)?;
            iteration.watched.lock().places.push(Place { position, key, future: Some(future) });
        }
        // What is done by now was done already, as far as anyone can tell.
        iteration.channel.sort();
        Ok(iteration)
    }

    /// The identity of the first future; 0 if there is none.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Whether `next` would not have to wait.
    pub fn is_ready(&self) -> bool {
        self.catch_up_after_fork();
        self.channel.is_ready() || self.deadline.has_passed()
    }

    /// The position of the next future that is done: `End` after the last, `TimedOut` when none is at the deadline. A future
    /// whose position has been given out is no longer kept.
    pub fn next(&self) -> Result<usize, Error> {
        self.catch_up_after_fork();
        let place = self.channel.take(Deadline::PASSED).or_else(|error| {
            if error != Error::TimedOut || self.deadline.has_passed() {
                return Err(error);
            }
            let mut lent = worker::lend_if_home(self.homes.iter().map(|home| home.0));
            let mut taken = Err(error);
            worker::Lent::wait(&mut lent, self.deadline, |until| {
                taken = self.channel.take(until);
                taken != Err(Error::TimedOut)
            });
            taken
        })?;
        let mut watched = self.watched.lock();
        let taken = &mut watched.places[place];
        let (position, future) = (taken.position, taken.future.take());
        drop(watched);
        drop(future);
        Ok(position)
    }

    /// An executor's futures that were cancelled by a fork did not tell.
    fn catch_up_after_fork(&self) {
        let watched = self.watched.lock();
        if watched.epoch == fork::epoch() {
            return;
        }
        let futures: Vec<_> = watched.places.iter().filter_map(|place| place.future.clone()).collect();
        drop(watched);
        // The first look at a future after a fork may let go of its pool, which is not to happen under a lock.
        for future in &futures {
            future.is_done();
        }
        let mut watched = self.watched.lock();
        if watched.epoch != fork::epoch() {
            watched.epoch = fork::epoch();
            let left = watched.places.iter().enumerate().filter(|(_, place)| place.future.is_some());
            let is_done = |place: &Place| place.future.as_ref().is_some_and(|future| future.is_done().is_some());
            let done = left.clone().filter(|(_, place)| is_done(place)).map(|(at, _)| at).collect::<Vec<_>>();
            self.channel.catch_up(left.count(), done.into_iter());
        }
        drop(watched);
        drop(futures);
    }
}

impl Drop for AsCompleted {
    fn drop(&mut self) {
        let places = core::mem::take(&mut self.watched.lock().places);
        for place in &places {
            if let (Some(future), Some(key)) = (&place.future, place.key) {
                future.unwatch(key);
            }
        }
    }
}
