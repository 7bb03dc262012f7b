/*
 * What the suites of Condition share: a condition on each sort of lock, and tokens that the lock guards, with
 * those who wait for them.
 */
#ifndef PIRN_TESTS_CONDITION_H
#define PIRN_TESTS_CONDITION_H

#include "support.h"

/* A condition by the sort of its lock: its own, a lock, an rlock, and those whose handles have been freed. */
typedef enum { OWN, ON_LOCK, ON_RLOCK, ON_FREED_LOCK, ON_FREED_RLOCK, SORTS } sort_t;

static inline bool is_owned_by_thread(sort_t sort)
{
    return sort == OWN || sort == ON_RLOCK || sort == ON_FREED_RLOCK;
}

static inline pirn_condition_t *new_condition(sort_t sort)
{
    pirn_condition_t *condition;
    pirn_lock_t *lock;
    pirn_rlock_t *rlock;
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_rlock_new(&rlock));
    if (sort == OWN)
        CHECK_OK(pirn_condition_new(&condition));
    else if (is_owned_by_thread(sort))
        CHECK_OK(pirn_condition_new_with_rlock(rlock, &condition));
    else
        CHECK_OK(pirn_condition_new_with_lock(lock, &condition));
    if (sort != ON_LOCK)
        CHECK_OK(pirn_lock_free(lock));
    if (sort != ON_RLOCK)
        CHECK_OK(pirn_rlock_free(rlock));
    return condition;
}

/* What the lock guards in most of these cases: tokens, and those who come for one. */
typedef struct tokens {
    pirn_condition_t *condition;
    int left;
    int waiting; /* have the lock, or wait */
    int taken;
} tokens_t;

static inline tokens_t tokens_on(sort_t sort)
{
    return (tokens_t){.condition = new_condition(sort)};
}

static inline void lock(tokens_t *tokens) { CHECK_OK(pirn_condition_acquire(tokens->condition)); }
static inline void unlock(tokens_t *tokens) { CHECK_OK(pirn_condition_release(tokens->condition)); }

static inline bool is_any_left(void *arg)
{
    return ((tokens_t *)arg)->left > 0;
}

static inline void put(tokens_t *tokens, int n)
{
    lock(tokens);
    tokens->left += n;
    CHECK_OK(pirn_condition_notify(tokens->condition, (size_t)n));
    unlock(tokens);
}

static inline pirn_status_t take_if(pirn_status_t status, tokens_t *tokens)
{
    if (status == PIRN_OK) {
        CHECK(tokens->left > 0);
        tokens->left--;
        tokens->taken++;
    }
    unlock(tokens);
    return status;
}

static inline pirn_status_t take(void *arg)
{
    tokens_t *tokens = arg;
    lock(tokens);
    return take_if(pirn_condition_wait_for(tokens->condition, is_any_left, tokens), tokens);
}

static inline pirn_status_t take_timeout(void *arg, double seconds)
{
    tokens_t *tokens = arg;
    pirn_status_t status;
    lock(tokens);
    status = pirn_condition_wait_for_timeout(tokens->condition, is_any_left, tokens, seconds);
    return take_if(status, tokens);
}

static inline pirn_status_t put_one(void *tokens)
{
    put(tokens, 1);
    return PIRN_OK;
}

static inline pirn_status_t free_tokens(void *tokens)
{
    return pirn_condition_free(((tokens_t *)tokens)->condition);
}

static inline pirn_status_t make_take(call_t *c) { return take(c->object); }

static inline pirn_status_t wait_once(void *arg)
{
    tokens_t *tokens = arg;
    lock(tokens);
    tokens->waiting++;
    pirn_status_t status = pirn_condition_wait(tokens->condition);
    tokens->waiting--;
    unlock(tokens);
    return status;
}

static inline pirn_status_t wait_once_timeout(void *arg, double seconds)
{
    tokens_t *tokens = arg;
    lock(tokens);
    tokens->waiting++;
    pirn_status_t status = pirn_condition_wait_timeout(tokens->condition, seconds);
    tokens->waiting--;
    unlock(tokens);
    return status;
}

static inline pirn_status_t make_wait(call_t *c) { return wait_once(c->object); }
static inline pirn_status_t make_timed_wait(call_t *c) { return wait_once_timeout(c->object, c->seconds); }

/* The waiter lets the lock go when it can be notified. */
static inline void await_waiting(tokens_t *tokens, int n)
{
    int waiting;
    do {
        lock(tokens);
        waiting = tokens->waiting;
        unlock(tokens);
        sched_yield();
    } while (waiting != n);
}

static inline void begin_wait(call_t *call, tokens_t *tokens, breed_t breed, int n)
{
    *call = (call_t){.make = make_wait, .object = tokens};
    call_begin(call, breed);
    await_waiting(tokens, n);
}

static inline void notify(tokens_t *tokens, size_t n)
{
    lock(tokens);
    CHECK_OK(pirn_condition_notify(tokens->condition, n));
    unlock(tokens);
}

static inline void notify_all(tokens_t *tokens)
{
    lock(tokens);
    CHECK_OK(pirn_condition_notify_all(tokens->condition));
    unlock(tokens);
}

static inline int count_returned(const call_t *calls, int n)
{
    int returned = 0;
    for (int i = 0; i < n; i++)
        returned += LOAD(calls[i].returned);
    return returned;
}

#endif
