/*
 * A trace hook that writes down what it is told, for the cases that look at it afterwards or while threads
 * wait.
 */
#ifndef PIRN_TESTS_TRACE_H
#define PIRN_TESTS_TRACE_H

#include "support.h"

#define MOST_EVENTS 100000

typedef struct record {
    counted_t counted; /* an event is a run */
    pirn_trace_event_t events[MOST_EVENTS];
    bool written[MOST_EVENTS];
} record_t;

static record_t record; /* of the hook that a case sets */

static inline void write_down(const pirn_trace_event_t *event, void *arg)
{
    record_t *r = arg;
    int place = ADD(r->counted.runs, 1) - 1;
    CHECK(place < MOST_EVENTS);
    CHECK_EQ(event->size, sizeof *event);
    CHECK_EQ(event->thread, pirn_get_ident());
    CHECK(event->time_ns > 0);
    bool is_end = event->kind == PIRN_TRACE_THREAD_END || event->kind == PIRN_TRACE_WAIT_END ||
                  event->kind == PIRN_TRACE_TASK_END;
    CHECK(is_end ? event->duration_ns >= 0 : event->duration_ns == 0);
    CHECK_EQ(event->object_kind == 0, event->object == 0);
    r->events[place] = *event;
    STORE(r->written[place], true);
}

static inline void trace_new_threads(void)
{
    CHECK_OK(pirn_settrace(write_down, &record, count_free));
}

static inline void trace_all_threads(void)
{
    CHECK_OK(pirn_settrace_all_threads(write_down, &record, count_free));
}

static inline void trace_none(void)
{
    CHECK_OK(pirn_settrace_all_threads(NULL, NULL, NULL));
}

static inline uint64_t ident_of(pirn_thread_t *thread)
{
    uint64_t ident;
    CHECK_OK(pirn_thread_ident(thread, &ident));
    return ident;
}

static inline uint64_t native_id_of(pirn_thread_t *thread)
{
    uint64_t native_id;
    CHECK_OK(pirn_thread_native_id(thread, &native_id));
    return native_id;
}

/* The n-th event (from 0) of a kind about an object; 0 for any. NULL if there are fewer. */
static inline const pirn_trace_event_t *nth_event(int n, int32_t kind, uint64_t object)
{
    int count = LOAD(record.counted.runs);
    for (int i = 0; i < count; i++) {
        const pirn_trace_event_t *event = &record.events[i];
        if (LOAD(record.written[i]) && (kind == 0 || event->kind == kind) &&
            (object == 0 || event->object == object) && n-- == 0)
            return event;
    }
    return NULL;
}

static inline int count_events(int32_t kind, uint64_t object)
{
    int n = 0;
    while (nth_event(n, kind, object))
        n++;
    return n;
}

/* The one event of a kind about an object. */
static inline const pirn_trace_event_t *only_event(int32_t kind, uint64_t object)
{
    CHECK_EQ(count_events(kind, object), 1);
    return nth_event(0, kind, object);
}

/* Parts of threads' lives, and who had which events. */

static inline void wait_a_moment(void)
{
    pirn_event_t *never;
    CHECK_OK(pirn_event_new(&never));
    CHECK_STATUS(pirn_event_wait_timeout(never, 1e-6), PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_free(never));
}

static inline int32_t wait_a_moment_target(void *unused)
{
    (void)unused;
    wait_a_moment();
    return 0;
}

/* A thread that goes through a gate and then waits for a moment. */
static inline int32_t pass_and_wait(void *gate)
{
    gate_target(gate);
    wait_a_moment();
    return 0;
}

static inline int events_on(uint64_t ident, int32_t kind)
{
    int n = 0;
    for (int i = 0; nth_event(i, kind, 0); i++)
        n += nth_event(i, kind, 0)->thread == ident;
    return n;
}

#endif
