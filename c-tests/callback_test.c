/*
 * No lock of pirn's is held while a callback runs, be it a free: each here calls into the object that it
 * comes from, which would hang otherwise, and into others.
 */
#include "queue.h"

/* An argument whose free calls into pirn. */
typedef struct caller {
    counted_t counted;
    void (*call)(struct caller *caller);
    pirn_queue_t *queue;
    pirn_executor_t *executor;
    pirn_thread_t *thread;
    pirn_future_t *future;
    pirn_map_t *map;
} caller_t;

static void free_calling(void *arg)
{
    caller_t *caller = arg;
    caller->call(caller);
    ADD(caller->counted.frees, 1);
}

/* Every part of the library that keeps something of its own behind a lock. */
static void use_everything(void)
{
    pirn_thread_t *self, *others[4];
    size_t count;
    pirn_lock_t *lock;
    CHECK_OK(pirn_current_thread(&self));
    CHECK_OK(pirn_thread_set_name(self, "calling back"));
    CHECK_OK(pirn_thread_free(self));
    CHECK_OK(pirn_enumerate(others, LENGTH(others), &count));
    for (size_t i = 0; i < count && i < LENGTH(others); i++)
        CHECK_OK(pirn_thread_free(others[i]));
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_lock_free(lock));
    join_and_free(start_thread(count_run, &(counted_t){0}));
    CHECK_OK(pirn_queue_free(new_queue(0)));
    CHECK_OK(pirn_future_free(new_future()));
}

/* Queues. */

static void use_queue(caller_t *caller)
{
    check_size(caller->queue, 0);
    CHECK_STATUS(pirn_queue_try_put(caller->queue, caller), PIRN_ERR_SHUT_DOWN);
    CHECK_OK(pirn_queue_shutdown(caller->queue, true));
    CHECK_OK(pirn_queue_set_maxsize(caller->queue, 9));
    use_everything();
}

TEST(an_item_s_free_at_the_immediate_shutdown)
{
    caller_t items[2] = {{.call = use_queue}, {.call = use_queue}};
    pirn_queue_t *queue = new_queue(0);
    CHECK_OK(pirn_queue_set_item_free(queue, free_calling));
    for (int i = 0; i < 2; i++) {
        items[i].queue = queue;
        CHECK_OK(pirn_queue_put(queue, &items[i]));
    }
    CHECK_OK(pirn_queue_shutdown(queue, true));
    for (int i = 0; i < 2; i++)
        CHECK_COUNTED(&items[i].counted, 0, 1);
    CHECK_OK(pirn_queue_free(queue));
}

static void use_freed_queue(caller_t *caller)
{
    size_t size;
    CHECK_AMONG(pirn_queue_size(caller->queue, &size), BIT(PIRN_OK) | BIT(PIRN_ERR_INVALID_HANDLE));
    use_everything();
}

TEST(an_item_s_free_at_the_queue_s)
{
    caller_t item = {.call = use_freed_queue, .queue = new_queue(0)};
    CHECK_OK(pirn_queue_set_item_free(item.queue, free_calling));
    CHECK_OK(pirn_queue_put(item.queue, &item));
    CHECK_OK(pirn_queue_free(item.queue));
    CHECK_COUNTED(&item.counted, 0, 1);
}

/* Threads. */

static void use_thread(caller_t *caller)
{
    char name[32];
    size_t length;
    bool flag;
    CHECK_OK(pirn_thread_name(caller->thread, name, sizeof name, &length));
    CHECK_OK(pirn_thread_set_name(caller->thread, "freeing"));
    CHECK_OK(pirn_thread_is_alive(caller->thread, &flag));
    CHECK_STATUS(pirn_thread_set_daemon(caller->thread, true), PIRN_ERR_ALREADY_STARTED);
    use_everything();
}

static int32_t call_back(void *arg)
{
    caller_t *caller = arg;
    caller->call(caller);
    return count_run(arg);
}

TEST(a_thread_s_target_and_its_argument_s_free)
{
    caller_t arg = {.call = use_thread};
    CHECK_OK(pirn_thread_new(call_back, &arg, free_calling, &arg.thread));
    CHECK_OK(pirn_thread_start(arg.thread));
    CHECK_OK(pirn_thread_join(arg.thread));
    CHECK_COUNTED(&arg.counted, 1, 1);
    CHECK_OK(pirn_thread_free(arg.thread));
}

