/* How executors end: shutdown with and without waiting or cancelling, free; and when threads are refused. */
#include "blocking.h"

enum { QUEUED = 4 };

typedef struct scene {
    pirn_executor_t *executor;
    gate_t gate;
    pirn_future_t *running, *queued[QUEUED];
    counted_t args[QUEUED], called_back;
} scene_t;

static void count_callback(pirn_future_t *future, void *arg)
{
    (void)future;
    count_run(arg);
}

/* One worker, held at a gate, with work behind it. */
static void make_scene(scene_t *s)
{
    *s = (scene_t){.executor = new_executor(1)};
    s->running = submit_gate(s->executor, &s->gate);
    for (int i = 0; i < QUEUED; i++) {
        CHECK_OK(pirn_executor_submit(s->executor, count_task, &s->args[i], count_free, &s->queued[i]));
        CHECK_OK(pirn_future_add_done_callback(s->queued[i], count_callback, &s->called_back, count_free));
    }
}

static bool is_shut_down(pirn_executor_t *executor)
{
    bool out;
    CHECK_OK(pirn_executor_is_shut_down(executor, &out));
    return out;
}

static void check_refuses_work(pirn_executor_t *executor)
{
    counted_t arg = {0};
    void *item = &arg;
    pirn_future_t *future = UNTOUCHED;
    pirn_map_t *map = UNTOUCHED;
    CHECK(is_shut_down(executor));
    CHECK_REFUSED(pirn_executor_submit(executor, count_task, &arg, count_free, &future), PIRN_ERR_SHUT_DOWN,
                  &arg);
    CHECK_REFUSED(pirn_executor_submit(executor, count_task, &arg, count_free, NULL), PIRN_ERR_SHUT_DOWN,
                  &arg);
    CHECK_REFUSED(pirn_executor_map(executor, count_task, &item, 1, count_free, 1, PIRN_FOREVER, &map),
                  PIRN_ERR_SHUT_DOWN, &arg);
    CHECK(future == UNTOUCHED && map == UNTOUCHED);
}

static void end_scene(scene_t *s, bool were_cancelled)
{
    void *out;
    CHECK_OK(pirn_future_result(s->running, &out));
    CHECK(out == &s->gate);
    for (int i = 0; i < QUEUED; i++) {
        CHECK_STATUS(pirn_future_result(s->queued[i], &out), were_cancelled ? PIRN_ERR_CANCELLED : PIRN_OK);
        AWAIT(LOAD(s->args[i].frees));
        CHECK_COUNTED(&s->args[i], were_cancelled ? 0 : 1, 1);
        CHECK_OK(pirn_future_free(s->queued[i]));
    }
    AWAIT(LOAD(s->called_back.frees) == QUEUED);
    CHECK_COUNTED(&s->called_back, QUEUED, QUEUED);
    CHECK_OK(pirn_future_free(s->running));
}

TEST(without_waiting_the_queued_work_still_runs)
{
    scene_t s;
    make_scene(&s);
    CHECK(!is_shut_down(s.executor));
    for (int i = 0; i < 2; i++)
        CHECK_OK(pirn_executor_shutdown(s.executor, false, false));
    check_refuses_work(s.executor);
    CHECK_EQ(LOAD(s.args[0].runs), 0);
    gate_open(&s.gate);
    end_scene(&s, false);
    CHECK_OK(pirn_executor_shutdown(s.executor, true, false));
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_executor_free(s.executor));
}

TEST(without_waiting_but_cancelling)
{
    scene_t s;
    make_scene(&s);
    CHECK_OK(pirn_executor_shutdown(s.executor, false, true));
    check_refuses_work(s.executor);
    for (int i = 0; i < QUEUED; i++) {
        int32_t state = -1;
        CHECK_OK(pirn_future_state(s.queued[i], &state));
        CHECK_EQ(state, PIRN_FUTURE_CANCELLED_AND_NOTIFIED);
    }
    CHECK_EQ(LOAD(s.called_back.runs), QUEUED);
    gate_open(&s.gate); /* what had started goes on */
    end_scene(&s, true);
    CHECK_OK(pirn_executor_free(s.executor));
}

