//! Every status in one place: code, name, and what it says.

/// What a function that can fail returns: 0 is success; positive, the call worked and the answer is no; negative, an error,
/// and nothing was changed.
pub type pirn_status_t = i32;

macro_rules! statuses {
    ($($code:ident = $variant:ident, $message:literal;)+) => {
        /// Why a call did not simply succeed. The discriminants are the C codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[repr(i32)]
        pub enum Error {
            $(
                #[doc = $message]
                #[error($message)]
                $variant = $code,
            )+
        }

        impl Error {
            /// Every error, in the order of the table.
            pub const ALL: &[Error] = &[$(Error::$variant),+];

            /// The name of the C constant.
            pub fn name(self) -> &'static core::ffi::CStr {
                match self { $(Error::$variant => cstr(concat!(stringify!($code), "\0"))),+ }
            }

            /// What it means, in one sentence.
            pub fn message(self) -> &'static core::ffi::CStr {
                match self { $(Error::$variant => cstr(concat!($message, "\0"))),+ }
            }
        }
    };
}

const fn cstr(text: &'static str) -> &'static core::ffi::CStr {
    match core::ffi::CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a status text holds a NUL"),
    }
}

/// Done.
pub const PIRN_OK: pirn_status_t = 0;
/// The time limit passed first; nothing changed.
pub const PIRN_TIMED_OUT: pirn_status_t = 1;
/// A `try_` call could not proceed at once; nothing changed.
pub const PIRN_WOULD_BLOCK: pirn_status_t = 2;
/// An iteration has no more elements.
pub const PIRN_END: pirn_status_t = 3;
/// The handle is NULL, freed, of another type, or never was a handle.
pub const PIRN_ERR_INVALID_HANDLE: pirn_status_t = -1;
/// A value is outside its range, or a pointer is NULL where one is required (Python: ValueError, TypeError).
pub const PIRN_ERR_INVALID_ARGUMENT: pirn_status_t = -2;
/// A timeout is above `PIRN_TIMEOUT_MAX`, or a counter would overflow.
pub const PIRN_ERR_OVERFLOW: pirn_status_t = -3;
/// The lock is not locked.
pub const PIRN_ERR_NOT_LOCKED: pirn_status_t = -4;
/// The calling thread does not hold the lock that the call needs.
pub const PIRN_ERR_NOT_OWNER: pirn_status_t = -5;
/// A bounded semaphore was released, or `task_done` called, too often.
pub const PIRN_ERR_OVER_RELEASE: pirn_status_t = -6;
/// A second start, or a setting changed after the start.
pub const PIRN_ERR_ALREADY_STARTED: pirn_status_t = -7;
/// The thread was never started.
pub const PIRN_ERR_NOT_STARTED: pirn_status_t = -8;
/// The call could never return: a thread joining itself, a joining of a dummy thread, and the like.
pub const PIRN_ERR_DEADLOCK: pirn_status_t = -9;
/// The barrier is, or was made, broken.
pub const PIRN_ERR_BROKEN_BARRIER: pirn_status_t = -10;
/// The future was cancelled.
pub const PIRN_ERR_CANCELLED: pirn_status_t = -11;
/// The task or callback returned a non-zero code.
pub const PIRN_ERR_TASK_FAILED: pirn_status_t = -12;
/// The object is not in a state that allows the call: a result set twice on a future, and the like.
pub const PIRN_ERR_INVALID_STATE: pirn_status_t = -13;
/// The executor, the queue or the library has been shut down.
pub const PIRN_ERR_SHUT_DOWN: pirn_status_t = -14;
/// A worker's initializer failed.
pub const PIRN_ERR_BROKEN_EXECUTOR: pirn_status_t = -15;
/// There is no such thread-local attribute.
pub const PIRN_ERR_NOT_FOUND: pirn_status_t = -16;
/// Freed while threads wait on it; the handle stays valid.
pub const PIRN_ERR_BUSY: pirn_status_t = -17;
/// An allocation failed.
pub const PIRN_ERR_NO_MEMORY: pirn_status_t = -18;
/// The system refused a new thread.
pub const PIRN_ERR_NO_THREAD: pirn_status_t = -19;
/// Not available on this platform or for this object.
pub const PIRN_ERR_UNSUPPORTED: pirn_status_t = -20;
/// A bug in pirn (a Rust panic was caught); never undefined behaviour.
pub const PIRN_ERR_INTERNAL: pirn_status_t = -21;

