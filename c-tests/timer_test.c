/* Timers: one at a time. */
#include <float.h>
#include <sys/prctl.h>

#include "blocking.h"
#include "timer.h"

static int32_t never_called(void *arg)
{
    (void)arg;
    CHECK_FAILED("a function ran that must not");
}

static int32_t exit_code_of(pirn_thread_t *thread)
{
    int32_t code;
    CHECK_OK(pirn_thread_exit_code(thread, &code));
    return code;
}

TEST(runs_its_function_once_after_the_interval)
{
    counted_t arg = {0};
    double start = now();
    pirn_timer_t *timer = start_counted_timer(0.02, &arg);
    CHECK_OK(pirn_timer_join(timer));
    CHECK(now() - start >= 0.02);
    CHECK_COUNTED(&arg, 1, 1);
    CHECK(!timer_is_alive(timer));
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_timer_free(timer));
    CHECK_COUNTED(&arg, 1, 1);
}

TEST(fires_at_once_where_the_interval_is_not_positive)
{
    const double intervals[] = {0, -0.0, -1, -1e-300, -1e300, -INFINITY, DBL_MIN};
    for (size_t i = 0; i < LENGTH(intervals); i++) {
        counted_t arg = {0};
        join_and_free_timer(start_counted_timer(intervals[i], &arg));
        CHECK_COUNTED(&arg, 1, 1);
    }
}

TEST(never_fires_where_the_interval_is_infinite_or_the_longest)
{
    const double intervals[] = {INFINITY, PIRN_TIMEOUT_MAX};
    for (size_t i = 0; i < LENGTH(intervals); i++) {
        counted_t arg = {0};
        pirn_timer_t *timer = start_counted_timer(intervals[i], &arg);
        CHECK(timer_is_alive(timer));
        CHECK_EQ(times_enumerated(thread_of(timer)), 1);
        CHECK_STATUS(pirn_timer_join_timeout(timer, 0.01), PIRN_TIMED_OUT);
        CHECK_OK(pirn_timer_cancel(timer));
        CHECK_COUNTED(&arg, 0, 1);
        join_and_free_timer(timer);
    }
}

