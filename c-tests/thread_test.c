/* Thread: its life, name, identity, daemon flag, joins. Who is enumerated is registry_test.c's. */
#include <fcntl.h>

#include "blocking.h"
#include "text.h"

static pirn_thread_t *new_thread(pirn_target_fn target, void *arg)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(target, arg, NULL, &thread));
    return thread;
}

static pirn_thread_t *current(void)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_current_thread(&thread));
    return thread;
}

static bool daemon_flag(pirn_thread_t *thread)
{
    bool out;
    CHECK_OK(pirn_thread_daemon(thread, &out));
    return out;
}

static uint64_t ident(pirn_thread_t *thread)
{
    uint64_t out;
    CHECK_OK(pirn_thread_ident(thread, &out));
    return out;
}

static uint64_t native_id(pirn_thread_t *thread)
{
    uint64_t out;
    CHECK_OK(pirn_thread_native_id(thread, &out));
    return out;
}

static pirn_status_t make_join(call_t *c) { return pirn_thread_join(c->object); }

TEST(runs_its_target_once_and_frees_its_argument_once)
{
    counted_t arg = {0};
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(count_run, &arg, count_free, &thread));
    CHECK_COUNTED(&arg, 0, 0);
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_COUNTED(&arg, 1, 1);
    CHECK_STATUS(pirn_thread_start(thread), PIRN_ERR_ALREADY_STARTED);
    CHECK_OK(pirn_thread_free(thread));
    CHECK_COUNTED(&arg, 1, 1);
}

TEST(one_never_started_frees_its_argument_with_itself)
{
    counted_t arg = {0};
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(count_run, &arg, count_free, &thread));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_COUNTED(&arg, 0, 1);
    CHECK_REFUSED(pirn_thread_new(count_run, &arg, count_free, NULL), PIRN_ERR_INVALID_ARGUMENT, &arg);
}

TEST(null_target_does_nothing)
{
    counted_t arg = {0};
    int32_t code = -1;
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(NULL, &arg, count_free, &thread));
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_COUNTED(&arg, 0, 1);
    CHECK_OK(pirn_thread_exit_code(thread, &code));
    CHECK_EQ(code, 0);
    CHECK_OK(pirn_thread_free(thread));
}

