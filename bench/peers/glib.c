/* GLib. */
#include "../rows/task.h"
#include <glib.h>

#define PEER_LOCK "GMutex"
#define PEER_THREAD "GThread"
#define PEER_LOCAL "GPrivate"
#define PEER_RLOCK "GRecMutex"
#define PEER_CONDITION "GCond and GMutex"
#define PEER_EVENT "flag behind GCond"
#define PEER_QUEUE "GAsyncQueue"
#define PEER_POOL "GThreadPool"
#define PEER_SUBMITTERS "GThreadPool"
#define PEER_FUTURES "GThreadPool, a GMutex and GCond each"
#define PEER_ROUNDTRIP "GThreadPool, a GMutex and GCond each"
#define PEER_TIMER "g_timeout_source_new"
#define PEER_TIMERS "g_timeout_source_new"
#define PEER_LATENESS "g_timeout_source_new"

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

typedef GAsyncQueue peer_queue_t;

static inline peer_queue_t *peer_queue_new(void)
{
    return g_async_queue_new();
}

/* It takes no NULL. */
static char glib_null;

static inline void peer_queue_put(peer_queue_t *queue, void *item)
{
    g_async_queue_push(queue, item == NULL ? &glib_null : item);
}

static inline void *peer_queue_get(peer_queue_t *queue)
{
    void *item = g_async_queue_pop(queue);
    return item == &glib_null ? NULL : item;
}

typedef GThreadPool peer_pool_t;

typedef struct {
    GMutex mutex;
    GCond over;
    bool done;
    void *arg, *result;
} glib_future_t;
typedef glib_future_t *peer_future_t;

static inline void glib_task(void *task, void *unused)
{
    glib_future_t *future = (glib_future_t *)task;
    (void)unused;
    if (task == &glib_null) {
        empty_task();
        return;
    }
    g_mutex_lock(&future->mutex);
    future->result = echo_task(future->arg);
    future->done = true;
    /* Not after the unlock: then it may be freed. */
    g_cond_signal(&future->over);
    g_mutex_unlock(&future->mutex);
}

static inline peer_pool_t *peer_pool_new(int workers)
{
    GThreadPool *pool = g_thread_pool_new(glib_task, NULL, workers, TRUE, NULL);
    MUST(pool == NULL);
    return pool;
}

static inline void peer_pool_post(peer_pool_t *pool)
{
    MUST(!g_thread_pool_push(pool, &glib_null, NULL));
}

static inline peer_future_t peer_pool_submit(peer_pool_t *pool, void *arg)
{
    glib_future_t *future = g_new(glib_future_t, 1);
    g_mutex_init(&future->mutex);
    g_cond_init(&future->over);
    future->done = false;
    future->arg = arg;
    MUST(!g_thread_pool_push(pool, future, NULL));
    return future;
}

static inline void *peer_future_take(peer_future_t *taken)
{
    glib_future_t *future = *taken;
    void *result;
    g_mutex_lock(&future->mutex);
    while (!future->done) {
        g_cond_wait(&future->over, &future->mutex);
    }
    result = future->result;
    g_mutex_unlock(&future->mutex);
    g_cond_clear(&future->over);
    g_mutex_clear(&future->mutex);
    g_free(future);
    return result;
}

static inline void *peer_pool_call(peer_pool_t *pool, void *arg)
{
    peer_future_t future = peer_pool_submit(pool, arg);
    return peer_future_take(&future);
}

static inline void *glib_body(void *body)
{
    (*(void (**)(void))body)();
    return NULL;
}

static inline void peer_thread_run(void (*body)(void))
{
    g_thread_join(g_thread_new("thread", glib_body, &body));
}

typedef GPrivate peer_local_t;

static inline peer_local_t *peer_local_new(void)
{
    return (peer_local_t *)own_lines(sizeof(peer_local_t));
}

static inline void peer_local_set(peer_local_t *local, void *value)
{
    g_private_set(local, value);
}

static inline void *peer_local_get(peer_local_t *local)
{
    return g_private_get(local);
}

#include "glib_timer.h"
