use super::*;
use crate::capi::event::{pirn_event_free, pirn_event_new, pirn_event_set, pirn_event_wait};
use crate::capi::future::*;
use crate::capi::status::{pirn_last_code, pirn_last_error};
use crate::capi::types::{PIRN_EXIT, PIRN_FOREVER, pirn_event_t, pirn_future_t, pirn_task_fn};
use crate::status::*;
use core::ffi::CStr;
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

/// Adds one to the counter behind `arg`: how the tests see that something was given back.
unsafe extern "C" fn count(arg: *mut c_void) {
    // SAFETY: the tests pass counters.
    unsafe { &*arg.cast::<AtomicUsize>() }.fetch_add(1, Ordering::SeqCst);
}

/// A task whose result is its argument.
unsafe extern "C" fn same(arg: *mut c_void, result: *mut *mut c_void) -> i32 {
    // SAFETY: pirn passes a valid place.
    unsafe { result.write(arg) };
    0
}

unsafe extern "C" fn fail(_: *mut c_void, _: *mut *mut c_void) -> i32 {
    // SAFETY: a NUL-terminated text.
    unsafe { crate::capi::library::pirn_raise(7, c"disk full".as_ptr()) }
}

/// Waits for the event that is its argument.
unsafe extern "C" fn await_event(arg: *mut c_void, _: *mut *mut c_void) -> i32 {
    pirn_event_wait(arg.cast())
}

fn flag(value: bool) -> Flag {
    // SAFETY: transparent over a byte.
    unsafe { core::mem::transmute(u8::from(value)) }
}

fn executor(max_workers: i64) -> *mut pirn_executor_t {
    let mut ex = null_mut();
    // SAFETY: valid places, here and below.
    assert_eq!(unsafe { pirn_executor_new(max_workers, &mut ex) }, PIRN_OK);
    ex
}

fn event() -> *mut pirn_event_t {
    let mut event = null_mut();
    // SAFETY: as above.
    assert_eq!(unsafe { pirn_event_new(&mut event) }, PIRN_OK);
    event
}

fn submit(ex: *mut pirn_executor_t, task: pirn_task_fn, arg: *mut c_void) -> *mut pirn_future_t {
    let mut future = null_mut();
    // SAFETY: as above.
    assert_eq!(unsafe { pirn_executor_submit(ex, task, arg, None, &mut future) }, PIRN_OK);
    future
}

#[test]
fn a_task_and_its_result() {
    let (ex, given) = (executor(2), AtomicUsize::new(0));
    let arg = (&raw const given).cast_mut().cast();
    let mut future = null_mut();
    let mut result = null_mut();
    // SAFETY: valid places, and a counter that outlives the executor.
    unsafe {
        assert_eq!(pirn_executor_submit(ex, Some(same), arg, Some(count), &mut future), PIRN_OK);
        assert_eq!(pirn_future_result(future, &mut result), PIRN_OK);
        assert_eq!((result, given.load(Ordering::SeqCst)), (arg, 1));
        assert_eq!(pirn_future_result(future, null_mut()), PIRN_OK);
        assert_eq!(pirn_executor_submit(ex, Some(same), arg, Some(count), null_mut()), PIRN_OK);
    }
    assert_eq!(pirn_executor_free(ex), PIRN_OK);
    assert_eq!(given.load(Ordering::SeqCst), 2);
    assert_eq!(pirn_executor_free(ex), PIRN_ERR_INVALID_HANDLE);
    assert_eq!(pirn_future_free(future), PIRN_OK);
    assert_eq!(pirn_future_free(future), PIRN_ERR_INVALID_HANDLE);
    assert_eq!((pirn_executor_free(null_mut()), pirn_future_free(null_mut())), (PIRN_OK, PIRN_OK));
}

