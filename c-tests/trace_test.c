/* Trace and profile hooks: which threads have them, the events of threads and tasks. */
#include "child.h"
#include "trace.h"

static int32_t return_code(void *code)
{
    return (int32_t)(intptr_t)code;
}

static int32_t return_code_task(void *code, void **result)
{
    (void)result;
    return return_code(code);
}

static int32_t exit_silently(void *unused)
{
    (void)unused;
    return PIRN_EXIT;
}

TEST(a_threads_life)
{
    trace_new_threads();
    static const int32_t codes[] = {0, PIRN_EXIT};
    for (size_t i = 0; i < LENGTH(codes); i++) {
        pirn_thread_t *t = start_thread(codes[i] == 0 ? return_code : exit_silently, NULL);
        uint64_t ident = ident_of(t), id = id_of(t);
        join_and_free(t);
        const pirn_trace_event_t *start = only_event(PIRN_TRACE_THREAD_START, id);
        const pirn_trace_event_t *end = only_event(PIRN_TRACE_THREAD_END, id);
        CHECK_EQ(start->thread, ident);
        CHECK_EQ(end->thread, ident);
        CHECK_EQ(start->object_kind, PIRN_KIND_THREAD);
        CHECK_EQ(end->object_kind, PIRN_KIND_THREAD);
        CHECK_EQ(end->code, codes[i]);
        CHECK(end->duration_ns > 0 && end->time_ns >= start->time_ns);
        CHECK_EQ(count_events(PIRN_TRACE_FAILURE, id), codes[i] != 0);
        CHECK(start < end);
    }
    pirn_thread_t *idle = start_thread(NULL, NULL);
    uint64_t id = id_of(idle);
    join_and_free(idle);
    only_event(PIRN_TRACE_THREAD_START, id);
    only_event(PIRN_TRACE_THREAD_END, id);
    CHECK_EQ(count_events(PIRN_TRACE_FAILURE, id), 0);
}

TEST(a_tasks_life)
{
    trace_all_threads();
    pirn_executor_t *executor = new_executor(2);
    enum { TASKS = 20 };
    pirn_future_t *futures[TASKS];
    for (intptr_t i = 0; i < TASKS; i++)
        futures[i] = submit(executor, return_code_task, (void *)(i % 2 ? i : 0));
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    for (int i = 0; i < TASKS; i++) {
        uint64_t id = id_of(futures[i]);
        const pirn_trace_event_t *submitted = only_event(PIRN_TRACE_TASK_SUBMIT, id);
        const pirn_trace_event_t *start = only_event(PIRN_TRACE_TASK_START, id);
        const pirn_trace_event_t *end = only_event(PIRN_TRACE_TASK_END, id);
        CHECK(submitted < start && start < end);
        CHECK(submitted->time_ns <= start->time_ns);
        CHECK_EQ(submitted->thread, pirn_get_ident());
        CHECK(start->thread != pirn_get_ident());
        CHECK_EQ(end->thread, start->thread);
        CHECK_EQ(end->time_ns - end->duration_ns, start->time_ns);
        CHECK_EQ(submitted->object_kind, PIRN_KIND_FUTURE);
        CHECK_EQ(end->code, i % 2 ? i : 0);
        CHECK_EQ(count_events(PIRN_TRACE_FAILURE, id), i % 2);
        if (i % 2) {
            const pirn_trace_event_t *failure = only_event(PIRN_TRACE_FAILURE, id);
            CHECK(start < failure && failure < end);
            CHECK_EQ(failure->code, i);
            CHECK_EQ(failure->object_kind, PIRN_KIND_FUTURE);
        }
    }
    CHECK_EQ(count_events(PIRN_TRACE_THREAD_START, 0), count_events(PIRN_TRACE_THREAD_END, 0));
    trace_none();
    CHECK_EQ(LOAD(record.counted.frees), 1);
}

