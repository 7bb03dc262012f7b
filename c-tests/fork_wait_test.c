/* fork while others wait for what fork_test.c leaves out, and while they make and free handles of all kinds. */
#include "child.h"
#include "handles.h"

/* A wait: how another thread gets into it, what the child finds there, how the parent lets it go. */
typedef struct wait_kind {
    void *(*make)(void);
    pirn_status_t (*wait)(call_t *call);
    int waiters; /* at the fork */
    void (*use_in_child)(void *object);
    void (*let_go)(void *object);
} wait_kind_t;

static pirn_status_t in_condition(call_t *c)
{
    CHECK_OK(pirn_condition_acquire(c->object));
    pirn_status_t status = pirn_condition_wait(c->object);
    CHECK_OK(pirn_condition_release(c->object));
    return status;
}

static bool predicate(void *flag) { return LOAD(*(bool *)flag); }

static bool come_true;

static pirn_status_t in_wait_for(call_t *c)
{
    CHECK_OK(pirn_condition_acquire(c->object));
    pirn_status_t status = pirn_condition_wait_for(c->object, predicate, &come_true);
    CHECK_OK(pirn_condition_release(c->object));
    return status;
}

static pirn_status_t in_timed_wait(call_t *c)
{
    CHECK_OK(pirn_condition_acquire(c->object));
    pirn_status_t status = pirn_condition_wait_timeout(c->object, 3600);
    CHECK_OK(pirn_condition_release(c->object));
    return status;
}

