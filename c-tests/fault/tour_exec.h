/*
 * The part of the tour that leads through executors and futures. A task either runs and its future says so, or
 * its submit says why not.
 */
#ifndef PIRN_TESTS_FAULT_TOUR_EXEC_H
#define PIRN_TESTS_FAULT_TOUR_EXEC_H

/* Done callbacks may do anything. */
static void use_done(pirn_future_t *future, void *arg)
{
    bool done;
    count_run(arg);
    if (future) {   /* without memory it has no handle to show */
        CHECK_OK(pirn_future_done(future, &done));
        CHECK(done);
    }
}

static int32_t fail_task(void *arg, void **result)
{
    (void)result;
    return fail_with_words(arg);
}

static int32_t count_range(size_t begin, size_t end, void *arg)
{
    for (; begin < end; begin++)
        count_run(arg);
    return 0;
}

static void await_and_free(pirn_future_t *future, pirn_status_t status)
{
    CHECK_STATUS(pirn_future_result(future, NULL), status);
    if (status == PIRN_ERR_TASK_FAILED)
        CHECK_EQ(pirn_last_code(), 5);
    CHECK_OK(pirn_future_free(future));
}

static void tour_map(pirn_executor_t *executor)
{
    enum { ITEMS = 20 };
    pirn_map_t *map;
    void *items[ITEMS], *result;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < ITEMS; i++)
            items[i] = an_arg();
        pirn_task_fn task = round == 1 ? fail_task : count_task;
        if (!got(pirn_executor_map(executor, task, items, ITEMS, count_free, 3, PIRN_FOREVER, &map)))
            continue;
        if (round == 0)
            for (int i = 0; i < ITEMS; i++)
                CHECK_OK(pirn_map_next(map, &result));
        if (round == 1)
            CHECK_STATUS(pirn_map_next(map, &result), PIRN_ERR_TASK_FAILED);
        else
            CHECK_OK(pirn_map_cancel(map));
        CHECK_OK(pirn_map_free(map));
    }
}

static void tour_executor(void)
{
    enum { TASKS = 40 };
    pirn_executor_t *executor;
    pirn_future_t *future, *futures[TASKS];
    counted_t units = {0};
    void *args[TASKS];
    char name[16];
    size_t n;
    if (!got(pirn_executor_new(2, &executor)))
        return;
    got(pirn_executor_set_thread_name_prefix(executor, "on tour"));
    got(pirn_executor_set_initializer(executor, count_run, an_arg(), count_free));
    CHECK_OK(pirn_executor_thread_name_prefix(executor, name, sizeof name, &n));
    for (int i = 0; i < TASKS; i++) {
        int priority = i % 5 - 2;
        pirn_task_fn task = i % 4 == 0 ? fail_task : count_task;
        if (got(pirn_executor_submit(executor, task, an_arg(), count_free, &future)))
            await_and_free(future, task == fail_task ? PIRN_ERR_TASK_FAILED : PIRN_OK);
        if (got(pirn_executor_submit_priority(executor, count_task, an_arg(), count_free, priority, &future)))
            await_and_free(future, PIRN_OK);
        got(pirn_executor_submit(executor, task, an_arg(), count_free, NULL));
        args[i] = &tour_arg;
    }
    ADD(n_args, 2 * TASKS);
    if (got(pirn_executor_submit_many(executor, count_task, args, TASKS, count_free, futures)))
        for (int i = 0; i < TASKS; i++)
            await_and_free(futures[i], PIRN_OK);
    got(pirn_executor_submit_many(executor, count_task, args, TASKS, count_free, NULL));
    if (got(pirn_executor_for_range(executor, 0, 100, 7, count_range, &units)))
        CHECK_EQ(LOAD(units.runs), 100);
    tour_map(executor);
    got(pirn_executor_set_max_workers(executor, 4));
    CHECK_OK(pirn_executor_free(executor));
}

/* Some wait for room, and all get it or are refused. */
static void tour_backlog(void)
{
    pirn_executor_t *executor;
    if (!got(pirn_executor_new(1, &executor)))
        return;
    CHECK_OK(pirn_executor_set_max_pending(executor, 2));
    for (int i = 0; i < 10; i++) {
        pirn_status_t status = pirn_executor_try_submit(executor, count_task, an_arg(), count_free, NULL);
        if (status == PIRN_WOULD_BLOCK)
            ADD(n_args, -1);    /* it stays with the caller */
        else
            got(status);
        got(pirn_executor_submit_timeout(executor, count_task, an_arg(), count_free, PIRN_FOREVER, NULL));
    }
    CHECK_OK(pirn_executor_free(executor));
}

/* So many futures at once, waited for and given out as they get done. */
static void tour_futures(int count)
{
    static pirn_future_t *futures[1000];
    static bool done[1000];
    pirn_executor_t *executor;
    pirn_as_completed_t *iterator;
    size_t n = 0, n_done, index;
    if (!got(pirn_executor_new(2, &executor)))
        return;
    for (int i = 0; i < count; i++) {
        if (i % 2 == 0) {
            n += got(pirn_executor_submit(executor, count_task, an_arg(), count_free, &futures[n]));
        } else if (got(pirn_future_new(&futures[n]))) {
            got(pirn_future_add_done_callback(futures[n], use_done, an_arg(), count_free));
            n++;
        }
    }
    pirn_status_t status = pirn_wait(futures, n, PIRN_ALL_COMPLETED, 1e-3, done, &n_done);
    if (status != PIRN_TIMED_OUT)
        got(status);
    bool iterates = got(pirn_as_completed(futures, n, PIRN_FOREVER, &iterator));
    for (size_t i = 0; i < n; i++) {
        status = pirn_future_set_result(futures[i], NULL);
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_INVALID_STATE));
    }
    if (got(pirn_wait(futures, n, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, &n_done)))
        CHECK_EQ(n_done, n);
    if (iterates) {
        for (size_t i = 0; i < n; i++)
            CHECK_OK(pirn_as_completed_next(iterator, &index));
        CHECK_STATUS(pirn_as_completed_next(iterator, &index), PIRN_END);
        CHECK_OK(pirn_as_completed_free(iterator));
    }
    for (size_t i = 0; i < n; i++)
        CHECK_OK(pirn_future_free(futures[i]));
    CHECK_OK(pirn_executor_free(executor));
}

#endif
