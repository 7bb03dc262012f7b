/* Waits that signals call off, and threads that are cut off inside a callback. */
#include <pthread.h>

#include "blocking.h"
#include "child.h"

typedef struct hook {
    counted_t counted;
    int32_t answer;
} hook_t;

static int32_t answer(void *arg)
{
    hook_t *hook = arg;
    count_run(arg);
    return LOAD(hook->answer);
}

static void handle_signals(void)
{
    struct sigaction action = {.sa_handler = count_signal};
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
}

/* A wait on a thread that has a hook. */
typedef struct hooked {
    call_t call;
    timed_fn wait;
    hook_t hook;
} hooked_t;

static pirn_status_t wait_hooked(call_t *call)
{
    hooked_t *h = (hooked_t *)call;
    CHECK_OK(pirn_set_interrupt(answer, &h->hook, count_free));
    pirn_status_t status = h->wait(call->object, call->seconds);
    CHECK_OK(pirn_set_interrupt(NULL, NULL, NULL));
    return status;
}

static void signal_it(hooked_t *h)
{
    int handled = LOAD(signals_handled);
    interrupt_thread(h->call.native_id);
    AWAIT(LOAD(signals_handled) > handled);
}

static void begin_hooked(hooked_t *h, timed_fn wait, void *object, double seconds)
{
    *h = (hooked_t){.call = {.make = wait_hooked, .object = object, .seconds = seconds}, .wait = wait};
    handle_signals();
    call_begin_blocked(&h->call, PIRN_THREAD);
}

/* The hook is asked at each signal, and the wait goes on until it says otherwise. */
static void check_called_off(timed_fn wait, void *object, pirn_status_t expected)
{
    hooked_t h;
    begin_hooked(&h, wait, object, PIRN_TIMEOUT_MAX);
    for (int i = 1; i <= 3; i++) {
        signal_it(&h);
        AWAIT(LOAD(h.hook.counted.runs) == i);
        await_sleeping(h.call.native_id);
    }
    STORE(h.hook.answer, 1);
    signal_it(&h);
    CHECK_STATUS(call_end(&h.call), expected);
    CHECK_COUNTED(&h.hook.counted, 4, 1);
}

static pirn_status_t acquire_lock(void *lock, double s) { return pirn_lock_acquire_timeout(lock, s); }
static pirn_status_t acquire_rlock(void *rlock, double s) { return pirn_rlock_acquire_timeout(rlock, s); }
static pirn_status_t acquire_semaphore(void *sem, double s) { return pirn_semaphore_acquire_timeout(sem, s); }
static pirn_status_t wait_event(void *event, double s) { return pirn_event_wait_timeout(event, s); }
static pirn_status_t wait_barrier(void *barrier, double s) { return pirn_barrier_wait_timeout(barrier, s, NULL); }
static pirn_status_t join(void *thread, double s) { return pirn_thread_join_timeout(thread, s); }
static pirn_status_t join_queue(void *queue, double s) { return pirn_queue_join_timeout(queue, s); }
static pirn_status_t result(void *future, double s) { return pirn_future_result_timeout(future, s, NULL); }

static pirn_status_t get(void *queue, double s)
{
    void *item;
    return pirn_queue_get_timeout(queue, s, &item);
}

static pirn_status_t wait_several(void *future, double s)
{
    pirn_future_t *futures[] = {future};
    return pirn_wait(futures, 1, PIRN_ALL_COMPLETED, s, NULL, NULL);
}

static pirn_status_t next_completed(void *future, double s)
{
    pirn_future_t *futures[] = {future};
    pirn_as_completed_t *it;
    size_t index;
    CHECK_OK(pirn_as_completed(futures, 1, s, &it));
    pirn_status_t status = pirn_as_completed_next(it, &index);
    CHECK_OK(pirn_as_completed_free(it));
    return status;
}

