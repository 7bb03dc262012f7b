//! Threads: the object with its life from start to join, the registry of those alive, exit.
//!
//! ```text
//! stage      is_alive  join                    who may be where
//! New         no       NOT_STARTED             nobody; the target waits in the object
//! Starting    no       NOT_STARTED             the starter asks for a system thread
//! Pending     yes      waits for `done`        a timer's: `timer` holds the object, the target waits in it
//! Firing      yes      waits for `done`        a timer's: the registry holds the object, the system thread is on its way
//! Running     yes      waits for the system    the system thread runs the target; the registry holds the object
//! Ended       no       waits for the system    thread-local values are given back, then `done` is set
//! ```
//!
//! A start does not wait until the new thread gets a processor: whoever comes first, the starter or the thread, makes the object Running
//! and registers it (`launch`). Only the kernel's number is the thread's to say: who asks for that waits for `started`.
//!
//! The order at the end: the target's argument is given back, the object leaves the registry and is Ended, the thread-local values are
//! given back, `done` is set. A join waits for the system thread itself, so that nothing of the thread is left when it returns; where
//! there is none (main, a pending timer) it waits for `done` ([`handshake`]).
//!
//! A thread is enumerated as long as it is alive: it becomes Running, and Ended, under the registry's lock.
//!
//! The main thread and threads that pirn did not start (which get a dummy object when they ask for one) have no target
//! and are never reaped. Joins of the main thread wait until the shutdown begins to join.
//!
//! A stage carries the fork epoch in which it was reached, so that a thread of the parent counts as ended in the child.
//!
//! There may be a million pending timers, so the object is small, and what only a thread needs that runs or is waited for is
//! in a second one, its `Life`.
//!
//! Locks: `state` guards the object's fields and is held for moments only. It is taken under the timers' (`timer`) and the registry's, not
//! the other way round.

mod current;
mod handshake;
pub mod hooks;
mod ident;
pub mod local;
mod registry;
mod report;
pub mod shutdown;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod timer;

pub use crate::sys::thread::native_id as get_native_id;
pub use current::{current, leave, main_thread};
pub use ident::get_ident;
pub use local::Local;
pub use registry::{active_count, after_fork, before_fork, enumerate};
pub use report::{Excepthook, Report, excepthook, report, set_excepthook, write};
pub use timer::Timer;

use crate::callback::Target;
use crate::fallible;
use crate::identity::{self, Identified, Kind};
use crate::park::{Deadline, Mutex};
use crate::status::Error;
use crate::sync::Event;
use crate::sys::atomic::unmodelled::{AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use crate::sys::thread::{self as system, SystemThread};
use crate::sys::{allocator, clock, fork};
use crate::timer::Node;
use core::ffi::c_void;
use handshake::{Handshake, Joinable};
use hooks::{Hooks, Subject};
use state::{Name, Sort, Stage, State};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A thread of control. Python: `threading.Thread`.
#[derive(Debug)]
pub struct Thread {
    id: u64,
    state: Mutex<State>,
    /// NULL until there is need of it; then it stays.
    life: AtomicPtr<Life>,
    /// A timer's, for others unused.
    node: Node<Thread>,
}

/// A pending timer has to cost no more than 200 bytes: with its reference counts this fits a block of 128 of the C library's, beside the
/// handle's slot of 64.
const _: () = assert!(size_of::<Thread>() <= 104);

/// What a thread has that runs, has run, or is waited for.
#[derive(Debug)]
struct Life {
    /// Its launch is taken before the thread's `state` and the registry.
    handshake: Handshake<SystemThread>,
    /// Set when `native_id` is known.
    started: Event,
    /// Both written under the thread's `state`; 0 before it is Running, and `native_id` until `started`.
    ident: AtomicU64,
    native_id: AtomicU64,
    exit_code: AtomicI32,
    hooks: Hooks,
}

impl Joinable for SystemThread {
    unsafe fn join(&self, deadline: Deadline) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        unsafe { SystemThread::join(*self, deadline) }
    }
}

impl Life {
    fn new() -> Life {
        Life {
            handshake: Handshake::new(),
            started: Event::new(),
            ident: AtomicU64::new(0),
            native_id: AtomicU64::new(0),
            exit_code: AtomicI32::new(0),
            hooks: Hooks::new(),
        }
    }
}

impl Identified for Thread {
    fn id(&self) -> u64 {
        self.id
    }
}

static STACK_SIZE: AtomicUsize = AtomicUsize::new(0);
/// The least stack that may be asked for, as in CPython.
const SMALLEST_STACK: usize = 32 * 1024;

