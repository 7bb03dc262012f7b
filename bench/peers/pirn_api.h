/* The functions of pirn that are measured. To be replaced by <pirn.h> when that has them all. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t pirn_status_t;
typedef int32_t (*pirn_target_fn)(void *arg);
typedef void (*pirn_free_fn)(void *arg);
typedef struct pirn_lock_t pirn_lock_t;
typedef struct pirn_rlock_t pirn_rlock_t;
typedef struct pirn_semaphore_t pirn_semaphore_t;
typedef struct pirn_condition_t pirn_condition_t;
typedef struct pirn_event_t pirn_event_t;
typedef struct pirn_barrier_t pirn_barrier_t;

#define PIRN_FOREVER (-1.0)

pirn_status_t pirn_lock_new(pirn_lock_t **out);
pirn_status_t pirn_lock_acquire(pirn_lock_t *lock);
pirn_status_t pirn_lock_release(pirn_lock_t *lock);

pirn_status_t pirn_rlock_new(pirn_rlock_t **out);
pirn_status_t pirn_rlock_acquire(pirn_rlock_t *rlock);
pirn_status_t pirn_rlock_release(pirn_rlock_t *rlock);

pirn_status_t pirn_semaphore_new(int64_t value, pirn_semaphore_t **out);
pirn_status_t pirn_semaphore_acquire(pirn_semaphore_t *semaphore);
pirn_status_t pirn_semaphore_release(pirn_semaphore_t *semaphore);

pirn_status_t pirn_condition_new(pirn_condition_t **out);
pirn_status_t pirn_condition_acquire(pirn_condition_t *condition);
pirn_status_t pirn_condition_release(pirn_condition_t *condition);
pirn_status_t pirn_condition_wait(pirn_condition_t *condition);
pirn_status_t pirn_condition_notify(pirn_condition_t *condition, size_t n);

pirn_status_t pirn_event_new(pirn_event_t **out);
pirn_status_t pirn_event_set(pirn_event_t *event);
pirn_status_t pirn_event_clear(pirn_event_t *event);
pirn_status_t pirn_event_wait(pirn_event_t *event);

pirn_status_t pirn_barrier_new(size_t parties, pirn_target_fn action, void *arg, pirn_free_fn arg_free,
                               double default_seconds, pirn_barrier_t **out);
pirn_status_t pirn_barrier_wait(pirn_barrier_t *barrier, size_t *index);
