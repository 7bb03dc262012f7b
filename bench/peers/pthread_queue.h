/* A queue of a mutex, two condition variables and a ring that grows, as it is written where there is none. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t not_empty, not_full;
    void **ring;
    size_t capacity, first, items;
    size_t limit; /* 0: none */
} peer_queue_t;

static inline peer_queue_t *peer_bounded_new(int limit)
{
    peer_queue_t *queue = (peer_queue_t *)own_lines(sizeof *queue);
    MUST(pthread_mutex_init(&queue->mutex, NULL));
    MUST(pthread_cond_init(&queue->not_empty, NULL));
    MUST(pthread_cond_init(&queue->not_full, NULL));
    queue->limit = (size_t)limit;
    queue->capacity = limit > 0 ? (size_t)limit : 1024;
    queue->ring = (void **)own_lines(queue->capacity * sizeof *queue->ring);
    return queue;
}

static inline peer_queue_t *peer_queue_new(void)
{
    return peer_bounded_new(0);
}

static inline void queue_grow(peer_queue_t *queue)
{
    void **ring = (void **)own_lines(2 * queue->capacity * sizeof *ring);
    for (size_t i = 0; i < queue->items; i++) {
        ring[i] = queue->ring[(queue->first + i) % queue->capacity];
    }
    free(queue->ring);
    queue->ring = ring;
    queue->capacity *= 2;
    queue->first = 0;
}

static inline void peer_queue_put(peer_queue_t *queue, void *item)
{
    MUST(pthread_mutex_lock(&queue->mutex));
    while (queue->limit != 0 && queue->items == queue->limit) {
        MUST(pthread_cond_wait(&queue->not_full, &queue->mutex));
    }
    if (queue->items == queue->capacity) {
        queue_grow(queue);
    }
    queue->ring[(queue->first + queue->items) % queue->capacity] = item;
    queue->items++;
    MUST(pthread_mutex_unlock(&queue->mutex));
    MUST(pthread_cond_signal(&queue->not_empty));
}

static inline void *peer_queue_get(peer_queue_t *queue)
{
    void *item;
    MUST(pthread_mutex_lock(&queue->mutex));
    while (queue->items == 0) {
        MUST(pthread_cond_wait(&queue->not_empty, &queue->mutex));
    }
    item = queue->ring[queue->first];
    queue->first = (queue->first + 1) % queue->capacity;
    queue->items--;
    MUST(pthread_mutex_unlock(&queue->mutex));
    if (queue->limit != 0) {
        MUST(pthread_cond_signal(&queue->not_full));
    }
    return item;
}
