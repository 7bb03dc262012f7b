use super::*;
use crate::callback::Target;
use crate::exec::shift::Shift;
use crate::exec::{Executor, Future, Patience, Status};
use crate::park::Deadline;
use crate::status::Error;
use crate::sync::Event;
use crate::thread::{self, Thread};
use std::collections::BTreeSet;
use std::sync::Mutex;

const NEVER: Deadline = Deadline::NEVER;

/// Occupies `n` workers until the event.
fn occupy(executor: &Executor, n: usize) -> Arc<Event> {
    let go = Arc::new(Event::new());
    let running = counter();
    for _ in 0..n {
        let (go, running) = (go.clone(), running.clone());
        let task = task(move || {
            running.fetch_add(1, Ordering::SeqCst);
            go.wait();
            Ok(0)
        });
        executor.submit_detached(task).unwrap();
    }
    until(|| count(&running) == n);
    go
}

#[test]
fn results_and_failures_come_back() {
    let executor = Executor::new(2);
    let futures: Vec<_> = (0..100)
        .map(|n| executor.submit(task(move || if n % 3 == 0 { Err(failure(n)) } else { Ok(n as usize) })))
        .collect();
    for (n, future) in (0..100).zip(futures) {
        let expected = if n == 0 {
            Ok(value(0))
        } else if n % 3 == 0 {
            Err(failed(n))
        } else {
            Ok(value(n as usize))
        };
        assert_eq!(future.unwrap().result(NEVER), expected);
    }
    executor.shutdown(true, false).unwrap();
    assert_eq!(executor.pending(), (0, 0));
}

#[test]
fn one_worker_is_enough_for_one_task_at_a_time() {
    let executor = Executor::new(8);
    let names = Arc::new(Mutex::new(BTreeSet::new()));
    for n in 0..1000 {
        let held = names.clone();
        let future = executor
            .submit(task(move || {
                held.lock().unwrap().insert(thread::current().unwrap().name());
                Ok(n)
            }))
            .unwrap();
        assert_eq!(future.result(NEVER), Ok(value(n)));
        assert_eq!(executor.pending(), (0, 0));
    }
    assert_eq!(names.lock().unwrap().len(), 1);
}

#[test]
fn workers_are_started_as_needed_and_named() {
    let executor = Executor::new(3);
    executor.set_thread_name_prefix("worker").unwrap();
    assert_eq!(&*executor.thread_name_prefix(), "worker");
    let names: Arc<Mutex<Vec<Arc<String>>>> = Arc::default();
    let (go, running) = (Arc::new(Event::new()), counter());
    for started in 1..=5usize {
        let (names, go, held) = (names.clone(), go.clone(), running.clone());
        executor
            .submit_detached(task(move || {
                names.lock().unwrap().push(thread::current().unwrap().name());
                held.fetch_add(1, Ordering::SeqCst);
                go.wait();
                Ok(0)
            }))
            .unwrap();
        until(|| count(&running) == started.min(3));
        assert_eq!(executor.pool().shift().crew.counts().0, started.min(3));
    }
    assert_eq!(executor.pending(), (2, 3));
    let first: BTreeSet<_> = names.lock().unwrap().iter().map(|name| name.to_string()).collect();
    assert_eq!(first, ["worker_0", "worker_1", "worker_2"].map(String::from).into());
    go.set();
    executor.shutdown(true, false).unwrap();
    assert_eq!(count(&running), 5);
    assert!(!thread::enumerate().unwrap().iter().any(|thread| thread.name().starts_with("worker_")));
}

#[test]
fn a_huge_limit_costs_nothing() {
    let executor = Executor::new(usize::MAX);
    assert_eq!(executor.max_workers(), usize::MAX);
    assert_eq!(executor.submit(task(|| Ok(1))).unwrap().result(NEVER), Ok(value(1)));
    assert_eq!(executor.pool().shift().crew.counts().0, 1);
}

#[test]
fn one_worker_starts_tasks_in_order() {
    let executor = Executor::new(1);
    let order: Arc<Mutex<Vec<usize>>> = Arc::default();
    for n in 0..1000 {
        let order = order.clone();
        let note = task(move || {
            order.lock().unwrap().push(n);
            Ok(n)
        });
        executor.submit_detached(note).unwrap();
    }
    executor.shutdown(true, false).unwrap();
    assert_eq!(*order.lock().unwrap(), (0..1000).collect::<Vec<_>>());
}

