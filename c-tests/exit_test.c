/* The exit contract. Each case runs a child process and compares all that it said, to the letter. */
#include "child.h"

static pirn_executor_t *workers;

static void free_text(void *text)
{
    SAY("freed %s\n", (char *)text);
}

/* The order: callbacks, last in first out; executors finish; threads are joined. */

static bool tasks_are_through;

static int32_t say_last_task(void *text, void **result)
{
    say_task(text, result);
    STORE(tasks_are_through, true);
    return 0;
}

static int32_t submit_more(void *text)
{
    say(text);
    CHECK_OK(pirn_executor_submit(workers, say_last_task, "a task of a callback", NULL, NULL));
    return set_stage(NULL);
}

/* Were threads joined before the executors are shut down, this one would never end. */
static int32_t say_when_executors_are_shut_down(void *text)
{
    bool shut_down = false;
    while (!shut_down || !LOAD(tasks_are_through)) {
        CHECK_OK(pirn_executor_is_shut_down(workers, &shut_down));
        sched_yield();
    }
    return say(text);
}

CHILD(goes_through_the_stages)
{
    make_stage();
    workers = new_executor(1);
    at_shutdown(submit_more, "the first callback");
    at_shutdown(say, "the second callback");
    at_shutdown(say, "the third callback");
    CHECK_OK(pirn_executor_submit(workers, say_after_stage_task, "a task that was running", NULL, NULL));
    CHECK_OK(pirn_executor_submit(workers, say_task, "a task that was queued", NULL, NULL));
    start_and_let_go(say_when_executors_are_shut_down, "a thread");
    SAY("main returns\n");
}

TEST(callbacks_then_executors_then_threads)
{
    check_child("goes_through_the_stages", 0,
                "main returns\nthe third callback\nthe second callback\nthe first callback\n"
                "a task that was running\na task that was queued\na task of a callback\na thread\n");
}

CHILD(lets_go_of_arguments)
{
    CHECK_OK(pirn_at_shutdown(say, "one", free_text));
    CHECK_OK(pirn_at_shutdown(say, "two", free_text));
    CHECK_OK(pirn_shutdown());
    SAY("shut down\n");
}

TEST(callbacks_arguments_are_freed_once)
{
    outcome_t outcome;
    run_child("lets_go_of_arguments", &outcome);
    CHECK_EQ(outcome.status, 0);
    char *shut_down = strstr(outcome.out, "shut down\n");
    CHECK(shut_down && strcmp(shut_down, "shut down\n") == 0);
    static const char *const once[] = {"\none\n", "\nfreed one\n", "\nfreed two\n"};
    for (size_t i = 0; i < LENGTH(once); i++) {
        char *found = strstr(outcome.out, once[i]);
        CHECK(found && !strstr(found + 1, once[i]));
    }
    CHECK(strncmp(outcome.out, "two\n", 4) == 0);
}

CHILD(leaves_a_thread_behind)
{
    make_stage();
    at_shutdown(set_stage, NULL);
    start_and_let_go(say_after_stage, "joined");
    exit(5);
}

TEST(exit_joins_threads_and_keeps_its_code)
{
    check_child("leaves_a_thread_behind", 5, "joined\n");
}

static int32_t sleep_forever_saying(void *text)
{
    say(text);
    return sleep_forever_target(NULL);
}

CHILD(leaves_a_daemon_behind)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(sleep_forever_saying, "asleep", NULL, &thread));
    CHECK_OK(pirn_thread_set_daemon(thread, true));
    CHECK_OK(pirn_thread_start(thread));
    uint64_t id;
    CHECK_OK(pirn_thread_native_id(thread, &id));
    await_sleeping(id);
}

TEST(daemons_are_cut_off)
{
    check_child("leaves_a_daemon_behind", 0, "asleep\n");
}

static void *sleep_forever_alien(void *arg)
{
    pirn_thread_t *self;
    CHECK_OK(pirn_current_thread(&self)); /* though it has a dummy */
    STORE(*(bool *)arg, true);
    sleep_forever(NULL);
    return NULL;
}

