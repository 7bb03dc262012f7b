//! The internal mutex: guards short critical sections, never held while user code runs or while a thread waits for a state.

use super::list::{Notice, Wait, WaitList, Waited, wait_on};
use super::{Deadline, Spin};
use crate::inject;
use crate::sys::atomic::{AtomicU32, Ordering};
#[cfg(not(loom))]
use crate::sys::fork::Section;
use crate::sys::futex;
use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};

const UNLOCKED: u32 = 0;
const LOCKED: u32 = 1;
/// Locked, and someone may sleep on the word.
const CONTENDED: u32 = 2;

/// A mutex without data: a futex word of three values, after Drepper, "Futexes Are Tricky", mutex 2.
///
/// Whoever has slept takes the mutex as CONTENDED, because it cannot know whether others still sleep; so an unlock that
/// finds CONTENDED wakes one, and one that finds LOCKED knows that nobody sleeps.
pub struct RawMutex {
    word: AtomicU32,
}

impl RawMutex {
    /// An unlocked mutex.
    #[cfg(not(loom))]
    pub const fn new() -> RawMutex {
        RawMutex { word: AtomicU32::new(UNLOCKED) }
    }

    /// An unlocked mutex.
    #[cfg(loom)]
    pub fn new() -> RawMutex {
        RawMutex { word: AtomicU32::new(UNLOCKED) }
    }

    /// Locks; the caller unlocks with `unlock`, on the same thread.
    #[inline]
    pub fn lock(&self) {
        // The section is entered first and left last: a thread that waits here counts as inside, and gets through,
        // because those before it are inside as well.
        #[cfg(not(loom))]
        core::mem::forget(Section::enter());
        // Acquire pairs with the release in `unlock`: what the last holder did is seen.
        if self.word.compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_err() {
            self.lock_contended();
        }
        inject::here("RawMutex::lock");
    }

    #[cold]
    fn lock_contended(&self) {
        let mut spin = Spin::new();
        loop {
            match self.word.load(Ordering::Relaxed) {
                UNLOCKED => {
                    if self.word.compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                        return;
                    }
                }
                LOCKED if spin.once() => {}
                _ => break,
            }
        }
        while self.word.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            futex::wait(&self.word, CONTENDED, Deadline::NEVER);
        }
    }

    /// Unlocks.
    ///
    /// # Safety
    /// The calling thread has locked the mutex. The mutex may be gone once another thread can have locked it.
    #[inline]
    pub unsafe fn unlock(&self) {
        let word = &raw const self.word;
        if self.word.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            futex::wake(word, 1);
        }
        // SAFETY: leaves the section that `lock` entered and forgot. The value has no content.
        #[cfg(not(loom))]
        drop(unsafe { core::mem::transmute::<(), Section>(()) });
    }
}

/// A [`RawMutex`] with the data that it guards.
pub struct Mutex<T> {
    raw: RawMutex,
    data: UnsafeCell<T>,
}

