/* fork: the child has one thread, which is its main thread, and everything in it can be used. */
#include "child.h"
#include "queue.h"
#include "text.h"

static pirn_thread_t *current(void)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_current_thread(&thread));
    return thread;
}

static pirn_lock_t *new_lock(void)
{
    pirn_lock_t *lock;
    CHECK_OK(pirn_lock_new(&lock));
    return lock;
}

static pirn_event_t *new_event(void)
{
    pirn_event_t *event;
    CHECK_OK(pirn_event_new(&event));
    return event;
}

static void check_finished(pirn_thread_t *thread)
{
    bool alive = true;
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_join_timeout(thread, 0));
    CHECK_OK(pirn_thread_is_alive(thread, &alive));
    CHECK(!alive);
}

/* Uses everything once, all of it new. */
static void check_usable(void)
{
    counted_t args[3] = {{0, 0}};
    pirn_lock_t *lock = new_lock();
    pirn_event_t *event = new_event();
    pirn_queue_t *queue = new_queue(1);
    pirn_executor_t *executor = new_executor(2);
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_STATUS(pirn_lock_acquire_timeout(lock, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_lock_release(lock));
    CHECK_OK(pirn_lock_free(lock));
    CHECK_STATUS(pirn_event_wait_timeout(event, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_set(event));
    CHECK_OK(pirn_event_wait(event));
    CHECK_OK(pirn_event_free(event));
    put(queue, 1);
    get(queue, 1);
    CHECK_OK(pirn_queue_free(queue));
    join_and_free(start_thread(count_run, &args[0]));
    pirn_future_t *futures[] = {submit(executor, count_task, &args[1]),
                                submit(executor, count_task, &args[2])};
    CHECK_OK(pirn_wait(futures, 2, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(pirn_future_result(futures[i], NULL));
        CHECK_OK(pirn_future_free(futures[i]));
    }
    CHECK_OK(pirn_executor_free(executor));
    for (int i = 0; i < 3; i++)
        CHECK_EQ(args[i].runs, 1);
}

/* Who the child's one thread is. */

typedef struct parent {
    uint64_t main_id;
    pirn_thread_t *main;
    const char *name;
} parent_t;

static void check_is_main(void *arg)
{
    parent_t *parent = arg;
    pirn_thread_t *main, *enumerated;
    size_t count;
    uint64_t id;
    bool alive = false;
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_main_thread(&main));
    CHECK_EQ(id_of(main), id_of(current()));
    CHECK_OK(pirn_enumerate(&enumerated, 1, &count));
    CHECK_EQ(count, 1);
    CHECK_EQ(id_of(main), id_of(enumerated));
    check_thread_name(main, parent->name);
    CHECK_OK(pirn_thread_is_alive(main, &alive));
    CHECK(alive);
    CHECK_OK(pirn_thread_ident(main, &id));
    CHECK_EQ(id, pirn_get_ident());
    CHECK_OK(pirn_thread_native_id(main, &id));
    CHECK_EQ(id, getpid());
    CHECK_EQ(pirn_get_native_id(), getpid());
    CHECK_STATUS(pirn_thread_join(main), PIRN_ERR_DEADLOCK);
    if (id_of(main) != parent->main_id) /* who was main before is another thread that is not alive here */
        check_finished(parent->main);
    check_usable();
    CHECK_EQ(pirn_active_count(), 1);
}

static parent_t describe_parent(const char *name)
{
    parent_t parent = {.name = name};
    CHECK_OK(pirn_main_thread(&parent.main));
    parent.main_id = id_of(parent.main);
    return parent;
}

static int32_t fork_here(void *parent)
{
    in_forked_child(check_is_main, parent);
    return 0;
}

static int32_t fork_in_task(void *parent, void **result)
{
    (void)result;
    return fork_here(parent);
}

static void fork_here_alien(void *parent)
{
    fork_here(parent);
}

static void fork_with_a_dummy(void *parent)
{
    pirn_thread_t *dummy = current();
    fork_here(parent);
    CHECK_OK(pirn_thread_free(dummy));
}

TEST(from_the_main_thread)
{
    parent_t parent = describe_parent("MainThread");
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *other = start_thread(gate_target, &gate);
    fork_here(&parent);
    gate_open(&gate);
    join_and_free(other);
    fork_here(&parent);
}

TEST(from_a_pirn_thread)
{
    parent_t parent = describe_parent("Thread-1");
    join_and_free(start_thread(fork_here, &parent));
    CHECK_EQ(pirn_active_count(), 1);
}

TEST(from_an_alien_thread)
{
    parent_t parent = describe_parent("MainThread");
    run_on(FOREIGN, fork_here_alien, &parent);
    run_on(FOREIGN, fork_with_a_dummy, &parent);
    CHECK_EQ(pirn_active_count(), 1);
}

TEST(from_a_task)
{
    parent_t parent = describe_parent("forking_0");
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "forking"));
    CHECK_OK(pirn_future_result(submit(executor, fork_in_task, &parent), NULL));
    CHECK_OK(pirn_executor_free(executor));
}

