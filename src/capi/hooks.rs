//! Hooks: what a program is told of failures that no caller sees (Python: `threading.excepthook`), and of its threads' waits
//! and lives (`threading.settrace`, `threading.setprofile`).
//!
//! A hook may be replaced at any time, also while it runs on other threads: those calls end with the old one, whose argument is
//! given back after the last of them. A hook may call any pirn function; it runs with whatever locks its thread holds.
//!
//! Events come from the paths on which a thread blocks, starts, ends, or passes a task on, and from no other: without a hook the
//! calls that do not block cost what they cost without this header, and the others read one word more. docs/tracing.md has an
//! example that draws a picture.

use super::callback::argument;
use super::guard::{guard, guard_value, required, write_out};
use super::object::Opened;
use super::types::{pirn_free_fn, pirn_status_t, pirn_thread_t};
use crate::callback::{Arg, Callback};
use crate::cut;
use crate::handle::{Handle, shared};
use crate::status::{PIRN_ERR_INTERNAL, PIRN_ERR_INVALID_ARGUMENT, PIRN_OK};
use crate::thread::hooks::{self, Sort, TraceFn, pirn_trace_event_t};
use crate::thread::{self, Excepthook, Report, Thread};
use core::ffi::{CStr, c_char, c_void};

/// A thread has started, and its target is about to run. The object is the thread.
pub const PIRN_TRACE_THREAD_START: i32 = 1;
/// A thread's target is over, and its excepthook. The object is the thread, the code its exit code. Its last event.
pub const PIRN_TRACE_THREAD_END: i32 = 2;
/// A call has to wait. The object is the one that the call is about; for pirn_wait and pirn_as_completed_next the first future.
pub const PIRN_TRACE_WAIT_BEGIN: i32 = 3;
/// The call that had to wait is about to return. The code is its status.
pub const PIRN_TRACE_WAIT_END: i32 = 4;
/// A task is being submitted, on the thread that does so; a submit that is then refused has been told of, too. The object is its
/// future, also where the program has none; each chunk of a map is one task.
pub const PIRN_TRACE_TASK_SUBMIT: i32 = 5;
/// A task begins. The object is its future.
pub const PIRN_TRACE_TASK_START: i32 = 6;
/// A task is over. The object is its future, the code what it returned.
pub const PIRN_TRACE_TASK_END: i32 = 7;
/// A timer's function is about to run, on the timer's thread. The object is the timer, whose identity is also its thread's.
pub const PIRN_TRACE_TIMER_FIRE: i32 = 8;
/// A timer was cancelled before it fired, by the thread that did so. The object is the timer.
pub const PIRN_TRACE_TIMER_CANCEL: i32 = 9;
/// A callback has failed: a thread's target, a task (with or without a future), a timer's function, an initializer, a callback
/// of pirn_at_shutdown. The object is the thread, the future, the timer, the executor; none for the shutdown. The code is the
/// callback's. It comes before the excepthook is called, if it is.
pub const PIRN_TRACE_FAILURE: i32 = 10;

/// A lock.
pub const PIRN_KIND_LOCK: i32 = 1;
/// An rlock.
pub const PIRN_KIND_RLOCK: i32 = 2;
/// A condition.
pub const PIRN_KIND_CONDITION: i32 = 3;
/// A semaphore, bounded or not.
pub const PIRN_KIND_SEMAPHORE: i32 = 4;
/// An event.
pub const PIRN_KIND_EVENT: i32 = 5;
/// A barrier.
pub const PIRN_KIND_BARRIER: i32 = 6;
/// A thread.
pub const PIRN_KIND_THREAD: i32 = 7;
/// Thread-local data.
pub const PIRN_KIND_LOCAL: i32 = 8;
/// A timer.
pub const PIRN_KIND_TIMER: i32 = 9;
/// A queue of any sort.
pub const PIRN_KIND_QUEUE: i32 = 10;
/// An executor.
pub const PIRN_KIND_EXECUTOR: i32 = 11;
/// A future.
pub const PIRN_KIND_FUTURE: i32 = 12;
/// The results of a pirn_executor_map.
pub const PIRN_KIND_MAP: i32 = 13;
/// An iteration over futures as they complete.
pub const PIRN_KIND_AS_COMPLETED: i32 = 14;

/// What an excepthook is told. All of it is borrowed for the time of the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct pirn_excepthook_args_t {
    /// What the callback returned; not 0.
    pub code: i32,
    /// What it said by pirn_raise, or a general sentence; never NULL.
    pub message: *const c_char,
    /// Where it happened; may be empty, never NULL.
    pub traceback: *const c_char,
    /// The thread on which it happened, which is the calling one. NULL for a foreign thread that has not asked for its object,
    /// and where there is no memory for a handle.
    pub thread: *mut pirn_thread_t,
}

