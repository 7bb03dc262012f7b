//! What the functions on reference-counted objects (see `handle::shared`) have in common.

use super::guard::{guard, outlined, required, write_out};
use super::types::pirn_status_t;
use crate::callback::CallError;
use crate::handle::Handle;
use crate::handle::shared::{self, Shared};
use crate::inject;
use crate::park::{Deadline, Timeout};
use crate::status::Error;
use crate::sys::allocator;
use crate::thread::hooks::{self, HasStatus, Subject};
use std::sync::Arc;

/// A call on a handle's object.
pub fn on<T: Shared, H>(
    name: &'static str,
    handle: *mut H,
    body: impl FnOnce(&Arc<T>) -> Result<(), CallError>,
) -> pirn_status_t {
    guard(name, || body(&*shared::pin::<T>(Handle::from_ptr(handle))?))
}

/// A call on a marked object (`Shared::MARKED`). `fast` does what the call does when nothing stands in the way, and gives the status,
/// or does nothing: it cannot panic and needs no guard.
#[inline(always)]
pub fn on_marked<T: Shared, H>(
    name: &'static str,
    handle: *mut H,
    fast: impl FnOnce(&T) -> Option<pirn_status_t>,
    whole: impl FnOnce(&Arc<T>) -> Result<(), CallError>,
) -> pirn_status_t {
    match shared::with_mark(Handle::from_ptr(handle), |object| if inject::is_armed(name) { None } else { fast(object) })
    {
        Some(Some(status)) => status,
        _ => outlined(handle, move |handle| on(name, handle, whole)),
    }
}

/// A call that asks a handle's object for one value.
///
/// # Safety
/// `out` is NULL or valid for a write.
pub unsafe fn ask<T: Shared, H, A>(
    name: &'static str,
    handle: *mut H,
    out: *mut A,
    question: impl FnOnce(&Arc<T>) -> Result<A, CallError>,
) -> pirn_status_t {
    on(name, handle, |object| {
        let out = required(out)?;
        let answer = question(object)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, answer) };
        Ok(())
    })
}

/// The part of a call that waits for the object until a deadline, `limit` from now.
pub fn wait_for<T: Shared, R: HasStatus>(object: &T, limit: Timeout, call: impl FnMut(Deadline) -> R) -> R {
    hooks::wait(Subject::new(T::KIND, object.id()), limit.deadline(), call)
}

/// The part of a call that waits for the object unless `is_ready`, where it cannot be polled first.
pub fn wait_unless<T: Shared, R: HasStatus>(
    object: &T,
    is_ready: impl FnOnce() -> bool,
    call: impl FnOnce() -> R,
) -> R {
    hooks::wait_unless(Subject::new(T::KIND, object.id()), is_ready, call)
}

/// A call that makes an object and hands it out.
///
/// # Safety
/// `out` is NULL or valid for a write.
pub unsafe fn create<T: Shared, H>(
    name: &'static str,
    out: *mut *mut H,
    make: impl FnOnce() -> Result<Arc<T>, CallError>,
) -> pirn_status_t {
    guard(name, || {
        let out = required(out)?;
        allocator::check()?;
        let handle = shared::open(make()?)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, handle.as_ptr()) };
        Ok(())
    })
}

/// Frees an object that may be busy, or closed already; NULL is fine.
///
/// Of several that free it at once one `close`s the object, and that one frees the handle. Calls that found the object
/// before find it closed from then on.
pub fn free_closed<T: Shared, H>(
    name: &'static str,
    handle: *mut H,
    close: impl FnOnce(&T) -> Result<(), Error>,
) -> pirn_status_t {
    guard(name, || {
        if handle.is_null() {
            return Ok(());
        }
        let handle = Handle::from_ptr(handle);
        close(&*shared::pin::<T>(handle)?)?;
        Ok(shared::free::<T>(handle)?)
    })
}

/// Lets go of a handle; NULL is fine.
pub fn free<T: Shared, H>(name: &'static str, handle: *mut H) -> pirn_status_t {
    guard(name, || if handle.is_null() { Ok(()) } else { Ok(shared::free::<T>(Handle::from_ptr(handle))?) })
}

/// A handle that is taken back unless `keep` is called: for what may still fail after it was opened.
pub struct Opened<T: Shared> {
    handle: Handle,
    kind: core::marker::PhantomData<T>,
}

impl<T: Shared> Opened<T> {
    /// Opens a handle.
    pub fn new(object: Arc<T>) -> Result<Opened<T>, Error> {
        Ok(Opened { handle: shared::open(object)?, kind: core::marker::PhantomData })
    }

    /// The handle, valid as long as this.
    pub fn as_ptr<H>(&self) -> *mut H {
        self.handle.as_ptr()
    }
}

impl<T: Shared> Drop for Opened<T> {
    fn drop(&mut self) {
        // The C program may have freed it already.
        let _ = shared::free::<T>(self.handle);
    }
}
