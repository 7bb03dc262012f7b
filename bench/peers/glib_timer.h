/* GLib's timeout sources. */
static GMainContext *timer_context;

static inline gboolean timer_does_nothing(gpointer unused)
{
    (void)unused;
    return G_SOURCE_REMOVE;
}

static inline GSource *timer_start(double seconds, GSourceFunc function)
{
    GSource *source = g_timeout_source_new((guint)(seconds * 1e3));
    g_source_set_callback(source, function, NULL, NULL);
    g_source_attach(source, timer_context);
    return source;
}

static inline void peer_timers_begin(void)
{
    timer_context = g_main_context_new();
}

static inline void peer_timer_pend(double seconds)
{
    timer_start(seconds, timer_does_nothing);
}

static inline void peer_timer_cycle(void)
{
    GSource *source = timer_start(30, timer_does_nothing);
    g_source_destroy(source);
    g_source_unref(source);
}

static uint64_t timer_fired;

static inline gboolean timer_notes_time(gpointer unused)
{
    (void)unused;
    timer_fired = now_ns();
    return G_SOURCE_REMOVE;
}

static inline void peer_lateness_begin(void)
{
    timer_context = g_main_context_new();
}

static inline double peer_lateness(void)
{
    uint64_t due = now_ns() + 1000000;
    GSource *source = timer_start(1e-3, timer_notes_time);
    timer_fired = 0;
    while (timer_fired == 0) {
        g_main_context_iteration(timer_context, TRUE);
    }
    g_source_unref(source);
    return timer_fired > due ? (double)(timer_fired - due) : 0;
}
