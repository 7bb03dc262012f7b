//! All threads that are alive.
//!
//! Lock discipline: the registry's mutex is taken alone, or after the timers': a timer that fires leaves the ones and joins the others in one
//! hold of both, so that whoever holds both sees it once. A thread's `state` is taken under it: those that it has are alive, no others
//! are, but for pending timers. No reference to a thread is dropped under it, since that may run user code.

use super::timer::TIMERS;
use super::{Thread, current, get_ident, ident, local, shutdown};
use crate::fallible;
use crate::park::{Deadline, Mutex, Notice, WaitList, Wake};
use crate::status::Error;
use std::collections::BTreeMap;
use std::sync::Arc;

struct Registry {
    /// By identity: in the order in which they were made.
    threads: BTreeMap<u64, Arc<Thread>>,
    /// Those that have ended, but whose system threads may still be busy with foreign thread-local destructors: what the exit waits
    /// for besides. A join takes its thread out; the rest is looked through when there are `sweep_at` of them.
    ended: BTreeMap<u64, Arc<Thread>>,
    sweep_at: usize,
    /// Made when first asked for.
    main: Option<Arc<Thread>>,
    /// Threads that the exit waits for, between `expect_start` and `started` or `start_failed`.
    starting: usize,
    /// The exit joins: it waits for no more than what is started by those for which it waits anyway.
    joining: bool,
    /// No thread starts any more: the shutdown is over.
    closed: bool,
    /// The shutdown, which waits for `starting` to fall.
    waiters: WaitList,
}

/// How many ended threads are kept without a look at them.
const SWEEP_AT_LEAST: usize = 16;

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    threads: BTreeMap::new(),
    ended: BTreeMap::new(),
    sweep_at: SWEEP_AT_LEAST,
    main: None,
    starting: 0,
    joining: false,
    closed: false,
    waiters: WaitList::new(),
});

const CHANGED: Notice = Notice::new(1);

impl Registry {
    /// A thread for which the exit waits (`awaited`) is started by one such (`by_awaited`) once the exit joins: a daemon that
    /// starts threads without a pause would hold it up for ever.
    fn check_open(&self, awaited: bool, by_awaited: bool) -> Result<(), Error> {
        if self.closed || (self.joining && awaited && !by_awaited) { Err(Error::ShutDown) } else { Ok(()) }
    }
}

/// Whether the calling thread may start a timer for which the exit waits if it is `awaited`: `ShutDown`.
pub fn check_open(awaited: bool) -> Result<(), Error> {
    let by_awaited = current::is_joined_at_exit();
    REGISTRY.lock().check_open(awaited, by_awaited)
}

/// Announces a start: `ShutDown` when there are none any more. What follows is `started` or `start_failed`.
pub fn expect_start(thread: &Thread, by_awaited: bool) -> Result<(), Error> {
    let awaited = thread.is_joined_at_exit();
    let mut registry = REGISTRY.lock();
    registry.check_open(awaited, by_awaited)?;
    registry.starting += usize::from(awaited);
    Ok(())
}

/// The announced start has happened: `set_running` makes the thread alive.
pub fn started(thread: &Arc<Thread>, set_running: impl FnOnce()) {
    start_over(thread, |registry| {
        set_running();
        registry.threads.insert(thread.id, thread.clone());
    });
}

/// The announced start has failed.
pub fn start_failed(thread: &Thread) {
    start_over(thread, |_| ());
}

fn start_over(thread: &Thread, settle: impl FnOnce(&mut Registry)) {
    let awaited = thread.is_joined_at_exit();
    let mut registry = REGISTRY.lock();
    registry.starting -= usize::from(awaited);
    settle(&mut registry);
    let waiters = registry.waiters.take_all();
    drop(registry);
    waiters.notify_all(CHANGED);
}

/// Adds a thread that runs already.
pub fn add(thread: &Arc<Thread>) {
    let mut registry = REGISTRY.lock();
    registry.threads.insert(thread.id, thread.clone());
}

/// The thread has ended, but for its values and its system thread: `set_ended` makes it not alive.
pub fn ended(thread: &Thread, set_ended: impl FnOnce()) {
    let awaited = thread.is_joined_at_exit();
    let mut registry = REGISTRY.lock();
    set_ended();
    let removed = registry.threads.remove(&thread.id);
    let to_drop = match removed {
        Some(removed) if awaited => registry.ended.insert(removed.id, removed),
        removed => removed,
    };
    let sweep = registry.ended.len() >= registry.sweep_at;
    drop(registry);
    drop(to_drop);
    if sweep {
        sweep_ended();
    }
}

/// The system thread is gone, too.
pub fn reaped(thread: &Thread) {
    let removed = REGISTRY.lock().ended.remove(&thread.id);
    drop(removed);
}

/// Lets go of ended threads that nobody joins. The next look comes when there are twice as many as are left: constant time for each
/// on average.
fn sweep_ended() {
    let ended: Vec<_> = REGISTRY.lock().ended.values().cloned().collect();
    for thread in &ended {
        // The calling thread's own is not joinable, others may not be gone yet: these stay.
        let _ = thread.join(Deadline::PASSED);
    }
    let mut registry = REGISTRY.lock();
    registry.sweep_at = SWEEP_AT_LEAST.max(2 * registry.ended.len());
}

