/*
 * Each object, and each call that hands something from thread to thread, orders memory: what came before one call is seen behind
 * another. A plain variable goes with it, and a race detector watches. As they are, the cases have nothing to report. With
 * RACE=1 in the environment each makes one mistake, which has to be reported: it writes behind the call that
 * publishes, or reads without the call that observes.
 *
 * The two threads tell each other where they are by relaxed atomics, which order nothing.
 */
#include "../support.h"

static bool racing;
static long payload; /* plain: this is what the detector watches */
static long round_number;

static int given, looking, written, looked;

static void tell(int *flag)
{
    __atomic_store_n(flag, 1, __ATOMIC_RELAXED);
}

static void await_told(const int *flag)
{
    AWAIT(__atomic_load_n(flag, __ATOMIC_RELAXED));
}

/* Before the call that publishes. */
static void before(void)
{
    if (!racing)
        payload = round_number;
}

/* Behind it. Nothing of pirn's comes between the mistake and its discovery, lest that order the two. */
static void after(void)
{
    tell(&given);
    if (racing) {
        await_told(&looking);
        payload = round_number;
        tell(&written);
        await_told(&looked);
    }
}

/* On the other thread, behind the call that observes. */
static void look(void)
{
    if (racing) {
        tell(&looking);
        await_told(&written);
    }
    CHECK(payload == round_number);
    tell(&looked);
}

/* On the thread of which the other observes no more than its end. */
static void write_and_end(void)
{
    payload = round_number;
    tell(&written);
}

/* To be followed by the call that observes the end, unless that is the mistake. */
static bool ends_unobserved(void)
{
    if (racing)
        await_told(&written);
    return racing;
}

static void rounds(void (*round)(void))
{
    racing = getenv("RACE") != NULL;
    for (round_number = 1; round_number <= (racing ? 1 : 25); round_number++) {
        given = looking = written = looked = 0;
        round();
    }
}

/* Objects that one thread gives to and another takes from: the taker comes late, or sleeps already. */

typedef struct pair {
    void (*begin)(void); /* by the giver, before the taker is let go */
    void (*give)(void);
    void (*take)(void);
    bool taker_sleeps;
    int begun;
    uint64_t taker;
} pair_t;

static void giver(void *arg)
{
    pair_t *pair = arg;
    if (pair->begin)
        pair->begin();
    tell(&pair->begun);
    if (pair->taker_sleeps) {
        AWAIT(LOAD(pair->taker));
        await_sleeping(LOAD(pair->taker));
    }
    before();
    pair->give();
    after();
}

static void taker(void *arg)
{
    pair_t *pair = arg;
    await_told(pair->taker_sleeps ? &pair->begun : &given);
    STORE(pair->taker, pirn_get_native_id());
    pair->take();
    look();
}

static void pair_round(void (*begin)(void), void (*give)(void), void (*take)(void), bool may_sleep)
{
    for (int way = 0; way < (racing ? 1 : 4); way++) {
        pair_t pair = {.begin = begin, .give = give, .take = take, .taker_sleeps = may_sleep && way % 2 == 1};
        given = 0;
        runner_t runners[2];
        runner_start(&runners[0], (breed_t)(way / 2), taker, &pair);
        runner_start(&runners[1], (breed_t)(way / 2), giver, &pair);
        runner_join(&runners[1]);
        runner_join(&runners[0]);
    }
}

static pirn_lock_t *lock;

static void lock_begin(void)
{
    CHECK_OK(pirn_lock_acquire(lock));
}

static void lock_give(void)
{
    CHECK_OK(pirn_lock_release(lock));
}

static void lock_take(void)
{
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_OK(pirn_lock_release(lock));
}

static void lock_round(void)
{
    CHECK_OK(pirn_lock_new(&lock));
    pair_round(lock_begin, lock_give, lock_take, true);
    CHECK_OK(pirn_lock_free(lock));
}

TEST(lock)
{
    rounds(lock_round);
}

