/**
 * @file
 * Queues: hand items from thread to thread (Python: `queue.Queue`, `LifoQueue`, `PriorityQueue`, `SimpleQueue`).
 *
 * Four kinds share one type and all functions: they differ in how they are made, and in which item a get takes, which is the *next* one.
 */
/* Generated from src/capi by `make headers`: change it there. */

#ifndef PIRN_QUEUE_H
#define PIRN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pirn/status.h>
#include <pirn/types.h>

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a queue, which is empty: what is put in first is got first.
 *
 * @param maxsize  how many items it holds at most; any number; 0 and less mean no limit
 * @param out      where the handle goes; the caller frees it with pirn_queue_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. A large `maxsize` costs nothing until it is used. Python: queue.Queue(maxsize).
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_new(int64_t maxsize, pirn_queue_t **out);

/**
 * Makes a queue, which is empty: what is put in last is got first.
 *
 * @param maxsize  how many items it holds at most; any number; 0 and less mean no limit
 * @param out      where the handle goes; the caller frees it with pirn_queue_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. Python: queue.LifoQueue(maxsize).
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_lifo_queue_new(int64_t maxsize, pirn_queue_t **out);

/**
 * Makes a queue, which is empty: the lowest item is got first, and of equal ones the one that was put first.
 *
 * @param maxsize  how many items it holds at most; any number; 0 and less mean no limit
 * @param compare  tells which of two items is lower: negative for the first, positive for the second, 0 if they are equal
 * @param ctx      passed to every call of `compare`
 * @param out      where the handle goes; the caller frees it with pirn_queue_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `compare` or `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. `compare` runs in the thread whose put or get (or set_maxsize) needs it, some log2(items) times a call. The queue is
 * busy meanwhile: other threads' calls wait until the comparisons are over (those with a time limit at most so long, those that try as
 * long as it takes), but pirn_queue_size, _empty and _full answer at once. Inside `compare` these three work on the queue itself;
 * any other call on it is PIRN_ERR_DEADLOCK, pirn_queue_free PIRN_ERR_BUSY. Other queues and objects can be used freely.
 * An order that contradicts itself leads to some order of the items. `ctx` stays the caller's, and has to live as long as the queue.
 * Python: queue.PriorityQueue(maxsize), where the items compare themselves, and where the order of equal ones is not defined.
 * Follows: J. W. J. Williams, "Algorithm 232: Heapsort", CACM 7(6), 1964.
 *
 * @pre `compare` may be called with any two items of the queue and with `ctx`, on any thread. `out` is NULL or valid for a write.
 */
pirn_status_t pirn_priority_queue_new(int64_t maxsize,
                                      pirn_compare_fn compare,
                                      void *ctx,
                                      pirn_queue_t **out);

/**
 * Makes a simple queue, which is empty: what is put in first is got first, without a limit, and without a count of unfinished tasks.
 *
 * @param out  where the handle goes; the caller frees it with pirn_queue_free
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 * @return PIRN_ERR_NO_MEMORY
 *
 * Does not block. A put never waits, and may be made at any time in any callback or destructor, also in one that runs inside a call on
 * the same queue. (So may every other call, on all kinds of queue but inside `compare`; what a simple queue adds is that
 * nobody can give it a limit.) pirn_queue_task_done, _join, _join_timeout, _unfinished and _set_maxsize are PIRN_ERR_UNSUPPORTED.
 * Python: queue.SimpleQueue(), which has no shutdown.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_simple_queue_new(pirn_queue_t **out);

/**
 * Says how to give back the items that nobody gets: those left when the queue is freed, or shut down immediately.
 *
 * @param queue      the queue
 * @param item_free  called once with each such item; NULL (as at first) for not at all
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 *
 * Does not block. Holds for the items that are in the queue already, too. `item_free` runs on the thread that frees the queue or
 * shuts it down, before that call returns, and with no lock of pirn's held.
 * Python: none needed, items are garbage-collected.
 *
 * @pre `item_free` may be called with every item of the queue.
 */
pirn_status_t pirn_queue_set_item_free(pirn_queue_t *queue,
                                       pirn_free_fn item_free);

/**
 * Frees a queue. Items left in it go to the function that was set by pirn_queue_set_item_free.
 *
 * @param queue  the queue, or NULL
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_BUSY threads wait in a put, a get or a join, or it was called inside the queue's own `compare`; the handle stays valid
 *
 * Does not block. Python: the end of the object's life.
 */
pirn_status_t pirn_queue_free(pirn_queue_t *queue);

