/*
 * Executor: workers, settings, initializers, tasks. Its shutdown is executor_shutdown_test.c's, waiting
 * inside a task executor_wait_test.c's.
 */
#include "text.h"

static pirn_status_t executor_prefix(void *executor, char *buf, size_t cap, size_t *len)
{
    return pirn_executor_thread_name_prefix(executor, buf, cap, len);
}

static size_t max_workers(pirn_executor_t *executor)
{
    size_t out = 0;
    CHECK_OK(pirn_executor_max_workers(executor, &out));
    return out;
}

static void check_pending(pirn_executor_t *executor, size_t expected_queued, size_t expected_running)
{
    size_t queued = SIZE_MAX, running = SIZE_MAX;
    CHECK_OK(pirn_executor_pending(executor, &queued, &running));
    CHECK_EQ(queued, expected_queued);
    CHECK_EQ(running, expected_running);
}

static bool is_broken(pirn_executor_t *executor)
{
    bool out;
    CHECK_OK(pirn_executor_is_broken(executor, &out));
    return out;
}

static void get_result(pirn_future_t *future, void *expected)
{
    void *result = UNTOUCHED;
    CHECK_OK(pirn_future_result(future, &result));
    CHECK(result == expected);
    CHECK_OK(pirn_future_free(future));
}

/* Settings. */

TEST(max_workers_as_given)
{
    static const int64_t given[] = {1, 2, 100, INT32_MAX, INT64_MAX};
    pirn_executor_t *executor = UNTOUCHED;
    for (size_t i = 0; i < LENGTH(given); i++) {
        executor = new_executor(given[i]);
        CHECK_EQ(max_workers(executor), given[i]);
        get_result(submit(executor, do_nothing, NULL), NULL);
        CHECK_EQ(pirn_active_count(), 2); /* the number costs nothing till it is used */
        CHECK_OK(pirn_executor_free(executor));
    }
    executor = UNTOUCHED;
    CHECK_STATUS(pirn_executor_new(-1, &executor), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_new(INT64_MIN, &executor), PIRN_ERR_INVALID_ARGUMENT);
    CHECK(executor == UNTOUCHED);
}

TEST(max_workers_by_default)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    pirn_executor_t *executor = new_executor(0);
    CHECK(max_workers(executor) >= 5);
    CHECK(max_workers(executor) <= (size_t)(cpus + 4 < 32 ? cpus + 4 : 32));
    CHECK_OK(pirn_executor_free(executor));
}

TEST(prefixes)
{
    char first[64], second[64];
    size_t length;
    pirn_executor_t *executor = new_executor(1), *other = new_executor(1);
    CHECK_OK(executor_prefix(executor, first, sizeof first, &length));
    CHECK_OK(executor_prefix(other, second, sizeof second, &length));
    CHECK(strncmp(first, "ThreadPoolExecutor-", 19) == 0);
    CHECK(first[19] && strspn(first + 19, "0123456789") == strlen(first) - 19);
    CHECK(strncmp(second, "ThreadPoolExecutor-", 19) == 0);
    CHECK(strcmp(first, second) != 0);
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "gr\xc3\xbc\xc3\x9f"));
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, ""));
    check_text(executor_prefix, executor, first); /* none, so the default one */
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "a prefix"));
    check_text(executor_prefix, executor, "a prefix");
    CHECK_TEXT_REFUSED(pirn_executor_set_thread_name_prefix(executor, text));
    check_text(executor_prefix, executor, "a prefix");
    CHECK_OK(pirn_executor_free(executor));
    CHECK_OK(pirn_executor_free(other));
}

TEST(settings_end_with_the_first_submit)
{
    counted_t arg = {0};
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "early"));
    CHECK_OK(pirn_executor_submit(executor, do_nothing, NULL, NULL, NULL));
    CHECK_STATUS(pirn_executor_set_thread_name_prefix(executor, "late"), PIRN_ERR_ALREADY_STARTED);
    CHECK_REFUSED(pirn_executor_set_initializer(executor, count_run, &arg, count_free),
                  PIRN_ERR_ALREADY_STARTED, &arg);
    check_text(executor_prefix, executor, "early");
    CHECK_OK(pirn_executor_free(executor));
    CHECK_COUNTED(&arg, 0, 1);
}

