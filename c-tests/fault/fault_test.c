/*
 * Faults of the system, each in a child process: memory and threads that are refused at each point of a tour
 * through the API in turn, or from there on; stops and kills; signals at a high rate into every wait.
 *
 * Memory: this program's malloc, calloc, realloc and aligned allocation take the place of the C library's. A
 * call says PIRN_ERR_NO_MEMORY, or pirn makes up for what it does not get; nothing that it was given is lost,
 * and the process goes on.
 */
#include "tour.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sys/time.h>

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static int (*real_memalign)(void **, size_t, size_t);
static int (*real_thread)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* The first that is refused, 0 for none, and the last one. */
static long n_allocations, first_refused, last_refused;
static long n_threads_made, first_thread_refused, last_thread_refused;

__attribute__((constructor(101))) static void find_real(void)
{
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&real_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    *(void **)&real_thread = dlsym(RTLD_NEXT, "pthread_create");
}

static bool is_refused(void)
{
    if (!LOAD(first_refused) || LOAD(has_respite))
        return false;
    long n = ADD(n_allocations, 1);
    return n >= LOAD(first_refused) && n <= LOAD(last_refused);
}

void *malloc(size_t size)
{
    return is_refused() ? (errno = ENOMEM, NULL) : real_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    if (!real_calloc)
        find_real();
    return is_refused() ? (errno = ENOMEM, NULL) : real_calloc(n, size);
}

void *realloc(void *block, size_t size)
{
    return is_refused() ? (errno = ENOMEM, NULL) : real_realloc(block, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    return is_refused() ? ENOMEM : real_memalign(out, alignment, size);
}

int pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*start)(void *), void *arg)
{
    if (LOAD(first_thread_refused) && !LOAD(has_respite)) {
        long n = ADD(n_threads_made, 1);
        if (n >= LOAD(first_thread_refused) && n <= LOAD(last_thread_refused))
            return EAGAIN;
    }
    return real_thread(id, attributes, start, arg);
}

enum { NEVER_REACHED = 40, TOLD = 41, UNNOTICED = 42 };

static long fault_number(void)
{
    return strtol(getenv("PIRN_TEST_FAULT"), NULL, 10);
}

/* The end of a child from whose memory or threads the n-th was to be refused. */
static void tell(bool was_reached)
{
    _exit(!was_reached ? NEVER_REACHED : LOAD(n_refused) ? TOLD : UNNOTICED);
}

static void with_refused_memory(void (*body)(void), long first, long last)
{
    STORE(last_refused, last);
    STORE(first_refused, first);
    body();
    STORE(first_refused, 0);
    tell(LOAD(n_allocations) >= first);
}

static void with_refused_threads(long first, long last)
{
    STORE(last_thread_refused, last);
    STORE(first_thread_refused, first);
    tour();
    tell(LOAD(n_threads_made) >= first);
}

static void a_thousand_futures(void)
{
    tour_futures(1000);
    CHECK_OK(pirn_shutdown());
    AWAIT(LOAD(tour_arg.frees) >= n_args);
    CHECK_EQ(LOAD(tour_arg.frees), n_args);
}

CHILD(without_one_allocation)
{
    with_refused_memory(tour, fault_number(), fault_number());
}

CHILD(without_memory_from_here)
{
    with_refused_memory(tour, fault_number(), LONG_MAX);
}

CHILD(futures_without_one_allocation)
{
    with_refused_memory(a_thousand_futures, fault_number(), fault_number());
}

CHILD(futures_without_memory_from_here)
{
    with_refused_memory(a_thousand_futures, fault_number(), LONG_MAX);
}

CHILD(without_one_thread)
{
    with_refused_threads(fault_number(), fault_number());
}

CHILD(without_threads_from_here)
{
    with_refused_threads(fault_number(), LONG_MAX);
}

typedef struct outcomes {
    int told, made_up_for;
} outcomes_t;

