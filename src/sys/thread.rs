//! System threads: start, name, join, end.

use super::clock::Deadline;
use crate::status::Error;
use core::cell::Cell;
use core::ffi::c_void;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A started, joinable system thread.
#[derive(Clone, Copy, Debug)]
pub struct SystemThread(libc::pthread_t);

#[cfg(not(feature = "annotate"))]
unsafe extern "C" {
    /// glibc 2.31 and later: pthread_join with an absolute limit on a clock of choice.
    fn pthread_clockjoin_np(
        thread: libc::pthread_t,
        value: *mut *mut c_void,
        clock: libc::clockid_t,
        limit: *const libc::timespec,
    ) -> libc::c_int;
}

/// # Safety
/// As for [`SystemThread::join`].
#[cfg(not(feature = "annotate"))]
unsafe fn join_until(thread: libc::pthread_t, limit: libc::timespec) -> libc::c_int {
    // SAFETY: the caller's promise.
    unsafe { pthread_clockjoin_np(thread, core::ptr::null_mut(), libc::CLOCK_MONOTONIC, &limit) }
}

/// On the clock that can be set, again and again: ThreadSanitizer knows no other such function, and takes a thread that was joined
/// by one for a leak.
///
/// # Safety
/// As for [`SystemThread::join`].
#[cfg(feature = "annotate")]
unsafe fn join_until(thread: libc::pthread_t, limit: libc::timespec) -> libc::c_int {
    unsafe extern "C" {
        fn pthread_timedjoin_np(
            thread: libc::pthread_t,
            value: *mut *mut c_void,
            limit: *const libc::timespec,
        ) -> libc::c_int;
    }
    let deadline = Deadline::at_ns(limit.tv_sec as u64 * 1_000_000_000 + limit.tv_nsec as u64);
    loop {
        let left = deadline.left_ns() as i64;
        let mut until = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a valid place for the result.
        unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut until) };
        until.tv_sec += left / 1_000_000_000 + (until.tv_nsec + left % 1_000_000_000) / 1_000_000_000;
        until.tv_nsec = (until.tv_nsec + left % 1_000_000_000) % 1_000_000_000;
        // SAFETY: the caller's promise.
        match unsafe { pthread_timedjoin_np(thread, core::ptr::null_mut(), &until) } {
            libc::ETIMEDOUT if !deadline.has_passed() => {}
            result => return result,
        }
    }
}

impl SystemThread {
    /// Starts a thread that runs `main(arg)`. `stack_size` 0 is the system's default; others are rounded up to what it needs.
    /// `None` if the system refuses.
    ///
    /// # Safety
    /// `main` may be called with `arg` on a new thread.
    pub unsafe fn start(
        stack_size: usize,
        main: extern "C" fn(*mut c_void) -> *mut c_void,
        arg: *mut c_void,
    ) -> Option<SystemThread> {
        let mut attributes = core::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
        // SAFETY: a valid place to initialise.
        if unsafe { libc::pthread_attr_init(attributes.as_mut_ptr()) } != 0 {
            return None;
        }
        let mut accepted = true;
        if stack_size > 0 {
            let page = super::page_size();
            let bytes = stack_size.max(libc::PTHREAD_STACK_MIN).checked_next_multiple_of(page);
            // SAFETY: initialised above.
            accepted = bytes
                .is_some_and(|bytes| unsafe { libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), bytes) } == 0);
        }
        let mut thread: libc::pthread_t = 0;
        // SAFETY: attributes are initialised, and the caller allows the call of `main`.
        accepted = accepted && unsafe { libc::pthread_create(&mut thread, attributes.as_ptr(), main, arg) } == 0;
        // SAFETY: initialised above, and not used again.
        unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
        accepted.then_some(SystemThread(thread))
    }

    /// Starts a thread that nobody joins. Otherwise as `start`.
    ///
    /// # Safety
    /// As for `start`.
    pub unsafe fn start_detached(main: extern "C" fn(*mut c_void) -> *mut c_void, arg: *mut c_void) -> bool {
        let mut thread: libc::pthread_t = 0;
        // SAFETY: the caller allows the call of `main`; NULL stands for the system's defaults.
        let started = unsafe { libc::pthread_create(&mut thread, core::ptr::null(), main, arg) } == 0;
        if started {
            // SAFETY: started above, and joined by nobody.
            unsafe { libc::pthread_detach(thread) };
        }
        started
    }

    /// The calling thread, which was started by `start`.
    pub fn current() -> SystemThread {
        // SAFETY: has no preconditions.
        SystemThread(unsafe { libc::pthread_self() })
    }

    /// Waits until the thread is gone, and then it may not be named again; at most until `deadline`: `TimedOut`. `Deadlock` if it
    /// waits for the calling thread in the same way, or is that thread.
    ///
    /// # Safety
    /// The thread has been neither joined nor detached, and no other thread is joining it.
    pub unsafe fn join(self, deadline: Deadline) -> Result<(), Error> {
        let joined = match deadline.as_timespec() {
            // Not the other function without a limit: tools that watch a process's threads know this one.
            // SAFETY: the caller's promise.
            None => unsafe { libc::pthread_join(self.0, core::ptr::null_mut()) },
            // SAFETY: as above.
            Some(limit) => unsafe { join_until(self.0, limit) },
        };
        match joined {
            0 => Ok(()),
            libc::ETIMEDOUT => Err(Error::TimedOut),
            _ => Err(Error::Deadlock),
        }
    }

    /// Lets the system clean up by itself when the thread ends.
    ///
    /// # Safety
    /// The thread has been neither joined nor detached.
    pub unsafe fn detach(self) {
        // SAFETY: the caller's promise.
        unsafe { libc::pthread_detach(self.0) };
    }
}

