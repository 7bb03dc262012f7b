//! Failures that nobody waits for: the excepthook.

use super::{Thread, current, get_ident};
use crate::callback::{self, Arg, Failure, PIRN_EXIT};
use crate::fallible;
use crate::hook::Place;
use crate::status::Error;
use crate::sys::{allocator, process};
use core::ffi::{CStr, c_void};
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

/// Sets the hook; None restores the default. `NoMemory`.
pub fn set_excepthook(hook: Option<Excepthook>) -> Result<(), Error> {
    if hook.is_some() {
        allocator::check()?;
    }
    drop(EXCEPTHOOK.replace(hook.map(Arc::new)));
    Ok(())
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
        let begin = format!("in the excepthook, which was told of code {}: ", report.code);
        let own = Report { code: hooks_own.code(), message: hooks_own.message(), ..report };
        write_parts(&own, &[begin.as_bytes(), report.message.to_bytes()]);
    }
}

/// What the default hook does: writes to stderr, in one piece.
pub fn write(report: &Report<'_>) {
    write_parts(report, &[report.traceback.to_bytes()]);
}

fn write_parts(report: &Report<'_>, traceback: &[&[u8]]) {
    if report.code == PIRN_EXIT {
        return;
    }
    let name = report.thread.map_or_else(|| Arc::new(get_ident().to_string()), |thread| thread.name());
    let code = format!(":\n  code {}: ", report.code);
    let indent: &[u8] = if traceback.iter().all(|part| part.is_empty()) { b"" } else { b"\n  " };
    let begin = [b"Exception in thread ", name.as_bytes(), code.as_bytes(), report.message.to_bytes(), indent];
    let parts = || begin.iter().chain(traceback).copied().chain([b"\n".as_slice()]);
    match fallible::with_capacity(parts().map(<[u8]>::len).sum()) {
        Ok(mut text) => {
            parts().for_each(|part| text.extend_from_slice(part));
            process::write_stderr(&text);
        }
        // Without the memory for one piece, in several.
        Err(_) => parts().for_each(process::write_stderr),
    }
}
