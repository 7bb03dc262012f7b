/* Condition: waiting for a notify, on each sort of lock. */
#include "blocking.h"
#include "condition.h"

TEST(blocking_wait_for)
{
    static const blocking_t blocking = {
        .call = take, .timed = take_timeout, .wake = put_one, .free = free_tokens};
    for (sort_t sort = 0; sort < SORTS; sort++) {
        tokens_t tokens = tokens_on(sort);
        check_blocking(&blocking, &tokens);
        CHECK_OK(pirn_condition_free(tokens.condition));
    }
}

static bool never_asked(void *arg)
{
    (void)arg;
    CHECK_FAILED("a predicate was asked without the lock");
}

static void check_not_owner(void *condition)
{
    bool flag = true;
    CHECK_OK(pirn_condition_is_owned(condition, &flag));
    CHECK(!flag);
    CHECK_STATUS(pirn_condition_wait(condition), PIRN_ERR_NOT_OWNER);
    CHECK_STATUS(pirn_condition_wait_timeout(condition, 0), PIRN_ERR_NOT_OWNER);
    CHECK_STATUS(pirn_condition_wait_for(condition, never_asked, NULL), PIRN_ERR_NOT_OWNER);
    CHECK_STATUS(pirn_condition_wait_for_timeout(condition, never_asked, NULL, 0), PIRN_ERR_NOT_OWNER);
    CHECK_STATUS(pirn_condition_notify(condition, 1), PIRN_ERR_NOT_OWNER);
    CHECK_STATUS(pirn_condition_notify(condition, 0), PIRN_ERR_NOT_OWNER);
    CHECK_STATUS(pirn_condition_notify_all(condition), PIRN_ERR_NOT_OWNER);
}

TEST(nothing_goes_without_the_lock)
{
    for (sort_t sort = 0; sort < SORTS; sort++) {
        bool flag = false;
        pirn_condition_t *condition = new_condition(sort);
        check_not_owner(condition);
        CHECK_OK(pirn_condition_acquire(condition));
        CHECK_OK(pirn_condition_is_owned(condition, &flag));
        CHECK(flag);
        if (is_owned_by_thread(sort))
            for (breed_t breed = 0; breed < BREEDS; breed++)
                run_on(breed, check_not_owner, condition);
        CHECK_OK(pirn_condition_release(condition));
        check_not_owner(condition);
        CHECK_OK(pirn_condition_free(condition));
    }
}

static void notify_without_holding(void *condition)
{
    bool flag = false;
    CHECK_OK(pirn_condition_is_owned(condition, &flag));
    CHECK(flag);
    CHECK_OK(pirn_condition_notify(condition, 1));
    CHECK_OK(pirn_condition_notify_all(condition));
}

/* On a plain lock "held" means held by anyone, as in Python. */
TEST(anyone_passes_for_the_holder_of_a_lock)
{
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        tokens_t tokens = tokens_on(ON_LOCK);
        call_t call;
        begin_wait(&call, &tokens, breed, 1);
        lock(&tokens);
        run_on(breed, notify_without_holding, tokens.condition);
        CHECK(!LOAD(call.returned));
        unlock(&tokens);
        CHECK_OK(call_end(&call));
        CHECK_OK(pirn_condition_free(tokens.condition));
    }
}

static pirn_status_t acquire_timeout(void *c, double s) { return pirn_condition_acquire_timeout(c, s); }

static pirn_status_t wait_with_the_lock(void *condition, double seconds)
{
    return pirn_condition_wait_timeout(condition, seconds);
}

static pirn_status_t wait_for_with_the_lock(void *condition, double seconds)
{
    return pirn_condition_wait_for_timeout(condition, never_asked, NULL, seconds);
}

