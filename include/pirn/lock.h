/**
 * @file
 * Lock: mutual exclusion without an owner (Python: `threading.Lock`).
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_LOCK_H
#define PIRN_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a lock, which nobody holds.
 *
 * @param out  where the handle goes; the caller frees it with pirn_lock_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: threading.Lock().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_lock_new(pirn_lock_t **out);

/**
 * Frees a lock. It may be held, if nobody waits for it; a thread that got the lock from another by pirn_lock_release may free
 * it at once, since release does not touch the lock after letting it go.
 *
 * @param lock  the lock, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_BUSY threads wait for the lock; the handle stays valid
 *
 * Does not block. Python: the end of the object's life.
 */
pirn_status_t pirn_lock_free(pirn_lock_t *lock);

/**
 * Takes the lock, waiting as long as another thread, or the same one, holds it.
 *
 * @param lock  the lock
 * @return PIRN_OK the caller holds the lock
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Blocks without a limit. Whoever comes while the lock is free gets it; those who wait are woken in the order in which they
 * came, and one that has lost to newcomers for about a millisecond is handed the lock.
 * Everything that a thread did before it released the lock is seen by the thread that acquires it next.
 * Python: lock.acquire().
 * Follows: Python Library Reference, threading, Lock Objects; waiting and eventual fairness as in WebKit's WTF::Lock and parking_lot.
 */
pirn_status_t pirn_lock_acquire(pirn_lock_t *lock);

/**
 * Takes the lock if nobody holds it.
 *
 * @param lock  the lock
 * @return PIRN_OK          the caller holds the lock
 * @return PIRN_WOULD_BLOCK someone holds it; nothing changed
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. On PIRN_OK memory is ordered as by pirn_lock_acquire. Python: lock.acquire(blocking=False).
 */
pirn_status_t pirn_lock_try_acquire(pirn_lock_t *lock);

/**
 * Takes the lock, waiting for at most so long.
 *
 * @param lock     the lock
 * @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @return PIRN_OK        the caller holds the lock
 * @return PIRN_TIMED_OUT the limit passed first; nothing changed
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks, in the order of pirn_lock_acquire; on PIRN_OK memory is ordered as by it. Python: lock.acquire(timeout=seconds).
 */
pirn_status_t pirn_lock_acquire_timeout(pirn_lock_t *lock,
                                        double seconds);

/**
 * Lets the lock go. Any thread may, not only the one that acquired it.
 *
 * @param lock  the lock
 * @return PIRN_OK
 * @return PIRN_ERR_NOT_LOCKED nobody holds the lock
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. Wakes the thread that has waited longest, if any; it, or a newcomer that is faster, takes the lock.
 * Everything done before is seen by the thread that acquires the lock next. Once the lock can be taken this call does not touch it
 * any more, so that the next holder may free it. Python: lock.release().
 */
pirn_status_t pirn_lock_release(pirn_lock_t *lock);

/**
 * Says whether someone holds the lock, at this moment.
 *
 * @param lock  the lock
 * @param out   where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block and orders no memory: the answer may be out of date when it arrives. Python: lock.locked().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_lock_locked(pirn_lock_t *lock, bool *out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_LOCK_H */
