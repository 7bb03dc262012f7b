/* The system refuses threads: nothing is left behind, and later starts work. Each case limits a child process. */
#include "child.h"
#include "nested.h"

#include <grp.h>

/* No user may have more processes and threads than this; root is not held to it, and becomes somebody else. */
static void limit_threads(rlim_t most)
{
    struct rlimit limit;
    if (geteuid() == 0) {
        CHECK_EQ(setgroups(0, NULL), 0);
        CHECK_EQ(setresgid(65534, 65534, 65534), 0);
        CHECK_EQ(setresuid(65534, 65534, 65534), 0);
    }
    CHECK_EQ(getrlimit(RLIMIT_NPROC, &limit), 0);
    limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &limit), 0);
}

static void check_all_refused(counted_t *arg)
{
    pirn_thread_t *thread;
    pirn_timer_t *timer;
    pirn_future_t *future = UNTOUCHED;
    pirn_executor_t *executor = new_executor(2);
    bool alive = true;
    uint64_t id;
    *arg = (counted_t){0};
    CHECK_OK(pirn_thread_new(count_run, arg, count_free, &thread));
    CHECK_STATUS(pirn_thread_start(thread), PIRN_ERR_NO_THREAD);
    CHECK_OK(pirn_thread_is_alive(thread, &alive));
    CHECK(!alive);
    CHECK_STATUS(pirn_thread_ident(thread, &id), PIRN_ERR_NOT_STARTED);
    CHECK_STATUS(pirn_thread_native_id(thread, &id), PIRN_ERR_NOT_STARTED);
    CHECK_STATUS(pirn_thread_join(thread), PIRN_ERR_NOT_STARTED);
    CHECK_OK(pirn_thread_free(thread));
    CHECK_COUNTED(arg, 0, 1); /* so nothing else holds the thread */
    CHECK_STATUS(pirn_executor_submit(executor, count_task, arg, count_free, &future), PIRN_ERR_NO_THREAD);
    CHECK(future == UNTOUCHED);
    CHECK_COUNTED(arg, 0, 2);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_OK(pirn_timer_new(3600, count_run, arg, count_free, &timer));
    CHECK_STATUS(pirn_timer_start(timer), PIRN_ERR_NO_THREAD);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_COUNTED(arg, 0, 3);
    CHECK_EQ(pirn_active_count(), 1);
}

static void check_works(counted_t *arg)
{
    pirn_timer_t *timer;
    *arg = (counted_t){0};
    join_and_free(start_thread(count_run, arg));
    pirn_executor_t *executor = new_executor(2);
    CHECK_OK(pirn_future_result(submit(executor, count_task, arg), NULL));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_OK(pirn_timer_new(0, count_run, arg, NULL, &timer));
    CHECK_OK(pirn_timer_start(timer));
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_timer_free(timer));
    CHECK_EQ(arg->runs, 3);
}

static void be_refused(void *unused)
{
    enum { TIMES = 20000 };
    counted_t arg;
    (void)unused;
    pirn_thread_t *kept;
    limit_threads(0);
    CHECK_OK(pirn_thread_new(count_run, &arg, NULL, &kept));
    CHECK_STATUS(pirn_thread_start(kept), PIRN_ERR_NO_THREAD);
    for (int i = 0; i < TIMES / 10; i++)
        check_all_refused(&arg);
    long before = resident_kib();
    for (int i = 0; i < TIMES; i++)
        check_all_refused(&arg);
    CHECK((resident_kib() - before) * 1024 < TIMES * 16); /* less than any object each time */
    limit_threads(RLIM_INFINITY);
    check_works(&arg);
    arg.runs = 0;
    CHECK_OK(pirn_thread_start(kept)); /* the one that was refused as well */
    CHECK_OK(pirn_thread_join(kept));
    CHECK_EQ(arg.runs, 1);
    CHECK_OK(pirn_thread_free(kept));
}

TEST(by_the_number_of_processes)
{
    in_forked_child(be_refused, NULL);
}

/* A timer that is refused in a hook has the hooks of whoever starts it in the end, by either of its handles. */
typedef struct refusal {
    pirn_timer_t *timer;
    pirn_thread_t *thread;
    uint64_t id;
    int events; /* of the timer's thread: its start, that it fires, its end */
    bool is_tried;
} refusal_t;

