//! Crossing a fork. The child does its checks and tells by its exit code.

use super::*;
use crate::exec::shift::Shift;
use crate::exec::{AsCompleted, Executor, Future, Patience, ReturnWhen, Status, wait};
use crate::park::Deadline;
use crate::status::Error;
use crate::sync::Event;
use std::panic::{AssertUnwindSafe, catch_unwind};

const NEVER: Deadline = Deadline::NEVER;

/// Forks: the child's number, or 0 in the child.
fn fork() -> libc::pid_t {
    // SAFETY: the child uses pirn, which allows for it, and then leaves at once.
    unsafe { libc::fork() }
}

/// The end of a child that has run its checks.
fn leave(checks: impl FnOnce()) -> ! {
    let held = catch_unwind(AssertUnwindSafe(checks)).is_ok();
    // SAFETY: has no preconditions.
    unsafe { libc::_exit(i32::from(!held)) }
}

fn exit_status(child: libc::pid_t) -> i32 {
    let mut status = -1;
    // SAFETY: the child is this process's own.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    status
}

/// A pool of one with a task that waits for the event.
fn busy() -> (Executor, Future, Arc<Event>) {
    let executor = Executor::new(1);
    let (go, running) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (held, started) = (go.clone(), running.clone());
    let blocks = task(move || {
        started.set();
        held.wait();
        Ok(1)
    });
    let future = executor.submit(blocks).unwrap();
    running.wait();
    (executor, future, go)
}

#[test]
fn the_child_starts_afresh() {
    let (executor, running, go) = busy();
    let (given, called) = (counter(), counter());
    let submit = || {
        let held = Given(given.clone());
        executor.submit(task(move || Ok(count(&held.0)))).unwrap()
    };
    let (queued, unseen) = (submit(), submit());
    for future in [&running, &queued, &unseen] {
        let called = called.clone();
        future.add_done_callback(Box::new(move |_| _ = called.fetch_add(1, Ordering::SeqCst))).unwrap();
    }
    let promise = Future::new().unwrap();
    let each = [promise.clone(), running.clone(), queued.clone()];
    let order = AsCompleted::new(&each, NEVER).unwrap();
    let map = executor.map(vec![task(|| Ok(1))], 1, NEVER).unwrap();
    let child = fork();
    if child == 0 {
        leave(|| {
            assert_eq!(running.status(), Status::CancelledAndNotified);
            assert_eq!(queued.result(NEVER), Err(Error::Cancelled.into()));
            assert_eq!(map.next(), Err(Error::Cancelled.into()));
            assert_eq!(promise.status(), Status::Pending);
            assert_eq!(executor.pending(), (0, 0));
            let waited = wait(&each, ReturnWhen::AllCompleted, Deadline::PASSED).unwrap();
            assert_eq!(waited.done, [false, true, true]);
            assert_eq!([order.next(), order.next()], [Ok(1), Ok(2)]);
            promise.set_result(value(3)).unwrap();
            assert_eq!([order.next(), order.next()], [Ok(0), Err(Error::End)]);
            let fresh = executor.submit(task(|| Ok(7))).unwrap();
            assert_eq!(fresh.result(NEVER), Ok(value(7)));
            assert_eq!(executor.pool().shift().crew.counts().0, 1);
            executor.shutdown(true, false).unwrap();
            drop((executor, running, queued, unseen, order, map, each, promise));
            assert_eq!((count(&given), count(&called)), (0, 0), "what was copied is not given back");
        });
    }
    assert_eq!(exit_status(child), 0);
    go.set();
    assert_eq!(running.result(NEVER), Ok(value(1)));
    executor.shutdown(true, false).unwrap();
    assert_eq!(map.next(), Ok(value(1)));
    assert_eq!((count(&given), count(&called)), (2, 3));
}

#[test]
fn a_shutdown_in_the_child_waits_for_nobody() {
    let (executor, running, go) = busy();
    let child = fork();
    if child == 0 {
        leave(|| {
            executor.shutdown(true, true).unwrap();
            executor.finish().unwrap();
            assert_eq!(executor.submit(task(|| Ok(0))).unwrap_err(), Error::ShutDown);
            drop(executor);
            assert!(running.cancel());
        });
    }
    assert_eq!(exit_status(child), 0);
    go.set();
    assert_eq!(running.result(NEVER), Ok(value(1)));
}

/// The child is in the middle of a task, on a thread that was a worker.
#[test]
fn a_task_may_fork() {
    for inline in [false, true] {
        let executor = Arc::new(Executor::new(1));
        let (held, own) = (executor.clone(), Arc::new(std::sync::Mutex::new(None::<Future>)));
        let (known, own_future) = (Arc::new(Event::new()), own.clone());
        let ready = known.clone();
        let forks = move || {
            ready.wait();
            let child = fork();
            if child == 0 {
                leave(|| {
                    let own = own_future.lock().unwrap().take().unwrap();
                    assert_eq!(own.status(), Status::CancelledAndNotified);
                    let fresh = held.submit(task(|| Ok(7))).unwrap();
                    assert_eq!(fresh.result(NEVER), Ok(value(7)));
                    // No worker any more.
                    held.shutdown(true, false).unwrap();
                });
            }
            Ok(exit_status(child) as usize)
        };
        let future = if inline {
            let (held, kept) = (executor.clone(), own.clone());
            let mut forks = Some(forks);
            let outer = task(move || {
                let inner = held.submit(task(forks.take().unwrap())).unwrap();
                *kept.lock().unwrap() = Some(inner.clone());
                Ok(inner.result(NEVER).unwrap().0.addr())
            });
            executor.submit(outer).unwrap()
        } else {
            let future = executor.submit(task(forks)).unwrap();
            *own.lock().unwrap() = Some(future.clone());
            future
        };
        known.set();
        assert_eq!(future.result(NEVER), Ok(value(0)));
        executor.shutdown(true, false).unwrap();
    }
}

