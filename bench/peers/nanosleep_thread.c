/* Limit: a thread that sleeps without timer slack and then starts another one. */
#include <sys/prctl.h>

#define PEER_LATENESS "clock_nanosleep and pthread_create"

static inline void peer_lateness_begin(void)
{
    MUST(prctl(PR_SET_TIMERSLACK, 1));
}

static inline void *sleeper_notes_time(void *time)
{
    *(uint64_t *)time = now_ns();
    return NULL;
}

static inline double peer_lateness(void)
{
    uint64_t fired, due = now_ns() + 1000000;
    sleep_for(0.001);
    pthread_join(thread_start(sleeper_notes_time, &fired), NULL);
    return (double)(fired - due);
}