/**
 * Puts an item into the queue, waiting as long as it is full.
 *
 * @param queue  the queue
 * @param item   any pointer; NULL is an item like any other
 * @return PIRN_OK            the item is in the queue, or another thread has got it
 * @return PIRN_ERR_SHUT_DOWN the queue was shut down, before the call or while it waited
 * @return PIRN_ERR_NO_MEMORY the queue cannot grow
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 *
 * Blocks without a limit. Those who wait are served in the order in which they came: each get lets the item of the first in
 * at once, so that a newcomer cannot take the room. If threads wait in a get, the first of them gets the item.
 * Everything done before is seen by the thread that gets the item. On PIRN_OK the item is the queue's, else it stays the caller's.
 * Python: queue.put(item).
 * Follows: Python Library Reference, queue, Queue Objects; handing over as in Go's channels (runtime/chan.go).
 */
pirn_status_t pirn_queue_put(pirn_queue_t *queue,
                             void *item);

/**
 * Puts an item into the queue if it is not full.
 *
 * @param queue  the queue
 * @param item   any pointer; NULL is an item like any other
 * @return PIRN_OK            the item is in the queue, or another thread has got it
 * @return PIRN_WOULD_BLOCK   the queue is full; nothing changed
 * @return PIRN_ERR_SHUT_DOWN the queue has been shut down, full or not
 * @return PIRN_ERR_NO_MEMORY the queue cannot grow
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 *
 * Does not block. Memory order and ownership as for pirn_queue_put. Python: queue.put_nowait(item).
 */
pirn_status_t pirn_queue_try_put(pirn_queue_t *queue, void *item);

/**
 * Puts an item into the queue, waiting for at most so long as it is full.
 *
 * @param queue    the queue
 * @param item     any pointer; NULL is an item like any other
 * @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @return PIRN_OK            the item is in the queue, or another thread has got it
 * @return PIRN_TIMED_OUT     the limit passed first; nothing changed
 * @return PIRN_ERR_SHUT_DOWN the queue was shut down, before the call or while it waited
 * @return PIRN_ERR_NO_MEMORY the queue cannot grow
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks, in the order of pirn_queue_put; memory order and ownership as for it. Python: queue.put(item, timeout=seconds).
 */
pirn_status_t pirn_queue_put_timeout(pirn_queue_t *queue,
                                     void *item,
                                     double seconds);

/**
 * Takes the next item out of the queue, waiting as long as there is none.
 *
 * @param queue  the queue
 * @param item   where the item goes
 * @return PIRN_OK
 * @return PIRN_ERR_SHUT_DOWN the queue has been shut down and is empty, or was shut down while the call waited
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_INVALID_ARGUMENT `item` is NULL
 *
 * Blocks without a limit. Those who wait are served in the order in which they came: each put hands its item to the first of
 * them, so that a newcomer cannot take it. Everything that the thread which put the item did before is seen. The item is the
 * caller's. Python: queue.get().
 * Follows: Python Library Reference, queue, Queue Objects; handing over as in Go's channels (runtime/chan.go).
 *
 * @pre `item` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_get(pirn_queue_t *queue,
                             void **item);

/**
 * Takes the next item out of the queue if there is one.
 *
 * @param queue  the queue
 * @param item   where the item goes
 * @return PIRN_OK
 * @return PIRN_WOULD_BLOCK   the queue is empty
 * @return PIRN_ERR_SHUT_DOWN the queue has been shut down and is empty
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_INVALID_ARGUMENT `item` is NULL
 *
 * Does not block. Memory order and ownership as for pirn_queue_get. Python: queue.get_nowait().
 *
 * @pre `item` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_try_get(pirn_queue_t *queue, void **item);

/**
 * Takes the next item out of the queue, waiting for at most so long as there is none.
 *
 * @param queue    the queue
 * @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @param item     where the item goes
 * @return PIRN_OK
 * @return PIRN_TIMED_OUT     the limit passed first
 * @return PIRN_ERR_SHUT_DOWN the queue has been shut down and is empty, or was shut down while the call waited
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_INVALID_ARGUMENT `item` is NULL, or `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks, in the order of pirn_queue_get; memory order and ownership as for it. Python: queue.get(timeout=seconds).
 *
 * @pre `item` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_get_timeout(pirn_queue_t *queue,
                                     double seconds,
                                     void **item);

/**
 * Says that an item which was got from the queue is done with.
 *
 * @param queue  the queue
 * @return PIRN_OK
 * @return PIRN_ERR_OVER_RELEASE as many items as were put in are done already
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_UNSUPPORTED    it is a simple queue
 *
 * Does not block. If no task is unfinished now, wakes every thread that waits in a join; everything done before is seen by them.
 * Python: queue.task_done().
 */
pirn_status_t pirn_queue_task_done(pirn_queue_t *queue);

