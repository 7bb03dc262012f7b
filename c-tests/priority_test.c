/* Tasks with priorities. */
#include "support.h"

enum { MOST = 1000 };

typedef struct item {
    counted_t counted;
    int32_t priority;
    int submitted, started;
} item_t;

static int started;

static int32_t note_start(void *arg, void **result)
{
    item_t *item = arg;
    item->started = ADD(started, 1);
    *result = item;
    return count_run(item);
}

/* A submit of this priority, by the function that there is for it. */
static void submit_item(pirn_executor_t *executor, item_t *item, pirn_future_t **future)
{
    if (item->priority == 0)
        CHECK_OK(pirn_executor_submit(executor, note_start, item, count_free, future));
    else
        CHECK_OK(pirn_executor_submit_priority(executor, note_start, item, count_free, item->priority, future));
}

static bool comes_first(const item_t *a, const item_t *b)
{
    return a->priority > b->priority || (a->priority == b->priority && a->submitted < b->submitted);
}

static void check_order(const item_t *items, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            if (items[i].started && items[k].started && comes_first(&items[i], &items[k]))
                CHECK(items[i].started < items[k].started);
}

/* A worker that stands at a gate while these are submitted; they start in the order of their priorities. */
static void check_priorities(const int32_t *priorities, int n)
{
    static item_t items[MOST];
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    memset(items, 0, sizeof items);
    started = 0;
    CHECK_OK(pirn_future_free(submit_gate(executor, &gate)));
    for (int i = 0; i < n; i++) {
        items[i].priority = priorities[i];
        items[i].submitted = i;
        submit_item(executor, &items[i], NULL);
    }
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    check_order(items, n);
    for (int i = 0; i < n; i++)
        CHECK_COUNTED(&items[i].counted, 1, 1);
}

TEST(higher_first)
{
    static const int32_t few[] = {0, 1, 0, 2, -1, 2, 0, -1, 1, 0};
    static const int32_t extreme[] = {INT32_MIN, 0, INT32_MAX, INT32_MIN, INT32_MAX, 1, -1, 0};
    static const int32_t negative[] = {-3, -1, -2, -1};
    static const int32_t positive[] = {1, 3, 2, 3};
    check_priorities(few, LENGTH(few));
    check_priorities(extreme, LENGTH(extreme));
    check_priorities(negative, LENGTH(negative));
    check_priorities(positive, LENGTH(positive));
}

TEST(many_priorities)
{
    static int32_t priorities[MOST];
    uint32_t random = 7;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < MOST; i++) {
            random = random * 1664525 + 1013904223;
            priorities[i] = (int32_t)(random >> 28) - 8;
        }
        check_priorities(priorities, MOST);
    }
}

/* What is submitted by a running task is among what is chosen from next. */

static pirn_executor_t *inner_executor;
static item_t inner[6] = {{{0, 0}, 0, 0, 0},  {{0, 0}, 5, 1, 0},  {{0, 0}, 0, 2, 0},
                          {{0, 0}, -5, 3, 0}, {{0, 0}, 5, 4, 0}, {{0, 0}, 9, 5, 0}};

static int32_t submit_inner(void *arg, void **result)
{
    (void)arg;
    *result = NULL;
    for (size_t i = 0; i < LENGTH(inner); i++)
        submit_item(inner_executor, &inner[i], NULL);
    return 0;
}

TEST(from_inside_a_task)
{
    inner_executor = new_executor(1);
    pirn_future_t *future = submit(inner_executor, submit_inner, NULL);
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(inner_executor));
    check_order(inner, LENGTH(inner));
    CHECK_EQ(inner[5].started, 1);
    CHECK_EQ(inner[3].started, 6);
}

TEST(cancelled_ones_are_left_out)
{
    static item_t items[MOST];
    static pirn_future_t *futures[MOST];
    gate_t gate;
    bool cancelled;
    size_t queued, running;
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_future_free(submit_gate(executor, &gate)));
    for (int i = 0; i < MOST; i++) {
        items[i].priority = i % 7 - 3;
        items[i].submitted = i;
        submit_item(executor, &items[i], &futures[i]);
    }
    for (int i = 0; i < MOST; i += 3) {
        CHECK_OK(pirn_future_cancel(futures[i], &cancelled));
        CHECK(cancelled);
        CHECK_COUNTED(&items[i].counted, 0, 1);
    }
    CHECK_OK(pirn_executor_pending(executor, &queued, &running));
    CHECK_EQ(queued, MOST - (MOST + 2) / 3);
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    check_order(items, MOST);
    for (int i = 0; i < MOST; i++) {
        CHECK_COUNTED(&items[i].counted, i % 3 != 0, 1);
        CHECK_OK(pirn_future_free(futures[i]));
    }
}

/* A task that waits for one with a priority runs it itself, as any other. */

