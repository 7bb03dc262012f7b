//! Waiting: deadlines, the internal mutex, the FIFO wait list, the crowd. The one place that puts a thread to sleep.
//!
//! Threads that wait for one moment, all of them and in no order, wait as a [`Crowd`]: at a barrier. Everything else in pirn that
//! blocks does it through [`wait_on`] (or its safe form, [`Mutex::wait`]): a waiter on the caller's stack is appended to a list,
//! the list's lock is let go, and the thread spins a little and then sleeps on the waiter's own word until a notifier has taken
//! the waiter off the list and stored a notice there, or until the deadline has passed.
//!
//! No wake-up is lost: the waiter is on the list before the lock is let go, so whoever changes what is waited for
//! (under the same lock) finds it there; and being taken off the list happens once, under the lock, so a waiter that
//! times out either takes itself off and has not been notified, or finds itself gone and takes the notice.

mod backoff;
mod bucket;
mod crowd;
mod deadline;
mod interrupt;
mod list;
mod mutex;
mod spin;

pub use crate::sys::clock::Deadline;
pub use backoff::{Backoff, give_way};
pub use bucket::{bucket, lock_both};
pub use crowd::Crowd;
pub use deadline::{FOREVER, TIMEOUT_MAX, Timeout};
pub use interrupt::may_be_called_off;
#[cfg(not(loom))]
pub use interrupt::{drop_interrupt_hook, set_interrupt_hook};
pub use list::{Notice, Notifier, Notifiers, Turn, Wait, WaitList, Waited, wait_on};
pub use mutex::{Mutex, MutexGuard, RawMutex, Wake};
#[cfg(not(loom))]
pub use spin::spin_till;
pub use spin::{Spin, Turns, spin_until};