TEST(bad_arguments)
{
    counted_t arg = {0};
    pirn_timer_t *timer = UNTOUCHED;
    CHECK_REFUSED(pirn_timer_new(NAN, count_run, &arg, count_free, &timer), PIRN_ERR_INVALID_ARGUMENT, &arg);
    CHECK_REFUSED(pirn_timer_new(PIRN_TIMEOUT_MAX * (1 + DBL_EPSILON), count_run, &arg, count_free, &timer),
                  PIRN_ERR_OVERFLOW, &arg);
    CHECK_REFUSED(pirn_timer_new(1, NULL, &arg, count_free, &timer), PIRN_ERR_INVALID_ARGUMENT, &arg);
    CHECK_REFUSED(pirn_timer_new(1, count_run, &arg, count_free, NULL), PIRN_ERR_INVALID_ARGUMENT, &arg);
    CHECK(timer == UNTOUCHED);
    timer = new_timer(HOUR, never_called, NULL);
    CHECK_STATUS(pirn_timer_is_alive(timer, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_timer_thread(timer, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_OK(pirn_timer_free(NULL));
}

TEST(started_only_once)
{
    counted_t arg = {0};
    pirn_timer_t *timer = start_counted_timer(HOUR, &arg);
    pirn_thread_t *thread = thread_of(timer);
    CHECK_STATUS(pirn_timer_start(timer), PIRN_ERR_ALREADY_STARTED);
    CHECK_STATUS(pirn_thread_start(thread), PIRN_ERR_ALREADY_STARTED);
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_STATUS(pirn_timer_start(timer), PIRN_ERR_ALREADY_STARTED);
    join_and_free_timer(timer);

    timer = start_counted_timer(0, &arg);
    CHECK_OK(pirn_timer_join(timer));
    CHECK_STATUS(pirn_timer_start(timer), PIRN_ERR_ALREADY_STARTED);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_COUNTED(&arg, 1, 2);
    CHECK_OK(pirn_thread_free(thread));
}

TEST(before_the_start)
{
    counted_t arg = {0};
    pirn_timer_t *timer = new_counted_timer(0, &arg);
    CHECK(!timer_is_alive(timer));
    CHECK_STATUS(pirn_timer_join(timer), PIRN_ERR_NOT_STARTED);
    CHECK_STATUS(pirn_timer_join_timeout(timer, 0), PIRN_ERR_NOT_STARTED);
    CHECK_EQ(times_enumerated(timer), 0);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_COUNTED(&arg, 0, 1);
}

/* Nothing runs, everybody goes on, and it is as if it had run with success. */
TEST(cancelled_while_it_is_pending)
{
    counted_t arg = {0};
    pirn_timer_t *timer = start_counted_timer(HOUR, &arg);
    pirn_thread_t *thread = thread_of(timer);
    int32_t code;
    uint64_t id;
    CHECK_STATUS(pirn_thread_exit_code(thread, &code), PIRN_ERR_INVALID_STATE);
    CHECK_EQ(times_enumerated(timer), 1);
    CHECK_EQ(pirn_active_count(), 2);
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_COUNTED(&arg, 0, 1);
    CHECK(!timer_is_alive(timer));
    CHECK_EQ(times_enumerated(timer), 0);
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_timer_join_timeout(timer, 0));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_EQ(exit_code_of(thread), 0);
    CHECK_STATUS(pirn_thread_ident(thread, &id), PIRN_ERR_NOT_STARTED);
    CHECK_STATUS(pirn_thread_native_id(thread, &id), PIRN_ERR_NOT_STARTED);
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_COUNTED(&arg, 0, 1);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_OK(pirn_thread_free(thread));
}

TEST(cancelled_before_the_start)
{
    counted_t arg = {0};
    pirn_timer_t *timer = new_counted_timer(HOUR, &arg);
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_COUNTED(&arg, 0, 1);
    CHECK_STATUS(pirn_timer_join(timer), PIRN_ERR_NOT_STARTED);
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_OK(pirn_timer_start(timer));
    CHECK(!timer_is_alive(timer));
    CHECK_OK(pirn_timer_join(timer));
    CHECK_STATUS(pirn_timer_start(timer), PIRN_ERR_ALREADY_STARTED);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_COUNTED(&arg, 0, 1);
    CHECK_EQ(system_threads(), 1);
}

TEST(cancelled_while_it_runs_and_after)
{
    gate_t gate;
    gate_init(&gate);
    pirn_timer_t *timer = start_timer(0, gate_target, &gate);
    gate_await(&gate, 1);
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK(timer_is_alive(timer));
    CHECK_STATUS(pirn_timer_join_timeout(timer, 0), PIRN_TIMED_OUT);
    gate_open(&gate);
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_OK(pirn_timer_free(timer));
    CHECK_EQ(gate.counted.runs, 1);
}

TEST(a_slow_function_delays_no_other)
{
    gate_t gates[2];
    pirn_timer_t *timers[2];
    for (int i = 0; i < 2; i++) {
        gate_init(&gates[i]);
        timers[i] = start_timer(0, gate_target, &gates[i]);
    }
    for (int i = 0; i < 2; i++)
        gate_await(&gates[i], 1);
    CHECK(gates[0].native_id != gates[1].native_id);
    for (int i = 0; i < 2; i++) {
        gate_open(&gates[i]);
        join_and_free_timer(timers[i]);
    }
}

typedef struct inside {
    gate_t gate; /* it stands there first */
    pirn_timer_t *timer;
    uint64_t ident, native_id;
    int32_t code;
    bool daemon;
} inside_t;

static int32_t look_around(void *arg)
{
    inside_t *inside = arg;
    pirn_thread_t *self;
    char name[32], system_name[32];
    size_t length;
    gate_target(&inside->gate);
    CHECK_OK(pirn_current_thread(&self));
    CHECK_EQ(id_of(self), id_of(inside->timer));
    CHECK_STATUS(pirn_thread_join(self), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_timer_join(inside->timer), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_timer_join_timeout(inside->timer, 0), PIRN_ERR_DEADLOCK);
    CHECK(timer_is_alive(inside->timer));
    CHECK_EQ(times_enumerated(self), 1);
    CHECK_OK(pirn_thread_name(self, name, sizeof name, &length));
    CHECK_EQ(prctl(PR_GET_NAME, system_name), 0);
    CHECK_STR(system_name, name);
    CHECK_OK(pirn_thread_daemon(self, &inside->daemon));
    CHECK_OK(pirn_thread_free(self));
    inside->ident = pirn_get_ident();
    inside->native_id = pirn_get_native_id();
    return inside->code;
}

TEST(its_thread_from_inside_and_outside)
{
    inside_t inside = {.code = PIRN_EXIT};
    uint64_t id;
    bool daemon;
    gate_init(&inside.gate);
    inside.timer = new_timer(0.01, look_around, &inside);
    pirn_thread_t *thread = thread_of(inside.timer), *again = thread_of(inside.timer);
    CHECK(thread != again);
    CHECK_EQ(id_of(thread), id_of(inside.timer));
    CHECK_EQ(id_of(again), id_of(inside.timer));
    CHECK_OK(pirn_thread_free(again));
    CHECK_STATUS(pirn_thread_ident(thread, &id), PIRN_ERR_NOT_STARTED);
    CHECK_OK(pirn_thread_set_name(thread, "renamed"));
    CHECK_OK(pirn_thread_set_daemon(thread, true));
    CHECK_OK(pirn_thread_start(thread));
    CHECK(timer_is_alive(inside.timer));
    CHECK_STATUS(pirn_thread_set_daemon(thread, false), PIRN_ERR_ALREADY_STARTED);
    gate_open(&inside.gate);
    CHECK_OK(pirn_thread_join(thread));
    CHECK(inside.daemon);
    CHECK_OK(pirn_thread_daemon(thread, &daemon));
    CHECK(daemon);
    CHECK_OK(pirn_thread_ident(thread, &id));
    CHECK_EQ(id, inside.ident);
    CHECK_OK(pirn_thread_native_id(thread, &id));
    CHECK_EQ(id, inside.native_id);
    AWAIT(thread_state(inside.native_id) == 0); /* the kernel drops the entry a moment later */
    CHECK_EQ(exit_code_of(thread), PIRN_EXIT);
    CHECK_OK(pirn_timer_free(inside.timer));
    CHECK_OK(pirn_thread_free(thread));
}

TEST(no_ids_while_it_is_pending)
{
    pirn_timer_t *timer = start_timer(HOUR, never_called, NULL);
    pirn_thread_t *thread = thread_of(timer);
    uint64_t id;
    bool alive;
    CHECK_STATUS(pirn_thread_ident(thread, &id), PIRN_ERR_NOT_STARTED);
    CHECK_STATUS(pirn_thread_native_id(thread, &id), PIRN_ERR_NOT_STARTED);
    CHECK_OK(pirn_thread_is_alive(thread, &alive));
    CHECK(alive);
    CHECK_OK(pirn_thread_set_name(thread, "renamed while it is pending"));
    CHECK_STATUS(pirn_thread_join_timeout(thread, 0), PIRN_TIMED_OUT);
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_OK(pirn_timer_free(timer));
}

TEST(names_are_of_one_sequence_with_those_of_threads)
{
    pirn_timer_t *timers[2];
    pirn_thread_t *threads[3];
    char name[32], expected[32];
    size_t length;
    timers[0] = new_timer(HOUR, never_called, NULL);
    CHECK_OK(pirn_thread_new(NULL, NULL, NULL, &threads[1]));
    timers[1] = new_timer(HOUR, never_called, NULL);
    threads[0] = thread_of(timers[0]);
    threads[2] = thread_of(timers[1]);
    for (size_t i = 0; i < LENGTH(threads); i++) {
        CHECK_OK(pirn_thread_name(threads[i], name, sizeof name, &length));
        snprintf(expected, sizeof expected, "Thread-%zu", i + 1);
        CHECK_STR(name, expected);
        CHECK_OK(pirn_thread_free(threads[i]));
    }
    for (size_t i = 0; i < LENGTH(timers); i++)
        CHECK_OK(pirn_timer_free(timers[i]));
}

static int32_t make_one(void *daemon)
{
    pirn_timer_t *timer = new_timer(HOUR, never_called, NULL);
    pirn_thread_t *thread = thread_of(timer);
    CHECK_OK(pirn_thread_daemon(thread, daemon));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_OK(pirn_timer_free(timer));
    return 0;
}

/* Of a thread that is foreign, and has a dummy, which says that it is a daemon. */
static void make_one_there(void *daemon)
{
    pirn_thread_t *dummy;
    CHECK_OK(pirn_current_thread(&dummy));
    CHECK_OK(pirn_thread_free(dummy));
    make_one(daemon);
}

TEST(daemon_is_inherited_from_the_creator)
{
    bool daemon = true;
    make_one(&daemon);
    CHECK(!daemon);

    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(make_one, &daemon, NULL, &thread));
    CHECK_OK(pirn_thread_set_daemon(thread, true));
    CHECK_OK(pirn_thread_start(thread));
    join_and_free(thread);
    CHECK(daemon);

    run_on(FOREIGN, make_one_there, &daemon);
    CHECK(!daemon);

    pirn_timer_t *timer = new_timer(0, make_one, &daemon);
    thread = thread_of(timer);
    CHECK_OK(pirn_thread_set_daemon(thread, true));
    CHECK_OK(pirn_timer_start(timer));
    join_and_free_timer(timer);
    CHECK_OK(pirn_thread_free(thread));
    CHECK(daemon);
}

/* Either handle is enough, also for one that was never started. */
TEST(lives_as_long_as_either_handle)
{
    counted_t arg = {0};
    pirn_timer_t *timer = new_counted_timer(0, &arg);
    pirn_thread_t *thread = thread_of(timer);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_COUNTED(&arg, 0, 0);
    CHECK_OK(pirn_thread_start(thread));
    join_and_free(thread);
    CHECK_COUNTED(&arg, 1, 1);

    timer = new_counted_timer(0, &arg);
    thread = thread_of(timer);
    CHECK_OK(pirn_thread_free(thread));
    CHECK_COUNTED(&arg, 1, 1);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_COUNTED(&arg, 1, 2);
}

TEST(fires_though_all_handles_are_freed)
{
    counted_t arg = {0};
    pirn_timer_t *timer = start_counted_timer(0.01, &arg);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_STATUS(pirn_timer_cancel(timer), PIRN_ERR_INVALID_HANDLE);
    AWAIT(LOAD(arg.frees) == 1);
    CHECK_COUNTED(&arg, 1, 1);
    AWAIT(pirn_active_count() == 1);
}

typedef struct joined {
    pirn_timer_t *timer;
    counted_t *arg;
    int runs;
} joined_t;

static pirn_status_t join_whole(call_t *call)
{
    joined_t *joined = call->object;
    pirn_status_t status = pirn_timer_join(joined->timer);
    CHECK_COUNTED(joined->arg, joined->runs, 1);
    CHECK_EQ(times_enumerated(joined->timer), 0);
    return status;
}

/* Many join one that is pending; a cancel or its end lets all go, and its argument has been given back then. */
TEST(joined_by_many_while_it_is_pending)
{
    for (int runs = 0; runs < 2; runs++) {
        counted_t arg = {0};
        joined_t joined = {start_counted_timer(runs ? 0.1 : HOUR, &arg), &arg, runs};
        call_t calls[6];
        for (size_t i = 0; i < LENGTH(calls); i++) {
            calls[i] = (call_t){.make = join_whole, .object = &joined};
            call_begin(&calls[i], (breed_t)(i % BREEDS));
        }
        if (runs == 0) {
            for (size_t i = 0; i < LENGTH(calls); i++)
                await_sleeping(calls[i].native_id);
            CHECK_OK(pirn_timer_cancel(joined.timer));
        }
        for (size_t i = 0; i < LENGTH(calls); i++)
            CHECK_OK(call_end(&calls[i]));
        CHECK_OK(pirn_timer_free(joined.timer));
    }
}

/* The rules of time for its join: each wait gets a timer of its own, which a cancel ends. */
static pirn_timer_t *awaited;

static pirn_status_t join_awaited(void *unused)
{
    (void)unused;
    return pirn_timer_join(LOAD(awaited));
}

static pirn_status_t join_awaited_timeout(void *unused, double seconds)
{
    (void)unused;
    return pirn_timer_join_timeout(LOAD(awaited), seconds);
}

static pirn_status_t cancel_awaited(void *unused)
{
    (void)unused;
    return pirn_timer_cancel(LOAD(awaited));
}

static pirn_status_t renew_awaited(void *unused)
{
    (void)unused;
    CHECK_OK(pirn_timer_free(LOAD(awaited)));
    STORE(awaited, start_timer(HOUR, never_called, NULL));
    return PIRN_OK;
}

TEST(blocking_calls)
{
    awaited = start_timer(HOUR, never_called, NULL);
    check_blocking(&(blocking_t){join_awaited, join_awaited_timeout, cancel_awaited, renew_awaited, NULL}, NULL);
    cancel_and_free_timer(awaited);
}

static int32_t raise_something(void *arg)
{
    (void)arg;
    return pirn_raise(7, "disk full");
}

TEST(a_failing_function)
{
    FILE *said = tmpfile();
    char text[256];
    int before = dup(STDERR_FILENO);
    dup2(fileno(said), STDERR_FILENO);
    pirn_timer_t *timer = start_timer(0, raise_something, NULL);
    pirn_thread_t *thread = thread_of(timer);
    join_and_free_timer(timer);
    dup2(before, STDERR_FILENO);
    CHECK_EQ(exit_code_of(thread), 7);
    CHECK_OK(pirn_thread_free(thread));
    rewind(said);
    text[fread(text, 1, sizeof text - 1, said)] = '\0';
    fclose(said);
    CHECK_STR(text, "Exception in thread Thread-1:\n  code 7: disk full\n");
}

/* The thread that waits for all of them is there while there is need of it. */
TEST(the_service_thread_comes_and_goes)
{
    skip_if(UNDER_TSAN, "ThreadSanitizer has a thread of its own, which would be counted");
    counted_t arg = {0};
    for (int round = 0; round < 2; round++) {
        CHECK_EQ(system_threads(), 1);
        pirn_timer_t *never = start_counted_timer(INFINITY, &arg);
        CHECK_EQ(system_threads(), 1);
        pirn_timer_t *timer = start_counted_timer(HOUR, &arg);
        CHECK_EQ(system_threads(), 2);
        CHECK_EQ(pirn_active_count(), 3);
        pirn_timer_t *sooner = start_counted_timer(0.01, &arg);
        CHECK_OK(pirn_timer_join(sooner));
        AWAIT(system_threads() == 2); /* the kernel drops the entry of the one that ran it a moment later */
        cancel_and_free_timer(timer);
        cancel_and_free_timer(never);
        CHECK_OK(pirn_timer_free(sooner));
        AWAIT(system_threads() == 1);
    }
    CHECK_COUNTED(&arg, 2, 6);
}

/* It may be on the point of going when one comes that is due before or after it would have gone. */
TEST(fires_though_the_service_thread_was_about_to_go)
{
    const double intervals[] = {0.2, 0.05, 0.1, 0.0999};
    counted_t arg = {0};
    for (size_t i = 0; i < LENGTH(intervals); i++) {
        join_and_free_timer(start_counted_timer(0, &arg));
        join_and_free_timer(start_counted_timer(intervals[i], &arg));
    }
    CHECK_COUNTED(&arg, 8, 8);
}

static int32_t tell_state(void *mask)
{
    return pthread_sigmask(SIG_SETMASK, NULL, mask);
}

/* A function's thread has the signal mask of who started the timer; the service thread takes no signal. */
TEST(signals)
{
    sigset_t all, mask, seen;
    sigfillset(&all);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
    join_and_free_timer(start_timer(0, tell_state, &seen));
    for (int number = 1; number < SIGRTMIN; number++)
        CHECK_EQ(sigismember(&seen, number), number == SIGUSR2);
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    CHECK(sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGUSR1));

    /* Only the service thread could take it: it stays pending. */
    pirn_timer_t *timer = start_timer(HOUR, never_called, NULL);
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, &all, NULL), 0);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK_EQ(sigpending(&mask), 0);
    CHECK(sigismember(&mask, SIGUSR1));
    int number;
    CHECK_EQ(sigwait(&mask, &number), 0);
    CHECK_EQ(number, SIGUSR1);
    cancel_and_free_timer(timer);
}

