/* RLock: owned, and its owner may acquire it again. */
#include "lock_like.h"

static pirn_rlock_t *new_rlock(void)
{
    pirn_rlock_t *rlock;
    CHECK_OK(pirn_rlock_new(&rlock));
    return rlock;
}

static void *make(void) { return new_rlock(); }
static pirn_status_t acquire(void *rlock) { return pirn_rlock_acquire(rlock); }
static pirn_status_t try_acquire(void *rlock) { return pirn_rlock_try_acquire(rlock); }
static pirn_status_t acquire_timeout(void *rlock, double s) { return pirn_rlock_acquire_timeout(rlock, s); }
static pirn_status_t release(void *rlock) { return pirn_rlock_release(rlock); }
static pirn_status_t free_rlock(void *rlock) { return pirn_rlock_free(rlock); }
static pirn_status_t make_acquire(call_t *c) { return pirn_rlock_acquire(c->object); }
static pirn_status_t make_release(call_t *c) { return pirn_rlock_release(c->object); }

static const lock_like_t rlock_like = {.make = make,
                                       .acquire = acquire,
                                       .try_acquire = try_acquire,
                                       .timed = acquire_timeout,
                                       .release = release,
                                       .free = free_rlock,
                                       .unheld = PIRN_ERR_NOT_OWNER};

TEST(states)
{
    check_lock_states(&rlock_like);
}

TEST(blocking_calls)
{
    check_lock_blocking(&rlock_like);
}

TEST(a_timed_out_acquire_eats_no_release)
{
    check_a_timed_out_acquire_eats_no_release(&rlock_like);
}

TEST(every_waiter_gets_its_turn)
{
    check_every_waiter_gets_its_turn(&rlock_like);
}

TEST(excludes)
{
    check_excludes(&rlock_like);
}

TEST(excludes_64_threads)
{
    check_excludes_64_threads(&rlock_like);
}

TEST(excludes_in_a_storm_of_signals)
{
    check_excludes_in_a_storm(&rlock_like);
}

TEST(release_never_touches_what_the_next_holder_frees)
{
    check_release_then_free(&rlock_like);
}

TEST(fork_with_waiters)
{
    check_fork_with_waiters(&rlock_like);
}

static void check_mine(pirn_rlock_t *rlock, size_t levels)
{
    bool flag = levels == 0;
    size_t count = levels + 1;
    CHECK_OK(pirn_rlock_is_owned(rlock, &flag));
    CHECK_EQ(flag, levels > 0);
    CHECK_OK(pirn_rlock_recursion_count(rlock, &count));
    CHECK_EQ(count, levels);
}

static bool locked(pirn_rlock_t *rlock)
{
    bool out;
    CHECK_OK(pirn_rlock_locked(rlock, &out));
    return out;
}

/* From a thread that does not hold it, though another one does. */
static void check_not_mine(void *rlock)
{
    CHECK(locked(rlock));
    check_mine(rlock, 0);
    CHECK_STATUS(pirn_rlock_release(rlock), PIRN_ERR_NOT_OWNER);
    CHECK_STATUS(pirn_rlock_try_acquire(rlock), PIRN_WOULD_BLOCK);
}

TEST(levels)
{
    enum { LEVELS = 12 };
    pirn_rlock_t *rlock = new_rlock();
    CHECK(!locked(rlock));
    check_mine(rlock, 0);
    for (size_t level = 1; level <= LEVELS; level++) {
        CHECK_OK(level % 3 == 0   ? pirn_rlock_acquire(rlock)
                 : level % 3 == 1 ? pirn_rlock_try_acquire(rlock)
                                  : pirn_rlock_acquire_timeout(rlock, 0));
        check_mine(rlock, level);
        run_on((breed_t)(level % BREEDS), check_not_mine, rlock);
    }
    for (size_t level = LEVELS; level-- > 0;) {
        CHECK_OK(pirn_rlock_release(rlock));
        check_mine(rlock, level);
        if (level > 0)
            run_on((breed_t)(level % BREEDS), check_not_mine, rlock);
    }
    CHECK(!locked(rlock));
    CHECK_STATUS(pirn_rlock_release(rlock), PIRN_ERR_NOT_OWNER);
    CHECK_OK(pirn_rlock_free(rlock));
}

TEST(a_million_levels)
{
    enum { LEVELS = 1000000 };
    pirn_rlock_t *rlock = new_rlock();
    for (int i = 0; i < LEVELS; i++)
        CHECK_OK(pirn_rlock_acquire(rlock));
    check_mine(rlock, LEVELS);
    for (int i = 0; i < LEVELS; i++)
        CHECK_OK(pirn_rlock_release(rlock));
    CHECK(!locked(rlock));
    CHECK_OK(pirn_rlock_free(rlock));
}

