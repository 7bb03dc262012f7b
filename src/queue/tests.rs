use super::*;
use crate::sync::Event;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

const NOBODY: [usize; 3] = [0, 0, 0];

fn item(number: usize) -> Item {
    Item(core::ptr::without_provenance_mut(number))
}

fn number(item: Item) -> usize {
    item.0.addr()
}

fn seconds(seconds: f64) -> Timeout {
    Timeout::from_seconds(seconds).unwrap()
}

fn filled(maxsize: i64, numbers: core::ops::Range<usize>) -> Queue {
    let queue = Queue::new(maxsize);
    numbers.for_each(|n| queue.try_put(item(n)).unwrap());
    queue
}

fn await_waiting(queue: &Queue, waiting: [usize; 3]) {
    while queue.waiting() != waiting {
        thread::yield_now();
    }
}

/// Everything that is in the queue, in its order.
fn drained(queue: &Queue) -> Vec<usize> {
    core::iter::from_fn(|| queue.try_get().ok().map(number)).collect()
}

#[test]
fn first_in_first_out() {
    let queue = filled(0, 0..100);
    assert_eq!((queue.size(), queue.is_empty(), queue.is_full()), (Ok(100), Ok(false), Ok(false)));
    assert_eq!(drained(&queue), (0..100).collect::<Vec<_>>());
    assert_eq!((queue.size(), queue.is_empty()), (Ok(0), Ok(true)));
}

#[test]
fn the_limit_is_kept_as_given() {
    for unlimited in [0, -1, -5, i64::MIN] {
        let queue = filled(unlimited, 0..10);
        assert_eq!((queue.maxsize(), queue.is_full()), (Ok(unlimited), Ok(false)));
    }
    let queue = filled(i64::MAX, 0..10);
    assert_eq!((queue.maxsize(), queue.is_full()), (Ok(i64::MAX), Ok(false)));
}

#[test]
fn a_full_queue_refuses_and_stays_as_it_is() {
    let queue = filled(2, 0..2);
    assert_eq!(queue.is_full(), Ok(true));
    assert_eq!(queue.try_put(item(9)), Err(Error::WouldBlock));
    assert_eq!(queue.put_timeout(item(9), seconds(0.0)), Err(Error::TimedOut));
    assert_eq!(queue.put_timeout(item(9), seconds(1e-3)), Err(Error::TimedOut));
    assert_eq!((queue.waiting(), queue.unfinished()), (NOBODY, Ok(2)));
    assert_eq!(drained(&queue), [0, 1]);
}

#[test]
fn an_empty_queue_refuses_and_stays_as_it_is() {
    let queue = Queue::new(1);
    assert_eq!(queue.try_get(), Err(Error::WouldBlock));
    assert_eq!(queue.get_timeout(seconds(0.0)), Err(Error::TimedOut));
    assert_eq!(queue.get_timeout(seconds(1e-3)), Err(Error::TimedOut));
    assert_eq!(queue.waiting(), NOBODY);
    queue.put_timeout(item(7), seconds(0.0)).unwrap();
    assert_eq!(queue.get_timeout(seconds(0.0)), Ok(item(7)));
}

#[test]
fn putters_are_served_in_their_order() {
    let queue = filled(1, 0..1);
    thread::scope(|scope| {
        for n in 1..=8 {
            let queue = &queue;
            scope.spawn(move || queue.put(item(n)).unwrap());
            await_waiting(queue, [n, 0, 0]);
        }
        for n in 0..8 {
            assert_eq!(queue.get(), Ok(item(n)));
            // The next putter's item took the room already, whether or not that thread has run.
            assert_eq!(queue.try_put(item(99)), Err(Error::WouldBlock));
            assert_eq!((queue.size(), queue.waiting()), (Ok(1), [7 - n, 0, 0]));
        }
    });
    assert_eq!((drained(&queue), queue.unfinished()), (vec![8], Ok(9)));
}

