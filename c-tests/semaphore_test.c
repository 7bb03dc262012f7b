/* Semaphore and BoundedSemaphore: permits. */
#include "lock_like.h"

static pirn_semaphore_t *new_semaphore(int64_t value)
{
    pirn_semaphore_t *semaphore;
    CHECK_OK(pirn_semaphore_new(value, &semaphore));
    return semaphore;
}

static pirn_semaphore_t *new_bounded(int64_t value)
{
    pirn_semaphore_t *semaphore;
    CHECK_OK(pirn_semaphore_new_bounded(value, &semaphore));
    return semaphore;
}

static void *make_one(void) { return new_semaphore(1); }
static void *make_bounded_one(void) { return new_bounded(1); }
static pirn_status_t acquire(void *s) { return pirn_semaphore_acquire(s); }
static pirn_status_t try_acquire(void *s) { return pirn_semaphore_try_acquire(s); }
static pirn_status_t acquire_timeout(void *h, double s) { return pirn_semaphore_acquire_timeout(h, s); }
static pirn_status_t release(void *s) { return pirn_semaphore_release(s); }
static pirn_status_t free_semaphore(void *s) { return pirn_semaphore_free(s); }
static pirn_status_t make_acquire(call_t *c) { return pirn_semaphore_acquire(c->object); }
static pirn_status_t make_timed(call_t *c) { return pirn_semaphore_acquire_timeout(c->object, c->seconds); }

static const lock_like_t one = {.make = make_one,
                                .acquire = acquire,
                                .try_acquire = try_acquire,
                                .timed = acquire_timeout,
                                .release = release,
                                .free = free_semaphore,
                                .unheld = PIRN_OK};

static const lock_like_t bounded_one = {.make = make_bounded_one,
                                        .acquire = acquire,
                                        .try_acquire = try_acquire,
                                        .timed = acquire_timeout,
                                        .release = release,
                                        .free = free_semaphore,
                                        .unheld = PIRN_ERR_OVER_RELEASE};

TEST(states)
{
    check_lock_states(&one);
    check_lock_states(&bounded_one);
}

TEST(as_a_lock)
{
    check_lock_blocking(&bounded_one);
}

TEST(a_timed_out_acquire_eats_no_release)
{
    check_a_timed_out_acquire_eats_no_release(&one);
}

TEST(every_waiter_gets_its_turn)
{
    check_every_waiter_gets_its_turn(&one);
}

TEST(excludes)
{
    check_excludes(&one);
    check_excludes(&bounded_one);
}

TEST(excludes_64_threads)
{
    check_excludes_64_threads(&one);
}

TEST(excludes_in_a_storm_of_signals)
{
    check_excludes_in_a_storm(&bounded_one);
}

TEST(release_never_touches_what_the_next_holder_frees)
{
    check_release_then_free(&one);
}

TEST(fork_with_waiters)
{
    check_fork_with_waiters(&one);
    check_fork_with_waiters(&bounded_one);
}

static void check_value(pirn_semaphore_t *semaphore, int64_t expected)
{
    int64_t value = ~expected;
    CHECK_OK(pirn_semaphore_value(semaphore, &value));
    CHECK_EQ(value, expected);
}

TEST(blocking_calls)
{
    static const blocking_t blocking = {
        .call = acquire, .timed = acquire_timeout, .wake = release, .free = free_semaphore};
    pirn_semaphore_t *semaphore = new_semaphore(0);
    check_blocking(&blocking, semaphore);
    check_value(semaphore, 0);
    CHECK_OK(pirn_semaphore_free(semaphore));
}

