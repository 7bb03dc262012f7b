/* pirn_shutdown before the exit: who may call it, what it refuses, what goes on after it. */
#include "child.h"

static pirn_executor_t *workers;

static void check_refuses_new_work(void)
{
    counted_t arg = {0};
    pirn_thread_t *thread = NULL;
    pirn_status_t status = pirn_thread_new(count_run, &arg, count_free, &thread);
    if (status == PIRN_OK) {
        status = pirn_thread_start(thread);
        CHECK_OK(pirn_thread_free(thread));
    }
    CHECK_STATUS(status, PIRN_ERR_SHUT_DOWN);
    CHECK_COUNTED(&arg, 0, 1);
    CHECK_REFUSED(pirn_at_shutdown(count_run, &arg, count_free), PIRN_ERR_SHUT_DOWN, &arg);
}

CHILD(shuts_down_early)
{
    pirn_thread_t *unstarted;
    CHECK_OK(pirn_thread_new(say, "never", NULL, &unstarted));
    make_stage();
    workers = new_executor(1);
    at_shutdown(set_stage, NULL);
    at_shutdown(say, "a callback");
    CHECK_OK(pirn_executor_submit(workers, say_after_stage_task, "a task", NULL, NULL));
    CHECK_OK(pirn_shutdown());
    SAY("shut down\n");
    CHECK_OK(pirn_shutdown());
    CHECK_OK(pirn_shutdown());
    check_refuses_new_work();
    CHECK_STATUS(pirn_thread_start(unstarted), PIRN_ERR_SHUT_DOWN);

    counted_t arg = {0};
    bool flag = false;
    pirn_future_t *future = UNTOUCHED;
    CHECK_REFUSED(pirn_executor_submit(workers, count_task, &arg, count_free, &future), PIRN_ERR_SHUT_DOWN,
                  &arg);
    CHECK_REFUSED(pirn_executor_submit(workers, count_task, &arg, count_free, NULL), PIRN_ERR_SHUT_DOWN,
                  &arg);
    CHECK(future == UNTOUCHED);
    CHECK_OK(pirn_executor_is_shut_down(workers, &flag));
    CHECK(flag);
    CHECK_OK(pirn_executor_free(workers));
    CHECK_EQ(pirn_active_count(), 1);
}

TEST(an_early_shutdown_is_the_only_one)
{
    check_child("shuts_down_early", 0, "a callback\na task\nshut down\n");
}

CHILD(goes_on_after_the_shutdown)
{
    pirn_lock_t *lock;
    pirn_event_t *event;
    pirn_queue_t *queue;
    void *out;
    CHECK_OK(pirn_shutdown());
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_STATUS(pirn_lock_acquire_timeout(lock, 0.01), PIRN_TIMED_OUT);
    CHECK_OK(pirn_lock_release(lock));
    CHECK_OK(pirn_lock_free(lock));
    CHECK_OK(pirn_event_new(&event));
    CHECK_OK(pirn_event_set(event));
    CHECK_OK(pirn_event_wait(event));
    CHECK_OK(pirn_event_free(event));
    CHECK_OK(pirn_queue_new(1, &queue));
    CHECK_OK(pirn_queue_put(queue, &queue));
    CHECK_STATUS(pirn_queue_put_timeout(queue, NULL, 0.01), PIRN_TIMED_OUT);
    CHECK_OK(pirn_queue_get(queue, &out));
    CHECK_OK(pirn_queue_free(queue));
    pirn_future_t *future = new_future();
    CHECK_OK(pirn_future_set_result(future, NULL));
    CHECK_OK(pirn_wait(&future, 1, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL));
    CHECK_OK(pirn_future_free(future));
    SAY("all well\n");
}

TEST(primitives_outlive_the_shutdown)
{
    check_child("goes_on_after_the_shutdown", 0, "all well\n");
}

CHILD(makes_an_executor_after_the_shutdown)
{
    counted_t arg = {0};
    bool flag = false;
    CHECK_OK(pirn_shutdown());
    pirn_executor_t *executor = new_executor(2);
    CHECK_OK(pirn_executor_is_shut_down(executor, &flag));
    CHECK(flag);
    CHECK_REFUSED(pirn_executor_submit(executor, count_task, &arg, count_free, NULL), PIRN_ERR_SHUT_DOWN, &arg);
    CHECK_OK(pirn_executor_shutdown(executor, true, true));
    CHECK_OK(pirn_executor_free(executor));
    SAY("refused\n");
}

/* It can be made; it takes no tasks. */
TEST(an_executor_made_after_the_shutdown_is_shut_down)
{
    check_child("makes_an_executor_after_the_shutdown", 0, "refused\n");
}

static int32_t shut_down_here(void *text)
{
    CHECK_OK(pirn_shutdown());
    check_refuses_new_work();
    return say(text);
}

static void shut_down_alien(void *text)
{
    shut_down_here(text);
}

