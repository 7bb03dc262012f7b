/* The library as a whole: version, the last error, raised messages, objects' identities. */
#include "support.h"

TEST(version)
{
    char built[64];
    snprintf(built, sizeof built, "%d.%d.%d", PIRN_VERSION_MAJOR, PIRN_VERSION_MINOR, PIRN_VERSION_PATCH);
    CHECK_STR(pirn_version(), built);
}

TEST(last_error_before_any)
{
    CHECK(pirn_last_error());
    CHECK_EQ(pirn_last_code(), 0);
}

/* A free-standing future that has failed, read once on this thread. */
static pirn_future_t *fail_here(int32_t code, const char *message)
{
    pirn_future_t *future = new_future();
    void *out = UNTOUCHED;
    CHECK_OK(pirn_future_set_exception(future, code, message));
    CHECK_STATUS(pirn_future_result(future, &out), PIRN_ERR_TASK_FAILED);
    CHECK(out == UNTOUCHED);
    return future;
}

TEST(a_failed_task_leaves_its_message_and_code)
{
    pirn_future_t *future = fail_here(7, "disk full");
    CHECK_STR(pirn_last_error(), "disk full");
    CHECK_EQ(pirn_last_code(), 7);
    CHECK_OK(pirn_future_free(future));
    future = fail_here(-3, "gr\xc3\xbc\xc3\x9f dich");
    CHECK_STR(pirn_last_error(), "gr\xc3\xbc\xc3\x9f dich");
    CHECK_EQ(pirn_last_code(), -3);
    CHECK_OK(pirn_future_free(future));
}

TEST(successes_and_plain_answers_leave_the_last_error)
{
    pirn_future_t *failed = fail_here(9, "as it was");
    pirn_lock_t *lock;
    pirn_as_completed_t *none;
    size_t index;
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_STATUS(pirn_lock_try_acquire(lock), PIRN_WOULD_BLOCK);
    CHECK_STATUS(pirn_lock_acquire_timeout(lock, 0), PIRN_TIMED_OUT);
    CHECK_STATUS(pirn_lock_acquire_timeout(lock, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_lock_release(lock));
    CHECK_OK(pirn_lock_free(lock));
    CHECK_OK(pirn_lock_free(NULL));
    CHECK_OK(pirn_as_completed(&failed, 0, PIRN_FOREVER, &none));
    CHECK_STATUS(pirn_as_completed_next(none, &index), PIRN_END);
    CHECK_OK(pirn_as_completed_free(none));
    CHECK_OK(pirn_future_free(failed));
    CHECK_STR(pirn_last_error(), "as it was");
    CHECK_EQ(pirn_last_code(), 9);
}

TEST(an_error_replaces_the_last_one)
{
    CHECK_OK(pirn_future_free(fail_here(9, "the task's")));
    CHECK_STATUS(pirn_lock_acquire(NULL), PIRN_ERR_INVALID_HANDLE);
    CHECK(strcmp(pirn_last_error(), "the task's") != 0);
    CHECK(strlen(pirn_last_error()) > 0);
    CHECK_EQ(pirn_last_code(), 9); /* still that of the last failed task */
}

static void look_from_another_thread(void *arg)
{
    (void)arg;
    CHECK(strcmp(pirn_last_error(), "the first thread's") != 0);
    CHECK_EQ(pirn_last_code(), 0);
    CHECK_OK(pirn_future_free(fail_here(2, "the second thread's")));
    CHECK_STR(pirn_last_error(), "the second thread's");
    CHECK_EQ(pirn_last_code(), 2);
}

TEST(each_thread_has_its_own)
{
    CHECK_OK(pirn_future_free(fail_here(1, "the first thread's")));
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        run_on(breed, look_from_another_thread, NULL);
        CHECK_STR(pirn_last_error(), "the first thread's");
        CHECK_EQ(pirn_last_code(), 1);
    }
}

static int32_t raise_task(void *arg, void **result)
{
    (void)result;
    return pirn_raise(11, arg);
}

static int32_t raise_but_succeed(void *arg, void **result)
{
    *result = arg;
    pirn_raise(12, arg);
    return 0;
}

static int32_t fail_without_raising(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 13;
}

static void check_failure(pirn_executor_t *executor, pirn_task_fn task, void *arg, int32_t code)
{
    pirn_future_t *future = submit(executor, task, arg);
    CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
    CHECK_EQ(pirn_last_code(), code);
    CHECK_OK(pirn_future_free(future));
}

TEST(raise_gives_its_code_back)
{
    CHECK_EQ(pirn_raise(7, "disk full"), 7);
    CHECK_EQ(pirn_raise(-1, ""), -1);
    CHECK_EQ(pirn_raise(PIRN_EXIT, "leaving"), PIRN_EXIT);
    CHECK_EQ(pirn_raise(5, NULL), 5);
    CHECK_EQ(pirn_raise(6, "\xff malformed"), 6);
}

TEST(a_task_s_message_reaches_whoever_asks)
{
    pirn_executor_t *executor = new_executor(1);
    check_failure(executor, raise_task, "out of paper", 11);
    CHECK_STR(pirn_last_error(), "out of paper");
    CHECK_OK(pirn_executor_free(executor));
}

