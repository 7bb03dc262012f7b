/* The parallel for: every number once, its errors, and that it ends wherever it is called. */
#include "support.h"

#include <limits.h>

enum { MOST = 100000 };

/* A range whose calls are noted: how often each number came. */
typedef struct noted {
    pirn_executor_t *executor;
    size_t begin, end, grain;
    unsigned char seen[MOST];
    int calls;
    int wrong; /* calls whose part is not as the grain has it */
} noted_t;

static int32_t note(size_t begin, size_t end, void *arg)
{
    noted_t *n = arg;
    size_t length = end - begin;
    ADD(n->calls, 1);
    if (begin < n->begin || end > n->end || begin >= end)
        return 1;
    if (n->grain && ((begin - n->begin) % n->grain || (length != n->grain && end != n->end)))
        ADD(n->wrong, 1);
    for (size_t i = begin; i < end; i++)
        __atomic_add_fetch(&n->seen[i - n->begin], 1, __ATOMIC_RELAXED);
    return 0;
}

static void check_noted(noted_t *n)
{
    size_t length = n->end - n->begin;
    for (size_t i = 0; i < length; i++)
        CHECK_EQ(n->seen[i], 1);
    CHECK_EQ(n->wrong, 0);
    if (n->grain)
        CHECK_EQ(n->calls, (length - 1) / n->grain + 1);
}

static void check_range(pirn_executor_t *executor, size_t begin, size_t end, size_t grain)
{
    noted_t *n = calloc(1, sizeof *n);
    n->executor = executor;
    n->begin = begin;
    n->end = end;
    n->grain = grain;
    CHECK_OK(pirn_executor_for_range(executor, begin, end, grain, note, n));
    check_noted(n);
    free(n);
}

static void await_nothing_pending(pirn_executor_t *executor)
{
    size_t queued, running;
    do {
        sched_yield();
        CHECK_OK(pirn_executor_pending(executor, &queued, &running));
    } while (queued || running);
}

TEST(every_number_once)
{
    static const size_t lengths[] = {1, 2, 3, 7, 8, 9, 100, 1023, 4096, MOST};
    static const size_t grains[] = {0, 1, 2, 3, 64, 1000, MOST, SIZE_MAX};
    for (int64_t workers = 1; workers <= 16; workers *= 4) {
        pirn_executor_t *executor = new_executor(workers);
        for (size_t l = 0; l < LENGTH(lengths); l++)
            for (size_t g = 0; g < LENGTH(grains); g++) {
                check_range(executor, 0, lengths[l], grains[g]);
                check_range(executor, SIZE_MAX - lengths[l], SIZE_MAX, grains[g]);
            }
        await_nothing_pending(executor);
        CHECK_OK(pirn_executor_free(executor));
    }
}

static int32_t never(size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    (void)arg;
    CHECK_FAILED("called");
    return 0;
}

TEST(arguments)
{
    pirn_executor_t *executor = new_executor(2);
    CHECK_OK(pirn_executor_for_range(executor, 5, 5, 0, never, NULL));
    CHECK_OK(pirn_executor_for_range(executor, SIZE_MAX, SIZE_MAX, SIZE_MAX, never, NULL));
    CHECK_STATUS(pirn_executor_for_range(executor, 6, 5, 0, never, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_for_range(executor, 0, 5, 0, NULL, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_executor_for_range(NULL, 0, 5, 0, never, NULL), PIRN_ERR_INVALID_HANDLE);
    CHECK_OK(pirn_executor_shutdown(executor, true, false));
    CHECK_STATUS(pirn_executor_for_range(executor, 0, 5, 0, never, NULL), PIRN_ERR_SHUT_DOWN);
    CHECK_STATUS(pirn_executor_for_range(executor, 5, 5, 0, never, NULL), PIRN_ERR_SHUT_DOWN);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_STATUS(pirn_executor_for_range(executor, 0, 5, 0, never, NULL), PIRN_ERR_INVALID_HANDLE);
}

static int32_t fail_to_initialize(void *arg)
{
    (void)arg;
    return PIRN_EXIT;
}

TEST(broken_executor)
{
    pirn_executor_t *executor = new_executor(2);
    pirn_future_t *future;
    CHECK_OK(pirn_executor_set_initializer(executor, fail_to_initialize, NULL, NULL));
    future = submit(executor, do_nothing, NULL);
    CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_BROKEN_EXECUTOR);
    CHECK_STATUS(pirn_executor_for_range(executor, 0, 5, 0, never, NULL), PIRN_ERR_BROKEN_EXECUTOR);
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(executor));
}

