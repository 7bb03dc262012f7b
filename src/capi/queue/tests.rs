use super::*;
use crate::capi::event::{pirn_event_free, pirn_event_new};
use crate::handle::{Handle, shared};
use crate::status::Error;
use crate::status::{
    PIRN_ERR_BUSY, PIRN_ERR_INVALID_ARGUMENT, PIRN_ERR_INVALID_HANDLE, PIRN_ERR_OVER_RELEASE, PIRN_ERR_OVERFLOW,
    PIRN_ERR_SHUT_DOWN, PIRN_OK, PIRN_TIMED_OUT, PIRN_WOULD_BLOCK,
};
use core::ptr::{null_mut, without_provenance_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

/// A C bool, which is a byte.
fn flag(byte: u8) -> Flag {
    // SAFETY: a Flag is a byte of any value.
    unsafe { core::mem::transmute::<u8, Flag>(byte) }
}

fn new(maxsize: i64) -> *mut pirn_queue_t {
    let mut queue = null_mut();
    // SAFETY: a valid place.
    assert_eq!(unsafe { pirn_queue_new(maxsize, &mut queue) }, PIRN_OK);
    queue
}

/// The value that `getter` writes, or the status that it refuses with; a refusal writes nothing.
fn read<T: Copy + PartialEq + core::fmt::Debug>(
    queue: *mut pirn_queue_t,
    before: T,
    getter: unsafe extern "C" fn(*mut pirn_queue_t, *mut T) -> pirn_status_t,
) -> Result<T, pirn_status_t> {
    // SAFETY: NULL is allowed.
    assert_ne!(unsafe { getter(queue, null_mut()) }, PIRN_OK);
    let mut value = before;
    // SAFETY: a valid place.
    match unsafe { getter(queue, &mut value) } {
        PIRN_OK => Ok(value),
        status => {
            assert_eq!(value, before);
            Err(status)
        }
    }
}

/// The refusal of each function.
fn refusals(queue: *mut pirn_queue_t) -> Vec<pirn_status_t> {
    let mut item = null_mut();
    let refusals = vec![
        // SAFETY: NULL is no function.
        unsafe { pirn_queue_set_item_free(queue, None) },
        pirn_queue_put(queue, item),
        pirn_queue_try_put(queue, item),
        pirn_queue_put_timeout(queue, item, 0.0),
        // SAFETY: a valid place, here and below.
        unsafe { pirn_queue_get(queue, &mut item) },
        // SAFETY: as above.
        unsafe { pirn_queue_try_get(queue, &mut item) },
        // SAFETY: as above.
        unsafe { pirn_queue_get_timeout(queue, 0.0, &mut item) },
        pirn_queue_task_done(queue),
        pirn_queue_join(queue),
        pirn_queue_join_timeout(queue, 0.0),
        read(queue, 7, pirn_queue_size).unwrap_err(),
        read(queue, true, pirn_queue_empty).unwrap_err(),
        read(queue, true, pirn_queue_full).unwrap_err(),
        read(queue, 7, pirn_queue_unfinished).unwrap_err(),
        read(queue, 7, pirn_queue_maxsize).unwrap_err(),
        pirn_queue_set_maxsize(queue, 1),
        read(queue, true, pirn_queue_is_shut_down).unwrap_err(),
        pirn_queue_shutdown(queue, flag(1)),
    ];
    assert_eq!(item, null_mut());
    refusals
}

#[test]
fn every_function_does_its_work() {
    let queue = new(2);
    let one = without_provenance_mut(1);
    assert_eq!(pirn_queue_put(queue, null_mut()), PIRN_OK);
    assert_eq!(pirn_queue_put_timeout(queue, one, 0.0), PIRN_OK);
    assert_eq!(pirn_queue_try_put(queue, one), PIRN_WOULD_BLOCK);
    assert_eq!(pirn_queue_put_timeout(queue, one, 0.0), PIRN_TIMED_OUT);
    assert_eq!((read(queue, 7, pirn_queue_size), read(queue, 7, pirn_queue_unfinished)), (Ok(2), Ok(2)));
    assert_eq!((read(queue, true, pirn_queue_empty), read(queue, false, pirn_queue_full)), (Ok(false), Ok(true)));
    assert_eq!(pirn_queue_set_maxsize(queue, -3), PIRN_OK);
    assert_eq!((read(queue, 7, pirn_queue_maxsize), read(queue, true, pirn_queue_full)), (Ok(-3), Ok(false)));
    assert_eq!(pirn_queue_try_put(queue, one), PIRN_OK);

    assert_eq!(read(queue, one, pirn_queue_get), Ok(null_mut()));
    assert_eq!(read(queue, null_mut(), pirn_queue_try_get), Ok(one));
    let mut item = null_mut();
    // SAFETY: a valid place.
    assert_eq!(unsafe { pirn_queue_get_timeout(queue, 0.0, &mut item) }, PIRN_OK);
    assert_eq!(item, one);
    // SAFETY: as above.
    assert_eq!(unsafe { pirn_queue_get_timeout(queue, 0.0, &mut item) }, PIRN_TIMED_OUT);
    assert_eq!(read(queue, one, pirn_queue_try_get), Err(PIRN_WOULD_BLOCK));

    assert_eq!(pirn_queue_join_timeout(queue, 0.0), PIRN_TIMED_OUT);
    (0..3).for_each(|_| assert_eq!(pirn_queue_task_done(queue), PIRN_OK));
    assert_eq!(pirn_queue_task_done(queue), PIRN_ERR_OVER_RELEASE);
    assert_eq!((pirn_queue_join(queue), pirn_queue_join_timeout(queue, 0.0)), (PIRN_OK, PIRN_OK));

    assert_eq!(read(queue, true, pirn_queue_is_shut_down), Ok(false));
    assert_eq!((pirn_queue_shutdown(queue, flag(0)), pirn_queue_shutdown(queue, flag(2))), (PIRN_OK, PIRN_OK));
    assert_eq!(read(queue, false, pirn_queue_is_shut_down), Ok(true));
    assert_eq!(
        (pirn_queue_put(queue, one), read(queue, one, pirn_queue_get)),
        (PIRN_ERR_SHUT_DOWN, Err(PIRN_ERR_SHUT_DOWN))
    );
    assert_eq!(pirn_queue_free(queue), PIRN_OK);
}

#[test]
fn what_is_no_queue_is_refused() {
    assert_eq!(pirn_queue_free(null_mut()), PIRN_OK);
    let freed = new(0);
    assert_eq!(pirn_queue_free(freed), PIRN_OK);
    let live: Vec<_> = (0..8).map(|_| new(0)).collect();
    let mut event = null_mut();
    // SAFETY: a valid place.
    assert_eq!(unsafe { pirn_event_new(&mut event) }, PIRN_OK);
    for queue in [null_mut(), freed, event.cast(), without_provenance_mut(1), without_provenance_mut(usize::MAX)] {
        assert!(refusals(queue).iter().all(|&status| status == PIRN_ERR_INVALID_HANDLE), "{:?}", refusals(queue));
        assert!(queue.is_null() || pirn_queue_free(queue) == PIRN_ERR_INVALID_HANDLE);
    }
    live.into_iter().for_each(|queue| assert_eq!(pirn_queue_free(queue), PIRN_OK));
    assert_eq!(pirn_event_free(event), PIRN_OK);
}

#[test]
fn arguments_are_checked_where_nothing_would_block() {
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { pirn_queue_new(0, null_mut()) }, PIRN_ERR_INVALID_ARGUMENT);
    let queue = new(0);
    assert_eq!(pirn_queue_put(queue, null_mut()), PIRN_OK);
    let mut item = null_mut();
    let bad = [f64::NAN, -2.0, f64::NEG_INFINITY].map(|seconds| (seconds, PIRN_ERR_INVALID_ARGUMENT));
    for (seconds, status) in bad.into_iter().chain([(9_223_372_037.0, PIRN_ERR_OVERFLOW)]) {
        assert_eq!(pirn_queue_put_timeout(queue, item, seconds), status);
        // SAFETY: a valid place.
        assert_eq!(unsafe { pirn_queue_get_timeout(queue, seconds, &mut item) }, status);
        assert_eq!(pirn_queue_join_timeout(queue, seconds), status);
    }
    // SAFETY: NULL is allowed; here and below.
    assert_eq!(unsafe { pirn_queue_get(queue, null_mut()) }, PIRN_ERR_INVALID_ARGUMENT);
    // SAFETY: as above.
    assert_eq!(unsafe { pirn_queue_try_get(queue, null_mut()) }, PIRN_ERR_INVALID_ARGUMENT);
    // SAFETY: as above.
    assert_eq!(unsafe { pirn_queue_get_timeout(queue, 0.0, null_mut()) }, PIRN_ERR_INVALID_ARGUMENT);
    assert_eq!((read(queue, 7, pirn_queue_size), read(queue, 7, pirn_queue_unfinished)), (Ok(1), Ok(1)));
    assert_eq!(pirn_queue_free(queue), PIRN_OK);
}

