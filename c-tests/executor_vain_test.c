/*
 * Waits in tasks that would be in vain: a task's for its own future, and those for tasks that nobody could run because the system
 * refuses threads. They say so, or the task that waits runs what it waits for.
 */
#include "support.h"

/* Its own future. */

typedef struct own {
    pirn_executor_t *executor;
    pirn_future_t *future, *other;
    pirn_map_t *map;
    gate_t gate;
    uint64_t native_id; /* of the task, when it is about to wait */
} own_t;

static void check_own_comes_last(pirn_future_t *const *both)
{
    pirn_as_completed_t *iterator;
    size_t index = 55;
    CHECK_OK(pirn_as_completed(both, 2, PIRN_FOREVER, &iterator));
    CHECK_OK(pirn_as_completed_next(iterator, &index));
    CHECK_EQ(index, 0);
    for (int i = 0; i < 2; i++)
        CHECK_STATUS(pirn_as_completed_next(iterator, &index), PIRN_ERR_DEADLOCK);
    CHECK_EQ(index, 0);
    CHECK_OK(pirn_as_completed_free(iterator));
    CHECK_OK(pirn_as_completed(&both[1], 1, 0.001, &iterator));
    CHECK_STATUS(pirn_as_completed_next(iterator, &index), PIRN_TIMED_OUT);
    CHECK_OK(pirn_as_completed_free(iterator));
}

static void check_own_is_refused(own_t *own)
{
    pirn_future_t *both[2] = {own->other, own->future};
    bool done[2] = {true, true};
    int32_t code = 55;
    size_t length = 55, n_done = 55;
    void *result = UNTOUCHED;
    CHECK_STATUS(pirn_future_result(own->future, &result), PIRN_ERR_DEADLOCK);
    CHECK(result == UNTOUCHED);
    CHECK_STATUS(pirn_future_exception(own->future, &code, NULL, 0, &length), PIRN_ERR_DEADLOCK);
    CHECK(code == 55 && length == 55);
    CHECK_STATUS(pirn_wait(both, 2, PIRN_ALL_COMPLETED, PIRN_FOREVER, done, &n_done), PIRN_ERR_DEADLOCK);
    CHECK(done[0] && done[1] && n_done == 55);
    CHECK_STATUS(pirn_wait(&both[1], 1, PIRN_FIRST_COMPLETED, PIRN_FOREVER, done, &n_done), PIRN_ERR_DEADLOCK);
    CHECK_OK(pirn_wait(both, 2, PIRN_FIRST_COMPLETED, PIRN_FOREVER, done, &n_done));
    CHECK(done[0] && !done[1] && n_done == 1);
    check_own_comes_last(both);
    CHECK_STATUS(pirn_future_result_timeout(own->future, 0, NULL), PIRN_TIMED_OUT);
    CHECK_STATUS(pirn_future_result_timeout(own->future, 0.001, NULL), PIRN_TIMED_OUT);
    CHECK_STATUS(pirn_wait(both, 2, PIRN_ALL_COMPLETED, 0.001, done, &n_done), PIRN_TIMED_OUT);
}

static int32_t wait_for_own(void *arg, void **result)
{
    own_t *own = arg;
    gate_task(&own->gate, result); /* until the submit has returned */
    check_own_is_refused(own);
    return 0;
}

TEST(for_its_own_future)
{
    own_t own = {.executor = new_executor(2)};
    void *result;
    gate_init(&own.gate);
    own.other = new_future();
    CHECK_OK(pirn_future_set_result(own.other, NULL));
    own.future = submit(own.executor, wait_for_own, &own);
    gate_open(&own.gate);
    CHECK_OK(pirn_future_result(own.future, &result));
    CHECK(result == &own.gate);
    CHECK_OK(pirn_future_free(own.future));
    CHECK_OK(pirn_future_free(own.other));
    CHECK_OK(pirn_executor_free(own.executor));
}

/* It has run the other, whose future it waited for, and so it stands below that. */
static int32_t check_in_inner(void *arg, void **result)
{
    (void)result;
    check_own_is_refused(arg);
    return 0;
}

