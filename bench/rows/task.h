/* The tasks of the rows with pools, and the count that tells when they have all run. */
#ifndef TASK_H
#define TASK_H

#include "bench.h"

/* The rows' number of tasks; before them a tenth of it, for warming up. */
#define TASKS 1000000

/* Each thread counts for itself: a counter that all share would be what is measured. */
static struct {
    uint64_t run OWN_LINES;
} tasks_by_thread[MAX_THREADS];
static int task_threads;
static __thread uint64_t *tasks_run;

/* The task without a future. Each adapter of a pool hands this very function in. */
static inline void empty_task(void)
{
    if (tasks_run == NULL) {
        int thread = __atomic_fetch_add(&task_threads, 1, __ATOMIC_RELAXED);
        if (thread >= MAX_THREADS) {
            die("tasks ran on too many threads");
        }
        tasks_run = &tasks_by_thread[thread].run;
    }
    __atomic_store_n(tasks_run, *tasks_run + 1, __ATOMIC_RELAXED);
}

/* The task with a future. */
static inline void *echo_task(void *arg)
{
    return arg;
}

/* Looks now and then, so as not to take a core from the pool: late by less than a thousandth of what is measured. */
static inline void await_tasks(uint64_t n)
{
    for (;;) {
        uint64_t run = 0;
        for (int i = 0; i < MAX_THREADS; i++) {
            run += __atomic_load_n(&tasks_by_thread[i].run, __ATOMIC_RELAXED);
        }
        if (run >= n) {
            return;
        }
        sleep_for(20e-6);
    }
}

/* How a result or an argument that is a small number goes through a pointer. */
static inline void *from_number(uint64_t n)
{
    return (void *)(uintptr_t)n;
}

static inline uint64_t to_number(void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

/* The parallel sum: 1,000 chunks of 1,000 numbers. */
#define CHUNKS 1000
#define CHUNK 1000

static uint64_t summands[CHUNKS * CHUNK] OWN_LINES;
static uint64_t total OWN_LINES;

static inline void sum_chunks(size_t begin, size_t end)
{
    uint64_t sum = 0;
    for (size_t i = begin * CHUNK; i < end * CHUNK; i++) {
        sum += summands[i];
    }
    __atomic_fetch_add(&total, sum, __ATOMIC_RELAXED);
}

#endif