CHILD(leaves_an_alien_and_an_unstarted_thread_behind)
{
    pthread_t alien;
    pirn_thread_t *thread;
    bool registered = false;
    CHECK_OK(pirn_thread_new(say, "never started", NULL, &thread));
    CHECK_EQ(pthread_create(&alien, NULL, sleep_forever_alien, &registered), 0);
    AWAIT(LOAD(registered));
    CHECK_EQ(pirn_active_count(), 2);
}

TEST(aliens_and_unstarted_threads_are_not_waited_for)
{
    check_child("leaves_an_alien_and_an_unstarted_thread_behind", 0, "");
}

static int32_t start_in_a_callback(void *text)
{
    say(text);
    start_and_let_go(say_after_stage, "a thread of a callback");
    return set_stage(NULL);
}

CHILD(starts_a_thread_in_a_callback)
{
    make_stage();
    at_shutdown(start_in_a_callback, "a callback");
}

TEST(a_thread_started_in_a_callback_is_joined)
{
    check_child("starts_a_thread_in_a_callback", 0, "a callback\na thread of a callback\n");
}

static int32_t start_another(void *arg)
{
    int left = (int)(intptr_t)arg;
    SAY("%d\n", left);
    if (left > 0)
        start_and_let_go(start_another, (void *)(intptr_t)(left - 1));
    return 0;
}

static int32_t start_others_once_joined(void *arg)
{
    CHECK_OK(pirn_event_wait(stage));
    await_sleeping((uint64_t)getpid()); /* the main thread, in the join of this one */
    return start_another(arg);
}

CHILD(has_threads_start_threads)
{
    make_stage();
    at_shutdown(set_stage, NULL);
    start_and_let_go(start_others_once_joined, (void *)3);
}

TEST(threads_started_meanwhile_are_joined)
{
    check_child("has_threads_start_threads", 0, "3\n2\n1\n0\n");
}

CHILD(shuts_an_executor_down_without_waiting)
{
    make_stage();
    workers = new_executor(1);
    at_shutdown(set_stage, NULL);
    CHECK_OK(pirn_executor_submit(workers, say_after_stage_task, "one", NULL, NULL));
    CHECK_OK(pirn_executor_submit(workers, say_task, "two", NULL, NULL));
    CHECK_OK(pirn_executor_shutdown(workers, false, false));
    CHECK_OK(pirn_executor_free(workers));
}

TEST(queued_work_of_a_shut_down_executor_still_runs)
{
    check_child("shuts_an_executor_down_without_waiting", 0, "one\ntwo\n");
}

/* Exit from elsewhere. */

static int32_t exit_here(void *text)
{
    say(text);
    exit(3);
}

CHILD(exits_from_a_thread)
{
    make_stage();
    at_shutdown(say, "a callback");
    at_shutdown(set_stage, NULL);
    start_and_let_go(say_after_stage, "another thread");
    start_and_let_go(exit_here, "exiting");
    sleep_forever(NULL);
}

TEST(exit_in_a_pirn_thread)
{
    outcome_t outcome;
    run_child("exits_from_a_thread", &outcome);
    CHECK(WIFEXITED(outcome.status));
    CHECK_EQ(WEXITSTATUS(outcome.status), 3);
    CHECK(strncmp(outcome.out, "exiting\n", 8) == 0);
    CHECK(strstr(outcome.out, "a callback\n"));
    CHECK(strstr(outcome.out, "another thread\n"));
}

static void *exit_here_alien(void *text)
{
    exit_here(text);
    return NULL;
}

CHILD(exits_from_an_alien)
{
    pthread_t alien;
    at_shutdown(say, "a callback");
    CHECK_EQ(pthread_create(&alien, NULL, exit_here_alien, "exiting"), 0);
    sleep_forever(NULL);
}

TEST(exit_in_an_alien_thread)
{
    check_child("exits_from_an_alien", 3, "exiting\na callback\n");
}

static int32_t exit_in_task(void *text, void **result)
{
    (void)result;
    return exit_here(text);
}