/* By whatever call it is submitted; a chunk of a map is one task. */
TEST(tasks_of_every_submit)
{
    enum { MANY = 6, SINGLE = 4, CHUNKS = 3, TASKS = SINGLE + MANY };
    pirn_future_t *futures[TASKS];
    void *args[MANY] = {NULL}, *result;
    pirn_map_t *map;
    trace_all_threads();
    pirn_executor_t *executor = new_executor(2);
    futures[0] = submit(executor, return_code_task, NULL);
    CHECK_OK(pirn_executor_try_submit(executor, return_code_task, NULL, NULL, &futures[1]));
    CHECK_OK(pirn_executor_submit_timeout(executor, return_code_task, NULL, NULL, 1e6, &futures[2]));
    CHECK_OK(pirn_executor_submit_priority(executor, return_code_task, NULL, NULL, 5, &futures[3]));
    CHECK_OK(pirn_executor_submit_many(executor, return_code_task, args, MANY, NULL, futures + SINGLE));
    CHECK_OK(pirn_executor_map(executor, return_code_task, args, MANY, NULL, 2, PIRN_FOREVER, &map));
    for (int i = 0; i < MANY; i++)
        CHECK_OK(pirn_map_next(map, &result));
    CHECK_OK(pirn_executor_submit_many(executor, return_code_task, args, MANY, NULL, NULL));
    CHECK_OK(pirn_executor_submit(executor, return_code_task, NULL, NULL, NULL));
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    static const int32_t kinds[] = {PIRN_TRACE_TASK_SUBMIT, PIRN_TRACE_TASK_START, PIRN_TRACE_TASK_END};
    for (size_t k = 0; k < LENGTH(kinds); k++) {
        CHECK_EQ(count_events(kinds[k], 0), TASKS + CHUNKS + MANY + 1);
        for (int i = 0; i < TASKS; i++)
            CHECK_EQ(only_event(kinds[k], id_of(futures[i]))->object_kind, PIRN_KIND_FUTURE);
    }
    /* Each that has no future for the program, too, is one object from its submit to its end. */
    for (int i = 0; nth_event(i, PIRN_TRACE_TASK_SUBMIT, 0); i++) {
        uint64_t id = nth_event(i, PIRN_TRACE_TASK_SUBMIT, 0)->object;
        CHECK(id != 0);
        CHECK(only_event(PIRN_TRACE_TASK_START, id) < only_event(PIRN_TRACE_TASK_END, id));
    }
    trace_none();
}

static int32_t fail_quietly(const pirn_excepthook_args_t *args, void *arg)
{
    (void)args;
    return count_run(arg);
}

TEST(failures_of_initializers_and_of_tasks_without_a_future)
{
    counted_t reports = {0};
    CHECK_OK(pirn_set_excepthook(fail_quietly, &reports, NULL));
    trace_new_threads();
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_submit(executor, return_code_task, (void *)5, NULL, NULL));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(count_events(PIRN_TRACE_FAILURE, 0), 1);
    CHECK_EQ(nth_event(0, PIRN_TRACE_FAILURE, 0)->code, 5);
    CHECK_EQ(nth_event(0, PIRN_TRACE_FAILURE, 0)->object, nth_event(0, PIRN_TRACE_TASK_START, 0)->object);

    executor = new_executor(1);
    uint64_t id = id_of(executor);
    CHECK_OK(pirn_executor_set_initializer(executor, return_code, (void *)6, NULL));
    pirn_future_t *future;
    pirn_status_t status = pirn_executor_submit(executor, do_nothing, NULL, NULL, &future);
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_BROKEN_EXECUTOR));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(only_event(PIRN_TRACE_FAILURE, id)->code, 6);
    CHECK_EQ(only_event(PIRN_TRACE_FAILURE, id)->object_kind, PIRN_KIND_EXECUTOR);
    CHECK_EQ(reports.runs, 2);
}

CHILD(traces_its_exit)
{
    CHECK_OK(pirn_set_excepthook(fail_quietly, &record.counted, NULL));
    trace_all_threads();
    at_shutdown(return_code, (void *)7);
    CHECK_OK(pirn_shutdown());
    const pirn_trace_event_t *failure = only_event(PIRN_TRACE_FAILURE, 0);
    CHECK_EQ(failure->code, 7);
    CHECK_EQ(failure->object_kind, 0);
    SAY("seen\n");
}

TEST(a_failure_at_shutdown)
{
    check_child("traces_its_exit", 0, "seen\n");
}

TEST(only_threads_started_later_have_the_hook)
{
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *before = start_thread(pass_and_wait, &gate);
    gate_await(&gate, 1);
    trace_new_threads();
    wait_a_moment();
    run_on(FOREIGN, (void (*)(void *))wait_a_moment, NULL);
    gate_open(&gate);
    join_and_free(before);
    CHECK_EQ(LOAD(record.counted.runs), 0);
    pirn_thread_t *later = start_thread(wait_a_moment_target, NULL);
    uint64_t ident = ident_of(later);
    join_and_free(later);
    CHECK_EQ(LOAD(record.counted.runs), 4);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(record.events[i].thread, ident);
    CHECK_EQ(record.events[0].kind, PIRN_TRACE_THREAD_START);
    CHECK_EQ(record.events[3].kind, PIRN_TRACE_THREAD_END);
}

