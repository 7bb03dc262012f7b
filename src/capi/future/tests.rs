use super::*;
use crate::capi::types::PIRN_FOREVER;
use crate::status::*;
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

fn future() -> *mut pirn_future_t {
    let mut future = null_mut();
    // SAFETY: a valid place.
    assert_eq!(unsafe { pirn_future_new(&mut future) }, PIRN_OK);
    future
}

fn state(future: *mut pirn_future_t) -> i32 {
    let mut state = -1;
    // SAFETY: a valid place.
    assert_eq!(unsafe { pirn_future_state(future, &mut state) }, PIRN_OK);
    state
}

/// What the callbacks below are told, and what they did.
struct Seen {
    own: *mut pirn_future_t,
    calls: AtomicUsize,
    given: AtomicUsize,
}

impl Seen {
    fn of(own: *mut pirn_future_t) -> Seen {
        Seen { own, calls: AtomicUsize::new(0), given: AtomicUsize::new(0) }
    }

    fn arg(&self) -> *mut c_void {
        core::ptr::from_ref(self).cast_mut().cast()
    }

    fn counts(&self) -> (usize, usize) {
        (self.calls.load(Ordering::SeqCst), self.given.load(Ordering::SeqCst))
    }
}

unsafe extern "C" fn given(arg: *mut c_void) {
    // SAFETY: the tests pass a `Seen`.
    unsafe { &*arg.cast::<Seen>() }.given.fetch_add(1, Ordering::SeqCst);
}

