//! Backlog: submitters that wait for room.

use super::{model, soon};
use crate::Deadline;
use crate::exec::backlog::{Backlog, Patience};
use crate::status::Error;
use crate::sys::futex;
use loom::sync::Arc;
use loom::thread;

const FOREVER: Patience = Patience::Until(Deadline::NEVER);

fn full() -> Arc<Backlog> {
    let backlog = Arc::new(Backlog::new(1));
    backlog.admit(1, Patience::None).unwrap();
    backlog
}

fn submit(backlog: &Arc<Backlog>, count: usize, patience: Patience) -> thread::JoinHandle<Result<(), Error>> {
    let backlog = backlog.clone();
    thread::spawn(move || backlog.admit(count, patience))
}

/// As many come as places are made: each of them gets one.
#[test]
fn each_place_lets_one_in() {
    model(|| {
        let backlog = Arc::new(Backlog::new(2));
        backlog.admit(1, Patience::None).unwrap();
        backlog.admit(1, Patience::None).unwrap();
        let submitters = [submit(&backlog, 1, FOREVER), submit(&backlog, 1, FOREVER)];
        backlog.leave(1);
        backlog.leave(1);
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap().unwrap());
        assert_eq!(backlog.queued(), 2);
    });
}

/// A limit that passes at any point: the room goes to the one who waits, or is there for the next.
#[test]
fn timeout_against_room() {
    model(|| {
        let backlog = full();
        let clock = thread::spawn(futex::expire);
        let submitter = submit(&backlog, 1, Patience::Until(soon()));
        backlog.leave(1);
        let result = submitter.join().unwrap();
        clock.join().unwrap();
        match result {
            Ok(()) => assert_eq!(backlog.admit(1, Patience::None), Err(Error::WouldBlock)),
            Err(error) => assert_eq!((error, backlog.admit(1, Patience::None)), (Error::TimedOut, Ok(()))),
        }
    });
}

/// A close at any point: everyone gets through.
#[test]
fn close_against_submitters() {
    model(|| {
        let backlog = full();
        let submitters = [submit(&backlog, 2, FOREVER), submit(&backlog, 1, FOREVER)];
        backlog.close();
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap().unwrap());
        assert_eq!(backlog.queued(), 4);
    });
}

/// The bound is lifted, or raised, while someone waits, or is about to: there is room now, and nobody leaves who would say so.
fn a_bound_is_set_to(bound: usize) {
    model(move || {
        let backlog = full();
        let submitter = submit(&backlog, 1, FOREVER);
        backlog.set_bound(bound);
        submitter.join().unwrap().unwrap();
        assert_eq!(backlog.queued(), 2);
    });
}

#[test]
fn no_bound_any_more() {
    a_bound_is_set_to(0);
}

#[test]
fn a_higher_bound() {
    a_bound_is_set_to(2);
}
