//! Threads: started, named, listed, joined (Python: `threading.Thread`).

use super::callback::{argument, target};
use super::guard::{guard, guard_value, required, write_out};
use super::object::{ask, create, free, on};
use super::text::{check_buffer, incoming, outgoing};
use super::types::{Flag, pirn_free_fn, pirn_status_t, pirn_target_fn, pirn_thread_t};
use crate::fallible;
use crate::handle::shared;
use crate::park::{Deadline, Timeout};
use crate::status::Error;
use crate::thread::{self, Thread};
use core::ffi::{c_char, c_void};
use std::sync::Arc;

/// Makes a thread, to be started with pirn_thread_start.
///
/// @param target    what it runs; NULL for a thread that does nothing. What it returns is the thread's exit code; one that is
///                  not 0 goes to the excepthook (PIRN_EXIT silently)
/// @param arg       target's argument
/// @param arg_free  called once with arg: when target has returned and before a join does; when the thread is freed without
///                  having been started; or when this call fails. May be NULL
/// @param out       where the handle goes; the caller frees it with pirn_thread_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. The name is "Thread-N". The thread is a daemon if the calling thread was started by pirn and is one itself.
/// Python: threading.Thread(target=..., args=...); differs in that a thread made by a foreign thread is no daemon.
///
/// # Safety
/// `target` and `arg_free` may be called with `arg` on any thread; `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_thread_new(
    target: pirn_target_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
    out: *mut *mut pirn_thread_t,
) -> pirn_status_t {
    let mut arg = Some(argument(arg, arg_free));
    let make = || {
        let target = match (target, arg.take()) {
            (Some(_), Some(arg)) => Some(self::target(target, arg)?),
            // The argument of a thread that does nothing is given back now.
            _ => None,
        };
        Ok(Thread::new(target))
    };
    // SAFETY: the caller's promise.
    unsafe { create("pirn_thread_new", out, make) }
}

/// Lets go of a handle. The thread goes on if it runs; it is gone for good when it has ended and no handle is left.
///
/// @param thread  the thread, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block and is never busy. Python: the end of a reference.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_thread_free(thread: *mut pirn_thread_t) -> pirn_status_t {
    free::<Thread, _>("pirn_thread_free", thread)
}

/// Starts the thread.
///
/// @param thread  the thread
/// @return PIRN_OK                  it runs: it is enumerated, and its ident and native_id are there
/// @return PIRN_ERR_ALREADY_STARTED it was started before, even if it has ended since
/// @return PIRN_ERR_NO_THREAD       the system refuses a new thread; the thread is as before and may be started again
/// @return PIRN_ERR_SHUT_DOWN       the library has been shut down; or the shutdown joins threads, and it would have to wait for
///                                  this thread, but not for the caller
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_NO_MEMORY
///
/// Blocks for as long as the system takes to make a thread, not until it gets a processor. Everything done before is seen by the new
/// thread. Python: thread.start().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_thread_start(thread: *mut pirn_thread_t) -> pirn_status_t {
    on("pirn_thread_start", thread, |thread: &Arc<Thread>| Ok(thread.start()?))
}

/// Waits until the thread has ended.
///
/// @param thread  the thread
/// @return PIRN_OK                  it has ended, its argument was given back, it is no longer enumerated, its thread-local
///                                  values were freed, and the system thread is gone
/// @return PIRN_ERR_NOT_STARTED     it was never started
/// @return PIRN_ERR_DEADLOCK        it is the calling thread, or a dummy
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks without a limit. Any number of threads may join one thread, any number of times; all are woken when it ends. A join of
/// the main thread waits until the shutdown begins to join threads. Everything that the thread did is seen afterwards.
/// Python: thread.join().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_thread_join(thread: *mut pirn_thread_t) -> pirn_status_t {
    on("pirn_thread_join", thread, |thread: &Arc<Thread>| Ok(thread.join(Deadline::NEVER)?))
}

/// Waits until the thread has ended, for at most so long.
///
/// @param thread   the thread
/// @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @return PIRN_OK        as for pirn_thread_join
/// @return PIRN_TIMED_OUT it has not ended yet
/// @return PIRN_ERR_NOT_STARTED, PIRN_ERR_DEADLOCK, PIRN_ERR_INVALID_HANDLE as for pirn_thread_join
/// @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks; otherwise as pirn_thread_join. Python: thread.join(seconds), followed by is_alive().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_thread_join_timeout(thread: *mut pirn_thread_t, seconds: f64) -> pirn_status_t {
    on("pirn_thread_join_timeout", thread, |thread: &Arc<Thread>| {
        Ok(thread.join(Timeout::from_seconds(seconds)?.deadline())?)
    })
}

