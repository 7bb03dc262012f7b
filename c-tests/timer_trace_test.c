/* What a trace hook is told of timers. */
#include "timer.h"
#include "trace.h"

static int32_t fail_silently(void *unused)
{
    (void)unused;
    return PIRN_EXIT;
}

TEST(one_that_fires)
{
    trace_new_threads();
    pirn_timer_t *timer = start_timer(0.001, fail_silently, NULL);
    pirn_thread_t *thread = thread_of(timer);
    uint64_t id = id_of(timer);
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_timer_cancel(timer));
    const pirn_trace_event_t *start = only_event(PIRN_TRACE_THREAD_START, id);
    const pirn_trace_event_t *fire = only_event(PIRN_TRACE_TIMER_FIRE, id);
    const pirn_trace_event_t *failure = only_event(PIRN_TRACE_FAILURE, id);
    const pirn_trace_event_t *end = only_event(PIRN_TRACE_THREAD_END, id);
    CHECK(start < fire && fire < failure && failure < end);
    CHECK_EQ(start->object_kind, PIRN_KIND_THREAD);
    CHECK_EQ(fire->object_kind, PIRN_KIND_TIMER);
    CHECK_EQ(failure->object_kind, PIRN_KIND_TIMER);
    CHECK_EQ(fire->thread, ident_of(thread));
    CHECK_EQ(end->code, PIRN_EXIT);
    CHECK_EQ(count_events(0, id), 4);
    CHECK_OK(pirn_timer_free(timer));
    CHECK_OK(pirn_thread_free(thread));
}

TEST(one_that_is_cancelled)
{
    counted_t arg = {0};
    trace_all_threads();
    for (int started = 0; started < 2; started++) {
        pirn_timer_t *timer = new_counted_timer(HOUR, &arg);
        uint64_t id = id_of(timer);
        if (started)
            CHECK_OK(pirn_timer_start(timer));
        for (int i = 0; i < 2; i++)
            CHECK_OK(pirn_timer_cancel(timer));
        const pirn_trace_event_t *cancel = only_event(PIRN_TRACE_TIMER_CANCEL, id);
        CHECK_EQ(cancel->object_kind, PIRN_KIND_TIMER);
        CHECK_EQ(cancel->thread, pirn_get_ident());
        CHECK_EQ(count_events(0, id), 1);
        CHECK_OK(pirn_timer_free(timer));
    }
    trace_none();
}

/* A hook that is set for all threads is one for a timer that was pending then, too. */
TEST(one_that_was_pending)
{
    counted_t arg = {0};
    uint64_t id;
    bool seen = false;
    /* On a busy machine it may fire before the hook is set, or there is anything to wait for: then with another one. */
    for (double interval = 0.05; !seen; interval *= 2) {
        pirn_timer_t *timer = start_counted_timer(interval, &arg);
        id = id_of(timer);
        trace_all_threads();
        CHECK_OK(pirn_timer_join(timer));
        trace_none();
        CHECK_OK(pirn_timer_free(timer));
        seen = count_events(PIRN_TRACE_TIMER_FIRE, id) && count_events(PIRN_TRACE_WAIT_END, id);
    }
    only_event(PIRN_TRACE_TIMER_FIRE, id);
    const pirn_trace_event_t *wait = only_event(PIRN_TRACE_WAIT_END, id);
    CHECK_EQ(wait->object_kind, PIRN_KIND_TIMER);
    CHECK_EQ(wait->code, PIRN_OK);
    CHECK_EQ(wait->thread, pirn_get_ident());
}
