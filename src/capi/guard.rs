//! What every C function goes through: a panic becomes `PIRN_ERR_INTERNAL`, an error is remembered for `pirn_last_error`.

use crate::callback::CallError;
use crate::handle::Handle;
use crate::handle::inline::{self, Inline};
use crate::inject;
use crate::last_error;
use crate::park::{Deadline, Timeout};
use crate::status::{Error, PIRN_ERR_INTERNAL, PIRN_OK, pirn_status_t};
use crate::sys::{fork, process};
use crate::thread::hooks::{self, Subject};
use crate::word::Tag;
use core::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the body of the C function `name`.
#[inline]
pub fn guard(name: &'static str, body: impl FnOnce() -> Result<(), CallError>) -> pirn_status_t {
    let body = || {
        inject::here(name);
        body()
    };
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => PIRN_OK,
        Ok(Err(cause)) => refuse(name, cause),
        Err(panic) => {
            caught(panic);
            refuse(name, Error::Internal.into())
        }
    }
}

/// A panic goes no further. Where it came through a guard of a lock the process has ended (`process::end_if_panicking`); locks that are
/// unlocked by hand are still held, and whoever came next would wait for ever.
#[cold]
fn caught(panic: Box<dyn Any + Send>) {
    // A payload whose own drop panics must not get out either.
    core::mem::forget(panic);
    if fork::is_inside() {
        process::end_torn();
    }
}

/// For functions that return something else than a status: a panic gives `fallback`.
pub fn guard_value<T>(name: &'static str, fallback: T, body: impl FnOnce() -> T) -> T {
    let body = || {
        inject::here(name);
        body()
    };
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        caught(panic);
        fallback
    })
}

/// A call on an object that lives in its slot. `fast` does what the call does when nothing stands in the way, or nothing: it
/// cannot panic and needs no guard.
#[inline(always)]
pub fn on_inline<T: Inline, H>(
    name: &'static str,
    handle: *mut H,
    fast: impl FnOnce(&T, Tag) -> bool,
    whole: impl FnOnce(&T, Tag) -> Result<(), Error>,
) -> pirn_status_t {
    on_slot(name, handle, fast, |_, object, tag| whole(object, tag))
}

/// The same for a call that waits until a deadline, `limit` from now.
#[inline(always)]
pub fn wait_inline<T: Inline, H>(
    name: &'static str,
    handle: *mut H,
    fast: impl FnOnce(&T, Tag) -> bool,
    limit: impl FnOnce() -> Result<Timeout, Error>,
    whole: impl Fn(&T, Tag, Deadline) -> Result<(), Error>,
) -> pirn_status_t {
    on_slot(name, handle, fast, move |handle, object, tag| {
        let subject = Subject::new(T::KIND, handle.bits());
        hooks::wait(subject, limit()?.deadline(), |deadline| whole(object, tag, deadline))
    })
}

#[inline(always)]
fn on_slot<T: Inline, H>(
    name: &'static str,
    handle: *mut H,
    fast: impl FnOnce(&T, Tag) -> bool,
    whole: impl FnOnce(Handle, &T, Tag) -> Result<(), Error>,
) -> pirn_status_t {
    match inline::find::<T>(Handle::from_ptr(handle)) {
        Ok((object, tag)) if !inject::is_armed(name) && fast(object, tag) => PIRN_OK,
        _ => outlined(handle, move |handle| {
            guard(name, || {
                let handle = Handle::from_ptr(handle);
                let (object, tag) = inline::find::<T>(handle)?;
                Ok(whole(handle, object, tag)?)
            })
        }),
    }
}

/// No limit, where a limit is asked for.
pub fn unlimited() -> Result<Timeout, Error> {
    Ok(Timeout::NEVER)
}

/// Keeps `rest` out of the caller's way. As a C function that is given what the caller was given, and does not unwind, it is
/// reached by a jump: the caller's fast path needs no stack frame.
#[cold]
#[inline(never)]
pub extern "C" fn outlined<H>(handle: *mut H, rest: impl FnOnce(*mut H) -> pirn_status_t) -> pirn_status_t {
    rest(handle)
}

