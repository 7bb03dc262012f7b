/*
 * All objects under random load for a long time, in rounds of at most a minute. Meanwhile and after each
 * round holds what has to: no count is lost, nothing is done twice, everything comes in order; after a round
 * nothing is left: no thread, no handle's object, and memory is what it was.
 *
 * usage: PIRN_SOAK_SECONDS=1800 PIRN_SOAK_SEED=1 soak soak
 */
#include "../support.h"

#include <dirent.h>

enum { MANY = 40, PATIENCE = 300 /* seconds, many times what the end of a round takes on a busy machine */ };

typedef struct worker {
    uint64_t dice;
    long n[24]; /* how often each activity */
    pthread_t id;
} worker_t;

static bool stop;
static pirn_lock_t *lock;
static pirn_rlock_t *rlock;
static pirn_semaphore_t *semaphore;
static pirn_condition_t *condition;
static pirn_queue_t *queue;
static pirn_executor_t *executor;
static pirn_local_t *local;
static long under_lock, locked, under_rlock, rlocked, tokens, given, taken, put, got_back;
static int inside;

static uint64_t roll(worker_t *w, uint64_t sides)
{
    uint64_t x = w->dice += 0x9E3779B97F4A7C15u; /* splitmix64, see fuzz/world.h */
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return (x ^ x >> 31) % sides;
}

static double soon(worker_t *w)
{
    return 1e-6 * (double)roll(w, 300);
}

static void use_lock(worker_t *w)
{
    pirn_status_t status = roll(w, 2) ? pirn_lock_acquire(lock) : pirn_lock_acquire_timeout(lock, soon(w));
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT));
    if (status != PIRN_OK)
        return;
    under_lock++;
    ADD(locked, 1);
    CHECK_OK(pirn_lock_release(lock));
}

static void use_rlock(worker_t *w)
{
    int depth = 1 + (int)roll(w, 3);
    for (int i = 0; i < depth; i++)
        CHECK_OK(pirn_rlock_acquire(rlock));
    under_rlock++;
    ADD(rlocked, 1);
    for (int i = 0; i < depth; i++)
        CHECK_OK(pirn_rlock_release(rlock));
}

static void use_semaphore(worker_t *w)
{
    pirn_status_t status =
        roll(w, 2) ? pirn_semaphore_acquire(semaphore) : pirn_semaphore_acquire_timeout(semaphore, soon(w));
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT));
    if (status != PIRN_OK)
        return;
    CHECK(ADD(inside, 1) <= 3);
    ADD(inside, -1);
    CHECK_OK(pirn_semaphore_release(semaphore));
}

static bool is_token(void *unused)
{
    (void)unused;
    return tokens > 0;
}

static void use_condition(worker_t *w)
{
    CHECK_OK(pirn_condition_acquire(condition));
    if (roll(w, 2)) {
        tokens++;
        given++;
        CHECK_OK(pirn_condition_notify(condition, 1));
    } else {
        pirn_status_t status = pirn_condition_wait_for_timeout(condition, is_token, NULL, soon(w));
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT));
        if (status == PIRN_OK) {
            tokens--;
            taken++;
        }
    }
    CHECK_OK(pirn_condition_release(condition));
}

static void use_queue(worker_t *w)
{
    void *item = (void *)(uintptr_t)(1 + roll(w, 1000));
    if (roll(w, 2)) {
        if (pirn_queue_put_timeout(queue, item, soon(w)) == PIRN_OK)
            ADD(put, (long)(uintptr_t)item);
    } else if (pirn_queue_get_timeout(queue, soon(w), &item) == PIRN_OK) {
        ADD(got_back, (long)(uintptr_t)item);
        CHECK_OK(pirn_queue_task_done(queue));
    }
}

