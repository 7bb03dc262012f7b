/* The action of a Barrier; freeing it; fork. */
#include "barrier.h"
#include "child.h"

/* The action. */

typedef struct action {
    counted_t counted;
    pirn_barrier_t *barrier;
    pirn_event_t *open;
    bool resets, aborts;
    int32_t code;
} action_t;

static int32_t act(void *arg)
{
    action_t *action = arg;
    ADD(action->counted.runs, 1);
    if (action->open)
        CHECK_OK(pirn_event_wait(action->open));
    CHECK_STATUS(pirn_barrier_free(action->barrier), PIRN_ERR_BUSY);
    CHECK_EQ(n_waiting(action->barrier), 3);
    CHECK(!is_broken(action->barrier));
    if (action->resets)
        CHECK_OK(pirn_barrier_reset(action->barrier));
    if (action->aborts)
        CHECK_OK(pirn_barrier_abort(action->barrier));
    return action->code ? pirn_raise(action->code, "on purpose") : 0;
}

static void make_acting(action_t *action)
{
    CHECK_OK(pirn_barrier_new(3, act, action, count_free, PIRN_FOREVER, &action->barrier));
}

TEST(a_failing_action_breaks_it)
{
    action_t action = {.code = 7};
    call_t calls[2];
    size_t index = 99;
    make_acting(&action);
    begin_waits(calls, 2, action.barrier);
    CHECK_STATUS(pirn_barrier_wait(action.barrier, &index), PIRN_ERR_TASK_FAILED);
    CHECK_EQ(index, 99);
    CHECK_EQ(pirn_last_code(), 7);
    CHECK_STR(pirn_last_error(), "on purpose");
    end_waits(calls, 2, PIRN_ERR_BROKEN_BARRIER);
    check_broken(action.barrier);
    CHECK_OK(pirn_barrier_reset(action.barrier));
    action.code = 0;
    check_works(action.barrier);
    CHECK_OK(pirn_barrier_free(action.barrier));
    CHECK_COUNTED(&action.counted, 2, 1);
}

TEST(a_reset_or_an_abort_by_the_action_comes_after_it)
{
    for (int step = 1; step < 4; step++) {
        action_t action = {.resets = step & 1, .aborts = step & 2};
        call_t calls[2];
        make_acting(&action);
        begin_waits(calls, 2, action.barrier);
        CHECK_STATUS(pirn_barrier_wait(action.barrier, NULL), PIRN_ERR_BROKEN_BARRIER);
        end_waits(calls, 2, PIRN_ERR_BROKEN_BARRIER);
        CHECK_EQ(is_broken(action.barrier), action.aborts);
        CHECK_OK(pirn_barrier_reset(action.barrier));
        action.resets = action.aborts = false;
        check_works(action.barrier);
        CHECK_OK(pirn_barrier_free(action.barrier));
        CHECK_COUNTED(&action.counted, 2, 1);
    }
}

/* Three threads, the first of which has a limit, while the action waits for its event. False if the limit was
 * too short for all to come. */
static bool begin_action(action_t *action, call_t *timed, call_t others[2], double limit)
{
    *timed = (call_t){.make = make_timed, .object = action->barrier, .seconds = limit};
    call_begin(timed, FOREIGN);
    AWAIT(n_waiting(action->barrier) == 1 || LOAD(timed->returned));
    for (int i = 0; i < 2; i++) {
        others[i] = (call_t){.make = make_wait, .object = action->barrier};
        call_begin(&others[i], (breed_t)i);
    }
    AWAIT(LOAD(action->counted.runs) == 1 || LOAD(timed->returned));
    if (!LOAD(timed->returned))
        return true;
    CHECK_STATUS(call_end(timed), PIRN_ERR_BROKEN_BARRIER);
    end_waits(others, 2, PIRN_ERR_BROKEN_BARRIER);
    CHECK_OK(pirn_barrier_reset(action->barrier));
    return false;
}

