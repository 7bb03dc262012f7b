/* glibc: what POSIX has. */
#include "../rows/task.h"
#include <semaphore.h>

#define PEER_LOCK "pthread_mutex_t"
#define PEER_THREAD "pthread_create"
#define PEER_LOCAL "pthread_getspecific"
#define PEER_RLOCK "pthread_mutex_t, recursive"
#define PEER_SEMAPHORE "sem_t"
#define PEER_CONDITION "pthread_cond_t and mutex"
#define PEER_EVENT "flag behind pthread_cond_t"
#define PEER_BARRIER "pthread_barrier_t"
#define PEER_BOUNDED "ring behind a mutex"
#define PEER_QUEUE "ring behind a mutex"
#define PEER_POOL "threads with that queue"
#define PEER_SUBMITTERS "threads with that queue"
#define PEER_FUTURES "mutex and condition each"
#define PEER_ROUNDTRIP "mutex and condition each"

#define MUTEX_KIND PTHREAD_MUTEX_NORMAL
#include "pthread_mutex.h"

typedef pthread_mutex_t peer_rlock_t;

static inline peer_rlock_t *peer_rlock_new(void)
{
    return mutex_new(PTHREAD_MUTEX_RECURSIVE);
}

static inline void peer_rlock_acquire(peer_rlock_t *rlock)
{
    MUST(pthread_mutex_lock(rlock));
}

static inline void peer_rlock_release(peer_rlock_t *rlock)
{
    MUST(pthread_mutex_unlock(rlock));
}

typedef sem_t peer_semaphore_t;

static inline peer_semaphore_t *peer_semaphore_new(int value)
{
    peer_semaphore_t *semaphore = (peer_semaphore_t *)own_lines(sizeof *semaphore);
    MUST(sem_init(semaphore, 0, (unsigned)value));
    return semaphore;
}

static inline void peer_semaphore_acquire(peer_semaphore_t *semaphore)
{
    MUST(sem_wait(semaphore));
}

static inline void peer_semaphore_release(peer_semaphore_t *semaphore)
{
    MUST(sem_post(semaphore));
}

typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
} peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    peer_condition_t *condition = (peer_condition_t *)own_lines(sizeof *condition);
    MUST(pthread_mutex_init(&condition->mutex, NULL));
    MUST(pthread_cond_init(&condition->condition, NULL));
    return condition;
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    MUST(pthread_mutex_lock(&condition->mutex));
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    MUST(pthread_mutex_unlock(&condition->mutex));
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    MUST(pthread_cond_wait(&condition->condition, &condition->mutex));
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    MUST(pthread_cond_signal(&condition->condition));
}

static inline void peer_condition_notify_all(peer_condition_t *condition)
{
    MUST(pthread_cond_broadcast(&condition->condition));
}

#include "event_by_condition.h"

typedef pthread_barrier_t peer_barrier_t;

static inline peer_barrier_t *peer_barrier_new(int parties)
{
    peer_barrier_t *barrier = (peer_barrier_t *)own_lines(sizeof *barrier);
    MUST(pthread_barrier_init(barrier, NULL, (unsigned)parties));
    return barrier;
}

static inline void peer_barrier_wait(peer_barrier_t *barrier)
{
    /* One thread of each round gets another value than 0. */
    pthread_barrier_wait(barrier);
}

#include "pthread_queue.h"

#include "pthread_pool.h"

static inline void *pthread_body(void *body)
{
    (*(void (**)(void))body)();
    return NULL;
}

static inline void peer_thread_run(void (*body)(void))
{
    MUST(pthread_join(thread_start(pthread_body, &body), NULL));
}

typedef pthread_key_t peer_local_t;

static inline peer_local_t *peer_local_new(void)
{
    peer_local_t *local = (peer_local_t *)own_lines(sizeof *local);
    MUST(pthread_key_create(local, NULL));
    return local;
}

static inline void peer_local_set(peer_local_t *local, void *value)
{
    MUST(pthread_setspecific(*local, value));
}

static inline void *peer_local_get(peer_local_t *local)
{
    return pthread_getspecific(*local);
}
