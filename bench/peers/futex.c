/* Limit: waiting by sleeping, at once; a wake-up with every release, set and notify. */
#include "../limits/limits.h"

#define PEER_LOCK "word and futex"
#define PEER_SEMAPHORE "counter and futex"
#define PEER_CONDITION "two futexes"
#define PEER_EVENT "flag and futex"
#define PEER_BARRIER "counter and futex"

typedef limit_word_t peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    return (limit_word_t *)own_lines(sizeof(limit_word_t));
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    limit_futex_lock(lock);
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    limit_futex_unlock(lock);
}

typedef limit_word_t peer_semaphore_t;

static inline peer_semaphore_t *peer_semaphore_new(int value)
{
    limit_word_t *semaphore = (limit_word_t *)own_lines(sizeof *semaphore);
    semaphore->word = (uint32_t)value;
    return semaphore;
}

static inline void peer_semaphore_acquire(peer_semaphore_t *semaphore)
{
    limit_futex_acquire(semaphore);
}

static inline void peer_semaphore_release(peer_semaphore_t *semaphore)
{
    limit_futex_release(semaphore);
}

typedef struct {
    limit_word_t lock;
    limit_word_t notifies;
} peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    return (peer_condition_t *)own_lines(sizeof(peer_condition_t));
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    limit_futex_lock(&condition->lock);
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    limit_futex_unlock(&condition->lock);
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    limit_futex_condition_wait(&condition->notifies, &condition->lock);
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    limit_futex_condition_notify(&condition->notifies);
}

typedef limit_word_t peer_event_t;

static inline peer_event_t *peer_event_new(void)
{
    return (limit_word_t *)own_lines(sizeof(limit_word_t));
}

static inline void peer_event_set(peer_event_t *event)
{
    limit_futex_set(event);
}

static inline void peer_event_clear(peer_event_t *event)
{
    limit_clear(event);
}

static inline void peer_event_wait(peer_event_t *event)
{
    limit_futex_wait(event);
}

typedef limit_barrier_t peer_barrier_t;

static inline peer_barrier_t *peer_barrier_new(int parties)
{
    peer_barrier_t *barrier = (peer_barrier_t *)own_lines(sizeof *barrier);
    barrier->parties = (uint32_t)parties;
    return barrier;
}

static inline void peer_barrier_wait(peer_barrier_t *barrier)
{
    limit_futex_barrier_wait(barrier);
}
