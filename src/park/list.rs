//! The FIFO wait list, and waiting on it.

use super::interrupt::sleep_on;
use super::mutex::RawMutex;
use super::{Deadline, spin_until};
use crate::sys::atomic::{AtomicPtr, AtomicU32, Ordering};
use crate::sys::fork::epoch;
use crate::sys::futex;
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::marker::PhantomPinned;
use core::ptr::{null, null_mut};

/// What a notifier tells the waiter it wakes: a code of the object's own, and an item to hand over.
#[derive(Clone, Copy, Debug)]
pub struct Notice {
    code: u32,
    item: *mut c_void,
}

impl Notice {
    /// A notice without an item. Codes are positive.
    pub const fn new(code: u32) -> Notice {
        Notice { code, item: null_mut() }
    }

    /// A notice that hands an item over.
    pub const fn with_item(code: u32, item: *mut c_void) -> Notice {
        Notice { code, item }
    }

    /// The object's own code.
    pub fn code(self) -> u32 {
        self.code
    }

    /// What was handed over.
    pub fn item(self) -> *mut c_void {
        self.item
    }
}

/// The waiter has not been notified, and looks at its state by itself.
const WAITING: u32 = 0;
/// The waiter has not been notified, and has to be woken.
const SLEEPING: u32 = u32::MAX;

/// One waiting thread, on that thread's stack.
///
/// `state` belongs to the notifier until it stores a code there (but for the waiter's step from WAITING to SLEEPING), and to the waiter from then on. The rest but `item` is guarded
/// by the list's lock; `item` is the notifier's, between taking the waiter off the list and storing to `state`: it finds there
/// what the waiter brought along, and leaves there what it hands over.
struct Waiter {
    state: AtomicU32,
    /// This waiter has waited too long already and is to be served without competition (see `sync::lock`).
    starved: bool,
    /// The list that the waiter is on; NULL once it has been taken off. A waiter may be moved to another object's list, under
    /// another lock, so this is atomic: under the first list's lock one can tell whether it is still there.
    list: AtomicPtr<WaitList>,
    links: UnsafeCell<Links>,
    item: UnsafeCell<*mut c_void>,
    _pinned: PhantomPinned,
}

struct Links {
    next: *const Waiter,
    previous: *const Waiter,
}

/// Waiters in the order in which they came. Guarded by whatever lock its owner says.
///
/// In a child of fork() the waiters of the parent do not exist; a list that was last touched before the fork is empty.
pub struct WaitList {
    first: *const Waiter,
    last: *const Waiter,
    epoch: u32,
    /// Threads that wait, on the list or woken and on their way to try again, where the owner counts those.
    members: u32,
}

// SAFETY: the pointers are followed only under the list's lock, and the waiters behind them stay in place until they have been
// taken off under that lock.
unsafe impl Send for WaitList {}

impl Default for WaitList {
    fn default() -> WaitList {
        WaitList::new()
    }
}

impl core::fmt::Debug for WaitList {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WaitList").field("empty", &self.first.is_null()).finish()
    }
}

impl WaitList {
    /// An empty list.
    pub const fn new() -> WaitList {
        WaitList { first: null(), last: null(), epoch: 0, members: 0 }
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.first.is_null() || self.epoch != epoch()
    }

    /// Whether nobody waits, nor is on the way to try again.
    pub fn is_deserted(&self) -> bool {
        (self.first.is_null() && self.members == 0) || self.epoch != epoch()
    }

    /// Counts a thread as waiting until it `withdraw`s, also while it is not on the list.
    pub fn enroll(&mut self) {
        self.forget_the_dead();
        self.members += 1;
    }

    /// The thread has what it waited for, or has given up.
    pub fn withdraw(&mut self) {
        self.forget_the_dead();
        // None in a child that an interrupt hook of the wait has forked: there the count began anew.
        self.members = self.members.saturating_sub(1);
    }

    fn forget_the_dead(&mut self) {
        if self.epoch != epoch() {
            *self = WaitList { first: null(), last: null(), epoch: epoch(), members: 0 };
        }
    }

    /// How many wait. Tests await this instead of a time.
    #[cfg(all(test, not(loom)))]
    pub fn len(&self) -> usize {
        let mut at = if self.is_empty() { null() } else { self.first };
        let mut len = 0;
        while !at.is_null() {
            len += 1;
            // SAFETY: waiters on the list are alive and their links guarded by the list's lock, which the caller holds.
            at = unsafe { (*(*at).links.get()).next };
        }
        len
    }

    /// Appends waiters that were taken off another list. Their notice is still owed: by who takes them off this one.
    pub fn append(&mut self, waiters: Notifiers) {
        let mut at = waiters.0;
        while !at.is_null() {
            // SAFETY: a waiter that was taken off stays until notified, and is linked by nobody else now.
            let next = unsafe { (*(*at).links.get()).next };
            // SAFETY: as above.
            unsafe { self.push(at, false) };
            at = next;
        }
    }

    /// Whether the waiter that is served next has starved.
    pub fn first_is_starved(&self) -> bool {
        // SAFETY: the list is not empty, and a waiter on it is alive.
        !self.is_empty() && unsafe { (*self.first).starved }
    }

