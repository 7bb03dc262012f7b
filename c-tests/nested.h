/* Tasks that wait inside each other, each for one that it submits to the same executor. */
#ifndef PIRN_TESTS_NESTED_H
#define PIRN_TESTS_NESTED_H

#include "support.h"

typedef struct level {
    pirn_executor_t *executor;
    int depth;      /* how many are inside it */
    bool timed;     /* it waits with a limit */
    size_t room;    /* the stack that it needs itself, before and after the wait */
} level_t;

static void use_stack(size_t bytes)
{
    volatile char frame[1024];
    for (size_t i = 0; i < sizeof frame; i += 64)
        frame[i] = 1;
    if (bytes > sizeof frame)
        use_stack(bytes - sizeof frame);
    CHECK_EQ(frame[0], 1);
}

static int32_t descend(void *arg, void **result)
{
    level_t *level = arg;
    void *below = NULL;
    use_stack(level->room);
    if (level->depth > 0) {
        level_t next = *level;
        next.depth--;
        pirn_future_t *future = submit(level->executor, descend, &next);
        if (level->timed)
            CHECK_OK(pirn_future_result_timeout(future, 1e6, &below));
        else
            CHECK_OK(pirn_future_result(future, &below));
        CHECK_OK(pirn_future_free(future));
    }
    use_stack(level->room);
    *result = (void *)((uintptr_t)below + 1);
    return 0;
}

static void check_descent(level_t top)
{
    void *levels;
    pirn_future_t *future = submit(top.executor, descend, &top);
    CHECK_OK(pirn_future_result(future, &levels));
    CHECK_EQ((uintptr_t)levels, top.depth + 1);
    CHECK_OK(pirn_future_free(future));
}

#endif
