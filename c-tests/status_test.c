/* The table of statuses: values, names and messages, from the library's one place. */
#include "support.h"

static const struct {
    pirn_status_t status;
    int value;
    const char *name, *message;
} statuses[] = {
    {PIRN_OK, 0, "PIRN_OK",
     "done"},
    {PIRN_TIMED_OUT, 1, "PIRN_TIMED_OUT",
     "the time limit passed first"},
    {PIRN_WOULD_BLOCK, 2, "PIRN_WOULD_BLOCK",
     "the call could not proceed at once"},
    {PIRN_END, 3, "PIRN_END",
     "there are no more elements"},
    {PIRN_ERR_INVALID_HANDLE, -1, "PIRN_ERR_INVALID_HANDLE",
     "the handle is NULL, freed, of another type, or never was a handle"},
    {PIRN_ERR_INVALID_ARGUMENT, -2, "PIRN_ERR_INVALID_ARGUMENT",
     "an argument is outside its range, or NULL where a pointer is required"},
    {PIRN_ERR_OVERFLOW, -3, "PIRN_ERR_OVERFLOW",
     "a timeout is above PIRN_TIMEOUT_MAX, or a counter would overflow"},
    {PIRN_ERR_NOT_LOCKED, -4, "PIRN_ERR_NOT_LOCKED",
     "the lock is not locked"},
    {PIRN_ERR_NOT_OWNER, -5, "PIRN_ERR_NOT_OWNER",
     "the calling thread does not hold the lock"},
    {PIRN_ERR_OVER_RELEASE, -6, "PIRN_ERR_OVER_RELEASE",
     "released, or marked done, too often"},
    {PIRN_ERR_ALREADY_STARTED, -7, "PIRN_ERR_ALREADY_STARTED",
     "already started"},
    {PIRN_ERR_NOT_STARTED, -8, "PIRN_ERR_NOT_STARTED",
     "the thread was never started"},
    {PIRN_ERR_DEADLOCK, -9, "PIRN_ERR_DEADLOCK",
     "the call could never return"},
    {PIRN_ERR_BROKEN_BARRIER, -10, "PIRN_ERR_BROKEN_BARRIER",
     "the barrier is broken"},
    {PIRN_ERR_CANCELLED, -11, "PIRN_ERR_CANCELLED",
     "the future was cancelled"},
    {PIRN_ERR_TASK_FAILED, -12, "PIRN_ERR_TASK_FAILED",
     "the task or callback failed"},
    {PIRN_ERR_INVALID_STATE, -13, "PIRN_ERR_INVALID_STATE",
     "the object's state does not allow the call"},
    {PIRN_ERR_SHUT_DOWN, -14, "PIRN_ERR_SHUT_DOWN",
     "the executor, the queue or the library has been shut down"},
    {PIRN_ERR_BROKEN_EXECUTOR, -15, "PIRN_ERR_BROKEN_EXECUTOR",
     "a worker's initializer failed"},
    {PIRN_ERR_NOT_FOUND, -16, "PIRN_ERR_NOT_FOUND",
     "there is no such attribute"},
    {PIRN_ERR_BUSY, -17, "PIRN_ERR_BUSY",
     "threads wait on the object"},
    {PIRN_ERR_NO_MEMORY, -18, "PIRN_ERR_NO_MEMORY",
     "an allocation failed"},
    {PIRN_ERR_NO_THREAD, -19, "PIRN_ERR_NO_THREAD",
     "the system refused a new thread"},
    {PIRN_ERR_UNSUPPORTED, -20, "PIRN_ERR_UNSUPPORTED",
     "not available on this platform or for this object"},
    {PIRN_ERR_INTERNAL, -21, "PIRN_ERR_INTERNAL",
     "a bug in pirn was caught"},
};

TEST(values_names_and_messages)
{
    CHECK_EQ(sizeof(pirn_status_t), 4);
    CHECK_EQ(LENGTH(statuses), PIRN_END - PIRN_ERR_INTERNAL + 1);
    for (size_t i = 0; i < LENGTH(statuses); i++) {
        CHECK_EQ(statuses[i].status, statuses[i].value);
        CHECK_STR(pirn_status_name(statuses[i].value), statuses[i].name);
        CHECK_STR(pirn_status_message(statuses[i].value), statuses[i].message);
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
            CHECK(strcmp(message, statuses[k].message) != 0);
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