static int by_address(const void *a, const void *b, void *ctx)
{
    (void)ctx;
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

/* A queue of one's own, of each sort: the order. */
static void use_own_queue(worker_t *w)
{
    pirn_queue_t *own;
    int sort = (int)roll(w, 4);
    CHECK_OK(sort == 0   ? pirn_queue_new(0, &own)
             : sort == 1 ? pirn_lifo_queue_new(0, &own)
             : sort == 2 ? pirn_priority_queue_new(0, by_address, NULL, &own)
                         : pirn_simple_queue_new(&own));
    for (uintptr_t i = 0; i < MANY; i++)
        CHECK_OK(pirn_queue_put(own, (void *)(sort == 2 ? i * 7 % MANY : i)));
    for (uintptr_t i = 0; i < MANY; i++) {
        void *item;
        CHECK_OK(pirn_queue_try_get(own, &item));
        CHECK_EQ((uintptr_t)item, sort == 1 ? MANY - 1 - i : i);
    }
    CHECK_OK(pirn_queue_free(own));
}

static int32_t square(void *arg, void **result)
{
    *result = (void *)((uintptr_t)arg * (uintptr_t)arg);
    return (uintptr_t)arg == 13 ? pirn_raise(13, "unlucky") : 0;
}

static void use_executor(worker_t *w)
{
    pirn_future_t *futures[MANY] = {NULL};
    size_t n = 1 + roll(w, MANY);
    for (size_t i = 0; i < n; i++)
        CHECK_OK(pirn_executor_submit(executor, square, (void *)i, NULL, &futures[i]));
    if (roll(w, 2))
        CHECK_OK(pirn_wait(futures, n, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL));
    for (size_t i = 0; i < n; i++) {
        void *result;
        pirn_status_t status = pirn_future_result(futures[i], &result);
        CHECK_STATUS(status, i == 13 ? PIRN_ERR_TASK_FAILED : PIRN_OK);
        if (i == 13)
            CHECK_EQ(pirn_last_code(), 13);
        else
            CHECK_EQ((uintptr_t)result, i * i);
        CHECK_OK(pirn_future_free(futures[i]));
    }
}

static void use_map(worker_t *w)
{
    void *items[12], *result;
    pirn_map_t *map;
    for (uintptr_t i = 0; i < LENGTH(items); i++)
        items[i] = (void *)i;
    CHECK_OK(
        pirn_executor_map(executor, square, items, LENGTH(items), NULL, 1 + roll(w, 5), PIRN_FOREVER, &map));
    for (uintptr_t i = 0; i < LENGTH(items); i++) {
        CHECK_OK(pirn_map_next(map, &result));
        CHECK_EQ((uintptr_t)result, i * i);
    }
    CHECK_STATUS(pirn_map_next(map, &result), PIRN_END);
    CHECK_OK(pirn_map_free(map));
}

static int32_t count_part(size_t begin, size_t end, void *count)
{
    ADD(*(size_t *)count, end - begin);
    return 0;
}

static void use_range(worker_t *w)
{
    size_t count = 0, n = roll(w, 5000);
    CHECK_OK(pirn_executor_for_range(executor, 0, n, roll(w, 100), count_part, &count));
    CHECK_EQ(count, n);
}

static void use_thread(worker_t *w)
{
    counted_t arg = {0};
    int32_t code;
    (void)w;
    pirn_thread_t *thread = start_thread(count_run, &arg);
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_exit_code(thread, &code));
    CHECK_EQ(code, 0);
    CHECK_EQ(arg.runs, 1);
    CHECK_OK(pirn_thread_free(thread));
}

static void use_timer(worker_t *w)
{
    counted_t arg = {0};
    pirn_timer_t *timer;
    bool cancels = roll(w, 2);
    CHECK_OK(pirn_timer_new(soon(w), count_run, &arg, count_free, &timer));
    CHECK_OK(pirn_timer_start(timer));
    if (cancels)
        CHECK_OK(pirn_timer_cancel(timer));
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_timer_free(timer));
    AWAIT(LOAD(arg.frees) == 1);
    CHECK(arg.runs == 1 || (cancels && arg.runs == 0));
}

static int32_t fulfil(void *future)
{
    CHECK_OK(pirn_future_set_result(future, future));
    return 0;
}

static void use_promise(worker_t *w)
{
    pirn_future_t *future;
    void *result;
    (void)w;
    CHECK_OK(pirn_future_new(&future));
    pirn_thread_t *thread = start_thread(fulfil, future);
    CHECK_OK(pirn_future_result(future, &result));
    CHECK(result == future);
    join_and_free(thread);
    CHECK_OK(pirn_future_free(future));
}