typedef struct ending {
    call_t call;
    bool cancel;
} ending_t;

static pirn_status_t make_shutdown(call_t *call)
{
    return pirn_executor_shutdown(call->object, true, ((ending_t *)call)->cancel);
}

static pirn_status_t make_free(call_t *call) { return pirn_executor_free(call->object); }

static void check_waits_for_the_running(pirn_status_t (*make)(call_t *), bool cancel)
{
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        scene_t s;
        make_scene(&s);
        ending_t ending = {.call = {.make = make, .object = s.executor}, .cancel = cancel};
        call_begin_blocked(&ending.call, breed);
        CHECK(!LOAD(ending.call.returned));
        CHECK_EQ(LOAD(s.called_back.runs), cancel ? QUEUED : 0);
        gate_open(&s.gate);
        CHECK_OK(call_end(&ending.call));
        for (int i = 0; i < QUEUED; i++)
            CHECK_EQ(LOAD(s.args[i].runs), cancel ? 0 : 1); /* over by the time it returns */
        CHECK_EQ(pirn_active_count(), 1);
        end_scene(&s, cancel);
        if (make == make_shutdown) {
            check_refuses_work(s.executor);
            CHECK_OK(pirn_executor_shutdown(s.executor, true, !cancel));
            CHECK_OK(pirn_executor_free(s.executor));
        }
        CHECK_STATUS(pirn_executor_shutdown(s.executor, true, false), PIRN_ERR_INVALID_HANDLE);
    }
}

TEST(waiting_for_all_the_work)
{
    check_waits_for_the_running(make_shutdown, false);
}

TEST(waiting_and_cancelling)
{
    check_waits_for_the_running(make_shutdown, true);
}

TEST(free_waits_for_all_the_work)
{
    check_waits_for_the_running(make_free, false);
}

TEST(several_wait_at_once)
{
    enum { WAITERS = 4 };
    scene_t s;
    ending_t endings[WAITERS];
    make_scene(&s);
    for (int i = 0; i < WAITERS; i++) {
        endings[i] = (ending_t){.call = {.make = make_shutdown, .object = s.executor}};
        call_begin_blocked(&endings[i].call, (breed_t)(i % BREEDS));
    }
    gate_open(&s.gate);
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(call_end(&endings[i].call));
    end_scene(&s, false);
    CHECK_OK(pirn_executor_free(s.executor));
}

TEST(free_after_a_shutdown_without_waiting_returns_at_once)
{
    scene_t s;
    make_scene(&s);
    CHECK_OK(pirn_executor_shutdown(s.executor, false, false));
    CHECK_OK(pirn_executor_free(s.executor)); /* the gate is still closed */
    CHECK_STATUS(pirn_executor_free(s.executor), PIRN_ERR_INVALID_HANDLE);
    CHECK_EQ(LOAD(s.args[0].runs), 0);
    gate_open(&s.gate);
    end_scene(&s, false);
}

TEST(unused_it_ends_without_ado)
{
    pirn_executor_t *executor = new_executor(4);
    CHECK_OK(pirn_executor_shutdown(executor, true, true));
    check_refuses_work(executor);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_OK(pirn_executor_free(new_executor(0)));
    CHECK_EQ(pirn_active_count(), 1);
}

static pirn_status_t make_result(call_t *c) { return pirn_future_result(c->object, NULL); }

static pirn_status_t make_wait(call_t *c)
{
    return pirn_wait(c->object, QUEUED, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL);
}

static pirn_status_t make_iteration(call_t *c)
{
    size_t index;
    for (int i = 0; i < QUEUED; i++)
        CHECK_OK(pirn_as_completed_next(c->object, &index));
    return pirn_as_completed_next(c->object, &index);
}

