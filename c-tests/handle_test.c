/* No handle makes undefined behaviour: every function against everything that is no handle of its kind. */
#include <sys/mman.h>

#include "handles.h"

/* Where the calls below would write. All of them are refused, so nothing is ever written. */
static struct {
    bool flag;
    size_t size;
    int32_t code;
    int64_t bound;
    uint64_t id;
    void *pointer;
    char text[8];
    pirn_future_t *future;
    pirn_map_t *map;
    pirn_as_completed_t *completed;
    pirn_condition_t *condition;
    pirn_thread_t *thread;
} out, untouched;

static counted_t argument;
static void *const items[] = {&argument};
static char stored_item;

static void never_called(pirn_future_t *future, void *arg)
{
    (void)future;
    (void)arg;
    CHECK_FAILED("a refused callback ran");
}

static bool never_asked(void *arg)
{
    (void)arg;
    CHECK_FAILED("the predicate of a refused call ran");
}

static pirn_status_t wait_for_one(void *h)
{
    pirn_future_t *futures[] = {spare_future, h};
    return pirn_wait(futures, LENGTH(futures), PIRN_ALL_COMPLETED, PIRN_FOREVER, &out.flag, &out.size);
}

static pirn_status_t iterate_over_one(void *h)
{
    pirn_future_t *futures[] = {spare_future, h};
    return pirn_as_completed(futures, LENGTH(futures), PIRN_FOREVER, &out.completed);
}

/* Every function that takes a handle: the handle's kind, its name, how many arguments it owes a free, the
 * call. */
