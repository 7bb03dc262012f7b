/* Prints the version after two threads have counted under a lock; fails if the library is not the one of the header. */
#include <pirn.h>

#include <stdio.h>
#include <string.h>

struct counter {
    pirn_lock_t *lock;
    int count;
};

static int32_t count_up(void *arg)
{
    struct counter *counter = arg;
    int i;

    for (i = 0; i < 1000; i++) {
        if (pirn_lock_acquire(counter->lock) != PIRN_OK)
            return pirn_raise(1, "the lock was not acquired");
        counter->count++;
        pirn_lock_release(counter->lock);
    }
    return 0;
}

static int use_threads(void)
{
    struct counter counter = {NULL, 0};
    pirn_thread_t *threads[2];
    int i;

    if (pirn_lock_new(&counter.lock) != PIRN_OK)
        return 0;
    for (i = 0; i < 2; i++)
        if (pirn_thread_new(count_up, &counter, NULL, &threads[i]) != PIRN_OK ||
            pirn_thread_start(threads[i]) != PIRN_OK)
            return 0;
    for (i = 0; i < 2; i++)
        if (pirn_thread_join(threads[i]) != PIRN_OK || pirn_thread_free(threads[i]) != PIRN_OK)
            return 0;
    return counter.count == 2000 && pirn_lock_free(counter.lock) == PIRN_OK;
}

int main(void)
{
    char version[32];

    snprintf(version, sizeof version, "%d.%d.%d", PIRN_VERSION_MAJOR, PIRN_VERSION_MINOR, PIRN_VERSION_PATCH);
    if (strcmp(version, pirn_version()) != 0) {
        fprintf(stderr, "header %s, library %s\n", version, pirn_version());
        return 1;
    }
    if (!use_threads()) {
        fprintf(stderr, "threads do not count right: %s\n", pirn_last_error());
        return 1;
    }
    printf("pirn %s\n", pirn_version());
    return 0;
}