/// The stack size of threads started from now on; 0 is the system's default.
pub fn stack_size() -> usize {
    STACK_SIZE.load(Ordering::Relaxed)
}

/// Sets the stack size of threads started from now on: 0, or at least 32 KiB (`InvalidArgument`).
pub fn set_stack_size(bytes: usize) -> Result<(), Error> {
    if bytes != 0 && bytes < SMALLEST_STACK {
        return Err(Error::InvalidArgument);
    }
    STACK_SIZE.store(bytes, Ordering::Relaxed);
    Ok(())
}

impl Thread {
    fn with_state(state: State, delay: u64) -> Arc<Thread> {
        let life = AtomicPtr::new(core::ptr::null_mut());
        Arc::new(Thread { id: identity::next(), state: Mutex::new(state), life, node: Node::new(delay) })
    }

    fn unstarted(sort: Sort, name: Name, daemon: bool, target: Option<Target>, delay: u64) -> Arc<Thread> {
        let (stage, epoch) = (Stage::New, fork::epoch());
        Thread::with_state(State { sort, stage, epoch, name, daemon, is_over: false, target }, delay)
    }

    /// A thread that will run `target`, named "Thread-N". It is a daemon if the calling thread was started by pirn and is one.
    pub fn new(target: Option<Target>) -> Arc<Thread> {
        Thread::inheriting(Sort::Ordinary, target, 0)
    }

    fn inheriting(sort: Sort, target: Option<Target>, delay: u64) -> Arc<Thread> {
        let daemon = current::existing().is_some_and(|creator| creator.passes_daemon_on());
        Thread::unstarted(sort, Name::Numbered(ident::next_name_number()), daemon, target, delay)
    }

    /// Its life, which begins now if it has none.
    fn life(&self) -> &Life {
        self.life_if_any().unwrap_or_else(|| {
            let made = Box::into_raw(Box::new(Life::new()));
            match self.life.compare_exchange(core::ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: made above; it is freed with the thread only.
                Ok(_) => unsafe { &*made },
                Err(other) => {
                    // SAFETY: made above, and shown to nobody.
                    drop(unsafe { Box::from_raw(made) });
                    // SAFETY: another thread's, which stays.
                    unsafe { &*other }
                }
            }
        })
    }

    fn life_if_any(&self) -> Option<&Life> {
        // SAFETY: NULL, or made by `life` and freed with the thread only.
        unsafe { self.life.load(Ordering::Acquire).as_ref() }
    }

    /// Starts a worker of a pool: a non-daemon thread with this name.
    pub fn start_worker(name: String, target: Target) -> Result<Arc<Thread>, Error> {
        let thread = Thread::unstarted(Sort::Ordinary, Name::Given(Arc::new(name)), false, Some(target), 0);
        // What an executor has taken it finishes, whoever submitted it.
        thread.start_by(true, true).map(|()| thread)
    }

    fn as_subject(&self) -> Subject {
        Subject::new(Kind::Thread, self.id)
    }

    fn passes_daemon_on(&self) -> bool {
        let state = self.state.lock();
        // A dummy says daemon, but a foreign thread's children are not to be cut off by the exit.
        state.sort != Sort::Dummy && state.daemon
    }

    /// Starts it. `AlreadyStarted`, `NoThread`, `ShutDown`, `NoMemory`.
    pub fn start(self: &Arc<Thread>) -> Result<(), Error> {
        allocator::check()?;
        // What a hook starts is what it causes, and is not to be told of.
        self.start_by(current::is_joined_at_exit(), !hooks::is_in_hook())
    }

    /// The same for one for which the exit waits if it is `by_awaited`. The thread has hooks if it is `told` of.
    fn start_by(self: &Arc<Thread>, by_awaited: bool, told: bool) -> Result<(), Error> {
        {
            let mut state = self.state.lock();
            if state.stage() != Stage::New {
                return Err(Error::AlreadyStarted);
            }
            if !told {
                self.life().hooks.close();
            }
            if state.sort == Sort::Timer {
                drop(state);
                return timer::start(self).inspect_err(|_| self.refused(told));
            }
            state.set_stage(Stage::Starting);
        }
        self.start_system_thread(by_awaited).inspect_err(|_| {
            self.refused(told);
            self.state.lock().set_stage(Stage::New);
        })
    }

    /// It has not started after all, and is told of when it does.
    fn refused(&self, told: bool) {
        if !told {
            self.life().hooks.open();
        }
    }