CHILD(exits_from_a_task)
{
    at_shutdown(say, "a callback");
    CHECK_OK(pirn_executor_submit(new_executor(1), exit_in_task, "exiting", NULL, NULL));
    sleep_forever(NULL);
}

TEST(exit_in_a_task)
{
    check_child("exits_from_a_task", 3, "exiting\na callback\n");
}

static pthread_key_t last_words;
static bool destroying;

static void say_last_words(void *text)
{
    STORE(destroying, true);
    await_sleeping((uint64_t)getpid()); /* main, which has returned and joins this one */
    say(text);
}

static int32_t leave_last_words(void *text)
{
    return pthread_setspecific(last_words, text);
}

CHILD(leaves_a_thread_in_its_destructors)
{
    CHECK_EQ(pthread_key_create(&last_words, say_last_words), 0);
    start_and_let_go(leave_last_words, "last words");
    AWAIT(LOAD(destroying));
}

TEST(thread_local_destructors_are_waited_for)
{
    check_child("leaves_a_thread_in_its_destructors", 0, "last words\n");
}

static int32_t join_main(void *text)
{
    pirn_thread_t *main;
    CHECK_OK(pirn_main_thread(&main));
    CHECK_STATUS(pirn_thread_join_timeout(main, 0.01), PIRN_TIMED_OUT);
    set_stage(NULL);
    CHECK_OK(pirn_thread_join(main));
    return say(text);
}

static int32_t say_main_is_alive(void *unused)
{
    pirn_thread_t *main;
    bool alive = false;
    (void)unused;
    CHECK_OK(pirn_main_thread(&main));
    CHECK_OK(pirn_thread_is_alive(main, &alive));
    SAY("main is %s, %d threads\n", alive ? "alive" : "dead", (int)pirn_active_count());
    return 0;
}

static int32_t say_once_main_is_joined(void *unused)
{
    pirn_thread_t *main;
    CHECK_OK(pirn_main_thread(&main));
    CHECK_OK(pirn_thread_join(main));
    return say_main_is_alive(unused); /* it stays so to the end */
}

CHILD(is_joined_as_main)
{
    make_stage();
    workers = new_executor(1);
    start_and_let_go(join_main, "joined main");
    CHECK_OK(pirn_event_wait(stage));
    at_shutdown(say_main_is_alive, NULL);
    CHECK_OK(pirn_executor_submit(workers, say_task, "a task", NULL, NULL));
    AWAIT(pirn_active_count() == 3);
    CHECK_OK(pirn_executor_shutdown(workers, true, false));
}

TEST(a_join_of_main_waits_for_the_shutdown_to_join)
{
    check_child("is_joined_as_main", 0, "a task\nmain is alive, 2 threads\njoined main\n");
}

static uint64_t joining_main;

static int32_t join_main_and_say_so(void *text)
{
    bool shut_down = false;
    pirn_thread_t *main;
    CHECK_OK(pirn_main_thread(&main));
    STORE(joining_main, pirn_get_native_id());
    CHECK_OK(pirn_thread_join(main));
    CHECK_OK(pirn_executor_is_shut_down(workers, &shut_down));
    CHECK(shut_down);
    return say(text);
}

static int32_t say_while_main_is_joined(void *text)
{
    await_sleeping(joining_main); /* so it has not ended */
    return say(text);
}

CHILD(is_joined_through_its_callbacks)
{
    workers = new_executor(1);
    at_shutdown(say_while_main_is_joined, "a callback");
    start_and_let_go(join_main_and_say_so, "joined main");
    AWAIT(LOAD(joining_main));
    await_sleeping(joining_main);
}

TEST(a_join_of_main_waits_for_callbacks_and_executors_to_close)
{
    check_child("is_joined_through_its_callbacks", 0, "a callback\njoined main\n");
}

CHILD(is_alive_to_the_end)
{
    start_and_let_go(say_once_main_is_joined, NULL);
}

TEST(main_stays_alive_and_enumerated)
{
    check_child("is_alive_to_the_end", 0, "main is alive, 2 threads\n");
}
