/* Lock: not owned, any thread may release it. */
#include "blocking.h"

static pirn_status_t acquire(void *lock) { return pirn_lock_acquire(lock); }
static pirn_status_t acquire_timeout(void *lock, double s) { return pirn_lock_acquire_timeout(lock, s); }
static pirn_status_t release(void *lock) { return pirn_lock_release(lock); }
static pirn_status_t free_lock(void *lock) { return pirn_lock_free(lock); }
static pirn_status_t make_acquire(call_t *c) { return pirn_lock_acquire(c->object); }
static pirn_status_t make_timed(call_t *c) { return pirn_lock_acquire_timeout(c->object, c->seconds); }
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

/* A waiter that timed out leaves nothing behind: the release goes to the one that still waits. */
TEST(a_timed_out_acquire_eats_no_release)
{
    pirn_lock_t *lock = new_lock();
    CHECK_OK(pirn_lock_acquire(lock));
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        call_t leaving = {.make = make_timed, .object = lock, .seconds = 0.02};
        call_t staying = {.make = make_acquire, .object = lock};
        call_begin(&leaving, breed);
        call_begin_blocked(&staying, breed);
        CHECK_STATUS(call_end(&leaving), PIRN_TIMED_OUT);
        CHECK(locked(lock));
        CHECK_OK(pirn_lock_release(lock));
        CHECK_OK(call_end(&staying));
    }
    CHECK_OK(pirn_lock_release(lock));
    CHECK(!locked(lock));
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

typedef struct shared {
    pirn_lock_t *lock;
    int64_t total;
} shared_t;

enum { INCREMENTS = 100000 };

static void increment_under_the_lock(void *element)
{
    shared_t *shared = *(shared_t **)element;
    for (int i = 0; i < INCREMENTS; i++) {
        CHECK_OK(pirn_lock_acquire(shared->lock));
        shared->total++;
        CHECK_OK(pirn_lock_release(shared->lock));
    }
}

/* Every way in at once; timeouts so short that they often pass while the lock is being handed over. */
static void increment_every_way(void *element)
{
    shared_t *shared = *(shared_t **)element;
    for (int i = 0, done = 0; done < INCREMENTS / 4; i++) {
        pirn_status_t status = i % 3 == 0   ? pirn_lock_try_acquire(shared->lock)
                               : i % 3 == 1 ? pirn_lock_acquire_timeout(shared->lock, 1e-6 * (i % 50))
                                            : pirn_lock_acquire(shared->lock);
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT) | BIT(PIRN_WOULD_BLOCK));
        if (status != PIRN_OK)
            continue;
        done++;
        shared->total++;
        CHECK_OK(pirn_lock_release(shared->lock));
    }
}

static void check_exclusion(void (*body)(void *), int64_t expected_each)
{
    enum { THREADS = 8 };
    shared_t shared = {.lock = new_lock()};
    shared_t *elements[THREADS];
    for (int i = 0; i < THREADS; i++)
        elements[i] = &shared;
    run_on_all(THREADS, body, elements, sizeof *elements);
    CHECK_EQ(shared.total, THREADS * expected_each);
    CHECK(!locked(shared.lock));
    CHECK_OK(pirn_lock_free(shared.lock));
}

TEST(excludes)
{
    check_exclusion(increment_under_the_lock, INCREMENTS);
}

TEST(excludes_with_timeouts_passing)
{
    check_exclusion(increment_every_way, INCREMENTS / 4);
}

static void free_what_comes(void *arg)
{
    pirn_lock_t **next = arg, *lock;
    for (;;) {
        AWAIT((lock = LOAD(*next)) != NULL);
        if (lock == UNTOUCHED)
            return;
        CHECK_OK(pirn_lock_acquire(lock));
        CHECK_OK(pirn_lock_free(lock));
        STORE(*next, NULL);
    }
}

/* The next holder may free the lock while the release that let it in is still on its way out. */
TEST(release_never_touches_what_the_next_holder_frees)
{
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        pirn_lock_t *next = NULL;
        runner_t freeing;
        runner_start(&freeing, breed, free_what_comes, &next);
        for (int round = 0; round < 50000; round++) {
            pirn_lock_t *lock = new_lock();
            CHECK_OK(pirn_lock_acquire(lock));
            STORE(next, lock);
            if (round % 64 == 0)
                sched_yield();
            CHECK_OK(pirn_lock_release(lock));
            AWAIT(LOAD(next) == NULL);
            CHECK_STATUS(pirn_lock_release(lock), PIRN_ERR_INVALID_HANDLE);
        }
        STORE(next, UNTOUCHED);
        runner_join(&freeing);
    }
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
