/* pirn/with.h: what a block holds is released on every way out of it. */
#include <pirn/with.h>

#include "check.h"

/* What a block declares hides nothing of the blocks around it, on the same line too. */
#pragma GCC diagnostic error "-Wshadow"

static pirn_lock_t *lock;

static pirn_lock_t *new_lock(void)
{
    CHECK_OK(pirn_lock_new(&lock));
    return lock;
}

static bool is_locked(void)
{
    bool locked;
    CHECK_OK(pirn_lock_locked(lock, &locked));
    return locked;
}

static int leave_by_return(void)
{
    PIRN_WITH_LOCK(lock) {
        CHECK(is_locked());
        return 1;
    }
    return 2;
}

static int leave_by_goto(void)
{
    PIRN_WITH_LOCK(lock) {
        CHECK(is_locked());
        goto out;
    }
    return 2;
out:
    return is_locked() ? 3 : 1;
}

TEST(every_way_out_releases)
{
    int rounds = 0;

    PIRN_WITH_LOCK(new_lock()) {
        CHECK(is_locked());
        rounds++;
    }
    CHECK_EQ(rounds, 1);
    CHECK(!is_locked());

    CHECK_EQ(leave_by_return(), 1);
    CHECK(!is_locked());
    CHECK_EQ(leave_by_goto(), 1);

    for (int i = 0; i < 3; i++) {
        PIRN_WITH_LOCK(lock) {
            if (i == 0)
                break;
            if (i == 1)
                continue;
            rounds++;
        }
        CHECK(!is_locked());
    }
    CHECK_EQ(rounds, 2);

    PIRN_WITH_LOCK(lock)
        CHECK(is_locked());
    CHECK(!is_locked());
}

TEST(every_kind)
{
    pirn_rlock_t *rlock;
    pirn_condition_t *condition;
    pirn_semaphore_t *semaphore;
    size_t depth;
    int64_t units;
    bool owned;

    CHECK_OK(pirn_rlock_new(&rlock));
    CHECK_OK(pirn_condition_new(&condition));
    CHECK_OK(pirn_semaphore_new_bounded(1, &semaphore));
    PIRN_WITH_RLOCK(rlock) {
        PIRN_WITH_RLOCK(rlock) PIRN_WITH_RLOCK(rlock) {
            CHECK_OK(pirn_rlock_recursion_count(rlock, &depth));
            CHECK_EQ(depth, 3);
        }
        CHECK_OK(pirn_rlock_recursion_count(rlock, &depth));
        CHECK_EQ(depth, 1);
        PIRN_WITH_CONDITION(condition) {
            PIRN_WITH_SEMAPHORE(semaphore) {
                CHECK_OK(pirn_semaphore_value(semaphore, &units));
                CHECK_EQ(units, 0);
                CHECK_OK(pirn_condition_notify_all(condition));
            }
        }
    }
    CHECK_OK(pirn_rlock_recursion_count(rlock, &depth));
    CHECK_EQ(depth, 0);
    CHECK_OK(pirn_condition_is_owned(condition, &owned));
    CHECK(!owned);
    CHECK_OK(pirn_semaphore_value(semaphore, &units));
    CHECK_EQ(units, 1);
}

TEST(what_is_no_lock)
{
    int otherwise = 0;

    PIRN_WITH_LOCK(NULL)
        CHECK(false);
    PIRN_WITH_LOCK(NULL) {
        CHECK(false);
    } else {
        otherwise++;
    }
    PIRN_WITH_LOCK(new_lock()) {
    } else {
        otherwise++;
    }
    CHECK_EQ(otherwise, 1);
}

static pirn_status_t try_inside(pirn_status_t status, int *reached)
{
    PIRN_WITH_LOCK(lock) {
        PIRN_TRY(status);
        *reached += 1;
    }
    return PIRN_END;
}

TEST(try_returns_what_is_not_ok)
{
    int reached = 0;

    new_lock();
    CHECK_STATUS(try_inside(PIRN_ERR_SHUT_DOWN, &reached), PIRN_ERR_SHUT_DOWN);
    CHECK(!is_locked());
    CHECK_STATUS(try_inside(PIRN_TIMED_OUT, &reached), PIRN_TIMED_OUT);
    CHECK_EQ(reached, 0);
    CHECK_STATUS(try_inside(PIRN_OK, &reached), PIRN_END);
    CHECK_EQ(reached, 1);
    CHECK(!is_locked());
}
