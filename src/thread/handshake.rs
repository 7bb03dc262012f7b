//! How a thread's start, its end and those who join it agree.
//!
//! ```text
//! system     who makes it so                         what a join does
//! Unknown    at first                                waits for `done`
//! Joinable   the starter or the thread, the first    holds `reaping` and joins the system thread
//! Gone       who has joined it                       nothing
//! ```
//!
//! A launch happens once, whoever comes first: the starter, once the system has given it a thread, or that thread. The other one waits
//! until it is done, so that both find what it makes true.
//!
//! The system thread is joined or detached once: joins hold `reaping`, look again under it, and say Gone before they let go of it; a
//! detach comes when nobody has the object any more. Nobody says Joinable after Gone, since only Unknown becomes Joinable.
//!
//! `done` is what joins wait for where there is no system thread: of the main thread, of a pending timer, and in the moment before it
//! is known, from which on the thread's own `done` tells as much. It is set before the system thread is gone.

use crate::park::{Deadline, Mutex, may_be_called_off};
use crate::status::Error;
use crate::sync::{Event, Lock};

/// A system thread.
pub trait Joinable: Clone {
    /// Waits until it is gone: `TimedOut`; `Deadlock` if it waits for the calling thread in the same way.
    ///
    /// # Safety
    /// It has been neither joined nor detached, and nobody else is joining it.
    unsafe fn join(&self, deadline: Deadline) -> Result<(), Error>;
}

#[derive(Debug)]
enum System<S> {
    Unknown,
    Joinable(S),
    Gone,
}

/// The common part of a thread that runs or is waited for.
#[derive(Debug)]
pub struct Handshake<S> {
    launched: Mutex<bool>,
    /// The thread has ended, but for its system thread.
    pub done: Event,
    /// Held by the one joiner that waits for the system thread.
    reaping: Lock,
    system: Mutex<System<S>>,
}

impl<S: Joinable> Handshake<S> {
    /// Of a thread that is not launched.
    pub fn new() -> Handshake<S> {
        Handshake {
            launched: Mutex::new(false),
            done: Event::new(),
            reaping: Lock::new(),
            system: Mutex::new(System::Unknown),
        }
    }

    /// Runs `body` if this is the first call; otherwise it has run when this returns.
    pub fn launch<R>(&self, body: impl FnOnce() -> R) -> Option<R> {
        let mut launched = self.launched.lock();
        if *launched {
            return None;
        }
        *launched = true;
        Some(body())
    }

    /// Says which its system thread is.
    pub fn learn_system(&self, known: S) {
        let mut system = self.system.lock();
        if matches!(*system, System::Unknown) {
            *system = System::Joinable(known);
        }
    }

    /// Says that nobody is to join its system thread.
    pub fn forget_system(&self) {
        *self.system.lock() = System::Gone;
    }

    /// The system thread, if it is to be joined or detached.
    pub fn joinable(&self) -> Option<S> {
        match &*self.system.lock() {
            System::Joinable(system) => Some(system.clone()),
            System::Unknown | System::Gone => None,
        }
    }

    /// Waits until the thread is gone: `TimedOut`. `is_over` says that `done` need not be waited for. `is_gone` asks the system, for a join
    /// that comes while another one is at it; `reaped` is called by the join that was.
    pub fn join(
        &self,
        is_over: bool,
        deadline: Deadline,
        is_gone: impl FnOnce() -> bool,
        reaped: impl FnOnce(),
    ) -> Result<(), Error> {
        // The wait for a system thread is no signal's to end: what may be called off comes to that after the thread's end.
        if may_be_called_off(deadline) || self.joinable().is_none() {
            if !is_over {
                self.done.wait_until(deadline)?;
            }
            if self.joinable().is_none() {
                return Ok(());
            }
        }
        if self.reaping.acquire_until(deadline).is_err() {
            // The other one would be done at once if the thread were gone.
            return if is_gone() { Ok(()) } else { Err(Error::TimedOut) };
        }
        let joined = self.reap(deadline);
        // Held since a few lines above.
        self.reaping.release()?;
        if joined? {
            reaped();
        }
        Ok(())
    }

    /// With `reaping` held: waits for the system thread, if that was not done before.
    fn reap(&self, deadline: Deadline) -> Result<bool, Error> {
        let Some(system) = self.joinable() else { return Ok(false) };
        // SAFETY: `reaping` is held, and the system thread is still joinable.
        let mut joined = unsafe { system.join(deadline) };
        if joined == Err(Error::Deadlock) {
            // That one joins the calling thread. It may have set itself a limit.
            self.done.wait_until(deadline)?;
            // SAFETY: as above.
            joined = unsafe { system.join(deadline) };
        }
        joined?;
        self.forget_system();
        Ok(true)
    }
}
