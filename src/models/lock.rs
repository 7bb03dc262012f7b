//! Lock.

use super::{model, soon};
use crate::status::Error;
use crate::sync::{Lock, RawLock};
use crate::sys::futex;
use crate::word::Tag;
use core::sync::atomic::{AtomicBool, Ordering};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

/// A lock and what it guards; loom reports any access that is not ordered by the lock.
struct Guarded {
    lock: Lock,
    value: UnsafeCell<i32>,
}

// SAFETY: the value is accessed with the lock held only, which is what the models check.
unsafe impl Sync for Guarded {}

impl Guarded {
    fn new() -> Arc<Guarded> {
        Arc::new(Guarded { lock: Lock::new(), value: UnsafeCell::new(0) })
    }

    fn increment_and_release(&self) {
        // SAFETY: the caller holds the lock.
        self.value.with_mut(|value| unsafe { *value += 1 });
        self.lock.release().unwrap();
    }

    fn total(&self) -> i32 {
        self.lock.acquire();
        // SAFETY: the lock is held.
        let total = self.value.with(|value| unsafe { *value });
        self.lock.release().unwrap();
        total
    }
}

/// Three threads exclude each other, each gets the lock (no lost wake-up), and each sees what the one before did.
#[test]
fn mutual_exclusion_and_no_lost_wakeup() {
    model(|| {
        let guarded = Guarded::new();
        let work = |guarded: Arc<Guarded>| {
            move || {
                guarded.lock.acquire();
                guarded.increment_and_release();
            }
        };
        let others = [thread::spawn(work(guarded.clone())), thread::spawn(work(guarded.clone()))];
        work(guarded.clone())();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(guarded.total(), 3);
        assert!(!guarded.lock.locked());
    });
}

/// A waiter whose limit passes at any point, beside one that waits for ever: the first gets the lock or TIMED_OUT, the
/// second always gets it, and the lock is free in the end.
#[test]
fn timeout_against_release() {
    model(|| {
        let guarded = Guarded::new();
        guarded.lock.acquire();
        let timed = {
            let guarded = guarded.clone();
            thread::spawn(move || match guarded.lock.acquire_until(soon()) {
                Ok(()) => {
                    guarded.increment_and_release();
                    1
                }
                Err(error) => {
                    assert_eq!(error, Error::TimedOut);
                    0
                }
            })
        };
        let patient = {
            let guarded = guarded.clone();
            thread::spawn(move || {
                guarded.lock.acquire();
                guarded.increment_and_release();
            })
        };
        // The clock ticks somewhere before, between or after.
        futex::expire();
        guarded.increment_and_release();
        let got = timed.join().unwrap();
        patient.join().unwrap();
        assert_eq!(guarded.total(), 2 + got);
        assert!(!guarded.lock.locked());
    });
}

/// The same with the clock on a thread of its own, so that it may tick while others are in the middle of anything.
#[test]
fn timeout_at_any_point() {
    model(|| {
        let guarded = Guarded::new();
        guarded.lock.acquire();
        let clock = thread::spawn(futex::expire);
        let timed = {
            let guarded = guarded.clone();
            thread::spawn(move || {
                let got = guarded.lock.acquire_until(soon()).is_ok();
                if got {
                    guarded.increment_and_release();
                }
                i32::from(got)
            })
        };
        guarded.increment_and_release();
        let got = timed.join().unwrap();
        clock.join().unwrap();
        assert_eq!(guarded.total(), 1 + got);
    });
}

/// A waiter that has starved is handed the lock: bargers and time-outs around it lose nothing.
#[test]
fn handing_over() {
    model(|| {
        let guarded = Guarded::new();
        guarded.lock.acquire();
        let clock = thread::spawn(futex::expire);
        let work = |guarded: Arc<Guarded>| {
            move || {
                guarded.lock.acquire();
                guarded.increment_and_release();
            }
        };
        let waiter = thread::spawn(work(guarded.clone()));
        guarded.increment_and_release();
        // Barges in, perhaps before the woken waiter, which then comes back starved.
        guarded.lock.acquire();
        guarded.increment_and_release();
        waiter.join().unwrap();
        clock.join().unwrap();
        assert_eq!(guarded.total(), 3);
        assert!(!guarded.lock.locked());
    });
}

/// Freeing against use: an acquire and a release that race with the free either come before it or find the handle invalid; a
/// waiter keeps the lock from being freed; nobody gets through a retired tag.
#[test]
fn free_against_use() {
    const OLD: Tag = Tag::new(1 << 40, 1);
    const RETIRED: u64 = 2 << 40;
    model(|| {
        let lock = Arc::new(RawLock::new(OLD));
        let freed = Arc::new(AtomicBool::new(false));
        let user = {
            let (lock, freed) = (lock.clone(), freed.clone());
            thread::spawn(move || match lock.acquire(OLD) {
                Ok(()) => {
                    // Freed while held, or not: the release says so.
                    match lock.release(OLD) {
                        Ok(()) => {}
                        Err(error) => assert_eq!(error, Error::InvalidHandle),
                    }
                }
                Err(error) => {
                    assert_eq!(error, Error::InvalidHandle);
                    assert!(freed.load(Ordering::Relaxed));
                }
            })
        };
        let second = {
            let lock = lock.clone();
            thread::spawn(move || {
                if lock.acquire(OLD).is_ok() {
                    let _ = lock.release(OLD);
                }
            })
        };
        freed.store(true, Ordering::Relaxed);
        match lock.retire(OLD, RETIRED) {
            Ok(_) => assert_eq!(lock.try_acquire(OLD), Err(Error::InvalidHandle)),
            // Someone waits, so someone holds it, who wakes the waiter.
            Err(error) => assert_eq!(error, Error::Busy),
        }
        user.join().unwrap();
        second.join().unwrap();
    });
}
