//! Models: the real code of the synchronisation objects, run by loom through every interleaving of its atomic steps (up to a
//! bound on preemptions), over a futex whose deadlines pass at any point.
//!
//! `make models` runs them; each says what it proves. The bound: at most [`PREEMPTIONS`] preemptive switches an
//! execution, or what `LOOM_MAX_PREEMPTIONS` says. (Musuvathi and Qadeer, "Iterative Context Bounding", PLDI 2007: most
//! concurrency bugs need no more than two.)

mod event;
mod lock;
mod mutex;

/// The default bound on preemptive switches.
const PREEMPTIONS: usize = 2;

fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(PREEMPTIONS));
    builder.check(body);
}
