/* What all kinds of queue have in common, on each of them. Their shutdown is queue_shutdown_test.c's. */
#include "queue.h"

TEST(items_come_in_order)
{
    FOR_KINDS(any) {
        pirn_queue_t *queue = new_queue(0);
        for (int i = 0; i < 1000; i++)
            put(queue, i);
        check_size(queue, 1000);
        for (int i = 0; i < 1000; i++)
            get(queue, nth(i, 1000));
        check_size(queue, 0);
        CHECK_OK(pirn_queue_free(queue));
    }
}

/* Python's None. */
TEST(null_is_an_ordinary_item)
{
    FOR_KINDS(limited) {
        void *item = UNTOUCHED;
        pirn_queue_t *queue = new_queue(2);
        CHECK_OK(pirn_queue_put(queue, NULL));
        CHECK_OK(pirn_queue_try_put(queue, NULL));
        CHECK_STATUS(pirn_queue_try_put(queue, NULL), PIRN_WOULD_BLOCK);
        check_size(queue, 2);
        CHECK_OK(pirn_queue_get(queue, &item));
        CHECK(item == NULL);
        item = UNTOUCHED;
        CHECK_OK(pirn_queue_try_get(queue, &item));
        CHECK(item == NULL);
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(null_out_parameters)
{
    FOR_KINDS(any) {
        pirn_queue_t *queue = new_queue(0);
        put(queue, 1);
        CHECK_STATUS(kind->make(0, NULL), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_queue_get(queue, NULL), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_queue_try_get(queue, NULL), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_queue_get_timeout(queue, 0, NULL), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_queue_size(queue, NULL), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_queue_empty(queue, NULL), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_queue_full(queue, NULL), PIRN_ERR_INVALID_ARGUMENT);
        if (kind->limited)
            CHECK_STATUS(pirn_queue_unfinished(queue, NULL), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_queue_maxsize(queue, NULL), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_STATUS(pirn_queue_is_shut_down(queue, NULL), PIRN_ERR_INVALID_ARGUMENT);
        get(queue, 1);
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(would_block_changes_nothing)
{
    FOR_KINDS(limited) {
        void *item = UNTOUCHED;
        pirn_queue_t *queue = new_queue(1);
        CHECK_STATUS(pirn_queue_try_get(queue, &item), PIRN_WOULD_BLOCK);
        CHECK_STATUS(pirn_queue_get_timeout(queue, 0, &item), PIRN_TIMED_OUT);
        CHECK(item == UNTOUCHED);
        put(queue, 1);
        CHECK_STATUS(pirn_queue_try_put(queue, ITEM(2)), PIRN_WOULD_BLOCK);
        CHECK_STATUS(pirn_queue_put_timeout(queue, ITEM(2), 0), PIRN_TIMED_OUT);
        check_size(queue, 1);
        check_unfinished(queue, 1);
        get(queue, 1);
        check_size(queue, 0);
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(sizes_and_bounds)
{
    FOR_KINDS(limited) {
        static const int64_t unbounded[] = {0, -1, INT64_MIN};
        for (size_t i = 0; i < LENGTH(unbounded); i++) {
            pirn_queue_t *queue = new_queue(unbounded[i]);
            for (int k = 0; k < 300; k++)
                CHECK_OK(pirn_queue_try_put(queue, ITEM(k)));
            check_flags(queue, false, false);
            CHECK_OK(pirn_queue_free(queue));
        }
        for (int bound = 1; bound <= 20; bound++) {
            int64_t maxsize = 0;
            pirn_queue_t *queue = new_queue(bound);
            CHECK_OK(pirn_queue_maxsize(queue, &maxsize));
            CHECK_EQ(maxsize, bound);
            for (int i = 0; i < bound; i++) {
                check_size(queue, (size_t)i);
                check_flags(queue, i == 0, false);
                put(queue, i);
            }
            check_flags(queue, false, true);
            CHECK_STATUS(pirn_queue_try_put(queue, ITEM(99)), PIRN_WOULD_BLOCK);
            for (int i = 0; i < 3 * bound; i++) { /* round and round */
                get(queue, kind->ascending ? i : bound - 1 + i);
                put(queue, i + bound);
            }
            check_flags(queue, false, true);
            CHECK_OK(pirn_queue_free(queue));
        }
    }
}

TEST(a_huge_bound_costs_nothing)
{
    FOR_KINDS(limited) {
        pirn_queue_t *queue = new_queue(INT64_MAX);
        put(queue, 1);
        check_flags(queue, false, false);
        get(queue, 1);
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(maxsize_changes_at_any_time)
{
    FOR_KINDS(limited) {
        int64_t maxsize = 0;
        pirn_queue_t *queue = new_queue(2);
        put(queue, 0);
        put(queue, 1);
        CHECK_OK(pirn_queue_set_maxsize(queue, 3));
        CHECK_OK(pirn_queue_maxsize(queue, &maxsize));
        CHECK_EQ(maxsize, 3);
        check_flags(queue, false, false);
        CHECK_OK(pirn_queue_try_put(queue, ITEM(2)));
        check_flags(queue, false, true);
        CHECK_OK(pirn_queue_set_maxsize(queue, 1)); /* what is in stays in */
        check_size(queue, 3);
        check_flags(queue, false, true);
        for (int i = 0; i < 3; i++) {
            CHECK_STATUS(pirn_queue_try_put(queue, ITEM(9)), PIRN_WOULD_BLOCK);
            get(queue, nth(i, 3));
        }
        CHECK_OK(pirn_queue_try_put(queue, ITEM(3)));
        CHECK_STATUS(pirn_queue_try_put(queue, ITEM(4)), PIRN_WOULD_BLOCK);
        CHECK_OK(pirn_queue_set_maxsize(queue, 0));
        for (int i = 4; i < 100; i++)
            CHECK_OK(pirn_queue_try_put(queue, ITEM(i)));
        for (int i = 3; i < 100; i++)
            get(queue, kind->ascending ? i : 102 - i);
        CHECK_OK(pirn_queue_free(queue));
    }
}

/* Blocking. */

static pirn_status_t free_queue(void *q) { return pirn_queue_free(q); }
static pirn_status_t put_one(void *q) { return pirn_queue_put(q, ITEM(1)); }
static pirn_status_t put_one_timeout(void *q, double s) { return pirn_queue_put_timeout(q, ITEM(1), s); }
static pirn_status_t join(void *q) { return pirn_queue_join(q); }
static pirn_status_t join_timeout(void *q, double s) { return pirn_queue_join_timeout(q, s); }
static pirn_status_t task_done(void *q) { return pirn_queue_task_done(q); }

static pirn_status_t get_one(void *q)
{
    void *item;
    return pirn_queue_get(q, &item);
}

static pirn_status_t get_one_timeout(void *q, double seconds)
{
    void *item;
    return pirn_queue_get_timeout(q, seconds, &item);
}

static const blocking_t blocking_get = {
    .call = get_one, .timed = get_one_timeout, .wake = put_one, .free = free_queue};

TEST(blocking_gets)
{
    FOR_KINDS(any) {
        pirn_queue_t *queue = new_queue(0);
        check_blocking(&blocking_get, queue);
        CHECK_OK(pirn_queue_free(queue));
    }
}

static const blocking_t blocking_put = {
    .call = put_one, .timed = put_one_timeout, .wake = get_one, .free = free_queue};

TEST(blocking_puts)
{
    FOR_KINDS(limited) {
        pirn_queue_t *queue = new_queue(2);
        put(queue, 1);
        put(queue, 1);
        check_blocking(&blocking_put, queue);
        check_size(queue, 2);
        CHECK_OK(pirn_queue_free(queue));
    }
}

static const blocking_t blocking_join = {
    .call = join, .timed = join_timeout, .wake = task_done, .rearm = put_one, .free = free_queue};

TEST(blocking_joins)
{
    FOR_KINDS(limited) {
        pirn_queue_t *queue = new_queue(0);
        put(queue, 1);
        check_blocking(&blocking_join, queue);
        CHECK_OK(pirn_queue_free(queue));
    }
}

enum { IN_LINE = 6 };

static void line_up(call_t *line, pirn_queue_t *queue, pirn_status_t (*make)(call_t *))
{
    for (int i = 0; i < IN_LINE; i++) {
        line[i] = (call_t){.make = make, .object = queue, .value = ITEM(i), .seconds = i % 2 ? 1e6 : -1};
        call_begin_blocked(&line[i], (breed_t)(i / 2 % BREEDS));
    }
}

static void check_all_through(call_t *line)
{
    for (int i = 0; i < IN_LINE; i++) {
        CHECK_OK(call_end(&line[i]));
        CHECK(line[i].value == ITEM(i));
    }
}

/* Several are woken at once, yet the first to come gets the first item. */
TEST(getters_are_served_in_the_order_they_came)
{
    FOR_KINDS(any) {
        for (int round = 0; round < 20; round++) {
            call_t line[IN_LINE];
            pirn_queue_t *queue = new_queue(0);
            line_up(line, queue, make_get);
            for (int i = 0; i < IN_LINE; i++)
                put(queue, i);
            check_all_through(line);
            check_size(queue, 0);
            CHECK_OK(pirn_queue_free(queue));
        }
    }
}

static void check_line_of_putters(int room, void (*make_room)(pirn_queue_t *queue, int room))
{
    for (int round = 0; round < 20; round++) {
        call_t line[IN_LINE];
        pirn_queue_t *queue = new_queue(room);
        for (int i = 0; i < room; i++)
            put(queue, -1);
        line_up(line, queue, make_put);
        make_room(queue, room);
        for (int i = 0; i < IN_LINE; i++)
            get(queue, i);
        check_all_through(line);
        check_size(queue, 0);
        CHECK_OK(pirn_queue_free(queue));
    }
}

static void empty_it(pirn_queue_t *queue, int room)
{
    for (int i = 0; i < room; i++)
        get(queue, -1);
}

static void widen_then_empty(pirn_queue_t *queue, int room)
{
    CHECK_OK(pirn_queue_set_maxsize(queue, room + IN_LINE));
    empty_it(queue, room);
}

static void unbind_then_empty(pirn_queue_t *queue, int room)
{
    CHECK_OK(pirn_queue_set_maxsize(queue, 0));
    empty_it(queue, room);
}

TEST(putters_are_served_in_the_order_they_came)
{
    FOR_KINDS(limited) {
        check_line_of_putters(1, empty_it);
        if (kind->fifo)
            check_line_of_putters(IN_LINE, empty_it);
    }
}

TEST(set_maxsize_lets_the_putters_in_that_fit)
{
    FOR_KINDS(ascending && kind->limited) {
        call_t line[IN_LINE];
        check_line_of_putters(1, widen_then_empty);
        check_line_of_putters(3, unbind_then_empty);
        pirn_queue_t *queue = new_queue(1);
        put(queue, -1);
        line_up(line, queue, make_put);
        CHECK_OK(pirn_queue_set_maxsize(queue, 3));
        AWAIT(size_of(queue) == 3);
        AWAIT(LOAD(line[0].returned) && LOAD(line[1].returned));
        for (int i = 2; i < IN_LINE; i++) {
            await_sleeping(line[i].native_id);
            CHECK(!LOAD(line[i].returned));
        }
        CHECK_STATUS(pirn_queue_free(queue), PIRN_ERR_BUSY);
        empty_it(queue, 1);
        for (int i = 0; i < IN_LINE; i++)
            get(queue, i);
        check_all_through(line);
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(one_who_timed_out_has_left_the_line)
{
    FOR_KINDS(limited) {
        pirn_queue_t *queue = new_queue(1);
        call_t leaving = {.make = make_get, .object = queue, .value = UNTOUCHED, .seconds = 0.02};
        call_t staying = {.make = make_get, .object = queue, .seconds = PIRN_FOREVER};
        call_begin(&leaving, FOREIGN);
        call_begin_blocked(&staying, PIRN_THREAD);
        CHECK_STATUS(call_end(&leaving), PIRN_TIMED_OUT);
        CHECK(leaving.value == UNTOUCHED);
        put(queue, 1);
        CHECK_OK(call_end(&staying));
        CHECK(staying.value == ITEM(1));

        put(queue, 0);
        leaving = (call_t){.make = make_put, .object = queue, .value = ITEM(8), .seconds = 0.02};
        staying = (call_t){.make = make_put, .object = queue, .value = ITEM(9), .seconds = PIRN_FOREVER};
        call_begin(&leaving, FOREIGN);
        call_begin_blocked(&staying, PIRN_THREAD);
        CHECK_STATUS(call_end(&leaving), PIRN_TIMED_OUT);
        get(queue, 0);
        CHECK_OK(call_end(&staying));
        get(queue, 9);
        check_size(queue, 0);
        CHECK_OK(pirn_queue_free(queue));
    }
}

/* Unfinished tasks. */

TEST(task_done_no_more_often_than_put)
{
    FOR_KINDS(limited) {
        pirn_queue_t *queue = new_queue(1);
        CHECK_STATUS(pirn_queue_task_done(queue), PIRN_ERR_OVER_RELEASE);
        check_unfinished(queue, 0);
        CHECK_OK(pirn_queue_join(queue));
        CHECK_OK(pirn_queue_join_timeout(queue, 0));
        for (int i = 0; i < 3; i++) {
            put(queue, i);
            check_unfinished(queue, 1);
            get(queue, i);
            check_unfinished(queue, 1);
            CHECK_STATUS(pirn_queue_join_timeout(queue, 0), PIRN_TIMED_OUT);
            CHECK_OK(pirn_queue_task_done(queue));
            CHECK_OK(pirn_queue_join(queue));
            CHECK_STATUS(pirn_queue_task_done(queue), PIRN_ERR_OVER_RELEASE);
            check_unfinished(queue, 0);
        }
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(a_put_that_fails_counts_for_nothing)
{
    FOR_KINDS(limited) {
        pirn_queue_t *queue = new_queue(1);
        put(queue, 0);
        CHECK_STATUS(pirn_queue_try_put(queue, ITEM(1)), PIRN_WOULD_BLOCK);
        CHECK_STATUS(pirn_queue_put_timeout(queue, ITEM(1), 0.001), PIRN_TIMED_OUT);
        CHECK_STATUS(pirn_queue_put_timeout(queue, ITEM(1), NAN), PIRN_ERR_INVALID_ARGUMENT);
        check_unfinished(queue, 1);
        CHECK_OK(pirn_queue_task_done(queue));
        CHECK_STATUS(pirn_queue_task_done(queue), PIRN_ERR_OVER_RELEASE);
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(all_joiners_wake_when_nothing_is_unfinished)
{
    FOR_KINDS(limited) {
        call_t joiners[IN_LINE];
        pirn_queue_t *queue = new_queue(0);
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 3; i++)
                put(queue, i);
            line_up(joiners, queue, make_queue_join);
            for (int i = 0; i < 3; i++) {
                get(queue, nth(i, 3));
                for (int k = 0; k < IN_LINE; k++)
                    CHECK(!LOAD(joiners[k].returned));
                CHECK_OK(pirn_queue_task_done(queue));
            }
            for (int i = 0; i < IN_LINE; i++)
                CHECK_OK(call_end(&joiners[i]));
        }
        CHECK_OK(pirn_queue_free(queue));
    }
}

/* What becomes of items. */

TEST(items_left_at_the_free_are_freed)
{
    FOR_KINDS(limited) {
        counted_t items[5] = {{0, 0}};
        void *item;
        pirn_queue_t *queue = new_queue(4);
        CHECK_OK(pirn_queue_set_item_free(queue, count_free));
        for (int i = 0; i < 4; i++)
            CHECK_OK(pirn_queue_put(queue, &items[i]));
        CHECK_STATUS(pirn_queue_try_put(queue, &items[4]), PIRN_WOULD_BLOCK);
        CHECK_STATUS(pirn_queue_put_timeout(queue, &items[4], 0.001), PIRN_TIMED_OUT);
        CHECK_STATUS(pirn_queue_put_timeout(queue, &items[4], -3), PIRN_ERR_INVALID_ARGUMENT);
        CHECK_OK(pirn_queue_get(queue, &item));
        CHECK(item == &items[nth(0, 4)]);
        CHECK_OK(pirn_queue_free(queue));
        for (int i = 0; i < 5; i++)
            CHECK_COUNTED(&items[i], 0, i != nth(0, 4) && i < 4); /* not the one got, nor the one never in */
    }
}

TEST(item_free_holds_for_what_is_in_already)
{
    FOR_KINDS(any) {
        counted_t item = {0};
        pirn_queue_t *queue = new_queue(0);
        CHECK_OK(pirn_queue_put(queue, &item));
        CHECK_OK(pirn_queue_set_item_free(queue, count_free));
        CHECK_OK(pirn_queue_free(queue));
        CHECK_COUNTED(&item, 0, 1);
    }
}

/* Many at once. */

enum { PRODUCERS = 4, EACH = 5000 };

typedef struct traffic {
    pirn_queue_t *queue;
    int number; /* producer; or -1: consumer */
    int *seen;  /* how often each item came */
} traffic_t;

static void put_or_get_all(void *arg)
{
    traffic_t *t = arg;
    intptr_t last[PRODUCERS];
    memset(last, -1, sizeof last);
    for (int i = 0; i < EACH; i++) {
        void *out;
        intptr_t item = (intptr_t)t->number * EACH + i;
        if (t->number >= 0) {
            CHECK_OK(i % 2 ? pirn_queue_put(t->queue, (void *)item)
                           : pirn_queue_put_timeout(t->queue, (void *)item, 1e6));
            continue;
        }
        CHECK_OK(i % 2 ? pirn_queue_get(t->queue, &out) : pirn_queue_get_timeout(t->queue, 1e6, &out));
        item = (intptr_t)out;
        ADD(t->seen[item], 1);
        CHECK(!kind->fifo || last[item / EACH] < item); /* each producer's items in its order */
        last[item / EACH] = item;
        if (kind->limited)
            CHECK_OK(pirn_queue_task_done(t->queue));
    }
}

static void check_traffic(int64_t maxsize)
{
    static int seen[PRODUCERS * EACH];
    traffic_t traffic[2 * PRODUCERS];
    pirn_queue_t *queue = new_queue(maxsize);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < 2 * PRODUCERS; i++)
        traffic[i] = (traffic_t){queue, i < PRODUCERS ? i : -1, seen};
    run_on_all(2 * PRODUCERS, put_or_get_all, traffic, sizeof *traffic);
    for (int i = 0; i < PRODUCERS * EACH; i++)
        CHECK_EQ(seen[i], 1);
    if (kind->limited)
        CHECK_OK(pirn_queue_join_timeout(queue, 0));
    check_size(queue, 0);
    CHECK_OK(pirn_queue_free(queue));
}

TEST(every_item_comes_once_through_one_place)
{
    FOR_KINDS(limited) {
        check_traffic(1);
    }
}

TEST(every_item_comes_once_through_a_few_places)
{
    FOR_KINDS(limited) {
        check_traffic(8);
    }
}

TEST(every_item_comes_once_unbounded)
{
    FOR_KINDS(any) {
        check_traffic(0);
    }
}

/* Items that were written before the put are whole after the get. */
typedef struct parcel {
    int weight, check;
} parcel_t;

static void send_parcels(void *arg)
{
    for (int i = 0; i < EACH; i++) {
        parcel_t *parcel = malloc(sizeof *parcel);
        *parcel = (parcel_t){i, ~i};
        CHECK_OK(pirn_queue_put(arg, parcel));
    }
}

TEST(what_was_written_before_put_is_seen_after_get)
{
    FOR_KINDS(any) {
        runner_t sender;
        void *item;
        pirn_queue_t *queue = new_queue(16);
        runner_start(&sender, PIRN_THREAD, send_parcels, queue);
        for (int i = 0; i < EACH; i++) {
            CHECK_OK(pirn_queue_get(queue, &item));
            parcel_t *parcel = item;
            CHECK(!kind->fifo || parcel->weight == i);
            CHECK_EQ(parcel->check, ~parcel->weight);
            free(parcel);
        }
        runner_join(&sender);
        CHECK_OK(pirn_queue_free(queue));
    }
}
