/**
 * @file
 * Statuses in words.
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_STATUS_H
#define PIRN_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What a function that can fail returns: 0 is success; positive, the call worked and the answer is no; negative, an error,
 * and nothing was changed.
 */
typedef int32_t pirn_status_t;

/**
 * Done.
 */
#define PIRN_OK 0

/**
 * The time limit passed first; nothing changed.
 */
#define PIRN_TIMED_OUT 1

/**
 * A `try_` call could not proceed at once; nothing changed.
 */
#define PIRN_WOULD_BLOCK 2

/**
 * An iteration has no more elements.
 */
#define PIRN_END 3

/**
 * The handle is NULL, freed, of another type, or never was a handle.
 */
#define PIRN_ERR_INVALID_HANDLE (-1)

/**
 * A value is outside its range, or a pointer is NULL where one is required (Python: ValueError, TypeError).
 */
#define PIRN_ERR_INVALID_ARGUMENT (-2)

/**
 * A timeout is above `PIRN_TIMEOUT_MAX`, or a counter would overflow.
 */
#define PIRN_ERR_OVERFLOW (-3)

/**
 * The lock is not locked.
 */
#define PIRN_ERR_NOT_LOCKED (-4)

/**
 * The calling thread does not hold the lock that the call needs.
 */
#define PIRN_ERR_NOT_OWNER (-5)

/**
 * A bounded semaphore was released, or `task_done` called, too often.
 */
#define PIRN_ERR_OVER_RELEASE (-6)

/**
 * A second start, or a setting changed after the start.
 */
#define PIRN_ERR_ALREADY_STARTED (-7)

/**
 * The thread was never started.
 */
#define PIRN_ERR_NOT_STARTED (-8)

/**
 * The call could never return: a thread joining itself, a joining of a dummy thread, and the like.
 */
#define PIRN_ERR_DEADLOCK (-9)

/**
 * The barrier is, or was made, broken.
 */
#define PIRN_ERR_BROKEN_BARRIER (-10)

/**
 * The future was cancelled.
 */
#define PIRN_ERR_CANCELLED (-11)

/**
 * The task or callback returned a non-zero code.
 */
#define PIRN_ERR_TASK_FAILED (-12)

/**
 * The object is not in a state that allows the call: a result set twice on a future, and the like.
 */
#define PIRN_ERR_INVALID_STATE (-13)

/**
 * The executor, the queue or the library has been shut down.
 */
#define PIRN_ERR_SHUT_DOWN (-14)

/**
 * A worker's initializer failed.
 */
#define PIRN_ERR_BROKEN_EXECUTOR (-15)

/**
 * There is no such thread-local attribute.
 */
#define PIRN_ERR_NOT_FOUND (-16)

/**
 * Freed while threads wait on it; the handle stays valid.
 */
#define PIRN_ERR_BUSY (-17)

/**
 * An allocation failed.
 */
#define PIRN_ERR_NO_MEMORY (-18)

/**
 * The system refused a new thread.
 */
#define PIRN_ERR_NO_THREAD (-19)

/**
 * Not available on this platform or for this object.
 */
#define PIRN_ERR_UNSUPPORTED (-20)

/**
 * A bug in pirn (a Rust panic was caught); never undefined behaviour.
 */
#define PIRN_ERR_INTERNAL (-21)

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The name of a status, as in the header: `"PIRN_TIMED_OUT"`.
 *
 * @param status any number
 * @return a static string; `"PIRN_UNKNOWN_STATUS"` for a number that is no status, never NULL
 *
 * Does not block.
 */
const char *pirn_status_name(pirn_status_t status);

/**
 * What a status means, in one sentence.
 *
 * @param status any number
 * @return a static string, never NULL
 *
 * Does not block.
 */
const char *pirn_status_message(pirn_status_t status);

/**
 * The calling thread's most recent error in words: the function and what went wrong; after a `PIRN_ERR_TASK_FAILED` the message
 * that the callback gave to `pirn_raise`, or a general sentence.
 *
 * @return a string that stays valid until the calling thread's next call of this function; never NULL; "no error" if there
 *         was none
 *
 * Successes and the positive statuses leave it as it is. Each thread has its own. Does not block.
 */
const char *pirn_last_error(void);

/**
 * The code that the callback returned which is behind the calling thread's last `PIRN_ERR_TASK_FAILED`.
 *
 * @return the code; 0 if there was none yet
 *
 * Successes leave it as it is. Does not block.
 */
int32_t pirn_last_code(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_STATUS_H */
