/* Thread-local values at the end: of a thread of any kind, of the process, of what a fork left behind. */
#include "child.h"
#include "local.h"

static pirn_thread_t *current(void)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_current_thread(&thread));
    return thread;
}

static pirn_local_t *local;
static pirn_thread_t *ending;
static int freed;

/* On the ending thread itself, which is no longer enumerated and which no join has returned for. */
static void free_at_the_end(void *arg)
{
    uint64_t *id = arg;
    pirn_thread_t *self = current();
    CHECK_EQ(id_of(self), *id);
    CHECK(!is_enumerated(*id));
    CHECK_STATUS(pirn_thread_join(self), PIRN_ERR_DEADLOCK);
    CHECK_OK(pirn_thread_free(self));
    check_absent(local, "absent");
    ADD(freed, 1);
}

static int32_t set_two_values(void *id)
{
    CHECK(is_enumerated(*(uint64_t *)id));
    CHECK_OK(pirn_local_set(local, NULL, id, free_at_the_end));
    CHECK_OK(pirn_local_set(local, "name", id, free_at_the_end));
    return 0;
}

TEST(a_pirn_thread_frees_before_any_join_returns)
{
    local = new_local();
    for (int i = 1; i <= 200; i++) {
        uint64_t id;
        CHECK_OK(pirn_thread_new(set_two_values, &id, NULL, &ending));
        id = id_of(ending);
        CHECK_OK(pirn_thread_start(ending));
        CHECK_OK(pirn_thread_join(ending));
        CHECK_EQ(freed, 2 * i);
        CHECK_OK(pirn_thread_free(ending));
    }
    CHECK_OK(pirn_local_free(local));
    CHECK_EQ(freed, 400);
}

static pirn_status_t make_join(call_t *c) { return pirn_thread_join(c->object); }

static void free_at_the_gate(void *gate) { gate_target(gate); }

static int32_t set_gate(void *gate)
{
    CHECK_OK(pirn_local_set(local, NULL, gate, free_at_the_gate));
    return 5;
}

/* A value's free that takes its time holds up every join, though the thread is not alive any more. */
TEST(joins_wait_for_the_frees)
{
    gate_t gate;
    call_t join = {.make = make_join};
    int32_t code;
    gate_init(&gate);
    local = new_local();
    pirn_thread_t *thread = start_thread(set_gate, &gate);
    gate_await(&gate, 1);
    CHECK_EQ(pirn_active_count(), 1);
    CHECK_STATUS(pirn_thread_join_timeout(thread, 0), PIRN_TIMED_OUT);
    CHECK_STATUS(pirn_thread_join_timeout(thread, 0.01), PIRN_TIMED_OUT);
    CHECK(!alive(thread));
    CHECK_OK(pirn_thread_exit_code(thread, &code));
    CHECK_EQ(code, 5);
    join.object = thread;
    call_begin_blocked(&join, FOREIGN);
    gate_open(&gate);
    CHECK_OK(call_end(&join));
    CHECK_OK(pirn_thread_free(thread));
}

static pthread_key_t key;

static void set_in_destructor(void *value) { CHECK_OK(pirn_local_set(local, NULL, value, count_free)); }

static int32_t leave_to_destructor(void *value)
{
    CHECK_OK(pirn_local_set(local, "name", value, count_free));
    CHECK_EQ(pthread_setspecific(key, value), 0);
    return 0;
}

static void leave_to_destructor_alien(void *value) { leave_to_destructor(value); }

/* What the destructors of others set, which run after the target, is freed as well. */
TEST(values_set_in_destructors_of_others)
{
    CHECK_EQ(pthread_key_create(&key, set_in_destructor), 0);
    local = new_local();
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        counted_t value = {0};
        run_on(breed, leave_to_destructor_alien, &value);
        CHECK_EQ(value.frees, 2);
    }
    CHECK_OK(pirn_local_free(local));
}

static void set_alien(void *value)
{
    CHECK_OK(pirn_local_set(local, NULL, value, count_free));
    CHECK_EQ(pirn_active_count(), 1); /* that registers nobody */
}

static void check_is_no_ghost(void *value)
{
    pirn_thread_t *self = current();
    uint64_t id = id_of(self);
    CHECK_OK(pirn_thread_free(self));
    self = current();
    CHECK_EQ(id_of(self), id);
    CHECK_OK(pirn_thread_free(self));
    count_free(value);
}

static void set_ghostly(void *value)
{
    CHECK_OK(pirn_local_set(local, NULL, value, check_is_no_ghost));
}

static void set_as_a_dummy(void *value)
{
    pirn_thread_t *self = current();
    static uint64_t id;
    id = id_of(self);
    CHECK_OK(pirn_local_set(local, NULL, &id, free_at_the_end));
    CHECK_OK(pirn_local_set(local, "name", value, count_free));
    CHECK_OK(pirn_thread_free(self));
}

