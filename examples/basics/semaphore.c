/* A semaphore as the limit of a connection pool: eight clients, two connections. */
#include "must.h"

static pirn_semaphore_t *free_connections;
static pirn_lock_t *lock;
static int open_now, open_at_most, served;

static int32_t client(void *unused)
{
    (void)unused;
    must(pirn_semaphore_acquire(free_connections));     /* waits while both are taken */

    must(pirn_lock_acquire(lock));
    open_now++;
    if (open_now > open_at_most)
        open_at_most = open_now;
    must(pirn_lock_release(lock));

    /* ... talks to the database ... */

    must(pirn_lock_acquire(lock));
    open_now--;
    served++;
    must(pirn_lock_release(lock));

    must(pirn_semaphore_release(free_connections));
    return 0;
}

int main(void)
{
    pirn_thread_t *clients[8];

    must(pirn_semaphore_new_bounded(2, &free_connections));     /* bounded: one release too many is an error */
    must(pirn_lock_new(&lock));
    for (int i = 0; i < 8; i++) {
        must(pirn_thread_new(client, NULL, NULL, &clients[i]));
        must(pirn_thread_start(clients[i]));
    }
    for (int i = 0; i < 8; i++) {
        must(pirn_thread_join(clients[i]));
        must(pirn_thread_free(clients[i]));
    }
    printf("served %d, never more than two at a time: %s\n", served, open_at_most <= 2 ? "yes" : "no");
    printf("one release too many: %s\n", pirn_status_name(pirn_semaphore_release(free_connections)));
    return 0;
}