/// An excepthook. 0 is success.
pub type pirn_excepthook_fn =
    Option<unsafe extern "C" fn(args: *const pirn_excepthook_args_t, arg: *mut c_void) -> i32>;
/// A trace or profile hook. The event is borrowed for the time of the call.
pub type pirn_trace_fn = Option<unsafe extern "C" fn(event: *const pirn_trace_event_t, arg: *mut c_void)>;

type ExcepthookFn = unsafe extern "C" fn(*const pirn_excepthook_args_t, *mut c_void) -> i32;

/// Calls a hook that was set with pirn_set_excepthook.
fn call_excepthook(function: *const (), arg: *mut c_void, report: &Report<'_>) -> i32 {
    type MayUnwind = unsafe extern "C-unwind" fn(*const pirn_excepthook_args_t, *mut c_void) -> i32;
    // SAFETY: pirn_set_excepthook made it of such a function, but for what the compiler takes as given.
    let function = unsafe { core::mem::transmute::<*const (), MayUnwind>(function) };
    let borrowed = report.thread.and_then(|thread| Opened::new(thread.clone()).ok());
    let thread = borrowed.as_ref().map_or(core::ptr::null_mut(), Opened::as_ptr);
    let (message, traceback) = (report.message.as_ptr(), report.traceback.as_ptr());
    let args = pirn_excepthook_args_t { code: report.code, message, traceback, thread };
    // SAFETY: the promise of pirn_set_excepthook. A hook that is cut off keeps what it was lent.
    cut::run(|| unsafe { function(&args, arg) })
}

/// Sets the hook that is called for failures that no caller gets to see: of a thread's target, a timer's function, a task
/// without a future, an initializer, a callback of pirn_at_shutdown. It sees `PIRN_EXIT`, too.
///
/// @param hook      the hook; NULL restores the default. It runs on the thread that failed, which is still alive then; on
///                  several at once if several fail. If it fails itself the default hook writes about that
/// @param arg       its argument
/// @param arg_free  called once with arg: when another hook has been set and the calls of this one that are under way have
///                  ended; at once where `hook` is NULL. May be NULL
/// @return PIRN_OK
/// @return PIRN_ERR_NO_MEMORY the hook is as before
///
/// Does not block. A failure after this call has returned is told to the new hook. Everything done before is seen by the hook.
/// Python: threading.excepthook = hook; what it fails with itself is told as Python tells it on stderr.
///
/// # Safety
/// `hook` and `arg_free` may be called with `arg` on any thread, `hook` on several at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_set_excepthook(
    hook: pirn_excepthook_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
) -> pirn_status_t {
    let arg = argument(arg, arg_free);
    guard("pirn_set_excepthook", || {
        // SAFETY: the caller's promise.
        let hook = hook.map(|hook| unsafe { Excepthook::new(hook as *const (), arg, call_excepthook) });
        Ok(thread::set_excepthook(hook)?)
    })
}

/// Gives the hook that is set, and its argument: pirn_default_excepthook and NULL if none is.
///
/// @param hook  gets the hook, never NULL
/// @param arg   gets its argument, which stays with pirn: another thread that sets a hook meanwhile may have it freed
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `hook` or `arg` is NULL
///
/// Does not block. Python: threading.excepthook.
///
/// # Safety
/// `hook` and `arg` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_get_excepthook(hook: *mut pirn_excepthook_fn, arg: *mut *mut c_void) -> pirn_status_t {
    guard("pirn_get_excepthook", || {
        let (hook, arg) = (required(hook)?, required(arg)?);
        let (function, its_arg) = match thread::excepthook() {
            // SAFETY: pirn_set_excepthook made it of such a function.
            Some((function, arg)) => (unsafe { core::mem::transmute::<*const (), ExcepthookFn>(function) }, arg),
            None => (pirn_default_excepthook as ExcepthookFn, core::ptr::null_mut()),
        };
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(hook, Some(function)) };
        // SAFETY: as above.
        unsafe { write_out(arg, its_arg) };
        Ok(())
    })
}

