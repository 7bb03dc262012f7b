//! Queues. Blocks have two slots in a model, so that a few items turn the ends of the chain.

use super::{Watched, model};
use crate::Timeout;
use crate::queue::{Item, Queue};
use crate::status::Error;
use crate::sys::futex;
use core::ffi::{c_int, c_void};
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

fn item(number: usize) -> Item {
    Item(core::ptr::without_provenance_mut(number))
}

fn number(item: Item) -> usize {
    item.0.addr()
}

fn soon() -> Timeout {
    Timeout::from_seconds(1.0).unwrap()
}

/// A queue in the fast mode: it has had an item, which was got.
fn used(maxsize: i64) -> Arc<Queue> {
    let queue = Arc::new(Queue::new(maxsize));
    queue.try_put(item(99)).unwrap();
    assert_eq!(queue.try_get(), Ok(item(99)));
    queue.task_done().unwrap();
    queue
}

fn on<T: 'static>(queue: &Arc<Queue>, call: impl FnOnce(&Queue) -> T + 'static) -> JoinHandle<T> {
    let queue = queue.clone();
    thread::spawn(move || call(&queue))
}

/// Two puts and two gets, with an end that turns: each item comes once, and those of one thread in their order.
#[test]
fn puts_against_gets() {
    model(|| {
        let queue = used(0);
        let putter = on(&queue, |queue| (1..=2).for_each(|n| queue.put(item(n)).unwrap()));
        let getter = on(&queue, |queue| number(queue.get().unwrap()));
        let mine = number(queue.get().unwrap());
        putter.join().unwrap();
        let other = getter.join().unwrap();
        assert_eq!(mine + other, 3);
        assert_eq!((queue.size(), queue.unfinished()), (Ok(0), Ok(2)));
    });
}

/// Two putters at an end that turns: nothing is lost or doubled, and nobody overtakes itself. (With a third thread that waits for
/// them loom would try schedules for ever in which the one that turns is never run.)
#[test]
fn putters_meet_at_a_turn() {
    model(|| {
        let queue = used(0);
        let other = on(&queue, |queue| queue.try_put(item(10)).unwrap());
        (1..=2).for_each(|n| queue.try_put(item(n)).unwrap());
        let early = queue.try_get().map_or(0, number);
        other.join().unwrap();
        let mut got = vec![early];
        got.extend(core::iter::from_fn(|| queue.try_get().ok().map(number)));
        assert!(got.iter().position(|&n| n == 1) < got.iter().position(|&n| n == 2));
        got.sort();
        assert_eq!(got, [1, 2, 10]);
    });
}

/// Two getters at an end that turns: each item is got once.
#[test]
fn getters_meet_at_a_turn() {
    model(|| {
        let queue = used(0);
        (1..=3).for_each(|n| queue.try_put(item(n)).unwrap());
        let other = on(&queue, |queue| [queue.try_get(), queue.try_get()].map(|got| got.map_or(0, number)));
        let mine = [queue.try_get(), queue.try_get()].map(|got| got.map_or(0, number));
        let mut got: Vec<_> = [mine, other.join().unwrap()].concat();
        got.sort();
        assert_eq!(got, [0, 1, 2, 3]);
    });
}

/// What was done before a put is seen after the get, by whichever way the item went.
#[test]
fn an_item_orders_memory() {
    model(|| {
        let queue = used(1);
        let watched = Watched::new();
        let putter = {
            let watched = watched.clone();
            on(&queue, move |queue| {
                watched.add(1);
                queue.put(item(1)).unwrap();
            })
        };
        queue.get().unwrap();
        assert_eq!(watched.get(), 1);
        putter.join().unwrap();
    });
}

/// A put into a full queue against the get that makes room, and one that comes meanwhile: both get in.
#[test]
fn room_is_made_for_sleeping_putters() {
    model(|| {
        let queue = used(1);
        queue.try_put(item(1)).unwrap();
        let putters = [2, 3].map(|n| on(&queue, move |queue| queue.put(item(n)).unwrap()));
        let mut got: Vec<_> = (0..3).map(|_| number(queue.get().unwrap())).collect();
        for putter in putters {
            putter.join().unwrap();
        }
        assert_eq!(got[0], 1);
        got.sort();
        assert_eq!((got, queue.size()), (vec![1, 2, 3], Ok(0)));
    });
}

