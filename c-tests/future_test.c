/* Future: its states, results, cancelling, done callbacks; free-standing and an executor's. */
#include "blocking.h"
#include "text.h"

static int32_t state_of(pirn_future_t *future)
{
    int32_t state = -1;
    CHECK_OK(pirn_future_state(future, &state));
    return state;
}

static bool cancel(pirn_future_t *future)
{
    bool cancelled = false;
    CHECK_OK(pirn_future_cancel(future, &cancelled));
    return cancelled;
}

/* A free-standing future in each of its states. */
static pirn_future_t *future_in(int32_t state)
{
    bool run;
    pirn_future_t *future = new_future();
    if (state == PIRN_FUTURE_CANCELLED || state == PIRN_FUTURE_CANCELLED_AND_NOTIFIED)
        CHECK(cancel(future));
    if (state == PIRN_FUTURE_RUNNING || state == PIRN_FUTURE_CANCELLED_AND_NOTIFIED)
        CHECK_OK(pirn_future_set_running_or_notify_cancel(future, &run));
    if (state == PIRN_FUTURE_FINISHED)
        CHECK_OK(pirn_future_set_result(future, UNTOUCHED));
    CHECK_EQ(state_of(future), state);
    return future;
}

enum { STATES = PIRN_FUTURE_FINISHED + 1 };

static const struct {
    bool cancelled, running, done;
    pirn_status_t result;
    bool cancels;             /* cancel's answer */
    int32_t after_cancel;     /* and the state after it */
    pirn_status_t run;        /* set_running_or_notify_cancel's status */
    bool runs;                /* and its answer */
    int32_t after_run;        /* and the state after it */
    pirn_status_t set;        /* set_result's and set_exception's status */
    int32_t after_set;
} table[STATES] = {
    [PIRN_FUTURE_PENDING] = {false, false, false, PIRN_TIMED_OUT, true, PIRN_FUTURE_CANCELLED, PIRN_OK, true,
                             PIRN_FUTURE_RUNNING, PIRN_OK, PIRN_FUTURE_FINISHED},
    [PIRN_FUTURE_RUNNING] = {false, true, false, PIRN_TIMED_OUT, false, PIRN_FUTURE_RUNNING,
                             PIRN_ERR_INVALID_STATE, false, PIRN_FUTURE_RUNNING, PIRN_OK,
                             PIRN_FUTURE_FINISHED},
    [PIRN_FUTURE_CANCELLED] = {true, false, true, PIRN_ERR_CANCELLED, true, PIRN_FUTURE_CANCELLED, PIRN_OK,
                               false, PIRN_FUTURE_CANCELLED_AND_NOTIFIED, PIRN_ERR_INVALID_STATE,
                               PIRN_FUTURE_CANCELLED},
    [PIRN_FUTURE_CANCELLED_AND_NOTIFIED] = {true, false, true, PIRN_ERR_CANCELLED, true,
                                            PIRN_FUTURE_CANCELLED_AND_NOTIFIED, PIRN_ERR_INVALID_STATE, false,
                                            PIRN_FUTURE_CANCELLED_AND_NOTIFIED, PIRN_ERR_INVALID_STATE,
                                            PIRN_FUTURE_CANCELLED_AND_NOTIFIED},
    [PIRN_FUTURE_FINISHED] = {false, false, true, PIRN_OK, false, PIRN_FUTURE_FINISHED,
                              PIRN_ERR_INVALID_STATE, false, PIRN_FUTURE_FINISHED, PIRN_ERR_INVALID_STATE,
                              PIRN_FUTURE_FINISHED},
};

TEST(what_each_state_answers)
{
    for (int32_t state = 0; state < STATES; state++) {
        pirn_future_t *future = future_in(state);
        bool cancelled = !table[state].cancelled, running = !table[state].running, done = !table[state].done;
        void *result = NULL;
        CHECK_OK(pirn_future_cancelled(future, &cancelled));
        CHECK_OK(pirn_future_running(future, &running));
        CHECK_OK(pirn_future_done(future, &done));
        CHECK_EQ(cancelled, table[state].cancelled);
        CHECK_EQ(running, table[state].running);
        CHECK_EQ(done, table[state].done);
        for (int i = 0; i < 2; i++)
            CHECK_STATUS(pirn_future_result_timeout(future, 0, &result), table[state].result);
        CHECK(result == (state == PIRN_FUTURE_FINISHED ? UNTOUCHED : NULL));
        CHECK_OK(pirn_future_free(future));
    }
}

