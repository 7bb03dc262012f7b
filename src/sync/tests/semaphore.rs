use super::super::Semaphore;
use super::{Inside, Random, on_threads, scaled, until};
use crate::status::Error;
use core::sync::atomic::{AtomicI64, Ordering};

#[test]
fn values() {
    assert_eq!(Semaphore::new(-1).unwrap_err(), Error::InvalidArgument);
    assert_eq!(Semaphore::new_bounded(i64::MIN).unwrap_err(), Error::InvalidArgument);
    let semaphore = Semaphore::new(2).unwrap();
    semaphore.acquire();
    semaphore.acquire();
    assert_eq!(semaphore.try_acquire(), Err(Error::WouldBlock));
    semaphore.release_n(5).unwrap();
    assert_eq!(semaphore.value(), 5);
    for n in [0, -1, i64::MIN] {
        assert_eq!(semaphore.release_n(n), Err(Error::InvalidArgument));
    }
    assert_eq!(semaphore.value(), 5);
}

#[test]
fn a_bound_is_all_or_nothing() {
    let semaphore = Semaphore::new_bounded(3).unwrap();
    assert_eq!(semaphore.release(), Err(Error::OverRelease));
    semaphore.acquire();
    semaphore.acquire();
    assert_eq!(semaphore.release_n(3), Err(Error::OverRelease));
    assert_eq!(semaphore.release_n(i64::MAX), Err(Error::OverRelease));
    assert_eq!(semaphore.value(), 1);
    semaphore.release_n(2).unwrap();
    assert_eq!(semaphore.value(), 3);
    let none = Semaphore::new_bounded(0).unwrap();
    assert_eq!(none.release(), Err(Error::OverRelease));
    assert_eq!(none.try_acquire(), Err(Error::WouldBlock));
}

/// Around what the word holds, and around what an int64_t holds.
#[test]
fn large_values() {
    for value in [(1 << 27) - 2, (1 << 27) - 1, 1 << 27, (1 << 27) + 1, 1 << 40, i64::MAX - 1] {
        let semaphore = Semaphore::new(value).unwrap();
        assert_eq!(semaphore.value(), value);
        semaphore.release().unwrap();
        assert_eq!(semaphore.value(), value + 1);
        semaphore.acquire();
        semaphore.try_acquire().unwrap();
        assert_eq!(semaphore.value(), value - 1);
        semaphore.release_n(2).unwrap();
        assert_eq!(semaphore.value(), value + 1);
        assert_eq!(semaphore.release_n(i64::MAX - value), Err(Error::Overflow));
        assert_eq!(semaphore.value(), value + 1);
        let bounded = Semaphore::new_bounded(value).unwrap();
        assert_eq!(bounded.release(), Err(Error::OverRelease));
        bounded.acquire();
        bounded.release().unwrap();
        assert_eq!(bounded.value(), value);
    }
    let full = Semaphore::new_bounded(i64::MAX).unwrap();
    assert_eq!(full.release(), Err(Error::Overflow));
    let full = Semaphore::new(i64::MAX).unwrap();
    assert_eq!(full.release_n(i64::MAX), Err(Error::Overflow));
    assert_eq!(full.value(), i64::MAX);
}

/// Every way in and out, with limits of any length: never more threads inside than permits, and in the end all permits are back.
#[test]
fn random_operations() {
    const PERMITS: usize = 3;
    let semaphore = Semaphore::new_bounded(PERMITS as i64).unwrap();
    let inside = Inside::default();
    on_threads(16, |thread| {
        let mut random = Random::new(thread);
        for _ in 0..scaled(3_000) {
            let got = match random.below(3) {
                0 => semaphore.try_acquire().is_ok(),
                1 => semaphore.acquire_timeout(random.timeout(50)).is_ok(),
                _ => {
                    semaphore.acquire();
                    true
                }
            };
            if got {
                inside.visit(PERMITS, random.below(8) == 0);
                semaphore.release().unwrap();
            }
        }
    });
    assert_eq!(semaphore.value(), PERMITS as i64);
}

/// Releases of several permits at once to threads that wait with and without limits: what is given is what is taken and left.
#[test]
fn what_is_given_is_taken_or_left() {
    const TAKERS: usize = 12;
    let each = scaled(500) as i64;
    let semaphore = Semaphore::new(0).unwrap();
    let (taken, given, over) = (AtomicI64::new(0), AtomicI64::new(0), AtomicI64::new(0));
    on_threads(TAKERS + 2, |thread| {
        let mut random = Random::new(thread);
        if thread < TAKERS {
            let mut mine = 0;
            while mine < each {
                if thread % 2 == 0 {
                    semaphore.acquire();
                } else if semaphore.acquire_timeout(random.timeout(20)).is_err() {
                    continue;
                }
                mine += 1;
                taken.fetch_add(1, Ordering::Relaxed);
            }
            over.fetch_add(1, Ordering::Relaxed);
        } else {
            until(|| {
                let n = 1 + random.below(5) as i64;
                given.fetch_add(n, Ordering::Relaxed);
                semaphore.release_n(n).unwrap();
                over.load(Ordering::Relaxed) == TAKERS as i64
            });
        }
    });
    assert_eq!(taken.into_inner(), TAKERS as i64 * each);
    assert_eq!(semaphore.value(), given.into_inner() - TAKERS as i64 * each);
}
