//! Threads: the object with its life from start to join, the registry of those alive, exit.
//!
//! ```text
//! stage      is_alive  join                    who may be where
//! New         no       NOT_STARTED             nobody; the target waits in the object
//! Starting    no       NOT_STARTED             the starter waits for `started`
//! Running     yes      waits for `done`        the system thread runs the target; the registry holds the object
//! Ended       no       waits for the system    `done` is set; one joiner after another holds `reaping`
//! ```
//!
//! The order at the end: the target's argument is given back, the object leaves the registry, `done` is set. A join waits for `done`
//! and then for the system thread itself, so that nothing of the thread is left when it returns.
//!
//! The main thread and threads that pirn did not start (which get a dummy object when they ask for one) have no target
//! and are never reaped. Joins of the main thread wait until the shutdown begins to join.
//!
//! A stage carries the fork epoch in which it was reached, so that a thread of the parent counts as ended in the child.
//!
//! Locks: `state` guards the object's fields and is held for moments only, and never together with the registry's.

mod current;
pub mod hooks;
mod ident;
mod registry;
mod report;
pub mod shutdown;

pub use crate::sys::thread::native_id as get_native_id;
pub use current::{current, main_thread, prepare_for_ends};
pub use ident::get_ident;
pub use registry::{active_count, after_fork, before_fork, enumerate};
pub use report::{Excepthook, Report, excepthook, report, set_excepthook, write};

use crate::callback::Target;
use crate::identity::{self, Identified, Kind};
use crate::park::{Deadline, Mutex};
use crate::status::Error;
use crate::sync::{Event, Lock};
use crate::sys::thread::{self as system, SystemThread};
use crate::sys::{clock, fork};
use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering};
use hooks::{Hooks, Subject};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A thread of control. Python: `threading.Thread`.
#[derive(Debug)]
pub struct Thread {
    id: u64,
    state: Mutex<State>,
    /// Set when the stage is Running or later.
    started: Event,
    /// What joins wait for first.
    done: Event,
    /// Held by the one joiner that waits for the system thread.
    reaping: Lock,
    hooks: Hooks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// Made with a target, to be started.
    Ordinary,
    /// The process's first thread.
    Main,
    /// Stands for a thread that pirn did not start.
    Dummy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Starting,
    Running,
    Ended,
}

#[derive(Debug)]
struct State {
    sort: Sort,
    /// Read through `stage()`, written through `set_stage`.
    stage: Stage,
    /// The fork epoch in which the stage was reached.
    epoch: u32,
    name: Arc<str>,
    daemon: bool,
    target: Option<Target>,
    /// 0 before the start.
    ident: u64,
    native_id: u64,
    exit_code: i32,
    /// To be joined or detached, once.
    system: Option<SystemThread>,
}

impl State {
    /// In a child of fork the parent's threads do not exist: what ran there has ended here.
    fn stage(&self) -> Stage {
        match self.stage {
            Stage::Running if self.is_from_before_a_fork() => Stage::Ended,
            Stage::Starting if self.is_from_before_a_fork() => Stage::New,
            stage => stage,
        }
    }

    fn set_stage(&mut self, stage: Stage) {
        self.stage = stage;
        self.epoch = fork::epoch();
    }

