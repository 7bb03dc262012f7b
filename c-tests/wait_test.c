/* pirn_wait: until the first, the first failure, or all of several futures. */
#include "blocking.h"

enum { FUTURES = 4 };

typedef struct group {
    pirn_future_t *futures[FUTURES];
    bool done[FUTURES];
    size_t n_done;
} group_t;

static void make_group(group_t *group)
{
    for (int i = 0; i < FUTURES; i++)
        group->futures[i] = new_future();
}

static void free_group(group_t *group)
{
    for (int i = 0; i < FUTURES; i++)
        CHECK_OK(pirn_future_free(group->futures[i]));
}

static pirn_status_t wait_for(group_t *group, int32_t return_when, double seconds)
{
    memset(group->done, true, sizeof group->done);
    group->n_done = 99;
    return pirn_wait(group->futures, FUTURES, return_when, seconds, group->done, &group->n_done);
}

static void check_done(group_t *group, bool a, bool b, bool c, bool d)
{
    const bool expected[FUTURES] = {a, b, c, d};
    for (int i = 0; i < FUTURES; i++)
        CHECK_EQ(group->done[i], expected[i]);
    CHECK_EQ(group->n_done, (size_t)a + b + c + d);
}

static void succeed(pirn_future_t *future) { CHECK_OK(pirn_future_set_result(future, NULL)); }
static void fail(pirn_future_t *future) { CHECK_OK(pirn_future_set_exception(future, 1, "failed")); }

static void cancel(pirn_future_t *future)
{
    bool cancelled = false;
    CHECK_OK(pirn_future_cancel(future, &cancelled));
    CHECK(cancelled);
}

static void notify(pirn_future_t *future)
{
    bool run = true;
    CHECK_OK(pirn_future_set_running_or_notify_cancel(future, &run));
    CHECK(!run);
}

static const int32_t modes[] = {PIRN_FIRST_COMPLETED, PIRN_FIRST_EXCEPTION, PIRN_ALL_COMPLETED};

TEST(nothing_done_times_out_in_every_mode)
{
    group_t group;
    make_group(&group);
    for (size_t i = 0; i < LENGTH(modes); i++) {
        CHECK_STATUS(wait_for(&group, modes[i], 0), PIRN_TIMED_OUT);
        check_done(&group, false, false, false, false);
        CHECK_STATUS(wait_for(&group, modes[i], 0.01), PIRN_TIMED_OUT);
        check_done(&group, false, false, false, false);
    }
    free_group(&group);
}

TEST(what_each_mode_makes_of_what_is_done)
{
    group_t group;
    make_group(&group);
    succeed(group.futures[1]);
    CHECK_OK(wait_for(&group, PIRN_FIRST_COMPLETED, 0));
    check_done(&group, false, true, false, false);
    CHECK_STATUS(wait_for(&group, PIRN_FIRST_EXCEPTION, 0), PIRN_TIMED_OUT);
    check_done(&group, false, true, false, false);
    CHECK_STATUS(wait_for(&group, PIRN_ALL_COMPLETED, 0), PIRN_TIMED_OUT);
    check_done(&group, false, true, false, false);
    fail(group.futures[3]);
    CHECK_OK(wait_for(&group, PIRN_FIRST_COMPLETED, 0));
    CHECK_OK(wait_for(&group, PIRN_FIRST_EXCEPTION, 0));
    check_done(&group, false, true, false, true);
    CHECK_STATUS(wait_for(&group, PIRN_ALL_COMPLETED, 0), PIRN_TIMED_OUT);
    check_done(&group, false, true, false, true);
    succeed(group.futures[0]);
    fail(group.futures[2]);
    for (size_t i = 0; i < LENGTH(modes); i++) {
        CHECK_OK(wait_for(&group, modes[i], 0));
        check_done(&group, true, true, true, true);
    }
    free_group(&group);
}

