/* Thread-local data: attributes, init, frees. When values are freed at a thread's end is local_end_test.c's. */
#include "local.h"
#include "text.h"

TEST(absent_set_and_deleted)
{
    static const char *const names[] = {NULL, "", "name", "another name", "n\xc3\xa4me"};
    pirn_local_t *local = new_local();
    counted_t values[LENGTH(names)] = {{0, 0}};
    for (size_t i = 0; i < LENGTH(names); i++) {
        check_absent(local, names[i]);
        CHECK_STATUS(pirn_local_delete(local, names[i]), PIRN_ERR_NOT_FOUND);
        CHECK_OK(pirn_local_set(local, names[i], &values[i], count_free));
        for (size_t k = 0; k <= i; k++)
            check_value(local, names[k], &values[k]);
    }
    for (size_t i = 0; i < LENGTH(names); i++) {
        CHECK_EQ(values[i].frees, 0);
        CHECK_OK(pirn_local_delete(local, names[i]));
        CHECK_EQ(values[i].frees, 1);
        check_absent(local, names[i]);
        CHECK_STATUS(pirn_local_delete(local, names[i]), PIRN_ERR_NOT_FOUND);
    }
    CHECK_OK(pirn_local_free(local));
    for (size_t i = 0; i < LENGTH(names); i++)
        CHECK_EQ(values[i].frees, 1);
}

TEST(null_is_a_value)
{
    pirn_local_t *local = new_local();
    void *value = UNTOUCHED;
    CHECK_OK(pirn_local_set(local, NULL, NULL, NULL));
    CHECK_OK(pirn_local_get(local, NULL, &value));
    CHECK(value == NULL);
    CHECK_OK(pirn_local_delete(local, NULL));
    check_absent(local, NULL);
    CHECK_OK(pirn_local_free(local));
}

TEST(set_again_frees_the_old_value)
{
    static const char *const names[] = {NULL, "name"};
    for (size_t i = 0; i < LENGTH(names); i++) {
        pirn_local_t *local = new_local();
        counted_t old = {0}, new = {0};
        CHECK_OK(pirn_local_set(local, names[i], &old, count_free));
        CHECK_OK(pirn_local_set(local, names[i], &new, count_free));
        CHECK_EQ(old.frees, 1);
        check_value(local, names[i], &new);
        CHECK_OK(pirn_local_set(local, names[i], &old, NULL));
        CHECK_EQ(new.frees, 1);
        CHECK_OK(pirn_local_free(local));
        CHECK_EQ(old.frees, 1);
    }
}

TEST(names_are_utf8_of_any_length)
{
    enum { LENGTH_OF_NAME = 100000 };
    pirn_local_t *local = new_local();
    counted_t value = {0};
    char *name = malloc(LENGTH_OF_NAME + 1);
    memset(name, 'n', LENGTH_OF_NAME);
    name[LENGTH_OF_NAME] = '\0';
    CHECK_OK(pirn_local_set(local, name, &value, count_free));
    check_value(local, name, &value);
    name[LENGTH_OF_NAME - 1] = '\0';
    check_absent(local, name);
    free(name);
    for (size_t i = 0; i < LENGTH(malformed_texts); i++) {
        void *out = UNTOUCHED;
        CHECK_REFUSED(pirn_local_set(local, malformed_texts[i], &value, count_free), PIRN_ERR_INVALID_ARGUMENT,
                      &value);
        CHECK_STATUS(pirn_local_get(local, malformed_texts[i], &out), PIRN_ERR_INVALID_ARGUMENT);
        CHECK(out == UNTOUCHED);
        CHECK_STATUS(pirn_local_delete(local, malformed_texts[i]), PIRN_ERR_INVALID_ARGUMENT);
    }
    CHECK_OK(pirn_local_free(local));
}