TEST(locks_and_semaphores)
{
    pirn_lock_t *lock;
    pirn_rlock_t *rlock;
    pirn_semaphore_t *semaphore;
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_lock_acquire(lock));
    check_called_off(acquire_lock, lock, PIRN_TIMED_OUT);
    CHECK_OK(pirn_lock_free(lock));
    CHECK_OK(pirn_rlock_new(&rlock));
    CHECK_OK(pirn_rlock_acquire(rlock));
    check_called_off(acquire_rlock, rlock, PIRN_TIMED_OUT);
    CHECK_OK(pirn_rlock_free(rlock));
    CHECK_OK(pirn_semaphore_new(0, &semaphore));
    check_called_off(acquire_semaphore, semaphore, PIRN_TIMED_OUT);
    CHECK_OK(pirn_semaphore_free(semaphore));
}

TEST(events_barriers_threads)
{
    pirn_event_t *event;
    pirn_barrier_t *barrier;
    pirn_thread_t *main_thread, *thread;
    pirn_timer_t *timer;
    bool broken;
    CHECK_OK(pirn_event_new(&event));
    check_called_off(wait_event, event, PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_free(event));
    CHECK_OK(pirn_barrier_new(2, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    check_called_off(wait_barrier, barrier, PIRN_ERR_BROKEN_BARRIER);
    CHECK_OK(pirn_barrier_broken(barrier, &broken));
    CHECK(broken);
    CHECK_OK(pirn_barrier_free(barrier));
    CHECK_OK(pirn_main_thread(&main_thread));
    check_called_off(join, main_thread, PIRN_TIMED_OUT);
    CHECK_OK(pirn_thread_free(main_thread));
    CHECK_OK(pirn_thread_new(sleep_forever_target, NULL, NULL, &thread));
    CHECK_OK(pirn_thread_set_daemon(thread, true));
    CHECK_OK(pirn_thread_start(thread));
    check_called_off(join, thread, PIRN_TIMED_OUT);
    CHECK_OK(pirn_thread_free(thread));
    CHECK_OK(pirn_timer_new(INFINITY, count_run, NULL, NULL, &timer));
    CHECK_OK(pirn_timer_thread(timer, &thread));
    CHECK_OK(pirn_timer_start(timer));
    check_called_off(join, thread, PIRN_TIMED_OUT);
    CHECK_OK(pirn_timer_cancel(timer));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_OK(pirn_timer_free(timer));
}

TEST(queues)
{
    pirn_queue_t *queue;
    CHECK_OK(pirn_queue_new(0, &queue));
    check_called_off(get, queue, PIRN_TIMED_OUT);
    CHECK_OK(pirn_queue_put(queue, NULL));
    check_called_off(join_queue, queue, PIRN_TIMED_OUT);
    CHECK_OK(pirn_queue_free(queue));
}

TEST(futures)
{
    pirn_future_t *future;
    CHECK_OK(pirn_future_new(&future));
    check_called_off(result, future, PIRN_TIMED_OUT);
    check_called_off(wait_several, future, PIRN_TIMED_OUT);
    check_called_off(next_completed, future, PIRN_TIMED_OUT);
    CHECK_OK(pirn_future_free(future));
}

static pirn_status_t wait_condition(void *condition, double seconds)
{
    bool owned;
    CHECK_OK(pirn_condition_acquire(condition));
    pirn_status_t status = pirn_condition_wait_timeout(condition, seconds);
    CHECK_OK(pirn_condition_is_owned(condition, &owned));
    CHECK(owned);
    CHECK_OK(pirn_condition_release(condition));
    return status;
}

TEST(a_condition_has_its_lock_again)
{
    pirn_condition_t *condition;
    CHECK_OK(pirn_condition_new(&condition));
    check_called_off(wait_condition, condition, PIRN_TIMED_OUT);
    CHECK_OK(pirn_condition_free(condition));
}

/* While it takes its lock again nothing calls it off: it would come back without the lock. */
TEST(a_condition_takes_its_lock_again_whatever_comes)
{
    pirn_condition_t *condition;
    hooked_t h;
    CHECK_OK(pirn_condition_new(&condition));
    begin_hooked(&h, wait_condition, condition, PIRN_TIMEOUT_MAX);
    STORE(h.hook.answer, 1);
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_OK(pirn_condition_notify(condition, 1));
    await_sleeping(h.call.native_id);
    signal_it(&h);
    await_sleeping(h.call.native_id);
    CHECK(!LOAD(h.call.returned));
    CHECK_OK(pirn_condition_release(condition));
    CHECK_OK(call_end(&h.call));
    CHECK_OK(pirn_condition_free(condition));
}

TEST(a_hook_that_lets_it_go_on_loses_nothing)
{
    pirn_event_t *event;
    hooked_t h;
    CHECK_OK(pirn_event_new(&event));
    begin_hooked(&h, wait_event, event, PIRN_TIMEOUT_MAX);
    signal_it(&h);
    AWAIT(LOAD(h.hook.counted.runs) == 1);
    CHECK_OK(pirn_event_set(event));
    CHECK_OK(pirn_event_clear(event));
    CHECK_OK(call_end(&h.call));
    CHECK_OK(pirn_event_free(event));
}

TEST(waits_without_a_limit_are_not_called_off)
{
    pirn_event_t *event;
    hooked_t h;
    CHECK_OK(pirn_event_new(&event));
    begin_hooked(&h, wait_event, event, PIRN_FOREVER);
    STORE(h.hook.answer, 1);
    signal_it(&h);
    await_sleeping(h.call.native_id);
    CHECK_EQ(LOAD(h.hook.counted.runs), 0);
    CHECK_OK(pirn_event_set(event));
    CHECK_OK(call_end(&h.call));
    CHECK_OK(pirn_event_free(event));
}

/* A hook that forks: its wait goes on in the child as well, where nobody else waits. */

static bool is_child;

static int32_t fork_in_a_wait(void *unused)
{
    int status;
    (void)unused;
    pid_t pid = fork_for_test();
    STORE(is_child, pid == 0);
    if (pid) {
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK_EQ(status, 0);
    }
    return 1;
}

typedef struct forking {
    call_t call;
    timed_fn wait;
    pirn_status_t called_off;
    void (*use)(void *object); /* in the child; frees the object */
} forking_t;

static pirn_status_t wait_and_fork(call_t *call)
{
    forking_t *f = (forking_t *)call;
    CHECK_OK(pirn_set_interrupt(fork_in_a_wait, NULL, NULL));
    pirn_status_t status = f->wait(call->object, call->seconds);
    CHECK_OK(pirn_set_interrupt(NULL, NULL, NULL));
    if (LOAD(is_child)) {
        CHECK_STATUS(status, f->called_off);
        f->use(call->object);
        _exit(0);
    }
    return status;
}

static pirn_status_t only_wait(call_t *call)
{
    return ((forking_t *)call)->wait(call->object, call->seconds);
}

static void check_fork_in_a_wait(forking_t f, pirn_status_t (*wake)(void *), void *object)
{
    forking_t others[2];
    handle_signals();
    f.call = (call_t){.make = wait_and_fork, .object = object, .seconds = PIRN_TIMEOUT_MAX};
    others[0] = others[1] = f;
    others[0].call.make = others[1].call.make = only_wait;
    call_begin_blocked(&others[0].call, FOREIGN);
    call_begin_blocked(&f.call, PIRN_THREAD);
    call_begin_blocked(&others[1].call, FOREIGN);
    interrupt_thread(f.call.native_id);
    CHECK_STATUS(call_end(&f.call), f.called_off);
    CHECK_OK(wake(object));
    for (int i = 0; i < 2; i++)
        CHECK_STATUS(call_end(&others[i].call), f.called_off == PIRN_TIMED_OUT ? PIRN_OK : f.called_off);
}

static void use_lock(void *lock)
{
    CHECK_OK(pirn_lock_release(lock));
    CHECK_OK(pirn_lock_acquire(lock));
    CHECK_OK(pirn_lock_release(lock));
    CHECK_OK(pirn_lock_free(lock));
}

static pirn_status_t release_lock(void *lock) { return pirn_lock_release(lock); }

static pirn_status_t pass_lock(void *lock, double seconds)
{
    pirn_status_t status = pirn_lock_acquire_timeout(lock, seconds);
    return status == PIRN_OK ? pirn_lock_release(lock) : status;
}

static void use_semaphore(void *semaphore)
{
    CHECK_STATUS(pirn_semaphore_try_acquire(semaphore), PIRN_WOULD_BLOCK);
    CHECK_OK(pirn_semaphore_release(semaphore));
    CHECK_OK(pirn_semaphore_acquire(semaphore));
    CHECK_OK(pirn_semaphore_free(semaphore));
}

static pirn_status_t release_semaphore(void *semaphore) { return pirn_semaphore_release_n(semaphore, 2); }

static void use_event(void *event)
{
    CHECK_STATUS(pirn_event_wait_timeout(event, 1e-3), PIRN_TIMED_OUT);
    CHECK_OK(pirn_event_free(event));
}

static pirn_status_t set_event(void *event) { return pirn_event_set(event); }

static pirn_status_t notify_all(void *condition)
{
    CHECK_OK(pirn_condition_acquire(condition));
    CHECK_OK(pirn_condition_notify_all(condition));
    return pirn_condition_release(condition);
}

static void use_condition(void *condition)
{
    CHECK_OK(notify_all(condition));
    CHECK_STATUS(wait_condition(condition, 1e-3), PIRN_TIMED_OUT);
    CHECK_OK(pirn_condition_free(condition));
}

static void use_barrier(void *barrier)
{
    CHECK_OK(pirn_barrier_reset(barrier));
    CHECK_STATUS(pirn_barrier_wait_timeout(barrier, 0, NULL), PIRN_ERR_BROKEN_BARRIER);
    CHECK_OK(pirn_barrier_free(barrier));
}

static pirn_status_t break_barrier(void *barrier) { return pirn_barrier_abort(barrier); }

TEST(a_hook_may_fork)
{
    pirn_lock_t *lock;
    pirn_semaphore_t *semaphore;
    pirn_event_t *event;
    pirn_condition_t *condition;
    pirn_barrier_t *barrier;
    CHECK_OK(pirn_lock_new(&lock));
    CHECK_OK(pirn_lock_acquire(lock));
    check_fork_in_a_wait((forking_t){{0}, pass_lock, PIRN_TIMED_OUT, use_lock}, release_lock, lock);
    CHECK_OK(pirn_lock_free(lock));
    CHECK_OK(pirn_semaphore_new(0, &semaphore));
    check_fork_in_a_wait((forking_t){{0}, acquire_semaphore, PIRN_TIMED_OUT, use_semaphore},
                         release_semaphore, semaphore);
    CHECK_OK(pirn_semaphore_free(semaphore));
    CHECK_OK(pirn_event_new(&event));
    check_fork_in_a_wait((forking_t){{0}, wait_event, PIRN_TIMED_OUT, use_event}, set_event, event);
    CHECK_OK(pirn_event_free(event));
    CHECK_OK(pirn_condition_new(&condition));
    check_fork_in_a_wait((forking_t){{0}, wait_condition, PIRN_TIMED_OUT, use_condition}, notify_all,
                         condition);
    CHECK_OK(pirn_condition_free(condition));
    CHECK_OK(pirn_barrier_new(4, NULL, NULL, NULL, PIRN_FOREVER, &barrier));
    check_fork_in_a_wait((forking_t){{0}, wait_barrier, PIRN_ERR_BROKEN_BARRIER, use_barrier}, break_barrier,
                         barrier);
    CHECK_OK(pirn_barrier_free(barrier));
}

static int32_t leave_hooks(void *arg)
{
    hook_t *hooks = arg;
    CHECK_OK(pirn_set_interrupt(answer, &hooks[0], count_free));
    CHECK_OK(pirn_set_interrupt(answer, &hooks[1], count_free));
    CHECK_COUNTED(&hooks[0].counted, 0, 1);
    CHECK_COUNTED(&hooks[1].counted, 0, 0);
    return 0;
}

TEST(a_hook_is_given_back_by_the_next_one_and_by_the_end_of_its_thread)
{
    hook_t hooks[2] = {{{0, 0}, 0}, {{0, 0}, 0}}, none = {{0, 0}, 0};
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(leave_hooks, hooks, NULL, &thread));
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_free(thread));
    CHECK_COUNTED(&hooks[1].counted, 0, 1);
    CHECK_OK(pirn_set_interrupt(NULL, &none, count_free));
    CHECK_COUNTED(&none.counted, 0, 1);
}

