/*
 * What the hostile callers share: the handles they know, arguments whose frees are counted one by one, and
 * values of every bad sort.
 */
#ifndef PIRN_TESTS_FUZZ_WORLD_H
#define PIRN_TESTS_FUZZ_WORLD_H

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pirn.h>

#include "../kinds.h"

#define LOAD(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
#define STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_SEQ_CST)
#define ADD(place, n) __atomic_add_fetch(&(place), (n), __ATOMIC_SEQ_CST)
#define SWAP(place, value) __atomic_exchange_n(&(place), (value), __ATOMIC_SEQ_CST)

enum { PER_KIND = 6, SLOTS = KINDS * PER_KIND, FREED = 256, TICKETS = 1 << 20 };

/* One caller: its dice, or the bytes that stand for them, and the places that out-parameters point to. */
typedef struct caller {
    uint64_t state;
    const uint8_t *input, *input_end; /* NULL for dice */
    bool in_callback; /* makes no call that only another thread can end */
    bool called_back; /* on a stack of pirn's */
    const char *doing;
    void *made; /* where a call that makes an object puts it */
    uint64_t scratch[8];
} caller_t;

static void *live[SLOTS]; /* slot i holds a handle of kind i / PER_KIND, or NULL */
static void *freed[FREED];
static unsigned n_freed;
static long n_wrong; /* what must not have happened */
static bool forked; /* this is a child of a fork */

