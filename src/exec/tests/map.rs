use super::*;
use crate::exec::{Executor, Map};
use crate::park::{Deadline, Timeout};
use crate::status::Error;
use crate::sync::Event;

const NEVER: Deadline = Deadline::NEVER;
const END: Result<Value, CallError> = Err(CallError::Refused(Error::End));

/// `n` tasks, of which those in `bad` fail; each gives its item back to `given`.
fn tasks(n: usize, bad: &'static [usize], given: &Arc<AtomicUsize>) -> Vec<Task> {
    let one = |n: usize| {
        let held = Given(given.clone());
        task(move || {
            let _item = &held;
            if bad.contains(&n) { Err(failure(n as i32)) } else { Ok(n) }
        })
    };
    (0..n).map(one).collect()
}

fn all(map: &Map) -> Vec<Result<Value, CallError>> {
    let mut results = Vec::new();
    loop {
        let next = map.next();
        if next == END {
            return results;
        }
        results.push(next);
    }
}

fn values(range: core::ops::Range<usize>) -> Vec<Result<Value, CallError>> {
    range.map(|n| Ok(value(n))).collect()
}

#[test]
fn results_come_in_order() {
    let executor = Executor::new(3);
    for chunksize in [1, 2, 7, 100, usize::MAX] {
        let given = counter();
        let map = executor.map(tasks(100, &[], &given), chunksize, NEVER).unwrap();
        assert_eq!(all(&map), values(0..100));
        assert_eq!(map.next(), END);
        assert_eq!(count(&given), 100);
    }
}

#[test]
fn nothing_ends_at_once() {
    let executor = Executor::new(1);
    assert_eq!(executor.map(Vec::new(), 1, NEVER).unwrap().next(), END);
    assert_eq!(executor.pool().shift().crew.counts().0, 0);
}

#[test]
fn a_failure_comes_after_the_results_before_it_and_ends_the_iteration() {
    for chunksize in [1, 3, 5, 100] {
        let executor = Executor::new(1);
        let given = counter();
        let map = executor.map(tasks(100, &[4], &given), chunksize, NEVER).unwrap();
        let mut expected = values(0..4);
        expected.push(Err(failed(4)));
        assert_eq!(all(&map), expected);
        executor.shutdown(true, false).unwrap();
        assert_eq!(count(&given), 100);
    }
}

#[test]
fn an_error_cancels_what_has_not_started() {
    let executor = Executor::new(1);
    let given = counter();
    let go = Arc::new(Event::new());
    let mut tasks = tasks(50, &[], &given);
    tasks[0] = task(|| Err(failure(9)));
    let (held, ran, running) = (go.clone(), counter(), Arc::new(Event::new()));
    let started = running.clone();
    tasks[1] = task(move || {
        started.set();
        held.wait();
        Ok(1)
    });
    for task_after in &mut tasks[2..] {
        let ran = ran.clone();
        *task_after = task(move || Ok(ran.fetch_add(1, Ordering::SeqCst)));
    }
    let map = executor.map(tasks, 1, NEVER).unwrap();
    running.wait();
    assert_eq!(map.next(), Err(failed(9)));
    assert_eq!(map.next(), END);
    assert_eq!(executor.pending().0, 0);
    go.set();
    executor.shutdown(true, false).unwrap();
    assert_eq!(count(&ran), 0);
}

#[test]
fn the_timeout_is_for_the_whole_iteration() {
    let executor = Executor::new(1);
    let go = Arc::new(Event::new());
    let held = go.clone();
    let blocks = task(move || {
        held.wait();
        Ok(1)
    });
    let limit = Timeout::from_seconds(1e-3).unwrap();
    let given = counter();
    let mut tasks = tasks(3, &[], &given);
    tasks.insert(1, blocks);
    let map = executor.map(tasks, 1, limit.deadline()).unwrap();
    until(|| count(&given) == 1);
    assert_eq!(map.next(), Ok(value(0)));
    assert_eq!(map.next(), Err(Error::TimedOut.into()));
    assert_eq!(map.next(), END);
    assert_eq!(count(&given), 3, "the rest is cancelled");
    go.set();
}

#[test]
fn what_is_ready_is_given_out_after_the_deadline() {
    let executor = Executor::new(1);
    let map = executor.map(tasks(2, &[], &counter()), 1, Deadline::PASSED).unwrap();
    executor.shutdown(true, false).unwrap();
    assert_eq!(all(&map), values(0..2));
}

#[test]
fn a_cancelled_map_ends_with_cancelled() {
    let executor = Executor::new(1);
    let (go, running) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (held, started) = (go.clone(), running.clone());
    let given = counter();
    let mut tasks = tasks(9, &[], &given);
    tasks[0] = task(move || {
        started.set();
        held.wait();
        Ok(0)
    });
    let map = executor.map(tasks, 2, NEVER).unwrap();
    running.wait();
    map.cancel();
    assert_eq!(count(&given), 8);
    go.set();
    let mut expected = values(0..2);
    expected.push(Err(Error::Cancelled.into()));
    assert_eq!(all(&map), expected);
    assert_eq!(count(&given), 9);
}

#[test]
fn calls_that_fail_give_every_item_back() {
    let executor = Executor::new(1);
    let given = counter();
    assert_eq!(executor.map(tasks(10, &[], &given), 0, NEVER).unwrap_err(), Error::InvalidArgument);
    assert_eq!(count(&given), 10);
    executor.shutdown(false, false).unwrap();
    assert_eq!(executor.map(tasks(10, &[], &given), 3, NEVER).unwrap_err(), Error::ShutDown);
    assert_eq!(count(&given), 20);
}

#[test]
fn a_map_that_goes_leaves_its_tasks_and_gives_results_back() {
    unsafe extern "C" fn free(result: *mut c_void) {
        // SAFETY: a box made below.
        drop(unsafe { Box::from_raw(result.cast::<Given>()) });
    }
    let executor = Executor::new(2);
    for taken in [0, 3, 10] {
        for early in [false, true] {
            let (given, results) = (counter(), counter());
            let one = |_| {
                let (held, results) = (Given(given.clone()), results.clone());
                task(move || {
                    let _item = &held;
                    Ok(Box::into_raw(Box::new(Given(results.clone()))).addr())
                })
            };
            let map = executor.map((0..10).map(one).collect(), 4, NEVER).unwrap();
            // SAFETY: the results are such boxes, though their provenance is lost on the way (`task`).
            unsafe { map.set_result_free(Some(free)) };
            for _ in 0..taken {
                let Value(result) = map.next().unwrap();
                // SAFETY: as above.
                unsafe { free(result) };
            }
            if !early {
                until(|| executor.pending() == (0, 0));
            }
            drop(map);
            until(|| count(&results) == 10);
            assert_eq!(count(&given), 10);
        }
    }
}

#[test]
fn several_may_share_a_map() {
    let executor = Executor::new(2);
    for chunksize in [1, 5] {
        let map = executor.map(tasks(200, &[], &counter()), chunksize, NEVER).unwrap();
        let mut taken: Vec<_> = std::thread::scope(|scope| {
            let take = || all(&map).into_iter().map(|result| result.unwrap().0.addr()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        taken.sort_unstable();
        assert_eq!(taken, (0..200).collect::<Vec<_>>());
    }
}
