//! Future: a result that will be there later, and waiting for several (Python: `concurrent.futures.Future`, `wait`,
//! `as_completed`).

use super::callback::argument;
use super::guard::{guard, required, write_out};
use super::object::{self, Opened, create, free};
use super::text::{check_buffer, outgoing};
use super::types::{pirn_as_completed_t, pirn_free_fn, pirn_future_t, pirn_status_t};
use crate::callback::{self, Arg, CallError, Failure};
use crate::exec::{self, Alias, AsCompleted, DoneCallback, Future, ReturnWhen, Status, Value, Waited};
use crate::fallible;
use crate::handle::{Handle, Kind, shared};
use crate::identity::Identified;
use crate::park::{Deadline, Timeout};
use crate::status::Error;
use crate::thread::hooks::{self, HasStatus, Subject};
use core::ffi::{CStr, c_char, c_void};
use core::mem::transmute;
use std::sync::Arc;

/// The future has not started.
pub const PIRN_FUTURE_PENDING: i32 = 0;
/// The future is under way.
pub const PIRN_FUTURE_RUNNING: i32 = 1;
/// The future was cancelled, and its owner has not called pirn_future_set_running_or_notify_cancel yet.
pub const PIRN_FUTURE_CANCELLED: i32 = 2;
/// The future was cancelled, and everyone who waits for it has been told.
pub const PIRN_FUTURE_CANCELLED_AND_NOTIFIED: i32 = 3;
/// The future has a result or a failure.
pub const PIRN_FUTURE_FINISHED: i32 = 4;

/// pirn_wait returns when one future is done.
pub const PIRN_FIRST_COMPLETED: i32 = 0;
/// pirn_wait returns when one future has failed, or when all are done.
pub const PIRN_FIRST_EXCEPTION: i32 = 1;
/// pirn_wait returns when all futures are done.
pub const PIRN_ALL_COMPLETED: i32 = 2;

/// Called when a future is over. `future` is borrowed for the time of the call.
pub type pirn_done_fn = Option<unsafe extern "C" fn(future: *mut pirn_future_t, arg: *mut c_void)>;

/// The future of a handle, which may be the one that a done callback was given.
fn find(handle: Handle) -> Result<Future, Error> {
    Future::of_handle(handle).or_else(|_| shared::pin::<Alias>(handle).map(|alias| alias.0.clone()))
}

/// A call on a handle's future.
fn on(
    name: &'static str,
    future: *mut pirn_future_t,
    body: impl FnOnce(&Future) -> Result<(), CallError>,
) -> pirn_status_t {
    guard(name, || body(&find(Handle::from_ptr(future))?))
}

/// The part of a call that waits for the future, if it has to.
fn wait_unless_ready<R: HasStatus>(future: &Future, deadline: Deadline, wait: impl FnOnce() -> R) -> R {
    hooks::wait_unless(Subject::new(Kind::Future, future.id()), || future.is_ready(deadline), wait)
}

/// A call that asks a handle's future for one value.
///
/// # Safety
/// `out` is NULL or valid for a write.
unsafe fn ask<A>(
    name: &'static str,
    future: *mut pirn_future_t,
    out: *mut A,
    question: impl FnOnce(&Future) -> Result<A, CallError>,
) -> pirn_status_t {
    on(name, future, |future| {
        let out = required(out)?;
        let answer = question(future)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, answer) };
        Ok(())
    })
}

/// Makes a free-standing future, which is pending: a promise, to be kept with pirn_future_set_result or
/// pirn_future_set_exception.
///
/// @param out  where the handle goes; the caller frees it with pirn_future_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: concurrent.futures.Future().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_new(out: *mut *mut pirn_future_t) -> pirn_status_t {
    guard("pirn_future_new", || {
        let out = required(out)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, Future::open()?.as_ptr()) };
        Ok(())
    })
}

