/* An excepthook of the program's: what it is told, where it runs, when it is let go; one that fails. */
#include "child.h"

typedef struct seen {
    counted_t counted;
    int32_t code;
    char message[256];
    char traceback[256];
    uint64_t thread; /* identity; 0 if args->thread is NULL */
    uint64_t ident;  /* of the thread that runs the hook */
    bool alive;
    int32_t result; /* what the hook is to return */
} seen_t;

static int32_t see(const pirn_excepthook_args_t *args, void *arg)
{
    seen_t *seen = arg;
    CHECK_EQ(seen->counted.frees, 0);
    CHECK(args->message && args->traceback);
    seen->code = args->code;
    snprintf(seen->message, sizeof seen->message, "%s", args->message);
    snprintf(seen->traceback, sizeof seen->traceback, "%s", args->traceback);
    seen->ident = pirn_get_ident();
    seen->thread = 0;
    if (args->thread) {
        pirn_thread_t *self;
        uint64_t self_id;
        CHECK_OK(pirn_object_id(args->thread, &seen->thread));
        CHECK_OK(pirn_current_thread(&self));
        CHECK_OK(pirn_object_id(self, &self_id));
        CHECK_OK(pirn_thread_free(self));
        CHECK_EQ(seen->thread, self_id);
        CHECK_OK(pirn_thread_is_alive(args->thread, &seen->alive));
    }
    count_run(arg);
    return seen->result == 0 ? 0 : pirn_raise(seen->result, "the hook fails");
}

static void set_hook(seen_t *seen)
{
    CHECK_OK(pirn_set_excepthook(see, seen, count_free));
}

static void restore_default(void)
{
    CHECK_OK(pirn_set_excepthook(NULL, NULL, NULL));
}

static int32_t fail(void *message)
{
    return message ? pirn_raise(7, message) : 7;
}

static int32_t fail_task(void *message, void **result)
{
    (void)result;
    return fail(message);
}

static int32_t end_silently(void *message)
{
    return pirn_raise(PIRN_EXIT, message);
}

TEST(it_is_told_what_failed_and_where)
{
    seen_t seen = {.counted = {0}};
    set_hook(&seen);
    pirn_thread_t *thread = start_thread(fail, "disk full");
    uint64_t id, ident;
    CHECK_OK(pirn_object_id(thread, &id));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_ident(thread, &ident));
    CHECK_EQ(seen.counted.runs, 1);
    CHECK_EQ(seen.code, 7);
    CHECK_STR(seen.message, "disk full");
    CHECK_STR(seen.traceback, "");
    CHECK_EQ(seen.thread, id);
    CHECK_EQ(seen.ident, ident);
    CHECK(seen.alive);
    int32_t code;
    CHECK_OK(pirn_thread_exit_code(thread, &code));
    CHECK_EQ(code, 7);
    CHECK_OK(pirn_thread_free(thread));

    join_and_free(start_thread(fail, NULL));
    CHECK_EQ(seen.counted.runs, 2);
    CHECK(seen.message[0] != '\0');
    restore_default();
    CHECK_COUNTED(&seen.counted, 2, 1);
}

TEST(it_sees_pirn_exit)
{
    seen_t seen = {.counted = {0}};
    set_hook(&seen);
    join_and_free(start_thread(end_silently, "the end"));
    CHECK_EQ(seen.counted.runs, 1);
    CHECK_EQ(seen.code, PIRN_EXIT);
    CHECK_STR(seen.message, "the end");
    restore_default();
}

TEST(tasks_without_a_future_and_initializers)
{
    seen_t seen = {.counted = {0}};
    set_hook(&seen);
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_submit(executor, fail_task, "out of paper", NULL, NULL));
    pirn_future_t *future = submit(executor, fail_task, "into the future");
    CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
    CHECK_STR(pirn_last_error(), "into the future");
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(seen.counted.runs, 1);
    CHECK_STR(seen.message, "out of paper");
    CHECK(seen.ident != pirn_get_ident());

    executor = new_executor(1);
    CHECK_OK(pirn_executor_set_initializer(executor, fail, "no such device", NULL));
    pirn_status_t status = pirn_executor_submit(executor, do_nothing, NULL, NULL, NULL);
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_BROKEN_EXECUTOR));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(seen.counted.runs, 2);
    CHECK_STR(seen.message, "no such device");
    restore_default();
}