/* Cut off inside a callback. */

static pirn_event_t *is_over;
static uint64_t cut_id;

static int32_t exit_when_over(void *unused)
{
    (void)unused;
    CHECK_OK(pirn_event_wait(is_over));
    STORE(cut_id, pirn_get_native_id());
    pthread_exit(NULL);
}

static bool leave_the_predicate(void *unused)
{
    return exit_when_over(unused) == 0;
}

static int32_t wait_for_predicate(void *unused)
{
    pirn_condition_t *condition;
    CHECK_OK(pirn_condition_new(&condition));
    CHECK_OK(pirn_condition_acquire(condition));
    pirn_condition_wait_for(condition, leave_the_predicate, unused);
    return 0;
}

static int32_t fail(void *unused)
{
    (void)unused;
    return 1;
}

static int32_t leave_the_excepthook(const pirn_excepthook_args_t *args, void *unused)
{
    (void)args;
    return exit_when_over(unused);
}

static void leave_the_trace_hook(const pirn_trace_event_t *event, void *unused)
{
    (void)event;
    exit_when_over(unused);
}

static void leave_daemon_behind(pirn_target_fn target)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_event_new(&is_over));
    CHECK_OK(pirn_thread_new(target, NULL, NULL, &thread));
    CHECK_OK(pirn_thread_set_daemon(thread, true));
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_shutdown());
    CHECK_OK(pirn_event_set(is_over));
    AWAIT(LOAD(cut_id));
    await_sleeping(cut_id);
    SAY("over\n");
}