/// Lets go of a handle. A task that is queued or running goes on. When nothing uses the future any more, its result is given back
/// (pirn_future_set_result_free), and done callbacks that never ran give back their argument.
///
/// @param future  the future, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block and is never busy. Python: the end of a reference.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_future_free(future: *mut pirn_future_t) -> pirn_status_t {
    guard("pirn_future_free", || {
        if future.is_null() {
            return Ok(());
        }
        let handle = Handle::from_ptr(future);
        Ok(Future::close_handle(handle).or_else(|_| shared::free::<Alias>(handle))?)
    })
}

/// Cancels the future, if it has not started.
///
/// @param future     the future
/// @param cancelled  gets true if it is cancelled, now or before; false if it is running or finished
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `cancelled` is NULL; the future is not cancelled
///
/// Does not block. A cancelled task never runs, and its argument has been given back when this returns. Waiting calls of
/// pirn_future_result and pirn_future_exception are woken, and then the done callbacks run on the calling thread. pirn_wait and
/// pirn_as_completed_next see an executor's future cancelled at once, a free-standing one when its owner has called
/// pirn_future_set_running_or_notify_cancel. Python: future.cancel().
///
/// # Safety
/// `cancelled` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_cancel(future: *mut pirn_future_t, cancelled: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_future_cancel", future, cancelled, |future: &Future| Ok(future.cancel())) }
}

/// Says whether the future is cancelled, notified or not.
///
/// @param future  the future
/// @param out     where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. If the answer is true, what was done before the cancel is seen. Python: future.cancelled().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_cancelled(future: *mut pirn_future_t, out: *mut bool) -> pirn_status_t {
    let question = |future: &Future| Ok(matches!(future.status(), Status::Cancelled | Status::CancelledAndNotified));
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_future_cancelled", future, out, question) }
}

/// Says whether the future is running, at this moment.
///
/// @param future  the future
/// @param out     where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Python: future.running().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_running(future: *mut pirn_future_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_future_running", future, out, |future: &Future| Ok(future.status() == Status::Running)) }
}

/// Says whether the future is over: finished or cancelled.
///
/// @param future  the future
/// @param out     where the answer goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. If the answer is true, what the completing thread did before is seen. Python: future.done().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_done(future: *mut pirn_future_t, out: *mut bool) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_future_done", future, out, |future: &Future| Ok(future.is_over())) }
}

/// Gives the future's state.
///
/// @param future  the future
/// @param out     gets PIRN_FUTURE_PENDING, _RUNNING, _CANCELLED, _CANCELLED_AND_NOTIFIED or _FINISHED
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. Memory is ordered as by pirn_future_done. Python: none in public; compare repr(future).
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_state(future: *mut pirn_future_t, out: *mut i32) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_future_state", future, out, |future: &Future| Ok(future.status() as i32)) }
}

/// Waits for the result and gives it: any number of times, to any number of threads.
///
/// @param future  the future
/// @param out     gets the result; may be NULL
/// @return PIRN_OK
/// @return PIRN_ERR_CANCELLED       it was cancelled
/// @return PIRN_ERR_TASK_FAILED     it failed; pirn_last_code and pirn_last_error say how
/// @return PIRN_ERR_BROKEN_EXECUTOR it had not started when a worker's initializer failed
/// @return PIRN_ERR_DEADLOCK        the calling thread runs its task: it is called by that task, or by one that the task waits for
/// @return PIRN_ERR_NO_THREAD       called by a task of the same executor: all its workers wait, without a limit and for its tasks alone,
///                                  the system refuses another thread, and the stack is too full to run the task here. It is still queued
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Blocks without a limit; all who wait are woken together, in the order in which they came. Called by a task for a task
/// of the same executor that has not started, it runs that task itself, there and then; if that one runs elsewhere, the executor
/// may start a thread more while this one waits. Tasks that have started on several threads and wait for each other in a ring wait for
/// ever. What the completing thread did before is seen.
/// The result stays the future's, if it has a pirn_future_set_result_free; else it is whoever's the task says. Python:
/// future.result().
/// Follows: Python Library Reference, concurrent.futures, Future Objects; running the awaited task as in
/// java.util.concurrent.ForkJoinTask.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_result(future: *mut pirn_future_t, out: *mut *mut c_void) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { result("pirn_future_result", future, Ok(Timeout::NEVER), out) }
}

