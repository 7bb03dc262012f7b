/*
 * Preloaded into a test program: every thread has a trace and a profile hook from the beginning, which take
 * their time. The suites are to pass with them as without. With TRACED_WAITS set a case fails at its end if
 * it was told of no wait.
 */
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <pirn.h>

static int begun, ended;

static void see(const pirn_trace_event_t *event, void *profile)
{
    if (event->kind == PIRN_TRACE_WAIT_BEGIN)
        __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
    if (event->kind == PIRN_TRACE_WAIT_END && profile)
        __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
    sched_yield();
}

__attribute__((constructor)) static void trace_everything(void)
{
    if (pirn_settrace_all_threads(see, NULL, NULL) != PIRN_OK ||
        pirn_setprofile_all_threads(see, &ended, NULL) != PIRN_OK)
        _exit(3);
}

__attribute__((destructor)) static void check_waits(void)
{
    if (getenv("TRACED_WAITS") && (begun == 0 || ended == 0))
        _exit(4);
}