/* While the action runs limits that pass break nothing, and those who come wait for the next round. */
TEST(while_the_action_runs)
{
    action_t action = {.code = 0};
    call_t timed, others[2], late[3];
    double limit = 0.02;
    CHECK_OK(pirn_event_new(&action.open));
    make_acting(&action);
    while (!begin_action(&action, &timed, others, limit))
        limit *= 2;
    for (int i = 0; i < 3; i++) {
        late[i] = (call_t){.make = make_timed, .object = action.barrier, .seconds = PIRN_FOREVER};
        call_begin_blocked(&late[i], (breed_t)(i % BREEDS));
    }
    double passed = now() + limit;
    AWAIT(now() > passed);
    await_sleeping(timed.native_id);
    CHECK_EQ(n_waiting(action.barrier), 3);
    CHECK_OK(pirn_event_set(action.open));
    CHECK_OK(call_end(&timed));
    end_waits(others, 2, PIRN_OK);
    end_waits(late, 3, PIRN_OK);
    CHECK_EQ(action.counted.runs, 2);
    CHECK(!is_broken(action.barrier));
    CHECK_OK(pirn_barrier_free(action.barrier));
    CHECK_OK(pirn_event_free(action.open));
}

/* Runs in whoever comes last, once, while all the others are still kept. */

typedef struct assembly {
    counted_t counted;
    call_t *calls;
    size_t n;
    uint64_t thread;
} assembly_t;

static int32_t look_at_the_others(void *arg)
{
    assembly_t *assembly = arg;
    assembly->thread = pirn_get_ident();
    for (size_t i = 0; i < assembly->n; i++) {
        await_sleeping(assembly->calls[i].native_id);
        CHECK(!LOAD(assembly->calls[i].returned));
    }
    return count_run(arg);
}

TEST(whoever_comes_last_runs_it_before_anyone_is_let_go)
{
    enum { OTHERS = 3 };
    for (int round = 0; round < 20; round++) {
        call_t calls[OTHERS];
        assembly_t assembly = {.calls = calls, .n = OTHERS};
        pirn_barrier_t *barrier;
        CHECK_OK(pirn_barrier_new(OTHERS + 1, look_at_the_others, &assembly, count_free, PIRN_FOREVER, &barrier));
        begin_waits(calls, OTHERS, barrier);
        CHECK_COUNTED(&assembly.counted, 0, 0);
        CHECK_OK(pirn_barrier_wait(barrier, NULL));
        CHECK_EQ(assembly.thread, pirn_get_ident());
        end_waits(calls, OTHERS, PIRN_OK);
        CHECK_OK(pirn_barrier_free(barrier));
        CHECK_COUNTED(&assembly.counted, 1, 1);
    }
}

static int32_t stand_in_the_first_round(void *gate)
{
    return LOAD(((gate_t *)gate)->counted.runs) == 0 ? gate_target(gate) : count_run(gate);
}

static pirn_status_t make_poll(call_t *c) { return pirn_barrier_wait_timeout(c->object, 0, NULL); }

/* Of one party each round is that of a single thread: one that comes meanwhile waits for the next, whatever its limit. */
TEST(no_limit_counts_while_the_last_round_goes_on)
{
    gate_t gate;
    call_t first = {.make = make_wait}, late[2];
    gate_init(&gate);
    CHECK_OK(pirn_barrier_new(1, stand_in_the_first_round, &gate, NULL, PIRN_FOREVER,
                              (pirn_barrier_t **)&first.object));
    call_begin(&first, FOREIGN);
    gate_await(&gate, 1);
    for (int i = 0; i < 2; i++) {
        late[i] = (call_t){.make = make_poll, .object = first.object};
        call_begin_blocked(&late[i], (breed_t)i);
    }
    CHECK(!is_broken(first.object));
    gate_open(&gate);
    CHECK_OK(call_end(&first));
    end_waits(late, 2, PIRN_OK);
    CHECK_EQ(gate.counted.runs, 3);
    CHECK(!is_broken(first.object));
    CHECK_OK(pirn_barrier_free(first.object));
    CHECK_OK(pirn_event_free(gate.open));
}