/// Waits for the result for at most so long, and gives it.
///
/// @param future   the future
/// @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @param out      gets the result; may be NULL
/// @return PIRN_OK
/// @return PIRN_TIMED_OUT the limit passed first
/// @return PIRN_ERR_CANCELLED, PIRN_ERR_TASK_FAILED, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_INVALID_HANDLE as for pirn_future_result
/// @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks, otherwise as pirn_future_result; but with a limit it never runs the task itself: the executor may start a thread
/// more meanwhile. Python: future.result(seconds).
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_result_timeout(
    future: *mut pirn_future_t,
    seconds: f64,
    out: *mut *mut c_void,
) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { result("pirn_future_result_timeout", future, Timeout::from_seconds(seconds), out) }
}

/// # Safety
/// `out` is NULL or valid for a write.
unsafe fn result(
    name: &'static str,
    future: *mut pirn_future_t,
    timeout: Result<Timeout, Error>,
    out: *mut *mut c_void,
) -> pirn_status_t {
    guard(name, || {
        let handle = Handle::from_ptr(future);
        // A wrong handle comes before a wrong limit only where there is no future to look at.
        let at_hand = timeout.ok().and_then(|timeout| Future::result_at_hand(handle, timeout.deadline()));
        let result = match at_hand {
            Some(result) => result,
            None => {
                let (future, deadline) = (find(handle)?, timeout?.deadline());
                wait_unless_ready(&future, deadline, || future.result(deadline))
            }
        };
        let Value(result) = result?;
        if !out.is_null() {
            // SAFETY: not NULL, and the caller's promise.
            unsafe { write_out(out, result) };
        }
        Ok(())
    })
}

/// Waits until the future is over and says how it failed, if it did.
///
/// @param future  the future
/// @param code    gets the code that the task returned; 0 if it did not fail
/// @param buf     gets at most `cap` bytes of the message, NUL-terminated where `cap` > 0; may be NULL if `cap` is 0
/// @param cap     the size of `buf`, in bytes
/// @param len     gets the message's whole length in bytes, without the NUL; 0 if it did not fail; may be NULL
/// @return PIRN_OK (also when the message was cut: then *len >= cap)
/// @return PIRN_ERR_CANCELLED        it was cancelled
/// @return PIRN_ERR_BROKEN_EXECUTOR  it had not started when a worker's initializer failed
/// @return PIRN_ERR_DEADLOCK, PIRN_ERR_NO_THREAD as for pirn_future_result
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `code` is NULL, or `buf` is and `cap` is not 0
///
/// Blocks without a limit, as pirn_future_result. Python: future.exception().
///
/// # Safety
/// `code` is NULL or valid for a write, `buf` NULL or valid for `cap` bytes, `len` NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_exception(
    future: *mut pirn_future_t,
    code: *mut i32,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> pirn_status_t {
    // SAFETY: the caller's promise.
    unsafe { exception("pirn_future_exception", future, Ok(Timeout::NEVER), code, (buf, cap, len)) }
}

/// Waits until the future is over, for at most so long, and says how it failed, if it did.
///
/// @param future   the future
/// @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @param code, buf, cap, len  as for pirn_future_exception
/// @return PIRN_OK
/// @return PIRN_TIMED_OUT the limit passed first
/// @return PIRN_ERR_CANCELLED, PIRN_ERR_BROKEN_EXECUTOR, PIRN_ERR_INVALID_HANDLE as for pirn_future_exception
/// @return PIRN_ERR_INVALID_ARGUMENT as there, or `seconds` is NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
///
/// Blocks, as pirn_future_result_timeout. Python: future.exception(seconds).
///
/// # Safety
/// As for pirn_future_exception.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_exception_timeout(
    future: *mut pirn_future_t,
    seconds: f64,
    code: *mut i32,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> pirn_status_t {
    let timeout = Timeout::from_seconds(seconds);
    // SAFETY: the caller's promise.
    unsafe { exception("pirn_future_exception_timeout", future, timeout, code, (buf, cap, len)) }
}

