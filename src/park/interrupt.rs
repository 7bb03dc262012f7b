//! Interrupts: a thread that wants to hear of signals while it waits.
//!
//! A wait goes on whatever signals come. Who embeds pirn into an interpreter needs more: its signal handlers only make a note, and
//! what they stand for (Python's KeyboardInterrupt) is to run in the thread that waits, and may end the wait. So a thread
//! can leave a hook here, which is asked after a signal handler has run during a wait that has a deadline; "end it" is to the wait
//! as if the deadline had passed. Nothing is lost by that: a waiter that was notified meanwhile takes its notice.

use std::cell::RefCell;
use std::rc::Rc;

/// Says whether the wait is to end.
type Hook = Rc<dyn Fn() -> bool>;

thread_local! {
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// Sets the calling thread's hook, or none. The one before it is dropped: no borrow is held meanwhile, as that is user code.
pub fn set_interrupt_hook(hook: Option<Hook>) {
    drop(HOOK.try_with(|slot| slot.replace(hook)));
}

/// A signal handler has run while the calling thread slept: whether its wait is to end. The hook is user code, called with
/// nothing held but the waiter's place on its list; it may wait itself.
#[cold]
pub(super) fn is_called_off() -> bool {
    let hook = HOOK.try_with(|slot| slot.borrow().clone()).ok().flatten();
    hook.is_some_and(|hook| hook())
}
