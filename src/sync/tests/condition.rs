use super::super::{Condition, Lock, RLock};
use super::{Random, on_threads, scaled, seconds, until};
use crate::status::Error;
use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Something that the condition's lock guards.
struct Guarded<T> {
    condition: Condition,
    value: T,
}

// SAFETY: the tests touch `value` with the condition's lock held only; if the lock did not exclude they would fail, or Cell's
// invariants with them.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    fn with<R>(&self, body: impl FnOnce(&T) -> R) -> R {
        self.condition.acquire();
        let result = body(&self.value);
        self.condition.release().unwrap();
        result
    }
}

/// On each sort of lock.
fn on_each_lock(test: impl Fn(Condition)) {
    test(Condition::new());
    test(Condition::with_lock(Arc::default()));
    test(Condition::with_rlock(Arc::default()));
}

#[test]
fn nothing_goes_without_the_lock() {
    on_each_lock(|condition| {
        let asked = Cell::new(false);
        let predicate = || {
            asked.set(true);
            true
        };
        assert!(!condition.is_owned());
        assert_eq!(condition.wait(), Err(Error::NotOwner));
        assert_eq!(condition.wait_timeout(seconds(0.0)), Err(Error::NotOwner));
        assert_eq!(condition.wait_for(predicate, seconds(1.0)), Err(Error::NotOwner));
        assert_eq!(condition.notify(1), Err(Error::NotOwner));
        assert_eq!(condition.notify(0), Err(Error::NotOwner));
        assert_eq!(condition.notify_all(), Err(Error::NotOwner));
        assert!(!asked.get());
    });
    let condition = Condition::new();
    std::thread::scope(|scope| {
        condition.acquire();
        let other = scope.spawn(|| (condition.is_owned(), condition.wait(), condition.notify_all()));
        assert_eq!(other.join().unwrap(), (false, Err(Error::NotOwner), Err(Error::NotOwner)));
    });
    // Anyone may pass for the holder of a lock that is not owned, as in Python.
    let condition = Condition::with_lock(Arc::default());
    std::thread::scope(|scope| {
        condition.acquire();
        assert_eq!(scope.spawn(|| (condition.is_owned(), condition.notify_all())).join().unwrap(), (true, Ok(())));
    });
}

#[test]
fn a_wait_that_times_out_has_the_lock_back() {
    on_each_lock(|condition| {
        condition.acquire();
        assert_eq!(condition.wait_timeout(seconds(0.0)), Err(Error::TimedOut));
        let begin = Instant::now();
        assert_eq!(condition.wait_timeout(seconds(0.02)), Err(Error::TimedOut));
        assert!(begin.elapsed() >= Duration::from_millis(20));
        assert!(condition.is_owned());
        // Notifies with nobody waiting are forgotten.
        condition.notify(5).unwrap();
        condition.notify_all().unwrap();
        assert_eq!(condition.wait_timeout(seconds(0.0)), Err(Error::TimedOut));
        condition.release().unwrap();
    });
}

#[test]
fn every_level_is_let_go_and_restored() {
    let lock = Arc::new(RLock::new());
    let condition = Condition::with_rlock(lock.clone());
    for _ in 0..3 {
        condition.acquire();
    }
    assert_eq!(condition.wait_timeout(seconds(0.001)), Err(Error::TimedOut));
    assert_eq!(lock.recursion_count(), 3);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Possible only while the other thread waits.
            condition.acquire();
            condition.notify(1).unwrap();
            condition.release().unwrap();
        });
        condition.wait().unwrap();
        assert_eq!(lock.recursion_count(), 3);
    });
}

#[test]
fn wait_for_tests_first_and_last() {
    on_each_lock(|condition| {
        condition.acquire();
        let calls = Cell::new(0);
        let count_to = |last: u32| {
            let calls = &calls;
            calls.set(0);
            move || {
                calls.set(calls.get() + 1);
                calls.get() == last
            }
        };
        condition.wait_for(count_to(1), seconds(0.0)).unwrap();
        condition.wait_for(count_to(2), seconds(0.0)).unwrap();
        assert_eq!(calls.get(), 2, "once before, once after");
        assert_eq!(condition.wait_for(count_to(3), seconds(0.001)), Err(Error::TimedOut));
        assert_eq!(calls.get(), 2);
        condition.release().unwrap();
    });
}

/// Those who came first are notified first; nobody else wakes. (Of several who are notified together each has to get the lock,
/// where a thread that is awake may be faster.)
#[test]
fn first_come_first_served() {
    const WAITERS: usize = 9;
    on_each_lock(|condition| {
        let order = Guarded { condition, value: RefCell::new(Vec::<usize>::new()) };
        let came = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for waiter in 0..WAITERS {
                let (order, came) = (&order, &came);
                scope.spawn(move || {
                    order.with(|woken| {
                        came.fetch_add(1, Ordering::Relaxed);
                        order.condition.wait().unwrap();
                        woken.borrow_mut().push(waiter);
                    });
                });
                // The waiter lets the lock go when it is on the list.
                until(|| order.with(|_| came.load(Ordering::Relaxed) > waiter));
            }
            for (n, woken) in [(0, 0), (1, 1), (3, 4), (0, 4), (2, 6)] {
                order.with(|_| order.condition.notify(n).unwrap());
                until(|| order.with(|order| order.borrow().len() >= woken));
                order.with(|order| order.borrow_mut().sort());
                assert_eq!(order.with(|order| order.borrow().clone()), (0..woken).collect::<Vec<_>>());
            }
            order.with(|_| order.condition.notify_all().unwrap());
        });
        let mut all = order.value.into_inner();
        all.sort();
        assert_eq!(all, (0..WAITERS).collect::<Vec<_>>());
    });
}

