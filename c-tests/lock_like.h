/*
 * What holds for everything that is acquired and released: a Lock, an RLock, a Condition's lock, a Semaphore
 * of one permit. A suite describes its object once and has it checked whole.
 */
#ifndef PIRN_TESTS_LOCK_LIKE_H
#define PIRN_TESTS_LOCK_LIKE_H

#include "blocking.h"
#include "child.h"
#include "storm.h"

typedef struct lock_like {
    void *(*make)(void); /* free to be acquired */
    plain_fn acquire, try_acquire, release, free;
    timed_fn timed;
    pirn_status_t unheld; /* what a release says if nobody holds it; PIRN_OK where it always works */
} lock_like_t;

/* A thread that does what it is told, for objects that only their owner may release. */
typedef struct holder {
    runner_t runner;
    plain_fn order;
    void *object;
    bool over;
} holder_t;

static holder_t holder;
static const lock_like_t *held_like;

static inline void obey(void *unused)
{
    (void)unused;
    while (!LOAD(holder.over)) {
        if (LOAD(holder.order)) {
            CHECK_OK(holder.order(holder.object));
            STORE(holder.order, NULL);
        }
        sched_yield();
    }
}

static inline void on_holder(plain_fn order, void *object)
{
    holder.object = object;
    STORE(holder.order, order);
    AWAIT(!LOAD(holder.order));
}

static inline void begin_holder(void)
{
    holder.over = false;
    runner_start(&holder.runner, FOREIGN, obey, NULL);
}

static inline void end_holder(void)
{
    STORE(holder.over, true);
    runner_join(&holder.runner);
}

/* In and out again: whoever does it may be another thread each time. */
static inline pirn_status_t pass(void *object)
{
    pirn_status_t status = held_like->acquire(object);
    return status == PIRN_OK ? held_like->release(object) : status;
}

static inline pirn_status_t pass_timed(void *object, double seconds)
{
    pirn_status_t status = held_like->timed(object, seconds);
    return status == PIRN_OK ? held_like->release(object) : status;
}

static inline pirn_status_t let_pass(void *object)
{
    on_holder(held_like->release, object);
    return PIRN_OK;
}

static inline pirn_status_t bar(void *object)
{
    on_holder(held_like->acquire, object);
    return PIRN_OK;
}

static inline void check_lock_blocking(const lock_like_t *like)
{
    static const blocking_t blocking = {.call = pass, .timed = pass_timed, .wake = let_pass, .rearm = bar};
    blocking_t with_free = blocking;
    void *object = like->make();
    held_like = like;
    with_free.free = like->free;
    begin_holder();
    bar(object);
    check_blocking(&with_free, object);
    let_pass(object);
    end_holder();
    CHECK_OK(like->free(object));
}

static inline void check_is_taken(void *object)
{
    CHECK_STATUS(held_like->try_acquire(object), PIRN_WOULD_BLOCK);
    CHECK_STATUS(held_like->timed(object, 0), PIRN_TIMED_OUT);
}

static inline void check_lock_states(const lock_like_t *like)
{
    void *object = like->make();
    held_like = like;
    if (like->unheld != PIRN_OK)
        CHECK_STATUS(like->release(object), like->unheld);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(like->acquire(object));
        for (breed_t breed = 0; breed < BREEDS; breed++)
            run_on(breed, check_is_taken, object);
        CHECK_OK(like->release(object));
        CHECK_OK(like->try_acquire(object));
        CHECK_OK(like->release(object));
        CHECK_OK(like->timed(object, 0));
        CHECK_OK(like->release(object));
        if (like->unheld != PIRN_OK)
            CHECK_STATUS(like->release(object), like->unheld);
    }
    CHECK_OK(like->acquire(object));
    CHECK_OK(like->free(object));
    CHECK_STATUS(like->release(object), PIRN_ERR_INVALID_HANDLE);
}

static inline void check_passes(void *object)
{
    CHECK_OK(pass(object));
}

static inline pirn_status_t make_pass(call_t *c) { return pass(c->object); }
static inline pirn_status_t make_pass_timed(call_t *c) { return pass_timed(c->object, c->seconds); }

/* A waiter that timed out leaves nothing behind: the release goes to the one that still waits. */
static inline void check_a_timed_out_acquire_eats_no_release(const lock_like_t *like)
{
    void *object = like->make();
    held_like = like;
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        call_t leaving = {.make = make_pass_timed, .object = object, .seconds = 0.02};
        call_t staying = {.make = make_pass, .object = object};
        CHECK_OK(like->acquire(object));
        call_begin(&leaving, breed);
        call_begin_blocked(&staying, breed);
        CHECK_STATUS(call_end(&leaving), PIRN_TIMED_OUT);
        CHECK(!LOAD(staying.returned));
        CHECK_OK(like->release(object));
        CHECK_OK(call_end(&staying));
    }
    CHECK_OK(like->free(object));
}

static inline void check_every_waiter_gets_its_turn(const lock_like_t *like)
{
    enum { WAITERS = 16 };
    call_t waiters[WAITERS];
    void *object = like->make();
    held_like = like;
    CHECK_OK(like->acquire(object));
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (call_t){.make = make_pass, .object = object};
        call_begin_blocked(&waiters[i], (breed_t)(i % BREEDS));
    }
    CHECK_STATUS(like->free(object), PIRN_ERR_BUSY);
    CHECK_OK(like->release(object));
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(call_end(&waiters[i]));
    CHECK_OK(like->free(object));
}

