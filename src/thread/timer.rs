//! Timers: threads that wait first, together, on one service thread (`crate::timer`).
//!
//! A timer *is* a thread object, of its own sort, with a delay; a handle to the timer and one to its thread lead to the same
//! object. Its edges beyond those of every thread:
//!
//! ```text
//! New ---- start ----> Pending      under the timers' lock; the object is on the wheel exactly while it is Pending
//! Pending -- cancel --> Ended       under the timers' lock
//! Pending -- due -----> Firing      under the timers' lock and the registry's; the service thread starts a system thread
//! Firing -------------> Running     on that thread
//! Firing -- refused --> Pending     the system has no thread: due again a little later; or Ended, if it was cancelled meanwhile
//! ```
//!
//! A cancel takes the target out of the object, whatever the stage. In New, a later start finds none and ends at once; in Firing the new
//! thread finds none and runs nothing: a function that has not begun when cancel is called never does. What is taken out is
//! given back with no lock held, before `done` lets joins go on.

use super::hooks::{self, Subject};
use super::{Sort, Stage, Thread, live, registry, shutdown, stack_size};
use crate::callback::Target;
use crate::identity::{Identified, Kind};
use crate::park::{Deadline, MutexGuard, TIMEOUT_MAX};
use crate::status::Error;
use crate::sys::allocator;
use crate::sys::clock::now_ns;
use crate::sys::thread::{self as system, Inherited, SignalMask, SystemThread};
use crate::timer::{Entry, NEVER, Node, Pending, Service};
use core::ffi::c_void;
use core::ptr::null_mut;
use std::sync::Arc;

/// A function that is called once, later, on a thread of its own. Python: `threading.Timer`.
#[derive(Debug)]
#[repr(transparent)]
pub struct Timer(Thread);

/// All that are pending.
pub static TIMERS: Service<Thread> = Service::new();

/// How long a timer that the system has refused a thread waits before it asks again.
const RETRY_NS: u64 = 10_000_000;

// SAFETY: the thread's own node, and TIMERS is the only service for threads.
unsafe impl Entry for Thread {
    fn node(&self) -> &Node<Thread> {
        &self.node
    }
}

impl Identified for Timer {
    fn id(&self) -> u64 {
        self.0.id
    }
}

impl Timer {
    /// A timer that will run `function` once `interval` seconds after its start: at once if that is not positive, never if it is
    /// infinite. `InvalidArgument` for NaN, `Overflow` above `TIMEOUT_MAX`.
    pub fn new(interval: f64, function: Target) -> Result<Arc<Timer>, Error> {
        let thread = Thread::inheriting(Sort::Timer, Some(function), delay_ns(interval)?);
        // SAFETY: the pointer comes from an Arc of the type that this one is a transparent wrapper of.
        Ok(unsafe { Arc::from_raw(Arc::into_raw(thread).cast::<Timer>()) })
    }

    /// The thread that it is.
    pub fn thread(self: &Arc<Timer>) -> Arc<Thread> {
        // SAFETY: as in `new`, the other way round.
        unsafe { Arc::from_raw(Arc::into_raw(self.clone()).cast::<Thread>()) }
    }

    /// Starts it: `AlreadyStarted`, `NoThread`, `ShutDown`, `NoMemory`.
    pub fn start(self: &Arc<Timer>) -> Result<(), Error> {
        self.thread().start()
    }

    /// Has the function not run, if it has not begun.
    pub fn cancel(&self) {
        cancel(&self.0);
    }

    /// [`Thread::join`].
    pub fn join(&self, deadline: Deadline) -> Result<(), Error> {
        hooks::wait(as_subject(&self.0), deadline, |deadline| self.0.join_quietly(deadline))
    }

    /// [`Thread::is_alive`].
    pub fn is_alive(&self) -> bool {
        self.0.is_alive()
    }
}

fn as_subject(thread: &Thread) -> Subject {
    Subject::new(Kind::Timer, thread.id)
}

fn delay_ns(interval: f64) -> Result<u64, Error> {
    if interval.is_nan() {
        Err(Error::InvalidArgument)
    } else if interval == f64::INFINITY {
        Ok(NEVER)
    } else if interval > TIMEOUT_MAX {
        Err(Error::Overflow)
    } else {
        // Rounded up, so that it never fires early; the cast makes 0 of what is negative.
        Ok((interval * 1e9).ceil() as u64)
    }
}