TEST(null_out_parameters)
{
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *thread = start_thread(gate_target, &gate);
    CHECK_STATUS(pirn_thread_is_alive(thread, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_thread_ident(thread, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_thread_native_id(thread, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_thread_daemon(thread, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_current_thread(NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_main_thread(NULL), PIRN_ERR_INVALID_ARGUMENT);
    gate_open(&gate);
    CHECK_OK(pirn_thread_join(thread));
    CHECK_STATUS(pirn_thread_exit_code(thread, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_thread_free(thread));
}

TEST(start_returns_when_it_runs)
{
    for (int i = 0; i < 200; i++) {
        gate_t gate;
        gate_init(&gate);
        pirn_thread_t *thread = start_thread(gate_target, &gate);
        CHECK(alive(thread));
        CHECK_EQ(pirn_active_count(), 2);
        CHECK(ident(thread) != 0);
        CHECK(ident(thread) != pirn_get_ident());
        uint64_t id = native_id(thread);
        CHECK(thread_state(id) != 0);
        gate_await(&gate, 1);
        CHECK_EQ(gate.native_id, id);
        gate_open(&gate);
        join_and_free(thread);
        CHECK_OK(pirn_event_free(gate.open));
    }
}

TEST(started_only_once)
{
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *thread = start_thread(gate_target, &gate);
    CHECK_STATUS(pirn_thread_start(thread), PIRN_ERR_ALREADY_STARTED);
    gate_open(&gate);
    CHECK_OK(pirn_thread_join(thread));
    CHECK_STATUS(pirn_thread_start(thread), PIRN_ERR_ALREADY_STARTED);
    CHECK_EQ(gate.counted.runs, 1);
    CHECK_OK(pirn_thread_free(thread));
    CHECK_STATUS(pirn_thread_start(main_thread()), PIRN_ERR_ALREADY_STARTED);
}

TEST(alive_from_start_to_end)
{
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *thread = new_thread(gate_target, &gate);
    CHECK(!alive(thread));
    CHECK_OK(pirn_thread_start(thread));
    CHECK(alive(thread));
    gate_await(&gate, 1);
    CHECK(alive(thread));
    gate_open(&gate);
    CHECK_OK(pirn_thread_join(thread));
    CHECK(!alive(thread));
    CHECK(alive(main_thread()));
    CHECK_OK(pirn_thread_free(thread));
}

/* Names. */

TEST(default_names_count_from_one)
{
    pirn_thread_t *first = new_thread(NULL, NULL), *second = new_thread(NULL, NULL);
    check_thread_name(first, "Thread-1");
    check_thread_name(second, "Thread-2");
    check_thread_name(main_thread(), "MainThread");
    check_thread_name(current(), "MainThread");
    CHECK_OK(pirn_thread_free(second));
    pirn_thread_t *third = new_thread(NULL, NULL);
    check_thread_name(third, "Thread-3");
    CHECK_OK(pirn_thread_start(first));
    CHECK_OK(pirn_thread_join(first));
    check_thread_name(first, "Thread-1");
}

static void check_system_name(uint64_t id, const char *expected)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/self/task/%" PRIu64 "/comm", id);
    FILE *file = fopen(path, "r");
    CHECK(file && fgets(text, sizeof text, file));
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    CHECK_STR(text, expected);
}

static const struct {
    const char *name, *system; /* the kernel keeps 15 bytes; a character is not cut in two */
} renamings[] = {
    {"short", "short"},
    {"exactly fifteen", "exactly fifteen"},
    {"sixteen letters!", "sixteen letters"},
    {"a rather long name for a thread", "a rather long n"},
    {"fourteen bytes\xc3\xa9", "fourteen bytes"},
    {"thirteen byte\xc3\xa9\xc3\xa9", "thirteen byte\xc3\xa9"},
    {"\xf0\x9f\xa7\xb5\xf0\x9f\xa7\xb5\xf0\x9f\xa7\xb5\xf0\x9f\xa7\xb5",
     "\xf0\x9f\xa7\xb5\xf0\x9f\xa7\xb5\xf0\x9f\xa7\xb5"},
};

TEST(renamed_while_it_runs)
{
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *thread = start_thread(gate_target, &gate);
    for (size_t i = 0; i < LENGTH(renamings); i++) {
        CHECK_OK(pirn_thread_set_name(thread, renamings[i].name));
        check_thread_name(thread, renamings[i].name);
        check_system_name(native_id(thread), renamings[i].system);
    }
    gate_open(&gate);
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_set_name(thread, "after its end"));
    check_thread_name(thread, "after its end");
    CHECK_OK(pirn_thread_free(thread));
}

static int32_t rename_itself(void *arg)
{
    pirn_thread_t *self = current();
    check_system_name(pirn_get_native_id(), arg);
    CHECK_OK(pirn_thread_set_name(self, "by itself"));
    check_system_name(pirn_get_native_id(), "by itself");
    CHECK_OK(pirn_thread_free(self));
    return 0;
}

TEST(renamed_before_it_starts_and_by_itself)
{
    for (size_t i = 0; i < LENGTH(renamings); i++) {
        pirn_thread_t *thread = new_thread(rename_itself, (void *)renamings[i].system);
        CHECK_OK(pirn_thread_set_name(thread, renamings[i].name));
        check_thread_name(thread, renamings[i].name);
        CHECK_OK(pirn_thread_start(thread));
        CHECK_OK(pirn_thread_join(thread));
        check_thread_name(thread, "by itself");
        CHECK_OK(pirn_thread_free(thread));
    }
}

TEST(names_are_utf8_of_any_length)
{
    static char name[5000];
    pirn_thread_t *thread = new_thread(NULL, NULL);
    memset(name, 'n', sizeof name - 1);
    CHECK_OK(pirn_thread_set_name(thread, name));
    check_thread_name(thread, name);
    CHECK_TEXT_REFUSED(pirn_thread_set_name(thread, text));
    check_thread_name(thread, name);
    CHECK_OK(pirn_thread_free(thread));
}

/* Identity. */

static int32_t check_own_ids(void *arg)
{
    pirn_thread_t *self = current();
    uint64_t *ids = arg;
    CHECK_EQ(pirn_get_native_id(), syscall(SYS_gettid));
    CHECK_EQ(native_id(self), pirn_get_native_id());
    CHECK_EQ(ident(self), pirn_get_ident());
    CHECK_OK(pirn_object_id(self, &ids[0]));
    ids[1] = pirn_get_ident();
    CHECK_OK(pirn_thread_free(self));
    return 0;
}

TEST(ids_inside_and_outside_agree)
{
    uint64_t ids[2], object;
    pirn_thread_t *thread = new_thread(check_own_ids, ids);
    CHECK_OK(pirn_object_id(thread, &object));
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_EQ(ids[0], object);
    CHECK_EQ(ident(thread), ids[1]); /* kept after the end */
    CHECK_OK(pirn_thread_free(thread));
    check_own_ids(ids);
    CHECK_EQ(pirn_get_native_id(), getpid());
    CHECK_EQ(ident(main_thread()), pirn_get_ident());
}

TEST(no_ids_before_the_start)
{
    uint64_t id = 5;
    pirn_thread_t *thread = new_thread(NULL, NULL);
    CHECK_STATUS(pirn_thread_ident(thread, &id), PIRN_ERR_NOT_STARTED);
    CHECK_STATUS(pirn_thread_native_id(thread, &id), PIRN_ERR_NOT_STARTED);
    CHECK_EQ(id, 5);
    CHECK_OK(pirn_thread_free(thread));
}

/* Ends and joins. */

static int32_t return_code(void *arg)
{
    return *(int32_t *)arg;
}

TEST(exit_codes)
{
    static int32_t codes[] = {0, 7, -1, INT32_MAX, PIRN_EXIT};
    for (size_t i = 0; i < LENGTH(codes); i++) {
        int32_t out = 99;
        pirn_thread_t *thread = new_thread(return_code, &codes[i]);
        CHECK_STATUS(pirn_thread_exit_code(thread, &out), PIRN_ERR_INVALID_STATE);
        CHECK_OK(pirn_thread_start(thread));
        CHECK_OK(pirn_thread_join(thread));
        CHECK_OK(pirn_thread_exit_code(thread, &out));
        CHECK_EQ(out, codes[i]);
        CHECK_OK(pirn_thread_free(thread));
    }
    int32_t out = 99;
    CHECK_STATUS(pirn_thread_exit_code(main_thread(), &out), PIRN_ERR_INVALID_STATE);
    CHECK_EQ(out, 99);
}

TEST(no_exit_code_while_it_runs)
{
    int32_t out = 99;
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *thread = start_thread(gate_target, &gate);
    CHECK_STATUS(pirn_thread_exit_code(thread, &out), PIRN_ERR_INVALID_STATE);
    CHECK_EQ(out, 99);
    gate_open(&gate);
    join_and_free(thread);
}

TEST(join_before_the_start)
{
    pirn_thread_t *thread = new_thread(NULL, NULL);
    CHECK_STATUS(pirn_thread_join(thread), PIRN_ERR_NOT_STARTED);
    CHECK_STATUS(pirn_thread_join_timeout(thread, 0), PIRN_ERR_NOT_STARTED);
    CHECK_STATUS(pirn_thread_join_timeout(thread, 1), PIRN_ERR_NOT_STARTED);
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_free(thread));
}

static int32_t join_itself(void *arg)
{
    pirn_thread_t *self = current();
    (void)arg;
    CHECK_STATUS(pirn_thread_join(self), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_thread_join_timeout(self, 0), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_thread_join_timeout(self, 1), PIRN_ERR_DEADLOCK);
    CHECK(alive(self));
    CHECK_OK(pirn_thread_free(self));
    return 0;
}

TEST(join_of_itself)
{
    join_and_free(start_thread(join_itself, NULL));
    join_itself(NULL); /* the main thread */
    CHECK_STATUS(pirn_thread_join(main_thread()), PIRN_ERR_DEADLOCK);
}

/* Also where it has never asked who it is. */
TEST(main_joins_itself)
{
    CHECK_STATUS(pirn_thread_join_timeout(main_thread(), 0), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_thread_join(main_thread()), PIRN_ERR_DEADLOCK);
}

static void join_itself_alien(void *arg)
{
    join_itself(arg);
}

static pirn_status_t own_dummy(call_t *c)
{
    gate_t *gate = c->object;
    c->value = current();
    return gate_target(gate);
}

TEST(join_of_a_dummy)
{
    gate_t gate;
    call_t alien = {.make = own_dummy, .object = &gate};
    run_on(FOREIGN, join_itself_alien, NULL);
    gate_init(&gate);
    call_begin(&alien, FOREIGN);
    gate_await(&gate, 1);
    CHECK(alive(alien.value));
    CHECK_STATUS(pirn_thread_join(alien.value), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_thread_join_timeout(alien.value, 0), PIRN_ERR_DEADLOCK);
    gate_open(&gate);
    CHECK_OK(call_end(&alien));
}

TEST(joined_by_many_and_often)
{
    enum { JOINERS = 8 };
    call_t joiners[JOINERS];
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *thread = start_thread(gate_target, &gate);
    for (int i = 0; i < JOINERS; i++) {
        joiners[i] = (call_t){.make = make_join, .object = thread};
        call_begin_blocked(&joiners[i], (breed_t)(i % BREEDS));
    }
    gate_open(&gate);
    for (int i = 0; i < JOINERS; i++)
        CHECK_OK(call_end(&joiners[i]));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(pirn_thread_join(thread));
        CHECK_OK(pirn_thread_join_timeout(thread, 0));
    }
    CHECK_OK(pirn_thread_free(thread));
}

/* A thread that blocks its joiners; once ended it is replaced by the next. */
typedef struct joined {
    gate_t gate;
    pirn_thread_t *thread;
} joined_t;

static pirn_status_t join(void *joined) { return pirn_thread_join(((joined_t *)joined)->thread); }

static pirn_status_t join_timeout(void *joined, double seconds)
{
    return pirn_thread_join_timeout(((joined_t *)joined)->thread, seconds);
}

static pirn_status_t let_end(void *arg)
{
    joined_t *joined = arg;
    gate_open(&joined->gate);
    return pirn_thread_join(joined->thread);
}

static pirn_status_t start_next(void *arg)
{
    joined_t *joined = arg;
    gate_init(&joined->gate);
    joined->thread = start_thread(gate_target, &joined->gate);
    return PIRN_OK;
}

TEST(blocking_calls)
{
    static const blocking_t blocking = {
        .call = join, .timed = join_timeout, .wake = let_end, .rearm = start_next};
    joined_t joined;
    start_next(&joined);
    check_blocking(&blocking, &joined);
    CHECK_OK(let_end(&joined));
}

static int32_t publish_id(void *arg)
{
    *(uint64_t *)arg = pirn_get_native_id();
    return 0;
}

TEST(when_join_returns_it_is_gone)
{
    for (int i = 0; i < 300; i++) {
        uint64_t id = 0;
        pirn_thread_t *thread = start_thread(publish_id, &id);
        CHECK_OK(pirn_thread_join(thread));
        CHECK(!alive(thread));
        CHECK_EQ(pirn_active_count(), 1);
        /* joined, so already past its own code; the kernel drops the entry a moment later */
        AWAIT(thread_state(id) == 0);
        CHECK_OK(pirn_thread_free(thread));
    }
}

static pthread_key_t last_words;

static void say_last_words(void *said)
{
    await_sleeping((uint64_t)getpid()); /* the main thread, in the join of this one */
    STORE(*(bool *)said, true);
}

static int32_t leave_last_words(void *said)
{
    return pthread_setspecific(last_words, said);
}

TEST(join_waits_for_the_system_thread_s_own_destructors)
{
    bool said = false;
    CHECK_EQ(pthread_key_create(&last_words, say_last_words), 0);
    pirn_thread_t *thread = start_thread(leave_last_words, &said);
    CHECK_OK(pirn_thread_join(thread));
    CHECK(LOAD(said));
    CHECK_OK(pirn_thread_free(thread));
}

TEST(freeing_the_handle_lets_it_go_on)
{
    counted_t arg = {0};
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *waiting = start_thread(gate_target, &gate), *thread;
    CHECK_OK(pirn_thread_free(waiting));
    CHECK_OK(pirn_thread_new(count_run, &arg, count_free, &thread));
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_thread_free(thread));
    AWAIT(LOAD(arg.frees) == 1);
    CHECK_EQ(arg.runs, 1);
    gate_await(&gate, 1);
    gate_open(&gate);
    AWAIT(pirn_active_count() == 1);
}

static pirn_status_t start_it(call_t *c) { return pirn_thread_start(c->object); }

TEST(started_by_two_at_once)
{
    for (int i = 0; i < 300; i++) {
        counted_t arg = {0};
        call_t starters[2];
        int started = 0;
        pirn_thread_t *thread = new_thread(count_run, &arg);
        for (int k = 0; k < 2; k++) {
            starters[k] = (call_t){.make = start_it, .object = thread};
            call_begin(&starters[k], FOREIGN);
        }
        for (int k = 0; k < 2; k++) {
            pirn_status_t status = call_end(&starters[k]);
            CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_ERR_ALREADY_STARTED));
            started += status == PIRN_OK;
        }
        CHECK_EQ(started, 1);
        join_and_free(thread);
        CHECK_EQ(arg.runs, 1);
    }
}

