//! A pool's crew and lanes: the sleep protocol; a shutdown against submits.

use super::{Watched, model};
use crate::exec::crew::{Crew, Rest};
use crate::exec::lane::{Lane, Withdrawable};
use crate::sys::atomic::{AtomicUsize, Ordering};
use loom::sync::Arc;
use loom::thread;

/// A task: a number to be counted up once.
struct Task(std::sync::Arc<Watched>);

impl Withdrawable for Task {
    fn is_pending(&self) -> bool {
        true
    }
}

/// A pool as `shift`, with workers that do what `worker` does, but never spin.
struct Pool {
    crew: Crew,
    lanes: Vec<Lane<Task>>,
    /// Tasks that are still to be run; who runs the last closes the pool.
    left: AtomicUsize,
}

impl Pool {
    /// With so many workers, all of them searching.
    fn new(workers: usize, lanes: usize, tasks: usize) -> Arc<Pool> {
        let crew = Crew::new(workers);
        for _ in 0..workers {
            crew.enlist(&mut crew.roster());
            crew.enter();
        }
        let lanes: Vec<_> = (0..lanes).map(|_| Lane::new()).collect();
        lanes.iter().for_each(|lane| lane.lock().open = true);
        Arc::new(Pool { crew, lanes, left: AtomicUsize::new(tasks) })
    }

    fn any_work(&self) -> bool {
        self.lanes.iter().any(Lane::is_filled)
    }

    fn summon(&self) {
        assert!(!self.crew.summon(|| 0), "there is room for no more");
    }

    fn submit(&self, lane: usize, task: Task) -> bool {
        let mut queue = self.lanes[lane].lock();
        if !queue.open {
            return false;
        }
        queue.submit(task);
        drop(queue);
        if self.crew.is_short() {
            self.summon();
        }
        true
    }

    fn work(&self) {
        self.work_on(true);
    }

    /// By a worker that searches, or one that was busy until now.
    fn work_on(&self, mut searching: bool) {
        loop {
            // An empty lane is looked at through its word alone, as by a worker; and none by one who is too many.
            let is_surplus = self.crew.is_surplus();
            let lane = self.lanes.iter().find(|lane| !is_surplus && lane.is_filled());
            if let Some(task) = lane.and_then(|lane| lane.lock().pop_front()) {
                if searching {
                    searching = false;
                    if self.crew.end_search() && self.any_work() {
                        self.summon();
                    }
                }
                task.0.add(1);
                if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    self.crew.close();
                }
            } else if !searching {
                searching = true;
                self.crew.begin_search();
            } else if self.crew.sleep(|| self.any_work()) == Rest::ForGood {
                return;
            }
        }
    }
}

/// Every task is run once, whoever sleeps when it comes: a task that nobody is called for would have the model end in a deadlock,
/// because the pool is closed by who runs the last one.
fn every_task_is_run(workers: usize, submitters: usize, each: usize) {
    model(move || {
        let pool = Pool::new(workers, submitters, submitters * each);
        let at_work: Vec<_> = (0..workers)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || pool.work())
            })
            .collect();
        let numbers: Vec<_> = (0..submitters * each).map(|_| Watched::new()).collect();
        let submit = move |pool: &Pool, numbers: &[std::sync::Arc<Watched>], lane: usize| {
            numbers[lane * each..(lane + 1) * each].iter().for_each(|number| {
                assert!(pool.submit(lane, Task(number.clone())));
            });
        };
        let others: Vec<_> = (1..submitters)
            .map(|lane| {
                let (pool, numbers) = (pool.clone(), numbers.clone());
                thread::spawn(move || submit(&pool, &numbers, lane))
            })
            .collect();
        submit(&pool, &numbers, 0);
        others.into_iter().chain(at_work).for_each(|thread| thread.join().unwrap());
        numbers.iter().for_each(|number| assert_eq!(number.get(), 1));
        let roster = pool.crew.roster();
        assert_eq!((roster.workers, roster.asleep, roster.blocked), (0, 0, 0));
    });
}

#[test]
fn one_worker_misses_no_task() {
    every_task_is_run(1, 1, 2);
}

#[test]
fn one_worker_misses_no_submitter() {
    every_task_is_run(1, 2, 1);
}

#[test]
fn two_workers_miss_no_task() {
    every_task_is_run(2, 1, 2);
}

/// A busy worker takes a share of a lane into its own, and its first task lasts until the other one has run the rest: it has hidden
/// them from that one for a moment, and so calls it as a submitter does.
#[test]
fn a_share_that_is_moved_is_not_missed() {
    model(|| {
        let pool = Pool::new(2, 2, 2);
        assert!(!pool.crew.end_search());
        let numbers = [Watched::new(), Watched::new(), Watched::new()];
        {
            let mut queue = pool.lanes[0].lock();
            numbers.iter().for_each(|number| queue.submit(Task(number.clone())));
        }
        let other = {
            let pool = pool.clone();
            thread::spawn(move || pool.work())
        };
        let mut hand = std::collections::VecDeque::new();
        pool.lanes[0].lock().share(2, &mut hand);
        let first = hand.pop_front();
        pool.lanes[1].lock().append(&mut hand);
        if pool.crew.is_short() {
            pool.summon();
        }
        other.join().unwrap();
        first.into_iter().for_each(|first| first.0.add(1));
        numbers.iter().for_each(|number| assert_eq!(number.get(), 1));
    });
}

