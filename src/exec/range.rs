//! Parallel for: a function over the parts of a range of numbers.
//!
//! The calling thread takes part, and asks the pool for others, which come when they can: a task each, which takes pieces until
//! there are none. The call waits for pieces that others have begun, never for a task that has not started; those are
//! cancelled, or find nothing to do. So it ends whatever the pool's workers do, also in a task of a pool of one worker, and
//! inside itself.
//!
//! The function and its argument are the caller's and are gone when the call has returned. No task touches them after that: it
//! does so with a piece in its hands only, and the call does not return before that piece is done.

use super::executor::Executor;
use super::split::Split;
use super::worker::{self, Lent, Retries};
use crate::callback::{Arg, CallError, Failure, Range, Task};
use crate::identity::Kind;
use crate::park::{Deadline, Mutex};
use crate::status::Error;
use crate::sys::{allocator, fork, processors};
use crate::thread::hooks::{self, Subject};
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Numbers `begin..end` as units, which a share can count in 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Units {
    begin: usize,
    end: usize,
    /// How many numbers a unit has; the last may have fewer.
    each: usize,
    /// How many a call gets at most. Divides `each`; 0 if a call gets what a thread takes.
    grain: usize,
}

impl Units {
    fn new(begin: usize, end: usize, grain: usize) -> Units {
        let calls = (end - begin).div_ceil(grain.max(1));
        // No overflow: it is more than `grain` only where there are more calls than fit, and then not much more than all there is.
        let each = grain.max(1) * calls.div_ceil(u32::MAX as usize).max(1);
        Units { begin, end, each, grain }
    }

    fn len(&self) -> u32 {
        (self.end - self.begin).div_ceil(self.each) as u32
    }

    /// Calls `call` for the numbers of the units `first..last`, as long as it gives true.
    fn for_each(&self, first: u32, last: u32, mut call: impl FnMut(usize, usize) -> bool) {
        let at = |unit: u32| match (unit as usize).checked_mul(self.each) {
            Some(numbers) if numbers < self.end - self.begin => self.begin + numbers,
            _ => self.end,
        };
        let (mut from, to) = (at(first), at(last));
        while from < to {
            let until = if self.grain == 0 || to - from <= self.grain { to } else { from + self.grain };
            if !call(from, until) {
                return;
            }
            from = until;
        }
    }
}

/// A call under way.
struct Loop {
    split: Split,
    units: Units,
    body: Range,
    /// Pieces are no longer run, only counted off.
    failed: AtomicBool,
    /// The first failure.
    failure: Mutex<Option<Failure>>,
}

impl Loop {
    fn work(&self) {
        // Relaxed: who looks too early runs one more piece. The failure itself is under its lock.
        let go_on = || !self.failed.load(Ordering::Relaxed);
        self.split.work(|first, last| {
            self.units.for_each(first, last, |begin, end| go_on() && self.run(begin, end));
        });
    }

    fn run(&self, begin: usize, end: usize) -> bool {
        let Err(failure) = self.body.run(begin, end) else { return true };
        self.failed.store(true, Ordering::Relaxed);
        self.failure.lock().get_or_insert(failure);
        false
    }

    /// A task that takes part.
    fn helper(self: &Arc<Loop>) -> Task {
        unsafe extern "C" fn call(arg: *mut c_void, _: *mut *mut c_void) -> i32 {
            // SAFETY: the reference that the task owns.
            unsafe { &*arg.cast::<Loop>() }.work();
            0
        }
        unsafe extern "C" fn free(arg: *mut c_void) {
            // SAFETY: as above, given up once.
            drop(unsafe { Arc::from_raw(arg.cast::<Loop>()) });
        }
        let arg = Arc::into_raw(self.clone()).cast_mut().cast();
        // SAFETY: the functions take a reference, and a `Loop` may be used on any thread.
        unsafe { Task::new(call, Arg::new(arg, Some(free))) }
    }
}