/// Frees the program's handle of the future, and the borrowed one, and uses both.
unsafe extern "C" fn frees(future: *mut pirn_future_t, arg: *mut c_void) {
    // SAFETY: as above.
    let seen = unsafe { &*arg.cast::<Seen>() };
    let mut done = false;
    // SAFETY: valid places.
    unsafe {
        assert_eq!(pirn_future_free(seen.own), PIRN_OK);
        assert_eq!((pirn_future_done(future, &mut done), done), (PIRN_OK, true));
        assert_eq!(pirn_future_result(future, null_mut()), PIRN_OK);
        assert_eq!(pirn_future_free(future), PIRN_OK);
        assert_eq!(pirn_future_done(future, &mut done), PIRN_ERR_INVALID_HANDLE);
    }
    seen.calls.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn counts(future: *mut pirn_future_t, arg: *mut c_void) {
    assert_ne!(state(future), PIRN_FUTURE_PENDING);
    // SAFETY: as above.
    unsafe { &*arg.cast::<Seen>() }.calls.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn the_states_have_their_numbers() {
    let (first, second) = (future(), future());
    let mut answer = false;
    assert_eq!(state(first), PIRN_FUTURE_PENDING);
    // SAFETY: valid places.
    unsafe {
        assert_eq!(pirn_future_set_running_or_notify_cancel(first, null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(state(first), PIRN_FUTURE_PENDING);
        assert_eq!((pirn_future_set_running_or_notify_cancel(first, &mut answer), answer), (PIRN_OK, true));
        assert_eq!((pirn_future_running(first, &mut answer), answer), (PIRN_OK, true));
        assert_eq!(state(first), PIRN_FUTURE_RUNNING);
        assert_eq!(pirn_future_set_exception(first, 0, null()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_future_set_exception(first, 5, c"no".as_ptr()), PIRN_OK);
        assert_eq!(pirn_future_set_result(first, null_mut()), PIRN_ERR_INVALID_STATE);
        assert_eq!(state(first), PIRN_FUTURE_FINISHED);
        assert_eq!(pirn_future_cancel(second, null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(state(second), PIRN_FUTURE_PENDING);
        assert_eq!((pirn_future_cancel(second, &mut answer), answer), (PIRN_OK, true));
        assert_eq!(state(second), PIRN_FUTURE_CANCELLED);
        assert_eq!(pirn_future_result(second, null_mut()), PIRN_ERR_CANCELLED);
        assert_eq!((pirn_future_set_running_or_notify_cancel(second, &mut answer), answer), (PIRN_OK, false));
        assert_eq!(state(second), PIRN_FUTURE_CANCELLED_AND_NOTIFIED);
        assert_eq!((pirn_future_cancelled(second, &mut answer), answer), (PIRN_OK, true));
        assert_eq!(pirn_future_set_running_or_notify_cancel(second, &mut answer), PIRN_ERR_INVALID_STATE);
    }
    assert_eq!((pirn_future_free(first), pirn_future_free(second)), (PIRN_OK, PIRN_OK));
}

#[test]
fn a_callback_may_free_what_it_likes() {
    let own = future();
    let seen = Seen::of(own);
    let other = Seen::of(null_mut());
    // SAFETY: the arguments outlive the future.
    unsafe {
        assert_eq!(pirn_future_add_done_callback(own, Some(counts), other.arg(), Some(given)), PIRN_OK);
        assert_eq!(pirn_future_add_done_callback(own, Some(frees), seen.arg(), Some(given)), PIRN_OK);
        assert_eq!(pirn_future_add_done_callback(own, Some(counts), other.arg(), Some(given)), PIRN_OK);
        assert_eq!(pirn_future_set_result(own, null_mut()), PIRN_OK);
    }
    assert_eq!((seen.counts(), other.counts()), ((1, 1), (2, 2)));
    assert_eq!(pirn_future_free(own), PIRN_ERR_INVALID_HANDLE);
}

#[test]
fn a_callbacks_argument_is_given_back_whatever_happens() {
    let seen = Seen::of(null_mut());
    let own = future();
    // SAFETY: the argument outlives the future.
    unsafe {
        let none = null_mut();
        assert_eq!(pirn_future_add_done_callback(none, Some(counts), seen.arg(), Some(given)), PIRN_ERR_INVALID_HANDLE);
        assert_eq!(pirn_future_add_done_callback(own, None, seen.arg(), Some(given)), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(seen.counts(), (0, 2));
        assert_eq!(pirn_future_add_done_callback(own, Some(counts), seen.arg(), Some(given)), PIRN_OK);
        assert_eq!(pirn_future_free(own), PIRN_OK);
        assert_eq!(seen.counts(), (0, 3), "nobody can finish it any more");
        let own = future();
        assert_eq!(pirn_future_set_result(own, null_mut()), PIRN_OK);
        assert_eq!(pirn_future_add_done_callback(own, Some(counts), seen.arg(), Some(given)), PIRN_OK);
        assert_eq!(seen.counts(), (1, 4), "over already: at once");
        assert_eq!(pirn_future_free(own), PIRN_OK);
    }
}

#[test]
fn waits_check_their_arguments() {
    let (first, second) = (future(), future());
    let each = [first, second, first];
    let (mut done, mut n_done) = ([true; 3], 9);
    let (flags, number) = (done.as_mut_ptr(), &raw mut n_done);
    // SAFETY: valid places; where `n` is too large no array is looked at.
    unsafe {
        assert_eq!(pirn_wait(null(), 0, PIRN_ALL_COMPLETED, PIRN_FOREVER, null_mut(), number), PIRN_OK);
        assert_eq!(n_done, 0);
        assert_eq!(pirn_wait(null(), 0, 3, PIRN_FOREVER, null_mut(), null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_wait(null(), 0, -1, PIRN_FOREVER, null_mut(), null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_wait(null(), 0, 0, f64::NAN, null_mut(), null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_wait(null(), 0, 0, 1e300, null_mut(), null_mut()), PIRN_ERR_OVERFLOW);
        assert_eq!(pirn_wait(null(), 1, 0, PIRN_FOREVER, null_mut(), null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        for many in [usize::MAX, usize::MAX / 8, isize::MAX as usize] {
            assert_eq!(pirn_wait(each.as_ptr(), many, 0, PIRN_FOREVER, null_mut(), null_mut()), PIRN_ERR_NO_MEMORY);
        }
        let with_none = [first, null_mut()];
        assert_eq!(pirn_wait(with_none.as_ptr(), 2, 0, 0.0, flags, number), PIRN_ERR_INVALID_HANDLE);
        assert_eq!((done, n_done), ([true; 3], 0), "nothing is written");
        assert_eq!(pirn_wait(each.as_ptr(), 3, PIRN_FIRST_COMPLETED, 0.0, flags, number), PIRN_TIMED_OUT);
        assert_eq!((done, n_done), ([false; 3], 0));
        assert_eq!(pirn_future_set_result(first, null_mut()), PIRN_OK);
        assert_eq!(pirn_wait(each.as_ptr(), 3, PIRN_FIRST_COMPLETED, PIRN_FOREVER, flags, number), PIRN_OK);
        assert_eq!((done, n_done), ([true, false, true], 1));
        assert_eq!(pirn_wait(each.as_ptr(), 3, PIRN_ALL_COMPLETED, 0.0, null_mut(), null_mut()), PIRN_TIMED_OUT);
    }
    assert_eq!((pirn_future_free(first), pirn_future_free(second)), (PIRN_OK, PIRN_OK));
}

#[test]
fn an_iteration_checks_its_arguments() {
    let (first, second) = (future(), future());
    let each = [first, second, first];
    let (mut it, mut index) = (null_mut(), 9);
    // SAFETY: as above.
    unsafe {
        assert_eq!(pirn_as_completed(null(), 1, PIRN_FOREVER, &mut it), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_as_completed(each.as_ptr(), 3, PIRN_FOREVER, null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_as_completed(each.as_ptr(), 3, -0.5, &mut it), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!(pirn_as_completed(each.as_ptr(), 3, 1e10, &mut it), PIRN_ERR_OVERFLOW);
        assert_eq!(pirn_as_completed(each.as_ptr(), usize::MAX, PIRN_FOREVER, &mut it), PIRN_ERR_NO_MEMORY);
        let with_none = [first, null_mut()];
        assert_eq!(pirn_as_completed(with_none.as_ptr(), 2, PIRN_FOREVER, &mut it), PIRN_ERR_INVALID_HANDLE);
        assert!(it.is_null());
        assert_eq!(pirn_as_completed(null(), 0, PIRN_FOREVER, &mut it), PIRN_OK);
        assert_eq!((pirn_as_completed_next(it, &mut index), pirn_as_completed_free(it)), (PIRN_END, PIRN_OK));
        assert_eq!(pirn_as_completed_free(it), PIRN_ERR_INVALID_HANDLE);
        assert_eq!(pirn_as_completed(each.as_ptr(), 3, 0.0, &mut it), PIRN_OK);
        assert_eq!(pirn_as_completed_next(it, null_mut()), PIRN_ERR_INVALID_ARGUMENT);
        assert_eq!((pirn_as_completed_next(it, &mut index), index), (PIRN_TIMED_OUT, 9));
        assert_eq!(pirn_future_set_result(second, null_mut()), PIRN_OK);
        assert_eq!((pirn_future_free(first), pirn_future_free(second)), (PIRN_OK, PIRN_OK));
        assert_eq!((pirn_as_completed_next(it, &mut index), index), (PIRN_OK, 1));
    }
    assert_eq!((pirn_as_completed_free(it), pirn_as_completed_free(null_mut())), (PIRN_OK, PIRN_OK));
}

#[test]
fn a_result_is_given_back_with_the_last_handle() {
    let seen = Seen::of(null_mut());
    let own = future();
    // SAFETY: the result outlives the future.
    unsafe {
        assert_eq!(pirn_future_set_result(own, seen.arg()), PIRN_OK);
        assert_eq!(pirn_future_set_result_free(own, Some(given)), PIRN_OK);
        assert_eq!(pirn_future_set_result_free(null_mut(), Some(given)), PIRN_ERR_INVALID_HANDLE);
    }
    assert_eq!(seen.counts(), (0, 0));
    assert_eq!(pirn_future_free(own), PIRN_OK);
    assert_eq!(seen.counts(), (0, 1));
}