/// # Safety
/// As for pirn_future_exception.
unsafe fn exception(
    name: &'static str,
    future: *mut pirn_future_t,
    timeout: Result<Timeout, Error>,
    code: *mut i32,
    (buf, cap, len): (*mut c_char, usize, *mut usize),
) -> pirn_status_t {
    on(name, future, |future: &Future| {
        let code = required(code)?;
        check_buffer(buf, cap)?;
        let deadline = timeout?.deadline();
        let wait = || future.exception(deadline);
        let failure = wait_unless_ready(future, deadline, wait)?;
        let message = failure.as_ref().map_or(c"", Failure::message);
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(code, failure.as_ref().map_or(0, Failure::code)) };
        // SAFETY: checked above, and the caller's promise.
        unsafe { outgoing(message.to_bytes(), buf, cap, len) };
        Ok(())
    })
}

/// Gives the payload of the future's failure (see pirn_raise_with).
///
/// @param future  the future, which has failed
/// @param out     gets the payload, NULL if the failure has none. It is shown, not given: it stays until the future goes
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_STATE    it has not failed
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
///
/// Does not block. What the failing thread did before is seen. Python: future.exception().
///
/// # Safety
/// `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_payload(future: *mut pirn_future_t, out: *mut *mut c_void) -> pirn_status_t {
    on("pirn_future_payload", future, |future: &Future| {
        let out = required(out)?;
        let at_once = Timeout::from_seconds(0.0)?.deadline();
        let Ok(Some(failure)) = future.exception(at_once) else {
            return Err(Error::InvalidState.into());
        };
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, failure.payload()) };
        Ok(())
    })
}