static void lock_try_take(void)
{
    AWAIT(pirn_lock_try_acquire(lock) == PIRN_OK);
    CHECK_OK(pirn_lock_release(lock));
}

static void lock_try_round(void)
{
    CHECK_OK(pirn_lock_new(&lock));
    pair_round(lock_begin, lock_give, lock_try_take, false);
    CHECK_OK(pirn_lock_free(lock));
}

TEST(lock_try)
{
    rounds(lock_try_round);
}

static void lock_timed_take(void)
{
    CHECK_OK(pirn_lock_acquire_timeout(lock, 3600));
    CHECK_OK(pirn_lock_release(lock));
}

static void lock_timed_round(void)
{
    CHECK_OK(pirn_lock_new(&lock));
    pair_round(lock_begin, lock_give, lock_timed_take, true);
    CHECK_OK(pirn_lock_free(lock));
}

TEST(lock_timed)
{
    rounds(lock_timed_round);
}

static pirn_rlock_t *rlock;

static void rlock_begin(void)
{
    CHECK_OK(pirn_rlock_acquire(rlock));
    CHECK_OK(pirn_rlock_acquire(rlock));
    CHECK_OK(pirn_rlock_release(rlock));
}

static void rlock_give(void)
{
    CHECK_OK(pirn_rlock_release(rlock));
}

static void rlock_take(void)
{
    CHECK_OK(pirn_rlock_acquire(rlock));
    CHECK_OK(pirn_rlock_release(rlock));
}

static void rlock_round(void)
{
    CHECK_OK(pirn_rlock_new(&rlock));
    pair_round(rlock_begin, rlock_give, rlock_take, true);
    CHECK_OK(pirn_rlock_free(rlock));
}

TEST(rlock)
{
    rounds(rlock_round);
}

static pirn_condition_t *condition;
static bool ready; /* plain, and guarded by the condition's lock */

static bool is_ready(void *unused)
{
    (void)unused;
    return ready;
}

static void condition_begin(void)
{
    CHECK_OK(pirn_condition_acquire(condition));
    ready = false;
    CHECK_OK(pirn_condition_release(condition));
}

static void condition_give(void)
{
    CHECK_OK(pirn_condition_acquire(condition));
    ready = true;
    CHECK_OK(pirn_condition_notify(condition, 1));
    CHECK_OK(pirn_condition_release(condition));
}

static void condition_take(void)
{
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_OK(pirn_condition_wait_for(condition, is_ready, NULL));
    CHECK_OK(pirn_condition_release(condition));
}

static void condition_round(void)
{
    CHECK_OK(pirn_condition_new(&condition));
    pair_round(condition_begin, condition_give, condition_take, true);
    CHECK_OK(pirn_condition_free(condition));
}

TEST(condition)
{
    rounds(condition_round);
}

static void condition_lock_round(void)
{
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_condition_new_with_lock(lock, &condition));
    pair_round(condition_begin, condition_give, condition_take, true);
    CHECK_OK(pirn_condition_free(condition));
    CHECK_OK(pirn_lock_free(lock));
}

TEST(condition_on_lock)
{
    rounds(condition_lock_round);
}

static pirn_semaphore_t *semaphore;

static void semaphore_give(void)
{
    CHECK_OK(pirn_semaphore_release(semaphore));
}

static void semaphore_take(void)
{
    CHECK_OK(pirn_semaphore_acquire(semaphore));
}

static void semaphore_round(void)
{
    CHECK_OK(pirn_semaphore_new(0, &semaphore));
    pair_round(NULL, semaphore_give, semaphore_take, true);
    CHECK_OK(pirn_semaphore_free(semaphore));
}

TEST(semaphore)
{
    rounds(semaphore_round);
}

static pirn_event_t *event;

static void event_begin(void)
{
    CHECK_OK(pirn_event_clear(event));
}

static void event_give(void)
{
    CHECK_OK(pirn_event_set(event));
}

static void event_take(void)
{
    CHECK_OK(pirn_event_wait(event));
}

