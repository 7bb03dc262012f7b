/* The two shutdowns, of each kind of queue. */
#include "queue.h"

static bool is_shut_down(pirn_queue_t *queue)
{
    bool out;
    CHECK_OK(pirn_queue_is_shut_down(queue, &out));
    return out;
}

static void check_refuses_puts(pirn_queue_t *queue)
{
    CHECK_STATUS(pirn_queue_put(queue, ITEM(1)), PIRN_ERR_SHUT_DOWN);
    CHECK_STATUS(pirn_queue_try_put(queue, ITEM(1)), PIRN_ERR_SHUT_DOWN);
    CHECK_STATUS(pirn_queue_put_timeout(queue, ITEM(1), 0), PIRN_ERR_SHUT_DOWN);
    CHECK_STATUS(pirn_queue_put_timeout(queue, ITEM(1), PIRN_FOREVER), PIRN_ERR_SHUT_DOWN);
}

static void check_refuses_gets(pirn_queue_t *queue)
{
    void *item = UNTOUCHED;
    CHECK_STATUS(pirn_queue_get(queue, &item), PIRN_ERR_SHUT_DOWN);
    CHECK_STATUS(pirn_queue_try_get(queue, &item), PIRN_ERR_SHUT_DOWN);
    CHECK_STATUS(pirn_queue_get_timeout(queue, 0, &item), PIRN_ERR_SHUT_DOWN);
    CHECK_STATUS(pirn_queue_get_timeout(queue, PIRN_FOREVER, &item), PIRN_ERR_SHUT_DOWN);
    CHECK(item == UNTOUCHED);
}

