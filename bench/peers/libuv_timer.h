/* libuv's timers: of one loop, and so of one thread. */
#include <stdlib.h>

static uv_loop_t *timer_loop;

static inline void timer_does_nothing(uv_timer_t *timer)
{
    (void)timer;
}

static inline void timer_is_freed(uv_handle_t *timer)
{
    free(timer);
}

static inline uv_timer_t *timer_start(double seconds, uv_timer_cb function)
{
    uv_timer_t *timer = (uv_timer_t *)malloc(sizeof *timer);
    MUST(timer == NULL);
    MUST(uv_timer_init(timer_loop, timer));
    MUST(uv_timer_start(timer, function, (uint64_t)(seconds * 1e3), 0));
    return timer;
}

static inline void peer_timers_begin(void)
{
    timer_loop = uv_default_loop();
}

static inline void peer_timer_pend(double seconds)
{
    timer_start(seconds, timer_does_nothing);
}

/* A closed handle is freed by the loop, which a program runs now and then. */
static inline void peer_timer_cycle(void)
{
    static int closed;
    uv_timer_t *timer = timer_start(30, timer_does_nothing);
    uv_timer_stop(timer);
    uv_close((uv_handle_t *)timer, timer_is_freed);
    if (++closed % 64 == 0) {
        uv_run(timer_loop, UV_RUN_NOWAIT);
    }
}

static uint64_t timer_fired;

static inline void timer_notes_time(uv_timer_t *timer)
{
    (void)timer;
    timer_fired = now_ns();
}

static inline void peer_lateness_begin(void)
{
    timer_loop = uv_default_loop();
}

static inline double peer_lateness(void)
{
    uint64_t due;
    uv_timer_t *timer;
    uv_update_time(timer_loop);
    due = now_ns() + 1000000;
    timer = timer_start(1e-3, timer_notes_time);
    timer_fired = 0;
    while (timer_fired == 0) {
        uv_run(timer_loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)timer, timer_is_freed);
    uv_run(timer_loop, UV_RUN_NOWAIT);
    /* libuv's clock ticks in milliseconds, so it may be up to one early, which is not late. */
    return timer_fired > due ? (double)(timer_fired - due) : 0;
}