/* Helpers whose initializer fails are done without. */
TEST(executor_that_breaks_meanwhile)
{
    pirn_executor_t *executor = new_executor(4);
    CHECK_OK(pirn_executor_set_initializer(executor, fail_to_initialize, NULL, NULL));
    check_range(executor, 0, 1000, 1);
    CHECK_OK(pirn_executor_free(executor));
}

TEST(refused_threads)
{
    pirn_executor_t *executor = new_executor(4);
    struct rlimit before = forbid_threads();
    check_range(executor, 0, 1000, 1);
    allow_threads(before);
    check_range(executor, 0, 1000, 1);
    CHECK_OK(pirn_executor_free(executor));
}

/* Each thread stays in its first call until all have come. */
typedef struct crowd {
    pirn_barrier_t *barrier;
    uint64_t threads[64];
    int n;
} crowd_t;

static int32_t meet(size_t begin, size_t end, void *arg)
{
    crowd_t *crowd = arg;
    int n = LOAD(crowd->n);
    (void)begin;
    (void)end;
    for (int i = 0; i < n; i++)
        if (LOAD(crowd->threads[i]) == pirn_get_native_id())
            return 0;
    n = ADD(crowd->n, 1);
    STORE(crowd->threads[n - 1], pirn_get_native_id());
    CHECK_OK(pirn_barrier_wait(crowd->barrier, NULL));
    return 0;
}

static void check_crowd(pirn_executor_t *executor, size_t threads, size_t grain)
{
    crowd_t crowd = {0};
    bool is_here = false;
    CHECK_OK(pirn_barrier_new(threads, NULL, NULL, NULL, PIRN_FOREVER, &crowd.barrier));
    CHECK_OK(pirn_executor_for_range(executor, 0, 1000, grain, meet, &crowd));
    CHECK_EQ(crowd.n, threads);
    for (size_t i = 0; i < threads; i++)
        is_here |= crowd.threads[i] == pirn_get_native_id();
    CHECK(is_here);
    CHECK_OK(pirn_barrier_free(crowd.barrier));
}

/* As many threads as workers, and no more than processors; the calling one is among them. */
TEST(threads)
{
    size_t most = processors();
    for (size_t workers = 1; workers <= 8; workers++) {
        pirn_executor_t *executor = new_executor((int64_t)workers);
        size_t threads = workers < most ? workers : most;
        check_crowd(executor, threads, 0);
        check_crowd(executor, threads, 1);
        CHECK_OK(pirn_executor_free(executor));
    }
}

/* Failures. */

typedef struct failing {
    size_t at;
    int32_t code;
    int calls;
} failing_t;

static int32_t fail_at(size_t begin, size_t end, void *arg)
{
    failing_t *f = arg;
    ADD(f->calls, 1);
    return begin <= f->at && f->at < end ? pirn_raise(f->code, "the disk is full") : 0;
}

TEST(failure_comes_back)
{
    for (int64_t workers = 1; workers <= 4; workers++) {
        pirn_executor_t *executor = new_executor(workers);
        for (size_t at = 0; at < 1000; at += 37) {
            failing_t f = {.at = at, .code = (int32_t)at + 1};
            CHECK_STATUS(pirn_executor_for_range(executor, 0, 1000, at % 2, fail_at, &f), PIRN_ERR_TASK_FAILED);
            CHECK_EQ(pirn_last_code(), at + 1);
            CHECK_STR(pirn_last_error(), "the disk is full");
        }
        check_range(executor, 0, 1000, 1);
        CHECK_OK(pirn_executor_free(executor));
    }
}

TEST(no_call_after_a_failure)
{
    pirn_executor_t *executor = new_executor(1);
    failing_t f = {.at = 10, .code = 3};
    CHECK_STATUS(pirn_executor_for_range(executor, 0, MOST, 1, fail_at, &f), PIRN_ERR_TASK_FAILED);
    CHECK_EQ(f.calls, 11);
    CHECK_OK(pirn_executor_free(executor));
}

static int32_t fail_always(size_t begin, size_t end, void *arg)
{
    (void)end;
    ADD(*(int *)arg, 1);
    return (int32_t)begin + 1;
}

