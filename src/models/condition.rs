//! Condition.

use super::{Watched, model, soon};
use crate::Timeout;
use crate::park::Turns;
use crate::status::Error;
use crate::sync::{Condition, Lock, RLock, RawCondition, RawLock, Retired, WaitLock};
use crate::sys::futex;
use crate::word::{GENERATION_MASK, GENERATION_SHIFT, Tag};
use core::sync::atomic::{AtomicU32, Ordering};
use loom::sync::Arc;
use loom::thread;

/// A condition on a lock, and a number that the lock guards; loom reports any access that is not ordered by the lock.
struct Shared {
    condition: Condition,
    number: std::sync::Arc<Watched>,
}

impl Shared {
    fn new(condition: Condition) -> Arc<Shared> {
        Arc::new(Shared { condition, number: Watched::new() })
    }

    fn on_a_lock() -> Arc<Shared> {
        Shared::new(Condition::with_lock(std::sync::Arc::new(Lock::new())))
    }

    /// Waits until the number is not 0, and takes one off.
    fn take(&self) {
        self.condition.acquire();
        while self.number.get() == 0 {
            self.condition.wait().unwrap();
        }
        self.number.add(-1);
        self.condition.release().unwrap();
    }

    fn give(&self, n: i32, notified: u64) {
        self.condition.acquire();
        self.number.add(n);
        self.condition.notify(notified).unwrap();
        self.condition.release().unwrap();
    }
}

/// Spawns a thread that does `work` on what is shared.
fn spawn<S: Send + Sync + 'static, T: 'static>(
    shared: &Arc<S>,
    work: impl FnOnce(&S) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let shared = shared.clone();
    thread::spawn(move || work(&shared))
}

/// Two waiters, two notifies from two threads: both get through, whoever comes first, and each sees what was given.
#[test]
fn each_notify_lets_one_through() {
    model(|| {
        let shared = Shared::on_a_lock();
        let others =
            [spawn(&shared, Shared::take), spawn(&shared, Shared::take), spawn(&shared, |shared| shared.give(1, 1))];
        shared.give(1, 1);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(shared.number.get(), 0);
    });
}

/// notify_all moves everybody to the lock, and each gets it, while another thread takes the lock in between.
#[test]
fn notify_all_passes_the_lock_on() {
    model(|| {
        let shared = Shared::on_a_lock();
        let waiters = [spawn(&shared, Shared::take), spawn(&shared, Shared::take)];
        shared.give(2, u64::MAX);
        shared.condition.acquire();
        shared.condition.release().unwrap();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(shared.number.get(), 0);
        shared.condition.try_acquire().unwrap();
    });
}

/// The same on an rlock, with waiters two levels deep: they come back two levels deep.
#[test]
fn all_levels_are_restored() {
    model(|| {
        let shared = Shared::new(Condition::with_rlock(std::sync::Arc::new(RLock::new())));
        let take = |shared: &Shared| {
            shared.condition.acquire();
            shared.take();
            // One level is left, and it is this thread's.
            shared.condition.release().unwrap();
            assert_eq!(shared.condition.release(), Err(Error::NotOwner));
        };
        let waiters = [spawn(&shared, take), spawn(&shared, take)];
        shared.give(2, u64::MAX);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(shared.number.get(), 0);
    });
}

/// A waiter whose limit passes at any point, beside one that waits for ever. One notify: either it was for the first, which
/// then returns OK, or it reaches the second. Both come back with the lock.
#[test]
fn notify_against_timeout() {
    model(|| {
        let shared = Shared::on_a_lock();
        let clock = thread::spawn(futex::expire);
        let timed = spawn(&shared, |shared| {
            shared.condition.acquire();
            let mut notified = shared.number.get() > 0;
            if !notified {
                notified = match shared.condition.wait_until(soon()) {
                    // If somebody was faster the notify was not lost on us.
                    Ok(()) => shared.number.get() > 0,
                    Err(error) => {
                        assert_eq!(error, Error::TimedOut);
                        false
                    }
                };
            }
            if notified {
                shared.number.add(-1);
            }
            shared.condition.release().unwrap();
            notified
        });
        let patient = spawn(&shared, Shared::take);
        shared.give(1, 1);
        if timed.join().unwrap() {
            shared.give(1, 1);
        }
        patient.join().unwrap();
        clock.join().unwrap();
        assert_eq!(shared.number.get(), 0);
    });
}

