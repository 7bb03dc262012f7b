/* nsync. */
#include <nsync.h>

#define PEER_LOCK "nsync_mu"
#define PEER_CONDITION "nsync_cv and nsync_mu"
#define PEER_EVENT "flag behind nsync_cv"

typedef nsync_mu peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    peer_lock_t *lock = (peer_lock_t *)own_lines(sizeof *lock);
    nsync_mu_init(lock);
    return lock;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    nsync_mu_lock(lock);
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    nsync_mu_unlock(lock);
}

typedef struct {
    nsync_mu mutex;
    nsync_cv condition;
} peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    peer_condition_t *condition = (peer_condition_t *)own_lines(sizeof *condition);
    nsync_mu_init(&condition->mutex);
    nsync_cv_init(&condition->condition);
    return condition;
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    nsync_mu_lock(&condition->mutex);
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    nsync_mu_unlock(&condition->mutex);
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    nsync_cv_wait(&condition->condition, &condition->mutex);
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    nsync_cv_signal(&condition->condition);
}

static inline void peer_condition_notify_all(peer_condition_t *condition)
{
    nsync_cv_broadcast(&condition->condition);
}

#include "event_by_condition.h"
