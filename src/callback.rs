//! Callbacks: a C function, its argument, and how the argument is given back.

use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_int, c_void};
use core::mem::{ManuallyDrop, transmute};
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::cut;
use crate::fallible;
use crate::park::Mutex;
use crate::status::Error;
use crate::sys::annotate;
#[cfg(not(loom))]
use crate::sys::thread::may_keep_anyway;

/// The code of a callback that ends without anything to report (Python's SystemExit).
pub const PIRN_EXIT: i32 = i32::MIN;

/// Which of two items comes first: below 0 the first one, above 0 the second one, 0 either.
pub type CompareFn = unsafe extern "C" fn(*const c_void, *const c_void, *mut c_void) -> c_int;
/// Gives an argument, an item or a result back to its owner.
pub type FreeFn = unsafe extern "C" fn(*mut c_void);
/// A thread's target, an initializer, a shutdown callback: 0 is success.
pub type TargetFn = unsafe extern "C" fn(*mut c_void) -> i32;
/// A task of an executor: 0 is success, and the result is stored through the second pointer.
pub type TaskFn = unsafe extern "C" fn(*mut c_void, *mut *mut c_void) -> i32;
/// The body of a parallel for, called with the begin and the end of a part of its range: 0 is success.
pub type RangeFn = unsafe extern "C" fn(usize, usize, *mut c_void) -> i32;

/// A pointer of the user's that is given back, once, when it is dropped.
///
/// Never dropped while a lock of pirn's is held: `free` is user code.
#[derive(Debug)]
pub struct Arg {
    pointer: *mut c_void,
    free: Option<FreeFn>,
}

// SAFETY: whoever hands an argument to pirn allows its use, and its release, on any one thread.
unsafe impl Send for Arg {}
// SAFETY: a shared `Arg` only gives out the pointer's value.
unsafe impl Sync for Arg {}

impl Arg {
    /// Takes over `pointer`.
    ///
    /// # Safety
    /// `free` may be called once with `pointer`, on any thread.
    pub unsafe fn new(pointer: *mut c_void, free: Option<FreeFn>) -> Arg {
        Arg { pointer, free }
    }

    /// The pointer itself.
    pub fn as_ptr(&self) -> *mut c_void {
        self.pointer
    }

    /// Hands it to a callback.
    #[inline(always)]
    pub fn lend<T>(&self, callback: impl FnOnce(*mut c_void) -> T) -> T {
        let result = callback(self.pointer);
        annotate::used(self.pointer);
        result
    }

    /// Lets go without giving back: for what a fork duplicated, and for results whose ownership moved on.
    pub fn forget(mut self) -> *mut c_void {
        self.free = None;
        self.pointer
    }
}

impl Drop for Arg {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            type MayUnwind = unsafe extern "C-unwind" fn(*mut c_void);
            // SAFETY: the same type, but for what the compiler takes as given.
            let free = unsafe { transmute::<FreeFn, MayUnwind>(free) };
            annotate::unused(self.pointer);
            // SAFETY: `new`'s promise; a drop happens once.
            cut::run(|| unsafe { free(self.pointer) });
        }
    }
}

/// A function of the user's with its argument.
#[derive(Debug)]
pub struct Callback<F> {
    function: F,
    arg: Arg,
}

/// A callback without a result.
pub type Target = Callback<TargetFn>;
/// A callback with a result.
pub type Task = Callback<TaskFn>;
/// A callback for parts of a range, several at a time.
pub type Range = Callback<RangeFn>;

impl<F> Callback<F> {
    /// A function and its argument.
    ///
    /// # Safety
    /// `function` may be called with the argument's pointer, on any thread.
    pub unsafe fn new(function: F, arg: Arg) -> Callback<F> {
        Callback { function, arg }
    }

    /// The function.
    pub fn function(&self) -> &F {
        &self.function
    }

    /// The argument.
    pub fn arg(&self) -> &Arg {
        &self.arg
    }

    /// Lets go of the argument without giving it back: for what a fork duplicated.
    pub fn forget(self) {
        self.arg.forget();
    }
}