/* Freeing. */

TEST(busy_while_threads_wait)
{
    counted_t arg = {0};
    pirn_barrier_t *barrier;
    call_t calls[2];
    CHECK_OK(pirn_barrier_new(3, count_run, &arg, count_free, PIRN_FOREVER, &barrier));
    begin_waits(calls, 2, barrier);
    CHECK_STATUS(pirn_barrier_free(barrier), PIRN_ERR_BUSY);
    CHECK_EQ(n_waiting(barrier), 2);
    CHECK_OK(pirn_barrier_abort(barrier));
    end_waits(calls, 2, PIRN_ERR_BROKEN_BARRIER);
    CHECK_OK(pirn_barrier_free(barrier));
    CHECK_COUNTED(&arg, 0, 1);
}

/* Any of those who were let go may free it; the others return in peace, and the argument is freed when the
 * last one has. */
TEST(freed_by_one_of_those_who_were_let_go)
{
    enum { OTHERS = 3 };
    for (int round = 0; round < 2000; round++) {
        counted_t arg = {0};
        pirn_barrier_t *barrier;
        call_t calls[OTHERS];
        CHECK_OK(pirn_barrier_new(OTHERS + 1, count_run, &arg, count_free, PIRN_FOREVER, &barrier));
        for (int i = 0; i < OTHERS; i++) {
            calls[i] = (call_t){.make = make_wait, .object = barrier};
            call_begin(&calls[i], FOREIGN);
        }
        CHECK_OK(pirn_barrier_wait(barrier, NULL));
        CHECK_OK(pirn_barrier_free(barrier));
        end_waits(calls, OTHERS, PIRN_OK);
        CHECK_COUNTED(&arg, 1, 1);
    }
}

/* Fork. */

static void use_after_fork(void *barrier)
{
    CHECK_EQ(n_waiting(barrier), 0); /* those who waited are not alive here */
    check_works(barrier);
    check_works(barrier);
    CHECK_OK(pirn_barrier_abort(barrier));
    check_broken(barrier);
}

TEST(fork_with_waiters)
{
    pirn_barrier_t *barrier = new_barrier(3);
    call_t calls[2];
    begin_waits(calls, 2, barrier);
    in_forked_child(use_after_fork, barrier);
    CHECK_EQ(n_waiting(barrier), 2);
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
    end_waits(calls, 2, PIRN_OK);
    CHECK_OK(pirn_barrier_free(barrier));
}

static void use_broken_after_fork(void *barrier)
{
    check_broken(barrier);
    CHECK_OK(pirn_barrier_reset(barrier));
    check_works(barrier);
}

TEST(fork_of_a_broken_one)
{
    pirn_barrier_t *barrier = new_barrier(3);
    CHECK_OK(pirn_barrier_abort(barrier));
    in_forked_child(use_broken_after_fork, barrier);
    check_broken(barrier);
    CHECK_OK(pirn_barrier_free(barrier));
}

static pid_t forked_in_action;

static int32_t fork_it(void *unused)
{
    (void)unused;
    if (forked_in_action == 0)
        forked_in_action = fork_for_test();
    return 0;
}

/* In the child the round is not known any more: the wait that forked returns, and the barrier is empty. */
TEST(fork_in_the_action)
{
    skip_if_children_cannot_live();
    pirn_barrier_t *barrier;
    call_t call;
    int status;
    forked_in_action = 0;
    CHECK_OK(pirn_barrier_new(2, fork_it, NULL, NULL, PIRN_FOREVER, &barrier));
    begin_waits(&call, 1, barrier);
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
    if (forked_in_action == 0) {
        forked_in_action = -1;
        use_after_fork(barrier);
        _exit(0);
    }
    CHECK_EQ(waitpid(forked_in_action, &status, 0), forked_in_action);
    CHECK_EQ(status, 0);
    CHECK_OK(call_end(&call));
    check_works(barrier);
    CHECK_OK(pirn_barrier_free(barrier));
}