#[test]
fn getters_are_served_in_their_order() {
    let queue = Queue::new(0);
    thread::scope(|scope| {
        let getters: Vec<_> = (1..=8)
            .map(|n| {
                let getter = scope.spawn(|| queue.get().map(number));
                await_waiting(&queue, [0, n, 0]);
                getter
            })
            .collect();
        for n in 0..8 {
            queue.put(item(n)).unwrap();
            // The item is the first getter's already, whether or not that thread has run.
            assert_eq!((queue.try_get(), queue.size()), (Err(Error::WouldBlock), Ok(0)));
        }
        for (n, getter) in getters.into_iter().enumerate() {
            assert_eq!(getter.join().unwrap(), Ok(n));
        }
    });
    assert_eq!(queue.unfinished(), Ok(8));
}

#[test]
fn a_null_item_is_an_item() {
    let queue = filled(1, 0..1);
    thread::scope(|scope| {
        scope.spawn(|| queue.put(item(0)));
        await_waiting(&queue, [1, 0, 0]);
        assert_eq!(drained(&queue), [0, 0]);
        let getter = scope.spawn(|| queue.get());
        await_waiting(&queue, [0, 1, 0]);
        queue.put(item(0)).unwrap();
        assert_eq!(getter.join().unwrap(), Ok(item(0)));
    });
}

#[test]
fn who_times_out_loses_no_place_but_its_own() {
    let queue = filled(1, 0..1);
    thread::scope(|scope| {
        scope.spawn(|| queue.put(item(1)).unwrap());
        await_waiting(&queue, [1, 0, 0]);
        // Long enough for the third to come behind it, most of the time; right either way.
        let second = scope.spawn(|| queue.put_timeout(item(2), seconds(0.02)));
        while queue.waiting() != [2, 0, 0] && !second.is_finished() {
            thread::yield_now();
        }
        scope.spawn(|| queue.put(item(3)).unwrap());
        assert_eq!(second.join().unwrap(), Err(Error::TimedOut));
        await_waiting(&queue, [2, 0, 0]);
        assert_eq!(drained(&queue), [0, 1, 3]);
    });
    assert_eq!(queue.unfinished(), Ok(3));
}

#[test]
fn a_raised_limit_lets_in_as_many_as_fit() {
    let queue = filled(1, 0..1);
    thread::scope(|scope| {
        for n in 1..=6 {
            let queue = &queue;
            scope.spawn(move || queue.put(item(n)).unwrap());
            await_waiting(queue, [n, 0, 0]);
        }
        queue.set_maxsize(3).unwrap();
        assert_eq!((queue.size(), queue.waiting()), (Ok(3), [4, 0, 0]));
        queue.set_maxsize(2).unwrap();
        assert_eq!((queue.size(), queue.is_full(), queue.waiting()), (Ok(3), Ok(true), [4, 0, 0]));
        // One too many are in: the first get makes no room.
        assert_eq!(queue.get(), Ok(item(0)));
        assert_eq!((queue.size(), queue.waiting()), (Ok(2), [4, 0, 0]));
        assert_eq!(queue.get(), Ok(item(1)));
        assert_eq!((queue.size(), queue.waiting()), (Ok(2), [3, 0, 0]));
        queue.set_maxsize(-1).unwrap();
        assert_eq!((queue.size(), queue.waiting()), (Ok(5), NOBODY));
    });
    assert_eq!(drained(&queue), [2, 3, 4, 5, 6]);
}

#[test]
fn tasks_are_counted() {
    let queue = Queue::new(0);
    queue.join().unwrap();
    assert_eq!(queue.task_done(), Err(Error::OverRelease));
    for round in 0..3 {
        queue.put(item(round)).unwrap();
        queue.put(item(round)).unwrap();
        assert_eq!(queue.join_timeout(seconds(0.0)), Err(Error::TimedOut));
        assert_eq!(queue.join_timeout(seconds(1e-3)), Err(Error::TimedOut));
        thread::scope(|scope| {
            scope.spawn(|| queue.join().unwrap());
            scope.spawn(|| queue.join_timeout(seconds(1e6)).unwrap());
            await_waiting(&queue, [0, 0, 2]);
            queue.task_done().unwrap();
            assert_eq!((queue.unfinished(), queue.waiting()), (Ok(1), [0, 0, 2]));
            queue.task_done().unwrap();
            assert_eq!(queue.waiting(), NOBODY);
            // The count was 0: they return, although it is not any more.
            queue.put(item(round)).unwrap();
        });
        queue.task_done().unwrap();
        assert_eq!((queue.task_done(), queue.unfinished()), (Err(Error::OverRelease), Ok(0)));
        assert_eq!(drained(&queue).len(), 3);
    }
}

