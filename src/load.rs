//! What happens when the library is loaded: the fork handlers and the thread-end hook are put in place before anyone else's.
//!
//! This is where the bottom layer is told what the layers above have to put right after a fork. Nothing else is started.

use crate::handle::pins;
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

/// Also called at the first use, for programs whose linker has left `AT_LOAD` out.
pub extern "C" fn at_load() {
    sys::fork::install(thread::before_fork, after_fork);
    thread::prepare_for_ends();
}
