//! Tasks that wait for tasks of their own executor.

use super::*;
use crate::exec::{AsCompleted, Executor, Future, ReturnWhen, wait};
use crate::park::{Deadline, Timeout};
use crate::status::Error;
use crate::sync::Event;
use crate::thread;

const NEVER: Deadline = Deadline::NEVER;

fn long() -> Deadline {
    Timeout::from_seconds(1e6).unwrap().deadline()
}

fn chain(executor: &Arc<Executor>, depth: usize) -> Future {
    let held = executor.clone();
    let next = task(move || {
        if depth == 0 {
            return Ok(0);
        }
        let Value(below) = chain(&held, depth - 1).result(NEVER).unwrap();
        Ok(below.addr() + 1)
    });
    executor.submit(next).unwrap()
}

fn fib(executor: &Arc<Executor>, n: usize) -> usize {
    if n < 2 {
        return n;
    }
    let held = executor.clone();
    let one = executor.submit(task(move || Ok(fib(&held, n - 1)))).unwrap();
    let other = fib(executor, n - 2);
    one.result(NEVER).unwrap().0.addr() + other
}

#[test]
fn a_deep_chain_on_one_worker_ends() {
    let executor = Arc::new(Executor::new(1));
    assert_eq!(chain(&executor, 10_000).result(NEVER), Ok(value(10_000)));
    until(|| executor.pool().shift().crew.counts().0 == 1);
    executor.shutdown(true, false).unwrap();
    assert_eq!(executor.pending(), (0, 0));
    assert_eq!(executor.pool().shift().crew.counts(), (0, 0, 0));
}

#[test]
fn fork_join_leaves_no_trace() {
    for workers in [1, 2, 4] {
        let executor = Arc::new(Executor::new(workers));
        let held = executor.clone();
        let root = executor.submit(task(move || Ok(fib(&held, 16)))).unwrap();
        assert_eq!(root.result(NEVER), Ok(value(987)));
        assert!(executor.pool().shift().entries() < 100);
        executor.shutdown(true, false).unwrap();
        assert_eq!(executor.pending(), (0, 0));
    }
}

#[test]
fn the_awaited_task_runs_on_the_waiting_thread_and_no_other_does() {
    let executor = Arc::new(Executor::new(1));
    let held = executor.clone();
    let outer = task(move || {
        let me = thread::get_ident() as usize;
        let stranger = held.submit(task(|| Ok(thread::get_ident() as usize))).unwrap();
        let awaited = held.submit(task(|| Ok(thread::get_ident() as usize))).unwrap();
        assert_eq!(held.pending(), (2, 1));
        assert_eq!(awaited.result(NEVER), Ok(value(me)));
        assert!(!stranger.is_over());
        assert_eq!(held.pending(), (1, 1));
        Ok(me)
    });
    executor.submit(outer).unwrap().result(NEVER).unwrap();
}

/// A task that waits on a pool of one for another that has not started, in each of the ways that lend.
#[test]
fn every_other_wait_lends_its_place() {
    type Wait = fn(&Arc<Executor>, &Future);
    let ways: [Wait; 6] = [
        |_, future| assert!(future.result(long()).is_ok()),
        |_, future| assert_eq!(future.exception(long()), Ok(None)),
        |_, future| assert!(wait(core::slice::from_ref(future), ReturnWhen::AllCompleted, NEVER).unwrap().complete),
        |_, future| assert!(wait(core::slice::from_ref(future), ReturnWhen::FirstCompleted, long()).unwrap().complete),
        |_, future| assert_eq!(AsCompleted::new(core::slice::from_ref(future), NEVER).unwrap().next(), Ok(0)),
        |executor, _| {
            let map = executor.map(vec![task(|| Ok(1)), task(|| Ok(2))], 1, long()).unwrap();
            assert_eq!((map.next(), map.next(), map.next()), (Ok(value(1)), Ok(value(2)), Err(Error::End.into())));
        },
    ];
    for wait in ways {
        let executor = Arc::new(Executor::new(1));
        for _ in 0..20 {
            let held = executor.clone();
            let outer = task(move || {
                let me = thread::get_ident() as usize;
                let awaited = held.submit(task(|| Ok(thread::get_ident() as usize))).unwrap();
                wait(&held, &awaited);
                assert_ne!(awaited.result(NEVER), Ok(value(me)));
                Ok(0)
            });
            executor.submit(outer).unwrap().result(NEVER).unwrap();
        }
        until(|| executor.pool().shift().crew.counts().0 == 1);
        executor.shutdown(true, false).unwrap();
        assert_eq!((executor.pool().shift().crew.counts(), executor.pending()), ((0, 0, 0), (0, 0)));
    }
}

