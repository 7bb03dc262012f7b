/* oneTBB; as the lock, the mutex that spins before it sleeps. */
#include "../rows/task.h"
#include <future>
#include <new>
#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/mutex.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#define PEER_LOCK "tbb::mutex"
#define PEER_BOUNDED "tbb::concurrent_bounded_queue"
#define PEER_QUEUE "tbb::concurrent_bounded_queue"
#define PEER_POOL "task_arena::enqueue"
#define PEER_SUBMITTERS "task_arena::enqueue"
#define PEER_FUTURES "enqueue and std::promise"
#define PEER_ROUNDTRIP "enqueue and std::promise"
#define PEER_FORKJOIN "tbb::task_group"
#define PEER_RANGE "tbb::parallel_for"

typedef tbb::mutex peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    return new (own_lines(sizeof(peer_lock_t))) peer_lock_t;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    lock->lock();
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    lock->unlock();
}

typedef tbb::concurrent_bounded_queue<void *> peer_queue_t;

static inline peer_queue_t *peer_queue_new(void)
{
    return new (own_lines(sizeof(peer_queue_t))) peer_queue_t;
}

static inline peer_queue_t *peer_bounded_new(int size)
{
    peer_queue_t *queue = peer_queue_new();
    queue->set_capacity(size);
    return queue;
}

static inline void peer_queue_put(peer_queue_t *queue, void *item)
{
    queue->push(item);
}

static inline void *peer_queue_get(peer_queue_t *queue)
{
    void *item;
    queue->pop(item);
    return item;
}

/* Tasks from outside have all of the workers; a thread that waits for its tasks in an arena is one of them. */
struct peer_pool_t {
    tbb::global_control threads;
    tbb::task_arena outside, inside;
    explicit peer_pool_t(int workers)
        : threads(tbb::global_control::max_allowed_parallelism, static_cast<size_t>(workers) + 1),
          outside(workers, 0), inside(workers, 1)
    {
    }
};
typedef std::future<void *> peer_future_t;

static inline peer_pool_t *peer_pool_new(int workers)
{
    return new peer_pool_t(workers);
}

static inline void peer_pool_post(peer_pool_t *pool)
{
    pool->outside.enqueue([] { empty_task(); });
}

static inline peer_future_t peer_pool_submit(peer_pool_t *pool, void *arg)
{
    auto *promise = new std::promise<void *>;
    peer_future_t future = promise->get_future();
    pool->outside.enqueue([promise, arg] {
        promise->set_value(echo_task(arg));
        delete promise;
    });
    return future;
}

static inline void *peer_future_take(peer_future_t *future)
{
    return future->get();
}

static inline void *peer_pool_call(peer_pool_t *pool, void *arg)
{
    return peer_pool_submit(pool, arg).get();
}

static inline uint64_t tbb_fib(uint64_t n)
{
    if (n < 2) {
        return n;
    }
    uint64_t a, b;
    tbb::task_group group;
    group.run([&a, n] { a = tbb_fib(n - 1); });
    b = tbb_fib(n - 2);
    group.wait();
    return a + b;
}

static inline uint64_t peer_pool_fib(peer_pool_t *pool, int n)
{
    return pool->inside.execute([n] { return tbb_fib(static_cast<uint64_t>(n)); });
}

static inline void peer_pool_range(peer_pool_t *pool, size_t n)
{
    pool->inside.execute([n] {
        tbb::parallel_for(tbb::blocked_range<size_t>(0, n),
                          [](const tbb::blocked_range<size_t> &range) { sum_chunks(range.begin(), range.end()); });
    });
}
