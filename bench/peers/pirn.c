/* pirn, with every status looked at. */
#include <pirn.h>

#define PEER_LOCK "pirn_lock_t"
#define PEER_RLOCK "pirn_rlock_t"
#define PEER_SEMAPHORE "pirn_semaphore_t"
#define PEER_CONDITION "pirn_condition_t"
#define PEER_EVENT "pirn_event_t"
#define PEER_BARRIER "pirn_barrier_t"
#define PEER_TIMER "pirn_timer_t"
#define PEER_TIMERS "pirn_timer_t"
#define PEER_LATENESS "pirn_timer_t"
#define PEER_LATENESS_THREAD 1
#define PEER_IDLE "executor and timer"

typedef pirn_lock_t peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    pirn_lock_t *lock;
    MUST(pirn_lock_new(&lock));
    return lock;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    MUST(pirn_lock_acquire(lock));
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    MUST(pirn_lock_release(lock));
}

typedef pirn_rlock_t peer_rlock_t;

static inline peer_rlock_t *peer_rlock_new(void)
{
    pirn_rlock_t *rlock;
    MUST(pirn_rlock_new(&rlock));
    return rlock;
}

static inline void peer_rlock_acquire(peer_rlock_t *rlock)
{
    MUST(pirn_rlock_acquire(rlock));
}

static inline void peer_rlock_release(peer_rlock_t *rlock)
{
    MUST(pirn_rlock_release(rlock));
}

typedef pirn_semaphore_t peer_semaphore_t;

static inline peer_semaphore_t *peer_semaphore_new(int value)
{
    pirn_semaphore_t *semaphore;
    MUST(pirn_semaphore_new(value, &semaphore));
    return semaphore;
}

static inline void peer_semaphore_acquire(peer_semaphore_t *semaphore)
{
    MUST(pirn_semaphore_acquire(semaphore));
}

static inline void peer_semaphore_release(peer_semaphore_t *semaphore)
{
    MUST(pirn_semaphore_release(semaphore));
}

/* On an RLock of its own, which is what pirn_condition_new gives. */
typedef pirn_condition_t peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    pirn_condition_t *condition;
    MUST(pirn_condition_new(&condition));
    return condition;
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    MUST(pirn_condition_acquire(condition));
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    MUST(pirn_condition_release(condition));
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    MUST(pirn_condition_wait(condition));
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    MUST(pirn_condition_notify(condition, 1));
}

typedef pirn_event_t peer_event_t;

static inline peer_event_t *peer_event_new(void)
{
    pirn_event_t *event;
    MUST(pirn_event_new(&event));
    return event;
}

static inline void peer_event_set(peer_event_t *event)
{
    MUST(pirn_event_set(event));
}

static inline void peer_event_clear(peer_event_t *event)
{
    MUST(pirn_event_clear(event));
}

static inline void peer_event_wait(peer_event_t *event)
{
    MUST(pirn_event_wait(event));
}

typedef pirn_barrier_t peer_barrier_t;

static inline peer_barrier_t *peer_barrier_new(int parties)
{
    pirn_barrier_t *barrier;
    MUST(pirn_barrier_new((size_t)parties, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    return barrier;
}

static inline void peer_barrier_wait(peer_barrier_t *barrier)
{
    MUST(pirn_barrier_wait(barrier, NULL));
}

#include "pirn_timer.h"