/// `wait_for` whose limit passes at any point: OK if and only if the predicate held, with the lock held either way.
#[test]
fn wait_for_has_the_last_look() {
    model(|| {
        let shared = Shared::on_a_lock();
        let clock = thread::spawn(futex::expire);
        let waiter = spawn(&shared, |shared| {
            shared.condition.acquire();
            let limit = Timeout::from_seconds(1.0).unwrap();
            let result = shared.condition.wait_for(|| shared.number.get() > 0, limit);
            assert_eq!(result.is_ok(), shared.number.get() > 0);
            shared.condition.release().unwrap();
        });
        shared.give(1, 1);
        waiter.join().unwrap();
        clock.join().unwrap();
    });
}

/// A notify by a thread that does not hold the lock, which is a plain one: it works as long as somebody does, and the waiter gets the
/// lock, though the holder may have released it meanwhile and nobody else is going to.
#[test]
fn notify_while_another_holds_the_lock() {
    const WAITS: i32 = 1;
    const NEED_NOT: i32 = 2;
    model(|| {
        let shared = Shared::on_a_lock();
        let waiter = spawn(&shared, |shared| {
            shared.condition.acquire();
            if shared.number.get() != NEED_NOT {
                shared.number.add(WAITS);
                shared.condition.wait().unwrap();
            }
            shared.condition.release().unwrap();
        });
        let holder = spawn(&shared, |shared| {
            shared.condition.acquire();
            shared.condition.release().unwrap();
        });
        shared.condition.acquire();
        let waits = shared.number.get() == WAITS;
        if !waits {
            shared.number.add(NEED_NOT);
        }
        shared.condition.release().unwrap();
        if waits && shared.condition.notify(1) == Err(Error::NotOwner) {
            shared.condition.acquire();
            shared.condition.notify(1).unwrap();
            shared.condition.release().unwrap();
        }
        waiter.join().unwrap();
        holder.join().unwrap();
    });
}

/// Two conditions on one lock, each for one side of a place for one item: no notify goes to the wrong side or is lost.
#[test]
fn several_conditions_on_one_lock() {
    struct Place {
        filled: Condition,
        emptied: Condition,
        number: std::sync::Arc<Watched>,
    }
    model(|| {
        let lock = std::sync::Arc::new(RLock::new());
        let place = Arc::new(Place {
            filled: Condition::with_rlock(lock.clone()),
            emptied: Condition::with_rlock(lock),
            number: Watched::new(),
        });
        let producer = spawn(&place, |place| {
            for _ in 0..2 {
                place.emptied.acquire();
                while place.number.get() == 1 {
                    place.emptied.wait().unwrap();
                }
                place.number.add(1);
                place.filled.notify(1).unwrap();
                place.emptied.release().unwrap();
            }
        });
        for _ in 0..2 {
            place.filled.acquire();
            while place.number.get() == 0 {
                place.filled.wait().unwrap();
            }
            place.number.add(-1);
            place.emptied.notify(1).unwrap();
            place.filled.release().unwrap();
        }
        producer.join().unwrap();
        assert_eq!(place.number.get(), 0);
    });
}

/// A condition and its lock as handles name them, each with a tag.
struct Handles {
    lock: RawLock,
    condition: RawCondition,
    flag: std::sync::Arc<Watched>,
    /// How often the lock's memory was given back. Not seen by loom.
    vacated: AtomicU32,
}

const LOCK: Tag = Tag::new(1 << 40, 1);
const CONDITION: Tag = Tag::new(1 << 40, 3);

fn freed(tag: Tag) -> u64 {
    (tag.with(0) & GENERATION_MASK) + (1 << GENERATION_SHIFT)
}

impl WaitLock for Handles {
    fn lock(&self) -> &RawLock {
        &self.lock
    }

    fn is_held(&self) -> bool {
        self.lock.is_held()
    }

    fn release_all(&self) -> usize {
        self.lock.release_all()
    }

    fn reacquire(&self, turns: Turns, count: usize) {
        self.lock.reacquire(turns, count);
    }

    fn lingers(&self, state: u64) -> bool {
        self.lock.lingers(state)
    }
}

impl Handles {
    fn new() -> Arc<Handles> {
        let handles = Handles {
            lock: RawLock::new(LOCK),
            condition: RawCondition::new(CONDITION),
            flag: Watched::new(),
            vacated: AtomicU32::new(0),
        };
        handles.lock.add_condition(LOCK).unwrap();
        Arc::new(handles)
    }

    fn by_way_of_condition(&self, call: impl Fn(Tag) -> Result<(), Error>) -> Result<(), Error> {
        self.lock.under_present_tag(|| self.condition.check(CONDITION), call)
    }

    fn acquire(&self) -> Result<(), Error> {
        self.by_way_of_condition(|tag| self.lock.acquire(tag))
    }

    fn release(&self) -> Result<(), Error> {
        self.by_way_of_condition(|tag| self.lock.release(tag))
    }

