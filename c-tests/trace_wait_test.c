/* What a trace hook is told of waits: each call that blocks, the object that it names, and its status. */
#include "trace_waits.h"

typedef struct run {
    const waiting_t *w;
    double seconds;
    uint64_t object, thread;
    pirn_status_t status;
} run_t;

static int32_t run_target(void *arg)
{
    run_t *r = arg;
    r->thread = pirn_get_ident();
    r->status = r->w->call(r->seconds);
    return 0;
}

static int events_of(const run_t *r, int32_t kind)
{
    int n = 0;
    for (int i = 0; nth_event(i, kind, 0); i++)
        n += nth_event(i, kind, 0)->thread == r->thread;
    return n;
}

static void check_pair(const run_t *r, pirn_status_t status)
{
    CHECK_STATUS(r->status, status);
    CHECK_EQ(events_of(r, PIRN_TRACE_WAIT_BEGIN), 1);
    CHECK_EQ(events_of(r, PIRN_TRACE_WAIT_END), 1);
    const pirn_trace_event_t *begin = only_event(PIRN_TRACE_WAIT_BEGIN, r->object);
    const pirn_trace_event_t *end = only_event(PIRN_TRACE_WAIT_END, r->object);
    CHECK_EQ(begin->thread, r->thread);
    CHECK_EQ(end->thread, r->thread);
    CHECK_EQ(begin->object_kind, r->w->kind);
    CHECK_EQ(end->object_kind, r->w->kind);
    CHECK_EQ(begin->code, 0);
    CHECK_STATUS(end->code, status);
    CHECK_EQ(end->time_ns - end->duration_ns, begin->time_ns);
}

TEST(a_wait_is_told_of_while_it_lasts_and_when_it_is_over)
{
    for (size_t i = 0; i < LENGTH(waits); i++) {
        run_t r = {.w = &waits[i], .seconds = PIRN_FOREVER};
        fprintf(stderr, "%s\n", r.w->name);
        r.w->make();
        r.object = id_of(object);
        trace_new_threads();
        pirn_thread_t *t = start_thread(run_target, &r);
        AWAIT(count_events(PIRN_TRACE_WAIT_BEGIN, r.object) == 1);
        CHECK_EQ(count_events(PIRN_TRACE_WAIT_END, r.object), 0);
        await_sleeping(native_id_of(t));
        r.w->wake();
        join_and_free(t);
        check_pair(&r, r.w->status);
    }
}

TEST(a_wait_that_times_out_says_so)
{
    for (size_t i = 0; i < LENGTH(waits); i++) {
        run_t r = {.w = &waits[i], .seconds = 0.001};
        if (r.w->timed_out == PIRN_OK)
            continue;
        fprintf(stderr, "%s\n", r.w->name);
        /* On a busy machine a limit may pass before there is anything to wait for: then with another one. */
        for (; events_of(&r, PIRN_TRACE_WAIT_END) == 0; r.seconds *= 2) {
            r.w->make();
            r.object = id_of(object);
            trace_new_threads();
            join_and_free(start_thread(run_target, &r));
            CHECK_STATUS(r.status, r.w->timed_out);
        }
        check_pair(&r, r.w->timed_out);
    }
    open_gate();
}

/* A limit of 0 is a poll. (A barrier's breaks the barrier.) */
TEST(a_poll_is_no_wait)
{
    for (size_t i = 0; i < LENGTH(waits); i++) {
        run_t r = {.w = &waits[i], .seconds = 0};
        if (r.w->timed_out != PIRN_TIMED_OUT)
            continue;
        r.w->make();
        trace_new_threads();
        join_and_free(start_thread(run_target, &r));
        trace_none();
        CHECK_STATUS(r.status, PIRN_TIMED_OUT);
    }
    CHECK_EQ(count_events(PIRN_TRACE_WAIT_BEGIN, 0), 0);
    CHECK_EQ(count_events(PIRN_TRACE_WAIT_END, 0), 0);
    open_gate();
}

static int32_t go_on_at_once(void *unused)
{
    (void)unused;
    int32_t code;
    void *item;
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_OK(pirn_lock_release(lock));
    CHECK_STATUS(pirn_lock_release(lock), PIRN_ERR_NOT_LOCKED);
    CHECK_OK(pirn_rlock_acquire_timeout(rlock, 1));
    CHECK_OK(pirn_rlock_acquire(rlock));
    CHECK_OK(pirn_semaphore_acquire(semaphore));
    CHECK_OK(pirn_event_wait(event));
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_OK(pirn_condition_wait_for(condition, predicate, NULL));
    CHECK_OK(pirn_condition_release(condition));
    CHECK_STATUS(pirn_condition_wait(condition), PIRN_ERR_NOT_OWNER);
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_queue_put(queue, NULL));
    CHECK_OK(pirn_queue_get(queue, &item));
    CHECK_OK(pirn_queue_task_done(queue));
    CHECK_OK(pirn_queue_join(queue));
    CHECK_OK(pirn_future_result(futures[0], NULL));
    CHECK_OK(pirn_future_exception(futures[0], &code, NULL, 0, NULL));
    CHECK_OK(pirn_wait(futures, 2, PIRN_FIRST_COMPLETED, PIRN_FOREVER, NULL, NULL));
    CHECK_OK(call_next(PIRN_FOREVER));
    return 0;
}