/* For each n, or every so many, until the child is over before the n-th. No other end is accepted. */
static outcomes_t refuse_each(const char *child, int step)
{
    outcomes_t outcomes = {0};
    for (int n = 1;; n += step) {
        static outcome_t outcome;
        char text[16];
        snprintf(text, sizeof text, "%d", n);
        setenv("PIRN_TEST_FAULT", text, 1);
        run_child(child, &outcome);
        if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == NEVER_REACHED)
            break;
        if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == TOLD)
            outcomes.told++;
        else if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == UNNOTICED)
            outcomes.made_up_for++;
        else
            CHECK_FAILED("fault %d: status %#x\n%s", n, (unsigned)outcome.status, outcome.err);
    }
    printf("%s: %d times: %d told by a status, %d made up for\n", child, outcomes.told + outcomes.made_up_for,
           outcomes.told, outcomes.made_up_for);
    return outcomes;
}

TEST(each_allocation_refused)
{
    CHECK(refuse_each("without_one_allocation", 1).made_up_for > 0);
}

TEST(all_allocations_refused_from_each_on)
{
    CHECK(refuse_each("without_memory_from_here", 1).told > 0);
}

TEST(a_thousand_futures_without_memory)
{
    refuse_each("futures_without_one_allocation", 29);
    CHECK(refuse_each("futures_without_memory_from_here", 29).told > 0);
}

static void check_nothing_new(pirn_future_t *future, pirn_executor_t *executor, pirn_thread_t *thread)
{
    counted_t arg = {0};
    void *args[] = {&arg};
    pirn_barrier_t *barrier;
    pirn_thread_t *new_thread;
    pirn_timer_t *timer;
    pirn_local_t *local;
    pirn_queue_t *queue;
    pirn_executor_t *new_executor;
    pirn_map_t *map;
    pirn_as_completed_t *iterator;
    const pirn_status_t none = PIRN_ERR_NO_MEMORY;
    CHECK_REFUSED(pirn_barrier_new(1, count_run, &arg, count_free, PIRN_FOREVER, &barrier), none, &arg);
    CHECK_REFUSED(pirn_thread_new(count_run, &arg, count_free, &new_thread), none, &arg);
    CHECK_REFUSED(pirn_timer_new(1, count_run, &arg, count_free, &timer), none, &arg);
    CHECK_REFUSED(pirn_local_new(count_run, &arg, count_free, &local), none, &arg);
    CHECK_STATUS(pirn_queue_new(0, &queue), none);
    CHECK_STATUS(pirn_executor_new(1, &new_executor), none);
    CHECK_REFUSED(pirn_executor_map(executor, count_task, args, 1, count_free, 1, -1, &map), none, &arg);
    CHECK_REFUSED(pirn_executor_submit_priority(executor, count_task, &arg, count_free, 1, NULL), none, &arg);
    CHECK_REFUSED(pirn_future_add_done_callback(future, use_done, &arg, count_free), none, &arg);
    CHECK_REFUSED(pirn_set_excepthook(expect_five, &arg, count_free), none, &arg);
    CHECK_REFUSED(pirn_settrace(trace, &arg, count_free), none, &arg);
    CHECK_REFUSED(pirn_set_interrupt(count_run, &arg, count_free), none, &arg);
    CHECK_STATUS(pirn_as_completed(&future, 1, PIRN_FOREVER, &iterator), none);
    CHECK_STATUS(pirn_wait(&future, 1, PIRN_ALL_COMPLETED, PIRN_FOREVER, NULL, NULL), none);
    CHECK_STATUS(pirn_thread_set_name(thread, "new"), none);
    CHECK_STATUS(pirn_thread_start(thread), none);
    CHECK_EQ(arg.runs, 0);
}

static int32_t fail_wordily(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return pirn_raise(5, "a message");
}

