//! What the end of a future brings about: who is woken, what is called.

use super::channel::Channel;
use super::future::Future;
use super::record::{Followers, Record};
use super::state::Snapshot;
use crate::callback::{Failure, Task};
use crate::park::Notifier;
use crate::thread::report;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Called with the future when it is over.
pub type DoneCallback = Box<dyn FnOnce(&Future) + Send>;

/// What follows the end of a future, outside all locks.
#[must_use]
#[derive(Default)]
pub(super) struct Aftermath {
    /// The task, if it never ran.
    pub task: Option<Task>,
    /// Whether anyone sleeps until it is over.
    pub waited: bool,
    /// Of those who watch several futures, the ones to be woken by this one.
    pub watching: Vec<Notifier>,
    pub callbacks: Vec<DoneCallback>,
}

impl Aftermath {
    /// For a future that was in this state when it ended.
    pub fn of(before: Snapshot) -> Aftermath {
        Aftermath { waited: before.is_waited(), ..Aftermath::default() }
    }

    /// Adds followers who are told by this end; under the record's bucket, so that who finds the future over and then takes
    /// the bucket knows that all who watch it have been told.
    pub fn tell_followers(&mut self, followers: Option<Box<Followers>>, failed: bool) {
        let Some(followers) = followers else { return };
        for (_, watcher) in followers.watchers {
            self.watching.extend(watcher.channel.push(watcher.position, failed));
        }
        self.callbacks = followers.callbacks;
    }

    /// Gives the task's argument back, if it never ran, wakes those who wait, and leaves the callbacks, to be called in order.
    pub fn tell(self, record: &Record) -> Vec<DoneCallback> {
        drop(self.task);
        if self.waited {
            record.crowd().wake_all();
        }
        self.watching.into_iter().for_each(Channel::notify);
        self.callbacks
    }
}

/// Calls them in order. One that panics is reported, and does not keep the others from their call.
pub(super) fn call_back(future: &Future, callbacks: impl IntoIterator<Item = DoneCallback>) {
    for callback in callbacks {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| callback(future))) {
            core::mem::forget(panic);
            report(&Failure::new(-1, Some(c"a done callback panicked")));
        }
    }
}
