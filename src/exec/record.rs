//! Record: the memory of a future, one slot of the arena.
//!
//! ```text
//!   0  word         the state (`state`), with the slot's tag
//!   8  pool         the executor's pool; NULL in a free-standing future. To be looked into only by who has just taken the
//!                   future out of PENDING: its queue's count keeps the pool until then (`pool`)
//!  16  first        pending: the task's function; RESULT and FAILURE: the outcome
//!  24  second       pending: its argument; RESULT_BY_HAND and FAILURE_BY_HAND: the outcome
//!  32  third        pending: its arg_free
//!  40  result_free
//!  48  followers    watchers and callbacks, in a box; NULL while there are none. Guarded by the record's bucket
//!  56  crowd        those who sleep until it is over
//!  60  epoch        the fork epoch in which it was made, or queued
//! ```
//!
//! An outcome is written by whoever alone may: the one who runs the task, or who finishes the future by hand, under the
//! record's bucket. It stays until the record goes. All fields are atomics, so that a look through a stale handle is a look at
//! some older or newer value, which the check of the tag behind it then throws away.

use super::aftermath::DoneCallback;
use super::channel::Channel;
use super::failure;
use super::pool::Pool;
use super::state::{Owners, Phase, State};
use super::work::Value;
use crate::callback::{Arg, CallError, FreeFn, Task, TaskFn};
use crate::handle::arena::{Slot, Vacant, freed_word, give_back};
use crate::handle::{Handle, Kind};
use crate::park::Crowd;
use crate::status::Error;
use crate::sys::atomic::unmodelled::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};
use crate::sys::fork;
use crate::word::Tag;
use core::ffi::c_void;
use core::ptr::null_mut;
use slab::Slab;
use std::sync::Arc;

/// Who is to be told of a future's end, besides those who sleep.
#[derive(Default)]
pub(super) struct Followers {
    /// In the order in which they were added.
    pub callbacks: Vec<DoneCallback>,
    pub watchers: Slab<Watcher>,
}

/// Someone who watches several futures.
pub(super) struct Watcher {
    pub channel: Arc<Channel>,
    pub position: usize,
}

/// A future's memory.
#[repr(C, align(64))]
pub(super) struct Record {
    word: AtomicU64,
    pool: AtomicPtr<Pool>,
    first: AtomicPtr<c_void>,
    second: AtomicPtr<c_void>,
    third: AtomicPtr<c_void>,
    result_free: AtomicPtr<c_void>,
    followers: AtomicPtr<Followers>,
    crowd: Crowd,
    epoch: AtomicU32,
}

const _: () = assert!(size_of::<Record>() == size_of::<Slot>() && align_of::<Record>() == align_of::<Slot>());

const RELAXED: Ordering = Ordering::Relaxed;

fn free_fn_as_ptr(free: Option<FreeFn>) -> *mut c_void {
    free.map_or(null_mut(), |free| free as *mut c_void)
}

/// # Safety
/// `pointer` came from `free_fn_as_ptr`.
unsafe fn free_fn_from_ptr(pointer: *mut c_void) -> Option<FreeFn> {
    // SAFETY: an optional function pointer is a nullable pointer.
    unsafe { core::mem::transmute(pointer) }
}

impl Record {
    fn from_slot(slot: &'static Slot) -> &'static Record {
        // SAFETY: as large as a slot and aligned like one, made of atomics, for which any bits are valid; and the only non-atomic
        // accesses to a slot's room are those of a slot's present owner, who found its tag.
        unsafe { &*core::ptr::from_ref(slot).cast::<Record>() }
    }

    fn slot(&self) -> &'static Slot {
        // SAFETY: records are slots, which stay mapped for ever.
        unsafe { &*core::ptr::from_ref(self).cast::<Slot>() }
    }

    /// The place that the handle names, and the tag that is to be found there if the handle is a future's.
    #[inline]
    pub fn find(handle: Handle) -> Option<(&'static Record, Tag)> {
        let tag = Tag::new(handle.bits(), Kind::Future as u32);
        Slot::of(handle).map(|slot| (Record::from_slot(slot), tag))
    }

