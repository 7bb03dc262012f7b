//! Event.

use super::model;
use crate::Timeout;
use crate::status::Error;
use crate::sync::{Event, RawEvent, Retired};
use crate::sys::futex;
use crate::word::Tag;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

/// Every waiter wakes, and sees what was done before the set.
#[test]
fn set_wakes_all_and_publishes() {
    struct Shared {
        event: Event,
        value: UnsafeCell<i32>,
    }
    // SAFETY: the value is written before the set and read after a wait, which is what the model checks.
    unsafe impl Sync for Shared {}
    model(|| {
        let shared = Arc::new(Shared { event: Event::new(), value: UnsafeCell::new(0) });
        let wait = |shared: Arc<Shared>| {
            move || {
                shared.event.wait();
                // SAFETY: after the set, nobody writes.
                assert_eq!(shared.value.with(|value| unsafe { *value }), 7);
            }
        };
        let waiters = [thread::spawn(wait(shared.clone())), thread::spawn(wait(shared.clone()))];
        // SAFETY: before the set, nobody reads.
        shared.value.with_mut(|value| unsafe { *value = 7 });
        shared.event.set();
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}

/// `set(); clear()` wakes whoever was blocked at the set: a waiter that the freeing thread saw waiting always returns.
#[test]
fn set_and_clear_lose_nobody() {
    const TAG: Tag = Tag::new(1 << 40, 5);
    model(|| {
        let event = Arc::new(RawEvent::new(TAG));
        let waiter = {
            let event = event.clone();
            thread::spawn(move || event.wait(TAG))
        };
        // Busy says that the waiter is on the list.
        let blocked = event.retire(TAG, 2 << 40) == Err(Error::Busy);
        if blocked {
            event.set(TAG).unwrap();
            event.clear(TAG).unwrap();
            assert_eq!(waiter.join().unwrap(), Ok(()));
            assert_eq!(event.is_set(TAG), Ok(false));
        } else {
            // Freed before the waiter got there.
            assert_eq!(waiter.join().unwrap(), Err(Error::InvalidHandle));
        }
    });
}

/// A set against a limit that passes at any point: afterwards nobody is on the list, and OK means that it was set.
#[test]
fn set_against_timeout() {
    const TAG: Tag = Tag::new(1 << 40, 5);
    model(|| {
        let event = Arc::new(RawEvent::new(TAG));
        let waiter = {
            let event = event.clone();
            let soon = Timeout::from_seconds(1.0).unwrap();
            thread::spawn(move || event.wait_timeout(TAG, soon))
        };
        let clock = thread::spawn(futex::expire);
        event.set(TAG).unwrap();
        let result = waiter.join().unwrap();
        assert!(result == Ok(()) || result == Err(Error::TimedOut), "{result:?}");
        clock.join().unwrap();
        assert_eq!(event.retire(TAG, 2 << 40), Ok(Retired::Vacant), "nobody waits any more");
    });
}