/// Says whether the thread runs: false before the start, true through the target and the excepthook, false after.
///
/// @param thread  the thread
/// @param out     where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: thread.is_alive().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_thread_is_alive(thread: *mut pirn_thread_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_thread_is_alive", thread, out, |thread: &Arc<Thread>| Ok(thread.is_alive())) }
}

/// Copies the thread's name.
///
/// @param thread  the thread
/// @param buf     gets at most `cap` bytes, NUL-terminated where `cap` > 0; may be NULL if `cap` is 0
/// @param cap     the size of `buf`, in bytes
/// @param len     gets the name's whole length in bytes, without the NUL; may be NULL
/// @return PIRN_OK (also when the name was cut: then *len >= cap)
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `buf` is NULL and `cap` is not 0
///
/// Does not block. Python: thread.name.
///
/// # Safety
/// `buf` is NULL or valid for `cap` bytes, `len` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_thread_name(
    thread: *mut pirn_thread_t,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> pirn_status_t {
    on("pirn_thread_name", thread, |thread: &Arc<Thread>| {
        check_buffer(buf, cap)?;
        let name = thread.name();
        // SAFETY: checked above, and the caller's promise.
        unsafe { outgoing(name.as_bytes(), buf, cap, len) };
        Ok(())
    })
}

/// Renames the thread, at any time. While it runs the system's name for it follows, as far as that goes (15 bytes on Linux, cut
/// between characters).
///
/// @param thread  the thread
/// @param name    UTF-8 text of any length, copied
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `name` is NULL or not UTF-8
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Names need not differ from thread to thread. Python: thread.name = name.
///
/// # Safety
/// `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_thread_set_name(thread: *mut pirn_thread_t, name: *const c_char) -> pirn_status_t {
    on("pirn_thread_set_name", thread, |thread: &Arc<Thread>| {
        // SAFETY: the caller's promise.
        Ok(thread.set_name(unsafe { incoming(name) }?)?)
    })
}

/// Gives the thread's number in this process (see pirn_get_ident), which stays after its end.
///
/// @param thread  the thread
/// @param out     where the number goes; not 0
/// @return PIRN_OK
/// @return PIRN_ERR_NOT_STARTED it was never started
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: thread.ident.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_thread_ident(thread: *mut pirn_thread_t, out: *mut u64) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_thread_ident", thread, out, |thread: &Arc<Thread>| Ok(thread.ident()?)) }
}

/// Gives the kernel's number for the thread (on Linux the TID), which stays after its end.
///
/// @param thread  the thread
/// @param out     where the number goes
/// @return PIRN_OK
/// @return PIRN_ERR_NOT_STARTED it was never started
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block, but for the moment in which a thread that was just started gets a processor for the first time.
/// Python: thread.native_id.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_thread_native_id(thread: *mut pirn_thread_t, out: *mut u64) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_thread_native_id", thread, out, |thread: &Arc<Thread>| Ok(thread.native_id()?)) }
}

/// Says whether the thread is a daemon: one that the process's end cuts off instead of waiting for it.
///
/// @param thread  the thread
/// @param out     where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. The main thread is none, a dummy says true. Python: thread.daemon.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_thread_daemon(thread: *mut pirn_thread_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_thread_daemon", thread, out, |thread: &Arc<Thread>| Ok(thread.daemon())) }
}

/// Makes the thread a daemon or not, before its start.
///
/// @param thread  the thread
/// @param daemon  whether the process's end cuts it off
/// @return PIRN_OK
/// @return PIRN_ERR_ALREADY_STARTED it was started; so are the main thread and dummies
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Python: thread.daemon = daemon.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_thread_set_daemon(thread: *mut pirn_thread_t, daemon: Flag) -> pirn_status_t {
    on("pirn_thread_set_daemon", thread, |thread: &Arc<Thread>| Ok(thread.set_daemon(daemon.get())?))
}

