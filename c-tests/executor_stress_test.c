/*
 * Executor under load: 64 threads submit in every way there is, cancel, wait, have callbacks that submit,
 * while it is shut down, broken by its initializer, or refused its threads. Each case prints its totals; all
 * of them add up.
 */
#include "support.h"

enum { SUBMITTERS = 64, MANY = 5, MOST_DEPTH = 4, FAILURE = 7 };

/* What is offered is taken or refused; what is taken runs or is withdrawn. */
static struct {
    long offered, taken, shut_down, no_thread, broken;
    long freed;                                   /* arguments */
    long detached, ran_detached, failed_detached; /* tasks without a future */
    long ran;                                     /* tasks with one, and how their futures ended */
    long finished, failed, cancelled, withdrawn;  /* withdrawn: broken off */
    long callbacks, callbacks_freed, results_freed;
    long reported, bad_starts;
} total;

typedef struct item {
    pirn_executor_t *executor;
    uint64_t random;
    int depth;
    bool detached;
} item_t;

static uint64_t below(uint64_t *random, uint64_t limit)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random % limit;
}

static void free_item(void *arg)
{
    ADD(total.freed, 1);
    free(arg);
}

static void free_result(void *result)
{
    ADD(total.results_freed, 1);
    free(result);
}

static void free_again(void *arg)
{
    ADD(total.callbacks_freed, 1);
    free(arg);
}

static bool submit_some(pirn_executor_t *executor, uint64_t *random, int depth);

static int32_t run_item(void *arg, void **result)
{
    item_t *item = arg;
    ADD(*(item->detached ? &total.ran_detached : &total.ran), 1);
    if (item->depth < MOST_DEPTH && below(&item->random, 4) == 0)
        submit_some(item->executor, &item->random, item->depth + 1);
    if (below(&item->random, 16) == 0) {
        if (item->detached)
            ADD(total.failed_detached, 1);
        return pirn_raise(FAILURE, "at random");
    }
    *result = item->detached ? NULL : malloc(1);
    return 0;
}

static void when_done(pirn_future_t *future, void *arg)
{
    item_t *again = arg;
    pirn_status_t status = pirn_future_result_timeout(future, 0, NULL);
    ADD(total.callbacks, 1);
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_TASK_FAILED) | BIT(PIRN_ERR_CANCELLED) |
                            BIT(PIRN_ERR_BROKEN_EXECUTOR));
    ADD(*(status == PIRN_OK                ? &total.finished
          : status == PIRN_ERR_TASK_FAILED ? &total.failed
          : status == PIRN_ERR_CANCELLED   ? &total.cancelled
                                           : &total.withdrawn),
        1);
    if (again->depth < MOST_DEPTH && below(&again->random, 4) == 0)
        submit_some(again->executor, &again->random, again->depth + 1);
}

static item_t *new_item(pirn_executor_t *executor, uint64_t *random, int depth, bool detached)
{
    item_t *item = malloc(sizeof *item);
    *item = (item_t){executor, below(random, UINT64_MAX) | 1, depth, detached};
    return item;
}

static void use_future(pirn_executor_t *executor, pirn_future_t *future, uint64_t *random, int depth)
{
    bool cancelled;
    CHECK_OK(pirn_future_set_result_free(future, free_result));
    CHECK_OK(pirn_future_add_done_callback(future, when_done, new_item(executor, random, depth, false),
                                           free_again));
    if (below(random, 4) == 0)
        CHECK_OK(pirn_future_cancel(future, &cancelled));
    else if (below(random, 8) == 0)
        CHECK_AMONG(pirn_future_result(future, NULL), BIT(PIRN_OK) | BIT(PIRN_ERR_TASK_FAILED) |
                                                          BIT(PIRN_ERR_CANCELLED) |
                                                          BIT(PIRN_ERR_BROKEN_EXECUTOR));
    CHECK_OK(pirn_future_free(future));
}

