//! RLock. Waiting and time-outs are the lock's, which has models of its own.

use super::{Watched, model, soon};
use crate::status::Error;
use crate::sync::{RLock, RawRLock, Retired, WaitLock};
use crate::sys::futex;
use crate::word::Tag;
use loom::sync::Arc;
use loom::thread;

/// Three threads, one of them two levels deep, exclude each other; each sees what the one before did; nobody takes itself for the
/// owner who is not.
#[test]
fn mutual_exclusion_of_owners() {
    model(|| {
        let lock = Arc::new(RLock::new());
        let watched = Watched::new();
        let work = {
            let (lock, watched) = (lock.clone(), watched.clone());
            move || {
                lock.acquire();
                watched.add(1);
                lock.release().unwrap();
                assert_eq!(lock.release(), Err(Error::NotOwner));
            }
        };
        let others = [thread::spawn(work.clone()), thread::spawn(work)];
        lock.acquire();
        lock.acquire();
        watched.add(1);
        lock.release().unwrap();
        assert_eq!(lock.recursion_count(), 1);
        lock.release().unwrap();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(watched.get(), 3);
        assert!(!lock.locked());
    });
}

const OLD: Tag = Tag::new(1 << 40, 2);
const FREED: u64 = 2 << 40;

/// Freed by another thread in the middle of anything, the rlock's memory is vacant only if no plain store of its owner's is
/// still to come: what is put there then stays.
#[test]
fn free_against_the_owner() {
    model(|| {
        let lock = Arc::new(RawRLock::new(OLD));
        let owner = {
            let lock = lock.clone();
            thread::spawn(move || {
                let result = (|| {
                    lock.acquire(OLD)?;
                    lock.acquire(OLD)?;
                    lock.release(OLD)?;
                    lock.release(OLD)
                })();
                assert!(matches!(result, Ok(()) | Err(Error::InvalidHandle)), "{result:?}");
            })
        };
        let retired = lock.retire(OLD, FREED).unwrap();
        if retired == Retired::Vacant {
            lock.use_anew();
        }
        owner.join().unwrap();
        assert_eq!(lock.acquire(OLD), Err(Error::InvalidHandle));
        assert!(retired == Retired::Kept || lock.is_as_used_anew());
    });
}

/// Freed by a waiter that has given up, in the middle of the release that it waited for: a release that is refused has changed
/// nothing. (By way of a condition its thread can still let the rlock go.)
#[test]
fn free_against_a_release_that_was_waited_for() {
    model(|| {
        let lock = Arc::new(RawRLock::new(OLD));
        lock.acquire(OLD).unwrap();
        let clock = thread::spawn(futex::expire);
        let waiter = {
            let lock = lock.clone();
            thread::spawn(move || match lock.acquire_until(OLD, soon()) {
                Ok(()) => lock.release(OLD),
                Err(Error::TimedOut) => lock.retire(OLD, FREED).map(drop),
                Err(error) => Err(error),
            })
        };
        let released = lock.release(OLD);
        assert!(matches!(released, Ok(()) | Err(Error::InvalidHandle)), "{released:?}");
        assert_eq!(lock.is_held(), released.is_err());
        assert_eq!(waiter.join().unwrap(), Ok(()));
        clock.join().unwrap();
    });
}
