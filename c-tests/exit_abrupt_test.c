/* The process goes down while threads are at work, or without a word. Each case runs child processes. */
#include "child.h"
#include "handles.h"

enum { ROUNDS = 30, DAEMONS = 4 };

static uint64_t steps;

/* All that a daemon may be at when the process ends under it, and after the shutdown has closed what it closes. */
static int32_t use_everything_for_ever(void *arg)
{
    pirn_local_t *local = arg;
    pirn_lock_t *lock = make_lock();
    pirn_queue_t *queue = make_queue();
    for (unsigned step = 0;; step++) {
        void *item;
        pirn_future_t *future = NULL;
        pirn_thread_t *thread;
        counted_t *value = calloc(1, sizeof *value);
        CHECK_OK(pirn_local_set(local, NULL, value, free));
        CHECK_OK(pirn_lock_acquire(lock));
        CHECK_STATUS(pirn_lock_acquire_timeout(lock, 1e-5), PIRN_TIMED_OUT);
        CHECK_OK(pirn_lock_release(lock));
        CHECK_OK(pirn_queue_put(queue, value));
        CHECK_OK(pirn_queue_get(queue, &item));
        CHECK_AMONG(pirn_executor_submit(spare_executor, do_nothing, NULL, NULL, &future),
                    BIT(PIRN_OK) | BIT(PIRN_ERR_SHUT_DOWN));
        if (future) {
            CHECK_OK(pirn_future_result(future, NULL));
            CHECK_OK(pirn_future_free(future));
        }
        CHECK_OK(pirn_thread_new(count_run, value, NULL, &thread));
        pirn_status_t started = pirn_thread_start(thread);
        CHECK_AMONG(started, BIT(PIRN_OK) | BIT(PIRN_ERR_SHUT_DOWN));
        if (started == PIRN_OK)
            CHECK_OK(pirn_thread_join(thread));
        CHECK_OK(pirn_thread_free(thread));
        kind_t kind = (kind_t)(step % KINDS);
        if (kind != MAP && kind != EXECUTOR) /* these are refused once the shutdown has begun */
            CHECK_OK(kinds[kind].free(kinds[kind].make()));
        ADD(steps, 1);
    }
    return 0;
}

static void start_daemons(void)
{
    make_spares();
    pirn_local_t *local = make_local();
    for (int i = 0; i < DAEMONS; i++) {
        pirn_thread_t *thread;
        CHECK_OK(pirn_thread_new(use_everything_for_ever, local, NULL, &thread));
        CHECK_OK(pirn_thread_set_daemon(thread, true));
        CHECK_OK(pirn_thread_start(thread));
        CHECK_OK(pirn_thread_free(thread));
    }
    AWAIT(LOAD(steps) > (unsigned)getpid() % 16);
}

CHILD(returns_under_running_daemons) { start_daemons(); }

CHILD(exits_under_running_daemons)
{
    start_daemons();
    CHECK_OK(pirn_shutdown());
    uint64_t enough = LOAD(steps) + 4;
    AWAIT(LOAD(steps) >= enough); /* they go on */
    exit(0);
}

TEST(daemons_run_while_the_process_goes_down)
{
    for (int i = 0; i < ROUNDS; i++) {
        check_child("returns_under_running_daemons", 0, "");
        check_child("exits_under_running_daemons", 0, "");
    }
}

static int32_t exit_at_once(void *unused)
{
    (void)unused;
    _exit(4);
}

static void prepare_for_a_long_life(void)
{
    start_daemons();
    at_shutdown(say, "a callback");
    start_and_let_go(sleep_forever_target, NULL);
    CHECK_OK(pirn_local_set(make_local(), NULL, "a value", NULL));
    CHECK_OK(pirn_executor_submit(spare_executor, do_nothing, NULL, NULL, NULL));
}

CHILD(ends_by_exit_with_an_underscore)
{
    prepare_for_a_long_life();
    _exit(4);
}

CHILD(ends_by_exit_with_an_underscore_in_a_thread)
{
    prepare_for_a_long_life();
    start_and_let_go(exit_at_once, NULL);
    sleep_forever(NULL);
}

/* Nobody is waited for, and nothing is run. */
TEST(exit_with_an_underscore)
{
    check_child("ends_by_exit_with_an_underscore", 4, "");
    check_child("ends_by_exit_with_an_underscore_in_a_thread", 4, "");
}

CHILD(ends_by_sigterm)
{
    prepare_for_a_long_life();
    raise(SIGTERM);
}

static int32_t kill_hard(void *unused)
{
    (void)unused;
    return raise(SIGKILL);
}

CHILD(ends_by_sigkill_from_a_callback)
{
    start_daemons();
    at_shutdown(kill_hard, NULL);
}

CHILD(ends_by_abort)
{
    prepare_for_a_long_life();
    signal(SIGABRT, SIG_DFL);
    abort();
}

TEST(signals)
{
    static const struct {
        const char *child;
        int signal;
    } ends[] = {{"ends_by_sigterm", SIGTERM}, {"ends_by_sigkill_from_a_callback", SIGKILL},
                {"ends_by_abort", SIGABRT}};
    for (size_t i = 0; i < LENGTH(ends); i++) {
        outcome_t outcome;
        run_child(ends[i].child, &outcome);
        CHECK(WIFSIGNALED(outcome.status));
        CHECK_EQ(WTERMSIG(outcome.status), ends[i].signal);
        CHECK_STR(outcome.out, "");
        CHECK_STR(outcome.err, "");
    }
}