/* While nothing new is made, what there is goes on working: locks, queues, tasks, failures, promises. */
static void check_all_else(pirn_future_t *future, pirn_executor_t *executor, pirn_queue_t *queue)
{
    enum { TASKS = 10000 };
    static pirn_future_t *futures[TASKS];
    void *item;
    int n = 0;
    CHECK_OK(pirn_queue_put(queue, &n));
    CHECK_OK(pirn_queue_get(queue, &item));
    CHECK(item == &n);
    for (int i = 0; i < TASKS; i++) {
        CHECK_OK(pirn_executor_submit(executor, fail_wordily, NULL, NULL, &futures[i]));
        CHECK_STATUS(pirn_future_result(futures[i], NULL), PIRN_ERR_TASK_FAILED);
        CHECK_EQ(pirn_last_code(), 5);
    }
    for (int i = 0; i < TASKS; i++)
        CHECK_OK(pirn_future_free(futures[i]));
    CHECK_OK(pirn_future_set_exception(future, 5, "words"));
    CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
}

/* As often as memory runs out, as much is made up for; then it is as it was. */
CHILD(memory_runs_out)
{
    enum { ROUNDS = 3, MOST = 100000 };
    static pirn_barrier_t *barriers[MOST];
    int made[ROUNDS] = {0};
    pirn_queue_t *queue;
    pirn_thread_t *thread;
    pirn_executor_t *executor = new_executor(1);
    CHECK_STATUS(pirn_future_result(submit(executor, fail_wordily, NULL), NULL), PIRN_ERR_TASK_FAILED);
    CHECK_OK(pirn_queue_new(0, &queue));
    CHECK_OK(pirn_thread_new(NULL, NULL, NULL, &thread));
    STORE(last_refused, LONG_MAX);
    for (int round = 0; round < ROUNDS; round++) {
        pirn_future_t *future = new_future();
        pirn_status_t status;
        STORE(first_refused, 1);
        while ((status = pirn_barrier_new(1, NULL, NULL, NULL, 1, &barriers[made[round]])) == PIRN_OK)
            made[round]++;
        CHECK_STATUS(status, PIRN_ERR_NO_MEMORY);
        check_nothing_new(future, executor, thread);
        check_all_else(future, executor, queue);
        STORE(first_refused, 0);
        for (int i = 0; i < made[round]; i++)
            CHECK_OK(pirn_barrier_free(barriers[i]));
        CHECK_OK(pirn_future_free(future));
        CHECK(made[round] > 100);
        if (round > 1)  /* what stays of the first, a last error's words, stays once */
            CHECK_EQ(made[round], made[1]);
    }
    SAY("again and again\n");
}

TEST(memory_runs_out_and_comes_back)
{
    check_child("memory_runs_out", 0, "again and again\n");
}

/* Lists that grow, and texts of any length: what is refused is with the caller, or freed; the rest is there. */

enum { MANY = 20000, LONG = 1 << 20 };

static void fill_queue(pirn_queue_t *queue)
{
    static char items[MANY];
    void *item;
    pirn_status_t status = PIRN_OK;
    size_t n = 0, size;
    STORE(first_refused, 1);
    while (n < MANY && (status = pirn_queue_put(queue, &items[n])) == PIRN_OK)
        n++;
    CHECK_STATUS(status, PIRN_ERR_NO_MEMORY);
    CHECK_OK(pirn_queue_size(queue, &size));
    CHECK_EQ(size, n);
    CHECK_OK(pirn_queue_get(queue, &item));
    CHECK_OK(pirn_queue_put(queue, item));
    STORE(first_refused, 0);
    CHECK_OK(pirn_queue_put(queue, items));
    for (n++; n > 0; n--)
        CHECK_OK(pirn_queue_get(queue, &item));
    CHECK_OK(pirn_queue_free(queue));
}

