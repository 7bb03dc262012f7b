/*
 * What the suites share: awaiting states, threads of both breeds, calls that block on a thread of their own,
 * counted frees, gates. Nothing here waits for a time to pass; what never comes is ended by the case's time
 * limit.
 */
#ifndef PIRN_TESTS_SUPPORT_H
#define PIRN_TESTS_SUPPORT_H

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

#define LOAD(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
#define STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_SEQ_CST)
#define ADD(place, n) __atomic_add_fetch(&(place), (n), __ATOMIC_SEQ_CST)

#define AWAIT(condition)                                                                                     \
    do {                                                                                                     \
        while (!(condition))                                                                                 \
            sched_yield();                                                                                   \
    } while (0)

/* A status out of a set, for calls that race. */
#define BIT(status) (1u << ((status)-PIRN_ERR_INTERNAL))
#define CHECK_AMONG(status, set) check_among(__FILE__, __LINE__, #status, status, set)

static inline void check_among(const char *file, int line, const char *what, pirn_status_t got, unsigned set)
{
    if (got < PIRN_ERR_INTERNAL || got > PIRN_END || !(BIT(got) & set)) {
        fprintf(stderr, "%s:%d: %s: unexpected %s\n", file, line, what, pirn_status_name(got));
        _exit(1);
    }
}

static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The kernel's letter for what a thread of this process is doing; 0 once it is gone. */
static inline char thread_state(uint64_t native_id)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%" PRIu64 "/stat", native_id);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    char *name_end = strrchr(text, ')'); /* the name before it may hold anything */
    return name_end ? name_end[2] : 0;
}

/*
 * Until the thread sleeps in the call it has announced by publishing its id. Asleep once may be an
 * allocator's lock on the way there; asleep all through a series of looks is the wait itself.
 */
static inline void await_sleeping(uint64_t native_id)
{
    for (int asleep = 0; asleep < 20; sched_yield()) {
        char state = thread_state(native_id);
        if (state == 0 || state == 'Z' || state == 'X')
            CHECK_FAILED("thread %" PRIu64 " ended where it should have blocked", native_id);
        asleep = state == 'S' ? asleep + 1 : 0;
    }
}

/* A callback's argument, whose runs and frees are counted. Larger arguments have it as their first member. */
typedef struct counted {
    int runs, frees;
} counted_t;

static inline void count_free(void *arg)
{
    ADD(((counted_t *)arg)->frees, 1);
}

static inline int32_t count_run(void *arg)
{
    ADD(((counted_t *)arg)->runs, 1);
    return 0;
}

static inline int32_t count_task(void *arg, void **result)
{
    *result = arg;
    return count_run(arg);
}

static inline int32_t do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

#define CHECK_COUNTED(arg, expected_runs, expected_frees)                                                    \
    (CHECK_EQ(LOAD((arg)->runs), expected_runs), CHECK_EQ(LOAD((arg)->frees), expected_frees))

/* A call whose failure, too, frees the argument. */
#define CHECK_REFUSED(call, status, arg)                                                                     \
    do {                                                                                                     \
        counted_t before = *(arg);                                                                           \
        CHECK_STATUS(call, status);                                                                          \
        CHECK_COUNTED(arg, before.runs, before.frees + 1);                                                   \
    } while (0)

/* A thread that pirn started, or one that it knows nothing of. */
typedef enum { PIRN_THREAD, FOREIGN, BREEDS } breed_t;

typedef struct runner {
    void (*body)(void *arg);
    void *arg;
    breed_t breed;
    pirn_thread_t *thread;
    pthread_t alien;
} runner_t;

static inline int32_t runner_target(void *arg)
{
    runner_t *r = arg;
    r->body(r->arg);
    return 0;
}

static inline void *runner_alien(void *arg)
{
    runner_target(arg);
    return NULL;
}

static inline void runner_start(runner_t *r, breed_t breed, void (*body)(void *), void *arg)
{
    *r = (runner_t){.body = body, .arg = arg, .breed = breed};
    if (breed == PIRN_THREAD) {
        CHECK_OK(pirn_thread_new(runner_target, r, NULL, &r->thread));
        CHECK_OK(pirn_thread_start(r->thread));
    } else {
        CHECK_EQ(pthread_create(&r->alien, NULL, runner_alien, r), 0);
    }
}

static inline void runner_join(runner_t *r)
{
    if (r->breed == PIRN_THREAD) {
        CHECK_OK(pirn_thread_join(r->thread));
        CHECK_OK(pirn_thread_free(r->thread));
    } else {
        CHECK_EQ(pthread_join(r->alien, NULL), 0);
    }
}

/* Runs a body on a fresh thread and waits for its end. */
static inline void run_on(breed_t breed, void (*body)(void *), void *arg)
{
    runner_t r;
    runner_start(&r, breed, body, arg);
    runner_join(&r);
}

/* One body on many threads at once, the breeds in turn; each gets its own element of an array. */
static inline void run_on_all(size_t n, void (*body)(void *), void *elements, size_t size)
{
    runner_t *runners = calloc(n, sizeof *runners);
    for (size_t i = 0; i < n; i++)
        runner_start(&runners[i], (breed_t)(i % BREEDS), body, (char *)elements + i * size);
    for (size_t i = 0; i < n; i++)
        runner_join(&runners[i]);
    free(runners);
}

/* A call made on a thread of its own, so that it may block. `value` goes in or comes out. */
typedef struct call {
    pirn_status_t (*make)(struct call *call);
    void *object;
    void *value;
    double seconds;
    double elapsed;
    uint64_t native_id;
    pirn_status_t status;
    bool returned;
    runner_t runner;
} call_t;

