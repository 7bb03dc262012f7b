//! Which thread this is.

use super::{MAIN_NAME, Name, Sort, Stage, State, Thread, get_ident, ident, local, registry};
use crate::status::Error;
use crate::sys::{fork, thread as system};
use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr::null;
use core::sync::atomic::Ordering;
use std::sync::Arc;

thread_local! {
    /// The calling thread's object, a reference of its own; NULL while it has none. Without a destructor, so that it can be
    /// asked in the destructors of other thread-locals: `leave` lets the reference go, later.
    static CURRENT: Cell<*const Thread> = const { Cell::new(null()) };
}

/// The calling thread's object, if it has one already.
pub fn existing() -> Option<Arc<Thread>> {
    let thread = CURRENT.get();
    if thread.is_null() {
        return None;
    }
    // SAFETY: from Arc::into_raw; the reference is the slot's own and stays there (ManuallyDrop), the result is another.
    let own = ManuallyDrop::new(unsafe { Arc::from_raw(thread) });
    Some(Arc::clone(&own))
}

/// The calling thread's object, if it has one or is the main thread: asking makes no dummy.
pub fn registered() -> Option<Arc<Thread>> {
    existing().or_else(|| system::is_main().then(main_thread))
}

/// Whether the exit waits for the calling thread.
pub fn is_joined_at_exit() -> bool {
    existing().is_some_and(|thread| thread.is_joined_at_exit())
}

/// Whether `thread` is the calling one.
pub fn is_current(thread: &Thread) -> bool {
    core::ptr::eq(CURRENT.get(), thread)
}

/// The calling thread's object: the main one, the one that pirn started it with, or else a dummy, made at the first call.
pub fn current() -> Result<Arc<Thread>, Error> {
    if let Some(thread) = registered() {
        return Ok(thread);
    }
    let thread = new_running(Sort::Dummy);
    set(thread.clone());
    registry::add(&thread);
    Ok(thread)
}

/// The main thread's object.
pub fn main_thread() -> Arc<Thread> {
    let main = registry::main_or_insert_with(|| new_running(Sort::Main));
    if CURRENT.get().is_null() && system::is_main() {
        set(main.clone());
    }
    main
}

/// An object for a thread that runs already: the calling one, or the main one.
fn new_running(sort: Sort) -> Arc<Thread> {
    let (name, ident, native_id) = match sort {
        Sort::Main => (MAIN_NAME.to_owned(), ident::main_ident(), system::main_native_id()),
        _ => (format!("Dummy-{}", ident::next_name_number()), get_ident(), system::native_id()),
    };
    let thread = Thread::with_state(
        State {
            sort,
            stage: Stage::Running,
            epoch: fork::epoch(),
            name: Name::Given(Arc::new(name)),
            daemon: sort == Sort::Dummy,
            is_over: false,
            target: None,
        },
        0,
    );
    thread.life().ident.store(ident, Ordering::Relaxed);
    thread.life().native_id.store(native_id, Ordering::Relaxed);
    thread.life().started.set();
    thread
}

/// Makes `thread` the calling thread's object until its end.
pub fn set(thread: Arc<Thread>) {
    CURRENT.set(Arc::into_raw(thread));
    system::call_at_end();
}

/// At the end of a system thread.
pub fn leave() {
    if CURRENT.get().is_null() {
        local::give_back_values();
    }
    // One without an object may have asked for it meanwhile.
    if let Some(thread) = existing() {
        // One that pirn started has ended before, but for what the destructors of others have set since. The main thread stays to
        // the process's end, though it may end itself by pthread_exit.
        if thread.is_running_dummy() {
            thread.end(0);
        } else {
            local::give_back_values();
        }
    }
    let own = CURRENT.replace(null());
    if !own.is_null() {
        // SAFETY: the reference that `set` stored.
        drop(unsafe { Arc::from_raw(own) });
    }
}