/// The kernel's number for the calling thread.
pub fn native_id() -> u64 {
    // SAFETY: has no preconditions.
    unsafe { libc::gettid() as u64 }
}

/// The kernel's number for the process's first thread.
pub fn main_native_id() -> u64 {
    // SAFETY: has no preconditions.
    unsafe { libc::getpid() as u64 }
}

/// Whether a thread of this process has this number.
pub fn exists(native_id: u64) -> bool {
    // SAFETY: signal 0 only asks.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), native_id as libc::pid_t, 0) == 0 }
}

/// Whether the calling thread is the process's first. After a fork it is the one that forked.
pub fn is_main() -> bool {
    native_id() == main_native_id()
}

/// The system keeps 15 bytes of a thread's name.
const NAME_BYTES: usize = 15;

fn as_the_system_keeps_it(name: &str) -> &str {
    let end = (0..=NAME_BYTES.min(name.len())).rev().find(|&end| name.is_char_boundary(end));
    &name[..end.unwrap_or(0)]
}

/// Gives the thread with this number its name, as far as the system keeps it. Best effort: a name is decoration.
pub fn set_name(native_id: u64, name: &str) {
    // The file is the interface for threads other than the calling one (pthread_setname_np uses it as well).
    let _ = std::fs::write(format!("/proc/self/task/{native_id}/comm"), as_the_system_keeps_it(name));
}

/// The same for the calling thread, a hundred times faster.
pub fn set_own_name(name: &str) {
    let mut with_nul = [0u8; NAME_BYTES + 1];
    let short = as_the_system_keeps_it(name).as_bytes();
    with_nul[..short.len()].copy_from_slice(short);
    // SAFETY: a NUL-terminated text.
    unsafe { libc::prctl(libc::PR_SET_NAME, with_nul.as_ptr()) };
}

/// What a system thread has from the one that started it, and a service thread hands on to those that it starts for the program:
/// it changes both for itself.
#[derive(Clone, Copy, Debug)]
pub struct Inherited {
    signals: libc::sigset_t,
    /// Nanoseconds; negative if the system does not tell.
    timer_slack: libc::c_int,
}

impl Inherited {
    /// Makes the calling thread a service thread: it takes no signal, and the system rounds its deadlines to the nanosecond. (By default
    /// it adds up to 50 microseconds, so as to wake for several at once.)
    pub fn exchange_for_service(before: SignalMask) -> Inherited {
        // SAFETY: both take and return numbers.
        let timer_slack = unsafe { libc::prctl(libc::PR_GET_TIMERSLACK) };
        // SAFETY: as above.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
        Inherited { signals: before.0, timer_slack }
    }

