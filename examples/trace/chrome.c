#include "chrome.h"

#include <pirn.h>
#include <stdbool.h>
#include <stdlib.h>

/* What follows `"ph":` in the JSON: the phases of Google's "Trace Event Format". */
#define BEGIN "B"
#define END "E"
#define COMPLETE "X"
#define INSTANT "i"
#define FLOW_BEGIN "s"
#define FLOW_END "f"
#define METADATA "M"

#define MOST_NAMES 64

static struct {
    FILE *file;
    /* One event at a time. The hook does not see its own waits for it; who waits for it elsewhere has it already when
     * the end of the wait is told, and the hook takes it once more. */
    pirn_rlock_t *lock;
    size_t count;
    struct {
        uint64_t object;
        const char *name;
    } names[MOST_NAMES];
    size_t n_names;
} trace;

static void check(pirn_status_t status)
{
    if (status != PIRN_OK) {
        fprintf(stderr, "trace: %s\n", pirn_last_error());
        abort();
    }
}

static const char *kind_name(int32_t kind)
{
    static const char *const names[] = {"nothing", "lock",     "rlock", "condition", "semaphore",
                                        "event",   "barrier",  "thread", "local",    "timer",
                                        "queue",   "executor", "future", "map",      "as_completed"};
    bool known = kind > 0 && (size_t)kind < sizeof names / sizeof *names;
    return known ? names[kind] : "object";
}

static void put_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(trace.file, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            fprintf(trace.file, "\\u%04x", *text);
        else
            putc(*text, trace.file);
    }
}

static void put_object(const pirn_trace_event_t *event)
{
    fprintf(trace.file, "%s ", kind_name(event->object_kind));
    for (size_t i = 0; i < trace.n_names; i++) {
        if (trace.names[i].object == event->object) {
            put_text(trace.names[i].name);
            return;
        }
    }
    fprintf(trace.file, "#%llx", (unsigned long long)event->object);
}

static void open_object(const char *phase, uint64_t thread)
{
    fprintf(trace.file, "%s\n{\"ph\":\"%s\",\"pid\":1,\"tid\":%llu", trace.count++ > 0 ? "," : "", phase,
            (unsigned long long)thread);
}

/* The members that every event has; the caller adds others and the brace. Times are in microseconds. */
static void open_event(const char *phase, const char *category, const pirn_trace_event_t *event)
{
    open_object(phase, event->thread);
    fprintf(trace.file, ",\"cat\":\"%s\",\"ts\":%lld.%03d", category, (long long)(event->time_ns / 1000),
            (int)(event->time_ns % 1000));
}

static void put_event(const char *phase, const char *category, const char *what,
                      const pirn_trace_event_t *event)
{
    open_event(phase, category, event);
    fprintf(trace.file, ",\"name\":\"%s", what);
    put_object(event);
    fprintf(trace.file, "\"");
}

/* The calling thread is in the trace from now on. Its name goes to `name`. */
static void put_thread(uint64_t thread, char *name, size_t cap)
{
    pirn_thread_t *self;
    size_t length;

    check(pirn_current_thread(&self));
    check(pirn_thread_name(self, name, cap, &length));
    check(pirn_thread_free(self));
    open_object(METADATA, thread);
    fprintf(trace.file, ",\"name\":\"thread_name\",\"args\":{\"name\":\"");
    put_text(name);
    fprintf(trace.file, "\"}}");
}

/* An arrow from where a task is submitted to where it starts. */
static void put_flow(const char *phase, const pirn_trace_event_t *event)
{
    open_event(phase, "task", event);
    fprintf(trace.file, ",\"name\":\"task\",\"id\":%llu,\"bp\":\"e\"}", (unsigned long long)event->object);
}

static void put_end(const char *category, const pirn_trace_event_t *event, const char *code)
{
    open_event(END, category, event);
    fprintf(trace.file, ",\"args\":{\"result\":\"%s\"}}", code);
}

static void put(const pirn_trace_event_t *event)
{
    char code[16], name[128];

    snprintf(code, sizeof code, "%d", (int)event->code);
    switch (event->kind) {
    case PIRN_TRACE_THREAD_START:
        put_thread(event->thread, name, sizeof name);
        open_event(BEGIN, "thread", event);
        fprintf(trace.file, ",\"name\":\"");
        put_text(name);
        fprintf(trace.file, "\"}");
        break;
    case PIRN_TRACE_THREAD_END:
        put_end("thread", event, code);
        break;
    case PIRN_TRACE_WAIT_BEGIN:
        put_event(BEGIN, "wait", "wait: ", event);
        fprintf(trace.file, "}");
        break;
    case PIRN_TRACE_WAIT_END:
        put_end("wait", event, pirn_status_name(event->code));
        break;
    case PIRN_TRACE_TASK_SUBMIT:
        /* An arrow begins at something that has a length: a microsecond is enough to be seen. */
        put_event(COMPLETE, "task", "submit: ", event);
        fprintf(trace.file, ",\"dur\":1}");
        put_flow(FLOW_BEGIN, event);
        break;
    case PIRN_TRACE_TASK_START:
        put_event(BEGIN, "task", "task: ", event);
        fprintf(trace.file, "}");
        put_flow(FLOW_END, event);
        break;
    case PIRN_TRACE_TASK_END:
        put_end("task", event, code);
        break;
    case PIRN_TRACE_TIMER_FIRE:
    case PIRN_TRACE_TIMER_CANCEL:
        put_event(INSTANT, "timer", event->kind == PIRN_TRACE_TIMER_FIRE ? "fires: " : "cancelled: ", event);
        fprintf(trace.file, ",\"s\":\"t\"}");
        break;
    case PIRN_TRACE_FAILURE:
        put_event(INSTANT, "failure", "fails: ", event);
        fprintf(trace.file, ",\"s\":\"t\",\"args\":{\"code\":\"%s\"}}", code);
        break;
    default: /* of a later version */
        break;
    }
}

static void hook(const pirn_trace_event_t *event, void *arg)
{
    (void)arg;
    check(pirn_rlock_acquire(trace.lock));
    put(event);
    check(pirn_rlock_release(trace.lock));
}

void chrome_begin(FILE *file)
{
    char name[128];

    check(pirn_rlock_new(&trace.lock));
    trace.file = file;
    fprintf(file, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    /* The calling thread has no start to be told of. */
    put_thread(pirn_get_ident(), name, sizeof name);
    check(pirn_settrace_all_threads(hook, NULL, NULL));
}

void chrome_name(const void *handle, const char *name)
{
    uint64_t object;

    check(pirn_object_id(handle, &object));
    check(pirn_rlock_acquire(trace.lock));
    if (trace.n_names < MOST_NAMES) {
        trace.names[trace.n_names].object = object;
        trace.names[trace.n_names++].name = name;
    }
    check(pirn_rlock_release(trace.lock));
}

size_t chrome_end(void)
{
    check(pirn_settrace_all_threads(NULL, NULL, NULL));
    fprintf(trace.file, "\n]}\n");
    check(pirn_rlock_free(trace.lock));
    return trace.count;
}
