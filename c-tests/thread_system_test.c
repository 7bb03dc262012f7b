/* Threads where the system gives less than usual, and where it runs code of others: keys, memory. */
#include <malloc.h>

#include "support.h"

static pirn_thread_t *current(void)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_current_thread(&thread));
    return thread;
}

/* Keys. */

typedef struct owner {
    pirn_thread_t *thread;
    bool destroyed;
} owner_t;

static void check_self(void *arg)
{
    owner_t *owner = arg;
    pirn_thread_t *self = current();
    CHECK_EQ(id_of(self), id_of(owner->thread));
    CHECK_STATUS(pirn_thread_join(self), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_thread_join_timeout(owner->thread, 0), PIRN_ERR_DEADLOCK);
    CHECK_OK(pirn_thread_free(self));
    owner->destroyed = true;
}

static int32_t own_a_late_key(void *owner)
{
    pthread_key_t key; /* made later than any of pirn's, so that its destructor comes last */
    CHECK_EQ(pthread_key_create(&key, check_self), 0);
    CHECK_EQ(pthread_setspecific(key, owner), 0);
    return 0;
}

TEST(it_is_itself_to_its_last_destructor)
{
    owner_t owner = {NULL, false};
    CHECK_OK(pirn_thread_new(own_a_late_key, &owner, NULL, &owner.thread));
    CHECK_OK(pirn_thread_start(owner.thread));
    CHECK_OK(pirn_thread_join(owner.thread));
    CHECK(owner.destroyed);
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_thread_free(owner.thread));
}

static void take_all_keys(void)
{
    pthread_key_t key;
    int taken = 0;
    while (pthread_key_create(&key, NULL) == 0)
        taken++;
    CHECK(taken > 0);
}

static void ask_for_itself(void *unused)
{
    (void)unused;
    CHECK_OK(pirn_thread_free(current()));
    CHECK_EQ(pirn_active_count(), 2);
}

TEST(a_dummy_leaves_where_no_key_is_left)
{
    take_all_keys();
    for (int i = 0; i < 10; i++) {
        run_on(FOREIGN, ask_for_itself, NULL);
        CHECK_EQ(pirn_active_count(), 1);
    }
}

/* Memory. */

/* The process may grow by so much, and what it grows by is for threads, not for an allocator's arenas. */
static void limit_memory(size_t bytes)
{
    unsigned long pages;
    struct rlimit limit;
    skip_if(UNDER_TSAN || UNDER_ASAN, "the sanitizer itself needs more address space than there will be");
    CHECK_EQ(mallopt(M_ARENA_MAX, 1), 1);
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    CHECK_EQ(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + bytes;
    CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
}

enum { STACK = 8 << 20 };

TEST(little_memory_is_left_to_the_threads)
{
    enum { THREADS = 32 };
    pirn_thread_t *threads[THREADS];
    gate_t gate;
    limit_memory((size_t)2 * THREADS * STACK);
    CHECK_OK(pirn_set_stack_size(STACK));
    gate_init(&gate);
    for (int i = 0; i < THREADS; i++)
        threads[i] = start_thread(gate_target, &gate);
    gate_open(&gate);
    for (int i = 0; i < THREADS; i++)
        join_and_free(threads[i]);
}

/* Each is gone before the next one starts: there is room for a few stacks, not for all. */
TEST(an_ended_one_gives_back_its_stack_where_no_key_is_left)
{
    enum { ROOM = 32, ROUNDS = 20 * ROOM };
    pirn_event_t *event;
    CHECK_OK(pirn_event_new(&event)); /* what pirn keeps for itself does not count here */
    take_all_keys();
    limit_memory((size_t)ROOM * STACK);
    CHECK_OK(pirn_set_stack_size(STACK));
    for (int i = 0; i < ROUNDS; i++) {
        counted_t arg = {0};
        uint64_t id;
        pirn_thread_t *thread = start_thread(count_run, &arg);
        CHECK_OK(pirn_thread_native_id(thread, &id));
        CHECK_OK(pirn_thread_free(thread));
        AWAIT(thread_state(id) == 0);
        CHECK_EQ(LOAD(arg.runs), 1);
    }
    CHECK_EQ(pirn_active_count(), 1);
}
