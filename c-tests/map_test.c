/* Executor map: results in the order of the items. */
#include "blocking.h"

enum { ITEMS = 10 };

/* An item; the task's answer to it is the item itself. */
typedef struct item {
    counted_t counted;
    int32_t code; /* what the task returns */
    gate_t *gate; /* where it waits first, if anywhere */
} item_t;

static int32_t map_task(void *arg, void **result)
{
    item_t *item = arg;
    *result = arg;
    if (item->gate)
        gate_target(item->gate);
    ADD(item->counted.runs, 1);
    return item->code == 0 ? 0 : pirn_raise(item->code, "this item failed");
}

typedef struct mapping {
    item_t items[ITEMS];
    void *pointers[ITEMS];
    pirn_executor_t *executor;
    gate_t gate;
    pirn_map_t *map;
} mapping_t;

static void make_items(mapping_t *m, int64_t workers)
{
    *m = (mapping_t){.executor = new_executor(workers)};
    gate_init(&m->gate);
    for (int i = 0; i < ITEMS; i++)
        m->pointers[i] = &m->items[i];
}

static void start_map(mapping_t *m, size_t chunksize, double timeout)
{
    CHECK_OK(pirn_executor_map(m->executor, map_task, m->pointers, ITEMS, count_free, chunksize, timeout,
                               &m->map));
}

static void check_next(mapping_t *m, int expected)
{
    void *result = UNTOUCHED;
    CHECK_OK(pirn_map_next(m->map, &result));
    CHECK_EQ((item_t *)result - m->items, expected);
}

static void check_no_next(mapping_t *m, pirn_status_t expected)
{
    void *result = UNTOUCHED;
    CHECK_STATUS(pirn_map_next(m->map, &result), expected);
    CHECK(result == UNTOUCHED);
}

/* Ends the executor; each item was freed once, and all but those from `cancelled` on were run once. */
static void end_map(mapping_t *m, int cancelled)
{
    CHECK_OK(pirn_executor_free(m->executor));
    for (int i = 0; i < ITEMS; i++)
        CHECK_COUNTED(&m->items[i].counted, i < cancelled, 1);
    CHECK_OK(pirn_event_free(m->gate.open));
}

TEST(results_come_in_order)
{
    static const size_t chunks[] = {1, 2, 3, ITEMS - 1, ITEMS, ITEMS + 1, 1000, SIZE_MAX};
    for (int64_t workers = 1; workers <= 3; workers++)
        for (size_t c = 0; c < LENGTH(chunks); c++) {
            mapping_t m;
            make_items(&m, workers);
            start_map(&m, chunks[c], PIRN_FOREVER);
            memset(m.pointers, 0xff, sizeof m.pointers); /* the array was copied */
            for (int i = 0; i < ITEMS; i++)
                check_next(&m, i);
            check_no_next(&m, PIRN_END);
            check_no_next(&m, PIRN_END);
            CHECK_OK(pirn_map_free(m.map));
            end_map(&m, ITEMS);
        }
}

TEST(a_chunk_is_one_task)
{
    mapping_t m;
    size_t queued, running;
    make_items(&m, 1);
    m.items[0].gate = &m.gate;
    start_map(&m, 4, PIRN_FOREVER);
    gate_await(&m.gate, 1);
    CHECK_OK(pirn_executor_pending(m.executor, &queued, &running));
    CHECK_EQ(queued, 2); /* 4 + 4 + 2 items */
    CHECK_EQ(running, 1);
    gate_open(&m.gate);
    for (int i = 0; i < ITEMS; i++)
        check_next(&m, i);
    CHECK_OK(pirn_map_free(m.map));
    end_map(&m, ITEMS);
}