/* Notifies are for nobody, and the lock that the waiters gave up is free. */
static void use_condition(void *condition)
{
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_OK(pirn_condition_notify_all(condition));
    CHECK_STATUS(pirn_condition_wait_timeout(condition, 0.001), PIRN_TIMED_OUT);
    CHECK_STATUS(pirn_condition_wait_for_timeout(condition, predicate, &come_true, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_condition_release(condition));
    CHECK_OK(pirn_condition_free(condition));
}

static void notify(void *condition)
{
    STORE(come_true, true);
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_OK(pirn_condition_notify_all(condition));
    CHECK_OK(pirn_condition_release(condition));
}

static void *make_barrier_of_3(void)
{
    pirn_barrier_t *barrier;
    CHECK_OK(pirn_barrier_new(3, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    return barrier;
}

static pirn_status_t in_barrier(call_t *c) { return pirn_barrier_wait(c->object, NULL); }

static void use_barrier(void *barrier)
{
    size_t waiting = 99;
    CHECK_OK(pirn_barrier_n_waiting(barrier, &waiting));
    CHECK_EQ(waiting, 0);
    CHECK_STATUS(pirn_barrier_wait_timeout(barrier, 0.001, NULL), PIRN_ERR_BROKEN_BARRIER);
    CHECK_OK(pirn_barrier_reset(barrier));
    call_t others[2] = {{.make = in_barrier, .object = barrier}, {.make = in_barrier, .object = barrier}};
    call_begin(&others[0], PIRN_THREAD);
    call_begin(&others[1], FOREIGN);
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
    CHECK_OK(call_end(&others[0]));
    CHECK_OK(call_end(&others[1]));
    CHECK_OK(pirn_barrier_free(barrier));
}

static void come_as_the_third(void *barrier) { CHECK_OK(pirn_barrier_wait(barrier, NULL)); }

/* One that is done and one that is not. */
typedef struct futures {
    pirn_future_t *all[2];
    pirn_as_completed_t *iterator;
    pirn_map_t *map;
    gate_t gate;
    pirn_executor_t *executor;
} futures_t;

static void *make_futures(void)
{
    futures_t *f = calloc(1, sizeof *f);
    size_t index;
    f->all[0] = new_future();
    f->all[1] = new_future();
    CHECK_OK(pirn_future_set_result(f->all[0], NULL));
    CHECK_OK(pirn_as_completed(f->all, 2, PIRN_FOREVER, &f->iterator));
    CHECK_OK(pirn_as_completed_next(f->iterator, &index));
    CHECK_EQ(index, 0);
    return f;
}

static pirn_status_t in_wait(call_t *c)
{
    futures_t *f = c->object;
    return pirn_wait(f->all, 2, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL);
}

static pirn_status_t in_as_completed(call_t *c)
{
    size_t index = 99;
    pirn_status_t status = pirn_as_completed_next(((futures_t *)c->object)->iterator, &index);
    CHECK_EQ(index, 1);
    return status;
}

static void finish(void *futures)
{
    CHECK_OK(pirn_future_set_result(((futures_t *)futures)->all[1], NULL));
}

static void use_futures(void *futures)
{
    futures_t *f = futures;
    size_t done = 99;
    CHECK_STATUS(pirn_wait(f->all, 2, PIRN_ALL_COMPLETED, 0.001, NULL, &done), PIRN_TIMED_OUT);
    CHECK_EQ(done, 1);
    finish(f);
    CHECK_OK(pirn_wait(f->all, 2, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL));
}

static void use_iterator(void *futures)
{
    futures_t *f = futures;
    size_t index = 99;
    finish(f);
    CHECK_OK(pirn_as_completed_next(f->iterator, &index));
    CHECK_EQ(index, 1);
    CHECK_STATUS(pirn_as_completed_next(f->iterator, &index), PIRN_END);
    CHECK_OK(pirn_as_completed_free(f->iterator));
}

static void *make_map_at_a_gate(void)
{
    futures_t *f = calloc(1, sizeof *f);
    void *item = &f->gate;
    gate_init(&f->gate);
    f->executor = new_executor(1);
    CHECK_OK(pirn_executor_map(f->executor, gate_task, &item, 1, NULL, 1, PIRN_FOREVER, &f->map));
    gate_await(&f->gate, 1);
    return f;
}

static pirn_status_t in_map_next(call_t *c)
{
    void *result;
    return pirn_map_next(((futures_t *)c->object)->map, &result);
}

static pirn_status_t in_shutdown(call_t *c)
{
    return pirn_executor_shutdown(((futures_t *)c->object)->executor, true, false);
}

static void open_the_gate(void *futures) { gate_open(&((futures_t *)futures)->gate); }

static void use_map(void *futures)
{
    futures_t *f = futures;
    void *result;
    CHECK_STATUS(pirn_map_next(f->map, &result), PIRN_ERR_CANCELLED);
    CHECK_STATUS(pirn_map_next(f->map, &result), PIRN_END);
    CHECK_OK(pirn_map_free(f->map));
    CHECK_OK(pirn_future_result(submit(f->executor, do_nothing, NULL), NULL));
    CHECK_OK(pirn_executor_free(f->executor));
}

/* It was shut down before the fork. */
static void use_shut_down_executor(void *futures)
{
    futures_t *f = futures;
    pirn_future_t *future;
    CHECK_STATUS(pirn_executor_submit(f->executor, do_nothing, NULL, NULL, &future), PIRN_ERR_SHUT_DOWN);
    CHECK_OK(pirn_executor_shutdown(f->executor, true, false));
    CHECK_OK(pirn_executor_free(f->executor));
}

static void *make_pending_timer(void)
{
    pirn_timer_t *timer;
    CHECK_OK(pirn_timer_new(3600, count_run, &(counted_t){0}, NULL, &timer));
    CHECK_OK(pirn_timer_start(timer));
    return timer;
}

static pirn_status_t in_timer_join(call_t *c) { return pirn_timer_join(c->object); }

/* A pending timer is not alive here. */
static void use_timer(void *timer)
{
    bool alive = true;
    CHECK_OK(pirn_timer_is_alive(timer, &alive));
    CHECK(!alive);
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_OK(pirn_timer_free(timer));
    counted_t fired = {0};
    CHECK_OK(pirn_timer_new(0, count_run, &fired, NULL, (pirn_timer_t **)&timer));
    CHECK_OK(pirn_timer_start(timer));
    CHECK_OK(pirn_timer_join(timer));
    CHECK_EQ(fired.runs, 1);
    CHECK_OK(pirn_timer_free(timer));
}

static void cancel(void *timer) { CHECK_OK(pirn_timer_cancel(timer)); }

static const wait_kind_t wait_kinds[] = {
    {make_condition, in_condition, 3, use_condition, notify},
    {make_condition, in_wait_for, 3, use_condition, notify},
    {make_condition, in_timed_wait, 3, use_condition, notify},
    {make_barrier_of_3, in_barrier, 2, use_barrier, come_as_the_third},
    {make_futures, in_wait, 3, use_futures, finish},
    {make_futures, in_as_completed, 1, use_iterator, finish},
    {make_map_at_a_gate, in_map_next, 1, use_map, open_the_gate},
    {make_map_at_a_gate, in_shutdown, 2, use_shut_down_executor, open_the_gate},
    {make_pending_timer, in_timer_join, 3, use_timer, cancel},
};

/* All of these at once. */
typedef struct waits {
    void *objects[LENGTH(wait_kinds)];
    call_t calls[LENGTH(wait_kinds)][3];
} waits_t;

static void make_and_free_everything(void)
{
    for (kind_t kind = 0; kind < KINDS; kind++)
        if (kind != MAP && kind != AS_COMPLETED) /* these need the spares */
            for (int i = 0; i < 100; i++)
                CHECK_OK(kinds[kind].free(kinds[kind].make()));
}

static void use_all_in_child(void *arg)
{
    waits_t *waits = arg;
    for (size_t i = 0; i < LENGTH(wait_kinds); i++)
        wait_kinds[i].use_in_child(waits->objects[i]);
    CHECK_EQ(pirn_active_count(), 1);
    make_and_free_everything();
}

static void fork_here(void *waits) { in_forked_child(use_all_in_child, waits); }

TEST(inside_every_kind_of_wait)
{
    static waits_t waits;
    for (size_t i = 0; i < LENGTH(wait_kinds); i++) {
        waits.objects[i] = wait_kinds[i].make();
        for (int k = 0; k < wait_kinds[i].waiters; k++) {
            waits.calls[i][k] = (call_t){.make = wait_kinds[i].wait, .object = waits.objects[i]};
            call_begin_blocked(&waits.calls[i][k], (breed_t)(k % BREEDS));
        }
    }
    fork_here(&waits);
    for (breed_t breed = 0; breed < BREEDS; breed++)
        run_on(breed, fork_here, &waits);
    for (size_t i = 0; i < LENGTH(wait_kinds); i++) { /* the forks have disturbed nobody */
        wait_kinds[i].let_go(waits.objects[i]);
        for (int k = 0; k < wait_kinds[i].waiters; k++)
            CHECK_OK(call_end(&waits.calls[i][k]));
    }
}

/* The allocator of handles: lists of free slots are popped and pushed all the time. */

static bool over;
static uint64_t made;

static void make_and_free(void *unused)
{
    enum { HELD = 64 };
    void *held[HELD] = {NULL};
    kind_t of[HELD] = {0};
    (void)unused;
    for (unsigned step = 0; !LOAD(over); step++) {
        unsigned place = step * 7 % HELD;
        kind_t kind = (kind_t)(step % KINDS);
        if (held[place])
            CHECK_OK(kinds[of[place]].free(held[place]));
        held[place] = NULL;
        if (kind == EXECUTOR || kind == MAP)
            continue;
        held[place] = kinds[kind].make();
        of[place] = kind;
        ADD(made, 1);
    }
    for (int place = 0; place < HELD; place++)
        if (held[place])
            CHECK_OK(kinds[of[place]].free(held[place]));
}

static void make_and_free_in_child(void *unused)
{
    (void)unused;
    make_and_free_everything();
    make_spares();
    for (int i = 0; i < 10; i++) {
        CHECK_OK(pirn_map_free(make_map()));
        CHECK_OK(pirn_as_completed_free(make_as_completed()));
    }
}

TEST(inside_the_allocator_of_handles)
{
    enum { THREADS = 4, FORKS = 150 };
    runner_t runners[THREADS];
    make_spares();
    for (int i = 0; i < THREADS; i++)
        runner_start(&runners[i], (breed_t)(i % BREEDS), make_and_free, NULL);
    for (int i = 0; i < FORKS; i++) {
        uint64_t enough = LOAD(made) + (unsigned)i % 32;
        AWAIT(LOAD(made) >= enough);
        in_forked_child(make_and_free_in_child, NULL);
    }
    STORE(over, true);
    for (int i = 0; i < THREADS; i++)
        runner_join(&runners[i]);
}

/* Threads that start and end at the moment of the fork. */

static int32_t return_at_once(void *unused)
{
    (void)unused;
    return 0;
}

static pirn_thread_t *latest;

static void start_and_join(void *unused)
{
    (void)unused;
    while (!LOAD(over)) {
        pirn_thread_t *thread = start_thread(return_at_once, NULL);
        STORE(latest, thread);
        CHECK_OK(pirn_thread_join(thread));
        STORE(latest, NULL); /* forgotten, but not freed: a child may have it */
        ADD(made, 1);
    }
}

static void ask_in_child(void *thread)
{
    bool alive = true;
    uint64_t id;
    CHECK_OK(pirn_thread_is_alive(thread, &alive));
    CHECK(!alive);
    CHECK_OK(pirn_thread_join(thread));
    CHECK_AMONG(pirn_thread_native_id(thread, &id), BIT(PIRN_OK) | BIT(PIRN_ERR_NOT_STARTED));
    CHECK_OK(pirn_thread_ident(thread, &id));
    CHECK_OK(pirn_thread_set_name(thread, "gone"));
    CHECK_STATUS(pirn_thread_start(thread), PIRN_ERR_ALREADY_STARTED);
    CHECK_OK(pirn_thread_free(thread));
    CHECK_EQ(pirn_active_count(), 1);
    join_and_free(start_thread(return_at_once, NULL));
    CHECK_EQ(pirn_active_count(), 1);
}

static void ask_after_the_latest(void *unused)
{
    pirn_thread_t *thread = LOAD(latest);
    (void)unused;
    if (thread)
        ask_in_child(thread);
}

TEST(while_threads_start_and_end)
{
    enum { THREADS = 3, FORKS = 400 };
    runner_t runners[THREADS];
    for (int i = 0; i < THREADS; i++)
        runner_start(&runners[i], (breed_t)(i % BREEDS), start_and_join, NULL);
    for (int i = 0; i < FORKS; i++) {
        uint64_t enough = LOAD(made) + (unsigned)i % 4;
        AWAIT(LOAD(made) >= enough);
        in_forked_child(ask_after_the_latest, NULL);
    }
    STORE(over, true);
    for (int i = 0; i < THREADS; i++)
        runner_join(&runners[i]);
}