/* False once the executor takes no more. */
static bool submit_some(pirn_executor_t *executor, uint64_t *random, int depth)
{
    pirn_future_t *futures[MANY];
    void *items[MANY];
    bool detached = below(random, 3) == 0;
    uint64_t way = below(random, 8);
    int n = way == 0 ? MANY : 1;
    pirn_status_t status;
    for (int i = 0; i < n; i++)
        items[i] = new_item(executor, random, depth, detached);
    ADD(total.offered, n);
    if (way == 0)
        status =
            pirn_executor_submit_many(executor, run_item, items, MANY, free_item, detached ? NULL : futures);
    else if (way < 4)
        status = pirn_executor_submit_priority(executor, run_item, items[0], free_item, (int32_t)way - 2,
                                               detached ? NULL : futures);
    else
        status = pirn_executor_submit(executor, run_item, items[0], free_item, detached ? NULL : futures);
    switch (status) {
    case PIRN_OK:
        ADD(total.taken, n);
        break;
    case PIRN_ERR_NO_THREAD:
        ADD(total.no_thread, n);
        return true;
    case PIRN_ERR_SHUT_DOWN:
        ADD(total.shut_down, n);
        return false;
    default:
        CHECK_STATUS(status, PIRN_ERR_BROKEN_EXECUTOR);
        ADD(total.broken, n);
        return false;
    }
    if (detached)
        ADD(total.detached, n);
    for (int i = 0; i < n && !detached; i++)
        use_future(executor, futures[i], random, depth);
    return true;
}

typedef struct submitter {
    pirn_executor_t *executor;
    uint64_t random;
    runner_t runner;
} submitter_t;

static bool is_open; /* the submitters wait for it */

static void submit_till_the_end(void *arg)
{
    submitter_t *submitter = arg;
    AWAIT(LOAD(is_open));
    while (submit_some(submitter->executor, &submitter->random, 0))
        sched_yield();
}

static submitter_t submitters[SUBMITTERS];

static void start_submitters(pirn_executor_t *executor, uint64_t seed)
{
    STORE(is_open, false);
    for (uint64_t i = 0; i < SUBMITTERS; i++) {
        submitters[i] = (submitter_t){.executor = executor, .random = (seed * SUBMITTERS + i) * 7919 + 1};
        runner_start(&submitters[i].runner, (breed_t)(i % BREEDS), submit_till_the_end, &submitters[i]);
    }
}

static void begin_submits(pirn_executor_t *executor, uint64_t seed)
{
    start_submitters(executor, seed);
    STORE(is_open, true);
}

static void end_submits(pirn_executor_t *executor)
{
    for (int i = 0; i < SUBMITTERS; i++)
        runner_join(&submitters[i].runner);
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    CHECK_EQ(pirn_active_count(), 1);
    size_t queued, running;
    CHECK_OK(pirn_executor_pending(executor, &queued, &running));
    CHECK_EQ(queued, 0);
    CHECK_EQ(running, 0);
    CHECK_OK(pirn_executor_free(executor));
}

static int32_t see_report(const pirn_excepthook_args_t *args, void *arg)
{
    (void)args;
    (void)arg;
    ADD(total.reported, 1);
    return 0;
}

static void check_totals(const char *name, bool all_run)
{
    long futures = total.taken - total.detached;
    printf("%s: offered %ld = taken %ld + shut down %ld + no thread %ld + broken %ld; arguments freed %ld\n",
           name, total.offered, total.taken, total.shut_down, total.no_thread, total.broken, total.freed);
    printf("  with a future %ld = finished %ld + failed %ld + cancelled %ld + broken off %ld; without %ld, "
           "of which ran %ld\n",
           futures, total.finished, total.failed, total.cancelled, total.withdrawn, total.detached,
           total.ran_detached);
    printf("  callbacks %ld, their arguments freed %ld; results freed %ld; reported %ld\n", total.callbacks,
           total.callbacks_freed, total.results_freed, total.reported);
    CHECK_EQ(total.taken + total.shut_down + total.no_thread + total.broken, total.offered);
    CHECK_EQ(total.freed, total.offered);
    CHECK_EQ(total.callbacks, futures);
    CHECK_EQ(total.callbacks_freed, futures);
    CHECK_EQ(total.finished + total.failed + total.cancelled + total.withdrawn, futures);
    CHECK_EQ(total.finished + total.failed, total.ran);
    CHECK_EQ(total.results_freed, total.finished);
    CHECK_EQ(total.reported, total.failed_detached + total.bad_starts);
    CHECK(total.ran_detached <= total.detached && (!all_run || total.ran_detached == total.detached));
    CHECK(total.cancelled > 0 && total.finished > 0 && total.failed > 0);
}