/// The main thread's object, made by `make` at the first call.
pub fn main_or_insert_with(make: impl FnOnce() -> Arc<Thread>) -> Arc<Thread> {
    if let Some(main) = &REGISTRY.lock().main {
        return main.clone();
    }
    let made = make();
    let mut registry = REGISTRY.lock();
    // Another thread may have been faster; then `made` is dropped, after the lock.
    let main = registry.main.get_or_insert_with(|| made.clone()).clone();
    registry.threads.insert(main.id, main.clone());
    drop(registry);
    main
}

/// Removes a thread that was added and does not run after all.
pub fn take_back(thread: &Thread) {
    let removed = REGISTRY.lock().threads.remove(&thread.id);
    drop(removed);
}

/// Every thread that runs, or is about to: pending timers are left out. `NoMemory`.
pub fn running() -> Result<Vec<Arc<Thread>>, Error> {
    current::main_thread();
    fallible::list(REGISTRY.lock().threads.values().cloned())
}

/// Every thread that is alive, the main one and pending timers included, in the order in which they were made: `NoMemory`.
pub fn enumerate() -> Result<Vec<Arc<Thread>>, Error> {
    current::main_thread();
    let mut threads;
    {
        let timers = TIMERS.lock();
        let registry = REGISTRY.lock();
        threads = timers.all(registry.threads.len())?;
        threads.extend(registry.threads.values().cloned());
    }
    threads.sort_unstable_by_key(|thread| thread.id);
    Ok(threads)
}

/// How many threads are alive.
pub fn active_count() -> usize {
    current::main_thread();
    let timers = TIMERS.lock();
    let registry = REGISTRY.lock();
    timers.len() + registry.threads.len()
}

/// The threads that the exit waits for, but for the calling one and `except`.
fn to_join(except: u64) -> Vec<Arc<Thread>> {
    let registry = REGISTRY.lock();
    let threads: Vec<_> = registry.threads.values().chain(registry.ended.values()).cloned().collect();
    drop(registry);
    threads.into_iter().filter(|thread| is_to_join(thread, except)).collect()
}

fn is_to_join(thread: &Thread, except: u64) -> bool {
    // By number: a thread that is ending, and runs the exit because it is the last one, is no longer `current`.
    let not_to_join = [get_ident(), except];
    // A timer that fires has no number yet.
    thread.is_joined_at_exit() && thread.ident().map_or(true, |ident| !not_to_join.contains(&ident))
}

/// Joins all threads that the exit waits for, but for `except`: first those that are there, and then, with nobody else starting any
/// ([`Registry::check_open`]), those that they have started meanwhile.
pub fn join_all(except: u64) {
    join_each(to_join(except));
    REGISTRY.lock().joining = true;
    loop {
        TIMERS.wait_until_none_is_awaited();
        let threads = to_join(except);
        if threads.is_empty() {
            return;
        }
        join_each(threads);
    }
}

fn join_each(threads: Vec<Arc<Thread>>) {
    for thread in threads {
        // Fails only where the thread cannot be joined, which `to_join` leaves out.
        let _ = thread.join(Deadline::NEVER);
    }
}

/// For the shutdown: joins all threads, and then lets none start any more.
pub fn join_all_and_close() {
    loop {
        join_all(NOBODY);
        let mut timers = TIMERS.lock();
        let mut registry = REGISTRY.lock();
        if registry.starting > 0 {
            drop(timers);
            match Mutex::wait(registry, Deadline::NEVER, |registry| &mut registry.waiters) {
                Wake::Notified(_) | Wake::TimedOut(_) => continue,
            }
        }
        // What was started between the look above and this lock is still to be joined.
        let mut threads = registry.threads.values().chain(registry.ended.values());
        if !threads.any(|thread| is_to_join(thread, NOBODY)) && timers.close() {
            registry.closed = true;
            return;
        }
    }
}

/// No thread's number.
pub const NOBODY: u64 = 0;

/// The thread that forks gets its number now: in the child it could not tell any more whether it was the main one.
pub fn before_fork() {
    get_ident();
}

/// In a child of fork only the calling thread is left, and it is the main one.
pub fn after_fork() {
    ident::became_main();
    let this = current::existing();
    let mut registry = REGISTRY.lock();
    let before = (core::mem::take(&mut registry.threads), core::mem::take(&mut registry.ended));
    registry.sweep_at = SWEEP_AT_LEAST;
    registry.starting = 0;
    registry.joining = false;
    registry.closed = false;
    let main_before = core::mem::replace(&mut registry.main, this.clone());
    if let Some(this) = &this {
        registry.threads.insert(this.id, this.clone());
    }
    drop(registry);
    drop((before, main_before));
    if let Some(this) = &this {
        this.became_main();
    }
    local::after_fork();
    shutdown::not_begun_in_child();
}
