/*
 * A user's program for recipe.sh: two threads count under a lock, and one hands a number to the other through a queue. With
 * RACE=1 in the environment that one forgets the lock.
 */
#include <pirn.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static pirn_lock_t *lock;
static pirn_queue_t *queue;
static int count;
static bool forgetful;

static void must(pirn_status_t status)
{
    if (status != PIRN_OK) {
        fprintf(stderr, "%s: %s\n", pirn_status_name(status), pirn_last_error());
        exit(2);
    }
}

static void count_up(bool forgets)
{
    for (int i = 0; i < 1000; i++) {
        if (!forgets)
            must(pirn_lock_acquire(lock));
        count++;
        if (!forgets)
            must(pirn_lock_release(lock));
    }
}

static int32_t give(void *parcel)
{
    count_up(forgetful);
    *(int *)parcel = 42;
    must(pirn_queue_put(queue, parcel));
    return 0;
}

static int32_t take(void *unused)
{
    void *parcel;
    (void)unused;
    count_up(false);
    must(pirn_queue_get(queue, &parcel));
    return *(int *)parcel;
}

int main(void)
{
    static int parcel;
    pirn_thread_t *giver, *taker;
    int32_t received;

    forgetful = getenv("RACE") != NULL;
    must(pirn_lock_new(&lock));
    must(pirn_queue_new(0, &queue));
    must(pirn_thread_new(take, NULL, NULL, &taker));
    must(pirn_thread_new(give, &parcel, NULL, &giver));
    must(pirn_thread_start(taker));
    must(pirn_thread_start(giver));
    /* In this order: what main has seen the end of may come before what a thread does that starts late. */
    must(pirn_thread_join(taker));
    must(pirn_thread_join(giver));
    must(pirn_thread_exit_code(taker, &received));
    printf("counted to %d, received %d\n", count, (int)received);
    must(pirn_thread_free(giver));
    must(pirn_thread_free(taker));
    must(pirn_queue_free(queue));
    must(pirn_lock_free(lock));
    return 0;
}
