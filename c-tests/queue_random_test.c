/* Random calls by many threads at once, timed and not, on each kind of queue: sums are right, nobody hangs. */
#include "queue.h"

enum { THREADS = 4, EACH = 4000 };

typedef struct worker {
    pirn_queue_t *queue;
    uint64_t random;
    int64_t sum, count;
    int number;
    bool puts;
    bool *over;
} worker_t;

static unsigned below(worker_t *worker, unsigned limit)
{
    worker->random ^= worker->random << 13;
    worker->random ^= worker->random >> 7;
    worker->random ^= worker->random << 17;
    return (unsigned)(worker->random % limit);
}

static pirn_status_t put_somehow(worker_t *worker, void *item)
{
    switch (below(worker, 4)) {
    case 0:
        return pirn_queue_put(worker->queue, item);
    case 1:
        return pirn_queue_try_put(worker->queue, item);
    default:
        return pirn_queue_put_timeout(worker->queue, item, 1e-6 * below(worker, 50));
    }
}

static pirn_status_t get_somehow(worker_t *worker, void **item)
{
    switch (below(worker, 4)) {
    case 0:
        return pirn_queue_get(worker->queue, item);
    case 1:
        return pirn_queue_try_get(worker->queue, item);
    default:
        return pirn_queue_get_timeout(worker->queue, 1e-6 * below(worker, 50), item);
    }
}

/* Puts its items, or gets until the shutdown; both end early when that comes. */
static void work(void *arg)
{
    worker_t *worker = arg;
    intptr_t last[THREADS] = {0};
    intptr_t next = 1;
    while (!worker->puts || next <= EACH) {
        void *item = ITEM(worker->number * (EACH + 1) + next);
        pirn_status_t status = worker->puts ? put_somehow(worker, item) : get_somehow(worker, &item);
        if (status == PIRN_ERR_SHUT_DOWN)
            break;
        CHECK_AMONG(status, BIT(PIRN_OK) | BIT(PIRN_TIMED_OUT) | BIT(PIRN_WOULD_BLOCK));
        if (status != PIRN_OK)
            continue;
        intptr_t number = (intptr_t)item;
        worker->sum += number;
        ADD(worker->count, 1);
        next++;
        if (worker->puts)
            continue;
        CHECK(!kind->fifo || last[number / (EACH + 1)] < number);
        last[number / (EACH + 1)] = number;
        if (kind->limited)
            CHECK_OK(pirn_queue_task_done(worker->queue));
    }
}

static void change_limits(void *arg)
{
    worker_t *worker = arg;
    while (!LOAD(*worker->over)) {
        CHECK_OK(pirn_queue_set_maxsize(worker->queue, below(worker, 8)));
        sched_yield();
    }
}

static int64_t freed_sum, freed_count;

static void count_item(void *item)
{
    ADD(freed_sum, (intptr_t)item);
    ADD(freed_count, 1);
}

static int64_t got_by_all(worker_t *workers)
{
    int64_t got = 0;
    for (int i = 1; i < 2 * THREADS; i += 2)
        got += LOAD(workers[i].count);
    return got;
}

