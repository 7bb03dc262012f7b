/* Timers: many at once, from many threads, and from inside their own functions. */
#include "timer.h"

/* Inside callbacks. */

typedef struct chain {
    counted_t counted;
    pirn_timer_t *timer, *other;
    int left;
} chain_t;

static int32_t make_the_next(void *arg)
{
    chain_t *chain = arg;
    CHECK_OK(pirn_timer_cancel(chain->timer));
    CHECK_OK(pirn_timer_free(chain->timer));
    if (ADD(chain->left, -1) > 0) {
        CHECK_OK(pirn_timer_new(1e-4, make_the_next, chain, NULL, &chain->timer));
        CHECK_OK(pirn_timer_start(chain->timer));
    }
    return 0;
}

/* What it starts when it is called exists by then: `timer` is written before the start. */
TEST(a_function_cancels_and_frees_itself_and_starts_the_next)
{
    chain_t chain = {.left = 200};
    CHECK_OK(pirn_timer_new(0, make_the_next, &chain, NULL, &chain.timer));
    CHECK_OK(pirn_timer_start(chain.timer));
    AWAIT(LOAD(chain.left) == 0);
    AWAIT(pirn_active_count() == 1);
}

static int32_t cancel_the_other(void *arg)
{
    chain_t *chain = arg;
    CHECK_OK(pirn_timer_cancel(chain->other));
    CHECK_OK(pirn_timer_join(chain->other));
    return 0;
}

static void cancel_in_free(void *arg)
{
    chain_t *chain = arg;
    CHECK_OK(pirn_timer_cancel(chain->other));
    CHECK_OK(pirn_timer_free(chain->other));
    CHECK_OK(pirn_timer_free(chain->timer));
    ADD(chain->counted.frees, 1);
}

TEST(a_function_cancels_another_and_joins_it)
{
    counted_t arg = {0};
    chain_t chain = {.other = start_counted_timer(HOUR, &arg)};
    join_and_free_timer(start_timer(0, cancel_the_other, &chain));
    CHECK_COUNTED(&arg, 0, 1);
    CHECK_OK(pirn_timer_free(chain.other));
}

TEST(a_free_of_an_argument_cancels_and_frees)
{
    counted_t arg = {0};
    chain_t chain = {.other = start_counted_timer(HOUR, &arg)};
    CHECK_OK(pirn_timer_new(HOUR, count_run, &chain, cancel_in_free, &chain.timer));
    CHECK_OK(pirn_timer_start(chain.timer));
    CHECK_OK(pirn_timer_cancel(chain.timer));
    CHECK_COUNTED(&chain.counted, 0, 1);
    CHECK_COUNTED(&arg, 0, 1);
    CHECK_EQ(pirn_active_count(), 1);
}

/* Many. */

TEST(a_million_pending)
{
    enum { MILLION = 1000000 };
    counted_t arg = {0};
    pirn_timer_t **timers = calloc(MILLION, sizeof *timers);
    for (int i = 0; i < MILLION; i++) /* up to an hour and a half away, in no order */
        timers[i] = start_counted_timer(1800 + i * 7919LL % MILLION * 3.6e-3, &arg);
    CHECK_EQ(pirn_active_count(), MILLION + 1);
    pirn_timer_t *soon = start_counted_timer(1e-3, &arg);
    join_and_free_timer(soon);
    CHECK_COUNTED(&arg, 1, 1);

    pirn_thread_t **threads = calloc(MILLION + 1, sizeof *threads);
    size_t count;
    CHECK_OK(pirn_enumerate(threads, MILLION + 1, &count));
    CHECK_EQ(count, MILLION + 1);
    for (size_t i = 0; i < count; i++)
        CHECK_OK(pirn_thread_free(threads[i]));

    for (int i = 0; i < MILLION; i++)
        CHECK_OK(pirn_timer_cancel(timers[i * 611953LL % MILLION]));
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_COUNTED(&arg, 1, MILLION + 1);
    for (int i = 0; i < MILLION; i++) {
        CHECK(!timer_is_alive(timers[i]));
        CHECK_OK(pirn_timer_free(timers[i]));
    }
    free(timers);
    free(threads);
}

/* Each fires once, none before its time, whatever the order and the distance. */

typedef struct timed {
    pirn_timer_t *timer;
    double due;
    int runs, frees;
} timed_t;

static int32_t check_due(void *arg)
{
    timed_t *timed = arg;
    CHECK(now() >= timed->due);
    ADD(timed->runs, 1);
    return 0;
}

static void count_timed_free(void *arg)
{
    ADD(((timed_t *)arg)->frees, 1);
}

static void make_timed(timed_t *timed, double interval)
{
    timed->due = now() + interval;
    CHECK_OK(pirn_timer_new(interval, check_due, timed, count_timed_free, &timed->timer));
    CHECK_OK(pirn_timer_start(timed->timer));
}