TEST(bad_arguments)
{
    counted_t arg = {0};
    size_t out = 77;
    pirn_future_t *future = UNTOUCHED;
    pirn_executor_t *executor = new_executor(1);
    CHECK_STATUS(pirn_executor_new(1, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(pirn_executor_submit(executor, NULL, &arg, count_free, &future), PIRN_ERR_INVALID_ARGUMENT,
                  &arg);
    CHECK_REFUSED(pirn_executor_submit(executor, NULL, &arg, count_free, NULL), PIRN_ERR_INVALID_ARGUMENT,
                  &arg);
    CHECK(future == UNTOUCHED);
    CHECK_STATUS(pirn_executor_max_workers(executor, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_is_shut_down(executor, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_is_broken(executor, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_pending(executor, NULL, &out), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_pending(executor, &out, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_max_pending(executor, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_EQ(out, 77);
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_executor_free(executor));
}

/* Workers. */

TEST(one_worker_serves_submit_and_result_in_turn)
{
    pirn_executor_t *executor = new_executor(8);
    CHECK_EQ(pirn_active_count(), 1);
    for (int i = 0; i < 2000; i++) {
        counted_t arg = {0};
        get_result(submit(executor, count_task, &arg), &arg);
        CHECK_EQ(arg.runs, 1);
        CHECK_EQ(pirn_active_count(), 2);
    }
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(pirn_active_count(), 1);
}

static void check_workers(const char *prefix, int n)
{
    enum { ROOM = 16 };
    pirn_thread_t *threads[ROOM];
    size_t count, length;
    int found = 0;
    CHECK_OK(pirn_enumerate(threads, ROOM, &count));
    CHECK_EQ(count, n + 1);
    for (int worker = 0; worker < n; worker++) {
        char expected[64], name[64];
        snprintf(expected, sizeof expected, "%s_%d", prefix, worker);
        for (size_t i = 0; i < count; i++) {
            CHECK_OK(pirn_thread_name(threads[i], name, sizeof name, &length));
            found += strcmp(name, expected) == 0;
        }
        CHECK_EQ(found, worker + 1);
    }
    for (size_t i = 0; i < count; i++)
        CHECK_OK(pirn_thread_free(threads[i]));
}

TEST(workers_start_one_by_one_up_to_the_most)
{
    enum { MOST = 4 };
    gate_t gate;
    pirn_executor_t *executor = new_executor(MOST);
    gate_init(&gate);
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "crew"));
    for (int i = 1; i <= MOST + 3; i++) {
        int running = i < MOST ? i : MOST;
        CHECK_OK(pirn_future_free(submit(executor, gate_task, &gate)));
        gate_await(&gate, running);
        check_pending(executor, (size_t)(i - running), (size_t)running);
        check_workers("crew", running);
    }
    gate_open(&gate);
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    CHECK_EQ(gate.counted.runs, MOST + 3);
    check_pending(executor, 0, 0);
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_executor_free(executor));
}

static int32_t look_at_worker(void *arg, void **result)
{
    pirn_thread_t *self;
    bool daemon = true;
    CHECK_OK(pirn_current_thread(&self));
    CHECK_OK(pirn_thread_daemon(self, &daemon));
    CHECK(!daemon);
    check_thread_name(self, arg);
    CHECK_STATUS(pirn_thread_start(self), PIRN_ERR_ALREADY_STARTED);
    CHECK_OK(pirn_thread_free(self));
    *result = (void *)(uintptr_t)pirn_get_native_id();
    return 0;
}

TEST(workers_have_names_and_are_no_daemons)
{
    char name[64];
    size_t length;
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(executor_prefix(executor, name, sizeof name - 2, &length));
    strcat(name, "_0");
    CHECK_OK(pirn_future_result(submit(executor, look_at_worker, name), NULL));
    CHECK_OK(pirn_executor_free(executor));
}

static int32_t use_as_a_daemon(void *executor)
{
    bool daemon = false;
    pirn_thread_t *self;
    CHECK_OK(pirn_current_thread(&self));
    CHECK_OK(pirn_thread_daemon(self, &daemon));
    CHECK(daemon);
    CHECK_OK(pirn_thread_free(self));
    CHECK_OK(pirn_future_result(submit(executor, look_at_worker, "crew_0"), NULL));
    return 0;
}

/* A worker has its flag from no one: the process waits for its task whoever submitted that. */
TEST(workers_that_a_daemon_makes_start_are_no_daemons)
{
    pirn_thread_t *thread;
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "crew"));
    CHECK_OK(pirn_thread_new(use_as_a_daemon, executor, NULL, &thread));
    CHECK_OK(pirn_thread_set_daemon(thread, true));
    CHECK_OK(pirn_thread_start(thread));
    join_and_free(thread);
    CHECK_OK(pirn_executor_free(executor));
}

static int32_t fail_task(void *arg, void **result)
{
    (void)result;
    return pirn_raise(9, arg);
}

TEST(a_failing_task_leaves_its_worker_alive)
{
    void *first, *second;
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "w"));
    CHECK_OK(pirn_future_result(submit(executor, look_at_worker, "w_0"), &first));
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(pirn_future_result(submit(executor, fail_task, "failed"), NULL), PIRN_ERR_TASK_FAILED);
        CHECK_STR(pirn_last_error(), "failed");
        CHECK_EQ(pirn_last_code(), 9);
    }
    CHECK_OK(pirn_future_result(submit(executor, look_at_worker, "w_0"), &second));
    CHECK(first == second);
    CHECK_OK(pirn_executor_free(executor));
}

