/* The bounded backlog: submits that wait for room, or say that there is none. */
#include "child.h"

static void check_queued(pirn_executor_t *executor, size_t expected)
{
    size_t queued, running;
    CHECK_OK(pirn_executor_pending(executor, &queued, &running));
    CHECK_EQ(queued, expected);
}

static size_t max_pending(pirn_executor_t *executor)
{
    size_t out = 77;
    CHECK_OK(pirn_executor_max_pending(executor, &out));
    return out;
}

/* An executor whose one worker stands at a gate, with so many tasks queued that there is no more room. */
typedef struct full {
    pirn_executor_t *executor;
    gate_t gate;
    counted_t arg;
    int queued;
} full_t;

static void fill(full_t *f, int bound)
{
    memset(f, 0, sizeof *f);
    f->executor = new_executor(1);
    CHECK_OK(pirn_executor_set_max_pending(f->executor, (size_t)bound));
    CHECK_OK(pirn_future_free(submit_gate(f->executor, &f->gate)));
    for (int i = 0; i < bound; i++)
        CHECK_OK(pirn_executor_submit(f->executor, count_task, &f->arg, count_free, NULL));
    f->queued = bound;
    check_queued(f->executor, (size_t)bound);
}

/* Opens the gate; in the end as many have run as there ought to. */
static void empty(full_t *f, int expected)
{
    gate_open(&f->gate);
    CHECK_OK(pirn_executor_free(f->executor));
    CHECK_COUNTED(&f->arg, expected, expected);
    CHECK_OK(pirn_event_free(f->gate.open));
}

TEST(no_bound_by_default)
{
    gate_t gate;
    counted_t arg = {0, 0};
    pirn_executor_t *executor = new_executor(1);
    size_t out = 77;
    CHECK_EQ(max_pending(executor), 0);
    CHECK_OK(pirn_future_free(submit_gate(executor, &gate)));
    for (int i = 0; i < 10000; i++)
        CHECK_OK(pirn_executor_try_submit(executor, count_task, &arg, count_free, NULL));
    check_queued(executor, 10000);
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_COUNTED(&arg, 10000, 10000);
    CHECK_STATUS(pirn_executor_max_pending(executor, &out), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_executor_set_max_pending(executor, 1), PIRN_ERR_INVALID_HANDLE);
    CHECK_EQ(out, 77);
}

TEST(try_submit)
{
    full_t f;
    counted_t kept = {0, 0};
    pirn_future_t *future = UNTOUCHED;
    fill(&f, 3);
    CHECK_EQ(max_pending(f.executor), 3);
    /* The argument stays with the caller, who may try again. */
    CHECK_STATUS(pirn_executor_try_submit(f.executor, count_task, &kept, count_free, &future), PIRN_WOULD_BLOCK);
    CHECK_STATUS(pirn_executor_try_submit(f.executor, count_task, &kept, count_free, NULL), PIRN_WOULD_BLOCK);
    CHECK_COUNTED(&kept, 0, 0);
    CHECK(future == UNTOUCHED);
    check_queued(f.executor, 3);
    CHECK_REFUSED(pirn_executor_try_submit(f.executor, NULL, &kept, count_free, NULL), PIRN_ERR_INVALID_ARGUMENT, &kept);
    CHECK_REFUSED(pirn_executor_try_submit(NULL, count_task, &kept, count_free, NULL), PIRN_ERR_INVALID_HANDLE, &kept);
    gate_open(&f.gate);
    AWAIT(pirn_executor_try_submit(f.executor, count_task, &f.arg, count_free, NULL) == PIRN_OK);
    empty(&f, 4);
}

TEST(submit_timeout)
{
    full_t f;
    counted_t kept = {0, 0};
    pirn_future_t *future = UNTOUCHED;
    fill(&f, 2);
    CHECK_STATUS(pirn_executor_submit_timeout(f.executor, count_task, &kept, count_free, 0.0, &future), PIRN_TIMED_OUT);
    CHECK_STATUS(pirn_executor_submit_timeout(f.executor, count_task, &kept, count_free, 0.02, NULL), PIRN_TIMED_OUT);
    CHECK_COUNTED(&kept, 0, 0);
    CHECK(future == UNTOUCHED);
    CHECK_REFUSED(pirn_executor_submit_timeout(f.executor, count_task, &kept, count_free, -2.0, NULL),
                  PIRN_ERR_INVALID_ARGUMENT, &kept);
    CHECK_REFUSED(pirn_executor_submit_timeout(f.executor, count_task, &kept, count_free, 1e10, NULL),
                  PIRN_ERR_OVERFLOW, &kept);
    gate_open(&f.gate);
    CHECK_OK(pirn_executor_submit_timeout(f.executor, count_task, &f.arg, count_free, PIRN_FOREVER, &future));
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_free(future));
    empty(&f, 3);
}