/// A worker that blocks makes room for one more, who is called if a task waits.
#[test]
fn a_place_that_is_lent_is_taken() {
    model(|| {
        // One may work; the other one sleeps, or is about to, or leaves as one too many.
        let pool = Pool::new(1, 1, 1);
        let number = Watched::new();
        let hired = Arc::new(AtomicUsize::new(0));
        let first = {
            let (pool, hired) = (pool.clone(), hired.clone());
            thread::spawn(move || {
                assert!(!pool.crew.end_search() || !pool.any_work());
                pool.crew.block(false);
                if pool.crew.is_short() && pool.any_work() && pool.crew.summon(|| 1) {
                    hired.fetch_add(1, Ordering::AcqRel);
                }
            })
        };
        let mut queue = pool.lanes[0].lock();
        queue.submit(Task(number.clone()));
        drop(queue);
        if pool.crew.is_short() && pool.crew.summon(|| 1) {
            hired.fetch_add(1, Ordering::AcqRel);
        }
        first.join().unwrap();
        assert_eq!(hired.load(Ordering::Acquire), 1, "somebody was called, and one only");
    });
}

/// One more is hired for a task while a worker waits, and is refused, or fails: the one who waited has not left as one too many.
#[test]
fn a_refused_hire_leaves_nobody_without_a_worker() {
    model(|| {
        let pool = Pool::new(1, 1, 1);
        let number = Watched::new();
        assert!(!pool.crew.end_search());
        pool.crew.block(false);
        let worker = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.crew.unblock(false, true, false);
                pool.work_on(false);
            })
        };
        let mut queue = pool.lanes[0].lock();
        queue.submit(Task(number.clone()));
        drop(queue);
        if pool.crew.is_short() && pool.crew.summon(|| 1) {
            pool.crew.strike_off();
        }
        worker.join().unwrap();
        assert_eq!(number.get(), 1);
    });
}

/// The one who was hired comes, when the one who waited is back: one of the two goes, and the task is run.
#[test]
fn one_of_two_is_enough_for_one_place() {
    model(|| {
        let pool = Pool::new(1, 1, 1);
        let number = Watched::new();
        assert!(!pool.crew.end_search());
        pool.crew.block(false);
        let mut queue = pool.lanes[0].lock();
        queue.submit(Task(number.clone()));
        drop(queue);
        assert!(pool.crew.is_short() && pool.crew.summon(|| 1));
        let hired = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.crew.enter();
                pool.work();
            })
        };
        pool.crew.unblock(false, true, false);
        pool.work_on(false);
        hired.join().unwrap();
        assert_eq!(number.get(), 1);
        let roster = pool.crew.roster();
        assert_eq!((roster.workers, roster.entering, roster.asleep), (0, 0, 0));
    });
}

/// A submit against a shutdown that drains: what was accepted is drained, and what was refused was not queued.
#[test]
fn shutdown_against_submit() {
    model(|| {
        let pool = Pool::new(1, 2, 1);
        let number = Watched::new();
        let submitter = {
            let (pool, number) = (pool.clone(), number.clone());
            thread::spawn(move || {
                let accepted = pool.submit(1, Task(number));
                (accepted, pool.submit(1, Task(Watched::new())))
            })
        };
        let mut drained = 0;
        for lane in &pool.lanes {
            let mut queue = lane.lock();
            queue.open = false;
            drained += queue.drain().len();
        }
        let (first, second) = submitter.join().unwrap();
        assert_eq!(drained, usize::from(first) + usize::from(second));
        assert!(first || !second);
        assert!(!pool.any_work());
    });
}

/// A share that is moved against a shutdown that drains: what is not drained is left to who moves it, and nothing stays in a lane.
#[test]
fn shutdown_against_a_share_that_is_moved() {
    model(|| {
        let pool = Pool::new(1, 2, 2);
        {
            let mut queue = pool.lanes[0].lock();
            (0..3).for_each(|_| queue.submit(Task(Watched::new())));
        }
        let mover = {
            let pool = pool.clone();
            thread::spawn(move || {
                let mut hand = std::collections::VecDeque::new();
                pool.lanes[0].lock().share(2, &mut hand);
                pool.lanes[1].lock().append(&mut hand);
                hand.len()
            })
        };
        let mut drained: usize = pool.lanes.iter().rev().map(|lane| lane.lock().drain().len()).sum();
        drained += mover.join().unwrap();
        assert_eq!(drained, 3);
        assert!(!pool.any_work());
    });
}
