/* The priority queue: its order, and what may be done while it compares. */
#include "queue.h"

typedef struct job {
    int priority, serial;
} job_t;

static int by_priority(const void *a, const void *b, void *ctx)
{
    const job_t *one = a, *other = b;
    if (ctx)
        ++*(int *)ctx;
    return one->priority - other->priority;
}

static pirn_queue_t *new_priority_queue(int64_t maxsize, pirn_compare_fn compare, void *ctx)
{
    pirn_queue_t *queue;
    CHECK_OK(pirn_priority_queue_new(maxsize, compare, ctx, &queue));
    return queue;
}

TEST(arguments)
{
    pirn_queue_t *queue = UNTOUCHED;
    CHECK_STATUS(pirn_priority_queue_new(0, NULL, NULL, &queue), PIRN_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(pirn_priority_queue_new(0, by_priority, NULL, NULL), PIRN_ERR_INVALID_ARGUMENT);
    CHECK(queue == UNTOUCHED);
}

TEST(lowest_first_and_equal_ones_in_the_order_they_came)
{
    enum { JOBS = 2000 };
    static job_t jobs[JOBS];
    job_t last = {-1, -1};
    unsigned random = 1;
    int compared = 0;
    pirn_queue_t *queue = new_priority_queue(0, by_priority, &compared);
    for (int i = 0; i < JOBS; i++) {
        random = random * 1103515245 + 12345;
        jobs[i] = (job_t){(int)(random >> 16) % 50, i};
        CHECK_OK(pirn_queue_put(queue, &jobs[i]));
    }
    CHECK(compared >= JOBS - 1 && compared < JOBS * 12); /* log2(2000) is 11 */
    for (int i = 0; i < JOBS; i++) {
        void *item;
        CHECK_OK(pirn_queue_get(queue, &item));
        job_t job = *(job_t *)item;
        CHECK(job.priority > last.priority || (job.priority == last.priority && job.serial > last.serial));
        last = job;
    }
    check_size(queue, 0);
    CHECK_OK(pirn_queue_free(queue));
}

/* Puts and gets mixed, against the plain way of finding the lowest. */
TEST(lowest_first_at_any_time)
{
    enum { JOBS = 3000 };
    static job_t jobs[JOBS];
    static bool in[JOBS];
    int first = 0, next = 0;
    unsigned random = 7;
    pirn_queue_t *queue = new_priority_queue(0, by_priority, NULL);
    while (next < JOBS) {
        random = random * 1103515245 + 12345;
        if ((random >> 16) % 5 < 3) {
            jobs[next] = (job_t){(int)(random >> 20) % 30, next};
            in[next] = true;
            CHECK_OK(pirn_queue_put(queue, &jobs[next++]));
            continue;
        }
        void *item = NULL;
        int lowest = -1;
        for (int i = first; i < next; i++)
            if (in[i] && (lowest < 0 || jobs[i].priority < jobs[lowest].priority))
                lowest = i;
        CHECK_STATUS(pirn_queue_try_get(queue, &item), lowest < 0 ? PIRN_WOULD_BLOCK : PIRN_OK);
        if (lowest >= 0) {
            CHECK(item == &jobs[lowest]);
            in[lowest] = false;
        }
        while (first < next && !in[first])
            first++;
    }
    CHECK_OK(pirn_queue_free(queue));
}

static int contradicts_itself(const void *a, const void *b, void *ctx)
{
    (void)a;
    (void)b;
    *(unsigned *)ctx = *(unsigned *)ctx * 1103515245 + 12345;
    return (int)(*(unsigned *)ctx >> 16) % 3 - 1;
}

TEST(an_order_that_is_none_loses_nothing)
{
    enum { ITEMS = 500 };
    int seen[ITEMS] = {0};
    unsigned random = 3;
    pirn_queue_t *queue = new_priority_queue(0, contradicts_itself, &random);
    for (int i = 0; i < ITEMS; i++)
        put(queue, i);
    for (int i = 0; i < ITEMS; i++) {
        void *item;
        CHECK_OK(pirn_queue_get(queue, &item));
        seen[(intptr_t)item]++;
    }
    for (int i = 0; i < ITEMS; i++)
        CHECK_EQ(seen[i], 1);
    CHECK_OK(pirn_queue_free(queue));
}

/* Of several blocked putters the first is let in first, whatever its priority. */
TEST(putters_are_served_in_their_order_and_items_by_priority)
{
    call_t putters[3];
    static const int numbers[] = {30, 10, 20};
    pirn_queue_t *queue = new_priority_queue(1, compare_numbers, NULL);
    put(queue, 5);
    for (int i = 0; i < 3; i++) {
        putters[i] = (call_t){.make = make_put, .object = queue, .value = ITEM(numbers[i]), .seconds = -1};
        call_begin_blocked(&putters[i], (breed_t)(i % BREEDS));
    }
    get(queue, 5);
    CHECK_OK(call_end(&putters[0]));
    CHECK(!LOAD(putters[1].returned));
    CHECK_OK(pirn_queue_set_maxsize(queue, 3));
    CHECK_OK(call_end(&putters[1]));
    CHECK_OK(call_end(&putters[2]));
    for (int number = 10; number <= 30; number += 10)
        get(queue, number);
    CHECK_OK(pirn_queue_free(queue));
}

/* Inside compare. */

typedef struct inside {
    pirn_queue_t *queue, *other;
    int runs;
    size_t expected;
} inside_t;

static int try_everything(const void *a, const void *b, void *ctx)
{
    inside_t *in = ctx;
    pirn_queue_t *q = in->queue;
    void *item = UNTOUCHED;
    size_t unfinished = 99;
    int64_t maxsize = 99;
    bool down = true;
    in->runs++;
    check_size(q, in->expected);
    check_flags(q, false, false);
    CHECK_STATUS(pirn_queue_put(q, NULL), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_try_put(q, NULL), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_put_timeout(q, NULL, 1e6), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_get(q, &item), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_try_get(q, &item), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_get_timeout(q, 1e6, &item), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_task_done(q), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_join(q), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_join_timeout(q, 0), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_unfinished(q, &unfinished), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_maxsize(q, &maxsize), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_set_maxsize(q, 1), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_is_shut_down(q, &down), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_shutdown(q, true), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_set_item_free(q, NULL), PIRN_ERR_DEADLOCK);
    CHECK_STATUS(pirn_queue_free(q), PIRN_ERR_BUSY);
    CHECK(item == UNTOUCHED && unfinished == 99 && maxsize == 99 && down);
    /* Another queue, which compares too. */
    put(in->other, 2);
    put(in->other, 1);
    get(in->other, 1);
    get(in->other, 2);
    return compare_numbers(a, b, NULL);
}

TEST(inside_compare_its_queue_is_out_of_bounds)
{
    inside_t in = {0};
    in.queue = new_priority_queue(10, try_everything, &in);
    in.other = new_priority_queue(0, compare_numbers, NULL);
    put(in.queue, 3);
    in.expected = 1;
    put(in.queue, 1);
    CHECK_EQ(in.runs, 1);
    in.expected = 2;
    put(in.queue, 2);
    in.expected = 3;
    get(in.queue, 1);
    CHECK(in.runs >= 3);
    in.expected = 2;
    get(in.queue, 2);
    get(in.queue, 3);
    check_unfinished(in.queue, 3);
    CHECK_OK(pirn_queue_free(in.queue));
    CHECK_OK(pirn_queue_free(in.other));
}

/* One thread stands in compare until the gate is opened. */
typedef struct slow_order {
    gate_t gate;
    bool stands;
} slow_order_t;

static int compare_at_gate(const void *a, const void *b, void *ctx)
{
    slow_order_t *order = ctx;
    if (LOAD(order->stands)) {
        STORE(order->stands, false);
        gate_target(&order->gate);
    }
    return compare_numbers(a, b, NULL);
}

static pirn_status_t make_free(call_t *c)
{
    return pirn_queue_free(c->object);
}

static void begin_slow_put(slow_order_t *order, call_t *slow, pirn_queue_t **queue)
{
    *order = (slow_order_t){.stands = true};
    gate_init(&order->gate);
    *queue = new_priority_queue(0, compare_at_gate, order);
    put(*queue, 5);
    *slow = (call_t){.make = make_put, .object = *queue, .value = ITEM(3), .seconds = -1};
    call_begin(slow, PIRN_THREAD);
    gate_await(&order->gate, 1);
}

TEST(while_one_compares_others_wait)
{
    call_t slow, puts[2], gets;
    slow_order_t order;
    pirn_queue_t *queue;
    void *item;
    begin_slow_put(&order, &slow, &queue);
    check_size(queue, 1);
    check_flags(queue, false, false);
    CHECK_STATUS(pirn_queue_put_timeout(queue, ITEM(1), 0.02), PIRN_TIMED_OUT);
    CHECK_STATUS(pirn_queue_get_timeout(queue, 0.02, &item), PIRN_TIMED_OUT);
    CHECK_STATUS(pirn_queue_join_timeout(queue, 0.02), PIRN_TIMED_OUT);
    for (int i = 0; i < 2; i++) {
        puts[i] = (call_t){.make = make_put, .object = queue, .value = ITEM(i), .seconds = i ? 0 : 1e6};
        call_begin_blocked(&puts[i], (breed_t)i);
    }
    gets = (call_t){.make = make_get, .object = queue, .seconds = -1};
    call_begin_blocked(&gets, FOREIGN);
    check_size(queue, 1);
    gate_open(&order.gate);
    CHECK_OK(call_end(&slow));
    CHECK_OK(call_end(&puts[0]));
    CHECK_OK(call_end(&puts[1]));
    CHECK_OK(call_end(&gets));
    check_size(queue, 3);
    CHECK_OK(pirn_queue_free(queue));
}

TEST(a_free_waits_until_the_comparison_is_over)
{
    call_t slow, frees, late;
    slow_order_t order;
    pirn_queue_t *queue;
    begin_slow_put(&order, &slow, &queue);
    frees = (call_t){.make = make_free, .object = queue};
    call_begin_blocked(&frees, FOREIGN);
    late = (call_t){.make = make_put, .object = queue, .value = ITEM(1), .seconds = -1};
    call_begin_blocked(&late, PIRN_THREAD);
    gate_open(&order.gate);
    CHECK_OK(call_end(&slow));
    CHECK_OK(call_end(&frees));
    CHECK_STATUS(call_end(&late), PIRN_ERR_INVALID_HANDLE);
}

/* In the child nobody compares, and the queue is as it was before. */
TEST(a_fork_while_another_thread_compares)
{
    call_t slow;
    slow_order_t order;
    pirn_queue_t *queue;
    begin_slow_put(&order, &slow, &queue);
    pid_t pid = fork();
    if (pid == 0) {
        put(queue, 9);
        put(queue, 1);
        get(queue, 1);
        get(queue, 5);
        get(queue, 9);
        check_size(queue, 0);
        CHECK_OK(pirn_queue_free(queue));
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    gate_open(&order.gate);
    CHECK_OK(call_end(&slow));
    get(queue, 3);
    get(queue, 5);
    CHECK_OK(pirn_queue_free(queue));
}

static int compare_and_fork(const void *a, const void *b, void *ctx)
{
    pid_t *pid = ctx;
    if (*pid < 0)
        *pid = fork();
    return compare_numbers(a, b, NULL);
}

/* Whoever forks inside compare goes on comparing on both sides. */
TEST(a_fork_inside_compare)
{
    pid_t pid = -1;
    int status;
    pirn_queue_t *queue = new_priority_queue(0, compare_and_fork, &pid);
    put(queue, 2);
    put(queue, 1);
    get(queue, 1);
    get(queue, 2);
    CHECK_OK(pirn_queue_free(queue));
    if (pid == 0)
        _exit(0);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}