TEST(a_thousand_fire_in_their_time)
{
    enum { N = 1000 };
    static timed_t timed[N];
    for (int i = 0; i < N; i++)
        make_timed(&timed[i], i * 389 % N * 3e-4);
    for (int i = 0; i < N; i++) {
        join_and_free_timer(timed[i].timer);
        CHECK_EQ(timed[i].runs, 1);
        CHECK_EQ(timed[i].frees, 1);
    }
}

/*
 * A storm: every thread starts timers of all distances, and cancels its own and its neighbours' while they
 * fire. What runs, runs once; a cancel that came before a join says what is so afterwards; every argument is
 * given back once.
 */

enum { STORMERS = 6, EACH = 400, ROUNDS = 10 };

typedef struct stormer {
    timed_t timed[EACH];
    struct stormer *neighbour;
    pthread_barrier_t *line;
    int number;
} stormer_t;

static void storm(void *element)
{
    stormer_t *me = element;
    unsigned random = 12345u * (unsigned)(me->number + 1);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < EACH; i++) {
            random = random * 1103515245u + 12345u;
            me->timed[i] = (timed_t){0};
            make_timed(&me->timed[i], (random >> 16) % 4 == 0 ? HOUR : (random >> 18) % 64 * 1e-4);
        }
        pthread_barrier_wait(me->line);
        for (int i = 0; i < EACH; i++) {
            CHECK_OK(pirn_timer_cancel(me->timed[i].timer));
            CHECK_OK(pirn_timer_cancel(me->neighbour->timed[EACH - 1 - i].timer));
        }
        for (int i = 0; i < EACH; i++) {
            timed_t *timed = &me->timed[i];
            CHECK_OK(pirn_timer_join(timed->timer));
            CHECK(!timer_is_alive(timed->timer));
            CHECK(LOAD(timed->runs) <= 1);
            CHECK_EQ(LOAD(timed->frees), 1);
        }
        pthread_barrier_wait(me->line);
        for (int i = 0; i < EACH; i++)
            CHECK_OK(pirn_timer_free(me->timed[i].timer));
    }
}

TEST(a_storm_of_cancels_while_they_fire)
{
    static stormer_t stormers[STORMERS];
    pthread_barrier_t line;
    pthread_barrier_init(&line, NULL, STORMERS);
    for (int i = 0; i < STORMERS; i++)
        stormers[i] =
            (stormer_t){.neighbour = &stormers[(i + 1) % STORMERS], .line = &line, .number = i};
    run_on_all(STORMERS, storm, stormers, sizeof *stormers);
    pthread_barrier_destroy(&line);
    AWAIT(pirn_active_count() == 1);
}

/* Of several starts at once one is the start. */

static pirn_timer_t *contested;
static pthread_barrier_t line;
static int started;

static void start_contested(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&line);
    pirn_status_t status = pirn_timer_start(contested);
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_ALREADY_STARTED));
    if (status == PIRN_OK)
        ADD(started, 1);
}

static void cancel_contested(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&line);
    CHECK_OK(pirn_timer_cancel(contested));
}

TEST(started_and_cancelled_at_once)
{
    enum { THREADS = 4, TIMES = 300 };
    pthread_barrier_init(&line, NULL, THREADS);
    for (int i = 0; i < TIMES; i++) {
        counted_t arg = {0};
        runner_t runners[THREADS];
        started = 0;
        contested = new_counted_timer(i % 3 ? 0 : HOUR, &arg);
        for (int t = 0; t < THREADS; t++)
            runner_start(&runners[t], (breed_t)(t % BREEDS), t < 2 ? start_contested : cancel_contested, NULL);
        for (int t = 0; t < THREADS; t++)
            runner_join(&runners[t]);
        CHECK_EQ(started, 1);
        cancel_and_free_timer(contested);
        CHECK_EQ(LOAD(arg.frees), 1);
        CHECK(LOAD(arg.runs) <= 1);
    }
    pthread_barrier_destroy(&line);
}

/* One that fires is enumerated all the way from its start to its end. */

static void look_for(void *arg)
{
    gate_t *gate = arg;
    while (!LOAD(gate->counted.frees)) {
        CHECK_EQ(times_enumerated(contested), 1);
        CHECK(timer_is_alive(contested));
    }
}

TEST(enumerated_without_a_gap)
{
    for (int i = 0; i < 40; i++) {
        gate_t gate;
        runner_t looker;
        gate_init(&gate);
        contested = start_timer(2e-3, gate_target, &gate);
        runner_start(&looker, FOREIGN, look_for, &gate);
        gate_await(&gate, 1);
        STORE(gate.counted.frees, 1);
        runner_join(&looker);
        gate_open(&gate);
        join_and_free_timer(contested);
    }
}