/* The daemon flag. */

TEST(daemon_is_set_before_the_start)
{
    gate_t gate;
    gate_init(&gate);
    pirn_thread_t *thread = new_thread(gate_target, &gate);
    CHECK(!daemon_flag(main_thread()));
    CHECK(!daemon_flag(thread));
    CHECK_OK(pirn_thread_set_daemon(thread, true));
    CHECK(daemon_flag(thread));
    CHECK_OK(pirn_thread_set_daemon(thread, false));
    CHECK(!daemon_flag(thread));
    CHECK_OK(pirn_thread_start(thread));
    CHECK_STATUS(pirn_thread_set_daemon(thread, true), PIRN_ERR_ALREADY_STARTED);
    CHECK(!daemon_flag(thread));
    gate_open(&gate);
    CHECK_OK(pirn_thread_join(thread));
    CHECK_STATUS(pirn_thread_set_daemon(thread, true), PIRN_ERR_ALREADY_STARTED);
    CHECK_STATUS(pirn_thread_set_daemon(main_thread(), true), PIRN_ERR_ALREADY_STARTED);
    CHECK_OK(pirn_thread_free(thread));
}

static int32_t check_child_inherits(void *arg)
{
    pirn_thread_t *self = current(), *child = new_thread(NULL, NULL);
    CHECK_EQ(daemon_flag(self), *(bool *)arg);
    CHECK_EQ(daemon_flag(child), *(bool *)arg);
    CHECK_OK(pirn_thread_free(child));
    CHECK_OK(pirn_thread_free(self));
    return 0;
}

