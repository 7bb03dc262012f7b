/**
 * @file
 * Condition: a place to wait until what a lock guards has changed (Python: `threading.Condition`).
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_CONDITION_H
#define PIRN_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a condition on a new rlock, which only the condition leads to.
 *
 * @param out  where the handle goes; the caller frees it with pirn_condition_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: threading.Condition().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_condition_new(pirn_condition_t **out);

/**
 * Makes a condition on a lock. Several conditions may be on one lock.
 *
 * @param lock  the lock. It stays the caller's, who may free it at any time: the condition keeps what it needs
 * @param out   where the handle goes; the caller frees it with pirn_condition_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE   `lock` is no lock
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: threading.Condition(lock).
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_condition_new_with_lock(pirn_lock_t *lock,
                                           pirn_condition_t **out);

/**
 * Makes a condition on an rlock. Several conditions may be on one rlock.
 *
 * @param rlock  the rlock. It stays the caller's, who may free it at any time: the condition keeps what it needs
 * @param out    where the handle goes; the caller frees it with pirn_condition_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE   `rlock` is no rlock
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: threading.Condition(rlock).
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_condition_new_with_rlock(pirn_rlock_t *rlock,
                                            pirn_condition_t **out);

/**
 * Frees a condition. Its lock may be held. Threads that have been notified need the condition no more: they get the lock,
 * and return from their waits.
 *
 * @param condition  the condition, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_BUSY threads wait to be notified, or wait for a lock that only this condition leads to; the handle stays valid
 *
 * Does not block. Python: the end of the object's life.
 */
pirn_status_t pirn_condition_free(pirn_condition_t *condition);

/**
 * Takes the condition's lock, as pirn_lock_acquire or pirn_rlock_acquire does.
 *
 * @param condition  the condition
 * @return PIRN_OK the caller holds the lock
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Blocks without a limit, in the order and with the memory ordering of the lock's own function. Python: condition.acquire().
 */
pirn_status_t pirn_condition_acquire(pirn_condition_t *condition);

/**
 * Takes the condition's lock if that is possible at once.
 *
 * @param condition  the condition
 * @return PIRN_OK          the caller holds the lock
 * @return PIRN_WOULD_BLOCK the lock is held; nothing changed
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. On PIRN_OK memory is ordered as by pirn_condition_acquire. Python: condition.acquire(blocking=False).
 */
pirn_status_t pirn_condition_try_acquire(pirn_condition_t *condition);

/**
 * Takes the condition's lock, waiting for at most so long.
 *
 * @param condition  the condition
 * @param seconds    the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @return PIRN_OK        the caller holds the lock
 * @return PIRN_TIMED_OUT the limit passed first; nothing changed
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks, in the order of pirn_condition_acquire; on PIRN_OK memory is ordered as by it.
 * Python: condition.acquire(timeout=seconds).
 */
pirn_status_t pirn_condition_acquire_timeout(pirn_condition_t *condition, double seconds);

/**
 * Lets the condition's lock go, as pirn_lock_release or pirn_rlock_release does.
 *
 * @param condition  the condition
 * @return PIRN_OK
 * @return PIRN_ERR_NOT_LOCKED the lock is a lock, and nobody holds it
 * @return PIRN_ERR_NOT_OWNER  the lock is an rlock, and the caller does not hold it
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. Wake-ups and memory ordering are those of the lock's own function. Python: condition.release().
 */
pirn_status_t pirn_condition_release(pirn_condition_t *condition);

/**
 * Says whether the calling thread holds the condition's lock, as pirn_condition_wait would judge it: a lock is held if anyone holds
 * it, an rlock if the calling thread does.
 *
 * @param condition  the condition
 * @param out        where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: condition._is_owned().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_condition_is_owned(pirn_condition_t *condition,
                                      bool *out);

/**
 * Lets the condition's lock go, waits to be notified, and takes the lock again. All levels of an rlock are let go and restored.
 *
 * @param condition  the condition, whose lock the caller holds
 * @return PIRN_OK            notified; the caller holds the lock again
 * @return PIRN_ERR_NOT_OWNER the caller does not hold the lock; nothing changed
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Blocks without a limit. Threads are notified in the order in which they came, and none wakes for another reason. Then each waits
 * for the lock, behind those who wait for it already and like any of them. Memory is ordered by the lock: what was done
 * before the notify, with the lock held, is seen. Python: condition.wait().
 * Follows: Python Library Reference, threading, Condition Objects; notified threads queue for the lock as in nsync (wait morphing).
 */
