/* Lock: not owned, any thread may release it. */
#include "lock_like.h"

static pirn_status_t acquire(void *lock) { return pirn_lock_acquire(lock); }
static pirn_status_t acquire_timeout(void *lock, double s) { return pirn_lock_acquire_timeout(lock, s); }
static pirn_status_t release(void *lock) { return pirn_lock_release(lock); }
static pirn_status_t free_lock(void *lock) { return pirn_lock_free(lock); }
static pirn_status_t make_acquire(call_t *c) { return pirn_lock_acquire(c->object); }
static pirn_status_t make_release(call_t *c) { return pirn_lock_release(c->object); }

static pirn_lock_t *new_lock(void)
{
    pirn_lock_t *lock;
    CHECK_OK(pirn_lock_new(&lock));
    return lock;
}

static bool locked(pirn_lock_t *lock)
{
    bool out;
    CHECK_OK(pirn_lock_locked(lock, &out));
    return out;
}

static void *make(void) { return new_lock(); }
static pirn_status_t try_acquire(void *lock) { return pirn_lock_try_acquire(lock); }

static const lock_like_t lock_like = {.make = make,
                                      .acquire = acquire,
                                      .try_acquire = try_acquire,
                                      .timed = acquire_timeout,
                                      .release = release,
                                      .free = free_lock,
                                      .unheld = PIRN_ERR_NOT_LOCKED};

TEST(states)
{
    check_lock_states(&lock_like);
}

TEST(a_timed_out_acquire_eats_no_release)
{
    check_a_timed_out_acquire_eats_no_release(&lock_like);
}

TEST(excludes)
{
    check_excludes(&lock_like);
}

TEST(excludes_64_threads)
{
    check_excludes_64_threads(&lock_like);
}

TEST(excludes_in_a_storm_of_signals)
{
    check_excludes_in_a_storm(&lock_like);
}

TEST(release_never_touches_what_the_next_holder_frees)
{
    check_release_then_free(&lock_like);
}

TEST(fork_with_waiters)
{
    check_fork_with_waiters(&lock_like);
}

TEST(starts_unlocked_and_follows_its_state)
{
    pirn_lock_t *lock = new_lock();
    for (int i = 0; i < 3; i++) {
        CHECK(!locked(lock));
        CHECK_OK(pirn_lock_acquire(lock));
        CHECK(locked(lock));
        CHECK_STATUS(pirn_lock_try_acquire(lock), PIRN_WOULD_BLOCK);
        CHECK(locked(lock));
        CHECK_OK(pirn_lock_release(lock));
        CHECK_OK(pirn_lock_try_acquire(lock));
        CHECK(locked(lock));
        CHECK_OK(pirn_lock_release(lock));
    }
    CHECK_OK(pirn_lock_free(lock));
}

TEST(release_of_an_unlocked_one_is_not_locked)
{
    pirn_lock_t *lock = new_lock();
    CHECK_STATUS(pirn_lock_release(lock), PIRN_ERR_NOT_LOCKED);
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_OK(pirn_lock_release(lock));
    CHECK_STATUS(pirn_lock_release(lock), PIRN_ERR_NOT_LOCKED);
    CHECK_OK(pirn_lock_try_acquire(lock));
    CHECK_OK(pirn_lock_free(lock));
}

TEST(null_out_parameters)
{
    pirn_lock_t *lock = new_lock();
    CHECK_STATUS(pirn_lock_new(NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_lock_locked(lock, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_lock_free(lock));
}

TEST(blocking_calls)
{
    static const blocking_t blocking = {
        .call = acquire, .timed = acquire_timeout, .wake = release, .free = free_lock};
    pirn_lock_t *lock = new_lock();
    CHECK_OK(pirn_lock_acquire(lock));
    check_blocking(&blocking, lock);
    CHECK_OK(pirn_lock_release(lock));
    CHECK_OK(pirn_lock_free(lock));
}

TEST(any_thread_may_release)
{
    pirn_lock_t *lock = new_lock();
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        call_t releasing = {.make = make_release, .object = lock};
        CHECK_OK(pirn_lock_acquire(lock));
        call_begin(&releasing, breed);
        CHECK_OK(call_end(&releasing));
        CHECK(!locked(lock));
    }
    CHECK_OK(pirn_lock_free(lock));
}

static pirn_status_t acquire_twice(call_t *c)
{
    CHECK_OK(pirn_lock_acquire(c->object));
    CHECK_STATUS(pirn_lock_acquire_timeout(c->object, 0), PIRN_TIMED_OUT);
    return pirn_lock_acquire(c->object);
}

TEST(the_holder_acquiring_again_blocks)
{
    pirn_lock_t *lock = new_lock();
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        call_t again = {.make = acquire_twice, .object = lock};
        call_begin_blocked(&again, breed);
        CHECK_OK(pirn_lock_release(lock));
        CHECK_OK(call_end(&again));
        CHECK(locked(lock));
        CHECK_OK(pirn_lock_release(lock));
    }
    CHECK_OK(pirn_lock_free(lock));
}

