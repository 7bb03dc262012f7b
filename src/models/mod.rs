//! Models: the real code of the synchronisation objects, run by loom through every interleaving of its atomic steps (up to a
//! bound on preemptions), over a futex whose deadlines pass at any point.
//!
//! `make models` runs them; each says what it proves. The bound: at most [`PREEMPTIONS`] preemptive switches an
//! execution, or what `LOOM_MAX_PREEMPTIONS` says. (Musuvathi and Qadeer, "Iterative Context Bounding", PLDI 2007: most
//! concurrency bugs need no more than two.)

mod backlog;
mod barrier;
mod condition;
mod crew;
mod event;
mod future;
mod handshake;
mod hook;
mod local;
mod lock;
mod mutex;
mod pins;
mod queue;
mod rlock;
mod semaphore;
mod split;
mod timer;

use crate::{Deadline, Timeout};
use core::sync::atomic::{AtomicUsize, Ordering};
use loom::cell::UnsafeCell;
use std::sync::Arc;

/// The default bound on preemptive switches.
const PREEMPTIONS: usize = 2;

/// Runs `body` through every interleaving up to the bound, and says how many there were.
fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    let bound = *builder.preemption_bound.get_or_insert(PREEMPTIONS);
    let (begin, limit) = (std::time::Instant::now(), builder.max_duration);
    let executions = Arc::new(AtomicUsize::new(0));
    let counted = executions.clone();
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        body();
    });
    let all = match limit {
        Some(limit) if begin.elapsed() >= limit => ", not all: its time was up",
        _ => "",
    };
    println!("{} executions with at most {bound} preemptions{all}", executions.load(Ordering::Relaxed));
}

/// A limit that passes when the model lets it.
fn soon() -> Deadline {
    Timeout::from_seconds(1.0).unwrap().deadline()
}

/// A number that is accessed without any ordering of its own: loom reports two accesses that nothing else orders.
#[derive(Default)]
struct Watched(UnsafeCell<i32>);

// SAFETY: what is modelled orders the accesses, which is what the models check.
unsafe impl Sync for Watched {}
// SAFETY: a number.
unsafe impl Send for Watched {}

impl Watched {
    fn new() -> Arc<Watched> {
        Arc::default()
    }

    fn add(&self, n: i32) {
        // SAFETY: as for Sync.
        self.0.with_mut(|number| unsafe { *number += n });
    }

    fn get(&self) -> i32 {
        // SAFETY: as for Sync.
        self.0.with(|number| unsafe { *number })
    }
}
