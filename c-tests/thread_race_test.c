/* Threads looked at from outside at the very moment in which they start or end. */
#include "support.h"

static void enumerate_all_along(void *over)
{
    while (!LOAD(*(bool *)over)) {
        size_t count;
        CHECK_OK(pirn_enumerate(NULL, 0, &count));
    }
}

TEST(one_that_is_not_alive_is_not_enumerated)
{
    enum { ENUMERATORS = 2, ROUNDS = 2000 };
    bool over = false;
    runner_t enumerators[ENUMERATORS];
    for (int i = 0; i < ENUMERATORS; i++)
        runner_start(&enumerators[i], FOREIGN, enumerate_all_along, &over);
    for (int i = 0; i < ROUNDS; i++) {
        counted_t arg = {0};
        pirn_thread_t *thread = start_thread(count_run, &arg);
        AWAIT(!alive(thread));
        CHECK_EQ(pirn_active_count(), 1);
        join_and_free(thread);
    }
    STORE(over, true);
    for (int i = 0; i < ENUMERATORS; i++)
        runner_join(&enumerators[i]);
}

typedef struct looks {
    pirn_thread_t *thread; /* the one to look at; NULL: the end */
    unsigned looks;
} looks_t;

static void look_all_along(void *arg)
{
    looks_t *looks = arg;
    pirn_thread_t *thread;
    while ((thread = LOAD(looks->thread))) {
        uint64_t id = id_of(thread);
        bool before = alive(thread), found = is_enumerated(id);
        if (before && alive(thread))
            CHECK(found);
        ADD(looks->looks, 1);
    }
}

static pirn_local_t *local;

static int32_t leave_a_value(void *arg)
{
    CHECK_OK(pirn_local_set(local, NULL, arg, count_free));
    return 0;
}

TEST(one_that_is_alive_is_enumerated)
{
    enum { ROUNDS = 2000 };
    pirn_thread_t *threads[ROUNDS];
    looks_t looks = {0};
    counted_t value = {0};
    runner_t looker;
    CHECK_OK(pirn_local_new(NULL, NULL, NULL, &local));
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_OK(pirn_thread_new(leave_a_value, &value, NULL, &threads[i]));
        STORE(looks.thread, threads[i]);
        if (i == 0)
            runner_start(&looker, FOREIGN, look_all_along, &looks);
        CHECK_OK(pirn_thread_start(threads[i]));
        unsigned before = LOAD(looks.looks);
        CHECK_OK(pirn_thread_join(threads[i]));
        AWAIT(LOAD(looks.looks) != before);
    }
    STORE(looks.thread, NULL);
    runner_join(&looker);
    CHECK_EQ(value.frees, ROUNDS);
    for (int i = 0; i < ROUNDS; i++)
        CHECK_OK(pirn_thread_free(threads[i]));
    CHECK_OK(pirn_local_free(local));
}

typedef struct poll {
    pirn_thread_t *thread;
    bool *begin;
    pirn_status_t status;
} poll_t;

static void poll_once(void *element)
{
    poll_t *poll = element;
    AWAIT(LOAD(*poll->begin));
    poll->status = pirn_thread_join_timeout(poll->thread, 0);
}

/* Polls never time out over each other. */
TEST(one_that_is_gone_is_so_to_all_polls_at_once)
{
    enum { POLLS = 3, ROUNDS = 2000 };
    for (int i = 0; i < ROUNDS; i++) {
        counted_t arg = {0};
        uint64_t id;
        bool begin = false;
        poll_t polls[POLLS];
        runner_t runners[POLLS];
        pirn_thread_t *thread = start_thread(count_run, &arg);
        CHECK_OK(pirn_thread_native_id(thread, &id));
        for (int k = 0; k < POLLS; k++) {
            polls[k] = (poll_t){.thread = thread, .begin = &begin};
            runner_start(&runners[k], FOREIGN, poll_once, &polls[k]);
        }
        AWAIT(thread_state(id) == 0);
        STORE(begin, true);
        for (int k = 0; k < POLLS; k++) {
            runner_join(&runners[k]);
            CHECK_OK(polls[k].status);
        }
        CHECK_OK(pirn_thread_free(thread));
    }
}

static void rename_once_alive(void *thread)
{
    AWAIT(alive(thread));
    CHECK_OK(pirn_thread_set_name(thread, "new"));
}

static void check_system_name(pirn_thread_t *thread, const char *expected)
{
    char path[64], text[64] = "";
    uint64_t id;
    CHECK_OK(pirn_thread_native_id(thread, &id));
    snprintf(path, sizeof path, "/proc/self/task/%" PRIu64 "/comm", id);
    FILE *file = fopen(path, "r");
    CHECK(file && fgets(text, sizeof text, file));
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    CHECK_STR(text, expected);
}

/* The name that the start gives it never comes after one that was set later. */
TEST(the_system_keeps_the_last_name)
{
    for (int i = 0; i < 3000; i++) {
        gate_t gate;
        runner_t renamer;
        pirn_thread_t *thread;
        gate_init(&gate);
        CHECK_OK(pirn_thread_new(gate_target, &gate, NULL, &thread));
        CHECK_OK(pirn_thread_set_name(thread, "old"));
        runner_start(&renamer, FOREIGN, rename_once_alive, thread);
        CHECK_OK(pirn_thread_start(thread));
        runner_join(&renamer);
        check_system_name(thread, "new");
        gate_open(&gate);
        join_and_free(thread);
        CHECK_OK(pirn_event_free(gate.open));
    }
}