/// The default hook: writes the line "Exception in thread NAME:" to stderr, one with the code and the message, and one with the
/// traceback if there is any. `PIRN_EXIT` is silent. A program's hook may call it.
///
/// @param args  what to write about; a NULL message or traceback counts as an empty one. NAME is the calling thread's ident
///              if args->thread is NULL or no valid handle
/// @param arg   not used
/// @return 0, also where stderr is closed or broken
/// @return PIRN_ERR_INVALID_ARGUMENT `args` is NULL
///
/// Blocks as long as stderr does. Python: threading.__excepthook__.
///
/// # Safety
/// `args` is NULL or valid for reads, and its texts are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_default_excepthook(args: *const pirn_excepthook_args_t, arg: *mut c_void) -> i32 {
    let _ = arg;
    guard_value("pirn_default_excepthook", PIRN_ERR_INTERNAL, || {
        // SAFETY: the caller's promise.
        let Some(args) = (unsafe { args.as_ref() }) else { return PIRN_ERR_INVALID_ARGUMENT };
        let thread = shared::pin::<Thread>(Handle::from_ptr(args.thread)).ok();
        // SAFETY: the caller's promise.
        let (message, traceback) = unsafe { (text_or_empty(args.message), text_or_empty(args.traceback)) };
        thread::write(&Report { code: args.code, message, traceback, thread: thread.as_deref() });
        PIRN_OK
    })
}

/// # Safety
/// `text` is NULL, or NUL-terminated and there for as long as the result is used.
unsafe fn text_or_empty<'a>(text: *const c_char) -> &'a CStr {
    // SAFETY: the caller's promise.
    if text.is_null() { c"" } else { unsafe { CStr::from_ptr(text) } }
}

/// Sets or removes a hook of either sort.
fn set(name: &'static str, sort: Sort, function: pirn_trace_fn, arg: Arg, on_all: bool) -> pirn_status_t {
    guard(name, || {
        // SAFETY: the contract of the functions below: it may be called with arg, on any thread.
        let callback = function.map(|function| unsafe { Callback::new(function as TraceFn, arg) });
        Ok(hooks::set(sort, callback, on_all)?)
    })
}

/// # Safety
/// `fn` and `arg` are NULL or valid for a write.
unsafe fn get(name: &'static str, sort: Sort, function: *mut pirn_trace_fn, arg: *mut *mut c_void) -> pirn_status_t {
    guard(name, || {
        let (function, arg) = (required(function)?, required(arg)?);
        let set = hooks::get(sort);
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(function, set.map(|(function, _)| function)) };
        // SAFETY: as above.
        unsafe { write_out(arg, set.map_or(core::ptr::null_mut(), |(_, arg)| arg)) };
        Ok(())
    })
}

/// Sets the trace hook of the threads that start from now on, before their targets run. It is told of every event on its thread:
/// `PIRN_TRACE_...`.
///
/// @param fn        the hook; NULL for none. It runs on the thread that the event happens on, on several at once
/// @param arg       its argument
/// @param arg_free  called once with arg: when no thread has the hook any more, because another one has been set for it or it
///                  has ended, and the calls under way have ended; at once where `fn` is NULL. May be NULL
/// @return PIRN_OK
/// @return PIRN_ERR_NO_MEMORY the hook is as before
///
/// Does not block. Threads that run already go on with what they have; a foreign thread has no hook.
///
/// A wait is told of if the call could not go on at once: by PIRN_TRACE_WAIT_BEGIN before the thread joins those who wait, and by
/// PIRN_TRACE_WAIT_END, on the same thread and to the same hook, when the call is about to return. What a lock does to be taken
/// again at the end of a condition's wait is part of that wait; of a wait for a predicate each round is a wait. Not told of are
/// polls (`try_` calls, a limit of 0), a worker that waits for work, the start of a thread, and what a hook causes itself: on its
/// own thread while it runs, and on the threads that it starts. (The tasks that it submits are told of where they run.) The end of
/// the process waits for one thread after the other, as pirn_thread_join does.
/// Everything done before is seen by the hook on threads that are started after. Python: threading.settrace(fn); the events
/// are pirn's own.
///
/// # Safety
/// `fn` and `arg_free` may be called with `arg` on any thread, `fn` on several at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_settrace(r#fn: pirn_trace_fn, arg: *mut c_void, arg_free: pirn_free_fn) -> pirn_status_t {
    set("pirn_settrace", Sort::Trace, r#fn, argument(arg, arg_free), false)
}

/// Sets the trace hook of all threads: those that start from now on, and those that run, which are the main thread, pirn's threads
/// and the foreign ones that have asked for their object.
///
/// @param fn        the hook, as for pirn_settrace; NULL for none
/// @param arg       its argument
/// @param arg_free  as for pirn_settrace
/// @return PIRN_OK
/// @return PIRN_ERR_NO_MEMORY the hook is as before
///
/// Does not block. When it returns no thread begins to call the hook that it had; calls under way may still go on. What a
/// thread is in the middle of (a wait, a task) has no end event for a hook that has not seen it begin.
/// Python: threading.settrace_all_threads(fn).
///
/// # Safety
/// As for pirn_settrace.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_settrace_all_threads(
    r#fn: pirn_trace_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
) -> pirn_status_t {
    set("pirn_settrace_all_threads", Sort::Trace, r#fn, argument(arg, arg_free), true)
}

/// Gives the trace hook that new threads get, and its argument; NULL and NULL if there is none.
///
/// @param fn   gets the hook
/// @param arg  gets its argument, which stays with pirn: another thread that sets a hook meanwhile may have it freed
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `fn` or `arg` is NULL
///
/// Does not block. Python: threading.gettrace().
///
/// # Safety
/// `fn` and `arg` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_gettrace(r#fn: *mut pirn_trace_fn, arg: *mut *mut c_void) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { get("pirn_gettrace", Sort::Trace, r#fn, arg) }
}