/// The limit holds against two puts at once, fast or not.
#[test]
fn a_limit_is_kept() {
    model(|| {
        let queue = used(1);
        let other = on(&queue, |queue| queue.try_put(item(1)));
        let mine = queue.try_put(item(2));
        let results = [mine, other.join().unwrap()];
        assert!(results.contains(&Ok(())) && results.contains(&Err(Error::WouldBlock)), "{results:?}");
        assert_eq!((queue.size(), queue.unfinished()), (Ok(1), Ok(1)));
    });
}

/// A limit that passes at any point against the put: the item is got, or it is still there.
#[test]
fn timeout_against_put() {
    model(|| {
        let queue = used(0);
        let clock = thread::spawn(futex::expire);
        let getter = on(&queue, |queue| queue.get_timeout(soon()));
        queue.put(item(1)).unwrap();
        match getter.join().unwrap() {
            Ok(got) => assert_eq!((got, queue.size()), (item(1), Ok(0))),
            Err(error) => {
                assert_eq!((error, queue.try_get()), (Error::TimedOut, Ok(item(1))));
            }
        }
        clock.join().unwrap();
        // Fast again, and nobody is on a list.
        queue.put(item(2)).unwrap();
        assert_eq!(queue.get(), Ok(item(2)));
        assert_eq!(queue.close(), Ok(()));
    });
}

/// The same for a put that waits for room, with a patient one behind it, which is not forgotten.
#[test]
fn timeout_against_get() {
    model(|| {
        let queue = used(1);
        queue.try_put(item(1)).unwrap();
        let clock = thread::spawn(futex::expire);
        let timed = on(&queue, |queue| queue.put_timeout(item(2), soon()));
        let patient = on(&queue, |queue| queue.put(item(4)).unwrap());
        let mut got = number(queue.get().unwrap()) + number(queue.get().unwrap());
        let timed = timed.join().unwrap();
        if timed.is_ok() {
            got += number(queue.get().unwrap());
        }
        patient.join().unwrap();
        clock.join().unwrap();
        assert_eq!(got, if timed.is_ok() { 7 } else { 5 });
        assert_eq!(queue.size(), Ok(0));
    });
}

/// A shutdown against a put and a get: an item that is in is got, or stays; nobody waits for what will not come.
#[test]
fn shutdown_against_put_and_get() {
    model(|| {
        let queue = used(0);
        let putter = on(&queue, |queue| queue.put(item(1)));
        let getter = on(&queue, Queue::get);
        queue.shutdown(false).unwrap();
        let (put, got) = (putter.join().unwrap(), getter.join().unwrap());
        let left = queue.try_get();
        match put {
            Ok(()) => assert!(got == Ok(item(1)) || got == Err(Error::ShutDown) && left == Ok(item(1)), "{got:?}"),
            Err(error) => assert_eq!((error, got), (Error::ShutDown, Err(Error::ShutDown))),
        }
        assert_eq!(queue.try_get(), Err(Error::ShutDown));
    });
}

/// An immediate one, with a joiner: each item is got or given back, and the joiner comes back.
#[test]
fn immediate_shutdown_against_put_and_join() {
    unsafe extern "C" fn give_back(item: *mut c_void) {
        // SAFETY: the one item is a `Watched` that outlives the queue.
        unsafe { &*item.cast::<Watched>() }.add(1);
    }
    model(|| {
        let queue = used(0);
        let watched = Watched::new();
        let pointer = std::sync::Arc::as_ptr(&watched).cast_mut().cast();
        // SAFETY: the items that are left are `watched`.
        unsafe { queue.set_item_free(Some(give_back)) }.unwrap();
        let carried = Item(pointer);
        let putter = on(&queue, move |queue| {
            let carried = carried;
            queue.put(carried)
        });
        let joiner = on(&queue, Queue::join);
        queue.shutdown(true).unwrap();
        let put = putter.join().unwrap();
        joiner.join().unwrap().unwrap();
        assert_eq!(watched.get(), i32::from(put.is_ok()));
        assert_eq!((queue.size(), queue.unfinished()), (Ok(0), Ok(0)));
    });
}

