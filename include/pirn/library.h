/**
 * @file
 * The library as a whole.
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_LIBRARY_H
#define PIRN_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

/** The version of this header; `pirn_version` tells that of the library that is running. */
#define PIRN_VERSION_MAJOR 0
#define PIRN_VERSION_MINOR 1
#define PIRN_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that is running, as text: "0.1.0". (`PIRN_VERSION_MAJOR` and so on are those of the header.)
 *
 * @return a static string, never NULL
 *
 * Does not block.
 */
const char *pirn_version(void);

/**
 * Says why the callback that is running fails, so that it can end with `return pirn_raise(7, "disk full");`.
 *
 * @param code     what the callback is going to return; not 0
 * @param message  UTF-8 text, copied; NULL for none. It is reported if the callback then returns this same `code`.
 * @return `code`
 *
 * The message belongs to the innermost callback of the calling thread. Does not block.
 * Python: raise.
 *
 * @pre `message` is NULL or NUL-terminated.
 */
int32_t pirn_raise(int32_t code,
                   const char *message);

/**
 * Says why the callback that is running fails, as pirn_raise does, and with which object: a payload that goes where the failure
 * goes, for bindings whose exceptions are objects.
 *
 * @param code          what the callback is going to return; not 0
 * @param message       UTF-8 text, copied; NULL for none. It is reported if the callback then returns this same `code`.
 * @param payload       the object; of a task's failure pirn_future_payload shows it
 * @param payload_free  called once with payload: when the last that holds the failure goes (the future, or the report of a failure
 *                      that no caller gets to see), or when the callback raises anew or returns another code; may be NULL
 * @return `code`
 *
 * What is raised belongs to the innermost callback of the calling thread. Does not block.
 * Python: raise.
 *
 * @pre `message` is NULL or NUL-terminated; `payload_free` may be called with `payload` on any thread.
 */
int32_t pirn_raise_with(int32_t code,
                        const char *message,
                        void *payload,
                        pirn_free_fn payload_free);

/**
 * The identity of a handle's object: the same for all handles to it, never used again for another.
 *
 * @param handle  a handle of any type
 * @param out     where the identity goes; never 0
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE   NULL, freed, or never a handle
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: id().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_object_id(const void *handle, uint64_t *out);

/**
 * Shuts the library down, as exit() and the return from main do: runs the pirn_at_shutdown callbacks, last in first out;
 * has executors take no more work and finish what they have; joins every started thread that is not a daemon, also those
 * that such threads start meanwhile.
 *
 * @return PIRN_OK
 *
 * Blocks until that is done; it does not wait for the calling thread itself. A second call waits for the first to end, or
 * returns at once if the first waits for the caller. Afterwards new threads and tasks are refused with PIRN_ERR_SHUT_DOWN;
 * everything else goes on working. Everything that the joined threads did is seen afterwards.
 * Python: what the interpreter does at its end (threading._shutdown).
 */
pirn_status_t pirn_shutdown(void);

/**
 * Has a function called when the shutdown begins, before threads are joined; the last one registered is called first. It may
 * still submit tasks and start threads. If it fails, the failure goes to the excepthook and the shutdown goes on.
 *
 * @param fn        the function
 * @param arg       its argument
 * @param arg_free  called once with arg: after the function has run, or when this call fails; may be NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `fn` is NULL
 * @return PIRN_ERR_SHUT_DOWN        the shutdown has begun
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: threading._register_atexit (what concurrent.futures uses); compare atexit.register.
 *
 * @pre `fn` and `arg_free` may be called with `arg` on any thread.
 */
pirn_status_t pirn_at_shutdown(pirn_target_fn fn,
                               void *arg,
                               pirn_free_fn arg_free);

/**
 * Lets signals call off the calling thread's waits: for an interpreter, whose own signal handlers run between two steps of the
 * program (Python's KeyboardInterrupt), and for programs that want their waits to end at a signal.
 *
 * @param fn        asked in the waiting thread when a signal handler has run there during a wait with a time limit, or NULL. If it
 *                  returns 0 the wait goes on as if nothing had been; anything else, and the wait ends as if its time had
 *                  passed. It may call any function
 * @param arg       its argument
 * @param arg_free  called once with arg: when another hook takes the place, when the thread ends, or when this call fails; may be NULL
 * @return PIRN_OK
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. It concerns the calling thread alone, and those of its waits that have a time limit, PIRN_TIMEOUT_MAX for a
 * practically endless one; without a limit, as by default, signals never cut a wait short. What a wait was notified of before is
 * not lost: then it ends with PIRN_OK whatever fn says. A signal that comes before the thread sleeps is not noticed by the wait.
 * A barrier is broken by a wait that is called off, as by one that times out.
 * Python: none; what its waits do by themselves in the main thread.
 * Follows: CPython, PyErr_CheckSignals in an interrupted PyThread_acquire_lock_timed.
 *
 * @pre `fn` and `arg_free` may be called with `arg` on the calling thread.
 */
pirn_status_t pirn_set_interrupt(pirn_target_fn fn,
                                 void *arg,
                                 pirn_free_fn arg_free);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_LIBRARY_H */
