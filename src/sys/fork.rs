//! fork(): nobody is inside a critical section of pirn's while the process is copied.
//!
//! A child gets a copy of memory but only one thread. A lock that another thread held at that moment would stay locked in
//! the child for ever, and what it guards could be torn. So every internal critical section (`park::RawMutex`) runs inside
//! a `Section`, and the fork handlers close a gate: new sections wait, and the fork waits until those under way have ended.
//!
//! The gate is a Dekker handshake, therefore sequentially consistent on both sides:
//!
//! ```text
//!   a section                         a fork
//!   INSIDE[stripe] += 1               CLOSED = 1
//!   CLOSED?  -- yes: -= 1, wait       wait until every INSIDE is 0
//! ```
//!
//! Either the section's increment comes first in the single total order, and the fork sees it and waits; or the store to
//! CLOSED comes first, and the section sees that and backs out. Leaving is the same the other way round: the leaver
//! decrements and then looks at CLOSED, the fork has set CLOSED before it looks at the counter, so one of them sees the
//! other and no wake-up is lost.
//!
//! What waits are about (`park::WaitList`) is repaired lazily: the child counts `epoch` up, and a list from an older epoch
//! holds only waiters that do not exist there. The same counter tells a future or an executor that it has crossed a fork.

use super::clock::Deadline;
use super::futex;
use core::cell::Cell;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// One counter per stripe and cache line, so that sections on different threads rarely meet.
#[repr(align(128))]
struct Stripe(AtomicU32);

const STRIPES: usize = 32;
static INSIDE: [Stripe; STRIPES] = [const { Stripe(AtomicU32::new(0)) }; STRIPES];
static CLOSED: AtomicU32 = AtomicU32::new(0);
/// Serialises forks from several threads: 0 free, 1 taken.
static FORKING: AtomicU32 = AtomicU32::new(0);
static EPOCH: AtomicU32 = AtomicU32::new(1);
/// The token of the thread that the last fork was made on, in the child.
static SURVIVOR: AtomicUsize = AtomicUsize::new(0);
static INSTALLED: AtomicBool = AtomicBool::new(false);
static NEXT_STRIPE: AtomicU32 = AtomicU32::new(0);

/// What the layers above have to do before a fork, and to put right in a child.
static BEFORE_HOOK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());
static CHILD_HOOK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

#[derive(Clone, Copy)]
struct Place {
    depth: u32,
    /// How many locks the thread holds that are no sections, and for which one inside may wait: it is not to wait at the gate then.
    awaited: u32,
    /// Stripe number plus one; 0 while none is assigned.
    stripe: u32,
}

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place { depth: 0, awaited: 0, stripe: 0 }) };
}

/// How many forks lie between this process and the first one, plus one.
#[inline]
pub fn epoch() -> u32 {
    EPOCH.load(Ordering::Relaxed)
}

/// In a child of fork, the [token](super::token) of the one thread that came along.
pub fn survivor() -> usize {
    SURVIVOR.load(Ordering::Relaxed)
}

/// The time spent in an internal critical section, during which no fork happens. Sections nest.
#[derive(Debug)]
pub struct Section {
    /// Ends on the thread it began on.
    _not_send: core::marker::PhantomData<*mut ()>,
}

impl Section {
    /// Begins a section; waits while a fork is under way.
    #[inline]
    pub fn enter() -> Section {
        let mut place = PLACE.get();
        if place.depth == 0 {
            debug_assert!(place.awaited == 0, "a section begins under a lock that one inside may wait for");
            if place.stripe == 0 {
                place.stripe = NEXT_STRIPE.fetch_add(1, Ordering::Relaxed) % STRIPES as u32 + 1;
            }
            let inside = &INSIDE[place.stripe as usize - 1].0;
            inside.fetch_add(1, Ordering::SeqCst);
            if CLOSED.load(Ordering::SeqCst) != 0 {
                wait_at_the_gate(inside);
            }
            if !INSTALLED.load(Ordering::Relaxed) {
                crate::load::at_load();
            }
        }
        place.depth += 1;
        PLACE.set(place);
        Section { _not_send: core::marker::PhantomData }
    }
}

