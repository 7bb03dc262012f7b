/**
 * @file
 * Threads: started, named, listed, joined (Python: `threading.Thread`).
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_THREAD_H
#define PIRN_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a thread, to be started with pirn_thread_start.
 *
 * @param target    what it runs; NULL for a thread that does nothing. What it returns is the thread's exit code; one that is
 *                  not 0 goes to the excepthook (PIRN_EXIT silently)
 * @param arg       target's argument
 * @param arg_free  called once with arg: when target has returned and before a join does; when the thread is freed without
 *                  having been started; or when this call fails. May be NULL
 * @param out       where the handle goes; the caller frees it with pirn_thread_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. The name is "Thread-N". The thread is a daemon if the calling thread was started by pirn and is one itself.
 * Python: threading.Thread(target=..., args=...); differs in that a thread made by a foreign thread is no daemon.
 *
 * @pre `target` and `arg_free` may be called with `arg` on any thread; `out` is NULL or valid for a write.
 */
pirn_status_t pirn_thread_new(pirn_target_fn target,
                              void *arg,
                              pirn_free_fn arg_free,
                              pirn_thread_t **out);

/**
 * Lets go of a handle. The thread goes on if it runs; it is gone for good when it has ended and no handle is left.
 *
 * @param thread  the thread, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block and is never busy. Python: the end of a reference.
 */
pirn_status_t pirn_thread_free(pirn_thread_t *thread);

/**
 * Starts the thread.
 *
 * @param thread  the thread
 * @return PIRN_OK                  it runs: it is enumerated, and its ident and native_id are there
 * @return PIRN_ERR_ALREADY_STARTED it was started before, even if it has ended since
 * @return PIRN_ERR_NO_THREAD       the system refuses a new thread; the thread is as before and may be started again
 * @return PIRN_ERR_SHUT_DOWN       the library has been shut down; or the shutdown joins threads, and it would have to wait for
 *                                  this thread, but not for the caller
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_NO_MEMORY
 *
 * Blocks for as long as the system takes to make a thread, not until it gets a processor. Everything done before is seen by the new
 * thread. Python: thread.start().
 */
pirn_status_t pirn_thread_start(pirn_thread_t *thread);

/**
 * Waits until the thread has ended.
 *
 * @param thread  the thread
 * @return PIRN_OK                  it has ended, its argument was given back, it is no longer enumerated, its thread-local
 *                                  values were freed, and the system thread is gone
 * @return PIRN_ERR_NOT_STARTED     it was never started
 * @return PIRN_ERR_DEADLOCK        it is the calling thread, or a dummy
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Blocks without a limit. Any number of threads may join one thread, any number of times; all are woken when it ends. A join of
 * the main thread waits until the shutdown begins to join threads. Everything that the thread did is seen afterwards.
 * Python: thread.join().
 */
pirn_status_t pirn_thread_join(pirn_thread_t *thread);

/**
 * Waits until the thread has ended, for at most so long.
 *
 * @param thread   the thread
 * @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @return PIRN_OK        as for pirn_thread_join
 * @return PIRN_TIMED_OUT it has not ended yet
 * @return PIRN_ERR_NOT_STARTED, PIRN_ERR_DEADLOCK, PIRN_ERR_INVALID_HANDLE as for pirn_thread_join
 * @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks; otherwise as pirn_thread_join. Python: thread.join(seconds), followed by is_alive().
 */
pirn_status_t pirn_thread_join_timeout(pirn_thread_t *thread, double seconds);

/**
 * Says whether the thread runs: false before the start, true through the target and the excepthook, false after.
 *
 * @param thread  the thread
 * @param out     where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: thread.is_alive().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_thread_is_alive(pirn_thread_t *thread,
                                   bool *out);

/**
 * Copies the thread's name.
 *
 * @param thread  the thread
 * @param buf     gets at most `cap` bytes, NUL-terminated where `cap` > 0; may be NULL if `cap` is 0
 * @param cap     the size of `buf`, in bytes
 * @param len     gets the name's whole length in bytes, without the NUL; may be NULL
 * @return PIRN_OK (also when the name was cut: then *len >= cap)
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `buf` is NULL and `cap` is not 0
 *
 * Does not block. Python: thread.name.
 *
 * @pre `buf` is NULL or valid for `cap` bytes, `len` is NULL or valid for a write.
 */
pirn_status_t pirn_thread_name(pirn_thread_t *thread, char *buf, size_t cap, size_t *len);

/**
 * Renames the thread, at any time. While it runs the system's name for it follows, as far as that goes (15 bytes on Linux, cut
 * between characters).
 *
 * @param thread  the thread
 * @param name    UTF-8 text of any length, copied
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `name` is NULL or not UTF-8
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Names need not differ from thread to thread. Python: thread.name = name.
 *
 * @pre `name` is NULL or NUL-terminated.
 */
