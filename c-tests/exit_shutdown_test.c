/* Exit and pirn_shutdown together: whoever comes second, nobody is cut off who is to be joined. */
#include "child.h"

static int32_t exit_here(void *text)
{
    say(text);
    exit(3);
}

static int32_t say_once_main_sleeps(void *text)
{
    await_sleeping((uint64_t)getpid()); /* in the join of this one: it does nothing else that blocks */
    return say(text);
}

static bool shut_down;

static int32_t shut_down_and_go_on(void *text)
{
    CHECK_OK(pirn_shutdown());
    STORE(shut_down, true);
    return say_once_main_sleeps(text);
}

CHILD(is_shut_down_by_a_thread_that_goes_on)
{
    start_and_let_go(shut_down_and_go_on, "went on");
    AWAIT(LOAD(shut_down));
}

TEST(who_shut_down_by_hand_is_joined_too)
{
    check_child("is_shut_down_by_a_thread_that_goes_on", 0, "went on\n");
}

static uint64_t shutting_down, exiting;

static int32_t shut_down_here(void *unused)
{
    (void)unused;
    STORE(shutting_down, pirn_get_native_id());
    return pirn_shutdown();
}

static int32_t exit_while_another_shuts_down(void *text)
{
    AWAIT(LOAD(shutting_down));
    await_sleeping(shutting_down);
    say(text);
    STORE(exiting, pirn_get_native_id());
    exit(3);
}

static int32_t say_once_the_exit_waits(void *text)
{
    AWAIT(LOAD(exiting));
    await_sleeping(exiting);
    return say(text);
}

CHILD(exits_while_another_thread_shuts_down)
{
    start_and_let_go(say_once_the_exit_waits, "a thread");
    start_and_let_go(exit_while_another_shuts_down, "exiting");
    start_and_let_go(shut_down_here, NULL);
    sleep_forever(NULL);
}

TEST(exit_while_another_thread_shuts_down)
{
    check_child("exits_while_another_thread_shuts_down", 3, "exiting\na thread\n");
}

static void prepare_to_exit_in_a_callback(void)
{
    at_shutdown(say, "the first callback");
    at_shutdown(exit_here, "exiting");
    start_and_let_go(say_once_main_sleeps, "a thread");
}

CHILD(exits_in_a_callback_of_its_exit)
{
    prepare_to_exit_in_a_callback();
}

CHILD(exits_in_a_callback_of_its_shutdown)
{
    prepare_to_exit_in_a_callback();
    CHECK_OK(pirn_shutdown());
}

TEST(exit_in_a_callback_goes_on_with_the_exit)
{
    check_child("exits_in_a_callback_of_its_exit", 3, "exiting\nthe first callback\na thread\n");
}

TEST(exit_in_a_callback_goes_on_with_the_shutdown)
{
    check_child("exits_in_a_callback_of_its_shutdown", 3, "exiting\nthe first callback\na thread\n");
}