static void event_round(void)
{
    CHECK_OK(pirn_event_new(&event));
    pair_round(event_begin, event_give, event_take, true);
    CHECK_OK(pirn_event_free(event));
}

TEST(event)
{
    rounds(event_round);
}

static void event_look(void)
{
    bool set = false;
    while (!set)
        CHECK_OK(pirn_event_is_set(event, &set));
}

static void event_is_set_round(void)
{
    CHECK_OK(pirn_event_new(&event));
    pair_round(event_begin, event_give, event_look, false);
    CHECK_OK(pirn_event_free(event));
}

TEST(event_is_set)
{
    rounds(event_is_set_round);
}

static pirn_barrier_t *barrier;

static void barrier_pass(void)
{
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
}

/* The taker waits there already, or else the giver would for ever. */
static void barrier_round(void)
{
    CHECK_OK(pirn_barrier_new(2, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    for (int breed = 0; breed < BREEDS; breed++) {
        pair_t pair = {.give = barrier_pass, .take = barrier_pass, .taker_sleeps = true};
        runner_t runners[2];
        runner_start(&runners[0], (breed_t)breed, taker, &pair);
        runner_start(&runners[1], (breed_t)breed, giver, &pair);
        runner_join(&runners[1]);
        runner_join(&runners[0]);
        if (racing)
            break;
    }
    CHECK_OK(pirn_barrier_free(barrier));
}

TEST(barrier)
{
    rounds(barrier_round);
}

static int32_t look_as_target(void *unused)
{
    (void)unused;
    look();
    return 0;
}

/* The action sees what came before any of the waits: it runs on the last thread to come. */
static void action_first(void *unused)
{
    (void)unused;
    before();
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
}

/* The mistake: one who does not wait at the barrier. */
static void action_stray(void *unused)
{
    (void)unused;
    after();
}

static void action_round(void)
{
    CHECK_OK(pirn_barrier_new(2, look_as_target, NULL, NULL, PIRN_FOREVER, &barrier));
    runner_t first, stray;
    runner_start(&stray, FOREIGN, action_stray, NULL);
    runner_start(&first, FOREIGN, action_first, NULL);
    size_t waiting = 0;
    while (waiting == 0)
        CHECK_OK(pirn_barrier_n_waiting(barrier, &waiting));
    CHECK_OK(pirn_barrier_wait(barrier, NULL));
    runner_join(&first);
    runner_join(&stray);
    CHECK_OK(pirn_barrier_free(barrier));
}

TEST(barrier_action)
{
    rounds(action_round);
}

static pirn_queue_t *queue;
static int item;

static void queue_give(void)
{
    CHECK_OK(pirn_queue_put(queue, &item));
}

static void queue_take(void)
{
    void *got;
    CHECK_OK(pirn_queue_get(queue, &got));
    CHECK(got == &item);
}

static void queue_pass(void)
{
    pair_round(NULL, queue_give, queue_take, true);
    CHECK_OK(pirn_queue_free(queue));
}

static void fifo_round(void)
{
    CHECK_OK(pirn_queue_new(0, &queue));
    queue_pass();
}

TEST(queue)
{
    rounds(fifo_round);
}

static void bounded_round(void)
{
    CHECK_OK(pirn_queue_new(1, &queue));
    queue_pass();
}

TEST(bounded_queue)
{
    rounds(bounded_round);
}

static void lifo_round(void)
{
    CHECK_OK(pirn_lifo_queue_new(0, &queue));
    queue_pass();
}

TEST(lifo_queue)
{
    rounds(lifo_round);
}

static int by_address(const void *a, const void *b, void *unused)
{
    (void)unused;
    return a < b ? -1 : a > b;
}

static void priority_round(void)
{
    CHECK_OK(pirn_priority_queue_new(0, by_address, NULL, &queue));
    queue_pass();
}

TEST(priority_queue)
{
    rounds(priority_round);
}

static void simple_round(void)
{
    CHECK_OK(pirn_simple_queue_new(&queue));
    queue_pass();
}

TEST(simple_queue)
{
    rounds(simple_round);
}

static void done_begin(void)
{
    queue_give();
    queue_take();
}

static void done_give(void)
{
    CHECK_OK(pirn_queue_task_done(queue));
}

static void done_take(void)
{
    CHECK_OK(pirn_queue_join(queue));
}

static void done_round(void)
{
    CHECK_OK(pirn_queue_new(0, &queue));
    pair_round(done_begin, done_give, done_take, true);
    CHECK_OK(pirn_queue_free(queue));
}

TEST(queue_join)
{
    rounds(done_round);
}

static pirn_future_t *future;

static void future_give(void)
{
    CHECK_OK(pirn_future_set_result(future, &item));
}

static void future_take(void)
{
    void *result;
    CHECK_OK(pirn_future_result(future, &result));
    CHECK(result == &item);
}

static void future_fail(void)
{
    CHECK_OK(pirn_future_set_exception(future, 7, "on purpose"));
}

static void future_take_failure(void)
{
    int32_t code;
    char text[32];
    size_t length;
    CHECK_OK(pirn_future_exception(future, &code, text, sizeof text, &length));
    CHECK_EQ(code, 7);
}

static void future_take_by_wait(void)
{
    CHECK_OK(pirn_wait(&future, 1, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL));
}

static void future_take_by_iteration(void)
{
    pirn_as_completed_t *iteration;
    size_t index;
    CHECK_OK(pirn_as_completed(&future, 1, PIRN_FOREVER, &iteration));
    CHECK_OK(pirn_as_completed_next(iteration, &index));
    CHECK_OK(pirn_as_completed_free(iteration));
}

static void future_pass(void (*give)(void), void (*take)(void))
{
    for (int sleeps = 0; sleeps < (racing ? 1 : 2); sleeps++) {
        future = new_future();
        given = 0;
        pair_t pair = {.give = give, .take = take, .taker_sleeps = sleeps};
        runner_t runners[2];
        runner_start(&runners[0], PIRN_THREAD, taker, &pair);
        runner_start(&runners[1], FOREIGN, giver, &pair);
        runner_join(&runners[1]);
        runner_join(&runners[0]);
        CHECK_OK(pirn_future_free(future));
    }
}

static void future_round(void)
{
    future_pass(future_give, future_take);
}

TEST(future)
{
    rounds(future_round);
}

static void failure_round(void)
{
    future_pass(future_fail, future_take_failure);
}

TEST(future_exception)
{
    rounds(failure_round);
}

static void wait_round(void)
{
    future_pass(future_give, future_take_by_wait);
}

TEST(wait)
{
    rounds(wait_round);
}

static void as_completed_round(void)
{
    future_pass(future_give, future_take_by_iteration);
}

TEST(as_completed)
{
    rounds(as_completed_round);
}

/* Calls that start something on another thread, and calls that observe its end. */

static void thread_start_round(void)
{
    before();
    pirn_thread_t *thread = start_thread(look_as_target, NULL);
    after();
    join_and_free(thread);
}

TEST(thread_start)
{
    rounds(thread_start_round);
}

static int32_t end_target(void *unused)
{
    (void)unused;
    write_and_end();
    return 0;
}

static void thread_join_round(void)
{
    pirn_thread_t *thread = start_thread(end_target, NULL);
    if (!ends_unobserved())
        CHECK_OK(pirn_thread_join(thread));
    CHECK(payload == round_number);
    join_and_free(thread);
}

TEST(thread_join)
{
    rounds(thread_join_round);
}

static void thread_timed_join_round(void)
{
    pirn_thread_t *thread = start_thread(end_target, NULL);
    if (!ends_unobserved())
        CHECK_OK(pirn_thread_join_timeout(thread, 3600));
    CHECK(payload == round_number);
    join_and_free(thread);
}

TEST(thread_timed_join)
{
    rounds(thread_timed_join_round);
}

static void thread_is_alive_round(void)
{
    pirn_thread_t *thread = start_thread(end_target, NULL);
    bool alive = !ends_unobserved();
    while (alive)
        CHECK_OK(pirn_thread_is_alive(thread, &alive));
    CHECK(payload == round_number);
    join_and_free(thread);
}

TEST(thread_is_alive)
{
    rounds(thread_is_alive_round);
}

static void end_value(void *unused)
{
    (void)unused;
    write_and_end();
}

static pirn_local_t *local;

static int32_t set_local(void *unused)
{
    (void)unused;
    CHECK_OK(pirn_local_set(local, NULL, &item, end_value));
    return 0;
}

static void local_end_round(void)
{
    CHECK_OK(pirn_local_new(NULL, NULL, NULL, &local));
    pirn_thread_t *thread = start_thread(set_local, NULL);
    if (!ends_unobserved())
        CHECK_OK(pirn_thread_join(thread));
    CHECK(payload == round_number);
    join_and_free(thread);
    CHECK_OK(pirn_local_free(local));
}

TEST(local_value_freed)
{
    rounds(local_end_round);
}

static pirn_timer_t *new_timer(pirn_target_fn function)
{
    pirn_timer_t *timer;
    CHECK_OK(pirn_timer_new(1e-4, function, NULL, NULL, &timer));
    return timer;
}

static void end_timer(pirn_timer_t *timer)
{
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_timer_free(timer));
}

static void timer_start_round(void)
{
    pirn_timer_t *timer = new_timer(look_as_target);
    before();
    CHECK_OK(pirn_timer_start(timer));
    after();
    end_timer(timer);
}

TEST(timer_start)
{
    rounds(timer_start_round);
}

static void timer_join_round(void)
{
    pirn_timer_t *timer = new_timer(end_target);
    CHECK_OK(pirn_timer_start(timer));
    if (!ends_unobserved())
        CHECK_OK(pirn_timer_join(timer));
    CHECK(payload == round_number);
    end_timer(timer);
}

TEST(timer_join)
{
    rounds(timer_join_round);
}

static pirn_executor_t *executor;

static int32_t look_as_task(void *arg, void **result)
{
    *result = arg;
    look();
    return 0;
}

static int32_t end_task(void *arg, void **result)
{
    *result = arg;
    write_and_end();
    return 0;
}

static void end_future(void)
{
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_free(future));
}