/**
 * Waits until every item that was put in is done: until there were as many calls of pirn_queue_task_done.
 *
 * @param queue  the queue
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_UNSUPPORTED    it is a simple queue
 *
 * Blocks without a limit; returns at once if no task is unfinished. A thread that waits when the count reaches 0 returns,
 * even if an item is put in before it runs. All who wait are woken together. Everything done before the calls of
 * pirn_queue_task_done is seen. A shutdown ends a join only by dropping items: immediate, and nothing else was unfinished.
 * Python: queue.join().
 */
pirn_status_t pirn_queue_join(pirn_queue_t *queue);

/**
 * Waits until every item that was put in is done, for at most so long.
 *
 * @param queue    the queue
 * @param seconds  the limit: 0 to PIRN_TIMEOUT_MAX; PIRN_FOREVER or +infinity for none
 * @return PIRN_OK
 * @return PIRN_TIMED_OUT the limit passed first
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_UNSUPPORTED    it is a simple queue
 * @return PIRN_ERR_INVALID_ARGUMENT `seconds` is NaN or negative (and not -1)
 * @return PIRN_ERR_OVERFLOW         `seconds` is above PIRN_TIMEOUT_MAX
 *
 * Blocks; on PIRN_OK memory is ordered as by pirn_queue_join. Python: no equivalent; its join takes no timeout.
 */
pirn_status_t pirn_queue_join_timeout(pirn_queue_t *queue,
                                      double seconds);

/**
 * Says how many items are in the queue, at this moment.
 *
 * @param queue  the queue
 * @param out    where the number goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. The answer may be out of date when it arrives. Items of threads that wait in a put are not in the queue.
 * Python: queue.qsize().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_size(pirn_queue_t *queue,
                              size_t *out);

/**
 * Says whether the queue is empty, at this moment.
 *
 * @param queue  the queue
 * @param out    where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. The answer may be out of date when it arrives. Python: queue.empty().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_empty(pirn_queue_t *queue, bool *out);

/**
 * Says whether the queue is full, at this moment. A queue without a limit never is.
 *
 * @param queue  the queue
 * @param out    where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. The answer may be out of date when it arrives. Python: queue.full().
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_full(pirn_queue_t *queue, bool *out);

/**
 * Says how many tasks are unfinished, at this moment: items that were put in and are not done yet.
 *
 * @param queue  the queue
 * @param out    where the number goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_UNSUPPORTED    it is a simple queue
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. The answer may be out of date when it arrives. Python: queue.unfinished_tasks.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_unfinished(pirn_queue_t *queue, size_t *out);

/**
 * Gives the queue's limit, as it was set.
 *
 * @param queue  the queue
 * @param out    where the number goes; 0 and less mean no limit
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: queue.maxsize.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_maxsize(pirn_queue_t *queue, int64_t *out);

/**
 * Changes the queue's limit.
 *
 * @param queue    the queue
 * @param maxsize  how many items it holds at most; any number; 0 and less mean no limit
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_UNSUPPORTED    it is a simple queue
 *
 * Does not block. The items of threads that wait in a put are let in as far as they fit now, in the order in which the threads
 * came, and those threads woken (with PIRN_ERR_NO_MEMORY where the queue cannot grow). With a lower limit the items beyond it
 * stay, and the queue is full until enough have been got; a put that is under way meanwhile may still go by the old limit. Python: queue.maxsize = maxsize, which wakes nobody.
 */
pirn_status_t pirn_queue_set_maxsize(pirn_queue_t *queue,
                                     int64_t maxsize);

/**
 * Says whether the queue has been shut down.
 *
 * @param queue  the queue
 * @param out    where the answer goes
 * @return PIRN_OK
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 * @return PIRN_ERR_INVALID_ARGUMENT `out` is NULL
 *
 * Does not block. Python: queue.is_shutdown.
 *
 * @pre `out` is NULL or valid for a write.
 */
pirn_status_t pirn_queue_is_shut_down(pirn_queue_t *queue, bool *out);

/**
 * Shuts the queue down: puts get PIRN_ERR_SHUT_DOWN from now on, gets as soon as the queue is empty.
 *
 * @param queue      the queue
 * @param immediate  whether the items that are left are dropped: each goes to the function that was set by
 *                   pirn_queue_set_item_free, and counts as done
 * @return PIRN_OK (also if it is shut down already; an immediate shutdown may follow one that was not)
 * @return PIRN_ERR_INVALID_HANDLE
 * @return PIRN_ERR_DEADLOCK       called inside the queue's own `compare` (see pirn_priority_queue_new)
 *
 * Does not block. Threads that wait in a put or get are woken with PIRN_ERR_SHUT_DOWN, those in a join if no task is unfinished
 * any more; then the items are given back. Items that were got before may still be called done.
 * Python: queue.shutdown(immediate) (3.13).
 */
pirn_status_t pirn_queue_shutdown(pirn_queue_t *queue,
                                  bool immediate);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PIRN_QUEUE_H */
