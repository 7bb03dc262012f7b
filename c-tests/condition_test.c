/* Condition: waiting for a notify, on each sort of lock. */
#include "lock_like.h"

/* A condition by the sort of its lock: its own, a lock, an rlock, and those whose handles have been freed. */
typedef enum { OWN, ON_LOCK, ON_RLOCK, ON_FREED_LOCK, ON_FREED_RLOCK, SORTS } sort_t;

static bool is_owned_by_thread(sort_t sort)
{
    return sort == OWN || sort == ON_RLOCK || sort == ON_FREED_RLOCK;
}

static pirn_condition_t *new_condition(sort_t sort)
{
    pirn_condition_t *condition;
    pirn_lock_t *lock;
    pirn_rlock_t *rlock;
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_rlock_new(&rlock));
    if (sort == OWN)
        CHECK_OK(pirn_condition_new(&condition));
    else if (is_owned_by_thread(sort))
        CHECK_OK(pirn_condition_new_with_rlock(rlock, &condition));
    else
        CHECK_OK(pirn_condition_new_with_lock(lock, &condition));
    if (sort != ON_LOCK)
        CHECK_OK(pirn_lock_free(lock));
    if (sort != ON_RLOCK)
        CHECK_OK(pirn_rlock_free(rlock));
    return condition;
}

static void *make_own(void) { return new_condition(OWN); }
static void *make_on_freed_lock(void) { return new_condition(ON_FREED_LOCK); }
static void *make_on_freed_rlock(void) { return new_condition(ON_FREED_RLOCK); }
static pirn_status_t acquire(void *c) { return pirn_condition_acquire(c); }
static pirn_status_t try_acquire(void *c) { return pirn_condition_try_acquire(c); }
static pirn_status_t acquire_timeout(void *c, double s) { return pirn_condition_acquire_timeout(c, s); }
static pirn_status_t release(void *c) { return pirn_condition_release(c); }
static pirn_status_t free_condition(void *c) { return pirn_condition_free(c); }

#define LOCK_OF_CONDITION(factory, error)                                                                    \
    {.make = factory,                                                                                        \
     .acquire = acquire,                                                                                     \
     .try_acquire = try_acquire,                                                                             \
     .timed = acquire_timeout,                                                                               \
     .release = release,                                                                                     \
     .free = free_condition,                                                                                 \
     .unheld = error}

/* Those that only the condition leads to, so that a free is refused while threads wait for the lock. */
static const lock_like_t likes[] = {LOCK_OF_CONDITION(make_own, PIRN_ERR_NOT_OWNER),
                                    LOCK_OF_CONDITION(make_on_freed_lock, PIRN_ERR_NOT_LOCKED),
                                    LOCK_OF_CONDITION(make_on_freed_rlock, PIRN_ERR_NOT_OWNER)};

static void check_each_like(void (*check)(const lock_like_t *))
{
    for (size_t i = 0; i < LENGTH(likes); i++)
        check(&likes[i]);
}

TEST(lock_states)
{
    check_each_like(check_lock_states);
}

TEST(blocking_acquires)
{
    check_each_like(check_lock_blocking);
}

TEST(a_timed_out_acquire_eats_no_release)
{
    check_each_like(check_a_timed_out_acquire_eats_no_release);
}

TEST(every_waiter_for_the_lock_gets_its_turn)
{
    check_each_like(check_every_waiter_gets_its_turn);
}

TEST(excludes)
{
    check_excludes(&likes[0]);
}

TEST(excludes_64_threads)
{
    check_excludes_64_threads(&likes[1]);
}

TEST(release_never_touches_what_the_next_holder_frees)
{
    check_release_then_free(&likes[0]);
}

TEST(fork_with_waiters_for_the_lock)
{
    check_each_like(check_fork_with_waiters);
}

/* What the lock guards in most of these cases: tokens, and those who come for one. */
typedef struct tokens {
    pirn_condition_t *condition;
    int left;
    int waiting; /* have the lock, or wait */
    int taken;
} tokens_t;

static tokens_t tokens_on(sort_t sort)
{
    return (tokens_t){.condition = new_condition(sort)};
}