/* In order even where a later item is through first. */
TEST(a_slow_item_holds_up_the_later_ones)
{
    mapping_t m;
    make_items(&m, 2);
    m.items[0].gate = &m.gate;
    start_map(&m, 1, PIRN_FOREVER);
    for (int i = 1; i < ITEMS; i++)
        AWAIT(LOAD(m.items[i].counted.frees) == 1);
    CHECK_EQ(LOAD(m.items[0].counted.frees), 0);
    gate_open(&m.gate);
    for (int i = 0; i < ITEMS; i++)
        check_next(&m, i);
    check_no_next(&m, PIRN_END);
    CHECK_OK(pirn_map_free(m.map));
    end_map(&m, ITEMS);
}

static pirn_status_t make_next(call_t *c) { return pirn_map_next(c->object, &c->value); }

TEST(next_blocks_until_its_item_is_through)
{
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        mapping_t m;
        make_items(&m, 1);
        m.items[0].gate = &m.gate;
        start_map(&m, 1, breed ? 1e6 : PIRN_FOREVER);
        call_t next = {.make = make_next, .object = m.map};
        call_begin_blocked(&next, breed);
        gate_open(&m.gate);
        CHECK_OK(call_end(&next));
        CHECK(next.value == &m.items[0]);
        CHECK_OK(pirn_map_free(m.map));
        end_map(&m, ITEMS);
    }
}

TEST(no_items_at_all)
{
    mapping_t m;
    make_items(&m, 1);
    CHECK_OK(pirn_executor_map(m.executor, map_task, m.pointers, 0, count_free, 1, PIRN_FOREVER, &m.map));
    check_no_next(&m, PIRN_END);
    check_no_next(&m, PIRN_END);
    CHECK_OK(pirn_map_cancel(m.map));
    CHECK_OK(pirn_map_free(m.map));
    CHECK_OK(pirn_executor_map(m.executor, map_task, NULL, 0, NULL, 1, 0, &m.map));
    check_no_next(&m, PIRN_END);
    CHECK_OK(pirn_map_free(m.map));
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_executor_free(m.executor));
}

/* Failures. */

TEST(a_failing_item_ends_the_iteration)
{
    mapping_t m;
    make_items(&m, 1);
    m.items[2].code = 13;
    m.items[3].gate = &m.gate;
    start_map(&m, 1, PIRN_FOREVER);
    gate_await(&m.gate, 1); /* one item has started by then: it alone is not cancelled */
    check_next(&m, 0);
    check_next(&m, 1);
    check_no_next(&m, PIRN_ERR_TASK_FAILED);
    CHECK_STR(pirn_last_error(), "this item failed");
    CHECK_EQ(pirn_last_code(), 13);
    check_no_next(&m, PIRN_END);
    check_no_next(&m, PIRN_END);
    gate_open(&m.gate);
    CHECK_OK(pirn_map_free(m.map));
    end_map(&m, 4);
}

TEST(what_a_chunk_had_before_its_failing_item_is_still_given)
{
    mapping_t m;
    make_items(&m, 1);
    m.items[6].code = 13;
    start_map(&m, 4, PIRN_FOREVER);
    for (int i = 0; i < 6; i++)
        check_next(&m, i);
    check_no_next(&m, PIRN_ERR_TASK_FAILED);
    CHECK_EQ(pirn_last_code(), 13);
    check_no_next(&m, PIRN_END);
    CHECK_OK(pirn_map_free(m.map));
    CHECK_OK(pirn_executor_free(m.executor));
    for (int i = 0; i < ITEMS; i++)
        CHECK_EQ(m.items[i].counted.frees, 1);
}

/* Time counts from the call. */

TEST(a_timeout_cancels_the_rest)
{
    mapping_t m;
    make_items(&m, 1);
    m.items[0].gate = &m.gate;
    double start = now();
    start_map(&m, 1, 0.05);
    gate_await(&m.gate, 1);
    check_no_next(&m, PIRN_TIMED_OUT);
    CHECK(now() - start >= 0.05);
    check_no_next(&m, PIRN_END);
    gate_open(&m.gate);
    CHECK_OK(pirn_map_free(m.map));
    end_map(&m, 1);
}

static pirn_status_t map_timed(void *arg, double seconds)
{
    mapping_t *m = arg;
    return pirn_executor_map(m->executor, map_task, m->pointers, ITEMS, NULL, 1, seconds, &m->map);
}

