use super::*;
use crate::park::{Deadline, Timeout};
use crate::status::Error;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn seconds(seconds: f64) -> Timeout {
    Timeout::from_seconds(seconds).unwrap()
}

/// Waits for a state that other threads bring about.
fn until(mut state: impl FnMut() -> bool) {
    while !state() {
        std::thread::yield_now();
    }
}

#[test]
fn lock_states() {
    let lock = Lock::new();
    assert_eq!(lock.release(), Err(Error::NotLocked));
    lock.acquire();
    assert!(lock.locked());
    assert_eq!(lock.try_acquire(), Err(Error::WouldBlock));
    assert_eq!(lock.acquire_timeout(seconds(0.0)), Err(Error::TimedOut));
    std::thread::scope(|scope| scope.spawn(|| lock.release()).join().unwrap()).unwrap();
    assert!(!lock.locked());
    assert_eq!(lock.acquire_until(Deadline::PASSED), Ok(()), "a free lock is taken without waiting");
    lock.release().unwrap();
}

#[test]
fn a_timed_acquire_is_not_early() {
    let lock = Lock::new();
    lock.acquire();
    let begin = Instant::now();
    assert_eq!(lock.acquire_timeout(seconds(0.02)), Err(Error::TimedOut));
    assert!(begin.elapsed() >= Duration::from_millis(20));
    lock.release().unwrap();
    assert_eq!(lock.try_acquire(), Ok(()));
}

/// Random timed and untimed operations: the lock excludes, and is free in the end.
#[test]
fn lock_under_random_load() {
    const THREADS: u64 = 16;
    const ROUNDS: u64 = 4_000;
    let lock = Lock::new();
    let holders = AtomicU64::new(0);
    let acquired = AtomicU64::new(0);
    let work = |seed: u64| {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for _ in 0..ROUNDS {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let got = match random % 4 {
                0 => lock.try_acquire().is_ok(),
                1 => lock.acquire_timeout(seconds((random >> 8 & 0xff) as f64 * 1e-7)).is_ok(),
                _ => {
                    lock.acquire();
                    true
                }
            };
            if got {
                assert_eq!(holders.fetch_add(1, Ordering::Relaxed), 0);
                if random & 0x700 == 0 {
                    std::thread::yield_now();
                }
                assert_eq!(holders.fetch_sub(1, Ordering::Relaxed), 1);
                acquired.fetch_add(1, Ordering::Relaxed);
                lock.release().unwrap();
            }
        }
    };
    std::thread::scope(|scope| (0..THREADS).for_each(|seed| drop(scope.spawn(move || work(seed)))));
    assert!(acquired.load(Ordering::Relaxed) >= THREADS * ROUNDS / 4);
    assert!(!lock.locked());
}

/// A thread that takes the lock again the moment it lets it go does not starve one that waits.
#[test]
fn a_waiter_gets_the_lock_from_one_who_hardly_lets_go() {
    let lock = Lock::new();
    let stop = AtomicBool::new(false);
    let rounds = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                lock.acquire();
                rounds.fetch_add(1, Ordering::Relaxed);
                lock.release().unwrap();
            }
        });
        until(|| rounds.load(Ordering::Relaxed) > 0);
        for _ in 0..50 {
            lock.acquire();
            lock.release().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn event_states() {
    let event = Event::new();
    assert!(!event.is_set());
    assert_eq!(event.wait_timeout(seconds(0.0)), Err(Error::TimedOut));
    event.set();
    event.set();
    assert!(event.is_set());
    event.wait();
    assert_eq!(event.wait_timeout(seconds(0.0)), Ok(()));
    event.clear();
    event.clear();
    let begin = Instant::now();
    assert_eq!(event.wait_timeout(seconds(0.02)), Err(Error::TimedOut));
    assert!(begin.elapsed() >= Duration::from_millis(20));
}

/// Sets that are cleared at once, against waits with limits of any length: whoever waits without a limit gets through.
#[test]
fn a_set_that_is_cleared_at_once_wakes_all_who_wait() {
    let event = Event::new();
    let done = AtomicU64::new(0);
    const WAITERS: u64 = 8;
    const ROUNDS: u64 = 300;
    std::thread::scope(|scope| {
        for waiter in 0..WAITERS {
            let (event, done) = (&event, &done);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    if waiter % 2 == 0 {
                        event.wait();
                    } else {
                        let _ = event.wait_timeout(seconds((round % 50) as f64 * 1e-6));
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until(|| {
            event.set();
            event.clear();
            done.load(Ordering::Relaxed) == WAITERS * ROUNDS
        });
    });
}
