/* Timers at the end of the process, and in a child of fork. */
#include "child.h"
#include "timer.h"

static void start_and_free(double interval, pirn_target_fn function, void *arg, bool daemon)
{
    pirn_timer_t *timer = new_timer(interval, function, arg);
    pirn_thread_t *thread = thread_of(timer);
    CHECK_OK(pirn_thread_set_daemon(thread, daemon));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_OK(pirn_timer_start(timer));
    CHECK_OK(pirn_timer_free(timer));
}

CHILD(leaves_one_pending)
{
    SAY("main returns\n");
    start_and_free(0.05, say, "it has fired", false);
}

TEST(exit_waits_for_a_pending_timer)
{
    check_child("leaves_one_pending", 0, "main returns\nit has fired\n");
}

CHILD(leaves_daemons_pending)
{
    start_and_free(HOUR, say, "a daemon has fired", true);
    start_and_free(INFINITY, say, "a daemon has fired", true);
    SAY("main returns\n");
}

TEST(exit_leaves_daemons_behind)
{
    check_child("leaves_daemons_pending", 0, "main returns\n");
}

static pirn_timer_t *endless;

static int32_t cancel_the_endless_one(void *text)
{
    say(text);
    return pirn_timer_cancel(endless);
}

/* A daemon timer may still fire while the exit waits. */
CHILD(waits_for_one_that_never_fires)
{
    endless = start_timer(INFINITY, say, "never");
    SAY("main returns\n");
    start_and_free(0.05, cancel_the_endless_one, "a daemon cancels it", true);
}

TEST(exit_goes_on_when_the_last_one_is_cancelled)
{
    check_child("waits_for_one_that_never_fires", 0, "main returns\na daemon cancels it\n");
}

static int32_t cancel_it(void *unused)
{
    (void)unused;
    return pirn_timer_cancel(endless);
}

CHILD(cancels_in_a_callback_of_the_shutdown)
{
    endless = start_timer(HOUR, say, "it has fired");
    at_shutdown(cancel_it, NULL);
    SAY("main returns\n");
}

TEST(a_callback_of_the_shutdown_cancels)
{
    check_child("cancels_in_a_callback_of_the_shutdown", 0, "main returns\n");
}

static int32_t start_another(void *text)
{
    say(text);
    start_and_free(0.02, say, "the second has fired", false);
    return 0;
}

CHILD(starts_another_in_the_first)
{
    SAY("main returns\n");
    start_and_free(0.02, start_another, "the first has fired", false);
}

TEST(those_started_meanwhile_are_waited_for)
{
    check_child("starts_another_in_the_first", 0,
                "main returns\nthe first has fired\nthe second has fired\n");
}

/* Daemons that fire while the process goes down do no harm. */

static int32_t start_again(void *unused)
{
    (void)unused;
    pirn_timer_t *timer;
    CHECK_OK(pirn_timer_new(0, start_again, NULL, NULL, &timer));
    pirn_status_t status = pirn_timer_start(timer);
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_SHUT_DOWN));
    return pirn_timer_free(timer);
}

CHILD(goes_down_while_daemons_fire)
{
    for (int i = 0; i < 8; i++)
        start_and_free(0, start_again, NULL, true);
}

TEST(daemons_fire_while_the_process_goes_down)
{
    for (int i = 0; i < 20; i++)
        check_child("goes_down_while_daemons_fire", 0, "");
}

TEST(start_after_the_shutdown)
{
    counted_t arg = {0};
    pirn_timer_t *timer = new_counted_timer(0, &arg), *cancelled = new_counted_timer(0, &arg);
    pirn_thread_t *thread = thread_of(timer);
    CHECK_OK(pirn_timer_cancel(cancelled));
    CHECK_OK(pirn_shutdown());
    CHECK_STATUS(pirn_timer_start(timer), PIRN_ERR_SHUT_DOWN);
    CHECK_STATUS(pirn_thread_start(thread), PIRN_ERR_SHUT_DOWN);
    CHECK_STATUS(pirn_timer_start(cancelled), PIRN_ERR_SHUT_DOWN);
    CHECK(!timer_is_alive(timer));
    CHECK_STATUS(pirn_timer_join(timer), PIRN_ERR_NOT_STARTED);
    CHECK_OK(pirn_timer_free(new_counted_timer(0, &arg)));
    CHECK_OK(pirn_timer_free(timer));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_OK(pirn_timer_free(cancelled));
    CHECK_COUNTED(&arg, 0, 3);
}

static int32_t shut_down(void *unused)
{
    (void)unused;
    return pirn_shutdown();
}