static void submit_round(void)
{
    executor = new_executor(2);
    for (int i = 0; i < (racing ? 1 : 8); i++) {
        before();
        future = submit(executor, look_as_task, NULL);
        after();
        end_future();
    }
    CHECK_OK(pirn_executor_free(executor));
}

TEST(executor_submit)
{
    rounds(submit_round);
}

static void result_round(void)
{
    executor = new_executor(2);
    for (int i = 0; i < (racing ? 1 : 8); i++) {
        future = submit(executor, end_task, NULL);
        if (!ends_unobserved())
            CHECK_OK(pirn_future_result(future, NULL));
        CHECK(payload == round_number);
        end_future();
    }
    CHECK_OK(pirn_executor_free(executor));
}

TEST(executor_result)
{
    rounds(result_round);
}

static void executor_end_round(void)
{
    executor = new_executor(2);
    CHECK_OK(pirn_executor_submit(executor, end_task, NULL, NULL, NULL));
    if (!ends_unobserved())
        CHECK_OK(pirn_executor_free(executor));
    CHECK(payload == round_number);
    if (racing)
        CHECK_OK(pirn_executor_free(executor));
}

TEST(executor_end)
{
    rounds(executor_end_round);
}

static void look_as_callback(pirn_future_t *unused, void *arg)
{
    (void)unused;
    (void)arg;
    look();
}

