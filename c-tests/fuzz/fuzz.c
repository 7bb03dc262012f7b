/*
 * The misuse fuzzer: threads that call everything at random with handles and arguments of every bad sort.
 *
 * usage: fuzz misuse|fork|exit [SECONDS [SEED [THREADS]]]
 *        fuzz list
 *
 * misuse  what has to hold: no crash, no hang, no status outside the table, none of an internal error; each
 * argument given is freed exactly once; in the end no function was left out. fork    the same while processes
 * are forked off in the middle of everything: pirn works in each of them. exit    processes that end by
 * exit() in the middle of everything: they end. list    the functions that are called.
 *
 * What each thread does follows from SEED and its number; how their calls interleave does not, but with one
 * thread.
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "calls.h"

enum { MOST_THREADS = 64, PATIENCE = 180 /* seconds, many times what any call takes on a busy machine */ };

typedef struct thread {
    caller_t caller;
    pthread_t id;
    const char *doing; /* the call it is in */
    long n_calls;
    bool over;
} thread_t;

static thread_t threads[MOST_THREADS];
static __thread thread_t *self;
static bool stop, quit_stirring;
static long n_forks;

static void make_call(caller_t *c, call_t *call)
{
    if (call->mode == LAST || (call->mode == RARE && !one_in(c, 200)) ||
        (call->mode == BLOCKS && c->in_callback))
        return;
    if (call->mode == BLOCKS || call->mode == WAITS)
        let_go();
    if (self && !c->in_callback)
        STORE(self->doing, call->name);
    carry_out(c, call);
}

static void play(caller_t *c, int n)
{
    while (n-- > 0)
        make_call(c, &calls[below(c, CALLS)]);
}

static void *caller_main(void *arg)
{
    self = arg;
    while (!LOAD(stop)) {
        play(&self->caller, 16);
        let_go();
        STORE(self->n_calls, self->n_calls + 16);
    }
    STORE(self->over, true);
    return NULL;
}

/* Brings about what callers wait for, so that a call that never comes back is a fault. */
static void stir(caller_t *c, int slot)
{
    void *object = LOAD(live[slot]), *item;
    switch (slot / PER_KIND) {
    case LOCK: pirn_lock_release(object); break;
    case CONDITION:
        if (pirn_condition_acquire_timeout(object, 0.0005) == PIRN_OK)
            pirn_condition_notify_all(object);
        pirn_condition_release(object);
        break;
    case SEMAPHORE: pirn_semaphore_release(object); break;
    case EVENT: pirn_event_set(object); break;
    case BARRIER:
        pirn_barrier_abort(object);
        pirn_barrier_reset(object);
        break;
    case TIMER:
        if (one_in(c, 8))
            pirn_timer_cancel(object);
        break;
    case QUEUE:
        pirn_queue_set_maxsize(object, 0);
        if (pirn_queue_try_get(object, &item) == PIRN_OK)
            arg_free(item);
        item = arg(c);
        if (pirn_queue_try_put(object, item) != PIRN_OK)
            arg_free(item);
        for (int n = 0; n < 10000 && pirn_queue_task_done(object) == PIRN_OK; n++)
            continue;
        break;
    case EXECUTOR:
        pirn_executor_set_max_pending(object, SIZE_MAX);
        if (LOAD(stop)) /* someone may have joined a worker */
            pirn_executor_shutdown(object, false, true);
        break;
    case FUTURE:
        if (LOAD(stop) || one_in(c, 16))
            settle(FUTURE, object);
        break;
    }
}

static void *stirrer_main(void *unused)
{
    caller_t c = {.doing = "stir"};
    for (int slot = 0; !LOAD(quit_stirring); slot = (slot + 1) % SLOTS) {
        stir(&c, slot);
        if (slot == 0) {
            let_go();
            nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
        }
    }
    return unused;
}

static void interrupt(int signal)
{
    (void)signal;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void begin(uint64_t seed, int n_threads, pthread_t *stirrer)
{
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGUSR1, &action, NULL);
    caller_t c = {.state = seed};
    pirn_set_excepthook(excepthook, arg(&c), arg_free);
    make_some_of_all(&c, 40);
    for (int i = 0; i < CALLS; i++) /* so rare that a short run might leave them out */
        while (calls[i].mode == RARE && calls[i].n == 0)
            make_call(&c, &calls[i]);
    if (stirrer)
        pthread_create(stirrer, NULL, stirrer_main, NULL);
    for (int i = 0; i < n_threads; i++) {
        threads[i] = (thread_t){.caller = {.state = (seed + 1) * 1000003 + (uint64_t)i}};
        pthread_create(&threads[i].id, NULL, caller_main, &threads[i]);
    }
}