static void fork_again(void *left)
{
    parent_t parent = describe_parent("MainThread");
    check_is_main(&parent);
    if (*(int *)left > 0) {
        --*(int *)left;
        in_forked_child(fork_again, left);
    }
}

TEST(a_child_of_a_child)
{
    int left = 3;
    in_forked_child(fork_again, &left);
    CHECK_EQ(left, 3);
}

/* Others were blocked at the fork, on what the child now uses. */

typedef struct world {
    pirn_lock_t *held, *free;
    pirn_event_t *event;
    pirn_queue_t *empty, *full, *unfinished;
    pirn_future_t *future;
    pirn_thread_t *thread;
    gate_t gate;
    call_t blocked[8];
    int n_blocked;
} world_t;

static pirn_status_t make_acquire(call_t *c) { return pirn_lock_acquire(c->object); }
static pirn_status_t make_wait(call_t *c) { return pirn_event_wait(c->object); }
static pirn_status_t make_join(call_t *c) { return pirn_thread_join(c->object); }
static pirn_status_t make_result(call_t *c) { return pirn_future_result(c->object, NULL); }

static void block(world_t *world, pirn_status_t (*make)(call_t *), void *object, breed_t breed)
{
    call_t *call = &world->blocked[world->n_blocked++];
    *call = (call_t){.make = make, .object = object, .value = ITEM(2), .seconds = PIRN_FOREVER};
    call_begin_blocked(call, breed);
}

static void make_world(world_t *world)
{
    *world = (world_t){.held = new_lock(), .free = new_lock(), .event = new_event(), .empty = new_queue(0),
                       .full = new_queue(1), .unfinished = new_queue(0), .future = new_future()};
    gate_init(&world->gate);
    world->thread = start_thread(gate_target, &world->gate);
    CHECK_OK(pirn_lock_acquire(world->held));
    put(world->full, 1);
    put(world->unfinished, 1);
    block(world, make_acquire, world->held, PIRN_THREAD);
    block(world, make_acquire, world->held, FOREIGN);
    block(world, make_wait, world->event, FOREIGN);
    block(world, make_get, world->empty, PIRN_THREAD);
    block(world, make_put, world->full, FOREIGN);
    block(world, make_queue_join, world->unfinished, PIRN_THREAD);
    block(world, make_result, world->future, FOREIGN);
    block(world, make_join, world->thread, PIRN_THREAD);
}

/* Lets everybody go; in the parent this is also the proof that the fork disturbed nobody. */
static void end_world(world_t *world)
{
    CHECK_OK(pirn_lock_release(world->held));
    AWAIT(LOAD(world->blocked[0].returned) || LOAD(world->blocked[1].returned));
    CHECK_OK(pirn_lock_release(world->held));
    CHECK_OK(pirn_event_set(world->event));
    put(world->empty, 3);
    get(world->full, 1);
    CHECK_OK(pirn_queue_task_done(world->unfinished));
    CHECK_OK(pirn_future_set_result(world->future, NULL));
    gate_open(&world->gate);
    for (int i = 0; i < world->n_blocked; i++)
        CHECK_OK(call_end(&world->blocked[i]));
    get(world->full, 2);
    CHECK_OK(pirn_lock_free(world->held));
    CHECK_OK(pirn_queue_free(world->full));
    join_and_free(world->thread);
}