TEST(first_exception_without_one_waits_for_all)
{
    group_t group;
    make_group(&group);
    for (int i = 0; i < FUTURES; i++) {
        CHECK_STATUS(wait_for(&group, PIRN_FIRST_EXCEPTION, 0), PIRN_TIMED_OUT);
        succeed(group.futures[i]);
    }
    CHECK_OK(wait_for(&group, PIRN_FIRST_EXCEPTION, 0));
    check_done(&group, true, true, true, true);
    free_group(&group);
}

/* A cancelled one is done, once its owner has said so, but no exception. */
TEST(a_cancelled_one_is_done_when_notified)
{
    group_t group;
    make_group(&group);
    cancel(group.futures[2]);
    for (size_t i = 0; i < LENGTH(modes); i++) {
        CHECK_STATUS(wait_for(&group, modes[i], 0), PIRN_TIMED_OUT);
        check_done(&group, false, false, false, false);
    }
    notify(group.futures[2]);
    CHECK_OK(wait_for(&group, PIRN_FIRST_COMPLETED, 0));
    check_done(&group, false, false, true, false);
    CHECK_STATUS(wait_for(&group, PIRN_FIRST_EXCEPTION, 0), PIRN_TIMED_OUT);
    CHECK_STATUS(wait_for(&group, PIRN_ALL_COMPLETED, 0), PIRN_TIMED_OUT);
    for (int i = 0; i < FUTURES; i++)
        if (i != 2)
            succeed(group.futures[i]);
    CHECK_OK(wait_for(&group, PIRN_FIRST_EXCEPTION, 0));
    CHECK_OK(wait_for(&group, PIRN_ALL_COMPLETED, 0));
    check_done(&group, true, true, true, true);
    free_group(&group);
}

typedef struct waiting {
    call_t call;
    group_t group;
    int32_t mode;
} waiting_t;

static pirn_status_t make_wait(call_t *call)
{
    waiting_t *waiting = (waiting_t *)call;
    return wait_for(&waiting->group, waiting->mode, call->seconds);
}

typedef void (*act_fn)(pirn_future_t *future);

/* Blocked in a mode, it sleeps through all acts but the last, each on the next future. */
static void check_wakes_at_last(int32_t mode, const act_fn *acts, int n)
{
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        waiting_t waiting = {.call = {.make = make_wait, .seconds = breed ? 1e6 : PIRN_FOREVER},
                             .mode = mode};
        make_group(&waiting.group);
        call_begin_blocked(&waiting.call, breed);
        for (int i = 0; i < n; i++) {
            await_sleeping(waiting.call.native_id);
            CHECK(!LOAD(waiting.call.returned));
            acts[i](waiting.group.futures[i]);
        }
        CHECK_OK(call_end(&waiting.call));
        check_done(&waiting.group, true, n > 1, n > 2, n > 3);
        free_group(&waiting.group);
    }
}

TEST(blocked_it_wakes_when_its_mode_says)
{
    static const act_fn success[] = {succeed, succeed, succeed, succeed};
    static const act_fn failure[] = {fail, fail, fail, fail};
    static const act_fn late_failure[] = {succeed, succeed, fail};
    check_wakes_at_last(PIRN_FIRST_COMPLETED, success, 1);
    check_wakes_at_last(PIRN_FIRST_COMPLETED, failure, 1);
    check_wakes_at_last(PIRN_FIRST_EXCEPTION, failure, 1);
    check_wakes_at_last(PIRN_FIRST_EXCEPTION, late_failure, 3);
    check_wakes_at_last(PIRN_FIRST_EXCEPTION, success, 4);
    check_wakes_at_last(PIRN_ALL_COMPLETED, success, 4);
    check_wakes_at_last(PIRN_ALL_COMPLETED, failure, 4);
}

