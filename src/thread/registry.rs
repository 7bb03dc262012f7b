//! All threads that are alive.
//!
//! Lock discipline: the registry's mutex is taken alone. No reference to a thread is dropped under it, since that may run
//! user code.

use super::{Thread, current, ident, shutdown};
use crate::park::{Deadline, Mutex, Notice, WaitList, Wake};
use crate::status::Error;
use crate::sys::fork;
use std::collections::BTreeMap;
use std::sync::Arc;

struct Registry {
    /// By identity: in the order in which they were made.
    threads: BTreeMap<u64, Arc<Thread>>,
    /// Made when first asked for.
    main: Option<Arc<Thread>>,
    /// Threads between `expect_start` and `started` or `start_failed`.
    starting: usize,
    /// No thread starts any more: the shutdown is over.
    closed: bool,
    /// The shutdown, which waits for `starting` to fall.
    waiters: WaitList,
    /// The fork hook is in place.
    hooked: bool,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    threads: BTreeMap::new(),
    main: None,
    starting: 0,
    closed: false,
    waiters: WaitList::new(),
    hooked: false,
});

const CHANGED: Notice = Notice::new(1);

fn hook_forks(registry: &mut Registry) {
    if !registry.hooked {
        registry.hooked = true;
        fork::in_child(after_fork);
    }
}

/// Announces a start: `ShutDown` when there are none any more. What follows is `started` or `start_failed`.
pub fn expect_start() -> Result<(), Error> {
    let mut registry = REGISTRY.lock();
    if registry.closed {
        return Err(Error::ShutDown);
    }
    hook_forks(&mut registry);
    registry.starting += 1;
    Ok(())
}

/// The announced start has happened.
pub fn started(thread: &Arc<Thread>) {
    start_over(Some(thread));
}

/// The announced start has failed.
pub fn start_failed() {
    start_over(None);
}

fn start_over(thread: Option<&Arc<Thread>>) {
    let mut registry = REGISTRY.lock();
    registry.starting -= 1;
    if let Some(thread) = thread {
        registry.threads.insert(thread.id, thread.clone());
    }
    let waiters = registry.waiters.take_all();
    drop(registry);
    waiters.notify_all(CHANGED);
}

/// Adds a thread that runs already.
pub fn add(thread: &Arc<Thread>) {
    let mut registry = REGISTRY.lock();
    hook_forks(&mut registry);
    registry.threads.insert(thread.id, thread.clone());
}

/// The thread has ended.
pub fn remove(thread: &Thread) {
    let removed = REGISTRY.lock().threads.remove(&thread.id);
    drop(removed);
}

/// The main thread's object, made by `make` at the first call.
pub fn main_or_insert_with(make: impl FnOnce() -> Arc<Thread>) -> Arc<Thread> {
    if let Some(main) = &REGISTRY.lock().main {
        return main.clone();
    }
    let made = make();
    let mut registry = REGISTRY.lock();
    hook_forks(&mut registry);
    // Another thread may have been faster; then `made` is dropped, after the lock.
    let main = registry.main.get_or_insert_with(|| made.clone()).clone();
    registry.threads.insert(main.id, main.clone());
    drop(registry);
    main
}

/// Every thread that is alive, the main one included.
pub fn enumerate() -> Vec<Arc<Thread>> {
    current::main_thread();
    REGISTRY.lock().threads.values().cloned().collect()
}

/// How many threads are alive.
pub fn active_count() -> usize {
    current::main_thread();
    REGISTRY.lock().threads.len()
}

/// For the shutdown: joins all threads that are to be joined, also those started meanwhile, and then closes the registry.
pub fn join_all_and_close() {
    loop {
        let threads: Vec<_> = REGISTRY.lock().threads.values().cloned().collect();
        let to_join: Vec<_> = threads.iter().filter(|t| t.is_joined_at_exit() && !current::is_current(t)).collect();
        for thread in &to_join {
            // Fails only for a thread that is not joinable, which the filter leaves out.
            let _ = thread.join(Deadline::NEVER);
        }
        if !to_join.is_empty() {
            continue;
        }
        let mut registry = REGISTRY.lock();
        if registry.starting > 0 {
            match Mutex::wait(registry, Deadline::NEVER, |registry| &mut registry.waiters) {
                Wake::Notified(_) | Wake::TimedOut(_) => continue,
            }
        }
        // What was started between the look above and this lock is still to be joined.
        let known: Vec<_> = threads.iter().map(|t| t.id).collect();
        if registry.threads.keys().all(|id| known.contains(id)) {
            registry.closed = true;
            return;
        }
    }
}

/// In a child of fork only the calling thread is left, and it is the main one.
fn after_fork() {
    ident::became_main();
    let this = current::existing();
    let mut registry = REGISTRY.lock();
    let before = core::mem::take(&mut registry.threads);
    registry.starting = 0;
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
    shutdown::not_begun_in_child();
}