/* The last release alone lets a waiter in. */
TEST(inner_releases_let_nobody_in)
{
    pirn_rlock_t *rlock = new_rlock();
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        call_t waiting = {.make = make_pass, .object = rlock};
        held_like = &rlock_like;
        for (int i = 0; i < 3; i++)
            CHECK_OK(pirn_rlock_acquire(rlock));
        call_begin_blocked(&waiting, breed);
        for (int i = 0; i < 2; i++) {
            CHECK_OK(pirn_rlock_release(rlock));
            CHECK_OK(pirn_rlock_acquire(rlock));
            CHECK_OK(pirn_rlock_release(rlock));
            await_sleeping(waiting.native_id);
        }
        CHECK(!LOAD(waiting.returned));
        CHECK_OK(pirn_rlock_release(rlock));
        CHECK_OK(call_end(&waiting));
    }
    CHECK_OK(pirn_rlock_free(rlock));
}

TEST(arguments_are_checked_where_nothing_blocks)
{
    pirn_rlock_t *rlock = new_rlock();
    CHECK_OK(pirn_rlock_acquire(rlock));
    check_bad_times(acquire_timeout, rlock);
    check_mine(rlock, 1);
    CHECK_STATUS(pirn_rlock_new(NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_rlock_locked(rlock, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_rlock_is_owned(rlock, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_rlock_recursion_count(rlock, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_rlock_free(rlock));
}

TEST(one_whose_owner_has_ended_stays_locked)
{
    pirn_rlock_t *rlock = new_rlock();
    call_t gone = {.make = make_acquire, .object = rlock};
    call_begin(&gone, FOREIGN);
    CHECK_OK(call_end(&gone));
    CHECK(locked(rlock));
    CHECK_STATUS(pirn_rlock_release(rlock), PIRN_ERR_NOT_OWNER);
    CHECK_STATUS(pirn_rlock_acquire_timeout(rlock, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_rlock_free(rlock));
}

static pirn_status_t hold_until_freed(call_t *c)
{
    pirn_status_t status;
    CHECK_OK(pirn_rlock_acquire(c->object));
    STORE(c->value, c->object);
    /* Inner levels come and go while another thread frees it. */
    while ((status = pirn_rlock_acquire(c->object)) == PIRN_OK &&
           (status = pirn_rlock_release(c->object)) == PIRN_OK)
        continue;
    CHECK_STATUS(status, PIRN_ERR_INVALID_HANDLE);
    return pirn_rlock_release(c->object);
}

/* What comes to be in the place of a freed one is not touched by its owner, who may be in the middle of
 * something. */
TEST(freed_while_another_holds_it)
{
    enum { ROUNDS = 2000, OTHERS = 8 };
    for (int round = 0; round < ROUNDS; round++) {
        pirn_rlock_t *others[OTHERS];
        call_t holding = {.make = hold_until_freed, .object = new_rlock()};
        call_begin(&holding, FOREIGN);
        AWAIT(LOAD(holding.value) != NULL);
        CHECK_OK(pirn_rlock_free(holding.object));
        for (int i = 0; i < OTHERS; i++) {
            others[i] = new_rlock();
            CHECK_OK(pirn_rlock_acquire(others[i]));
        }
        CHECK_STATUS(call_end(&holding), PIRN_ERR_INVALID_HANDLE);
        for (int i = 0; i < OTHERS; i++) {
            check_mine(others[i], 1);
            CHECK_OK(pirn_rlock_free(others[i]));
        }
    }
}

/* An owner may free it while it holds it, as often as it likes, and its memory is used again. */
TEST(freed_by_its_owner)
{
    for (int round = 0; round < 1000000; round++) {
        pirn_rlock_t *rlock = new_rlock();
        CHECK_OK(pirn_rlock_acquire(rlock));
        CHECK_OK(pirn_rlock_free(rlock));
    }
}

static void check_owned_after_fork(void *rlock)
{
    call_t releasing = {.make = make_release, .object = rlock};
    check_mine(rlock, 2);
    call_begin(&releasing, PIRN_THREAD);
    CHECK_STATUS(call_end(&releasing), PIRN_ERR_NOT_OWNER);
    CHECK_OK(pirn_rlock_release(rlock));
    CHECK_OK(pirn_rlock_release(rlock));
    CHECK_STATUS(pirn_rlock_release(rlock), PIRN_ERR_NOT_OWNER);
}

TEST(held_across_a_fork)
{
    pirn_rlock_t *rlock = new_rlock();
    CHECK_OK(pirn_rlock_acquire(rlock));
    CHECK_OK(pirn_rlock_acquire(rlock));
    in_forked_child(check_owned_after_fork, rlock);
    check_mine(rlock, 2);
    CHECK_OK(pirn_rlock_free(rlock));
}
