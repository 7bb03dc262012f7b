/*
 * The clock at its limits: a time namespace (Linux 5.6) puts its beginning, or the latest moment that the kernel
 * allows, at now. Deadlines beyond what the kernel can count do not come; none comes too early.
 */
#include "tour.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

enum { SKIPPED = 77 };

/* A child of this process lives in that time from its start on. False where that is not allowed. */
static bool set_clock_of_children(double seconds)
{
    char offset[64];
    if (unshare(CLONE_NEWTIME) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWTIME) != 0)
        return false;
    int file = open("/proc/self/timens_offsets", O_WRONLY);
    if (file < 0)
        return false;
    int length = snprintf(offset, sizeof offset, "monotonic %lld 0\n", (long long)(seconds - now()));
    bool is_set = write(file, offset, (size_t)length) == length;
    CHECK(is_set || errno == EPERM);
    close(file);
    return is_set;
}

static pirn_status_t wait_for_event(call_t *c)
{
    return pirn_event_wait_timeout(c->object, c->seconds);
}

static pirn_status_t wait_for_item(call_t *c)
{
    return pirn_queue_get_timeout(c->object, c->seconds, &c->value);
}

static pirn_status_t wait_for_result(call_t *c)
{
    return pirn_future_result_timeout(c->object, c->seconds, &c->value);
}

static pirn_status_t wait_for_thread(call_t *c)
{
    return pirn_thread_join_timeout(c->object, c->seconds);
}

/* Blocks, for any limit there is, until what it waits for has come. */
static void check_long_waits(double seconds)
{
    gate_t gate;
    pirn_event_t *event;
    pirn_queue_t *queue;
    pirn_timer_t *timer;
    bool alive;
    gate_init(&gate);
    CHECK_OK(pirn_event_new(&event));
    CHECK_OK(pirn_queue_new(0, &queue));
    call_t calls[] = {{.make = wait_for_event, .object = event, .seconds = seconds},
                      {.make = wait_for_item, .object = queue, .seconds = seconds},
                      {.make = wait_for_result, .object = new_future(), .seconds = seconds},
                      {.make = wait_for_thread, .object = start_thread(gate_target, &gate), .seconds = seconds}};
    for (size_t i = 0; i < LENGTH(calls); i++)
        call_begin_blocked(&calls[i], FOREIGN);
    CHECK_OK(pirn_timer_new(seconds, count_run, &gate.counted, NULL, &timer));
    CHECK_OK(pirn_timer_start(timer));
    CHECK_STATUS(pirn_timer_join_timeout(timer, 1e-3), PIRN_TIMED_OUT);
    CHECK_OK(pirn_timer_is_alive(timer, &alive));
    CHECK(alive);
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_event_set(event));
    CHECK_OK(pirn_queue_put(queue, event));
    CHECK_OK(pirn_future_set_result(calls[2].object, event));
    gate_open(&gate);
    for (size_t i = 0; i < LENGTH(calls); i++)
        CHECK_OK(call_end(&calls[i]));
    CHECK_EQ(gate.counted.runs, 1); /* the thread's, not the timer's */
}

CHILD(live_at_this_time)
{
    const double limits[] = {PIRN_TIMEOUT_MAX, PIRN_TIMEOUT_MAX / 2, 1e6};
    for (size_t i = 0; i < LENGTH(limits); i++)
        check_long_waits(limits[i]);
    SAY(now() < 1e6 ? "early\n" : "late\n");
    tour();
    CHECK_EQ(n_refused, 0);
    _exit(0);
}

static void live_at(double seconds, const char *when)
{
    if (!set_clock_of_children(seconds)) {
        printf("no time namespace: %s\n", strerror(errno));
        exit(SKIPPED);
    }
    check_child("live_at_this_time", 0, when);
}

TEST(the_beginning_of_time)
{
    live_at(0, "early\n");
}

TEST(the_latest_time_there_is)
{
    live_at(4611686018.0, "late\n"); /* KTIME_SEC_MAX / 2 */
}