TEST(null_out_parameters)
{
    counted_t arg = {0};
    pirn_local_t *local = new_local();
    CHECK_REFUSED(pirn_local_new(count_run, &arg, count_free, NULL), PIRN_ERR_INVALID_ARGUMENT, &arg);
    CHECK_STATUS(pirn_local_get(local, NULL, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_local_set(local, NULL, &arg, NULL));
    CHECK_STATUS(pirn_local_get(local, NULL, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_local_free(local));
}

/* More than the system has keys, in an order in which the tables grow and shrink. */
TEST(any_number_of_objects)
{
    enum { LOCALS = 5000 };
    static pirn_local_t *locals[LOCALS];
    static counted_t values[LOCALS];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < LOCALS; i++) {
            locals[i] = new_local();
            CHECK_OK(pirn_local_set(locals[i], NULL, &values[i], count_free));
        }
        for (int i = 0; i < LOCALS; i++)
            check_value(locals[i], NULL, &values[i]);
        for (int i = 0; i < LOCALS; i += 2)
            CHECK_OK(pirn_local_free(locals[i]));
        for (int i = 0; i < LOCALS; i++) {
            void *out;
            CHECK_STATUS(pirn_local_get(locals[i], NULL, &out), i % 2 ? PIRN_OK : PIRN_ERR_INVALID_HANDLE);
            CHECK_EQ(values[i].frees, round + (i % 2 ? 0 : 1));
        }
        for (int i = 1; i < LOCALS; i += 2)
            CHECK_OK(pirn_local_free(locals[i]));
    }
    for (int i = 0; i < LOCALS; i++)
        CHECK_EQ(values[i].frees, 2);
}

TEST(any_number_of_attributes)
{
    enum { NAMES = 5000 };
    static counted_t values[NAMES];
    char name[32];
    pirn_local_t *local = new_local();
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "attribute %d", i * 7919 % NAMES);
        CHECK_OK(pirn_local_set(local, name, &values[i * 7919 % NAMES], count_free));
    }
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "attribute %d", i);
        check_value(local, name, &values[i]);
        if (i % 2)
            CHECK_OK(pirn_local_delete(local, name));
    }
    for (int i = 0; i < NAMES; i++)
        CHECK_EQ(values[i].frees, i % 2);
    CHECK_OK(pirn_local_free(local));
    for (int i = 0; i < NAMES; i++)
        CHECK_EQ(values[i].frees, 1);
}

/* Short-lived objects in a thread that lives on: what they leave behind is used again. */
TEST(objects_come_and_go)
{
    counted_t value = {0};
    pirn_local_t *kept = new_local();
    CHECK_OK(pirn_local_set(kept, "name", &value, NULL));
    for (int i = 0; i < 100000; i++) {
        pirn_local_t *local = new_local();
        CHECK_OK(pirn_local_set(local, i % 2 ? "name" : NULL, &value, count_free));
        CHECK_OK(pirn_local_free(local));
        CHECK_STATUS(pirn_local_set(local, NULL, NULL, NULL), PIRN_ERR_INVALID_HANDLE);
    }
    CHECK_EQ(value.frees, 100000);
    check_value(kept, "name", &value);
    CHECK_OK(pirn_local_free(kept));
}

/* Threads. */

static pirn_local_t *shared;

static void use_own_value(void *arg)
{
    counted_t *own = arg;
    check_absent(shared, NULL);
    check_absent(shared, "name");
    CHECK_OK(pirn_local_set(shared, NULL, own, NULL));
    CHECK_OK(pirn_local_set(shared, "name", own, NULL));
    for (int i = 0; i < 1000; i++) {
        check_value(shared, NULL, own);
        check_value(shared, "name", own);
        if (i % 16 == 0)
            sched_yield();
    }
    CHECK_OK(pirn_local_delete(shared, NULL));
    check_absent(shared, NULL);
    check_value(shared, "name", own);
}

TEST(each_thread_has_its_own)
{
    enum { THREADS = 8 };
    counted_t values[THREADS] = {{0, 0}}, mine = {0};
    shared = new_local();
    CHECK_OK(pirn_local_set(shared, NULL, &mine, NULL));
    run_on_all(THREADS, use_own_value, values, sizeof *values);
    check_value(shared, NULL, &mine);
    check_absent(shared, "name");
    CHECK_OK(pirn_local_free(shared));
}

typedef struct holder {
    counted_t value, named;
    int *set;
    bool *over;
} holder_t;

static void hold_values(void *arg)
{
    holder_t *holder = arg;
    void *out = UNTOUCHED;
    CHECK_OK(pirn_local_set(shared, NULL, &holder->value, count_free));
    CHECK_OK(pirn_local_set(shared, "name", &holder->named, count_free));
    ADD(*holder->set, 1);
    AWAIT(LOAD(*holder->over));
    CHECK_STATUS(pirn_local_get(shared, NULL, &out), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_local_get(shared, "name", &out), PIRN_ERR_INVALID_HANDLE);
    CHECK(out == UNTOUCHED);
    CHECK_REFUSED(pirn_local_set(shared, NULL, &holder->value, count_free), PIRN_ERR_INVALID_HANDLE,
                  &holder->value);
}

static void free_shared(void *over)
{
    CHECK_OK(pirn_local_free(shared));
    STORE(*(bool *)over, true);
}