/// Has a function called when the future is over: finished or cancelled.
///
/// @param future    the future
/// @param fn        the function
/// @param arg       its second argument
/// @param arg_free  called once with arg: after fn has returned, when the future goes without ever being over, or when this call
///                  fails; may be NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. The functions of one future are called in the order in which they were added, each once, by the thread that
/// finishes or cancels it; if it is over already, at once by the caller. They may do anything: add others, read the result, free
/// the program's handle of the future. Python: future.add_done_callback(fn).
///
/// # Safety
/// `fn` and `arg_free` may be called with `arg` on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_add_done_callback(
    future: *mut pirn_future_t,
    r#fn: pirn_done_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
) -> pirn_status_t {
    let arg = argument(arg, arg_free);
    on("pirn_future_add_done_callback", future, |future: &Future| {
        Ok(future.add_done_callback(done_callback(r#fn, arg)?)?)
    })
}

fn done_callback(function: pirn_done_fn, arg: Arg) -> Result<DoneCallback, Error> {
    type Done = unsafe extern "C" fn(*mut pirn_future_t, *mut c_void);
    type MayUnwind = unsafe extern "C-unwind" fn(*mut pirn_future_t, *mut c_void);
    let function = function.ok_or(Error::InvalidArgument)?;
    // SAFETY: the same type, but for what the compiler takes as given.
    let function = unsafe { transmute::<Done, MayUnwind>(function) };
    Ok(Box::new(move |future: &Future| {
        // A handle of its own: the program's may have been freed. Without memory for one, NULL, which is no handle.
        let borrowed = Opened::new(Arc::new(Alias(future.clone()))).ok();
        let handle = borrowed.as_ref().map_or(core::ptr::null_mut(), Opened::as_ptr);
        let call = || {
            // SAFETY: the promise of pirn_future_add_done_callback.
            unsafe { function(handle, arg.as_ptr()) };
            0
        };
        // What it raises is not for the callback that the thread may be in.
        _ = callback::run(call);
    }))
}

/// For the owner of a free-standing future, before the work begins: marks it as running, or takes note that it was cancelled.
///
/// @param future  the future
/// @param run     gets true if it is running now; false if it was cancelled, and the work is not to be done
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_STATE    it is running, finished, or cancelled and notified already
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `run` is NULL
///
/// Does not block. A running future cannot be cancelled. When it was cancelled, pirn_wait and pirn_as_completed_next are
/// told now. Called for an executor's future that is pending, it takes the future from the executor: its task will not run.
/// Python: future.set_running_or_notify_cancel().
///
/// # Safety
/// `run` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_set_running_or_notify_cancel(
    future: *mut pirn_future_t,
    run: *mut bool,
) -> pirn_status_t {
    let question = |future: &Future| Ok(future.set_running_or_notify_cancel()?);
    // SAFETY: the caller's promise.
    unsafe { ask("pirn_future_set_running_or_notify_cancel", future, run, question) }
}

/// Finishes the future with a result.
///
/// @param future  the future; pending or running
/// @param result  the result, which the future does not look into
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_STATE it is finished or cancelled; the result stays the caller's
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Wakes all who wait, then runs the done callbacks on the calling thread. What was done before is seen by
/// who sees the future finished. For an executor's future that is pending its task will not run; if that is running, its
/// result is dropped.
/// Python: future.set_result(result).
#[unsafe(no_mangle)]
pub extern "C" fn pirn_future_set_result(future: *mut pirn_future_t, result: *mut c_void) -> pirn_status_t {
    on("pirn_future_set_result", future, |future: &Future| Ok(future.set_result(Value(result))?))
}

/// Finishes the future with a failure.
///
/// @param future   the future; pending or running
/// @param code     says what failed; not 0
/// @param message  UTF-8 text, copied; NULL for none
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_STATE    it is finished or cancelled
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `code` is 0
/// @return PIRN_ERR_NO_MEMORY        there is none for the message; the future is as before
///
/// Does not block; as pirn_future_set_result. Python: future.set_exception(exception).
///
/// # Safety
/// `message` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_set_exception(
    future: *mut pirn_future_t,
    code: i32,
    message: *const c_char,
) -> pirn_status_t {
    on("pirn_future_set_exception", future, |future: &Future| {
        if code == 0 {
            return Err(Error::InvalidArgument.into());
        }
        // SAFETY: the caller's promise.
        let message = (!message.is_null()).then(|| unsafe { CStr::from_ptr(message) });
        Ok(future.set_exception(Failure::try_new(code, message)?)?)
    })
}

/// Finishes the future with a failure that carries an object: see pirn_raise_with.
///
/// @param future        the future; pending or running
/// @param code          says what failed; not 0
/// @param message       UTF-8 text, copied; NULL for none
/// @param payload       the object, which pirn_future_payload shows
/// @param payload_free  called once with payload: when the future goes, or when this call fails; may be NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_STATE    it is finished or cancelled
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `code` is 0
/// @return PIRN_ERR_NO_MEMORY        as for pirn_future_set_exception
///
/// Does not block; as pirn_future_set_result. Python: future.set_exception(exception).
///
/// # Safety
/// `message` is NULL or NUL-terminated; `payload_free` may be called with `payload` on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_set_exception_with(
    future: *mut pirn_future_t,
    code: i32,
    message: *const c_char,
    payload: *mut c_void,
    payload_free: pirn_free_fn,
) -> pirn_status_t {
    let payload = argument(payload, payload_free);
    on("pirn_future_set_exception_with", future, |future: &Future| {
        if code == 0 {
            return Err(Error::InvalidArgument.into());
        }
        // SAFETY: the caller's promise.
        let message = (!message.is_null()).then(|| unsafe { CStr::from_ptr(message) });
        Ok(future.set_exception(Failure::try_new(code, message)?.with_payload(payload))?)
    })
}

