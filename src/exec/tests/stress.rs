//! Everything at once; the counts have to add up.

use super::*;
use crate::exec::{Executor, Status};
use crate::park::Deadline;
use crate::status::Error;

/// A small generator, so that a run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[derive(Default)]
struct Tally {
    submitted: AtomicUsize,
    refused: AtomicUsize,
    ran: AtomicUsize,
    given: Arc<AtomicUsize>,
    called: AtomicUsize,
    finished: AtomicUsize,
    cancelled: AtomicUsize,
}

impl Tally {
    /// Submits a task that may submit others and wait for them, with a callback that may do so, too.
    fn submit(self: &Arc<Tally>, executor: &Arc<Executor>, seed: u64, depth: usize) {
        let mut random = Random(seed | 1);
        let (tally, held, item) = (self.clone(), executor.clone(), Given(self.given.clone()));
        let (inner, waits) = (random.below(3) == 0 && depth < 6, random.below(2) == 0);
        let work = task(move || {
            let _item = &item;
            tally.ran.fetch_add(1, Ordering::SeqCst);
            if inner {
                tally.submit(&held, seed.wrapping_mul(31) + 7, depth + 1);
                let tally = tally.clone();
                if let (true, Ok(future)) = (waits, held.submit(task(move || Ok(tally.ran.load(Ordering::SeqCst))))) {
                    let _ = future.result(Deadline::NEVER);
                }
            }
            Ok(1)
        });
        self.submitted.fetch_add(1, Ordering::SeqCst);
        let future = match executor.submit(work) {
            Ok(future) => future,
            Err(error) => {
                assert_eq!(error, Error::ShutDown);
                self.refused.fetch_add(1, Ordering::SeqCst);
                return;
            }
        };
        let (tally, held, again) = (self.clone(), executor.clone(), random.below(4) == 0 && depth < 6);
        future
            .add_done_callback(Box::new(move |future| {
                tally.called.fetch_add(1, Ordering::SeqCst);
                let by = match future.status() {
                    Status::Finished => &tally.finished,
                    _ => &tally.cancelled,
                };
                by.fetch_add(1, Ordering::SeqCst);
                if again {
                    tally.submit(&held, seed.wrapping_mul(17) + 3, depth + 1);
                }
            }))
            .unwrap();
        if random.below(4) == 0 {
            future.cancel();
        }
    }
}

#[test]
fn every_task_is_accounted_for() {
    for round in 0..30u64 {
        let executor = Arc::new(Executor::new(1 + round as usize % 4));
        let tally = Arc::new(Tally::default());
        std::thread::scope(|scope| {
            for submitter in 0..3 {
                let (executor, tally) = (&executor, &tally);
                scope.spawn(move || {
                    for n in 0..100 {
                        tally.submit(executor, round * 1_000_003 + submitter * 10_007 + n * 101, 0);
                    }
                });
            }
            until(|| count(&tally.submitted) > 150);
            executor.shutdown(round % 2 == 0, round % 3 == 0).unwrap();
        });
        executor.shutdown(true, false).unwrap();
        let [submitted, refused, ran] = [&tally.submitted, &tally.refused, &tally.ran].map(count);
        let [called, finished, cancelled] = [&tally.called, &tally.finished, &tally.cancelled].map(count);
        assert_eq!(count(&tally.given), submitted);
        assert_eq!(called, submitted - refused);
        assert_eq!(finished + cancelled, called);
        assert_eq!(ran, finished);
        assert_eq!(executor.pending(), (0, 0));
        assert_eq!(executor.pool().shift().crew.counts(), (0, 0, 0));
        assert!(executor.pool().lock().threads.is_empty());
    }
}
