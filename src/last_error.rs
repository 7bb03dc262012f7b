//! The calling thread's most recent error: what `pirn_last_error` and `pirn_last_code` tell of.
//!
//! A task that runs inside another one's wait is on the same thread, and neither of the two can know. So its errors, and its done
//! callbacks', are kept aside from those of the task that waits, and the words that this one was shown stay where they are.

use crate::callback::CallError;
use crate::fallible;
use crate::status::Error;
use crate::sys::thread::may_keep_anyway;
use core::cell::{Cell, RefCell};
use core::ffi::c_char;
use core::mem::ManuallyDrop;
use std::ffi::CString;

struct Last {
    function: &'static str,
    cause: Option<CallError>,
    /// The code behind the last TASK_FAILED.
    code: i32,
    /// The error in words, made when asked for; the caller of `pirn_last_error` reads it.
    text: Option<CString>,
}

impl Last {
    const NONE: Last = Last { function: "", cause: None, code: 0, text: None };
}

thread_local! {
    static LAST: ManuallyDrop<RefCell<Last>> = const { ManuallyDrop::new(RefCell::new(Last::NONE)) };
    /// Whether there is something in it: as a rule there is nothing.
    static IS_SET: Cell<bool> = const { Cell::new(false) };
}

/// Remembers why the calling thread's call of a function failed.
pub fn remember(function: &'static str, mut cause: CallError) {
    // Kept for its words: the payload's end is its owner's affair, and user code.
    if let CallError::Failed(failure) = &mut cause {
        failure.drop_payload();
    }
    let before = LAST.with(|last| {
        let mut last = last.try_borrow_mut().ok()?;
        IS_SET.set(true);
        if let CallError::Failed(failure) = &cause {
            last.code = failure.code();
            if !may_keep_anyway() {
                // While a thread ends: the status alone tells then.
                return Some(cause);
            }
        }
        last.function = function;
        last.cause.replace(cause)
    });
    drop(before);
}

/// It in words, which stay until the thread's next call.
pub fn words() -> *const c_char {
    let say = |last: &RefCell<Last>| {
        let Ok(mut last) = last.try_borrow_mut() else {
            return c"no error".as_ptr();
        };
        let text = match &last.cause {
            None => return c"no error".as_ptr(),
            Some(CallError::Failed(failure)) => fallible::c_text(failure.message()),
            Some(CallError::Refused(error)) => Ok(in_words(last.function, *error)),
        };
        // Without the memory for its words an error is told by its status alone.
        text.map_or(c"an error, and no memory for its message".as_ptr(), |text| last.text.insert(text).as_ptr())
    };
    if may_keep_anyway() { LAST.with(|last| say(last)) } else { c"the thread is ending".as_ptr() }
}

fn in_words(function: &str, error: Error) -> CString {
    let text = format!("{function}: {}", error.message().to_str().unwrap_or_default());
    CString::new(text).unwrap_or_default()
}

/// The code behind the calling thread's last `PIRN_ERR_TASK_FAILED`.
pub fn code() -> i32 {
    LAST.try_with(|last| last.try_borrow().map_or(0, |last| last.code)).unwrap_or(0)
}

/// Forgets it: the calling thread ends.
pub fn forget() {
    drop(exchange(None));
}

/// Puts another one in its place.
#[cold]
fn exchange(last: Option<Last>) -> Last {
    IS_SET.set(last.is_some());
    LAST.with(|slot| slot.replace(last.unwrap_or(Last::NONE)))
}

/// Where a thread notes that it has had an error. It is found once, since finding it takes longer than looking at it.
#[derive(Clone, Copy, Debug)]
pub struct Note(*const Cell<bool>);

impl Note {
    pub fn of_current_thread() -> Note {
        Note(IS_SET.with(core::ptr::from_ref))
    }

    /// Runs something that has errors of its own, on the thread whose note this is: it is there as long as the thread.
    #[inline]
    pub fn aside<T>(self, run: impl FnOnce() -> T) -> T {
        // SAFETY: a pointer is not sent, so this is the thread whose it is.
        let is_set = || unsafe { &*self.0 }.get();
        let outer = is_set().then(|| exchange(None));
        let result = run();
        if outer.is_some() || is_set() {
            drop(exchange(outer));
        }
        result
    }
}
