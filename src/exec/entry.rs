//! What stands in a lane.

use super::lane::Withdrawable;
use super::record::Record;
use crate::callback::Task;
use crate::handle::Handle;

/// A task in a queue.
#[derive(Debug)]
pub(super) enum Entry {
    /// The task of the future with these bits, if that is still pending. The entry owns nothing: when the future is cancelled, or
    /// run by someone who waits for it, its record goes, and the bits name nothing any more.
    Future(Handle),
    /// A task whose result nobody wants.
    Detached(Task),
    /// For a task that is in `ranks`, above 0 or below.
    TicketAbove,
    TicketBelow,
}

impl Withdrawable for Entry {
    fn is_pending(&self) -> bool {
        match self {
            Entry::Future(handle) => Record::find(*handle).is_some_and(|(record, tag)| record.state().is_pending(tag)),
            Entry::Detached(_) | Entry::TicketAbove | Entry::TicketBelow => true,
        }
    }
}
