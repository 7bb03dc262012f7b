/**
 * @file
 * Conveniences for C that pirn.h does not include and nothing needs: blocks that hold a lock, and statuses
 * that are passed on.
 *
 *     pirn_status_t transfer(account_t *from, account_t *to, long sum)
 *     {
 *         PIRN_WITH_LOCK(from->lock) {
 *             if (from->balance < sum)
 *                 return PIRN_ERR_INVALID_STATE;       // released
 *             from->balance -= sum;
 *         }
 *         PIRN_WITH_LOCK(to->lock)
 *             to->balance += sum;
 *         PIRN_TRY(pirn_event_set(to->changed));       // returns what is not PIRN_OK
 *         return PIRN_OK;
 *     }
 *
 * PIRN_WITH_LOCK(lock), PIRN_WITH_RLOCK(rlock), PIRN_WITH_CONDITION(condition),
 * PIRN_WITH_SEMAPHORE(semaphore): the statement that follows runs with the object acquired, for which it
 * waits without a limit. It is released on every way out: at the end, by break and continue (which leave this
 * statement, not a loop around it), return and goto; not by longjmp. The object is evaluated once. Python:
 * with lock: ...
 *
 * Acquiring fails only if the handle is no such object. The statement is then left out, and an `else` after
 * it runs:
 *
 *     PIRN_WITH_LOCK(lock) {
 *         ...
 *     } else {
 *         fprintf(stderr, "%s\n", pirn_last_error());
 *     }
 *
 * PIRN_TRY(call) makes a call that returns a pirn_status_t, and returns it from the function around unless it
 * is PIRN_OK: errors, and PIRN_TIMED_OUT, PIRN_WOULD_BLOCK and PIRN_END too. Within the blocks above it
 * releases what they hold.
 *
 * The blocks need a compiler with the cleanup attribute of GNU C (gcc, clang), in any standard from C99 to
 * C23; PIRN_TRY needs nothing. C++ has pirn.hpp.
 */
#ifndef PIRN_WITH_H
#define PIRN_WITH_H

#include <stddef.h>

#include <pirn/condition.h>
#include <pirn/lock.h>
#include <pirn/rlock.h>
#include <pirn/semaphore.h>
#include <pirn/status.h>

#define PIRN_TRY(call)                              \
    do {                                            \
        const pirn_status_t pirn_try_got_ = (call); \
        if (pirn_try_got_ != PIRN_OK)               \
            return pirn_try_got_;                   \
    } while (0)

#ifdef __GNUC__

#define PIRN_WITH_LOCK(object) PIRN_WITH_1_(lock, object, __COUNTER__)
#define PIRN_WITH_RLOCK(object) PIRN_WITH_1_(rlock, object, __COUNTER__)
#define PIRN_WITH_CONDITION(object) PIRN_WITH_1_(condition, object, __COUNTER__)
#define PIRN_WITH_SEMAPHORE(object) PIRN_WITH_1_(semaphore, object, __COUNTER__)

/** @cond */

/* A loop of one round, since that is the only statement in front of which something can be declared. What it declares is
 * the object that is held (NULL if acquiring failed), released at the end of its scope, and whether the round
 * is to come. A number of its own keeps the names of each block apart from those around it. */
#define PIRN_WITH_1_(kind, object, n) PIRN_WITH_2_(kind, object, n)
#define PIRN_WITH_2_(kind, object, n)                                                               \
    for (pirn_##kind##_t *pirn_held_##n##_ __attribute__((__cleanup__(pirn_with_##kind##_end_))) =  \
                             pirn_with_##kind##_begin_(object),                                     \
                         *pirn_round_##n##_ = (pirn_##kind##_t *)&pirn_round_##n##_;                \
         pirn_round_##n##_ != NULL; pirn_round_##n##_ = NULL)                                       \
        if (pirn_held_##n##_ != NULL)

#define PIRN_WITH_KIND_(kind)                                                                 \
    static inline pirn_##kind##_t *pirn_with_##kind##_begin_(pirn_##kind##_t *object)         \
    {                                                                                         \
        return pirn_##kind##_acquire(object) == PIRN_OK ? object : NULL;                      \
    }                                                                                         \
    static inline void pirn_with_##kind##_end_(pirn_##kind##_t **held)                        \
    {                                                                                         \
        if (*held != NULL)                                                                    \
            pirn_##kind##_release(*held);                                                     \
    }

PIRN_WITH_KIND_(lock)
PIRN_WITH_KIND_(rlock)
PIRN_WITH_KIND_(condition)
PIRN_WITH_KIND_(semaphore)
#undef PIRN_WITH_KIND_

/** @endcond */

#endif /* __GNUC__ */

#endif /* PIRN_WITH_H */