#define FUNCTIONS(X)                                                                                         \
    X(KINDS, object_id, 0, pirn_object_id(h, &out.id))                                                       \
    X(LOCK, lock_free, 0, pirn_lock_free(h))                                                                 \
    X(LOCK, lock_acquire, 0, pirn_lock_acquire(h))                                                           \
    X(LOCK, lock_try_acquire, 0, pirn_lock_try_acquire(h))                                                   \
    X(LOCK, lock_acquire_timeout, 0, pirn_lock_acquire_timeout(h, PIRN_FOREVER))                             \
    X(LOCK, lock_release, 0, pirn_lock_release(h))                                                           \
    X(LOCK, lock_locked, 0, pirn_lock_locked(h, &out.flag))                                                  \
    X(LOCK, condition_new_with_lock, 0, pirn_condition_new_with_lock(h, &out.condition))                     \
    X(RLOCK, condition_new_with_rlock, 0, pirn_condition_new_with_rlock(h, &out.condition))                  \
    X(RLOCK, rlock_free, 0, pirn_rlock_free(h))                                                              \
    X(RLOCK, rlock_acquire, 0, pirn_rlock_acquire(h))                                                        \
    X(RLOCK, rlock_try_acquire, 0, pirn_rlock_try_acquire(h))                                                \
    X(RLOCK, rlock_acquire_timeout, 0, pirn_rlock_acquire_timeout(h, PIRN_FOREVER))                          \
    X(RLOCK, rlock_release, 0, pirn_rlock_release(h))                                                        \
    X(RLOCK, rlock_locked, 0, pirn_rlock_locked(h, &out.flag))                                               \
    X(RLOCK, rlock_is_owned, 0, pirn_rlock_is_owned(h, &out.flag))                                           \
    X(RLOCK, rlock_recursion_count, 0, pirn_rlock_recursion_count(h, &out.size))                             \
    X(CONDITION, condition_free, 0, pirn_condition_free(h))                                                  \
    X(CONDITION, condition_acquire, 0, pirn_condition_acquire(h))                                            \
    X(CONDITION, condition_try_acquire, 0, pirn_condition_try_acquire(h))                                    \
    X(CONDITION, condition_acquire_timeout, 0, pirn_condition_acquire_timeout(h, PIRN_FOREVER))              \
    X(CONDITION, condition_release, 0, pirn_condition_release(h))                                            \
    X(CONDITION, condition_is_owned, 0, pirn_condition_is_owned(h, &out.flag))                               \
    X(CONDITION, condition_wait, 0, pirn_condition_wait(h))                                                  \
    X(CONDITION, condition_wait_timeout, 0, pirn_condition_wait_timeout(h, PIRN_FOREVER))                    \
    X(CONDITION, condition_wait_for, 0, pirn_condition_wait_for(h, never_asked, NULL))                       \
    X(CONDITION, condition_wait_for_timeout, 0,                                                              \
      pirn_condition_wait_for_timeout(h, never_asked, NULL, PIRN_FOREVER))                                   \
    X(CONDITION, condition_notify, 0, pirn_condition_notify(h, 1))                                           \
    X(CONDITION, condition_notify_all, 0, pirn_condition_notify_all(h))                                      \
    X(SEMAPHORE, semaphore_free, 0, pirn_semaphore_free(h))                                                  \
    X(SEMAPHORE, semaphore_acquire, 0, pirn_semaphore_acquire(h))                                            \
    X(SEMAPHORE, semaphore_try_acquire, 0, pirn_semaphore_try_acquire(h))                                    \
    X(SEMAPHORE, semaphore_acquire_timeout, 0, pirn_semaphore_acquire_timeout(h, PIRN_FOREVER))              \
    X(SEMAPHORE, semaphore_release, 0, pirn_semaphore_release(h))                                            \
    X(SEMAPHORE, semaphore_release_n, 0, pirn_semaphore_release_n(h, 2))                                     \
    X(SEMAPHORE, semaphore_value, 0, pirn_semaphore_value(h, &out.bound))                                    \
    X(EVENT, event_free, 0, pirn_event_free(h))                                                              \
    X(EVENT, event_set, 0, pirn_event_set(h))                                                                \
    X(EVENT, event_clear, 0, pirn_event_clear(h))                                                            \
    X(EVENT, event_is_set, 0, pirn_event_is_set(h, &out.flag))                                               \
    X(EVENT, event_wait, 0, pirn_event_wait(h))                                                              \
    X(EVENT, event_wait_timeout, 0, pirn_event_wait_timeout(h, PIRN_FOREVER))                                \
    X(BARRIER, barrier_free, 0, pirn_barrier_free(h))                                                        \
    X(BARRIER, barrier_wait, 0, pirn_barrier_wait(h, &out.size))                                             \
    X(BARRIER, barrier_wait_timeout, 0, pirn_barrier_wait_timeout(h, PIRN_FOREVER, &out.size))               \
    X(BARRIER, barrier_reset, 0, pirn_barrier_reset(h))                                                      \
    X(BARRIER, barrier_abort, 0, pirn_barrier_abort(h))                                                      \
    X(BARRIER, barrier_parties, 0, pirn_barrier_parties(h, &out.size))                                       \
    X(BARRIER, barrier_n_waiting, 0, pirn_barrier_n_waiting(h, &out.size))                                   \
    X(BARRIER, barrier_broken, 0, pirn_barrier_broken(h, &out.flag))                                         \
    X(THREAD, thread_free, 0, pirn_thread_free(h))                                                           \
    X(THREAD, thread_start, 0, pirn_thread_start(h))                                                         \
    X(THREAD, thread_join, 0, pirn_thread_join(h))                                                           \
    X(THREAD, thread_join_timeout, 0, pirn_thread_join_timeout(h, PIRN_FOREVER))                             \
    X(THREAD, thread_is_alive, 0, pirn_thread_is_alive(h, &out.flag))                                        \
    X(THREAD, thread_name, 0, pirn_thread_name(h, out.text, sizeof out.text, &out.size))                     \
    X(THREAD, thread_set_name, 0, pirn_thread_set_name(h, "renamed"))                                        \
    X(THREAD, thread_ident, 0, pirn_thread_ident(h, &out.id))                                                \
    X(THREAD, thread_native_id, 0, pirn_thread_native_id(h, &out.id))                                        \
    X(THREAD, thread_daemon, 0, pirn_thread_daemon(h, &out.flag))                                            \
    X(THREAD, thread_set_daemon, 0, pirn_thread_set_daemon(h, true))                                         \
    X(THREAD, thread_exit_code, 0, pirn_thread_exit_code(h, &out.code))                                      \
    X(LOCAL, local_free, 0, pirn_local_free(h))                                                              \
    X(LOCAL, local_set, 1, pirn_local_set(h, NULL, &argument, count_free))                                   \
    X(LOCAL, local_set_named, 1, pirn_local_set(h, "name", &argument, count_free))                           \
    X(LOCAL, local_get, 0, pirn_local_get(h, NULL, &out.pointer))                                            \
    X(LOCAL, local_get_named, 0, pirn_local_get(h, "name", &out.pointer))                                    \
    X(LOCAL, local_delete, 0, pirn_local_delete(h, NULL))                                                    \
    X(TIMER, timer_free, 0, pirn_timer_free(h))                                                              \
    X(TIMER, timer_start, 0, pirn_timer_start(h))                                                            \
    X(TIMER, timer_cancel, 0, pirn_timer_cancel(h))                                                          \
    X(TIMER, timer_join, 0, pirn_timer_join(h))                                                              \
    X(TIMER, timer_join_timeout, 0, pirn_timer_join_timeout(h, PIRN_FOREVER))                                \
    X(TIMER, timer_is_alive, 0, pirn_timer_is_alive(h, &out.flag))                                           \
    X(TIMER, timer_thread, 0, pirn_timer_thread(h, &out.thread))                                             \
    X(QUEUE, queue_set_item_free, 0, pirn_queue_set_item_free(h, count_free))                                \
    X(QUEUE, queue_free, 0, pirn_queue_free(h))                                                              \
    X(QUEUE, queue_put, 0, pirn_queue_put(h, &argument))                                                     \
    X(QUEUE, queue_try_put, 0, pirn_queue_try_put(h, &argument))                                             \
    X(QUEUE, queue_put_timeout, 0, pirn_queue_put_timeout(h, &argument, PIRN_FOREVER))                       \
    X(QUEUE, queue_get, 0, pirn_queue_get(h, &out.pointer))                                                  \
    X(QUEUE, queue_try_get, 0, pirn_queue_try_get(h, &out.pointer))                                          \
    X(QUEUE, queue_get_timeout, 0, pirn_queue_get_timeout(h, PIRN_FOREVER, &out.pointer))                    \
    X(QUEUE, queue_task_done, 0, pirn_queue_task_done(h))                                                    \
    X(QUEUE, queue_join, 0, pirn_queue_join(h))                                                              \
    X(QUEUE, queue_join_timeout, 0, pirn_queue_join_timeout(h, PIRN_FOREVER))                                \
    X(QUEUE, queue_size, 0, pirn_queue_size(h, &out.size))                                                   \
    X(QUEUE, queue_empty, 0, pirn_queue_empty(h, &out.flag))                                                 \
    X(QUEUE, queue_full, 0, pirn_queue_full(h, &out.flag))                                                   \
    X(QUEUE, queue_unfinished, 0, pirn_queue_unfinished(h, &out.size))                                       \
    X(QUEUE, queue_maxsize, 0, pirn_queue_maxsize(h, &out.bound))                                            \
    X(QUEUE, queue_set_maxsize, 0, pirn_queue_set_maxsize(h, 7))                                             \
    X(QUEUE, queue_is_shut_down, 0, pirn_queue_is_shut_down(h, &out.flag))                                   \
    X(QUEUE, queue_shutdown, 0, pirn_queue_shutdown(h, true))                                                \
    X(EXECUTOR, executor_free, 0, pirn_executor_free(h))                                                     \
    X(EXECUTOR, executor_set_thread_name_prefix, 0, pirn_executor_set_thread_name_prefix(h, "renamed"))      \
    X(EXECUTOR, executor_set_initializer, 1,                                                                 \
      pirn_executor_set_initializer(h, count_run, &argument, count_free))                                    \
    X(EXECUTOR, executor_submit, 1, pirn_executor_submit(h, count_task, &argument, count_free, &out.future)) \
    X(EXECUTOR, executor_submit_alone, 1, pirn_executor_submit(h, count_task, &argument, count_free, NULL))  \
    X(EXECUTOR, executor_map, 1,                                                                             \
      pirn_executor_map(h, count_task, items, 1, count_free, 1, PIRN_FOREVER, &out.map))                     \
    X(EXECUTOR, executor_shutdown, 0, pirn_executor_shutdown(h, true, true))                                 \
    X(EXECUTOR, executor_max_workers, 0, pirn_executor_max_workers(h, &out.size))                            \
    X(EXECUTOR, executor_pending, 0, pirn_executor_pending(h, &out.size, &out.size))                         \
    X(EXECUTOR, executor_thread_name_prefix, 0,                                                              \
      pirn_executor_thread_name_prefix(h, out.text, sizeof out.text, &out.size))                             \
    X(EXECUTOR, executor_is_shut_down, 0, pirn_executor_is_shut_down(h, &out.flag))                          \
    X(EXECUTOR, executor_is_broken, 0, pirn_executor_is_broken(h, &out.flag))                                \
    X(MAP, map_next, 0, pirn_map_next(h, &out.pointer))                                                      \
    X(MAP, map_cancel, 0, pirn_map_cancel(h))                                                                \
    X(MAP, map_set_result_free, 0, pirn_map_set_result_free(h, count_free))                                  \
    X(MAP, map_free, 0, pirn_map_free(h))                                                                    \
    X(FUTURE, future_free, 0, pirn_future_free(h))                                                           \
    X(FUTURE, future_cancel, 0, pirn_future_cancel(h, &out.flag))                                            \
    X(FUTURE, future_cancelled, 0, pirn_future_cancelled(h, &out.flag))                                      \
    X(FUTURE, future_running, 0, pirn_future_running(h, &out.flag))                                          \
    X(FUTURE, future_done, 0, pirn_future_done(h, &out.flag))                                                \
    X(FUTURE, future_state, 0, pirn_future_state(h, &out.code))                                              \
    X(FUTURE, future_result, 0, pirn_future_result(h, &out.pointer))                                         \
    X(FUTURE, future_result_timeout, 0, pirn_future_result_timeout(h, PIRN_FOREVER, &out.pointer))           \
    X(FUTURE, future_exception, 0,                                                                           \
      pirn_future_exception(h, &out.code, out.text, sizeof out.text, &out.size))                             \
    X(FUTURE, future_exception_timeout, 0,                                                                   \
      pirn_future_exception_timeout(h, PIRN_FOREVER, &out.code, out.text, sizeof out.text, &out.size))       \
    X(FUTURE, future_add_done_callback, 1,                                                                   \
      pirn_future_add_done_callback(h, never_called, &argument, count_free))                                 \
    X(FUTURE, future_set_running_or_notify_cancel, 0,                                                        \
      pirn_future_set_running_or_notify_cancel(h, &out.flag))                                                \
    X(FUTURE, future_set_result, 0, pirn_future_set_result(h, &argument))                                    \
    X(FUTURE, future_set_exception, 0, pirn_future_set_exception(h, 1, "set"))                               \
    X(FUTURE, future_set_result_free, 0, pirn_future_set_result_free(h, count_free))                         \
    X(FUTURE, wait, 0, wait_for_one(h))                                                                      \
    X(FUTURE, as_completed, 0, iterate_over_one(h))                                                          \
    X(AS_COMPLETED, as_completed_next, 0, pirn_as_completed_next(h, &out.size))                              \
    X(AS_COMPLETED, as_completed_free, 0, pirn_as_completed_free(h))

