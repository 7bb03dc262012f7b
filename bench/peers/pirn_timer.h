/* pirn's timers. */
static inline int32_t timer_does_nothing(void *unused)
{
    (void)unused;
    return 0;
}

static inline void peer_timers_begin(void)
{
}

static inline void peer_timer_pend(double seconds)
{
    pirn_timer_t *timer;
    pirn_thread_t *thread;
    MUST(pirn_timer_new(seconds, timer_does_nothing, NULL, NULL, &timer));
    /* So that the process can end. */
    MUST(pirn_timer_thread(timer, &thread));
    MUST(pirn_thread_set_daemon(thread, true));
    MUST(pirn_thread_free(thread));
    MUST(pirn_timer_start(timer));
}

static inline void peer_timer_cycle(void)
{
    pirn_timer_t *timer;
    MUST(pirn_timer_new(30, timer_does_nothing, NULL, NULL, &timer));
    MUST(pirn_timer_start(timer));
    MUST(pirn_timer_cancel(timer));
    MUST(pirn_timer_free(timer));
}

static inline int32_t timer_notes_time(void *time)
{
    *(uint64_t *)time = now_ns();
    return 0;
}

static inline void peer_lateness_begin(void)
{
}

static inline double peer_lateness(void)
{
    uint64_t fired = 0, due;
    pirn_timer_t *timer;
    MUST(pirn_timer_new(1e-3, timer_notes_time, &fired, NULL, &timer));
    due = now_ns() + 1000000;
    MUST(pirn_timer_start(timer));
    MUST(pirn_timer_join(timer));
    MUST(pirn_timer_free(timer));
    return (double)(fired - due);
}

static inline int32_t task_does_nothing(void *unused, void **result)
{
    (void)result;
    return timer_does_nothing(unused);
}

static inline void peer_idle_begin(void)
{
    pirn_executor_t *executor;
    pirn_future_t *future;
    MUST(pirn_executor_new(4, &executor));
    MUST(pirn_executor_submit(executor, task_does_nothing, NULL, NULL, &future));
    MUST(pirn_future_result(future, NULL));
    peer_timer_pend(3600);
}
