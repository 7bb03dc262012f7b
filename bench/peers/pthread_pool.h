/* Threads that take tasks from that queue. */
typedef peer_queue_t peer_pool_t;

/* A task with a future is both; NULL in the queue is the task without one. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t over;
    bool done;
    void *arg, *result;
} pool_future_t;
typedef pool_future_t *peer_future_t;

static inline void *pool_worker(void *pool)
{
    for (;;) {
        pool_future_t *future = (pool_future_t *)peer_queue_get((peer_queue_t *)pool);
        if (future == NULL) {
            empty_task();
            continue;
        }
        MUST(pthread_mutex_lock(&future->mutex));
        future->result = echo_task(future->arg);
        future->done = true;
        /* Not after the unlock: then it may be freed. */
        MUST(pthread_cond_signal(&future->over));
        MUST(pthread_mutex_unlock(&future->mutex));
    }
    return NULL;
}

static inline peer_pool_t *peer_pool_new(int workers)
{
    peer_pool_t *pool = peer_queue_new();
    for (int i = 0; i < workers; i++) {
        thread_start(pool_worker, pool);
    }
    return pool;
}

static inline void peer_pool_post(peer_pool_t *pool)
{
    peer_queue_put(pool, NULL);
}

static inline peer_future_t peer_pool_submit(peer_pool_t *pool, void *arg)
{
    pool_future_t *future = (pool_future_t *)malloc(sizeof *future);
    if (future == NULL) {
        die("no memory");
    }
    MUST(pthread_mutex_init(&future->mutex, NULL));
    MUST(pthread_cond_init(&future->over, NULL));
    future->done = false;
    future->arg = arg;
    peer_queue_put(pool, future);
    return future;
}

static inline void *peer_future_take(peer_future_t *taken)
{
    pool_future_t *future = *taken;
    void *result;
    MUST(pthread_mutex_lock(&future->mutex));
    while (!future->done) {
        MUST(pthread_cond_wait(&future->over, &future->mutex));
    }
    result = future->result;
    MUST(pthread_mutex_unlock(&future->mutex));
    MUST(pthread_cond_destroy(&future->over));
    MUST(pthread_mutex_destroy(&future->mutex));
    free(future);
    return result;
}

static inline void *peer_pool_call(peer_pool_t *pool, void *arg)
{
    peer_future_t future = peer_pool_submit(pool, arg);
    return peer_future_take(&future);
}
