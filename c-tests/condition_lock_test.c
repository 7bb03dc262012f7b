/* The lock of a Condition: acquired and released like any other, and kept when its handle is freed. */
#include "condition.h"
#include "lock_like.h"

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