impl Target {
    /// Calls it. The argument stays until the callback is dropped.
    pub fn run(&self) -> Result<(), Failure> {
        type MayUnwind = unsafe extern "C-unwind" fn(*mut c_void) -> i32;
        // SAFETY: the same type, but for what the compiler takes as given.
        let function = unsafe { transmute::<TargetFn, MayUnwind>(self.function) };
        // SAFETY: `new`'s promise.
        self.arg.lend(|arg| run(|| unsafe { function(arg) }))
    }

    /// A target that is a Rust closure, which runs at the first call; later ones do nothing. A panic in it is a failure with code
    /// -1.
    pub fn from_fn(closure: impl FnOnce() -> Result<(), Failure> + Send + 'static) -> Target {
        type Closure = Box<dyn FnOnce() -> Result<(), Failure> + Send>;
        /// Emptied by the first call; several may come at once, since a `Target` can be shared.
        type Place = Mutex<Option<Closure>>;

        unsafe extern "C" fn call(arg: *mut c_void) -> i32 {
            // SAFETY: `arg` is the box made below.
            let closure = unsafe { &*arg.cast::<Place>() }.lock().take();
            let Some(closure) = closure else {
                return 0;
            };
            let failure = match catch_unwind(AssertUnwindSafe(closure)) {
                Ok(Ok(())) => return 0,
                Ok(Err(failure)) => failure,
                Err(_) => Failure::new(-1, Some(c"panicked")),
            };
            raise(failure.code, failure.words())
        }
        unsafe extern "C" fn free(arg: *mut c_void) {
            // SAFETY: made by `Box::into_raw` below, and freed once.
            drop(unsafe { Box::from_raw(arg.cast::<Place>()) });
        }
        let closure: Closure = Box::new(closure);
        let place: Place = Mutex::new(Some(closure));
        let arg = Box::into_raw(Box::new(place)).cast();
        // SAFETY: `call` and `free` take what `arg` points to, which is Send.
        unsafe { Target::new(call, Arg::new(arg, Some(free))) }
    }
}

impl Task {
    /// Its parts. Whoever has them owes the call of the last with the second.
    pub fn into_raw(self) -> (TaskFn, *mut c_void, Option<FreeFn>) {
        let (function, free) = (self.function, self.arg.free);
        (function, self.arg.forget(), free)
    }

    /// A task that is a Rust closure, which must not panic.
    pub fn from_fn<C>(closure: C) -> Task
    where
        C: FnOnce() -> Result<*mut c_void, Failure> + Send + 'static,
    {
        unsafe extern "C" fn call<C>(arg: *mut c_void, result: *mut *mut c_void) -> i32
        where
            C: FnOnce() -> Result<*mut c_void, Failure>,
        {
            // SAFETY: `arg` is the box made below, and a task is called once, by one thread.
            let closure = unsafe { &mut *arg.cast::<Option<C>>() }.take();
            match closure.map_or(Ok(core::ptr::null_mut()), |closure| closure()) {
                Ok(value) => {
                    // SAFETY: `run` passes a valid place.
                    unsafe { result.write(value) };
                    0
                }
                Err(failure) => raise(failure.code, failure.words()),
            }
        }
        unsafe extern "C" fn free<C>(arg: *mut c_void) {
            // SAFETY: made by `Box::into_raw` below, and freed once.
            drop(unsafe { Box::from_raw(arg.cast::<Option<C>>()) });
        }
        let arg = Box::into_raw(Box::new(Some(closure))).cast();
        // SAFETY: `call` and `free` take what `arg` points to, which is Send.
        unsafe { Task::new(call::<C>, Arg::new(arg, Some(free::<C>))) }
    }

    /// Calls it. The argument stays until the callback is dropped.
    pub fn run(&self) -> Result<*mut c_void, Failure> {
        type MayUnwind = unsafe extern "C-unwind" fn(*mut c_void, *mut *mut c_void) -> i32;
        let mut result = core::ptr::null_mut();
        // SAFETY: the same type, but for what the compiler takes as given.
        let function = unsafe { transmute::<TaskFn, MayUnwind>(self.function) };
        // SAFETY: `new`'s promise; `result` is a valid place.
        self.arg.lend(|arg| run(|| unsafe { function(arg, &mut result) })).map(|()| result)
    }
}

