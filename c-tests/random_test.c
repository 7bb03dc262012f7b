/*
 * Random timed operations on each synchronisation object by more threads than cores, and what has to hold
 * meanwhile and in the end. PIRN_TEST_OPERATIONS in the environment: how many each case makes.
 */
#include "support.h"

enum { THREADS = 16, OBJECTS = 3 };

typedef struct world world_t;

typedef struct dice {
    uint64_t state;
} dice_t;

/* xorshift64*: Marsaglia, "Xorshift RNGs", 2003; Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators, scrambled", 2016. */
static uint64_t roll(dice_t *dice, uint64_t sides)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (dice->state * 2685821657736338717u >> 32) % sides;
}

struct world {
    void (*operate)(world_t *world, dice_t *dice);
    void *objects[OBJECTS];
    int inside[OBJECTS];     /* how many hold it */
    int64_t under[OBJECTS];  /* written by holders alone */
    int64_t counted[OBJECTS];
    int64_t operations, enough, timed_out, done;
    int seeds;
};

static void live(void *element)
{
    world_t *world = *(world_t **)element;
    dice_t dice = {(uint64_t)ADD(world->seeds, 1) * 0x9E3779B97F4A7C15u};
    while (ADD(world->operations, 1) <= world->enough)
        world->operate(world, &dice);
}

static void live_all(world_t *world)
{
    world_t *elements[THREADS];
    const char *wanted = getenv("PIRN_TEST_OPERATIONS");
    double start = now();
    world->enough = wanted ? strtoll(wanted, NULL, 10) : 200000;
    for (int i = 0; i < THREADS; i++)
        elements[i] = world;
    run_on_all(THREADS, live, elements, sizeof *elements);
    CHECK(world->done > 0 && world->timed_out > 0);
    printf("%" PRId64 " operations in %.1f s: %" PRId64 " done, %" PRId64 " timed out\n", world->enough,
           now() - start, world->done, world->timed_out);
}

/* A limit that many waits reach and many do not: 0 to 63 microseconds. */
static double limit(dice_t *dice)
{
    return 1e-6 * (double)roll(dice, 64);
}

static bool got(world_t *world, pirn_status_t status, double start, double seconds)
{
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT) | BIT(PIRN_WOULD_BLOCK));
    if (status == PIRN_OK) {
        ADD(world->done, 1);
        return true;
    }
    ADD(world->timed_out, 1);
    if (status == PIRN_TIMED_OUT)
        CHECK(now() - start >= seconds);
    return false;
}

/* Holds object `i`, of which `most` may be held at once. */
static void hold(world_t *world, int i, int most, dice_t *dice)
{
    CHECK(ADD(world->inside[i], 1) <= most);
    ADD(world->counted[i], 1);
    if (most == 1)
        world->under[i]++;
    if (roll(dice, 8) == 0)
        sched_yield();
    ADD(world->inside[i], -1);
}

static void check_held(const world_t *world, int most)
{
    for (int i = 0; i < OBJECTS; i++) {
        CHECK_EQ(world->inside[i], 0);
        if (most == 1)
            CHECK_EQ(world->under[i], world->counted[i]);
    }
}

#define EACH(world, type, call)                                                                              \
    for (int each = 0; each < OBJECTS; each++) {                                                             \
        type **object = (type **)&(world)->objects[each];                                                    \
        CHECK_OK(call);                                                                                      \
    }

static void operate_lock(world_t *world, dice_t *dice)
{
    int i = (int)roll(dice, OBJECTS);
    pirn_lock_t *lock = world->objects[i];
    double start = now(), seconds = limit(dice);
    uint64_t way = roll(dice, 4);
    pirn_status_t status = way == 0   ? pirn_lock_acquire(lock)
                           : way == 1 ? pirn_lock_try_acquire(lock)
                                      : pirn_lock_acquire_timeout(lock, seconds);
    if (got(world, status, start, seconds)) {
        hold(world, i, 1, dice);
        CHECK_OK(pirn_lock_release(lock));
    }
}

