/* Who is a thread of this process: the main one, started ones, workers, dummies; and who is not. */
#include "text.h"

enum { ROOM = 16 };

typedef struct roll {
    pirn_thread_t *threads[ROOM];
    size_t count;
} roll_t;

static roll_t enumerate(void)
{
    roll_t roll;
    CHECK_OK(pirn_enumerate(roll.threads, ROOM, &roll.count));
    CHECK(roll.count <= ROOM);
    return roll;
}

static void free_roll(roll_t *roll)
{
    for (size_t i = 0; i < roll->count; i++)
        CHECK_OK(pirn_thread_free(roll->threads[i]));
}

static int occurrences(roll_t *roll, const void *handle)
{
    int found = 0;
    for (size_t i = 0; i < roll->count; i++)
        found += id_of(roll->threads[i]) == id_of(handle);
    return found;
}

/* Each of these exactly once, and nobody else. */
static void check_roll(void *const *expected, size_t n)
{
    roll_t roll = enumerate();
    CHECK_EQ(roll.count, n);
    CHECK_EQ(pirn_active_count(), n);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(occurrences(&roll, expected[i]), 1);
    for (size_t i = 0; i < roll.count; i++) {
        bool alive = false;
        CHECK_OK(pirn_thread_is_alive(roll.threads[i], &alive));
        CHECK(alive);
    }
    free_roll(&roll);
}

TEST(the_main_thread_alone)
{
    pirn_thread_t *current;
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_OK(pirn_current_thread(&current));
    CHECK_EQ(id_of(current), id_of(main_thread()));
    check_roll((void *[]){current}, 1);
}

static void find_main(void *arg)
{
    pirn_thread_t *main = main_thread();
    uint64_t ident;
    check_thread_name(main, "MainThread");
    CHECK_OK(pirn_thread_ident(main, &ident));
    CHECK_EQ(ident, *(uint64_t *)arg);
    CHECK(ident != pirn_get_ident());
}

TEST(the_main_thread_is_known_from_elsewhere)
{
    uint64_t ident = pirn_get_ident();
    for (breed_t breed = 0; breed < BREEDS; breed++)
        run_on(breed, find_main, &ident);
}

static void check_main_ident(void *arg)
{
    uint64_t ident, native_id;
    pirn_thread_t *main = main_thread();
    (void)arg;
    CHECK_OK(pirn_thread_ident(main, &ident));
    CHECK_OK(pirn_thread_native_id(main, &native_id));
    CHECK(ident != pirn_get_ident());
    CHECK_EQ(native_id, getpid());
}

/* Also where the process's first call into pirn comes from another thread. */
TEST(the_main_thread_is_known_to_a_first_caller_elsewhere)
{
    run_on(FOREIGN, check_main_ident, NULL);
}

TEST(started_threads_daemons_and_workers)
{
    gate_t gate, task;
    pirn_thread_t *plain, *daemon, *unstarted;
    gate_init(&gate);
    CHECK_OK(pirn_thread_new(gate_target, &gate, NULL, &plain));
    CHECK_OK(pirn_thread_new(gate_target, &gate, NULL, &daemon));
    CHECK_OK(pirn_thread_new(gate_target, &gate, NULL, &unstarted));
    CHECK_OK(pirn_thread_set_daemon(daemon, true));
    check_roll((void *[]){main_thread()}, 1);
    CHECK_OK(pirn_thread_start(plain));
    check_roll((void *[]){main_thread(), plain}, 2);
    CHECK_OK(pirn_thread_start(daemon));
    check_roll((void *[]){main_thread(), plain, daemon}, 3);

    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_executor_set_thread_name_prefix(executor, "worker"));
    CHECK_EQ(pirn_active_count(), 3);
    submit_gate(executor, &task);
    CHECK_EQ(pirn_active_count(), 4);
    roll_t roll = enumerate();
    int workers = 0;
    for (size_t i = 0; i < roll.count; i++) {
        char name[32];
        size_t length;
        CHECK_OK(pirn_thread_name(roll.threads[i], name, sizeof name, &length));
        workers += strcmp(name, "worker_0") == 0;
    }
    CHECK_EQ(workers, 1);
    free_roll(&roll);

    gate_open(&task);
    CHECK_OK(pirn_executor_free(executor));
    check_roll((void *[]){main_thread(), plain, daemon}, 3);
    gate_open(&gate);
    CHECK_OK(pirn_thread_join(plain));
    CHECK_OK(pirn_thread_join(daemon));
    check_roll((void *[]){main_thread()}, 1);
}

TEST(the_whole_number_is_given_though_the_room_is_short)
{
    enum { THREADS = 5 };
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *threads[THREADS], *buf[ROOM];
    for (int i = 0; i < THREADS; i++)
        threads[i] = start_thread(gate_target, &gate);
    for (size_t cap = 0; cap <= THREADS + 2; cap++) {
        size_t count = 99, written = cap < THREADS + 1 ? cap : THREADS + 1;
        for (size_t i = 0; i < ROOM; i++)
            buf[i] = UNTOUCHED;
        CHECK_OK(pirn_enumerate(buf, cap, &count));
        CHECK_EQ(count, THREADS + 1);
        for (size_t i = 0; i < ROOM; i++) {
            CHECK_EQ(buf[i] == UNTOUCHED, i >= written);
            if (i < written)
                CHECK_OK(pirn_thread_free(buf[i])); /* the caller's own */
        }
    }
    size_t count = 99;
    CHECK_OK(pirn_enumerate(NULL, 0, &count));
    CHECK_EQ(count, THREADS + 1);
    CHECK_STATUS(pirn_enumerate(NULL, 1, &count), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_enumerate(buf, ROOM, NULL), PIRN_ERR_INVALID_ARGUMENT);
    gate_open(&gate);
    for (int i = 0; i < THREADS; i++)
        join_and_free(threads[i]);
    CHECK_EQ(pirn_active_count(), 1);
}