TEST(bad_arguments)
{
    mapping_t m;
    make_items(&m, 1);
    m.map = UNTOUCHED;
    check_bad_times(map_timed, &m);
    pirn_executor_t *executor = m.executor;
    CHECK_STATUS(pirn_executor_map(executor, map_task, NULL, 1, count_free, 1, -1, &m.map),
                 PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_map(executor, NULL, m.pointers, 1, NULL, 1, -1, &m.map),
                 PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_map(executor, map_task, m.pointers, 1, NULL, 0, -1, &m.map),
                 PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_map(executor, map_task, m.pointers, 1, NULL, 1, -1, NULL),
                 PIRN_ERR_INVALID_ARGUMENT);
    CHECK(m.map == UNTOUCHED);
    CHECK_EQ(pirn_active_count(), 1);
    start_map(&m, 1, PIRN_TIMEOUT_MAX);
    CHECK_STATUS(pirn_map_next(m.map, NULL), PIRN_ERR_INVALID_ARGUMENT);
    check_next(&m, 0);
    CHECK_OK(pirn_map_free(m.map));
    end_map(&m, ITEMS);
}

/* Of such a number no array can exist, so none is read, and nothing is freed. */
TEST(more_items_than_there_can_be)
{
    static const size_t numbers[] = {SIZE_MAX, SIZE_MAX / sizeof(void *) + 1, SIZE_MAX / 2};
    mapping_t m;
    make_items(&m, 1);
    m.map = UNTOUCHED;
    for (size_t i = 0; i < LENGTH(numbers); i++)
        CHECK_STATUS(pirn_executor_map(m.executor, map_task, m.pointers, numbers[i], count_free, 1, -1, &m.map),
                     PIRN_ERR_NO_MEMORY);
    CHECK(m.map == UNTOUCHED);
    CHECK_OK(pirn_executor_free(m.executor));
    for (int i = 0; i < ITEMS; i++)
        CHECK_COUNTED(&m.items[i].counted, 0, 0);
    CHECK_OK(pirn_event_free(m.gate.open));
}

/* A call that fails, too, frees each item once. */
TEST(items_of_a_refused_call_are_freed)
{
    mapping_t m;
    make_items(&m, 1);
    CHECK_STATUS(pirn_executor_map(m.executor, map_task, m.pointers, ITEMS, count_free, 0, -1, &m.map),
                 PIRN_ERR_INVALID_ARGUMENT);
    end_map(&m, 0);
    make_items(&m, 1);
    CHECK_STATUS(pirn_executor_map(m.executor, map_task, m.pointers, ITEMS, count_free, 1, NAN, &m.map),
                 PIRN_ERR_INVALID_ARGUMENT);
    end_map(&m, 0);
    make_items(&m, 1);
    CHECK_STATUS(pirn_executor_map(m.executor, map_task, m.pointers, ITEMS, count_free, 1, -1, NULL),
                 PIRN_ERR_INVALID_ARGUMENT);
    end_map(&m, 0);
    make_items(&m, 1);
    CHECK_OK(pirn_executor_shutdown(m.executor, true, false));
    CHECK_STATUS(pirn_executor_map(m.executor, map_task, m.pointers, ITEMS, count_free, 1, -1, &m.map),
                 PIRN_ERR_SHUT_DOWN);
    end_map(&m, 0);
}

/* Cancelling. */

TEST(cancel_spares_what_has_not_started)
{
    mapping_t m;
    make_items(&m, 1);
    m.items[0].gate = &m.gate;
    start_map(&m, 1, PIRN_FOREVER);
    gate_await(&m.gate, 1);
    CHECK_OK(pirn_map_cancel(m.map));
    CHECK_OK(pirn_map_cancel(m.map));
    gate_open(&m.gate);
    check_next(&m, 0);
    check_no_next(&m, PIRN_ERR_CANCELLED);
    check_no_next(&m, PIRN_END);
    check_no_next(&m, PIRN_END);
    CHECK_OK(pirn_map_free(m.map));
    end_map(&m, 1);
}