static void start_in_hook(const pirn_trace_event_t *event, void *arg)
{
    refusal_t *r = arg;
    if (event->object == r->id && event->kind != PIRN_TRACE_WAIT_BEGIN && event->kind != PIRN_TRACE_WAIT_END)
        ADD(r->events, 1);
    if (!r->is_tried) {
        r->is_tried = true;
        CHECK_STATUS(pirn_timer_start(r->timer), PIRN_ERR_NO_THREAD);
        CHECK_STATUS(pirn_thread_start(r->thread), PIRN_ERR_NO_THREAD);
    }
}

static void be_refused_in_a_hook(void *unused)
{
    counted_t arg = {0};
    refusal_t r = {0};
    (void)unused;
    limit_threads(0);
    CHECK_OK(pirn_timer_new(0, count_run, &arg, count_free, &r.timer));
    CHECK_OK(pirn_timer_thread(r.timer, &r.thread));
    CHECK_OK(pirn_object_id(r.timer, &r.id));
    CHECK_OK(pirn_settrace_all_threads(start_in_hook, &r, NULL));
    pirn_future_t *future = new_future();
    CHECK_STATUS(pirn_future_result_timeout(future, 0.001, NULL), PIRN_TIMED_OUT);
    CHECK(r.is_tried);
    limit_threads(RLIM_INFINITY);
    CHECK_OK(pirn_timer_start(r.timer));
    CHECK_OK(pirn_timer_join(r.timer));
    CHECK_OK(pirn_settrace_all_threads(NULL, NULL, NULL));
    CHECK_COUNTED(&arg, 1, 1);
    CHECK_EQ(r.events, 3);
    CHECK_OK(pirn_timer_free(r.timer));
    CHECK_OK(pirn_thread_free(r.thread));
    CHECK_OK(pirn_future_free(future));
}

TEST(a_timer_refused_in_a_hook_has_hooks_when_it_fires)
{
    in_forked_child(be_refused_in_a_hook, NULL);
}

static void have_room_for_some(void *unused)
{
    enum { MOST = 400 };
    static pirn_thread_t *threads[MOST];
    struct rlimit before, limit;
    gate_t gate;
    (void)unused;
    gate_init(&gate);
    CHECK_OK(pirn_set_stack_size((size_t)64 << 20));
    CHECK_EQ(getrlimit(RLIMIT_AS, &before), 0);
    limit = before;
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages;
    CHECK(file && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    limit.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)4 << 30);
    CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    for (int round = 0; round < 3; round++) {
        int n = 0;
        pirn_status_t status = PIRN_OK;
        while (n < MOST && status == PIRN_OK) {
            CHECK_OK(pirn_thread_new(gate_target, &gate, NULL, &threads[n]));
            status = pirn_thread_start(threads[n]);
            n += status == PIRN_OK;
        }
        CHECK(n > 10 && n < MOST);
        CHECK_STATUS(status, PIRN_ERR_NO_THREAD);
        CHECK_EQ(pirn_active_count(), n + 1);
        gate_open(&gate);
        for (int i = 0; i < n; i++)
            join_and_free(threads[i]);
        CHECK_OK(pirn_thread_start(threads[n])); /* there is room again for the one that was refused */
        join_and_free(threads[n]);
        CHECK_EQ(pirn_active_count(), 1);
        CHECK_OK(pirn_event_clear(gate.open));
    }
    CHECK_EQ(setrlimit(RLIMIT_AS, &before), 0);
}

TEST(by_the_memory_for_stacks)
{
    in_forked_child(have_room_for_some, NULL);
}

/* A worker waits for a task of its own pool, and the system refuses the thread that would run it meanwhile. */

TEST(untimed_waits_do_without_it)
{
    level_t top = {.executor = new_executor(1), .depth = 1000};
    CHECK_OK(pirn_future_result(submit(top.executor, do_nothing, NULL), NULL)); /* it has its worker */
    struct rlimit before = forbid_threads();
    check_descent(top);
    allow_threads(before);
}
