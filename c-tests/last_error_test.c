/*
 * A task that runs inside another one's wait, on its thread, leaves that one's last error alone, and what it has raised. So do
 * its done callbacks.
 */
#include "support.h"

/* Some errors, on whatever thread this is. */
static int32_t make_errors(void *arg, void **result)
{
    pirn_future_t *failed = new_future();
    (void)result;
    CHECK_OK(pirn_future_set_exception(failed, 55, "the inner one's"));
    CHECK_STATUS(pirn_future_result(failed, NULL), PIRN_ERR_TASK_FAILED);
    CHECK_STR(pirn_last_error(), "the inner one's");
    CHECK_EQ(pirn_last_code(), 55);
    CHECK_OK(pirn_future_free(failed));
    CHECK_STATUS(pirn_queue_put(NULL, NULL), PIRN_ERR_INVALID_HANDLE);
    CHECK(strstr(pirn_last_error(), "pirn_queue_put"));
    return pirn_raise(arg ? 66 : 0, "raised inside");
}

static void err_when_done(pirn_future_t *future, void *arg)
{
    (void)future;
    (void)arg;
    CHECK_STATUS(pirn_queue_put(NULL, NULL), PIRN_ERR_INVALID_HANDLE);
    pirn_raise(77, "raised by a done callback");
}

typedef struct outer {
    pirn_executor_t *executor;
    void *fails; /* whether the awaited task does */
    pirn_status_t (*wait)(pirn_executor_t *executor, void *fails);
} outer_t;

static pirn_status_t by_result(pirn_executor_t *executor, void *fails)
{
    pirn_future_t *future = submit(executor, make_errors, fails);
    pirn_status_t status = pirn_future_result(future, NULL);
    CHECK_OK(pirn_future_free(future));
    return status;
}

static pirn_status_t by_result_with_a_callback(pirn_executor_t *executor, void *fails)
{
    pirn_future_t *future = submit(executor, make_errors, fails);
    CHECK_OK(pirn_future_add_done_callback(future, err_when_done, NULL, NULL));
    pirn_status_t status = pirn_future_result(future, NULL);
    CHECK_OK(pirn_future_free(future));
    return status;
}

static pirn_status_t by_map(pirn_executor_t *executor, void *fails)
{
    pirn_map_t *map;
    void *result;
    CHECK_OK(pirn_executor_map(executor, make_errors, &fails, 1, NULL, 1, PIRN_FOREVER, &map));
    pirn_status_t status = pirn_map_next(map, &result);
    CHECK_OK(pirn_map_free(map));
    return status;
}

static int32_t wait_for_errors(void *arg, void **result)
{
    outer_t *outer = arg;
    (void)result;
    CHECK_EQ(pirn_last_code(), 0);
    CHECK_STATUS(pirn_lock_release(NULL), PIRN_ERR_INVALID_HANDLE);
    const char *words = pirn_last_error();
    char before[256];
    snprintf(before, sizeof before, "%s", words);
    int32_t code = pirn_raise(7, "the outer one's");
    if (outer->fails) {
        CHECK_STATUS(outer->wait(outer->executor, outer->fails), PIRN_ERR_TASK_FAILED);
        CHECK_STR(words, before);
        CHECK_STR(pirn_last_error(), "raised inside");
        CHECK_EQ(pirn_last_code(), 66);
    } else {
        CHECK_OK(outer->wait(outer->executor, outer->fails));
        CHECK_STR(words, before); /* shown to this one, and not yet taken back */
        CHECK_STR(pirn_last_error(), before);
        CHECK_EQ(pirn_last_code(), 0);
    }
    return code;
}

TEST(of_a_task_that_waits)
{
    pirn_status_t (*const waits[])(pirn_executor_t *, void *) = {by_result, by_result_with_a_callback, by_map};
    for (size_t i = 0; i < LENGTH(waits); i++) {
        for (int fails = 0; fails < 2; fails++) {
            outer_t outer = {new_executor(1), fails ? &outer : NULL, waits[i]};
            pirn_future_t *future = submit(outer.executor, wait_for_errors, &outer);
            CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
            CHECK_STR(pirn_last_error(), "the outer one's");
            CHECK_EQ(pirn_last_code(), 7);
            CHECK_OK(pirn_future_free(future));
            CHECK_OK(pirn_executor_free(outer.executor));
        }
    }
}
