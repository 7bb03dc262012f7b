/* What the suites on timers share. */
#ifndef PIRN_TESTS_TIMER_H
#define PIRN_TESTS_TIMER_H

#include <dirent.h>
#include <math.h>

#include "support.h"

enum { HOUR = 3600 };

static inline pirn_timer_t *new_timer(double interval, pirn_target_fn function, void *arg)
{
    pirn_timer_t *timer;
    CHECK_OK(pirn_timer_new(interval, function, arg, NULL, &timer));
    return timer;
}

static inline pirn_timer_t *start_timer(double interval, pirn_target_fn function, void *arg)
{
    pirn_timer_t *timer = new_timer(interval, function, arg);
    CHECK_OK(pirn_timer_start(timer));
    return timer;
}

static inline pirn_timer_t *new_counted_timer(double interval, counted_t *arg)
{
    pirn_timer_t *timer;
    CHECK_OK(pirn_timer_new(interval, count_run, arg, count_free, &timer));
    return timer;
}

static inline pirn_timer_t *start_counted_timer(double interval, counted_t *arg)
{
    pirn_timer_t *timer = new_counted_timer(interval, arg);
    CHECK_OK(pirn_timer_start(timer));
    return timer;
}

static inline void join_and_free_timer(pirn_timer_t *timer)
{
    CHECK_OK(pirn_timer_join(timer));
    CHECK_OK(pirn_timer_free(timer));
}

static inline void cancel_and_free_timer(pirn_timer_t *timer)
{
    CHECK_OK(pirn_timer_cancel(timer));
    join_and_free_timer(timer);
}

static inline bool timer_is_alive(pirn_timer_t *timer)
{
    bool alive;
    CHECK_OK(pirn_timer_is_alive(timer, &alive));
    return alive;
}

static inline pirn_thread_t *thread_of(pirn_timer_t *timer)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_timer_thread(timer, &thread));
    return thread;
}

/* How often the object is enumerated. */
static inline int times_enumerated(const void *handle)
{
    enum { MOST = 64 };
    pirn_thread_t *threads[MOST];
    size_t count;
    int times = 0;
    uint64_t id = id_of(handle);
    CHECK_OK(pirn_enumerate(threads, MOST, &count));
    CHECK(count <= MOST);
    for (size_t i = 0; i < count; i++) {
        times += id_of(threads[i]) == id;
        CHECK_OK(pirn_thread_free(threads[i]));
    }
    return times;
}

/* How many threads the system knows in this process. */
static inline int system_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    CHECK(tasks);
    for (struct dirent *entry; (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

#endif
