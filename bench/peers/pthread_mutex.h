/* A pthread mutex of the kind MUTEX_KIND as the peer's lock. */
static inline pthread_mutex_t *mutex_new(int kind)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)own_lines(sizeof *mutex);
    pthread_mutexattr_t attributes;
    MUST(pthread_mutexattr_init(&attributes));
    MUST(pthread_mutexattr_settype(&attributes, kind));
    MUST(pthread_mutex_init(mutex, &attributes));
    return mutex;
}

typedef pthread_mutex_t peer_lock_t;

static inline peer_lock_t *peer_lock_new(void)
{
    return mutex_new(MUTEX_KIND);
}

static inline void peer_lock_acquire(peer_lock_t *lock)
{
    MUST(pthread_mutex_lock(lock));
}

static inline void peer_lock_release(peer_lock_t *lock)
{
    MUST(pthread_mutex_unlock(lock));
}