/// Starts a thread that is a timer. Others may be at it, too.
pub fn start(thread: &Arc<Thread>) -> Result<(), Error> {
    allocator::check()?;
    shutdown::run_at_exit();
    let now = now_ns();
    // Outside the timers' lock: each thread that has passed this when the exit begins to join has but one start left.
    registry::check_open(thread.is_joined_at_exit())?;
    let mut timers = TIMERS.lock();
    let mut state = thread.state.lock();
    if state.stage() != Stage::New {
        return Err(Error::AlreadyStarted);
    }
    if state.target.is_none() {
        // Cancelled before.
        timers.check_open()?;
        state.set_stage(Stage::Ended);
        state.is_over = true;
        return Ok(());
    }
    let look = timers.start(thread.clone(), now, !state.daemon, start_service)?;
    state.set_stage(Stage::Pending);
    drop(state);
    drop(timers);
    look.wake();
    Ok(())
}

fn cancel(thread: &Thread) {
    let removed;
    let target;
    {
        let mut timers = TIMERS.lock();
        let mut state = thread.state.lock();
        let stage = state.stage();
        // In a child of fork one that was pending has ended, though its target is still there.
        target = if stage == Stage::Ended { None } else { state.target.take() };
        removed = if stage == Stage::Pending { timers.cancel(thread) } else { None };
        if removed.is_some() {
            state.set_stage(Stage::Ended);
        }
    }
    if target.is_some() {
        hooks::timer_cancelled(thread.id);
    }
    drop(target);
    if let Some((_, look)) = removed {
        look.wake();
        let_joins_go_on(thread);
    }
}

/// `thread` has Ended without a system thread.
fn let_joins_go_on(thread: &Thread) {
    thread.state.lock().is_over = true;
    if let Some(life) = thread.life_if_any() {
        life.handshake.done.set();
    }
}

/// Starts the service thread, with the timers' lock held.
fn start_service() -> bool {
    // Blocked here, so that the thread begins without any.
    let mask = SignalMask::block_all();
    let arg = Box::into_raw(Box::new(mask)).cast();
    // SAFETY: `serve` takes over the box.
    let started = unsafe { SystemThread::start_detached(serve, arg) };
    if !started {
        // SAFETY: the thread was refused, so the box is still this one's.
        drop(unsafe { Box::from_raw(arg.cast::<SignalMask>()) });
    }
    mask.set();
    started
}

/// What the service thread runs.
extern "C" fn serve(arg: *mut c_void) -> *mut c_void {
    // SAFETY: `start_service` handed the box over.
    let mask = unsafe { Box::from_raw(arg.cast::<SignalMask>()) };
    system::set_own_name("pirn-timer");
    let inherited = Inherited::exchange_for_service(*mask);
    TIMERS.serve(|timers, thread| fire(timers, thread, inherited));
    null_mut()
}

/// A timer whose moment has come, on its way to a thread of its own.
struct Launch {
    thread: Arc<Thread>,
    inherited: Inherited,
}

/// On the service thread: `thread` has just left the wheel.
fn fire(timers: MutexGuard<'_, Pending<Thread>>, thread: Arc<Thread>, inherited: Inherited) {
    thread.state.lock().set_stage(Stage::Firing);
    registry::add(&thread);
    drop(timers);
    let arg = Box::into_raw(Box::new(Launch { thread, inherited })).cast();
    // SAFETY: `main` takes over the box.
    if unsafe { SystemThread::start(stack_size(), main, arg) }.is_some() {
        return;
    }
    // SAFETY: the thread was refused, so the box is still this one's.
    let Launch { thread, .. } = *unsafe { Box::from_raw(arg.cast::<Launch>()) };
    let mut timers = TIMERS.lock();
    let mut state = thread.state.lock();
    let is_cancelled = state.target.is_none();
    let look = if is_cancelled {
        state.set_stage(Stage::Ended);
        None
    } else {
        state.set_stage(Stage::Pending);
        Some(timers.postpone(thread.clone(), now_ns() + RETRY_NS, !state.daemon))
    };
    drop(state);
    registry::take_back(&thread);
    drop(timers);
    match look {
        Some(look) => look.wake(),
        None => let_joins_go_on(&thread),
    }
}

/// What a timer's thread runs.
extern "C" fn main(arg: *mut c_void) -> *mut c_void {
    // SAFETY: `fire` handed the box over.
    let Launch { thread, inherited } = *unsafe { Box::from_raw(arg.cast::<Launch>()) };
    inherited.restore();
    let begin = || {
        let target = thread.enter();
        drop(thread.life().hooks.adopt());
        target
    };
    live(&thread, as_subject(&thread), begin, || hooks::timer_fired(thread.id));
    null_mut()
}
