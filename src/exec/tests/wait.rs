use super::*;
use crate::exec::{AsCompleted, Executor, Future, ReturnWhen, Waited, wait};
use crate::park::{Deadline, Timeout};
use crate::status::Error;
use std::collections::BTreeSet;

const NEVER: Deadline = Deadline::NEVER;
const NOW: Deadline = Deadline::PASSED;
const ALL: [ReturnWhen; 3] = [ReturnWhen::FirstCompleted, ReturnWhen::FirstException, ReturnWhen::AllCompleted];

fn futures<const N: usize>() -> [Future; N] {
    core::array::from_fn(|_| Future::new().unwrap())
}

fn found(complete: bool, done: &[bool], n_done: usize) -> Waited {
    Waited { complete, done: done.to_vec(), n_done, refused: None }
}

fn watched(futures: &[Future]) -> usize {
    futures.iter().map(|future| future.followers()).sum()
}

#[test]
fn waiting_for_nothing_is_over() {
    for when in ALL {
        assert_eq!(wait(&[], when, NEVER).unwrap(), found(true, &[], 0));
        assert_eq!(wait(&[], when, NOW).unwrap(), found(true, &[], 0));
    }
    assert_eq!(AsCompleted::new(&[], NEVER).unwrap().next(), Err(Error::End));
}

#[test]
fn a_poll_tells_who_is_done() {
    let [a, b, c] = futures();
    let each = [a.clone(), b.clone(), c.clone()];
    for when in ALL {
        assert_eq!(wait(&each, when, NOW).unwrap(), found(false, &[false; 3], 0));
    }
    b.set_result(value(1)).unwrap();
    assert_eq!(wait(&each, ReturnWhen::FirstCompleted, NEVER).unwrap(), found(true, &[false, true, false], 1));
    assert_eq!(wait(&each, ReturnWhen::FirstException, NOW).unwrap(), found(false, &[false, true, false], 1));
    c.set_exception(failure(1)).unwrap();
    assert_eq!(wait(&each, ReturnWhen::FirstException, NEVER).unwrap(), found(true, &[false, true, true], 2));
    assert_eq!(wait(&each, ReturnWhen::AllCompleted, NOW).unwrap(), found(false, &[false, true, true], 2));
    a.cancel();
    assert_eq!(wait(&each, ReturnWhen::AllCompleted, NOW).unwrap(), found(false, &[false, true, true], 2));
    a.set_running_or_notify_cancel().unwrap();
    assert_eq!(wait(&each, ReturnWhen::AllCompleted, NEVER).unwrap(), found(true, &[true; 3], 3));
    assert_eq!(watched(&each), 0);
}

#[test]
fn a_cancelled_one_is_no_failure() {
    let [a, b] = futures();
    a.cancel();
    a.set_running_or_notify_cancel().unwrap();
    let each = [a, b.clone()];
    assert_eq!(wait(&each, ReturnWhen::FirstException, NOW).unwrap(), found(false, &[true, false], 1));
    b.set_result(value(1)).unwrap();
    assert_eq!(wait(&each, ReturnWhen::FirstException, NOW).unwrap(), found(true, &[true, true], 2));
}

#[test]
fn duplicates_count_once() {
    let [a, b] = futures();
    let each = [a.clone(), b.clone(), a.clone(), a.clone()];
    let limit = Timeout::from_seconds(1e-6).unwrap();
    a.set_result(value(1)).unwrap();
    assert_eq!(
        wait(&each, ReturnWhen::AllCompleted, limit.deadline()).unwrap(),
        found(false, &[true, false, true, true], 1)
    );
    b.set_result(value(1)).unwrap();
    assert_eq!(wait(&each, ReturnWhen::AllCompleted, NEVER).unwrap(), found(true, &[true; 4], 2));
    let order = AsCompleted::new(&each, NEVER).unwrap();
    assert_eq!([order.next(), order.next(), order.next()], [Ok(0), Ok(1), Err(Error::End)]);
}

#[test]
fn a_wait_ends_when_enough_are_done() {
    for when in ALL {
        for fails in [false, true] {
            let each: [_; 4] = futures();
            std::thread::scope(|scope| {
                let waiting = scope.spawn(|| wait(&each, when, NEVER).unwrap());
                until(|| watched(&each) == 4);
                let first = if fails { each[2].set_exception(failure(1)) } else { each[2].set_result(value(1)) };
                first.unwrap();
                if when == ReturnWhen::FirstCompleted || (fails && when == ReturnWhen::FirstException) {
                    assert_eq!(waiting.join().unwrap(), found(true, &[false, false, true, false], 1));
                    assert_eq!(watched(&each), 0);
                } else {
                    assert!(each[0].cancel());
                    assert_eq!(each[0].set_running_or_notify_cancel(), Ok(false));
                    each[1].set_result(value(1)).unwrap();
                    assert!(!waiting.is_finished());
                    each[3].set_result(value(1)).unwrap();
                    assert_eq!(waiting.join().unwrap(), found(true, &[true; 4], 4));
                }
            });
        }
    }
}

