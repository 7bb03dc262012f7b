/*
 * The system refuses threads for a while. A task that has been accepted meanwhile is run when there are threads again, though nobody
 * submits anything, and all workers wait for futures of their own executor.
 */
#include "support.h"

typedef struct waiter {
    pirn_executor_t *executor;
    pirn_future_t *awaited; /* the executor's, finished by hand */
    pirn_status_t (*wait)(pirn_future_t *future);
    gate_t gate;
    uint64_t native_id; /* of the task, when it is about to wait */
} waiter_t;

static pirn_status_t by_result(pirn_future_t *future)
{
    return pirn_future_result(future, NULL);
}

static pirn_status_t by_result_timeout(pirn_future_t *future)
{
    return pirn_future_result_timeout(future, PIRN_TIMEOUT_MAX, NULL);
}

static pirn_status_t by_exception(pirn_future_t *future)
{
    int32_t code;
    return pirn_future_exception(future, &code, NULL, 0, NULL);
}

static pirn_status_t by_wait(pirn_future_t *future)
{
    return pirn_wait(&future, 1, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL);
}

static pirn_status_t by_wait_timeout(pirn_future_t *future)
{
    return pirn_wait(&future, 1, PIRN_ALL_COMPLETED, PIRN_TIMEOUT_MAX, NULL, NULL);
}

static pirn_status_t next_within(pirn_future_t *future, double seconds)
{
    pirn_as_completed_t *iterator;
    size_t index;
    CHECK_OK(pirn_as_completed(&future, 1, seconds, &iterator));
    pirn_status_t status = pirn_as_completed_next(iterator, &index);
    CHECK_OK(pirn_as_completed_free(iterator));
    return status;
}

static pirn_status_t by_as_completed(pirn_future_t *future)
{
    return next_within(future, PIRN_FOREVER);
}

static pirn_status_t by_as_completed_timeout(pirn_future_t *future)
{
    return next_within(future, PIRN_TIMEOUT_MAX);
}

static int32_t wait_task(void *arg, void **result)
{
    waiter_t *waiter = arg;
    gate_task(&waiter->gate, result);
    STORE(waiter->native_id, pirn_get_native_id());
    CHECK_OK(waiter->wait(waiter->awaited));
    return 0;
}

/* Of the executor, but nobody's to run any more. */
static pirn_future_t *submit_by_hand(pirn_executor_t *executor)
{
    bool run;
    pirn_future_t *future = submit(executor, do_nothing, NULL);
    CHECK_OK(pirn_future_set_running_or_notify_cancel(future, &run));
    CHECK(run);
    return future;
}

/* A task is submitted before its only worker waits, or after that; and has to be done before the wait is over. */
static void submit_while_refused(pirn_status_t (*wait)(pirn_future_t *future), bool before)
{
    waiter_t waiter = {.executor = new_executor(1), .wait = wait};
    gate_init(&waiter.gate);
    pirn_future_t *task = submit(waiter.executor, wait_task, &waiter), *accepted = NULL;
    gate_await(&waiter.gate, 1);
    waiter.awaited = submit_by_hand(waiter.executor);
    struct rlimit limit = forbid_threads();
    if (before)
        accepted = submit(waiter.executor, do_nothing, NULL);
    gate_open(&waiter.gate);
    AWAIT(LOAD(waiter.native_id));
    await_sleeping(waiter.native_id);
    if (!before)
        accepted = submit(waiter.executor, do_nothing, NULL);
    CHECK_STATUS(pirn_future_result_timeout(accepted, 0, NULL), PIRN_TIMED_OUT);
    allow_threads(limit);
    CHECK_OK(pirn_future_result(accepted, NULL));
    CHECK_OK(pirn_future_set_result(waiter.awaited, NULL));
    CHECK_OK(pirn_future_result(task, NULL));
    CHECK_OK(pirn_future_free(waiter.awaited));
    CHECK_OK(pirn_future_free(accepted));
    CHECK_OK(pirn_future_free(task));
    CHECK_OK(pirn_executor_free(waiter.executor));
}

TEST(what_was_accepted_is_run_when_there_are_threads_again)
{
    pirn_status_t (*const waits[])(pirn_future_t *) = {by_result,       by_result_timeout, by_exception,           by_wait,
                                                       by_wait_timeout, by_as_completed,   by_as_completed_timeout};
    for (size_t i = 0; i < LENGTH(waits); i++)
        for (int before = 0; before < 2; before++)
            submit_while_refused(waits[i], before);
}

/* The worker that is called by a parallel for waits for the piece of another one, which waits for a task that was accepted. */

typedef struct loop {
    pirn_executor_t *executor;
    gate_t gates[2]; /* of the two pieces */
    int pieces;
    pirn_event_t *ran;
} loop_t;

