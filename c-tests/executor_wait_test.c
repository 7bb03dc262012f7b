/* A task that waits for a future of its own executor never starves it, however few the workers. */
#include "nested.h"

/* A task that waits for other tasks of its executor, in a way of its own. */
typedef struct waiter {
    counted_t counted;
    pirn_executor_t *executor;
    pirn_future_t **futures; /* what it waits for */
    size_t n;
    uint64_t native_id;
    int order;
} waiter_t;

static int order; /* counts the tasks as they run */

static int32_t note_task(void *arg, void **result)
{
    waiter_t *w = arg;
    w->native_id = pirn_get_native_id();
    w->order = ADD(order, 1);
    *result = arg;
    return count_run(arg);
}

static void wait_by_result(waiter_t *w)
{
    for (size_t i = 0; i < w->n; i++)
        CHECK_OK(pirn_future_result(w->futures[i], NULL));
}

static void wait_by_timed_result(waiter_t *w)
{
    for (size_t i = 0; i < w->n; i++)
        CHECK_OK(pirn_future_result_timeout(w->futures[i], 1e6, NULL));
}

static void wait_by_exception(waiter_t *w)
{
    int32_t code = 1;
    size_t length;
    for (size_t i = 0; i < w->n; i++) {
        CHECK_OK(pirn_future_exception(w->futures[i], &code, NULL, 0, &length));
        CHECK_EQ(code, 0);
    }
}

static void wait_by_timed_exception(waiter_t *w)
{
    int32_t code = 1;
    size_t length;
    for (size_t i = 0; i < w->n; i++)
        CHECK_OK(pirn_future_exception_timeout(w->futures[i], 1e6, &code, NULL, 0, &length));
}

static void wait_by_wait(waiter_t *w)
{
    CHECK_OK(pirn_wait(w->futures, w->n, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL));
}

static void wait_by_timed_wait(waiter_t *w)
{
    CHECK_OK(pirn_wait(w->futures, w->n, PIRN_ALL_COMPLETED, 1e6, NULL, NULL));
}

static void iterate(waiter_t *w, double seconds)
{
    pirn_as_completed_t *iterator;
    size_t index;
    CHECK_OK(pirn_as_completed(w->futures, w->n, seconds, &iterator));
    for (size_t i = 0; i < w->n; i++)
        CHECK_OK(pirn_as_completed_next(iterator, &index));
    CHECK_STATUS(pirn_as_completed_next(iterator, &index), PIRN_END);
    CHECK_OK(pirn_as_completed_free(iterator));
}

static void wait_by_as_completed(waiter_t *w) { iterate(w, PIRN_FOREVER); }
static void wait_by_timed_as_completed(waiter_t *w) { iterate(w, 1e6); }

static void map_over(waiter_t *w, double seconds)
{
    static void *const items[] = {(void *)8, (void *)16, (void *)24};
    pirn_map_t *map;
    void *result;
    CHECK_OK(pirn_executor_map(w->executor, do_nothing, items, LENGTH(items), NULL, 1, seconds, &map));
    for (size_t i = 0; i < LENGTH(items); i++)
        CHECK_OK(pirn_map_next(map, &result));
    CHECK_STATUS(pirn_map_next(map, &result), PIRN_END);
    CHECK_OK(pirn_map_free(map));
    wait_by_result(w);
}

static void wait_by_map(waiter_t *w) { map_over(w, PIRN_FOREVER); }
static void wait_by_timed_map(waiter_t *w) { map_over(w, 1e6); }

typedef void (*wait_fn)(waiter_t *w);

static const wait_fn untimed[] = {wait_by_result, wait_by_exception, wait_by_wait, wait_by_as_completed,
                                  wait_by_map};
static const wait_fn timed[] = {wait_by_timed_result, wait_by_timed_exception, wait_by_timed_wait,
                                wait_by_timed_as_completed, wait_by_timed_map};

static wait_fn wait_now;

enum { INNER = 3 };

/* Submits others and waits for them, from the executor's only worker. */
static int32_t submit_and_wait(void *arg, void **result)
{
    waiter_t *w = arg, inner[INNER] = {{{0, 0}, NULL, NULL, 0, 0, 0}};
    pirn_future_t *futures[INNER];
    for (int i = 0; i < INNER; i++)
        futures[i] = submit(w->executor, note_task, &inner[i]);
    w->futures = futures;
    w->n = INNER;
    wait_now(w);
    for (int i = 0; i < INNER; i++) {
        CHECK_EQ(LOAD(inner[i].counted.runs), 1);
        CHECK_OK(pirn_future_free(futures[i]));
    }
    *result = arg;
    return 0;
}

