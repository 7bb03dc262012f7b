//! Futures, waiting for several of them, the thread pool, map, parallel for.
//!
//! Locks, outer before inner, each held for moments only:
//!
//! ```text
//! a future's state  ->  its pool's state
//!                   ->  the inbox of someone who watches it (`Channel`)
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
mod channel;
mod executor;
mod future;
mod map;
mod phase;
mod pool;
mod range;
mod split;
#[cfg(test)]
mod tests;
mod wait;
mod work;
mod worker;

pub use aftermath::DoneCallback;
pub use executor::Executor;
pub use future::Future;
pub use map::Map;
pub use phase::Status;
pub use wait::{AsCompleted, ReturnWhen, Waited, wait};
pub use work::Value;