#define WRONG(...) (ADD(n_wrong, 1), fprintf(stderr, "WRONG: " __VA_ARGS__), fputc('\n', stderr))

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static uint64_t roll(caller_t *c)
{
    if (c->input) {
        uint64_t n = 0;
        for (size_t i = 0; i < sizeof n; i++)
            n = n << 8 | (c->input < c->input_end ? *c->input++ : 1);
        return n;
    }
    uint64_t x = c->state += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static unsigned below(caller_t *c, unsigned n)
{
    if (c->input && n <= 256)
        return (c->input < c->input_end ? *c->input++ : 1) % n;
    return (unsigned)(roll(c) % n);
}

static bool one_in(caller_t *c, unsigned n)
{
    return below(c, n) == 0;
}

/*
 * Tickets: the arguments that pirn is given, each to be freed exactly once. A ticket is a byte, 1 while pirn
 * has it; no memory is freed, so that a second free is seen whatever came between.
 */
static unsigned char tickets[TICKETS];
static const char *given_to[TICKETS];
static unsigned next_ticket;
static long n_given, n_given_back;

static void *arg(caller_t *c)
{
    unsigned char *ticket;
    do
        ticket = &tickets[ADD(next_ticket, 1) % TICKETS];
    while (SWAP(*ticket, 1) == 1);
    ADD(n_given, 1);
    given_to[ticket - tickets] = c->doing;
    return ticket;
}

static void arg_free(void *ticket)
{
    uintptr_t at = (uintptr_t)ticket - (uintptr_t)tickets;
    if (at >= TICKETS)
        WRONG("arg_free of %p, which was never given", ticket);
    else if (SWAP(tickets[at], 0) != 1)
        WRONG("a second arg_free of argument %" PRIuPTR, at);
    ADD(n_given_back, 1);
}

/* Values of every bad sort, and good ones among them often enough that calls get past the checks. */

static double seconds(caller_t *c)
{
    static const double bad[] = {NAN, -0.5, -INFINITY, 1e300, PIRN_TIMEOUT_MAX * 2, -DBL_MIN, -2, -DBL_MAX};
    switch (below(c, 16)) {
    case 0: return bad[below(c, sizeof bad / sizeof *bad)];
    case 1: return DBL_MIN;
    case 2: return -0.0;
    case 3:
    case 4: return 0;
    case 5: return 0.003;
    default: return 1e-6 * below(c, 500);
    }
}

static int64_t number(caller_t *c)
{
    static const int64_t extreme[] = {INT64_MAX, INT64_MIN, INT64_MAX - 1, (int64_t)1 << 32, INT32_MAX};
    return one_in(c, 12) ? extreme[below(c, sizeof extreme / sizeof *extreme)] : (int64_t)below(c, 6) - 2;
}

static size_t amount(caller_t *c)
{
    static const size_t extreme[] = {SIZE_MAX, SIZE_MAX / 2 + 1, (size_t)1 << 48, UINT32_MAX};
    return one_in(c, 12) ? extreme[below(c, sizeof extreme / sizeof *extreme)] : below(c, 5);
}

static const char *text(caller_t *c)
{
    static const char *const texts[] = {"",
                                        "x",
                                        "worker",
                                        "\xff\xfe",
                                        "\xc3",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "a name that is longer than any system takes \xc3\xa9\xc3\xa9",
                                        "%s%n",
                                        "a\nb"};
    static char huge[3001];
    if (one_in(c, 200)) {
        if (!huge[0]) /* all callers write the same */
            for (size_t i = 0; i + 1 < sizeof huge; i++)
                STORE(huge[i], 'h');
        return huge;
    }
    return one_in(c, 12) ? NULL : texts[below(c, sizeof texts / sizeof *texts)];
}

static void *out(caller_t *c)
{
    return one_in(c, 40) ? NULL : &c->scratch[below(c, 6)];
}

static void *made(caller_t *c)
{
    c->made = NULL;
    return one_in(c, 40) ? NULL : &c->made;
}

/* Handles: one that lives, most often; freed ones, of another kind, NULL, near a live one, garbage. */

static void *any_live(caller_t *c, kind_t kind)
{
    return LOAD(live[kind * PER_KIND + below(c, PER_KIND)]);
}

static void *near(caller_t *c, uintptr_t handle)
{
    switch (below(c, 3)) {
    case 0: return (void *)(handle ^ (uintptr_t)1 << below(c, 64));
    case 1: return (void *)(handle + 64 * below(c, 8));
    default: return (void *)(handle + ((uintptr_t)below(c, 5) << 34));
    }
}

static void *handle(caller_t *c, kind_t kind)
{
    switch (below(c, 24)) {
    case 0: return (void *)(uintptr_t)roll(c);
    case 1: return (void *)(uintptr_t)below(c, 4096);
    case 2: return (void *)~(uintptr_t)below(c, 64);
    case 3: return near(c, (uintptr_t)LOAD(live[below(c, SLOTS)]));
    case 4:
    case 5: return LOAD(freed[below(c, FREED)]);
    case 6: return LOAD(live[below(c, SLOTS)]);
    case 7: return one_in(c, 2) ? NULL : (void *)&live[0];
    default: return any_live(c, kind);
    }
}

/*
 * Before a handle is given up: whoever waits for the object must not wait for something that nobody can bring
 * about any more.
 */
static void settle(kind_t kind, void *object)
{
    bool run;
    if (kind == FUTURE) {
        pirn_future_set_running_or_notify_cancel(object, &run);
        pirn_future_set_result(object, NULL);
    } else if (kind == TIMER) {
        pirn_timer_cancel(object);
    }
}

/* What the calling thread owns is let go of: only it can. */
static void let_go(void)
{
    for (int i = 0; i < PER_KIND; i++) {
        void *rlock = LOAD(live[RLOCK * PER_KIND + i]), *condition = LOAD(live[CONDITION * PER_KIND + i]);
        bool owned;
        while (pirn_rlock_is_owned(rlock, &owned) == PIRN_OK && owned && pirn_rlock_release(rlock) == PIRN_OK)
            continue;
        /* On a plain lock "owned" means locked, by whomever, so that the loop might never end. */
        for (int n = 0; n < 1000 && pirn_condition_is_owned(condition, &owned) == PIRN_OK && owned; n++)
            pirn_condition_release(condition);
    }
}

static bool is_live(kind_t kind, const void *object)
{
    for (int i = 0; i < PER_KIND; i++)
        if (LOAD(live[kind * PER_KIND + i]) == object)
            return true;
    return false;
}

static pirn_status_t free_as(caller_t *c, kind_t kind, void *object)
{
    settle(kind, object);
    switch (kind) {
    case LOCK: return pirn_lock_free(object);
    case RLOCK: return pirn_rlock_free(object);
    case CONDITION: return pirn_condition_free(object);
    case SEMAPHORE: return pirn_semaphore_free(object);
    case EVENT: return pirn_event_free(object);
    case BARRIER: return pirn_barrier_free(object);
    case THREAD: return pirn_thread_free(object);
    case LOCAL: return pirn_local_free(object);
    case TIMER: return pirn_timer_free(object);
    case QUEUE: return pirn_queue_free(object);
    case EXECUTOR:
        let_go(); /* its tasks may wait for that */
        if (c->in_callback)
            pirn_executor_shutdown(object, false, one_in(c, 2));
        /* A task that waited for other executors' tasks could wait in a circle, and free waits if anyone has said that
         * the shutdown does. */
        if (c->called_back && is_live(EXECUTOR, object))
            return PIRN_ERR_BUSY;
        return pirn_executor_free(object);
    case FUTURE: return pirn_future_free(object);
    case MAP: return pirn_map_free(object);
    default: return pirn_as_completed_free(object);
    }
}

static bool replace(int slot, void *before, void *after)
{
    return __atomic_compare_exchange_n(&live[slot], &before, after, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

static pirn_status_t give_up(caller_t *c, kind_t kind, void *object)
{
    pirn_status_t status = free_as(c, kind, object);
    if (status == PIRN_OK && object) {
        STORE(freed[ADD(n_freed, 1) % FREED], object);
        for (int i = 0; i < SLOTS; i++)
            replace(i, object, NULL);
    }
    return status;
}

static pirn_status_t give_up_any(caller_t *c, kind_t kind)
{
    return give_up(c, kind, handle(c, kind));
}

/* A new object finds its place; where there is none, an older one is given up, or itself if that is busy. */
static void keep(caller_t *c, kind_t kind, void *object)
{
    if (kind == QUEUE)
        pirn_queue_set_item_free(object, arg_free);
    for (int tries = 0; tries < 2; tries++) {
        for (int i = 0; i < PER_KIND; i++)
            if (replace(kind * PER_KIND + i, NULL, object))
                return;
        give_up(c, kind, any_live(c, kind));
    }
    while (give_up(c, kind, object) == PIRN_ERR_BUSY)
        sched_yield();
}

#endif
