/**
 * @file
 * Event: a flag that threads wait for (Python: `threading.Event`).
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_EVENT_H
#define PIRN_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes an event, which is clear.
 *
 * @param out  where the handle goes; the caller frees it with pirn_event_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: threading.Event().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_event_new(pirn_event_t **out);

/**
 * Frees an event.
 *
 * @param event  the event, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_BUSY threads wait for it; the handle stays valid
 *
 * Does not block. Python: the end of the object's life.
 */
pirn_status_t pirn_event_free(pirn_event_t *event);

/**
 * Sets the event and wakes every thread that waits for it.
 *
 * @param event  the event
 * @return PIRN_OK (also if it is set already)
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. Each thread that waits at this moment will return PIRN_OK, even if the event is cleared before it runs.
 * Everything done before is seen by a thread whose wait returns because of this call or a later one. Python: event.set().
 */
pirn_status_t pirn_event_set(pirn_event_t *event);

/**
 * Clears the event: waits block again.
 *
 * @param event  the event
 * @return PIRN_OK (also if it is clear already)
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Does not block. Python: event.clear().
 */
pirn_status_t pirn_event_clear(pirn_event_t *event);

/**
 * Says whether the event is set, at this moment.
 *
 * @param event  the event
 * @param out    where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. If the answer is true, what was done before the pirn_event_set is seen. Python: event.is_set().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_event_is_set(pirn_event_t *event,
                                bool *out);

/**
 * Waits until the event is set.
 *
 * @param event  the event
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 *
 * Blocks without a limit; returns at once if the event is set. All who wait are woken together, in the order in which they
 * came. Everything done before the pirn_event_set is seen. Python: event.wait().
 */
pirn_status_t pirn_event_wait(pirn_event_t *event);

/**
 * Waits until the event is set, for at most so long.
 *
 * @param event    the event
 * @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @return PIRN_OK
 * @return PIRN_TIMED_OUT the limit passed first
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks. On PIRN_OK memory is ordered as by pirn_event_wait. Python: event.wait(seconds).
 */
pirn_status_t pirn_event_wait_timeout(pirn_event_t *event, double seconds);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_EVENT_H */