static inline void call_body(void *arg)
{
    call_t *c = arg;
    double start = now();
    STORE(c->native_id, pirn_get_native_id());
    c->status = c->make(c);
    c->elapsed = now() - start;
    STORE(c->returned, true);
}

static inline void call_begin(call_t *c, breed_t breed)
{
    c->native_id = 0;
    c->returned = false;
    runner_start(&c->runner, breed, call_body, c);
    AWAIT(LOAD(c->native_id));
}

static inline void call_begin_blocked(call_t *c, breed_t breed)
{
    call_begin(c, breed);
    await_sleeping(c->native_id);
}

static inline pirn_status_t call_end(call_t *c)
{
    runner_join(&c->runner);
    return c->status;
}

/*
 * A target or task that runs until its gate is opened; any number of them may stand at one gate. Once it has
 * said that it stands there it no longer looks at the gate, which may be gone when it has been opened.
 */
typedef struct gate {
    counted_t counted;
    pirn_event_t *open;
    uint64_t native_id;
} gate_t;

static inline void gate_init(gate_t *gate)
{
    *gate = (gate_t){0};
    CHECK_OK(pirn_event_new(&gate->open));
}

static inline int32_t gate_target(void *arg)
{
    gate_t *gate = arg;
    pirn_event_t *open = gate->open;
    STORE(gate->native_id, pirn_get_native_id());
    ADD(gate->counted.runs, 1);
    CHECK_OK(pirn_event_wait(open));
    return 0;
}

static inline int32_t gate_task(void *arg, void **result)
{
    *result = arg;
    return gate_target(arg);
}

static inline void gate_await(gate_t *gate, int runs)
{
    AWAIT(LOAD(gate->counted.runs) >= runs);
}

static inline void gate_open(gate_t *gate)
{
    CHECK_OK(pirn_event_set(gate->open));
}

static inline pirn_thread_t *start_thread(pirn_target_fn target, void *arg)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_thread_new(target, arg, NULL, &thread));
    CHECK_OK(pirn_thread_start(thread));
    return thread;
}

static inline void join_and_free(pirn_thread_t *thread)
{
    CHECK_OK(pirn_thread_join(thread));
    CHECK_OK(pirn_thread_free(thread));
}

/* Answers that cannot fail. */

static inline uint64_t id_of(const void *handle)
{
    uint64_t id;
    CHECK_OK(pirn_object_id(handle, &id));
    return id;
}

static inline pirn_thread_t *main_thread(void)
{
    pirn_thread_t *thread;
    CHECK_OK(pirn_main_thread(&thread));
    return thread;
}

static inline bool alive(pirn_thread_t *thread)
{
    bool out;
    CHECK_OK(pirn_thread_is_alive(thread, &out));
    return out;
}

static inline bool is_enumerated(uint64_t id)
{
    enum { ROOM = 16 };
    pirn_thread_t *threads[ROOM];
    size_t count;
    bool found = false;
    CHECK_OK(pirn_enumerate(threads, ROOM, &count));
    CHECK(count <= ROOM);
    for (size_t i = 0; i < count; i++) {
        found |= id_of(threads[i]) == id;
        CHECK_OK(pirn_thread_free(threads[i]));
    }
    return found;
}

static inline pirn_executor_t *new_executor(int64_t max_workers)
{
    pirn_executor_t *executor;
    CHECK_OK(pirn_executor_new(max_workers, &executor));
    return executor;
}

static inline pirn_future_t *submit(pirn_executor_t *executor, pirn_task_fn task, void *arg)
{
    pirn_future_t *future;
    CHECK_OK(pirn_executor_submit(executor, task, arg, NULL, &future));
    return future;
}

/* How many processors pirn has: the default is four workers more. */
static inline size_t processors(void)
{
    size_t workers;
    pirn_executor_t *executor = new_executor(0);
    CHECK_OK(pirn_executor_max_workers(executor, &workers));
    CHECK_OK(pirn_executor_free(executor));
    return workers - 4;
}

/* A gate that a worker stands at: until it is opened, an executor of one worker starts nothing else. */
static inline pirn_future_t *submit_gate(pirn_executor_t *executor, gate_t *gate)
{
    gate_init(gate);
    pirn_future_t *future = submit(executor, gate_task, gate);
    gate_await(gate, 1);
    return future;
}

static inline pirn_future_t *new_future(void)
{
    pirn_future_t *future;
    CHECK_OK(pirn_future_new(&future));
    return future;
}

/* The system refuses every new thread: its stack would be larger than all the memory that is allowed. */
static inline struct rlimit forbid_threads(void)
{
    struct rlimit before, limit;
    skip_if(UNDER_TSAN || UNDER_ASAN, "the sanitizer itself needs more address space than there will be");
    CHECK_OK(pirn_set_stack_size((size_t)1 << 46));
    getrlimit(RLIMIT_AS, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)1 << 40;
    CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    return before;
}

static inline void allow_threads(struct rlimit before)
{
    CHECK_EQ(setrlimit(RLIMIT_AS, &before), 0);
    CHECK_OK(pirn_set_stack_size(0));
}

/*
 * The memory that the process has, in KiB. Where the kernel does not count it page by page it is what statm says, which some
 * kernels count for each processor and add up from time to time: off by a hundred KiB for each.
 */
static inline long resident_kib(void)
{
    char line[256];
    long size, resident = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file && resident < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "Rss: %ld kB", &resident) != 1)
            resident = -1;
    if (file)
        fclose(file);
    if (resident >= 0)
        return resident;
    file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%ld %ld", &size, &resident) == 2);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* What an out-parameter holds before the call, to see whether it was written. */
#define UNTOUCHED ((void *)0x5a5a5a5a)

#endif