TEST(timers)
{
    seen_t seen = {.counted = {0}};
    pirn_timer_t *timer;
    uint64_t id, ident;
    pirn_thread_t *thread;
    set_hook(&seen);
    CHECK_OK(pirn_timer_new(0, fail, "too late", NULL, &timer));
    CHECK_OK(pirn_timer_start(timer));
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_object_id(timer, &id));
    CHECK_OK(pirn_timer_thread(timer, &thread));
    CHECK_OK(pirn_thread_ident(thread, &ident));
    CHECK_EQ(seen.counted.runs, 1);
    CHECK_STR(seen.message, "too late");
    CHECK_EQ(seen.thread, id);
    CHECK_EQ(seen.ident, ident);
    CHECK(seen.alive);
    CHECK_OK(pirn_thread_free(thread));
    CHECK_OK(pirn_timer_free(timer));
    restore_default();
}

static void say_seen(void *arg)
{
    seen_t *seen = arg;
    SAY("%d: %s\n", (int)seen->code, seen->message);
}

CHILD(fails_at_shutdown)
{
    static seen_t seen;
    CHECK_OK(pirn_set_excepthook(see, &seen, NULL));
    at_shutdown(say, "last");
    at_shutdown(fail, "disk full");
    CHECK_OK(pirn_shutdown());
    say_seen(&seen);
    CHECK_EQ(seen.ident, pirn_get_ident());
    CHECK(seen.thread != 0);
}

TEST(callbacks_of_the_shutdown)
{
    check_child("fails_at_shutdown", 0, "last\n7: disk full\n");
}

/* A foreign thread that has not asked for its object is not given one for that. */
static void shut_down(void *ident)
{
    *(uint64_t *)ident = pirn_get_ident();
    CHECK_OK(pirn_shutdown());
}

CHILD(fails_at_a_foreign_shutdown)
{
    static seen_t seen;
    uint64_t ident;
    CHECK_OK(pirn_set_excepthook(see, &seen, NULL));
    at_shutdown(fail, "disk full");
    run_on(FOREIGN, shut_down, &ident);
    CHECK_EQ(seen.counted.runs, 1);
    CHECK_EQ(seen.thread, 0);
    CHECK_EQ(seen.ident, ident);
    CHECK_EQ(pirn_active_count(), 1);
}

TEST(a_foreign_thread_has_no_handle)
{
    check_child("fails_at_a_foreign_shutdown", 0, "");
}

CHILD(writes_at_a_foreign_shutdown)
{
    uint64_t ident;
    at_shutdown(fail, "disk full");
    run_on(FOREIGN, shut_down, &ident);
    SAY("%" PRIu64, ident);
}

TEST(a_foreign_thread_is_named_by_its_ident)
{
    outcome_t outcome;
    char expected[128];
    run_child("writes_at_a_foreign_shutdown", &outcome);
    CHECK_EQ(outcome.status, 0);
    snprintf(expected, sizeof expected, "Exception in thread %.20s:\n  code 7: disk full\n", outcome.out);
    CHECK_STR(outcome.err, expected);
}

CHILD(has_a_failing_hook)
{
    static seen_t seen = {.result = 9};
    CHECK_OK(pirn_set_excepthook(see, &seen, count_free));
    pirn_thread_t *thread = start_thread(fail, "disk full");
    CHECK_OK(pirn_thread_join(thread));
    int32_t code;
    CHECK_OK(pirn_thread_exit_code(thread, &code));
    CHECK_EQ(code, 7);
    bool alive;
    CHECK_OK(pirn_thread_is_alive(thread, &alive));
    CHECK(!alive);
    CHECK_EQ(pirn_active_count(), 1);
    seen.result = PIRN_EXIT;
    join_and_free(start_thread(fail, "unheard"));
    CHECK_EQ(seen.counted.runs, 2);
    restore_default();
    CHECK_EQ(seen.counted.frees, 1);
    SAY("done\n");
}

