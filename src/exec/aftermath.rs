//! What the end of a future brings about: who is woken, what is called.

use super::channel::Channel;
use super::future::Future;
use super::phase::Phase;
use crate::callback::Failure;
use crate::park::{Notice, Notifier, Notifiers};
use crate::thread::report;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Called with the future when it is over.
pub type DoneCallback = Box<dyn FnOnce(&Arc<Future>) + Send>;

const OVER: Notice = Notice::new(1);

/// What follows the end of a future, with the lock let go.
#[must_use]
pub(super) struct Aftermath {
    /// With the job, if it never ran.
    pub before: Phase,
    pub waiters: Notifiers,
    /// Of those who watch several futures, the ones to be woken by this one.
    pub watching: Vec<Notifier>,
    pub callbacks: Vec<DoneCallback>,
}

impl Aftermath {
    /// Does all of it.
    pub fn follow(self, future: &Arc<Future>) {
        let callbacks = self.tell();
        call_back(future, callbacks);
    }

    /// Gives the job's argument back, if it never ran, wakes those who wait, and leaves the callbacks, to be called in order.
    pub fn tell(self) -> Vec<DoneCallback> {
        drop(self.before);
        self.waiters.notify_all(OVER);
        self.watching.into_iter().for_each(Channel::notify);
        self.callbacks
    }
}

/// Calls them in order. One that panics is reported, and does not keep the others from their call.
pub(super) fn call_back(future: &Arc<Future>, callbacks: Vec<DoneCallback>) {
    for callback in callbacks {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| callback(future))) {
            core::mem::forget(panic);
            report(&Failure::new(-1, Some(c"a done callback panicked")));
        }
    }
}