#define THUNK(kind, name, frees, call)                                                                       \
    static pirn_status_t call_##name(void *h)                                                                \
    {                                                                                                        \
        return call;                                                                                         \
    }
#define ENTRY(kind, name, frees, call) {kind, #name, frees, call_##name},

FUNCTIONS(THUNK)

typedef struct function {
    kind_t kind; /* KINDS: takes a handle of any */
    const char *name;
    int frees;
    pirn_status_t (*call)(void *h);
} function_t;

static const function_t functions[] = {FUNCTIONS(ENTRY)};

static void check_refused(const function_t *f, void *h)
{
    int frees = argument.frees;
    pirn_status_t got = f->call(h);
    if (got != PIRN_ERR_INVALID_HANDLE)
        CHECK_FAILED("pirn_%s(%p): expected PIRN_ERR_INVALID_HANDLE, got %s", f->name, h,
                     pirn_status_name(got));
    if (argument.frees - frees != f->frees || argument.runs != 0)
        CHECK_FAILED("pirn_%s(%p) freed its argument %d times", f->name, h, argument.frees - frees);
}

/* By every function, but for those that the handle is right for. */
static void check_refused_by_all(void *h, kind_t right)
{
    for (size_t i = 0; i < LENGTH(functions); i++)
        if (right == KINDS || (functions[i].kind != right && functions[i].kind != KINDS))
            check_refused(&functions[i], h);
    CHECK(memcmp(&out, &untouched, sizeof out) == 0);
}

