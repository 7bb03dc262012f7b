//! Semaphore. In a model COUNT holds one permit only, so that the reserve is in use with two.

use super::{Watched, model, soon};
use crate::status::Error;
use crate::sync::{RawSemaphore, Retired, Semaphore};
use crate::sys::futex;
use crate::word::Tag;
use loom::sync::Arc;
use loom::thread;

fn semaphore(value: i64) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(value).unwrap())
}

/// With one permit three threads exclude each other, each gets it (no lost wake-up), and each sees what the one before did.
#[test]
fn one_permit_excludes() {
    model(|| {
        let semaphore = semaphore(1);
        let watched = Watched::new();
        let work = {
            let (semaphore, watched) = (semaphore.clone(), watched.clone());
            move || {
                semaphore.acquire();
                watched.add(1);
                semaphore.release().unwrap();
            }
        };
        let others = [thread::spawn(work.clone()), thread::spawn(work.clone())];
        work();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(watched.get(), 3);
        assert_eq!(semaphore.value(), 1);
    });
}

/// Two threads that need a permit, two releases, one of them by a thread that then needs one itself: both get through, whoever
/// comes first.
#[test]
fn each_release_lets_one_through() {
    model(|| {
        let semaphore = semaphore(0);
        let waiter = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.acquire())
        };
        let other = {
            let semaphore = semaphore.clone();
            thread::spawn(move || {
                semaphore.release().unwrap();
                semaphore.acquire();
            })
        };
        semaphore.release().unwrap();
        waiter.join().unwrap();
        other.join().unwrap();
        assert_eq!(semaphore.value(), 0);
    });
}

/// Three permits at once, two of them in the reserve, for two waiters and one who comes later: none is lost or made.
#[test]
fn a_release_of_several_and_the_reserve() {
    model(|| {
        let semaphore = semaphore(0);
        let acquire = {
            let semaphore = semaphore.clone();
            move || semaphore.acquire()
        };
        let others = [thread::spawn(acquire.clone()), thread::spawn(acquire.clone())];
        semaphore.release_n(3).unwrap();
        acquire();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(semaphore.value(), 0);
        assert_eq!(semaphore.try_acquire(), Err(Error::WouldBlock));
    });
}

/// A waiter whose limit passes at any point, beside one that waits for ever: a permit that the first does not take goes to the
/// second.
#[test]
fn timeout_against_release() {
    model(|| {
        let semaphore = semaphore(0);
        let clock = thread::spawn(futex::expire);
        let timed = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.acquire_until(soon()).is_ok())
        };
        let patient = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.acquire())
        };
        semaphore.release().unwrap();
        if timed.join().unwrap() {
            semaphore.release().unwrap();
        }
        patient.join().unwrap();
        clock.join().unwrap();
        assert_eq!(semaphore.value(), 0);
    });
}

/// A waiter that has starved is handed a permit: one who barges in takes no permit that is not there.
#[test]
fn handing_over() {
    model(|| {
        let semaphore = semaphore(1);
        let watched = Watched::new();
        let clock = thread::spawn(futex::expire);
        let work = {
            let (semaphore, watched) = (semaphore.clone(), watched.clone());
            move || {
                semaphore.acquire();
                watched.add(1);
                semaphore.release().unwrap();
            }
        };
        semaphore.acquire();
        let waiter = thread::spawn(work.clone());
        watched.add(1);
        semaphore.release().unwrap();
        work();
        waiter.join().unwrap();
        clock.join().unwrap();
        assert_eq!(watched.get(), 3);
        assert_eq!(semaphore.value(), 1);
    });
}

/// A bound holds against two releases at once: one of them goes too far.
#[test]
fn a_bound_is_kept() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new_bounded(2).unwrap());
        semaphore.acquire();
        let other = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.release())
        };
        let results = [semaphore.release(), other.join().unwrap()];
        assert!(results.contains(&Ok(())) && results.contains(&Err(Error::OverRelease)), "{results:?}");
        assert_eq!(semaphore.value(), 2);
    });
}

const OLD: Tag = Tag::new(1 << 40, 4);
const NEW: Tag = Tag::new(2 << 40, 4);

/// Who takes the permit that a release gives may free the semaphore, and its place be used anew: no release touches it any more,
/// and another thread that was woken for the permit, but was slower, finds the semaphore gone.
#[test]
fn free_by_who_was_let_in() {
    model(|| {
        let semaphore = Arc::new(RawSemaphore::new(OLD, 0, false).unwrap());
        let releaser = {
            let semaphore = semaphore.clone();
            thread::spawn(move || assert_eq!(semaphore.release(OLD), Ok(())))
        };
        let other = {
            let semaphore = semaphore.clone();
            thread::spawn(move || match semaphore.acquire(OLD) {
                Ok(()) => assert_eq!(semaphore.release(OLD), Ok(())),
                Err(error) => assert_eq!(error, Error::InvalidHandle),
            })
        };
        semaphore.acquire(OLD).unwrap();
        let retired = semaphore.retire(OLD, NEW.with(1));
        if retired == Err(Error::Busy) {
            // The other one waits.
            semaphore.release(OLD).unwrap();
        }
        releaser.join().unwrap();
        other.join().unwrap();
        if retired != Err(Error::Busy) {
            assert_eq!(retired, Ok(Retired::Vacant));
            assert_eq!(semaphore.value(NEW), Ok(1));
        }
    });
}

/// A waiter keeps the semaphore from being freed; one that comes later finds it gone.
#[test]
fn free_against_use() {
    model(|| {
        let semaphore = Arc::new(RawSemaphore::new(OLD, 0, false).unwrap());
        let waiter = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.acquire(OLD))
        };
        match semaphore.retire(OLD, NEW.with(1)) {
            Ok(retired) => {
                assert_eq!(retired, Retired::Vacant);
                assert_eq!(waiter.join().unwrap(), Err(Error::InvalidHandle));
                assert_eq!(semaphore.value(NEW), Ok(1));
            }
            Err(error) => {
                assert_eq!(error, Error::Busy);
                semaphore.release(OLD).unwrap();
                assert_eq!(waiter.join().unwrap(), Ok(()));
            }
        }
    });
}