TEST(daemon_is_inherited_from_the_creator)
{
    static bool flags[] = {false, true};
    for (size_t i = 0; i < LENGTH(flags); i++) {
        pirn_thread_t *thread = new_thread(check_child_inherits, &flags[i]);
        CHECK_OK(pirn_thread_set_daemon(thread, flags[i]));
        CHECK_OK(pirn_thread_start(thread));
        CHECK_OK(pirn_thread_join(thread));
        CHECK_OK(pirn_thread_free(thread));
    }
}

static void check_alien_creator(void *arg)
{
    pirn_thread_t *before = new_thread(NULL, NULL), *self = current(), *after = new_thread(NULL, NULL);
    (void)arg;
    CHECK(daemon_flag(self));
    CHECK(!daemon_flag(before));
    CHECK(!daemon_flag(after));
    CHECK_OK(pirn_thread_free(before));
    CHECK_OK(pirn_thread_free(after));
    CHECK_OK(pirn_thread_free(self));
}

TEST(a_thread_made_by_an_alien_is_no_daemon)
{
    run_on(FOREIGN, check_alien_creator, NULL);
}

/* The system's refusals and stack sizes. */

TEST(a_refused_start_may_be_tried_again)
{
    counted_t arg = {0};
    pirn_thread_t *thread;
    struct rlimit before = forbid_threads();
    CHECK_OK(pirn_thread_new(count_run, &arg, count_free, &thread));
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(pirn_thread_start(thread), PIRN_ERR_NO_THREAD);
        CHECK(!alive(thread));
        CHECK_EQ(pirn_active_count(), 1);
        CHECK_STATUS(pirn_thread_join(thread), PIRN_ERR_NOT_STARTED);
        CHECK_COUNTED(&arg, 0, 0);
    }
    CHECK_OK(pirn_thread_set_daemon(thread, true));
    allow_threads(before);
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_COUNTED(&arg, 1, 1);
    CHECK_OK(pirn_thread_free(thread));
}