static void fill_executor(void)
{
    static void *args[MANY];
    static pirn_future_t *futures[MANY];
    gate_t gate;
    counted_t arg = {0};
    pirn_status_t status = PIRN_OK;
    int n = 0;
    pirn_executor_t *executor = new_executor(1);
    CHECK_OK(pirn_future_free(submit_gate(executor, &gate)));
    for (int i = 0; i < MANY; i++)
        args[i] = &arg;
    STORE(first_refused, 1);
    while (n < MANY && status == PIRN_OK) {
        status = pirn_executor_submit(executor, count_task, &arg, count_free, &futures[n]);
        n += status == PIRN_OK;
    }
    CHECK_STATUS(status, PIRN_ERR_NO_MEMORY);
    CHECK_COUNTED(&arg, 0, 1);
    CHECK_STATUS(pirn_executor_submit(executor, count_task, &arg, count_free, NULL), PIRN_ERR_NO_MEMORY);
    CHECK_COUNTED(&arg, 0, 2);
    status = pirn_executor_submit_many(executor, count_task, args, MANY, count_free, NULL);
    CHECK_STATUS(status, PIRN_ERR_NO_MEMORY);
    CHECK_COUNTED(&arg, 0, MANY + 2);
    STORE(first_refused, 0);
    CHECK_OK(pirn_executor_submit_many(executor, count_task, args, MANY, count_free, &futures[n]));
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
    CHECK_COUNTED(&arg, n + MANY, n + MANY + MANY + 2);
}

/* Tasks with a priority are in a list of their own; there is much room in the lanes already. */
static void fill_ranks(void)
{
    static void *args[MANY];
    gate_t gate;
    counted_t arg = {0};
    pirn_status_t status = PIRN_OK;
    int n = 0, refused = 0;
    pirn_executor_t *executor = new_executor(1);
    pirn_future_t *first = submit_gate(executor, &gate);
    for (int i = 0; i < MANY; i++)
        args[i] = &arg;
    CHECK_OK(pirn_executor_submit_many(executor, count_task, args, MANY, count_free, NULL));
    n += MANY;
    STORE(first_refused, 1);
    for (int i = 0; i < MANY && status == PIRN_OK; i++) {
        status = pirn_executor_submit_priority(executor, count_task, &arg, count_free, 1, NULL);
        n += status == PIRN_OK;
    }
    CHECK_STATUS(status, PIRN_ERR_NO_MEMORY);
    refused++;
    for (status = PIRN_OK; status == PIRN_OK; n += status == PIRN_OK)
        status = pirn_executor_submit_priority(executor, count_task, &arg, count_free, -1, NULL);
    CHECK_STATUS(status, PIRN_ERR_NO_MEMORY);
    refused++;
    CHECK_COUNTED(&arg, 0, refused);
    STORE(first_refused, 0);
    for (int i = 0; i < MANY; i++, n++)
        CHECK_OK(pirn_executor_submit_priority(executor, count_task, &arg, count_free, i % 2 ? 1 : -1, NULL));

    /* The others give way to what is above them, each into that list. */
    STORE(first_refused, 1);
    gate_open(&gate);
    CHECK_OK(pirn_future_result(first, NULL));
    CHECK_OK(pirn_future_free(first));
    AWAIT(LOAD(arg.frees) == n + refused);
    CHECK_COUNTED(&arg, n, n + refused);
    STORE(first_refused, 0);

    /* All of them at once. */
    first = submit_gate(executor, &gate);
    CHECK_OK(pirn_executor_submit_many(executor, count_task, args, MANY, count_free, NULL));
    for (int i = 0; i < MANY; i++)
        CHECK_OK(pirn_executor_submit_priority(executor, count_task, &arg, count_free, i % 2 ? 1 : -1, NULL));
    STORE(first_refused, 1);
    CHECK_OK(pirn_executor_shutdown(executor, false, true));
    CHECK_COUNTED(&arg, n, n + refused + 2 * MANY);
    STORE(first_refused, 0);
    gate_open(&gate);
    CHECK_OK(pirn_future_free(first));
    CHECK_OK(pirn_executor_free(executor));
}