/* Calls that wait for room. */

static pirn_status_t make_submit(call_t *c)
{
    full_t *f = c->object;
    return pirn_executor_submit(f->executor, count_task, &f->arg, count_free, NULL);
}

static pirn_status_t make_submit_timeout(call_t *c)
{
    full_t *f = c->object;
    return pirn_executor_submit_timeout(f->executor, count_task, &f->arg, count_free, 1e6, NULL);
}

static pirn_status_t make_submit_many(call_t *c)
{
    full_t *f = c->object;
    void *args[] = {&f->arg, &f->arg, &f->arg, &f->arg, &f->arg};
    return pirn_executor_submit_many(f->executor, count_task, args, LENGTH(args), count_free, NULL);
}

static pirn_status_t make_map(call_t *c)
{
    full_t *f = c->object;
    void *args[] = {&f->arg, &f->arg, &f->arg};
    pirn_map_t *map;
    pirn_status_t status =
        pirn_executor_map(f->executor, count_task, args, LENGTH(args), count_free, 1, PIRN_FOREVER, &map);
    if (status == PIRN_OK)
        CHECK_OK(pirn_map_free(map));
    return status;
}

static pirn_status_t make_submit_priority(call_t *c)
{
    full_t *f = c->object;
    return pirn_executor_submit_priority(f->executor, count_task, &f->arg, count_free, 5, NULL);
}

static const struct {
    pirn_status_t (*make)(call_t *);
    int tasks;
} blocking[] = {
    {make_submit, 1}, {make_submit_timeout, 1}, {make_submit_many, 5}, {make_map, 3}, {make_submit_priority, 1}};

TEST(submits_wait_for_room)
{
    for (size_t i = 0; i < LENGTH(blocking); i++)
        for (int breed = 0; breed < BREEDS; breed++) {
            full_t f;
            call_t call = {.make = blocking[i].make, .object = &f};
            fill(&f, 2);
            call_begin_blocked(&call, (breed_t)breed);
            check_queued(f.executor, 2);
            gate_open(&f.gate);
            CHECK_OK(call_end(&call));
            empty(&f, 2 + blocking[i].tasks);
        }
}

/* A task that is cancelled makes room. */
TEST(cancelling_makes_room)
{
    full_t f;
    call_t call = {.make = make_submit, .object = &f};
    pirn_future_t *future;
    bool cancelled;
    memset(&f, 0, sizeof f);
    f.executor = new_executor(1);
    CHECK_OK(pirn_executor_set_max_pending(f.executor, 2));
    CHECK_OK(pirn_future_free(submit_gate(f.executor, &f.gate)));
    CHECK_OK(pirn_executor_submit(f.executor, count_task, &f.arg, count_free, NULL));
    CHECK_OK(pirn_executor_submit(f.executor, count_task, &f.arg, count_free, &future));
    call_begin_blocked(&call, PIRN_THREAD);
    CHECK_OK(pirn_future_cancel(future, &cancelled));
    CHECK(cancelled);
    CHECK_OK(call_end(&call));
    check_queued(f.executor, 2);
    CHECK_OK(pirn_future_free(future));
    gate_open(&f.gate);
    CHECK_OK(pirn_executor_free(f.executor));
    CHECK_COUNTED(&f.arg, 2, 3);
}

TEST(a_setting_from_before)
{
    full_t f;
    fill(&f, 2);
    CHECK_STATUS(pirn_executor_set_max_pending(f.executor, 3), PIRN_ERR_ALREADY_STARTED);
    CHECK_EQ(max_pending(f.executor), 2);
    empty(&f, 2);
}

/* Served in the order in which they came, and not overtaken. */

typedef struct {
    counted_t counted;
    int order;
} place_t;

typedef struct {
    pirn_executor_t *executor;
    place_t *place;
} queuer_t;

static int order;

static int32_t note_order(void *arg, void **result)
{
    *result = NULL;
    ((place_t *)arg)->order = ADD(order, 1);
    return 0;
}

static pirn_status_t make_queuer(call_t *c)
{
    queuer_t *q = c->object;
    return pirn_executor_submit(q->executor, note_order, q->place, NULL, NULL);
}

TEST(served_in_turn)
{
    full_t f;
    place_t places[5] = {{{0, 0}, 0}};
    queuer_t queuers[5];
    call_t calls[5];
    fill(&f, 1);
    for (int i = 0; i < 5; i++) {
        queuers[i] = (queuer_t){f.executor, &places[i]};
        calls[i] = (call_t){.make = make_queuer, .object = &queuers[i]};
        call_begin_blocked(&calls[i], PIRN_THREAD);
    }
    gate_open(&f.gate);
    for (int i = 0; i < 5; i++)
        CHECK_OK(call_end(&calls[i]));
    empty(&f, 1);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(places[i].order, i + 1);
}

