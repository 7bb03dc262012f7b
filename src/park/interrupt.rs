//! Interrupts: a thread that wants to hear of signals while it waits.
//!
//! A wait goes on whatever signals come. Who embeds pirn into an interpreter needs more: its signal handlers only make a note, and
//! what they stand for (Python's KeyboardInterrupt) is to run in the thread that waits, and may end the wait. So a thread
//! can leave a hook here, which is asked after a signal handler has run during a wait that has a deadline; "end it" is to the wait
//! as if the deadline had passed. Nothing is lost by that: a waiter that was notified meanwhile takes its notice.

use super::Deadline;
use crate::sys::atomic::AtomicU32;
use crate::sys::futex::{self, Slept};
#[cfg(not(loom))]
use crate::{status::Error, sys::thread::may_keep};
#[cfg(not(loom))]
use core::mem::ManuallyDrop;
#[cfg(not(loom))]
use std::{cell::RefCell, rc::Rc};

/// Sleeps while `word` is `expected`. False: the deadline has passed, or the thread's hook has called the wait off. (What has no
/// deadline is not to be cut short: a lock that is taken again after a wait.) After a true the caller looks at its state again.
pub(super) fn sleep_on(word: &AtomicU32, expected: u32, deadline: Deadline) -> bool {
    match futex::wait(word, expected, deadline) {
        Slept::Woken => true,
        #[cfg(not(loom))]
        Slept::Interrupted => deadline == Deadline::NEVER || !is_called_off(),
        Slept::TimedOut => false,
    }
}

/// Says whether the wait is to end.
#[cfg(not(loom))]
type Hook = Rc<dyn Fn() -> bool>;

#[cfg(not(loom))]
thread_local! {
    static HOOK: ManuallyDrop<RefCell<Option<Hook>>> = const { ManuallyDrop::new(RefCell::new(None)) };
}

/// Sets the calling thread's hook. The one before it is dropped: no borrow is held meanwhile, as that is user code. `NoMemory`.
#[cfg(not(loom))]
pub fn set_interrupt_hook(hook: Hook) -> Result<(), Error> {
    if !may_keep() {
        return Err(Error::NoMemory);
    }
    drop(HOOK.with(|slot| slot.replace(Some(hook))));
    Ok(())
}

/// The same for none, also at the thread's end.
#[cfg(not(loom))]
pub fn drop_interrupt_hook() {
    drop(HOOK.with(|slot| slot.take()));
}

/// Whether a wait of the calling thread until `deadline` can be called off. (Not in models.)
pub fn may_be_called_off(deadline: Deadline) -> bool {
    #[cfg(not(loom))]
    let has_hook = HOOK.with(|slot| slot.borrow().is_some());
    #[cfg(loom)]
    let has_hook = false;
    deadline != Deadline::NEVER && has_hook
}

/// A signal handler has run while the calling thread slept: whether its wait is to end. The hook is user code, called with
/// nothing held but the waiter's place on its list; it may wait itself.
#[cfg(not(loom))]
#[cold]
fn is_called_off() -> bool {
    let hook = HOOK.with(|slot| slot.borrow().clone());
    hook.is_some_and(|hook| hook())
}