/* An object in a state that any call would change. */
static void *make_marked(kind_t kind)
{
    void *h = kinds[kind].make();
    if (kind == LOCK)
        CHECK_OK(pirn_lock_acquire(h));
    if (kind == RLOCK)
        CHECK_OK(pirn_rlock_acquire(h));
    if (kind == CONDITION)
        CHECK_OK(pirn_condition_acquire(h));
    if (kind == EVENT)
        CHECK_OK(pirn_event_set(h));
    if (kind == LOCAL)
        CHECK_OK(pirn_local_set(h, NULL, &stored_item, NULL));
    if (kind == QUEUE)
        CHECK_OK(pirn_queue_put(h, &stored_item));
    return h;
}

/* Uses the object up; it can still be freed. */
static void check_still_marked(kind_t kind, void *h)
{
    bool flag = false;
    size_t size = 0, running = 0;
    int64_t bound;
    int32_t code;
    void *pointer;
    switch (kind) {
    case LOCK:
        CHECK_STATUS(pirn_lock_try_acquire(h), PIRN_WOULD_BLOCK);
        CHECK_OK(pirn_lock_release(h));
        break;
    case RLOCK:
        CHECK_OK(pirn_rlock_recursion_count(h, &size));
        CHECK_EQ(size, 1);
        break;
    case CONDITION:
        CHECK_OK(pirn_condition_release(h));
        CHECK_STATUS(pirn_condition_notify(h, 1), PIRN_ERR_NOT_OWNER);
        break;
    case SEMAPHORE:
        CHECK_OK(pirn_semaphore_value(h, &bound));
        CHECK_EQ(bound, 1);
        break;
    case EVENT:
        CHECK_OK(pirn_event_wait_timeout(h, 0));
        break;
    case BARRIER:
        CHECK_OK(pirn_barrier_broken(h, &flag));
        CHECK(!flag);
        break;
    case THREAD:
        CHECK_STATUS(pirn_thread_join(h), PIRN_ERR_NOT_STARTED);
        CHECK_OK(pirn_thread_daemon(h, &flag));
        CHECK(!flag);
        break;
    case LOCAL:
        CHECK_OK(pirn_local_get(h, NULL, &pointer));
        CHECK(pointer == &stored_item);
        CHECK_STATUS(pirn_local_get(h, "name", &pointer), PIRN_ERR_NOT_FOUND);
        break;
    case TIMER:
        CHECK_STATUS(pirn_timer_join(h), PIRN_ERR_NOT_STARTED);
        CHECK_OK(pirn_timer_is_alive(h, &flag));
        CHECK(!flag);
        break;
    case QUEUE:
        CHECK_OK(pirn_queue_maxsize(h, &bound));
        CHECK_EQ(bound, 1);
        CHECK_OK(pirn_queue_unfinished(h, &size));
        CHECK_EQ(size, 1);
        CHECK_OK(pirn_queue_try_get(h, &pointer));
        CHECK(pointer == &stored_item);
        CHECK_STATUS(pirn_queue_try_get(h, &pointer), PIRN_WOULD_BLOCK);
        break;
    case EXECUTOR:
        CHECK_OK(pirn_executor_is_shut_down(h, &flag));
        CHECK(!flag);
        CHECK_OK(pirn_executor_pending(h, &size, &running));
        CHECK_EQ(size + running, 0);
        break;
    case MAP:
        CHECK_OK(pirn_map_next(h, &pointer));
        CHECK_OK(pirn_map_next(h, &pointer));
        CHECK_STATUS(pirn_map_next(h, &pointer), PIRN_END);
        break;
    case FUTURE:
        CHECK_OK(pirn_future_state(h, &code));
        CHECK_EQ(code, PIRN_FUTURE_PENDING);
        break;
    default:
        CHECK_OK(pirn_as_completed_next(h, &size));
        CHECK_STATUS(pirn_as_completed_next(h, &size), PIRN_END);
    }
}