static void on_signal(int number)
{
    (void)number;
    _exit(6);
}

/* A handler that ends the process does so whatever the thread that it interrupts is at. */
CHILD(ends_in_a_signal_handler)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    prepare_for_a_long_life();
    kill(getpid(), SIGUSR1);
    sleep_forever(NULL);
}

TEST(exit_with_an_underscore_in_a_signal_handler)
{
    for (int i = 0; i < 10; i++)
        check_child("ends_in_a_signal_handler", 6, "");
}

/* Threads that are started all along the shutdown: those that are not refused are joined. */

static int started, ended;

static int32_t end_late(void *unused)
{
    (void)unused;
    sched_yield();
    ADD(ended, 1);
    return 0;
}

static int32_t start_many(void *unused)
{
    for (int i = 0; i < 300; i++) {
        pirn_thread_t *thread;
        CHECK_OK(pirn_thread_new(end_late, NULL, NULL, &thread));
        CHECK_OK(pirn_thread_set_daemon(thread, false));
        pirn_status_t status = pirn_thread_start(thread);
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_SHUT_DOWN));
        if (status == PIRN_OK)
            ADD(started, 1);
        CHECK_OK(pirn_thread_free(thread));
    }
    return sleep_forever_target(unused);
}

CHILD(shuts_down_under_starts)
{
    for (int i = 0; i < 3; i++) {
        pirn_thread_t *thread;
        CHECK_OK(pirn_thread_new(start_many, NULL, NULL, &thread));
        CHECK_OK(pirn_thread_set_daemon(thread, true));
        CHECK_OK(pirn_thread_start(thread));
    }
    AWAIT(LOAD(started) > 10);
    CHECK_OK(pirn_shutdown());
    int joined = LOAD(ended);
    SAY("%s\n", pirn_active_count() == 4 ? "main and three daemons" : "others");
    /* who was not refused has been joined; its starter may still be about to count it */
    AWAIT(LOAD(started) >= joined);
    CHECK_EQ(LOAD(ended), joined);
}

TEST(threads_are_started_all_along)
{
    for (int i = 0; i < 20; i++)
        check_child("shuts_down_under_starts", 0, "main and three daemons\n");
}

/*
 * Daemons that start threads and timers again and again, until they are refused: the shutdown ends all the same. Some of them are
 * there at any time, and not more than a busy machine has room for.
 */

enum { AT_A_TIME = 300 };

static pirn_status_t start_one(bool timer, bool daemon)
{
    pirn_thread_t *thread;
    pirn_timer_t *made = NULL;
    if (timer) {
        CHECK_OK(pirn_timer_new(0.001, end_late, NULL, NULL, &made));
        CHECK_OK(pirn_timer_thread(made, &thread));
    } else {
        CHECK_OK(pirn_thread_new(end_late, NULL, NULL, &thread));
    }
    CHECK_OK(pirn_thread_set_daemon(thread, daemon));
    pirn_status_t status = pirn_thread_start(thread);
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_SHUT_DOWN) | BIT(PIRN_ERR_NO_THREAD));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_OK(pirn_timer_free(made));
    return status;
}

typedef struct storm {
    bool timers, daemons;
} storm_t;

static int32_t start_until_refused(void *arg)
{
    const storm_t *storm = arg;
    pirn_status_t status;
    while ((status = start_one(storm->timers, storm->daemons)) != PIRN_ERR_SHUT_DOWN) {
        ADD(started, status == PIRN_OK);
        AWAIT(LOAD(started) - LOAD(ended) < AT_A_TIME);
    }
    return sleep_forever_target(arg);
}

static void shut_down_in_a_storm(storm_t storm)
{
    for (int i = 0; i < 3; i++) {
        pirn_thread_t *thread;
        CHECK_OK(pirn_thread_new(start_until_refused, &storm, NULL, &thread));
        CHECK_OK(pirn_thread_set_daemon(thread, true));
        CHECK_OK(pirn_thread_start(thread));
    }
    AWAIT(LOAD(started) > 100);
    CHECK_OK(pirn_shutdown());
    SAY("shut down\n");
    _exit(0); /* what the daemons use is on this stack */
}

CHILD(shuts_down_in_a_storm_of_threads)
{
    shut_down_in_a_storm((storm_t){false, false});
}

CHILD(shuts_down_in_a_storm_of_timers)
{
    shut_down_in_a_storm((storm_t){true, false});
}

CHILD(shuts_down_in_a_storm_of_daemons)
{
    shut_down_in_a_storm((storm_t){false, true});
}

TEST(daemons_that_start_others_without_a_pause_hold_nobody_up)
{
    check_child("shuts_down_in_a_storm_of_threads", 0, "shut down\n");
    check_child("shuts_down_in_a_storm_of_timers", 0, "shut down\n");
    check_child("shuts_down_in_a_storm_of_daemons", 0, "shut down\n");
}
