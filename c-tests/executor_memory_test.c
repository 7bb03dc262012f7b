/*
 * What tasks and futures cost in memory: however many come and go, it stays the
 * same; and a submit without a future allocates nothing. PIRN_TEST_SUBMITS sets
 * how many.
 */
#include <dlfcn.h>

#include "support.h"

static void *(*real_malloc)(size_t);
static void *(*real_realloc)(void *, size_t);
static bool is_counting;
static long allocations;

__attribute__((constructor(101))) static void find_real(void)
{
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
}

/* This program's take the place of the C library's, in pirn too. */
void *malloc(size_t size)
{
    if (LOAD(is_counting))
        ADD(allocations, 1);
    return real_malloc(size);
}

void *realloc(void *block, size_t size)
{
    if (LOAD(is_counting))
        ADD(allocations, 1);
    return real_realloc(block, size);
}

static long submits(long by_default)
{
    const char *text = getenv("PIRN_TEST_SUBMITS");
    return text ? strtol(text, NULL, 10) : by_default;
}

enum { AT_A_TIME = 1000 };

static void come_and_go(pirn_executor_t *executor, long n)
{
    static pirn_future_t *futures[AT_A_TIME];
    for (long done = 0; done < n; done += AT_A_TIME) {
        for (int i = 0; i < AT_A_TIME; i++)
            futures[i] = submit(executor, do_nothing, NULL);
        for (int i = 0; i < AT_A_TIME; i++) {
            CHECK_OK(pirn_future_result(futures[i], NULL));
            CHECK_OK(pirn_future_free(futures[i]));
        }
    }
}

TEST(futures_come_and_go_in_constant_memory)
{
    long n = submits(300000);
    pirn_executor_t *executor = new_executor(4);
    come_and_go(executor, n / 10);
    long before = resident_kib();
    come_and_go(executor, n);
    long growth = resident_kib() - before;
    printf("%ld futures: %ld KiB resident before, %ld KiB more after\n", n, before, growth);
    CHECK(growth < 1 << 10); /* with 300000 futures: less than 4 bytes each */
    CHECK_OK(pirn_executor_free(executor));
}

/* While the one worker is busy. Among them are some that stay, and are run in the end. */
TEST(cancelled_tasks_with_priorities_take_no_memory)
{
    enum { KEPT = 100 };
    long n = submits(1000000), before = 0;
    gate_t gate;
    counted_t counted = {0, 0};
    pirn_executor_t *executor = new_executor(1);
    pirn_future_t *at_gate = submit_gate(executor, &gate);
    for (int i = 0; i < KEPT; i++)
        CHECK_OK(pirn_executor_submit_priority(executor, count_task, &counted, count_free, i % 7 - 3, NULL));
    for (long i = 0; i < n; i++) {
        pirn_future_t *future;
        bool cancelled = false;
        if (i == n / 10)
            before = resident_kib();
        CHECK_OK(pirn_executor_submit_priority(executor, do_nothing, NULL, NULL, (int32_t)(i % 7) - 3, &future));
        CHECK_OK(pirn_future_cancel(future, &cancelled));
        CHECK(cancelled);
        CHECK_OK(pirn_future_free(future));
    }
    long growth = resident_kib() - before;
    printf("%ld submits: %ld KiB resident before, %ld KiB more after\n", n, before, growth);
    CHECK(growth < 1 << 10);
    gate_open(&gate);
    CHECK_OK(pirn_future_free(at_gate));
    CHECK_OK(pirn_executor_free(executor));
    CHECK_COUNTED(&counted, KEPT, KEPT);
}

TEST(a_submit_without_a_future_allocates_nothing)
{
    long n = submits(100000);
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    pirn_future_t *at_gate = submit_gate(executor, &gate);
    STORE(is_counting, true);
    for (long i = 0; i < n; i++)
        CHECK_OK(pirn_executor_submit(executor, do_nothing, NULL, NULL, NULL));
    STORE(is_counting, false);
    printf("%ld submits: %ld allocations\n", n, LOAD(allocations));
    CHECK(LOAD(allocations) > 0 && LOAD(allocations) < 40); /* the lane's ring, which doubles */
    gate_open(&gate);
    CHECK_OK(pirn_future_free(at_gate));
    CHECK_OK(pirn_executor_free(executor));
}