static void begin(void)
{
    memset(&out, 0x5a, sizeof out);
    untouched = out;
    make_spares();
}

static bool is_a_free(const function_t *f)
{
    size_t length = strlen(f->name);
    return length > 5 && strcmp(f->name + length - 5, "_free") == 0 && !strstr(f->name, "_set_");
}

TEST(null)
{
    int frees = 0;
    begin();
    for (size_t i = 0; i < LENGTH(functions); i++) {
        if (is_a_free(&functions[i])) {
            CHECK_OK(functions[i].call(NULL));
            frees++;
        } else {
            check_refused(&functions[i], NULL);
        }
    }
    CHECK_EQ(frees, KINDS);
    CHECK(memcmp(&out, &untouched, sizeof out) == 0);
}

TEST(freed_and_freed_twice)
{
    begin();
    for (kind_t kind = 0; kind < KINDS; kind++) {
        void *h = make_marked(kind);
        CHECK_OK(kinds[kind].free(h));
        CHECK_STATUS(kinds[kind].free(h), PIRN_ERR_INVALID_HANDLE);
        check_refused_by_all(h, KINDS);
    }
}

TEST(freed_and_its_place_used_again)
{
    enum { ROUNDS = 40, OTHERS = 24 };
    begin();
    for (int round = 0; round < ROUNDS; round++) {
        for (kind_t kind = 0; kind < KINDS; kind++) {
            void *old = make_marked(kind), *others[OTHERS];
            CHECK_OK(kinds[kind].free(old));
            for (int i = 0; i < OTHERS; i++)
                others[i] = make_marked(i % 3 == 0 ? kind : (kind_t)((round + i) % KINDS));
            check_refused_by_all(old, KINDS);
            for (int i = 0; i < OTHERS; i++) {
                kind_t other = i % 3 == 0 ? kind : (kind_t)((round + i) % KINDS);
                CHECK(others[i] != old);
                check_still_marked(other, others[i]);
                CHECK_OK(kinds[other].free(others[i]));
            }
        }
    }
}

