#define _POSIX_C_SOURCE 200809L

#include "must.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "options.h"

/* Not by exit(): that waits for the other threads, and they may be waiting for the one that gives up here. */
void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("\nwordcount: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _exit(EXIT_FAILED);
}

void must(pirn_status_t status, const char *call)
{
    if (status != PIRN_OK)
        die("%s: %s: %s", call, pirn_status_name(status), pirn_last_error());
}

pirn_thread_t *start_thread(const char *name, pirn_target_fn target, void *arg, bool daemon)
{
    pirn_thread_t *thread;

    MUST(pirn_thread_new(target, arg, NULL, &thread));
    MUST(pirn_thread_set_name(thread, name));
    MUST(pirn_thread_set_daemon(thread, daemon));
    MUST(pirn_thread_start(thread));
    return thread;
}

int32_t join_thread(pirn_thread_t *thread)
{
    int32_t code;

    MUST(pirn_thread_join(thread));
    MUST(pirn_thread_exit_code(thread, &code));
    MUST(pirn_thread_free(thread));
    return code;
}

bool is_set(pirn_event_t *event)
{
    bool set;

    MUST(pirn_event_is_set(event, &set));
    return set;
}
