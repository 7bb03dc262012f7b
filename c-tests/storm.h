/*
 * A storm of signals: a thread that sends SIGALRM, whose handler does nothing and which interrupts system
 * calls, to every thread that has joined, over and over.
 */
#ifndef PIRN_TESTS_STORM_H
#define PIRN_TESTS_STORM_H

#include <signal.h>

#include "support.h"

enum { MOST_IN_STORM = 128 };

static struct {
    runner_t runner;
    pid_t threads[MOST_IN_STORM]; /* 0: left again */
    int joined;
    bool over;
    uint64_t delivered;
} storm;

static inline void deliver(int number)
{
    (void)number;
    ADD(storm.delivered, 1);
}

static inline void rage(void *unused)
{
    (void)unused;
    while (!LOAD(storm.over)) {
        for (int i = 0; i < LOAD(storm.joined) && i < MOST_IN_STORM; i++)
            if (LOAD(storm.threads[i]))
                syscall(SYS_tgkill, getpid(), LOAD(storm.threads[i]), SIGALRM);
        sched_yield();
    }
}

static inline void begin_storm(void)
{
    struct sigaction action = {.sa_handler = deliver}; /* without SA_RESTART */
    sigaction(SIGALRM, &action, NULL);
    runner_start(&storm.runner, FOREIGN, rage, NULL);
}

/* What is over before a signal has come has not been in the storm. */
static inline bool has_stormed(void)
{
    return LOAD(storm.delivered) >= 10;
}

static inline void end_storm(void)
{
    STORE(storm.over, true);
    runner_join(&storm.runner);
    CHECK(has_stormed());
}

/* At a place that another thread has left, if there is one. */
static inline void join_storm(void)
{
    pid_t nobody = 0;
    for (int i = 0; i < LOAD(storm.joined); i++, nobody = 0)
        if (__atomic_compare_exchange_n(&storm.threads[i], &nobody, (pid_t)pirn_get_native_id(), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return;
    int place = ADD(storm.joined, 1) - 1;
    CHECK(place < MOST_IN_STORM);
    STORE(storm.threads[place], (pid_t)pirn_get_native_id());
}

static inline void leave_storm(void)
{
    for (int i = 0; i < LOAD(storm.joined); i++)
        if (LOAD(storm.threads[i]) == (pid_t)pirn_get_native_id())
            STORE(storm.threads[i], 0);
}

#endif
