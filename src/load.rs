//! What happens when the library is loaded: the fork handlers and the thread-end hook are put in place before anyone else's.
//!
//! This is where the bottom layer is told what the layers above have to put right after a fork, and to give back when a thread
//! ends. Nothing else is started.

use crate::callback;
use crate::handle::{arena, pins};
use crate::last_error;
use crate::park;
use crate::sys;
use crate::thread;

/// Run by the dynamic linker, or before `main` where pirn is linked statically.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = at_load;

fn after_fork() {
    thread::after_fork();
    pins::after_fork();
}

/// At the end of a system thread, when all thread-locals of other libraries are gone. Slots last: the others free handles.
fn at_thread_end() {
    thread::leave();
    park::drop_interrupt_hook();
    callback::drop_raised();
    last_error::forget();
    pins::leave();
    arena::leave();
}

/// Also called at the first use, for programs whose linker has left `AT_LOAD` out.
pub extern "C" fn at_load() {
    sys::fork::install(thread::before_fork, after_fork);
    sys::thread::prepare_call_at_end(at_thread_end);
}