static void shut_down_in_the_middle(const char *name, bool cancel_futures)
{
    CHECK_OK(pirn_set_excepthook(see_report, NULL, NULL));
    for (uint64_t round = 0; round < 8; round++) {
        long before = LOAD(total.taken);
        pirn_executor_t *executor = new_executor(1 + (int64_t)round % 4);
        begin_submits(executor, round);
        AWAIT(LOAD(total.taken) > before + 3000);
        CHECK_OK(pirn_executor_shutdown(executor, round % 2 == 0, cancel_futures));
        end_submits(executor);
    }
    check_totals(name, !cancel_futures);
    CHECK(total.shut_down >= 8 * SUBMITTERS);
}

TEST(shut_down)
{
    shut_down_in_the_middle("shut down", false);
}

TEST(shut_down_and_cancelled)
{
    shut_down_in_the_middle("shut down and cancelled", true);
}

typedef struct starts {
    int good, runs;
} starts_t;

static int32_t fail_after_some(void *arg)
{
    starts_t *starts = arg;
    if (ADD(starts->runs, 1) <= starts->good)
        return 0;
    ADD(total.bad_starts, 1);
    return pirn_raise(FAILURE, "no initializing here");
}

/* The first worker's initializer fails, or that of one which is started late: when the limit goes up. */
TEST(failing_initializers)
{
    CHECK_OK(pirn_set_excepthook(see_report, NULL, NULL));
    for (int round = 0; round < 8; round++) {
        starts_t starts = {.good = round % 4};
        long before = LOAD(total.taken), broken_before = LOAD(total.broken);
        pirn_executor_t *executor = new_executor(round % 4 == 0 ? 4 : round % 4);
        CHECK_OK(pirn_executor_set_initializer(executor, fail_after_some, &starts, NULL));
        begin_submits(executor, (uint64_t)round);
        if (round % 4 > 0) {
            AWAIT(LOAD(total.taken) > before + 2000 || LOAD(total.broken) > broken_before);
            CHECK_OK(pirn_executor_set_max_workers(executor, 8));
        }
        end_submits(executor); /* none of them ends before it is broken */
        CHECK(LOAD(starts.runs) > starts.good);
    }
    check_totals("failing initializers", false);
    CHECK(total.broken >= 8 * SUBMITTERS);
    CHECK_EQ(total.shut_down, 0);
}

/* None at first, then as many as it likes, then no more. */
TEST(refused_threads)
{
    CHECK_OK(pirn_set_excepthook(see_report, NULL, NULL));
    for (uint64_t round = 0; round < 8; round++) {
        pirn_executor_t *executor = new_executor(2);
        start_submitters(executor, round);
        struct rlimit limit = forbid_threads();
        long before = LOAD(total.no_thread);
        STORE(is_open, true);
        AWAIT(LOAD(total.no_thread) > before + SUBMITTERS);
        allow_threads(limit);
        before = LOAD(total.taken);
        AWAIT(LOAD(total.taken) > before + 1000);
        limit = forbid_threads();
        CHECK_OK(pirn_executor_set_max_workers(executor, 16));
        before = LOAD(total.taken);
        AWAIT(LOAD(total.taken) > before + 1000);
        CHECK_OK(pirn_executor_shutdown(executor, false, false));
        end_submits(executor);
        allow_threads(limit);
    }
    check_totals("refused threads", true);
    CHECK(total.no_thread >= 8 * SUBMITTERS);
}
