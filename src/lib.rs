//! pirn: the objects and semantics of Python's `threading`, `queue` and `concurrent.futures`, behind a C ABI.
//!
//! The layers, top to bottom; each imports only from those below it:
//!
//! - [`capi`]: the `extern "C"` functions. Handles, statuses, callbacks, text; no logic.
//! - [`handle`]: the arena that handles point into, and the check that every use of a handle makes.
//! - [`exec`]: futures, waiting for several, the thread pool, map, parallel for.
//! - [`thread`] and [`queue`]: thread objects with registry, timers and shutdown; queues.
//! - `timer`: who is due when, and the one service thread that waits for it.
//! - [`sync`]: the synchronisation objects.
//! - `park`: deadlines, the internal mutex, wait lists; the one place that puts a thread to sleep.
//! - `sys`: the operating system.
//!
//! [`status`], [`callback`], `hook`, `fallible`, `last_error`, [`identity`] and [`word`] are vocabulary that all of them share.

// With loom there is nothing but the models, and those are tests.
#![cfg_attr(all(loom, not(test)), allow(dead_code, unused_imports))]

pub mod callback;
#[cfg(not(loom))]
pub mod capi;
mod cut;
#[cfg(not(loom))]
pub mod exec;
/// Of these the models need a few.
#[cfg_attr(loom, allow(dead_code))]
mod fallible;
/// Of handles the models run the pins alone.
#[cfg_attr(loom, allow(dead_code))]
pub mod handle;
#[cfg_attr(loom, allow(dead_code))]
mod hook;
pub mod identity;
#[cfg_attr(loom, allow(dead_code))]
mod inject;
#[cfg(not(loom))]
mod last_error;
#[cfg(not(loom))]
mod load;
#[cfg(all(test, loom))]
mod models;
mod park;
pub mod queue;
/// The parts of `exec` that models run.
#[cfg(all(test, loom))]
#[allow(dead_code)]
mod exec {
    pub mod backlog;
    pub mod channel;
    pub mod crew;
    pub mod lane;
    pub mod split;
    pub mod state;
}
#[allow(non_camel_case_types)]
pub mod status;
pub mod sync;
mod sys;
#[cfg(not(loom))]
pub mod thread;
/// Of the threads, what the models run.
#[cfg(loom)]
mod thread {
    pub mod handshake;
    pub mod table;
}
/// The models start the service in their own way.
#[cfg_attr(loom, allow(dead_code))]
mod timer;
pub mod word;

pub use park::{Deadline, FOREVER, TIMEOUT_MAX, Timeout};