static rlim_t address_space(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm && fscanf(statm, "%lu", &pages) == 1);
    fclose(statm);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Without room for a stack the service thread is refused; what needs none starts all the same. */
TEST(a_refused_start_may_be_tried_again)
{
    skip_if(UNDER_TSAN || UNDER_ASAN, "the sanitizer itself needs more address space than there will be");
    counted_t arg = {0};
    pirn_timer_t *timer = new_counted_timer(0, &arg), *never = new_counted_timer(INFINITY, &arg);
    struct rlimit before, limit;
    getrlimit(RLIMIT_AS, &before);
    limit = before;
    limit.rlim_cur = address_space() + (1 << 20);
    CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    CHECK_STATUS(pirn_timer_start(timer), PIRN_ERR_NO_THREAD);
    CHECK(!timer_is_alive(timer));
    CHECK_STATUS(pirn_timer_join(timer), PIRN_ERR_NOT_STARTED);
    CHECK_OK(pirn_timer_start(never));
    CHECK_EQ(pirn_active_count(), 2);
    CHECK_EQ(setrlimit(RLIMIT_AS, &before), 0);
    CHECK_COUNTED(&arg, 0, 0);
    CHECK_OK(pirn_timer_start(timer));
    join_and_free_timer(timer);
    cancel_and_free_timer(never);
    CHECK_COUNTED(&arg, 1, 2);
}

