//! pirn: the objects and semantics of Python's threading, queue and concurrent.futures, for C.
//!
//! What holds for every function:
//!
//! Status. A function that can fail returns a pirn_status_t. 0 (PIRN_OK) is success. Positive: the call worked and the answer
//! is no (PIRN_TIMED_OUT, PIRN_WOULD_BLOCK, PIRN_END). Negative: an error, and nothing was changed. Out-parameters are written
//! only on PIRN_OK unless a function says otherwise. pirn_last_error() gives the calling thread's most recent error in words.
//! Every function may also return PIRN_ERR_INTERNAL, which is a bug in pirn that was caught, and those that make an object
//! PIRN_ERR_NO_MEMORY. (What is under way when memory runs out goes on, out of a pool that is kept for that, if need be without
//! the words of a failure; as long as half of the pool is gone such functions are refused. Only when all of it is gone, or a list of
//! thousands is needed where nobody can be told, does the process end, with a message.)
//!
//! Handles. Every pirn_..._t * is an opaque handle, not an address. A handle that a call returns through an out-parameter
//! belongs to the caller, who gives it back once with the matching _free. Freeing NULL is PIRN_OK. Freeing a handle never
//! stops a thread, a task or a timer: the object lives until nothing uses it. Freeing a lock, rlock, condition, semaphore,
//! event, barrier or queue on which threads wait is PIRN_ERR_BUSY, and the handle stays valid. No handle makes undefined
//! behaviour: NULL, a freed handle, a double free, a handle of another type, an integer that never was a handle get
//! PIRN_ERR_INVALID_HANDLE; a free that races with a use on another thread either makes that use invalid or comes after it.
//! Different handles may lead to one object (two calls of pirn_current_thread): pirn_object_id tells.
//!
//! Threads. Any thread may call any function. One that pirn did not start is called foreign; it is registered, as a dummy
//! thread, only when it asks for its own object. No function may be called from a signal handler.
//!
//! Time. Limits are `double seconds` on the monotonic clock. PIRN_FOREVER (-1.0) and +infinity mean no limit, 0 polls. NaN or
//! any other negative number is PIRN_ERR_INVALID_ARGUMENT, above PIRN_TIMEOUT_MAX is PIRN_ERR_OVERFLOW; both are checked also
//! where the call would not have blocked. Signals never cut a wait short,
//! unless the thread wants it so (pirn_set_interrupt).
//!
//! Callbacks. A function pointer, `void *arg`, and `pirn_free_fn arg_free` (may be NULL), which is called exactly once with arg when
//! pirn is done with it, whether or not the callback ever ran, and also when the call that took them fails. A callback
//! returns 0 for success; anything else is "an exception was raised", and `return pirn_raise(7, "disk full");` gives it
//! words. A failure that no caller gets to see (a thread's, an initializer's, that of a task without a future) goes to the
//! excepthook, which writes the thread's name, the code and the words to stderr. PIRN_EXIT is the code that is ignored
//! silently (Python's SystemExit). No lock of pirn's own is held while a callback runs: it may call any pirn function.
//! Pointers that a callback is shown are borrowed for the time of the call.
//! Callbacks that leave otherwise than by returning (longjmp, a C++ exception, pthread_exit, pthread_cancel) are not supported:
//! they end the process. After the shutdown a thread that is cut off in a callback, as interpreters do to daemon threads, stays behind.
//!
//! Text is UTF-8 with a final NUL. Getters copy: (char *buf, size_t cap, size_t *len) writes at most cap bytes,
//! NUL-terminated where cap > 0 (buf may be NULL if cap is 0), and *len (len may be NULL) is the whole length without the NUL,
//! so len >= cap tells of a cut, which may be inside a character. Messages are passed on as they are, UTF-8 or not.
//!
//! Fork. After fork() the child has one thread, which is its main thread; the others, and pending timers, are not alive there
//! and joins of them return at once. Objects stay usable; locks that another thread held stay locked. Executors start fresh
//! workers on the next submit; futures that were queued or running are cancelled in the child, where none of their callbacks run.
//!
//! Exit. On exit() or return from main, pirn runs the pirn_at_shutdown callbacks, last in first out, shuts its executors down
//! (they finish what they have), and joins every started non-daemon thread (a pending timer that is no daemon counts). Daemon
//! threads are cut off by the process's end. A callback of pirn_at_shutdown that was registered before a fork() runs at the
//! child's exit, too. Call exit() in one thread only: C leaves it undefined when a second thread calls it meanwhile, and what
//! that thread was to finish may be cut off.
//! The library stays loaded once loaded: dlclose() is harmless.

#![allow(non_camel_case_types)]

pub mod barrier;
mod callback;
pub mod condition;
pub mod event;
pub mod executor;
pub mod future;
mod guard;
pub mod hooks;
pub mod library;
pub mod local;
pub mod lock;
mod object;
pub mod queue;
pub mod rlock;
pub mod semaphore;
pub mod status;
mod text;
pub mod thread;
pub mod timer;
pub mod types;