TEST(a_foreign_thread_frees_at_its_end)
{
    static void (*const lives[])(void *) = {set_alien, set_ghostly, set_as_a_dummy};
    local = new_local();
    for (size_t i = 0; i < LENGTH(lives); i++)
        for (int round = 0; round < 20; round++) {
            counted_t value = {0};
            run_on(FOREIGN, lives[i], &value);
            CHECK_EQ(value.frees, 1);
            CHECK_EQ(pirn_active_count(), 1);
        }
    CHECK_EQ(freed, 20);
    CHECK_OK(pirn_local_free(local));
}

static void set_any(void *value) { CHECK_OK(pirn_local_set(local, NULL, value, count_free)); }

/* Where the system has no key left there is still pirn's. */
TEST(values_are_freed_where_no_key_is_left)
{
    pthread_key_t spare;
    while (pthread_key_create(&spare, NULL) == 0)
        continue;
    local = new_local();
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        counted_t value = {0};
        run_on(breed, set_any, &value);
        CHECK_EQ(value.frees, 1);
    }
}

enum { CHAIN = 12 };

static pirn_local_t *chain[CHAIN];

static void free_and_set_next(void *arg)
{
    int next = (int)(intptr_t)arg + 1;
    ADD(freed, 1);
    if (next < CHAIN)
        CHECK_OK(pirn_local_set(chain[next], NULL, (void *)(intptr_t)next, free_and_set_next));
}

static void set_first(void *unused)
{
    CHECK_OK(pirn_local_set(chain[0], NULL, unused, free_and_set_next));
}

/* A freed value sets the next. */
TEST(values_that_frees_set_are_freed)
{
    for (int i = 0; i < CHAIN; i++)
        chain[i] = new_local();
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        freed = 0;
        run_on(breed, set_first, NULL);
        CHECK_EQ(freed, CHAIN);
    }
}

static void free_and_set_the_same(void *value)
{
    ADD(freed, 1);
    CHECK_OK(pirn_local_set(local, NULL, value, free_and_set_the_same));
}

static void set_the_same(void *value)
{
    CHECK_OK(pirn_local_set(local, NULL, value, free_and_set_the_same));
}

/* The thread ends though its values never do. */
TEST(a_value_that_always_sets_itself_again_holds_nobody_up)
{
    skip_if(UNDER_TSAN, "ThreadSanitizer has ended the thread before the last round");
    local = new_local();
    for (breed_t breed = 0; breed < BREEDS; breed++)
        run_on(breed, set_the_same, NULL);
    CHECK(freed > 0);
    CHECK_EQ(pirn_active_count(), 1);
}

static void free_the_local(void *unused)
{
    (void)unused;
    CHECK_OK(pirn_local_free(local));
    ADD(freed, 1);
}

static void leave_the_local_s_free(void *value)
{
    CHECK_OK(pirn_local_set(local, NULL, NULL, free_the_local));
    CHECK_OK(pirn_local_set(local, "name", value, count_free));
}

TEST(freed_by_a_value_at_the_end)
{
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        counted_t value = {0};
        local = new_local();
        run_on(breed, leave_the_local_s_free, &value);
        CHECK_EQ(value.frees, 1);
        CHECK_STATUS(pirn_local_free(local), PIRN_ERR_INVALID_HANDLE);
    }
    CHECK_EQ(freed, 2);
}

/* Ends against a free: every value is freed once. */

typedef struct racer {
    counted_t *values;
    bool *go;
} racer_t;

static void set_and_end(void *arg)
{
    racer_t *racer = arg;
    AWAIT(LOAD(*racer->go));
    for (int i = 0; i < 4; i++) /* a refused value, too, is freed */
        CHECK_AMONG(pirn_local_set(local, i % 2 ? "name" : NULL, racer->values, count_free),
                    BIT(PIRN_OK) | BIT(PIRN_ERR_INVALID_HANDLE));
}

TEST(ends_race_with_the_free)
{
    enum { THREADS = 3, ROUNDS = 1000 };
    for (int round = 0; round < ROUNDS; round++) {
        counted_t values = {0};
        bool go = false;
        racer_t racers[THREADS];
        runner_t runners[THREADS];
        local = new_local();
        for (int i = 0; i < THREADS; i++) {
            racers[i] = (racer_t){&values, &go};
            runner_start(&runners[i], (breed_t)(i % BREEDS), set_and_end, &racers[i]);
        }
        STORE(go, true);
        for (int i = 0; i < round % 50; i++)
            sched_yield();
        CHECK_OK(pirn_local_free(local));
        for (int i = 0; i < THREADS; i++)
            runner_join(&runners[i]);
        CHECK_EQ(values.frees, 4 * THREADS);
    }
}

/* The process's end. */

static void say_freed(void *text) { SAY("freed %s\n", (char *)text); }

static int32_t set_text(void *text)
{
    CHECK_OK(pirn_local_set(local, NULL, text, say_freed));
    return 0;
}

