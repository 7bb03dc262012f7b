/* Handlers that a program gives to pthread_atfork may call pirn: before the fork, and after it on either side. */
#include "child.h"

static int calls; /* in this process or, before the fork, in its parent */

static void call_pirn(void)
{
    counted_t arg = {0};
    pirn_thread_t *self;
    pirn_lock_t *lock;
    bool alive = false;
    CHECK_OK(pirn_current_thread(&self));
    CHECK_OK(pirn_thread_is_alive(self, &alive));
    CHECK(alive);
    CHECK_OK(pirn_thread_free(self));
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_STATUS(pirn_lock_acquire_timeout(lock, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_lock_free(lock));
    join_and_free(start_thread(count_run, &arg));
    CHECK_COUNTED(&arg, 1, 0);
    CHECK_EQ(pirn_active_count(), 1);
    calls++;
}

static void call_pirn_in_child(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* what hangs here never returns from fork to have it set there */
    call_pirn();
}

static void check_calls(void *expected)
{
    CHECK_EQ(calls, *(int *)expected);
    CHECK_EQ(pirn_active_count(), 1);
}

/* pirn is first used after the handlers were registered, and before they run. */
static void fork_and_check_calls(int in_parent, int in_child)
{
    CHECK_EQ(pirn_active_count(), 1);
    in_forked_child(check_calls, &in_child);
    CHECK_EQ(calls, in_parent);
    CHECK_EQ(pirn_active_count(), 1);
}

TEST(before_the_fork)
{
    CHECK_EQ(pthread_atfork(call_pirn, NULL, NULL), 0);
    fork_and_check_calls(1, 1);
}

TEST(in_the_parent)
{
    CHECK_EQ(pthread_atfork(NULL, call_pirn, NULL), 0);
    fork_and_check_calls(1, 0);
}

TEST(in_the_child)
{
    CHECK_EQ(pthread_atfork(NULL, NULL, call_pirn_in_child), 0);
    fork_and_check_calls(0, 1);
}

TEST(registered_after_a_first_use)
{
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_EQ(pthread_atfork(call_pirn, call_pirn, call_pirn_in_child), 0);
    fork_and_check_calls(2, 2);
}
