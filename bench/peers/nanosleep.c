/* Limit: a thread that sleeps, with the system's own timer slack. */
#define PEER_LATENESS "clock_nanosleep"

static inline void peer_lateness_begin(void)
{
}

static inline double peer_lateness(void)
{
    uint64_t due = now_ns() + 1000000;
    sleep_for(0.001);
    return (double)(now_ns() - due);
}