impl Executor {
    /// Runs `body` for the numbers `begin..end`, `grain` at a time (0: as many as suits), on as many threads as the pool may have
    /// workers, and not more than there are processors; the calling thread is one of them. Returns when all is done: the first
    /// failure, after which no call is begun; `InvalidArgument` if `begin` is above `end`, `ShutDown`, `BrokenExecutor`;
    /// `Cancelled` in a child of a fork that `body` called, where what other threads had begun is not finished.
    pub fn for_range(&self, begin: usize, end: usize, grain: usize, body: Range) -> Result<(), CallError> {
        if begin > end {
            return Err(Error::InvalidArgument.into());
        }
        self.check_open()?;
        let units = Units::new(begin, end, grain);
        // More threads than processors would only take turns.
        let threads = processors().min(self.max_workers()).min(units.len() as usize);
        if threads <= 1 {
            return alone(&units, &body);
        }
        allocator::check()?;
        let epoch = fork::epoch();
        let split = Split::new(units.len(), threads, grain != 0);
        let (failed, failure) = (AtomicBool::new(false), Mutex::new(None));
        let work = Arc::new(Loop { split, units, body, failed, failure });
        // Without help it is done by this thread alone; and it does not wait for room to ask.
        let helpers: Vec<_> = (1..threads).map_while(|_| self.try_submit(work.helper()).ok()).collect();
        work.work();
        for helper in &helpers {
            helper.cancel();
        }
        if !work.split.is_over() {
            if epoch != fork::epoch() {
                return Err(Error::Cancelled.into());
            }
            let executor = Subject::new(Kind::Executor, self.pool().id());
            hooks::wait_unless(executor, || work.split.is_over(), || self.wait_in_task(&work.split));
        }
        let failure = work.failure.lock().take();
        failure.map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Until all of it is done. A worker of the pool lends its place meanwhile.
    fn wait_in_task(&self, split: &Split) {
        let mut place = worker::lend_if_home([Arc::as_ptr(self.pool())]);
        let mut retries = Retries::default();
        loop {
            let until = place.as_ref().map_or(Deadline::NEVER, |place| place.stay(Deadline::NEVER, &mut retries));
            if split.wait(until).is_ok() {
                return;
            }
            place.as_mut().into_iter().for_each(Lent::look_again);
        }
    }
}

fn alone(units: &Units, body: &Range) -> Result<(), CallError> {
    let mut outcome = Ok(());
    units.for_each(0, units.len(), |begin, end| {
        outcome = body.run(begin, end);
        outcome.is_ok()
    });
    Ok(outcome?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calls that the units make, in order.
    fn calls(units: Units) -> Vec<(usize, usize)> {
        let mut calls = Vec::new();
        units.for_each(0, units.len(), |begin, end| {
            calls.push((begin, end));
            true
        });
        calls
    }

    #[test]
    fn a_grain_is_what_a_call_gets() {
        assert_eq!(calls(Units::new(3, 10, 3)), [(3, 6), (6, 9), (9, 10)]);
        assert_eq!(calls(Units::new(3, 10, 7)), [(3, 10)]);
        assert_eq!(calls(Units::new(3, 10, usize::MAX)), [(3, 10)]);
        assert_eq!(calls(Units::new(3, 10, 0)), [(3, 10)]);
        assert_eq!(calls(Units::new(3, 3, 0)), []);
        assert_eq!(calls(Units::new(usize::MAX - 2, usize::MAX, 1)).len(), 2);
    }

    #[test]
    fn a_range_of_any_length_has_as_many_units_as_can_be_counted() {
        for grain in [0, 1, 3, usize::MAX / 5, usize::MAX] {
            let units = Units::new(0, usize::MAX, grain);
            let last = units.len();
            let (mut first_call, mut last_call) = (None, None);
            units.for_each(0, 1, |begin, end| {
                first_call = Some((begin, end));
                false
            });
            units.for_each(last - 1, last, |begin, end| {
                last_call = Some((begin, end));
                end - begin > 1 << 20
            });
            assert_eq!(first_call.unwrap().0, 0, "grain {grain}");
            let (begin, end) = last_call.unwrap();
            assert!(begin < end, "grain {grain}");
            assert!(grain == 0 || end - begin <= grain, "grain {grain}");
        }
    }
}