static int32_t wait_for_inner(void *arg, void **result)
{
    own_t *own = arg;
    gate_task(&own->gate, result);
    pirn_future_t *inner = submit(own->executor, check_in_inner, own);
    CHECK_OK(pirn_future_result(inner, NULL));
    CHECK_OK(pirn_future_free(inner));
    return 0;
}

TEST(for_one_that_waits_for_this)
{
    own_t own = {.executor = new_executor(1)};
    gate_init(&own.gate);
    own.other = new_future();
    CHECK_OK(pirn_future_set_result(own.other, NULL));
    own.future = submit(own.executor, wait_for_inner, &own);
    gate_open(&own.gate);
    CHECK_OK(pirn_future_result(own.future, NULL));
    CHECK_OK(pirn_future_free(own.future));
    CHECK_OK(pirn_future_free(own.other));
    CHECK_OK(pirn_executor_free(own.executor));
}

/* Finished by hand it is over, and no longer waited for in vain. */
static int32_t finish_own(void *arg, void **result)
{
    own_t *own = arg;
    void *out;
    gate_task(&own->gate, result);
    CHECK_OK(pirn_future_set_result(own->future, own));
    CHECK_OK(pirn_future_result(own->future, &out));
    CHECK(out == own);
    return 0;
}

TEST(for_its_own_future_when_it_is_over)
{
    own_t own = {.executor = new_executor(1)};
    gate_init(&own.gate);
    own.future = submit(own.executor, finish_own, &own);
    gate_open(&own.gate);
    CHECK_OK(pirn_executor_free(own.executor)); /* the task uses its future after it is over */
    CHECK_OK(pirn_future_result(own.future, NULL));
    CHECK_OK(pirn_future_free(own.future));
}

/* The other one gets done while the task waits for both. */
static void settle_other_meanwhile(pirn_task_fn task)
{
    own_t own = {.executor = new_executor(1), .other = new_future()};
    gate_init(&own.gate);
    own.future = submit(own.executor, task, &own);
    gate_open(&own.gate);
    AWAIT(LOAD(own.native_id));
    await_sleeping(own.native_id);
    CHECK_OK(pirn_future_set_result(own.other, NULL));
    CHECK_OK(pirn_executor_free(own.executor)); /* the task uses both after its own is over */
    CHECK_OK(pirn_future_result(own.future, NULL));
    CHECK_OK(pirn_future_free(own.future));
    CHECK_OK(pirn_future_free(own.other));
}

static int32_t finish_own_and_wait_for_both(void *arg, void **result)
{
    own_t *own = arg;
    gate_task(&own->gate, result);
    pirn_future_t *both[2] = {own->other, own->future};
    CHECK_OK(pirn_future_set_result(own->future, own));
    STORE(own->native_id, pirn_get_native_id());
    CHECK_OK(pirn_wait(both, 2, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL));
    return 0;
}

TEST(for_another_and_its_own_that_is_over)
{
    settle_other_meanwhile(finish_own_and_wait_for_both);
}

static int32_t wait_for_a_failure(void *arg, void **result)
{
    own_t *own = arg;
    gate_task(&own->gate, result);
    pirn_future_t *both[2] = {own->other, own->future};
    STORE(own->native_id, pirn_get_native_id());
    CHECK_STATUS(pirn_wait(both, 2, PIRN_FIRST_EXCEPTION, PIRN_FOREVER, NULL, NULL), PIRN_ERR_DEADLOCK);
    return 0;
}

TEST(for_a_failure_until_its_own_is_left)
{
    settle_other_meanwhile(wait_for_a_failure);
}

static int32_t take_own_item(void *arg, void **result)
{
    own_t *own = arg;
    void *out = UNTOUCHED;
    gate_task(&own->gate, result);
    CHECK_STATUS(pirn_map_next(own->map, &out), PIRN_ERR_DEADLOCK);
    CHECK(out == UNTOUCHED);
    return 0;
}