static void give_long_texts(void)
{
    static char words[LONG];
    counted_t arg = {0};
    pirn_thread_t *thread;
    pirn_local_t *local;
    char name[16];
    size_t n;
    pirn_executor_t *executor = new_executor(1);
    pirn_future_t *future = new_future();
    memset(words, 'w', sizeof words - 1);
    CHECK_OK(pirn_thread_new(NULL, NULL, NULL, &thread));
    CHECK_OK(pirn_local_new(NULL, NULL, NULL, &local));
    CHECK_OK(pirn_thread_set_name(thread, "before"));
    STORE(first_refused, 1);
    CHECK_STATUS(pirn_thread_set_name(thread, words), PIRN_ERR_NO_MEMORY);
    CHECK_OK(pirn_thread_name(thread, name, sizeof name, &n));
    CHECK_STR(name, "before");
    CHECK_STATUS(pirn_executor_set_thread_name_prefix(executor, words), PIRN_ERR_NO_MEMORY);
    CHECK_REFUSED(pirn_local_set(local, words, &arg, count_free), PIRN_ERR_NO_MEMORY, &arg);
    CHECK_REFUSED(pirn_future_set_exception_with(future, 5, words, &arg, count_free), PIRN_ERR_NO_MEMORY,
                  &arg);
    CHECK_EQ(pirn_raise(5, words), 5);
    CHECK_OK(pirn_future_set_exception(future, 5, NULL));
    CHECK_STATUS(pirn_future_result(future, NULL), PIRN_ERR_TASK_FAILED);
    STORE(first_refused, 0);
    CHECK_OK(pirn_thread_set_name(thread, words));
    CHECK_OK(pirn_local_set(local, words, &arg, count_free));
    CHECK_OK(pirn_local_free(local));
    CHECK_COUNTED(&arg, 0, 3);
}

static int by_address(const void *a, const void *b, void *unused)
{
    (void)unused;
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

CHILD(growth_without_memory)
{
    pirn_queue_t *lifo, *priority;
    STORE(last_refused, LONG_MAX);
    CHECK_OK(pirn_lifo_queue_new(0, &lifo));
    CHECK_OK(pirn_priority_queue_new(0, by_address, NULL, &priority));
    fill_queue(lifo);
    fill_queue(priority);
    fill_executor();
    fill_ranks();
    give_long_texts();
    SAY("grown\n");
}

TEST(what_grows_is_refused_and_nothing_of_it_lost)
{
    check_child("growth_without_memory", 0, "grown\n");
}

TEST(each_thread_refused)
{
    outcomes_t one = refuse_each("without_one_thread", 1), all = refuse_each("without_threads_from_here", 1);
    CHECK(one.told > 0 && all.told > 0);
}

/* A tour that is interrupted all the time, in whichever thread, is like any other. */
static void nothing(int signal)
{
    (void)signal;
}

CHILD(under_signals)
{
    struct sigaction action = {.sa_handler = nothing};
    struct itimerval often = {{0, 100}, {0, 100}};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
    tour();
    CHECK_EQ(n_refused, 0);
    SAY("toured\n");
    _exit(0);
}

TEST(signals_at_a_high_rate)
{
    for (int i = 0; i < 50; i++)
        check_child("under_signals", 0, "toured\n");
}

CHILD(tours)
{
    tour();
    CHECK_EQ(n_refused, 0);
    SAY("toured\n");
    _exit(0);
}

static pid_t start_tours(int *out)
{
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t pid = fork_for_test();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        execl("/proc/self/exe", "tours", "tours", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *out = ends[0];
    return pid;
}

/* Stopped and continued at any point, the tour ends as it does undisturbed. */
TEST(stops)
{
    int stops = 0;
    for (int i = 0; i < 50; i++) {
        int out, status;
        pid_t pid = start_tours(&out);
        for (;;) {
            if (kill(pid, SIGSTOP) != 0 || waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
                break;
            stops++;
            kill(pid, SIGCONT);
            for (int spin = 0; spin < i * 20; spin++)
                sched_yield();
        }
        CHECK_EQ(status, 0);
        close(out);
    }
    CHECK(stops > 50);
    printf("%d stops\n", stops);
}

/* Killed at any point, it takes nobody along: this process, which has a library of its own, works on. */
TEST(kills)
{
    int killed = 0;
    counted_t arg = {0};
    for (int i = 0; i < 50; i++) {
        int out, status;
        pid_t pid = start_tours(&out);
        for (int spin = 0; spin < i * 50; spin++)
            sched_yield();
        CHECK_EQ(kill(pid, SIGKILL), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        close(out);
        join_and_free(start_thread(count_run, &arg));
    }
    CHECK(killed > 0);
    CHECK_EQ(arg.runs, 50);
}
