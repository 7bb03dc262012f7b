/* Boost.Thread, and the semaphore of Boost.Interprocess. */
#include <boost/interprocess/sync/interprocess_semaphore.hpp>
#include <boost/thread/barrier.hpp>
#include <boost/thread/condition_variable.hpp>
#include <boost/thread/lock_types.hpp>
#include <boost/thread/mutex.hpp>
#include <boost/thread/recursive_mutex.hpp>
#include <boost/thread/thread.hpp>
#include <boost/thread/tss.hpp>
#include <boost/thread/sync_bounded_queue.hpp>
#include <boost/thread/sync_queue.hpp>
#include <new>

#define PEER_LOCK "boost::mutex"
#define PEER_THREAD "boost::thread"
#define PEER_LOCAL "boost::thread_specific_ptr"
#define PEER_RLOCK "boost::recursive_mutex"
#define PEER_SEMAPHORE "interprocess_semaphore"
#define PEER_CONDITION "boost::condition_variable and boost::mutex"
#define PEER_EVENT "flag behind boost::condition_variable"
#define PEER_BARRIER "boost::barrier"
#define PEER_BOUNDED "boost::sync_bounded_queue"
#define PEER_QUEUE "boost::sync_queue"

typedef boost::mutex peer_lock_t;

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

typedef boost::recursive_mutex peer_rlock_t;

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

typedef boost::interprocess::interprocess_semaphore peer_semaphore_t;

static inline peer_semaphore_t *peer_semaphore_new(int value)
{
    return new (own_lines(sizeof(peer_semaphore_t))) peer_semaphore_t(static_cast<unsigned>(value));
}

static inline void peer_semaphore_acquire(peer_semaphore_t *semaphore)
{
    semaphore->wait();
}

static inline void peer_semaphore_release(peer_semaphore_t *semaphore)
{
    semaphore->post();
}

typedef struct {
    boost::mutex mutex;
    boost::condition_variable condition;
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
    boost::unique_lock<boost::mutex> held(condition->mutex, boost::adopt_lock);
    condition->condition.wait(held);
    held.release();
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    condition->condition.notify_one();
}

static inline void peer_condition_notify_all(peer_condition_t *condition)
{
    condition->condition.notify_all();
}

#include "event_by_condition.h"

typedef boost::barrier peer_barrier_t;

static inline peer_barrier_t *peer_barrier_new(int parties)
{
    return new (own_lines(sizeof(peer_barrier_t))) peer_barrier_t(static_cast<unsigned>(parties));
}

static inline void peer_barrier_wait(peer_barrier_t *barrier)
{
    barrier->wait();
}

typedef boost::sync_bounded_queue<void *> bounded_t;
typedef boost::sync_queue<void *> unbounded_t;

/* One of the two. */
typedef struct {
    bounded_t *bounded;
    unbounded_t *unbounded;
} peer_queue_t;

static inline peer_queue_t *peer_bounded_new(int size)
{
    peer_queue_t *queue = (peer_queue_t *)own_lines(sizeof *queue);
    queue->bounded = new (own_lines(sizeof(bounded_t))) bounded_t(static_cast<size_t>(size));
    return queue;
}

static inline peer_queue_t *peer_queue_new(void)
{
    peer_queue_t *queue = (peer_queue_t *)own_lines(sizeof *queue);
    queue->unbounded = new (own_lines(sizeof(unbounded_t))) unbounded_t;
    return queue;
}

static inline void peer_queue_put(peer_queue_t *queue, void *item)
{
    if (queue->bounded != NULL) {
        queue->bounded->push_back(item);
    } else {
        queue->unbounded->push(item);
    }
}

static inline void *peer_queue_get(peer_queue_t *queue)
{
    void *item;
    if (queue->bounded != NULL) {
        queue->bounded->pull_front(item);
    } else {
        queue->unbounded->pull(item);
    }
    return item;
}

static inline void peer_thread_run(void (*body)(void))
{
    boost::thread(body).join();
}

typedef boost::thread_specific_ptr<void> peer_local_t;

/* What is looked at is no object of its own. */
static inline void boost_keep(void *)
{
}

static inline peer_local_t *peer_local_new(void)
{
    return new (own_lines(sizeof(peer_local_t))) peer_local_t(boost_keep);
}

static inline void peer_local_set(peer_local_t *local, void *value)
{
    local->reset(value);
}

static inline void *peer_local_get(peer_local_t *local)
{
    return local->get();
}