CHILD(daemon_exits_after_the_shutdown)
{
    leave_daemon_behind(exit_when_over);
}

CHILD(daemon_exits_in_a_predicate_after_the_shutdown)
{
    leave_daemon_behind(wait_for_predicate);
}

CHILD(daemon_exits_in_the_excepthook_after_the_shutdown)
{
    CHECK_OK(pirn_set_excepthook(leave_the_excepthook, NULL, NULL));
    leave_daemon_behind(fail);
}

CHILD(daemon_exits_in_a_trace_hook_after_the_shutdown)
{
    CHECK_OK(pirn_settrace(leave_the_trace_hook, NULL, NULL));
    leave_daemon_behind(NULL);
}

CHILD(thread_exits_before)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_event_new(&is_over));
    CHECK_OK(pirn_event_set(is_over));
    CHECK_OK(pirn_thread_new(exit_when_over, NULL, NULL, &thread));
    CHECK_OK(pirn_thread_start(thread));
    CHECK_OK(pirn_thread_join(thread));
}

TEST(a_daemon_that_is_cut_off_after_the_shutdown_is_left_behind)
{
    check_child("daemon_exits_after_the_shutdown", 0, "over\n");
    check_child("daemon_exits_in_a_predicate_after_the_shutdown", 0, "over\n");
    check_child("daemon_exits_in_the_excepthook_after_the_shutdown", 0, "over\n");
    check_child("daemon_exits_in_a_trace_hook_after_the_shutdown", 0, "over\n");
}

TEST(a_thread_that_is_cut_off_before_ends_the_process_with_a_message)
{
    outcome_t outcome;
    run_child("thread_exits_before", &outcome);
    CHECK(WIFSIGNALED(outcome.status));
    CHECK_EQ(WTERMSIG(outcome.status), SIGABRT);
    CHECK(strstr(outcome.err, "pirn: a callback left otherwise than by returning"));
}