impl Range {
    /// Calls it.
    pub fn run(&self, begin: usize, end: usize) -> Result<(), Failure> {
        type MayUnwind = unsafe extern "C-unwind" fn(usize, usize, *mut c_void) -> i32;
        // SAFETY: the same type, but for what the compiler takes as given.
        let function = unsafe { transmute::<RangeFn, MayUnwind>(self.function) };
        // SAFETY: `new`'s promise.
        self.arg.lend(|arg| run(|| unsafe { function(begin, end, arg) }))
    }
}

/// Why a callback failed: its non-zero code, and what it raised.
#[derive(Clone, Debug)]
pub struct Failure {
    code: i32,
    message: Option<Arc<CString>>,
    /// An object of the user's that goes where the failure goes.
    payload: Option<Arc<Arg>>,
}

/// The same code and words. Payloads are not looked at.
impl PartialEq for Failure {
    fn eq(&self, other: &Failure) -> bool {
        (self.code, &self.message) == (other.code, &other.message)
    }
}

impl Eq for Failure {}

impl Failure {
    /// A failure with this code and message. Without the memory for the message it has none.
    pub fn new(code: i32, message: Option<&CStr>) -> Failure {
        Failure { code, message: copy(message).map(Arc::new), payload: None }
    }

    /// The same where the caller can be told: `NoMemory`.
    pub fn try_new(code: i32, message: Option<&CStr>) -> Result<Failure, Error> {
        let message = message.map(fallible::c_text).transpose()?;
        Ok(Failure { code, message: message.map(Arc::new), payload: None })
    }

    /// The same with a payload.
    pub fn with_payload(self, payload: Arg) -> Failure {
        Failure { payload: Some(Arc::new(payload)), ..self }
    }

    /// The callback's code; not 0.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The callback's message, or a general sentence.
    pub fn message(&self) -> &CStr {
        self.words().unwrap_or(c"the callback returned a non-zero code without a message")
    }

    fn words(&self) -> Option<&CStr> {
        self.message.as_ref().map(|message| message.as_c_str())
    }

    /// Whether it has no message.
    pub fn is_wordless(&self) -> bool {
        self.message.is_none()
    }

    /// The payload; NULL if there is none.
    pub fn payload(&self) -> *mut c_void {
        self.payload.as_ref().map_or(core::ptr::null_mut(), |payload| payload.as_ptr())
    }

    /// Lets go of the payload: for a copy that is kept for its words.
    pub fn drop_payload(&mut self) {
        self.payload = None;
    }
}

/// Why a call that ran, or waited for, a callback did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// For a reason of pirn's own.
    Refused(Error),
    /// The callback failed: `PIRN_ERR_TASK_FAILED`.
    Failed(Failure),
}