static void use_as_completed(worker_t *w)
{
    pirn_future_t *futures[MANY];
    bool seen[MANY] = {false};
    pirn_as_completed_t *iterator;
    size_t n = 1 + roll(w, MANY), index;
    for (size_t i = 0; i < n; i++)
        CHECK_OK(pirn_executor_submit(executor, square, (void *)i, NULL, &futures[i]));
    CHECK_OK(pirn_as_completed(futures, n, PIRN_FOREVER, &iterator));
    for (size_t i = 0; i < n; i++) {
        CHECK_OK(pirn_as_completed_next(iterator, &index));
        CHECK(index < n && !seen[index]);
        seen[index] = true;
    }
    CHECK_STATUS(pirn_as_completed_next(iterator, &index), PIRN_END);
    CHECK_OK(pirn_as_completed_free(iterator));
    for (size_t i = 0; i < n; i++)
        CHECK_OK(pirn_future_free(futures[i]));
}

static int32_t set(void *event)
{
    CHECK_OK(pirn_event_set(event));
    return 0;
}

static void use_event(worker_t *w)
{
    pirn_event_t *event;
    bool is_set;
    CHECK_OK(pirn_event_new(&event));
    CHECK_STATUS(pirn_event_wait_timeout(event, soon(w)), PIRN_TIMED_OUT);
    pirn_thread_t *thread = start_thread(set, event);
    CHECK_OK(pirn_event_wait(event));
    join_and_free(thread);
    CHECK_OK(pirn_event_is_set(event, &is_set));
    CHECK(is_set);
    CHECK_OK(pirn_event_clear(event));
    CHECK_STATUS(pirn_event_wait_timeout(event, 0), PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_free(event));
}

/* Some threads that meet a number of times: each place is taken once a round, and the action runs once. */
typedef struct meeting {
    pirn_barrier_t *barrier;
    int rounds, actions, places;
} meeting_t;

static int32_t count_round(void *arg)
{
    meeting_t *meeting = arg;
    meeting->actions++;
    return 0;
}

static int32_t meet(void *arg)
{
    meeting_t *meeting = arg;
    for (int i = 0; i < meeting->rounds; i++) {
        size_t place;
        CHECK_OK(pirn_barrier_wait(meeting->barrier, &place));
        ADD(meeting->places, 1 << 8 * place);
    }
    return 0;
}

static void use_barrier(worker_t *w)
{
    meeting_t meeting = {.rounds = 1 + (int)roll(w, 9)};
    CHECK_OK(pirn_barrier_new(3, count_round, &meeting, NULL, PIRN_FOREVER, &meeting.barrier));
    pirn_thread_t *others[] = {start_thread(meet, &meeting), start_thread(meet, &meeting)};
    meet(&meeting);
    join_and_free(others[0]);
    join_and_free(others[1]);
    CHECK_EQ(meeting.actions, meeting.rounds);
    CHECK_EQ(meeting.places, 0x10101 * meeting.rounds);
    CHECK_OK(pirn_barrier_free(meeting.barrier));
}

static void use_local(worker_t *w)
{
    void *value;
    const char *name = roll(w, 2) ? "name" : NULL;
    CHECK_OK(pirn_local_set(local, name, w, NULL));
    CHECK_OK(pirn_local_get(local, name, &value));
    CHECK(value == w);
}

static const struct {
    const char *name;
    void (*use)(worker_t *w);
} activities[] = {{"lock", use_lock},           {"rlock", use_rlock}, {"semaphore", use_semaphore},
                  {"condition", use_condition}, {"queue", use_queue}, {"own queue", use_own_queue},
                  {"executor", use_executor},   {"map", use_map},     {"for_range", use_range},
                  {"thread", use_thread},       {"timer", use_timer}, {"promise", use_promise},
                  {"event", use_event},         {"barrier", use_barrier}, {"as_completed", use_as_completed},
                  {"local", use_local}};

static void *work(void *arg)
{
    worker_t *w = arg;
    while (!LOAD(stop)) {
        size_t which = roll(w, LENGTH(activities));
        activities[which].use(w);
        ADD(w->n[which], 1);
    }
    return NULL;
}

static int threads_of_process(void)
{
    int n = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks);
    for (struct dirent *entry; (entry = readdir(tasks));)
        n += entry->d_name[0] != '.';
    closedir(tasks);
    return n;
}