static void check_lock_in_child(world_t *world)
{
    bool locked = false;
    CHECK_OK(pirn_lock_locked(world->held, &locked));
    CHECK(locked); /* as it was */
    CHECK_STATUS(pirn_lock_try_acquire(world->held), PIRN_WOULD_BLOCK);
    CHECK_OK(pirn_lock_release(world->held)); /* to nobody: who waited is not alive here */
    CHECK_OK(pirn_lock_acquire(world->held));
    CHECK_STATUS(pirn_lock_acquire_timeout(world->held, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_lock_release(world->held));
    CHECK_OK(pirn_lock_acquire(world->held));
    CHECK_OK(pirn_lock_free(world->held));
    CHECK_OK(pirn_lock_acquire(world->free));
}

static void check_event_in_child(world_t *world)
{
    CHECK_STATUS(pirn_event_wait_timeout(world->event, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_set(world->event));
    CHECK_OK(pirn_event_wait(world->event));
    CHECK_OK(pirn_event_clear(world->event));
    CHECK_OK(pirn_event_free(world->event));
}

static void check_queues_in_child(world_t *world)
{
    put(world->empty, 5); /* not for the getter that is not alive here */
    put(world->empty, 6);
    check_size(world->empty, 2);
    get(world->empty, 5);
    get(world->empty, 6);
    CHECK_OK(pirn_queue_free(world->empty));
    get(world->full, 1);
    check_size(world->full, 0); /* the blocked put never came */
    put(world->full, 7);
    get(world->full, 7);
    CHECK_OK(pirn_queue_free(world->full));
    check_unfinished(world->unfinished, 1);
    CHECK_OK(pirn_queue_task_done(world->unfinished));
    CHECK_OK(pirn_queue_join(world->unfinished));
    CHECK_OK(pirn_queue_free(world->unfinished));
}

static void check_world_in_child(void *arg)
{
    world_t *world = arg;
    check_finished(world->thread);
    for (int i = 0; i < world->n_blocked; i++)
        if (world->blocked[i].runner.breed == PIRN_THREAD)
            check_finished(world->blocked[i].runner.thread);
    check_lock_in_child(world);
    check_event_in_child(world);
    check_queues_in_child(world);
    CHECK_STATUS(pirn_future_result_timeout(world->future, 0, NULL), PIRN_TIMED_OUT);
    CHECK_OK(pirn_future_set_result(world->future, NULL));
    CHECK_OK(pirn_future_result(world->future, NULL));
    CHECK_EQ(pirn_active_count(), 1);
    check_usable();
}

static void fork_the_world(void *world)
{
    in_forked_child(check_world_in_child, world);
}

TEST(while_others_are_blocked)
{
    world_t world;
    make_world(&world);
    fork_the_world(&world);
    for (breed_t breed = 0; breed < BREEDS; breed++)
        run_on(breed, fork_the_world, &world);
    end_world(&world);
}

/* Handles are the child's own copies. */
static void free_everything(void *arg)
{
    world_t *world = arg;
    CHECK_OK(pirn_thread_free(world->thread));
    CHECK_OK(pirn_future_free(world->future));
    CHECK_STATUS(pirn_future_free(world->future), PIRN_ERR_INVALID_HANDLE);
    CHECK_OK(pirn_lock_release(world->held));
    CHECK_OK(pirn_lock_free(world->held));
    CHECK_STATUS(pirn_lock_acquire(world->held), PIRN_ERR_INVALID_HANDLE);
}

TEST(a_free_in_the_child_is_the_child_s_alone)
{
    world_t world;
    make_world(&world);
    in_forked_child(free_everything, &world);
    end_world(&world);
}

/* Executors and futures. */

enum { PENDING, RUNNING, FINISHED, CANCELLED, PROMISES };

typedef struct work {
    pirn_executor_t *executor;
    gate_t gate;
    pirn_future_t *running, *queued[3], *finished;
    pirn_future_t *promises[PROMISES];
    counted_t args[3], callbacks;
    pirn_as_completed_t *iterator;
    pirn_map_t *map;
} work_t;

static void count_callback(pirn_future_t *future, void *arg)
{
    (void)future;
    count_run(arg);
}

static int32_t state_of(pirn_future_t *future)
{
    int32_t state;
    CHECK_OK(pirn_future_state(future, &state));
    return state;
}

static void check_iterates_over_all(work_t *work)
{
    size_t index, sum = 0;
    for (int i = 0; i < 4; i++) {
        CHECK_OK(pirn_as_completed_next(work->iterator, &index));
        sum += (size_t)1 << index;
    }
    CHECK_EQ(sum, 15);
    CHECK_STATUS(pirn_as_completed_next(work->iterator, &index), PIRN_END);
    CHECK_OK(pirn_as_completed_free(work->iterator));
}

static void make_work(work_t *work)
{
    bool flag;
    *work = (work_t){.executor = new_executor(1)};
    work->finished = submit(work->executor, do_nothing, NULL);
    CHECK_OK(pirn_future_result(work->finished, NULL));
    work->running = submit_gate(work->executor, &work->gate);
    CHECK_OK(pirn_future_add_done_callback(work->running, count_callback, &work->callbacks, NULL));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(
            pirn_executor_submit(work->executor, count_task, &work->args[i], count_free, &work->queued[i]));
        CHECK_OK(pirn_future_add_done_callback(work->queued[i], count_callback, &work->callbacks, NULL));
    }
    pirn_future_t *unfinished[] = {work->running, work->queued[0], work->queued[1], work->queued[2]};
    CHECK_OK(pirn_as_completed(unfinished, LENGTH(unfinished), PIRN_FOREVER, &work->iterator));
    void *item = NULL;
    CHECK_OK(pirn_executor_map(work->executor, do_nothing, &item, 1, NULL, 1, PIRN_FOREVER, &work->map));
    for (int i = 0; i < PROMISES; i++)
        work->promises[i] = new_future();
    CHECK_OK(pirn_future_set_running_or_notify_cancel(work->promises[RUNNING], &flag));
    CHECK_OK(pirn_future_set_result(work->promises[FINISHED], UNTOUCHED));
    CHECK_OK(pirn_future_cancel(work->promises[CANCELLED], &flag));
}

static void end_work(work_t *work)
{
    void *result;
    gate_open(&work->gate);
    CHECK_OK(pirn_future_result(work->running, NULL));
    CHECK_OK(pirn_map_next(work->map, &result));
    check_iterates_over_all(work);
    CHECK_OK(pirn_executor_free(work->executor));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(pirn_future_result(work->queued[i], NULL));
        CHECK_COUNTED(&work->args[i], 1, 1);
    }
    CHECK_EQ(work->callbacks.runs, 4);
}