#[test]
fn futures_of_several_executors() {
    let executors: Vec<_> = (1..4).map(Executor::new).collect();
    let promise = Future::new().unwrap();
    let mut each = vec![promise.clone()];
    for n in 0..99 {
        each.push(executors[n % 3].submit(task(move || if n == 50 { Err(failure(1)) } else { Ok(n) })).unwrap());
    }
    assert!(wait(&each, ReturnWhen::FirstException, NEVER).unwrap().done[51]);
    promise.set_result(value(0)).unwrap();
    assert_eq!(wait(&each, ReturnWhen::AllCompleted, NEVER).unwrap().n_done, 100);
}

#[test]
fn as_completed_gives_the_order_of_completion() {
    let each: [_; 6] = futures();
    each[4].set_result(value(1)).unwrap();
    each[1].set_exception(failure(1)).unwrap();
    each[3].cancel();
    let order = AsCompleted::new(&each, NEVER).unwrap();
    assert_eq!([order.next(), order.next()], [Ok(1), Ok(4)]);
    each[5].set_result(value(1)).unwrap();
    each[0].set_result(value(1)).unwrap();
    each[3].set_running_or_notify_cancel().unwrap();
    assert_eq!([order.next(), order.next(), order.next()], [Ok(5), Ok(0), Ok(3)]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| order.next());
        each[2].set_result(value(1)).unwrap();
        assert_eq!(waiting.join().unwrap(), Ok(2));
    });
    assert_eq!([order.next(), order.next()], [Err(Error::End); 2]);
}

#[test]
fn one_that_completes_in_order_is_seen_in_order() {
    for _ in 0..200 {
        let each: [_; 16] = futures();
        std::thread::scope(|scope| {
            scope.spawn(|| each.iter().for_each(|future| future.set_result(value(1)).unwrap()));
            let order = AsCompleted::new(&each, NEVER).unwrap();
            let seen: Vec<_> = core::iter::from_fn(|| order.next().ok()).collect();
            assert_eq!(seen, (0..16).collect::<Vec<_>>());
        });
    }
}

#[test]
fn the_deadline_is_counted_from_the_call() {
    let [a, b] = futures();
    let order = AsCompleted::new(&[a.clone(), b.clone()], Timeout::from_seconds(1e-6).unwrap().deadline()).unwrap();
    assert_eq!([order.next(), order.next()], [Err(Error::TimedOut); 2]);
    b.set_result(value(1)).unwrap();
    assert_eq!([order.next(), order.next()], [Ok(1), Err(Error::TimedOut)]);
    drop(order);
    assert_eq!(watched(&[a, b]), 0);
}

#[test]
fn what_was_given_out_is_not_kept() {
    let each: [_; 3] = futures();
    let order = AsCompleted::new(&each, NEVER).unwrap();
    for n in [1, 2, 0] {
        each[n].set_result(value(1)).unwrap();
        assert_eq!(each[n].owners(), 2);
        assert_eq!(order.next(), Ok(n));
        assert_eq!(each[n].owners(), 1);
    }
}

#[test]
fn several_may_share_an_iteration() {
    let executor = Executor::new(2);
    for _ in 0..50 {
        let each: Vec<_> = (0..40).map(|n| executor.submit(task(move || Ok(n))).unwrap()).collect();
        let order = AsCompleted::new(&each, NEVER).unwrap();
        let taken: Vec<usize> = std::thread::scope(|scope| {
            let take = || core::iter::from_fn(|| order.next().ok()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(taken.len(), 40);
        assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), (0..40).collect());
        assert_eq!(order.next(), Err(Error::End));
    }
}

#[test]
fn many_waits_on_one_future() {
    let future = Future::new().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let each = [future.clone()];
                assert!(wait(&each, ReturnWhen::AllCompleted, NEVER).unwrap().complete);
                assert_eq!(AsCompleted::new(&each, NEVER).unwrap().next(), Ok(0));
            });
        }
        until(|| future.followers() == 16);
        future.set_result(value(1)).unwrap();
    });
}