TEST(shutdown_waits_for_pending_timers_and_may_come_from_one)
{
    counted_t arg = {0};
    pirn_timer_t *pending = start_counted_timer(0.05, &arg);
    pirn_timer_t *by_one = start_timer(0, shut_down, NULL);
    CHECK_OK(pirn_timer_join(by_one));
    CHECK_COUNTED(&arg, 1, 1);
    CHECK_OK(pirn_shutdown());
    CHECK_OK(pirn_timer_free(pending));
    CHECK_OK(pirn_timer_free(by_one));
}

/* fork */

typedef struct family {
    pirn_timer_t *pending, *never, *unstarted, *running;
    pirn_thread_t *thread;
    counted_t args, fresh;
} family_t;

static void look_in_the_child(void *arg)
{
    family_t *family = arg;
    pirn_timer_t *gone[] = {family->pending, family->never, family->running};
    CHECK_EQ(pirn_active_count(), 1);
    for (size_t i = 0; i < LENGTH(gone); i++) {
        CHECK(!timer_is_alive(gone[i]));
        CHECK_OK(pirn_timer_join(gone[i]));
        CHECK_OK(pirn_timer_cancel(gone[i]));
        CHECK_STATUS(pirn_timer_start(gone[i]), PIRN_ERR_ALREADY_STARTED);
        CHECK_EQ(times_enumerated(gone[i]), 0);
        CHECK_OK(pirn_timer_free(gone[i]));
    }
    CHECK_OK(pirn_thread_join(family->thread));
    CHECK_COUNTED(&family->args, 0, 0);

    /* One that was not started then, and new ones, work. */
    CHECK_OK(pirn_timer_start(family->unstarted));
    join_and_free_timer(family->unstarted);
    join_and_free_timer(start_counted_timer(0.01, &family->fresh));
    CHECK_COUNTED(&family->fresh, 2, 2);
    cancel_and_free_timer(start_counted_timer(HOUR, &family->fresh));
    CHECK_COUNTED(&family->fresh, 2, 3);
    AWAIT(system_threads() == 1);
    CHECK_OK(pirn_shutdown());
}

TEST(pending_timers_are_not_alive_in_a_child)
{
    family_t family = {.args = {0}};
    gate_t gate;
    gate_init(&gate);
    family.pending = start_counted_timer(HOUR, &family.args);
    family.thread = thread_of(family.pending);
    family.never = start_counted_timer(INFINITY, &family.args);
    family.unstarted = new_counted_timer(0.01, &family.fresh);
    family.running = start_timer(0, gate_target, &gate);
    gate_await(&gate, 1);
    in_forked_child(look_in_the_child, &family);

    CHECK(timer_is_alive(family.pending));
    CHECK_EQ(pirn_active_count(), 4);
    gate_open(&gate);
    join_and_free_timer(family.running);
    cancel_and_free_timer(family.pending);
    cancel_and_free_timer(family.never);
    CHECK_COUNTED(&family.args, 0, 2);
    CHECK_OK(pirn_thread_free(family.thread));
    CHECK_OK(pirn_timer_free(family.unstarted));
}

static int32_t fork_in_it(void *arg)
{
    in_forked_child(look_in_the_child, arg);
    return 0;
}

TEST(fork_inside_a_function)
{
    family_t family = {.args = {0}};
    family.pending = start_counted_timer(HOUR, &family.args);
    family.thread = thread_of(family.pending);
    family.never = start_counted_timer(INFINITY, &family.args);
    family.unstarted = new_counted_timer(0.01, &family.fresh);
    family.running = start_counted_timer(HOUR, &family.args);
    join_and_free_timer(start_timer(0, fork_in_it, &family));
    CHECK_EQ(pirn_active_count(), 4);
    cancel_and_free_timer(family.pending);
    cancel_and_free_timer(family.never);
    cancel_and_free_timer(family.running);
}

static bool over;

static void start_and_cancel(void *unused)
{
    (void)unused;
    counted_t arg = {0};
    for (int i = 0; !LOAD(over); i++) {
        pirn_timer_t *timer = start_counted_timer(i % 4 ? HOUR : 1e-4, &arg);
        if (i % 8 == 0)
            CHECK_OK(pirn_timer_join(timer));
        cancel_and_free_timer(timer);
    }
}

static void use_a_timer(void *unused)
{
    (void)unused;
    counted_t arg = {0};
    join_and_free_timer(start_counted_timer(0, &arg));
    cancel_and_free_timer(start_counted_timer(HOUR, &arg));
    CHECK_COUNTED(&arg, 1, 2);
}

TEST(forks_while_others_start_and_cancel)
{
    runner_t runners[2];
    for (size_t i = 0; i < LENGTH(runners); i++)
        runner_start(&runners[i], (breed_t)i, start_and_cancel, NULL);
    for (int i = 0; i < 200; i++)
        in_forked_child(use_a_timer, NULL);
    STORE(over, true);
    for (size_t i = 0; i < LENGTH(runners); i++)
        runner_join(&runners[i]);
}
