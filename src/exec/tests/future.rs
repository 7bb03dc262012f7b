use super::*;
use crate::exec::{AsCompleted, DoneCallback, Executor, Future, ReturnWhen, Status, wait};
use crate::park::{Deadline, Timeout};
use crate::status::Error;
use crate::sync::Event;
use std::sync::Mutex;

const NEVER: Deadline = Deadline::NEVER;
const NOW: Deadline = Deadline::PASSED;

fn note(log: &Arc<Mutex<Vec<usize>>>, entry: usize) -> DoneCallback {
    let log = log.clone();
    Box::new(move |_| log.lock().unwrap().push(entry))
}

#[test]
fn a_promise_is_kept() {
    let future = Future::new().unwrap();
    assert_eq!(future.status(), Status::Pending);
    assert_eq!(future.result(NOW), Err(Error::TimedOut.into()));
    assert_eq!(future.set_running_or_notify_cancel(), Ok(true));
    assert_eq!(future.status(), Status::Running);
    assert_eq!(future.set_running_or_notify_cancel(), Err(Error::InvalidState));
    assert!(!future.cancel());
    future.set_result(value(7)).unwrap();
    assert_eq!(future.status(), Status::Finished);
    for _ in 0..2 {
        assert_eq!(future.result(NEVER), Ok(value(7)));
        assert_eq!(future.exception(NOW), Ok(None));
    }
    assert_eq!(future.set_result(value(8)), Err(Error::InvalidState));
    assert_eq!(future.set_exception(failure(1)), Err(Error::InvalidState));
    assert_eq!(future.set_running_or_notify_cancel(), Err(Error::InvalidState));
    assert!(!future.cancel());
    assert_eq!(future.result(NEVER), Ok(value(7)));
}

#[test]
fn a_promise_is_broken() {
    let future = Future::new().unwrap();
    future.set_exception(failure(3)).unwrap();
    assert_eq!(future.result(NEVER), Err(failed(3)));
    assert_eq!(future.exception(NEVER), Ok(Some(failure(3))));
    assert_eq!(future.set_result(value(1)), Err(Error::InvalidState));
}

#[test]
fn a_promise_is_cancelled_in_two_steps() {
    let future = Future::new().unwrap();
    let log = Arc::default();
    future.add_done_callback(note(&log, 1)).unwrap();
    assert!(future.cancel());
    assert_eq!(future.status(), Status::Cancelled);
    assert_eq!(*log.lock().unwrap(), [1]);
    assert_eq!(future.is_done(), None);
    assert_eq!(future.result(NEVER), Err(Error::Cancelled.into()));
    assert_eq!(future.exception(NEVER), Err(Error::Cancelled));
    assert_eq!(future.set_result(value(1)), Err(Error::InvalidState));
    assert_eq!(future.set_exception(failure(1)), Err(Error::InvalidState));
    assert!(future.cancel());
    assert_eq!(future.set_running_or_notify_cancel(), Ok(false));
    assert_eq!(future.status(), Status::CancelledAndNotified);
    assert_eq!(future.is_done(), Some(false));
    assert_eq!(future.set_running_or_notify_cancel(), Err(Error::InvalidState));
    assert!(future.cancel());
    future.add_done_callback(note(&log, 2)).unwrap();
    assert_eq!(*log.lock().unwrap(), [1, 2]);
}

#[test]
fn all_who_wait_are_woken() {
    for cancel in [false, true] {
        let future = Future::new().unwrap();
        let ready = Event::new();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        ready.set();
                        future.result(NEVER)
                    })
                })
                .collect();
            ready.wait();
            let expected = if cancel {
                assert!(future.cancel());
                Err(Error::Cancelled.into())
            } else {
                future.set_result(value(5)).unwrap();
                Ok(value(5))
            };
            for thread in threads {
                assert_eq!(thread.join().unwrap(), expected);
            }
        });
    }
}

#[test]
fn callbacks_run_once_in_order_in_the_completing_thread() {
    let future = Future::new().unwrap();
    let log: Arc<Mutex<Vec<usize>>> = Arc::default();
    for entry in 0..10 {
        future.add_done_callback(note(&log, entry)).unwrap();
    }
    let held = log.clone();
    future
        .add_done_callback(Box::new(move |future| {
            assert_eq!(future.result(NEVER), Ok(value(1)));
            assert!(!future.cancel());
            // Over already: at once, before what comes after this callback.
            future.add_done_callback(note(&held, 10)).unwrap();
            held.lock().unwrap().push(11);
        }))
        .unwrap();
    future.add_done_callback(note(&log, 12)).unwrap();
    let completer = Arc::new(Mutex::new(None));
    let held = completer.clone();
    future.add_done_callback(Box::new(move |_| *held.lock().unwrap() = Some(std::thread::current().id()))).unwrap();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            future.set_result(value(1)).unwrap();
            std::thread::current().id()
        });
        assert_eq!(Some(thread.join().unwrap()), *completer.lock().unwrap());
    });
    assert_eq!(*log.lock().unwrap(), (0..13).collect::<Vec<_>>());
}