TEST(what_goes_on_at_once_is_no_wait)
{
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_rlock_new(&rlock));
    CHECK_OK(pirn_condition_new(&condition));
    CHECK_OK(pirn_semaphore_new(1, &semaphore));
    make_event();
    wake_event();
    CHECK_OK(pirn_barrier_new(1, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    STORE(predicate_holds, true);
    make_thread();
    open_gate();
    CHECK_OK(pirn_thread_join(thread));
    make_queue();
    make_futures();
    finish_futures();
    trace_new_threads();
    join_and_free(start_thread(go_on_at_once, NULL));
    CHECK_EQ(count_events(PIRN_TRACE_WAIT_BEGIN, 0), 0);
    CHECK_EQ(count_events(PIRN_TRACE_WAIT_END, 0), 0);
}

/* The calling thread of a parallel for has nothing left to do while another one is in a call. */

static uint64_t calling;
static bool is_helped;

static int32_t leave_it_to_the_helper(size_t begin, size_t end, void *unused)
{
    (void)begin;
    (void)end;
    (void)unused;
    if (pirn_get_ident() == calling) {
        AWAIT(LOAD(is_helped));
        return 0;
    }
    STORE(is_helped, true);
    return gate_target(gate);
}

static pirn_status_t call_for_range(double seconds)
{
    (void)seconds;
    calling = pirn_get_ident();
    return pirn_executor_for_range(executor, 0, 2, 1, leave_it_to_the_helper, NULL);
}

TEST(a_parallel_for_waits_for_its_last_calls)
{
    static const waiting_t range = {"for_range", PIRN_KIND_EXECUTOR, NULL, call_for_range, open_gate, PIRN_OK, PIRN_OK};
    run_t r = {.w = &range, .seconds = PIRN_FOREVER};
    if (processors() < 2) /* then the calling thread makes all calls */
        return;
    executor = new_executor(2);
    object = executor;
    make_gate();
    r.object = id_of(object);
    trace_new_threads();
    pirn_thread_t *t = start_thread(run_target, &r);
    AWAIT(count_events(PIRN_TRACE_WAIT_BEGIN, r.object) == 1);
    CHECK_EQ(count_events(PIRN_TRACE_WAIT_END, r.object), 0);
    open_gate();
    join_and_free(t);
    check_pair(&r, PIRN_OK);
    CHECK_OK(pirn_executor_free(executor));
}

/* The notifier holds on to the lock, so that the woken waiter has to wait for that, too. */
TEST(taking_the_lock_again_is_part_of_a_conditions_wait)
{
    run_t r = {.w = &waits[2], .seconds = PIRN_FOREVER};
    make_condition();
    r.object = id_of(object);
    trace_new_threads();
    pirn_thread_t *t = start_thread(run_target, &r);
    AWAIT(count_events(PIRN_TRACE_WAIT_BEGIN, r.object) == 1);
    uint64_t native_id = native_id_of(t);
    await_sleeping(native_id);
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_OK(pirn_condition_notify(condition, 1));
    await_sleeping(native_id);
    CHECK_EQ(count_events(PIRN_TRACE_WAIT_END, 0), 0);
    CHECK_OK(pirn_condition_release(condition));
    join_and_free(t);
    check_pair(&r, PIRN_OK);
}

/* With another hook since, or none, the end is told to nobody. */
TEST(the_end_goes_to_who_has_seen_the_beginning)
{
    static record_t later;
    for (int others = 0; others < 2; others++) {
        counted_t before = record.counted;
        run_t r = {.w = &waits[6], .seconds = PIRN_FOREVER};
        make_event();
        r.object = id_of(object);
        trace_new_threads();
        pirn_thread_t *t = start_thread(run_target, &r);
        AWAIT(count_events(PIRN_TRACE_WAIT_BEGIN, r.object) == 1);
        if (others)
            CHECK_OK(pirn_settrace_all_threads(write_down, &later, count_free));
        else
            trace_none();
        AWAIT(LOAD(record.counted.frees) == before.frees + 1); /* when the call for the beginning has ended */
        wake_event();
        join_and_free(t);
        CHECK_EQ(count_events(PIRN_TRACE_WAIT_END, r.object), 0);
        int ends = 0;
        for (int i = 0; i < LOAD(later.counted.runs); i++) {
            CHECK(later.events[i].object != r.object);
            ends += later.events[i].kind == PIRN_TRACE_THREAD_END;
        }
        /* A thread's end does not have to have been seen to begin. */
        CHECK_EQ(ends, others);
        trace_none();
    }
}

static pirn_future_t *inner;

static int32_t wait_for_inner(void *unused, void **result)
{
    (void)unused;
    (void)result;
    inner = submit(executor, do_nothing, NULL);
    CHECK_OK(pirn_future_result(inner, NULL));
    return 0;
}

TEST(a_task_run_inside_a_wait_is_no_wait)
{
    executor = new_executor(1);
    trace_new_threads();
    pirn_future_t *outer = submit(executor, wait_for_inner, NULL);
    CHECK_OK(pirn_future_result(outer, NULL));
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    CHECK_EQ(count_events(PIRN_TRACE_WAIT_BEGIN, 0), 0);
    const pirn_trace_event_t *outer_start = only_event(PIRN_TRACE_TASK_START, id_of(outer));
    const pirn_trace_event_t *inner_start = only_event(PIRN_TRACE_TASK_START, id_of(inner));
    const pirn_trace_event_t *inner_end = only_event(PIRN_TRACE_TASK_END, id_of(inner));
    const pirn_trace_event_t *outer_end = only_event(PIRN_TRACE_TASK_END, id_of(outer));
    CHECK(outer_start < inner_start && inner_start < inner_end && inner_end < outer_end);
}
