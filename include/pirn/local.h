/**
 * @file
 * Thread-local data: attributes of which each thread has its own (Python: `threading.local`).
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_LOCAL_H
#define PIRN_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes an object whose attributes each thread sets, gets and deletes for itself. There may be any number of objects and
 * attributes; none takes a key of the system's.
 *
 * @param init      runs once on each thread, at that thread's first use of the object (the creating thread too), inside
 *                  that call. What it does with the object itself is not a first use. NULL for none
 * @param arg       init's argument
 * @param arg_free  called once with arg: when the object is freed and no call on it is under way, or when this call fails. May be
 *                  NULL
 * @param out       where the handle goes; the caller frees it with pirn_local_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. If init fails the call that it ran in returns PIRN_ERR_TASK_FAILED, what it set is freed, and that thread's
 * next use runs it again. Python: threading.local, whose subclass's __init__ is init.
 *
 * @pre `init` and `arg_free` may be called with `arg` on any thread; `out` is NULL or valid for a write.
 */
pirn_status_t pirn_local_new(pirn_target_fn init,
                             void *arg,
                             pirn_free_fn arg_free,
                             pirn_local_t **out);

/**
 * Frees the object and the values that any thread has set.
 *
 * @param local  the object, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block and is never busy: calls of other threads come before it or find the handle invalid. The values' `value_free`s
 * run on the calling thread, after the handle has become invalid; those of a thread that is just ending may run there
 * instead. What a thread did with its values before it last set or deleted an attribute is seen. Python: the end of the last
 * reference.
 */
pirn_status_t pirn_local_free(pirn_local_t *local);

/**
 * Sets an attribute to a value, for the calling thread. The value that it had is freed.
 *
 * @param local       the object
 * @param name        the attribute: UTF-8 text, copied; NULL for the anonymous one, which is the fastest
 * @param value       the value; may be NULL
 * @param value_free  called once with value: when the attribute is set again or deleted; when the thread ends, after it
 *                    is no longer enumerated and before any join returns (for a thread that pirn did not start, at that system
 *                    thread's end; for the one that ends the process by exit() or the return from main, after all
 *                    threads were joined); when the object is freed; or when this call fails. May be NULL
 * @return PIRN_OK
 * @return PIRN_ERR_TASK_FAILED      this is the thread's first use and init failed; pirn_last_code and pirn_last_error tell more
 * @return PIRN_ERR_INVALID_HANDLE   (also when init frees the object)
 * @return PIRN_ERR_INVALID_ARGUMENT `name` is not UTF-8
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. A value_free that runs at the thread's end may set values again: they are freed in another round, of which there
 * are 16; values set in the last one stay until the object is freed. In a child of fork() the values of threads that do not
 * exist there are left alone. Python: setattr(local, name, value).
 *
 * @pre `value_free` may be called with `value` on any thread; `name` is NULL or NUL-terminated.
 */
pirn_status_t pirn_local_set(pirn_local_t *local,
                             const char *name,
                             void *value,
                             pirn_free_fn value_free);

/**
 * Gives the value that an attribute has for the calling thread.
 *
 * @param local  the object
 * @param name   the attribute; NULL for the anonymous one, which is the fastest
 * @param out    where the value goes, which stays the object's
 * @return PIRN_OK
 * @return PIRN_ERR_NOT_FOUND        this thread has not set it, or has deleted it
 * @return PIRN_ERR_TASK_FAILED      as for pirn_local_set
 * @return PIRN_ERR_INVALID_HANDLE   as for pirn_local_set
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL, or `name` is not UTF-8
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block, and takes no lock if the attribute is there. Python: getattr(local, name).
 *
 * @pre `name` is NULL or NUL-terminated, `out` is NULL or valid for a write.
 */
pirn_status_t pirn_local_get(pirn_local_t *local, const char *name, void **out);

/**
 * Deletes an attribute, for the calling thread. The value that it had is freed.
 *
 * @param local  the object
 * @param name   the attribute; NULL for the anonymous one
 * @return PIRN_OK
 * @return PIRN_ERR_NOT_FOUND        this thread has not set it, or has deleted it
 * @return PIRN_ERR_TASK_FAILED      as for pirn_local_set
 * @return PIRN_ERR_INVALID_HANDLE   as for pirn_local_set
 * @return PIRN_ERR_INVALID_ARGUMENT `name` is not UTF-8
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: delattr(local, name).
 *
 * @pre `name` is NULL or NUL-terminated.
 */
pirn_status_t pirn_local_delete(pirn_local_t *local, const char *name);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_LOCAL_H */