static int32_t wait_for_lowest(void *arg, void **result)
{
    item_t item = {.priority = INT32_MIN};
    pirn_future_t *future;
    *result = NULL;
    CHECK_OK(pirn_executor_submit_priority(arg, note_start, &item, NULL, INT32_MIN, &future));
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_free(future));
    CHECK_EQ(item.counted.runs, 1);
    return 0;
}

TEST(awaited_by_a_task)
{
    pirn_executor_t *executor = new_executor(1);
    pirn_future_t *future = submit(executor, wait_for_lowest, executor);
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(executor));
}

TEST(shutdown_cancels_all)
{
    static item_t items[MOST];
    static pirn_future_t *futures[MOST];
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_future_free(submit_gate(executor, &gate)));
    for (int i = 0; i < MOST; i++) {
        items[i].priority = i % 5 - 2;
        submit_item(executor, &items[i], i % 2 ? &futures[i] : NULL);
    }
    CHECK_OK(pirn_executor_shutdown(executor, false, true));
    for (int i = 0; i < MOST; i++) {
        CHECK_COUNTED(&items[i].counted, 0, 1);
        if (futures[i]) {
            CHECK_STATUS(pirn_future_result(futures[i], NULL), PIRN_ERR_CANCELLED);
            CHECK_OK(pirn_future_free(futures[i]));
        }
    }
    gate_open(&gate);
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    CHECK_OK(pirn_executor_free(executor));
}

TEST(refused)
{
    counted_t arg = {0, 0};
    pirn_future_t *future = UNTOUCHED;
    pirn_executor_t *executor = new_executor(1);
    CHECK_REFUSED(pirn_executor_submit_priority(NULL, count_task, &arg, count_free, 1, &future),
                  PIRN_ERR_INVALID_HANDLE, &arg);
    CHECK_REFUSED(pirn_executor_submit_priority(executor, NULL, &arg, count_free, 1, &future),
                  PIRN_ERR_INVALID_ARGUMENT, &arg);
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    for (int32_t priority = -1; priority <= 1; priority++)
        CHECK_REFUSED(pirn_executor_submit_priority(executor, count_task, &arg, count_free, priority, &future),
                      PIRN_ERR_SHUT_DOWN, &arg);
    CHECK(future == UNTOUCHED);
    CHECK_OK(pirn_executor_free(executor));
}

/* Many threads, many priorities, several workers: every task once. */

enum { SUBMITTERS = 8, EACH = 3000 };

typedef struct flood {
    pirn_executor_t *executor;
    counted_t arg;
    int cancelled;
} flood_t;

static void submit_all_priorities(void *arg)
{
    flood_t *flood = *(flood_t **)arg;
    for (int i = 0; i < EACH; i++)
        CHECK_OK(pirn_executor_submit_priority(flood->executor, count_task, &flood->arg, count_free, i % 9 - 4, NULL));
}

TEST(from_many_threads)
{
    flood_t flood = {.executor = new_executor(4)}, *all[SUBMITTERS];
    for (int i = 0; i < SUBMITTERS; i++)
        all[i] = &flood;
    run_on_all(SUBMITTERS, submit_all_priorities, all, sizeof *all);
    CHECK_OK(pirn_executor_free(flood.executor));
    CHECK_COUNTED(&flood.arg, SUBMITTERS * EACH, SUBMITTERS * EACH);
}

/* The same with cancels: what is left over of the cancelled does not keep the others from their turn. */

static void submit_and_cancel_some(void *arg)
{
    flood_t *flood = *(flood_t **)arg;
    for (int i = 0; i < EACH; i++) {
        pirn_future_t *future;
        bool cancelled;
        CHECK_OK(pirn_executor_submit_priority(flood->executor, count_task, &flood->arg, count_free, i % 9 - 4,
                                               &future));
        if (i % 3 == 0) {
            CHECK_OK(pirn_future_cancel(future, &cancelled));
            ADD(flood->cancelled, cancelled);
        } else if (i % 100 == 1) {
            CHECK_OK(pirn_future_result(future, NULL)); /* so that sometimes all is done, and the workers sleep */
        }
        CHECK_OK(pirn_future_free(future));
    }
}

TEST(cancelled_from_many_threads)
{
    for (int64_t workers = 1; workers <= 3; workers++) {
        flood_t flood = {.executor = new_executor(workers)}, *all[SUBMITTERS];
        for (int i = 0; i < SUBMITTERS; i++)
            all[i] = &flood;
        run_on_all(SUBMITTERS, submit_and_cancel_some, all, sizeof *all);
        CHECK_OK(pirn_executor_free(flood.executor));
        CHECK_COUNTED(&flood.arg, SUBMITTERS * EACH - flood.cancelled, SUBMITTERS * EACH);
    }
}
