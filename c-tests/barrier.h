/* What the suites of Barrier share. */
#ifndef PIRN_TESTS_BARRIER_H
#define PIRN_TESTS_BARRIER_H

#include "support.h"

static inline pirn_barrier_t *new_barrier(size_t parties)
{
    pirn_barrier_t *barrier;
    CHECK_OK(pirn_barrier_new(parties, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    return barrier;
}

static inline size_t n_waiting(pirn_barrier_t *barrier)
{
    size_t out;
    CHECK_OK(pirn_barrier_n_waiting(barrier, &out));
    return out;
}

static inline bool is_broken(pirn_barrier_t *barrier)
{
    bool out;
    CHECK_OK(pirn_barrier_broken(barrier, &out));
    return out;
}

/* A wait on a thread of its own; its index goes to `value`. */
static inline pirn_status_t make_wait(call_t *c)
{
    size_t index = SIZE_MAX;
    pirn_status_t status = pirn_barrier_wait(c->object, &index);
    CHECK_EQ(status == PIRN_OK, index != SIZE_MAX);
    c->value = (void *)(uintptr_t)index;
    return status;
}

static inline pirn_status_t make_timed(call_t *c)
{
    return pirn_barrier_wait_timeout(c->object, c->seconds, NULL);
}

static inline void begin_waits(call_t *calls, size_t n, pirn_barrier_t *barrier)
{
    for (size_t i = 0; i < n; i++) {
        calls[i] = (call_t){.make = make_wait, .object = barrier};
        call_begin(&calls[i], (breed_t)(i % BREEDS));
        AWAIT(n_waiting(barrier) == i + 1);
    }
}

static inline void end_waits(call_t *calls, size_t n, pirn_status_t expected)
{
    for (size_t i = 0; i < n; i++)
        CHECK_STATUS(call_end(&calls[i]), expected);
}

/* A whole round works: as many threads as there are parties get through, in the order of their indices. */
static inline void check_works(pirn_barrier_t *barrier)
{
    size_t parties, index = SIZE_MAX;
    call_t calls[8];
    CHECK_OK(pirn_barrier_parties(barrier, &parties));
    CHECK(parties <= LENGTH(calls));
    CHECK(!is_broken(barrier));
    begin_waits(calls, parties - 1, barrier);
    CHECK_OK(pirn_barrier_wait(barrier, &index));
    CHECK_EQ(index, parties - 1);
    end_waits(calls, parties - 1, PIRN_OK);
    for (size_t i = 0; i + 1 < parties; i++)
        CHECK((uintptr_t)calls[i].value == i);
    CHECK_EQ(n_waiting(barrier), 0);
}

static inline void check_broken(pirn_barrier_t *barrier)
{
    size_t index = 99;
    CHECK(is_broken(barrier));
    CHECK_EQ(n_waiting(barrier), 0);
    CHECK_STATUS(pirn_barrier_wait(barrier, &index), PIRN_ERR_BROKEN_BARRIER);
    CHECK_STATUS(pirn_barrier_wait_timeout(barrier, 0, &index), PIRN_ERR_BROKEN_BARRIER);
    CHECK_EQ(index, 99);
}

#endif