    /// Until the flag is up.
    fn wait(&self) -> Result<(), Error> {
        self.acquire()?;
        while self.flag.get() == 0 {
            self.condition.wait_keeping(CONDITION, self, crate::Deadline::NEVER)?;
        }
        self.release()
    }

    fn raise_the_flag(&self) -> Result<(), Error> {
        self.acquire()?;
        self.flag.add(1);
        self.condition.notify(CONDITION, self, 1)?;
        self.release()
    }

    fn free_lock(&self) -> Result<Retired, Error> {
        self.lock.retire(LOCK, freed(LOCK))
    }

    fn free_condition(&self) -> Result<(), Error> {
        let vacated = self.condition.retire(CONDITION, freed(CONDITION), self, freed)?;
        self.vacated.fetch_add(vacated.into(), Ordering::Relaxed);
        Ok(())
    }

    fn vacated(&self) -> u32 {
        self.vacated.load(Ordering::Relaxed)
    }
}

/// The lock's handle is freed in the middle of anything: those who come by way of the condition do not notice, and the
/// lock goes when the condition does, and not before.
#[test]
fn a_condition_keeps_its_lock() {
    model(|| {
        let handles = Handles::new();
        let waiter = spawn(&handles, Handles::wait);
        let notifier = spawn(&handles, Handles::raise_the_flag);
        let freed = handles.free_lock();
        assert!(matches!(freed, Ok(Retired::Kept) | Err(Error::Busy)), "{freed:?}");
        assert_eq!(notifier.join().unwrap(), Ok(()));
        assert_eq!(waiter.join().unwrap(), Ok(()));
        if freed.is_err() {
            assert_eq!(handles.free_lock(), Ok(Retired::Kept));
        }
        assert_eq!(handles.vacated(), 0);
        assert_eq!(handles.free_condition(), Ok(()));
        assert_eq!(handles.vacated(), 1);
        assert_eq!(handles.lock.acquire(LOCK), Err(Error::InvalidHandle));
    });
}

/// The condition is freed in the middle of anything, as the last way to its lock: nobody is left behind who waits, on the
/// condition or for the lock, or who was notified and is on no list.
#[test]
fn the_last_way_to_a_lock_stays() {
    model(|| {
        let handles = Handles::new();
        assert_eq!(handles.free_lock(), Ok(Retired::Kept));
        let waiter = spawn(&handles, Handles::wait);
        let notifier = spawn(&handles, Handles::raise_the_flag);
        let freed = handles.free_condition();
        let ends = [waiter.join().unwrap(), notifier.join().unwrap()];
        match freed {
            // Whoever was in the middle of it then, with the lock, finds it gone.
            Ok(()) => assert!(ends.contains(&Err(Error::InvalidHandle)) || ends == [Ok(()), Ok(())], "{ends:?}"),
            Err(error) => {
                assert_eq!(error, Error::Busy);
                assert_eq!(ends, [Ok(()), Ok(())]);
                assert_eq!(handles.free_condition(), Ok(()));
            }
        }
        assert_eq!(handles.vacated(), 1);
        assert_eq!(handles.acquire(), Err(Error::InvalidHandle));
    });
}

/// Both are freed in the middle of anything, the condition first: not under a thread that waits; and a thread that was notified comes
/// back with the lock, which stays until then.
#[test]
fn waiting_threads_keep_both() {
    model(|| {
        let handles = Handles::new();
        let waiter = spawn(&handles, |handles| {
            handles.lock.acquire(LOCK)?;
            let mut result = Ok(());
            while handles.flag.get() == 0 && result.is_ok() {
                result = handles.condition.wait_keeping(CONDITION, handles, crate::Deadline::NEVER);
            }
            handles.lock.release(LOCK).and(result)
        });
        if handles.free_condition().is_ok() {
            assert_eq!(waiter.join().unwrap(), Err(Error::InvalidHandle));
            return;
        }
        handles.lock.acquire(LOCK).unwrap();
        handles.flag.add(1);
        handles.condition.notify(CONDITION, &*handles, 1).unwrap();
        assert_eq!(handles.free_condition(), Ok(()));
        handles.lock.release(LOCK).unwrap();
        let lock_freed = handles.free_lock();
        let end = waiter.join().unwrap();
        match lock_freed {
            Err(error) => assert_eq!((error, end), (Error::Busy, Ok(()))),
            Ok(retired) => {
                assert_eq!(retired, Retired::Vacant);
                // It had the lock, or had come back from it.
                assert!(matches!(end, Ok(()) | Err(Error::InvalidHandle)), "{end:?}");
                assert_eq!(handles.lock.is_locked(Tag::of(freed(LOCK))), Ok(false), "touched after it was freed");
            }
        }
        assert_eq!(handles.vacated(), 0);
    });
}