static void check_futures_in_child(work_t *work)
{
    void *out = NULL;
    pirn_future_t *cancelled[] = {work->running, work->queued[0], work->queued[1], work->queued[2]};
    CHECK_OK(pirn_wait(cancelled, LENGTH(cancelled), PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL));
    for (size_t i = 0; i < LENGTH(cancelled); i++) {
        bool flag = false;
        CHECK_STATUS(pirn_future_result(cancelled[i], &out), PIRN_ERR_CANCELLED);
        CHECK_OK(pirn_future_cancelled(cancelled[i], &flag));
        CHECK(flag);
        CHECK_EQ(state_of(cancelled[i]), PIRN_FUTURE_CANCELLED_AND_NOTIFIED);
    }
    check_iterates_over_all(work);
    CHECK_STATUS(pirn_map_next(work->map, &out), PIRN_ERR_CANCELLED);
    CHECK_STATUS(pirn_map_next(work->map, &out), PIRN_END);
    CHECK_OK(pirn_map_free(work->map));
    CHECK_EQ(work->callbacks.runs, 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(work->args[i].runs, 0);
    CHECK_OK(pirn_future_result(work->finished, NULL));
    CHECK_EQ(state_of(work->promises[PENDING]), PIRN_FUTURE_PENDING);
    CHECK_EQ(state_of(work->promises[RUNNING]), PIRN_FUTURE_RUNNING);
    CHECK_EQ(state_of(work->promises[FINISHED]), PIRN_FUTURE_FINISHED);
    CHECK_EQ(state_of(work->promises[CANCELLED]), PIRN_FUTURE_CANCELLED);
    CHECK_OK(pirn_future_result(work->promises[FINISHED], &out));
    CHECK(out == UNTOUCHED);
    CHECK_OK(pirn_future_set_result(work->promises[RUNNING], NULL));
    CHECK_OK(pirn_future_result(work->promises[RUNNING], NULL));
}

static int32_t publish_id(void *arg, void **result)
{
    (void)result;
    *(uint64_t *)arg = pirn_get_native_id();
    return 0;
}

static void check_work_in_child(void *arg)
{
    work_t *work = arg;
    uint64_t ids[2] = {0};
    check_futures_in_child(work);
    for (int i = 0; i < 2; i++) /* the executor goes on, on a worker of this process */
        CHECK_OK(pirn_future_result(submit(work->executor, publish_id, &ids[i]), NULL));
    CHECK(ids[0] != 0 && ids[0] != pirn_get_native_id());
    CHECK(thread_state(ids[0]) != 0);
    CHECK_EQ(ids[0], ids[1]);
    CHECK_EQ(pirn_active_count(), 2);
    CHECK_OK(pirn_executor_free(work->executor));
    CHECK_EQ(pirn_active_count(), 1);
    check_usable();
}

TEST(executors_start_afresh_and_their_futures_are_cancelled)
{
    work_t work;
    make_work(&work);
    in_forked_child(check_work_in_child, &work);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(state_of(work.queued[i]), PIRN_FUTURE_PENDING);
    end_work(&work);
}

static void free_executor_in_child(void *arg)
{
    work_t *work = arg;
    CHECK_OK(pirn_executor_shutdown(work->executor, true, false));
    CHECK_OK(pirn_executor_free(work->executor));
    for (int i = 0; i < 3; i++)
        CHECK_OK(pirn_future_free(work->queued[i]));
    CHECK_OK(pirn_future_free(work->running));
    CHECK_EQ(work->callbacks.runs, 0);
    check_usable();
}

TEST(an_executor_is_freed_in_the_child)
{
    work_t work;
    make_work(&work);
    in_forked_child(free_executor_in_child, &work);
    end_work(&work);
}

/* On a worker of the child: what the parent has queued is not to be run here, for its result either. */
static int32_t ask_for_what_the_parent_queued(void *arg, void **result)
{
    work_t *work = arg;
    int32_t code;
    CHECK_STATUS(pirn_future_result(work->queued[0], result), PIRN_ERR_CANCELLED);
    CHECK_STATUS(pirn_future_result_timeout(work->queued[1], 3600, result), PIRN_ERR_CANCELLED);
    CHECK_STATUS(pirn_future_exception(work->queued[2], &code, NULL, 0, NULL), PIRN_ERR_CANCELLED);
    return 0;
}

static void ask_in_child(void *arg)
{
    work_t *work = arg;
    size_t queued = 99, running = 99;
    CHECK_OK(pirn_future_result(submit(work->executor, ask_for_what_the_parent_queued, work), NULL));
    for (int i = 0; i < 3; i++)
        CHECK_COUNTED(&work->args[i], 0, 0);
    CHECK_OK(pirn_executor_pending(work->executor, &queued, &running));
    CHECK_EQ(queued, 0);
    CHECK_EQ(running, 0);
    CHECK_OK(pirn_executor_free(work->executor));
}

TEST(a_worker_of_the_child_asks_for_what_the_parent_queued)
{
    work_t work;
    make_work(&work);
    in_forked_child(ask_in_child, &work);
    end_work(&work);
}

static pirn_executor_t *submitted_to;

static void submit_in_child(void *arg)
{
    uint64_t id = 0;
    (void)arg;
    CHECK_OK(pirn_future_result(submit(submitted_to, publish_id, &id), NULL));
    CHECK(id != 0 && id != (uint64_t)getpid());
}

static int32_t fork_and_submit(void *arg, void **result)
{
    (void)result;
    in_forked_child(submit_in_child, arg);
    return 0;
}

TEST(a_task_s_child_submits_to_its_own_executor)
{
    submitted_to = new_executor(1);
    CHECK_OK(pirn_future_result(submit(submitted_to, fork_and_submit, NULL), NULL));
    CHECK_OK(pirn_executor_free(submitted_to));
}

/* Exit and shutdown. */

static void exit_in_child(void *arg)
{
    counted_t *late = arg;
    CHECK_OK(pirn_thread_free(start_thread(count_run, late)));
    exit(0);
}

static int32_t exit_in_child_of_thread(void *arg)
{
    in_forked_child(exit_in_child, arg);
    return 0;
}

static int32_t exit_in_child_of_task(void *arg, void **result)
{
    (void)result;
    return exit_in_child_of_thread(arg);
}

/* Nobody is waited for who is not alive there. */
TEST(the_child_exits)
{
    counted_t late = {0};
    gate_t gates[2];
    pirn_executor_t *executor = new_executor(2);
    gate_init(&gates[0]);
    pirn_thread_t *other = start_thread(gate_target, &gates[0]);
    submit_gate(executor, &gates[1]);
    in_forked_child(exit_in_child, &late);
    join_and_free(start_thread(exit_in_child_of_thread, &late));
    CHECK_OK(pirn_future_result(submit(executor, exit_in_child_of_task, &late), NULL));
    gate_open(&gates[0]);
    gate_open(&gates[1]);
    join_and_free(other);
    CHECK_OK(pirn_executor_free(executor));
}

static void check_not_shut_down(void *arg)
{
    (void)arg;
    check_usable();
    CHECK_OK(pirn_at_shutdown(count_run, &(counted_t){0}, NULL));
}

static int32_t fork_in_callback(void *arg)
{
    in_forked_child(check_not_shut_down, arg);
    return say("forked");
}

static int32_t fork_in_a_joined_thread(void *arg)
{
    await_sleeping((uint64_t)getpid()); /* main has begun to join */
    return fork_in_callback(arg);
}

CHILD(forks_while_it_shuts_down)
{
    start_and_let_go(fork_in_a_joined_thread, NULL);
    at_shutdown(fork_in_callback, NULL);
}

CHILD(forks_after_the_shutdown)
{
    CHECK_OK(pirn_shutdown());
    fork_in_callback(NULL);
}

TEST(shutdown_has_not_begun_in_the_child)
{
    check_child("forks_while_it_shuts_down", 0, "forked\nforked\n");
    check_child("forks_after_the_shutdown", 0, "forked\n");
}

/* Under load. */

typedef struct load {
    pirn_lock_t *lock;
    pirn_event_t *event;
    pirn_queue_t *queue;
    pirn_executor_t *executor;
    pirn_future_t *future;
    bool over;
    uint64_t steps;
} load_t;

static void hammer(void *element)
{
    load_t *load = *(load_t **)element;
    for (unsigned step = 0; !LOAD(load->over); step++) {
        void *item;
        CHECK_OK(pirn_lock_acquire(load->lock));
        CHECK_OK(pirn_lock_release(load->lock));
        CHECK_OK(step % 2 ? pirn_event_set(load->event) : pirn_event_clear(load->event));
        CHECK_AMONG(pirn_event_wait_timeout(load->event, 1e-5), BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT));
        CHECK_AMONG(pirn_queue_put_timeout(load->queue, load, 1e-5), BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT));
        CHECK_AMONG(pirn_queue_get_timeout(load->queue, 1e-5, &item), BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT));
        pirn_future_t *future = submit(load->executor, do_nothing, NULL);
        CHECK_OK(pirn_future_result(future, NULL));
        CHECK_OK(pirn_future_free(future));
        if (step % 8 == 0)
            join_and_free(start_thread(count_run, &(counted_t){0}));
        ADD(load->steps, 1);
    }
}