/* Nothing is lost where the system has no thread for a function: it stays pending, and tries again. */
TEST(threads_are_refused)
{
    counted_t arg = {0}, none = {0};
    pirn_timer_t *other = start_counted_timer(HOUR, &none); /* for which the service thread stays */
    static const double intervals[] = {0.02, 0};
    for (int i = 0; i < 2; i++) {
        struct rlimit before = forbid_threads();
        pirn_timer_t *pending = start_counted_timer(intervals[i], &arg);
        CHECK_STATUS(pirn_timer_join_timeout(pending, 0.2), PIRN_TIMED_OUT);
        CHECK_EQ(times_enumerated(pending), 1);
        CHECK_COUNTED(&arg, i, i);
        allow_threads(before);
        join_and_free_timer(pending);
        CHECK_COUNTED(&arg, i + 1, i + 1);
    }
    struct rlimit before = forbid_threads();
    pirn_timer_t *pending = start_counted_timer(0, &arg);
    CHECK_STATUS(pirn_timer_join_timeout(pending, 0.05), PIRN_TIMED_OUT);
    CHECK_OK(pirn_timer_cancel(pending));
    CHECK_OK(pirn_timer_join(pending));
    allow_threads(before);
    CHECK_OK(pirn_timer_free(pending));
    CHECK_COUNTED(&arg, 2, 3);
    cancel_and_free_timer(other);
}