    /// Makes a record in a vacant slot; `pool` is the task's.
    #[inline]
    pub fn fill(
        vacant: Vacant,
        pool: *const Pool,
        task: Option<Task>,
        owners: Owners,
    ) -> (&'static Record, Tag, Handle) {
        let tag = vacant.tag(Kind::Future as u32);
        let record = Record::from_slot(vacant.slot());
        let handle = vacant.fill(State::first(tag, owners), |_| {
            record.pool.store(pool.cast_mut(), RELAXED);
            if let Some(task) = task {
                let (function, arg, free) = task.into_raw();
                record.first.store(function as *mut c_void, RELAXED);
                record.second.store(arg, RELAXED);
                record.third.store(free_fn_as_ptr(free), RELAXED);
            }
            record.result_free.store(null_mut(), RELAXED);
            record.followers.store(null_mut(), RELAXED);
            record.set_epoch();
        });
        (record, tag, handle)
    }

    /// The state word.
    #[inline]
    pub fn state(&self) -> State<'_> {
        State(&self.word)
    }

    /// The present tag.
    #[inline]
    pub fn tag(&self) -> Tag {
        Tag::of(self.word.load(RELAXED))
    }

    pub fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    /// The pool whose task it is; NULL for a free-standing future.
    #[inline]
    pub fn pool(&self) -> *const Pool {
        self.pool.load(RELAXED)
    }

    /// It belongs to the present fork epoch. By its maker, as long as nobody else knows it.
    pub fn set_epoch(&self) {
        self.epoch.store(fork::epoch(), RELAXED);
    }

    /// Whether it belongs to an executor whose workers and queue are the parent's.
    pub fn is_from_before_a_fork(&self) -> bool {
        self.epoch.load(RELAXED) != fork::epoch() && !self.pool().is_null()
    }

    /// The handle's bits, which are the future's identity too.
    pub fn handle(&self) -> Handle {
        self.slot().handle_with(self.word.load(RELAXED))
    }

    /// Takes the task out.
    ///
    /// # Safety
    /// The fields are those of a pending task, and are taken once.
    #[inline]
    unsafe fn task(&self) -> impl FnOnce() -> Task {
        let (function, arg, free) = (self.first.load(RELAXED), self.second.load(RELAXED), self.third.load(RELAXED));
        // SAFETY: `fill` stored them, and they are taken once: by the caller's promise.
        move || unsafe {
            let function = core::mem::transmute::<*mut c_void, TaskFn>(function);
            Task::new(function, Arg::new(arg, free_fn_from_ptr(free)))
        }
    }

    /// PENDING to RUNNING for an executor's future: the task, which the caller now has to run, or to let go. None if it is not
    /// pending, or another future by now.
    ///
    /// The fields are read first: once it is running, who finishes it by hand may write there. As long as it is pending nobody
    /// writes, and the swap finds it pending still.
    #[inline]
    pub fn claim(&self, tag: Tag) -> Option<Task> {
        if !self.state().is_pending(tag) {
            return None;
        }
        // SAFETY: used only if the swap succeeds, which says that the fields are a pending task's and the caller's now.
        let task = unsafe { self.task() };
        self.state().claim(tag).then(task)
    }

    /// Takes the task out of a future that has ended without it.
    ///
    /// # Safety
    /// The caller has taken the edge from PENDING to the end, and it is an executor's future.
    pub unsafe fn take_task(&self) -> Task {
        // SAFETY: the caller's promise; after its end nobody writes where the task was.
        let task = unsafe { self.task() };
        task()
    }

    fn place_of(&self, phase: Phase) -> &AtomicPtr<c_void> {
        match phase {
            Phase::ResultByHand | Phase::FailureByHand => &self.second,
            _ => &self.first,
        }
    }

    /// Writes an outcome down: the phase that it goes with. The caller alone may, at this time (see above), and either takes
    /// the edge to that phase or `discard`s it.
    #[inline]
    pub fn write(&self, outcome: Result<Value, CallError>, by_hand: bool) -> Phase {
        let (phase, pointer) = match outcome {
            Ok(Value(result)) => (if by_hand { Phase::ResultByHand } else { Phase::Result }, result),
            Err(error) => {
                let phase = if by_hand { Phase::FailureByHand } else { Phase::Failure };
                (phase, failure::pack(error))
            }
        };
        self.place_of(phase).store(pointer, RELAXED);
        phase
    }

    /// The outcome that goes with a phase in which the future is over.
    ///
    /// # Safety
    /// The phase is the record's, and the caller is an owner.
    pub unsafe fn outcome(&self, phase: Phase) -> Result<Value, CallError> {
        let pointer = self.place_of(phase).load(RELAXED);
        match phase {
            Phase::Result | Phase::ResultByHand => Ok(Value(pointer)),
            // SAFETY: `write` packed it, and it goes with the record.
            Phase::Failure | Phase::FailureByHand => Err(unsafe { failure::unpack(pointer) }),
            _ => Err(Error::Cancelled.into()),
        }
    }

    /// The result of a future that is over and has one, as a look through a handle that nothing keeps valid.
    #[inline]
    pub fn peek(&self, tag: Tag) -> Option<Value> {
        let seen = self.state().load();
        let phase = seen.phase();
        if !(seen.is_open(tag) && seen.is_settled() && matches!(phase, Phase::Result | Phase::ResultByHand)) {
            return None;
        }
        let result = self.place_of(phase).load(RELAXED);
        // If that was the result of another future in this slot, the tag of that one is found now (see `Vacant::fill`).
        fence(Ordering::Acquire);
        (self.tag() == tag).then_some(Value(result))
    }

    /// Lets go of an outcome whose phase was never reached.
    ///
    /// # Safety
    /// `write` has just given this phase, and nobody has taken the edge to it.
    pub unsafe fn discard(&self, phase: Phase) {
        if phase.has_failed() {
            // SAFETY: `write` packed it, and nobody else has seen it.
            unsafe { failure::release(self.place_of(phase).load(RELAXED)) };
        }
    }

    /// How to give the result back.
    pub fn set_result_free(&self, free: Option<FreeFn>) {
        self.result_free.store(free_fn_as_ptr(free), RELAXED);
    }

    /// Whether its end gives a result back.
    pub fn gives_back(&self) -> bool {
        let phase = self.state().load().phase();
        !self.result_free.load(RELAXED).is_null() && matches!(phase, Phase::Result | Phase::ResultByHand)
    }

    /// The followers, made if there are none.
    ///
    /// # Safety
    /// The caller holds the record's bucket for as long as it uses this.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn followers(&self) -> &mut Followers {
        let mut followers = self.followers.load(RELAXED);
        if followers.is_null() {
            followers = Box::into_raw(Box::default());
            self.followers.store(followers, RELAXED);
        }
        // SAFETY: a box of the record's own, guarded by the bucket.
        unsafe { &mut *followers }
    }

    /// Takes the followers out.
    ///
    /// # Safety
    /// The caller holds the record's bucket, or alone owns the record.
    pub unsafe fn take_followers(&self) -> Option<Box<Followers>> {
        let followers = self.followers.load(RELAXED);
        self.followers.store(null_mut(), RELAXED);
        // SAFETY: made by `followers`, and not reachable any more.
        (!followers.is_null()).then(|| unsafe { Box::from_raw(followers) })
    }

    /// The end of the record: gives the slot back, and what it holds of the user's.
    ///
    /// # Safety
    /// Nobody owns it any more: `State::release`, `close` or `settle` has just said so to the caller.
    pub unsafe fn bury(&self) {
        let phase = self.state().load().phase();
        let result_free = self.result_free.load(RELAXED);
        let outcome = self.place_of(phase).load(RELAXED);
        // SAFETY: the caller's promise.
        let followers = unsafe { self.take_followers() };
        let slot = self.slot();
        // Release: the looks above come before the slot is filled anew.
        slot.word().store(freed_word(self.tag()), Ordering::Release);
        // SAFETY: the freed word is in place, and no owner is left.
        unsafe { give_back(slot) };
        match phase {
            Phase::Result | Phase::ResultByHand => {
                // SAFETY: stored by `set_result_free`, whose caller allows it.
                if let Some(free) = unsafe { free_fn_from_ptr(result_free) } {
                    // SAFETY: as above.
                    unsafe { Value(outcome).give_back(free) };
                }
            }
            // SAFETY: `write` packed it, and nobody can reach it any more.
            Phase::Failure | Phase::FailureByHand => unsafe { failure::release(outcome) },
            _ => {}
        }
        drop(followers);
    }
}
