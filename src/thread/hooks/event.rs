//! What a hook is told.

/// What a trace or profile hook is told. The pointer is good for the time of the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct pirn_trace_event_t {
    /// The size of what the library wrote: fields are only ever added at the end.
    pub size: u32,
    /// `PIRN_TRACE_...`
    pub kind: i32,
    /// What the object is, `PIRN_KIND_...`; 0 if there is none.
    pub object_kind: i32,
    /// The failure's code; the `pirn_status_t` that a wait ended with.
    pub code: i32,
    /// The ident of the thread that it happens on: the one that runs the hook.
    pub thread: u64,
    /// The object's identity, as `pirn_object_id` gives it; 0 if there is none.
    pub object: u64,
    /// When it happened, in nanoseconds on the monotonic clock.
    pub time_ns: i64,
    /// How long it took, for the kinds that end something; else 0.
    pub duration_ns: i64,
}

/// A trace or profile hook.
pub type TraceFn = unsafe extern "C" fn(event: *const pirn_trace_event_t, arg: *mut core::ffi::c_void);

/// The numbers are those of `PIRN_TRACE_...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum EventKind {
    /// A thread begins.
    ThreadStart = 1,
    /// A thread's target is over.
    ThreadEnd = 2,
    /// A thread begins to wait.
    WaitBegin = 3,
    /// A thread goes on.
    WaitEnd = 4,
    /// A task is queued.
    TaskSubmit = 5,
    /// A task begins.
    TaskStart = 6,
    /// A task is over.
    TaskEnd = 7,
    /// A timer's function is about to run.
    TimerFire = 8,
    /// A timer was cancelled before it fired.
    TimerCancel = 9,
    /// A callback failed.
    Failure = 10,
}

impl EventKind {
    /// Whether it ends something, and so has a duration: what a profile hook sees.
    pub fn is_end(self) -> bool {
        matches!(self, EventKind::ThreadEnd | EventKind::WaitEnd | EventKind::TaskEnd)
    }
}