/// Makes an object that lives in a slot.
///
/// # Safety
/// `out` is NULL or valid for a write.
pub unsafe fn create_inline<T: Inline, H>(
    name: &'static str,
    out: *mut *mut H,
    new: impl FnOnce(Tag) -> Result<T, Error>,
) -> pirn_status_t {
    guard(name, || {
        let out = required(out)?;
        let handle = inline::create(new)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, handle.as_ptr()) };
        Ok(())
    })
}

/// A call that asks an object in its slot for one value.
///
/// # Safety
/// `out` is NULL or valid for a write.
pub unsafe fn ask_inline<T: Inline, H, V>(
    name: &'static str,
    handle: *mut H,
    out: *mut V,
    question: impl FnOnce(&T, Tag) -> Result<V, Error>,
) -> pirn_status_t {
    let whole = |object: &T, tag| {
        let out = required(out)?;
        let answer = question(object, tag)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, answer) };
        Ok(())
    };
    on_inline(name, handle, |_, _| false, whole)
}

/// Frees an object that lives in its slot; NULL is fine.
pub fn free_inline<T: Inline, H>(name: &'static str, handle: *mut H) -> pirn_status_t {
    guard(name, || {
        if handle.is_null() {
            return Ok(());
        }
        Ok(inline::destroy::<T>(Handle::from_ptr(handle))?)
    })
}

/// Remembers why the call failed, and gives its status.
#[cold]
pub fn refuse(name: &'static str, cause: CallError) -> pirn_status_t {
    let status = match &cause {
        CallError::Refused(error) if !error.is_failure() => return error.code(),
        CallError::Refused(error) => error.code(),
        CallError::Failed(_) => Error::TaskFailed.code(),
    };
    match catch_unwind(AssertUnwindSafe(|| last_error::remember(name, cause))) {
        Ok(()) => status,
        Err(_) => PIRN_ERR_INTERNAL,
    }
}

/// Stores `value` through an out-parameter.
///
/// # Safety
/// `out` is not NULL and valid for a write.
pub unsafe fn write_out<T>(out: *mut T, value: T) {
    // SAFETY: the caller's promise.
    unsafe { out.write(value) };
}

/// An out-parameter that must not be NULL.
pub fn required<T>(out: *mut T) -> Result<*mut T, Error> {
    if out.is_null() { Err(Error::InvalidArgument) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::Failure;
    use crate::status::{PIRN_ERR_NOT_LOCKED, PIRN_ERR_TASK_FAILED, PIRN_TIMED_OUT};
    use core::ffi::CStr;

    fn words() -> String {
        // SAFETY: a NUL-terminated text that lives until the thread's next error.
        unsafe { CStr::from_ptr(last_error::words()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_becomes_internal() {
        assert_eq!(guard("pirn_x", || panic!("on purpose")), PIRN_ERR_INTERNAL);
        assert!(words().starts_with("pirn_x: "), "{}", words());
    }

    #[test]
    fn the_last_error_stays() {
        std::thread::spawn(|| {
            assert_eq!(words(), "no error");
            assert_eq!(guard("pirn_x", || Err(Error::NotLocked.into())), PIRN_ERR_NOT_LOCKED);
            let said = words();
            assert_eq!(guard("pirn_y", || Ok(())), PIRN_OK);
            assert_eq!(guard("pirn_y", || Err(Error::TimedOut.into())), PIRN_TIMED_OUT);
            assert_eq!(words(), said);
            assert_eq!(last_error::code(), 0);
            let failed = || Err(Failure::new(7, Some(c"disk full")).into());
            assert_eq!(guard("pirn_z", failed), PIRN_ERR_TASK_FAILED);
            assert_eq!((words().as_str(), last_error::code()), ("disk full", 7));
            assert_eq!(guard("pirn_x", || Err(Error::NotLocked.into())), PIRN_ERR_NOT_LOCKED);
            assert_eq!((words(), last_error::code()), (said, 7));
        })
        .join()
        .unwrap();
    }
}