/* Tasks. */

typedef struct log {
    int length;
    int entries[1000];
} log_t;

typedef struct entry {
    counted_t counted;
    log_t *log;
    int number;
} entry_t;

static int32_t log_task(void *arg, void **result)
{
    entry_t *entry = arg;
    *result = arg;
    entry->log->entries[ADD(entry->log->length, 1) - 1] = entry->number;
    return count_run(arg);
}

TEST(one_worker_starts_tasks_in_the_order_of_their_submits)
{
    enum { TASKS = 1000 };
    static log_t log;
    static entry_t entries[TASKS];
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    submit_gate(executor, &gate);
    for (int i = 0; i < TASKS; i++) {
        entries[i] = (entry_t){.log = &log, .number = i};
        CHECK_OK(pirn_executor_submit(executor, log_task, &entries[i], count_free, NULL));
    }
    check_pending(executor, TASKS, 1);
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(log.length, TASKS);
    for (int i = 0; i < TASKS; i++) {
        CHECK_EQ(log.entries[i], i);
        CHECK_COUNTED(&entries[i].counted, 1, 1);
    }
}

TEST(cancelled_tasks_never_run)
{
    gate_t gate;
    counted_t args[3] = {{0, 0}};
    pirn_future_t *futures[3];
    pirn_executor_t *executor = new_executor(1);
    submit_gate(executor, &gate);
    for (int i = 0; i < 3; i++)
        CHECK_OK(pirn_executor_submit(executor, count_task, &args[i], count_free, &futures[i]));
    bool cancelled = false;
    CHECK_OK(pirn_future_cancel(futures[1], &cancelled));
    CHECK(cancelled);
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(pirn_future_result(futures[i], NULL), i == 1 ? PIRN_ERR_CANCELLED : PIRN_OK);
        CHECK_COUNTED(&args[i], i != 1, 1);
        CHECK_OK(pirn_future_free(futures[i]));
    }
}

TEST(the_result_is_what_the_task_stored)
{
    int32_t code = 55;
    char text[8];
    size_t length;
    void *result = UNTOUCHED;
    pirn_executor_t *executor = new_executor(1);
    pirn_future_t *future = submit(executor, do_nothing, NULL);
    CHECK_OK(pirn_future_result(future, &result));
    CHECK(result == NULL);
    CHECK_OK(pirn_future_exception(future, &code, text, sizeof text, &length));
    CHECK_EQ(code, 0);
    CHECK_OK(pirn_future_free(future));
    future = submit(executor, fail_task, "as raised");
    CHECK_OK(pirn_future_exception(future, &code, text, sizeof text, &length));
    CHECK_EQ(code, 9);
    CHECK_STR(text, "as rais");
    CHECK_EQ(length, 9);
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(executor));
}

typedef struct spawner {
    counted_t counted;
    pirn_executor_t *executor;
} spawner_t;

static int32_t spawn_two(void *arg, void **result)
{
    spawner_t *spawner = arg;
    (void)result;
    if (ADD(spawner->counted.runs, 1) < 500)
        for (int i = 0; i < 2; i++)
            CHECK_OK(pirn_executor_submit(spawner->executor, spawn_two, arg, count_free, NULL));
    return 0;
}