TEST(cancel_in_each_state)
{
    for (int32_t state = 0; state < STATES; state++) {
        pirn_future_t *future = future_in(state);
        for (int i = 0; i < 2; i++) {
            CHECK_EQ(cancel(future), table[state].cancels);
            CHECK_EQ(state_of(future), table[state].after_cancel);
        }
        CHECK_OK(pirn_future_free(future));
    }
}

TEST(set_running_or_notify_cancel_in_each_state)
{
    for (int32_t state = 0; state < STATES; state++) {
        pirn_future_t *future = future_in(state);
        bool run = !table[state].runs;
        CHECK_STATUS(pirn_future_set_running_or_notify_cancel(future, &run), table[state].run);
        if (table[state].run == PIRN_OK)
            CHECK_EQ(run, table[state].runs);
        CHECK_EQ(state_of(future), table[state].after_run);
        CHECK_OK(pirn_future_free(future));
    }
}

static void check_result_kept(pirn_future_t *future, int32_t state)
{
    void *result;
    if (state == PIRN_FUTURE_FINISHED) {
        CHECK_OK(pirn_future_result(future, &result));
        CHECK(result == UNTOUCHED);
    }
}

TEST(set_result_in_each_state)
{
    for (int32_t state = 0; state < STATES; state++) {
        pirn_future_t *future = future_in(state);
        void *result = NULL;
        CHECK_STATUS(pirn_future_set_result(future, &result), table[state].set);
        CHECK_EQ(state_of(future), table[state].after_set);
        check_result_kept(future, state);
        if (table[state].set == PIRN_OK) {
            CHECK_OK(pirn_future_result(future, &result));
            CHECK(result == &result);
            CHECK_STATUS(pirn_future_set_result(future, NULL), PIRN_ERR_INVALID_STATE);
            CHECK_STATUS(pirn_future_set_exception(future, 1, "late"), PIRN_ERR_INVALID_STATE);
        }
        CHECK_OK(pirn_future_free(future));
    }
}

TEST(set_exception_in_each_state)
{
    for (int32_t state = 0; state < STATES; state++) {
        pirn_future_t *future = future_in(state);
        CHECK_STATUS(pirn_future_set_exception(future, 5, "failed"), table[state].set);
        CHECK_EQ(state_of(future), table[state].after_set);
        check_result_kept(future, state);
        if (table[state].set == PIRN_OK) {
            CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
            CHECK_EQ(pirn_last_code(), 5);
            CHECK_STATUS(pirn_future_set_result(future, NULL), PIRN_ERR_INVALID_STATE);
            CHECK_STATUS(pirn_future_set_exception(future, 1, "late"), PIRN_ERR_INVALID_STATE);
        }
        CHECK_OK(pirn_future_free(future));
    }
}

/* What each state says to exception. */
static pirn_status_t exception(void *future, char *buf, size_t cap, size_t *len)
{
    int32_t code = 0;
    pirn_status_t status = pirn_future_exception(future, &code, buf, cap, len);
    if (status == PIRN_OK)
        CHECK_EQ(code, 21);
    return status;
}

TEST(exception_has_the_code_and_the_message)
{
    static const char *const messages[] = {"x", "disk full", "gr\xc3\xbc\xc3\x9f dich \xf0\x9f\xa7\xb5!"};
    for (size_t i = 0; i < LENGTH(messages); i++) {
        pirn_future_t *future = new_future();
        CHECK_OK(pirn_future_set_exception(future, 21, messages[i]));
        check_text(exception, future, messages[i]);
        CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
        CHECK_STR(pirn_last_error(), messages[i]);
        check_text(exception, future, messages[i]);
        CHECK_OK(pirn_future_free(future));
    }
}

TEST(exception_of_the_other_states)
{
    for (int32_t state = 0; state < STATES; state++) {
        pirn_future_t *future = future_in(state);
        char text[8];
        int32_t code = 77;
        size_t length = 77;
        CHECK_STATUS(pirn_future_exception_timeout(future, 0, &code, text, sizeof text, &length),
                     table[state].result);
        CHECK_EQ(code, state == PIRN_FUTURE_FINISHED ? 0 : 77);
        CHECK_OK(pirn_future_free(future));
    }
}

