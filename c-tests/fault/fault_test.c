/*
 * Faults of the system, each in a child process: memory and threads that are refused at each point of a tour
 * through the API in turn; stops and kills; signals at a high rate into every wait.
 *
 * Memory: this program's malloc, calloc, realloc and aligned allocation take the place of the C library's,
 * and refuse the n-th call. Where pirn allocates by itself the call says PIRN_ERR_NO_MEMORY. Where Rust's
 * standard library allocates (a thread's start, a text, a growing list) it cannot say so, and ends the
 * process with "memory allocation of N bytes failed"; and where it has a thread's values freed at the
 * thread's end, the C library ends it with "failed to register TLS destructor". These are the aborts there
 * are, by SIGABRT and with a message. Anything else fails the test.
 */
#include "tour.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/time.h>

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static int (*real_memalign)(void **, size_t, size_t);
static int (*real_thread)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static long n_allocations, refused_allocation; /* which one is refused: 0 for none */
static long n_threads_made, refused_thread;

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
    return LOAD(refused_allocation) && ADD(n_allocations, 1) == LOAD(refused_allocation);
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
    if (LOAD(refused_thread) && ADD(n_threads_made, 1) == LOAD(refused_thread))
        return EAGAIN;
    return real_thread(id, attributes, start, arg);
}

enum { NEVER_REACHED = 40, TOLD = 41, UNNOTICED = 42 };

CHILD(without_memory)
{
    STORE(refused_allocation, strtol(getenv("PIRN_TEST_FAULT"), NULL, 10));
    tour();
    _exit(LOAD(n_allocations) < refused_allocation ? NEVER_REACHED : n_refused ? TOLD : UNNOTICED);
}

CHILD(without_threads)
{
    STORE(refused_thread, strtol(getenv("PIRN_TEST_FAULT"), NULL, 10));
    tour();
    _exit(LOAD(n_threads_made) < refused_thread ? NEVER_REACHED : n_refused ? TOLD : UNNOTICED);
}

/* For every n until the tour is over before it. */
static void refuse_each(const char *child, bool may_abort)
{
    int told = 0, unnoticed = 0, aborted = 0;
    for (int n = 1;; n++) {
        static outcome_t outcome;
        char text[16];
        snprintf(text, sizeof text, "%d", n);
        setenv("PIRN_TEST_FAULT", text, 1);
        run_child(child, &outcome);
        if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == NEVER_REACHED)
            break;
        if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == TOLD)
            told++;
        else if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == UNNOTICED)
            unnoticed++;
        else if (may_abort && WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGABRT &&
                 (strstr(outcome.err, "memory allocation of ") ||
                  strstr(outcome.err, "TLS destructor: out of memory")))
            aborted++;
        else
            CHECK_FAILED("fault %d: status %#x\n%s", n, (unsigned)outcome.status, outcome.err);
    }
    printf("%d refused: %d told by a status, %d made up for, %d ended the process with a message\n",
           told + unnoticed + aborted, told, unnoticed, aborted);
    CHECK(told > 0);
}

TEST(each_allocation_refused)
{
    refuse_each("without_memory", true);
}

TEST(each_thread_refused)
{
    refuse_each("without_threads", false);
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
