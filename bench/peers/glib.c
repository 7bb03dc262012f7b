/* GLib. */
#include <glib.h>

#define PEER_LOCK "GMutex"
#define PEER_RLOCK "GRecMutex"
#define PEER_CONDITION "GCond and GMutex"
#define PEER_EVENT "flag behind GCond"
#define PEER_TIMER "g_timeout_source_new"
#define PEER_TIMERS "g_timeout_source_new"
#define PEER_LATENESS "g_timeout_source_new"
#define PEER_LATENESS_THREAD 0

typedef GMutex peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    peer_lock_t *lock = (peer_lock_t *)own_lines(sizeof *lock);
    g_mutex_init(lock);
    return lock;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    g_mutex_lock(lock);
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    g_mutex_unlock(lock);
}

typedef GRecMutex peer_rlock_t;

static inline peer_rlock_t *peer_rlock_new(void)
{
    peer_rlock_t *rlock = (peer_rlock_t *)own_lines(sizeof *rlock);
    g_rec_mutex_init(rlock);
    return rlock;
}

static inline void peer_rlock_acquire(peer_rlock_t *rlock)
{
    g_rec_mutex_lock(rlock);
}

static inline void peer_rlock_release(peer_rlock_t *rlock)
{
    g_rec_mutex_unlock(rlock);
}

typedef struct {
    GMutex mutex;
    GCond condition;
} peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    peer_condition_t *condition = (peer_condition_t *)own_lines(sizeof *condition);
    g_mutex_init(&condition->mutex);
    g_cond_init(&condition->condition);
    return condition;
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    g_mutex_lock(&condition->mutex);
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    g_mutex_unlock(&condition->mutex);
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    g_cond_wait(&condition->condition, &condition->mutex);
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    g_cond_signal(&condition->condition);
}

static inline void peer_condition_notify_all(peer_condition_t *condition)
{
    g_cond_broadcast(&condition->condition);
}

#include "event_by_condition.h"

#include "glib_timer.h"