/* Each thread begins one call at most. */
TEST(no_call_after_a_failure_on_any_thread)
{
    pirn_executor_t *executor = new_executor(4);
    for (int round = 0; round < 200; round++) {
        int calls = 0;
        CHECK_STATUS(pirn_executor_for_range(executor, 0, 1000, 1, fail_always, &calls), PIRN_ERR_TASK_FAILED);
        CHECK(1 <= calls && calls <= 4);
        CHECK(1 <= pirn_last_code() && pirn_last_code() <= 1000);
    }
    CHECK_OK(pirn_executor_free(executor));
}

/* Inside tasks, and inside itself. */

static int32_t range_task(void *arg, void **result)
{
    *result = NULL;
    check_range(arg, 0, 1000, 1);
    check_range(arg, 0, 1000, 0);
    return 0;
}

TEST(in_a_task)
{
    for (int64_t workers = 1; workers <= 4; workers++) {
        pirn_executor_t *executor = new_executor(workers);
        pirn_future_t *futures[20];
        for (size_t i = 0; i < LENGTH(futures); i++)
            futures[i] = submit(executor, range_task, executor);
        for (size_t i = 0; i < LENGTH(futures); i++) {
            CHECK_OK(pirn_future_result(futures[i], NULL));
            CHECK_OK(pirn_future_free(futures[i]));
        }
        await_nothing_pending(executor);
        CHECK_OK(pirn_executor_free(executor));
    }
}

typedef struct nest {
    pirn_executor_t *executor;
    int depth;
    int leaves;
} nest_t;

static int32_t descend(size_t begin, size_t end, void *arg)
{
    nest_t *outer = arg;
    for (size_t i = begin; i < end; i++) {
        nest_t inner = {.executor = outer->executor, .depth = outer->depth - 1};
        if (inner.depth == 0) {
            ADD(outer->leaves, 1);
            continue;
        }
        CHECK_OK(pirn_executor_for_range(inner.executor, 0, 4, i % 2, descend, &inner));
        ADD(outer->leaves, inner.leaves);
    }
    return 0;
}

TEST(in_itself)
{
    for (int64_t workers = 1; workers <= 4; workers++) {
        nest_t nest = {.executor = new_executor(workers), .depth = 6};
        CHECK_OK(pirn_executor_for_range(nest.executor, 0, 4, 0, descend, &nest));
        CHECK_EQ(nest.leaves, 4096);
        await_nothing_pending(nest.executor);
        CHECK_OK(pirn_executor_free(nest.executor));
    }
}

static int32_t fail_inside(size_t begin, size_t end, void *arg)
{
    failing_t f = {.at = 5, .code = 9};
    (void)begin;
    (void)end;
    CHECK_STATUS(pirn_executor_for_range(arg, 0, 10, 1, fail_at, &f), PIRN_ERR_TASK_FAILED);
    return pirn_raise(pirn_last_code() + 1, "outer");
}

TEST(failure_passed_on)
{
    pirn_executor_t *executor = new_executor(2);
    CHECK_STATUS(pirn_executor_for_range(executor, 0, 10, 1, fail_inside, executor), PIRN_ERR_TASK_FAILED);
    CHECK_EQ(pirn_last_code(), 10);
    CHECK_STR(pirn_last_error(), "outer");
    CHECK_OK(pirn_executor_free(executor));
}

/* Nobody comes to help: the caller does it all, and leaves nothing behind. */
TEST(while_all_workers_are_busy)
{
    pirn_executor_t *executor = new_executor(2);
    gate_t gates[2];
    pirn_future_t *futures[2];
    size_t queued, running;
    for (int i = 0; i < 2; i++)
        futures[i] = submit_gate(executor, &gates[i]);
    check_range(executor, 0, 1000, 0);
    check_range(executor, 0, 1000, 1);
    CHECK_OK(pirn_executor_pending(executor, &queued, &running));
    CHECK_EQ(queued, 0);
    CHECK_EQ(running, 2);
    for (int i = 0; i < 2; i++) {
        gate_open(&gates[i]);
        CHECK_OK(pirn_future_result(futures[i], NULL));
        CHECK_OK(pirn_future_free(futures[i]));
    }
    CHECK_OK(pirn_executor_free(executor));
}

/* A shutdown that cancels everything takes the helpers, but no number. */

typedef struct shut {
    noted_t noted;
    pirn_executor_t *executor;
    int shut;
} shut_t;

static int32_t shut_down_and_note(size_t begin, size_t end, void *arg)
{
    shut_t *s = arg;
    if (ADD(s->shut, 1) == 1)
        CHECK_OK(pirn_executor_shutdown(s->executor, false, true));
    return note(begin, end, &s->noted);
}

