/* The physical limits: the fewest instructions and system calls that do the job at all, without a check, a
 * list of waiters or a timeout. A shared library, so that a call to them costs what a call to pirn does. */
#ifndef LIMITS_H
#define LIMITS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t word;
} limit_word_t;

/* The word as a lock: compare-and-swap to take it; an exchange, or a plain store, to let it go. The one
 * whose waiters sleep has to learn of them by the exchange. */
void limit_spin_lock(limit_word_t *lock);
void limit_spin_unlock_by_exchange(limit_word_t *lock);
void limit_spin_unlock_by_store(limit_word_t *lock);
void limit_futex_lock(limit_word_t *lock);
void limit_futex_unlock(limit_word_t *lock);

/* The word as a count of units. */
void limit_spin_acquire(limit_word_t *units);
void limit_spin_release(limit_word_t *units);
void limit_futex_acquire(limit_word_t *units);
void limit_futex_release(limit_word_t *units);

/* The word as a flag. */
void limit_clear(limit_word_t *flag);
void limit_spin_set(limit_word_t *flag);
void limit_spin_wait(limit_word_t *flag);
void limit_futex_set(limit_word_t *flag);
void limit_futex_wait(limit_word_t *flag);

/* The word as the number of notifies so far. `lock` is held, let go while waiting, and taken again. */
void limit_futex_condition_wait(limit_word_t *notifies, limit_word_t *lock);
void limit_futex_condition_notify(limit_word_t *notifies);

typedef struct {
    uint32_t parties;
    uint32_t arrived;
    limit_word_t round;
} limit_barrier_t;

void limit_spin_barrier_wait(limit_barrier_t *barrier);
void limit_futex_barrier_wait(limit_barrier_t *barrier);

#ifdef __cplusplus
}
#endif

#endif
