/*
 * A tour through the API on which anything that needs memory or a thread may be refused: each step either
 * works, or is refused with a status that says so and leaves nothing behind.
 */
#ifndef PIRN_TESTS_FAULT_TOUR_H
#define PIRN_TESTS_FAULT_TOUR_H

#include "../child.h"

static int n_refused; /* steps that said so */

/* Whether the step worked; if not, it was for want of memory or of threads. */
static bool got(pirn_status_t status)
{
    if (status == PIRN_OK)
        return true;
    CHECK_AMONG(status, BIT(PIRN_ERR_NO_MEMORY) | BIT(PIRN_ERR_NO_THREAD));
    n_refused++;
    return false;
}

static counted_t tour_arg;
static int n_args; /* given to pirn with count_free */

static void *an_arg(void)
{
    n_args++;
    return &tour_arg;
}

static void tour_locks(void)
{
    pirn_lock_t *lock;
    pirn_rlock_t *rlock;
    pirn_condition_t *condition;
    pirn_semaphore_t *semaphore;
    pirn_event_t *event;
    pirn_barrier_t *barrier;
    if (got(pirn_lock_new(&lock))) {
        CHECK_OK(pirn_lock_acquire(lock));
        CHECK_STATUS(pirn_lock_acquire_timeout(lock, 1e-5), PIRN_TIMED_OUT);
        CHECK_OK(pirn_lock_release(lock));
        if (got(pirn_condition_new_with_lock(lock, &condition)))
            CHECK_OK(pirn_condition_free(condition));
        CHECK_OK(pirn_lock_free(lock));
        CHECK_STATUS(pirn_lock_release(lock), PIRN_ERR_INVALID_HANDLE);
    }
    if (got(pirn_rlock_new(&rlock))) {
        CHECK_OK(pirn_rlock_acquire(rlock));
        CHECK_OK(pirn_rlock_acquire(rlock));
        CHECK_OK(pirn_rlock_release(rlock));
        CHECK_OK(pirn_rlock_release(rlock));
        CHECK_OK(pirn_rlock_free(rlock));
    }
    if (got(pirn_condition_new(&condition))) {
        CHECK_OK(pirn_condition_acquire(condition));
        CHECK_STATUS(pirn_condition_wait_timeout(condition, 1e-5), PIRN_TIMED_OUT);
        CHECK_OK(pirn_condition_notify_all(condition));
        CHECK_OK(pirn_condition_release(condition));
        CHECK_OK(pirn_condition_free(condition));
    }
    if (got(pirn_semaphore_new_bounded(1, &semaphore))) {
        CHECK_OK(pirn_semaphore_acquire(semaphore));
        CHECK_STATUS(pirn_semaphore_acquire_timeout(semaphore, 1e-5), PIRN_TIMED_OUT);
        CHECK_OK(pirn_semaphore_release(semaphore));
        CHECK_STATUS(pirn_semaphore_release(semaphore), PIRN_ERR_OVER_RELEASE);
        CHECK_OK(pirn_semaphore_free(semaphore));
    }
    if (got(pirn_event_new(&event))) {
        CHECK_STATUS(pirn_event_wait_timeout(event, 1e-5), PIRN_TIMED_OUT);
        CHECK_OK(pirn_event_set(event));
        CHECK_OK(pirn_event_wait(event));
        CHECK_OK(pirn_event_free(event));
    }
    if (got(pirn_barrier_new(1, count_run, an_arg(), count_free, PIRN_FOREVER, &barrier))) {
        CHECK_OK(pirn_barrier_wait(barrier, NULL));
        CHECK_OK(pirn_barrier_free(barrier));
    }
}

static void tour_queue(pirn_queue_t *queue, bool counts)
{
    enum { ITEMS = 200 };
    int n = 0;
    void *item;
    CHECK_OK(pirn_queue_set_item_free(queue, count_free));
    for (int i = 0; i < ITEMS; i++)
        n += got(pirn_queue_put(queue, &tour_arg));
    size_t size;
    CHECK_OK(pirn_queue_size(queue, &size));
    CHECK_EQ(size, n); /* an item is in the queue or with the caller */
    for (; n > 3; n--) {
        CHECK_OK(pirn_queue_get(queue, &item));
        CHECK(item == &tour_arg);
        if (counts)
            CHECK_OK(pirn_queue_task_done(queue));
    }
    n_args += n; /* the rest is freed with the queue */
    CHECK_OK(pirn_queue_free(queue));
}

static int whichever(const void *a, const void *b, void *ctx)
{
    (void)a;
    (void)b;
    (void)ctx;
    return 0;
}

static void tour_queues(void)
{
    pirn_queue_t *queue;
    if (got(pirn_queue_new(0, &queue)))
        tour_queue(queue, true);
    if (got(pirn_lifo_queue_new(0, &queue)))
        tour_queue(queue, true);
    if (got(pirn_priority_queue_new(0, whichever, NULL, &queue)))
        tour_queue(queue, true);
    if (got(pirn_simple_queue_new(&queue)))
        tour_queue(queue, false);
}