    /// Gives the calling thread what its starter had from its own.
    pub fn restore(&self) {
        if self.timer_slack > 0 {
            // SAFETY: takes a number.
            unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, self.timer_slack) };
        }
        // SAFETY: a valid set; only the calling thread's mask changes.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.signals, core::ptr::null_mut()) };
    }
}

/// Which signals a thread does not take.
#[derive(Clone, Copy, Debug)]
pub struct SignalMask(libc::sigset_t);

impl SignalMask {
    /// Blocks all signals on the calling thread: what it blocked before.
    pub fn block_all() -> SignalMask {
        let mut all = core::mem::MaybeUninit::uninit();
        let mut before = core::mem::MaybeUninit::uninit();
        // SAFETY: valid places for sets; sigfillset initialises the one and pthread_sigmask, which cannot fail here, the other.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            SignalMask(before.assume_init())
        }
    }

    /// Makes it the calling thread's.
    pub fn set(&self) {
        // SAFETY: a valid set; only the calling thread's mask changes.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, core::ptr::null_mut()) };
    }
}

/// The key whose destructor is the end hook, plus one; 0 while there is none.
static END_KEY: AtomicU64 = AtomicU64::new(0);
static AT_END: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());
/// The C library calls destructors of keys in so many rounds as long as there are values (PTHREAD_DESTRUCTOR_ITERATIONS).
///
/// ThreadSanitizer's own end of a thread is in the last round, and no instrumented code may run behind it: one less with the library
/// for detectors.
const ROUNDS: u32 = if cfg!(feature = "annotate") { 3 } else { 4 };

thread_local! {
    /// How many rounds of destructors the calling thread has been through.
    static ROUND: Cell<u32> = const { Cell::new(0) };
    /// The end hook has been called, or is being called.
    static HAS_ENDED: Cell<bool> = const { Cell::new(false) };
}

/// Prepares `call_at_end`, once. Done when the library is loaded, when there are keys to be had.
pub fn prepare_call_at_end(at_end: fn()) {
    if END_KEY.load(Ordering::Acquire) != 0 {
        return;
    }
    AT_END.store(at_end as *mut (), Ordering::Relaxed);
    let mut key = 0;
    // SAFETY: a valid place for the key, and a destructor that outlives all threads: the library is never unloaded.
    if unsafe { libc::pthread_key_create(&mut key, Some(end_round)) } == 0 {
        END_KEY.store(u64::from(key) + 1, Ordering::Release);
    }
}

/// Arranges for `at_end` (see `prepare_call_at_end`) to be called when the calling thread ends, after the destructors of C++
/// and Rust thread-locals, and of other keys as far as the system lets one be the last. False if the system refuses.
pub fn call_at_end() -> bool {
    let key = END_KEY.load(Ordering::Acquire);
    // The system calls the destructors of values that are not NULL; what this one is means nothing.
    let value = (&raw const AT_END).cast();
    // SAFETY: the key exists.
    key != 0 && unsafe { libc::pthread_setspecific((key - 1) as libc::pthread_key_t, value) } == 0
}

/// Whether the calling thread may keep something for itself, which the end hook gives back. Not in that hook or after it, nor where
/// the system refuses.
///
/// So thread-locals have no destructors, which Rust's standard library would have the C library register: where there is no
/// memory for that the process ends.
pub fn may_keep() -> bool {
    !HAS_ENDED.get() && call_at_end()
}

/// The same for what is worth more than the memory that it takes: kept also where the system refuses, and then for good.
pub fn may_keep_anyway() -> bool {
    may_keep() || !HAS_ENDED.get()
}

unsafe extern "C" fn end_round(_: *mut c_void) {
    let round = ROUND.get() + 1;
    ROUND.set(round);
    if round < ROUNDS && call_at_end() {
        return;
    }
    HAS_ENDED.set(true);
    // SAFETY: `prepare_call_at_end` stored such a function.
    let at_end = unsafe { core::mem::transmute::<*mut (), fn()>(AT_END.load(Ordering::Relaxed)) };
    at_end();
}
