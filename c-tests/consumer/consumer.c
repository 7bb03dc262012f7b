/* Prints the version after a few calls through a lock; fails if the library is not the one of the header. */
#include <pirn.h>

#include <stdio.h>
#include <string.h>

static int use_lock(void)
{
    pirn_lock_t *lock;
    bool locked = false;

    if (pirn_lock_new(&lock) != PIRN_OK || pirn_lock_acquire(lock) != PIRN_OK)
        return 0;
    if (pirn_lock_try_acquire(lock) != PIRN_WOULD_BLOCK || pirn_lock_locked(lock, &locked) != PIRN_OK || !locked)
        return 0;
    return pirn_lock_release(lock) == PIRN_OK && pirn_lock_free(lock) == PIRN_OK;
}

int main(void)
{
    char version[32];

    snprintf(version, sizeof version, "%d.%d.%d", PIRN_VERSION_MAJOR, PIRN_VERSION_MINOR, PIRN_VERSION_PATCH);
    if (strcmp(version, pirn_version()) != 0) {
        fprintf(stderr, "header %s, library %s\n", version, pirn_version());
        return 1;
    }
    if (!use_lock()) {
        fprintf(stderr, "the lock does not work\n");
        return 1;
    }
    printf("pirn %s\n", pirn_version());
    return 0;
}