static int32_t set_text_late(void *text)
{
    CHECK_OK(pirn_event_wait(stage));
    await_sleeping((uint64_t)getpid()); /* main, which joins this one */
    return set_text(text);
}

static int32_t use_in_callback(void *text)
{
    check_value(local, NULL, text);
    return say("a callback");
}

static void say_at_exit(void) { SAY("an earlier handler\n"); }

CHILD(returns_from_main)
{
    atexit(say_at_exit);
    local = new_local();
    make_stage();
    set_text("main's");
    at_shutdown(set_stage, NULL);
    at_shutdown(use_in_callback, "main's");
    start_and_let_go(set_text_late, "a thread's");
}

TEST(main_s_values_are_freed_when_all_threads_are_joined)
{
    check_child("returns_from_main", 0, "a callback\nfreed a thread's\nfreed main's\nan earlier handler\n");
}

CHILD(shuts_down_and_goes_on)
{
    local = new_local();
    set_text("main's");
    CHECK_OK(pirn_shutdown());
    SAY("shut down\n");
    set_text("main's second");
    SAY("main ends\n");
}

TEST(locals_outlive_the_shutdown)
{
    check_child("shuts_down_and_goes_on", 0,
                "shut down\nfreed main's\nmain ends\nfreed main's second\n");
}

static int32_t exit_with_a_value(void *text)
{
    set_text(text);
    exit(3);
}

CHILD(exits_in_a_thread)
{
    local = new_local();
    start_and_let_go(exit_with_a_value, "the exiting thread's");
    sleep_forever(NULL);
}

TEST(who_exits_frees_its_values)
{
    check_child("exits_in_a_thread", 3, "freed the exiting thread's\n");
}

CHILD(exits_by_pthread_exit)
{
    local = new_local();
    set_text("main's");
    start_and_let_go(set_text, "a thread's");
    pthread_exit(NULL);
}

TEST(main_ends_by_pthread_exit)
{
    skip_if(UNDER_TSAN, "ThreadSanitizer does not end such a process");
    outcome_t outcome;
    run_child("exits_by_pthread_exit", &outcome);
    CHECK_EQ(outcome.status, 0);
    CHECK(strstr(outcome.out, "freed main's\n"));
    CHECK(strstr(outcome.out, "freed a thread's\n"));
}

static int32_t set_and_sleep(void *unused)
{
    set_text("never freed");
    set_stage(NULL);
    return sleep_forever_target(unused);
}

CHILD(leaves_a_daemon_with_a_value)
{
    pirn_thread_t *daemon;
    local = new_local();
    make_stage();
    CHECK_OK(pirn_thread_new(set_and_sleep, NULL, NULL, &daemon));
    CHECK_OK(pirn_thread_set_daemon(daemon, true));
    CHECK_OK(pirn_thread_start(daemon));
    CHECK_OK(pirn_event_wait(stage));
}

TEST(a_daemon_s_values_go_with_the_process)
{
    check_child("leaves_a_daemon_with_a_value", 0, "");
}

/* fork. */

typedef struct family {
    counted_t own, other, late;
    pirn_local_t *local;
} family_t;

static void use_values_in_child(void *arg)
{
    family_t *family = arg;
    check_value(family->local, NULL, &family->own);
    check_value(family->local, "name", &family->own);
    CHECK_OK(pirn_local_set(family->local, NULL, &family->late, count_free));
    CHECK_EQ(family->own.frees, 1);
    pirn_local_t *another = new_local();
    CHECK_OK(pirn_local_set(another, NULL, &family->late, count_free));
    CHECK_OK(pirn_local_free(another));
    CHECK_OK(pirn_local_free(family->local));
    CHECK_EQ(family->own.frees, 2);
    CHECK_EQ(family->late.frees, 2);
    CHECK_EQ(family->other.frees, 0); /* its thread does not exist here */
}

static void hold_in_parent(void *arg)
{
    family_t *family = arg;
    CHECK_OK(pirn_local_set(family->local, NULL, &family->other, count_free));
    STORE(family->other.runs, 1);
    CHECK_OK(pirn_event_wait(stage));
    check_value(family->local, NULL, &family->other);
}

static void fork_with_values(void *arg)
{
    family_t *family = arg;
    CHECK_OK(pirn_local_set(family->local, NULL, &family->own, count_free));
    CHECK_OK(pirn_local_set(family->local, "name", &family->own, count_free));
    in_forked_child(use_values_in_child, family);
    check_value(family->local, NULL, &family->own);
}

TEST(the_child_has_the_values_of_its_thread)
{
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        family_t family = {.local = new_local()};
        runner_t other;
        make_stage();
        runner_start(&other, (breed_t)(1 - breed), hold_in_parent, &family);
        AWAIT(LOAD(family.other.runs));
        run_on(breed, fork_with_values, &family);
        set_stage(NULL);
        runner_join(&other);
        CHECK_EQ(family.own.frees, 2);
        CHECK_EQ(family.other.frees, 1);
        CHECK_OK(pirn_local_free(family.local));
    }
}