TEST(a_free_frees_every_thread_s_values)
{
    enum { THREADS = 6 };
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        int set = 0;
        bool over = false;
        holder_t holders[THREADS];
        runner_t runners[THREADS];
        shared = new_local();
        for (int i = 0; i < THREADS; i++) {
            holders[i] = (holder_t){.set = &set, .over = &over};
            runner_start(&runners[i], (breed_t)(i % BREEDS), hold_values, &holders[i]);
        }
        AWAIT(LOAD(set) == THREADS);
        for (int i = 0; i < THREADS; i++)
            CHECK_EQ(LOAD(holders[i].value.frees) + LOAD(holders[i].named.frees), 0);
        run_on(breed, free_shared, &over);
        for (int i = 0; i < THREADS; i++) {
            runner_join(&runners[i]);
            CHECK_EQ(holders[i].value.frees, 2);
            CHECK_EQ(holders[i].named.frees, 1);
        }
    }
}

/* Init. */

static int32_t init_value(void *arg)
{
    counted_t *inits = arg;
    check_absent(shared, NULL);
    ADD(inits->runs, 1);
    CHECK_OK(pirn_local_set(shared, NULL, inits, NULL));
    check_value(shared, NULL, inits);
    return 0;
}

static void get_first(void *inits) { check_value(shared, NULL, inits); }

static void set_first(void *inits)
{
    CHECK_OK(pirn_local_set(shared, "name", inits, NULL));
    check_value(shared, NULL, inits);
}

static void delete_first(void *inits)
{
    (void)inits;
    CHECK_OK(pirn_local_delete(shared, NULL));
    check_absent(shared, NULL);
}

TEST(init_runs_once_on_each_thread)
{
    static void (*const firsts[])(void *) = {get_first, set_first, delete_first};
    counted_t inits = {0};
    int expected = 0;
    CHECK_OK(pirn_local_new(init_value, &inits, count_free, &shared));
    CHECK_EQ(inits.runs, 0);
    for (size_t i = 0; i < LENGTH(firsts); i++)
        for (breed_t breed = 0; breed < BREEDS; breed++) {
            run_on(breed, firsts[i], &inits);
            CHECK_EQ(inits.runs, ++expected);
        }
    get_first(&inits);
    delete_first(&inits);
    CHECK_EQ(inits.runs, expected + 1);
    CHECK_EQ(inits.frees, 0);
    CHECK_OK(pirn_local_free(shared));
    CHECK_EQ(inits.frees, 1);
}

TEST(no_init_gives_its_argument_back)
{
    counted_t arg = {0};
    CHECK_OK(pirn_local_new(NULL, &arg, count_free, &shared));
    CHECK_EQ(arg.frees, 1);
    CHECK_OK(pirn_local_free(shared));
    CHECK_EQ(arg.frees, 1);
}

typedef struct failing {
    int failures_left, runs;
    counted_t value, named;
} failing_t;

static int32_t fail_at_first(void *arg)
{
    failing_t *failing = arg;
    failing->runs++;
    check_absent(shared, NULL);
    check_absent(shared, "name");
    CHECK_OK(pirn_local_set(shared, NULL, &failing->value, count_free));
    CHECK_OK(pirn_local_set(shared, "name", &failing->named, count_free));
    return failing->failures_left-- > 0 ? pirn_raise(7, "not yet") : 0;
}

static void check_failed(pirn_status_t status)
{
    CHECK_STATUS(status, PIRN_ERR_TASK_FAILED);
    CHECK_STR(pirn_last_error(), "not yet");
    CHECK_EQ(pirn_last_code(), 7);
}

TEST(an_init_that_fails_runs_again)
{
    failing_t failing = {.failures_left = 3};
    counted_t refused = {0};
    void *out = UNTOUCHED;
    CHECK_OK(pirn_local_new(fail_at_first, &failing, NULL, &shared));
    check_failed(pirn_local_get(shared, NULL, &out));
    CHECK(out == UNTOUCHED);
    CHECK_EQ(failing.value.frees, 1);
    CHECK_EQ(failing.named.frees, 1);
    check_failed(pirn_local_set(shared, NULL, &refused, count_free));
    CHECK_EQ(refused.frees, 1);
    check_failed(pirn_local_delete(shared, NULL));
    CHECK_EQ(failing.named.frees, 3);
    CHECK_EQ(failing.runs, 3);
    check_value(shared, "name", &failing.named);
    check_value(shared, NULL, &failing.value);
    CHECK_EQ(failing.runs, 4);
    CHECK_OK(pirn_local_free(shared));
    CHECK_EQ(failing.value.frees, 4);
}