TEST(arguments)
{
    pirn_lock_t *plain;
    void *out = UNTOUCHED;
    pirn_condition_t *condition = new_condition(OWN);
    CHECK_OK(pirn_lock_new(&plain));
    CHECK_STATUS(pirn_condition_new(NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_condition_new_with_lock(plain, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_condition_new_with_lock(NULL, (pirn_condition_t **)&out), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_condition_new_with_rlock((pirn_rlock_t *)plain, (pirn_condition_t **)&out),
                 PIRN_ERR_INVALID_HANDLE);
    CHECK(out == UNTOUCHED);
    CHECK_OK(pirn_condition_acquire(condition));
    check_bad_times(acquire_timeout, condition);
    check_bad_times(wait_with_the_lock, condition);
    check_bad_times(wait_for_with_the_lock, condition);
    CHECK_STATUS(pirn_condition_wait_for(condition, NULL, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_condition_wait_for_timeout(condition, NULL, NULL, 0), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_condition_is_owned(condition, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_condition_release(condition));
    CHECK_OK(pirn_condition_free(condition));
    CHECK_OK(pirn_lock_free(plain));
}

TEST(a_wait_that_times_out_has_the_lock_back)
{
    for (sort_t sort = 0; sort < SORTS; sort++) {
        pirn_condition_t *condition = new_condition(sort);
        bool flag = false;
        double start = now();
        CHECK_OK(pirn_condition_acquire(condition));
        CHECK_STATUS(pirn_condition_wait_timeout(condition, 0.02), PIRN_TIMED_OUT);
        CHECK(now() - start >= 0.02);
        CHECK_STATUS(pirn_condition_wait_timeout(condition, 0), PIRN_TIMED_OUT);
        CHECK_OK(pirn_condition_is_owned(condition, &flag));
        CHECK(flag);
        CHECK_OK(pirn_condition_release(condition));
        CHECK_OK(pirn_condition_free(condition));
    }
}

TEST(a_notify_with_nobody_waiting_is_forgotten)
{
    for (sort_t sort = 0; sort < SORTS; sort++) {
        tokens_t tokens = tokens_on(sort);
        notify(&tokens, 3);
        notify_all(&tokens);
        CHECK_STATUS(wait_once_timeout(&tokens, 0.001), PIRN_TIMED_OUT);
        CHECK_OK(pirn_condition_free(tokens.condition));
    }
}

static pirn_status_t wait_on_another_s(call_t *c)
{
    bool flag = false;
    pirn_status_t status = pirn_condition_wait(c->object);
    CHECK_OK(pirn_condition_is_owned(c->object, &flag));
    CHECK(flag);
    return status;
}

/* As in Python: the wait releases the lock, whoever holds it, and takes it again. */
TEST(a_wait_on_a_lock_that_another_thread_holds)
{
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        pirn_condition_t *condition = new_condition(ON_LOCK);
        call_t call = {.make = wait_on_another_s, .object = condition};
        CHECK_OK(pirn_condition_acquire(condition));
        call_begin(&call, breed);
        CHECK_OK(pirn_condition_acquire(condition)); /* the wait has let it go */
        CHECK_OK(pirn_condition_notify(condition, 1));
        CHECK(!LOAD(call.returned));
        CHECK_OK(pirn_condition_release(condition));
        CHECK_OK(call_end(&call));
        CHECK_STATUS(pirn_condition_try_acquire(condition), PIRN_WOULD_BLOCK);
        CHECK_OK(pirn_condition_free(condition));
    }
}

static void check_is_free(void *condition)
{
    CHECK_OK(pirn_condition_try_acquire(condition));
    CHECK_OK(pirn_condition_release(condition));
}

static void check_is_held(void *condition)
{
    CHECK_STATUS(pirn_condition_try_acquire(condition), PIRN_WOULD_BLOCK);
}

static bool asked_with_the_lock_held(void *condition)
{
    run_on(FOREIGN, check_is_held, condition); /* a predicate is asked with the lock held */
    return false;
}

/* The lock of a condition that was made without one has levels. */
TEST(the_default_lock_is_an_rlock)
{
    enum { LEVELS = 3 };
    pirn_condition_t *condition = new_condition(OWN);
    for (int i = 0; i < LEVELS; i++)
        CHECK_OK(pirn_condition_acquire(condition));
    CHECK_STATUS(pirn_condition_wait_timeout(condition, 0.001), PIRN_TIMED_OUT);
    CHECK_STATUS(pirn_condition_wait_for_timeout(condition, asked_with_the_lock_held, condition, 0.001),
                 PIRN_TIMED_OUT);
    for (int i = 0; i < LEVELS; i++) {
        run_on(FOREIGN, check_is_held, condition);
        CHECK_OK(pirn_condition_release(condition));
    }
    run_on(FOREIGN, check_is_free, condition);
    CHECK_STATUS(pirn_condition_release(condition), PIRN_ERR_NOT_OWNER);
    CHECK_OK(pirn_condition_free(condition));
}

static bool is_at_depth;

static pirn_status_t wait_at_depth(call_t *c)
{
    pirn_rlock_t *rlock = c->value;
    size_t levels = 0;
    for (int i = 0; i < 3; i++)
        CHECK_OK(pirn_rlock_acquire(rlock));
    CHECK_STATUS(pirn_condition_wait_timeout(c->object, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_rlock_recursion_count(rlock, &levels));
    CHECK_EQ(levels, 3);
    STORE(is_at_depth, true);
    pirn_status_t status = pirn_condition_wait(c->object);
    CHECK_OK(pirn_rlock_recursion_count(rlock, &levels));
    CHECK_EQ(levels, 3);
    for (int i = 0; i < 3; i++)
        CHECK_OK(pirn_rlock_release(rlock));
    return status;
}

/* Nobody else could take the rlock if a level were left. */
TEST(every_level_is_let_go_and_restored)
{
    pirn_rlock_t *rlock;
    pirn_condition_t *condition;
    CHECK_OK(pirn_rlock_new(&rlock));
    CHECK_OK(pirn_condition_new_with_rlock(rlock, &condition));
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        call_t call = {.make = wait_at_depth, .object = condition, .value = rlock};
        is_at_depth = false;
        call_begin(&call, breed);
        AWAIT(LOAD(is_at_depth));
        CHECK_OK(pirn_rlock_acquire(rlock));
        CHECK_OK(pirn_rlock_acquire(rlock));
        CHECK_OK(pirn_condition_notify(condition, 1));
        CHECK_OK(pirn_rlock_release(rlock));
        await_sleeping(call.native_id);
        CHECK_OK(pirn_rlock_release(rlock));
        CHECK_OK(call_end(&call));
    }
    CHECK_OK(pirn_condition_free(condition));
    CHECK_OK(pirn_rlock_free(rlock));
}

/* Those who came first; at most n; and nobody else wakes. */
TEST(notify_takes_those_who_came_first)
{
    enum { WAITERS = 12 };
    static const size_t steps[] = {1, 0, 3, 1, 2};
    for (sort_t sort = 0; sort < SORTS; sort++) {
        tokens_t tokens = tokens_on(sort);
        call_t calls[WAITERS];
        int through = 0;
        for (int i = 0; i < WAITERS; i++)
            begin_wait(&calls[i], &tokens, (breed_t)(i % BREEDS), i + 1);
        CHECK_STATUS(pirn_condition_free(tokens.condition), PIRN_ERR_BUSY);
        for (size_t i = 0; i < LENGTH(steps); i++) {
            notify(&tokens, steps[i]);
            through += (int)steps[i];
            await_waiting(&tokens, WAITERS - through);
            AWAIT(count_returned(calls, through) == through);
            CHECK_EQ(count_returned(calls, WAITERS), through);
        }
        if (sort % 2)
            notify_all(&tokens);
        else
            notify(&tokens, SIZE_MAX);
        for (int i = 0; i < WAITERS; i++)
            CHECK_OK(call_end(&calls[i]));
        CHECK_OK(pirn_condition_free(tokens.condition));
    }
}

/* Notified threads wait for the lock like others, for as long as it is held. */
TEST(nobody_returns_while_the_lock_is_held)
{
    enum { WAITERS = 4 };
    tokens_t tokens = tokens_on(OWN);
    call_t calls[WAITERS];
    for (int i = 0; i < WAITERS; i++)
        begin_wait(&calls[i], &tokens, (breed_t)(i % BREEDS), i + 1);
    lock(&tokens);
    CHECK_OK(pirn_condition_notify_all(tokens.condition));
    for (int i = 0; i < WAITERS; i++)
        await_sleeping(calls[i].native_id);
    CHECK_EQ(count_returned(calls, WAITERS), 0);
    CHECK_EQ(tokens.waiting, WAITERS);
    unlock(&tokens);
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(call_end(&calls[i]));
    CHECK_OK(pirn_condition_free(tokens.condition));
}

static pirn_status_t make_marked_wait(call_t *c)
{
    tokens_t *tokens = c->object;
    lock(tokens);
    tokens->taken++;
    pirn_status_t status = pirn_condition_wait(tokens->condition);
    unlock(tokens);
    return status;
}

static int count_taken(tokens_t *tokens)
{
    lock(tokens);
    int taken = tokens->taken;
    unlock(tokens);
    return taken;
}

/* Whether the first has left before the second comes, or after that. */
TEST(a_waiter_that_timed_out_eats_no_notify)
{
    for (sort_t sort = 0; sort < SORTS; sort++) {
        tokens_t tokens = tokens_on(sort);
        call_t leaving = {.make = make_timed_wait, .object = &tokens, .seconds = 0.02};
        call_t staying = {.make = make_marked_wait, .object = &tokens};
        call_begin(&leaving, FOREIGN);
        call_begin(&staying, PIRN_THREAD);
        AWAIT(count_taken(&tokens) == 1);
        CHECK_STATUS(call_end(&leaving), PIRN_TIMED_OUT);
        CHECK(!LOAD(staying.returned));
        notify(&tokens, 1);
        CHECK_OK(call_end(&staying));
        CHECK_OK(pirn_condition_free(tokens.condition));
    }
}

/* One notify for two waiters, the first of whom gives up at that moment: exactly one has been notified. */
TEST(a_notify_that_races_with_a_timeout_is_not_lost)
{
    tokens_t tokens = tokens_on(OWN);
    for (int round = 0; round < 2000; round++) {
        call_t leaving = {.make = make_timed_wait, .object = &tokens, .seconds = 1e-6 * (round % 100)};
        call_t staying = {.make = make_marked_wait, .object = &tokens};
        call_begin(&leaving, FOREIGN);
        call_begin(&staying, FOREIGN);
        AWAIT(count_taken(&tokens) == round + 1);
        notify(&tokens, 1);
        pirn_status_t left = call_end(&leaving);
        CHECK_AMONG(left, BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT));
        if (left == PIRN_OK) {
            CHECK(!LOAD(staying.returned));
            notify(&tokens, 1);
        }
        CHECK_OK(call_end(&staying));
    }
    CHECK_OK(pirn_condition_free(tokens.condition));
}

/* The predicate. */

typedef struct counting {
    pirn_condition_t *condition;
    int calls, last;
    bool owned;
} counting_t;

static bool count_calls(void *arg)
{
    counting_t *counting = arg;
    bool owned = false;
    CHECK_OK(pirn_condition_is_owned(counting->condition, &owned));
    counting->owned = counting->calls == 0 ? owned : counting->owned && owned;
    return ++counting->calls == counting->last;
}

TEST(a_predicate_is_tested_first_and_last)
{
    for (sort_t sort = 0; sort < SORTS; sort++) {
        pirn_condition_t *condition = new_condition(sort);
        for (int last = 1; last <= 3; last++) {
            counting_t counting = {.condition = condition, .last = last};
            CHECK_OK(pirn_condition_acquire(condition));
            double seconds = 0.001 * (last - 1);
            CHECK_STATUS(pirn_condition_wait_for_timeout(condition, count_calls, &counting, seconds),
                         last <= 2 ? PIRN_OK : PIRN_TIMED_OUT);
            CHECK_EQ(counting.calls, last < 2 ? last : 2);
            CHECK(counting.owned);
            CHECK_OK(pirn_condition_release(condition));
        }
        CHECK_OK(pirn_condition_free(condition));
    }
}

static bool is_false(void *calls)
{
    ++*(int *)calls;
    return false;
}

typedef struct restless {
    pirn_condition_t *condition;
    int calls;
    bool over;
} restless_t;

static void notify_all_along(void *arg)
{
    restless_t *restless = arg;
    while (!LOAD(restless->over)) {
        CHECK_OK(pirn_condition_acquire(restless->condition));
        CHECK_OK(pirn_condition_notify_all(restless->condition));
        CHECK_OK(pirn_condition_release(restless->condition));
        sched_yield();
    }
}

/* Were the limit to begin anew with each notify, the wait would never end. */
TEST(one_limit_for_all_rounds)
{
    for (sort_t sort = 0; sort < SORTS; sort++) {
        restless_t restless = {.condition = new_condition(sort)};
        runner_t notifier;
        runner_start(&notifier, (breed_t)(sort % BREEDS), notify_all_along, &restless);
        /* On a busy machine a limit may pass before there was a second round: then with another one. */
        for (double limit = 0.05; restless.calls <= 2; limit *= 2) {
            double start = now();
            restless.calls = 0;
            CHECK_OK(pirn_condition_acquire(restless.condition));
            CHECK_STATUS(pirn_condition_wait_for_timeout(restless.condition, is_false, &restless.calls, limit),
                         PIRN_TIMED_OUT);
            CHECK(now() - start >= limit);
            CHECK_OK(pirn_condition_release(restless.condition));
        }
        STORE(restless.over, true);
        runner_join(&notifier);
        CHECK_OK(pirn_condition_free(restless.condition));
    }
}

static bool release_it(void *condition)
{
    CHECK_OK(pirn_condition_release(condition));
    return false;
}

static bool free_it(void *condition)
{
    CHECK_OK(pirn_condition_release(condition));
    CHECK_OK(pirn_condition_free(condition));
    return false;
}

TEST(a_predicate_may_do_anything)
{
    pirn_condition_t *condition = new_condition(OWN);
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_STATUS(pirn_condition_wait_for(condition, release_it, condition), PIRN_ERR_NOT_OWNER);
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_STATUS(pirn_condition_wait_for(condition, free_it, condition), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_condition_free(condition), PIRN_ERR_INVALID_HANDLE);
}

/* Several conditions on one lock. */

TEST(a_notify_reaches_its_own_condition_alone)
{
    pirn_lock_t *shared;
    tokens_t tokens[2] = {{0}};
    call_t calls[2];
    CHECK_OK(pirn_lock_new(&shared));
    for (int i = 0; i < 2; i++)
        CHECK_OK(pirn_condition_new_with_lock(shared, &tokens[i].condition));
    for (int i = 0; i < 2; i++)
        begin_wait(&calls[i], &tokens[i], (breed_t)i, 1);
    for (int i = 0; i < 2; i++) {
        notify_all(&tokens[i]);
        CHECK_OK(call_end(&calls[i]));
        if (i == 0) {
            await_sleeping(calls[1].native_id);
            CHECK(!LOAD(calls[1].returned));
        }
    }
    for (int i = 0; i < 2; i++)
        CHECK_OK(pirn_condition_free(tokens[i].condition));
    CHECK_OK(pirn_lock_free(shared));
}

/* Nobody wakes for another reason than a notify: not for signals, not for others' notifies. */
TEST(no_spurious_wake_ups)
{
    enum { WAITERS = 8 };
    tokens_t tokens = tokens_on(OWN), others = {0};
    call_t calls[WAITERS], other;
    struct sigaction action = {.sa_handler = count_signal};
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < WAITERS; i++)
        begin_wait(&calls[i], &tokens, (breed_t)(i % BREEDS), i + 1);
    others.condition = new_condition(OWN);
    for (int round = 0; round < 100; round++) {
        begin_wait(&other, &others, FOREIGN, 1);
        for (int i = 0; i < WAITERS; i++)
            interrupt_thread(calls[i].native_id);
        notify_all(&others);
        CHECK_OK(call_end(&other));
    }
    AWAIT(LOAD(signals_handled) >= WAITERS);
    lock(&tokens);
    CHECK_EQ(tokens.waiting, WAITERS);
    unlock(&tokens);
    CHECK_EQ(count_returned(calls, WAITERS), 0);
    notify_all(&tokens);
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(call_end(&calls[i]));
    CHECK_OK(pirn_condition_free(tokens.condition));
    CHECK_OK(pirn_condition_free(others.condition));
}

/* Two threads of each breed that wait for tokens beside one who brings them, one after the other. */
TEST(tokens_reach_whoever_waits)
{
    enum { TAKERS = 4, EACH = 500 };
    tokens_t tokens = tokens_on(OWN);
    for (int round = 0; round < EACH; round++) {
        call_t calls[TAKERS];
        for (int i = 0; i < TAKERS; i++) {
            calls[i] = (call_t){.make = make_take, .object = &tokens};
            call_begin(&calls[i], FOREIGN);
        }
        for (int i = 0; i < TAKERS; i++)
            put(&tokens, 1);
        for (int i = 0; i < TAKERS; i++)
            CHECK_OK(call_end(&calls[i]));
    }
    CHECK_EQ(tokens.taken, TAKERS * EACH);
    CHECK_OK(pirn_condition_free(tokens.condition));
}