pirn_status_t pirn_thread_set_name(pirn_thread_t *thread,
                                   const char *name);

/**
 * Gives the thread's number in this process (see pirn_get_ident), which stays after its end.
 *
 * @param thread  the thread
 * @param out     where the number goes; not 0
 * @return PIRN_OK
 * @return PIRN_ERR_NOT_STARTED it was never started
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: thread.ident.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_thread_ident(pirn_thread_t *thread, uint64_t *out);

/**
 * Gives the kernel's number for the thread (on Linux the TID), which stays after its end.
 *
 * @param thread  the thread
 * @param out     where the number goes
 * @return PIRN_OK
 * @return PIRN_ERR_NOT_STARTED it was never started
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block, but for the moment in which a thread that was just started gets a processor for the first time.
 * Python: thread.native_id.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_thread_native_id(pirn_thread_t *thread,
                                    uint64_t *out);

/**
 * Says whether the thread is a daemon: one that the process's end cuts off instead of waiting for it.
 *
 * @param thread  the thread
 * @param out     where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. The main thread is none, a dummy says true. Python: thread.daemon.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_thread_daemon(pirn_thread_t *thread, bool *out);

/**
 * Makes the thread a daemon or not, before its start.
 *
 * @param thread  the thread
 * @param daemon  whether the process's end cuts it off
 * @return PIRN_OK
 * @return PIRN_ERR_ALREADY_STARTED it was started; so are the main thread and dummies
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. Python: thread.daemon = daemon.
 */
pirn_status_t pirn_thread_set_daemon(pirn_thread_t *thread, bool daemon);

/**
 * Gives what the target returned; 0 for a thread without a target.
 *
 * @param thread  the thread
 * @param out     where the code goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_STATE the thread has not ended
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python has none; compare pthread_join's value.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_thread_exit_code(pirn_thread_t *thread, int32_t *out);

/**
 * Gives the calling thread's object. A thread that pirn did not start gets a dummy object at its first call, named "Dummy-N", which
 * stays enumerated until that system thread ends.
 *
 * @param out  where the handle goes; the caller frees it with pirn_thread_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: threading.current_thread().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_current_thread(pirn_thread_t **out);

/**
 * Gives the main thread's object: the process's first thread, or the one that called fork().
 *
 * @param out  where the handle goes; the caller frees it with pirn_thread_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: threading.main_thread().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_main_thread(pirn_thread_t **out);

/**
 * Gives every thread that is alive: the main one, those that pirn started (daemons and pool workers too), pending timers, and
 * dummies.
 *
 * @param buf    gets the first min(cap, *count) handles, each the caller's to free with pirn_thread_free; may be NULL if `cap` is 0
 * @param cap    how many handles fit
 * @param count  gets the whole number
 * @return PIRN_OK (also when not all fit: then *count > cap)
 * @return PIRN_ERR_INVALID_ARGUMENT `count` is NULL, or `buf` is and `cap` is not 0
 * @return PIRN_ERR_NO_MEMORY        no handle was given out
 *
 * Does not block. Threads may have started and ended by the time it returns. Python: threading.enumerate().
 *
 * @pre `buf` is NULL or valid for `cap` handles, `count` is NULL or valid for a write.
 */
pirn_status_t pirn_enumerate(pirn_thread_t **buf,
                             size_t cap,
                             size_t *count);

/**
 * The number of threads that are alive: what pirn_enumerate counts.
 *
 * @return the number
 *
 * Does not block. Python: threading.active_count().
 */
size_t pirn_active_count(void);

/**
 * The calling thread's number in this process.
 *
 * @return the number; not 0, and the same for the thread's whole life. pirn gives no number to a second thread.
 *
 * Does not block and registers nothing. Python: threading.get_ident().
 */
uint64_t pirn_get_ident(void);

/**
 * The kernel's number for the calling thread (on Linux the TID).
 *
 * @return the number
 *
 * Does not block and registers nothing. Python: threading.get_native_id().
 */
uint64_t pirn_get_native_id(void);

/**
 * The stack size of threads that are started from now on.
 *
 * @return bytes; 0 for the system's default
 *
 * Does not block. Python: threading.stack_size().
 */
size_t pirn_stack_size(void);

/**
 * Sets the stack size of threads that are started from now on. Those that run keep theirs.
 *
 * @param bytes  0 for the system's default, or at least 32768; rounded up to what the system needs
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `bytes` is 1 to 32767; the setting is unchanged
 *
 * Does not block. A size that the system cannot give shows when a thread is started: PIRN_ERR_NO_THREAD.
 * Python: threading.stack_size(bytes).
 */
pirn_status_t pirn_set_stack_size(size_t bytes);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_THREAD_H */