/// Counts, in the counter that the item points to.
unsafe extern "C" fn count(item: *mut c_void) {
    // SAFETY: the items are counters that outlive the queue.
    unsafe { &*item.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_free_is_refused_while_a_thread_waits() {
    let queue = new(1);
    let freed = AtomicUsize::new(0);
    let item = freed.as_ptr().cast::<c_void>();
    // SAFETY: all items are counters.
    assert_eq!(unsafe { pirn_queue_set_item_free(queue, Some(count)) }, PIRN_OK);
    std::thread::scope(|scope| {
        let handle = Handle::from_ptr(queue);
        let getter = scope.spawn(move || read(handle.as_ptr(), null_mut(), pirn_queue_get).is_ok());
        while shared::pin::<Queue>(handle).unwrap().waiting() != [0, 1, 0] {
            std::thread::yield_now();
        }
        assert_eq!(pirn_queue_free(queue), PIRN_ERR_BUSY);
        // The handle stayed valid, and the getter gets its item.
        assert_eq!(pirn_queue_put(queue, item), PIRN_OK);
        assert!(getter.join().unwrap());
    });
    assert_eq!(pirn_queue_put(queue, item), PIRN_OK);
    let call_under_way = shared::pin::<Queue>(Handle::from_ptr(queue)).unwrap();
    assert_eq!(pirn_queue_free(queue), PIRN_OK);
    // Before free returned, although a call has still to end.
    assert_eq!(freed.load(Ordering::Relaxed), 1);
    assert_eq!(call_under_way.try_get(), Err(Error::InvalidHandle));
}

#[test]
fn a_free_that_races_with_use_loses_no_item() {
    for round in 0..100 {
        let queue = new(2);
        let [put, got, freed] = [(); 3].map(|()| AtomicUsize::new(0));
        // SAFETY: all items are counters.
        assert_eq!(unsafe { pirn_queue_set_item_free(queue, Some(count)) }, PIRN_OK);
        let item = freed.as_ptr().cast::<c_void>();
        std::thread::scope(|scope| {
            let (handle, item) = (Handle::from_ptr(queue), Item(item));
            for thread in 0..4 {
                let (put, got) = (&put, &got);
                scope.spawn(move || {
                    let item = item;
                    let queue = handle.as_ptr();
                    let mut received = null_mut();
                    for step in thread.. {
                        let (status, counter) = match step % 4 {
                            0 => (pirn_queue_try_put(queue, item.0), put),
                            1 => (pirn_queue_put_timeout(queue, item.0, 1e-5), put),
                            // SAFETY: a valid place.
                            2 => (unsafe { pirn_queue_try_get(queue, &mut received) }, got),
                            // SAFETY: as above.
                            _ => (unsafe { pirn_queue_get_timeout(queue, 1e-5, &mut received) }, got),
                        };
                        match status {
                            PIRN_OK => _ = counter.fetch_add(1, Ordering::Relaxed),
                            PIRN_ERR_INVALID_HANDLE => break,
                            PIRN_WOULD_BLOCK | PIRN_TIMED_OUT => std::thread::yield_now(),
                            other => panic!("status {other}"),
                        }
                    }
                });
            }
            while got.load(Ordering::Relaxed) < round {
                std::thread::yield_now();
            }
            let frees = [(); 2].map(|()| {
                scope.spawn(move || {
                    loop {
                        match pirn_queue_free(handle.as_ptr()) {
                            PIRN_ERR_BUSY => std::thread::yield_now(),
                            status => return status,
                        }
                    }
                })
            });
            let mut frees = frees.map(|free| free.join().unwrap());
            frees.sort();
            assert_eq!(frees, [PIRN_ERR_INVALID_HANDLE, PIRN_OK]);
        });
        assert_eq!(put.into_inner(), got.into_inner() + freed.into_inner());
    }
}