impl Drop for Section {
    #[inline]
    fn drop(&mut self) {
        super::process::end_if_panicking();
        let mut place = PLACE.get();
        place.depth -= 1;
        PLACE.set(place);
        if place.depth == 0 {
            leave(&INSIDE[place.stripe as usize - 1].0);
        }
    }
}

/// In debug builds: says that the calling thread has locked, or unlocked, something that is no section, and for which one inside a section may
/// wait. If it began a section meanwhile, and a fork came between, all three would wait for ever.
#[inline]
pub fn hold_awaited(holds: bool) {
    if cfg!(debug_assertions) {
        let mut place = PLACE.get();
        place.awaited = if holds { place.awaited + 1 } else { place.awaited - 1 };
        PLACE.set(place);
    }
}

/// Whether the calling thread is in a section.
pub fn is_inside() -> bool {
    PLACE.get().depth > 0
}

#[inline]
fn leave(inside: &AtomicU32) {
    inside.fetch_sub(1, Ordering::SeqCst);
    if CLOSED.load(Ordering::SeqCst) != 0 {
        futex::wake(inside, i32::MAX);
    }
}

#[cold]
fn wait_at_the_gate(inside: &AtomicU32) {
    loop {
        leave(inside);
        while CLOSED.load(Ordering::SeqCst) != 0 {
            futex::wait(&CLOSED, 1, Deadline::NEVER);
        }
        inside.fetch_add(1, Ordering::SeqCst);
        if CLOSED.load(Ordering::SeqCst) == 0 {
            return;
        }
    }
}

/// Installs the handlers, once. `before_fork` runs in the thread that forks; `in_child` in a child's only thread, before `fork`
/// returns there.
///
/// At load, so that handlers which the program registers later run inside pirn's: `prepare` ones before the gate closes, the others
/// after it has opened.
pub fn install(before_fork: fn(), in_child: fn()) {
    BEFORE_HOOK.store(before_fork as *mut (), Ordering::Release);
    CHILD_HOOK.store(in_child as *mut (), Ordering::Release);
    if !INSTALLED.swap(true, Ordering::Relaxed) {
        // SAFETY: the three handlers are C functions without arguments that live as long as the process: the library is never
        // unloaded. Failure (no memory) leaves the process without fork support, as if forked with a raw clone.
        unsafe { libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child)) };
    }
}

/// Lets the calling thread through the gate, which it has closed or is about to open: handlers of others may run meanwhile and use
/// pirn. It is the only one inside then.
fn pass_the_gate(passes: bool) {
    let mut place = PLACE.get();
    place.depth = if passes { place.depth + 1 } else { place.depth - 1 };
    PLACE.set(place);
}

extern "C" fn before() {
    call(&BEFORE_HOOK);
    while FORKING.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
        futex::wait(&FORKING, 1, Deadline::NEVER);
    }
    CLOSED.store(1, Ordering::SeqCst);
    for stripe in &INSIDE {
        loop {
            let inside = stripe.0.load(Ordering::SeqCst);
            if inside == 0 {
                break;
            }
            futex::wait(&stripe.0, inside, Deadline::NEVER);
        }
    }
    pass_the_gate(true);
}

extern "C" fn after_in_parent() {
    pass_the_gate(false);
    open();
}

extern "C" fn after_in_child() {
    // Increments of threads that were about to back out of the gate came along with the copy; the threads did not.
    for stripe in &INSIDE {
        stripe.0.store(0, Ordering::Relaxed);
    }
    SURVIVOR.store(super::token::token(), Ordering::Relaxed);
    EPOCH.fetch_add(1, Ordering::Relaxed);
    pass_the_gate(false);
    open();
    call(&CHILD_HOOK);
}

fn call(hook: &AtomicPtr<()>) {
    // SAFETY: `install` stored a `fn()` there before it registered the handlers.
    let hook = unsafe { core::mem::transmute::<*mut (), fn()>(hook.load(Ordering::Acquire)) };
    hook();
}

fn open() {
    CLOSED.store(0, Ordering::SeqCst);
    futex::wake(&CLOSED, i32::MAX);
    FORKING.store(0, Ordering::Release);
    futex::wake(&FORKING, i32::MAX);
}
