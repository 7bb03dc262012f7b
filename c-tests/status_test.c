/* The table of statuses: values, names and messages, from the library's one place. */
#include "support.h"

static const struct {
    pirn_status_t status;
    int value;
    const char *name;
} statuses[] = {
    {PIRN_OK, 0, "PIRN_OK"},
    {PIRN_TIMED_OUT, 1, "PIRN_TIMED_OUT"},
    {PIRN_WOULD_BLOCK, 2, "PIRN_WOULD_BLOCK"},
    {PIRN_END, 3, "PIRN_END"},
    {PIRN_ERR_INVALID_HANDLE, -1, "PIRN_ERR_INVALID_HANDLE"},
    {PIRN_ERR_INVALID_ARGUMENT, -2, "PIRN_ERR_INVALID_ARGUMENT"},
    {PIRN_ERR_OVERFLOW, -3, "PIRN_ERR_OVERFLOW"},
    {PIRN_ERR_NOT_LOCKED, -4, "PIRN_ERR_NOT_LOCKED"},
    {PIRN_ERR_NOT_OWNER, -5, "PIRN_ERR_NOT_OWNER"},
    {PIRN_ERR_OVER_RELEASE, -6, "PIRN_ERR_OVER_RELEASE"},
    {PIRN_ERR_ALREADY_STARTED, -7, "PIRN_ERR_ALREADY_STARTED"},
    {PIRN_ERR_NOT_STARTED, -8, "PIRN_ERR_NOT_STARTED"},
    {PIRN_ERR_DEADLOCK, -9, "PIRN_ERR_DEADLOCK"},
    {PIRN_ERR_BROKEN_BARRIER, -10, "PIRN_ERR_BROKEN_BARRIER"},
    {PIRN_ERR_CANCELLED, -11, "PIRN_ERR_CANCELLED"},
    {PIRN_ERR_TASK_FAILED, -12, "PIRN_ERR_TASK_FAILED"},
    {PIRN_ERR_INVALID_STATE, -13, "PIRN_ERR_INVALID_STATE"},
    {PIRN_ERR_SHUT_DOWN, -14, "PIRN_ERR_SHUT_DOWN"},
    {PIRN_ERR_BROKEN_EXECUTOR, -15, "PIRN_ERR_BROKEN_EXECUTOR"},
    {PIRN_ERR_NOT_FOUND, -16, "PIRN_ERR_NOT_FOUND"},
    {PIRN_ERR_BUSY, -17, "PIRN_ERR_BUSY"},
    {PIRN_ERR_NO_MEMORY, -18, "PIRN_ERR_NO_MEMORY"},
    {PIRN_ERR_NO_THREAD, -19, "PIRN_ERR_NO_THREAD"},
    {PIRN_ERR_UNSUPPORTED, -20, "PIRN_ERR_UNSUPPORTED"},
    {PIRN_ERR_INTERNAL, -21, "PIRN_ERR_INTERNAL"},
};

TEST(values_and_names)
{
    CHECK_EQ(sizeof(pirn_status_t), 4);
    CHECK_EQ(LENGTH(statuses), PIRN_END - PIRN_ERR_INTERNAL + 1);
    for (size_t i = 0; i < LENGTH(statuses); i++) {
        CHECK_EQ(statuses[i].status, statuses[i].value);
        CHECK_STR(pirn_status_name(statuses[i].value), statuses[i].name);
    }
}

/* A message says more than the name does, in one line, and no two codes share one. */
TEST(messages)
{
    for (size_t i = 0; i < LENGTH(statuses); i++) {
        const char *message = pirn_status_message(statuses[i].value);
        CHECK(strlen(message) > 0);
        CHECK(!strchr(message, '\n'));
        CHECK(!strstr(message, "PIRN_"));
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(message, pirn_status_message(statuses[k].value)) != 0);
    }
}

TEST(unknown_codes)
{
    static const pirn_status_t unknown[] = {4, 5, 1000, -22, -23, -1000, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < LENGTH(unknown); i++) {
        const char *name = pirn_status_name(unknown[i]), *message = pirn_status_message(unknown[i]);
        CHECK(name && strlen(name) > 0);
        CHECK(message && strlen(message) > 0);
        for (size_t k = 0; k < LENGTH(statuses); k++) {
            CHECK(strcmp(name, statuses[k].name) != 0);
            CHECK(strcmp(message, pirn_status_message(statuses[k].value)) != 0);
        }
    }
}

TEST(other_constants)
{
    CHECK(PIRN_FOREVER == -1.0);
    CHECK(PIRN_TIMEOUT_MAX == 9223372036.0);
    CHECK_EQ(PIRN_EXIT, INT32_MIN);
    CHECK_EQ(PIRN_FUTURE_PENDING, 0);
    CHECK_EQ(PIRN_FUTURE_RUNNING, 1);
    CHECK_EQ(PIRN_FUTURE_CANCELLED, 2);
    CHECK_EQ(PIRN_FUTURE_CANCELLED_AND_NOTIFIED, 3);
    CHECK_EQ(PIRN_FUTURE_FINISHED, 4);
    CHECK_EQ(PIRN_FIRST_COMPLETED, 0);
    CHECK_EQ(PIRN_FIRST_EXCEPTION, 1);
    CHECK_EQ(PIRN_ALL_COMPLETED, 2);
}