impl From<Error> for CallError {
    fn from(error: Error) -> CallError {
        CallError::Refused(error)
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> CallError {
        CallError::Failed(failure)
    }
}

/// In models threads do not end with something raised.
#[cfg(loom)]
fn may_keep_anyway() -> bool {
    true
}

struct Raised {
    code: i32,
    message: Option<CString>,
    payload: Option<Arg>,
}

thread_local! {
    /// What the callback that is running on this thread raised last.
    static RAISED: ManuallyDrop<RefCell<Option<Raised>>> = const { ManuallyDrop::new(RefCell::new(None)) };
    /// Whether there is something in it: as a rule there is nothing.
    static HAS_RAISED: Cell<bool> = const { Cell::new(false) };
}

#[inline]
fn swap_raised(raised: Option<Raised>) -> Option<Raised> {
    if raised.is_none() && !HAS_RAISED.get() { None } else { swap_something_raised(raised) }
}

#[cold]
fn swap_something_raised(raised: Option<Raised>) -> Option<Raised> {
    // Where it cannot be kept (while a thread ends) the code still tells, without its message.
    let raised = raised.filter(|_| may_keep_anyway());
    HAS_RAISED.set(raised.is_some());
    RAISED.with(|slot| slot.replace(raised))
}

/// Lets go of what the calling thread has raised, outside of any callback: it ends.
pub fn drop_raised() {
    drop(swap_raised(None));
}

/// A failure keeps its code where there is no memory for its words.
fn copy(message: Option<&CStr>) -> Option<CString> {
    message.and_then(|message| fallible::c_text(message).ok())
}

/// Remembers a failure's message for the callback that is running, and returns its code.
pub fn raise(code: i32, message: Option<&CStr>) -> i32 {
    raise_with(code, message, None)
}

/// The same with a payload.
pub fn raise_with(code: i32, message: Option<&CStr>, payload: Option<Arg>) -> i32 {
    drop(swap_raised(Some(Raised { code, message: copy(message), payload })));
    code
}

/// Runs a callback; what it raises is its own, also when callbacks nest.
pub(crate) fn run(call: impl FnOnce() -> i32) -> Result<(), Failure> {
    let outer = swap_raised(None);
    let code = cut::run(call);
    let raised = swap_raised(outer);
    if code == 0 {
        return Ok(());
    }
    // What was raised belongs to the code it was raised with; another code means that the callback went on after it.
    let (message, payload) = match raised {
        Some(raised) if raised.code == code => (raised.message, raised.payload),
        _ => (None, None),
    };
    Err(Failure { code, message: message.map(Arc::new), payload: payload.map(Arc::new) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_belong_to_their_callback() {
        let inner = || {
            let inner = Target::from_fn(|| Err(Failure::new(5, Some(c"inner")))).run();
            assert_eq!(inner.unwrap_err().message(), c"inner");
        };
        let outer = Target::from_fn(move || {
            raise(9, Some(c"outer"));
            inner();
            Err(Failure::new(9, None))
        });
        // The closure's own failure is raised last, without a message.
        assert_eq!(outer.run(), Err(Failure::new(9, None)));

        unsafe extern "C" fn keeps_its_message(_: *mut c_void) -> i32 {
            let code = raise(9, Some(c"outer"));
            assert!(Target::from_fn(|| Err(Failure::new(5, Some(c"inner")))).run().is_err());
            code
        }
        // SAFETY: the function takes any argument.
        let outer = unsafe { Target::new(keeps_its_message as TargetFn, Arg::new(core::ptr::null_mut(), None)) };
        assert_eq!(outer.run(), Err(Failure::new(9, Some(c"outer"))));
    }

    #[test]
    fn a_message_with_another_code_is_not_taken() {
        unsafe extern "C" fn other(_: *mut c_void) -> i32 {
            raise(1, Some(c"handled"));
            2
        }
        // SAFETY: the function takes any argument.
        let target = unsafe { Target::new(other as TargetFn, Arg::new(core::ptr::null_mut(), None)) };
        assert_eq!(target.run(), Err(Failure::new(2, None)));
    }

    #[test]
    fn a_payload_goes_with_its_failure() {
        unsafe extern "C" fn release(count: *mut c_void) {
            // SAFETY: made by `Arc::into_raw` below, once for each payload.
            drop(unsafe { Arc::from_raw(count.cast::<()>()) });
        }
        unsafe extern "C" fn raises(count: *mut c_void) -> i32 {
            for code in [1, 2] {
                // SAFETY: `count` is a live Arc's.
                unsafe { Arc::increment_strong_count(count.cast::<()>()) };
                // SAFETY: `release` may be called with it once.
                raise_with(code, Some(c"with a payload"), Some(unsafe { Arg::new(count, Some(release)) }));
            }
            2
        }
        let count = Arc::new(());
        let arg = Arc::as_ptr(&count).cast_mut().cast::<c_void>();
        // SAFETY: the function takes the pointer of a live Arc.
        let target = unsafe { Target::new(raises as TargetFn, Arg::new(arg, None)) };
        let mut failure = target.run().unwrap_err();
        assert_eq!((failure.payload(), Arc::strong_count(&count)), (arg, 2), "that of code 1 is gone");
        let copy = failure.clone();
        failure.drop_payload();
        assert_eq!((failure.payload().is_null(), copy.payload(), Arc::strong_count(&count)), (true, arg, 2));
        drop(copy);
        assert_eq!(Arc::strong_count(&count), 1);
    }

    #[test]
    fn a_panic_is_a_failure() {
        assert_eq!(Target::from_fn(|| panic!("on purpose")).run().unwrap_err().code(), -1);
    }

    #[test]
    fn an_argument_is_given_back_once() {
        let count = Arc::new(());
        let held = count.clone();
        let target = Target::from_fn(move || {
            drop(held);
            Ok(())
        });
        assert_eq!(Arc::strong_count(&count), 2);
        target.run().unwrap();
        assert_eq!(Arc::strong_count(&count), 1);
        drop(target);
    }
}
