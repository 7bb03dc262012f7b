//! Callbacks as they come from C.

use super::types::{Flag, pirn_free_fn, pirn_predicate_fn, pirn_range_fn, pirn_target_fn, pirn_task_fn};
use crate::callback::{Arg, Range, Target, Task};
use crate::cut;
use crate::status::Error;
use core::ffi::c_void;
use core::mem::transmute;

/// Takes over an argument. Done first thing in a function, so that `arg_free` is called whatever happens next.
pub fn argument(arg: *mut c_void, arg_free: pirn_free_fn) -> Arg {
    // SAFETY: the contract of every function that takes a callback: arg_free may be called once with arg, on any thread.
    unsafe { Arg::new(arg, arg_free) }
}

/// A target that must not be NULL.
pub fn target(function: pirn_target_fn, arg: Arg) -> Result<Target, Error> {
    // SAFETY: the contract of every function that takes a callback: it may be called with arg, on any thread.
    function.map(|function| unsafe { Target::new(function, arg) }).ok_or(Error::InvalidArgument)
}

/// A task that must not be NULL.
pub fn task(function: pirn_task_fn, arg: Arg) -> Result<Task, Error> {
    // SAFETY: as above.
    function.map(|function| unsafe { Task::new(function, arg) }).ok_or(Error::InvalidArgument)
}

/// The body of a parallel for, which must not be NULL. It is called by the function that took it only.
pub fn range(function: pirn_range_fn, arg: *mut c_void) -> Result<Range, Error> {
    let arg = argument(arg, None);
    // SAFETY: the contract of every function that takes one: it may be called with arg while the function runs, on any thread.
    function.map(|function| unsafe { Range::new(function, arg) }).ok_or(Error::InvalidArgument)
}

/// A predicate that must not be NULL. It is called by the function that took it only.
pub fn predicate(function: pirn_predicate_fn, arg: *mut c_void) -> Result<impl FnMut() -> bool, Error> {
    type Predicate = unsafe extern "C" fn(*mut c_void) -> Flag;
    type MayUnwind = unsafe extern "C-unwind" fn(*mut c_void) -> Flag;
    let function = function.ok_or(Error::InvalidArgument)?;
    // SAFETY: the same type, but for what the compiler takes as given.
    let function = unsafe { transmute::<Predicate, MayUnwind>(function) };
    // SAFETY: the contract of every function that takes a predicate: it may be called with arg while the function runs.
    Ok(move || cut::run(|| unsafe { function(arg) }).get())
}