static gate_t gate;

static void open_gate(void *unused)
{
    (void)unused;
    await_told(&given);
    gate_open(&gate);
}

static void callback_round(void)
{
    runner_t opener;
    gate_init(&gate);
    runner_start(&opener, FOREIGN, open_gate, NULL);
    executor = new_executor(1);
    future = submit(executor, gate_task, &gate);
    gate_await(&gate, 1);
    before();
    CHECK_OK(pirn_future_add_done_callback(future, look_as_callback, NULL, NULL));
    after();
    runner_join(&opener);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_event_free(gate.open));
}

TEST(done_callback)
{
    rounds(callback_round);
}

static void map_round(void)
{
    void *items[] = {&item, &item};
    pirn_map_t *map;
    void *result;
    executor = new_executor(1);
    CHECK_OK(pirn_executor_map(executor, end_task, items, racing ? 1 : 2, NULL, 1, PIRN_FOREVER, &map));
    if (!ends_unobserved()) {
        CHECK_OK(pirn_map_next(map, &result));
        CHECK_OK(pirn_map_next(map, &result));
    }
    CHECK(payload == round_number);
    CHECK_OK(pirn_map_free(map));
    CHECK_OK(pirn_executor_free(executor));
}

TEST(map)
{
    rounds(map_round);
}

