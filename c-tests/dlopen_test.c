/* The library is not linked here but loaded by dlopen, from whatever thread, and closed again, which does nothing. */
#include <dlfcn.h>

#include "child.h"

/* What is used here, by the names that it has in the library. */
#define FUNCTIONS(X)                                                                                         \
    X(main_thread) X(current_thread) X(thread_new) X(thread_start) X(thread_join) X(thread_free)             \
    X(thread_native_id) X(thread_ident) X(thread_name) X(object_id) X(get_ident) X(active_count)             \
    X(event_new) X(event_set) X(event_wait) X(local_new) X(local_set) X(at_shutdown)

#define DECLARE(name) __typeof__(&pirn_##name) name;
static struct {
    void *library;
    FUNCTIONS(DECLARE)
} pirn;

static void load(void *unused)
{
    (void)unused;
    pirn.library = dlopen(PIRN_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!pirn.library)
        CHECK_FAILED("%s", dlerror());
#define FIND(name) CHECK((*(void **)&pirn.name = dlsym(pirn.library, "pirn_" #name)) != NULL);
    FUNCTIONS(FIND)
}

static void on_another_thread(void (*body)(void *), void *arg)
{
    runner_t runner = {.body = body, .arg = arg};
    CHECK_EQ(pthread_create(&runner.alien, NULL, runner_alien, &runner), 0);
    CHECK_EQ(pthread_join(runner.alien, NULL), 0);
}

static uint64_t id_by(const void *handle)
{
    uint64_t id;
    CHECK_EQ(pirn.object_id(handle, &id), PIRN_OK);
    return id;
}

typedef struct found {
    uint64_t id, ident;
} found_t;

static void load_and_find_main(void *arg)
{
    found_t *found = arg;
    uint64_t native_id;
    pirn_thread_t *main, *self;
    char name[32];
    load(NULL);
    CHECK_EQ(pirn.main_thread(&main), PIRN_OK);
    found->id = id_by(main);
    CHECK_EQ(pirn.thread_native_id(main, &native_id), PIRN_OK);
    CHECK_EQ(native_id, getpid());
    CHECK_EQ(pirn.thread_ident(main, &found->ident), PIRN_OK);
    CHECK(found->ident != pirn.get_ident());
    CHECK_EQ(pirn.thread_name(main, name, sizeof name, NULL), PIRN_OK);
    CHECK_STR(name, "MainThread");
    CHECK_EQ(pirn.current_thread(&self), PIRN_OK);
    CHECK(id_by(self) != found->id);
    CHECK_EQ(pirn.thread_name(self, name, sizeof name, NULL), PIRN_OK);
    CHECK(strncmp(name, "Dummy-", 6) == 0);
    CHECK_EQ(pirn.active_count(), 2);
}

TEST(main_is_known_though_another_thread_loads)
{
    found_t found;
    pirn_thread_t *self;
    on_another_thread(load_and_find_main, &found);
    CHECK_EQ(pirn.get_ident(), found.ident);
    CHECK_EQ(pirn.current_thread(&self), PIRN_OK);
    CHECK_EQ(id_by(self), found.id);
    CHECK_EQ(pirn.active_count(), 1);
}

static pirn_event_t *gate;

static int32_t wait_at_the_gate(void *runs)
{
    CHECK_EQ(pirn.event_wait(gate), PIRN_OK);
    ADD(*(int *)runs, 1);
    return 0;
}

static void close_it(void *unused)
{
    (void)unused;
    CHECK_EQ(dlclose(pirn.library), 0);
}

static pirn_thread_t *start_at_the_gate(int *runs)
{
    pirn_thread_t *thread;
    CHECK_EQ(pirn.thread_new(wait_at_the_gate, runs, NULL, &thread), PIRN_OK);
    CHECK_EQ(pirn.thread_start(thread), PIRN_OK);
    return thread;
}

TEST(closed_while_threads_use_it)
{
    int runs = 0;
    load(NULL);
    CHECK_EQ(pirn.event_new(&gate), PIRN_OK);
    pirn_thread_t *before = start_at_the_gate(&runs);
    on_another_thread(close_it, NULL);
    pirn_thread_t *after = start_at_the_gate(&runs);
    CHECK_EQ(pirn.active_count(), 3);
    load(NULL); /* again: it is the same one */
    CHECK_EQ(pirn.active_count(), 3);
    close_it(NULL);
    CHECK_EQ(pirn.event_set(gate), PIRN_OK);
    CHECK_EQ(pirn.thread_join(before), PIRN_OK);
    CHECK_EQ(pirn.thread_join(after), PIRN_OK);
    CHECK_EQ(runs, 2);
}

static void say_freed(void *text) { SAY("freed %s\n", (char *)text); }

static void *use_alone(void *closed)
{
    pirn_thread_t *self;
    pirn_local_t *local;
    CHECK_EQ(pirn.current_thread(&self), PIRN_OK);
    CHECK_EQ(pirn.local_new(NULL, NULL, NULL, &local), PIRN_OK);
    CHECK_EQ(pirn.local_set(local, NULL, "a foreign thread's value", say_freed), PIRN_OK);
    AWAIT(LOAD(*(bool *)closed));
    return NULL;
}

static int32_t open_the_gate(void *text)
{
    say(text);
    return pirn.event_set(gate);
}

static int32_t wait_and_say(void *text)
{
    CHECK_EQ(pirn.event_wait(gate), PIRN_OK);
    return say(text);
}

CHILD(closes_it_and_returns_from_main)
{
    pthread_t alien;
    pirn_thread_t *thread;
    bool closed = false;
    load(NULL);
    CHECK_EQ(pirn.event_new(&gate), PIRN_OK);
    CHECK_EQ(pthread_create(&alien, NULL, use_alone, &closed), 0);
    CHECK_EQ(pirn.thread_new(wait_and_say, "a thread", NULL, &thread), PIRN_OK);
    CHECK_EQ(pirn.thread_start(thread), PIRN_OK);
    CHECK_EQ(pirn.at_shutdown(open_the_gate, "a callback", NULL), PIRN_OK);
    close_it(NULL);
    STORE(closed, true);
    CHECK_EQ(pthread_join(alien, NULL), 0);
    CHECK_EQ(pirn.active_count(), 2);
}

/* The ends of threads and of the process still find it. */
TEST(closed_before_the_ends)
{
    check_child("closes_it_and_returns_from_main", 0, "freed a foreign thread's value\na callback\na thread\n");
}
