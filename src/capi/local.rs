//! Thread-local data: attributes of which each thread has its own (Python: `threading.local`).

use super::callback::{argument, target};
use super::guard::{guard, required, write_out};
use super::object::on;
use super::text::incoming;
use super::types::{pirn_free_fn, pirn_local_t, pirn_status_t, pirn_target_fn};
use crate::handle::Handle;
use crate::handle::arena::Vacant;
use crate::handle::shared;
use crate::status::{Error, PIRN_OK};
use crate::sys::allocator;
use crate::thread::{Local, local};
use core::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

/// Makes an object whose attributes each thread sets, gets and deletes for itself. There may be any number of objects and
/// attributes; none takes a key of the system's.
///
/// @param init      runs once on each thread, at that thread's first use of the object (the creating thread too), inside
///                  that call. What it does with the object itself is not a first use. NULL for none
/// @param arg       init's argument
/// @param arg_free  called once with arg: when the object is freed and no call on it is under way, or when this call fails. May be
///                  NULL
/// @param out       where the handle goes; the caller frees it with pirn_local_free
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. If init fails the call that it ran in returns PIRN_ERR_TASK_FAILED, what it set is freed, and that thread's
/// next use runs it again. Python: threading.local, whose subclass's __init__ is init.
///
/// # Safety
/// `init` and `arg_free` may be called with `arg` on any thread; `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_local_new(
    init: pirn_target_fn,
    arg: *mut c_void,
    arg_free: pirn_free_fn,
    out: *mut *mut pirn_local_t,
) -> pirn_status_t {
    let mut arg = Some(argument(arg, arg_free));
    guard("pirn_local_new", || {
        let out = required(out)?;
        // Its handle is its identity, by which threads find their values.
        allocator::check()?;
        let vacant = Vacant::take()?;
        let init = match (init, arg.take()) {
            (Some(_), Some(arg)) => Some(target(init, arg)?),
            // The argument of no init is given back now.
            _ => None,
        };
        let local = Local::new(vacant.handle().bits(), init);
        let handle = shared::open_in(vacant, Arc::new(local));
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, handle.as_ptr()) };
        Ok(())
    })
}

/// Frees the object and the values that any thread has set.
///
/// @param local  the object, or NULL
/// @return PIRN_OK
/// @return PIRN_ERR_INVALID_HANDLE
///
/// Does not block and is never busy: calls of other threads come before it or find the handle invalid. The values' `value_free`s
/// run on the calling thread, after the handle has become invalid; those of a thread that is just ending may run there
/// instead. What a thread did with its values before it last set or deleted an attribute is seen. Python: the end of the last
/// reference.
#[unsafe(no_mangle)]
pub extern "C" fn pirn_local_free(local: *mut pirn_local_t) -> pirn_status_t {
    guard("pirn_local_free", || {
        if local.is_null() {
            return Ok(());
        }
        let handle = Handle::from_ptr(local);
        // Of several that free it at once one closes it, and that one frees the handle.
        let values = shared::pin::<Local>(handle)?.close()?;
        shared::free::<Local>(handle)?;
        drop(values);
        Ok(())
    })
}

/// Sets an attribute to a value, for the calling thread. The value that it had is freed.
///
/// @param local       the object
/// @param name        the attribute: UTF-8 text, copied; NULL for the anonymous one, which is the fastest
/// @param value       the value; may be NULL
/// @param value_free  called once with value: when the attribute is set again or deleted; when the thread ends, after it
///                    is no longer enumerated and before any join returns (for a thread that pirn did not start, at that system
///                    thread's end; for the one that ends the process by exit() or the return from main, after all
///                    threads were joined); when the object is freed; or when this call fails. May be NULL
/// @return PIRN_OK
/// @return PIRN_ERR_TASK_FAILED      this is the thread's first use and init failed; pirn_last_code and pirn_last_error tell more
/// @return PIRN_ERR_INVALID_HANDLE   (also when init frees the object)
/// @return PIRN_ERR_INVALID_ARGUMENT `name` is not UTF-8
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. A value_free that runs at the thread's end may set values again: they are freed in another round, of which there
/// are 16; values set in the last one stay until the object is freed. In a child of fork() the values of threads that do not
/// exist there are left alone. Python: setattr(local, name, value).
///
/// # Safety
/// `value_free` may be called with `value` on any thread; `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_local_set(
    local: *mut pirn_local_t,
    name: *const c_char,
    value: *mut c_void,
    value_free: pirn_free_fn,
) -> pirn_status_t {
    let mut value = Some(argument(value, value_free));
    on("pirn_local_set", local, |local: &Arc<Local>| {
        // SAFETY: the caller's promise.
        let name = unsafe { attribute(name) }?;
        value.take().map_or(Ok(()), |value| local.set(name, value))
    })
}