static void lock(tokens_t *tokens) { CHECK_OK(pirn_condition_acquire(tokens->condition)); }
static void unlock(tokens_t *tokens) { CHECK_OK(pirn_condition_release(tokens->condition)); }

static bool is_any_left(void *arg)
{
    return ((tokens_t *)arg)->left > 0;
}

static void put(tokens_t *tokens, int n)
{
    lock(tokens);
    tokens->left += n;
    CHECK_OK(pirn_condition_notify(tokens->condition, (size_t)n));
    unlock(tokens);
}

static pirn_status_t take_if(pirn_status_t status, tokens_t *tokens)
{
    if (status == PIRN_OK) {
        CHECK(tokens->left > 0);
        tokens->left--;
        tokens->taken++;
    }
    unlock(tokens);
    return status;
}

static pirn_status_t take(void *arg)
{
    tokens_t *tokens = arg;
    lock(tokens);
    return take_if(pirn_condition_wait_for(tokens->condition, is_any_left, tokens), tokens);
}

static pirn_status_t take_timeout(void *arg, double seconds)
{
    tokens_t *tokens = arg;
    pirn_status_t status;
    lock(tokens);
    status = pirn_condition_wait_for_timeout(tokens->condition, is_any_left, tokens, seconds);
    return take_if(status, tokens);
}

static pirn_status_t put_one(void *tokens)
{
    put(tokens, 1);
    return PIRN_OK;
}

static pirn_status_t free_tokens(void *tokens)
{
    return pirn_condition_free(((tokens_t *)tokens)->condition);
}

static pirn_status_t make_take(call_t *c) { return take(c->object); }

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

static pirn_status_t wait_once(void *arg)
{
    tokens_t *tokens = arg;
    lock(tokens);
    tokens->waiting++;
    pirn_status_t status = pirn_condition_wait(tokens->condition);
    tokens->waiting--;
    unlock(tokens);
    return status;
}

static pirn_status_t wait_once_timeout(void *arg, double seconds)
{
    tokens_t *tokens = arg;
    lock(tokens);
    tokens->waiting++;
    pirn_status_t status = pirn_condition_wait_timeout(tokens->condition, seconds);
    tokens->waiting--;
    unlock(tokens);
    return status;
}

static pirn_status_t make_wait(call_t *c) { return wait_once(c->object); }
static pirn_status_t make_timed_wait(call_t *c) { return wait_once_timeout(c->object, c->seconds); }

/* The waiter lets the lock go when it can be notified. */
static void await_waiting(tokens_t *tokens, int n)
{
    int waiting;
    do {
        lock(tokens);
        waiting = tokens->waiting;
        unlock(tokens);
        sched_yield();
    } while (waiting != n);
}

static void begin_wait(call_t *call, tokens_t *tokens, breed_t breed, int n)
{
    *call = (call_t){.make = make_wait, .object = tokens};
    call_begin(call, breed);
    await_waiting(tokens, n);
}

static void notify(tokens_t *tokens, size_t n)
{
    lock(tokens);
    CHECK_OK(pirn_condition_notify(tokens->condition, n));
    unlock(tokens);
}

