//! The internal mutex and the wait list.

use super::model;
use crate::park::{Deadline, Mutex, Notice, WaitList, Wake};
use crate::sys::futex;
use loom::sync::Arc;
use loom::thread;

/// Three threads exclude each other, and each gets its turn: no unlock forgets a sleeper.
#[test]
fn mutual_exclusion() {
    model(|| {
        let mutex = Arc::new(Mutex::new(0));
        let increment = |mutex: Arc<Mutex<i32>>| {
            move || {
                let mut value = mutex.lock();
                let seen = *value;
                thread::yield_now();
                *value = seen + 1;
            }
        };
        let others = [thread::spawn(increment(mutex.clone())), thread::spawn(increment(mutex.clone()))];
        increment(mutex.clone())();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(*mutex.lock(), 3);
    });
}

/// A notice against a time-out: the waiter returns exactly one of both, and the notifier knows which.
#[test]
fn notice_against_timeout() {
    model(|| {
        let list = Arc::new(Mutex::new(WaitList::new()));
        let waiter = {
            let list = list.clone();
            thread::spawn(move || {
                let soon = crate::Timeout::from_seconds(1.0).unwrap().deadline();
                match Mutex::wait(list.lock(), soon, |list| list) {
                    Wake::Notified(notice) => Some(notice.code()),
                    Wake::TimedOut(list) => {
                        assert!(list.is_empty());
                        None
                    }
                }
            })
        };
        let clock = thread::spawn(futex::expire);
        let notifier = list.lock().pop_front();
        let notified = notifier.is_some();
        if let Some(notifier) = notifier {
            notifier.notify(Notice::new(9));
        }
        assert_eq!(waiter.join().unwrap().is_some(), notified);
        clock.join().unwrap();
    });
}

/// All waiters of a list that is taken over are woken, the one too that joins while another leaves.
#[test]
fn notify_all() {
    model(|| {
        let list = Arc::new(Mutex::new((false, WaitList::new())));
        let wait = |list: Arc<Mutex<(bool, WaitList)>>| {
            move || {
                let guard = list.lock();
                if !guard.0 {
                    let Wake::Notified(_) = Mutex::wait(guard, Deadline::NEVER, |(_, list)| list) else {
                        unreachable!("there is no limit");
                    };
                }
            }
        };
        let waiters = [thread::spawn(wait(list.clone())), thread::spawn(wait(list.clone()))];
        let all = {
            let mut guard = list.lock();
            guard.0 = true;
            guard.1.take_all()
        };
        all.notify_all(Notice::new(1));
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}
