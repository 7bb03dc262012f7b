//! Failures that nobody waits for: the excepthook.

use super::current;
use crate::callback::Failure;
use crate::sys::process;

/// Reports a failure on the thread in which it happened. `PIRN_EXIT` is silent.
pub fn report(failure: &Failure) {
    if failure.is_exit() {
        return;
    }
    let name = current().map_or_else(|_| "?".into(), |thread| thread.name());
    let message = failure.message().to_string_lossy();
    let text = format!("Exception in thread {name}:\n  code {}: {message}\n", failure.code());
    process::write_stderr(text.as_bytes());
}