static void tour_threads(void)
{
    pirn_thread_t *thread, *threads[4];
    pirn_timer_t *timer;
    pirn_local_t *local;
    size_t n;
    char name[16];
    if (got(pirn_thread_new(count_run, an_arg(), count_free, &thread))) {
        got(pirn_thread_set_name(thread, "a thread's name"));
        got(pirn_thread_name(thread, name, sizeof name, &n));
        if (got(pirn_thread_start(thread)))
            CHECK_OK(pirn_thread_join(thread));
        CHECK_OK(pirn_thread_free(thread));
    }
    if (got(pirn_current_thread(&thread)))
        CHECK_OK(pirn_thread_free(thread));
    if (got(pirn_main_thread(&thread)))
        CHECK_OK(pirn_thread_free(thread));
    if (got(pirn_enumerate(threads, LENGTH(threads), &n)))
        for (size_t i = 0; i < n && i < LENGTH(threads); i++)
            CHECK_OK(pirn_thread_free(threads[i]));
    for (int round = 0; round < 2; round++) {
        if (!got(pirn_timer_new(round * 3600, count_run, an_arg(), count_free, &timer)))
            continue;
        if (got(pirn_timer_start(timer))) {
            if (round == 1)
                CHECK_OK(pirn_timer_cancel(timer));
            CHECK_OK(pirn_timer_join(timer));
        }
        CHECK_OK(pirn_timer_free(timer));
    }
    if (got(pirn_local_new(NULL, NULL, NULL, &local))) {
        static const char *const names[] = {NULL, "a", "b", "c", "d", "e", "f", "g", "h", "i"};
        for (size_t i = 0; i < LENGTH(names); i++) {
            void *value;
            if (got(pirn_local_set(local, names[i], an_arg(), count_free)))
                CHECK(!got(pirn_local_get(local, names[i], &value)) || value == &tour_arg);
        }
        CHECK_OK(pirn_local_free(local));
    }
}

static void ignore_done(pirn_future_t *future, void *arg)
{
    (void)future;
    (void)arg;
}

static void tour_executor(void)
{
    enum { TASKS = 40 };
    pirn_executor_t *executor;
    pirn_future_t *futures[TASKS];
    pirn_map_t *map;
    pirn_as_completed_t *iterator;
    void *items[TASKS];
    size_t n = 0, index;
    if (!got(pirn_executor_new(2, &executor)))
        return;
    got(pirn_executor_set_thread_name_prefix(executor, "on tour"));
    got(pirn_executor_set_initializer(executor, count_run, an_arg(), count_free));
    for (int i = 0; i < TASKS; i++)
        n += got(pirn_executor_submit(executor, count_task, an_arg(), count_free, &futures[n]));
    if (n > 0) {
        got(pirn_future_add_done_callback(futures[0], ignore_done, an_arg(), count_free));
        got(pirn_wait(futures, n, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL));
        if (got(pirn_as_completed(futures, n, PIRN_FOREVER, &iterator))) {
            for (size_t i = 0; i < n; i++)
                CHECK_OK(pirn_as_completed_next(iterator, &index));
            CHECK_STATUS(pirn_as_completed_next(iterator, &index), PIRN_END);
            CHECK_OK(pirn_as_completed_free(iterator));
        }
    }
    for (size_t i = 0; i < n; i++) {
        CHECK_OK(pirn_future_result(futures[i], NULL));
        CHECK_OK(pirn_future_free(futures[i]));
    }
    for (int i = 0; i < TASKS; i++)
        items[i] = an_arg();
    if (got(pirn_executor_map(executor, count_task, items, TASKS, count_free, 3, PIRN_FOREVER, &map))) {
        for (int i = 0; i < TASKS; i++)
            CHECK_OK(pirn_map_next(map, &items[i]));
        CHECK_OK(pirn_map_free(map));
    }
    CHECK_OK(pirn_executor_free(executor));
}

static void tour_promise(void)
{
    pirn_future_t *future;
    bool run;
    if (!got(pirn_future_new(&future)))
        return;
    CHECK_OK(pirn_future_set_running_or_notify_cancel(future, &run));
    if (got(pirn_future_set_exception(future, 5, "a message")))
        CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
    CHECK(strlen(pirn_last_error()) > 0);
    CHECK_OK(pirn_future_free(future));
}

/* All of it. Then everything that pirn was given has been freed, refused or not. */
static void tour(void)
{
    tour_locks();
    tour_queues();
    tour_threads();
    tour_executor();
    tour_promise();
    got(pirn_at_shutdown(count_run, an_arg(), count_free));
    CHECK_OK(pirn_shutdown());
    AWAIT(LOAD(tour_arg.frees) >= n_args);
    CHECK_EQ(LOAD(tour_arg.frees), n_args);
}

#endif
