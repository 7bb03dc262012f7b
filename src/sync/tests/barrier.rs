use super::super::Barrier;
use super::{Random, on_threads, scaled, seconds, until};
use crate::Timeout;
use crate::callback::{CallError, Failure, Target};
use crate::status::Error;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

const NEVER: Timeout = Timeout::NEVER;

fn barrier(parties: usize) -> Barrier {
    Barrier::new(parties, None, NEVER).unwrap()
}

fn broken<T>() -> Result<T, CallError> {
    Err(Error::BrokenBarrier.into())
}

/// An action that runs a closure each time.
fn action(closure: impl Fn() -> Result<(), Failure> + Send + Sync + 'static) -> Target {
    unsafe extern "C" fn call(arg: *mut core::ffi::c_void) -> i32 {
        // SAFETY: made below, and not yet freed.
        let closure = unsafe { &*arg.cast::<Closure>() };
        closure().map_or_else(|failure| failure.code(), |()| 0)
    }
    unsafe extern "C" fn free(arg: *mut core::ffi::c_void) {
        // SAFETY: made by `Box::into_raw` below, and freed once.
        drop(unsafe { Box::from_raw(arg.cast::<Closure>()) });
    }
    type Closure = Box<dyn Fn() -> Result<(), Failure> + Send + Sync>;
    let arg = Box::into_raw(Box::new(Box::new(closure) as Closure)).cast();
    // SAFETY: `call` and `free` take what `arg` points to, on any thread.
    unsafe { Target::new(call as _, crate::callback::Arg::new(arg, Some(free))) }
}

/// A barrier whose action is shown the barrier.
fn acting_barrier(
    parties: usize,
    act: impl Fn(&Barrier) -> Result<(), Failure> + Send + Sync + 'static,
) -> Arc<Barrier> {
    let shown: Arc<OnceLock<Weak<Barrier>>> = Arc::default();
    let seen = shown.clone();
    let target = action(move || act(&seen.get().unwrap().upgrade().unwrap()));
    let barrier = Arc::new(Barrier::new(parties, Some(target), NEVER).unwrap());
    shown.set(Arc::downgrade(&barrier)).unwrap();
    barrier
}

#[test]
fn parties() {
    for none in [0, isize::MAX as usize + 1, usize::MAX] {
        assert_eq!(Barrier::new(none, None, NEVER).unwrap_err(), Error::InvalidArgument);
    }
    for some in [1, 2, isize::MAX as usize] {
        assert_eq!(barrier(some).parties(), Ok(some));
    }
}

#[test]
fn one_party_never_waits() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let count = action(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let barrier = Barrier::new(1, Some(count), NEVER).unwrap();
    for round in 1..=3 {
        assert_eq!(barrier.wait_timeout(seconds(0.0)), Ok(0));
        assert_eq!(runs.load(Ordering::Relaxed), round);
    }
}