/* Whatever moment the fork caught, all that the hammers were at can be used. */
static void use_in_child(void *arg)
{
    load_t *load = arg;
    void *item;
    bool flag;
    CHECK_AMONG(pirn_lock_try_acquire(load->lock), BIT(PIRN_OK) | BIT(PIRN_WOULD_BLOCK));
    CHECK_OK(pirn_lock_release(load->lock)); /* held by this thread, or by one that is not alive here */
    CHECK_OK(pirn_lock_acquire(load->lock));
    CHECK_OK(pirn_lock_free(load->lock));
    CHECK_OK(pirn_event_set(load->event));
    CHECK_OK(pirn_event_wait(load->event));
    CHECK_OK(pirn_event_free(load->event));
    while (pirn_queue_try_get(load->queue, &item) == PIRN_OK)
        CHECK(item == load);
    put(load->queue, 1);
    get(load->queue, 1);
    CHECK_OK(pirn_queue_free(load->queue));
    CHECK_OK(pirn_future_cancel(load->future, &flag));
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_future_result(submit(load->executor, do_nothing, NULL), NULL));
    CHECK_OK(pirn_executor_free(load->executor));
    check_usable();
}

/* 200 times, and for as many seconds as PIRN_TEST_SECONDS says. */
TEST(many_times_under_load)
{
    enum { THREADS = 4, FORKS = 200 };
    const char *seconds = getenv("PIRN_TEST_SECONDS");
    double end = now() + (seconds ? atof(seconds) : 0);
    load_t load = {.lock = new_lock(), .event = new_event(), .queue = new_queue(2),
                   .executor = new_executor(2), .future = new_future()};
    load_t *element = &load;
    runner_t hammers[THREADS];
    for (int i = 0; i < THREADS; i++)
        runner_start(&hammers[i], (breed_t)(i % BREEDS), hammer, &element);
    for (int i = 0; i < FORKS || now() < end; i++) {
        uint64_t enough = LOAD(load.steps) + (unsigned)i % 4;
        AWAIT(LOAD(load.steps) >= enough);
        in_forked_child(use_in_child, &load);
    }
    STORE(load.over, true);
    for (int i = 0; i < THREADS; i++)
        runner_join(&hammers[i]);
    CHECK_OK(pirn_executor_free(load.executor));
    CHECK_EQ(pirn_active_count(), 1);
}

