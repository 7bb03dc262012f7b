/* A free that races with uses on other threads: each use acts as if it had come before the free, or is
 * refused. */
#include "handles.h"

typedef struct race {
    kind_t kind;
    int rounds;
    void (*use)(void *h, unsigned step);
    void (*stir)(void *h); /* lets go whoever blocks on it; NULL where nobody does for long */
} race_t;

static const race_t *race;
static void *shared;
static uint64_t steps;
static bool over;
static counted_t argument;
static int submitted;

static const unsigned refused_or_done = BIT(PIRN_ERR_INVALID_HANDLE) | BIT(PIRN_OK);
static const unsigned or_not_now = BIT(PIRN_WOULD_BLOCK) | BIT(PIRN_TIMED_OUT);

static void hammer(void *element)
{
    (void)element;
    for (unsigned step = 0; !LOAD(over); step++) {
        race->use(LOAD(shared), step);
        ADD(steps, 1);
        if (step % 4 == 0) /* on a single processor the others would wait for the end of the time slice */
            sched_yield();
    }
}

/* Whom a stir lets go may come back before anything else runs here, so the free follows it without a pause.
 */
static void free_under_fire(void *h)
{
    pirn_status_t status;
    while ((status = kinds[race->kind].free(h)) != PIRN_OK) {
        CHECK_STATUS(status, PIRN_ERR_BUSY);
        if (race->stir)
            race->stir(h);
        else
            sched_yield();
    }
    CHECK_STATUS(kinds[race->kind].free(h), PIRN_ERR_INVALID_HANDLE);
}

static void run_race(const race_t *given)
{
    enum { THREADS = 3 };
    runner_t hammers[THREADS];
    race = given;
    make_spares();
    shared = kinds[race->kind].make();
    for (int i = 0; i < THREADS; i++)
        runner_start(&hammers[i], (breed_t)(i % BREEDS), hammer, NULL);
    for (int round = 0; round < race->rounds; round++) {
        uint64_t enough = LOAD(steps) + (unsigned)round % 8;
        void *h = LOAD(shared);
        for (; LOAD(steps) < enough; sched_yield())
            if (race->stir)
                race->stir(h);
        if (race->kind == FUTURE) /* its free lets nobody go who waits for the result */
            race->stir(h);
        free_under_fire(h);
        STORE(shared, kinds[race->kind].make());
    }
    STORE(over, true);
    if (race->stir)
        race->stir(shared);
    free_under_fire(shared);
    for (int i = 0; i < THREADS; i++)
        runner_join(&hammers[i]);
    AWAIT(LOAD(argument.frees) == submitted);
}

static void use_lock(void *h, unsigned step)
{
    bool flag;
    pirn_status_t status = step % 3 == 0   ? pirn_lock_try_acquire(h)
                           : step % 3 == 1 ? pirn_lock_acquire(h)
                                           : pirn_lock_acquire_timeout(h, 1e-5);
    CHECK_AMONG(status, refused_or_done | or_not_now);
    if (status == PIRN_OK)
        CHECK_AMONG(pirn_lock_release(h), refused_or_done);
    CHECK_AMONG(pirn_lock_locked(h, &flag), refused_or_done);
}

TEST(lock)
{
    run_race(&(race_t){LOCK, 20000, use_lock, NULL});
}

static void use_rlock(void *h, unsigned step)
{
    size_t count;
    bool flag;
    const unsigned or_not_owner = BIT(PIRN_ERR_NOT_OWNER);
    pirn_status_t status = step % 3 == 0   ? pirn_rlock_try_acquire(h)
                           : step % 3 == 1 ? pirn_rlock_acquire(h)
                                           : pirn_rlock_acquire_timeout(h, 1e-5);
    CHECK_AMONG(status, refused_or_done | or_not_now);
    if (status == PIRN_OK) {
        CHECK_AMONG(pirn_rlock_acquire(h), refused_or_done);
        CHECK_AMONG(pirn_rlock_release(h), refused_or_done);
        CHECK_AMONG(pirn_rlock_release(h), refused_or_done);
    }
    CHECK_AMONG(pirn_rlock_release(h), BIT(PIRN_ERR_INVALID_HANDLE) | or_not_owner);
    CHECK_AMONG(pirn_rlock_is_owned(h, &flag), refused_or_done);
    CHECK_AMONG(pirn_rlock_recursion_count(h, &count), refused_or_done);
}

TEST(rlock)
{
    run_race(&(race_t){RLOCK, 20000, use_rlock, NULL});
}