/// Rounds of all threads: the indices of each are all different, the action runs once in each, before anyone goes on.
fn rounds(threads: usize, rounds: usize) {
    let actions = Arc::new(AtomicUsize::new(0));
    let counted = actions.clone();
    let count = action(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let barrier = Barrier::new(threads, Some(count), NEVER).unwrap();
    let indices: Vec<AtomicUsize> = (0..rounds).map(|_| AtomicUsize::new(0)).collect();
    on_threads(threads, |_| {
        for (round, sum) in indices.iter().enumerate() {
            sum.fetch_add(1 + barrier.wait().unwrap(), Ordering::Relaxed);
            assert!(actions.load(Ordering::Relaxed) > round);
        }
    });
    assert_eq!(actions.load(Ordering::Relaxed), rounds);
    assert!(indices.into_iter().all(|sum| sum.into_inner() == threads * (threads + 1) / 2));
    assert_eq!((barrier.n_waiting(), barrier.broken()), (Ok(0), Ok(false)));
}

#[test]
fn rounds_of_all_threads() {
    rounds(4, scaled(2_000));
}

#[test]
fn oversubscribed() {
    rounds(64, scaled(30));
}

/// More threads than parties: whoever comes while a round drains gets into a later one, and nobody breaks anything.
#[test]
fn more_threads_than_parties() {
    const ROUNDS: usize = 500;
    const PARTIES: usize = 3;
    let barrier = barrier(PARTIES);
    let through = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    on_threads(4 * PARTIES, |_| {
        while barrier.wait().is_ok() {
            if through.fetch_add(1, Ordering::Relaxed) >= PARTIES * ROUNDS {
                // Those who are left may be fewer than a round.
                over.store(true, Ordering::Relaxed);
                barrier.abort().unwrap();
            }
        }
        assert!(over.load(Ordering::Relaxed));
    });
}

#[test]
fn a_limit_breaks_it_for_all() {
    let barrier = barrier(3);
    on_threads(2, |thread| {
        if thread == 0 {
            until(|| barrier.n_waiting() == Ok(1));
            assert_eq!(barrier.wait_timeout(seconds(0.001)), broken());
        } else {
            assert_eq!(barrier.wait(), broken());
        }
    });
    assert_eq!((barrier.broken(), barrier.n_waiting()), (Ok(true), Ok(0)));
    assert_eq!(barrier.wait(), broken(), "at once");
    barrier.reset().unwrap();
    assert_eq!(barrier.broken(), Ok(false));
    on_threads(3, |_| assert!(barrier.wait().is_ok()));
    assert_eq!(barrier.wait_timeout(seconds(0.0)), broken(), "0 is a limit like any other");
}

#[test]
fn the_default_limit() {
    let barrier = Barrier::new(2, None, seconds(0.001)).unwrap();
    assert_eq!(barrier.wait(), broken());
    barrier.reset().unwrap();
    // One of its own counts instead.
    on_threads(2, |thread| {
        if thread == 0 {
            assert_eq!(barrier.wait_timeout(NEVER), Ok(0));
        } else {
            until(|| barrier.n_waiting() == Ok(1));
            assert_eq!(barrier.wait_timeout(NEVER), Ok(1));
        }
    });
}

#[test]
fn a_reset_sends_away_who_waits() {
    let barrier = barrier(3);
    on_threads(3, |thread| {
        if thread == 2 {
            until(|| barrier.n_waiting() == Ok(2));
            barrier.reset().unwrap();
            assert_eq!(barrier.broken(), Ok(false));
        } else {
            assert_eq!(barrier.wait(), broken());
        }
        // At once again, though the others may not have left.
        assert!(barrier.wait().is_ok());
    });
}

#[test]
fn an_abort_lasts() {
    let barrier = barrier(2);
    on_threads(2, |thread| {
        if thread == 0 {
            assert_eq!(barrier.wait(), broken());
        } else {
            until(|| barrier.n_waiting() == Ok(1));
            barrier.abort().unwrap();
        }
    });
    assert_eq!(barrier.wait(), broken());
    barrier.abort().unwrap();
    barrier.reset().unwrap();
    on_threads(2, |_| assert!(barrier.wait().is_ok()));
}

#[test]
fn a_failing_action() {
    let barrier = acting_barrier(3, |_| Err(Failure::new(9, None)));
    let (failed, broke) = (AtomicUsize::new(0), AtomicUsize::new(0));
    on_threads(3, |_| match barrier.wait() {
        Err(CallError::Failed(failure)) => {
            assert_eq!(failure.code(), 9);
            failed.fetch_add(1, Ordering::Relaxed);
        }
        other => {
            assert_eq!(other, broken());
            broke.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert_eq!((failed.into_inner(), broke.into_inner()), (1, 2));
    assert_eq!(barrier.broken(), Ok(true));
}

/// From inside the action all have come; a reset or an abort comes after it, and the later one counts.
#[test]
fn the_action_may_use_its_barrier() {
    type Call = fn(&Barrier) -> Result<(), Error>;
    let (reset, abort): (Call, Call) = (Barrier::reset, Barrier::abort);
    for (calls, code, is_broken) in [
        (vec![reset], 0, false),
        (vec![abort], 0, true),
        (vec![abort, reset], 0, false),
        (vec![reset, abort], 0, true),
        (vec![reset], 3, false),
    ] {
        let barrier = acting_barrier(2, move |barrier| {
            assert_eq!((barrier.n_waiting(), barrier.broken(), barrier.parties()), (Ok(2), Ok(false), Ok(2)));
            assert_eq!(barrier.close(), Err(Error::Busy));
            calls.iter().for_each(|call| call(barrier).unwrap());
            if code == 0 { Ok(()) } else { Err(Failure::new(code, None)) }
        });
        let failed = AtomicUsize::new(0);
        on_threads(2, |_| match barrier.wait() {
            Err(CallError::Failed(failure)) => {
                assert_eq!(failure.code(), code);
                failed.fetch_add(1, Ordering::Relaxed);
            }
            result => assert_eq!(result, broken()),
        });
        assert_eq!(failed.into_inner(), usize::from(code != 0));
        assert_eq!(barrier.broken(), Ok(is_broken));
    }
}

/// A limit that passes while the action runs breaks nothing.
#[test]
fn a_limit_that_passes_during_the_action() {
    let limit = 0.02;
    let timed_is_late = Arc::new(AtomicBool::new(false));
    let late = timed_is_late.clone();
    let barrier = Barrier::new(
        2,
        Some(action(move || {
            until(|| late.load(Ordering::Relaxed));
            Ok(())
        })),
        NEVER,
    )
    .unwrap();
    on_threads(3, |thread| match thread {
        0 => assert_eq!(barrier.wait_timeout(seconds(limit)), Ok(0)),
        1 => {
            until(|| barrier.n_waiting() == Ok(1));
            assert_eq!(barrier.wait(), Ok(1));
        }
        _ => {
            until(|| barrier.n_waiting() == Ok(2));
            // Everybody is here; the limit, which began before, has passed when this much time has.
            let end = std::time::Instant::now() + std::time::Duration::from_secs_f64(2.0 * limit);
            until(|| std::time::Instant::now() >= end);
            timed_is_late.store(true, Ordering::Relaxed);
        }
    });
    assert_eq!(barrier.broken(), Ok(false));
}

/// Waits with limits of any length, resets and aborts at any moment: no round gives out more than its parties, nobody hangs, and
/// what is left works.
#[test]
fn random_operations() {
    const PARTIES: usize = 4;
    let actions = Arc::new(AtomicUsize::new(0));
    let counted = actions.clone();
    let count = action(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let barrier = Barrier::new(PARTIES, Some(count), NEVER).unwrap();
    let enough = scaled(2_000);
    let passed = AtomicUsize::new(0);
    on_threads(2 * PARTIES + 1, |thread| {
        let mut random = Random::new(thread);
        while passed.load(Ordering::Relaxed) < enough {
            if thread == 2 * PARTIES {
                match random.below(64) {
                    0 => barrier.abort().unwrap(),
                    1 => barrier.reset().unwrap(),
                    _ => assert!(barrier.n_waiting().unwrap() <= PARTIES),
                }
                std::thread::yield_now();
                continue;
            }
            match barrier.wait_timeout(random.timeout(5_000)) {
                Ok(index) => {
                    assert!(index < PARTIES);
                    passed.fetch_add(1, Ordering::Relaxed);
                }
                result => {
                    assert_eq!(result, broken());
                    if random.below(4) == 0 {
                        barrier.reset().unwrap();
                    }
                }
            }
        }
    });
    let (passed, actions) = (passed.into_inner(), actions.load(Ordering::Relaxed));
    assert!(passed <= actions * PARTIES, "{passed} in {actions} rounds");
    barrier.reset().unwrap();
    on_threads(PARTIES, |_| assert!(barrier.wait().is_ok()));
}

#[test]
fn closed() {
    let barrier = barrier(2);
    on_threads(2, |thread| {
        if thread == 0 {
            barrier.wait().unwrap();
        } else {
            until(|| barrier.n_waiting() == Ok(1));
            assert_eq!(barrier.close(), Err(Error::Busy));
            barrier.wait().unwrap();
            // The other one may not have left yet.
            barrier.close().unwrap();
        }
    });
    assert_eq!(barrier.close(), Err(Error::InvalidHandle));
    assert_eq!(barrier.wait(), Err(Error::InvalidHandle.into()));
    assert_eq!(barrier.reset(), Err(Error::InvalidHandle));
    assert_eq!(barrier.abort(), Err(Error::InvalidHandle));
    assert_eq!(barrier.parties(), Err(Error::InvalidHandle));
    assert_eq!(barrier.n_waiting(), Err(Error::InvalidHandle));
    assert_eq!(barrier.broken(), Err(Error::InvalidHandle));
}