/// A raised limit against a put that waits for room, or is about to.
#[test]
fn a_raised_limit_lets_a_putter_in() {
    model(|| {
        let queue = used(1);
        queue.try_put(item(1)).unwrap();
        let putter = on(&queue, |queue| queue.put(item(2)).unwrap());
        queue.set_maxsize(2).unwrap();
        putter.join().unwrap();
        assert_eq!((queue.size(), queue.try_put(item(3))), (Ok(2), Err(Error::WouldBlock)));
    });
}

/// A joiner against two task_dones and a put: it comes back when nothing was unfinished at one moment.
#[test]
fn join_against_task_done() {
    model(|| {
        let queue = used(0);
        let watched = [Watched::new(), Watched::new()];
        (1..=2).for_each(|n| queue.try_put(item(n)).unwrap());
        let workers = watched.clone().map(|watched| {
            on(&queue, move |queue| {
                queue.get().unwrap();
                watched.add(1);
                queue.task_done().unwrap();
            })
        });
        queue.join().unwrap();
        assert!(watched.iter().all(|watched| watched.get() == 1));
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(queue.task_done(), Err(Error::OverRelease));
    });
}

/// No task_done is missed by a joiner although a put follows it: the count was 0.
#[test]
fn join_against_task_done_and_put() {
    model(|| {
        let queue = used(0);
        queue.try_put(item(1)).unwrap();
        let joiner = on(&queue, Queue::join);
        let worker = on(&queue, |queue| {
            queue.task_done().unwrap();
            queue.put(item(2)).unwrap();
        });
        worker.join().unwrap();
        // A joiner that came before the second put is let go by then; a later one when this is done.
        queue.task_done().unwrap();
        joiner.join().unwrap().unwrap();
        assert_eq!(queue.unfinished(), Ok(0));
    });
}

/// More are never done than were put.
#[test]
fn too_many_task_dones() {
    model(|| {
        let queue = used(0);
        queue.try_put(item(1)).unwrap();
        let other = on(&queue, Queue::task_done);
        let results = [queue.task_done(), other.join().unwrap()];
        assert!(results.contains(&Ok(())) && results.contains(&Err(Error::OverRelease)), "{results:?}");
    });
}

/// A close at any point: it is refused while anyone waits, or nobody gets in after it.
#[test]
fn close_against_use() {
    model(|| {
        let queue = used(0);
        let getter = on(&queue, Queue::get);
        let putter = on(&queue, |queue| queue.put(item(1)));
        match queue.close() {
            Ok(()) => {
                let put = putter.join().unwrap();
                let got = getter.join().unwrap();
                assert!(matches!(put, Ok(()) | Err(Error::InvalidHandle)), "{put:?}");
                assert!(put.is_ok() && got == Ok(item(1)) || got == Err(Error::InvalidHandle), "{got:?}");
            }
            Err(error) => {
                assert_eq!(error, Error::Busy);
                putter.join().unwrap().unwrap();
                assert_eq!(getter.join().unwrap(), Ok(item(1)));
            }
        }
    });
}

unsafe extern "C" fn by_number(one: *const c_void, other: *const c_void, _: *mut c_void) -> c_int {
    thread::yield_now();
    one.addr().cmp(&other.addr()) as c_int
}

/// Comparisons by three threads at once: each has its turn, one after the other, and the order holds.
#[test]
fn comparing_in_turn() {
    model(|| {
        // SAFETY: the function takes any items.
        let queue = Arc::new(unsafe { Queue::priority(0, by_number, core::ptr::null_mut()) });
        queue.put(item(2)).unwrap();
        let putters = [3, 1].map(|n| on(&queue, move |queue| queue.put(item(n)).unwrap()));
        let mine = number(queue.get().unwrap());
        for putter in putters {
            putter.join().unwrap();
        }
        let rest: Vec<_> = core::iter::from_fn(|| queue.try_get().ok().map(number)).collect();
        assert_eq!(rest, if mine == 1 { [2, 3] } else { [1, 3] });
    });
}
