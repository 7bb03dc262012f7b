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
    ADD(n_refused, 1);
    return false;
}

/* Nothing is refused for a moment: a timer whose thread is refused tries again until it gets one. */
static bool has_respite;

static counted_t tour_arg;
static int n_args; /* given to pirn with count_free, by any thread */

static void *an_arg(void)
{
    ADD(n_args, 1);
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

/* Words may be lost where there is no memory for them, the code and the payload are not. */
static int32_t fail_with_words(void *arg)
{
    count_run(arg);
    pirn_raise(4, "this is not how it ends");
    return pirn_raise_with(5, "this is", an_arg(), count_free);
}

/* What a failure that nobody waits for comes to. */
static int32_t expect_five(const pirn_excepthook_args_t *args, void *arg)
{
    CHECK_EQ(args->code, 5);
    return count_run(arg);
}

static void trace(const pirn_trace_event_t *event, void *arg)
{
    CHECK(event->kind > 0);
    count_run(arg);
}

static int32_t set_hooks(void *unused)
{
    (void)unused;
    got(pirn_set_excepthook(expect_five, an_arg(), count_free));
    got(pirn_settrace_all_threads(trace, an_arg(), count_free));
    got(pirn_setprofile_all_threads(trace, an_arg(), count_free));
    got(pirn_settrace(trace, an_arg(), count_free));
    got(pirn_set_interrupt(count_run, an_arg(), count_free));
    return 0;
}

static void tour_hooks(void)
{
    CHECK_OK(pirn_set_interrupt(NULL, NULL, NULL));
    got(pirn_settrace_all_threads(NULL, NULL, NULL));
    got(pirn_setprofile_all_threads(NULL, NULL, NULL));
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
    if (got(pirn_thread_new(fail_with_words, an_arg(), count_free, &thread))) {
        int32_t code;
        if (got(pirn_thread_start(thread))) {
            CHECK_OK(pirn_thread_join(thread));
            CHECK_OK(pirn_thread_exit_code(thread, &code));
            CHECK_EQ(code, 5);
        }
        CHECK_OK(pirn_thread_free(thread));
    }
    if (got(pirn_current_thread(&thread)))
        CHECK_OK(pirn_thread_free(thread));
    if (got(pirn_main_thread(&thread)))
        CHECK_OK(pirn_thread_free(thread));
    if (got(pirn_enumerate(threads, LENGTH(threads), &n)))
        for (size_t i = 0; i < n && i < LENGTH(threads); i++)
            CHECK_OK(pirn_thread_free(threads[i]));
    for (int round = 0; round < 4; round++) {
        pirn_target_fn function = round == 2 ? fail_with_words : count_run;
        if (!got(pirn_timer_new(round % 2 * 3600, function, an_arg(), count_free, &timer)))
            continue;
        if (got(pirn_timer_thread(timer, &thread))) {
            got(pirn_thread_set_name(thread, "a timer's name"));
            CHECK_OK(pirn_thread_free(thread));
        }
        if (got(pirn_timer_start(timer))) {
            if (round % 2 == 1)
                CHECK_OK(pirn_timer_cancel(timer));
            STORE(has_respite, true);
            CHECK_OK(pirn_timer_join(timer));
            STORE(has_respite, false);
        }
        CHECK_OK(pirn_timer_free(timer));
    }
    if (got(pirn_local_new(count_run, an_arg(), count_free, &local))) {
        static const char *const names[] = {NULL, "a", "b", "c", "d", "e", "f", "g", "h", "i"};
        for (size_t i = 0; i < LENGTH(names); i++) {
            void *value;
            if (got(pirn_local_set(local, names[i], an_arg(), count_free)))
                CHECK(!got(pirn_local_get(local, names[i], &value)) || value == &tour_arg);
        }
        CHECK_OK(pirn_local_free(local));
    }
}

#include "tour_exec.h"

static void tour_promise(void)
{
    pirn_future_t *future;
    bool run, cancelled;
    int32_t code;
    char words[8];
    size_t n;
    if (got(pirn_future_new(&future))) {
        CHECK_OK(pirn_future_set_running_or_notify_cancel(future, &run));
        got(pirn_future_add_done_callback(future, use_done, an_arg(), count_free));
        if (got(pirn_future_set_exception_with(future, 5, "a message", an_arg(), count_free))) {
            CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
            CHECK_EQ(pirn_last_code(), 5);
            CHECK_OK(pirn_future_exception(future, &code, words, sizeof words, &n));
            CHECK_EQ(code, 5);
        }
        CHECK(strlen(pirn_last_error()) > 0);
        CHECK_OK(pirn_future_free(future));
    }
    if (got(pirn_future_new(&future))) {
        CHECK_OK(pirn_future_set_result_free(future, count_free));
        CHECK_OK(pirn_future_set_result(future, an_arg()));
        CHECK_OK(pirn_future_free(future));
    }
    if (got(pirn_future_new(&future))) {
        got(pirn_future_add_done_callback(future, use_done, an_arg(), count_free));
        CHECK_OK(pirn_future_cancel(future, &cancelled));
        CHECK(cancelled);
        CHECK_OK(pirn_future_free(future));
    }
}

/* All of it. Then everything that pirn was given has been freed, refused or not. */
static void tour(void)
{
    set_hooks(NULL);
    tour_locks();
    tour_queues();
    tour_threads();
    tour_executor();
    tour_backlog();
    tour_futures(40);
    tour_promise();
    tour_hooks();
    got(pirn_at_shutdown(fail_with_words, an_arg(), count_free));
    CHECK_OK(pirn_shutdown());
    CHECK_OK(pirn_set_excepthook(NULL, NULL, NULL));
    CHECK_OK(pirn_settrace(NULL, NULL, NULL));
    AWAIT(LOAD(tour_arg.frees) >= LOAD(n_args));
    CHECK_EQ(LOAD(tour_arg.frees), LOAD(n_args));
}

#endif
