/* crossbeam's channels, behind the shim. */
#include "../shim/shim.h"

#define PEER_BOUNDED "crossbeam_channel::bounded"
#define PEER_QUEUE "crossbeam_channel::unbounded"

typedef crossbeam_shim_channel_t peer_queue_t;

static inline peer_queue_t *peer_bounded_new(int size)
{
    return crossbeam_shim_bounded_new((size_t)size);
}

static inline peer_queue_t *peer_queue_new(void)
{
    return crossbeam_shim_unbounded_new();
}

static inline void peer_queue_put(peer_queue_t *queue, void *item)
{
    crossbeam_shim_send(queue, item);
}

static inline void *peer_queue_get(peer_queue_t *queue)
{
    return crossbeam_shim_recv(queue);
}
