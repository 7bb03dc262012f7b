//! The phases of a future; see there for the edges between them.

use super::work::{Job, Value};
use crate::callback::CallError;

/// Where a future is in its life. The numbers are those of `PIRN_FUTURE_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Neither started nor cancelled.
    Pending = 0,
    /// Under way.
    Running = 1,
    /// Cancelled; a free-standing future's owner has not taken note yet.
    Cancelled = 2,
    /// Cancelled, and everyone knows.
    CancelledAndNotified = 3,
    /// With a result or a failure.
    Finished = 4,
}

/// Where a future is, with what belongs to that.
pub(super) enum Phase {
    /// An executor's future has its job.
    Pending(Option<Job>),
    Running,
    Cancelled,
    CancelledAndNotified,
    Finished(Result<Value, CallError>),
}

impl Phase {
    /// As the user sees it.
    pub fn status(&self) -> Status {
        match self {
            Phase::Pending(_) => Status::Pending,
            Phase::Running => Status::Running,
            Phase::Cancelled => Status::Cancelled,
            Phase::CancelledAndNotified => Status::CancelledAndNotified,
            Phase::Finished(_) => Status::Finished,
        }
    }

    /// Whether there is nothing to wait for any longer.
    pub fn is_over(&self) -> bool {
        !matches!(self, Phase::Pending(_) | Phase::Running)
    }

    /// Whether everyone has been told.
    pub fn is_done(&self) -> bool {
        matches!(self, Phase::CancelledAndNotified | Phase::Finished(_))
    }

    /// Whether it is done, with a failure.
    pub fn has_failed(&self) -> bool {
        matches!(self, Phase::Finished(Err(_)))
    }
}
