/**
 * @file
 * Types that several headers share.
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_TYPES_H
#define PIRN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>

/**
 * "No limit", as a number of seconds. (+infinity means the same.)
 */
#define PIRN_FOREVER (-1.0)

/**
 * The largest time limit, in seconds. More is `PIRN_ERR_OVERFLOW`.
 */
#define PIRN_TIMEOUT_MAX 9223372036.0

/**
 * The code of a callback that ends with nothing to report: it is ignored silently, as Python does with SystemExit.
 */
#define PIRN_EXIT INT32_MIN

/**
 * A handle to an iteration over futures as they complete. See pirn/future.h.
 */
typedef struct pirn_as_completed_t pirn_as_completed_t;

/**
 * A handle to a barrier. See pirn/barrier.h.
 */
typedef struct pirn_barrier_t pirn_barrier_t;

/**
 * A handle to a condition. See pirn/condition.h.
 */
typedef struct pirn_condition_t pirn_condition_t;

/**
 * A handle to an event. See pirn/event.h.
 */
typedef struct pirn_event_t pirn_event_t;

/**
 * A handle to an executor. See pirn/executor.h.
 */
typedef struct pirn_executor_t pirn_executor_t;

/**
 * A handle to a future. See pirn/future.h.
 */
typedef struct pirn_future_t pirn_future_t;

/**
 * A handle to thread-local data. See pirn/local.h.
 */
typedef struct pirn_local_t pirn_local_t;

/**
 * A handle to a lock. See pirn/lock.h.
 */
typedef struct pirn_lock_t pirn_lock_t;

/**
 * A handle to the results of a `pirn_executor_map`. See pirn/executor.h.
 */
typedef struct pirn_map_t pirn_map_t;

/**
 * A handle to a queue. See pirn/queue.h.
 */
typedef struct pirn_queue_t pirn_queue_t;

/**
 * A handle to an rlock. See pirn/rlock.h.
 */
typedef struct pirn_rlock_t pirn_rlock_t;

/**
 * A handle to a semaphore, bounded or not. See pirn/semaphore.h.
 */
typedef struct pirn_semaphore_t pirn_semaphore_t;

/**
 * A handle to a thread. See pirn/thread.h.
 */
typedef struct pirn_thread_t pirn_thread_t;

/**
 * A handle to a timer. See pirn/timer.h.
 */
typedef struct pirn_timer_t pirn_timer_t;

/**
 * A thread's target, an initializer, a shutdown callback. 0 is success.
 */
typedef int32_t (*pirn_target_fn)(void *arg);

/**
 * A task of an executor. 0 is success; `*result`, NULL at the call, is the task's result.
 */
typedef int32_t (*pirn_task_fn)(void *arg, void **result);

/**
 * The body of a parallel for, called with the begin and the end of a part of the range. 0 is success.
 */
typedef int32_t (*pirn_range_fn)(size_t begin, size_t end, void *arg);

/**
 * What a condition waits for: whether it holds, asked with the condition's lock held.
 */
typedef bool (*pirn_predicate_fn)(void *arg);

/**
 * Which of two items comes first: negative for `a`, positive for `b`, 0 for the one that came first.
 */
typedef int (*pirn_compare_fn)(const void *a, const void *b, void *ctx);

/**
 * Gives an argument, an item or a result back to its owner.
 */
typedef void (*pirn_free_fn)(void *arg);

#endif  /* PIRN_TYPES_H */