/* Dummies. */

static void check_dummy(void *arg)
{
    pirn_thread_t **kept = arg, *again;
    char name[32];
    size_t length;
    uint64_t id;
    bool flag = false;
    size_t before = pirn_active_count();
    CHECK_EQ(before, 1);
    CHECK_OK(pirn_current_thread(kept));
    CHECK_EQ(pirn_active_count(), 2);
    CHECK_OK(pirn_current_thread(&again));
    CHECK_EQ(pirn_active_count(), 2);
    CHECK_EQ(id_of(again), id_of(*kept));
    CHECK_OK(pirn_thread_free(again));
    check_roll((void *[]){main_thread(), *kept}, 2);
    CHECK_OK(pirn_thread_name(*kept, name, sizeof name, &length));
    CHECK(strncmp(name, "Dummy-", 6) == 0);
    CHECK(length > 6 && strspn(name + 6, "0123456789") == length - 6 && name[6] != '0');
    CHECK_OK(pirn_thread_ident(*kept, &id));
    CHECK_EQ(id, pirn_get_ident());
    CHECK_OK(pirn_thread_native_id(*kept, &id));
    CHECK_EQ(id, syscall(SYS_gettid));
    CHECK_OK(pirn_thread_is_alive(*kept, &flag));
    CHECK(flag);
    CHECK_STATUS(pirn_thread_start(*kept), PIRN_ERR_ALREADY_STARTED);
    CHECK_OK(pirn_thread_set_name(*kept, "renamed"));
    check_thread_name(*kept, "renamed");
}

TEST(a_dummy_leaves_with_its_thread)
{
    for (int i = 0; i < 20; i++) {
        pirn_thread_t *dummy;
        bool alive = true;
        run_on(FOREIGN, check_dummy, &dummy);
        CHECK_EQ(pirn_active_count(), 1);
        CHECK_OK(pirn_thread_is_alive(dummy, &alive));
        CHECK(!alive);
        check_thread_name(dummy, "renamed");
        CHECK_OK(pirn_thread_free(dummy));
    }
}

static void be_a_dummy(void *name)
{
    pirn_thread_t *dummy;
    CHECK_OK(pirn_current_thread(&dummy));
    check_thread_name(dummy, name);
    CHECK_OK(pirn_thread_free(dummy));
}

/* One sequence of numbers for both, from 1. */
TEST(dummies_are_numbered_with_the_threads)
{
    pirn_thread_t *threads[2];
    run_on(FOREIGN, be_a_dummy, "Dummy-1");
    CHECK_OK(pirn_thread_new(NULL, NULL, NULL, &threads[0]));
    check_thread_name(threads[0], "Thread-2");
    run_on(FOREIGN, be_a_dummy, "Dummy-3");
    CHECK_OK(pirn_thread_new(NULL, NULL, NULL, &threads[1]));
    check_thread_name(threads[1], "Thread-4");
    for (int i = 0; i < 2; i++)
        CHECK_OK(pirn_thread_free(threads[i]));
}

static void ask_and_free(void *arg)
{
    pirn_thread_t *dummy;
    (void)arg;
    CHECK_OK(pirn_current_thread(&dummy));
    CHECK_OK(pirn_thread_free(dummy));
    CHECK_EQ(pirn_active_count(), 2); /* registered as long as its thread lives, handle or no handle */
}

TEST(a_dummy_stays_without_a_handle)
{
    run_on(FOREIGN, ask_and_free, NULL);
    CHECK_EQ(pirn_active_count(), 1);
}

static void use_everything(void *arg)
{
    pirn_lock_t *lock;
    pirn_event_t *event;
    pirn_queue_t *queue;
    void *item;
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_STATUS(pirn_lock_acquire_timeout(lock, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_lock_free(lock));
    CHECK_OK(pirn_event_new(&event));
    CHECK_STATUS(pirn_event_wait_timeout(event, 0.001), PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_free(event));
    CHECK_OK(pirn_queue_new(1, &queue));
    CHECK_OK(pirn_queue_put(queue, arg));
    CHECK_OK(pirn_queue_get(queue, &item));
    CHECK_STATUS(pirn_queue_get_timeout(queue, 0.001, &item), PIRN_TIMED_OUT);
    CHECK_OK(pirn_queue_free(queue));
    pirn_future_t *future = new_future();
    CHECK_STATUS(pirn_future_result_timeout(future, 0.001, NULL), PIRN_TIMED_OUT);
    CHECK_OK(pirn_future_free(future));
    CHECK(pirn_get_ident() != 0);
    CHECK_EQ(pirn_get_native_id(), syscall(SYS_gettid));
    CHECK_EQ(pirn_active_count(), 1);
}

TEST(an_alien_that_only_uses_primitives_is_never_registered)
{
    for (int i = 0; i < 10; i++)
        run_on(FOREIGN, use_everything, NULL);
    CHECK_EQ(pirn_active_count(), 1);
}

static void read_ident(void *ident)
{
    *(uint64_t *)ident = pirn_get_ident();
}

TEST(idents_of_living_threads_differ)
{
    gate_t gate;
    uint64_t alien, thread_ident;
    gate_init(&gate);
    pirn_thread_t *thread = start_thread(gate_target, &gate);
    run_on(FOREIGN, read_ident, &alien);
    CHECK_OK(pirn_thread_ident(thread, &thread_ident));
    CHECK(alien != 0);
    CHECK(alien != pirn_get_ident());
    CHECK(alien != thread_ident);
    CHECK(thread_ident != pirn_get_ident());
    gate_open(&gate);
    join_and_free(thread);
}