/// Gives what the target returned; 0 for a thread without a target.
///
/// @param thread  the thread
/// @param out     where the code goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_STATE the thread has not ended
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python has none; compare pthread_join's value.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_thread_exit_code(thread: *mut pirn_thread_t, out: *mut i32) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_thread_exit_code", thread, out, |thread: &Arc<Thread>| Ok(thread.exit_code()?)) }
}

/// Gives the calling thread's object. A thread that pirn did not start gets a dummy object at its first call, named "Dummy-N", which
/// stays enumerated until that system thread ends.
///
/// @param out  where the handle goes; the caller frees it with pirn_thread_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.current_thread().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_current_thread(out: *mut *mut pirn_thread_t) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { create("pirn_current_thread", out, || Ok(thread::current()?)) }
}

/// Gives the main thread's object: the process's first thread, or the one that called fork().
///
/// @param out  where the handle goes; the caller frees it with pirn_thread_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: threading.main_thread().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_main_thread(out: *mut *mut pirn_thread_t) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { create("pirn_main_thread", out, || Ok(thread::main_thread())) }
}

/// Gives every thread that is alive: the main one, those that pirn started (daemons and pool workers too), pending timers, and
/// dummies.
///
/// @param buf    gets the first min(cap, *count) handles, each the caller's to free with pirn_thread_free; may be NULL if `cap` is 0
/// @param cap    how many handles fit
/// @param count  gets the whole number
/// @return PIRN_OK (also when not all fit: then *count > cap)
/// @return PIRN_ERR_INVALID_ARGUMENT `count` is NULL, or `buf` is and `cap` is not 0
/// @return PIRN_ERR_NO_MEMORY        no handle was given out
///
/// Does not block. Threads may have started and ended by the time it returns. Python: threading.enumerate().
///
/// # Safety
/// `buf` is NULL or valid for `cap` handles, `count` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_enumerate(buf: *mut *mut pirn_thread_t, cap: usize, count: *mut usize) -> pirn_status_t {
    guard("pirn_enumerate", || {
        let count = required(count)?;
        if buf.is_null() && cap > 0 {
            return Err(Error::InvalidArgument.into());
        }
        let threads = thread::enumerate()?;
        let mut handles = fallible::with_capacity(cap.min(threads.len()))?;
        for thread in threads.iter().take(cap) {
            match shared::open(thread.clone()) {
                Ok(handle) => handles.push(handle),
                Err(error) => {
                    // Each was opened just now, so freeing it succeeds.
                    for handle in handles {
                        shared::free::<Thread>(handle)?;
                    }
                    return Err(error.into());
                }
            }
        }
        for (index, handle) in handles.into_iter().enumerate() {
            // SAFETY: `index` is below `cap`.
            unsafe { buf.add(index).write(handle.as_ptr()) };
        }
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(count, threads.len()) };
        Ok(())
    })
}

/// The number of threads that are alive: what pirn_enumerate counts.
///
/// @return the number
///
/// Does not block. Python: threading.active_count().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_active_count() -> usize {
    guard_value("pirn_active_count", 0, thread::active_count)
}

/// The calling thread's number in this process.
///
/// @return the number; not 0, and the same for the thread's whole life. pirn gives no number to a second thread.
///
/// Does not block and registers nothing. Python: threading.get_ident().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_get_ident() -> u64 {
    guard_value("pirn_get_ident", 0, thread::get_ident)
}

/// The kernel's number for the calling thread (on Linux the TID).
///
/// @return the number
///
/// Does not block and registers nothing. Python: threading.get_native_id().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_get_native_id() -> u64 {
    guard_value("pirn_get_native_id", 0, thread::get_native_id)
}

/// The stack size of threads that are started from now on.
///
/// @return bytes; 0 for the system's default
///
/// Does not block. Python: threading.stack_size().
#[unsafe(no_mangle)]
pub extern "C" fn pirn_stack_size() -> usize {
    guard_value("pirn_stack_size", 0, thread::stack_size)
}

/// Sets the stack size of threads that are started from now on. Those that run keep theirs.
///
/// @param bytes  0 for the system's default, or at least 32768; rounded up to what the system needs
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `bytes` is 1 to 32767; the setting is unchanged
///
/// Does not block. A size that the system cannot give shows when a thread is started: PIRN_ERR_NO_THREAD.
/// Python: threading.stack_size(bytes).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_set_stack_size(bytes: usize) -> pirn_status_t {
    guard("pirn_set_stack_size", || Ok(thread::set_stack_size(bytes)?))
}