TEST(one_that_fails_is_reported_itself)
{
    outcome_t outcome;
    run_child("has_a_failing_hook", &outcome);
    CHECK_EQ(outcome.status, 0);
    CHECK_STR(outcome.out, "done\n");
    CHECK_STR(outcome.err, "Exception in thread Thread-1:\n  code 9: the hook fails\n"
                           "  in the excepthook, which was told of code 7: disk full\n");
}

CHILD(fails_without_stderr)
{
    static seen_t seen = {.result = 9};
    close(STDERR_FILENO);
    CHECK_OK(pirn_set_excepthook(see, &seen, count_free));
    join_and_free(start_thread(fail, "unheard"));
    pirn_excepthook_args_t args = {7, "unheard", "", NULL};
    CHECK_EQ(pirn_default_excepthook(&args, NULL), 0);
    SAY("survived\n");
}

TEST(a_failing_hook_and_a_closed_stderr)
{
    check_child("fails_without_stderr", 0, "survived\n");
}

CHILD(calls_the_default_hook)
{
    pirn_thread_t *thread = start_thread(NULL, NULL);
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_set_name(thread, "spool"));
    pirn_excepthook_args_t args = {7, "disk full", "", thread};
    CHECK_EQ(pirn_default_excepthook(&args, &args), 0);
    args.traceback = "main.c:7";
    CHECK_EQ(pirn_default_excepthook(&args, NULL), 0);
    CHECK_OK(pirn_thread_free(thread)); /* from here on no handle */
    args.message = args.traceback = NULL;
    CHECK_EQ(pirn_default_excepthook(&args, NULL), 0);
    args.thread = NULL;
    CHECK_EQ(pirn_default_excepthook(&args, NULL), 0);
    args.code = PIRN_EXIT;
    CHECK_EQ(pirn_default_excepthook(&args, NULL), 0);
    CHECK_EQ(pirn_default_excepthook(NULL, NULL), PIRN_ERR_INVALID_ARGUMENT);
    SAY("%" PRIu64, pirn_get_ident());
}

TEST(the_default_hook_may_be_called)
{
    outcome_t outcome;
    char expected[512];
    run_child("calls_the_default_hook", &outcome);
    CHECK_EQ(outcome.status, 0);
    snprintf(expected, sizeof expected,
             "Exception in thread spool:\n  code 7: disk full\n"
             "Exception in thread spool:\n  code 7: disk full\n  main.c:7\n"
             "Exception in thread %.20s:\n  code 7: \n"
             "Exception in thread %.20s:\n  code 7: \n",
             outcome.out, outcome.out);
    CHECK_STR(outcome.err, expected);
}

static int32_t pass_on(const pirn_excepthook_args_t *args, void *arg)
{
    SAY("to be passed on\n");
    return pirn_default_excepthook(args, arg);
}

CHILD(passes_on)
{
    CHECK_OK(pirn_set_excepthook(pass_on, NULL, NULL));
    join_and_free(start_thread(fail, "disk full"));
    CHECK_OK(pirn_set_excepthook(pirn_default_excepthook, NULL, NULL));
    join_and_free(start_thread(fail, "disk full"));
}

TEST(the_default_hook_may_be_called_by_another)
{
    outcome_t outcome;
    run_child("passes_on", &outcome);
    CHECK_STR(outcome.out, "to be passed on\n");
    CHECK_STR(outcome.err, "Exception in thread Thread-1:\n  code 7: disk full\n"
                           "Exception in thread Thread-2:\n  code 7: disk full\n");
}