TEST(cancel_after_all_is_done_changes_nothing)
{
    mapping_t m;
    make_items(&m, 2);
    start_map(&m, 3, PIRN_FOREVER);
    CHECK_OK(pirn_executor_shutdown(m.executor, true, false));
    CHECK_OK(pirn_map_cancel(m.map));
    for (int i = 0; i < ITEMS; i++)
        check_next(&m, i);
    check_no_next(&m, PIRN_END);
    CHECK_OK(pirn_map_free(m.map));
    end_map(&m, ITEMS);
}

TEST(an_executor_that_cancels_its_futures)
{
    mapping_t m;
    make_items(&m, 1);
    m.items[0].gate = &m.gate;
    start_map(&m, 1, PIRN_FOREVER);
    gate_await(&m.gate, 1);
    CHECK_OK(pirn_executor_shutdown(m.executor, false, true));
    gate_open(&m.gate);
    check_next(&m, 0);
    check_no_next(&m, PIRN_ERR_CANCELLED);
    check_no_next(&m, PIRN_END);
    CHECK_OK(pirn_map_free(m.map));
    CHECK_OK(pirn_executor_shutdown(m.executor, true, false));
    end_map(&m, 1);
}

/* Letting go. */

TEST(free_lets_the_tasks_go_on)
{
    mapping_t m;
    make_items(&m, 1);
    m.items[0].gate = &m.gate;
    start_map(&m, 2, PIRN_FOREVER);
    gate_await(&m.gate, 1);
    CHECK_OK(pirn_map_free(m.map));
    CHECK_STATUS(pirn_map_free(m.map), PIRN_ERR_INVALID_HANDLE);
    gate_open(&m.gate);
    end_map(&m, ITEMS);
}

static counted_t results[ITEMS];

static int32_t answer(void *arg, void **result)
{
    *result = &results[(intptr_t)arg];
    return 0;
}

static void check_results_freed(int given, bool before_the_tasks)
{
    void *numbers[ITEMS], *result;
    gate_t gate;
    pirn_map_t *map;
    pirn_executor_t *executor = new_executor(1);
    memset(results, 0, sizeof results);
    for (intptr_t i = 0; i < ITEMS; i++)
        numbers[i] = (void *)i;
    if (before_the_tasks)
        submit_gate(executor, &gate);
    CHECK_OK(pirn_executor_map(executor, answer, numbers, ITEMS, NULL, 3, PIRN_FOREVER, &map));
    CHECK_OK(pirn_map_set_result_free(map, count_free));
    for (int i = 0; i < given; i++) {
        CHECK_OK(pirn_map_next(map, &result));
        CHECK(result == &results[i]);
    }
    CHECK_OK(pirn_map_free(map));
    if (before_the_tasks)
        gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    for (int i = 0; i < ITEMS; i++) {
        AWAIT(LOAD(results[i].frees) >= (i >= given));
        CHECK_EQ(results[i].frees, i >= given);
    }
}

TEST(results_never_given_out_are_freed)
{
    for (int given = 0; given <= ITEMS; given++)
        check_results_freed(given, false);
    check_results_freed(0, true);
}

TEST(many_items)
{
    enum { MANY = 20000 };
    static counted_t counted[MANY];
    static void *pointers[MANY];
    pirn_map_t *map;
    pirn_executor_t *executor = new_executor(3);
    for (int i = 0; i < MANY; i++)
        pointers[i] = &counted[i];
    CHECK_OK(pirn_executor_map(executor, count_task, pointers, MANY, count_free, 7, 1e6, &map));
    for (int i = 0; i < MANY; i++) {
        void *result;
        CHECK_OK(pirn_map_next(map, &result));
        CHECK(result == &counted[i]);
    }
    CHECK_OK(pirn_map_free(map));
    CHECK_OK(pirn_executor_free(executor));
    for (int i = 0; i < MANY; i++)
        CHECK_COUNTED(&counted[i], 1, 1);
}
