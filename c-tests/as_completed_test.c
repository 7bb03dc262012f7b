/* as_completed: futures in the order in which they end. */
#include "blocking.h"

enum { FUTURES = 5 };

static pirn_as_completed_t *iterate(pirn_future_t *const *futures, size_t n, double seconds)
{
    pirn_as_completed_t *iterator;
    CHECK_OK(pirn_as_completed(futures, n, seconds, &iterator));
    return iterator;
}

static void check_next(pirn_as_completed_t *iterator, size_t expected)
{
    size_t index = SIZE_MAX;
    CHECK_OK(pirn_as_completed_next(iterator, &index));
    CHECK_EQ(index, expected);
}

static void check_no_next(pirn_as_completed_t *iterator, pirn_status_t expected)
{
    size_t index = 77;
    CHECK_STATUS(pirn_as_completed_next(iterator, &index), expected);
    CHECK_EQ(index, 77);
}

static void make_futures(pirn_future_t **futures)
{
    for (int i = 0; i < FUTURES; i++)
        futures[i] = new_future();
}

static void free_futures(pirn_future_t **futures)
{
    for (int i = 0; i < FUTURES; i++)
        CHECK_OK(pirn_future_free(futures[i]));
}

static void succeed(pirn_future_t *future) { CHECK_OK(pirn_future_set_result(future, NULL)); }

TEST(in_the_order_of_completion)
{
    static const size_t orders[][FUTURES] = {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}};
    for (size_t o = 0; o < LENGTH(orders); o++) {
        pirn_future_t *futures[FUTURES];
        make_futures(futures);
        pirn_as_completed_t *late = iterate(futures, FUTURES, PIRN_FOREVER);
        pirn_as_completed_t *prompt = iterate(futures, FUTURES, PIRN_FOREVER);
        for (int i = 0; i < FUTURES; i++) {
            succeed(futures[orders[o][i]]);
            check_next(prompt, orders[o][i]);
        }
        check_no_next(prompt, PIRN_END);
        for (int i = 0; i < FUTURES; i++) /* the order is kept until it is asked for */
            check_next(late, orders[o][i]);
        check_no_next(late, PIRN_END);
        check_no_next(late, PIRN_END);
        CHECK_OK(pirn_as_completed_free(prompt));
        CHECK_OK(pirn_as_completed_free(late));
        free_futures(futures);
    }
}

TEST(those_done_already_come_first)
{
    pirn_future_t *futures[FUTURES];
    size_t first, second;
    bool cancelled, run;
    make_futures(futures);
    CHECK_OK(pirn_future_set_exception(futures[3], 1, "failed"));
    CHECK_OK(pirn_future_cancel(futures[1], &cancelled));
    CHECK_OK(pirn_future_set_running_or_notify_cancel(futures[1], &run));
    pirn_as_completed_t *iterator = iterate(futures, FUTURES, PIRN_FOREVER);
    succeed(futures[0]);
    CHECK_OK(pirn_as_completed_next(iterator, &first));
    CHECK_OK(pirn_as_completed_next(iterator, &second));
    CHECK(first + second == 4 && first * second == 3);
    check_next(iterator, 0);
    succeed(futures[4]);
    succeed(futures[2]);
    check_next(iterator, 4);
    check_next(iterator, 2);
    check_no_next(iterator, PIRN_END);
    CHECK_OK(pirn_as_completed_free(iterator));
    free_futures(futures);
}

TEST(of_duplicates_the_first)
{
    pirn_future_t *futures[FUTURES];
    make_futures(futures);
    pirn_future_t *several[] = {futures[0], futures[1], futures[0], futures[1], futures[2], futures[2]};
    succeed(futures[1]);
    pirn_as_completed_t *iterator = iterate(several, LENGTH(several), PIRN_FOREVER);
    check_next(iterator, 1);
    succeed(futures[2]);
    succeed(futures[0]);
    check_next(iterator, 4);
    check_next(iterator, 0);
    check_no_next(iterator, PIRN_END);
    CHECK_OK(pirn_as_completed_free(iterator));
    free_futures(futures);
}