TEST(shutdown_ends_the_wait)
{
    for (size_t i = 0; i < LENGTH(blocking); i++) {
        full_t f;
        call_t call = {.make = blocking[i].make, .object = &f};
        fill(&f, 2);
        call_begin_blocked(&call, PIRN_THREAD);
        CHECK_OK(pirn_executor_shutdown(f.executor, false, false));
        CHECK_STATUS(call_end(&call), PIRN_ERR_SHUT_DOWN);
        CHECK_COUNTED(&f.arg, 0, blocking[i].tasks);
        gate_open(&f.gate);
        CHECK_OK(pirn_executor_shutdown(f.executor, true, false));
        CHECK_OK(pirn_executor_free(f.executor));
        CHECK_COUNTED(&f.arg, 2, 2 + blocking[i].tasks);
    }
}

/* Who submits from a task is not held back: it might wait for itself. */

static int32_t submit_inside(void *arg, void **result)
{
    full_t *f = arg;
    counted_t kept = {0, 0};
    *result = NULL;
    CHECK_OK(pirn_executor_try_submit(f->executor, count_task, &f->arg, count_free, NULL));
    CHECK_STATUS(pirn_executor_try_submit(f->executor, count_task, &kept, count_free, NULL), PIRN_WOULD_BLOCK);
    CHECK_COUNTED(&kept, 0, 0);
    for (int i = 0; i < 10; i++)
        CHECK_OK(pirn_executor_submit(f->executor, count_task, &f->arg, count_free, NULL));
    CHECK_OK(pirn_executor_submit_timeout(f->executor, count_task, &f->arg, count_free, 0, NULL));
    check_queued(f->executor, 12);
    return 0;
}

TEST(tasks_are_not_held_back)
{
    full_t f = {.executor = new_executor(1)};
    pirn_future_t *future;
    CHECK_OK(pirn_executor_set_max_pending(f.executor, 1));
    future = submit(f.executor, submit_inside, &f);
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(f.executor));
    CHECK_COUNTED(&f.arg, 12, 12);
}

/* A parallel for does not wait for room to ask for help. */

static int32_t count_range(size_t begin, size_t end, void *arg)
{
    ADD(((counted_t *)arg)->runs, (int)(end - begin));
    return 0;
}

TEST(for_range_does_not_wait_for_room)
{
    full_t f;
    counted_t numbers = {0, 0};
    fill(&f, 1);
    CHECK_OK(pirn_executor_for_range(f.executor, 0, 100, 1, count_range, &numbers));
    CHECK_EQ(numbers.runs, 100);
    empty(&f, 1);
}

/* Many submitters, few places. */

enum { SUBMITTERS = 8, EACH = 2000, BOUND = 16, WORKERS = 3 };

typedef struct flood {
    pirn_executor_t *executor;
    int submitted, started;
    bool too_many;
} flood_t;

/* Each worker may have a task that has left the queue, and is not counted yet. */
static int32_t look_at_backlog(void *arg, void **result)
{
    flood_t *flood = arg;
    int submitted = LOAD(flood->submitted);
    *result = NULL;
    if (submitted - LOAD(flood->started) > BOUND + WORKERS)
        STORE(flood->too_many, true);
    ADD(flood->started, 1);
    return 0;
}

static void submit_many_times(void *arg)
{
    flood_t *flood = *(flood_t **)arg;
    for (int i = 0; i < EACH; i++) {
        CHECK_OK(pirn_executor_submit(flood->executor, look_at_backlog, flood, NULL, NULL));
        ADD(flood->submitted, 1);
    }
}

TEST(the_bound_holds)
{
    flood_t flood = {.executor = new_executor(WORKERS)}, *all[SUBMITTERS];
    CHECK_OK(pirn_executor_set_max_pending(flood.executor, BOUND));
    for (int i = 0; i < SUBMITTERS; i++)
        all[i] = &flood;
    run_on_all(SUBMITTERS, submit_many_times, all, sizeof *all);
    CHECK_OK(pirn_executor_free(flood.executor));
    CHECK_EQ(flood.started, SUBMITTERS * EACH);
    CHECK(!flood.too_many);
}

/* A hook that forks while a submit waits for room: the parent gets it, and the child's executor starts with room for all. */
typedef struct forking_submit {
    full_t full;
    int32_t fork_at;
    uint64_t submitter;
    pid_t child;
} forking_submit_t;

static void fork_in_the_wait(const pirn_trace_event_t *event, void *arg)
{
    forking_submit_t *f = arg;
    if (f->submitter != pirn_get_ident())
        return;
    if (event->kind == f->fork_at && f->child == -1)
        f->child = fork_for_test();
    if (event->kind == PIRN_TRACE_WAIT_BEGIN && f->child != 0)
        gate_open(&f->full.gate);
}