typedef struct contended {
    const lock_like_t *like;
    void *object;
    int64_t total;
    int64_t each;
} contended_t;

static inline void increment_under_it(void *element)
{
    contended_t *shared = *(contended_t **)element;
    for (int i = 0; i < shared->each; i++) {
        CHECK_OK(shared->like->acquire(shared->object));
        shared->total++;
        CHECK_OK(shared->like->release(shared->object));
    }
}

/* Every way in; timeouts so short that they often pass while it is being handed over. */
static inline void increment_every_way(void *element)
{
    contended_t *shared = *(contended_t **)element;
    join_storm();
    for (int i = 0, done = 0; done < shared->each; i++) {
        double start = now(), seconds = i % 7 == 0 ? 1e-3 : 1e-6 * (i % 50);
        pirn_status_t status = i % 3 == 0   ? shared->like->try_acquire(shared->object)
                               : i % 3 == 1 ? shared->like->timed(shared->object, seconds)
                                            : shared->like->acquire(shared->object);
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT) | BIT(PIRN_WOULD_BLOCK));
        if (status == PIRN_TIMED_OUT)
            CHECK(now() - start >= seconds);
        if (status != PIRN_OK)
            continue;
        done++;
        shared->total++;
        if (i % 16 == 0)
            sched_yield();
        CHECK_OK(shared->like->release(shared->object));
    }
    leave_storm();
}

static inline void check_exclusion(const lock_like_t *like, size_t threads, void (*body)(void *),
                                   int64_t each)
{
    contended_t shared = {.like = like, .object = like->make(), .each = each};
    contended_t **elements = calloc(threads, sizeof *elements);
    for (size_t i = 0; i < threads; i++)
        elements[i] = &shared;
    run_on_all(threads, body, elements, sizeof *elements);
    free(elements);
    CHECK_EQ(shared.total, (int64_t)threads * each);
    CHECK_OK(like->try_acquire(shared.object));
    CHECK_OK(like->free(shared.object));
}

static inline void check_excludes(const lock_like_t *like)
{
    check_exclusion(like, 8, increment_under_it, 50000);
    check_exclusion(like, 8, increment_every_way, 10000);
}

static inline void check_excludes_64_threads(const lock_like_t *like)
{
    check_exclusion(like, 64, increment_under_it, 2000);
    check_exclusion(like, 64, increment_every_way, 500);
}

static inline void check_excludes_in_a_storm(const lock_like_t *like)
{
    begin_storm();
    do
        check_exclusion(like, 8, increment_every_way, 3000);
    while (!has_stormed());
    end_storm();
}

static inline void free_what_comes(void *arg)
{
    void **next = arg, *object;
    for (;;) {
        AWAIT((object = LOAD(*next)) != NULL);
        if (object == UNTOUCHED)
            return;
        CHECK_OK(held_like->acquire(object));
        CHECK_OK(held_like->free(object));
        STORE(*next, NULL);
    }
}

/* The next holder may free it while the release that let it in is still on its way out. */
static inline void check_release_then_free(const lock_like_t *like)
{
    held_like = like;
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        void *next = NULL;
        runner_t freeing;
        runner_start(&freeing, breed, free_what_comes, &next);
        for (int round = 0; round < 20000; round++) {
            void *object = like->make();
            CHECK_OK(like->acquire(object));
            STORE(next, object);
            if (round % 64 == 0)
                sched_yield();
            CHECK_OK(like->release(object));
            AWAIT(LOAD(next) == NULL);
            CHECK_STATUS(like->release(object), PIRN_ERR_INVALID_HANDLE);
        }
        STORE(next, UNTOUCHED);
        runner_join(&freeing);
    }
}

/* Held at the fork by the forking thread, and waited for by others, who are not alive in the child. */
static inline void use_in_forked_child(void *object)
{
    CHECK_OK(held_like->release(object));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(held_like->acquire(object));
        run_on(PIRN_THREAD, check_is_taken, object);
        CHECK_OK(held_like->release(object));
        run_on(PIRN_THREAD, check_passes, object);
    }
    CHECK_OK(held_like->acquire(object));
    CHECK_OK(held_like->free(object));
}

static inline void check_fork_with_waiters(const lock_like_t *like)
{
    void *object = like->make();
    call_t plain = {.make = make_pass, .object = object};
    call_t timed = {.make = make_pass_timed, .object = object, .seconds = PIRN_TIMEOUT_MAX};
    held_like = like;
    CHECK_OK(like->acquire(object));
    call_begin_blocked(&plain, PIRN_THREAD);
    call_begin_blocked(&timed, FOREIGN);
    in_forked_child(use_in_forked_child, object);
    CHECK_STATUS(like->free(object), PIRN_ERR_BUSY);
    CHECK_OK(like->release(object));
    CHECK_OK(call_end(&plain));
    CHECK_OK(call_end(&timed));
    CHECK_OK(like->free(object));
}

#endif