static void check_never_starves(wait_fn wait, int64_t workers)
{
    wait_now = wait;
    for (int round = 0; round < 20; round++) {
        waiter_t outer[4] = {{{0, 0}, NULL, NULL, 0, 0, 0}};
        pirn_executor_t *executor = new_executor(workers);
        pirn_future_t *futures[LENGTH(outer)];
        for (size_t i = 0; i < LENGTH(outer); i++) {
            outer[i].executor = executor;
            futures[i] = submit(executor, submit_and_wait, &outer[i]);
        }
        for (size_t i = 0; i < LENGTH(outer); i++) {
            CHECK_OK(pirn_future_result(futures[i], NULL));
            CHECK_OK(pirn_future_free(futures[i]));
        }
        CHECK_OK(pirn_executor_free(executor));
        CHECK_EQ(pirn_active_count(), 1); /* lent threads, too, are gone */
    }
}

TEST(untimed_waits_with_one_worker)
{
    for (size_t i = 0; i < LENGTH(untimed); i++)
        check_never_starves(untimed[i], 1);
}

TEST(untimed_waits_with_two_workers)
{
    for (size_t i = 0; i < LENGTH(untimed); i++)
        check_never_starves(untimed[i], 2);
}

TEST(timed_waits_with_one_worker)
{
    for (size_t i = 0; i < LENGTH(timed); i++)
        check_never_starves(timed[i], 1);
}

TEST(timed_waits_with_two_workers)
{
    for (size_t i = 0; i < LENGTH(timed); i++)
        check_never_starves(timed[i], 2);
}

/* Which thread runs what. */

typedef struct scene {
    pirn_executor_t *executor;
    gate_t gate;
    waiter_t outer, stranger, inner;
    pirn_future_t *futures[3];
} scene_t;

static int32_t wait_task(void *arg, void **result)
{
    waiter_t *w = arg;
    w->native_id = pirn_get_native_id();
    *result = arg;
    wait_now(w);
    w->order = ADD(order, 1);
    return 0;
}

/* One worker; behind the task that waits stand first a stranger, then what it waits for. */
static void play_scene(scene_t *s, wait_fn wait)
{
    *s = (scene_t){.executor = new_executor(1)};
    wait_now = wait;
    pirn_future_t *gate = submit_gate(s->executor, &s->gate);
    s->outer = (waiter_t){.executor = s->executor, .futures = &s->futures[2], .n = 1};
    s->futures[0] = submit(s->executor, wait_task, &s->outer);
    s->futures[1] = submit(s->executor, note_task, &s->stranger);
    s->futures[2] = submit(s->executor, note_task, &s->inner);
    gate_open(&s->gate);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(pirn_future_result(s->futures[i], NULL));
        CHECK_OK(pirn_future_free(s->futures[i]));
    }
    CHECK_OK(pirn_future_free(gate));
    CHECK_OK(pirn_executor_free(s->executor));
    CHECK_EQ(s->stranger.counted.runs, 1);
    CHECK_EQ(s->inner.counted.runs, 1);
}

TEST(an_untimed_wait_runs_the_awaited_task_itself_and_no_other)
{
    static const wait_fn ways[] = {wait_by_result, wait_by_exception};
    for (size_t i = 0; i < LENGTH(ways); i++) {
        scene_t s;
        play_scene(&s, ways[i]);
        CHECK_EQ(s.inner.native_id, s.outer.native_id);
        CHECK(s.inner.order < s.outer.order);
        CHECK(s.outer.order < s.stranger.order);
    }
}

TEST(a_timed_wait_just_waits_and_is_lent_a_thread)
{
    static const wait_fn ways[] = {wait_by_timed_result, wait_by_timed_exception, wait_by_timed_wait,
                                   wait_by_timed_as_completed};
    for (size_t i = 0; i < LENGTH(ways); i++) {
        scene_t s;
        play_scene(&s, ways[i]);
        CHECK(s.inner.native_id != s.outer.native_id);
        CHECK(s.stranger.native_id != s.outer.native_id);
        CHECK(s.stranger.order < s.inner.order);
        CHECK(s.inner.order < s.outer.order);
    }
}

/* Deep and long. */

static void descend_on(int64_t workers, int depth, bool timed)
{
    level_t top = {.executor = new_executor(workers), .depth = depth, .timed = timed};
    check_descent(top);
    CHECK_OK(pirn_executor_free(top.executor));
    CHECK_EQ(pirn_active_count(), 1);
}

TEST(ten_thousand_levels_of_untimed_waits)
{
    descend_on(1, 10000, false);
    descend_on(3, 10000, false);
}

TEST(many_levels_of_timed_waits)
{
    descend_on(1, 100, true);
    descend_on(2, 100, true);
}

/* Tasks that follow each other for ever do not keep the one that is waited for from its turn. */

typedef struct stream {
    pirn_executor_t *executor;
    bool over;
} stream_t;

