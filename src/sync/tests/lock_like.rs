//! One suite for everything that can be acquired and released: it takes a factory.

use super::super::{Condition, Lock, RLock, Semaphore};
use super::{Inside, Random, on_threads, scaled, seconds, until};
use crate::status::Error;
use crate::{Deadline, Timeout};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the suite needs of a lock.
trait LockLike: Sync {
    fn acquire(&self);
    fn try_acquire(&self) -> Result<(), Error>;
    fn acquire_timeout(&self, timeout: Timeout) -> Result<(), Error>;
    fn acquire_until(&self, deadline: Deadline) -> Result<(), Error>;
    fn release(&self) -> Result<(), Error>;
}

macro_rules! lock_like {
    ($($type:ty),+) => {
        $(impl LockLike for $type {
            fn acquire(&self) {
                self.acquire();
            }
            fn try_acquire(&self) -> Result<(), Error> {
                self.try_acquire()
            }
            fn acquire_timeout(&self, timeout: Timeout) -> Result<(), Error> {
                self.acquire_timeout(timeout)
            }
            fn acquire_until(&self, deadline: Deadline) -> Result<(), Error> {
                self.acquire_until(deadline)
            }
            fn release(&self) -> Result<(), Error> {
                self.release()
            }
        })+
    };
}

lock_like!(Lock, RLock, Condition, Semaphore);

/// What `release` says when there is nothing to release; None if a release always works.
struct Kind<L> {
    make: fn() -> L,
    not_held: Option<Error>,
}

fn elsewhere<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

fn states<L: LockLike>(kind: Kind<L>) {
    let lock = (kind.make)();
    if let Some(error) = kind.not_held {
        assert_eq!(lock.release(), Err(error));
    }
    lock.acquire();
    elsewhere(|| {
        assert_eq!(lock.try_acquire(), Err(Error::WouldBlock));
        assert_eq!(lock.acquire_timeout(seconds(0.0)), Err(Error::TimedOut));
        let begin = Instant::now();
        assert_eq!(lock.acquire_timeout(seconds(0.02)), Err(Error::TimedOut));
        assert!(begin.elapsed() >= Duration::from_millis(20), "a limit never passes early");
    });
    lock.release().unwrap();
    assert_eq!(lock.acquire_until(Deadline::PASSED), Ok(()), "what is free is taken without waiting");
    lock.release().unwrap();
    lock.try_acquire().unwrap();
    lock.release().unwrap();
    if let Some(error) = kind.not_held {
        assert_eq!(lock.release(), Err(error));
    }
}

/// Every way in, with limits of any length: the lock excludes, and is free in the end.
fn random_operations<L: LockLike>(kind: Kind<L>, threads: usize, rounds: usize) {
    let lock = (kind.make)();
    let inside = Inside::default();
    let acquired = AtomicUsize::new(0);
    on_threads(threads, |thread| {
        let mut random = Random::new(thread);
        for _ in 0..rounds {
            let got = match random.below(4) {
                0 => lock.try_acquire(),
                1 => lock.acquire_timeout(random.timeout(25)),
                2 => lock.acquire_timeout(random.timeout(2_000)),
                _ => {
                    lock.acquire();
                    Ok(())
                }
            };
            match got {
                Ok(()) => {
                    inside.visit(1, random.below(8) == 0);
                    acquired.fetch_add(1, Ordering::Relaxed);
                    lock.release().unwrap();
                }
                Err(error) => assert!(matches!(error, Error::WouldBlock | Error::TimedOut), "{error}"),
            }
        }
    });
    assert!(acquired.load(Ordering::Relaxed) >= threads * rounds / 8);
    lock.try_acquire().unwrap();
}

/// A thread that takes the lock again the moment it lets it go does not starve those that wait: each gets it again and again.
fn nobody_starves<L: LockLike>(kind: Kind<L>) {
    const WAITERS: usize = 3;
    let lock = (kind.make)();
    let stop = AtomicBool::new(false);
    let rounds = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                lock.acquire();
                rounds.fetch_add(1, Ordering::Relaxed);
                lock.release().unwrap();
            }
        });
        until(|| rounds.load(Ordering::Relaxed) > 0);
        on_threads(WAITERS, |_| {
            for _ in 0..20 {
                lock.acquire();
                lock.release().unwrap();
            }
        });
        stop.store(true, Ordering::Relaxed);
    });
}

/// All of many threads that fight for the lock get their share: none goes on before every other one has kept up.
fn all_get_their_share<L: LockLike>(kind: Kind<L>) {
    const THREADS: usize = 8;
    const SHARE: usize = 100;
    let lock = (kind.make)();
    let shares: [AtomicUsize; THREADS] = Default::default();
    on_threads(THREADS, |thread| {
        while shares.iter().any(|share| share.load(Ordering::Relaxed) < SHARE) {
            lock.acquire();
            shares[thread].fetch_add(1, Ordering::Relaxed);
            lock.release().unwrap();
        }
    });
}

macro_rules! suite {
    ($($name:ident: $kind:expr;)+) => {
        $(mod $name {
            use super::*;

            #[test]
            fn states() {
                super::states($kind);
            }

            #[test]
            fn random_operations() {
                super::random_operations($kind, 8, scaled(3_000));
            }

            #[test]
            fn oversubscribed() {
                super::random_operations($kind, 64, scaled(300));
            }

            #[test]
            fn nobody_starves() {
                super::nobody_starves($kind);
            }

            #[test]
            fn all_get_their_share() {
                super::all_get_their_share($kind);
            }
        })+
    };
}

fn on_lock() -> Condition {
    Condition::with_lock(Arc::default())
}

suite! {
    lock: Kind { make: Lock::new, not_held: Some(Error::NotLocked) };
    rlock: Kind { make: RLock::new, not_held: Some(Error::NotOwner) };
    condition: Kind { make: Condition::new, not_held: Some(Error::NotOwner) };
    condition_on_a_lock: Kind { make: on_lock, not_held: Some(Error::NotLocked) };
    semaphore: Kind { make: || Semaphore::new(1).unwrap(), not_held: None };
    bounded_semaphore: Kind { make: || Semaphore::new_bounded(1).unwrap(), not_held: Some(Error::OverRelease) };
}

#[test]
fn any_thread_releases_a_lock() {
    let lock = Lock::new();
    lock.acquire();
    assert!(lock.locked());
    assert_eq!(lock.try_acquire(), Err(Error::WouldBlock));
    elsewhere(|| lock.release()).unwrap();
    assert!(!lock.locked());
}

#[test]
fn the_owner_alone_releases_an_rlock() {
    let lock = RLock::new();
    lock.acquire();
    lock.try_acquire().unwrap();
    lock.acquire_timeout(seconds(0.0)).unwrap();
    assert_eq!(lock.recursion_count(), 3);
    elsewhere(|| {
        assert!(lock.locked() && !lock.is_owned());
        assert_eq!(lock.recursion_count(), 0);
        assert_eq!(lock.release(), Err(Error::NotOwner));
    });
    for left in (0..3).rev() {
        lock.release().unwrap();
        assert_eq!((lock.recursion_count(), lock.is_owned()), (left, left > 0));
    }
    assert!(!lock.locked());
    elsewhere(|| lock.try_acquire()).unwrap();
    assert_eq!(lock.release(), Err(Error::NotOwner), "held by a thread that has ended");
}
