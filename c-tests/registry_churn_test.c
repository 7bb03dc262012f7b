/* The registry while threads of all kinds come and go. */
#include "support.h"

enum { STARTERS = 4, EACH = 2500, ALIENS = 2000, ENUMERATORS = 2 };

static bool over;
static int ran;

static int32_t run_shortly(void *unused)
{
    (void)unused;
    ADD(ran, 1);
    return 0;
}

/* Joined, let go at once, or let go and never joined. */
static void start_many(void *unused)
{
    (void)unused;
    for (int i = 0; i < EACH; i++) {
        pirn_thread_t *thread = start_thread(run_shortly, NULL);
        bool alive = true;
        if (i % 2) {
            CHECK_OK(pirn_thread_join(thread));
            CHECK_OK(pirn_thread_is_alive(thread, &alive));
            CHECK(!alive);
        }
        CHECK_OK(pirn_thread_free(thread));
    }
}

static void ask_for_itself(void *unused)
{
    pirn_thread_t *self;
    (void)unused;
    CHECK_OK(pirn_current_thread(&self));
    CHECK_OK(pirn_thread_free(self));
    ADD(ran, 1);
}

static void make_dummies(void *unused)
{
    (void)unused;
    for (int i = 0; i < ALIENS; i++)
        run_on(FOREIGN, ask_for_itself, NULL);
}

/* Whoever is enumerated was started, and the main thread is always among them. */
static void enumerate_all_along(void *unused)
{
    enum { ROOM = 256 };
    pirn_thread_t *threads[ROOM];
    (void)unused;
    while (!LOAD(over)) {
        size_t count = 0, written, mains = 0;
        CHECK_OK(pirn_enumerate(threads, ROOM, &count));
        written = count < ROOM ? count : ROOM;
        for (size_t i = 0; i < written; i++) {
            char name[64];
            size_t length;
            uint64_t ident, native_id;
            CHECK_OK(pirn_thread_ident(threads[i], &ident));
            CHECK_OK(pirn_thread_native_id(threads[i], &native_id));
            CHECK(ident != 0 && native_id != 0);
            mains += native_id == (uint64_t)getpid();
            CHECK_OK(pirn_thread_name(threads[i], name, sizeof name, &length));
            CHECK(length > 0);
            CHECK_STATUS(pirn_thread_start(threads[i]), PIRN_ERR_ALREADY_STARTED);
            CHECK_OK(pirn_thread_free(threads[i]));
        }
        CHECK_EQ(mains, 1);
        CHECK(pirn_active_count() >= 1);
    }
}

TEST(ten_thousand_threads_come_and_go)
{
    runner_t starters[STARTERS], dummies, enumerators[ENUMERATORS];
    for (int i = 0; i < ENUMERATORS; i++)
        runner_start(&enumerators[i], (breed_t)(i % BREEDS), enumerate_all_along, NULL);
    runner_start(&dummies, FOREIGN, make_dummies, NULL);
    for (int i = 0; i < STARTERS; i++)
        runner_start(&starters[i], (breed_t)(i % BREEDS), start_many, NULL);
    for (int i = 0; i < STARTERS; i++)
        runner_join(&starters[i]);
    runner_join(&dummies);
    AWAIT(LOAD(ran) == STARTERS * EACH + ALIENS);
    STORE(over, true);
    for (int i = 0; i < ENUMERATORS; i++)
        runner_join(&enumerators[i]);
    AWAIT(pirn_active_count() == 1); /* those that nobody joins are on their way out */
}