static int32_t go_on_for_ever(void *arg, void **result)
{
    stream_t *stream = arg;
    (void)result;
    if (!LOAD(stream->over)) /* the main thread may be ahead, and shut it down */
        CHECK_AMONG(pirn_executor_submit(stream->executor, go_on_for_ever, stream, NULL, NULL),
                    BIT(PIRN_OK) | BIT(PIRN_ERR_SHUT_DOWN));
    return 0;
}

static int32_t wait_behind_a_stream(void *arg, void **result)
{
    stream_t *stream = arg;
    CHECK_OK(pirn_executor_submit(stream->executor, go_on_for_ever, stream, NULL, NULL));
    pirn_future_t *future = submit(stream->executor, do_nothing, NULL);
    CHECK_OK(pirn_future_result_timeout(future, 1e6, result));
    CHECK_OK(pirn_future_free(future));
    STORE(stream->over, true);
    return 0;
}

TEST(a_wait_behind_an_endless_stream)
{
    stream_t stream = {.executor = new_executor(1)};
    pirn_future_t *future = submit(stream.executor, wait_behind_a_stream, &stream);
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(stream.executor));
}

static int32_t fibonacci(void *arg, void **result)
{
    level_t *level = arg;
    void *parts[2] = {NULL, NULL};
    uintptr_t sum = (uintptr_t)level->depth;
    if (level->depth > 1) {
        level_t below[2];
        pirn_future_t *futures[2];
        for (int i = 0; i < 2; i++) {
            below[i] = *level;
            below[i].depth -= i + 1;
            futures[i] = submit(level->executor, fibonacci, &below[i]);
        }
        for (int i = 0; i < 2; i++) {
            CHECK_OK(pirn_future_result(futures[i], &parts[i]));
            CHECK_OK(pirn_future_free(futures[i]));
        }
        sum = (uintptr_t)parts[0] + (uintptr_t)parts[1];
    }
    *result = (void *)sum;
    return 0;
}

TEST(a_tree_of_tasks)
{
    for (int64_t workers = 1; workers <= 4; workers++) {
        level_t top = {.executor = new_executor(workers), .depth = 18};
        void *result;
        CHECK_OK(pirn_future_result(submit(top.executor, fibonacci, &top), &result));
        CHECK_EQ((uintptr_t)result, 2584);
        CHECK_OK(pirn_executor_free(top.executor));
    }
}

/* A ring of tasks, cut at one place: each waits for its neighbour, submitted before or after it. */
enum { RING = 50 };

typedef struct seat {
    waiter_t waiter; /* waits for the one neighbour */
    pirn_event_t *filled;
} seat_t;

static int32_t wait_in_ring(void *arg, void **result)
{
    seat_t *seat = arg;
    CHECK_OK(pirn_event_wait(seat->filled));
    wait_now(&seat->waiter);
    *result = arg;
    return count_run(arg);
}

static void check_ring(wait_fn wait, int64_t workers, int neighbour)
{
    static seat_t seats[RING];
    pirn_future_t *futures[RING];
    pirn_event_t *filled;
    pirn_executor_t *executor = new_executor(workers);
    wait_now = wait;
    CHECK_OK(pirn_event_new(&filled));
    for (int i = 0; i < RING; i++) {
        int next = i + neighbour;
        bool waits = next >= 0 && next < RING;
        seats[i] =
            (seat_t){{.executor = executor, .futures = &futures[waits ? next : i], .n = waits}, filled};
        futures[i] = submit(executor, wait_in_ring, &seats[i]);
    }
    CHECK_OK(pirn_event_set(filled));
    for (int i = 0; i < RING; i++) {
        CHECK_OK(pirn_future_result(futures[i], NULL));
        CHECK_EQ(seats[i].waiter.counted.runs, 1);
    }
    for (int i = 0; i < RING; i++)
        CHECK_OK(pirn_future_free(futures[i]));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_OK(pirn_event_free(filled));
}

TEST(a_ring_of_waits)
{
    static const wait_fn ways[] = {wait_by_result, wait_by_timed_result, wait_by_wait, wait_by_timed_wait};
    for (size_t i = 0; i < LENGTH(ways); i++)
        for (int64_t workers = 1; workers <= 3; workers += 2) {
            check_ring(ways[i], workers, 1);
            check_ring(ways[i], workers, -1);
            check_ring(ways[i], workers, 7);
        }
}

/* Edges. */

static void check_times_out(pirn_future_t *future)
{
    CHECK_STATUS(pirn_future_result_timeout(future, 0, NULL), PIRN_TIMED_OUT);
    double start = now();
    CHECK_STATUS(pirn_future_result_timeout(future, 0.02, NULL), PIRN_TIMED_OUT);
    CHECK(now() - start >= 0.02);
}