static void use_condition(void *h, unsigned step)
{
    const unsigned or_not_owner = BIT(PIRN_ERR_NOT_OWNER);
    pirn_status_t status = pirn_condition_acquire(h);
    CHECK_AMONG(status, refused_or_done);
    if (status == PIRN_OK) {
        CHECK_AMONG(step % 2 ? pirn_condition_wait_timeout(h, 1e-5) : pirn_condition_notify_all(h),
                    refused_or_done | or_not_now);
        CHECK_AMONG(pirn_condition_release(h), refused_or_done);
    }
    CHECK_AMONG(pirn_condition_notify(h, 1), BIT(PIRN_ERR_INVALID_HANDLE) | or_not_owner);
}

TEST(condition)
{
    run_race(&(race_t){CONDITION, 10000, use_condition, NULL});
}

static void use_semaphore(void *h, unsigned step)
{
    int64_t value;
    pirn_status_t status = step % 3 == 0   ? pirn_semaphore_try_acquire(h)
                           : step % 3 == 1 ? pirn_semaphore_acquire(h)
                                           : pirn_semaphore_acquire_timeout(h, 1e-5);
    CHECK_AMONG(status, refused_or_done | or_not_now);
    if (status == PIRN_OK)
        CHECK_AMONG(step % 2 ? pirn_semaphore_release(h) : pirn_semaphore_release_n(h, 1), refused_or_done);
    CHECK_AMONG(pirn_semaphore_value(h, &value), refused_or_done);
}

TEST(semaphore)
{
    run_race(&(race_t){SEMAPHORE, 20000, use_semaphore, NULL});
}

static void use_barrier(void *h, unsigned step)
{
    size_t out;
    bool flag;
    const unsigned or_broken = BIT(PIRN_ERR_BROKEN_BARRIER);
    CHECK_AMONG(step % 2 ? pirn_barrier_wait(h, &out) : pirn_barrier_wait_timeout(h, 1e-5, &out),
                refused_or_done | or_broken);
    CHECK_AMONG(pirn_barrier_n_waiting(h, &out), refused_or_done);
    CHECK_AMONG(pirn_barrier_broken(h, &flag), refused_or_done);
    CHECK_AMONG(step % 8 ? pirn_barrier_reset(h) : pirn_barrier_abort(h), refused_or_done);
}

static void stir_barrier(void *h)
{
    CHECK_OK(pirn_barrier_reset(h));
}

TEST(barrier)
{
    run_race(&(race_t){BARRIER, 10000, use_barrier, stir_barrier});
}

static void use_event(void *h, unsigned step)
{
    bool flag;
    CHECK_AMONG(pirn_event_set(h), refused_or_done);
    CHECK_AMONG(pirn_event_is_set(h, &flag), refused_or_done);
    CHECK_AMONG(step % 2 ? pirn_event_wait(h) : pirn_event_wait_timeout(h, 1e-5),
                refused_or_done | or_not_now);
    CHECK_AMONG(pirn_event_clear(h), refused_or_done);
}

static void stir_event(void *h)
{
    CHECK_OK(pirn_event_set(h));
}

TEST(event)
{
    run_race(&(race_t){EVENT, 20000, use_event, stir_event});
}

static void use_queue(void *h, unsigned step)
{
    void *item;
    size_t size;
    bool flag;
    CHECK_AMONG(step % 3 == 0   ? pirn_queue_put(h, &argument)
                : step % 3 == 1 ? pirn_queue_try_put(h, &argument)
                                : pirn_queue_put_timeout(h, &argument, 1e-5),
                refused_or_done | or_not_now);
    CHECK_AMONG(pirn_queue_size(h, &size), refused_or_done);
    CHECK_AMONG(pirn_queue_full(h, &flag), refused_or_done);
    CHECK_AMONG(step % 4 == 0   ? pirn_queue_get(h, &item)
                : step % 4 == 1 ? pirn_queue_try_get(h, &item)
                                : pirn_queue_get_timeout(h, 1e-5, &item),
                refused_or_done | or_not_now);
    CHECK_AMONG(pirn_queue_task_done(h), refused_or_done | BIT(PIRN_ERR_OVER_RELEASE));
    CHECK_AMONG(step % 5 ? pirn_queue_join_timeout(h, 0) : pirn_queue_join(h), refused_or_done | or_not_now);
    CHECK_AMONG(pirn_queue_unfinished(h, &size), refused_or_done);
}