/// Makes the result the future's own: it is given back when nothing uses the future any more.
///
/// @param future       the future, in any state
/// @param result_free  called once with the result, if there will be one; NULL for the result to be the program's again
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block. Python: none; there the last reference to the result does it.
///
/// # Safety
/// `result_free` may be called with the result on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_future_set_result_free(
    future: *mut pirn_future_t,
    result_free: pirn_free_fn,
) -> pirn_status_t {
    on("pirn_future_set_result_free", future, |future: &Future| {
        // SAFETY: the caller's promise.
        unsafe { future.set_result_free(result_free) };
        Ok(())
    })
}

/// The futures behind an array of handles.
///
/// # Safety
/// `futures` is NULL or valid for `n` reads.
unsafe fn pinned(futures: *const *mut pirn_future_t, n: usize) -> Result<Vec<Future>, Error> {
    if futures.is_null() && n > 0 {
        return Err(Error::InvalidArgument);
    }
    let mut found = fallible::with_capacity(n)?;
    for index in 0..n {
        // SAFETY: the caller's promise.
        let handle = Handle::from_ptr(unsafe { *futures.add(index) });
        found.push(find(handle)?);
    }
    Ok(found)
}

/// What a wait for several comes to, as hooks are told.
struct Outcome(Result<Waited, Error>);

impl HasStatus for Outcome {
    fn status(&self) -> pirn_status_t {
        self.0.as_ref().map_or_else(|error| error.code(), HasStatus::status)
    }
}

/// Waits for several futures, of one executor, of several, or free-standing.
///
/// @param futures      the futures; a duplicate counts once. May be NULL if `n` is 0
/// @param n            how many
/// @param return_when  PIRN_FIRST_COMPLETED: when one is done; PIRN_FIRST_EXCEPTION: when one has failed (a cancelled one
///                     has not), or all are done; PIRN_ALL_COMPLETED: when all are done
/// @param seconds      the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @param done         gets `n` flags, whether the future at that place is done; written on PIRN_TIMED_OUT too; may be NULL
/// @param n_done       gets how many futures are done, each counted once; written on PIRN_TIMED_OUT too; may be NULL
/// @return PIRN_OK        it found what it waited for; at once if `n` is 0
/// @return PIRN_TIMED_OUT the limit passed first
/// @return PIRN_ERR_INVALID_HANDLE   one of them is no future; nothing was waited for
/// @return PIRN_ERR_INVALID_ARGUMENT `futures` is NULL and `n` is not 0, `return_when` is none of the three, or `seconds` is
///                                   NaN or negative (and not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
/// @return PIRN_ERR_DEADLOCK         there is no limit, and what it waits for needs a future whose task the calling thread runs
/// @return PIRN_ERR_NO_THREAD        there is no limit; otherwise as for pirn_future_result
/// @return PIRN_ERR_NO_MEMORY
///
/// Blocks. Done means finished, or cancelled and notified (see pirn_future_cancel). Called by a task for futures of its own
/// executor, it may have the executor start a thread more while it waits. What the completing threads did before is seen.
/// The handles may be freed meanwhile. Python: concurrent.futures.wait(futures, seconds, return_when).
///
/// # Safety
/// `futures` is NULL or valid for `n` reads, `done` NULL or valid for `n` writes, `n_done` NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_wait(
    futures: *const *mut pirn_future_t,
    n: usize,
    return_when: i32,
    seconds: f64,
    done: *mut bool,
    n_done: *mut usize,
) -> pirn_status_t {
    guard("pirn_wait", || {
        let when = match return_when {
            PIRN_FIRST_COMPLETED => ReturnWhen::FirstCompleted,
            PIRN_FIRST_EXCEPTION => ReturnWhen::FirstException,
            PIRN_ALL_COMPLETED => ReturnWhen::AllCompleted,
            _ => return Err(Error::InvalidArgument.into()),
        };
        let deadline = Timeout::from_seconds(seconds)?.deadline();
        // SAFETY: the caller's promise.
        let futures = unsafe { pinned(futures, n)? };
        let first = futures.first().map_or(0, |future| future.id());
        let wait = |deadline| Outcome(exec::wait(&futures, when, deadline));
        let waited = hooks::wait(Subject::new(Kind::Future, first), deadline, wait).0?;
        if let Some(error) = waited.refused {
            return Err(error.into());
        }
        if !done.is_null() {
            for (index, &flag) in waited.done.iter().enumerate() {
                // SAFETY: `index` is below `n`.
                unsafe { done.add(index).write(flag) };
            }
        }
        if !n_done.is_null() {
            // SAFETY: not NULL, and the caller's promise.
            unsafe { write_out(n_done, waited.n_done) };
        }
        if waited.complete { Ok(()) } else { Err(Error::TimedOut.into()) }
    })
}