static void check_storm(int round, bool immediate)
{
    worker_t workers[2 * THREADS], changer;
    runner_t runners[2 * THREADS], changes;
    bool over = false;
    int64_t sum = 0, count = 0;
    pirn_queue_t *queue = new_queue(round % 7);
    CHECK_OK(pirn_queue_set_item_free(queue, count_item));
    freed_sum = freed_count = 0;
    for (int i = 0; i < 2 * THREADS; i++) {
        workers[i] = (worker_t){.queue = queue,
                                .random = 0x9E3779B97F4A7C15u * (uint64_t)(round * 100 + i + 1),
                                .number = i / 2,
                                .puts = i % 2 == 0};
        runner_start(&runners[i], (breed_t)(i / 2 % BREEDS), work, &workers[i]);
    }
    changer = (worker_t){.queue = queue, .random = (uint64_t)round + 99, .over = &over};
    if (kind->limited)
        runner_start(&changes, FOREIGN, change_limits, &changer);
    if (immediate) {
        AWAIT(got_by_all(workers) >= 200 * round);
        CHECK_OK(pirn_queue_shutdown(queue, true));
    } else {
        for (int i = 0; i < 2 * THREADS; i += 2)
            runner_join(&runners[i]);
        if (kind->limited)
            CHECK_OK(pirn_queue_join(queue));
        CHECK_OK(pirn_queue_shutdown(queue, false));
    }
    for (int i = 0; i < 2 * THREADS; i++) {
        if (immediate || i % 2 == 1)
            runner_join(&runners[i]);
        sum += workers[i].puts ? workers[i].sum : -workers[i].sum;
        count += workers[i].puts ? workers[i].count : -workers[i].count;
    }
    STORE(over, true);
    if (kind->limited) {
        runner_join(&changes);
        CHECK_OK(pirn_queue_join_timeout(queue, 0));
    }
    check_size(queue, 0);
    CHECK(immediate || freed_count == 0);
    CHECK_EQ(sum, freed_sum);
    CHECK_EQ(count, freed_count);
    CHECK_OK(pirn_queue_free(queue));
}

TEST(to_the_end)
{
    FOR_KINDS(any) {
        for (int round = 0; round < 4; round++)
            check_storm(round, false);
    }
}

TEST(shut_down_in_the_middle)
{
    FOR_KINDS(any) {
        for (int round = 0; round < 8; round++)
            check_storm(round, true);
    }
}

/* A fork in the middle of it: in the child the queue holds a part of what was put, in order, and works. */
static void put_for_ever(void *arg)
{
    worker_t *worker = arg;
    for (intptr_t n = 1; !LOAD(*worker->over); n++) {
        void *item;
        CHECK_OK(pirn_queue_put(worker->queue, ITEM(n)));
        bool all = below(worker, 1000) == 0, one = below(worker, 8) != 0;
        while ((all || one) && pirn_queue_try_get(worker->queue, &item) == PIRN_OK) {
            one = false;
            if (kind->limited)
                CHECK_OK(pirn_queue_task_done(worker->queue));
        }
    }
}

static void check_in_child(pirn_queue_t *queue)
{
    void *item;
    size_t unfinished = 0, size = size_of(queue);
    for (int i = 0; i < 600; i++)
        put(queue, 1);
    check_size(queue, size + 600);
    while (pirn_queue_try_get(queue, &item) == PIRN_OK) {
        CHECK((intptr_t)item > 0);
        size--;
    }
    CHECK_EQ(size, (size_t)-600);
    if (kind->limited) {
        CHECK_OK(pirn_queue_unfinished(queue, &unfinished));
        while (unfinished--)
            CHECK_OK(pirn_queue_task_done(queue));
        CHECK_STATUS(pirn_queue_task_done(queue), PIRN_ERR_OVER_RELEASE);
        CHECK_OK(pirn_queue_join(queue));
    }
    CHECK_OK(pirn_queue_free(queue));
    _exit(0);
}

TEST(a_fork_in_the_middle)
{
    FOR_KINDS(any) {
        enum { PUTTERS = 3, FORKS = 15 };
        worker_t workers[PUTTERS];
        runner_t runners[PUTTERS];
        bool over = false;
        pirn_queue_t *queue = new_queue(0);
        for (int i = 0; i < PUTTERS; i++) {
            workers[i] = (worker_t){.queue = queue, .random = (uint64_t)i + 1, .over = &over};
            runner_start(&runners[i], FOREIGN, put_for_ever, &workers[i]);
        }
        for (int i = 0; i < FORKS; i++) {
            int status;
            pid_t pid = fork();
            if (pid == 0)
                check_in_child(queue);
            CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        }
        STORE(over, true);
        for (int i = 0; i < PUTTERS; i++)
            runner_join(&runners[i]);
        CHECK_OK(pirn_queue_free(queue));
    }
}