TEST(for_its_own_item_of_a_map)
{
    own_t own = {.executor = new_executor(1)};
    void *items[2] = {&own, &own}, *result;
    gate_init(&own.gate);
    CHECK_OK(pirn_executor_map(own.executor, take_own_item, items, 2, NULL, 2, PIRN_FOREVER, &own.map));
    gate_open(&own.gate);
    for (int i = 0; i < 2; i++) { /* which is as it was */
        CHECK_OK(pirn_map_next(own.map, &result));
        CHECK(result == &own.gate);
    }
    CHECK_STATUS(pirn_map_next(own.map, &result), PIRN_END);
    CHECK_OK(pirn_map_free(own.map));
    CHECK_OK(pirn_executor_free(own.executor));
}

/* Without threads. */

typedef struct level {
    pirn_executor_t *executor;
    int depth, *deepest;
    pirn_status_t (*wait)(pirn_executor_t *executor, pirn_future_t *future);
    pirn_status_t status; /* what the one below was told */
} level_t;

static int32_t descend(void *arg, void **result)
{
    level_t *level = arg;
    (void)result;
    --*level->deepest;
    if (level->depth > 0) {
        level_t next = *level;
        next.depth--;
        pirn_future_t *future = submit(level->executor, descend, &next);
        level->status = level->wait(level->executor, future);
        if (level->status == PIRN_ERR_NO_THREAD) {
            bool cancelled;
            CHECK_OK(pirn_future_cancel(future, &cancelled));
            /* Else another worker has come free meanwhile, and may wait in its turn. */
            while (!cancelled && pirn_future_result_timeout(future, 0.001, NULL) != PIRN_OK)
                ;
        } else {
            CHECK_OK(level->status);
        }
        if (next.status == PIRN_ERR_NO_THREAD)
            level->status = next.status;
        CHECK_OK(pirn_future_free(future));
    }
    return 0;
}

static pirn_status_t wait_by_result(pirn_executor_t *executor, pirn_future_t *future)
{
    (void)executor;
    return pirn_future_result(future, NULL);
}

static pirn_status_t wait_by_exception(pirn_executor_t *executor, pirn_future_t *future)
{
    int32_t code;
    (void)executor;
    return pirn_future_exception(future, &code, NULL, 0, NULL);
}

static pirn_status_t wait_by_wait(pirn_executor_t *executor, pirn_future_t *future)
{
    (void)executor;
    return pirn_wait(&future, 1, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL);
}

static pirn_status_t wait_by_as_completed(pirn_executor_t *executor, pirn_future_t *future)
{
    pirn_as_completed_t *iterator;
    size_t index;
    (void)executor;
    CHECK_OK(pirn_as_completed(&future, 1, PIRN_FOREVER, &iterator));
    pirn_status_t status = pirn_as_completed_next(iterator, &index);
    CHECK_OK(pirn_as_completed_free(iterator));
    return status;
}

static pirn_status_t wait_by_map(pirn_executor_t *executor, pirn_future_t *future)
{
    void *item = NULL, *result;
    pirn_map_t *map;
    CHECK_OK(pirn_executor_map(executor, do_nothing, &item, 1, NULL, 1, PIRN_FOREVER, &map));
    pirn_status_t status = pirn_map_next(map, &result);
    if (status == PIRN_ERR_NO_THREAD)
        CHECK_OK(pirn_map_cancel(map));
    CHECK_OK(pirn_map_free(map));
    return status == PIRN_OK ? pirn_future_result(future, NULL) : status;
}

typedef pirn_status_t (*wait_fn)(pirn_executor_t *executor, pirn_future_t *future);

static const wait_fn ways[] = {wait_by_result, wait_by_exception, wait_by_wait, wait_by_as_completed, wait_by_map};