#[test]
fn a_failure_and_its_words() {
    let ex = executor(1);
    let future = submit(ex, Some(fail), null_mut());
    let (mut code, mut text, mut len) = (0, [0x7f; 5], 0);
    // SAFETY: valid places.
    unsafe {
        assert_eq!(pirn_future_result(future, null_mut()), PIRN_ERR_TASK_FAILED);
        assert_eq!(CStr::from_ptr(pirn_last_error()), c"disk full");
        assert_eq!(pirn_last_code(), 7);
        assert_eq!(pirn_future_exception(future, &mut code, text.as_mut_ptr(), text.len(), &mut len), PIRN_OK);
        assert_eq!((code, CStr::from_ptr(text.as_ptr()), len), (7, c"disk", 9));
        assert_eq!(pirn_future_exception(future, &mut code, null_mut(), 1, &mut len), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_future_exception(future, null_mut(), null_mut(), 0, null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_future_exception(future, &mut code, null_mut(), 0, null_mut()), PIRN_OK);
        let fine = submit(ex, Some(same), null_mut());
        assert_eq!(
            pirn_future_exception_timeout(fine, PIRN_FOREVER, &mut code, text.as_mut_ptr(), 5, &mut len),
            PIRN_OK
        );
        assert_eq!((code, text[0], len), (0, 0, 0));
        assert_eq!(
            pirn_future_exception_timeout(fine, f64::NAN, &mut code, null_mut(), 0, null_mut()),
            PIRN_ERR_INVALID_ARGUMENT
        );
        assert_eq!(pirn_future_result_timeout(fine, 1e10, null_mut()), PIRN_ERR_OVERFLOW);
        assert_eq!(pirn_future_free(fine), PIRN_OK);
    }
    assert_eq!((pirn_future_free(future), pirn_executor_free(ex)), (PIRN_OK, PIRN_OK));
}

#[test]
fn an_argument_is_given_back_whatever_goes_wrong() {
    let (ex, given) = (executor(1), AtomicUsize::new(0));
    let arg = (&raw const given).cast_mut().cast();
    let none = null_mut::<pirn_executor_t>();
    let mut future = null_mut();
    unsafe extern "C" fn nothing(_: *mut c_void) -> i32 {
        0
    }
    // SAFETY: valid places.
    unsafe {
        assert_eq!(pirn_executor_submit(none, Some(same), arg, Some(count), &mut future), PIRN_ERR_INVALID_HANDLE);
        assert_eq!(pirn_executor_submit(ex, None, arg, Some(count), &mut future), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_executor_set_initializer(none, Some(nothing), arg, Some(count)), PIRN_ERR_INVALID_HANDLE);
        assert_eq!(pirn_executor_set_initializer(ex, None, arg, Some(count)), PIRN_OK);
        assert_eq!(pirn_executor_set_initializer(ex, Some(nothing), arg, Some(count)), PIRN_OK);
        assert_eq!(given.load(Ordering::SeqCst), 4);
        assert_eq!(pirn_executor_set_initializer(ex, Some(nothing), arg, Some(count)), PIRN_OK);
        assert_eq!(given.load(Ordering::SeqCst), 5);
        assert_eq!(pirn_executor_submit(ex, Some(same), arg, Some(count), null_mut()), PIRN_OK);
        assert_eq!(pirn_executor_set_initializer(ex, Some(nothing), arg, Some(count)), PIRN_ERR_ALREADY_STARTED);
        assert_eq!(pirn_executor_shutdown(ex, flag(true), flag(false)), PIRN_OK);
        assert_eq!(given.load(Ordering::SeqCst), 7);
        assert_eq!(pirn_executor_submit(ex, Some(same), arg, Some(count), &mut future), PIRN_ERR_SHUT_DOWN);
        assert_eq!(pirn_executor_submit(ex, Some(same), arg, Some(count), null_mut()), PIRN_ERR_SHUT_DOWN);
        assert_eq!(given.load(Ordering::SeqCst), 9);
    }
    assert!(future.is_null());
    assert_eq!(pirn_executor_free(ex), PIRN_OK);
    assert_eq!(given.load(Ordering::SeqCst), 10, "the initializer's goes with the executor");
}

#[test]
fn items_are_given_back_whatever_goes_wrong() {
    let (ex, given) = (executor(1), AtomicUsize::new(0));
    let items = [(&raw const given).cast_mut().cast::<c_void>(); 10];
    let (items, n) = (items.as_ptr(), items.len());
    let mut map = null_mut();
    let mut result = null_mut();
    let mut failures = 0;
    // SAFETY: valid places; where `n` is too large the items are NULL or not looked at.
    unsafe {
        let mut refused = |ex, task, items, n, chunksize, timeout, out, status| {
            failures += usize::from(n == 10);
            assert_eq!(pirn_executor_map(ex, task, items, n, Some(count), chunksize, timeout, out), status);
            assert_eq!(given.load(Ordering::SeqCst), 10 * failures);
        };
        let task: pirn_task_fn = Some(same);
        let out = &raw mut map;
        refused(null_mut(), task, items, n, 1, -1.0, out, PIRN_ERR_INVALID_HANDLE);
        refused(ex, None, items, n, 1, -1.0, out, PIRN_ERR_INVALID_ARGUMENT);
        refused(ex, task, items, n, 0, -1.0, out, PIRN_ERR_INVALID_ARGUMENT);
        refused(ex, task, items, n, 1, -2.0, out, PIRN_ERR_INVALID_ARGUMENT);
        refused(ex, task, items, n, 1, 1e10, out, PIRN_ERR_OVERFLOW);
        refused(ex, task, items, n, 1, -1.0, null_mut(), PIRN_ERR_INVALID_ARGUMENT);
        refused(ex, task, null(), 3, 1, -1.0, out, PIRN_ERR_INVALID_ARGUMENT);
        for many in [usize::MAX, usize::MAX / 8, usize::MAX / 16, isize::MAX as usize, 1 << 44] {
            refused(ex, task, items, many, 1, -1.0, out, PIRN_ERR_NO_MEMORY);
        }
        assert!(map.is_null());
        assert_eq!(pirn_executor_map(ex, task, items, n, Some(count), 3, PIRN_FOREVER, out), PIRN_OK);
        for _ in 0..n {
            assert_eq!(pirn_map_next(map, &mut result), PIRN_OK);
            assert_eq!(result, *items);
        }
        assert_eq!(pirn_map_next(map, &mut result), PIRN_END);
        assert_eq!(pirn_map_next(map, null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!((pirn_map_cancel(map), pirn_map_free(map)), (PIRN_OK, PIRN_OK));
        assert_eq!(pirn_map_free(map), PIRN_ERR_INVALID_HANDLE);
        assert_eq!(given.load(Ordering::SeqCst), 70);
        assert_eq!(pirn_executor_map(ex, task, null(), 0, None, 1, PIRN_FOREVER, out), PIRN_OK);
        assert_eq!((pirn_map_next(map, &mut result), pirn_map_free(map)), (PIRN_END, PIRN_OK));
        assert_eq!(pirn_executor_shutdown(ex, flag(false), flag(false)), PIRN_OK);
        assert_eq!(pirn_executor_map(ex, task, items, n, Some(count), 3, PIRN_FOREVER, out), PIRN_ERR_SHUT_DOWN);
        assert_eq!(given.load(Ordering::SeqCst), 80);
    }
    assert_eq!(pirn_executor_free(ex), PIRN_OK);
}

#[test]
fn settings_and_questions() {
    let mut ex = null_mut();
    let (mut number, mut running, mut answer) = (0, 0, true);
    let (mut text, mut len) = ([0; 64], 0);
    // SAFETY: valid places.
    unsafe {
        assert_eq!(pirn_executor_new(-1, &mut ex), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_executor_new(i64::MIN, &mut ex), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_executor_new(1, null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_executor_new(i64::MAX, &mut ex), PIRN_OK);
        assert_eq!(pirn_executor_max_workers(ex, &mut number), PIRN_OK);
        assert_eq!(number, i64::MAX as usize);
        assert_eq!(pirn_executor_set_thread_name_prefix(ex, null()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_executor_set_thread_name_prefix(ex, c"\xff".as_ptr()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_executor_set_thread_name_prefix(ex, c"spinner".as_ptr()), PIRN_OK);
        assert_eq!(pirn_executor_thread_name_prefix(ex, text.as_mut_ptr(), text.len(), &mut len), PIRN_OK);
        assert_eq!((CStr::from_ptr(text.as_ptr()), len), (c"spinner", 7));
        assert_eq!(pirn_executor_thread_name_prefix(ex, null_mut(), 1, &mut len), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_executor_is_broken(ex, &mut answer), PIRN_OK);
        assert!(!answer);
        let go = event();
        let first = submit(ex, Some(await_event), go.cast());
        assert_eq!(pirn_executor_pending(ex, &mut number, &mut running), PIRN_OK);
        assert_eq!(number + running, 1);
        assert_eq!(pirn_executor_pending(ex, null_mut(), &mut running), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_executor_pending(ex, &mut number, null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_executor_is_shut_down(ex, &mut answer), PIRN_OK);
        assert!(!answer);
        assert_eq!(pirn_executor_shutdown(ex, flag(false), flag(true)), PIRN_OK);
        assert_eq!(pirn_executor_is_shut_down(ex, &mut answer), PIRN_OK);
        assert!(answer);
        assert_eq!(pirn_event_set(go), PIRN_OK);
        assert_eq!(pirn_executor_shutdown(ex, flag(true), flag(true)), PIRN_OK);
        assert_eq!((pirn_event_free(go), pirn_future_free(first), pirn_executor_free(ex)), (PIRN_OK, PIRN_OK, PIRN_OK));
    }
}

#[test]
fn an_executor_is_no_future() {
    let ex = executor(1);
    let mut answer = false;
    let (mut out, mut future) = (null_mut(), null_mut());
    // SAFETY: valid places; any handle is allowed.
    unsafe {
        assert_eq!(pirn_future_done(ex.cast(), &mut answer), PIRN_ERR_INVALID_HANDLE);
        assert_eq!(pirn_map_next(ex.cast(), &mut out), PIRN_ERR_INVALID_HANDLE);
        assert_eq!(pirn_future_new(&mut future), PIRN_OK);
    }
    assert_eq!(pirn_executor_free(future.cast()), PIRN_ERR_INVALID_HANDLE);
    assert_eq!(pirn_executor_shutdown(future.cast(), flag(true), flag(true)), PIRN_ERR_INVALID_HANDLE);
    assert_eq!((pirn_future_free(future), pirn_executor_free(ex)), (PIRN_OK, PIRN_OK));
}

#[test]
fn a_task_may_free_its_executor_once_it_was_shut_down_without_waiting() {
    unsafe extern "C" fn free_both_ways(arg: *mut c_void, _: *mut *mut c_void) -> i32 {
        let ex: *mut pirn_executor_t = arg.cast();
        let first = pirn_executor_free(ex);
        let shut_down = pirn_executor_shutdown(ex, flag(true), flag(false));
        let without_waiting = pirn_executor_shutdown(ex, flag(false), flag(false));
        let second = pirn_executor_free(ex);
        let expected = [PIRN_ERR_DEADLOCK, PIRN_ERR_DEADLOCK, PIRN_OK, PIRN_OK];
        if [first, shut_down, without_waiting, second] == expected { 0 } else { PIRN_EXIT }
    }
    let ex = executor(1);
    let future = submit(ex, Some(free_both_ways), ex.cast());
    // SAFETY: a valid call.
    assert_eq!(unsafe { pirn_future_result(future, null_mut()) }, PIRN_OK);
    assert_eq!(pirn_future_free(future), PIRN_OK);
    assert_eq!(pirn_executor_free(ex), PIRN_ERR_INVALID_HANDLE);
}