#[test]
fn shutdown_lets_getters_finish() {
    let queue = filled(2, 0..2);
    thread::scope(|scope| {
        let putter = scope.spawn(|| queue.put(item(9)));
        let joiner = scope.spawn(|| queue.join());
        await_waiting(&queue, [1, 0, 1]);
        queue.shutdown(false).unwrap();
        assert_eq!(putter.join().unwrap(), Err(Error::ShutDown));
        assert_eq!((queue.is_shut_down(), queue.waiting()), (Ok(true), [0, 0, 1]));
        // Full or not, there is no waiting any more.
        assert_eq!(queue.try_put(item(9)), Err(Error::ShutDown));
        assert_eq!(queue.get(), Ok(item(0)));
        assert_eq!(queue.put(item(9)), Err(Error::ShutDown));
        queue.shutdown(false).unwrap();
        assert_eq!(queue.try_get(), Ok(item(1)));
        assert_eq!(queue.try_get(), Err(Error::ShutDown));
        assert_eq!(queue.get_timeout(seconds(0.0)), Err(Error::ShutDown));
        assert_eq!(queue.get(), Err(Error::ShutDown));
        queue.task_done().unwrap();
        queue.task_done().unwrap();
        assert_eq!(joiner.join().unwrap(), Ok(()));
    });
}

#[test]
fn shutdown_sends_getters_away() {
    for immediate in [false, true] {
        let queue = Queue::new(2);
        thread::scope(|scope| {
            let getters = [(); 3].map(|()| scope.spawn(|| queue.get()));
            await_waiting(&queue, [0, 3, 0]);
            queue.shutdown(immediate).unwrap();
            assert_eq!(getters.map(|getter| getter.join().unwrap()), [Err(Error::ShutDown); 3]);
        });
    }
}

/// An item that counts how often it was given back, and asks its queue something meanwhile.
struct Probe<'a> {
    queue: &'a Queue,
    freed: AtomicUsize,
    size_seen: AtomicUsize,
}

impl Probe<'_> {
    fn new(queue: &Queue) -> Probe<'_> {
        Probe { queue, freed: AtomicUsize::new(0), size_seen: AtomicUsize::new(usize::MAX) }
    }

    fn item(&self) -> Item {
        Item(core::ptr::from_ref(self).cast_mut().cast())
    }

    fn freed(&self) -> usize {
        self.freed.load(Ordering::Relaxed)
    }
}