TEST(bad_arguments)
{
    static const int64_t negative[] = {-1, -2, INT32_MIN, INT64_MIN};
    void *out = UNTOUCHED;
    pirn_semaphore_t *semaphore = new_semaphore(3);
    for (size_t i = 0; i < LENGTH(negative); i++) {
        CHECK_STATUS(pirn_semaphore_new(negative[i], (pirn_semaphore_t **)&out), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_semaphore_new_bounded(negative[i], (pirn_semaphore_t **)&out),
                     PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_semaphore_release_n(semaphore, negative[i]), PIRN_ERR_INVALID_ARGUMENT);
    }
    CHECK(out == UNTOUCHED);
    CHECK_STATUS(pirn_semaphore_new(1, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_semaphore_new_bounded(1, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_semaphore_release_n(semaphore, 0), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_semaphore_value(semaphore, NULL), PIRN_ERR_INVALID_ARGUMENT);
    check_bad_times(acquire_timeout, semaphore); /* also where a permit is to be had */
    check_value(semaphore, 3);
    CHECK_OK(pirn_semaphore_free(semaphore));
}

TEST(counts)
{
    pirn_semaphore_t *semaphore = new_semaphore(2);
    CHECK_OK(pirn_semaphore_acquire(semaphore));
    CHECK_OK(pirn_semaphore_try_acquire(semaphore));
    CHECK_STATUS(pirn_semaphore_try_acquire(semaphore), PIRN_WOULD_BLOCK);
    CHECK_STATUS(pirn_semaphore_acquire_timeout(semaphore, 0), PIRN_TIMED_OUT);
    check_value(semaphore, 0);
    CHECK_OK(pirn_semaphore_release(semaphore));
    CHECK_OK(pirn_semaphore_release_n(semaphore, 7)); /* not bounded: more than at first */
    check_value(semaphore, 8);
    for (int left = 8; left > 0; left--)
        CHECK_OK(pirn_semaphore_acquire_timeout(semaphore, 0));
    check_value(semaphore, 0);
    CHECK_OK(pirn_semaphore_free(semaphore));
}

TEST(a_bound_is_all_or_nothing)
{
    pirn_semaphore_t *semaphore = new_bounded(3), *none = new_bounded(0);
    CHECK_STATUS(pirn_semaphore_release(semaphore), PIRN_ERR_OVER_RELEASE);
    CHECK_STATUS(pirn_semaphore_release_n(semaphore, INT64_MAX), PIRN_ERR_OVER_RELEASE);
    CHECK_OK(pirn_semaphore_acquire(semaphore));
    CHECK_OK(pirn_semaphore_acquire(semaphore));
    CHECK_STATUS(pirn_semaphore_release_n(semaphore, 3), PIRN_ERR_OVER_RELEASE);
    check_value(semaphore, 1);
    CHECK_OK(pirn_semaphore_release_n(semaphore, 2));
    check_value(semaphore, 3);
    CHECK_STATUS(pirn_semaphore_release(none), PIRN_ERR_OVER_RELEASE);
    CHECK_STATUS(pirn_semaphore_acquire_timeout(none, 0.001), PIRN_TIMED_OUT);
    check_value(none, 0);
    CHECK_OK(pirn_semaphore_free(semaphore));
    CHECK_OK(pirn_semaphore_free(none));
}

TEST(large_values)
{
    static const int64_t values[] = {INT64_C(1) << 26, (INT64_C(1) << 27) - 1, INT64_C(1) << 27,
                                     INT32_MAX,        INT64_C(1) << 31,       INT64_MAX - 1};
    for (size_t i = 0; i < LENGTH(values); i++) {
        pirn_semaphore_t *semaphore = new_semaphore(values[i]), *bounded = new_bounded(values[i]);
        CHECK_OK(pirn_semaphore_release(semaphore));
        check_value(semaphore, values[i] + 1);
        CHECK_STATUS(pirn_semaphore_release_n(semaphore, INT64_MAX - values[i]), PIRN_ERR_OVERFLOW);
        CHECK_OK(pirn_semaphore_acquire(semaphore));
        CHECK_OK(pirn_semaphore_acquire(semaphore));
        check_value(semaphore, values[i] - 1);
        CHECK_OK(pirn_semaphore_release_n(semaphore, INT64_MAX - values[i] + 1));
        check_value(semaphore, INT64_MAX);
        CHECK_STATUS(pirn_semaphore_release(semaphore), PIRN_ERR_OVERFLOW);
        check_value(semaphore, INT64_MAX);
        CHECK_STATUS(pirn_semaphore_release(bounded), PIRN_ERR_OVER_RELEASE);
        CHECK_OK(pirn_semaphore_acquire(bounded));
        CHECK_OK(pirn_semaphore_release(bounded));
        check_value(bounded, values[i]);
        CHECK_OK(pirn_semaphore_free(semaphore));
        CHECK_OK(pirn_semaphore_free(bounded));
    }
}

static pirn_status_t make_release(call_t *c) { return pirn_semaphore_release(c->object); }

TEST(any_thread_may_release)
{
    pirn_semaphore_t *semaphore = new_bounded(1);
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        call_t releasing = {.make = make_release, .object = semaphore};
        CHECK_OK(pirn_semaphore_acquire(semaphore));
        call_begin(&releasing, breed);
        CHECK_OK(call_end(&releasing));
        check_value(semaphore, 1);
    }
    CHECK_OK(pirn_semaphore_free(semaphore));
}

static int count_returned(const call_t *calls, int n)
{
    int returned = 0;
    for (int i = 0; i < n; i++)
        returned += LOAD(calls[i].returned);
    return returned;
}

/* As many as are released, those that came first; what nobody waits for stays. */
TEST(release_n_wakes_n)
{
    enum { WAITERS = 9 };
    static const int64_t steps[] = {1, 3, 2, 8};
    call_t waiters[WAITERS];
    pirn_semaphore_t *semaphore = new_semaphore(0);
    int through = 0;
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (call_t){.make = make_acquire, .object = semaphore};
        call_begin_blocked(&waiters[i], (breed_t)(i % BREEDS));
    }
    CHECK_STATUS(pirn_semaphore_free(semaphore), PIRN_ERR_BUSY);
    for (size_t i = 0; i < LENGTH(steps); i++) {
        CHECK_OK(pirn_semaphore_release_n(semaphore, steps[i]));
        through = through + steps[i] < WAITERS ? through + (int)steps[i] : WAITERS;
        AWAIT(count_returned(waiters, WAITERS) >= through);
        CHECK_EQ(count_returned(waiters, through), through);
        CHECK_EQ(count_returned(waiters, WAITERS), through);
    }
    check_value(semaphore, 1 + 3 + 2 + 8 - WAITERS);
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(call_end(&waiters[i]));
    CHECK_OK(pirn_semaphore_free(semaphore));
}