static int32_t free_in_init(void *arg)
{
    counted_t *inits = arg;
    inits->runs++;
    CHECK_OK(pirn_local_set(shared, NULL, inits, count_free));
    CHECK_OK(pirn_local_free(shared));
    CHECK_EQ(inits->frees, 1);
    return 0;
}

TEST(freed_by_its_init)
{
    counted_t inits = {0}, refused = {0};
    void *out = UNTOUCHED;
    CHECK_OK(pirn_local_new(free_in_init, &inits, NULL, &shared));
    CHECK_REFUSED(pirn_local_set(shared, NULL, &refused, count_free), PIRN_ERR_INVALID_HANDLE, &refused);
    CHECK_STATUS(pirn_local_get(shared, NULL, &out), PIRN_ERR_INVALID_HANDLE);
    CHECK_EQ(inits.runs, 1);
    inits = (counted_t){0};
    CHECK_OK(pirn_local_new(free_in_init, &inits, NULL, &shared));
    CHECK_STATUS(pirn_local_get(shared, NULL, &out), PIRN_ERR_INVALID_HANDLE);
    CHECK(out == UNTOUCHED);
}

static int32_t init_through_another(void *arg)
{
    static pirn_local_t *more[64];
    void *out;
    (void)arg;
    CHECK_STATUS(pirn_local_get(shared, "absent", &out), PIRN_ERR_NOT_FOUND); /* runs the other's init */
    for (size_t i = 0; i < LENGTH(more); i++) {
        more[i] = new_local();
        CHECK_OK(pirn_local_set(more[i], NULL, more, NULL));
    }
    return 0;
}

TEST(an_init_uses_other_objects)
{
    counted_t inits = {0};
    pirn_local_t *outer;
    void *out;
    CHECK_OK(pirn_local_new(init_value, &inits, NULL, &shared));
    CHECK_OK(pirn_local_new(init_through_another, NULL, NULL, &outer));
    CHECK_STATUS(pirn_local_get(outer, NULL, &out), PIRN_ERR_NOT_FOUND);
    CHECK_EQ(inits.runs, 1);
    check_value(shared, NULL, &inits);
    CHECK_OK(pirn_local_free(outer));
    CHECK_OK(pirn_local_free(shared));
}

/* What a value's free may do. */

static int freed;

static void free_and_look(void *arg)
{
    counted_t *next = arg;
    freed++;
    check_value(shared, "name", next);
    CHECK_OK(pirn_local_set(shared, "another", next, count_free));
}

static void free_and_set_again(void *arg)
{
    freed++;
    CHECK_OK(pirn_local_set(shared, NULL, arg, count_free));
}

static void free_and_free_all(void *arg)
{
    (void)arg;
    freed++;
    CHECK_OK(pirn_local_free(shared));
}

static void free_and_be_refused(void *arg)
{
    void *out;
    freed++;
    CHECK_STATUS(pirn_local_get(shared, NULL, &out), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_local_free(shared), PIRN_ERR_INVALID_HANDLE);
    CHECK_REFUSED(pirn_local_set(shared, NULL, arg, count_free), PIRN_ERR_INVALID_HANDLE, (counted_t *)arg);
}

TEST(a_value_s_free_uses_the_object)
{
    counted_t value = {0};
    shared = new_local();
    CHECK_OK(pirn_local_set(shared, "name", &value, NULL));
    CHECK_OK(pirn_local_set(shared, NULL, &value, free_and_look));
    CHECK_OK(pirn_local_delete(shared, NULL));
    check_value(shared, "another", &value);
    CHECK_OK(pirn_local_set(shared, NULL, &value, free_and_set_again));
    CHECK_OK(pirn_local_set(shared, NULL, NULL, NULL)); /* which the old value's free replaces */
    check_value(shared, NULL, &value);
    CHECK_EQ(freed, 2);
    CHECK_OK(pirn_local_set(shared, "last", &value, free_and_be_refused));
    CHECK_OK(pirn_local_free(shared));
    CHECK_EQ(freed, 3);
    CHECK_EQ(value.frees, 3);
}

TEST(freed_by_a_value_s_free)
{
    counted_t value = {0};
    void *out;
    shared = new_local();
    CHECK_OK(pirn_local_set(shared, "name", &value, count_free));
    CHECK_OK(pirn_local_set(shared, NULL, NULL, free_and_free_all));
    CHECK_OK(pirn_local_delete(shared, NULL));
    CHECK_EQ(freed, 1);
    CHECK_EQ(value.frees, 1);
    CHECK_STATUS(pirn_local_get(shared, "name", &out), PIRN_ERR_INVALID_HANDLE);
}