/// The child returns from the task, and so from the worker: its last thread ends, and the process with it.
#[test]
fn a_task_may_return_in_the_child() {
    let executor = Executor::new(2);
    let (child_number, called) = (counter(), counter());
    let held = child_number.clone();
    let forks = task(move || {
        held.store(fork() as usize, Ordering::SeqCst);
        Ok(1)
    });
    let (go, held) = (Arc::new(Event::new()), called.clone());
    let ready = go.clone();
    let mut forks = Some(forks);
    let waits = task(move || {
        ready.wait();
        forks.take().unwrap().run().map(|_| 1)
    });
    let future = executor.submit(waits).unwrap();
    future
        .add_done_callback(Box::new(move |_| {
            if count(&child_number) == 0 {
                // SAFETY: has no preconditions.
                unsafe { libc::_exit(77) };
            }
            held.store(count(&child_number), Ordering::SeqCst);
        }))
        .unwrap();
    go.set();
    assert_eq!(future.result(NEVER), Ok(value(1)));
    until(|| count(&called) > 0);
    assert_eq!(exit_status(count(&called) as libc::pid_t), 0);
    executor.shutdown(true, false).unwrap();
}

/// In a process of its own, because the stack size is everyone's.
#[test]
fn without_any_thread_nothing_is_queued() {
    let child = fork();
    if child == 0 {
        leave(|| {
            let executor = Executor::new(2);
            let given = counter();
            let submit = || {
                let held = Given(given.clone());
                executor.submit(task(move || Ok(count(&held.0))))
            };
            crate::thread::set_stack_size(usize::MAX / 4).unwrap();
            assert_eq!(submit().unwrap_err(), Error::NoThread);
            assert_eq!(executor.map(vec![task(|| Ok(0))], 1, NEVER).unwrap_err(), Error::NoThread);
            assert_eq!((count(&given), executor.pending()), (1, (0, 0)));
            executor.set_thread_name_prefix("x").unwrap();
            std::thread::scope(|scope| {
                (0..4).for_each(|_| drop(scope.spawn(|| assert_eq!(submit().unwrap_err(), Error::NoThread))));
            });
            assert_eq!((count(&given), executor.pending()), (5, (0, 0)));
            crate::thread::set_stack_size(0).unwrap();
            assert!(submit().unwrap().result(NEVER).is_ok());
            // One works, so the refusal of a second is put up with.
            crate::thread::set_stack_size(usize::MAX / 4).unwrap();
            let futures: Vec<_> = (0..100).map(|_| submit().unwrap()).collect();
            futures.iter().for_each(|future| assert!(future.result(NEVER).is_ok()));
            assert_eq!(executor.pool().shift().crew.counts().0, 1);
            executor.shutdown(true, false).unwrap();
        });
    }
    assert_eq!(exit_status(child), 0);
}

#[test]
fn a_fork_in_the_middle_of_everything() {
    let executor = Executor::new(2);
    let shared = Future::new().unwrap();
    let stop = Event::new();
    std::thread::scope(|scope| {
        for n in 0..2 {
            let (executor, shared, stop) = (&executor, &shared, &stop);
            scope.spawn(move || {
                while !stop.is_set() {
                    let each: Vec<_> = (0..4).map(|_| executor.submit(task(|| Ok(1))).unwrap()).collect();
                    each[n].cancel();
                    assert!(wait(&each, ReturnWhen::AllCompleted, NEVER).unwrap().complete);
                    assert!(
                        !wait(core::slice::from_ref(shared), ReturnWhen::AllCompleted, Deadline::PASSED)
                            .unwrap()
                            .complete
                    );
                }
            });
        }
        for _ in 0..10 {
            let known = executor.submit(task(|| Ok(1))).unwrap();
            let child = fork();
            if child == 0 {
                leave(|| {
                    let outcome = known.result(NEVER);
                    assert!(outcome == Ok(value(1)) || outcome == Err(Error::Cancelled.into()));
                    let each: Vec<_> = (0..10).map(|n| executor.submit(task(move || Ok(n))).unwrap()).collect();
                    assert!(wait(&each, ReturnWhen::AllCompleted, NEVER).unwrap().complete);
                    shared.set_result(value(1)).unwrap();
                    assert_eq!(shared.result(NEVER), Ok(value(1)));
                    executor.shutdown(true, false).unwrap();
                    assert_eq!(executor.pending(), (0, 0));
                });
            }
            assert_eq!(exit_status(child), 0);
        }
        stop.set();
    });
}

/// Whoever frees the pool waits for the count alone: who withdraws is done with the shift by then. In a child, where no other test forks.
#[test]
fn a_withdrawn_task_is_counted_last() {
    let child = fork();
    if child == 0 {
        leave(|| {
            let shift = Shift::new(1, 1);
            shift.backlog.admit(1, Patience::None).unwrap();
            shift.lanes[0].lock().submit_elsewhere();
            let pending = || shift.pending().0;
            std::thread::scope(|scope| {
                let withdraw = || drop(scope.spawn(|| shift.withdraw()));
                assert_eq!(shift.backlog.hold_up(withdraw, pending), 1, "counted before it has left the backlog");
            });
            assert_eq!(pending(), 0);
        });
    }
    assert_eq!(exit_status(child), 0);
}