/// Makes an iteration over futures as they get done.
///
/// @param futures  the futures; a duplicate is given out once, as the first. May be NULL if `n` is 0. The array is not used
///                 any more after the call, and the handles may be freed
/// @param n        how many
/// @param seconds  the limit for the whole iteration, counted from now: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
/// @param out      where the handle goes; the caller frees it with pirn_as_completed_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE   one of them is no future
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL, `futures` is NULL and `n` is not 0, or `seconds` is NaN or negative (and
///                                   not -1)
/// @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: concurrent.futures.as_completed(futures, seconds).
///
/// # Safety
/// `futures` is NULL or valid for `n` reads, `out` NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_as_completed(
    futures: *const *mut pirn_future_t,
    n: usize,
    seconds: f64,
    out: *mut *mut pirn_as_completed_t,
) -> pirn_status_t {
    let make = || {
        let deadline = Timeout::from_seconds(seconds)?.deadline();
        // SAFETY: the caller's promise.
        let futures = unsafe { pinned(futures, n)? };
        Ok(Arc::new(AsCompleted::new(&futures, deadline)?))
    };
    // SAFETY: the caller's promise.
    unsafe { create("pirn_as_completed", out, make) }
}

/// Waits for the next future that is done: first those that were done at the pirn_as_completed, in the order of the array,
/// then the others in the order in which they get done.
///
/// @param it     the iteration
/// @param index  gets the future's place in the array
/// @return PIRN_OK
/// @return PIRN_END       all have been given out
/// @return PIRN_TIMED_OUT the limit of the iteration has passed, and none is done that was not given out; a later call may
///                        find one
/// @return PIRN_ERR_DEADLOCK  there is no limit, and the calling thread runs the tasks of all futures that are left. A later call goes on
/// @return PIRN_ERR_NO_THREAD there is no limit; otherwise as for pirn_future_result. A later call goes on
/// @return PIRN_ERR_INVALID_HANDLE
/// @return PIRN_ERR_INVALID_ARGUMENT `index` is NULL
///
/// Blocks. Several threads may share an iteration: each future goes to one of them, and those who wait are served in the
/// order in which they came. Done means what it does for pirn_wait, and memory is ordered likewise. A future that has been
/// given out is not kept alive any longer. Python: next() on the iterator.
///
/// # Safety
/// `index` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_as_completed_next(it: *mut pirn_as_completed_t, index: *mut usize) -> pirn_status_t {
    let next = |it: &Arc<AsCompleted>| {
        let first = Subject::new(Kind::Future, it.first());
        Ok(hooks::wait_unless(first, || it.is_ready(), || it.next())?)
    };
    // SAFETY: the caller's promise.
    unsafe { object::ask("pirn_as_completed_next", it, index, next) }
}

/// Lets go of an iteration. The futures are as they were; a thread that waits in pirn_as_completed_next goes on.
///
/// @param it  the iteration, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block and is never busy. Python: the end of a reference.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_as_completed_free(it: *mut pirn_as_completed_t) -> pirn_status_t {
    free::<AsCompleted, _>("pirn_as_completed_free", it)
}

#[cfg(test)]
mod tests;
