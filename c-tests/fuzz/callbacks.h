/* The callbacks that hostile callers give: they call pirn in turn, fail, and raise. */
#ifndef PIRN_TESTS_FUZZ_CALLBACKS_H
#define PIRN_TESTS_FUZZ_CALLBACKS_H

#include "world.h"

static void play(caller_t *c, int n); /* n random calls */

/* What a callback does depends on its argument alone. Callbacks that call what calls callbacks come to an
 * end. */
static caller_t play_in_callback(const void *arg, unsigned most)
{
    static __thread int depth;
    caller_t c = {.state = (uint64_t)((uintptr_t)arg - (uintptr_t)tickets), .in_callback = true, .called_back = true};
    if (depth < 4) {
        depth++;
        play(&c, (int)below(&c, most));
        let_go();
        depth--;
    }
    return c;
}

static int32_t outcome(caller_t *c)
{
    switch (below(c, 12)) {
    case 0: return pirn_raise(PIRN_EXIT, "bye");
    case 1: return pirn_raise(3, text(c));
    case 2: return pirn_raise_with(4, text(c), arg(c), arg_free);
    case 3: return INT32_MAX;
    default: return 0;
    }
}

static int32_t target(void *arg)
{
    caller_t c = play_in_callback(arg, 6);
    return outcome(&c);
}

static int32_t task(void *arg, void **result)
{
    *result = arg;
    return target(arg);
}

static int32_t part(size_t begin, size_t end, void *arg)
{
    (void)arg;
    if (begin > end)
        WRONG("a part from %zu to %zu", begin, end);
    return begin % 13 == 12 ? 5 : 0;
}

static bool predicate(void *arg)
{
    static unsigned n;
    (void)arg;
    return ADD(n, 1) % 3 == 0;
}

static int compare(const void *a, const void *b, void *ctx)
{
    (void)ctx;
    void *item;
    if ((uintptr_t)a % 64 == 0) /* the queue itself, perhaps, which refuses; an item of another is freed */
        if (pirn_queue_try_get(LOAD(live[QUEUE * PER_KIND]), &item) == PIRN_OK)
            arg_free(item);
    return (uintptr_t)a % 32 == 1
               ? 1
               : ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b); /* no order */
}

static void done(pirn_future_t *future, void *arg)
{
    bool is_done = false;
    caller_t c = play_in_callback(arg, 3);
    /* The future may be freed, the call refused; but there is no other answer. */
    if (pirn_future_done(future, &is_done) == PIRN_OK && !is_done)
        WRONG("a done callback of a future that is not done");
    if (one_in(&c, 4))
        pirn_future_free(future); /* not the callback's to free */
}

static int32_t excepthook(const pirn_excepthook_args_t *args, void *arg)
{
    if (args->code == 0 || !args->message || !args->traceback)
        WRONG("an excepthook is told of code %" PRId32, args->code);
    caller_t c = play_in_callback(arg, 2);
    return one_in(&c, 1000) ? 6 : 0; /* the default then says so on stderr */
}

static void trace(const pirn_trace_event_t *event, void *arg)
{
    (void)arg;
    if (event->size != sizeof *event || event->kind < PIRN_TRACE_THREAD_START ||
        event->kind > PIRN_TRACE_FAILURE)
        WRONG("a trace event of kind %" PRId32 ", size %" PRIu32, event->kind, event->size);
}

static void no_result_free(void *result)
{
    (void)result;
}

#endif