/// Gives the value that an attribute has for the calling thread.
///
/// @param local  the object
/// @param name   the attribute; NULL for the anonymous one, which is the fastest
/// @param out    where the value goes, which stays the object's
/// @return PIRN_OK
/// @return PIRN_ERR_NOT_FOUND        this thread has not set it, or has deleted it
/// @return PIRN_ERR_TASK_FAILED      as for pirn_local_set
/// @return PIRN_ERR_INVALID_HANDLE   as for pirn_local_set
/// @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL, or `name` is not UTF-8
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block, and takes no lock if the attribute is there. Python: getattr(local, name).
///
/// # Safety
/// `name` is NULL or NUL-terminated, `out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_local_get(
    local: *mut pirn_local_t,
    name: *const c_char,
    out: *mut *mut c_void,
) -> pirn_status_t {
    // SAFETY: the caller's promise.
    let bytes = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_bytes());
    // Cannot panic and needs no guard. A name that is there was found to be UTF-8 when it was set.
    match local::peek(Handle::from_ptr(local).bits(), bytes) {
        Some(value) if !out.is_null() => {
            // SAFETY: not NULL, and the caller's promise.
            unsafe { write_out(out, value) };
            PIRN_OK
        }
        // SAFETY: the caller's promise.
        _ => unsafe { get_absent(local, name, out) },
    }
}

#[cold]
#[inline(never)]
unsafe fn get_absent(local: *mut pirn_local_t, name: *const c_char, out: *mut *mut c_void) -> pirn_status_t {
    on("pirn_local_get", local, |local: &Arc<Local>| {
        let out = required(out)?;
        // SAFETY: the caller's promise.
        let value = local.get(unsafe { attribute(name) }?)?;
        // SAFETY: not NULL, and the caller's promise.
        unsafe { write_out(out, value) };
        Ok(())
    })
}

/// Deletes an attribute, for the calling thread. The value that it had is freed.
///
/// @param local  the object
/// @param name   the attribute; NULL for the anonymous one
/// @return PIRN_OK
/// @return PIRN_ERR_NOT_FOUND        this thread has not set it, or has deleted it
/// @return PIRN_ERR_TASK_FAILED      as for pirn_local_set
/// @return PIRN_ERR_INVALID_HANDLE   as for pirn_local_set
/// @return PIRN_ERR_INVALID_ARGUMENT `name` is not UTF-8
/// @return PIRN_ERR_NO_MEMORY
///
/// Does not block. Python: delattr(local, name).
///
/// # Safety
/// `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pirn_local_delete(local: *mut pirn_local_t, name: *const c_char) -> pirn_status_t {
    on("pirn_local_delete", local, |local: &Arc<Local>| {
        // SAFETY: the caller's promise.
        local.delete(unsafe { attribute(name) }?)
    })
}

/// An attribute's name; NULL is the anonymous one.
///
/// # Safety
/// `name` is NULL or NUL-terminated, and stays unchanged for the time of the call.
unsafe fn attribute<'a>(name: *const c_char) -> Result<Option<&'a [u8]>, Error> {
    if name.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    Ok(Some(unsafe { incoming(name) }?.as_bytes()))
}
