/* fork while the parent shuts down or exits: the child has a shutdown of its own to come. */
#include "child.h"

static pirn_executor_t *workers;

static void check_callbacks_are_taken(void *unused)
{
    (void)unused;
    CHECK_OK(pirn_at_shutdown(count_run, &(counted_t){0}, NULL));
}

static int32_t fork_in_callback(void *text)
{
    in_forked_child(check_callbacks_are_taken, NULL);
    return say(text);
}

/* Callbacks are all that this process ever asked of pirn: no thread, no executor. */
CHILD(forks_in_its_only_callback)
{
    at_shutdown(fork_in_callback, "forked");
    CHECK_OK(pirn_shutdown());
}

TEST(in_a_callback_of_a_process_without_threads)
{
    check_child("forks_in_its_only_callback", 0, "forked\n");
}

static int32_t publish_id(void *id, void **result)
{
    (void)result;
    *(uint64_t *)id = pirn_get_native_id();
    return say("a task");
}

/* The worker sleeps when the exit comes, which has to know of its executor to end it. */
static void submit_and_exit(void *unused)
{
    bool shut_down = true;
    uint64_t worker;
    (void)unused;
    CHECK_OK(pirn_executor_is_shut_down(workers, &shut_down));
    CHECK(!shut_down);
    CHECK_OK(pirn_future_result(submit(workers, publish_id, &worker), NULL));
    await_sleeping(worker);
    exit(0);
}

static int32_t fork_once_executors_are_shut_down(void *text)
{
    bool shut_down = false;
    while (!shut_down) {
        CHECK_OK(pirn_executor_is_shut_down(workers, &shut_down));
        sched_yield();
    }
    in_forked_child(submit_and_exit, NULL);
    return say(text);
}

CHILD(forks_while_its_shutdown_joins)
{
    workers = new_executor(1);
    start_and_let_go(fork_once_executors_are_shut_down, "forked");
    CHECK_OK(pirn_shutdown());
}

TEST(executors_go_on_in_the_child)
{
    check_child("forks_while_its_shutdown_joins", 0, "a task\nforked\n");
}

static int32_t fork_in_the_exit(void *text)
{
    await_sleeping((uint64_t)getpid()); /* main, which in its exit joins this one */
    pid_t pid = fork_for_test();
    if (pid == 0) {
        at_shutdown(set_stage, NULL);
        at_shutdown(say, "a callback");
        start_and_let_go(say_after_stage, "a thread");
        exit(5);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 5);
    return say(text);
}

CHILD(forks_in_its_exit)
{
    make_stage();
    start_and_let_go(fork_in_the_exit, "forked");
}

TEST(the_child_of_an_exit_has_its_own_exit)
{
    check_child("forks_in_its_exit", 0, "a callback\na thread\nforked\n");
}

static void exit_there(void *unused)
{
    (void)unused;
    exit(0);
}

/* What was registered before the fork is the child's as well as the parent's. */
CHILD(forks_with_a_callback_registered)
{
    at_shutdown(say, "a callback");
    in_forked_child(exit_there, NULL);
    SAY("the child has exited\n");
}

TEST(callbacks_from_before_run_in_the_child_too)
{
    check_child("forks_with_a_callback_registered", 0, "a callback\nthe child has exited\na callback\n");
}