TEST(blocked_it_sleeps_through_a_cancel_till_it_is_notified)
{
    waiting_t waiting = {.call = {.make = make_wait, .seconds = PIRN_FOREVER}, .mode = PIRN_FIRST_COMPLETED};
    make_group(&waiting.group);
    call_begin_blocked(&waiting.call, FOREIGN);
    cancel(waiting.group.futures[1]);
    await_sleeping(waiting.call.native_id);
    CHECK(!LOAD(waiting.call.returned));
    notify(waiting.group.futures[1]);
    CHECK_OK(call_end(&waiting.call));
    check_done(&waiting.group, false, true, false, false);
    free_group(&waiting.group);
}

TEST(a_time_out_says_what_is_done_by_then)
{
    waiting_t waiting = {.call = {.make = make_wait, .seconds = 0.1}, .mode = PIRN_ALL_COMPLETED};
    make_group(&waiting.group);
    succeed(waiting.group.futures[3]);
    call_begin(&waiting.call, PIRN_THREAD);
    CHECK_STATUS(call_end(&waiting.call), PIRN_TIMED_OUT);
    CHECK(waiting.call.elapsed >= 0.1);
    check_done(&waiting.group, false, false, false, true);
    free_group(&waiting.group);
}

/* One future that a waiter blocks on, replaced once it is done. */
static pirn_status_t wait_seconds(void *future, double seconds)
{
    return pirn_wait(future, 1, PIRN_ALL_COMPLETED, seconds, NULL, NULL);
}

static pirn_status_t wait_forever(void *future) { return wait_seconds(future, PIRN_FOREVER); }
static pirn_status_t wake(void *future) { return pirn_future_set_result(*(pirn_future_t **)future, NULL); }

static pirn_status_t replace(void *future)
{
    pirn_status_t status = pirn_future_free(*(pirn_future_t **)future);
    *(pirn_future_t **)future = new_future();
    return status;
}

TEST(blocking_calls)
{
    static const blocking_t blocking = {
        .call = wait_forever, .timed = wait_seconds, .wake = wake, .rearm = replace};
    pirn_future_t *future = new_future();
    check_blocking(&blocking, &future);
    CHECK_OK(pirn_future_free(future));
}

TEST(duplicates_count_once)
{
    group_t group;
    make_group(&group);
    pirn_future_t *twice[] = {group.futures[0], group.futures[1], group.futures[0], group.futures[0]};
    bool done[4];
    size_t n_done = 99;
    CHECK_STATUS(pirn_wait(twice, 4, PIRN_ALL_COMPLETED, 0, done, &n_done), PIRN_TIMED_OUT);
    CHECK_EQ(n_done, 0);
    succeed(group.futures[0]);
    CHECK_OK(pirn_wait(twice, 4, PIRN_FIRST_COMPLETED, PIRN_FOREVER, done, &n_done));
    CHECK_EQ(n_done, 1);
    CHECK(done[0] && !done[1]);
    CHECK_STATUS(pirn_wait(twice, 4, PIRN_ALL_COMPLETED, 0, done, &n_done), PIRN_TIMED_OUT);
    succeed(group.futures[1]);
    CHECK_OK(pirn_wait(twice, 4, PIRN_ALL_COMPLETED, PIRN_FOREVER, done, &n_done));
    CHECK_EQ(n_done, 2);
    CHECK(done[0] && done[1]);
    free_group(&group);
}

TEST(none_at_all)
{
    for (size_t i = 0; i < LENGTH(modes); i++) {
        size_t n_done = 99;
        CHECK_OK(pirn_wait(NULL, 0, modes[i], PIRN_FOREVER, NULL, &n_done));
        CHECK_EQ(n_done, 0);
        CHECK_OK(pirn_wait(NULL, 0, modes[i], 0, NULL, NULL));
    }
}

static pirn_status_t wait_for_none(void *unused, double seconds)
{
    (void)unused;
    return pirn_wait(NULL, 0, PIRN_ALL_COMPLETED, seconds, NULL, NULL);
}