static int32_t piece(size_t begin, size_t end, void *arg)
{
    loop_t *loop = arg;
    (void)begin;
    (void)end;
    int number = ADD(loop->pieces, 1) - 1;
    gate_target(&loop->gates[number]);
    if (number == 1)
        CHECK_OK(pirn_event_wait(loop->ran));
    return 0;
}

static int32_t loop_task(void *arg, void **result)
{
    loop_t *loop = arg;
    (void)result;
    return pirn_executor_for_range(loop->executor, 0, 2, 1, piece, loop);
}

static int32_t tell(void *arg, void **result)
{
    (void)result;
    return pirn_event_set(arg);
}

TEST(a_parallel_for_goes_on_when_there_are_threads_again)
{
    if (processors() < 2) /* then the calling thread makes all calls, and waits for nobody */
        return;
    for (int before = 0; before < 2; before++) {
        loop_t loop = {.executor = new_executor(2)};
        pirn_future_t *accepted = NULL;
        CHECK_OK(pirn_event_new(&loop.ran));
        for (int i = 0; i < 2; i++)
            gate_init(&loop.gates[i]);
        pirn_future_t *task = submit(loop.executor, loop_task, &loop);
        for (int i = 0; i < 2; i++)
            gate_await(&loop.gates[i], 1);
        struct rlimit limit = forbid_threads();
        if (before)
            accepted = submit(loop.executor, tell, loop.ran);
        for (int i = 0; i < 2; i++) {
            gate_open(&loop.gates[i]);
            await_sleeping(loop.gates[i].native_id);
        }
        if (!before)
            accepted = submit(loop.executor, tell, loop.ran);
        allow_threads(limit);
        CHECK_OK(pirn_future_result(task, NULL));
        CHECK_OK(pirn_future_result(accepted, NULL));
        CHECK_OK(pirn_future_free(task));
        CHECK_OK(pirn_future_free(accepted));
        CHECK_OK(pirn_executor_free(loop.executor));
        CHECK_OK(pirn_event_free(loop.ran));
    }
}

/*
 * Two workers that wait for a task which neither has the stack for: one without a limit, the other one with a limit, or for something
 * else, too. So long as that one may come back the first one's wait is not in vain.
 */

typedef struct hope hope_t;

typedef struct hopeful {
    hope_t *hope;
    pirn_status_t (*wait)(hope_t *hope);
    gate_t gate;
    uint64_t native_id; /* when it is about to wait */
    pirn_status_t status;
} hopeful_t;

struct hope {
    pirn_executor_t *executor;
    hopeful_t starved, other;
    pirn_future_t *wanted, *promise;
    counted_t wanted_arg;
};

static int32_t starve(void *arg, void **result)
{
    enum { MOST_OF_A_STACK = 5 << 20 };
    hopeful_t *hopeful = arg;
    char room[MOST_OF_A_STACK];
    memset(room, 1, sizeof room);
    gate_task(&hopeful->gate, result);
    STORE(hopeful->native_id, pirn_get_native_id());
    STORE(hopeful->status, hopeful->wait(hopeful->hope));
    *result = room[sizeof room - 1] ? arg : NULL;
    return 0;
}

static pirn_status_t without_a_limit(hope_t *hope)
{
    return pirn_future_result(hope->wanted, NULL);
}

static pirn_status_t within_a_second(hope_t *hope)
{
    return pirn_future_result_timeout(hope->wanted, 1, NULL);
}

static pirn_status_t all_within_a_second(hope_t *hope)
{
    return pirn_wait(&hope->wanted, 1, PIRN_ALL_COMPLETED, 1, NULL, NULL);
}

static pirn_status_t for_a_promise_too(hope_t *hope)
{
    pirn_future_t *either[2] = {hope->wanted, hope->promise};
    return pirn_wait(either, 2, PIRN_FIRST_COMPLETED, PIRN_FOREVER, NULL, NULL);
}

static pirn_status_t next_of_a_promise_too(hope_t *hope)
{
    pirn_future_t *either[2] = {hope->wanted, hope->promise};
    pirn_as_completed_t *iterator;
    size_t index = 55;
    CHECK_OK(pirn_as_completed(either, 2, PIRN_FOREVER, &iterator));
    pirn_status_t status = pirn_as_completed_next(iterator, &index);
    CHECK_EQ(index, 1);
    CHECK_OK(pirn_as_completed_free(iterator));
    return status;
}

