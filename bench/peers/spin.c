/* Limit: waiting by spinning, for ever. */
#include "../limits/limits.h"

#define PEER_LOCK "compare-and-swap, store"
#define PEER_SEMAPHORE "counter"
#define PEER_EVENT "flag"
#define PEER_BARRIER "counter and round"

typedef limit_word_t peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    return (limit_word_t *)own_lines(sizeof(limit_word_t));
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    limit_spin_lock(lock);
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    limit_spin_unlock_by_store(lock);
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
    limit_spin_acquire(semaphore);
}

static inline void peer_semaphore_release(peer_semaphore_t *semaphore)
{
    limit_spin_release(semaphore);
}

typedef limit_word_t peer_event_t;

static inline peer_event_t *peer_event_new(void)
{
    return (limit_word_t *)own_lines(sizeof(limit_word_t));
}

static inline void peer_event_set(peer_event_t *event)
{
    limit_spin_set(event);
}

static inline void peer_event_clear(peer_event_t *event)
{
    limit_clear(event);
}

static inline void peer_event_wait(peer_event_t *event)
{
    limit_spin_wait(event);
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
    limit_spin_barrier_wait(barrier);
}