static void only_use_others(caller_t *caller)
{
    (void)caller;
    use_everything();
}

TEST(frees_of_what_was_never_used_or_was_refused)
{
    caller_t arg = {.call = only_use_others};
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(call_back, &arg, free_calling, &thread));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_STATUS(pirn_thread_new(call_back, &arg, free_calling, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_at_shutdown(NULL, &arg, free_calling), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_submit(NULL, count_task, &arg, free_calling, NULL), PIRN_ERR_INVALID_HANDLE);
    CHECK_COUNTED(&arg.counted, 0, 4);
}

/* Executors. */

static void use_executor(caller_t *caller)
{
    size_t queued, running;
    bool flag;
    CHECK_OK(pirn_executor_pending(caller->executor, &queued, &running));
    CHECK_OK(pirn_executor_is_shut_down(caller->executor, &flag));
    if (!flag)
        CHECK_OK(pirn_executor_submit(caller->executor, do_nothing, NULL, NULL, NULL));
    use_everything();
}

static int32_t call_back_task(void *arg, void **result)
{
    *result = arg;
    return call_back(arg);
}

TEST(a_task_and_its_argument_s_free)
{
    caller_t arg = {.call = use_executor, .executor = new_executor(1)};
    CHECK_OK(pirn_executor_submit(arg.executor, call_back_task, &arg, free_calling, &arg.future));
    CHECK_OK(pirn_future_result(arg.future, NULL));
    AWAIT(LOAD(arg.counted.frees));
    CHECK_COUNTED(&arg.counted, 1, 1);
    CHECK_OK(pirn_future_free(arg.future));
    CHECK_OK(pirn_executor_free(arg.executor));
}

static void use_cancelled(caller_t *caller)
{
    bool cancelled = false;
    CHECK_OK(pirn_future_cancelled(caller->future, &cancelled));
    CHECK(cancelled);
    use_executor(caller);
}

TEST(the_free_of_a_cancelled_task_s_argument)
{
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    caller_t alone = {.call = use_cancelled, .executor = executor}, with_all = alone;
    bool cancelled;
    submit_gate(executor, &gate);
    CHECK_OK(pirn_executor_submit(executor, call_back_task, &alone, free_calling, &alone.future));
    CHECK_OK(pirn_executor_submit(executor, call_back_task, &with_all, free_calling, &with_all.future));
    CHECK_OK(pirn_future_cancel(alone.future, &cancelled));
    CHECK_OK(pirn_executor_shutdown(executor, false, true));
    gate_open(&gate);
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    CHECK_COUNTED(&alone.counted, 0, 1);
    CHECK_COUNTED(&with_all.counted, 0, 1);
    CHECK_OK(pirn_executor_free(executor));
}

TEST(an_initializer_and_its_argument_s_free)
{
    pirn_executor_t *executor = new_executor(1);
    caller_t replaced = {.call = only_use_others}, arg = {.call = only_use_others, .executor = executor};
    CHECK_OK(pirn_executor_set_initializer(executor, call_back, &replaced, free_calling));
    CHECK_OK(pirn_executor_set_initializer(executor, call_back, &arg, free_calling));
    CHECK_COUNTED(&replaced.counted, 0, 1);
    CHECK_OK(pirn_future_result(submit(executor, do_nothing, NULL), NULL));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_COUNTED(&arg.counted, 1, 1);
}

static void submit_in_initializer(caller_t *caller)
{
    CHECK_OK(pirn_executor_submit(caller->executor, count_task, &caller->counted, NULL, &caller->future));
    CHECK_STATUS(pirn_executor_set_thread_name_prefix(caller->executor, "late"), PIRN_ERR_ALREADY_STARTED);
}

TEST(an_initializer_that_submits)
{
    caller_t arg = {.call = submit_in_initializer, .executor = new_executor(1)};
    CHECK_OK(pirn_executor_set_initializer(arg.executor, call_back, &arg, NULL));
    CHECK_OK(pirn_future_result(submit(arg.executor, do_nothing, NULL), NULL));
    CHECK_OK(pirn_future_result(arg.future, NULL));
    CHECK_OK(pirn_executor_free(arg.executor));
    CHECK_EQ(arg.counted.runs, 2);
}