static void expect_in_child(pirn_status_t status, const char *call)
{
    if (status != PIRN_OK) {
        fprintf(stderr, "in a child %s gives %s\n", call, pirn_status_name(status));
        _exit(41);
    }
}

/* One process of those that are forked off: calls go on there, and what they tell is true of this process
 * alone. */
static void live_in_child(uint64_t seed)
{
    caller_t c = {.state = seed, .in_callback = true};
    pirn_executor_t *executor;
    pirn_future_t *future;
    pthread_t stirrer;
    alarm(PATIENCE);
    self = NULL;
    n_wrong = 0;
    forked = true;
    quit_stirring = false;
    if (pthread_create(&stirrer, NULL, stirrer_main, NULL) != 0) {
        fprintf(stderr, "in a child pthread_create fails\n");
        _exit(40);
    }
    play(&c, 60);
    let_go(); /* threads that the end joins may wait for that */
    pirn_set_stack_size(0); /* another thread may have set one that cannot be had */
    expect_in_child(pirn_executor_new(2, &executor), "pirn_executor_new");
    expect_in_child(pirn_executor_submit(executor, task, &tickets[1], NULL, &future), "pirn_executor_submit");
    pirn_status_t status = pirn_future_result(future, NULL);
    if (status != PIRN_ERR_TASK_FAILED)
        expect_in_child(status, "pirn_future_result");
    expect_in_child(pirn_future_free(future), "pirn_future_free");
    expect_in_child(pirn_executor_free(executor), "pirn_executor_free");
    if (n_wrong)
        _exit(42);
    if (one_in(&c, 3))
        exit(0);
    _exit(0);
}

static void fork_one(caller_t *c)
{
    int status;
    uint64_t seed = roll(c);
    pid_t child = fork();
    if (child == 0)
        live_in_child(seed);
    if (child < 0) {
        WRONG("fork: %s", strerror(errno));
        return;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (status != 0)
        WRONG("a child of seed %" PRIu64 ": status %#x", seed, (unsigned)status);
    n_forks++;
}

/* Every call has to come back. A core tells where the threads are. */
static void check_moves(int n_threads, bool *all_over)
{
    static long last[MOST_THREADS];
    static double since[MOST_THREADS];
    *all_over = true;
    for (int i = 0; i < n_threads; i++) {
        long n = LOAD(threads[i].n_calls);
        if (LOAD(threads[i].over))
            continue;
        *all_over = false;
        if (n != last[i] || since[i] == 0) {
            last[i] = n;
            since[i] = now();
        } else if (now() - since[i] > PATIENCE) {
            fprintf(stderr, "thread %d hangs in %s\n", i, LOAD(threads[i].doing));
            abort();
        }
    }
}

static void give_all_back(void)
{
    caller_t c = {.state = 1};
    for (int slot = SLOTS; slot-- > 0;) {
        void *object = LOAD(live[slot]);
        pirn_status_t status;
        while (object && (status = give_up(&c, (kind_t)(slot / PER_KIND), object)) == PIRN_ERR_BUSY)
            stir(&c, slot);
        if (object && status != PIRN_OK)
            WRONG("the free at the end of a handle of kind %d: %s", slot / PER_KIND,
                  pirn_status_name(status));
    }
}

/* What comes after the end is refused, or works, but does nothing worse. */
static void *after_the_end(void *unused)
{
    caller_t c = {.state = 2, .in_callback = true};
    play(&c, 5000);
    let_go();
    give_all_back();
    return unused;
}

/* The first function that nobody has called yet. */
static call_t *find_left_out(void)
{
    for (int i = 0; i < CALLS; i++)
        if (LOAD(calls[i].n) == 0 && calls[i].mode != LAST)
            return &calls[i];
    return NULL;
}

static long check_all(void)
{
    call_t *left_out = find_left_out();
    if (left_out)
        WRONG("%s was not called", left_out->name);
    /* The caller and what it raised last are gone; threads of pirn's that end may still be about to free. */
    for (int i = 0; i < 1000 && LOAD(n_given) != LOAD(n_given_back); i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    for (int i = 0; i < TICKETS; i++)
        if (tickets[i])
            WRONG("argument %d, given to %s, was not freed", i, given_to[i]);
    if (n_given != n_given_back)
        WRONG("%ld arguments were given, %ld freed", n_given, n_given_back);
    return n_wrong;
}

typedef struct run {
    double limit;
    uint64_t seed;
    int n_threads;
    bool forking;
} run_t;

/* On a thread of its own: what a thread has (values, the failure it raised last, hooks) is freed when it
 * ends. */
static void *run_and_end(void *arg)
{
    run_t *run = arg;
    int n_threads = run->n_threads;
    pthread_t stirrer, last;
    bool all_over = false;
    caller_t c = {.state = run->seed ^ 0x5bd1e995};
    begin(run->seed, n_threads, &stirrer);
    for (double start = now(); !all_over;) {
        if (run->forking && !LOAD(stop))
            fork_one(&c);
        else
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        for (int i = 0; i < n_threads; i++)
            if (!LOAD(threads[i].over))
                pthread_kill(threads[i].id, SIGUSR1);
        double passed = now() - start; /* a busy machine may need longer to come to all */
        if (passed > run->limit && (passed > run->limit + PATIENCE || !find_left_out()))
            STORE(stop, true);
        check_moves(n_threads, &all_over);
    }
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i].id, NULL);
    STORE(quit_stirring, true);
    pthread_join(stirrer, NULL);
    give_all_back();
    if (pirn_shutdown() != PIRN_OK)
        WRONG("pirn_shutdown: %s", pirn_last_error());
    pthread_create(&last, NULL, after_the_end, NULL);
    pthread_join(last, NULL);
    pirn_set_excepthook(NULL, NULL, NULL);
    pirn_settrace_all_threads(NULL, NULL, NULL);
    pirn_setprofile_all_threads(NULL, NULL, NULL);
    return NULL;
}