TEST(cancelling_is_seen_by_all_who_wait)
{
    scene_t s;
    pirn_as_completed_t *iterator;
    make_scene(&s);
    CHECK_OK(pirn_as_completed(s.queued, QUEUED, PIRN_FOREVER, &iterator));
    call_t result = {.make = make_result, .object = s.queued[1]};
    call_t wait = {.make = make_wait, .object = s.queued};
    call_t iteration = {.make = make_iteration, .object = iterator};
    call_begin_blocked(&result, FOREIGN);
    call_begin_blocked(&wait, FOREIGN);
    call_begin_blocked(&iteration, PIRN_THREAD);
    CHECK_OK(pirn_executor_shutdown(s.executor, false, true));
    CHECK_STATUS(call_end(&result), PIRN_ERR_CANCELLED);
    CHECK_OK(call_end(&wait));
    CHECK_STATUS(call_end(&iteration), PIRN_END);
    CHECK_OK(pirn_as_completed_free(iterator));
    gate_open(&s.gate);
    end_scene(&s, true);
    CHECK_OK(pirn_executor_free(s.executor));
}

/* From its own worker. */

static int32_t end_own_executor(void *arg, void **result)
{
    scene_t *s = arg;
    bool shut_down = true;
    (void)result;
    CHECK_STATUS(pirn_executor_free(s->executor), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_executor_shutdown(s->executor, true, false), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_executor_shutdown(s->executor, true, true), PIRN_ERR_DEADLOCK);
    CHECK_OK(pirn_executor_is_shut_down(s->executor, &shut_down));
    CHECK(!shut_down);
    CHECK_OK(pirn_executor_submit(s->executor, count_task, &s->args[0], count_free, &s->queued[0]));
    CHECK_OK(pirn_executor_shutdown(s->executor, false, false));
    CHECK_OK(pirn_executor_free(s->executor));
    CHECK_STATUS(pirn_executor_free(s->executor), PIRN_ERR_INVALID_HANDLE);
    return 0;
}

TEST(its_own_worker_cannot_wait_for_its_end)
{
    scene_t s = {.executor = new_executor(1)};
    pirn_future_t *future = submit(s.executor, end_own_executor, &s);
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_result(s.queued[0], NULL));
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_future_free(s.queued[0]));
    AWAIT(LOAD(s.args[0].frees) == 1);
    AWAIT(pirn_active_count() == 1);
}

/* Not only in a task: in whatever a worker runs. */

static int refusals;

static void check_cannot_wait_here(pirn_executor_t *executor)
{
    bool shut_down = true;
    CHECK_STATUS(pirn_executor_shutdown(executor, true, true), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_executor_free(executor), PIRN_ERR_DEADLOCK);
    CHECK_OK(pirn_executor_is_shut_down(executor, &shut_down));
    CHECK(!shut_down);
    ADD(refusals, 1);
}

static int32_t end_in_initializer(void *executor)
{
    check_cannot_wait_here(executor);
    return 0;
}

static void end_in_callback(pirn_future_t *future, void *executor)
{
    (void)future;
    check_cannot_wait_here(executor);
}

static void end_in_free(void *executor)
{
    check_cannot_wait_here(executor);
}

TEST(nor_can_the_callbacks_that_its_workers_run)
{
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_set_initializer(executor, end_in_initializer, executor, NULL));
    pirn_future_t *future = submit_gate(executor, &gate);
    CHECK_EQ(LOAD(refusals), 1);
    CHECK_OK(pirn_future_add_done_callback(future, end_in_callback, executor, end_in_free));
    CHECK_OK(pirn_executor_submit(executor, do_nothing, executor, end_in_free, NULL));
    gate_open(&gate);
    AWAIT(LOAD(refusals) == 4);
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(executor));
}