/* As many as a narrow generation count would need to come round. */
TEST(freed_and_its_place_used_again_a_million_times)
{
    begin();
    void *old = make_lock();
    CHECK_OK(pirn_lock_free(old));
    for (int i = 0; i < 1000000; i++) {
        void *lock = make_lock();
        CHECK(lock != old);
        CHECK_OK(pirn_lock_free(lock));
    }
    check_refused_by_all(old, KINDS);
}

TEST(of_another_type)
{
    begin();
    for (kind_t kind = 0; kind < KINDS; kind++) {
        void *h = make_marked(kind);
        check_refused_by_all(h, kind);
        check_still_marked(kind, h);
        CHECK_OK(kinds[kind].free(h));
    }
}

static void check_integer(uintptr_t integer)
{
    check_refused_by_all((void *)integer, KINDS);
}

TEST(small_integers_and_all_ones)
{
    begin();
    for (uintptr_t i = 1; i <= 64; i++)
        check_integer(i);
    for (int bits = 7; bits < 64; bits++) {
        check_integer(UINT64_C(1) << bits);
        check_integer((UINT64_C(1) << bits) - 1);
        check_integer(UINTPTR_MAX << bits);
    }
    for (uintptr_t i = 0; i < 64; i++)
        check_integer(UINTPTR_MAX - i);
}

