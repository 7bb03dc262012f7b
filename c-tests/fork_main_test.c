/* The main thread across a fork: who it is in the child, and that it stays alive there to the end. */
#include "child.h"

static void check_is_this_main(void *handle)
{
    CHECK(alive(handle));
    CHECK_EQ(id_of(main_thread()), id_of(handle));
    CHECK_STATUS(pirn_thread_join_timeout(handle, 0), PIRN_ERR_DEADLOCK);
}

/* The main thread has asked for the main thread, but never for the current one. */
TEST(main_is_the_same_object_in_the_child)
{
    in_forked_child(check_is_this_main, main_thread());
}

static void check_ident(void *ident)
{
    pirn_thread_t *self;
    uint64_t id;
    CHECK_EQ(pirn_get_ident(), *(uint64_t *)ident);
    CHECK_OK(pirn_current_thread(&self));
    CHECK_OK(pirn_thread_ident(self, &id));
    CHECK_EQ(id, *(uint64_t *)ident);
    CHECK_OK(pirn_thread_ident(main_thread(), &id));
    CHECK_EQ(id, *(uint64_t *)ident);
}

static void fork_with_an_ident(void *unused)
{
    uint64_t ident = pirn_get_ident();
    (void)unused;
    in_forked_child(check_ident, &ident);
}

TEST(an_alien_that_only_has_an_ident_keeps_it_as_main)
{
    run_on(FOREIGN, fork_with_an_ident, NULL);
}

enum { CHECKED = 42 };

static int32_t outlive_main(void *unused)
{
    (void)unused;
    AWAIT(thread_state((uint64_t)getpid()) == 'Z'); /* its target has returned; the process goes on */
    CHECK(alive(main_thread()));
    CHECK_EQ(pirn_active_count(), 2);
    _exit(CHECKED);
}

static int32_t return_in_the_child(void *unused)
{
    (void)unused;
    pid_t pid = fork_for_test();
    if (pid == 0) {
        start_and_let_go(outlive_main, NULL);
        return 0;
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), CHECKED);
    return 0;
}

TEST(main_stays_alive_though_its_target_returns)
{
    join_and_free(start_thread(return_in_the_child, NULL));
}

static pirn_local_t *values;

static void fork_as_the_thread_ends(void *unused)
{
    return_in_the_child(unused);
}

static int32_t set_what_forks_when_freed(void *unused)
{
    CHECK_OK(pirn_local_set(values, NULL, unused, fork_as_the_thread_ends));
    return 0;
}

TEST(main_stays_alive_though_it_was_ending_when_it_forked)
{
    CHECK_OK(pirn_local_new(NULL, NULL, NULL, &values));
    join_and_free(start_thread(set_what_forks_when_freed, NULL));
    CHECK_OK(pirn_local_free(values));
}

static int32_t join_main(void *text)
{
    CHECK_OK(pirn_thread_join(main_thread()));
    CHECK(alive(main_thread()));
    return say(text);
}

static void exit_while_joined(void *text)
{
    uint64_t id;
    pirn_thread_t *joiner = start_thread(join_main, text);
    CHECK_OK(pirn_thread_native_id(joiner, &id));
    await_sleeping(id);
    CHECK_OK(pirn_thread_free(joiner));
    exit(0);
}

static int32_t fork_to_be_joined(void *text)
{
    in_forked_child(exit_while_joined, text);
    return 0;
}

CHILD(has_its_main_joined_in_a_child)
{
    join_and_free(start_thread(fork_to_be_joined, "joined main"));
}

TEST(a_join_of_main_returns_at_the_child_s_exit)
{
    check_child("has_its_main_joined_in_a_child", 0, "joined main\n");
}