TEST(stack_sizes)
{
    static const size_t refused[] = {1, 2, 4096, 32767};
    CHECK_EQ(pirn_stack_size(), 0);
    for (size_t i = 0; i < LENGTH(refused); i++) {
        CHECK_STATUS(pirn_set_stack_size(refused[i]), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_EQ(pirn_stack_size(), 0);
    }
    CHECK_OK(pirn_set_stack_size(1 << 20));
    CHECK_EQ(pirn_stack_size(), 1 << 20);
    for (size_t i = 0; i < LENGTH(refused); i++) {
        CHECK_STATUS(pirn_set_stack_size(refused[i]), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_EQ(pirn_stack_size(), 1 << 20);
    }
    CHECK_OK(pirn_set_stack_size(0));
    CHECK_EQ(pirn_stack_size(), 0);
}

static int32_t measure_stack(void *arg)
{
    pthread_attr_t attributes;
    CHECK_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
    CHECK_EQ(pthread_attr_getstacksize(&attributes, arg), 0);
    pthread_attr_destroy(&attributes);
    return 0;
}

static size_t stack_of_a_new_thread(void)
{
    size_t size = 0;
    join_and_free(start_thread(measure_stack, &size));
    return size;
}

TEST(stack_sizes_hold_for_later_threads)
{
    static const size_t sizes[] = {(size_t)64 << 20, 300001, 32769, 32768};
    size_t usual = stack_of_a_new_thread();
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        CHECK_OK(pirn_set_stack_size(sizes[i]));
        size_t size = stack_of_a_new_thread();
        CHECK(size >= sizes[i] && size < sizes[i] + ((size_t)1 << 20));
    }
    CHECK_OK(pirn_set_stack_size(0));
    CHECK_EQ(stack_of_a_new_thread(), usual);
}

static int32_t fill_stack(void *arg)
{
    volatile char bytes[(size_t)24 << 20];
    for (size_t i = 0; i < sizeof bytes; i += 4096)
        bytes[i] = (char)i;
    *(char *)arg = bytes[4096 * 3];
    return 0;
}

TEST(a_large_stack_can_be_used)
{
    char byte = 1;
    CHECK_OK(pirn_set_stack_size((size_t)32 << 20));
    join_and_free(start_thread(fill_stack, &byte));
    CHECK_EQ(byte, 0);
}

/* The default excepthook still runs while the thread is alive: here it is held up by a pipe that is full. */
static int32_t fail(void *arg)
{
    STORE(*(uint64_t *)arg, pirn_get_native_id());
    return pirn_raise(3, "held up");
}

TEST(alive_through_the_excepthook)
{
    int ends[2], real = dup(STDERR_FILENO);
    uint64_t id = 0;
    char byte = 0;
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    while (write(ends[1], &byte, 1) == 1)
        continue;
    CHECK_EQ(fcntl(ends[1], F_SETFL, 0), 0);
    CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
    pirn_thread_t *thread = start_thread(fail, &id);
    AWAIT(LOAD(id));
    await_sleeping(id);
    bool was_alive = alive(thread);
    pirn_status_t joined = pirn_thread_join_timeout(thread, 0);
    dup2(real, STDERR_FILENO); /* the checks below may have to say something */
    CHECK(was_alive);
    CHECK_STATUS(joined, PIRN_TIMED_OUT);
    CHECK_EQ(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    while (pirn_thread_join_timeout(thread, 0) != PIRN_OK)
        if (read(ends[0], &byte, 1) < 0)
            sched_yield();
    CHECK(!alive(thread));
    CHECK_OK(pirn_thread_free(thread));
}