static long parts[64];

static int32_t range_body(size_t begin, size_t end, void *unused)
{
    (void)unused;
    for (size_t i = begin; i < end; i++)
        parts[i] = payload;
    if (racing) {
        payload = 7; /* by each of the threads that take part, at once */
        ADD(written, 1);
        AWAIT(LOAD(written) >= 2);
    }
    return 0;
}

/* What the caller wrote is seen in the parts, and theirs when the call has returned. */
static void for_range_round(void)
{
    skip_if(racing && processors() < 2, "one processor: the calling thread makes all calls");
    executor = new_executor(2);
    payload = round_number;
    CHECK_OK(pirn_executor_for_range(executor, 0, racing ? 2 : LENGTH(parts), 1, range_body, NULL));
    for (size_t i = 0; !racing && i < LENGTH(parts); i++)
        CHECK_EQ(parts[i], round_number);
    CHECK_OK(pirn_executor_free(executor));
}

TEST(for_range)
{
    rounds(for_range_round);
}

/* What a failing thread did is seen by whoever joins it, by way of a hook that ran on it. */

static int32_t use_hook(const pirn_excepthook_args_t *args, void *arg)
{
    (void)args;
    (void)arg;
    write_and_end();
    return 0;
}

static int32_t fail(void *unused)
{
    (void)unused;
    return 1;
}

static void end_use(void *arg)
{
    (void)arg;
    CHECK(payload == round_number);
}

static void excepthook_round(void)
{
    CHECK_OK(pirn_set_excepthook(use_hook, &item, end_use));
    pirn_thread_t *thread = start_thread(fail, NULL);
    if (!ends_unobserved())
        CHECK_OK(pirn_thread_join(thread));
    CHECK(payload == round_number);
    CHECK_OK(pirn_set_excepthook(NULL, NULL, NULL));
    join_and_free(thread);
}

TEST(excepthook)
{
    rounds(excepthook_round);
}

/*
 * Whoever gives an argument back comes behind every use of it, whichever thread that was: here the thread that replaces the hook, and
 * knows of the other's end from the system alone.
 */

static uint64_t failing;

static int32_t fail_by_name(void *unused)
{
    __atomic_store_n(&failing, pirn_get_native_id(), __ATOMIC_RELAXED);
    return fail(unused);
}

static void argument_round(void)
{
    __atomic_store_n(&failing, 0, __ATOMIC_RELAXED);
    CHECK_OK(pirn_set_excepthook(use_hook, &item, end_use));
    pirn_thread_t *thread = start_thread(fail_by_name, NULL);
    AWAIT(__atomic_load_n(&failing, __ATOMIC_RELAXED) != 0);
    AWAIT(thread_state(__atomic_load_n(&failing, __ATOMIC_RELAXED)) == 0);
    CHECK(!racing || payload == round_number);
    CHECK_OK(pirn_set_excepthook(NULL, NULL, NULL));
    join_and_free(thread);
}

TEST(argument)
{
    rounds(argument_round);
}