TEST(every_waiter_gets_its_turn)
{
    enum { WAITERS = 16 };
    call_t waiters[WAITERS];
    pirn_lock_t *lock = new_lock();
    CHECK_OK(pirn_lock_acquire(lock));
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (call_t){.make = make_acquire, .object = lock};
        call_begin_blocked(&waiters[i], (breed_t)(i % BREEDS));
    }
    CHECK_STATUS(pirn_lock_free(lock), PIRN_ERR_BUSY);
    for (int turn = 0; turn < WAITERS; turn++) {
        int through = 0;
        CHECK_OK(pirn_lock_release(lock));
        while (through <= turn) {
            through = 0;
            for (int i = 0; i < WAITERS; i++)
                through += LOAD(waiters[i].returned);
            sched_yield();
        }
        CHECK_EQ(through, turn + 1);
        CHECK(locked(lock));
    }
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(call_end(&waiters[i]));
    CHECK_OK(pirn_lock_free(lock));
}

/* Woken is not yet through: until the waiter has come back the lock is busy. */
TEST(a_waiter_that_was_let_in_is_not_freed_under)
{
    for (int i = 0; i < 400; i++) {
        pirn_lock_t *lock = new_lock();
        pirn_status_t freed = PIRN_ERR_BUSY;
        call_t waiter = {.make = make_acquire, .object = lock};
        CHECK_OK(pirn_lock_acquire(lock));
        call_begin_blocked(&waiter, (breed_t)(i % BREEDS));
        CHECK_OK(pirn_lock_release(lock));
        while (freed == PIRN_ERR_BUSY)
            freed = pirn_lock_free(lock);
        CHECK_OK(freed);
        CHECK_OK(call_end(&waiter));
    }
}

TEST(a_held_lock_may_be_freed)
{
    pirn_lock_t *lock = new_lock();
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_OK(pirn_lock_free(lock));
    CHECK_STATUS(pirn_lock_release(lock), PIRN_ERR_INVALID_HANDLE);
}

TEST(using_one_registers_no_thread)
{
    pirn_lock_t *lock = new_lock();
    CHECK_OK(pirn_lock_acquire(lock));
    call_t waiting = {.make = make_acquire, .object = lock};
    call_begin_blocked(&waiting, FOREIGN);
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_lock_release(lock));
    CHECK_OK(call_end(&waiting));
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_lock_free(lock));
}

static void use_for_a_moment(void *lock)
{
    pirn_event_t *event;
    CHECK_STATUS(pirn_lock_acquire_timeout(lock, 1e-6), PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_new(&event));
    CHECK_OK(pirn_event_set(event));
    CHECK_OK(pirn_event_wait(event));
    CHECK_OK(pirn_event_free(event));
    CHECK_STATUS(pirn_lock_release(NULL), PIRN_ERR_INVALID_HANDLE); /* leaves it a last error */
}

/* Threads that pirn knows nothing of come, use locks and go: what pirn keeps for a thread goes with it. */
TEST(foreign_threads_leave_nothing_behind)
{
    enum { THREADS = 20000, BYTES_EACH = 16 };
    long before = 0;
    skip_if(UNDER_ASAN || UNDER_TSAN, "the sanitizer itself keeps what was freed, and what it knows of threads");
    pirn_lock_t *lock = new_lock();
    CHECK_OK(pirn_lock_acquire(lock));
    for (int i = 0; i < THREADS + THREADS / 10; i++) {
        if (i == THREADS / 10)
            before = resident_kib();
        run_on(FOREIGN, use_for_a_moment, lock);
    }
    CHECK(resident_kib() - before < THREADS * BYTES_EACH / 1024);
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_lock_free(lock));
}