#[test]
fn the_argument_is_given_back_before_the_result_is_seen() {
    let executor = Executor::new(2);
    let given = counter();
    for n in 1..=200 {
        let held = Given(given.clone());
        let future = executor.submit(task(move || Ok(count(&held.0)))).unwrap();
        assert_eq!(future.result(NEVER), Ok(value(n - 1)));
        assert_eq!(count(&given), n);
    }
}

#[test]
fn a_blocked_done_callback_does_not_hold_up_the_pool() {
    let executor = Executor::new(2);
    let (go, blocked) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let first_go = Arc::new(Event::new());
    let held = first_go.clone();
    let future = executor
        .submit(task(move || {
            held.wait();
            Ok(0)
        }))
        .unwrap();
    let (held, reached) = (go.clone(), blocked.clone());
    future
        .add_done_callback(Box::new(move |_| {
            reached.set();
            held.wait();
        }))
        .unwrap();
    first_go.set();
    blocked.wait();
    assert_eq!(future.result(NEVER), Ok(value(0)));
    assert_eq!(executor.pending(), (0, 0), "a callback is no task");
    let opener = task(move || {
        go.set();
        Ok(1)
    });
    assert_eq!(executor.submit(opener).unwrap().result(NEVER), Ok(value(1)));
}

#[test]
fn after_a_shutdown_what_is_queued_still_runs() {
    let executor = Executor::new(1);
    let go = occupy(&executor, 1);
    let futures: Vec<_> = (0..10).map(|n| executor.submit(task(move || Ok(n))).unwrap()).collect();
    executor.shutdown(false, false).unwrap();
    assert!(executor.is_shut_down());
    let given = counter();
    let held = Given(given.clone());
    assert_eq!(executor.submit(task(move || Ok(count(&held.0)))).unwrap_err(), Error::ShutDown);
    assert_eq!(count(&given), 1);
    executor.shutdown(false, false).unwrap();
    drop(executor);
    go.set();
    for (n, future) in futures.iter().enumerate() {
        assert_eq!(future.result(NEVER), Ok(value(n)));
    }
}

#[test]
fn a_shutdown_may_cancel_and_everyone_is_told() {
    let executor = Executor::new(1);
    let go = occupy(&executor, 1);
    let (given, called) = (counter(), counter());
    let futures: Vec<_> = (0..10)
        .map(|_| {
            let held = Given(given.clone());
            let future = executor.submit(task(move || Ok(count(&held.0)))).unwrap();
            let called = called.clone();
            future.add_done_callback(Box::new(move |_| _ = called.fetch_add(1, Ordering::SeqCst))).unwrap();
            future
        })
        .collect();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| futures[9].result(NEVER));
        executor.shutdown(false, false).unwrap();
        executor.shutdown(false, true).unwrap();
        assert_eq!(waiting.join().unwrap(), Err(Error::Cancelled.into()));
    });
    assert_eq!((count(&given), count(&called)), (10, 10));
    assert!(futures.iter().all(|future| future.status() == Status::CancelledAndNotified));
    assert_eq!(executor.pending(), (0, 1));
    go.set();
    executor.shutdown(true, true).unwrap();
    assert_eq!(executor.pool().shift().crew.counts().0, 0);
}

#[test]
fn several_may_wait_for_the_end() {
    let executor = Executor::new(4);
    let go = occupy(&executor, 4);
    let ended = counter();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                executor.shutdown(true, false).unwrap();
                assert_eq!(executor.pending(), (0, 0));
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        scope.spawn(|| executor.finish().unwrap());
        until(|| executor.is_shut_down());
        assert_eq!(count(&ended), 0);
        go.set();
    });
    assert_eq!(count(&ended), 4);
    executor.finish().unwrap();
}

#[test]
fn a_worker_cannot_wait_for_its_own_end() {
    let executor = Arc::new(Executor::new(1));
    let held = executor.clone();
    let inside = task(move || {
        assert_eq!(held.shutdown(true, true), Err(Error::Deadlock));
        assert_eq!(held.finish(), Err(Error::Deadlock));
        assert!(!held.is_shut_down());
        let next = held.submit(task(|| Ok(2))).unwrap();
        held.shutdown(false, false).unwrap();
        assert_eq!(held.shutdown(true, false), Err(Error::Deadlock));
        held.finish().unwrap();
        assert_eq!(next.result(NEVER), Ok(value(2)));
        Ok(1)
    });
    assert_eq!(executor.submit(inside).unwrap().result(NEVER), Ok(value(1)));
    executor.shutdown(true, false).unwrap();
}

