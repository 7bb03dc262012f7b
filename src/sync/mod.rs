//! The synchronisation objects: what each waits for, and who is woken.
//!
//! Each comes as a `Raw…` core, a tagged word and a wait list, whose calls take the tag that they expect (the C layer keeps
//! cores in handle slots), and as a safe Rust object around such a core.

mod event;
mod lock;
mod retire;
#[cfg(all(test, not(loom)))]
mod tests;

pub use event::{Event, RawEvent};
pub use lock::{Lock, RawLock};
