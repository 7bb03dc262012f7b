/* parking_lot, behind the shim. */
#include "../shim/shim.h"

#define PEER_LOCK "parking_lot::Mutex"
#define PEER_RLOCK "parking_lot::ReentrantMutex"
#define PEER_CONDITION "parking_lot::Condvar and Mutex"
#define PEER_EVENT "flag behind parking_lot::Condvar"

typedef parking_lot_shim_mutex_t peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    return parking_lot_shim_mutex_new();
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    parking_lot_shim_mutex_lock(lock);
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    parking_lot_shim_mutex_unlock(lock);
}

typedef parking_lot_shim_reentrant_t peer_rlock_t;

static inline peer_rlock_t *peer_rlock_new(void)
{
    return parking_lot_shim_reentrant_new();
}

static inline void peer_rlock_acquire(peer_rlock_t *rlock)
{
    parking_lot_shim_reentrant_lock(rlock);
}

static inline void peer_rlock_release(peer_rlock_t *rlock)
{
    parking_lot_shim_reentrant_unlock(rlock);
}

typedef struct {
    parking_lot_shim_mutex_t *mutex;
    parking_lot_shim_condvar_t *condition;
} peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    peer_condition_t *condition = (peer_condition_t *)own_lines(sizeof *condition);
    condition->mutex = parking_lot_shim_mutex_new();
    condition->condition = parking_lot_shim_condvar_new();
    return condition;
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    parking_lot_shim_mutex_lock(condition->mutex);
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    parking_lot_shim_mutex_unlock(condition->mutex);
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    parking_lot_shim_condvar_wait(condition->condition, condition->mutex);
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    parking_lot_shim_condvar_notify_one(condition->condition);
}

static inline void peer_condition_notify_all(peer_condition_t *condition)
{
    parking_lot_shim_condvar_notify_all(condition->condition);
}

#include "event_by_condition.h"