#[test]
fn a_finish_waits_only_if_nobody_said_not_to() {
    let executor = Executor::new(1);
    let go = occupy(&executor, 1);
    executor.shutdown(false, false).unwrap();
    executor.finish().unwrap();
    assert_eq!(executor.pending(), (0, 1));
    go.set();

    let executor = Executor::new(1);
    let future = executor.submit(task(|| Ok(1))).unwrap();
    executor.finish().unwrap();
    assert_eq!(future.status(), Status::Finished);
    assert_eq!(executor.pool().shift().crew.counts().0, 0);
}

#[test]
fn settings_are_fixed_by_the_first_submit() {
    let executor = Executor::new(1);
    let default = executor.thread_name_prefix();
    assert!(default.starts_with("ThreadPoolExecutor-"));
    executor.set_thread_name_prefix("x").unwrap();
    executor.set_thread_name_prefix("").unwrap();
    assert_eq!(executor.thread_name_prefix(), default);
    let (given, ran) = (counter(), counter());
    let initializer = |add: usize| {
        let (held, ran) = (Given(given.clone()), ran.clone());
        Some(Target::from_fn(move || {
            ran.fetch_add(add, Ordering::SeqCst);
            drop(held);
            Ok(())
        }))
    };
    executor.set_initializer(initializer(1)).unwrap();
    executor.set_initializer(initializer(10)).unwrap();
    assert_eq!(count(&given), 1);
    executor.submit(task(|| Ok(0))).unwrap().result(NEVER).unwrap();
    assert_eq!(executor.set_thread_name_prefix("y"), Err(Error::AlreadyStarted));
    assert_eq!(executor.set_initializer(None), Err(Error::AlreadyStarted));
    executor.finish().unwrap();
    assert_eq!(count(&ran), 10);
}

#[test]
fn an_initializer_that_fails_breaks_the_pool() {
    let executor = Executor::new(1);
    let (go, entered) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (held, reached) = (go.clone(), entered.clone());
    let initializer = Target::from_fn(move || {
        reached.set();
        held.wait();
        Err(Failure::new(crate::callback::PIRN_EXIT, None))
    });
    executor.set_initializer(Some(initializer)).unwrap();
    let (given, called) = (counter(), counter());
    let futures: Vec<_> = (0..5)
        .map(|_| {
            let held = Given(given.clone());
            let future = executor.submit(task(move || Ok(held.0.fetch_add(100, Ordering::SeqCst)))).unwrap();
            let called = called.clone();
            future.add_done_callback(Box::new(move |_| _ = called.fetch_add(1, Ordering::SeqCst))).unwrap();
            future
        })
        .collect();
    entered.wait();
    assert!(!executor.is_broken());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| futures[0].result(NEVER));
        go.set();
        assert_eq!(waiting.join().unwrap(), Err(Error::BrokenExecutor.into()));
    });
    for future in &futures {
        assert_eq!(future.exception(NEVER), Err(Error::BrokenExecutor));
        assert_eq!(future.status(), Status::Finished);
    }
    assert!(executor.is_broken());
    assert_eq!(executor.submit(task(|| Ok(0))).unwrap_err(), Error::BrokenExecutor);
    executor.finish().unwrap();
    assert_eq!((count(&given), count(&called)), (5, 5));
    assert_eq!(executor.pending(), (0, 0));
}

#[test]
fn the_first_submit_gets_a_future_even_if_the_initializer_fails_at_once() {
    for _ in 0..50 {
        let executor = Executor::new(2);
        let fails = || Err(Failure::new(crate::callback::PIRN_EXIT, None));
        executor.set_initializer(Some(Target::from_fn(fails))).unwrap();
        let future = executor.submit(task(|| Ok(0))).unwrap();
        assert_eq!(future.result(NEVER), Err(Error::BrokenExecutor.into()));
        executor.finish().unwrap();
        assert_eq!(executor.pending(), (0, 0));
    }
}

#[test]
fn the_initializer_runs_in_each_worker_and_is_given_back_at_the_end() {
    let (given, ran) = (counter(), counter());
    let executor = Executor::new(3);
    unsafe extern "C" fn run(arg: *mut c_void) -> i32 {
        // SAFETY: the pair made below.
        unsafe { &*arg.cast::<(Given, Arc<AtomicUsize>)>() }.1.fetch_add(1, Ordering::SeqCst);
        0
    }
    unsafe extern "C" fn free(arg: *mut c_void) {
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(arg.cast::<(Given, Arc<AtomicUsize>)>()) });
    }
    let arg = Box::into_raw(Box::new((Given(given.clone()), ran.clone())));
    // SAFETY: the functions take the pair, `run` on several threads at once.
    let initializer = unsafe { Target::new(run as crate::callback::TargetFn, Arg::new(arg.cast(), Some(free))) };
    executor.set_initializer(Some(initializer)).unwrap();
    let go = occupy(&executor, 3);
    assert_eq!((count(&ran), count(&given)), (3, 0));
    go.set();
    executor.finish().unwrap();
    drop(executor);
    assert_eq!((count(&ran), count(&given)), (3, 1));
}

