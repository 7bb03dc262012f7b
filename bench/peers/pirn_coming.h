/* What is measured and <pirn.h> does not declare yet. To go when it does. */
typedef struct pirn_rlock_t pirn_rlock_t;
typedef struct pirn_semaphore_t pirn_semaphore_t;
typedef struct pirn_condition_t pirn_condition_t;
typedef struct pirn_barrier_t pirn_barrier_t;

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

pirn_status_t pirn_barrier_new(size_t parties, pirn_target_fn action, void *arg, pirn_free_fn arg_free,
                               double default_seconds, pirn_barrier_t **out);
pirn_status_t pirn_barrier_wait(pirn_barrier_t *barrier, size_t *index);