static int misuse(double limit, uint64_t seed, int n_threads, bool forking)
{
    run_t run = {limit, seed, n_threads, forking};
    pthread_t runner;
    pthread_create(&runner, NULL, run_and_end, &run);
    pthread_join(runner, NULL);
    check_all();

    long n_calls = 0;
    for (int i = 0; i < CALLS; i++)
        n_calls += calls[i].n;
    printf("%s: seed %" PRIu64
           ": %ld calls of %d functions, %ld arguments given, %ld freed, %ld forks, %ld wrong\n",
           forking ? "fork" : "misuse", seed, n_calls, CALLS, n_given, n_given_back, n_forks, n_wrong);
    for (int i = 0; i < 25; i++)
        if (n_statuses[i])
            printf("  %-28s %ld\n", pirn_status_name(i + PIRN_ERR_INTERNAL), n_statuses[i]);
    fflush(stdout);
    return n_wrong != 0;
}

/* In a child: everything is under way, and after some calls, a number that differs each time, exit is called.
 */
static void exit_in_the_middle(uint64_t seed, int n_threads)
{
    pthread_t stirrer;
    caller_t c = {.state = seed};
    long n_calls = 0, enough = below(&c, 3000);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(PATIENCE);
    begin(seed, n_threads, &stirrer);
    while (n_calls < enough) {
        sched_yield();
        n_calls = 0;
        for (int i = 0; i < n_threads; i++)
            n_calls += LOAD(threads[i].n_calls);
    }
    exit(n_wrong ? 45 : 0);
}

static int exits(double limit, uint64_t seed, int n_threads)
{
    long n = 0;
    for (double start = now(); now() - start < limit; n++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            exit_in_the_middle(seed + (uint64_t)n, n_threads);
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            WRONG("a child of seed %" PRIu64 ": status %#x", seed + (uint64_t)n, (unsigned)status);
    }
    printf("exit: seed %" PRIu64 ": %ld processes, %ld wrong\n", seed, n, n_wrong);
    return n_wrong != 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    double limit = argc > 2 ? strtod(argv[2], NULL) : 10;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL);
    int n_threads = argc > 4 ? atoi(argv[4]) : 8;
    if (strcmp(what, "list") == 0) {
        for (int i = 0; i < CALLS; i++)
            puts(calls[i].name);
        return 0;
    }
    if (n_threads < 1 || n_threads > MOST_THREADS) {
        fprintf(stderr, "from 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    printf("%s: seed %" PRIu64 ", %d threads, %g s\n", what, seed, n_threads, limit);
    fflush(stdout);
    if (strcmp(what, "misuse") == 0)
        return misuse(limit, seed, n_threads, false);
    if (strcmp(what, "fork") == 0)
        return misuse(limit, seed, n_threads, true);
    if (strcmp(what, "exit") == 0)
        return exits(limit, seed, n_threads);
    fprintf(stderr, "usage: fuzz misuse|fork|exit [SECONDS [SEED [THREADS]]], or fuzz list\n");
    return 2;
}