TEST(pointers_to_the_program_s_own_memory)
{
    static char in_static[4096];
    char on_stack[4096] = {0}, *on_heap = calloc(1, 4096);
    void *unmapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    begin();
    munmap(unmapped, 4096);
    for (size_t i = 0; i < 4096; i += 40) {
        check_integer((uintptr_t)(in_static + i));
        check_integer((uintptr_t)(on_stack + i));
        check_integer((uintptr_t)(on_heap + i));
        check_integer((uintptr_t)unmapped + i);
    }
    check_integer((uintptr_t)"some text");
    check_integer((uintptr_t)&functions);
    check_integer((uintptr_t)in_static | 1);
    free(on_heap);
}

static bool is_a_spare(uintptr_t integer)
{
    return integer == (uintptr_t)spare_executor || integer == (uintptr_t)spare_future;
}

/* Misaligned, neighbours, and each single bit of a handle turned over: none of it was ever given out. */
TEST(near_a_valid_one)
{
    begin();
    for (kind_t kind = 0; kind < KINDS; kind++) {
        void *h = make_marked(kind);
        uintptr_t valid = (uintptr_t)h;
        for (uintptr_t by = 1; by <= 8192; by += by < 64 ? 1 : 64) {
            if (!is_a_spare(valid + by))
                check_integer(valid + by);
            if (!is_a_spare(valid - by))
                check_integer(valid - by);
        }
        for (int bit = 0; bit < 64; bit++)
            if (!is_a_spare(valid ^ UINT64_C(1) << bit))
                check_integer(valid ^ UINT64_C(1) << bit);
        check_still_marked(kind, h);
        CHECK_OK(kinds[kind].free(h));
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void check_no_lock(uintptr_t integer, const void *valid)
{
    pirn_lock_t *lock = (pirn_lock_t *)integer;
    if (lock == valid || lock == NULL)
        return;
    CHECK_STATUS(pirn_lock_try_acquire(lock), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_lock_release(lock), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_lock_locked(lock, &out.flag), PIRN_ERR_INVALID_HANDLE);
    CHECK_STATUS(pirn_lock_free(lock), PIRN_ERR_INVALID_HANDLE);
}

/* Wholly random, and with a part of a valid handle kept, so that place or generation alone is right. */
TEST(random_integers)
{
    static const uintptr_t kept[] = {0, 0xffff, 0xffffff, 0xffffffff, 0xffffffffffff, 0xffffffff00000000};
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    begin();
    void *lock = make_marked(LOCK);
    for (int i = 0; i < 1000000; i++) {
        uintptr_t mask = kept[i % LENGTH(kept)];
        check_no_lock(((uintptr_t)lock & mask) | (next_random(&state) & ~mask), lock);
    }
    CHECK(memcmp(&out, &untouched, sizeof out) == 0);
    check_still_marked(LOCK, lock);
    CHECK_OK(pirn_lock_free(lock));
}

/* Neither the executor nor the future that others are made from is harmed by their handles' frees. */
TEST(freed_while_others_depend_on_it)
{
    begin();
    void *map = make_map(), *completed = make_as_completed();
    CHECK_OK(pirn_executor_free(spare_executor));
    CHECK_OK(pirn_future_free(spare_future));
    check_still_marked(MAP, map);
    check_still_marked(AS_COMPLETED, completed);
    CHECK_OK(pirn_map_free(map));
    CHECK_OK(pirn_as_completed_free(completed));
}

/* Handles of what is shared are let go though threads wait by them: the waits go on. */

typedef struct waited {
    call_t call;
    gate_t gate;
} waited_t;

static pirn_status_t join_it(call_t *c) { return pirn_thread_join(c->object); }
static pirn_status_t join_timer(call_t *c) { return pirn_timer_join(c->object); }
static pirn_status_t result_of(call_t *c) { return pirn_future_result(c->object, NULL); }
static pirn_status_t shut_down(call_t *c) { return pirn_executor_shutdown(c->object, true, false); }
static pirn_status_t end_executor(call_t *c) { return pirn_executor_free(c->object); }
static pirn_status_t next_of(call_t *c) { return pirn_map_next(c->object, &c->value); }
static pirn_status_t next_completed(call_t *c) { return pirn_as_completed_next(c->object, (size_t *)&c->value); }

static void begin_and_free(waited_t *w, void *handle, pirn_status_t (*make)(call_t *), kind_t kind)
{
    w->call = (call_t){.make = make, .object = handle};
    call_begin_blocked(&w->call, FOREIGN);
    CHECK_OK(kinds[kind].free(handle));
    CHECK_STATUS(kinds[kind].free(handle), PIRN_ERR_INVALID_HANDLE);
    CHECK(!LOAD(w->call.returned));
    gate_open(&w->gate);
    CHECK_OK(call_end(&w->call));
}

TEST(never_busy)
{
    waited_t w;
    pirn_timer_t *timer;
    pirn_map_t *map;
    pirn_as_completed_t *iterator;
    pirn_executor_t *executor = new_executor(1);
    void *item[] = {&w.gate};
    pirn_future_t *future;

    gate_init(&w.gate);
    begin_and_free(&w, start_thread(gate_target, &w.gate), join_it, THREAD);

    gate_init(&w.gate);
    CHECK_OK(pirn_timer_new(0, gate_target, &w.gate, NULL, &timer));
    CHECK_OK(pirn_timer_start(timer));
    begin_and_free(&w, timer, join_timer, TIMER);

    begin_and_free(&w, submit_gate(executor, &w.gate), result_of, FUTURE);

    gate_init(&w.gate);
    CHECK_OK(pirn_executor_map(executor, gate_task, item, 1, NULL, 1, PIRN_FOREVER, &map));
    begin_and_free(&w, map, next_of, MAP);

    future = submit_gate(executor, &w.gate);
    CHECK_OK(pirn_as_completed(&future, 1, PIRN_FOREVER, &iterator));
    begin_and_free(&w, iterator, next_completed, AS_COMPLETED);
    CHECK_OK(pirn_future_free(future));
    CHECK_OK(pirn_executor_free(executor));

    /* An executor's free waits for its work, as its shutdown does, but is not refused. */
    call_t frees;
    executor = new_executor(1);
    future = submit_gate(executor, &w.gate);
    w.call = (call_t){.make = shut_down, .object = executor};
    call_begin_blocked(&w.call, FOREIGN);
    frees = (call_t){.make = end_executor, .object = executor};
    call_begin_blocked(&frees, PIRN_THREAD);
    gate_open(&w.gate);
    CHECK_OK(call_end(&w.call));
    CHECK_OK(call_end(&frees));
    CHECK_OK(pirn_future_free(future));
}