    fn start_system_thread(self: &Arc<Thread>, by_awaited: bool) -> Result<(), Error> {
        shutdown::run_at_exit();
        registry::expect_start(self, by_awaited)?;
        let arg = Arc::into_raw(self.clone()).cast_mut().cast();
        // SAFETY: `main` takes over the reference behind `arg`.
        let Some(system) = (unsafe { SystemThread::start(stack_size(), main, arg) }) else {
            // SAFETY: the thread was refused, so the reference is still this one's.
            drop(unsafe { Arc::from_raw(arg.cast::<Thread>()) });
            registry::start_failed(self);
            return Err(Error::NoThread);
        };
        self.launch();
        self.life().handshake.learn_system(system);
        Ok(())
    }

    /// Makes a thread Running and known to all, if that is not done. By the starter once the system has given it a thread, and by
    /// that thread before anything else.
    fn launch(self: &Arc<Thread>) {
        let life = self.life();
        let hooks_before = life.handshake.launch(|| {
            registry::started(self, || {
                let mut state = self.state.lock();
                state.set_stage(Stage::Running);
                life.ident.store(ident::next_ident(), Ordering::Relaxed);
            });
            life.hooks.adopt()
        });
        drop(hooks_before);
    }

    /// On the new thread: from here on it knows itself, and has its name.
    fn enter(self: &Arc<Thread>) -> Option<Target> {
        current::set(self.clone());
        let life = self.life();
        life.handshake.learn_system(SystemThread::current());
        let target;
        {
            let mut state = self.state.lock();
            if state.stage() != Stage::Running {
                // A timer's, which nobody has launched.
                state.set_stage(Stage::Running);
                life.ident.store(ident::next_ident(), Ordering::Relaxed);
            }
            ident::adopt_ident(life.ident.load(Ordering::Relaxed));
            life.native_id.store(system::native_id(), Ordering::Relaxed);
            // Under the lock, as a renaming is.
            system::set_own_name(&state.name.spell());
            target = state.target.take();
        }
        life.started.set();
        target
    }

    /// On the ending thread: leaves the registry and is no longer alive, gives back its values, then lets joins go on.
    fn end(&self, exit_code: i32) {
        if self.state.lock().sort == Sort::Main {
            // Of a child that this thread forked: the main thread stays to the end.
            return;
        }
        let life = self.life();
        life.hooks.close();
        registry::ended(self, || {
            let mut state = self.state.lock();
            state.set_stage(Stage::Ended);
            life.exit_code.store(exit_code, Ordering::Relaxed);
        });
        // User code: it is itself all through that.
        local::give_back_values();
        {
            let mut state = self.state.lock();
            if state.sort == Sort::Main {
                // Of a child that one of the values' frees has forked.
                return;
            }
            state.is_over = true;
        }
        life.handshake.done.set();
    }

    fn is_running_dummy(&self) -> bool {
        let state = self.state.lock();
        state.sort == Sort::Dummy && state.stage() == Stage::Running
    }

    /// Waits until it has ended and is gone. `NotStarted`, `Deadlock` (itself, or a dummy), `TimedOut`.
    pub fn join(&self, deadline: Deadline) -> Result<(), Error> {
        hooks::wait(self.as_subject(), deadline, |deadline| self.join_quietly(deadline))
    }

    /// The same as a part of another wait, which hooks are not told of by itself.
    pub fn join_quietly(&self, deadline: Deadline) -> Result<(), Error> {
        let is_over;
        {
            let state = self.state.lock();
            if state.sort == Sort::Dummy {
                return Err(Error::Deadlock);
            }
            if matches!(state.stage(), Stage::New | Stage::Starting) {
                return Err(Error::NotStarted);
            }
            if state.is_from_before_a_fork() {
                // Neither `done` nor the system thread tells anything here, and a lock may be held by nobody.
                return Ok(());
            }
            is_over = state.is_over;
            if !is_over {
                self.life();
            }
        }
        if current::is_current(self) {
            return Err(Error::Deadlock);
        }
        // A timer that was cancelled has run nothing.
        let Some(life) = self.life_if_any() else { return Ok(()) };
        let is_gone = || {
            let native_id = life.native_id.load(Ordering::Relaxed);
            native_id != 0 && !system::exists(native_id)
        };
        life.handshake.join(is_over, deadline, is_gone, || registry::reaped(self))
    }

    /// Whether it runs, or is a timer that waits for its moment.
    pub fn is_alive(&self) -> bool {
        self.state.lock().is_alive()
    }

    /// Its name.
    pub fn name(&self) -> Arc<String> {
        self.state.lock().name.spell()
    }