static uint64_t foreign_ident, foreign_native_id;

static void foreign_body(void *gate)
{
    pirn_thread_t *self;
    CHECK_OK(pirn_current_thread(&self));
    STORE(foreign_ident, ident_of(self));
    STORE(foreign_native_id, pirn_get_native_id());
    CHECK_OK(pirn_thread_free(self));
    gate_target(gate);
    wait_a_moment();
}

TEST(all_threads_are_the_main_one_running_ones_and_dummies)
{
    gate_t gate;
    runner_t foreign;
    gate_init(&gate);
    pirn_thread_t *running = start_thread(pass_and_wait, &gate);
    uint64_t ident = ident_of(running);
    runner_start(&foreign, FOREIGN, foreign_body, &gate);
    gate_await(&gate, 2);
    await_sleeping(native_id_of(running));
    await_sleeping(LOAD(foreign_native_id));
    trace_all_threads();
    wait_a_moment();
    CHECK_EQ(events_on(pirn_get_ident(), PIRN_TRACE_WAIT_END), 1);
    gate_open(&gate);
    join_and_free(running);
    runner_join(&foreign);
    /* The wait at the gate had begun before. */
    CHECK_EQ(events_on(ident, PIRN_TRACE_WAIT_BEGIN), 1);
    CHECK_EQ(events_on(ident, PIRN_TRACE_WAIT_END), 1);
    CHECK_EQ(events_on(ident, PIRN_TRACE_THREAD_END), 1);
    CHECK_EQ(events_on(foreign_ident, PIRN_TRACE_WAIT_BEGIN), 1);
    CHECK_EQ(events_on(foreign_ident, PIRN_TRACE_WAIT_END), 1);

    int runs = LOAD(record.counted.runs);
    trace_none();
    CHECK_EQ(LOAD(record.counted.frees), 1);
    wait_a_moment();
    join_and_free(start_thread(wait_a_moment_target, NULL));
    CHECK_EQ(LOAD(record.counted.runs), runs);
}

/* Set for all from a thread that is not the main one, before that has asked for its object. */
static int32_t trace_all_target(void *unused)
{
    (void)unused;
    trace_all_threads();
    return 0;
}

TEST(the_main_thread_is_one_of_all_without_having_asked)
{
    pirn_thread_t *setter = start_thread(trace_all_target, NULL);
    AWAIT(LOAD(record.counted.runs) > 0); /* its end */
    wait_a_moment();
    CHECK_EQ(events_on(pirn_get_ident(), PIRN_TRACE_WAIT_BEGIN), 1);
    CHECK_EQ(events_on(pirn_get_ident(), PIRN_TRACE_WAIT_END), 1);
    join_and_free(setter);
}

static record_t profile;

TEST(a_profile_hook_sees_ends_with_durations)
{
    CHECK_OK(pirn_setprofile(write_down, &profile, count_free));
    pirn_executor_t *executor = new_executor(1);
    join_and_free(start_thread(wait_a_moment_target, NULL));
    CHECK_OK(pirn_future_result(submit(executor, return_code_task, NULL), NULL));
    CHECK_OK(pirn_executor_free(executor));
    static const int32_t expected[] = {PIRN_TRACE_WAIT_END, PIRN_TRACE_THREAD_END, PIRN_TRACE_TASK_END,
                                       PIRN_TRACE_THREAD_END};
    CHECK_EQ(profile.counted.runs, LENGTH(expected));
    for (size_t i = 0; i < LENGTH(expected); i++) {
        CHECK_EQ(profile.events[i].kind, expected[i]);
        CHECK(profile.events[i].duration_ns > 0);
    }
    CHECK(profile.events[0].duration_ns >= 1000);
    CHECK_STATUS(profile.events[0].code, PIRN_TIMED_OUT);

    /* Both at once; and for threads that run. */
    trace_new_threads();
    join_and_free(start_thread(wait_a_moment_target, NULL));
    CHECK_EQ(record.counted.runs, 4);
    CHECK_EQ(profile.counted.runs, LENGTH(expected) + 2);
    trace_none();
    CHECK_OK(pirn_setprofile_all_threads(write_down, &record, count_free));
    CHECK_EQ(profile.counted.frees, 1);
    CHECK_EQ(record.counted.frees, 1);
    wait_a_moment();
    CHECK_EQ(record.counted.runs, 5);
    CHECK_EQ(record.events[4].kind, PIRN_TRACE_WAIT_END);
    CHECK_OK(pirn_setprofile_all_threads(NULL, NULL, NULL));
    CHECK_EQ(record.counted.frees, 2);
}
