//! The end: callbacks, then executors, then threads. Run by exit() and the return from main, or by hand before.
//!
//! ```text
//! phase       at_shutdown   submit      thread start
//! Open        yes           yes         yes
//! Callbacks   SHUT_DOWN     yes         yes
//! Joining     SHUT_DOWN     SHUT_DOWN   yes (and it is joined too) *
//! Over        SHUT_DOWN     SHUT_DOWN   SHUT_DOWN
//!
//! * once those are joined that were there: a thread to be joined is only started by one that is, others get SHUT_DOWN
//! ```
//!
//! Lock discipline: each mutex is taken alone; callbacks, executors and joins come without it.

use super::hooks::{self, Subject};
use super::{current, get_ident, local, main_thread, registry, report};
use crate::callback::{self, Target};
use crate::cut;
use crate::fallible;
use crate::park::{Deadline, Mutex, Notice, WaitList, Wake, drop_interrupt_hook};
use crate::status::Error;
use crate::sys::process;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Weak;

/// An executor, as the shutdown sees it.
pub trait OnShutdown: Send + Sync {
    /// Takes no more work; finishes what it has. Does not wait.
    fn shut_down(&self);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    Callbacks,
    Joining,
    Over,
}

struct Shutdown {
    phase: Phase,
    /// The thread that runs the shutdown.
    by: u64,
    callbacks: Vec<Target>,
    executors: Vec<Weak<dyn OnShutdown>>,
    /// Others that called for the shutdown and wait for its end.
    waiters: WaitList,
}

static SHUTDOWN: Mutex<Shutdown> = Mutex::new(Shutdown {
    phase: Phase::Open,
    by: 0,
    callbacks: Vec::new(),
    executors: Vec::new(),
    waiters: WaitList::new(),
});

/// `phase >= Joining`, for the path of every submit.
static EXECUTORS_CLOSED: AtomicBool = AtomicBool::new(false);

/// The exit handler is in place, and has not been used. Set under REGISTERING, when that is so: nobody goes on before.
static REGISTERED: AtomicBool = AtomicBool::new(false);
static REGISTERING: Mutex<()> = Mutex::new(());

/// The same for the second handler.
static REGISTERED_AGAIN: AtomicBool = AtomicBool::new(false);

/// Makes sure that exit() runs the shutdown. Called by whatever makes one necessary, so that it runs before the exit
/// handlers and destructors of what was set up earlier.
pub fn run_at_exit() {
    if !REGISTERED.load(Ordering::Acquire) {
        register_at_exit();
    }
}

#[cold]
fn register_at_exit() {
    let _registering = REGISTERING.lock();
    if !REGISTERED.load(Ordering::Relaxed) {
        // Where it is refused for want of memory, the next one tries again.
        REGISTERED.store(process::at_exit(at_exit), Ordering::Release);
    }
}

extern "C" fn at_exit() {
    // The C library calls a handler once. If a callback calls exit() again the rest of the shutdown is to be done by another one;
    // otherwise that finds nothing to do.
    if !REGISTERED_AGAIN.swap(true, Ordering::Relaxed) {
        process::at_exit(at_exit);
    }
    // A panic here would be a bug; the process is on its way out and goes on.
    let _ = std::panic::catch_unwind(|| {
        if is_run_by_caller() {
            // A callback has called exit(): it does not return to the shutdown, which goes on here.
            run_phases();
        } else {
            run();
        }
        // The shutdown may have been run before, by a thread that went on; or it is being run by a thread that waits for
        // this one. The others are still to be waited for.
        let runner = SHUTDOWN.lock();
        let runner = if runner.phase == Phase::Over { registry::NOBODY } else { runner.by };
        registry::join_all(runner);
        // As C++ does with the calling thread's thread_local objects.
        local::give_back_values();
        drop_interrupt_hook();
        callback::drop_raised();
    });
}