TEST(tasks_submit_tasks)
{
    spawner_t spawner = {.executor = new_executor(3)};
    CHECK_OK(pirn_executor_submit(spawner.executor, spawn_two, &spawner, count_free, NULL));
    AWAIT(LOAD(spawner.counted.runs) == 2 * 499 + 1);
    CHECK_OK(pirn_executor_free(spawner.executor));
    CHECK_COUNTED(&spawner.counted, 2 * 499 + 1, 2 * 499 + 1);
}

enum { SUBMITTERS = 6, SUBMITS = 3000 };

typedef struct submitter {
    pirn_executor_t *executor;
    counted_t with_future, without;
} submitter_t;

static void submit_many(void *arg)
{
    submitter_t *s = arg;
    pirn_future_t *futures[16];
    for (int i = 0; i < SUBMITS; i++) {
        CHECK_OK(pirn_executor_submit(s->executor, count_task, &s->without, count_free, NULL));
        CHECK_OK(
            pirn_executor_submit(s->executor, count_task, &s->with_future, count_free, &futures[i % 16]));
        if (i % 16 == 15)
            for (int k = 0; k < 16; k++)
                get_result(futures[k], &s->with_future);
    }
}

TEST(many_submit_at_once)
{
    submitter_t submitters[SUBMITTERS];
    pirn_executor_t *executor = new_executor(3);
    for (int i = 0; i < SUBMITTERS; i++)
        submitters[i] = (submitter_t){.executor = executor};
    run_on_all(SUBMITTERS, submit_many, submitters, sizeof *submitters);
    CHECK_OK(pirn_executor_free(executor));
    for (int i = 0; i < SUBMITTERS; i++) {
        CHECK_COUNTED(&submitters[i].with_future, SUBMITS, SUBMITS);
        CHECK_COUNTED(&submitters[i].without, SUBMITS, SUBMITS);
    }
}

/* Initializers. */

TEST(an_initializer_runs_once_on_each_worker)
{
    enum { WORKERS = 3 };
    counted_t arg = {0}, replaced = {0};
    gate_t gate;
    pirn_executor_t *executor = new_executor(WORKERS);
    gate_init(&gate);
    CHECK_OK(pirn_executor_set_initializer(executor, count_run, &replaced, count_free));
    CHECK_OK(pirn_executor_set_initializer(executor, count_run, &arg, count_free));
    CHECK_COUNTED(&arg, 0, 0);
    for (int i = 0; i < WORKERS; i++) {
        submit(executor, gate_task, &gate);
        gate_await(&gate, i + 1);
        CHECK_COUNTED(&arg, i + 1, 0); /* before the worker's first task */
    }
    gate_open(&gate);
    for (int i = 0; i < 20; i++)
        get_result(submit(executor, count_task, &gate), &gate);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_COUNTED(&arg, WORKERS, 1);
    CHECK_COUNTED(&replaced, 0, 1);
    CHECK(!is_broken(new_executor(1)));
}

TEST(an_initializer_never_needed_is_freed)
{
    counted_t arg = {0};
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_set_initializer(executor, count_run, &arg, count_free));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_COUNTED(&arg, 0, 1);
}

static int32_t fail_when_opened(void *arg)
{
    gate_target(arg);
    return pirn_raise(4, "no initializing here");
}

TEST(a_failing_initializer_breaks_the_executor)
{
    enum { TASKS = 5 };
    gate_t gate;
    counted_t args[TASKS] = {{0, 0}}, late = {0};
    pirn_future_t *futures[TASKS], *refused = UNTOUCHED;
    pirn_executor_t *executor = new_executor(1);
    gate_init(&gate);
    CHECK_OK(pirn_executor_set_initializer(executor, fail_when_opened, &gate, count_free));
    for (int i = 0; i < TASKS; i++)
        CHECK_OK(pirn_executor_submit(executor, count_task, &args[i], count_free, &futures[i]));
    CHECK(!is_broken(executor));
    gate_await(&gate, 1);
    gate_open(&gate);
    for (int i = 0; i < TASKS; i++) {
        int32_t code = 55;
        size_t length;
        CHECK_STATUS(pirn_future_result(futures[i], NULL), PIRN_ERR_BROKEN_EXECUTOR);
        CHECK_STATUS(pirn_future_exception(futures[i], &code, NULL, 0, &length), PIRN_ERR_BROKEN_EXECUTOR);
        CHECK_EQ(code, 55);
        CHECK_OK(pirn_future_free(futures[i]));
    }
    CHECK(is_broken(executor));
    CHECK_REFUSED(pirn_executor_submit(executor, count_task, &late, count_free, &refused),
                  PIRN_ERR_BROKEN_EXECUTOR, &late);
    CHECK(refused == UNTOUCHED);
    CHECK_OK(pirn_executor_free(executor));
    for (int i = 0; i < TASKS; i++)
        CHECK_COUNTED(&args[i], 0, 1);
    CHECK_COUNTED(&gate.counted, 1, 1);
}