static void notify_all(tokens_t *tokens)
{
    lock(tokens);
    CHECK_OK(pirn_condition_notify_all(tokens->condition));
    unlock(tokens);
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

static int count_returned(const call_t *calls, int n)
{
    int returned = 0;
    for (int i = 0; i < n; i++)
        returned += LOAD(calls[i].returned);
    return returned;
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

TEST(a_waiter_that_timed_out_eats_no_notify)
{
    for (sort_t sort = 0; sort < SORTS; sort++) {
        tokens_t tokens = tokens_on(sort);
        call_t leaving = {.make = make_timed_wait, .object = &tokens, .seconds = 0.02}, staying;
        call_begin(&leaving, FOREIGN);
        begin_wait(&staying, &tokens, PIRN_THREAD, 2);
        CHECK_STATUS(call_end(&leaving), PIRN_TIMED_OUT);
        CHECK(!LOAD(staying.returned));
        notify(&tokens, 1);
        CHECK_OK(call_end(&staying));
        CHECK_OK(pirn_condition_free(tokens.condition));
    }
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

/* Keeping the lock. */

TEST(the_lock_s_handle_is_freed_first)
{
    pirn_lock_t *plain, *others[8];
    pirn_condition_t *conditions[2];
    CHECK_OK(pirn_lock_new(&plain));
    for (int i = 0; i < 2; i++)
        CHECK_OK(pirn_condition_new_with_lock(plain, &conditions[i]));
    CHECK_OK(pirn_lock_acquire(plain));
    CHECK_OK(pirn_lock_free(plain));
    CHECK_STATUS(pirn_lock_release(plain), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_lock_free(plain), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_condition_new_with_lock(plain, &conditions[0]), PIRN_ERR_INVALID_HANDLE);
    for (int i = 0; i < 8; i++)
        CHECK_OK(pirn_lock_new(&others[i]));
    /* Still held, and still the lock of both. */
    CHECK_STATUS(pirn_condition_try_acquire(conditions[0]), PIRN_WOULD_BLOCK);
    CHECK_OK(pirn_condition_release(conditions[1]));
    CHECK_OK(pirn_condition_acquire(conditions[0]));
    CHECK_OK(pirn_condition_free(conditions[0]));
    CHECK_STATUS(pirn_condition_try_acquire(conditions[1]), PIRN_WOULD_BLOCK);
    CHECK_OK(pirn_condition_release(conditions[1]));
    CHECK_OK(pirn_condition_free(conditions[1]));
    for (int i = 0; i < 8; i++) {
        CHECK_OK(pirn_lock_acquire(others[i]));
        CHECK_OK(pirn_lock_free(others[i]));
    }
}

/* A lock on whose condition threads wait is not waited on itself. */
TEST(the_lock_s_handle_is_freed_while_threads_wait)
{
    for (int recursive = 0; recursive < 2; recursive++) {
        pirn_lock_t *plain;
        pirn_rlock_t *rlock;
        tokens_t tokens = {0};
        call_t calls[3];
        CHECK_OK(pirn_lock_new(&plain));
        CHECK_OK(pirn_rlock_new(&rlock));
        CHECK_OK(recursive ? pirn_condition_new_with_rlock(rlock, &tokens.condition)
                           : pirn_condition_new_with_lock(plain, &tokens.condition));
        for (int i = 0; i < 3; i++)
            begin_wait(&calls[i], &tokens, (breed_t)(i % BREEDS), i + 1);
        CHECK_OK(pirn_lock_free(plain));
        CHECK_OK(pirn_rlock_free(rlock));
        notify_all(&tokens);
        for (int i = 0; i < 3; i++)
            CHECK_OK(call_end(&calls[i]));
        CHECK_OK(pirn_condition_free(tokens.condition));
    }
}

static pirn_status_t wait_by_lock(call_t *c)
{
    pirn_lock_t *plain = c->value;
    tokens_t *tokens = c->object;
    CHECK_OK(pirn_lock_acquire(plain));
    tokens->waiting++;
    pirn_status_t status = pirn_condition_wait(tokens->condition);
    tokens->waiting--;
    CHECK_OK(pirn_lock_release(plain));
    return status;
}

/* Notified threads do not need the condition any more, but they need the lock. */
TEST(the_condition_is_freed_after_the_notify)
{
    enum { WAITERS = 3 };
    for (int round = 0; round < 500; round++) {
        pirn_lock_t *plain;
        tokens_t tokens = {0};
        call_t calls[WAITERS];
        CHECK_OK(pirn_lock_new(&plain));
        CHECK_OK(pirn_condition_new_with_lock(plain, &tokens.condition));
        for (int i = 0; i < WAITERS; i++) {
            calls[i] = (call_t){.make = wait_by_lock, .object = &tokens, .value = plain};
            call_begin(&calls[i], (breed_t)(i % BREEDS));
        }
        await_waiting(&tokens, WAITERS);
        lock(&tokens);
        CHECK_OK(pirn_condition_notify_all(tokens.condition));
        CHECK_OK(pirn_condition_free(tokens.condition));
        CHECK_STATUS(pirn_lock_free(plain), PIRN_ERR_BUSY);
        CHECK_OK(pirn_lock_release(plain));
        for (int i = 0; i < WAITERS; i++)
            CHECK_OK(call_end(&calls[i]));
        CHECK_OK(pirn_lock_free(plain));
    }
}

/* A condition that is the only way to its lock stays as long as a thread has to come back from a wait. */
TEST(the_last_way_to_a_lock_stays)
{
    static const sort_t sorts[] = {OWN, ON_FREED_LOCK, ON_FREED_RLOCK};
    for (size_t i = 0; i < LENGTH(sorts); i++) {
        tokens_t tokens = tokens_on(sorts[i]);
        call_t call;
        begin_wait(&call, &tokens, FOREIGN, 1);
        lock(&tokens);
        CHECK_STATUS(pirn_condition_free(tokens.condition), PIRN_ERR_BUSY);
        CHECK_OK(pirn_condition_notify(tokens.condition, 1));
        CHECK_STATUS(pirn_condition_free(tokens.condition), PIRN_ERR_BUSY);
        unlock(&tokens);
        CHECK_OK(call_end(&call));
        lock(&tokens);
        CHECK_OK(pirn_condition_free(tokens.condition));
        CHECK_STATUS(pirn_condition_release(tokens.condition), PIRN_ERR_INVALID_HANDLE);
    }
}

/* Made, used and freed at once by several threads on one lock, whose handle goes, too. */
typedef struct churn {
    pirn_lock_t *lock;
    bool over;
    uint64_t steps;
} churn_t;

static void churn(void *element)
{
    churn_t *churn = *(churn_t **)element;
    while (!LOAD(churn->over)) {
        pirn_condition_t *condition;
        pirn_status_t status = pirn_condition_new_with_lock(LOAD(churn->lock), &condition);
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_INVALID_HANDLE));
        ADD(churn->steps, 1);
        if (status != PIRN_OK)
            continue;
        CHECK_OK(pirn_condition_acquire(condition));
        CHECK_STATUS(pirn_condition_wait_timeout(condition, 1e-6), PIRN_TIMED_OUT);
        CHECK_OK(pirn_condition_notify_all(condition));
        CHECK_OK(pirn_condition_release(condition));
        while ((status = pirn_condition_free(condition)) != PIRN_OK) {
            CHECK_STATUS(status, PIRN_ERR_BUSY); /* others are on their way to the same lock */
            sched_yield();
        }
    }
}

TEST(conditions_come_and_go_while_their_lock_is_freed)
{
    enum { THREADS = 3, ROUNDS = 3000 };
    churn_t shared = {0}, *element = &shared;
    runner_t runners[THREADS];
    CHECK_OK(pirn_lock_new(&shared.lock));
    for (int i = 0; i < THREADS; i++)
        runner_start(&runners[i], (breed_t)(i % BREEDS), churn, &element);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t enough = LOAD(shared.steps) + (unsigned)round % 8;
        pirn_lock_t *old = LOAD(shared.lock), *next;
        pirn_status_t status;
        AWAIT(LOAD(shared.steps) >= enough);
        CHECK_OK(pirn_lock_new(&next));
        while ((status = pirn_lock_free(old)) != PIRN_OK) {
            CHECK_STATUS(status, PIRN_ERR_BUSY);
            sched_yield();
        }
        STORE(shared.lock, next);
    }
    STORE(shared.over, true);
    for (int i = 0; i < THREADS; i++)
        runner_join(&runners[i]);
    CHECK_OK(pirn_lock_free(shared.lock));
}

