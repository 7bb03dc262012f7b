/* What the suites of the queue share. Items are small numbers in the place of pointers. */
#ifndef PIRN_TESTS_QUEUE_H
#define PIRN_TESTS_QUEUE_H

#include "blocking.h"

#define ITEM(number) ((void *)(intptr_t)(number))

static inline pirn_queue_t *new_queue(int64_t maxsize)
{
    pirn_queue_t *queue;
    CHECK_OK(pirn_queue_new(maxsize, &queue));
    return queue;
}

static inline void put(pirn_queue_t *queue, int number)
{
    CHECK_OK(pirn_queue_put(queue, ITEM(number)));
}

static inline void get(pirn_queue_t *queue, int expected)
{
    void *item = UNTOUCHED;
    CHECK_OK(pirn_queue_get(queue, &item));
    CHECK_EQ((intptr_t)item, expected);
}

static inline size_t size_of(pirn_queue_t *queue)
{
    size_t size = SIZE_MAX;
    CHECK_OK(pirn_queue_size(queue, &size));
    return size;
}

static inline void check_size(pirn_queue_t *queue, size_t expected)
{
    CHECK_EQ(size_of(queue), expected);
}

static inline void check_unfinished(pirn_queue_t *queue, size_t expected)
{
    size_t unfinished = SIZE_MAX;
    CHECK_OK(pirn_queue_unfinished(queue, &unfinished));
    CHECK_EQ(unfinished, expected);
}

static inline void check_flags(pirn_queue_t *queue, bool expected_empty, bool expected_full)
{
    bool empty = !expected_empty, full = !expected_full;
    CHECK_OK(pirn_queue_empty(queue, &empty));
    CHECK_OK(pirn_queue_full(queue, &full));
    CHECK_EQ(empty, expected_empty);
    CHECK_EQ(full, expected_full);
}

static inline pirn_status_t make_put(call_t *c)
{
    return pirn_queue_put_timeout(c->object, c->value, c->seconds);
}

static inline pirn_status_t make_get(call_t *c)
{
    return pirn_queue_get_timeout(c->object, c->seconds, &c->value);
}

static inline pirn_status_t make_queue_join(call_t *c)
{
    return pirn_queue_join_timeout(c->object, c->seconds);
}

#endif
