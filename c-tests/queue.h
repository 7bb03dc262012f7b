/* What the suites of the queue share. Items are small numbers in the place of pointers. */
#ifndef PIRN_TESTS_QUEUE_H
#define PIRN_TESTS_QUEUE_H

#include "blocking.h"

#define ITEM(number) ((void *)(intptr_t)(number))

static inline int compare_numbers(const void *a, const void *b, void *ctx)
{
    (void)ctx;
    return ((intptr_t)a > (intptr_t)b) - ((intptr_t)a < (intptr_t)b);
}

static inline pirn_status_t make_fifo(int64_t maxsize, pirn_queue_t **out)
{
    return pirn_queue_new(maxsize, out);
}

static inline pirn_status_t make_lifo(int64_t maxsize, pirn_queue_t **out)
{
    return pirn_lifo_queue_new(maxsize, out);
}

static inline pirn_status_t make_priority(int64_t maxsize, pirn_queue_t **out)
{
    return pirn_priority_queue_new(maxsize, compare_numbers, NULL, out);
}

static inline pirn_status_t make_simple(int64_t maxsize, pirn_queue_t **out)
{
    (void)maxsize;
    return pirn_simple_queue_new(out);
}

typedef struct queue_kind {
    pirn_status_t (*make)(int64_t maxsize, pirn_queue_t **out);
    bool any;       /* all of them */
    bool limited;   /* has a limit, and counts tasks */
    bool ascending; /* gives numbers out in their order that were put so */
    bool fifo;
} queue_kind_t;

static const queue_kind_t queue_kinds[] = {
    {make_fifo, true, true, true, true},
    {make_lifo, true, true, false, false},
    {make_priority, true, true, true, false},
    {make_simple, true, false, true, true},
};

/* The suites run on every kind that what they check holds for: FOR_KINDS(limited) { ... new_queue(3) ... } */
static const queue_kind_t *kind = queue_kinds;
#define FOR_KINDS(which)                                                                                     \
    for (kind = queue_kinds; kind < queue_kinds + LENGTH(queue_kinds); kind++)                               \
        if (kind->which)

static inline pirn_queue_t *new_queue(int64_t maxsize)
{
    pirn_queue_t *queue;
    CHECK_OK(kind->make(maxsize, &queue));
    return queue;
}

/* Of n numbers that were put in their order, the one that is got after i others. */
static inline int nth(int i, int n)
{
    return kind->ascending ? i : n - 1 - i;
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
