//! Trace and profile hooks: what a program is told of its threads' waits and lives.
//!
//! A thread has the hooks that were set when it started, or since then for all threads. Events come from the paths on which a
//! thread blocks, starts or ends, or passes a task on, and from no other. There a look at [`is_active`] tells whether there is
//! any hook in the process at all; the rest is out of line.
//!
//! An event is delivered on the thread that it happens on, with no lock of pirn's held and no place on a wait list taken: a
//! waiter that ran user code while it is on a list could be given something (a lock, an item) and then keep the others
//! waiting for it. So the hook is told that a wait begins after the call has found that it cannot go on at once, and before
//! it joins the list, where it looks once more.
//!
//! Begin and end are a [`Span`]. Its end goes to the hooks that have seen its beginning, if they are still set: a hook sees both,
//! or the begin alone if it was taken away meanwhile.
//!
//! While a hook runs on a thread this thread has no events, and a thread that is started then has none ever: a hook does not see
//! what it causes itself. (The tasks that it submits are told of, on their workers.)
//!
//! Locks, outer before inner: a source's -> the registry's; a source's -> a place's. No hook is dropped under any of them.

mod event;

pub use event::{EventKind, TraceFn, pirn_trace_event_t};

use super::{Thread, current, get_ident, registry};
use crate::callback::{CallError, Callback};
use crate::cut;
use crate::hook::{Place, Source};
use crate::identity::Kind;
use crate::park::Deadline;
use crate::status::{Error, PIRN_OK, PIRN_TIMED_OUT, pirn_status_t};
use crate::sys::{allocator, clock};
use core::cell::Cell;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::Arc;

/// How many hooks exist: set, or still running.
static EXISTING: AtomicUsize = AtomicUsize::new(0);

/// A hook that has been set somewhere.
#[derive(Debug)]
struct Hook {
    callback: Callback<TraceFn>,
    /// Tells it from all others, also from those gone by. Not 0.
    number: u64,
}

impl Hook {
    fn new(callback: Callback<TraceFn>) -> Arc<Hook> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: a thread on which the hook is to be called is told of it by way of a place's mutex, or has begun after this.
        EXISTING.fetch_add(1, Ordering::Relaxed);
        Arc::new(Hook { callback, number: NEXT.fetch_add(1, Ordering::Relaxed) })
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        EXISTING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A trace hook and a profile hook.
#[derive(Debug)]
pub(super) struct Hooks {
    trace: Place<Hook>,
    profile: Place<Hook>,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Sees all events.
    Trace,
    /// Sees those that end something.
    Profile,
}

/// What threads get that start from now on.
static TRACE: Source<Hook> = Source::new();
static PROFILE: Source<Hook> = Source::new();

impl Sort {
    fn source(self) -> &'static Source<Hook> {
        match self {
            Sort::Trace => &TRACE,
            Sort::Profile => &PROFILE,
        }
    }
}

impl Hooks {
    /// None.
    pub const fn new() -> Hooks {
        Hooks { trace: Place::new(), profile: Place::new() }
    }

    fn of(&self, sort: Sort) -> &Place<Hook> {
        match sort {
            Sort::Trace => &self.trace,
            Sort::Profile => &self.profile,
        }
    }

    /// For a new thread, which is in the registry already: takes over those that are set. Gives those that it had, to be dropped where
    /// user code may run.
    pub fn adopt(&self) -> impl Sized + use<> {
        // Whoever sets a hook for all threads has it counted before it asks the registry who they are: either this thread was
        // there, and gets the hook by that, or it has come later and finds the hook counted.
        if is_active() { [TRACE.supply(&self.trace), PROFILE.supply(&self.profile)] } else { [None, None] }
    }

    /// For a thread that has not started after all: it may have hooks when it does.
    pub fn open(&self) {
        self.trace.open();
        self.profile.open();
    }

    /// At a thread's end: no more events on it.
    pub fn close(&self) {
        drop([self.trace.close(), self.profile.close()]);
    }
}

/// Sets a hook, or none, for threads that start from now on, and `on_all` those that run: `NoMemory`.
pub fn set(sort: Sort, callback: Option<Callback<TraceFn>>, on_all: bool) -> Result<(), Error> {
    if callback.is_some() {
        allocator::check()?;
    }
    let threads = || if on_all { registry::running() } else { Ok(Vec::new()) };
    let set = sort.source().set(callback.map(Hook::new), threads, |thread| thread.life().hooks.of(sort));
    // Without a lock: user code may run in it.
    set.map(drop)
}

/// What the function and argument are that `set` has set last, if it has.
pub fn get(sort: Sort) -> Option<(TraceFn, *mut core::ffi::c_void)> {
    let hook = sort.source().get()?;
    Some((*hook.callback.function(), hook.callback.arg().as_ptr()))
}