/* One that gave up is not among those who are woken. */
TEST(those_who_gave_up_are_passed_over)
{
    pirn_semaphore_t *semaphore = new_semaphore(0);
    call_t leaving = {.make = make_timed, .object = semaphore, .seconds = 0.02};
    call_t staying[2];
    call_begin(&leaving, FOREIGN);
    for (int i = 0; i < 2; i++) {
        staying[i] = (call_t){.make = make_acquire, .object = semaphore};
        call_begin_blocked(&staying[i], (breed_t)(i % BREEDS));
    }
    CHECK_STATUS(call_end(&leaving), PIRN_TIMED_OUT);
    CHECK_OK(pirn_semaphore_release_n(semaphore, 2));
    for (int i = 0; i < 2; i++)
        CHECK_OK(call_end(&staying[i]));
    check_value(semaphore, 0);
    CHECK_OK(pirn_semaphore_free(semaphore));
}

enum { PERMITS = 5 };

typedef struct room {
    pirn_semaphore_t *semaphore;
    int inside, most;
    int64_t visits;
} room_t;

static void visit(void *element)
{
    room_t *room = *(room_t **)element;
    join_storm();
    for (int i = 0; i < 500; i++) {
        pirn_status_t status = i % 2 ? pirn_semaphore_acquire(room->semaphore)
                                     : pirn_semaphore_acquire_timeout(room->semaphore, 1e-5 * (i % 20));
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT));
        if (status != PIRN_OK)
            continue;
        CHECK(ADD(room->inside, 1) <= PERMITS);
        ADD(room->visits, 1);
        sched_yield();
        CHECK(ADD(room->inside, -1) >= 0);
        CHECK_OK(pirn_semaphore_release(room->semaphore));
    }
    leave_storm();
}

TEST(never_more_inside_than_permits)
{
    enum { THREADS = 64 };
    room_t room = {.semaphore = new_bounded(PERMITS)};
    room_t *elements[THREADS];
    for (int i = 0; i < THREADS; i++)
        elements[i] = &room;
    begin_storm();
    do
        run_on_all(THREADS, visit, elements, sizeof *elements);
    while (!has_stormed());
    end_storm();
    CHECK(room.visits >= THREADS * 250);
    check_value(room.semaphore, PERMITS);
    CHECK_STATUS(pirn_semaphore_release(room.semaphore), PIRN_ERR_OVER_RELEASE);
    CHECK_OK(pirn_semaphore_free(room.semaphore));
}

/* The pattern of a completion: the waiter frees what it was woken by. */
static void complete_what_comes(void *arg)
{
    pirn_semaphore_t **next = arg, *semaphore;
    for (;;) {
        AWAIT((semaphore = LOAD(*next)) != NULL);
        if ((void *)semaphore == UNTOUCHED)
            return;
        STORE(*next, NULL);
        CHECK_OK(pirn_semaphore_release(semaphore));
    }
}

TEST(freed_by_who_was_let_in)
{
    pirn_semaphore_t *next = NULL;
    runner_t completing;
    runner_start(&completing, FOREIGN, complete_what_comes, &next);
    for (int round = 0; round < 10000; round++) {
        pirn_semaphore_t *semaphore = new_semaphore(0);
        STORE(next, semaphore);
        CHECK_OK(pirn_semaphore_acquire(semaphore));
        CHECK_OK(pirn_semaphore_free(semaphore));
        AWAIT(LOAD(next) == NULL);
    }
    STORE(next, UNTOUCHED);
    runner_join(&completing);
}