/* How it ended, and how deep it got; with as many workers as the executor may have already there. */
static pirn_status_t descend_without_threads(wait_fn wait, int64_t workers, int depth)
{
    int levels_left = depth + 1;
    level_t top = {new_executor(workers), depth, &levels_left, wait, PIRN_OK};
    gate_t gate;
    gate_init(&gate);
    for (int i = 0; i < workers; i++) {
        CHECK_OK(pirn_future_free(submit(top.executor, gate_task, &gate)));
        gate_await(&gate, i + 1);
    }
    struct rlimit before = forbid_threads();
    gate_open(&gate);
    pirn_future_t *future = submit(top.executor, descend, &top);
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_free(future));
    allow_threads(before);
    int levels = depth + 1 - levels_left;
    printf("%d workers: %d levels, %s\n", (int)workers, levels, pirn_status_name(top.status));
    fflush(stdout);
    CHECK(top.status == PIRN_OK ? levels_left == 0 : levels_left > 0);
    /* As good as new. */
    levels_left = 200;
    level_t again = {top.executor, 199, &levels_left, wait, PIRN_OK};
    future = submit(again.executor, descend, &again);
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(again.status);
    CHECK_EQ(levels_left, 0);
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(top.executor));
    CHECK_EQ(pirn_active_count(), 1);
    return top.status;
}

TEST(without_threads_what_is_awaited_is_run_by_who_waits)
{
    for (size_t i = 0; i < LENGTH(ways); i++)
        for (int64_t workers = 1; workers <= 3; workers++)
            CHECK_OK(descend_without_threads(ways[i], workers, 300));
}

TEST(without_threads_and_stack_a_wait_gives_up)
{
    for (size_t i = 0; i < LENGTH(ways); i++)
        for (int64_t workers = 1; workers <= 3; workers++)
            CHECK_STATUS(descend_without_threads(ways[i], workers, 1000000), PIRN_ERR_NO_THREAD);
}

/* Two workers, each of whom waits, the one for the other, and that for a task that it lacks the stack for. */

typedef struct pair {
    pirn_executor_t *executor;
    gate_t gates[2];
    pirn_future_t *starved, *follower, *wanted;
    counted_t wanted_arg;
    uint64_t native_ids[2]; /* of those who wait */
    pirn_status_t statuses[2];
} pair_t;

static int32_t starve(void *arg, void **result)
{
    enum { MOST_OF_A_STACK = 5 << 20 };
    pair_t *pair = arg;
    char room[MOST_OF_A_STACK];
    memset(room, 1, sizeof room);
    gate_task(&pair->gates[0], result);
    STORE(pair->native_ids[0], pirn_get_native_id());
    STORE(pair->statuses[0], pirn_future_result(pair->wanted, NULL));
    *result = room[sizeof room - 1] ? arg : NULL;
    return 0;
}

static int32_t follow(void *arg, void **result)
{
    pair_t *pair = arg;
    gate_task(&pair->gates[1], result);
    STORE(pair->native_ids[1], pirn_get_native_id());
    STORE(pair->statuses[1], pirn_future_result(pair->starved, NULL));
    return 0;
}

TEST(who_waits_for_what_nobody_can_run_gives_up)
{
    CHECK_OK(pirn_set_stack_size((size_t)8 << 20));
    for (int first = 0; first < 2; first++) {
        pair_t pair = {.executor = new_executor(2)};
        for (int i = 0; i < 2; i++)
            gate_init(&pair.gates[i]);
        pair.starved = submit(pair.executor, starve, &pair);
        pair.follower = submit(pair.executor, follow, &pair);
        for (int i = 0; i < 2; i++)
            gate_await(&pair.gates[i], 1);
        struct rlimit before = forbid_threads();
        pair.wanted = submit(pair.executor, count_task, &pair.wanted_arg);
        gate_open(&pair.gates[first]);
        AWAIT(LOAD(pair.native_ids[first]));
        await_sleeping(pair.native_ids[first]);
        gate_open(&pair.gates[!first]);
        CHECK_OK(pirn_future_result(pair.follower, NULL));
        CHECK_OK(pirn_future_result(pair.starved, NULL));
        CHECK_OK(pirn_future_result(pair.wanted, NULL));
        allow_threads(before);
        CHECK_STATUS(pair.statuses[0], PIRN_ERR_NO_THREAD);
        CHECK_OK(pair.statuses[1]);
        CHECK_EQ(pair.wanted_arg.runs, 1);
        CHECK_OK(pirn_future_free(pair.starved));
        CHECK_OK(pirn_future_free(pair.follower));
        CHECK_OK(pirn_future_free(pair.wanted));
        CHECK_OK(pirn_executor_free(pair.executor));
        CHECK_OK(pirn_set_stack_size((size_t)8 << 20));
    }
}