TEST(what_is_set_can_be_asked_for)
{
    seen_t first = {.counted = {0}}, second = {.counted = {0}}, none = {.counted = {0}};
    pirn_excepthook_fn hook = NULL;
    void *arg = &hook;
    CHECK_OK(pirn_get_excepthook(&hook, &arg));
    CHECK(hook == pirn_default_excepthook && arg == NULL);
    set_hook(&first);
    CHECK_OK(pirn_get_excepthook(&hook, &arg));
    CHECK(hook == see && arg == &first);
    set_hook(&second);
    CHECK_COUNTED(&first.counted, 0, 1);
    CHECK_OK(pirn_get_excepthook(&hook, &arg));
    CHECK(hook == see && arg == &second);
    CHECK_STATUS(pirn_get_excepthook(NULL, &arg), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_get_excepthook(&hook, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_set_excepthook(NULL, &none, count_free));
    CHECK_COUNTED(&none.counted, 0, 1);
    CHECK_COUNTED(&second.counted, 0, 1);
    CHECK_OK(pirn_get_excepthook(&hook, &arg));
    CHECK(hook == pirn_default_excepthook && arg == NULL);
}

static int32_t stand_at_gate(const pirn_excepthook_args_t *args, void *arg)
{
    gate_t *gate = arg;
    (void)args;
    gate_target(gate);
    CHECK_EQ(LOAD(gate->counted.frees), 0);
    return 0;
}

TEST(one_replaced_while_it_runs_ends_first)
{
    gate_t gate;
    seen_t seen = {.counted = {0}};
    gate_init(&gate);
    CHECK_OK(pirn_set_excepthook(stand_at_gate, &gate, count_free));
    pirn_thread_t *held = start_thread(fail, "first");
    gate_await(&gate, 1);
    set_hook(&seen);
    CHECK_EQ(LOAD(gate.counted.frees), 0);
    join_and_free(start_thread(fail, "second"));
    CHECK_STR(seen.message, "second");
    CHECK_COUNTED(&gate.counted, 1, 0);
    gate_open(&gate);
    join_and_free(held);
    CHECK_COUNTED(&gate.counted, 1, 1);
    restore_default();
    CHECK_COUNTED(&seen.counted, 1, 1);
}

static int32_t replace_itself(const pirn_excepthook_args_t *args, void *arg)
{
    (void)args;
    restore_default();
    CHECK_EQ(((counted_t *)arg)->frees, 0);
    return count_run(arg);
}

TEST(one_may_replace_itself)
{
    counted_t counted = {0};
    CHECK_OK(pirn_set_excepthook(replace_itself, &counted, count_free));
    join_and_free(start_thread(fail, "disk full"));
    CHECK_COUNTED(&counted, 1, 1);
}

/* Threads that fail while hooks come and go: each failure is told to one hook, each hook let go once. */
enum { FAILING = 4, FAILURES = 200, HOOKS = 200 };
static int told, let_go;

static int32_t count_told(const pirn_excepthook_args_t *args, void *arg)
{
    CHECK_EQ(args->code, 7);
    CHECK_EQ(LOAD(*(int *)arg), 0);
    ADD(told, 1);
    CHECK_EQ(LOAD(*(int *)arg), 0);
    return 0;
}

static void let_go_of(void *arg)
{
    CHECK_EQ(ADD(*(int *)arg, 1), 1);
    ADD(let_go, 1);
}

static int32_t fail_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < FAILURES; i++)
        join_and_free(start_thread(fail, "again"));
    return 0;
}

TEST(hooks_come_and_go_while_threads_fail)
{
    static int freed[HOOKS];
    pirn_thread_t *threads[FAILING];
    CHECK_OK(pirn_set_excepthook(count_told, &freed[0], let_go_of));
    for (int i = 0; i < FAILING; i++)
        threads[i] = start_thread(fail_often, NULL);
    for (int i = 1; i < HOOKS; i++) {
        CHECK_OK(pirn_set_excepthook(count_told, &freed[i], let_go_of));
        sched_yield();
    }
    for (int i = 0; i < FAILING; i++)
        join_and_free(threads[i]);
    CHECK_EQ(LOAD(told), FAILING * FAILURES);
    restore_default();
    CHECK_EQ(LOAD(let_go), HOOKS);
}