static void make_objects(void)
{
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_rlock_new(&rlock));
    CHECK_OK(pirn_semaphore_new_bounded(3, &semaphore));
    CHECK_OK(pirn_condition_new(&condition));
    CHECK_OK(pirn_queue_new(16, &queue));
    CHECK_OK(pirn_executor_new(4, &executor));
    CHECK_OK(pirn_local_new(NULL, NULL, NULL, &local));
}

static void check_and_free_objects(void)
{
    int64_t value;
    void *item;
    while (pirn_queue_try_get(queue, &item) == PIRN_OK) {
        got_back += (long)(uintptr_t)item;
        CHECK_OK(pirn_queue_task_done(queue));
    }
    CHECK_OK(pirn_queue_join(queue));
    CHECK_EQ(got_back, put);
    CHECK_EQ(under_lock, locked);
    CHECK_EQ(under_rlock, rlocked);
    CHECK_EQ(given, taken + tokens);
    CHECK_OK(pirn_semaphore_value(semaphore, &value));
    CHECK_EQ(value, 3);
    CHECK_OK(pirn_lock_free(lock));
    CHECK_OK(pirn_rlock_free(rlock));
    CHECK_OK(pirn_semaphore_free(semaphore));
    CHECK_OK(pirn_condition_free(condition));
    CHECK_OK(pirn_queue_free(queue));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_OK(pirn_local_free(local));
    CHECK_EQ(pirn_active_count(), 1);
}

/* How often each activity was done, by all together; and whether there is one that was not. */
static bool is_one_left_out(worker_t *workers, size_t n, long *sums)
{
    bool found = false;
    for (size_t k = 0; k < LENGTH(activities); k++) {
        sums[k] = 0;
        for (size_t i = 0; i < n; i++)
            sums[k] += LOAD(workers[i].n[k]);
        found |= sums[k] == 0;
    }
    return found;
}

/* A case of its own, as check.h has them; a CHILD, so that it is run by its name alone. */
CHILD(soak)
{
    const char *seconds = getenv("PIRN_SOAK_SECONDS"), *seeded = getenv("PIRN_SOAK_SEED");
    double limit = seconds ? strtod(seconds, NULL) : 60, start = now(),
           length = limit / 4 < 60 ? limit / 4 : 60;
    uint64_t seed = seeded ? strtoull(seeded, NULL, 0) : 1;
    static worker_t workers[8];
    long total = 0, first_kib = 0, kib = 0;
    int threads = 0;
    for (int round = 1; now() - start < limit; round++) {
        long sums[LENGTH(activities)], sum = 0;
        double until = now() + length;
        make_objects();
        STORE(stop, false);
        for (size_t i = 0; i < LENGTH(workers); i++) {
            workers[i] = (worker_t){.dice = seed * 1000003 + (uint64_t)round * 1009 + i};
            CHECK_EQ(pthread_create(&workers[i].id, NULL, work, &workers[i]), 0);
        }
        alarm((unsigned)length + 2 * PATIENCE); /* what never comes ends the soak */
        while (now() < until || is_one_left_out(workers, LENGTH(workers), sums))
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        STORE(stop, true);
        alarm(PATIENCE);
        for (size_t i = 0; i < LENGTH(workers); i++)
            CHECK_EQ(pthread_join(workers[i].id, NULL), 0);
        check_and_free_objects();
        is_one_left_out(workers, LENGTH(workers), sums);
        for (size_t k = 0; k < LENGTH(activities); k++)
            sum += sums[k];
        total += sum;
        kib = resident_kib();
        /* What the first rounds leave is caches; the timers' service thread stays. */
        if (round <= 2) {
            first_kib = kib;
            threads = threads_of_process();
        }
        printf("round %d: %.0f s, %ld operations, %ld KiB resident, %d threads\n", round, now() - start, sum,
               kib, threads_of_process());
        fflush(stdout);
        AWAIT(threads_of_process() <= threads);
        alarm(0);
        CHECK(kib < first_kib + first_kib / 2 + 4096);
    }
    printf("soak: seed %" PRIu64
           ": %ld operations in %.0f s; memory from %ld to %ld KiB; nothing lost, nothing left\n",
           seed, total, now() - start, first_kib, kib);
}
