/* Abseil. */
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>
#include <new>

#define PEER_LOCK "absl::Mutex"
#define PEER_CONDITION "absl::CondVar and absl::Mutex"
#define PEER_EVENT "absl::Notification"

typedef absl::Mutex peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    return new (own_lines(sizeof(peer_lock_t))) peer_lock_t;
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    lock->Lock();
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    lock->Unlock();
}

typedef struct {
    absl::Mutex mutex;
    absl::CondVar condition;
} peer_condition_t;

static inline peer_condition_t *peer_condition_new(void)
{
    return new (own_lines(sizeof(peer_condition_t))) peer_condition_t;
}

static inline void peer_condition_acquire(peer_condition_t *condition)
{
    condition->mutex.Lock();
}

static inline void peer_condition_release(peer_condition_t *condition)
{
    condition->mutex.Unlock();
}

static inline void peer_condition_wait(peer_condition_t *condition)
{
    condition->condition.Wait(&condition->mutex);
}

static inline void peer_condition_notify(peer_condition_t *condition)
{
    condition->condition.Signal();
}

typedef absl::Notification peer_event_t;

static inline peer_event_t *peer_event_new(void)
{
    return new (own_lines(sizeof(peer_event_t))) peer_event_t;
}

static inline void peer_event_set(peer_event_t *event)
{
    event->Notify();
}

/* It works once: a new one in its place, when the only thread that waits for it has been let go. */
static inline void peer_event_clear(peer_event_t *event)
{
    event->~Notification();
    new (event) peer_event_t;
}

static inline void peer_event_wait(peer_event_t *event)
{
    event->WaitForNotification();
}
