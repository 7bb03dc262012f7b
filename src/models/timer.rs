//! Timers: the service, between those who start and cancel entries and the system's clock.

use super::model;
use crate::park::Deadline;
use crate::sync::Event;
use crate::sys::futex;
use crate::timer::{Entry, Node, Service};
use loom::sync::Arc as Shared;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread::{self, JoinHandle};
use std::sync::Arc;

/// A timer without its thread: it counts how often it has fired, and is done when it has fired or was cancelled.
struct Probe {
    fired: AtomicUsize,
    done: Event,
    node: Node<Probe>,
}

// SAFETY: its own node; each execution of a model has one service.
unsafe impl Entry for Probe {
    fn node(&self) -> &Node<Probe> {
        &self.node
    }
}

/// Due when the model lets the deadlines pass.
const SOON: u64 = 1_000_000_000;

fn probe(delay: u64) -> Arc<Probe> {
    Arc::new(Probe { fired: AtomicUsize::new(0), done: Event::new(), node: Node::new(delay) })
}

/// The service, and how often its thread was started; the model joins what it has started.
struct World {
    service: Service<Probe>,
    threads: loom::sync::Mutex<Vec<JoinHandle<()>>>,
}

impl World {
    fn new() -> Shared<World> {
        Shared::new(World { service: Service::new(), threads: loom::sync::Mutex::new(Vec::new()) })
    }

    fn start(world: &Shared<World>, probe: &Arc<Probe>) {
        // In a model time stands still after all deadlines have passed, so what is to be due then counts from the beginning.
        let now = 1;
        let owner = world.clone();
        let start_service = || {
            let serving = owner.clone();
            let serve = move || {
                serving.service.serve(|pending, probe| {
                    drop(pending);
                    probe.fired.fetch_add(1, Ordering::Relaxed);
                    probe.done.set();
                });
            };
            owner.threads.lock().unwrap().push(thread::spawn(serve));
            true
        };
        let look = world.service.lock().start(probe.clone(), now, true, start_service);
        look.unwrap().wake();
    }

    /// Whether it was in time.
    fn cancel(&self, probe: &Probe) -> bool {
        let removed = self.service.lock().cancel(probe);
        match removed {
            Some((_, look)) => {
                look.wake();
                probe.done.set();
                true
            }
            None => false,
        }
    }

    /// Waits for the service to go, which it does when all deadlines have passed: how often it was there.
    fn end(&self) -> usize {
        let mut times = 0;
        loop {
            let thread = self.threads.lock().unwrap().pop();
            let Some(thread) = thread else { return times };
            thread.join().unwrap();
            times += 1;
        }
    }
}

/// A cancel at any point, against the moment itself: the entry fires once or not at all, and the canceller knows which. A join returns
/// either way.
#[test]
fn cancel_against_fire() {
    model(|| {
        let world = World::new();
        let probe = probe(SOON);
        let clock = thread::spawn(futex::expire);
        World::start(&world, &probe);
        let cancelled = world.cancel(&probe);
        probe.done.wait();
        clock.join().unwrap();
        world.end();
        assert_eq!(probe.fired.load(Ordering::Relaxed), usize::from(!cancelled));
        assert_eq!((world.service.lock().len(), Arc::strong_count(&probe)), (0, 1));
    });
}

/// A start and a cancel on two threads: if the cancel comes first it finds nothing to take back, and the entry fires.
#[test]
fn start_against_cancel() {
    model(|| {
        let world = World::new();
        let probe = probe(SOON);
        let canceller = {
            let (world, probe) = (world.clone(), probe.clone());
            thread::spawn(move || world.cancel(&probe))
        };
        World::start(&world, &probe);
        let cancelled = canceller.join().unwrap();
        futex::expire();
        probe.done.wait();
        world.end();
        assert_eq!(probe.fired.load(Ordering::Relaxed), usize::from(!cancelled));
    });
}

/// A join with a limit that passes at any point, against the moment, which passes with it.
#[test]
fn join_against_fire() {
    model(|| {
        let world = World::new();
        let probe = probe(SOON);
        World::start(&world, &probe);
        let clock = thread::spawn(futex::expire);
        let joined = probe.done.wait_until(super::soon());
        probe.done.wait_until(Deadline::NEVER).unwrap();
        clock.join().unwrap();
        world.end();
        assert!(joined.is_ok() || joined == Err(crate::status::Error::TimedOut));
        assert_eq!(probe.fired.load(Ordering::Relaxed), 1);
    });
}

/// The service has nothing to wait for any more, lingers and goes at any point, against a start: the entry fires all the same, by this
/// service or another one.
#[test]
fn going_against_a_start() {
    model(|| {
        let world = World::new();
        let first = probe(0);
        let second = probe(SOON);
        let clock = thread::spawn(futex::expire);
        World::start(&world, &first);
        World::start(&world, &second);
        second.done.wait();
        first.done.wait();
        clock.join().unwrap();
        assert!((1..=2).contains(&world.end()));
        assert_eq!(first.fired.load(Ordering::Relaxed) + second.fired.load(Ordering::Relaxed), 2);
    });
}

/// The service sleeps for long, or is about to, and an entry comes that is due earlier: it does not wait for the later one, which is never
/// due here.
#[test]
fn an_earlier_one_wakes_the_service() {
    model(|| {
        let world = World::new();
        let later = probe(u64::MAX / 2);
        let at_once = probe(0);
        World::start(&world, &later);
        World::start(&world, &at_once);
        at_once.done.wait();
        assert!(world.cancel(&later));
        futex::expire();
        assert_eq!(world.end(), 1);
    });
}

/// Two threads start one each, none of which relies on a service that the other one's is not.
#[test]
fn starts_share_a_service() {
    model(|| {
        let world = World::new();
        let probes = [probe(0), probe(0)];
        let other = {
            let (world, probe) = (world.clone(), probes[1].clone());
            thread::spawn(move || World::start(&world, &probe))
        };
        World::start(&world, &probes[0]);
        other.join().unwrap();
        probes.iter().for_each(|probe| probe.done.wait());
        futex::expire();
        assert_eq!(world.end(), 1);
    });
}

/// Who waits until no entry is awaited goes on when the last one has left, by its moment or by a cancel.
#[test]
fn the_last_awaited_one() {
    model(|| {
        let world = World::new();
        let probes = [probe(SOON), probe(SOON)];
        probes.iter().for_each(|probe| World::start(&world, probe));
        let waiter = {
            let world = world.clone();
            thread::spawn(move || {
                world.service.wait_until_none_is_awaited();
                assert_eq!(world.service.lock().len(), 0);
            })
        };
        assert!(world.cancel(&probes[0]));
        futex::expire();
        waiter.join().unwrap();
        probes[1].done.wait();
        world.end();
    });
}