TEST(none_at_all)
{
    pirn_as_completed_t *iterator = iterate(NULL, 0, PIRN_FOREVER);
    check_no_next(iterator, PIRN_END);
    check_no_next(iterator, PIRN_END);
    CHECK_OK(pirn_as_completed_free(iterator));
    iterator = iterate(NULL, 0, 0);
    check_no_next(iterator, PIRN_END);
    CHECK_OK(pirn_as_completed_free(iterator));
}

TEST(a_cancelled_one_comes_when_notified)
{
    pirn_future_t *futures[FUTURES];
    bool cancelled, run;
    make_futures(futures);
    CHECK_OK(pirn_future_cancel(futures[0], &cancelled));
    pirn_as_completed_t *iterator = iterate(futures, FUTURES, PIRN_FOREVER);
    CHECK_OK(pirn_future_cancel(futures[1], &cancelled));
    succeed(futures[2]);
    check_next(iterator, 2);
    CHECK_OK(pirn_future_set_running_or_notify_cancel(futures[1], &run));
    CHECK_OK(pirn_future_set_running_or_notify_cancel(futures[0], &run));
    check_next(iterator, 1);
    check_next(iterator, 0);
    CHECK_OK(pirn_as_completed_free(iterator));
    free_futures(futures);
}

/* Time. */

TEST(the_time_counts_from_the_call)
{
    pirn_future_t *futures[FUTURES];
    make_futures(futures);
    double start = now();
    pirn_as_completed_t *iterator = iterate(futures, FUTURES, 0.05);
    check_no_next(iterator, PIRN_TIMED_OUT);
    CHECK(now() - start >= 0.05);
    check_no_next(iterator, PIRN_TIMED_OUT); /* the deadline has passed */
    CHECK_OK(pirn_as_completed_free(iterator));
    free_futures(futures);
}

TEST(zero_seconds_still_give_what_is_done)
{
    pirn_future_t *futures[FUTURES];
    make_futures(futures);
    succeed(futures[3]);
    pirn_as_completed_t *iterator = iterate(futures, FUTURES, 0);
    check_next(iterator, 3);
    check_no_next(iterator, PIRN_TIMED_OUT);
    CHECK_OK(pirn_as_completed_free(iterator));
    free_futures(futures);
}

static pirn_as_completed_t *unmade = UNTOUCHED;

static pirn_status_t iterate_timed(void *futures, double seconds)
{
    return pirn_as_completed(futures, futures ? FUTURES : 0, seconds, &unmade);
}

TEST(bad_arguments)
{
    pirn_future_t *futures[FUTURES];
    make_futures(futures);
    succeed(futures[0]);
    check_bad_times(iterate_timed, futures);
    check_bad_times(iterate_timed, NULL);
    CHECK_STATUS(pirn_as_completed(NULL, 1, 0, &unmade), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_as_completed(futures, FUTURES, 0, NULL), PIRN_ERR_INVALID_ARGUMENT);
    pirn_as_completed_t *iterator = iterate(futures, FUTURES, PIRN_TIMEOUT_MAX);
    CHECK_STATUS(pirn_as_completed_next(iterator, NULL), PIRN_ERR_INVALID_ARGUMENT);
    check_next(iterator, 0);
    CHECK_OK(pirn_as_completed_free(iterator));
    CHECK_OK(pirn_as_completed_free(iterate(futures, FUTURES, INFINITY)));

    pirn_future_t *valid = futures[2];
    pirn_future_t *invalid[] = {NULL, (pirn_future_t *)futures, (pirn_future_t *)8};
    for (size_t i = 0; i < LENGTH(invalid); i++) {
        futures[2] = invalid[i];
        CHECK_STATUS(iterate_timed(futures, PIRN_FOREVER), PIRN_ERR_INVALID_HANDLE);
    }
    CHECK(unmade == UNTOUCHED);
    futures[2] = valid;
    free_futures(futures);
}

/* Blocking and lives. */

static pirn_status_t make_next(call_t *c)
{
    return pirn_as_completed_next(c->object, (size_t *)&c->value);
}