CHILD(is_shut_down_by_a_thread)
{
    make_stage();
    at_shutdown(say, "a callback");
    at_shutdown(set_stage, NULL);
    start_and_let_go(say_after_stage, "another thread");
    join_and_free(start_thread(shut_down_here, "shut down"));
    CHECK_OK(pirn_shutdown());
    check_refuses_new_work();
}

CHILD(is_shut_down_by_an_alien)
{
    make_stage();
    at_shutdown(set_stage, NULL);
    start_and_let_go(say_after_stage, "another thread");
    run_on(FOREIGN, shut_down_alien, "shut down");
    CHECK_OK(pirn_shutdown());
}

TEST(shut_down_from_another_thread)
{
    outcome_t outcome;
    run_child("is_shut_down_by_a_thread", &outcome);
    CHECK_STR(outcome.err, "");
    CHECK_EQ(outcome.status, 0);
    char *end = strstr(outcome.out, "shut down\n"); /* it waited for the other thread, but not for itself */
    CHECK(end && strcmp(end, "shut down\n") == 0);
    CHECK(strstr(outcome.out, "a callback\n") && strstr(outcome.out, "another thread\n"));
    check_child("is_shut_down_by_an_alien", 0, "another thread\nshut down\n");
}

static pirn_status_t make_shutdown(call_t *c)
{
    (void)c;
    return pirn_shutdown();
}

CHILD(is_shut_down_twice_at_once)
{
    gate_t gate;
    call_t first = {.make = make_shutdown}, second = {.make = make_shutdown};
    gate_init(&gate);
    start_and_let_go(gate_target, &gate);
    gate_await(&gate, 1);
    call_begin_blocked(&first, FOREIGN);
    call_begin_blocked(&second, FOREIGN);
    CHECK(!LOAD(first.returned) && !LOAD(second.returned));
    gate_open(&gate);
    CHECK_OK(call_end(&first));
    CHECK_OK(call_end(&second));
    CHECK_EQ(pirn_active_count(), 1);
    SAY("both returned\n");
}

TEST(a_second_shutdown_waits_for_the_first)
{
    check_child("is_shut_down_twice_at_once", 0, "both returned\n");
}

static int32_t shut_down_once_joined(void *text)
{
    await_sleeping((uint64_t)getpid()); /* main waits for the end of this thread */
    CHECK_OK(pirn_shutdown());
    return say(text);
}

static int32_t shut_down_in_task(void *text, void **result)
{
    (void)result;
    return shut_down_once_joined(text);
}

CHILD(is_shut_down_by_a_thread_it_joins)
{
    start_and_let_go(shut_down_once_joined, "in a thread");
    SAY("main returns\n");
}

static int32_t shut_down_again(void *text)
{
    CHECK_OK(pirn_shutdown());
    return say(text);
}

CHILD(is_shut_down_by_a_callback)
{
    at_shutdown(say, "the first callback");
    at_shutdown(shut_down_again, "the second callback");
}

TEST(a_shutdown_by_whom_the_first_waits_for_returns)
{
    check_child("is_shut_down_by_a_thread_it_joins", 0, "main returns\nin a thread\n");
    check_child("is_shut_down_by_a_callback", 0, "the second callback\nthe first callback\n");
}

CHILD(is_shut_down_by_a_task)
{
    CHECK_OK(pirn_executor_submit(new_executor(1), shut_down_in_task, "in a task", NULL, NULL));
    SAY("main returns\n");
}

TEST(a_shutdown_by_a_task_it_waits_for_returns)
{
    check_child("is_shut_down_by_a_task", 0, "main returns\nin a task\n");
}

static int32_t register_another(void *unused)
{
    counted_t arg = {0};
    (void)unused;
    CHECK_REFUSED(pirn_at_shutdown(count_run, &arg, count_free), PIRN_ERR_SHUT_DOWN, &arg);
    SAY("refused\n");
    return 0;
}

CHILD(registers_in_a_callback)
{
    at_shutdown(say, "the first");
    at_shutdown(register_another, NULL);
}

TEST(no_callback_is_registered_once_it_has_begun)
{
    check_child("registers_in_a_callback", 0, "refused\nthe first\n");
}

static int32_t submit_from_a_worker(void *unused, void **result)
{
    counted_t arg = {0};
    bool shut_down = false;
    (void)unused;
    (void)result;
    while (!shut_down) {
        CHECK_OK(pirn_executor_is_shut_down(workers, &shut_down));
        sched_yield();
    }
    CHECK_REFUSED(pirn_executor_submit(workers, count_task, &arg, count_free, NULL), PIRN_ERR_SHUT_DOWN,
                  &arg);
    SAY("refused\n");
    return 0;
}

CHILD(submits_from_a_worker)
{
    workers = new_executor(2);
    CHECK_OK(pirn_executor_submit(workers, submit_from_a_worker, NULL, NULL, NULL));
    SAY("main returns\n");
}

TEST(no_task_is_submitted_once_executors_shut_down)
{
    check_child("submits_from_a_worker", 0, "main returns\nrefused\n");
}
