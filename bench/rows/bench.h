/* What every row's program shares: the clock, the phases of a sample, threads that keep cores busy, and the
 * line of figures that is the program's output. One execution is one sample. */
#ifndef BENCH_H
#define BENCH_H

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Two lines, since the prefetcher fetches them in pairs. */
#define CACHE_LINES 128
#define OWN_LINES __attribute__((aligned(CACHE_LINES)))
#define MAX_THREADS 64
/* The rows are defined on four cores; a larger machine is cut down to them. */
#define CORES 4

#if defined(__x86_64__) || defined(__i386__)
#define pause_cpu() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define pause_cpu() __asm__ volatile("isb")
#else
#define pause_cpu() __asm__ volatile("")
#endif

__attribute__((noreturn)) static inline void die(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

/* A call that returns 0 when it worked. A wait that fails at once must not pass for a fast one. */
#define MUST(call)                              \
    do {                                        \
        if (__builtin_expect((call) != 0, 0)) { \
            die("failed: " #call);              \
        }                                       \
    } while (0)

/* Zeroed memory that shares no cache line with anything else. */
static inline void *own_lines(size_t size)
{
    void *memory;
    size = (size + CACHE_LINES - 1) / CACHE_LINES * CACHE_LINES;
    memory = aligned_alloc(CACHE_LINES, size);
    if (memory == NULL) {
        die("no memory");
    }
    return memset(memory, 0, size);
}

/* Has the system give the pages of zeroed memory that the row itself keeps results in: each peer would otherwise pay for
 * that in its own way, one that reads an element before it writes to it (a move assignment) twice. */
static inline void touch(void *memory, size_t size)
{
    volatile unsigned char *bytes = (volatile unsigned char *)memory;
    for (size_t i = 0; i < size; i += 4096) {
        bytes[i] = bytes[i];
    }
}

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The phases, which start when the measured threads do. A thread of their own moves them on, so that no measured
 * thread has to look at a clock. That thread is also the "other thread" of the uncontended rows: glibc leaves
 * out atomic instructions while a process has one thread. */
enum phase { WARM_UP, MEASURE, STOP };

static struct {
    int now;
    double seconds;
} phases OWN_LINES;

static inline int phase(void)
{
    return __atomic_load_n(&phases.now, __ATOMIC_RELAXED);
}

static inline void sleep_for(double seconds)
{
    struct timespec t;
    t.tv_sec = (time_t)seconds;
    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

static inline void *run_phases(void *unused)
{
    sleep_for(phases.seconds / 10);
    __atomic_store_n(&phases.now, MEASURE, __ATOMIC_RELAXED);
    sleep_for(phases.seconds);
    __atomic_store_n(&phases.now, STOP, __ATOMIC_RELAXED);
    return unused;
}

static inline pthread_t thread_start(void *(*body)(void *), void *arg)
{
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, body, arg));
    return thread;
}

static inline void phases_start(void)
{
    thread_start(run_phases, NULL);
}

/* Sets `result` to what one execution of the statement takes, in ns. A macro, so that what a peer offers
 * inline stays inline. */
#define NS_EACH(result, statement)                               \
    do {                                                         \
        uint64_t count_ = 0, begin_;                             \
        while (phase() == WARM_UP) {                             \
            statement;                                           \
        }                                                        \
        begin_ = now_ns();                                       \
        do {                                                     \
            for (int i_ = 0; i_ < 1000; i_++) {                  \
                statement;                                       \
            }                                                    \
            count_ += 1000;                                      \
        } while (phase() == MEASURE);                            \
        (result) = (double)(now_ns() - begin_) / (double)count_; \
    } while (0)

/* The same for a round of two threads, which may take long: `result` is rounds per second, in thousands. */
#define KILO_ROUNDS(result, statement)                                 \
    do {                                                               \
        uint64_t count_ = 0, begin_;                                   \
        while (phase() == WARM_UP) {                                   \
            statement;                                                 \
        }                                                              \
        begin_ = now_ns();                                             \
        do {                                                           \
            statement;                                                 \
            count_++;                                                  \
        } while (phase() == MEASURE);                                  \
        (result) = (double)count_ * 1e6 / (double)(now_ns() - begin_); \
    } while (0)

/* Work of a known length: a chain of dependent instructions, which no core can shorten. */
static inline void work(uint64_t steps)
{
    uint64_t x = steps;
    for (uint64_t i = 0; i < steps; i++) {
        __asm__ volatile("" : "+r"(x));
        x ^= x << 1;
    }
    __asm__ volatile("" : : "r"(x));
}

/* How many steps take so long. The fastest of many short runs counts: the others were interrupted. */
static inline uint64_t work_steps(double ns)
{
    const uint64_t steps = 20000;
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 200; i++) {
        uint64_t begin = now_ns(), took;
        work(steps);
        took = now_ns() - begin;
        best = took < best ? took : best;
    }
    return (uint64_t)(ns * (double)steps / (double)best);
}

static inline void *keep_busy(void *unused)
{
    while (phase() != STOP) {
        work(1000);
    }
    return unused;
}

/* With every core taken by a thread that always wants it, a waiter that spins does so at the cost of whom
 * it waits for. */
static inline void oversubscribe(void)
{
    for (int i = 0; i < CORES; i++) {
        thread_start(keep_busy, NULL);
    }
}

static pthread_barrier_t team_start;
static void (*team_body)(int);

static inline void *team_member(void *index)
{
    pthread_barrier_wait(&team_start);
    team_body((int)(intptr_t)index);
    return NULL;
}

/* Runs body(0) to body(n - 1), each on a thread of its own; returns when all have returned. */
static inline void team_run(int n, void (*body)(int))
{
    pthread_t threads[MAX_THREADS];
    team_body = body;
    MUST(pthread_barrier_init(&team_start, NULL, (unsigned)n));
    for (int i = 0; i < n; i++) {
        threads[i] = thread_start(team_member, (void *)(intptr_t)i);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* The arguments: MEASUREMENT SECONDS [NUMBER...]. */
static inline void begin(int argc, char **argv)
{
    cpu_set_t allowed;
    int kept = 0;
    if (argc < 3) {
        die("usage: PROGRAM MEASUREMENT SECONDS [NUMBER...]");
    }
    phases.seconds = atof(argv[2]);
    MUST(sched_getaffinity(0, sizeof allowed, &allowed));
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && ++kept > CORES) {
            CPU_CLR(cpu, &allowed);
        }
    }
    MUST(sched_setaffinity(0, sizeof allowed, &allowed));
}

static inline bool measures(char **argv, const char *measurement)
{
    return strcmp(argv[1], measurement) == 0;
}

static inline int number(int argc, char **argv, int index)
{
    if (argc <= 3 + index) {
        die("a number is missing");
    }
    return atoi(argv[3 + index]);
}

static inline int report(const char *of, double value)
{
    printf("{\"of\": \"%s\", \"value\": %.6g}\n", of, value);
    return 0;
}

#endif