    /// Takes the first waiter off, who must then be notified.
    pub fn pop_front(&mut self) -> Option<Notifier> {
        self.forget_the_dead();
        let waiter = self.first;
        if waiter.is_null() {
            return None;
        }
        // SAFETY: the waiter is on the list and the caller may change the list.
        unsafe { self.remove(waiter) };
        Some(Notifier(waiter))
    }

    /// Takes all waiters off, who must then be notified.
    pub fn take_all(&mut self) -> Notifiers {
        self.take_first(u64::MAX)
    }

    /// Takes up to `n` waiters off, from the front, who must then be notified.
    pub fn take_first(&mut self, n: u64) -> Notifiers {
        self.forget_the_dead();
        let (first, mut last, mut rest) = (self.first, null::<Waiter>(), self.first);
        let mut left = n;
        while left > 0 && !rest.is_null() {
            // SAFETY: waiters on the list are alive and their links guarded by the list's lock, which the caller holds.
            let links = unsafe { &mut *(*rest).links.get() };
            // SAFETY: as above.
            unsafe { (*rest).list.store(null_mut(), Ordering::Relaxed) };
            last = rest;
            rest = links.next;
            left -= 1;
        }
        if last.is_null() {
            return Notifiers(null());
        }
        // SAFETY: as above; `last` was on the list until now, `rest` is its successor or NULL.
        unsafe { (*(*last).links.get()).next = null() };
        self.first = rest;
        if rest.is_null() {
            self.last = null();
        } else {
            // SAFETY: `rest` is on the list.
            unsafe { (*(*rest).links.get()).previous = null() };
        }
        Notifiers(first)
    }

    /// # Safety
    /// The waiter is on no list, and it stays where it is until it has been taken off this one.
    unsafe fn push(&mut self, waiter: *const Waiter, front: bool) {
        self.forget_the_dead();
        // SAFETY: the caller's promise: nobody else knows the waiter yet.
        let links = unsafe { &mut *(*waiter).links.get() };
        // SAFETY: as above.
        unsafe { (*waiter).list.store(self, Ordering::Relaxed) };
        (links.previous, links.next) = if front { (null(), self.first) } else { (self.last, null()) };
        // SAFETY: the neighbours are on this list, whose lock the caller holds.
        unsafe { self.set_neighbours(links.previous, links.next, waiter, waiter) };
    }

    /// # Safety
    /// The waiter is on this list.
    unsafe fn remove(&mut self, waiter: *const Waiter) {
        // SAFETY: the waiter is on this list, whose lock the caller holds.
        let links = unsafe { &mut *(*waiter).links.get() };
        // SAFETY: as above.
        unsafe { (*waiter).list.store(null_mut(), Ordering::Relaxed) };
        // SAFETY: as above, for its neighbours.
        unsafe { self.set_neighbours(links.previous, links.next, links.next, links.previous) };
    }

    /// Makes `after` follow `previous`, and `before` precede `next`, where a missing neighbour is the list's end.
    ///
    /// # Safety
    /// `previous` and `next` are NULL or on this list.
    unsafe fn set_neighbours(
        &mut self,
        previous: *const Waiter,
        next: *const Waiter,
        after: *const Waiter,
        before: *const Waiter,
    ) {
        if previous.is_null() {
            self.first = after;
        } else {
            // SAFETY: the caller's promise; the links of waiters on the list are guarded by its lock.
            unsafe { (*(*previous).links.get()).next = after };
        }
        if next.is_null() {
            self.last = before;
        } else {
            // SAFETY: as above.
            unsafe { (*(*next).links.get()).previous = before };
        }
    }
}

/// A waiter that has been taken off its list and is owed a notice. Best given after the list's lock is let go.
#[must_use = "a waiter taken off the list sleeps until it is notified"]
#[derive(Debug)]
pub struct Notifier(*const Waiter);

impl Notifier {
    /// The item that the waiter brought along; NULL if none.
    pub fn item(&self) -> *mut c_void {
        // SAFETY: a waiter that was taken off its list stays until it is notified, and until then `item` is the notifier's. The
        // waiter wrote it before it joined the list, under the lock under which it was taken off.
        unsafe { *(*self.0).item.get() }
    }

    /// Wakes the waiter with this notice.
    pub fn notify(self, notice: Notice) {
        debug_assert!(!matches!(notice.code, WAITING | SLEEPING));
        // SAFETY: a waiter that was taken off its list stays until its state is no longer WAITING, and until then `item` is the
        // notifier's.
        unsafe { *(*self.0).item.get() = notice.item };
        // SAFETY: the waiter still exists; this is the last access to it that is not by address only.
        let state = unsafe { &raw const (*self.0).state };
        // Release: what the notifier did, and the item, are seen by the waiter's acquire. From here on the waiter may be gone.
        // SAFETY: as above.
        let before = unsafe { (*state).swap(notice.code, Ordering::Release) };
        if before == SLEEPING {
            futex::wake(state, 1);
        }
    }
}

