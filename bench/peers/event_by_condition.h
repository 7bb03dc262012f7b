/* An event for a peer that has none: a flag behind its condition, as its users write it. */
typedef struct {
    peer_condition_t *condition;
    bool set;
} peer_event_t;

static inline peer_event_t *peer_event_new(void)
{
    peer_event_t *event = (peer_event_t *)own_lines(sizeof *event);
    event->condition = peer_condition_new();
    return event;
}

static inline void peer_event_set(peer_event_t *event)
{
    peer_condition_acquire(event->condition);
    event->set = true;
    peer_condition_notify_all(event->condition);
    peer_condition_release(event->condition);
}

static inline void peer_event_clear(peer_event_t *event)
{
    peer_condition_acquire(event->condition);
    event->set = false;
    peer_condition_release(event->condition);
}

static inline void peer_event_wait(peer_event_t *event)
{
    peer_condition_acquire(event->condition);
    while (!event->set) {
        peer_condition_wait(event->condition);
    }
    peer_condition_release(event->condition);
}