static void check_room_for_one(pirn_executor_t *executor)
{
    gate_t gate;
    counted_t arg = {0, 0};
    CHECK_OK(pirn_future_free(submit_gate(executor, &gate)));
    check_queued(executor, 0);
    CHECK_OK(pirn_executor_try_submit(executor, count_task, &arg, count_free, NULL));
    CHECK_STATUS(pirn_executor_try_submit(executor, count_task, &arg, count_free, NULL), PIRN_WOULD_BLOCK);
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_COUNTED(&arg, 1, 1);
}

static void submit_and_fork_at(int32_t fork_at)
{
    forking_submit_t f = {.fork_at = fork_at, .submitter = pirn_get_ident(), .child = -1};
    counted_t arg = {0, 0};
    pirn_future_t *future;
    fill(&f.full, 1);
    CHECK_OK(pirn_settrace_all_threads(fork_in_the_wait, &f, NULL));
    CHECK_OK(pirn_executor_submit(f.full.executor, count_task, &arg, NULL, &future));
    CHECK_OK(pirn_settrace_all_threads(NULL, NULL, NULL));
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_EQ(arg.runs, 1);
    check_room_for_one(f.full.executor);
    if (f.child == 0)
        _exit(0);
    int status;
    CHECK_EQ(waitpid(f.child, &status, 0), f.child);
    CHECK_EQ(status, 0);
}

TEST(a_hook_forks_before_a_submit_waits)
{
    skip_if_children_cannot_live();
    submit_and_fork_at(PIRN_TRACE_WAIT_BEGIN);
}

TEST(a_hook_forks_after_a_submit_has_waited)
{
    skip_if_children_cannot_live();
    submit_and_fork_at(PIRN_TRACE_WAIT_END);
}

/* A hook that forks when a task is told of, before it is queued: what is submitted then is the child's, too. */
typedef struct forking_hook {
    pirn_executor_t *executor;
    pid_t child;
    gate_t gate;
} forking_hook_t;

static void fork_at_a_submit(const pirn_trace_event_t *event, void *arg)
{
    forking_hook_t *f = arg;
    if (event->kind != PIRN_TRACE_TASK_SUBMIT || f->child != -1)
        return;
    f->child = fork_for_test();
    if (f->child == 0)
        CHECK_OK(pirn_future_free(submit_gate(f->executor, &f->gate)));
}

static void hook_forks(forking_hook_t *f, int64_t workers)
{
    *f = (forking_hook_t){.executor = new_executor(workers), .child = -1};
    CHECK_OK(pirn_executor_set_max_pending(f->executor, 1));
    CHECK_OK(pirn_settrace_all_threads(fork_at_a_submit, f, NULL));
}

static void end_both(forking_hook_t *f)
{
    CHECK_OK(pirn_executor_free(f->executor));
    if (f->child == 0)
        _exit(0);
    int status;
    CHECK_EQ(waitpid(f->child, &status, 0), f->child);
    CHECK_EQ(status, 0);
}

TEST(a_hook_forks_before_a_task_is_queued)
{
    forking_hook_t f;
    counted_t arg = {0, 0};
    hook_forks(&f, 1);
    CHECK_OK(pirn_executor_submit(f.executor, count_task, &arg, NULL, NULL));
    CHECK_OK(pirn_settrace_all_threads(NULL, NULL, NULL));
    if (f.child == 0) { /* the gate's task runs, and that one takes the room */
        check_queued(f.executor, 1);
        CHECK_STATUS(pirn_executor_try_submit(f.executor, count_task, &arg, NULL, NULL), PIRN_WOULD_BLOCK);
        gate_open(&f.gate);
    }
    end_both(&f);
    CHECK_EQ(arg.runs, 1);
}

TEST(a_hook_forks_before_a_map_is_queued)
{
    enum { ITEMS = 3 };
    forking_hook_t f;
    counted_t items[ITEMS] = {{0, 0}};
    void *pointers[ITEMS] = {&items[0], &items[1], &items[2]}, *result;
    pirn_map_t *map;
    hook_forks(&f, 1);
    CHECK_OK(pirn_executor_map(f.executor, count_task, pointers, ITEMS, count_free, 1, PIRN_FOREVER, &map));
    CHECK_OK(pirn_settrace_all_threads(NULL, NULL, NULL));
    if (f.child == 0)
        gate_open(&f.gate);
    for (int i = 0; i < ITEMS; i++)
        CHECK_OK(pirn_map_next(map, &result));
    CHECK_STATUS(pirn_map_next(map, &result), PIRN_END);
    CHECK_OK(pirn_map_free(map));
    for (int i = 0; i < ITEMS; i++)
        CHECK_COUNTED(&items[i], 1, 1);
    end_both(&f);
}