static void stir_queue(void *h)
{
    void *item;
    CHECK_AMONG(pirn_queue_try_get(h, &item), BIT(PIRN_OK) | or_not_now);
    CHECK_AMONG(pirn_queue_try_put(h, &argument), BIT(PIRN_OK) | or_not_now);
    while (pirn_queue_task_done(h) == PIRN_OK)
        continue;
}

TEST(queue)
{
    run_race(&(race_t){QUEUE, 10000, use_queue, stir_queue});
}

static void use_thread(void *h, unsigned step)
{
    char name[32];
    size_t length;
    uint64_t id;
    int32_t code;
    bool flag;
    const unsigned or_unstarted = BIT(PIRN_ERR_NOT_STARTED);
    CHECK_AMONG(pirn_thread_is_alive(h, &flag), refused_or_done);
    CHECK_AMONG(pirn_thread_set_daemon(h, false), refused_or_done | BIT(PIRN_ERR_ALREADY_STARTED));
    if (step % 4 == 0)
        CHECK_AMONG(pirn_thread_start(h), refused_or_done | BIT(PIRN_ERR_ALREADY_STARTED));
    CHECK_AMONG(pirn_thread_set_name(h, "hammered"), refused_or_done);
    CHECK_AMONG(pirn_thread_name(h, name, sizeof name, &length), refused_or_done);
    CHECK_AMONG(pirn_thread_ident(h, &id), refused_or_done | or_unstarted);
    CHECK_AMONG(pirn_thread_native_id(h, &id), refused_or_done | or_unstarted);
    CHECK_AMONG(pirn_thread_join_timeout(h, 0), refused_or_done | or_unstarted | or_not_now);
    CHECK_AMONG(pirn_thread_join(h), refused_or_done | or_unstarted);
    CHECK_AMONG(pirn_thread_exit_code(h, &code), refused_or_done | BIT(PIRN_ERR_INVALID_STATE));
    CHECK_AMONG(pirn_thread_daemon(h, &flag), refused_or_done);
}

TEST(thread)
{
    run_race(&(race_t){THREAD, 3000, use_thread, NULL});
}

static void use_local(void *h, unsigned step)
{
    const char *name = step % 2 ? "name" : NULL;
    void *value;
    ADD(submitted, 1);
    CHECK_AMONG(pirn_local_set(h, name, &argument, count_free), refused_or_done);
    if (pirn_local_get(h, name, &value) == PIRN_OK)
        CHECK(value == &argument);
    if (step % 4 == 0)
        CHECK_AMONG(pirn_local_delete(h, name), refused_or_done | BIT(PIRN_ERR_NOT_FOUND));
}

TEST(local)
{
    run_race(&(race_t){LOCAL, 20000, use_local, NULL});
}

static void use_timer(void *h, unsigned step)
{
    pirn_thread_t *thread;
    bool flag;
    const unsigned or_unstarted = BIT(PIRN_ERR_NOT_STARTED);
    CHECK_AMONG(pirn_timer_is_alive(h, &flag), refused_or_done);
    if (step % 4 == 0)
        CHECK_AMONG(pirn_timer_start(h), refused_or_done | BIT(PIRN_ERR_ALREADY_STARTED));
    pirn_status_t status = pirn_timer_thread(h, &thread);
    CHECK_AMONG(status, refused_or_done);
    if (status == PIRN_OK)
        CHECK_OK(pirn_thread_free(thread));
    CHECK_AMONG(pirn_timer_join_timeout(h, 0), refused_or_done | or_unstarted | or_not_now);
    if (step % 8 == 5)
        CHECK_AMONG(pirn_timer_join(h), refused_or_done | or_unstarted);
    CHECK_AMONG(pirn_timer_cancel(h), refused_or_done);
}

TEST(timer)
{
    run_race(&(race_t){TIMER, 5000, use_timer, NULL});
}

static void count_callback(pirn_future_t *future, void *arg)
{
    bool done = false;
    CHECK_OK(pirn_future_done(future, &done));
    CHECK(done);
    count_run(arg);
}