/* The promise has been kept, and given out: what is left is the task. */
static pirn_status_t next_after_the_promise(hope_t *hope)
{
    pirn_future_t *both[2] = {hope->promise, hope->wanted};
    pirn_as_completed_t *iterator;
    size_t index = 55;
    CHECK_OK(pirn_as_completed(both, 2, PIRN_FOREVER, &iterator));
    CHECK_OK(pirn_as_completed_next(iterator, &index));
    CHECK_EQ(index, 0);
    pirn_status_t status = pirn_as_completed_next(iterator, &index);
    CHECK_OK(pirn_as_completed_free(iterator));
    return status;
}

/* How often the thread has gone to sleep. */
static long count_sleeps(uint64_t native_id)
{
    char path[64], line[128];
    long count = -1;
    snprintf(path, sizeof path, "/proc/self/task/%" PRIu64 "/status", native_id);
    FILE *file = fopen(path, "r");
    if (!file)
        CHECK_FAILED("thread %" PRIu64 " ended where it should have blocked", native_id);
    while (fgets(line, sizeof line, file))
        sscanf(line, "voluntary_ctxt_switches: %ld", &count);
    fclose(file);
    CHECK(count >= 0);
    return count;
}

/* A wait that nobody could end gives up when it looks again. */
static void await_looks(hopeful_t *starved)
{
    long before = count_sleeps(starved->native_id);
    while (count_sleeps(starved->native_id) < before + 4)
        CHECK_EQ(LOAD(starved->status), PIRN_END);
}

static pirn_future_t *submit_hopeful(hope_t *hope, hopeful_t *hopeful, pirn_status_t (*wait)(hope_t *hope))
{
    *hopeful = (hopeful_t){.hope = hope, .wait = wait, .status = PIRN_END};
    gate_init(&hopeful->gate);
    pirn_future_t *future = submit(hope->executor, starve, hopeful);
    gate_await(&hopeful->gate, 1);
    return future;
}

static void let_wait(hopeful_t *hopeful)
{
    gate_open(&hopeful->gate);
    AWAIT(LOAD(hopeful->native_id));
    await_sleeping(hopeful->native_id);
}

/* Both have left their waits, and the task has been run. */
static void hope_until(hope_t *hope, pirn_status_t (*wait)(hope_t *hope), bool keep_late)
{
    CHECK_OK(pirn_set_stack_size((size_t)8 << 20));
    *hope = (hope_t){.executor = new_executor(2), .promise = new_future()};
    if (!keep_late)
        CHECK_OK(pirn_future_set_result(hope->promise, NULL));
    pirn_future_t *starved = submit_hopeful(hope, &hope->starved, without_a_limit);
    pirn_future_t *other = submit_hopeful(hope, &hope->other, wait);
    struct rlimit before = forbid_threads();
    hope->wanted = submit(hope->executor, count_task, &hope->wanted_arg);
    let_wait(&hope->other);
    let_wait(&hope->starved);
    if (keep_late) {
        await_looks(&hope->starved);
        CHECK_OK(pirn_future_set_result(hope->promise, NULL));
    }
    CHECK_OK(pirn_future_result(other, NULL));
    CHECK_OK(pirn_future_result(starved, NULL));
    CHECK_OK(pirn_future_result(hope->wanted, NULL));
    allow_threads(before);
    CHECK_EQ(hope->wanted_arg.runs, 1);
    CHECK_OK(pirn_future_free(starved));
    CHECK_OK(pirn_future_free(other));
    CHECK_OK(pirn_future_free(hope->wanted));
    CHECK_OK(pirn_future_free(hope->promise));
    CHECK_OK(pirn_executor_free(hope->executor));
}

static void hope_for(pirn_status_t (*wait)(hope_t *hope), pirn_status_t expected)
{
    hope_t hope;
    hope_until(&hope, wait, expected == PIRN_OK);
    CHECK_OK(hope.starved.status);
    CHECK_STATUS(hope.other.status, expected);
}

TEST(no_wait_gives_up_while_another_one_has_a_limit)
{
    hope_for(within_a_second, PIRN_TIMED_OUT);
    hope_for(all_within_a_second, PIRN_TIMED_OUT);
}

TEST(no_wait_gives_up_while_another_one_is_also_for_a_promise)
{
    hope_for(for_a_promise_too, PIRN_OK);
    hope_for(next_of_a_promise_too, PIRN_OK);
}

TEST(a_wait_gives_up_though_one_was_for_a_promise_that_was_kept)
{
    hope_t hope;
    hope_until(&hope, next_after_the_promise, false);
    /* Whoever gives up first runs the task after that, unless the other one gives up at the same time. */
    const pirn_status_t statuses[2] = {hope.starved.status, hope.other.status};
    CHECK(statuses[0] == PIRN_ERR_NO_THREAD || statuses[1] == PIRN_ERR_NO_THREAD);
    for (int i = 0; i < 2; i++)
        CHECK(statuses[i] == PIRN_OK || statuses[i] == PIRN_ERR_NO_THREAD);
}
