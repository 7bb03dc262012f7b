//! A future's state, as the user sees it.

use super::state::Phase;

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

impl Status {
    pub(super) fn of(phase: Phase) -> Status {
        match phase {
            Phase::Pending => Status::Pending,
            Phase::Running => Status::Running,
            Phase::Cancelled => Status::Cancelled,
            Phase::CancelledAndNotified => Status::CancelledAndNotified,
            Phase::Result | Phase::Failure | Phase::ResultByHand | Phase::FailureByHand => Status::Finished,
        }
    }
}