TEST(blocked_it_gives_each_as_it_ends)
{
    for (breed_t breed = 0; breed < BREEDS; breed++) {
        pirn_future_t *futures[FUTURES];
        make_futures(futures);
        call_t next = {.make = make_next, .object = iterate(futures, FUTURES, breed ? 1e6 : PIRN_FOREVER)};
        for (int i = FUTURES - 1; i >= 0; i--) {
            call_begin_blocked(&next, breed);
            succeed(futures[i]);
            CHECK_OK(call_end(&next));
            CHECK_EQ((size_t)next.value, (size_t)i);
        }
        check_no_next(next.object, PIRN_END);
        CHECK_OK(pirn_as_completed_free(next.object));
        free_futures(futures);
    }
}

TEST(handles_may_be_freed_after_the_call)
{
    gate_t gates[2];
    pirn_executor_t *executor = new_executor(2);
    pirn_future_t *futures[] = {submit_gate(executor, &gates[0]), submit_gate(executor, &gates[1])};
    pirn_as_completed_t *iterator = iterate(futures, 2, PIRN_FOREVER);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(pirn_future_free(futures[i]));
        futures[i] = NULL; /* the array is copied, too */
    }
    gate_open(&gates[1]);
    check_next(iterator, 1);
    gate_open(&gates[0]);
    check_next(iterator, 0);
    check_no_next(iterator, PIRN_END);
    CHECK_OK(pirn_as_completed_free(iterator));
    CHECK_OK(pirn_executor_free(executor));
}

TEST(what_it_has_given_out_it_no_longer_keeps)
{
    counted_t results[2] = {{0, 0}};
    pirn_future_t *futures[2];
    for (int i = 0; i < 2; i++) {
        futures[i] = new_future();
        CHECK_OK(pirn_future_set_result_free(futures[i], count_free));
    }
    pirn_as_completed_t *iterator = iterate(futures, 2, PIRN_FOREVER);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(pirn_future_set_result(futures[i], &results[i]));
        CHECK_OK(pirn_future_free(futures[i]));
        CHECK_COUNTED(&results[i], 0, 0); /* kept until given out */
    }
    check_next(iterator, 0);
    CHECK_COUNTED(&results[0], 0, 1);
    CHECK_COUNTED(&results[1], 0, 0);
    CHECK_OK(pirn_as_completed_free(iterator));
    CHECK_COUNTED(&results[0], 0, 1);
    CHECK_COUNTED(&results[1], 0, 1);
}

TEST(freed_before_anything_ended)
{
    pirn_future_t *futures[FUTURES];
    make_futures(futures);
    CHECK_OK(pirn_as_completed_free(iterate(futures, FUTURES, PIRN_FOREVER)));
    for (int i = 0; i < FUTURES; i++)
        succeed(futures[i]);
    free_futures(futures);
}

typedef struct reader {
    pirn_as_completed_t *iterator;
    int *seen;
} reader_t;

static void read_to_the_end(void *arg)
{
    reader_t *reader = arg;
    pirn_status_t status;
    size_t index;
    while ((status = pirn_as_completed_next(reader->iterator, &index)) == PIRN_OK)
        ADD(reader->seen[index], 1);
    CHECK_STATUS(status, PIRN_END);
}

TEST(each_comes_once_to_whoever_asks)
{
    enum { MANY = 500, READERS = 4 };
    static pirn_future_t *futures[MANY];
    static int seen[MANY];
    reader_t readers[READERS];
    pirn_executor_t *executor = new_executor(3);
    for (int i = 0; i < MANY; i++)
        futures[i] = submit(executor, do_nothing, NULL);
    pirn_as_completed_t *iterator = iterate(futures, MANY, PIRN_FOREVER);
    for (int i = 0; i < READERS; i++)
        readers[i] = (reader_t){iterator, seen};
    run_on_all(READERS, read_to_the_end, readers, sizeof *readers);
    for (int i = 0; i < MANY; i++) {
        CHECK_EQ(seen[i], 1);
        CHECK_OK(pirn_future_free(futures[i]));
    }
    CHECK_OK(pirn_as_completed_free(iterator));
    CHECK_OK(pirn_executor_free(executor));
}
