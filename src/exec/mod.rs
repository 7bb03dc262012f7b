//! Futures, waiting for several of them, the thread pool, map, parallel for.
//!
//! What lies where, from the outside in:
//!
//! ```text
//! executor   what its user holds          future     a result that will be there later: an owner of a
//! pool       threads, settings, the end   record     slot of the arena, whose first word is the
//! submit     how tasks get into it        state      state, with every edge that it can take
//! shift      lanes, crew and counts       aftermath  what the end of a future brings about
//! worker     a thread of the pool         channel    how futures tell those who watch several
//! crew       who looks for work, sleeps   wait, map  those who do
//! lane       a queue of entries           range      parallel for
//! ranks      tasks with a priority        split      the range, shared out among threads
//! backlog    submitters waiting for room
//! pace       how fast a worker takes
//! ```
//!
//! Locks, outer before inner, each held for moments only:
//!
//! ```text
//! a pool's state  ->  its crew's roster  ->  one lane  ->  its ranks, or its backlog
//! a future's bucket  ->  the inbox of someone who watches it (`Channel`)
//! ```
//!
//! No user code runs under any of them. User code is not only what is called by name: it also runs in the drop of a task (its
//! `arg_free`), of a future (its `result_free`), and of a pool (its initializer's `arg_free`). So all of these leave a locked
//! section by value and are dropped behind it.
//!
//! Fork: a future of an executor and the pool itself remember the epoch (`sys::fork`) that they belong to. The first look at
//! one from a later epoch puts it right: the pool has no workers and no queue, the future, if it was not done, is cancelled. What
//! it held of the user's is forgotten: it is the parent's to give back.

mod aftermath;
mod backlog;
mod channel;
mod crew;
mod entry;
mod executor;
mod failure;
mod future;
mod lane;
mod map;
mod pace;
mod phase;
mod pool;
mod range;
mod ranks;
mod record;
mod shift;
mod split;
mod state;
mod submit;
#[cfg(test)]
mod tests;
mod wait;
mod work;
mod worker;

pub use aftermath::DoneCallback;
pub use backlog::Patience;
pub use executor::{Executor, Refused};
pub use future::{Alias, Future};
pub use map::Map;
pub use phase::Status;
pub use wait::{AsCompleted, ReturnWhen, Waited, wait};
pub use work::Value;
