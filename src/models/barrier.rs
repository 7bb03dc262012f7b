//! Barrier.

use super::{Watched, model};
use crate::Timeout;
use crate::callback::{Arg, CallError, Target};
use crate::status::Error;
use crate::sync::Barrier;
use crate::sys::futex;
use core::ffi::c_void;
use loom::sync::Arc;
use loom::thread;

const NEVER: Timeout = Timeout::NEVER;

fn barrier(parties: usize) -> Arc<Barrier> {
    Arc::new(Barrier::new(parties, None, NEVER).unwrap())
}

fn wait(barrier: &Arc<Barrier>, timeout: Timeout) -> thread::JoinHandle<Result<usize, CallError>> {
    let barrier = barrier.clone();
    thread::spawn(move || barrier.wait_timeout(timeout))
}

fn is_broken(result: &Result<usize, CallError>) -> bool {
    *result == Err(Error::BrokenBarrier.into())
}

/// Two rounds of two threads: nobody overtakes, each round gives out 0 and 1, and in each a thread sees what the other did before.
#[test]
fn rounds_order_memory() {
    model(|| {
        let barrier = barrier(2);
        let numbers = [Watched::new(), Watched::new()];
        let work = |me: usize| {
            let (barrier, numbers) = (barrier.clone(), numbers.clone());
            move || {
                numbers[me].add(1);
                let first = barrier.wait().unwrap();
                assert_eq!(numbers[1 - me].get(), 1);
                let second = barrier.wait().unwrap();
                numbers[1 - me].add(1);
                [first, second]
            }
        };
        let other = thread::spawn(work(1));
        let mine = work(0)();
        let others = other.join().unwrap();
        for round in 0..2 {
            assert_eq!(mine[round] + others[round], 1);
        }
        assert_eq!([numbers[0].get(), numbers[1].get()], [2, 2]);
    });
}

/// Four threads, two parties: whoever comes while a round drains gets into the next, so that all get through.
#[test]
fn those_at_the_door_get_in() {
    model(|| {
        let barrier = barrier(2);
        let others = [wait(&barrier, NEVER), wait(&barrier, NEVER), wait(&barrier, NEVER)];
        let mut indices = vec![barrier.wait().unwrap()];
        indices.extend(others.into_iter().map(|other| other.join().unwrap().unwrap()));
        indices.sort();
        assert_eq!(indices, [0, 0, 1, 1]);
        assert_eq!(barrier.n_waiting(), Ok(0));
    });
}

/// A limit that passes at any point against the last arrival: both get through, or the barrier is broken for both.
#[test]
fn timeout_against_arrival() {
    model(|| {
        let barrier = barrier(2);
        let clock = thread::spawn(futex::expire);
        let timed = wait(&barrier, Timeout::from_seconds(1.0).unwrap());
        let mine = barrier.wait();
        let timed = timed.join().unwrap();
        clock.join().unwrap();
        assert_eq!(mine.is_ok(), timed.is_ok());
        assert!(mine.is_ok() || is_broken(&mine) && is_broken(&timed));
        assert_eq!(barrier.broken(), Ok(mine.is_err()));
    });
}

/// A reset at any point: who was sent away comes again, and the round fills. The barrier is usable at once.
#[test]
fn reset_against_arrival() {
    model(|| {
        let barrier = barrier(2);
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || {
                let first = barrier.wait();
                if is_broken(&first) { barrier.wait() } else { first }
            })
        };
        barrier.reset().unwrap();
        let mine = barrier.wait().unwrap();
        assert_eq!(mine + other.join().unwrap().unwrap(), 1);
        assert_eq!(barrier.broken(), Ok(false));
    });
}

/// An abort at any point: everybody comes back, nobody from a round that did not fill; a reset mends it.
#[test]
fn abort_against_arrival() {
    model(|| {
        let barrier = barrier(2);
        let others = [wait(&barrier, NEVER), wait(&barrier, NEVER)];
        barrier.abort().unwrap();
        assert_eq!(barrier.broken(), Ok(true));
        for other in others {
            let result = other.join().unwrap();
            assert!(result.is_ok() || is_broken(&result));
        }
        assert_eq!(barrier.broken(), Ok(true));
        barrier.reset().unwrap();
        let other = wait(&barrier, NEVER);
        assert_eq!(barrier.wait().unwrap() + other.join().unwrap().unwrap(), 1);
    });
}

/// The same while more come than the round takes: those who wait at the door come back, too.
#[test]
fn abort_opens_the_door() {
    model(|| {
        let barrier = barrier(2);
        let others = [wait(&barrier, NEVER), wait(&barrier, NEVER), wait(&barrier, NEVER)];
        barrier.abort().unwrap();
        let through = others.map(|other| other.join().unwrap()).iter().filter(|result| result.is_ok()).count();
        assert!(through <= 2);
    });
}