    /// Renames it, at any time. The system's name for the thread follows. `NoMemory`.
    pub fn set_name(&self, name: &str) -> Result<(), Error> {
        allocator::check()?;
        let name = Arc::new(fallible::text(&[name])?);
        let mut state = self.state.lock();
        state.name = Name::Given(name.clone());
        // Under the lock: the thread cannot end meanwhile, and its number not become another's.
        if state.stage() == Stage::Running {
            // A thread that is still to say its number is still to take its name.
            let native_id = self.life().native_id.load(Ordering::Relaxed);
            if native_id != 0 {
                system::set_name(native_id, &name);
            }
        }
        Ok(())
    }

    /// Its number in this process, from its start on; kept after its end. `NotStarted`.
    pub fn ident(&self) -> Result<u64, Error> {
        self.number(|life| &life.ident)
    }

    /// The kernel's number for it, from its start on; may have to wait until it gets a processor for the first time. `NotStarted`.
    pub fn native_id(&self) -> Result<u64, Error> {
        if self.state.lock().stage() == Stage::Running {
            self.life().started.wait();
        }
        self.number(|life| &life.native_id)
    }

    fn number(&self, of: impl Fn(&Life) -> &AtomicU64) -> Result<u64, Error> {
        // Under the lock, under which both are written: who knows one knows the other.
        let _state = self.state.lock();
        let number = self.life_if_any().map_or(0, |life| of(life).load(Ordering::Relaxed));
        if number == 0 { Err(Error::NotStarted) } else { Ok(number) }
    }

    /// Whether the exit leaves it behind instead of joining it.
    pub fn daemon(&self) -> bool {
        self.state.lock().daemon
    }

    /// Sets that, before the start: `AlreadyStarted`.
    pub fn set_daemon(&self, daemon: bool) -> Result<(), Error> {
        let mut state = self.state.lock();
        if state.stage() != Stage::New {
            return Err(Error::AlreadyStarted);
        }
        state.daemon = daemon;
        Ok(())
    }

    /// What its target returned, once it has ended: `InvalidState` before.
    pub fn exit_code(&self) -> Result<i32, Error> {
        let state = self.state.lock();
        if state.stage() != Stage::Ended {
            return Err(Error::InvalidState);
        }
        Ok(self.life_if_any().map_or(0, |life| life.exit_code.load(Ordering::Relaxed)))
    }

    /// Whether the exit waits for it.
    fn is_joined_at_exit(&self) -> bool {
        let state = self.state.lock();
        matches!(state.sort, Sort::Ordinary | Sort::Timer) && !state.daemon
    }

    /// In a child of fork: this thread is the only one, and so the main one.
    fn became_main(&self) {
        let life = self.life();
        let mut state = self.state.lock();
        if state.sort == Sort::Dummy {
            state.name = Name::Given(Arc::new(MAIN_NAME.to_owned()));
            state.daemon = false;
        }
        state.sort = Sort::Main;
        life.native_id.store(system::native_id(), Ordering::Relaxed);
        // Also if it was ending when it forked.
        state.set_stage(Stage::Running);
        drop(state);
        // Nobody joins the main thread's system thread.
        life.handshake.forget_system();
        life.handshake.done.clear();
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let life = *self.life.get_mut();
        if life.is_null() {
            return;
        }
        // SAFETY: made by `life`, and nobody else has the thread any more.
        let life = unsafe { Box::from_raw(life) };
        let Some(system) = life.handshake.joinable() else { return };
        if !self.state.lock().is_from_before_a_fork() {
            // SAFETY: still there, so neither joined nor detached; nobody can join it any more.
            unsafe { system.detach() };
        }
    }
}

const MAIN_NAME: &str = "MainThread";

/// What a system thread runs.
extern "C" fn main(arg: *mut c_void) -> *mut c_void {
    // SAFETY: `start_system_thread` handed over a reference.
    let thread = unsafe { Arc::from_raw(arg.cast::<Thread>()) };
    let begin = || {
        thread.launch();
        thread.enter()
    };
    live(&thread, thread.as_subject(), begin, || ());
    core::ptr::null_mut()
}

/// What a thread does that pirn started: `begin` makes it known and gives it its target, `announce` comes before this runs; a failure is
/// one of `subject`'s.
fn live(thread: &Arc<Thread>, subject: Subject, begin: impl FnOnce() -> Option<Target>, announce: impl FnOnce()) {
    let start_ns = clock::now_ns();
    let run = || {
        let target = begin();
        hooks::thread_started(thread);
        let Some(target) = target else { return 0 };
        announce();
        let Err(failure) = target.run() else { return 0 };
        hooks::failed(subject, failure.code());
        report(&failure);
        failure.code()
    };
    let exit_code = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        core::mem::forget(panic);
        Error::Internal.code()
    });
    hooks::thread_ended(thread, exit_code, start_ns);
    thread.end(exit_code);
}