static int32_t end_other_executor(void *other, void **result)
{
    (void)result;
    CHECK_OK(pirn_executor_shutdown(other, true, false));
    CHECK_OK(pirn_executor_free(other));
    return 0;
}

TEST(another_s_worker_can)
{
    counted_t arg = {0};
    pirn_executor_t *executor = new_executor(1), *other = new_executor(1);
    CHECK_OK(pirn_executor_submit(other, count_task, &arg, count_free, NULL));
    CHECK_OK(pirn_future_result(submit(executor, end_other_executor, other), NULL));
    CHECK_COUNTED(&arg, 1, 1);
    CHECK_OK(pirn_executor_free(executor));
}

/* Submits that race with the end either run or are refused. */

typedef struct racer {
    pirn_executor_t *executor;
    counted_t arg;
    int accepted, refused;
} racer_t;

static void submit_until_refused(void *arg)
{
    racer_t *racer = arg;
    while (racer->refused < 3) {
        pirn_status_t status =
            pirn_executor_submit(racer->executor, count_task, &racer->arg, count_free, NULL);
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_SHUT_DOWN));
        ADD(*(status == PIRN_OK ? &racer->accepted : &racer->refused), 1);
        sched_yield();
    }
}

TEST(submits_race_with_the_shutdown)
{
    enum { THREADS = 3, ROUNDS = 100 };
    for (int round = 0; round < ROUNDS; round++) {
        racer_t racers[THREADS];
        runner_t runners[THREADS];
        pirn_executor_t *executor = new_executor(2);
        for (int i = 0; i < THREADS; i++) {
            racers[i] = (racer_t){.executor = executor};
            runner_start(&runners[i], (breed_t)(i % BREEDS), submit_until_refused, &racers[i]);
        }
        AWAIT(LOAD(racers[0].accepted) > round % 8);
        CHECK_OK(pirn_executor_shutdown(executor, true, false));
        for (int i = 0; i < THREADS; i++) {
            runner_join(&runners[i]);
            CHECK_COUNTED(&racers[i].arg, racers[i].accepted, racers[i].accepted + racers[i].refused);
        }
        CHECK_OK(pirn_executor_free(executor));
    }
}

/* A system that refuses threads. */

TEST(without_any_worker_a_submit_is_refused)
{
    counted_t arg = {0};
    pirn_future_t *future = UNTOUCHED;
    pirn_executor_t *executor = new_executor(2);
    struct rlimit before = forbid_threads();
    for (int i = 0; i < 3; i++) {
        CHECK_REFUSED(pirn_executor_submit(executor, count_task, &arg, count_free, &future),
                      PIRN_ERR_NO_THREAD, &arg);
        CHECK_REFUSED(pirn_executor_submit(executor, count_task, &arg, count_free, NULL), PIRN_ERR_NO_THREAD,
                      &arg);
    }
    CHECK(future == UNTOUCHED);
    CHECK_EQ(pirn_active_count(), 1);
    allow_threads(before);
    CHECK_OK(pirn_future_result(submit(executor, count_task, &arg), NULL));
    CHECK_EQ(arg.runs, 1);
    CHECK_OK(pirn_executor_free(executor));
}

TEST(with_one_worker_a_submit_succeeds)
{
    scene_t s;
    pirn_executor_t *executor = new_executor(4);
    s = (scene_t){.executor = executor};
    s.running = submit_gate(executor, &s.gate);
    struct rlimit before = forbid_threads();
    for (int i = 0; i < QUEUED; i++)
        CHECK_OK(pirn_executor_submit(executor, count_task, &s.args[i], count_free, &s.queued[i]));
    CHECK_EQ(pirn_active_count(), 2);
    gate_open(&s.gate);
    for (int i = 0; i < QUEUED; i++)
        CHECK_OK(pirn_future_result(s.queued[i], NULL));
    allow_threads(before);
    CHECK_OK(pirn_executor_free(executor));
}
