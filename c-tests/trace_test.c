/* Trace and profile hooks: which threads have them, the events of threads and tasks, replacement. */
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

static void wait_a_moment(void)
{
    pirn_event_t *never;
    CHECK_OK(pirn_event_new(&never));
    CHECK_STATUS(pirn_event_wait_timeout(never, 1e-6), PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_free(never));
}

static int32_t wait_a_moment_target(void *unused)
{
    (void)unused;
    wait_a_moment();
    return 0;
}

/* A thread that goes through a gate and then waits for a moment. */
static int32_t pass_and_wait(void *gate)
{
    gate_target(gate);
    wait_a_moment();
    return 0;
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

static int threads_ready;
static uint64_t foreign_ident;

static void foreign_body(void *gate)
{
    pirn_thread_t *self;
    CHECK_OK(pirn_current_thread(&self));
    STORE(foreign_ident, ident_of(self));
    CHECK_OK(pirn_thread_free(self));
    gate_target(gate);
    ADD(threads_ready, 1);
    wait_a_moment();
}

static int events_on(uint64_t ident, int32_t kind)
{
    int n = 0;
    for (int i = 0; nth_event(i, kind, 0); i++)
        n += nth_event(i, kind, 0)->thread == ident;
    return n;
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

TEST(what_is_set_can_be_asked_for)
{
    typedef pirn_status_t (*set_fn)(pirn_trace_fn fn, void *arg, pirn_free_fn arg_free);
    typedef pirn_status_t (*get_fn)(pirn_trace_fn *fn, void **arg);
    static const struct {
        set_fn set, set_all;
        get_fn get;
    } sorts[] = {{pirn_settrace, pirn_settrace_all_threads, pirn_gettrace},
                 {pirn_setprofile, pirn_setprofile_all_threads, pirn_getprofile}};
    for (size_t i = 0; i < LENGTH(sorts); i++) {
        pirn_trace_fn fn = write_down;
        void *arg = &fn;
        counted_t first = {0}, second = {0}, none = {0};
        CHECK_OK(sorts[i].get(&fn, &arg));
        CHECK(fn == NULL && arg == NULL);
        CHECK_OK(sorts[i].set(write_down, &first, count_free));
        CHECK_OK(sorts[i].get(&fn, &arg));
        CHECK(fn == write_down && arg == &first);
        CHECK_OK(sorts[i].set_all(write_down, &second, count_free));
        CHECK_COUNTED(&first, 0, 1);
        CHECK_OK(sorts[i].get(&fn, &arg));
        CHECK(fn == write_down && arg == &second);
        CHECK_STATUS(sorts[i].get(NULL, &arg), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(sorts[i].get(&fn, NULL), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_OK(sorts[1 - i].get(&fn, &arg));
        CHECK(fn == NULL);
        /* The main thread has the second one still, and gives it back when it is told to. */
        CHECK_OK(sorts[i].set(NULL, &none, count_free));
        CHECK_COUNTED(&none, 0, 1);
        CHECK_EQ(second.frees, 0);
        CHECK_OK(sorts[i].set_all(NULL, NULL, NULL));
        CHECK_EQ(second.frees, 1);
    }
}

TEST(a_hook_lives_as_long_as_a_thread_that_has_it)
{
    gate_t gate;
    gate_init(&gate);
    trace_new_threads();
    pirn_thread_t *t = start_thread(gate_target, &gate);
    gate_await(&gate, 1);
    CHECK_OK(pirn_settrace(NULL, NULL, NULL));
    CHECK_EQ(LOAD(record.counted.frees), 0);
    gate_open(&gate);
    CHECK_OK(pirn_thread_join(t));
    /* Though the handle is still there. */
    CHECK_EQ(LOAD(record.counted.frees), 1);
    CHECK_OK(pirn_thread_free(t));
}

static gate_t hook_gate;

static void stand_at_gate(const pirn_trace_event_t *event, void *arg)
{
    (void)event;
    CHECK_EQ(LOAD(((counted_t *)arg)->frees), 0);
    ADD(((counted_t *)arg)->runs, 1);
    gate_target(&hook_gate);
    CHECK_EQ(LOAD(((counted_t *)arg)->frees), 0);
}

TEST(a_hook_replaced_while_it_runs_ends_first)
{
    counted_t counted = {0};
    gate_init(&hook_gate);
    CHECK_OK(pirn_settrace(stand_at_gate, &counted, count_free));
    pirn_thread_t *t = start_thread(NULL, NULL);
    gate_await(&hook_gate, 1);
    trace_none();
    CHECK_COUNTED(&counted, 1, 0);
    gate_open(&hook_gate);
    join_and_free(t);
    CHECK_COUNTED(&counted, 1, 1);
}

/* Waits, starts a thread, runs a task, raises: none of which it is told of on its own thread. */
static pirn_executor_t *hooks_own;

static void do_much(const pirn_trace_event_t *event, void *arg)
{
    write_down(event, arg);
    wait_a_moment();
    pirn_thread_t *t = start_thread(wait_a_moment_target, NULL);
    join_and_free(t);
    CHECK_OK(pirn_future_result(submit(hooks_own, do_nothing, NULL), NULL));
    pirn_raise(3, "in a hook");
}

TEST(a_hook_does_not_see_what_it_causes)
{
    hooks_own = new_executor(1);
    CHECK_OK(pirn_future_result(submit(hooks_own, do_nothing, NULL), NULL)); /* its worker has no hook */
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *t = start_thread(pass_and_wait, &gate);
    uint64_t ident = ident_of(t);
    gate_await(&gate, 1);
    CHECK_OK(pirn_settrace_all_threads(do_much, &record, count_free));
    CHECK_OK(pirn_settrace(NULL, NULL, NULL)); /* for the threads that the hook starts */
    gate_open(&gate);
    join_and_free(t);
    CHECK_EQ(events_on(ident, 0), 3);
    CHECK_EQ(events_on(ident, PIRN_TRACE_WAIT_BEGIN), 1);
    CHECK_EQ(events_on(ident, PIRN_TRACE_WAIT_END), 1);
    CHECK_EQ(events_on(ident, PIRN_TRACE_THREAD_END), 1);
    trace_none();
}

static void replace_itself(const pirn_trace_event_t *event, void *arg)
{
    (void)event;
    ADD(((counted_t *)arg)->runs, 1);
    trace_none();
    CHECK_EQ(((counted_t *)arg)->frees, 0);
}

TEST(a_hook_may_take_itself_away)
{
    counted_t counted = {0};
    CHECK_OK(pirn_settrace_all_threads(replace_itself, &counted, count_free));
    wait_a_moment();
    CHECK_COUNTED(&counted, 1, 1);
    wait_a_moment();
    CHECK_COUNTED(&counted, 1, 1);
}

/* Threads that start while a hook is set for all: none is left out. */
static int hooks_freed;
static uint64_t gated; /* ident of the thread that is looked for */

static void look_for_gated(const pirn_trace_event_t *event, void *arg)
{
    if (event->kind == PIRN_TRACE_THREAD_END && event->thread == LOAD(gated))
        ADD(((counted_t *)arg)->runs, 1);
}

static void count_hook_free(void *unused)
{
    (void)unused;
    ADD(hooks_freed, 1);
}

static int32_t gated_target(void *gate)
{
    STORE(gated, pirn_get_ident());
    return gate_target(gate);
}

static int32_t start_gated(void *gate)
{
    ADD(threads_ready, 1);
    join_and_free(start_thread(gated_target, gate));
    return 0;
}

TEST(no_thread_is_left_out)
{
    for (int round = 0; round < 200; round++) {
        counted_t seen = {0};
        gate_t gate;
        gate_init(&gate);
        STORE(threads_ready, 0);
        pirn_thread_t *starter = start_thread(start_gated, &gate);
        AWAIT(LOAD(threads_ready));
        for (int i = 0; i < round % 16; i++)
            sched_yield();
        CHECK_OK(pirn_settrace_all_threads(look_for_gated, &seen, count_free));
        /* It ends after the hook was set, whether it was started before or after that. */
        gate_open(&gate);
        join_and_free(starter);
        CHECK_EQ(LOAD(seen.runs), 1);
        trace_none();
        CHECK_EQ(LOAD(seen.frees), 1);
    }
}

static void count_seen(const pirn_trace_event_t *event, void *unused)
{
    (void)event;
    (void)unused;
    ADD(record.counted.runs, 1);
}

static int32_t start_many(void *gate)
{
    pirn_thread_t *threads[8];
    gate_target(gate);
    for (size_t i = 0; i < LENGTH(threads); i++)
        threads[i] = start_thread(NULL, NULL);
    for (size_t i = 0; i < LENGTH(threads); i++)
        join_and_free(threads[i]);
    return 0;
}

TEST(hooks_come_and_go_while_threads_run)
{
    enum { STARTERS = 4, ROUNDS = 300 };
    gate_t gate;
    pirn_thread_t *starters[STARTERS];
    gate_init(&gate);
    for (int i = 0; i < STARTERS; i++)
        starters[i] = start_thread(start_many, &gate);
    gate_open(&gate);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_OK((i % 2 ? pirn_settrace : pirn_settrace_all_threads)(count_seen, NULL, count_hook_free));
        CHECK_OK((i % 3 ? pirn_setprofile_all_threads : pirn_setprofile)(count_seen, NULL, count_hook_free));
        wait_a_moment();
    }
    for (int i = 0; i < STARTERS; i++)
        join_and_free(starters[i]);
    trace_none();
    CHECK_OK(pirn_setprofile_all_threads(NULL, NULL, NULL));
    AWAIT(LOAD(hooks_freed) == 2 * ROUNDS);
}

static void in_the_child(void *unused)
{
    (void)unused;
    int before = LOAD(record.counted.runs);
    wait_a_moment();
    CHECK_EQ(LOAD(record.counted.runs), before + 2);
    join_and_free(start_thread(NULL, NULL));
    CHECK_EQ(count_events(PIRN_TRACE_THREAD_END, 0), 1);
    trace_none();
    before = LOAD(record.counted.runs);
    wait_a_moment();
    CHECK_EQ(LOAD(record.counted.runs), before);
}

TEST(a_child_of_fork_keeps_the_hooks_of_the_thread_that_forked)
{
    trace_all_threads();
    in_forked_child(in_the_child, NULL);
    CHECK_EQ(LOAD(record.counted.runs), 0);
    trace_none();
    CHECK_EQ(LOAD(record.counted.frees), 1);
}