static void use_future(void *h, unsigned step)
{
    static const unsigned answers = BIT(PIRN_ERR_CANCELLED) | BIT(PIRN_ERR_TASK_FAILED);
    pirn_future_t *futures[] = {spare_future, h};
    void *value;
    bool flag;
    int32_t code;
    size_t length;
    char text[16];
    CHECK_AMONG(pirn_future_state(h, &code), refused_or_done);
    CHECK_AMONG(pirn_future_running(h, &flag), refused_or_done);
    ADD(submitted, 1);
    CHECK_AMONG(pirn_future_add_done_callback(h, count_callback, &argument, count_free), refused_or_done);
    CHECK_AMONG(pirn_future_result_timeout(h, 0, &value), refused_or_done | or_not_now | answers);
    if (step % 8 == 0)
        CHECK_AMONG(pirn_future_cancel(h, &flag), refused_or_done);
    if (step % 8 == 1)
        CHECK_AMONG(pirn_future_set_exception(h, 1, "raced"), refused_or_done | BIT(PIRN_ERR_INVALID_STATE));
    if (step % 8 == 2)
        CHECK_AMONG(pirn_future_result(h, &value), refused_or_done | answers);
    if (step % 8 == 3)
        CHECK_AMONG(pirn_future_exception(h, &code, text, sizeof text, &length), refused_or_done | answers);
    CHECK_AMONG(pirn_wait(futures, 2, PIRN_ALL_COMPLETED, 0, NULL, NULL), refused_or_done | or_not_now);
}

static void stir_future(void *h)
{
    CHECK_AMONG(pirn_future_set_result(h, NULL), BIT(PIRN_OK) | BIT(PIRN_ERR_INVALID_STATE));
}

TEST(future)
{
    run_race(&(race_t){FUTURE, 10000, use_future, stir_future});
}

static void use_executor(void *h, unsigned step)
{
    const unsigned or_shut_down = BIT(PIRN_ERR_SHUT_DOWN);
    pirn_future_t *future = NULL;
    size_t queued, running;
    ADD(submitted, 1);
    CHECK_AMONG(pirn_executor_submit(h, count_task, &argument, count_free, step % 2 ? &future : NULL),
                refused_or_done | or_shut_down);
    if (future) {
        CHECK_OK(pirn_future_result(future, NULL));
        CHECK_OK(pirn_future_free(future));
    }
    CHECK_AMONG(pirn_executor_pending(h, &queued, &running), refused_or_done);
    CHECK_AMONG(pirn_executor_max_workers(h, &queued), refused_or_done);
    if (step % 64 == 0)
        CHECK_AMONG(pirn_executor_shutdown(h, step % 128 == 0, false), refused_or_done);
}

TEST(executor)
{
    run_race(&(race_t){EXECUTOR, 1000, use_executor, NULL});
}

static void use_map(void *h, unsigned step)
{
    void *result;
    CHECK_AMONG(pirn_map_next(h, &result), refused_or_done | BIT(PIRN_END) | BIT(PIRN_ERR_CANCELLED));
    if (step % 4 == 0)
        CHECK_AMONG(pirn_map_cancel(h), refused_or_done);
}

TEST(map)
{
    run_race(&(race_t){MAP, 5000, use_map, NULL});
}

static void use_as_completed(void *h, unsigned step)
{
    size_t index;
    (void)step;
    CHECK_AMONG(pirn_as_completed_next(h, &index), refused_or_done | BIT(PIRN_END));
}

TEST(as_completed)
{
    run_race(&(race_t){AS_COMPLETED, 10000, use_as_completed, NULL});
}

static pthread_barrier_t line;
static int won;

static void free_at_once(void *arg)
{
    kind_t kind = *(kind_t *)arg;
    for (;;) {
        pthread_barrier_wait(&line);
        if (over)
            return;
        pirn_status_t status = kinds[kind].free(shared);
        CHECK_AMONG(status, refused_or_done);
        if (status == PIRN_OK)
            ADD(won, 1);
        pthread_barrier_wait(&line);
    }
}

/* Of several frees at once exactly one is the free. */
TEST(several_frees_at_once)
{
    enum { THREADS = 3, ROUNDS = 400 };
    make_spares();
    pthread_barrier_init(&line, NULL, THREADS + 1);
    for (kind_t kind = 0; kind < KINDS; kind++) {
        runner_t freeing[THREADS];
        over = false;
        for (int i = 0; i < THREADS; i++)
            runner_start(&freeing[i], (breed_t)(i % BREEDS), free_at_once, &kind);
        for (int round = 0; round < ROUNDS; round++) {
            won = 0;
            shared = kinds[kind].make();
            pthread_barrier_wait(&line);
            pthread_barrier_wait(&line);
            CHECK_EQ(won, 1);
        }
        over = true;
        pthread_barrier_wait(&line);
        for (int i = 0; i < THREADS; i++)
            runner_join(&freeing[i]);
    }
    pthread_barrier_destroy(&line);
}