TEST(locks)
{
    world_t world = {.operate = operate_lock};
    EACH(&world, pirn_lock_t, pirn_lock_new(object));
    live_all(&world);
    check_held(&world, 1);
    EACH(&world, pirn_lock_t, pirn_lock_free(*object));
}

static void operate_rlock(world_t *world, dice_t *dice)
{
    int i = (int)roll(dice, OBJECTS);
    pirn_rlock_t *rlock = world->objects[i];
    uint64_t levels = 1 + roll(dice, 3);
    double start = now(), seconds = limit(dice);
    if (!got(world, pirn_rlock_acquire_timeout(rlock, seconds), start, seconds))
        return;
    for (uint64_t level = 1; level < levels; level++)
        CHECK_OK(pirn_rlock_acquire_timeout(rlock, 0));
    hold(world, i, 1, dice);
    size_t count;
    CHECK_OK(pirn_rlock_recursion_count(rlock, &count));
    CHECK_EQ(count, levels);
    for (uint64_t level = 0; level < levels; level++)
        CHECK_OK(pirn_rlock_release(rlock));
    CHECK_STATUS(pirn_rlock_release(rlock), PIRN_ERR_NOT_OWNER);
}

TEST(rlocks)
{
    world_t world = {.operate = operate_rlock};
    EACH(&world, pirn_rlock_t, pirn_rlock_new(object));
    live_all(&world);
    check_held(&world, 1);
    EACH(&world, pirn_rlock_t, pirn_rlock_free(*object));
}

enum { PERMITS = 3 };

static void operate_semaphore(world_t *world, dice_t *dice)
{
    int i = (int)roll(dice, OBJECTS);
    pirn_semaphore_t *semaphore = world->objects[i];
    double start = now(), seconds = limit(dice);
    int64_t value;
    pirn_status_t status = roll(dice, 3) == 0 ? pirn_semaphore_acquire(semaphore)
                                              : pirn_semaphore_acquire_timeout(semaphore, seconds);
    if (!got(world, status, start, seconds))
        return;
    hold(world, i, PERMITS, dice);
    if (roll(dice, 4) == 0 && pirn_semaphore_try_acquire(semaphore) == PIRN_OK)
        CHECK_OK(pirn_semaphore_release_n(semaphore, 2));
    else
        CHECK_OK(pirn_semaphore_release(semaphore));
    CHECK_OK(pirn_semaphore_value(semaphore, &value));
    CHECK(value >= 0 && value <= PERMITS);
}

TEST(semaphores)
{
    world_t world = {.operate = operate_semaphore};
    EACH(&world, pirn_semaphore_t, pirn_semaphore_new_bounded(PERMITS, object));
    live_all(&world);
    check_held(&world, PERMITS);
    for (int i = 0; i < OBJECTS; i++) {
        int64_t value;
        CHECK_OK(pirn_semaphore_value(world.objects[i], &value));
        CHECK_EQ(value, PERMITS);
        CHECK_STATUS(pirn_semaphore_release(world.objects[i]), PIRN_ERR_OVER_RELEASE);
    }
    EACH(&world, pirn_semaphore_t, pirn_semaphore_free(*object));
}

/* Units in a store behind each condition: a taker that was notified may find that another was faster. */
static void operate_condition(world_t *world, dice_t *dice)
{
    int i = (int)roll(dice, OBJECTS);
    pirn_condition_t *condition = world->objects[i];
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_EQ(ADD(world->inside[i], 1), 1);
    if (world->under[i] < 2 && roll(dice, 2) == 0) {
        world->under[i]++;
        CHECK_OK(roll(dice, 8) == 0 ? pirn_condition_notify_all(condition)
                                    : pirn_condition_notify(condition, roll(dice, 3)));
    } else {
        double start = now(), seconds = limit(dice);
        pirn_status_t status = PIRN_OK;
        while (world->under[i] == 0 && status == PIRN_OK) {
            CHECK_EQ(ADD(world->inside[i], -1), 0);
            status = pirn_condition_wait_timeout(condition, seconds);
            CHECK_EQ(ADD(world->inside[i], 1), 1);
        }
        if (got(world, status, start, seconds)) {
            world->under[i]--;
            ADD(world->counted[i], 1);
        }
    }
    CHECK_EQ(ADD(world->inside[i], -1), 0);
    CHECK_OK(pirn_condition_release(condition));
}