// SAFETY: the data is reached only by the one thread that holds the mutex.
unsafe impl<T: Send> Send for Mutex<T> {}
// SAFETY: as above; sharing the mutex means handing the data from thread to thread.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// An unlocked mutex around `data`.
    #[cfg(not(loom))]
    pub const fn new(data: T) -> Mutex<T> {
        Mutex { raw: RawMutex::new(), data: UnsafeCell::new(data) }
    }

    /// An unlocked mutex around `data`.
    #[cfg(loom)]
    pub fn new(data: T) -> Mutex<T> {
        Mutex { raw: RawMutex::new(), data: UnsafeCell::new(data) }
    }

    /// Locks. Not recursive.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.raw.lock();
        let guard = MutexGuard { mutex: self, _not_send: core::marker::PhantomData };
        inject::here("Mutex::lock");
        guard
    }

    /// Whether a thread sleeps until the mutex is let go, or is about to. Tests await this instead of a time.
    #[cfg(all(test, not(loom)))]
    pub fn is_contended(&self) -> bool {
        self.raw.word.load(Ordering::Relaxed) == CONTENDED
    }

    /// Waits on the list that `list` picks from the data, until notified or until the deadline. The mutex is let go
    /// meanwhile; it is held again only after a time-out.
    pub fn wait<'a>(
        guard: MutexGuard<'a, T>,
        deadline: Deadline,
        list: impl Fn(&mut T) -> &mut WaitList,
    ) -> Wake<'a, T> {
        Mutex::wait_as(guard, Wait::until(deadline), list)
    }

    /// [`Mutex::wait`] in the way that `wait` says.
    pub fn wait_as<'a>(guard: MutexGuard<'a, T>, wait: Wait, list: impl Fn(&mut T) -> &mut WaitList) -> Wake<'a, T> {
        let mutex = guard.mutex;
        core::mem::forget(guard);
        // SAFETY: called while the mutex is held only, by `wait_on`, so the data may be reached.
        let list = || -> *mut WaitList { list(unsafe { &mut *mutex.data.get() }) };
        // SAFETY: the list is part of the data that this mutex guards, and the mutex is held (the guard was just forgotten). The
        // borrow of the mutex outlives the wait.
        match unsafe { wait_on(list, &mutex.raw, wait, || ()) } {
            Waited::Notified(notice) => Wake::Notified(notice),
            Waited::TimedOut => Wake::TimedOut(MutexGuard { mutex, _not_send: core::marker::PhantomData }),
        }
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

/// How a [`Mutex::wait`] ended.
#[must_use]
#[derive(Debug)]
pub enum Wake<'a, T> {
    /// A notifier took the waiter off the list. The mutex is not held.
    Notified(Notice),
    /// The deadline passed first; the waiter has left the list, and the mutex is held.
    TimedOut(MutexGuard<'a, T>),
}

/// The right to the data; unlocks when dropped.
#[must_use]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// Unlocked on the thread that locked, whose fork section it ends.
    _not_send: core::marker::PhantomData<*mut ()>,
}

impl<T> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutexGuard").finish_non_exhaustive()
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard's existence says that this thread holds the mutex.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed exclusively.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this thread holds the mutex.
        unsafe { self.mutex.raw.unlock() }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use core::ffi::c_void;

    #[test]
    fn excludes() {
        let mutex = Mutex::new(0u64);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..20_000).for_each(|_| *mutex.lock() += 1));
            }
        });
        assert_eq!(*mutex.lock(), 160_000);
    }

    #[test]
    fn a_notice_arrives() {
        let mutex = Mutex::new(WaitList::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                loop {
                    let notifier = mutex.lock().pop_front();
                    if let Some(notifier) = notifier {
                        return notifier.notify(Notice::new(7));
                    }
                    std::thread::yield_now();
                }
            });
            match Mutex::wait(mutex.lock(), Deadline::NEVER, |list| list) {
                Wake::Notified(notice) => assert_eq!(notice.code(), 7),
                Wake::TimedOut(_) => panic!("a wait without a limit timed out"),
            }
        });
    }

    #[test]
    fn items_are_exchanged() {
        let item = core::ptr::without_provenance_mut::<c_void>;
        let mutex = Mutex::new(WaitList::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                loop {
                    let notifier = mutex.lock().pop_front();
                    if let Some(notifier) = notifier {
                        let found = notifier.item();
                        notifier.notify(Notice::with_item(7, item(2)));
                        return assert_eq!(found, item(1));
                    }
                    std::thread::yield_now();
                }
            });
            match Mutex::wait_as(mutex.lock(), Wait::until(Deadline::NEVER).with_item(item(1)), |list| list) {
                Wake::Notified(notice) => assert_eq!(notice.item(), item(2)),
                Wake::TimedOut(_) => panic!("a wait without a limit timed out"),
            }
        });
    }

    #[test]
    fn a_waiter_that_timed_out_is_gone() {
        let mutex = Mutex::new(WaitList::new());
        match Mutex::wait(mutex.lock(), Deadline::PASSED, |list| list) {
            Wake::TimedOut(list) => assert!(list.is_empty()),
            Wake::Notified(_) => panic!("nobody notified"),
        }
    }
}
