/* Many tasks by one call. */
#include "support.h"

enum { MANY = 1000 };

typedef struct item {
    counted_t counted;
    int order;
} item_t;

static int order;

static int32_t note_order(void *arg, void **result)
{
    item_t *item = arg;
    item->order = ADD(order, 1);
    *result = item;
    return count_run(item);
}

static void **pointers_to(item_t *items, size_t n)
{
    void **pointers = calloc(n, sizeof *pointers);
    for (size_t i = 0; i < n; i++)
        pointers[i] = &items[i];
    return pointers;
}

TEST(results_in_their_places)
{
    static item_t items[MANY];
    static pirn_future_t *futures[MANY];
    void **args = pointers_to(items, MANY), *result;
    for (int64_t workers = 1; workers <= 4; workers++) {
        pirn_executor_t *executor = new_executor(workers);
        CHECK_OK(pirn_executor_submit_many(executor, count_task, args, MANY, count_free, futures));
        for (size_t i = 0; i < MANY; i++) {
            CHECK_OK(pirn_future_result(futures[i], &result));
            CHECK(result == &items[i]);
            CHECK_OK(pirn_future_free(futures[i]));
            CHECK_COUNTED(&items[i].counted, workers, workers);
        }
        CHECK_OK(pirn_executor_free(executor));
    }
    free(args);
}

TEST(without_futures)
{
    static item_t items[MANY];
    void **args = pointers_to(items, MANY);
    pirn_executor_t *executor = new_executor(3);
    CHECK_OK(pirn_executor_submit_many(executor, count_task, args, MANY, count_free, NULL));
    memset(args, 0, MANY * sizeof *args); /* the array is the caller's again */
    free(args);
    CHECK_OK(pirn_executor_free(executor));
    for (size_t i = 0; i < MANY; i++)
        CHECK_COUNTED(&items[i].counted, 1, 1);
}

/* Among themselves and with others: the order of the submits. */
TEST(in_order)
{
    static item_t items[MANY], before, after;
    void **args = pointers_to(items, MANY);
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_future_free(submit_gate(executor, &gate)));
    CHECK_OK(pirn_executor_submit(executor, note_order, &before, NULL, NULL));
    CHECK_OK(pirn_executor_submit_many(executor, note_order, args, MANY, NULL, NULL));
    CHECK_OK(pirn_executor_submit(executor, note_order, &after, NULL, NULL));
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(before.order, 1);
    for (size_t i = 0; i < MANY; i++)
        CHECK_EQ(items[i].order, i + 2);
    CHECK_EQ(after.order, MANY + 2);
    free(args);
}

TEST(each_can_be_cancelled)
{
    static item_t items[MANY];
    static pirn_future_t *futures[MANY];
    void **args = pointers_to(items, MANY);
    gate_t gate;
    bool cancelled;
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_future_free(submit_gate(executor, &gate)));
    CHECK_OK(pirn_executor_submit_many(executor, count_task, args, MANY, count_free, futures));
    for (size_t i = 0; i < MANY; i += 3) {
        CHECK_OK(pirn_future_cancel(futures[i], &cancelled));
        CHECK(cancelled);
        CHECK_COUNTED(&items[i].counted, 0, 1);
    }
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    for (size_t i = 0; i < MANY; i++) {
        CHECK_STATUS(pirn_future_result(futures[i], NULL), i % 3 ? PIRN_OK : PIRN_ERR_CANCELLED);
        CHECK_COUNTED(&items[i].counted, i % 3 != 0, 1);
        CHECK_OK(pirn_future_free(futures[i]));
    }
    free(args);
}

static void check_refused(pirn_executor_t *executor, pirn_task_fn fn, pirn_status_t status)
{
    item_t items[3] = {{{0, 0}, 0}};
    pirn_future_t *futures[3] = {UNTOUCHED, UNTOUCHED, UNTOUCHED};
    void **args = pointers_to(items, 3);
    CHECK_STATUS(pirn_executor_submit_many(executor, fn, args, 3, count_free, futures), status);
    CHECK_STATUS(pirn_executor_submit_many(executor, fn, args, 3, count_free, NULL), status);
    for (size_t i = 0; i < 3; i++) {
        CHECK_COUNTED(&items[i].counted, 0, 2);
        CHECK(futures[i] == UNTOUCHED);
    }
    free(args);
}

static int32_t fail_to_initialize(void *arg)
{
    (void)arg;
    return PIRN_EXIT;
}

TEST(refused)
{
    pirn_executor_t *executor = new_executor(2);
    pirn_future_t *future;
    void *arg = NULL;
    check_refused(NULL, count_task, PIRN_ERR_INVALID_HANDLE);
    check_refused(executor, NULL, PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_submit_many(executor, count_task, NULL, 1, count_free, NULL),
                 PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_submit_many(executor, count_task, &arg, SIZE_MAX, NULL, NULL),
                 PIRN_ERR_NO_MEMORY);
    CHECK_OK(pirn_executor_submit_many(executor, count_task, NULL, 0, NULL, NULL));
    struct rlimit before = forbid_threads();
    check_refused(executor, count_task, PIRN_ERR_NO_THREAD);
    allow_threads(before);
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    check_refused(executor, count_task, PIRN_ERR_SHUT_DOWN);
    CHECK_OK(pirn_executor_free(executor));

    executor = new_executor(2);
    CHECK_OK(pirn_executor_set_initializer(executor, fail_to_initialize, NULL, NULL));
    future = submit(executor, do_nothing, NULL);
    CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_BROKEN_EXECUTOR);
    check_refused(executor, count_task, PIRN_ERR_BROKEN_EXECUTOR);
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(executor));
}

/* As many workers as there are tasks, each of which waits for all the others. */
TEST(a_worker_for_each)
{
    enum { WORKERS = 8 };
    gate_t gate;
    void *args[WORKERS];
    pirn_executor_t *executor = new_executor(WORKERS);
    gate_init(&gate);
    for (size_t i = 0; i < WORKERS; i++)
        args[i] = &gate;
    CHECK_OK(pirn_executor_submit_many(executor, gate_task, args, WORKERS, NULL, NULL));
    gate_await(&gate, WORKERS);
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
}
