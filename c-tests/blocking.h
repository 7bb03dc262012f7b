/*
 * What holds for every call that blocks and has a `_timeout` twin: the rules of time, both breeds of threads,
 * signals, and that its object is busy meanwhile. A suite describes its call once and has it checked whole.
 */
#ifndef PIRN_TESTS_BLOCKING_H
#define PIRN_TESTS_BLOCKING_H

#include <float.h>
#include <math.h>
#include <signal.h>

#include "support.h"

typedef pirn_status_t (*plain_fn)(void *object);
typedef pirn_status_t (*timed_fn)(void *object, double seconds);

typedef struct blocking {
    plain_fn call;
    timed_fn timed;
    plain_fn wake;  /* lets one blocked call through, or the next one if none is blocked */
    plain_fn rearm; /* after a call got through, makes the next one block; NULL where it does so by itself */
    plain_fn free;  /* of the object that is busy meanwhile; NULL where none is */
} blocking_t;

static inline void check_bad_times(timed_fn timed, void *object)
{
    static const double refused[] = {NAN, -INFINITY, -0.5, -1.5, -1e-300};
    static const double overflowing[] = {PIRN_TIMEOUT_MAX * (1 + DBL_EPSILON), 1e300};
    for (size_t i = 0; i < LENGTH(refused); i++)
        CHECK_STATUS(timed(object, refused[i]), PIRN_ERR_INVALID_ARGUMENT);
    for (size_t i = 0; i < LENGTH(overflowing); i++)
        CHECK_STATUS(timed(object, overflowing[i]), PIRN_ERR_OVERFLOW);
}

static const double endless_times[] = {PIRN_FOREVER, INFINITY, PIRN_TIMEOUT_MAX};

typedef struct blocked_call {
    call_t call;
    const blocking_t *blocking;
    bool timed;
} blocked_call_t;

static inline pirn_status_t make_blocked_call(call_t *call)
{
    blocked_call_t *c = (blocked_call_t *)call;
    return c->timed ? c->blocking->timed(call->object, call->seconds) : c->blocking->call(call->object);
}

static inline void rearm(const blocking_t *b, void *object)
{
    if (b->rearm)
        CHECK_OK(b->rearm(object));
}

static int signals_handled;

static inline void count_signal(int number)
{
    (void)number;
    ADD(signals_handled, 1);
}

static inline void interrupt_thread(uint64_t native_id)
{
    syscall(SYS_tgkill, getpid(), (pid_t)native_id, SIGUSR1);
}

static inline void check_signals_are_survived(blocked_call_t *c, breed_t breed)
{
    struct sigaction action = {.sa_handler = count_signal}; /* without SA_RESTART */
    sigaction(SIGUSR1, &action, NULL);
    call_begin_blocked(&c->call, breed);
    for (int i = 0; i < 3; i++) {
        int handled = LOAD(signals_handled);
        interrupt_thread(c->call.native_id);
        AWAIT(LOAD(signals_handled) > handled);
        await_sleeping(c->call.native_id);
    }
    CHECK_OK(c->blocking->wake(c->call.object));
    CHECK_OK(call_end(&c->call));
    rearm(c->blocking, c->call.object);

    c->timed = true;
    c->call.seconds = 0.05;
    call_begin(&c->call, breed);
    while (!LOAD(c->call.returned)) {
        if (thread_state(c->call.native_id) == 'S')
            interrupt_thread(c->call.native_id);
        sched_yield();
    }
    CHECK_STATUS(call_end(&c->call), PIRN_TIMED_OUT);
    CHECK(c->call.elapsed >= 0.05);
}

static inline void check_blocked_waits(const blocking_t *b, void *object, breed_t breed)
{
    blocked_call_t c = {.call = {.make = make_blocked_call, .object = object}, .blocking = b};
    check_signals_are_survived(&c, breed);
    c.timed = true;
    for (size_t i = 0; i < LENGTH(endless_times); i++) {
        c.call.seconds = endless_times[i];
        call_begin_blocked(&c.call, breed);
        if (b->free)
            CHECK_STATUS(b->free(object), PIRN_ERR_BUSY);
        CHECK(!LOAD(c.call.returned));
        CHECK_OK(b->wake(object));
        CHECK_OK(call_end(&c.call));
        rearm(b, object);
    }
}

/* The object is such that the call blocks, and is so again afterwards. */
static inline void check_blocking(const blocking_t *b, void *object)
{
    check_bad_times(b->timed, object);
    CHECK_STATUS(b->timed(object, 0), PIRN_TIMED_OUT);
    CHECK_STATUS(b->timed(object, -0.0), PIRN_TIMED_OUT);
    double start = now();
    CHECK_STATUS(b->timed(object, 0.03), PIRN_TIMED_OUT);
    CHECK(now() - start >= 0.03);
    for (breed_t breed = 0; breed < BREEDS; breed++)
        check_blocked_waits(b, object, breed);

    /* The same rules where the call would not block. */
    CHECK_OK(b->wake(object));
    check_bad_times(b->timed, object);
    CHECK_OK(b->timed(object, 0));
    rearm(b, object);
    for (size_t i = 0; i < LENGTH(endless_times); i++) {
        CHECK_OK(b->wake(object));
        CHECK_OK(b->timed(object, endless_times[i]));
        rearm(b, object);
    }
    CHECK_OK(b->wake(object));
    CHECK_OK(b->call(object));
    rearm(b, object);
    CHECK_STATUS(b->timed(object, 0), PIRN_TIMED_OUT);
}

#endif