unsafe extern "C" fn free_probe(item: *mut c_void) {
    // SAFETY: the queues that this function is set for hold probes only, which outlive them.
    let probe = unsafe { &*item.cast::<Probe<'_>>() };
    if let Ok(size) = probe.queue.size() {
        probe.size_seen.store(size, Ordering::Relaxed);
    }
    probe.freed.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn an_immediate_shutdown_gives_items_back() {
    let queue = Queue::new(2);
    // SAFETY: the queue gets probes only.
    unsafe { queue.set_item_free(Some(free_probe)) }.unwrap();
    let [got, left, too_many] = [(); 3].map(|()| Probe::new(&queue));
    queue.put(got.item()).unwrap();
    queue.put(left.item()).unwrap();
    assert_eq!(queue.get(), Ok(got.item()));
    queue.put(left.item()).unwrap();
    thread::scope(|scope| {
        let putter = scope.spawn(|| queue.put(too_many.item()));
        let joiner = scope.spawn(|| queue.join());
        await_waiting(&queue, [1, 0, 1]);
        queue.shutdown(false).unwrap();
        queue.shutdown(true).unwrap();
        assert_eq!(putter.join().unwrap(), Err(Error::ShutDown));
        assert_eq!((got.freed(), left.freed(), too_many.freed()), (0, 2, 0));
        assert_eq!(left.size_seen.load(Ordering::Relaxed), 0);
        // One item is still in flight.
        assert_eq!((queue.unfinished(), queue.waiting()), (Ok(1), [0, 0, 1]));
        queue.task_done().unwrap();
        assert_eq!(joiner.join().unwrap(), Ok(()));
    });
    queue.shutdown(true).unwrap();
    assert_eq!((left.freed(), queue.get()), (2, Err(Error::ShutDown)));
}

#[test]
fn an_immediate_shutdown_ends_joins() {
    let queue = filled(0, 0..3);
    thread::scope(|scope| {
        scope.spawn(|| queue.join().unwrap());
        await_waiting(&queue, [0, 0, 1]);
        queue.shutdown(true).unwrap();
    });
    assert_eq!((queue.unfinished(), queue.size()), (Ok(0), Ok(0)));
}

#[test]
fn tasks_done_before_their_time_do_not_count_twice() {
    let queue = filled(0, 0..3);
    queue.task_done().unwrap();
    queue.task_done().unwrap();
    queue.shutdown(true).unwrap();
    assert_eq!(queue.unfinished(), Ok(0));
}

#[test]
fn a_closed_queue_refuses_everything() {
    let queue = Queue::new(2);
    // SAFETY: the queue gets probes only.
    unsafe { queue.set_item_free(Some(free_probe)) }.unwrap();
    let left = Probe::new(&queue);
    queue.put(left.item()).unwrap();
    queue.close().unwrap();
    // In the callback, too, the queue was closed.
    assert_eq!((left.freed(), left.size_seen.load(Ordering::Relaxed)), (1, usize::MAX));
    let refused = Err(Error::InvalidHandle);
    assert_eq!(queue.close(), refused);
    assert_eq!(queue.put(left.item()), refused);
    assert_eq!(queue.try_put(left.item()), refused);
    assert_eq!(queue.get().map(drop), refused);
    assert_eq!(queue.task_done(), refused);
    assert_eq!(queue.join(), refused);
    assert_eq!(queue.set_maxsize(0), refused);
    assert_eq!(queue.shutdown(true), refused);
    assert_eq!(queue.size().map(drop), refused);
}

#[test]
fn a_dropped_queue_gives_items_back() {
    let other = Queue::new(0);
    let left = Probe::new(&other);
    for free in [Some(free_probe as FreeFn), None] {
        let queue = Queue::new(0);
        // SAFETY: the queue gets probes only.
        unsafe { queue.set_item_free(Some(free_probe)) }.unwrap();
        queue.put(left.item()).unwrap();
        // SAFETY: as above.
        unsafe { queue.set_item_free(free) }.unwrap();
    }
    assert_eq!(left.freed(), 1);
}

#[test]
fn a_queue_that_is_waited_on_is_busy() {
    let queue = Queue::new(1);
    thread::scope(|scope| {
        scope.spawn(|| queue.get().unwrap());
        await_waiting(&queue, [0, 1, 0]);
        assert_eq!(queue.close(), Err(Error::Busy));
        queue.put(item(0)).unwrap();
        queue.put(item(1)).unwrap();
        scope.spawn(|| queue.put(item(2)).unwrap());
        await_waiting(&queue, [1, 0, 0]);
        assert_eq!(queue.close(), Err(Error::Busy));
        assert_eq!(drained(&queue), [1, 2]);
        scope.spawn(|| queue.join().unwrap());
        await_waiting(&queue, [0, 0, 1]);
        assert_eq!(queue.close(), Err(Error::Busy));
        (0..3).for_each(|_| queue.task_done().unwrap());
        queue.close().unwrap();
    });
}

/// Runs `body` in a child of fork(), where the calling thread is the only one, and fails if it fails.
fn in_child(body: impl FnOnce()) {
    // SAFETY: the child runs `body`, which uses nothing that another thread may have left in disorder, and ends at once.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let outcome = std::panic::catch_unwind(core::panic::AssertUnwindSafe(body));
        // SAFETY: ends the child without running anything of the test harness's.
        unsafe { libc::_exit(if outcome.is_ok() { 0 } else { 1 }) };
    }
    let mut status = -1;
    // SAFETY: `status` is a valid place.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child failed");
}

#[test]
fn waiters_do_not_cross_a_fork() {
    let (full, empty) = (filled(1, 0..1), Queue::new(1));
    thread::scope(|scope| {
        scope.spawn(|| full.put(item(1)).unwrap());
        scope.spawn(|| full.join().unwrap());
        scope.spawn(|| assert_eq!(empty.get(), Ok(item(2))));
        await_waiting(&full, [1, 0, 1]);
        await_waiting(&empty, [0, 1, 0]);
        in_child(|| {
            assert_eq!((full.waiting(), empty.waiting()), (NOBODY, NOBODY));
            assert_eq!(drained(&full), [0]);
            full.put(item(3)).unwrap();
            assert_eq!((drained(&full), full.unfinished()), (vec![3], Ok(2)));
            full.task_done().unwrap();
            full.task_done().unwrap();
            full.join().unwrap();
            empty.put(item(4)).unwrap();
            assert_eq!(drained(&empty), [4]);
            thread::scope(|scope| {
                let getter = scope.spawn(|| empty.get());
                await_waiting(&empty, [0, 1, 0]);
                empty.put(item(5)).unwrap();
                assert_eq!(getter.join().unwrap(), Ok(item(5)));
            });
            full.close().unwrap();
            empty.close().unwrap();
        });
        assert_eq!((full.waiting(), empty.waiting()), ([1, 0, 1], [0, 1, 0]));
        assert_eq!(drained(&full), [0, 1]);
        full.task_done().unwrap();
        full.task_done().unwrap();
        empty.put(item(2)).unwrap();
    });
}

#[test]
fn a_queue_that_cannot_grow_says_so() {
    // In a process of its own, because the other tests need memory.
    in_child(|| {
        let (queue, runs, go) = (Queue::new(0), Event::new(), Event::new());
        thread::scope(|scope| {
            let putter = scope.spawn(|| {
                runs.set();
                go.wait();
                queue.put(item(0))
            });
            runs.wait();
            let none = libc::rlimit { rlim_cur: 0, rlim_max: libc::RLIM_INFINITY };
            // SAFETY: a valid limit.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &none) }, 0);
            let (count, error) =
                (0..).find_map(|n| queue.put(item(n)).err().map(|error| (n, error))).expect("memory is limited");
            assert_eq!((error, queue.size(), queue.unfinished()), (Error::NoMemory, Ok(count), Ok(count)));
            assert_eq!(queue.try_put(item(0)), Err(Error::NoMemory));

            // A putter that is blocked for lack of room learns that there is room, but no memory.
            queue.set_maxsize(count as i64).unwrap();
            go.set();
            await_waiting(&queue, [1, 0, 0]);
            queue.set_maxsize(0).unwrap();
            assert_eq!(putter.join().unwrap(), Err(Error::NoMemory));
            assert_eq!((queue.size(), queue.unfinished()), (Ok(count), Ok(count)));

            // A block's worth of items makes room for one.
            assert!((0..block::SLOTS as usize).all(|n| queue.get() == Ok(item(n))));
            queue.put(item(count)).unwrap();
            assert!((block::SLOTS as usize..=count).all(|n| queue.try_get() == Ok(item(n))));
        });
    });
}

/// xorshift64: a different, repeatable course for each thread.
struct Random(u64);

impl Random {
    fn new(seed: usize) -> Random {
        Random((seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn put(&mut self, queue: &Queue, item: Item) -> Result<(), Error> {
        match self.below(3) {
            0 => queue.put(item),
            1 => queue.try_put(item),
            _ => queue.put_timeout(item, seconds(self.below(50) as f64 * 1e-6)),
        }
    }

    fn get(&mut self, queue: &Queue) -> Result<Item, Error> {
        match self.below(3) {
            0 => queue.get(),
            1 => queue.try_get(),
            _ => queue.get_timeout(seconds(self.below(50) as f64 * 1e-6)),
        }
    }
}

/// Whether the call is to be tried again.
fn again<T>(result: &Result<T, Error>) -> bool {
    let again = matches!(result, Err(Error::TimedOut | Error::WouldBlock));
    if again {
        thread::yield_now();
    }
    again
}

#[test]
fn many_threads_lose_nothing_and_keep_the_order() {
    const THREADS: usize = 4;
    const EACH: usize = 2_000;
    let queue = Queue::new(3);
    let over = AtomicBool::new(false);
    let sums = thread::scope(|scope| {
        let consumers: Vec<_> = (0..THREADS)
            .map(|seed| {
                let queue = &queue;
                scope.spawn(move || {
                    let mut random = Random::new(seed + THREADS);
                    let mut next = [0; THREADS];
                    let mut sum = 0;
                    loop {
                        let got = random.get(queue);
                        if again(&got) {
                            continue;
                        }
                        let Ok(got) = got else {
                            assert_eq!(got, Err(Error::ShutDown));
                            return sum;
                        };
                        let (producer, n) = (number(got) / EACH, number(got) % EACH);
                        assert!(n >= next[producer], "item {n} of {producer} came late");
                        next[producer] = n + 1;
                        sum += number(got);
                        queue.task_done().unwrap();
                    }
                })
            })
            .collect();
        let producers: Vec<_> = (0..THREADS)
            .map(|producer| {
                let queue = &queue;
                scope.spawn(move || {
                    let mut random = Random::new(producer);
                    for n in 0..EACH {
                        let item = item(producer * EACH + n);
                        let put = core::iter::repeat_with(|| random.put(queue, item)).find(|put| !again(put));
                        assert_eq!(put, Some(Ok(())));
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut random = Random::new(99);
            while !over.load(Ordering::Relaxed) {
                queue.set_maxsize(random.below(6) as i64).unwrap();
                thread::yield_now();
            }
        });
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        queue.join().unwrap();
        over.store(true, Ordering::Relaxed);
        assert_eq!((queue.size(), queue.unfinished()), (Ok(0), Ok(0)));
        queue.shutdown(false).unwrap();
        consumers.into_iter().map(|consumer| consumer.join().unwrap()).sum::<usize>()
    });
    assert_eq!(sums, (0..THREADS * EACH).sum());
    assert_eq!((queue.size(), queue.waiting()), (Ok(0), NOBODY));
}

#[test]
fn an_immediate_shutdown_in_the_middle_loses_nothing() {
    const THREADS: usize = 3;
    for round in 0..50 {
        let queue = Queue::new(2);
        let probe = Probe::new(&queue);
        // SAFETY: the queue gets probes only.
        unsafe { queue.set_item_free(Some(free_probe)) }.unwrap();
        let (put, got) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for seed in 0..THREADS {
                let (queue, probe, put, got) = (&queue, &probe, &put, &got);
                scope.spawn(move || {
                    let mut random = Random::new(round * 100 + seed);
                    loop {
                        match random.put(queue, probe.item()) {
                            Ok(()) => put.fetch_add(1, Ordering::Relaxed),
                            Err(Error::ShutDown) => break,
                            refused => {
                                assert!(again(&refused));
                                continue;
                            }
                        };
                    }
                });
                scope.spawn(move || {
                    let mut random = Random::new(round * 100 + THREADS + seed);
                    loop {
                        match random.get(queue) {
                            Ok(_) => {
                                got.fetch_add(1, Ordering::Relaxed);
                                queue.task_done().unwrap();
                            }
                            Err(Error::ShutDown) => break,
                            refused => assert!(again(&refused)),
                        }
                    }
                });
            }
            while got.load(Ordering::Relaxed) < round {
                thread::yield_now();
            }
            let joiner = scope.spawn(|| queue.join().unwrap());
            queue.shutdown(true).unwrap();
            joiner.join().unwrap();
        });
        assert_eq!(put.into_inner(), got.into_inner() + probe.freed());
        assert_eq!((queue.size(), queue.unfinished(), queue.waiting()), (Ok(0), Ok(0), NOBODY));
    }
}