TEST(gradual_gives_out_what_is_in)
{
    FOR_KINDS(limited) {
        pirn_queue_t *queue = new_queue(3);
        CHECK(!is_shut_down(queue));
        for (int i = 0; i < 3; i++)
            put(queue, i);
        CHECK_OK(pirn_queue_shutdown(queue, false));
        CHECK(is_shut_down(queue));
        check_refuses_puts(queue); /* full, but shut down comes before would block */
        for (int i = 0; i < 3; i++) {
            get(queue, nth(i, 3));
            check_refuses_puts(queue);
        }
        check_refuses_gets(queue);
        check_unfinished(queue, 3);
        CHECK_OK(pirn_queue_shutdown(queue, false));
        for (int i = 0; i < 3; i++)
            CHECK_OK(pirn_queue_task_done(queue));
        CHECK_OK(pirn_queue_join(queue));
        CHECK_STATUS(pirn_queue_task_done(queue), PIRN_ERR_OVER_RELEASE);
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(immediate_drains_and_frees_the_items)
{
    FOR_KINDS(limited) {
        counted_t items[4] = {{0, 0}};
        void *item;
        pirn_queue_t *queue = new_queue(0);
        CHECK_OK(pirn_queue_set_item_free(queue, count_free));
        for (int i = 0; i < 4; i++)
            CHECK_OK(pirn_queue_put(queue, &items[i]));
        CHECK_OK(pirn_queue_get(queue, &item));
        CHECK_OK(pirn_queue_shutdown(queue, true));
        CHECK(is_shut_down(queue));
        check_refuses_puts(queue);
        check_refuses_gets(queue);
        check_size(queue, 0);
        check_unfinished(queue, 1); /* the one in flight */
        CHECK_STATUS(pirn_queue_join_timeout(queue, 0), PIRN_TIMED_OUT);
        CHECK_OK(pirn_queue_task_done(queue));
        CHECK_OK(pirn_queue_join(queue));
        CHECK_STATUS(pirn_queue_task_done(queue), PIRN_ERR_OVER_RELEASE);
        CHECK_OK(pirn_queue_shutdown(queue, true));
        CHECK_OK(pirn_queue_shutdown(queue, false));
        check_refuses_gets(queue);
        CHECK_OK(pirn_queue_free(queue));
        for (int i = 0; i < 4; i++)
            CHECK_COUNTED(&items[i], 0, i != nth(0, 4));
    }
}

TEST(gradual_then_immediate)
{
    FOR_KINDS(limited) {
        counted_t items[2] = {{0, 0}};
        pirn_queue_t *queue = new_queue(0);
        CHECK_OK(pirn_queue_set_item_free(queue, count_free));
        for (int i = 0; i < 2; i++)
            CHECK_OK(pirn_queue_put(queue, &items[i]));
        CHECK_OK(pirn_queue_shutdown(queue, false));
        check_size(queue, 2);
        CHECK_COUNTED(&items[0], 0, 0);
        CHECK_OK(pirn_queue_shutdown(queue, true));
        check_size(queue, 0);
        check_unfinished(queue, 0);
        for (int i = 0; i < 2; i++)
            CHECK_COUNTED(&items[i], 0, 1);
        CHECK_OK(pirn_queue_join(queue));
        check_refuses_gets(queue);
        CHECK_OK(pirn_queue_free(queue));
        CHECK_COUNTED(&items[1], 0, 1);
    }
}

TEST(an_item_that_is_refused_stays_the_caller_s)
{
    FOR_KINDS(any) {
        counted_t item = {0};
        pirn_queue_t *queue = new_queue(0);
        CHECK_OK(pirn_queue_set_item_free(queue, count_free));
        CHECK_OK(pirn_queue_shutdown(queue, false));
        CHECK_STATUS(pirn_queue_put(queue, &item), PIRN_ERR_SHUT_DOWN);
        CHECK_OK(pirn_queue_shutdown(queue, true));
        CHECK_STATUS(pirn_queue_put(queue, &item), PIRN_ERR_SHUT_DOWN);
        CHECK_OK(pirn_queue_free(queue));
        CHECK_COUNTED(&item, 0, 0);
    }
}

enum { BLOCKED = 4 };

static void block(call_t *calls, pirn_queue_t *queue, pirn_status_t (*make)(call_t *))
{
    for (int i = 0; i < BLOCKED; i++) {
        calls[i] = (call_t){.make = make, .object = queue, .value = UNTOUCHED, .seconds = i % 2 ? 1e6 : -1};
        call_begin_blocked(&calls[i], (breed_t)(i / 2 % BREEDS));
    }
}

static void check_all_end_with(call_t *calls, pirn_status_t status)
{
    for (int i = 0; i < BLOCKED; i++) {
        CHECK_STATUS(call_end(&calls[i]), status);
        CHECK(calls[i].value == UNTOUCHED);
    }
}

TEST(blocked_getters_are_let_go)
{
    FOR_KINDS(any) {
        for (int immediate = 0; immediate < 2; immediate++) {
            call_t getters[BLOCKED];
            pirn_queue_t *queue = new_queue(1);
            block(getters, queue, make_get);
            CHECK_OK(pirn_queue_shutdown(queue, immediate));
            check_all_end_with(getters, PIRN_ERR_SHUT_DOWN);
            CHECK_OK(pirn_queue_free(queue));
        }
    }
}

TEST(blocked_putters_are_let_go)
{
    FOR_KINDS(limited) {
        for (int immediate = 0; immediate < 2; immediate++) {
            call_t putters[BLOCKED];
            pirn_queue_t *queue = new_queue(1);
            put(queue, 7);
            block(putters, queue, make_put);
            CHECK_OK(pirn_queue_shutdown(queue, immediate));
            check_all_end_with(putters, PIRN_ERR_SHUT_DOWN);
            check_unfinished(queue, immediate ? 0 : 1);
            if (!immediate)
                get(queue, 7);
            check_refuses_gets(queue);
            CHECK_OK(pirn_queue_free(queue));
        }
    }
}

TEST(joiners_wait_on_for_what_is_unfinished)
{
    FOR_KINDS(limited) {
        call_t joiners[BLOCKED];
        pirn_queue_t *queue = new_queue(0);
        put(queue, 1);
        put(queue, 2);
        block(joiners, queue, make_queue_join);
        CHECK_OK(pirn_queue_shutdown(queue, false));
        get(queue, 1 + nth(0, 2));
        get(queue, 1 + nth(1, 2));
        CHECK_OK(pirn_queue_task_done(queue));
        for (int i = 0; i < BLOCKED; i++) {
            await_sleeping(joiners[i].native_id);
            CHECK(!LOAD(joiners[i].returned));
        }
        CHECK_OK(pirn_queue_task_done(queue));
        check_all_end_with(joiners, PIRN_OK);
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(an_immediate_one_wakes_joiners_at_zero)
{
    FOR_KINDS(limited) {
        call_t joiners[BLOCKED];
        pirn_queue_t *queue = new_queue(0);
        put(queue, 1);
        put(queue, 2);
        block(joiners, queue, make_queue_join);
        CHECK_OK(pirn_queue_shutdown(queue, true));
        check_all_end_with(joiners, PIRN_OK);
        CHECK_OK(pirn_queue_free(queue));
    }
}

TEST(an_immediate_one_leaves_joiners_to_items_in_flight)
{
    FOR_KINDS(limited) {
        call_t joiners[BLOCKED];
        pirn_queue_t *queue = new_queue(0);
        put(queue, 1);
        put(queue, 2);
        get(queue, 1 + nth(0, 2));
        block(joiners, queue, make_queue_join);
        CHECK_OK(pirn_queue_shutdown(queue, true));
        for (int i = 0; i < BLOCKED; i++) {
            await_sleeping(joiners[i].native_id);
            CHECK(!LOAD(joiners[i].returned));
        }
        CHECK_OK(pirn_queue_task_done(queue));
        check_all_end_with(joiners, PIRN_OK);
        CHECK_OK(pirn_queue_free(queue));
    }
}

/* Everything put before the shutdown is got, however the two race. */
typedef struct stream {
    pirn_queue_t *queue;
    int64_t sum, count;
    bool puts;
} stream_t;

static void put_or_get_until_shut_down(void *arg)
{
    stream_t *stream = arg;
    pirn_status_t status;
    for (;;) {
        void *item = ITEM(stream->count + 1);
        status = stream->puts ? pirn_queue_put(stream->queue, item) : pirn_queue_get(stream->queue, &item);
        if (status != PIRN_OK)
            break;
        stream->sum += (intptr_t)item;
        ADD(stream->count, 1);
    }
    CHECK_STATUS(status, PIRN_ERR_SHUT_DOWN);
}

TEST(nothing_is_lost_between_putters_and_getters)
{
    FOR_KINDS(any) {
        enum { ROUNDS = 100, THREADS = 4 };
        for (int round = 0; round < ROUNDS; round++) {
            runner_t runners[THREADS];
            stream_t streams[THREADS];
            int64_t sum = 0, count = 0;
            pirn_queue_t *queue = new_queue(round % 4);
            for (int i = 0; i < THREADS; i++) {
                streams[i] = (stream_t){.queue = queue, .puts = i % 2 == 0};
                runner_start(&runners[i], (breed_t)(i / 2 % BREEDS), put_or_get_until_shut_down, &streams[i]);
            }
            AWAIT(LOAD(streams[1].count) >= round % 8);
            CHECK_OK(pirn_queue_shutdown(queue, false));
            for (int i = 0; i < THREADS; i++) {
                runner_join(&runners[i]);
                sum += streams[i].puts ? streams[i].sum : -streams[i].sum;
                count += streams[i].puts ? streams[i].count : -streams[i].count;
            }
            CHECK_EQ(count, 0);
            CHECK_EQ(sum, 0);
            CHECK_OK(pirn_queue_free(queue));
        }
    }
}