#[test]
fn a_callback_that_panics_keeps_nobody_from_theirs() {
    let future = Future::new().unwrap();
    let log = Arc::default();
    future.add_done_callback(Box::new(|_| std::panic::resume_unwind(Box::new("on purpose")))).unwrap();
    future.add_done_callback(note(&log, 1)).unwrap();
    future.set_result(value(1)).unwrap();
    assert_eq!(*log.lock().unwrap(), [1]);
}

#[test]
fn callbacks_that_never_run_are_given_back() {
    let given = counter();
    let future = Future::new().unwrap();
    let held = Given(given.clone());
    future.add_done_callback(Box::new(move |_| drop(held))).unwrap();
    assert_eq!(count(&given), 0);
    drop(future);
    assert_eq!(count(&given), 1);
}

#[test]
fn a_result_is_given_back_with_its_future() {
    unsafe extern "C" fn free(result: *mut c_void) {
        // SAFETY: a box made below.
        drop(unsafe { Box::from_raw(result.cast::<Given>()) });
    }
    let given = counter();
    let result = || Value(Box::into_raw(Box::new(Given(given.clone()))).cast());

    let future = Future::new().unwrap();
    // SAFETY: the result is such a box.
    unsafe { future.set_result_free(Some(free)) };
    future.set_result(result()).unwrap();
    let other = future.clone();
    drop(future);
    assert_eq!(count(&given), 0);
    drop(other);
    assert_eq!(count(&given), 1);

    let future = Future::new().unwrap();
    future.set_result(result()).unwrap();
    // SAFETY: as above.
    unsafe { future.set_result_free(Some(free)) };
    drop(future);
    assert_eq!(count(&given), 2);

    // Nothing to give back.
    let future = Future::new().unwrap();
    // SAFETY: as above.
    unsafe { future.set_result_free(Some(free)) };
    future.cancel();
    drop(future);
    assert_eq!(count(&given), 2);
}

#[test]
fn a_wait_that_times_out_leaves_nothing_behind() {
    let future = Future::new().unwrap();
    let each = core::slice::from_ref(&future);
    for _ in 0..100 {
        let limit = Timeout::from_seconds(1e-6).unwrap();
        assert_eq!(future.result(limit.deadline()), Err(Error::TimedOut.into()));
        assert!(!wait(each, ReturnWhen::AllCompleted, limit.deadline()).unwrap().complete);
        assert_eq!(AsCompleted::new(each, limit.deadline()).unwrap().next(), Err(Error::TimedOut));
    }
    assert_eq!(future.followers(), 0);
}

/// An executor with one worker, which waits for the event.
fn busy() -> (Executor, Arc<Event>) {
    let executor = Executor::new(1);
    let go = Arc::new(Event::new());
    let (held, running) = (go.clone(), Arc::new(Event::new()));
    let started = running.clone();
    let task = task(move || {
        started.set();
        held.wait();
        Ok(0)
    });
    executor.submit_detached(task).unwrap();
    running.wait();
    (executor, go)
}

#[test]
fn an_executors_future_is_cancelled_and_notified_at_once() {
    let (executor, go) = busy();
    let given = counter();
    let held = Given(given.clone());
    let future = executor.submit(task(move || Ok(held.0.fetch_add(100, Ordering::SeqCst)))).unwrap();
    assert_eq!(executor.pending(), (1, 1));
    let log = Arc::default();
    future.add_done_callback(note(&log, 1)).unwrap();
    assert!(future.cancel());
    assert_eq!(count(&given), 1);
    assert_eq!(executor.pending(), (0, 1));
    assert_eq!(future.status(), Status::CancelledAndNotified);
    assert_eq!(future.set_running_or_notify_cancel(), Err(Error::InvalidState));
    assert_eq!(*log.lock().unwrap(), [1]);
    go.set();
    executor.shutdown(true, false).unwrap();
    assert_eq!(count(&given), 1, "neither run nor given back again");
}

#[test]
fn an_executors_future_may_be_taken_over() {
    let (executor, go) = busy();
    let given = counter();
    let submit = || {
        let held = Given(given.clone());
        executor.submit(task(move || Ok(held.0.fetch_add(100, Ordering::SeqCst)))).unwrap()
    };
    let set = submit();
    set.set_result(value(1)).unwrap();
    assert_eq!(set.result(NOW), Ok(value(1)));
    let started = submit();
    assert_eq!(started.set_running_or_notify_cancel(), Ok(true));
    assert_eq!(count(&given), 2);
    assert_eq!(executor.pending(), (0, 1));
    go.set();
    executor.shutdown(true, false).unwrap();
    assert_eq!(count(&given), 2);
    assert_eq!(started.status(), Status::Running);
    started.set_exception(failure(4)).unwrap();
    assert_eq!(started.result(NOW), Err(failed(4)));
}

#[test]
fn a_running_task_whose_future_was_finished_by_hand_ends_in_peace() {
    let executor = Executor::new(1);
    let (go, running) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (held, started) = (go.clone(), running.clone());
    let future = executor
        .submit(task(move || {
            started.set();
            held.wait();
            Ok(1)
        }))
        .unwrap();
    running.wait();
    future.set_result(value(2)).unwrap();
    go.set();
    executor.shutdown(true, false).unwrap();
    assert_eq!(future.result(NEVER), Ok(value(2)));
    assert_eq!(executor.pending(), (0, 0));
}
