#include "limits.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../rows/bench.h"

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static bool swap_if(uint32_t *word, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void futex_wait(uint32_t *word, uint32_t while_it_is)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_it_is, NULL);
}

static void futex_wake(uint32_t *word, int waiters)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, waiters);
}

void limit_spin_lock(limit_word_t *lock)
{
    while (!swap_if(&lock->word, 0, 1)) {
        while (load(&lock->word) != 0) {
            pause_cpu();
        }
    }
}

void limit_spin_unlock_by_exchange(limit_word_t *lock)
{
    __atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE);
}

void limit_spin_unlock_by_store(limit_word_t *lock)
{
    __atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
}

/* 2: locked, and someone may sleep. Who has slept takes it as 2, since there may be others. */
void limit_futex_lock(limit_word_t *lock)
{
    if (!swap_if(&lock->word, 0, 1)) {
        while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE) != 0) {
            futex_wait(&lock->word, 2);
        }
    }
}

void limit_futex_unlock(limit_word_t *lock)
{
    if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2) {
        futex_wake(&lock->word, 1);
    }
}

static bool take_unit(limit_word_t *units)
{
    uint32_t now = load(&units->word);
    return now > 0 && swap_if(&units->word, now, now - 1);
}

void limit_spin_acquire(limit_word_t *units)
{
    while (!take_unit(units)) {
        pause_cpu();
    }
}

void limit_spin_release(limit_word_t *units)
{
    __atomic_fetch_add(&units->word, 1, __ATOMIC_RELEASE);
}

void limit_futex_acquire(limit_word_t *units)
{
    while (!take_unit(units)) {
        futex_wait(&units->word, 0);
    }
}

void limit_futex_release(limit_word_t *units)
{
    __atomic_fetch_add(&units->word, 1, __ATOMIC_RELEASE);
    futex_wake(&units->word, 1);
}

void limit_clear(limit_word_t *flag)
{
    __atomic_store_n(&flag->word, 0, __ATOMIC_RELAXED);
}

void limit_spin_set(limit_word_t *flag)
{
    __atomic_store_n(&flag->word, 1, __ATOMIC_RELEASE);
}

void limit_spin_wait(limit_word_t *flag)
{
    while (load(&flag->word) == 0) {
        pause_cpu();
    }
}

void limit_futex_set(limit_word_t *flag)
{
    __atomic_store_n(&flag->word, 1, __ATOMIC_RELEASE);
    futex_wake(&flag->word, INT_MAX);
}

void limit_futex_wait(limit_word_t *flag)
{
    while (load(&flag->word) == 0) {
        futex_wait(&flag->word, 0);
    }
}

void limit_futex_condition_wait(limit_word_t *notifies, limit_word_t *lock)
{
    uint32_t seen = load(&notifies->word);
    limit_futex_unlock(lock);
    futex_wait(&notifies->word, seen);
    limit_futex_lock(lock);
}

void limit_futex_condition_notify(limit_word_t *notifies)
{
    __atomic_fetch_add(&notifies->word, 1, __ATOMIC_RELEASE);
    futex_wake(&notifies->word, 1);
}

/* True for the last one to arrive, which has opened the next round then. */
static bool completes_round(limit_barrier_t *barrier)
{
    if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) != barrier->parties) {
        return false;
    }
    /* Before the round is opened: whoever is let go may arrive again at once. */
    __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
    __atomic_fetch_add(&barrier->round.word, 1, __ATOMIC_RELEASE);
    return true;
}

void limit_spin_barrier_wait(limit_barrier_t *barrier)
{
    uint32_t round = load(&barrier->round.word);
    if (!completes_round(barrier)) {
        while (load(&barrier->round.word) == round) {
            pause_cpu();
        }
    }
}

void limit_futex_barrier_wait(limit_barrier_t *barrier)
{
    uint32_t round = load(&barrier->round.word);
    if (completes_round(barrier)) {
        futex_wake(&barrier->round.word, INT_MAX);
        return;
    }
    while (load(&barrier->round.word) == round) {
        futex_wait(&barrier->round.word, round);
    }
}
