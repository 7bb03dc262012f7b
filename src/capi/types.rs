//! Types that several headers share.

use core::ffi::{c_int, c_void};

pub use crate::status::pirn_status_t;

/// "No limit", as a number of seconds. (+infinity means the same.)
pub const PIRN_FOREVER: f64 = -1.0;
/// The largest time limit, in seconds. More is `PIRN_ERR_OVERFLOW`.
pub const PIRN_TIMEOUT_MAX: f64 = 9223372036.0;
/// The code of a callback that ends with nothing to report: it is ignored silently, as Python does with SystemExit.
pub const PIRN_EXIT: i32 = i32::MIN;

/// A thread's target, an initializer, a shutdown callback. 0 is success.
pub type pirn_target_fn = Option<unsafe extern "C" fn(arg: *mut c_void) -> i32>;
/// A task of an executor. 0 is success; `*result`, NULL at the call, is the task's result.
pub type pirn_task_fn = Option<unsafe extern "C" fn(arg: *mut c_void, result: *mut *mut c_void) -> i32>;
/// The body of a parallel for, called with the begin and the end of a part of the range. 0 is success.
pub type pirn_range_fn = Option<unsafe extern "C" fn(begin: usize, end: usize, arg: *mut c_void) -> i32>;
/// What a condition waits for: whether it holds, asked with the condition's lock held.
pub type pirn_predicate_fn = Option<unsafe extern "C" fn(arg: *mut c_void) -> Flag>;
/// Which of two items comes first: negative for `a`, positive for `b`, 0 for the one that came first.
pub type pirn_compare_fn = Option<unsafe extern "C" fn(a: *const c_void, b: *const c_void, ctx: *mut c_void) -> c_int>;
/// Gives an argument, an item or a result back to its owner.
pub type pirn_free_fn = Option<unsafe extern "C" fn(arg: *mut c_void)>;

/// An incoming C `bool`. C allows 0 and 1 only, but callers in other languages may pass any byte, and a Rust `bool` of 2 would
/// be undefined behaviour.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct Flag(u8);

impl Flag {
    /// Anything but 0 is true.
    pub fn get(self) -> bool {
        self.0 != 0
    }
}

/// A handle to a lock. See pirn/lock.h.
#[derive(Debug)]
pub struct pirn_lock_t {
    _opaque: [u8; 0],
}

/// A handle to an rlock. See pirn/rlock.h.
#[derive(Debug)]
pub struct pirn_rlock_t {
    _opaque: [u8; 0],
}

/// A handle to a condition. See pirn/condition.h.
#[derive(Debug)]
pub struct pirn_condition_t {
    _opaque: [u8; 0],
}

/// A handle to a semaphore, bounded or not. See pirn/semaphore.h.
#[derive(Debug)]
pub struct pirn_semaphore_t {
    _opaque: [u8; 0],
}

/// A handle to an event. See pirn/event.h.
#[derive(Debug)]
pub struct pirn_event_t {
    _opaque: [u8; 0],
}

/// A handle to a barrier. See pirn/barrier.h.
#[derive(Debug)]
pub struct pirn_barrier_t {
    _opaque: [u8; 0],
}

/// A handle to a thread. See pirn/thread.h.
#[derive(Debug)]
pub struct pirn_thread_t {
    _opaque: [u8; 0],
}

/// A handle to thread-local data. See pirn/local.h.
#[derive(Debug)]
pub struct pirn_local_t {
    _opaque: [u8; 0],
}

/// A handle to a timer. See pirn/timer.h.
#[derive(Debug)]
pub struct pirn_timer_t {
    _opaque: [u8; 0],
}

/// A handle to a queue. See pirn/queue.h.
#[derive(Debug)]
pub struct pirn_queue_t {
    _opaque: [u8; 0],
}

/// A handle to an executor. See pirn/executor.h.
#[derive(Debug)]
pub struct pirn_executor_t {
    _opaque: [u8; 0],
}

/// A handle to the results of a `pirn_executor_map`. See pirn/executor.h.
#[derive(Debug)]
pub struct pirn_map_t {
    _opaque: [u8; 0],
}

/// A handle to a future. See pirn/future.h.
#[derive(Debug)]
pub struct pirn_future_t {
    _opaque: [u8; 0],
}

/// A handle to an iteration over futures as they complete. See pirn/future.h.
#[derive(Debug)]
pub struct pirn_as_completed_t {
    _opaque: [u8; 0],
}