statuses! {
    PIRN_TIMED_OUT = TimedOut, "the time limit passed first";
    PIRN_WOULD_BLOCK = WouldBlock, "the call could not proceed at once";
    PIRN_END = End, "there are no more elements";
    PIRN_ERR_INVALID_HANDLE = InvalidHandle, "the handle is NULL, freed, of another type, or never was a handle";
    PIRN_ERR_INVALID_ARGUMENT = InvalidArgument, "an argument is outside its range, or NULL where a pointer is required";
    PIRN_ERR_OVERFLOW = Overflow, "a timeout is above PIRN_TIMEOUT_MAX, or a counter would overflow";
    PIRN_ERR_NOT_LOCKED = NotLocked, "the lock is not locked";
    PIRN_ERR_NOT_OWNER = NotOwner, "the calling thread does not hold the lock";
    PIRN_ERR_OVER_RELEASE = OverRelease, "released, or marked done, too often";
    PIRN_ERR_ALREADY_STARTED = AlreadyStarted, "already started";
    PIRN_ERR_NOT_STARTED = NotStarted, "the thread was never started";
    PIRN_ERR_DEADLOCK = Deadlock, "the call could never return";
    PIRN_ERR_BROKEN_BARRIER = BrokenBarrier, "the barrier is broken";
    PIRN_ERR_CANCELLED = Cancelled, "the future was cancelled";
    PIRN_ERR_TASK_FAILED = TaskFailed, "the task or callback failed";
    PIRN_ERR_INVALID_STATE = InvalidState, "the object's state does not allow the call";
    PIRN_ERR_SHUT_DOWN = ShutDown, "the executor, the queue or the library has been shut down";
    PIRN_ERR_BROKEN_EXECUTOR = BrokenExecutor, "a worker's initializer failed";
    PIRN_ERR_NOT_FOUND = NotFound, "there is no such attribute";
    PIRN_ERR_BUSY = Busy, "threads wait on the object";
    PIRN_ERR_NO_MEMORY = NoMemory, "an allocation failed";
    PIRN_ERR_NO_THREAD = NoThread, "the system refused a new thread";
    PIRN_ERR_UNSUPPORTED = Unsupported, "not available on this platform or for this object";
    PIRN_ERR_INTERNAL = Internal, "a bug in pirn was caught";
}

impl Error {
    /// The C code.
    pub fn code(self) -> pirn_status_t {
        self as pirn_status_t
    }

    /// The error with this code.
    pub fn from_code(code: pirn_status_t) -> Option<Error> {
        Error::ALL.iter().copied().find(|error| error.code() == code)
    }

    /// Whether this is an error, and not just the answer "no".
    pub fn is_failure(self) -> bool {
        self.code() < 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_table_without_gaps() {
        let codes: Vec<_> = Error::ALL.iter().map(|e| e.code()).collect();
        let expected: Vec<_> = (1..=3).chain((-21..=-1).rev()).collect();
        assert_eq!(codes, expected);
    }

    #[test]
    fn names_follow_the_sign() {
        for &error in Error::ALL {
            let name = error.name().to_str().unwrap();
            assert!(name.starts_with("PIRN_"));
            assert_eq!(name.starts_with("PIRN_ERR_"), error.is_failure(), "{name}");
            assert_eq!(Error::from_code(error.code()), Some(error));
        }
        assert_eq!(Error::from_code(0), None);
    }
}