/// A limit that passes at any point, and then resets by both threads, at any point too: each may send the other away again, but
/// the round fills in the end, once both have left the one that was broken.
#[test]
fn resets_of_a_broken_barrier() {
    model(|| {
        let barrier = barrier(2);
        let clock = thread::spawn(futex::expire);
        let wait_again = |barrier: &Barrier, first: Result<usize, CallError>| {
            if !is_broken(&first) {
                return first.unwrap();
            }
            barrier.reset().unwrap();
            loop {
                let next = barrier.wait();
                if !is_broken(&next) {
                    return next.unwrap();
                }
            }
        };
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || {
                let first = barrier.wait_timeout(Timeout::from_seconds(1.0).unwrap());
                wait_again(&barrier, first)
            })
        };
        let mine = wait_again(&barrier, barrier.wait());
        assert_eq!(mine + other.join().unwrap(), 1);
        clock.join().unwrap();
        assert_eq!(barrier.n_waiting(), Ok(0));
    });
}

/// The action: what it does to the barrier that it is the action of.
struct Acting {
    barrier: std::sync::OnceLock<Arc<Barrier>>,
    does: fn(&Barrier),
    code: i32,
    runs: Watched,
}

unsafe extern "C" fn act(arg: *mut c_void) -> i32 {
    // SAFETY: `acting` passes an `Acting` that outlives the barrier's use.
    let acting = unsafe { &*arg.cast::<Acting>() };
    acting.runs.add(1);
    (acting.does)(acting.barrier.get().unwrap());
    acting.code
}

/// Two threads at a barrier with this action, one of them with a limit that passes at any point. `check` gets the results of
/// both, the one first that ran the action, if it ran.
fn with_action(does: fn(&Barrier), code: i32, check: fn([Result<usize, CallError>; 2], &Barrier)) {
    model(move || {
        let runs = Watched::default();
        let acting = std::sync::Arc::new(Acting { barrier: std::sync::OnceLock::new(), does, code, runs });
        let arg = std::sync::Arc::as_ptr(&acting).cast_mut().cast();
        // SAFETY: the action takes an `Acting`, which outlives the waits.
        let action = unsafe { Target::new(act as _, Arg::new(arg, None)) };
        let barrier = Arc::new(Barrier::new(2, Some(action), NEVER).unwrap());
        assert!(acting.barrier.set(barrier.clone()).is_ok());
        let clock = thread::spawn(futex::expire);
        let timed = wait(&barrier, Timeout::from_seconds(1.0).unwrap());
        let mine = barrier.wait();
        let timed = timed.join().unwrap();
        clock.join().unwrap();
        match acting.runs.get() {
            0 => assert!(is_broken(&mine) && is_broken(&timed)),
            // The last one to come ran it, and comes second in this list only if it is the timed one.
            1 if matches!(mine, Ok(1) | Err(CallError::Failed(_))) => check([mine, timed], &barrier),
            1 => check([timed, mine], &barrier),
            runs => panic!("{runs} runs"),
        }
    });
}

/// Once the action runs no limit that passes breaks anything, and both see what it did.
#[test]
fn timeout_against_action() {
    with_action(
        |_| (),
        0,
        |results, barrier| {
            assert_eq!(results, [Ok(1), Ok(0)]);
            assert_eq!(barrier.broken(), Ok(false));
        },
    );
}

/// A failing action: its thread gets the failure, the other one hears of a broken barrier.
#[test]
fn a_failing_action() {
    with_action(
        |_| (),
        7,
        |results, barrier| {
            assert!(matches!(&results[0], Err(CallError::Failed(failure)) if failure.code() == 7), "{results:?}");
            assert!(is_broken(&results[1]));
            assert_eq!(barrier.broken(), Ok(true));
        },
    );
}

/// An abort from inside the action takes effect after it, for both.
#[test]
fn an_abort_by_the_action() {
    with_action(
        |barrier| barrier.abort().unwrap(),
        0,
        |results, barrier| {
            assert!(results.iter().all(is_broken), "{results:?}");
            assert_eq!(barrier.broken(), Ok(true));
        },
    );
}

/// A reset from inside the action takes effect after it, for both; the barrier is not broken then.
#[test]
fn a_reset_by_the_action() {
    with_action(
        |barrier| barrier.reset().unwrap(),
        0,
        |results, barrier| {
            assert!(results.iter().all(is_broken), "{results:?}");
            assert_eq!((barrier.broken(), barrier.n_waiting()), (Ok(false), Ok(0)));
        },
    );
}

/// A close at any point: it is refused while anyone waits; or it comes before both, who are refused; or after the round, whose
/// threads come back all the same.
#[test]
fn close_against_use() {
    model(|| {
        let barrier = barrier(2);
        let others = [wait(&barrier, NEVER), wait(&barrier, NEVER)];
        let closed = barrier.close();
        let results = others.map(|other| other.join().unwrap());
        let refused = results.iter().filter(|result| **result == Err(Error::InvalidHandle.into())).count();
        match closed {
            Err(error) => assert_eq!((error, refused), (Error::Busy, 0)),
            Ok(()) => assert!(refused == 2 || results.iter().all(Result::is_ok), "{results:?}"),
        }
    });
}