/// Sets the profile hook of the threads that start from now on. It is told of what has ended, and how long it took:
/// PIRN_TRACE_THREAD_END, PIRN_TRACE_WAIT_END, PIRN_TRACE_TASK_END. A thread may have a trace hook besides, which is called first.
///
/// @param fn        the hook; NULL for none
/// @param arg       its argument
/// @param arg_free  as for pirn_settrace
/// @return PIRN_OK
/// @return PIRN_ERR_NO_MEMORY the hook is as before
///
/// Does not block; otherwise as pirn_settrace. Python: threading.setprofile(fn).
///
/// # Safety
/// As for pirn_settrace.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_setprofile(
    r#fn: pirn_trace_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
) -> pirn_status_t {
    set("pirn_setprofile", Sort::Profile, r#fn, argument(arg, arg_free), false)
}

/// Sets the profile hook of all threads, those that run included.
///
/// @param fn        the hook; NULL for none
/// @param arg       its argument
/// @param arg_free  as for pirn_settrace
/// @return PIRN_OK
/// @return PIRN_ERR_NO_MEMORY the hook is as before
///
/// Does not block; otherwise as pirn_settrace_all_threads. Python: threading.setprofile_all_threads(fn).
///
/// # Safety
/// As for pirn_settrace.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_setprofile_all_threads(
    r#fn: pirn_trace_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
) -> pirn_status_t {
    set("pirn_setprofile_all_threads", Sort::Profile, r#fn, argument(arg, arg_free), true)
}

/// Gives the profile hook that new threads get, and its argument; NULL and NULL if there is none.
///
/// @param fn   gets the hook
/// @param arg  gets its argument, as from pirn_gettrace
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `fn` or `arg` is NULL
///
/// Does not block. Python: threading.getprofile().
///
/// # Safety
/// `fn` and `arg` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_getprofile(r#fn: *mut pirn_trace_fn, arg: *mut *mut c_void) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { get("pirn_getprofile", Sort::Profile, r#fn, arg) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Kind;
    use crate::thread::hooks::EventKind;

    #[test]
    fn the_numbers_are_those_inside() {
        let events = [
            (EventKind::ThreadStart, PIRN_TRACE_THREAD_START),
            (EventKind::ThreadEnd, PIRN_TRACE_THREAD_END),
            (EventKind::WaitBegin, PIRN_TRACE_WAIT_BEGIN),
            (EventKind::WaitEnd, PIRN_TRACE_WAIT_END),
            (EventKind::TaskSubmit, PIRN_TRACE_TASK_SUBMIT),
            (EventKind::TaskStart, PIRN_TRACE_TASK_START),
            (EventKind::TaskEnd, PIRN_TRACE_TASK_END),
            (EventKind::TimerFire, PIRN_TRACE_TIMER_FIRE),
            (EventKind::TimerCancel, PIRN_TRACE_TIMER_CANCEL),
            (EventKind::Failure, PIRN_TRACE_FAILURE),
        ];
        for (inside, outside) in events {
            assert_eq!(inside as i32, outside);
        }
        let kinds = [
            (Kind::Lock, PIRN_KIND_LOCK),
            (Kind::RLock, PIRN_KIND_RLOCK),
            (Kind::Condition, PIRN_KIND_CONDITION),
            (Kind::Semaphore, PIRN_KIND_SEMAPHORE),
            (Kind::Event, PIRN_KIND_EVENT),
            (Kind::Barrier, PIRN_KIND_BARRIER),
            (Kind::Thread, PIRN_KIND_THREAD),
            (Kind::Local, PIRN_KIND_LOCAL),
            (Kind::Timer, PIRN_KIND_TIMER),
            (Kind::Queue, PIRN_KIND_QUEUE),
            (Kind::Executor, PIRN_KIND_EXECUTOR),
            (Kind::Future, PIRN_KIND_FUTURE),
            (Kind::Map, PIRN_KIND_MAP),
            (Kind::AsCompleted, PIRN_KIND_AS_COMPLETED),
        ];
        for (inside, outside) in kinds {
            assert_eq!(inside as i32, outside);
        }
    }
}