/* Futures. */

static void done(pirn_future_t *future, void *arg)
{
    caller_t *caller = arg;
    bool flag = false;
    CHECK_OK(pirn_future_done(future, &flag));
    CHECK(flag);
    caller->call(caller);
    ADD(caller->counted.runs, 1);
}

TEST(a_done_callback_and_its_argument_s_free)
{
    caller_t arg = {.call = use_executor, .executor = new_executor(1)};
    gate_t gate;
    pirn_future_t *future = submit_gate(arg.executor, &gate),
                  *pending = submit(arg.executor, do_nothing, NULL);
    bool cancelled;
    CHECK_OK(pirn_future_add_done_callback(future, done, &arg, free_calling));
    CHECK_OK(pirn_future_add_done_callback(pending, done, &arg, free_calling));
    CHECK_OK(pirn_future_cancel(pending, &cancelled));
    CHECK_COUNTED(&arg.counted, 1, 1);
    gate_open(&gate);
    AWAIT(LOAD(arg.counted.frees) == 2);
    CHECK_OK(pirn_executor_free(arg.executor));
    CHECK_COUNTED(&arg.counted, 2, 2);
}

static void shut_own_executor_down(caller_t *caller)
{
    CHECK_OK(pirn_executor_shutdown(caller->executor, false, true));
}

TEST(a_done_callback_that_shuts_its_executor_down)
{
    caller_t arg = {.call = shut_own_executor_down, .executor = new_executor(1)};
    gate_t gate;
    pirn_future_t *future = submit_gate(arg.executor, &gate),
                  *pending = submit(arg.executor, do_nothing, NULL);
    CHECK_OK(pirn_future_add_done_callback(future, done, &arg, NULL));
    gate_open(&gate);
    CHECK_STATUS(pirn_future_result(pending, NULL), PIRN_ERR_CANCELLED);
    CHECK_OK(pirn_executor_shutdown(arg.executor, true, false));
    CHECK_OK(pirn_executor_free(arg.executor));
    CHECK_EQ(arg.counted.runs, 1);
}

static void use_freed_future(caller_t *caller)
{
    int32_t state;
    CHECK_STATUS(pirn_future_state(caller->future, &state), PIRN_ERR_INVALID_HANDLE);
    use_everything();
}

TEST(a_result_s_free)
{
    caller_t value = {.call = use_freed_future, .future = new_future()};
    CHECK_OK(pirn_future_set_result_free(value.future, free_calling));
    CHECK_OK(pirn_future_set_result(value.future, &value));
    CHECK_OK(pirn_future_free(value.future));
    CHECK_COUNTED(&value.counted, 0, 1);
}

/* Maps. */

static void use_map(caller_t *caller)
{
    if (caller->map) /* until it is known the first items may be over */
        CHECK_OK(pirn_map_cancel(caller->map));
    use_executor(caller);
}

TEST(an_item_s_and_a_map_result_s_free)
{
    gate_t gate;
    pirn_map_t *map;
    caller_t results[2] = {{.call = use_map, .executor = new_executor(1)}};
    results[1] = results[0];
    void *items[] = {&results[0], &results[1]}, *result;
    submit_gate(results[0].executor, &gate);
    CHECK_OK(
        pirn_executor_map(results[0].executor, count_task, items, 2, free_calling, 2, PIRN_FOREVER, &map));
    CHECK_OK(pirn_map_set_result_free(map, free_calling));
    results[0].map = results[1].map = map;
    gate_open(&gate);
    CHECK_OK(pirn_map_next(map, &result));
    CHECK(result == &results[0]);
    AWAIT(LOAD(results[1].counted.frees) == 1);
    results[0].map = results[1].map = NULL;
    CHECK_OK(pirn_map_free(map));
    CHECK_OK(pirn_executor_free(results[0].executor));
    CHECK_COUNTED(&results[0].counted, 1, 1);
    CHECK_COUNTED(&results[1].counted, 1, 2); /* as an item, and as a result nobody took */
}
