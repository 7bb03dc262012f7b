//! Failures that nobody waits for: the excepthook.

use super::{Thread, current, get_ident};
use crate::callback::{self, Arg, Failure, PIRN_EXIT};
use crate::hook::Place;
use crate::sys::process;
use core::ffi::{CStr, c_void};
use std::ffi::CString;
use std::sync::Arc;

/// What an excepthook is told.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The code that the callback returned.
    pub code: i32,
    /// Its words, or a general sentence.
    pub message: &'a CStr,
    /// Where it happened; empty if that is not known.
    pub traceback: &'a CStr,
    /// The thread on which it happened; None for a foreign one that has not asked for its object.
    pub thread: Option<&'a Arc<Thread>>,
}

/// An excepthook of the program's: a function that this layer does not call itself, and its argument.
#[derive(Debug)]
pub struct Excepthook {
    function: *const (),
    arg: Arg,
    call: CallFn,
}

/// Calls the function: with its argument, and the report in the form that it takes.
pub type CallFn = fn(function: *const (), arg: *mut c_void, report: &Report<'_>) -> i32;

// SAFETY: the function's address is only handed on; `new` has the promise that it may be called on any thread.
unsafe impl Send for Excepthook {}
// SAFETY: as above.
unsafe impl Sync for Excepthook {}

impl Excepthook {
    /// A hook that is called by way of `call`.
    ///
    /// # Safety
    /// `call` may be called with `function` and the argument, on any thread, on several at once.
    pub unsafe fn new(function: *const (), arg: Arg, call: CallFn) -> Excepthook {
        Excepthook { function, arg, call }
    }
}

static EXCEPTHOOK: Place<Excepthook> = Place::new();

/// Sets the hook; None restores the default.
pub fn set_excepthook(hook: Option<Excepthook>) {
    drop(EXCEPTHOOK.replace(hook.map(Arc::new)));
}

/// The function and argument of the hook that is set.
pub fn excepthook() -> Option<(*const (), *mut c_void)> {
    EXCEPTHOOK.get().map(|hook| (hook.function, hook.arg.as_ptr()))
}

/// Reports a failure on the thread in which it happened. `PIRN_EXIT` is silent by default.
pub fn report(failure: &Failure) {
    let thread = current::registered();
    let report = Report { code: failure.code(), message: failure.message(), traceback: c"", thread: thread.as_ref() };
    let Some(hook) = EXCEPTHOOK.get() else { return write(&report) };
    let result = hook.arg.lend(|arg| callback::run(|| (hook.call)(hook.function, arg, &report)));
    drop(hook);
    if let Err(hooks_own) = result {
        // Nobody is left to be told but the reader of stderr, who is to learn of both.
        let mut traceback = format!("in the excepthook, which was told of code {}: ", report.code).into_bytes();
        traceback.extend_from_slice(report.message.to_bytes());
        let traceback = CString::new(traceback).unwrap_or_default();
        write(&Report { code: hooks_own.code(), message: hooks_own.message(), traceback: &traceback, ..report });
    }
}

/// What the default hook does: writes to stderr, in one piece.
pub fn write(report: &Report<'_>) {
    if report.code == PIRN_EXIT {
        return;
    }
    let name = report.thread.map_or_else(|| get_ident().to_string().into(), |thread| thread.name());
    let mut text = format!("Exception in thread {name}:\n  code {}: ", report.code).into_bytes();
    text.extend_from_slice(report.message.to_bytes());
    if !report.traceback.is_empty() {
        text.extend_from_slice(b"\n  ");
        text.extend_from_slice(report.traceback.to_bytes());
    }
    text.push(b'\n');
    process::write_stderr(&text);
}