/// Whether there is a hook in the process.
#[inline]
pub fn is_active() -> bool {
    EXISTING.load(Ordering::Relaxed) != 0
}

thread_local! {
    /// A hook runs on this thread.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Whether a hook runs on the calling thread.
pub fn is_in_hook() -> bool {
    IN_HOOK.get()
}

/// The object of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    kind: i32,
    id: u64,
}

impl Subject {
    /// No object.
    pub const NONE: Subject = Subject { kind: 0, id: 0 };

    /// The object with this identity.
    pub fn new(kind: Kind, id: u64) -> Subject {
        Subject { kind: kind as i32, id }
    }

    /// A task, by its future's identity; 0 if it has none, since there was no hook when it was submitted.
    pub fn task(future: u64) -> Subject {
        if future == 0 { Subject::NONE } else { Subject::new(Kind::Future, future) }
    }
}

/// The calling thread's hooks at this moment.
#[derive(Default)]
struct Present {
    trace: Option<Arc<Hook>>,
    profile: Option<Arc<Hook>>,
}

impl Present {
    /// None on a thread that pirn does not know, and while a hook runs.
    fn on_this_thread() -> Present {
        if IN_HOOK.get() {
            return Present::default();
        }
        let Some(thread) = current::registered() else { return Present::default() };
        let hooks = &thread.life().hooks;
        Present { trace: hooks.trace.get(), profile: hooks.profile.get() }
    }

    fn is_none(&self) -> bool {
        self.trace.is_none() && self.profile.is_none()
    }

    /// Calls those of the hooks that see this kind of event. The last user of a hook that has been replaced meanwhile gives its
    /// argument back, which is part of the call.
    fn tell(self, event: &pirn_trace_event_t, is_end: bool) {
        type MayUnwind = unsafe extern "C-unwind" fn(*const pirn_trace_event_t, *mut core::ffi::c_void);
        IN_HOOK.set(true);
        let profile = self.profile.filter(|_| is_end);
        for hook in [self.trace, profile].into_iter().flatten() {
            // SAFETY: the same type, but for what the compiler takes as given.
            let function = unsafe { core::mem::transmute::<TraceFn, MayUnwind>(*hook.callback.function()) };
            // SAFETY: the callback's promise; the event stays for the time of the call.
            hook.callback.arg().lend(|arg| cut::run(|| unsafe { function(event, arg) }));
        }
        IN_HOOK.set(false);
    }
}

fn event(kind: EventKind, subject: Subject, code: i32, time_ns: u64, duration_ns: u64) -> pirn_trace_event_t {
    pirn_trace_event_t {
        size: size_of::<pirn_trace_event_t>() as u32,
        kind: kind as i32,
        object_kind: subject.kind,
        code,
        thread: get_ident(),
        object: subject.id,
        time_ns: time_ns as i64,
        duration_ns: duration_ns as i64,
    }
}

/// Tells of something that has happened, and took `duration_ns`.
#[cold]
fn deliver(kind: EventKind, subject: Subject, code: i32, duration_ns: u64) {
    let present = Present::on_this_thread();
    if !present.is_none() {
        present.tell(&event(kind, subject, code, clock::now_ns(), duration_ns), kind.is_end());
    }
}

#[inline]
fn emit(kind: EventKind, subject: Subject, code: i32) {
    if is_active() {
        deliver(kind, subject, code, 0);
    }
}

/// The calling thread, which has just started.
pub fn thread_started(thread: &Thread) {
    emit(EventKind::ThreadStart, thread.as_subject(), 0);
}

/// The calling thread, which began at `start_ns`, is about to end. It has no events after this.
pub fn thread_ended(thread: &Thread, exit_code: i32, start_ns: u64) {
    if is_active() {
        let subject = thread.as_subject();
        deliver(EventKind::ThreadEnd, subject, exit_code, clock::now_ns().saturating_sub(start_ns));
    }
}

/// A task is about to be queued, on the thread that submits it. A submit that is then refused has been told of, too: this comes
/// before, so that it precedes the task's start.
#[inline]
pub fn task_submitted(future: u64) {
    emit(EventKind::TaskSubmit, Subject::task(future), 0);
}

/// A task begins on the calling thread; the span ends with the task, with its code.
#[inline]
pub fn task_started(future: u64) -> Span {
    if is_active() { begin(Begin::Task, Subject::task(future)) } else { Span::NONE }
}

/// A timer's function is about to run on the calling thread.
#[inline]
pub fn timer_fired(timer: u64) {
    emit(EventKind::TimerFire, Subject::new(Kind::Timer, timer), 0);
}

/// The calling thread has cancelled a timer, which will not fire.
#[inline]
pub fn timer_cancelled(timer: u64) {
    emit(EventKind::TimerCancel, Subject::new(Kind::Timer, timer), 0);
}

