/* POSIX timers: a signal, which a thread waits for. Their number is limited (RLIMIT_SIGPENDING). */
#include <signal.h>

#define PEER_LATENESS "timer_create and sigwaitinfo"

static timer_t posix_timer;
static sigset_t timer_signal;

static inline void peer_lateness_begin(void)
{
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGRTMIN;
    sigemptyset(&timer_signal);
    sigaddset(&timer_signal, SIGRTMIN);
    MUST(pthread_sigmask(SIG_BLOCK, &timer_signal, NULL));
    MUST(timer_create(CLOCK_MONOTONIC, &event, &posix_timer));
}

static inline double peer_lateness(void)
{
    struct itimerspec in_1_ms = {{0, 0}, {0, 1000000}};
    uint64_t due = now_ns() + 1000000;
    MUST(timer_settime(posix_timer, 0, &in_1_ms, NULL));
    MUST(sigwaitinfo(&timer_signal, NULL) != SIGRTMIN);
    return (double)(now_ns() - due);
}