TEST(a_task_that_did_not_raise_has_a_general_sentence)
{
    pirn_executor_t *executor = new_executor(1);
    check_failure(executor, raise_task, "of another task", 11);
    check_failure(executor, fail_without_raising, NULL, 13);
    CHECK(strcmp(pirn_last_error(), "of another task") != 0);
    CHECK(strlen(pirn_last_error()) > 0);

    /* The message of a task that succeeded after all is gone with it. */
    pirn_future_t *future = submit(executor, raise_but_succeed, "thought better of");
    CHECK_OK(pirn_future_result(future, NULL));
    CHECK_OK(pirn_future_free(future));
    check_failure(executor, fail_without_raising, NULL, 13);
    CHECK(strcmp(pirn_last_error(), "thought better of") != 0);
    CHECK(strlen(pirn_last_error()) > 0);
    CHECK_OK(pirn_executor_free(executor));
}

TEST(a_message_may_be_long)
{
    static char text[100001];
    memset(text, 'x', sizeof text - 1);
    pirn_executor_t *executor = new_executor(1);
    check_failure(executor, raise_task, text, 11);
    CHECK_STR(pirn_last_error(), text);
    CHECK_OK(pirn_executor_free(executor));
}

/* UTF-8 or not. */
TEST(messages_are_passed_on_as_they_are)
{
    static char malformed[] = "\xff not \xc3( UTF-8 \xed\xa0\x80";
    char text[64];
    int32_t code;
    size_t length;
    pirn_executor_t *executor = new_executor(1);
    check_failure(executor, raise_task, malformed, 11);
    CHECK_STR(pirn_last_error(), malformed);
    pirn_future_t *future = fail_here(3, malformed);
    CHECK_STR(pirn_last_error(), malformed);
    CHECK_OK(pirn_future_exception(future, &code, text, sizeof text, &length));
    CHECK_STR(text, malformed);
    CHECK_EQ(length, strlen(malformed));
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(executor));
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void check_all_differ(uint64_t *ids, size_t n)
{
    qsort(ids, n, sizeof *ids, compare_ids);
    for (size_t i = 1; i < n; i++)
        CHECK(ids[i - 1] != ids[i]);
}

TEST(every_object_has_an_identity)
{
    pirn_lock_t *lock;
    pirn_event_t *event;
    pirn_thread_t *thread, *self;
    pirn_queue_t *queue;
    pirn_map_t *map;
    pirn_as_completed_t *completed;
    pirn_executor_t *executor = new_executor(1);
    pirn_future_t *future = new_future();
    void *item = NULL;
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_event_new(&event));
    CHECK_OK(pirn_thread_new(NULL, NULL, NULL, &thread));
    CHECK_OK(pirn_main_thread(&self));
    CHECK_OK(pirn_queue_new(0, &queue));
    CHECK_OK(pirn_executor_map(executor, do_nothing, &item, 1, NULL, 1, PIRN_FOREVER, &map));
    CHECK_OK(pirn_as_completed(&future, 1, PIRN_FOREVER, &completed));
    uint64_t ids[] = {id_of(lock),     id_of(event),  id_of(thread), id_of(self),     id_of(queue),
                      id_of(executor), id_of(future), id_of(map),    id_of(completed)};
    CHECK_EQ(id_of(lock), ids[0]);
    check_all_differ(ids, LENGTH(ids));
    CHECK_STATUS(pirn_object_id(lock, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_as_completed_free(completed));
    CHECK_OK(pirn_map_free(map));
    CHECK_OK(pirn_executor_free(executor));
}

TEST(all_handles_of_an_object_have_its_identity)
{
    pirn_thread_t *first, *second, *enumerated;
    size_t count;
    CHECK_OK(pirn_main_thread(&first));
    CHECK_OK(pirn_current_thread(&second));
    CHECK_OK(pirn_enumerate(&enumerated, 1, &count));
    CHECK_EQ(count, 1);
    CHECK_EQ(id_of(first), id_of(second));
    CHECK_EQ(id_of(first), id_of(enumerated));
    CHECK_OK(pirn_thread_free(first));
    CHECK_EQ(id_of(second), id_of(enumerated));
}

TEST(identities_are_never_reused)
{
    enum { OBJECTS = 10000 };
    static uint64_t ids[OBJECTS];
    for (int i = 0; i < OBJECTS; i++) {
        if (i % 2 == 0) {
            pirn_lock_t *lock;
            CHECK_OK(pirn_lock_new(&lock));
            ids[i] = id_of(lock);
            CHECK_OK(pirn_lock_free(lock));
        } else {
            pirn_future_t *future = new_future();
            ids[i] = id_of(future);
            CHECK_OK(pirn_future_free(future));
        }
    }
    check_all_differ(ids, OBJECTS);
}

TEST(null_where_a_callback_is_required)
{
    counted_t arg = {0};
    CHECK_REFUSED(pirn_at_shutdown(NULL, &arg, count_free), PIRN_ERR_INVALID_ARGUMENT, &arg);
    CHECK_STATUS(pirn_at_shutdown(NULL, &arg, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_COUNTED(&arg, 0, 1);
}
