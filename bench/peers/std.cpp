/* The C++ standard library: libstdc++. */
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <mutex>
#include <new>
#include <semaphore>
#include <thread>

#define PEER_LOCK "std::mutex"
#define PEER_THREAD "std::thread"
#define PEER_LOCAL "thread_local"
#define PEER_RLOCK "std::recursive_mutex"
#define PEER_SEMAPHORE "std::counting_semaphore"
#define PEER_CONDITION "std::condition_variable and std::mutex"
#define PEER_EVENT "std::atomic<bool>::wait"
#define PEER_BARRIER "std::barrier"

typedef std::mutex peer_lock_t;

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

typedef std::recursive_mutex peer_rlock_t;

static inline peer_rlock_t *peer_rlock_new(void)
{
    return new (own_lines(sizeof(peer_rlock_t))) peer_rlock_t;
}

static inline void peer_rlock_acquire(peer_rlock_t *rlock)
{
    rlock->lock();
}

static inline void peer_rlock_release(peer_rlock_t *rlock)
{
    rlock->unlock();
}

typedef std::counting_semaphore<> peer_semaphore_t;

static inline peer_semaphore_t *peer_semaphore_new(int value)
{
    return new (own_lines(sizeof(peer_semaphore_t))) peer_semaphore_t(value);
}

static inline void peer_semaphore_acquire(peer_semaphore_t *semaphore)
{
    semaphore->acquire();
}

static inline void peer_semaphore_release(peer_semaphore_t *semaphore)
{
    semaphore->release();
}

typedef struct {
    std::mutex mutex;
    std::condition_variable condition;
} peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    return new (own_lines(sizeof(peer_condition_t))) peer_condition_t;
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    condition->mutex.lock();
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    condition->mutex.unlock();
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    std::unique_lock<std::mutex> held(condition->mutex, std::adopt_lock);
    condition->condition.wait(held);
    held.release();
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    condition->condition.notify_one();
}

typedef std::atomic<bool> peer_event_t;

static inline peer_event_t *peer_event_new(void)
{
    return new (own_lines(sizeof(peer_event_t))) peer_event_t(false);
}

static inline void peer_event_set(peer_event_t *event)
{
    event->store(true, std::memory_order_release);
    event->notify_all();
}

static inline void peer_event_clear(peer_event_t *event)
{
    event->store(false, std::memory_order_relaxed);
}

static inline void peer_event_wait(peer_event_t *event)
{
    event->wait(false, std::memory_order_acquire);
}

typedef std::barrier<> peer_barrier_t;

static inline peer_barrier_t *peer_barrier_new(int parties)
{
    return new (own_lines(sizeof(peer_barrier_t))) peer_barrier_t(parties);
}

static inline void peer_barrier_wait(peer_barrier_t *barrier)
{
    barrier->arrive_and_wait();
}

static inline void peer_thread_run(void (*body)(void))
{
    std::thread(body).join();
}

/* Known to the compiler: no object that is made at run time. */
typedef void peer_local_t;
static thread_local void *std_local;

static inline peer_local_t *peer_local_new(void)
{
    return NULL;
}

static inline void peer_local_set(peer_local_t *, void *value)
{
    std_local = value;
}

static inline void *peer_local_get(peer_local_t *)
{
    return std_local;
}