static int32_t wait_a_moment(void *arg, void **result)
{
    gate_t gate;
    pirn_future_t *never = new_future();
    check_times_out(never);
    CHECK_OK(pirn_future_free(never));
    gate_init(&gate);
    pirn_future_t *future = submit(arg, gate_task, &gate); /* run by a lent thread, if at all */
    check_times_out(future);
    gate_open(&gate);
    CHECK_OK(pirn_future_result(future, result));
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_event_free(gate.open));
    return 0;
}

TEST(a_timed_wait_times_out_in_a_task_too)
{
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_future_result(submit(executor, wait_a_moment, executor), NULL));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_EQ(pirn_active_count(), 1);
}

static int32_t wait_for_the_cancelled(void *arg, void **result)
{
    waiter_t *w = arg;
    bool cancelled = false;
    counted_t inner = {0};
    (void)result;
    pirn_future_t *future;
    CHECK_OK(pirn_executor_submit(w->executor, count_task, &inner, count_free, &future));
    CHECK_OK(pirn_future_cancel(future, &cancelled));
    CHECK(cancelled);
    CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_CANCELLED);
    CHECK_COUNTED(&inner, 0, 1);
    CHECK_OK(pirn_future_free(future));
    return 0;
}

static int32_t fail(void *arg, void **result)
{
    (void)result;
    return pirn_raise(6, arg);
}

static int32_t wait_for_the_failing(void *arg, void **result)
{
    waiter_t *w = arg;
    pirn_future_t *future = submit(w->executor, fail, "the inner one's");
    CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
    CHECK_STR(pirn_last_error(), "the inner one's");
    CHECK_EQ(pirn_last_code(), 6);
    CHECK_OK(pirn_future_free(future));
    *result = arg;
    return pirn_raise(8, "the outer one's");
}

TEST(waiting_for_the_cancelled_and_the_failing)
{
    waiter_t w = {.executor = new_executor(1)};
    CHECK_OK(pirn_future_result(submit(w.executor, wait_for_the_cancelled, &w), NULL));
    CHECK_STATUS(pirn_future_result(submit(w.executor, wait_for_the_failing, &w), NULL),
                 PIRN_ERR_TASK_FAILED);
    CHECK_STR(pirn_last_error(), "the outer one's");
    CHECK_EQ(pirn_last_code(), 8);
    CHECK_OK(pirn_executor_free(w.executor));
}

TEST(waiting_while_the_executor_shuts_down)
{
    for (size_t i = 0; i < LENGTH(untimed) + LENGTH(timed); i++) {
        wait_now = i < LENGTH(untimed) ? untimed[i] : timed[i - LENGTH(untimed)];
        if (wait_now == wait_by_map || wait_now == wait_by_timed_map)
            continue; /* it submits, which is refused by then */
        scene_t s = {.executor = new_executor(1)};
        submit_gate(s.executor, &s.gate);
        s.outer = (waiter_t){.executor = s.executor, .futures = &s.futures[1], .n = 1};
        s.futures[0] = submit(s.executor, wait_task, &s.outer);
        s.futures[1] = submit(s.executor, note_task, &s.inner);
        CHECK_OK(pirn_executor_shutdown(s.executor, false, false));
        gate_open(&s.gate);
        CHECK_OK(pirn_executor_shutdown(s.executor, true, false));
        CHECK_EQ(s.inner.counted.runs, 1);
        CHECK_OK(pirn_future_result(s.futures[0], NULL));
        CHECK_OK(pirn_executor_free(s.executor));
    }
}

/* Locks held across such a wait by strangers are no danger: no stranger runs on the waiting stack. */
typedef struct locker {
    pirn_executor_t *executor;
    pirn_lock_t *lock;
    counted_t arg;
} locker_t;

static int32_t lock_and_wait(void *arg, void **result)
{
    locker_t *locker = arg;
    CHECK_OK(pirn_lock_acquire(locker->lock));
    pirn_future_t *future = submit(locker->executor, count_task, &locker->arg);
    CHECK_OK(pirn_future_result(future, result));
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_lock_release(locker->lock));
    return 0;
}

TEST(a_lock_may_be_held_across_the_wait)
{
    enum { TASKS = 200 };
    for (int64_t workers = 1; workers <= 3; workers++) {
        pirn_future_t *futures[TASKS];
        locker_t locker = {.executor = new_executor(workers)};
        CHECK_OK(pirn_lock_new(&locker.lock));
        for (int i = 0; i < TASKS; i++)
            futures[i] = submit(locker.executor, lock_and_wait, &locker);
        for (int i = 0; i < TASKS; i++) {
            CHECK_OK(pirn_future_result(futures[i], NULL));
            CHECK_OK(pirn_future_free(futures[i]));
        }
        CHECK_EQ(locker.arg.runs, TASKS);
        CHECK_OK(pirn_executor_free(locker.executor));
        CHECK_OK(pirn_lock_free(locker.lock));
    }
}