    fn is_from_before_a_fork(&self) -> bool {
        self.epoch != fork::epoch()
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
    fn with_state(state: State) -> Arc<Thread> {
        Arc::new(Thread {
            id: identity::next(),
            state: Mutex::new(state),
            started: Event::new(),
            done: Event::new(),
            reaping: Lock::new(),
            hooks: Hooks::new(),
        })
    }

    fn unstarted(name: Arc<str>, daemon: bool, target: Option<Target>) -> Arc<Thread> {
        Thread::with_state(State {
            sort: Sort::Ordinary,
            stage: Stage::New,
            epoch: fork::epoch(),
            name,
            daemon,
            target,
            ident: 0,
            native_id: 0,
            exit_code: 0,
            system: None,
        })
    }

    /// A thread that will run `target`, named "Thread-N". It is a daemon if the calling thread was started by pirn and is one.
    pub fn new(target: Option<Target>) -> Arc<Thread> {
        let daemon = current::existing().is_some_and(|creator| creator.passes_daemon_on());
        Thread::unstarted(ident::next_name("Thread"), daemon, target)
    }

    /// Starts a worker of a pool: a non-daemon thread with this name.
    pub fn start_worker(name: &str, target: Target) -> Result<Arc<Thread>, Error> {
        let thread = Thread::unstarted(name.into(), false, Some(target));
        thread.start().map(|()| thread)
    }

    fn as_subject(&self) -> Subject {
        Subject::new(Kind::Thread, self.id)
    }

    fn passes_daemon_on(&self) -> bool {
        let state = self.state.lock();
        // A dummy says daemon, but a foreign thread's children are not to be cut off by the exit.
        state.sort != Sort::Dummy && state.daemon
    }

    /// Starts it: returns once it runs. `AlreadyStarted`, `NoThread`, `ShutDown`.
    pub fn start(self: &Arc<Thread>) -> Result<(), Error> {
        {
            let mut state = self.state.lock();
            if state.stage() != Stage::New {
                return Err(Error::AlreadyStarted);
            }
            state.set_stage(Stage::Starting);
        }
        let result = self.start_system_thread();
        if result.is_err() {
            self.state.lock().set_stage(Stage::New);
        }
        result
    }

    fn start_system_thread(self: &Arc<Thread>) -> Result<(), Error> {
        shutdown::run_at_exit();
        registry::expect_start()?;
        let arg = Arc::into_raw(self.clone()).cast_mut().cast();
        // SAFETY: `main` takes over the reference behind `arg`.
        if !unsafe { SystemThread::start(stack_size(), main, arg) } {
            // SAFETY: the thread was refused, so the reference is still this one's.
            drop(unsafe { Arc::from_raw(arg.cast::<Thread>()) });
            registry::start_failed();
            return Err(Error::NoThread);
        }
        self.started.wait();
        Ok(())
    }

    /// On the new thread: from here on it is known, and has its name.
    fn begin(self: &Arc<Thread>) -> Option<Target> {
        current::set(self.clone());
        let target;
        {
            let mut state = self.state.lock();
            state.set_stage(Stage::Running);
            state.ident = get_ident();
            state.native_id = system::native_id();
            state.system = Some(SystemThread::current());
            target = state.target.take();
            // Under the lock, as a renaming is.
            system::set_name(state.native_id, &state.name);
        }
        registry::started(self);
        self.hooks.adopt();
        self.started.set();
        target
    }

    /// On the ending thread: leaves the registry, then is no longer alive, then lets joins go on.
    fn end(&self, exit_code: i32) {
        if self.state.lock().sort == Sort::Main {
            // Of a child that this thread forked: the main thread stays to the end.
            return;
        }
        self.hooks.close();
        registry::ended(self);
        {
            let mut state = self.state.lock();
            state.set_stage(Stage::Ended);
            state.exit_code = exit_code;
        }
        self.done.set();
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
        {
            let state = self.state.lock();
            if state.sort == Sort::Dummy {
                return Err(Error::Deadlock);
            }
            if matches!(state.stage(), Stage::New | Stage::Starting) {
                return Err(Error::NotStarted);
            }
            if state.is_from_before_a_fork() {
                // Neither `done` nor the system thread tells anything here, and `reaping` may be held by nobody.
                return Ok(());
            }
        }
        if current::is_current(self) {
            return Err(Error::Deadlock);
        }
        self.done.wait_until(deadline)?;
        if self.state.lock().system.is_none() {
            return Ok(());
        }
        if self.reaping.acquire_until(deadline).is_err() {
            // Another joiner is at it, and would be done at once if the thread were gone.
            let native_id = self.state.lock().native_id;
            return if system::exists(native_id) { Err(Error::TimedOut) } else { Ok(()) };
        }
        let gone = self.reap(deadline);
        // Held since a few lines above.
        self.reaping.release()?;
        gone
    }

    /// With `reaping` held: waits for the system thread, which runs foreign thread-local destructors at most.
    fn reap(&self, deadline: Deadline) -> Result<(), Error> {
        let Some(system) = self.state.lock().system else {
            return Ok(());
        };
        // SAFETY: `reaping` is held, and `system` is still there: neither joined nor detached.
        unsafe { system.join(deadline) }?;
        self.state.lock().system = None;
        registry::reaped(self);
        Ok(())
    }

    /// Whether it runs.
    pub fn is_alive(&self) -> bool {
        self.state.lock().stage() == Stage::Running
    }

    /// Its name.
    pub fn name(&self) -> Arc<str> {
        self.state.lock().name.clone()
    }

    /// Renames it, at any time. The system's name for the thread follows.
    pub fn set_name(&self, name: &str) {
        let name: Arc<str> = name.into();
        let mut state = self.state.lock();
        state.name = name.clone();
        // Under the lock: the thread cannot end meanwhile, and its number not become another's.
        if state.stage() == Stage::Running {
            system::set_name(state.native_id, &name);
        }
    }

    /// Its number in this process, from its start on; kept after its end. `NotStarted`.
    pub fn ident(&self) -> Result<u64, Error> {
        let ident = self.state.lock().ident;
        if ident == 0 { Err(Error::NotStarted) } else { Ok(ident) }
    }

    /// The kernel's number for it, from its start on. `NotStarted`.
    pub fn native_id(&self) -> Result<u64, Error> {
        let native_id = self.state.lock().native_id;
        if native_id == 0 { Err(Error::NotStarted) } else { Ok(native_id) }
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
        if state.stage() == Stage::Ended { Ok(state.exit_code) } else { Err(Error::InvalidState) }
    }

    /// Whether the exit waits for it.
    fn is_joined_at_exit(&self) -> bool {
        let state = self.state.lock();
        state.sort == Sort::Ordinary && !state.daemon
    }

    /// In a child of fork: this thread is the only one, and so the main one.
    fn became_main(&self) {
        let mut state = self.state.lock();
        if state.sort == Sort::Dummy {
            state.name = MAIN_NAME.into();
            state.daemon = false;
        }
        state.sort = Sort::Main;
        state.native_id = system::native_id();
        // Nobody joins the main thread's system thread.
        state.system = None;
        let stage = state.stage;
        state.set_stage(stage);
        drop(state);
        self.done.clear();
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        let Some(system) = state.system.take() else { return };
        if !state.is_from_before_a_fork() {
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
    let start_ns = clock::now_ns();
    let exit_code = catch_unwind(AssertUnwindSafe(|| run(&thread))).unwrap_or_else(|panic| {
        core::mem::forget(panic);
        Error::Internal.code()
    });
    hooks::thread_ended(&thread, exit_code, start_ns);
    thread.end(exit_code);
    core::ptr::null_mut()
}

fn run(thread: &Arc<Thread>) -> i32 {
    let target = thread.begin();
    hooks::thread_started(thread);
    let Some(target) = target else { return 0 };
    let Err(failure) = target.run() else { return 0 };
    hooks::failed(thread.as_subject(), failure.code());
    report(&failure);
    failure.code()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::Failure;
    use core::sync::atomic::AtomicBool;

    #[test]
    fn a_life() {
        let seen = Arc::new(AtomicBool::new(false));
        let held = seen.clone();
        let thread = Thread::new(Some(Target::from_fn(move || {
            held.store(true, Ordering::Relaxed);
            Err(Failure::new(crate::callback::PIRN_EXIT, None))
        })));
        assert_eq!(thread.join(Deadline::NEVER), Err(Error::NotStarted));
        assert_eq!(thread.ident(), Err(Error::NotStarted));
        thread.start().unwrap();
        assert_eq!(thread.start(), Err(Error::AlreadyStarted));
        thread.join(Deadline::NEVER).unwrap();
        thread.join(Deadline::PASSED).unwrap();
        assert!(seen.load(Ordering::Relaxed));
        assert_eq!(Arc::strong_count(&seen), 1, "the argument is given back before a join returns");
        assert!(!thread.is_alive());
        assert!(!enumerate().iter().any(|other| Arc::ptr_eq(other, &thread)));
        assert_eq!(thread.exit_code(), Ok(crate::callback::PIRN_EXIT));
        assert_ne!(thread.ident(), Ok(0));
        assert_eq!(thread.start(), Err(Error::AlreadyStarted));
    }

    #[test]
    fn many_join_one() {
        let go = Arc::new(Event::new());
        let held = go.clone();
        let thread = Thread::new(Some(Target::from_fn(move || {
            held.wait();
            Ok(())
        })));
        thread.start().unwrap();
        assert_eq!(thread.join(Deadline::PASSED), Err(Error::TimedOut));
        assert_eq!(thread.exit_code(), Err(Error::InvalidState));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| thread.join(Deadline::NEVER).unwrap());
            }
            go.set();
        });
    }

    #[test]
    fn nobody_joins_itself() {
        let thread = Thread::new(Some(Target::from_fn(|| {
            assert_eq!(current().unwrap().join(Deadline::NEVER), Err(Error::Deadlock));
            Ok(())
        })));
        thread.start().unwrap();
        thread.join(Deadline::NEVER).unwrap();
        assert_eq!(thread.exit_code(), Ok(0));
    }

    #[test]
    fn daemon_is_inherited_from_threads_of_pirn_only() {
        std::thread::spawn(|| {
            assert!(current().unwrap().daemon());
            let parent = Thread::new(Some(Target::from_fn(|| {
                assert!(Thread::new(None).daemon());
                Ok(())
            })));
            assert!(!parent.daemon());
            parent.set_daemon(true).unwrap();
            parent.start().unwrap();
            assert_eq!(parent.set_daemon(false), Err(Error::AlreadyStarted));
            parent.join(Deadline::NEVER).unwrap();
            assert_eq!(parent.exit_code(), Ok(0));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_dummy_leaves_with_its_thread() {
        let dummy = std::thread::spawn(|| {
            let dummy = current().unwrap();
            assert!(dummy.is_alive() && dummy.name().starts_with("Dummy-"));
            assert!(enumerate().iter().any(|other| Arc::ptr_eq(other, &dummy)));
            dummy
        })
        .join()
        .unwrap();
        assert_eq!(dummy.join(Deadline::NEVER), Err(Error::Deadlock));
        assert!(!dummy.is_alive());
        assert!(!enumerate().iter().any(|other| Arc::ptr_eq(other, &dummy)));
    }
}