/* A map that the executor breaks under says so in the place of the first result, and has ended. */
TEST(a_map_of_a_broken_executor_says_so)
{
    enum { ITEMS = 3 };
    gate_t gate;
    counted_t items[ITEMS] = {{0, 0}};
    void *pointers[ITEMS], *result = UNTOUCHED;
    pirn_map_t *map;
    pirn_executor_t *executor = new_executor(1);
    gate_init(&gate);
    for (int i = 0; i < ITEMS; i++)
        pointers[i] = &items[i];
    CHECK_OK(pirn_executor_set_initializer(executor, fail_when_opened, &gate, NULL));
    CHECK_OK(pirn_executor_map(executor, count_task, pointers, ITEMS, count_free, 1, PIRN_FOREVER, &map));
    gate_open(&gate);
    CHECK_STATUS(pirn_map_next(map, &result), PIRN_ERR_BROKEN_EXECUTOR);
    CHECK_STATUS(pirn_map_next(map, &result), PIRN_END);
    CHECK(result == UNTOUCHED);
    CHECK_OK(pirn_map_free(map));
    CHECK_OK(pirn_executor_free(executor));
    for (int i = 0; i < ITEMS; i++)
        CHECK_COUNTED(&items[i], 0, 1);
}

static void note_done(pirn_future_t *future, void *arg)
{
    int32_t state = -1;
    CHECK_OK(pirn_future_state(future, &state));
    CHECK_EQ(state, PIRN_FUTURE_FINISHED);
    CHECK_STATUS(pirn_future_result_timeout(future, 0, NULL), PIRN_ERR_BROKEN_EXECUTOR);
    count_run(arg);
}

/* Whoever waits for them hears of it, in whatever way: they are over, by a failure. */
TEST(futures_of_a_broken_executor_are_done)
{
    enum { TASKS = 4 };
    static const int32_t modes[] = {PIRN_FIRST_COMPLETED, PIRN_FIRST_EXCEPTION, PIRN_ALL_COMPLETED};
    gate_t gate;
    counted_t marks[TASKS] = {{0, 0}};
    pirn_future_t *futures[TASKS], *never = new_future();
    pirn_as_completed_t *iterator;
    size_t index, n_done = 0;
    bool done[TASKS + 1], cancelled = true;
    pirn_executor_t *executor = new_executor(1);
    gate_init(&gate);
    CHECK_OK(pirn_executor_set_initializer(executor, fail_when_opened, &gate, NULL));
    for (int i = 0; i < TASKS; i++) {
        futures[i] = submit(executor, do_nothing, NULL);
        CHECK_OK(pirn_future_add_done_callback(futures[i], note_done, &marks[i], count_free));
    }
    CHECK_OK(pirn_as_completed(futures, TASKS, PIRN_FOREVER, &iterator));
    gate_open(&gate);
    CHECK_OK(pirn_wait(futures, TASKS, PIRN_ALL_COMPLETED, PIRN_FOREVER, done, &n_done));
    CHECK_EQ(n_done, TASKS);
    for (int i = 0; i < TASKS; i++)
        CHECK_OK(pirn_as_completed_next(iterator, &index));
    CHECK_STATUS(pirn_as_completed_next(iterator, &index), PIRN_END);
    CHECK_OK(pirn_as_completed_free(iterator));
    for (size_t m = 0; m < LENGTH(modes); m++) {
        pirn_future_t *mixed[] = {never, futures[0]}; /* a failure is enough for the first two */
        CHECK_STATUS(pirn_wait(mixed, 2, modes[m], 0, done, NULL), m < 2 ? PIRN_OK : PIRN_TIMED_OUT);
        CHECK(!done[0] && done[1]);
    }
    CHECK_OK(pirn_future_cancel(futures[0], &cancelled));
    CHECK(!cancelled);
    CHECK_OK(pirn_executor_free(executor));
    for (int i = 0; i < TASKS; i++) {
        CHECK_COUNTED(&marks[i], 1, 1);
        CHECK_OK(pirn_future_free(futures[i]));
    }
    CHECK_OK(pirn_future_free(never));
}