/// Waiters that have been taken off a list together and are owed a notice each, or a place on another list.
#[must_use = "waiters taken off the list sleep until they are notified"]
#[derive(Debug)]
pub struct Notifiers(*const Waiter);

impl Notifiers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_null()
    }

    /// Wakes them all, in the order in which they came, with the same notice.
    pub fn notify_all(self, notice: Notice) {
        let mut at = self.0;
        while !at.is_null() {
            // SAFETY: a waiter that was taken off stays until notified; nobody else touches its links, so `next` is read before.
            let next = unsafe { (*(*at).links.get()).next };
            Notifier(at).notify(notice);
            at = next;
        }
    }
}

/// How a wait ended.
#[must_use]
#[derive(Debug)]
pub enum Waited {
    /// A notifier took the waiter off the list. The lock is not held.
    Notified(Notice),
    /// The deadline passed first. The waiter has taken itself off, and the lock is held.
    TimedOut,
}

/// Where a waiter joins a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Behind all others.
    Last,
    /// Before all others: it has been woken already, and someone was faster.
    First,
    /// Before all others, and not to lose again.
    Starved,
}

/// What a wait is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    deadline: Deadline,
    turn: Turn,
    item: *mut c_void,
    spin: bool,
}

impl Wait {
    /// Behind all others, until `deadline`.
    pub fn until(deadline: Deadline) -> Wait {
        Wait { deadline, turn: Turn::Last, item: null_mut(), spin: true }
    }

    /// In another turn.
    pub fn in_turn(self, turn: Turn) -> Wait {
        Wait { turn, ..self }
    }

    /// Without spinning: the caller has done so.
    pub fn asleep(self) -> Wait {
        Wait { spin: false, ..self }
    }

    /// With an item that is there for the notifier to take: [`Notifier::item`].
    pub fn with_item(self, item: *mut c_void) -> Wait {
        Wait { item, ..self }
    }
}

/// Puts the calling thread on the list, lets `lock` go, does `when_on_list`, and waits. `list` is asked for the list whenever the
/// lock is held: between two holds others have used it, through references of their own.
///
/// # Safety
/// `lock` guards the list, the caller holds it, and both stay in place while a thread is on the list. (They may be gone by
/// the time that a notified waiter returns.)
pub unsafe fn wait_on(
    list: impl Fn() -> *mut WaitList,
    lock: &RawMutex,
    wait: Wait,
    when_on_list: impl FnOnce(),
) -> Waited {
    let waiter = Waiter {
        state: AtomicU32::new(WAITING),
        starved: wait.turn == Turn::Starved,
        list: AtomicPtr::new(null_mut()),
        links: UnsafeCell::new(Links { next: null(), previous: null() }),
        item: UnsafeCell::new(wait.item),
        _pinned: PhantomPinned,
    };
    let joined_in = epoch();
    // SAFETY: the caller holds the lock; this function does not return before the waiter is off the list again.
    unsafe { (*list()).push(&waiter, wait.turn != Turn::Last) };
    // SAFETY: the caller locked it.
    unsafe { lock.unlock() };
    when_on_list();
    if !sleep(&waiter.state, wait.deadline, wait.spin) {
        lock.lock();
        let list = list();
        if epoch() != joined_in {
            // An interrupt hook has forked, and this is the child: nobody is on the list here, and nobody is left to notify.
            return Waited::TimedOut;
        }
        if waiter.list.load(Ordering::Relaxed) == list {
            // SAFETY: the lock is held and the waiter on the list.
            unsafe { (*list).remove(&waiter) };
            return Waited::TimedOut;
        }
        // A notifier was faster: the notice is on its way (perhaps by way of another list), and it counts.
        // SAFETY: locked above.
        unsafe { lock.unlock() };
        sleep(&waiter.state, Deadline::NEVER, true);
    }
    // SAFETY: the state is no longer WAITING, so the notifier is done with the waiter.
    let item = unsafe { *waiter.item.get() };
    Waited::Notified(Notice { code: waiter.state.load(Ordering::Relaxed), item })
}

/// Waits until `state` holds a notice: true, and what the notifier did is seen; or until the deadline: false.
///
/// No wake-up is lost: before it sleeps the waiter swaps WAITING for SLEEPING. If the notifier's swap came first, this finds the notice;
/// if it comes later, the notifier finds SLEEPING and wakes, and the kernel compares the word before it lets the waiter sleep.
fn sleep(state: &AtomicU32, deadline: Deadline, spin: bool) -> bool {
    let is_noticed = || !matches!(state.load(Ordering::Acquire), WAITING | SLEEPING);
    if deadline == Deadline::PASSED || !spin {
        if is_noticed() {
            return true;
        }
    } else if spin_until(is_noticed) {
        return true;
    }
    if deadline == Deadline::PASSED {
        return false;
    }
    // If that fails there is a notice, or this is the second sleep, after a time-out.
    let _ = state.compare_exchange(WAITING, SLEEPING, Ordering::Relaxed, Ordering::Relaxed);
    while !is_noticed() {
        if !sleep_on(state, SLEEPING, deadline) {
            return is_noticed();
        }
    }
    true
}