/* Under load. */

typedef struct market {
    pirn_condition_t *not_empty, *not_full;
    int held, most;
    int64_t put, taken, each;
    bool storm;
} market_t;

static bool has_room(void *arg)
{
    market_t *market = arg;
    return market->held < market->most;
}

static bool has_goods(void *arg)
{
    return ((market_t *)arg)->held > 0;
}

static void trade(void *element)
{
    static int arrivals;
    market_t *market = *(market_t **)element;
    bool sells = ADD(arrivals, 1) % 2;
    join_storm();
    for (int64_t i = 0; i < market->each;) {
        pirn_condition_t *mine = sells ? market->not_full : market->not_empty;
        pirn_condition_t *theirs = sells ? market->not_empty : market->not_full;
        pirn_predicate_fn ready = sells ? has_room : has_goods;
        double start = now(), seconds = 1e-6 * (double)(i % 64);
        CHECK_OK(pirn_condition_acquire(mine));
        pirn_status_t status = i % 2 ? pirn_condition_wait_for(mine, ready, market)
                                     : pirn_condition_wait_for_timeout(mine, ready, market, seconds);
        CHECK(status == PIRN_OK || (status == PIRN_TIMED_OUT && now() - start >= seconds));
        if (status == PIRN_OK) {
            CHECK(ready(market));
            market->held += sells ? 1 : -1;
            *(sells ? &market->put : &market->taken) += 1;
            CHECK_OK(pirn_condition_notify(theirs, 1));
            i++;
        }
        CHECK_OK(pirn_condition_release(mine));
    }
    leave_storm();
}