/* While tasks are put in order of their priorities, and counted: the fork waits for both, and they not for it. */

static void submit_with_priorities(void *element)
{
    load_t *load = *(load_t **)element;
    while (!LOAD(load->over)) {
        for (int32_t priority = -5; priority <= 5; priority++)
            CHECK_OK(pirn_executor_submit_priority(load->executor, do_nothing, NULL, NULL, priority, NULL));
        CHECK_OK(pirn_future_result(submit(load->executor, do_nothing, NULL), NULL));
        ADD(load->steps, 1);
    }
}

static void count_pending(void *element)
{
    load_t *load = *(load_t **)element;
    size_t queued, running;
    while (!LOAD(load->over)) {
        CHECK_OK(pirn_executor_pending(load->executor, &queued, &running));
        CHECK(running <= 1);
    }
}

static void submit_with_priorities_in_child(void *arg)
{
    load_t *load = arg;
    pirn_future_t *future;
    CHECK_OK(pirn_executor_submit_priority(load->executor, do_nothing, NULL, NULL, 1, &future));
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_executor_free(load->executor));
}

TEST(many_times_while_tasks_are_ranked)
{
    enum { SUBMITTERS = 3, FORKS = 300 };
    load_t load = {.executor = new_executor(1)};
    load_t *element = &load;
    runner_t submitters[SUBMITTERS], counter;
    for (int i = 0; i < SUBMITTERS; i++)
        runner_start(&submitters[i], (breed_t)(i % BREEDS), submit_with_priorities, &element);
    runner_start(&counter, FOREIGN, count_pending, &element);
    for (int i = 0; i < FORKS; i++) {
        uint64_t enough = LOAD(load.steps) + (unsigned)i % 4;
        AWAIT(LOAD(load.steps) >= enough);
        in_forked_child(submit_with_priorities_in_child, &load);
    }
    STORE(load.over, true);
    for (int i = 0; i < SUBMITTERS; i++)
        runner_join(&submitters[i]);
    runner_join(&counter);
    CHECK_OK(pirn_executor_free(load.executor));
}