fn is_run_by_caller() -> bool {
    let shutdown = SHUTDOWN.lock();
    !matches!(shutdown.phase, Phase::Open | Phase::Over) && shutdown.by == get_ident()
}

/// Has `callback` run when the shutdown begins, last in first out: `ShutDown` if it has begun, `NoMemory`.
pub fn at_shutdown(callback: Target) -> Result<(), Error> {
    run_at_exit();
    let mut shutdown = SHUTDOWN.lock();
    let is_open = if shutdown.phase > Phase::Open { Err(Error::ShutDown) } else { Ok(()) };
    match is_open.and_then(|()| fallible::make_room(&mut shutdown.callbacks)) {
        Ok(()) => shutdown.callbacks.push(callback),
        Err(error) => {
            drop(shutdown);
            drop(callback);
            return Err(error);
        }
    }
    Ok(())
}

/// Has `executor` shut down with the library.
pub fn register(executor: Weak<dyn OnShutdown>) {
    run_at_exit();
    let mut shutdown = SHUTDOWN.lock();
    // Those that are gone are swept out when their number may have doubled: constant time on average.
    if shutdown.executors.len() == shutdown.executors.capacity() {
        shutdown.executors.retain(|executor| executor.strong_count() > 0);
    }
    shutdown.executors.push(executor);
}

/// Whether executors take no more work because the library shuts down.
pub fn executors_closed() -> bool {
    EXECUTORS_CLOSED.load(Ordering::Acquire)
}

/// Shuts down, or waits until the shutdown under way is over, unless that waits for the calling thread.
pub fn run() {
    let me = get_ident();
    let is_joined = current::is_joined_at_exit();
    {
        let mut shutdown = SHUTDOWN.lock();
        if shutdown.phase != Phase::Open {
            let is_waited_for = shutdown.by == me || is_joined;
            while shutdown.phase != Phase::Over && !is_waited_for {
                match Mutex::wait(shutdown, Deadline::NEVER, |shutdown| &mut shutdown.waiters) {
                    Wake::Notified(_) => shutdown = SHUTDOWN.lock(),
                    Wake::TimedOut(guard) => shutdown = guard,
                }
            }
            return;
        }
        shutdown.phase = Phase::Callbacks;
        shutdown.by = me;
    }
    run_phases();
}

fn run_phases() {
    run_callbacks();
    close_executors();
    main_thread().life().handshake.done.set();
    registry::join_all_and_close();
    let mut shutdown = SHUTDOWN.lock();
    shutdown.phase = Phase::Over;
    cut::set_ending(true);
    let waiters = shutdown.waiters.take_all();
    drop(shutdown);
    waiters.notify_all(Notice::new(1));
}

fn run_callbacks() {
    loop {
        let callback = SHUTDOWN.lock().callbacks.pop();
        let Some(callback) = callback else { return };
        if let Err(failure) = callback.run() {
            hooks::failed(Subject::NONE, failure.code());
            report(&failure);
        }
    }
}

fn close_executors() {
    let executors = {
        let mut shutdown = SHUTDOWN.lock();
        shutdown.phase = Phase::Joining;
        EXECUTORS_CLOSED.store(true, Ordering::Release);
        // A copy: a child that is forked from here on has these executors, and a shutdown of its own to come.
        shutdown.executors.clone()
    };
    for executor in executors {
        if let Some(executor) = executor.upgrade() {
            executor.shut_down();
        }
    }
}

/// In a child of fork the shutdown has not begun, whatever the parent was doing.
pub fn not_begun_in_child() {
    let mut shutdown = SHUTDOWN.lock();
    if shutdown.phase != Phase::Open {
        // The parent's exit may have used the handler up.
        REGISTERED.store(false, Ordering::Relaxed);
        REGISTERED_AGAIN.store(false, Ordering::Relaxed);
    }
    shutdown.phase = Phase::Open;
    shutdown.by = 0;
    EXECUTORS_CLOSED.store(false, Ordering::Release);
    cut::set_ending(false);
}