static void check_market(int threads, int64_t each)
{
    pirn_rlock_t *rlock;
    market_t market = {.most = 3, .each = each};
    market_t **elements = calloc((size_t)threads, sizeof *elements);
    CHECK_OK(pirn_rlock_new(&rlock));
    CHECK_OK(pirn_condition_new_with_rlock(rlock, &market.not_empty));
    CHECK_OK(pirn_condition_new_with_rlock(rlock, &market.not_full));
    CHECK_OK(pirn_rlock_free(rlock));
    for (int i = 0; i < threads; i++)
        elements[i] = &market;
    run_on_all((size_t)threads, trade, elements, sizeof *elements);
    free(elements);
    CHECK_EQ(market.held, 0);
    CHECK_EQ(market.put, threads / 2 * each);
    CHECK_EQ(market.taken, threads / 2 * each);
    CHECK_OK(pirn_condition_free(market.not_empty));
    CHECK_OK(pirn_condition_free(market.not_full));
}

TEST(a_market)
{
    check_market(8, 5000);
}

TEST(a_market_of_64_threads)
{
    check_market(64, 300);
}

TEST(a_market_in_a_storm_of_signals)
{
    begin_storm();
    check_market(8, 2000);
    end_storm();
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

/* Fork. */

static void use_after_fork(void *arg)
{
    tokens_t *tokens = arg;
    call_t call;
    notify_all(tokens); /* to nobody: who waited is not alive here */
    CHECK_STATUS(wait_once_timeout(tokens, 0.001), PIRN_TIMED_OUT);
    tokens->waiting = 0;
    begin_wait(&call, tokens, PIRN_THREAD, 1);
    CHECK_STATUS(pirn_condition_free(tokens->condition), PIRN_ERR_BUSY);
    notify(tokens, 1);
    CHECK_OK(call_end(&call));
    CHECK_OK(pirn_condition_free(tokens->condition));
}

TEST(fork_with_waiters)
{
    for (sort_t sort = 0; sort < SORTS; sort++) {
        tokens_t tokens = tokens_on(sort);
        call_t calls[2];
        for (int i = 0; i < 2; i++)
            begin_wait(&calls[i], &tokens, (breed_t)i, i + 1);
        in_forked_child(use_after_fork, &tokens);
        notify_all(&tokens);
        for (int i = 0; i < 2; i++)
            CHECK_OK(call_end(&calls[i]));
        CHECK_OK(pirn_condition_free(tokens.condition));
    }
}

static void free_after_fork(void *arg)
{
    tokens_t *tokens = arg;
    CHECK_OK(pirn_condition_free(tokens->condition));
    CHECK_STATUS(pirn_condition_free(tokens->condition), PIRN_ERR_INVALID_HANDLE);
}

TEST(freed_after_a_fork_with_waiters)
{
    for (sort_t sort = 0; sort < SORTS; sort++) {
        tokens_t tokens = tokens_on(sort);
        call_t call;
        begin_wait(&call, &tokens, PIRN_THREAD, 1);
        in_forked_child(free_after_fork, &tokens);
        put(&tokens, 1);
        CHECK_OK(call_end(&call));
        CHECK_OK(pirn_condition_free(tokens.condition));
    }
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