TEST(bad_arguments)
{
    static const int32_t bad_modes[] = {-1, 3, 4, INT32_MAX, INT32_MIN};
    group_t group;
    make_group(&group);
    for (size_t i = 0; i < LENGTH(bad_modes); i++) {
        CHECK_STATUS(wait_for(&group, bad_modes[i], 0), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_EQ(group.n_done, 99);
        CHECK_STATUS(pirn_wait(NULL, 0, bad_modes[i], 0, NULL, NULL), PIRN_ERR_INVALID_ARGUMENT);
    }
    check_bad_times(wait_for_none, NULL);
    CHECK_STATUS(pirn_wait(NULL, 1, PIRN_ALL_COMPLETED, 0, NULL, NULL), PIRN_ERR_INVALID_ARGUMENT);
    free_group(&group);
}

TEST(an_invalid_handle_among_them)
{
    for (int i = 0; i < FUTURES; i++) {
        group_t group;
        make_group(&group);
        pirn_future_t *valid = group.futures[i], *freed = new_future();
        CHECK_OK(pirn_future_free(freed));
        succeed(group.futures[(i + 1) % FUTURES]);
        pirn_future_t *invalid[] = {NULL, freed, (pirn_future_t *)&group, (pirn_future_t *)8};
        for (size_t k = 0; k < LENGTH(invalid); k++) {
            group.futures[i] = invalid[k];
            for (size_t m = 0; m < LENGTH(modes); m++) {
                CHECK_STATUS(wait_for(&group, modes[m], PIRN_FOREVER), PIRN_ERR_INVALID_HANDLE);
                CHECK_EQ(group.n_done, 99);
            }
        }
        group.futures[i] = valid;
        free_group(&group);
    }
}

TEST(futures_of_several_executors_and_of_none)
{
    gate_t gates[2];
    group_t group;
    pirn_executor_t *executors[2];
    for (int i = 0; i < 2; i++) {
        executors[i] = new_executor(1);
        group.futures[i] = submit_gate(executors[i], &gates[i]);
    }
    group.futures[2] = new_future();
    group.futures[3] = submit(executors[0], do_nothing, NULL);
    gate_open(&gates[1]);
    CHECK_OK(wait_for(&group, PIRN_FIRST_COMPLETED, PIRN_FOREVER));
    check_done(&group, false, true, false, false);
    cancel(group.futures[3]); /* an executor's is notified at once */
    CHECK_STATUS(wait_for(&group, PIRN_ALL_COMPLETED, 0), PIRN_TIMED_OUT);
    check_done(&group, false, true, false, true);
    gate_open(&gates[0]);
    succeed(group.futures[2]);
    CHECK_OK(wait_for(&group, PIRN_ALL_COMPLETED, PIRN_FOREVER));
    check_done(&group, true, true, true, true);
    for (int i = 0; i < 2; i++)
        CHECK_OK(pirn_executor_free(executors[i]));
    free_group(&group);
}

TEST(handles_may_be_freed_meanwhile)
{
    waiting_t waiting = {.call = {.make = make_wait, .seconds = PIRN_FOREVER}, .mode = PIRN_ALL_COMPLETED};
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    waiting.group.futures[0] = submit_gate(executor, &gate);
    for (int i = 1; i < FUTURES; i++)
        waiting.group.futures[i] = submit(executor, do_nothing, NULL);
    call_begin_blocked(&waiting.call, FOREIGN);
    free_group(&waiting.group);
    gate_open(&gate);
    CHECK_OK(call_end(&waiting.call));
    check_done(&waiting.group, true, true, true, true);
    CHECK_OK(pirn_executor_free(executor));
}

TEST(many_waiters_on_many_futures)
{
    enum { MANY = 300, WAITERS = 6 };
    static pirn_future_t *futures[MANY];
    pirn_executor_t *executor = new_executor(3);
    for (int round = 0; round < 5; round++) {
        waiting_t waiters[WAITERS];
        for (int i = 0; i < MANY; i++)
            futures[i] = submit(executor, do_nothing, NULL);
        for (int w = 0; w < WAITERS; w++) {
            waiters[w] =
                (waiting_t){.call = {.make = make_wait, .seconds = PIRN_FOREVER}, .mode = modes[w % 3]};
            for (int i = 0; i < FUTURES; i++)
                waiters[w].group.futures[i] = futures[(w * 50 + i * 7) % MANY];
            call_begin(&waiters[w].call, (breed_t)(w % BREEDS));
        }
        bool done[MANY];
        size_t n_done;
        CHECK_OK(pirn_wait(futures, MANY, PIRN_ALL_COMPLETED, PIRN_FOREVER, done, &n_done));
        CHECK_EQ(n_done, MANY);
        for (int w = 0; w < WAITERS; w++)
            CHECK_OK(call_end(&waiters[w].call));
        for (int i = 0; i < MANY; i++)
            CHECK_OK(pirn_future_free(futures[i]));
    }
    CHECK_OK(pirn_executor_free(executor));
}

/* A million futures, each there twice: whoever waits for all is woken once, whoever iterates once a future at most. */
typedef struct crowd {
    call_t call;
    pirn_future_t **futures;
    size_t n, given;
    long switches;
} crowd_t;

static long switches_so_far(void)
{
    struct rusage usage;
    CHECK_EQ(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_nvcsw;
}

static pirn_status_t wait_for_crowd(call_t *call)
{
    crowd_t *crowd = (crowd_t *)call;
    long before = switches_so_far();
    pirn_status_t status =
        pirn_wait(crowd->futures, 2 * crowd->n, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, &crowd->given);
    crowd->switches = switches_so_far() - before;
    return status;
}

static pirn_status_t iterate_over_crowd(call_t *call)
{
    crowd_t *crowd = (crowd_t *)call;
    pirn_as_completed_t *iterator;
    size_t index;
    pirn_status_t status;
    CHECK_OK(pirn_as_completed(crowd->futures, 2 * crowd->n, PIRN_FOREVER, &iterator));
    long before = switches_so_far();
    while ((status = pirn_as_completed_next(iterator, &index)) == PIRN_OK) {
        CHECK_EQ(index, crowd->given);
        crowd->given++;
    }
    crowd->switches = switches_so_far() - before;
    CHECK_OK(pirn_as_completed_free(iterator));
    return status;
}

static void end_crowd(pirn_status_t (*make)(call_t *), pirn_status_t expected, size_t n, long most_switches)
{
    crowd_t crowd = {.call = {.make = make}, .futures = malloc(2 * n * sizeof(pirn_future_t *)), .n = n};
    for (size_t i = 0; i < n; i++)
        crowd.futures[i] = crowd.futures[n + i] = new_future();
    call_begin_blocked(&crowd.call, FOREIGN);
    for (size_t i = 0; i < n; i++)
        CHECK_OK(pirn_future_set_result(crowd.futures[i], NULL));
    CHECK_STATUS(call_end(&crowd.call), expected);
    printf("%zu futures, each twice: %ld times asleep\n", n, crowd.switches);
    CHECK_EQ(crowd.given, n);
    CHECK(crowd.switches >= 1 && crowd.switches <= most_switches);
    for (size_t i = 0; i < n; i++)
        CHECK_OK(pirn_future_free(crowd.futures[i]));
    free(crowd.futures);
}

TEST(a_million_and_one_wake_up)
{
    /* A lock that it meets the others at may put it to sleep as well, but not for each of them. */
    end_crowd(wait_for_crowd, PIRN_OK, 1000000, 50);
}

TEST(a_wake_up_for_each_at_most)
{
    end_crowd(iterate_over_crowd, PIRN_END, 100000, 101000);
}