#[test]
fn cancelled_tasks_do_not_pile_up_in_the_queue() {
    let executor = Executor::new(1);
    let go = occupy(&executor, 1);
    let last = executor.submit(task(|| Ok(1))).unwrap();
    for _ in 0..10_000 {
        assert!(executor.submit(task(|| Ok(0))).unwrap().cancel());
    }
    assert_eq!(executor.pending(), (1, 1));
    let entries = executor.pool().shift().entries();
    assert!(entries < 100, "{entries}");
    go.set();
    assert_eq!(last.result(NEVER), Ok(value(1)));
}

#[test]
fn defaults() {
    let processors = std::thread::available_parallelism().unwrap().get();
    assert_eq!(Executor::new(0).max_workers(), (processors + 4).min(32));
}

#[test]
fn workers_are_no_daemons() {
    let executor = Executor::new(1);
    let daemon = Arc::new(Mutex::new(None::<Arc<Thread>>));
    let held = daemon.clone();
    let look = task(move || {
        *held.lock().unwrap() = Some(thread::current().unwrap());
        Ok(0)
    });
    executor.submit(look).unwrap().result(NEVER).unwrap();
    let worker = daemon.lock().unwrap().take().unwrap();
    assert!(!worker.daemon() && worker.is_alive());
    drop(executor);
    worker.join(NEVER).unwrap();
}

#[test]
fn higher_priorities_go_first_and_equal_ones_in_turn() {
    let executor = Executor::new(1);
    let order: Arc<Mutex<Vec<(i32, usize)>>> = Arc::default();
    let go = occupy(&executor, 1);
    for (priority, number) in [(-1, 0), (0, 0), (1, 0), (2, 0), (0, 1), (-1, 1), (1, 1), (2, 1)] {
        let order = order.clone();
        let task = task(move || {
            order.lock().unwrap().push((priority, number));
            Ok(0)
        });
        let is_detached = number == 1;
        let queued = executor.submit_on_terms(task, is_detached, priority, Patience::Until(NEVER));
        if let Ok(Some(handle)) = queued {
            Future::close_handle(handle).unwrap();
        }
    }
    go.set();
    executor.shutdown(true, false).unwrap();
    let expected = [(2, 0), (2, 1), (1, 0), (1, 1), (0, 0), (0, 1), (-1, 0), (-1, 1)];
    assert_eq!(*order.lock().unwrap(), expected);
}

/// What a worker had in its hand while the lanes were drained is withdrawn by that worker: of a share not even the first task has started
/// then, for which a done callback of another one may wait.
#[test]
fn nothing_is_started_before_what_is_withdrawn() {
    const TASKS: usize = 1000;
    let executor = Executor::new(1);
    let go = counter();
    let gate = go.clone();
    let hold = task(move || {
        until(|| count(&gate) > 0);
        Ok(0)
    });
    executor.submit_detached(hold).unwrap();
    until(|| executor.pending() == (0, 1));
    let ran = counter();
    let mut previous: Option<Future> = None;
    for _ in 0..TASKS {
        let ran = ran.clone();
        let future = executor.submit(task(move || Ok(ran.fetch_add(1, Ordering::SeqCst)))).unwrap();
        if let Some(previous) = previous {
            future
                .add_done_callback(Box::new(move |future| {
                    if future.status() == Status::CancelledAndNotified {
                        let _ = previous.result(NEVER);
                    }
                }))
                .unwrap();
        }
        previous = Some(future);
    }
    // As a shutdown, at the moment when the worker has taken a share of two or more.
    let lanes = &executor.pool().shift().lanes;
    let left = || lanes[..Shift::OUTSIDE].iter().map(|lane| lane.lock().len()).sum::<usize>();
    let mut own = lanes[Shift::OUTSIDE].lock();
    go.fetch_add(1, Ordering::SeqCst);
    until(|| TASKS - left() >= count(&ran) + 2);
    own.drain();
    drop(own);
    executor.shutdown(true, false).unwrap();
    assert!(previous.unwrap().is_over());
    assert_eq!(executor.pending(), (0, 0));
}