TEST(conditions)
{
    world_t world = {.operate = operate_condition};
    EACH(&world, pirn_condition_t, pirn_condition_new(object));
    live_all(&world);
    for (int i = 0; i < OBJECTS; i++)
        CHECK_EQ(world.inside[i], 0);
    EACH(&world, pirn_condition_t, pirn_condition_free(*object));
}

/* `counted` sets have begun, `under` of them are over; the first `undone` were over before a clear that is over, too. */
static int64_t undone[OBJECTS];

static void set_event(world_t *world, int i)
{
    ADD(world->counted[i], 1);
    CHECK_OK(pirn_event_set(world->objects[i]));
    ADD(world->under[i], 1);
}

static void clear_event(world_t *world, int i)
{
    int64_t over = LOAD(world->under[i]), begun = LOAD(world->counted[i]);
    CHECK_OK(pirn_event_clear(world->objects[i]));
    if (over == begun)
        STORE(undone[i], begun);
}

/* A wait that is OK needs a set that nothing had undone when it began. */
static void operate_event(world_t *world, dice_t *dice)
{
    int i = (int)roll(dice, OBJECTS);
    int64_t sets = LOAD(undone[i]);
    double start = now(), seconds = limit(dice);
    switch (roll(dice, 6)) {
    case 0:
        set_event(world, i);
        break;
    case 1:
        clear_event(world, i);
        break;
    case 2:
        /* Whoever waits now gets it, though nobody may find the event set. */
        set_event(world, i);
        clear_event(world, i);
        break;
    default:
        if (got(world, pirn_event_wait_timeout(world->objects[i], seconds), start, seconds))
            CHECK(LOAD(world->counted[i]) > sets);
    }
}

TEST(events)
{
    world_t world = {.operate = operate_event};
    EACH(&world, pirn_event_t, pirn_event_new(object));
    live_all(&world);
    EACH(&world, pirn_event_t, pirn_event_free(*object));
}

enum { PARTIES = 3 };

/* Rounds fill, or a limit or a reset breaks them: whoever gets through does so with the whole of its round. */
static struct round_count {
    int64_t came_as[PARTIES];
} rounds[OBJECTS];

static void operate_barrier(world_t *world, dice_t *dice)
{
    int i = (int)roll(dice, OBJECTS);
    pirn_barrier_t *barrier = world->objects[i];
    size_t index = PARTIES, waiting;
    pirn_status_t status = pirn_barrier_wait_timeout(barrier, limit(dice) * 4, &index);
    CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_BROKEN_BARRIER));
    if (status == PIRN_OK) {
        CHECK(index < PARTIES);
        ADD(rounds[i].came_as[index], 1);
        ADD(world->done, 1);
    } else {
        CHECK_EQ(index, PARTIES);
        ADD(world->timed_out, 1);
        CHECK_OK(pirn_barrier_reset(barrier));
    }
    CHECK_OK(pirn_barrier_n_waiting(barrier, &waiting));
    CHECK(waiting <= PARTIES);
}

TEST(barriers)
{
    world_t world = {.operate = operate_barrier};
    EACH(&world, pirn_barrier_t, pirn_barrier_new(PARTIES, NULL, NULL, NULL, PIRN_FOREVER, object));
    live_all(&world);
    for (int i = 0; i < OBJECTS; i++)
        for (int index = 1; index < PARTIES; index++)
            CHECK_EQ(rounds[i].came_as[index], rounds[i].came_as[0]);
    EACH(&world, pirn_barrier_t, pirn_barrier_free(*object));
}