/// A waiter that gave up is not among those who can be notified.
#[test]
fn a_waiter_that_timed_out_eats_no_notify() {
    on_each_lock(|condition| {
        let state = Guarded { condition, value: Cell::new(0) };
        std::thread::scope(|scope| {
            state.condition.acquire();
            assert_eq!(state.condition.wait_timeout(seconds(0.001)), Err(Error::TimedOut));
            state.condition.release().unwrap();
            scope.spawn(|| {
                state.with(|waiting| {
                    waiting.set(1);
                    state.condition.wait().unwrap();
                    waiting.set(2);
                });
            });
            until(|| state.with(|waiting| waiting.get() == 1));
            state.with(|_| state.condition.notify(1).unwrap());
        });
        assert_eq!(state.value.get(), 2);
    });
}

/// Tokens come and go, by every sort of wait and of notify: none is lost or made, and whoever waits without a limit gets one.
fn tokens(condition: Condition, takers: usize, each: usize) {
    let state = Guarded { condition, value: Cell::new(0usize) };
    let served = AtomicUsize::new(0);
    let given = AtomicUsize::new(0);
    on_threads(takers + 1, |thread| {
        let mut random = Random::new(thread);
        if thread == takers {
            until(|| {
                let n = 1 + random.below(4) as usize;
                state.with(|tokens| {
                    tokens.set(tokens.get() + n);
                    given.fetch_add(n, Ordering::Relaxed);
                    match random.below(8) {
                        0 => state.condition.notify_all().unwrap(),
                        _ => state.condition.notify(n as u64).unwrap(),
                    }
                });
                served.load(Ordering::Relaxed) == takers
            });
            return;
        }
        let mut mine = 0;
        while mine < each {
            state.with(|tokens| {
                if thread % 3 == 0 {
                    let _ = state.condition.wait_for(|| tokens.get() > 0, random.timeout(30));
                } else if thread % 3 == 1 && tokens.get() == 0 {
                    // Notified, but not for what somebody else has taken since.
                    let _ = state.condition.wait_timeout(random.timeout(30));
                } else {
                    while tokens.get() == 0 {
                        state.condition.wait().unwrap();
                    }
                }
                if tokens.get() > 0 {
                    tokens.set(tokens.get() - 1);
                    mine += 1;
                }
            });
        }
        served.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(state.value.get(), given.into_inner() - takers * each);
}

#[test]
fn random_operations() {
    on_each_lock(|condition| tokens(condition, 9, scaled(400)));
}

#[test]
fn oversubscribed() {
    on_each_lock(|condition| tokens(condition, 63, scaled(30)));
}

/// A place for one item, with a condition for each side, on one lock: no notify goes to the wrong side.
#[test]
fn several_conditions_on_one_lock() {
    const ITEMS: usize = 2_000;
    let lock = Arc::new(Lock::new());
    let emptied = Condition::with_lock(lock.clone());
    let place = Guarded { condition: Condition::with_lock(lock), value: Cell::new(None) };
    on_threads(4, |thread| {
        for item in 0..ITEMS {
            place.with(|content| {
                if thread % 2 == 0 {
                    emptied.wait_for(|| content.get().is_none(), crate::Timeout::NEVER).unwrap();
                    content.set(Some(item));
                    place.condition.notify(1).unwrap();
                } else {
                    place.condition.wait_for(|| content.get().is_some(), crate::Timeout::NEVER).unwrap();
                    content.set(None);
                    emptied.notify(1).unwrap();
                }
            });
        }
    });
    assert!(place.value.get().is_none());
}

/// Two threads that pass a ball: each notify reaches the other one, whose wait has no predicate to fall back on.
#[test]
fn ping_pong() {
    let ball = Guarded { condition: Condition::new(), value: Cell::new(0usize) };
    let started = AtomicBool::new(false);
    on_threads(2, |player| {
        if player == 0 {
            until(|| started.load(Ordering::Relaxed));
        }
        ball.with(|turn| {
            if player == 1 {
                started.store(true, Ordering::Relaxed);
                ball.condition.wait().unwrap();
            }
            for round in 0..5_000 {
                turn.set(turn.get() + 1);
                assert_eq!(turn.get(), 2 * round + player + 1);
                ball.condition.notify(1).unwrap();
                if (player, round) != (1, 4_999) {
                    ball.condition.wait().unwrap();
                }
            }
        });
    });
}
