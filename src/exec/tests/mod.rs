//! Tests of the layer as a whole, by topic.

mod fork;
mod future;
mod map;
mod nested;
mod pool;
mod stress;
mod wait;

use super::Value;
use crate::callback::{Arg, CallError, Failure, Task, raise};
use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

type Closure = Box<dyn FnMut() -> Result<usize, Failure> + Send>;

/// A task that is a closure; its argument is the closure, so that its captures go when the argument is given back.
fn task(closure: impl FnMut() -> Result<usize, Failure> + Send + 'static) -> Task {
    unsafe extern "C" fn call(arg: *mut c_void, result: *mut *mut c_void) -> i32 {
        // SAFETY: `arg` is the box made below, used by one thread at a time.
        match unsafe { (*arg.cast::<Closure>())() } {
            Ok(value) => {
                // SAFETY: a valid place.
                unsafe { result.write(core::ptr::without_provenance_mut(value)) };
                0
            }
            Err(failure) => raise(failure.code(), Some(failure.message())),
        }
    }
    unsafe extern "C" fn free(arg: *mut c_void) {
        // SAFETY: made below, freed once.
        drop(unsafe { Box::from_raw(arg.cast::<Closure>()) });
    }
    let closure: Box<Closure> = Box::new(Box::new(closure));
    // SAFETY: the functions take the box.
    unsafe { Task::new(call, Arg::new(Box::into_raw(closure).cast(), Some(free))) }
}

fn value(number: usize) -> Value {
    Value(core::ptr::without_provenance_mut(number))
}

fn failed(code: i32) -> CallError {
    CallError::Failed(Failure::new(code, Some(c"failed on purpose")))
}

fn failure(code: i32) -> Failure {
    Failure::new(code, Some(c"failed on purpose"))
}

/// Counts up when it is dropped.
struct Given(Arc<AtomicUsize>);

impl Drop for Given {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Waits for a state that nothing notifies of.
fn until(state: impl Fn() -> bool) {
    while !state() {
        std::thread::yield_now();
    }
}

fn counter() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}

fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}
