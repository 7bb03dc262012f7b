//! Waiting for several futures (Python: `concurrent.futures.wait` and `as_completed`).

use super::channel::Channel;
use super::future::Future;
use super::phase::Status;
use super::pool::Pool;
use super::worker::{self, Lent, Retries};
use crate::fallible;
use crate::identity::{self, Identified};
use crate::park::{Deadline, Mutex};
use crate::status::{Error, PIRN_OK, PIRN_TIMED_OUT, pirn_status_t};
use crate::sys::fork;
use crate::thread::hooks::HasStatus;
use core::borrow::Borrow;
use core::hash::{BuildHasherDefault, Hasher};
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
    /// Why a task's wait gave up: `Deadlock`, `NoThread`.
    pub refused: Option<Error>,
}

impl HasStatus for Waited {
    fn status(&self) -> pirn_status_t {
        match self.refused {
            Some(error) => error.code(),
            None if self.complete => PIRN_OK,
            None => PIRN_TIMED_OUT,
        }
    }
}

/// For handles, which are numbers that nobody chooses: a multiplication spreads them (Fibonacci hashing).
#[derive(Default)]
struct HandleHasher(u64);

impl Hasher for HandleHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_right(32);
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a handle is one number")
    }
}

/// Each future once, with the first of its positions, and for each position that future's place among them.
fn distinct(futures: &[Future]) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let mut places = HashMap::with_hasher(BuildHasherDefault::<HandleHasher>::default());
    places.try_reserve(futures.len()).map_err(|_| Error::NoMemory)?;
    let mut firsts = fallible::with_capacity(futures.len())?;
    let place_of = |(position, future): (usize, &Future)| {
        *places.entry(future.id()).or_insert_with(|| {
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

/// Waits, by `wait_until`, whose answer is `TimedOut` if it has to wait for longer, and which looks each time whether it waits in vain. A
/// worker that waits for futures of its own pool has its `place` lent meanwhile. If no thread can be had for it, and there is no limit, it
/// runs of the futures what has not started, until there `is_enough`; and when there is nobody left to run what it waits for: `NoThread`.
fn wait_in_task<A, F: Borrow<Future>, Each: Iterator<Item = F>>(
    deadline: Deadline,
    mut place: Option<Lent>,
    each: impl Fn() -> Each,
    is_enough: impl Fn() -> bool,
    wait_until: impl Fn(Deadline) -> Result<A, Error>,
) -> Result<A, Error> {
    let mut retries = Retries::default();
    loop {
        if deadline == Deadline::NEVER && place.take_if(|place| place.is_refused()).is_some() {
            for future in each() {
                future.borrow().run_by_waiter();
                if is_enough() {
                    break;
                }
            }
            place = lend_if_home(each());
        }
        // They may be many, and are not asked one by one whether they are queued.
        let until = place.as_ref().map_or(deadline, |place| place.stay(deadline, &mut retries));
        let outcome = wait_until(until);
        if until == deadline || !matches!(outcome, Err(Error::TimedOut)) {
            return outcome;
        }
        let is_queued = |future: F| future.borrow().status() == Status::Pending;
        if place.as_ref().is_some_and(Lent::is_deserted) && each().any(is_queued) {
            return Err(Error::NoThread);
        }
        place.as_mut().into_iter().for_each(Lent::look_again);
    }
}

/// The calling thread's place, lent for a wait for those of the futures that are not done.
fn lend_if_home<F: Borrow<Future>>(futures: impl Iterator<Item = F>) -> Option<Lent> {
    let left = futures.filter(|future| future.borrow().is_done().is_none());
    worker::lend_if_home(left.map(|future| future.borrow().pool()))
}

/// Waits until enough of the futures are done, or until the deadline. Duplicates count once. A future that is cancelled, but not
/// notified, is not done; one that is cancelled and notified is no failure. A worker that waits for its own pool's futures lends its place
/// meanwhile, and waits neither for what it runs itself nor for what nobody is left to run. `NoMemory`, before it has waited.
pub fn wait(futures: &[Future], when: ReturnWhen, deadline: Deadline) -> Result<Waited, Error> {
    let (firsts, places) = distinct(futures)?;
    let each = || firsts.iter().map(|&position| &futures[position]);
    let (mut found, mut done) = (fallible::with_capacity(firsts.len())?, fallible::with_capacity(futures.len())?);
    let (mut complete, mut n_done) = survey(each(), when, &mut found);
    let mut refused = None;
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
        let outcome = watched.and_then(|()| {
            let own = fallible::list(each().filter(|future| future.runs_here()))?;
            let is_vain = || {
                // In this order: whoever finishes one by hand meanwhile does not make it count twice.
                let arrived = channel.arrived();
                let vain = own.iter().filter(|future| future.is_done().is_none()).count();
                let is_needed = when == ReturnWhen::AllCompleted || arrived + vain == firsts.len();
                deadline == Deadline::NEVER && vain > 0 && is_needed && !channel.has_enough()
            };
            let wait = |until| if is_vain() { Err(Error::Deadlock) } else { channel.wait(until) };
            wait_in_task(deadline, lend_if_home(each()), each, || channel.has_enough(), wait)
        });
        refused = outcome.err().filter(|&error| error != Error::TimedOut);
        for (future, key) in each().zip(keys) {
            key.into_iter().for_each(|key| future.unwatch(key));
        }
        (complete, n_done) = survey(each(), when, &mut found);
    }
    done.extend(places.into_iter().map(|place| found[place]));
    Ok(Waited { complete, done, n_done, refused })
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
    /// The executors that the futures belong to; NULL among them if there is a free-standing one.
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
        let mut homes = fallible::list(futures.iter().map(|future| Home(future.pool())))?;
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

    /// The position of the next future that is done: `End` after the last, `TimedOut` when none is at the deadline; `Deadlock` if what is
    /// left is run by the calling thread, `NoThread` in a task that nobody could stand in for. A future whose position has been given out
    /// is no longer kept.
    pub fn next(&self) -> Result<usize, Error> {
        self.catch_up_after_fork();
        let place = self.channel.take(Deadline::PASSED).or_else(|error| {
            if error != Error::TimedOut || self.deadline.has_passed() {
                return Err(error);
            }
            wait_in_task(
                self.deadline,
                // By the executors of all of them, as a rule one or two: those that are left may be many, and are not asked each time.
                worker::lend_if_home(self.homes.iter().map(|home| home.0)),
                || self.each(),
                || self.channel.is_ready(),
                |until| if self.is_vain() { Err(Error::Deadlock) } else { self.channel.take(until) },
            )
        })?;
        let mut watched = self.watched.lock();
        let taken = &mut watched.places[place];
        let (position, future) = (taken.position, taken.future.take());
        drop(watched);
        drop(future);
        Ok(position)
    }

    /// Those that have not been given out, each without a lock.
    fn each(&self) -> impl Iterator<Item = Future> {
        let future_at = |place| self.watched.lock().places.get(place).map(|place: &Place| place.future.clone());
        (0..).map_while(future_at).flatten()
    }

    /// Whether the calling thread runs all that is left, and would wait without a limit. They may be many, and are asked only if it
    /// runs as many.
    fn is_vain(&self) -> bool {
        let left = self.channel.left();
        self.deadline == Deadline::NEVER
            && (1..=worker::count_running()).contains(&left)
            && self.each().filter(|future| future.runs_here() && future.is_done().is_none()).count() == left
    }

    /// An executor's futures that were cancelled by a fork did not tell.
    fn catch_up_after_fork(&self) {
        let watched = self.watched.lock();
        if watched.epoch == fork::epoch() {
            return;
        }
        let futures: Vec<_> = watched.places.iter().filter_map(|place| place.future.clone()).collect();
        drop(watched);
        // The first look at each after a fork settles it, for which it takes another lock.
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
