/* The default excepthook: what it writes for a failing thread, task or callback. */
#include "child.h"

static int32_t fail(void *message)
{
    return pirn_raise(7, message);
}

static int32_t fail_task(void *message, void **result)
{
    (void)result;
    return fail(message);
}

static int32_t fail_silently(void *message)
{
    return pirn_raise(PIRN_EXIT, message);
}

static int32_t fail_silently_task(void *message, void **result)
{
    (void)result;
    return fail_silently(message);
}

/* "Exception in thread NAME:" and then one line with the code and the message. */
static void check_reported(const char *err, const char *name, const char *code, const char *message)
{
    char first[128];
    snprintf(first, sizeof first, "Exception in thread %s:\n", name);
    CHECK(strncmp(err, first, strlen(first)) == 0);
    const char *second = err + strlen(first), *end = strchr(second, '\n');
    CHECK(end && end[1] == '\0');
    CHECK(strstr(second, code));
    CHECK(strstr(second, message));
}

CHILD(has_a_failing_callback)
{
    at_shutdown(say, "the first");
    at_shutdown(fail, "disk full");
    at_shutdown(say, "the third");
    exit(4);
}

TEST(a_failing_callback_is_reported_and_the_rest_go_on)
{
    outcome_t outcome;
    run_child("has_a_failing_callback", &outcome);
    CHECK_STR(outcome.out, "the third\nthe first\n");
    check_reported(outcome.err, "MainThread", "7", "disk full");
    CHECK(WIFEXITED(outcome.status));
    CHECK_EQ(WEXITSTATUS(outcome.status), 4);
}

CHILD(has_a_failing_thread)
{
    join_and_free(start_thread(fail, "disk full"));
}

CHILD(has_a_failing_named_thread)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(fail, "gr\xc3\xbc\xc3\x9f dich", NULL, &thread));
    CHECK_OK(pirn_thread_set_name(thread, "a name of its own"));
    CHECK_OK(pirn_thread_start(thread));
    join_and_free(thread);
}

CHILD(has_a_failing_timer)
{
    pirn_timer_t *timer;
    CHECK_OK(pirn_timer_new(0, fail, "too late", NULL, &timer));
    CHECK_OK(pirn_timer_start(timer));
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_timer_free(timer));
}

CHILD(has_a_failing_initializer)
{
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "spool"));
    CHECK_OK(pirn_executor_set_initializer(executor, fail, "no such device", NULL));
    pirn_status_t status = pirn_executor_submit(executor, do_nothing, NULL, NULL, NULL);
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_BROKEN_EXECUTOR));
    CHECK_OK(pirn_executor_free(executor));
}

CHILD(has_a_failing_task_without_a_future)
{
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "spool"));
    CHECK_OK(pirn_executor_submit(executor, fail_task, "out of paper", NULL, NULL));
    CHECK_OK(pirn_executor_submit(executor, say_task, "the worker lives on", NULL, NULL));
    CHECK_OK(pirn_executor_free(executor));
}

TEST(the_default_excepthook)
{
    outcome_t outcome;
    run_child("has_a_failing_thread", &outcome);
    check_reported(outcome.err, "Thread-1", "7", "disk full");
    CHECK_EQ(outcome.status, 0);
    run_child("has_a_failing_named_thread", &outcome);
    check_reported(outcome.err, "a name of its own", "7", "gr\xc3\xbc\xc3\x9f dich");
    run_child("has_a_failing_task_without_a_future", &outcome);
    check_reported(outcome.err, "spool_0", "7", "out of paper");
    CHECK_STR(outcome.out, "the worker lives on\n");
    run_child("has_a_failing_timer", &outcome);
    check_reported(outcome.err, "Thread-1", "7", "too late");
    run_child("has_a_failing_initializer", &outcome);
    check_reported(outcome.err, "spool_0", "7", "no such device");
}

static int32_t fail_without_a_word(void *unused)
{
    (void)unused;
    return -12;
}

CHILD(fails_without_a_word)
{
    join_and_free(start_thread(fail_without_a_word, NULL));
}

TEST(a_failure_without_a_message_is_reported)
{
    outcome_t outcome;
    run_child("fails_without_a_word", &outcome);
    check_reported(outcome.err, "Thread-1", "-12", "");
}

CHILD(ends_silently)
{
    pirn_executor_t *executor = new_executor(1);
    join_and_free(start_thread(fail_silently, "unheard"));
    CHECK_OK(pirn_executor_submit(executor, fail_silently_task, "unheard", NULL, NULL));
    CHECK_OK(pirn_executor_free(executor));
    at_shutdown(fail_silently, "unheard");
    SAY("done\n");
}

TEST(pirn_exit_is_silent)
{
    check_child("ends_silently", 0, "done\n");
}

CHILD(has_no_stderr)
{
    close(STDERR_FILENO);
    join_and_free(start_thread(fail, "unheard"));
    at_shutdown(fail, "unheard");
    SAY("survived\n");
}

TEST(a_closed_stderr_is_survived)
{
    check_child("has_no_stderr", 0, "survived\n");
}
