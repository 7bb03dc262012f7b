/* Limit: a compare-and-swap and an exchange, each behind a call. */
#include "../limits/limits.h"

#define PEER_LOCK "compare-and-swap, exchange"

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
    limit_spin_unlock_by_exchange(lock);
}