TEST(bad_arguments)
{
    counted_t arg = {0};
    char text[8] = "#";
    size_t length = 77;
    bool flag;
    pirn_future_t *future = new_future();
    CHECK_STATUS(pirn_future_new(NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_future_cancelled(future, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_future_running(future, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_future_done(future, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_future_state(future, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_future_set_exception(future, 0, "no failure"), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(pirn_future_add_done_callback(future, NULL, &arg, count_free), PIRN_ERR_INVALID_ARGUMENT,
                  &arg);
    CHECK_STATUS(pirn_future_cancel(future, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_future_set_running_or_notify_cancel(future, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_EQ(state_of(future), PIRN_FUTURE_PENDING); /* neither cancelled nor running */
    CHECK_OK(pirn_future_set_running_or_notify_cancel(future, &flag));
    CHECK_OK(pirn_future_set_exception(future, 5, "failed"));
    CHECK_STATUS(pirn_future_exception(future, NULL, text, sizeof text, &length), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_future_exception_timeout(future, 0, NULL, text, sizeof text, &length),
                 PIRN_ERR_INVALID_ARGUMENT);
    CHECK(text[0] == '#' && length == 77);
    CHECK_OK(pirn_future_free(future));
}

/* Waiting for it. `current` is replaced once it is done. */
typedef struct promise {
    pirn_future_t *current;
} promise_t;

static pirn_future_t *of(void *promise) { return ((promise_t *)promise)->current; }
static pirn_status_t result(void *p) { return pirn_future_result(of(p), NULL); }
static pirn_status_t result_timeout(void *p, double s) { return pirn_future_result_timeout(of(p), s, NULL); }
static pirn_status_t set_result(void *p) { return pirn_future_set_result(of(p), p); }

static pirn_status_t wait_exception(void *p)
{
    int32_t code;
    size_t length;
    return pirn_future_exception(of(p), &code, NULL, 0, &length);
}

static pirn_status_t wait_exception_timeout(void *p, double seconds)
{
    int32_t code;
    size_t length;
    return pirn_future_exception_timeout(of(p), seconds, &code, NULL, 0, &length);
}

static pirn_status_t replace(void *promise)
{
    pirn_status_t status = pirn_future_free(of(promise));
    ((promise_t *)promise)->current = new_future();
    return status;
}

TEST(blocking_results)
{
    static const blocking_t blocking = {
        .call = result, .timed = result_timeout, .wake = set_result, .rearm = replace};
    promise_t promise = {new_future()};
    check_blocking(&blocking, &promise);
    CHECK_OK(pirn_future_free(promise.current));
}

TEST(blocking_exceptions)
{
    static const blocking_t blocking = {
        .call = wait_exception, .timed = wait_exception_timeout, .wake = set_result, .rearm = replace};
    promise_t promise = {new_future()};
    check_blocking(&blocking, &promise);
    CHECK_OK(pirn_future_free(promise.current));
}

static pirn_status_t make_result(call_t *c)
{
    return pirn_future_result_timeout(c->object, c->seconds, &c->value);
}

static void let_many_wait(pirn_status_t (*settle)(pirn_future_t *), pirn_status_t expected)
{
    enum { WAITERS = 8 };
    call_t waiters[WAITERS];
    pirn_future_t *future = new_future();
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (call_t){.make = make_result, .object = future, .seconds = i % 4 < 2 ? 1e6 : -1};
        call_begin_blocked(&waiters[i], (breed_t)(i % BREEDS));
    }
    CHECK_OK(settle(future));
    for (int i = 0; i < WAITERS; i++) {
        CHECK_STATUS(call_end(&waiters[i]), expected);
        CHECK(waiters[i].value == (expected == PIRN_OK ? UNTOUCHED : NULL));
    }
    CHECK_OK(pirn_future_free(future));
}

static pirn_status_t succeed(pirn_future_t *f) { return pirn_future_set_result(f, UNTOUCHED); }
static pirn_status_t fail(pirn_future_t *f) { return pirn_future_set_exception(f, 3, "failed"); }

static pirn_status_t cancel_it(pirn_future_t *f)
{
    bool cancelled;
    return pirn_future_cancel(f, &cancelled);
}

TEST(many_waiters_see_the_end)
{
    let_many_wait(succeed, PIRN_OK);
    let_many_wait(fail, PIRN_ERR_TASK_FAILED);
    let_many_wait(cancel_it, PIRN_ERR_CANCELLED); /* at once, before any notification */
}

/* The object lives as long as somebody waits for it. */
TEST(freed_while_waited_for)
{
    pirn_executor_t *executor = new_executor(1);
    gate_t gate;
    call_t waiter = {.make = make_result, .object = submit_gate(executor, &gate), .seconds = PIRN_FOREVER};
    call_begin_blocked(&waiter, FOREIGN);
    CHECK_OK(pirn_future_free(waiter.object));
    gate_open(&gate);
    CHECK_OK(call_end(&waiter));
    CHECK(waiter.value == &gate);
    CHECK_OK(pirn_executor_free(executor));
}

/* An executor's futures. */

TEST(an_executor_s_future_goes_through_its_states)
{
    gate_t gate;
    void *out;
    pirn_executor_t *executor = new_executor(1);
    counted_t args[2] = {{0, 0}};
    pirn_future_t *running = submit_gate(executor, &gate), *pending, *cancelled;
    CHECK_OK(pirn_executor_submit(executor, count_task, &args[0], count_free, &pending));
    CHECK_OK(pirn_executor_submit(executor, count_task, &args[1], count_free, &cancelled));
    CHECK_EQ(state_of(running), PIRN_FUTURE_RUNNING);
    CHECK_EQ(state_of(pending), PIRN_FUTURE_PENDING);
    CHECK(!cancel(running));
    CHECK(cancel(cancelled));
    CHECK_EQ(state_of(cancelled), PIRN_FUTURE_CANCELLED_AND_NOTIFIED);
    CHECK(cancel(cancelled));
    CHECK_STATUS(pirn_future_result(cancelled, &out), PIRN_ERR_CANCELLED);
    gate_open(&gate);
    for (int i = 0; i < 3; i++) { /* any number of times */
        CHECK_OK(pirn_future_result(running, &out));
        CHECK(out == &gate);
        CHECK_OK(pirn_future_result(pending, &out));
        CHECK(out == &args[0]);
        CHECK_OK(pirn_future_result(pending, NULL));
    }
    CHECK_EQ(state_of(pending), PIRN_FUTURE_FINISHED);
    CHECK(!cancel(pending));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_COUNTED(&args[0], 1, 1);
    CHECK_COUNTED(&args[1], 0, 1);
    CHECK_EQ(state_of(cancelled), PIRN_FUTURE_CANCELLED_AND_NOTIFIED);
    CHECK_OK(pirn_future_result(pending, &out));
    CHECK_OK(pirn_future_free(running));
    CHECK_OK(pirn_future_free(pending));
    CHECK_OK(pirn_future_free(cancelled));
}

/* Results that the future frees. */

TEST(the_result_is_freed_with_the_future)
{
    counted_t before = {0}, after = {0}, never = {0};
    void *out;
    pirn_future_t *future = new_future();
    CHECK_OK(pirn_future_set_result_free(future, count_free));
    CHECK_OK(pirn_future_set_result(future, &before));
    CHECK_OK(pirn_future_result(future, &out));
    CHECK_COUNTED(&before, 0, 0);
    CHECK_OK(pirn_future_free(future));
    CHECK_COUNTED(&before, 0, 1);

    future = new_future();
    CHECK_OK(pirn_future_set_result(future, &after));
    CHECK_OK(pirn_future_set_result_free(future, count_free));
    CHECK_OK(pirn_future_free(future));
    CHECK_COUNTED(&after, 0, 1);

    future = new_future();
    CHECK_OK(pirn_future_set_result(future, &never));
    CHECK_OK(pirn_future_free(future));
    CHECK_COUNTED(&never, 0, 0);
}

TEST(a_refused_result_stays_the_caller_s)
{
    counted_t first = {0}, second = {0};
    pirn_future_t *future = new_future();
    CHECK_OK(pirn_future_set_result_free(future, count_free));
    CHECK_OK(pirn_future_set_result(future, &first));
    CHECK_STATUS(pirn_future_set_result(future, &second), PIRN_ERR_INVALID_STATE);
    CHECK_OK(pirn_future_free(future));
    CHECK_COUNTED(&first, 0, 1);
    CHECK_COUNTED(&second, 0, 0);
}

TEST(a_result_nobody_asked_for_is_freed)
{
    gate_t gate;
    counted_t arg = {0};
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_future_free(submit_gate(executor, &gate)));
    pirn_future_t *future = submit(executor, count_task, &arg);
    CHECK_OK(pirn_future_set_result_free(future, count_free));
    CHECK_OK(pirn_future_free(future));
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    AWAIT(LOAD(arg.frees) == 1);
    CHECK_EQ(arg.runs, 1);
}

/* Done callbacks. */

typedef struct order {
    int next;
} order_t;

typedef struct mark {
    counted_t counted;
    order_t *order;
    int place;
    uint64_t thread;
    int32_t state;
} mark_t;

static void run_mark(pirn_future_t *future, void *arg)
{
    mark_t *mark = arg;
    void *out;
    mark->place = ADD(mark->order->next, 1);
    mark->thread = pirn_get_ident();
    mark->state = state_of(future);
    CHECK_AMONG(pirn_future_result_timeout(future, 0, &out),
                BIT(PIRN_OK) | BIT(PIRN_ERR_CANCELLED) | BIT(PIRN_ERR_TASK_FAILED));
    ADD(mark->counted.runs, 1);
}

static void add_mark(pirn_future_t *future, mark_t *mark, order_t *order)
{
    *mark = (mark_t){.order = order};
    CHECK_OK(pirn_future_add_done_callback(future, run_mark, mark, count_free));
}

typedef struct settling {
    pirn_future_t *future;
    pirn_status_t (*settle)(pirn_future_t *);
    uint64_t thread;
} settling_t;

static void settle(void *arg)
{
    settling_t *s = arg;
    s->thread = pirn_get_ident();
    CHECK_OK(s->settle(s->future));
}

static void check_marks(settling_t settling, int32_t state)
{
    enum { MARKS = 5 };
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        order_t order = {0};
        mark_t marks[MARKS + 1];
        settling.future = new_future();
        for (int i = 0; i < MARKS; i++)
            add_mark(settling.future, &marks[i], &order);
        CHECK_EQ(order.next, 0);
        run_on(breed, settle, &settling);
        for (int i = 0; i < MARKS; i++) {
            CHECK_COUNTED(&marks[i].counted, 1, 1);
            CHECK_EQ(marks[i].place, i + 1);
            CHECK_EQ(marks[i].thread, settling.thread);
            CHECK_EQ(marks[i].state, state);
        }
        add_mark(settling.future, &marks[MARKS], &order); /* done already: at once, here */
        CHECK_COUNTED(&marks[MARKS].counted, 1, 1);
        CHECK_EQ(marks[MARKS].thread, pirn_get_ident());
        CHECK_OK(pirn_future_free(settling.future));
        for (int i = 0; i <= MARKS; i++)
            CHECK_COUNTED(&marks[i].counted, 1, 1);
    }
}

TEST(callbacks_run_in_order_in_the_settling_thread)
{
    check_marks((settling_t){.settle = succeed}, PIRN_FUTURE_FINISHED);
    check_marks((settling_t){.settle = fail}, PIRN_FUTURE_FINISHED);
    check_marks((settling_t){.settle = cancel_it}, PIRN_FUTURE_CANCELLED);
}

TEST(notifying_a_cancel_runs_no_callback_again)
{
    order_t order = {0};
    mark_t mark;
    bool run = true;
    pirn_future_t *future = new_future();
    add_mark(future, &mark, &order);
    CHECK(cancel(future));
    CHECK(cancel(future));
    CHECK_OK(pirn_future_set_running_or_notify_cancel(future, &run));
    CHECK(!run);
    CHECK(cancel(future));
    CHECK_COUNTED(&mark.counted, 1, 1);
    CHECK_OK(pirn_future_free(future));
}

TEST(a_promise_never_kept_frees_its_callbacks_unrun)
{
    order_t order = {0};
    mark_t mark;
    pirn_future_t *future = new_future();
    add_mark(future, &mark, &order);
    CHECK_OK(pirn_future_free(future));
    CHECK_COUNTED(&mark.counted, 0, 1);
}

TEST(an_executor_s_callbacks_run_on_its_worker)
{
    gate_t gate;
    order_t order = {0};
    mark_t marks[3];
    uint64_t worker;
    pirn_executor_t *executor = new_executor(1);
    pirn_future_t *running = submit_gate(executor, &gate), *cancelled = submit(executor, do_nothing, NULL);
    add_mark(running, &marks[0], &order);
    add_mark(running, &marks[1], &order);
    add_mark(cancelled, &marks[2], &order);
    CHECK(cancel(cancelled));
    CHECK_COUNTED(&marks[2].counted, 1, 1);
    CHECK_EQ(marks[2].thread, pirn_get_ident());
    CHECK_EQ(marks[2].state, PIRN_FUTURE_CANCELLED_AND_NOTIFIED);
    worker = gate.native_id;
    CHECK(worker != pirn_get_native_id());
    CHECK_OK(pirn_future_free(running)); /* the task still holds it */
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    for (int i = 0; i < 2; i++) {
        CHECK_COUNTED(&marks[i].counted, 1, 1);
        CHECK_EQ(marks[i].place, i + 2);
        CHECK(marks[i].thread != pirn_get_ident());
        CHECK_EQ(marks[i].thread, marks[0].thread);
    }
    CHECK_OK(pirn_future_free(cancelled));
}

typedef struct nested {
    counted_t counted;
    pirn_future_t *handle;
    order_t *order;
    mark_t late[2];
} nested_t;

/* A callback may add callbacks, read the result, free its own handle. */
static void do_everything(pirn_future_t *future, void *arg)
{
    nested_t *nested = arg;
    void *out;
    uint64_t own, borrowed;
    CHECK_OK(pirn_object_id(nested->handle, &own));
    CHECK_OK(pirn_object_id(future, &borrowed));
    CHECK_EQ(own, borrowed);
    add_mark(future, &nested->late[0], nested->order);
    add_mark(nested->handle, &nested->late[1], nested->order);
    CHECK_OK(pirn_future_result(nested->handle, &out));
    CHECK_OK(pirn_future_free(nested->handle));
    CHECK_OK(pirn_future_result(future, &out)); /* borrowed for the time of the call */
    CHECK(out == UNTOUCHED);
    ADD(nested->counted.runs, 1);
}

TEST(a_callback_may_do_everything_to_its_future)
{
    order_t order = {0};
    mark_t after;
    nested_t nested = {.handle = new_future(), .order = &order};
    CHECK_OK(pirn_future_add_done_callback(nested.handle, do_everything, &nested, count_free));
    add_mark(nested.handle, &after, &order);
    CHECK_OK(pirn_future_set_result(nested.handle, UNTOUCHED));
    CHECK_COUNTED(&nested.counted, 1, 1);
    CHECK_COUNTED(&nested.late[0].counted, 1, 1);
    CHECK_COUNTED(&nested.late[1].counted, 1, 1);
    CHECK_COUNTED(&after.counted, 1, 1);
    CHECK_STATUS(pirn_future_free(nested.handle), PIRN_ERR_INVALID_HANDLE);
}

enum { MARKS_EACH = 100 };

typedef struct adder {
    pirn_future_t *future;
    order_t *order;
    mark_t marks[MARKS_EACH];
} adder_t;

static void add_marks(void *arg)
{
    adder_t *adder = arg;
    for (int i = 0; i < MARKS_EACH; i++)
        add_mark(adder->future, &adder->marks[i], adder->order);
}

/* Whether added just before or just after the end, each runs exactly once. */
TEST(callbacks_added_while_it_is_settled)
{
    enum { THREADS = 4, ROUNDS = 50 };
    for (int round = 0; round < ROUNDS; round++) {
        static adder_t adders[THREADS];
        runner_t runners[THREADS];
        order_t order = {0};
        pirn_future_t *future = new_future();
        for (int t = 0; t < THREADS; t++) {
            adders[t].future = future;
            adders[t].order = &order;
            runner_start(&runners[t], (breed_t)(t % BREEDS), add_marks, &adders[t]);
        }
        CHECK_OK(pirn_future_set_result(future, NULL));
        for (int t = 0; t < THREADS; t++) {
            runner_join(&runners[t]);
            for (int i = 0; i < MARKS_EACH; i++)
                CHECK_COUNTED(&adders[t].marks[i].counted, 1, 1);
        }
        CHECK_OK(pirn_future_free(future));
    }
}

typedef struct contest {
    pirn_future_t *future;
    int won;
} contest_t;

static void try_to_settle(void *element)
{
    contest_t *contest = *(contest_t **)element;
    bool cancelled = false;
    CHECK_OK(pirn_future_cancel(contest->future, &cancelled));
    pirn_status_t set = pirn_future_set_result(contest->future, NULL);
    pirn_status_t failed = pirn_future_set_exception(contest->future, 1, "lost");
    CHECK_AMONG(set, BIT(PIRN_OK) | BIT(PIRN_ERR_INVALID_STATE));
    CHECK_AMONG(failed, BIT(PIRN_OK) | BIT(PIRN_ERR_INVALID_STATE));
    CHECK(!(cancelled && (set == PIRN_OK || failed == PIRN_OK)));
    ADD(contest->won, (set == PIRN_OK) + (failed == PIRN_OK));
}

TEST(settled_once_however_many_try)
{
    enum { THREADS = 4, ROUNDS = 100 };
    for (int round = 0; round < ROUNDS; round++) {
        bool run;
        contest_t contest = {.future = new_future()};
        contest_t *elements[THREADS] = {&contest, &contest, &contest, &contest};
        if (round % 2)
            CHECK_OK(pirn_future_set_running_or_notify_cancel(contest.future, &run));
        run_on_all(THREADS, try_to_settle, elements, sizeof *elements);
        if (round % 2) /* no longer to be cancelled */
            CHECK_EQ(contest.won, 1);
        else
            CHECK_EQ(contest.won, state_of(contest.future) == PIRN_FUTURE_FINISHED);
        CHECK_OK(pirn_future_free(contest.future));
    }
}

static int32_t fail_with_payload(void *arg, void **result)
{
    (void)result;
    pirn_raise_with(3, "thrown away", arg, count_free);
    return pirn_raise_with(4, "kept", arg, count_free);
}

static int32_t payload_of_another_code(void *arg)
{
    pirn_raise_with(3, "handled", arg, count_free);
    return 0;
}

TEST(payload)
{
    pirn_executor_t *ex;
    pirn_future_t *future, *pending;
    pirn_thread_t *thread;
    counted_t payload = {0, 0};
    void *shown = NULL;

    CHECK_OK(pirn_executor_new(1, &ex));
    CHECK_OK(pirn_executor_submit(ex, fail_with_payload, &payload, NULL, &future));
    CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
    CHECK_STR(pirn_last_error(), "kept");
    CHECK_COUNTED(&payload, 0, 1);
    CHECK_OK(pirn_future_payload(future, &shown));
    CHECK(shown == &payload);
    CHECK_STATUS(pirn_future_payload(future, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_OK(pirn_executor_free(ex));
    CHECK_COUNTED(&payload, 0, 1);
    CHECK_OK(pirn_future_free(future));
    CHECK_COUNTED(&payload, 0, 2); /* the thread's last error holds only its words */

    CHECK_OK(pirn_future_new(&pending));
    CHECK_STATUS(pirn_future_payload(pending, &shown), PIRN_ERR_INVALID_STATE);
    CHECK_REFUSED(pirn_future_set_exception_with(pending, 0, "no code", &payload, count_free),
                  PIRN_ERR_INVALID_ARGUMENT, &payload);
    CHECK_REFUSED(pirn_future_set_exception_with(NULL, 5, NULL, &payload, count_free),
                  PIRN_ERR_INVALID_HANDLE, &payload);
    CHECK_OK(pirn_future_set_exception_with(pending, 5, NULL, &payload, count_free));
    CHECK_REFUSED(pirn_future_set_exception_with(pending, 5, NULL, &payload, count_free),
                  PIRN_ERR_INVALID_STATE, &payload);
    CHECK_OK(pirn_future_payload(pending, &shown));
    CHECK(shown == &payload);
    CHECK_OK(pirn_future_free(pending));
    CHECK_COUNTED(&payload, 0, 6);
    CHECK_OK(pirn_future_new(&pending));
    CHECK_OK(pirn_future_set_exception(pending, 5, NULL));
    CHECK_OK(pirn_future_payload(pending, &shown));
    CHECK(shown == NULL);
    CHECK_OK(pirn_future_free(pending));
    CHECK_STATUS(pirn_future_payload(pending, &shown), PIRN_ERR_INVALID_HANDLE);

    CHECK_OK(pirn_thread_new(payload_of_another_code, &payload, NULL, &thread));
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_COUNTED(&payload, 0, 7);
}