/// A callback has failed on the calling thread: a thread's target, a task, a timer's function, an initializer, a callback of
/// the shutdown. The subject is what it belongs to.
#[inline]
pub fn failed(subject: Subject, code: i32) {
    emit(EventKind::Failure, subject, code);
}

/// Something that has begun and will end on the same thread.
#[must_use]
#[derive(Debug)]
pub struct Span {
    what: Begin,
    subject: Subject,
    start_ns: u64,
    /// The numbers of the hooks that were there at its beginning; 0 for none.
    trace: u64,
    profile: u64,
}

#[derive(Clone, Copy, Debug)]
enum Begin {
    Wait,
    Task,
}

impl Begin {
    fn kinds(self) -> (EventKind, EventKind) {
        match self {
            Begin::Wait => (EventKind::WaitBegin, EventKind::WaitEnd),
            Begin::Task => (EventKind::TaskStart, EventKind::TaskEnd),
        }
    }
}

#[cold]
fn begin(what: Begin, subject: Subject) -> Span {
    let present = Present::on_this_thread();
    if present.is_none() {
        return Span::NONE;
    }
    let number = |hook: &Option<Arc<Hook>>| hook.as_ref().map_or(0, |hook| hook.number);
    let (trace, profile) = (number(&present.trace), number(&present.profile));
    let start_ns = clock::now_ns();
    present.tell(&event(what.kinds().0, subject, 0, start_ns, 0), false);
    Span { what, subject, start_ns, trace, profile }
}

impl Span {
    /// One that nobody is told of.
    const NONE: Span = Span { what: Begin::Wait, subject: Subject::NONE, start_ns: 0, trace: 0, profile: 0 };

    /// It is over: with a task's code, or the status of a wait.
    #[inline]
    pub fn end(self, code: i32) {
        if self.trace != 0 || self.profile != 0 {
            self.tell_end(code);
        }
    }

    #[cold]
    fn tell_end(self, code: i32) {
        let mut present = Present::on_this_thread();
        present.trace = present.trace.filter(|hook| hook.number == self.trace);
        present.profile = present.profile.filter(|hook| hook.number == self.profile);
        if !present.is_none() {
            let now = clock::now_ns();
            let kind = self.what.kinds().1;
            present.tell(&event(kind, self.subject, code, now, now.saturating_sub(self.start_ns)), true);
        }
    }
}

/// A result that has a status.
pub trait HasStatus {
    /// The status that a C function returns for it.
    fn status(&self) -> pirn_status_t;
}

impl HasStatus for () {
    fn status(&self) -> pirn_status_t {
        PIRN_OK
    }
}

impl<T> HasStatus for Result<T, Error> {
    fn status(&self) -> pirn_status_t {
        self.as_ref().map_or_else(|error| error.code(), |_| PIRN_OK)
    }
}

impl<T> HasStatus for Result<T, CallError> {
    fn status(&self) -> pirn_status_t {
        match self {
            Ok(_) => PIRN_OK,
            Err(CallError::Refused(error)) => error.code(),
            Err(CallError::Failed(_)) => Error::TaskFailed.code(),
        }
    }
}

/// Makes a call that waits for `subject` until a deadline. With a hook it is made as a poll first: to see whether it has to wait.
#[inline]
pub fn wait<R: HasStatus>(subject: Subject, deadline: Deadline, mut call: impl FnMut(Deadline) -> R) -> R {
    if is_active() { wait_observed(subject, deadline, call) } else { call(deadline) }
}

#[cold]
#[inline(never)]
fn wait_observed<R: HasStatus>(subject: Subject, deadline: Deadline, mut call: impl FnMut(Deadline) -> R) -> R {
    if deadline == Deadline::PASSED || Present::on_this_thread().is_none() {
        return call(deadline);
    }
    let polled = call(Deadline::PASSED);
    if polled.status() != PIRN_TIMED_OUT {
        return polled;
    }
    blocked(subject, || call(deadline))
}

/// Makes a call that waits for `subject` unless `is_ready`: for what cannot be polled.
#[inline]
pub fn wait_unless<R: HasStatus>(subject: Subject, is_ready: impl FnOnce() -> bool, call: impl FnOnce() -> R) -> R {
    if is_active() { unless_observed(subject, is_ready, call) } else { call() }
}

#[cold]
#[inline(never)]
fn unless_observed<R: HasStatus>(subject: Subject, is_ready: impl FnOnce() -> bool, call: impl FnOnce() -> R) -> R {
    if is_ready() { call() } else { blocked(subject, call) }
}

/// Makes a call that waits for `subject`.
fn blocked<R: HasStatus>(subject: Subject, call: impl FnOnce() -> R) -> R {
    let span = begin(Begin::Wait, subject);
    let result = call();
    span.end(result.status());
    result
}
