/* The kinds of objects. */
#ifndef PIRN_TESTS_KINDS_H
#define PIRN_TESTS_KINDS_H

typedef enum kind {
    LOCK,
    RLOCK,
    CONDITION,
    SEMAPHORE,
    EVENT,
    BARRIER,
    THREAD,
    LOCAL,
    TIMER,
    QUEUE,
    EXECUTOR,
    MAP,
    FUTURE,
    AS_COMPLETED,
    KINDS
} kind_t;

#endif