TEST(shutdown_meanwhile)
{
    for (int round = 0; round < 100; round++) {
        shut_t *s = calloc(1, sizeof *s);
        s->executor = new_executor(4);
        s->noted.end = 1000;
        s->noted.grain = round % 2;
        CHECK_OK(pirn_executor_for_range(s->executor, 0, 1000, s->noted.grain, shut_down_and_note, s));
        check_noted(&s->noted);
        CHECK_OK(pirn_executor_free(s->executor));
        free(s);
    }
}

static void free_executor(void *executor)
{
    CHECK_OK(pirn_executor_free(executor));
}

static int32_t free_and_note(size_t begin, size_t end, void *arg)
{
    shut_t *s = arg;
    if (ADD(s->shut, 1) == 1)
        run_on(FOREIGN, free_executor, s->executor);
    return note(begin, end, &s->noted);
}

/* The handle is freed, which waits for the workers, while the call is under way on a thread that is none. */
TEST(free_meanwhile)
{
    shut_t *s = calloc(1, sizeof *s);
    s->executor = new_executor(1);
    s->noted.end = 1000;
    s->noted.grain = 1;
    CHECK_OK(pirn_executor_for_range(s->executor, 0, 1000, 1, free_and_note, s));
    check_noted(&s->noted);
    CHECK_STATUS(pirn_executor_for_range(s->executor, 0, 1, 0, never, NULL), PIRN_ERR_INVALID_HANDLE);
    free(s);
}

/* Many at once, on one executor. */

static void many_ranges(void *arg)
{
    pirn_executor_t *executor = *(pirn_executor_t **)arg;
    for (size_t i = 0; i < 300; i++)
        check_range(executor, i, i + 1 + i * 7 % 500, i % 5);
}

TEST(from_many_threads)
{
    pirn_executor_t *executor = new_executor(4), *executors[8];
    for (size_t i = 0; i < LENGTH(executors); i++)
        executors[i] = executor;
    run_on_all(LENGTH(executors), many_ranges, executors, sizeof *executors);
    await_nothing_pending(executor);
    CHECK_OK(pirn_executor_free(executor));
}

/* Plain memory: what is written before is seen by the calls, what they write is seen after. */

static int32_t add_one(size_t begin, size_t end, void *arg)
{
    long *numbers = arg;
    for (size_t i = begin; i < end; i++)
        numbers[i]++;
    return 0;
}

TEST(orders_memory)
{
    pirn_executor_t *executor = new_executor(4);
    static long numbers[10000];
    for (long round = 1; round <= 500; round++) {
        CHECK_OK(pirn_executor_for_range(executor, 0, LENGTH(numbers), 0, add_one, numbers));
        for (size_t i = 0; i < LENGTH(numbers); i++)
            CHECK_EQ(numbers[i], round);
    }
    CHECK_OK(pirn_executor_free(executor));
}

/* A child of a fork by one call, while another thread is in another: that one's work is lost there, and is said to be. */

typedef struct forking {
    pirn_barrier_t *both_are_in;
    uint64_t caller;
    bool forked;
    pid_t child;
} forking_t;

static int32_t fork_in_call(size_t begin, size_t end, void *arg)
{
    forking_t *f = arg;
    bool is_caller = pirn_get_ident() == f->caller;
    (void)begin;
    (void)end;
    CHECK_OK(pirn_barrier_wait(f->both_are_in, NULL));
    if (is_caller) {
        f->child = fork();
        STORE(f->forked, true);
        return 0;
    }
    AWAIT(LOAD(f->forked));
    return 0;
}

TEST(fork_inside)
{
    pirn_executor_t *executor = new_executor(2);
    forking_t f = {.caller = pirn_get_ident(), .child = -1};
    pirn_status_t status;
    int ended = 0;
    if (processors() < 2) /* then no other thread is in a call, and there is nothing to lose */
        return;
    CHECK_OK(pirn_barrier_new(2, NULL, NULL, NULL, PIRN_FOREVER, &f.both_are_in));
    status = pirn_executor_for_range(executor, 0, 2, 1, fork_in_call, &f);
    CHECK(f.child != -1);
    if (f.child == 0) {
        CHECK_STATUS(status, PIRN_ERR_CANCELLED);
        check_range(executor, 0, 1000, 1);
        _exit(0);
    }
    CHECK_OK(status);
    CHECK_EQ(waitpid(f.child, &ended, 0), f.child);
    CHECK_EQ(ended, 0);
    CHECK_OK(pirn_executor_free(executor));
}
