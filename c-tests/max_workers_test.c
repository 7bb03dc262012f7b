/* The number of workers, changed at run time. */
#include "support.h"

static void set_max_workers(pirn_executor_t *executor, int64_t max_workers)
{
    size_t out = 0;
    CHECK_OK(pirn_executor_set_max_workers(executor, max_workers));
    CHECK_OK(pirn_executor_max_workers(executor, &out));
    CHECK_EQ(out, max_workers);
}

/* Until so many threads are alive, the main one included. */
static void await_threads(size_t n)
{
    AWAIT(pirn_active_count() == n);
}

TEST(arguments)
{
    size_t by_default, out;
    pirn_executor_t *executor = new_executor(0);
    CHECK_OK(pirn_executor_max_workers(executor, &by_default));
    set_max_workers(executor, 3);
    CHECK_STATUS(pirn_executor_set_max_workers(executor, -1), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_set_max_workers(executor, INT64_MIN), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_executor_max_workers(executor, &out));
    CHECK_EQ(out, 3);
    CHECK_OK(pirn_executor_set_max_workers(executor, 0));
    CHECK_OK(pirn_executor_max_workers(executor, &out));
    CHECK_EQ(out, by_default);
    set_max_workers(executor, INT64_MAX);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_STATUS(pirn_executor_set_max_workers(executor, 1), PIRN_ERR_INVALID_HANDLE);
}

/* So many tasks that stand at the gate, when some of them run. */
static void submit_to_gate(pirn_executor_t *executor, gate_t *gate, int tasks, int running)
{
    for (int i = 0; i < tasks; i++)
        CHECK_OK(pirn_executor_submit(executor, gate_task, gate, NULL, NULL));
    if (running)
        gate_await(gate, running);
}

/* Tasks that wait get their workers. */
TEST(up)
{
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    gate_init(&gate);
    submit_to_gate(executor, &gate, 8, 1);
    set_max_workers(executor, 3);
    gate_await(&gate, 3);
    CHECK_EQ(pirn_active_count(), 4);
    set_max_workers(executor, 8);
    gate_await(&gate, 8);
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
}

TEST(down_while_idle)
{
    gate_t gate;
    pirn_executor_t *executor = new_executor(6);
    gate_init(&gate);
    submit_to_gate(executor, &gate, 6, 6);
    gate_open(&gate);
    await_threads(7);
    set_max_workers(executor, 2);
    await_threads(3);
    set_max_workers(executor, 1);
    await_threads(2);
    CHECK_OK(pirn_future_free(submit(executor, do_nothing, NULL)));
    CHECK_OK(pirn_executor_free(executor));
}

/* Who runs a task ends it first; meanwhile nothing else is started. */
TEST(down_while_busy)
{
    gate_t gate, next;
    size_t queued, running;
    pirn_executor_t *executor = new_executor(4);
    gate_init(&gate);
    gate_init(&next);
    submit_to_gate(executor, &gate, 4, 4);
    submit_to_gate(executor, &next, 4, 0);
    set_max_workers(executor, 1);
    CHECK_EQ(pirn_active_count(), 5);
    gate_open(&gate);
    gate_await(&next, 1);
    await_threads(2);
    CHECK_OK(pirn_executor_pending(executor, &queued, &running));
    CHECK_EQ(queued, 3);
    CHECK_EQ(running, 1);
    gate_open(&next);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(next.counted.runs, 4);
}

/* Tasks that wait for others go on, with as many threads as they have been lent, though the limit has gone down. */
typedef struct outer {
    pirn_executor_t *executor;
    gate_t *gate;
} outer_t;

static int32_t wait_for_gate(void *arg, void **result)
{
    outer_t *outer = arg;
    pirn_future_t *future = submit(outer->executor, gate_task, outer->gate);
    CHECK_OK(pirn_future_result_timeout(future, 1e6, result));
    CHECK_OK(pirn_future_free(future));
    return 0;
}

TEST(down_while_tasks_wait)
{
    enum { TASKS = 4 };
    gate_t gate, next;
    size_t queued, running;
    pirn_future_t *futures[TASKS];
    pirn_executor_t *executor = new_executor(TASKS);
    outer_t outer = {executor, &gate};
    gate_init(&gate);
    gate_init(&next);
    for (int i = 0; i < TASKS; i++)
        futures[i] = submit(executor, wait_for_gate, &outer);
    gate_await(&gate, TASKS);
    for (int i = 0; i < TASKS; i++)
        CHECK_OK(pirn_executor_submit(executor, gate_task, &next, NULL, NULL));
    set_max_workers(executor, 1);
    CHECK_OK(pirn_executor_pending(executor, &queued, &running));
    CHECK_EQ(queued, TASKS);
    CHECK_EQ(running, 2 * TASKS);
    gate_open(&gate);
    for (int i = 0; i < TASKS; i++) {
        CHECK_OK(pirn_future_result(futures[i], NULL));
        CHECK_OK(pirn_future_free(futures[i]));
    }
    gate_await(&next, 1);
    await_threads(2);
    CHECK_OK(pirn_executor_pending(executor, &queued, &running));
    CHECK_EQ(queued, TASKS - 1);
    CHECK_EQ(running, 1);
    gate_open(&next);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(next.counted.runs, TASKS);
}

TEST(after_a_shutdown)
{
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    gate_init(&gate);
    submit_to_gate(executor, &gate, 4, 1);
    CHECK_OK(pirn_executor_shutdown(executor, false, false));
    set_max_workers(executor, 4);
    gate_await(&gate, 4);
    gate_open(&gate);
    CHECK_OK(pirn_executor_shutdown(executor, true, false)); /* the free does not wait any more */
    CHECK_OK(pirn_executor_free(executor));
}

/* Up and down while threads submit, from tasks as well: every task runs, and no more at a time than the largest number. */

enum { SUBMITTERS = 4, EACH = 3000, LARGEST = 6 };

typedef struct flood {
    pirn_executor_t *executor;
    int running, runs;
    bool too_many, over;
} flood_t;

static int32_t count_running(void *arg, void **result)
{
    flood_t *flood = arg;
    *result = NULL;
    if (ADD(flood->running, 1) > LARGEST)
        STORE(flood->too_many, true);
    int runs = ADD(flood->runs, 1);
    if (runs % 50 == 0)
        CHECK_OK(pirn_executor_set_max_workers(flood->executor, runs / 50 % LARGEST + 1));
    ADD(flood->running, -1);
    return 0;
}

static void submit_each(void *arg)
{
    flood_t *flood = *(flood_t **)arg;
    for (int i = 0; i < EACH; i++)
        CHECK_OK(pirn_executor_submit(flood->executor, count_running, flood, NULL, NULL));
}

TEST(under_load)
{
    flood_t flood = {.executor = new_executor(LARGEST)}, *all[SUBMITTERS];
    for (int i = 0; i < SUBMITTERS; i++)
        all[i] = &flood;
    run_on_all(SUBMITTERS, submit_each, all, sizeof *all);
    CHECK_OK(pirn_executor_free(flood.executor));
    CHECK_EQ(flood.runs, SUBMITTERS * EACH);
    CHECK(!flood.too_many);
}
