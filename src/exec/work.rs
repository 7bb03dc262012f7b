//! What a future of an executor is made of before it runs, and after.

use super::pool::Pool;
use crate::callback::{Arg, Failure, FreeFn, Task};
use core::ffi::c_void;
use std::sync::Arc;

/// A result as a task gave it: a pointer that pirn passes on and never follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(pub *mut c_void);

// SAFETY: only the pointer's value is handled here; what it points to is the affair of those who pass it on.
unsafe impl Send for Value {}
// SAFETY: as above.
unsafe impl Sync for Value {}

impl Value {
    /// No result.
    pub const NULL: Value = Value(core::ptr::null_mut());

    /// Gives the result back to its owner.
    ///
    /// # Safety
    /// `free` may be called with the pointer, on this thread.
    pub(super) unsafe fn give_back(self, free: FreeFn) {
        // SAFETY: the caller's promise.
        drop(unsafe { Arg::new(self.0, Some(free)) });
    }
}

/// A closure in a task's place.
pub(super) type Closure = Box<dyn FnOnce() -> Result<Value, Failure> + Send>;

/// What is to be run.
pub(super) enum Work {
    Task(Task),
    Closure(Closure),
}

impl Work {
    /// Runs it. Its argument has been given back when this returns.
    pub fn run(self) -> Result<Value, Failure> {
        match self {
            Work::Task(task) => task.run().map(Value),
            Work::Closure(closure) => closure(),
        }
    }

    /// Lets go of it without giving anything back: for what a fork duplicated.
    pub fn forget(self) {
        match self {
            Work::Task(task) => task.forget(),
            Work::Closure(closure) => core::mem::forget(closure),
        }
    }
}

/// A pending future's task.
pub(super) struct Job {
    pub work: Work,
    /// Whose queue it waits in.
    pub pool: Arc<Pool>,
    /// Nobody has the future: a failure goes to the excepthook.
    pub detached: bool,
}