#[test]
fn a_map_without_a_limit_runs_on_the_waiting_thread() {
    let executor = Arc::new(Executor::new(1));
    let held = executor.clone();
    let outer = task(move || {
        let me = thread::get_ident() as usize;
        let tasks = (0..10).map(|_| task(|| Ok(thread::get_ident() as usize))).collect();
        let map = held.map(tasks, 3, NEVER).unwrap();
        (0..10).for_each(|_| assert_eq!(map.next(), Ok(value(me))));
        assert_eq!(map.next(), Err(Error::End.into()));
        Ok(0)
    });
    executor.submit(outer).unwrap().result(NEVER).unwrap();
}

#[test]
fn a_task_that_runs_elsewhere_is_waited_for() {
    let executor = Arc::new(Executor::new(2));
    let (go, running) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (held, started) = (go.clone(), running.clone());
    let elsewhere = executor
        .submit(task(move || {
            started.set();
            held.wait();
            Ok(5)
        }))
        .unwrap();
    running.wait();
    let held = elsewhere.clone();
    let waiting = executor.submit(task(move || Ok(held.result(NEVER).unwrap().0.addr()))).unwrap();
    until(|| executor.pool().shift().crew.counts().2 == 1);
    // Lent: a third task finds a thread.
    let opener = executor.submit(task(move || {
        go.set();
        Ok(0)
    }));
    assert_eq!(opener.unwrap().result(NEVER), Ok(value(0)));
    assert_eq!(waiting.result(NEVER), Ok(value(5)));
    until(|| executor.pool().shift().crew.counts().0 == 2);
}

#[test]
fn a_wait_for_others_does_not_lend() {
    let executor = Executor::new(1);
    let promise = Future::new().unwrap();
    let held = promise.clone();
    let waiting = executor.submit(task(move || Ok(held.result(NEVER).unwrap().0.addr()))).unwrap();
    let second = executor.submit(task(|| Ok(2))).unwrap();
    until(|| executor.pending() == (1, 1));
    assert_eq!(executor.pool().shift().crew.counts().0, 1);
    promise.set_result(value(1)).unwrap();
    assert_eq!((waiting.result(NEVER), second.result(NEVER)), (Ok(value(1)), Ok(value(2))));
}

#[test]
fn an_initializer_may_wait_for_the_task_that_it_was_started_for() {
    let executor = Arc::new(Executor::new(1));
    let handed: Arc<std::sync::Mutex<Option<Future>>> = Arc::default();
    let ready = Arc::new(Event::new());
    let (held, go) = (handed.clone(), ready.clone());
    let initializer = crate::callback::Target::from_fn(move || {
        go.wait();
        let future = held.lock().unwrap().take();
        if let Some(future) = future {
            assert_eq!(future.result(long()), Ok(value(1)));
        }
        Ok(())
    });
    // The second worker, lent, finds the initializer's closure used up, and works.
    executor.set_initializer(Some(initializer)).unwrap();
    let future = executor.submit(task(|| Ok(1))).unwrap();
    *handed.lock().unwrap() = Some(future.clone());
    ready.set();
    assert_eq!(future.result(NEVER), Ok(value(1)));
    executor.shutdown(true, false).unwrap();
    assert_eq!(executor.pool().shift().crew.counts(), (0, 0, 0));
}
