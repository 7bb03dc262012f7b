/* Trace and profile hooks come and go: what is asked for, how long one lives, what it may do. */
#include "child.h"
#include "trace.h"

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
    CHECK_OK(pirn_current_thread(&t));
    CHECK_STATUS(pirn_thread_start(t), PIRN_ERR_ALREADY_STARTED); /* and goes on having the hook */
    CHECK_OK(pirn_thread_free(t));
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
    await_sleeping(native_id_of(t)); /* its wait at the gate has begun before there is a hook */
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

/* A hook that forks when it is told of a wait: parent and child go on with the wait. */
static pid_t forked;

static void fork_once(const pirn_trace_event_t *event, void *arg)
{
    count_run(arg);
    if (event->kind == PIRN_TRACE_WAIT_BEGIN && LOAD(((counted_t *)arg)->runs) == 1)
        forked = fork_for_test();
}

TEST(a_hook_may_fork)
{
    counted_t counted = {0};
    CHECK_OK(pirn_settrace_all_threads(fork_once, &counted, NULL));
    wait_a_moment();
    CHECK_EQ(counted.runs, 2);
    if (forked == 0)
        _exit(0);
    int status;
    CHECK_EQ(waitpid(forked, &status, 0), forked);
    CHECK_EQ(status, 0);
    trace_none();
}

static void end_the_process(const pirn_trace_event_t *event, void *unused)
{
    (void)unused;
    if (event->kind == PIRN_TRACE_WAIT_BEGIN)
        exit(5);
}

CHILD(ends_in_a_hook)
{
    pirn_executor_t *executor = new_executor(1);
    at_shutdown(say, "shut down");
    CHECK_OK(pirn_executor_submit(executor, say_task, "task done", NULL, NULL));
    CHECK_OK(pirn_settrace(end_the_process, NULL, NULL));
    start_and_let_go(wait_a_moment_target, NULL);
    sleep_forever(NULL);
}

TEST(a_hook_may_end_the_process)
{
    outcome_t outcome;
    run_child("ends_in_a_hook", &outcome);
    CHECK_STR(outcome.err, "");
    CHECK(strstr(outcome.out, "shut down\n") && strstr(outcome.out, "task done\n"));
    CHECK(WIFEXITED(outcome.status));
    CHECK_EQ(WEXITSTATUS(outcome.status), 5);
}

/* It would go on for ever if the threads had the hook. */
static void start_another(const pirn_trace_event_t *event, void *arg)
{
    write_down(event, arg);
    join_and_free(start_thread(wait_a_moment_target, NULL));
}

TEST(threads_that_a_hook_starts_have_none)
{
    CHECK_OK(pirn_settrace_all_threads(start_another, &record, count_free));
    wait_a_moment();
    pirn_thread_t *t = start_thread(NULL, NULL);
    uint64_t ident = ident_of(t);
    join_and_free(t);
    trace_none();
    CHECK_EQ(events_on(ident, 0), 2);
    CHECK_EQ(LOAD(record.counted.runs), events_on(pirn_get_ident(), 0) + 2);
    CHECK_EQ(LOAD(record.counted.frees), 1);
}

static pirn_timer_t *hooks_timer;

static void start_timer_once(const pirn_trace_event_t *event, void *arg)
{
    write_down(event, arg);
    CHECK_AMONG(pirn_timer_start(hooks_timer), BIT(PIRN_OK) | BIT(PIRN_ERR_ALREADY_STARTED));
}

TEST(timers_that_a_hook_starts_have_none)
{
    uint64_t id;
    counted_t arg = {0};
    CHECK_OK(pirn_timer_new(0, count_run, &arg, count_free, &hooks_timer));
    CHECK_OK(pirn_object_id(hooks_timer, &id));
    CHECK_OK(pirn_settrace_all_threads(start_timer_once, &record, count_free));
    wait_a_moment();
    CHECK_OK(pirn_timer_join(hooks_timer));
    trace_none();
    CHECK_COUNTED(&arg, 1, 1);
    CHECK_EQ(count_events(PIRN_TRACE_THREAD_START, id), 0);
    CHECK_EQ(count_events(PIRN_TRACE_TIMER_FIRE, id), 0);
    CHECK_OK(pirn_timer_free(hooks_timer));
}

/* One that the system refuses in a hook has the hooks of whoever starts it in the end. */
static pirn_thread_t *refused;
static int refusals;

static void start_refused(const pirn_trace_event_t *event, void *arg)
{
    (void)event;
    (void)arg;
    if (ADD(refusals, 1) == 1)
        CHECK_STATUS(pirn_thread_start(refused), PIRN_ERR_NO_THREAD);
}

TEST(a_thread_refused_in_a_hook_has_hooks_when_it_starts)
{
    CHECK_OK(pirn_thread_new(NULL, NULL, NULL, &refused));
    struct rlimit before = forbid_threads();
    CHECK_OK(pirn_settrace_all_threads(start_refused, NULL, NULL));
    wait_a_moment();
    allow_threads(before);
    CHECK_OK(pirn_settrace_all_threads(write_down, &record, count_free));
    CHECK_OK(pirn_thread_start(refused));
    uint64_t ident = ident_of(refused);
    join_and_free(refused);
    trace_none();
    CHECK_EQ(events_on(ident, 0), 2);
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

static int starters_ready;

static int32_t start_gated(void *gate)
{
    ADD(starters_ready, 1);
    join_and_free(start_thread(gated_target, gate));
    return 0;
}

TEST(no_thread_is_left_out)
{
    for (int round = 0; round < 200; round++) {
        counted_t seen = {0};
        gate_t gate;
        gate_init(&gate);
        STORE(starters_ready, 0);
        pirn_thread_t *starter = start_thread(start_gated, &gate);
        AWAIT(LOAD(starters_ready));
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