pirn_status_t pirn_condition_wait(pirn_condition_t *condition);

/**
 * Waits as pirn_condition_wait does, for at most so long. Taking the lock again is not part of the limit.
 *
 * @param condition  the condition, whose lock the caller holds
 * @param seconds    the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @return PIRN_OK            notified; the caller holds the lock again
 * @return PIRN_TIMED_OUT     the limit passed first; the caller holds the lock again, and has used up no notify
 * @return PIRN_ERR_NOT_OWNER the caller does not hold the lock; nothing changed
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks, in the order of pirn_condition_wait, and as long as others hold the lock; memory is ordered as by it.
 * Python: condition.wait(seconds).
 */
pirn_status_t pirn_condition_wait_timeout(pirn_condition_t *condition,
                                          double seconds);

/**
 * Waits until a predicate holds: tests it, and again after each notify.
 *
 * @param condition  the condition, whose lock the caller holds
 * @param predicate  called with `arg`, on the calling thread, with the lock held, until it gives true
 * @param arg        predicate's argument
 * @return PIRN_OK            the predicate has given true; the caller holds the lock
 * @return PIRN_ERR_NOT_OWNER the caller does not hold the lock (the predicate has not been called), or a predicate released it
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `predicate` is NULL
 *
 * Blocks without a limit, each time as pirn_condition_wait. Python: condition.wait_for(predicate).
 *
 * @pre `predicate` may be called with `arg` until this call returns.
 */
pirn_status_t pirn_condition_wait_for(pirn_condition_t *condition,
                                      pirn_predicate_fn predicate,
                                      void *arg);

/**
 * Waits until a predicate holds, for at most so long: one limit for all the waiting. When it has passed the predicate is tested
 * once more.
 *
 * @param condition  the condition, whose lock the caller holds
 * @param predicate  called with `arg`, on the calling thread, with the lock held, until it gives true
 * @param arg        predicate's argument
 * @param seconds    the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @return PIRN_OK            the predicate has given true; the caller holds the lock
 * @return PIRN_TIMED_OUT     the limit has passed and the predicate still gave false; the caller holds the lock
 * @return PIRN_ERR_NOT_OWNER the caller does not hold the lock (the predicate has not been called), or a predicate released it
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `predicate` is NULL; or `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks, each time as pirn_condition_wait_timeout. Python: condition.wait_for(predicate, seconds).
 *
 * @pre `predicate` may be called with `arg` until this call returns.
 */
pirn_status_t pirn_condition_wait_for_timeout(pirn_condition_t *condition,
                                              pirn_predicate_fn predicate,
                                              void *arg,
                                              double seconds);

/**
 * Notifies up to `n` threads, those that have waited longest; with nobody waiting it does nothing, and is not remembered.
 *
 * @param condition  the condition, whose lock the caller holds
 * @param n          how many; 0 for none
 * @return PIRN_OK
 * @return PIRN_ERR_NOT_OWNER the caller does not hold the lock; nothing changed
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. The notified threads are woken one by one, as the lock is released, in the order in which they came.
 * Python: condition.notify(n).
 */
pirn_status_t pirn_condition_notify(pirn_condition_t *condition,
                                    size_t n);

/**
 * Notifies all threads that wait.
 *
 * @param condition  the condition, whose lock the caller holds
 * @return PIRN_OK
 * @return PIRN_ERR_NOT_OWNER the caller does not hold the lock; nothing changed
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. The notified threads are woken one by one, as the lock is released, in the order in which they came.
 * Python: condition.notify_all().
 */
pirn_status_t pirn_condition_notify_all(pirn_condition_t *condition);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_CONDITION_H */
