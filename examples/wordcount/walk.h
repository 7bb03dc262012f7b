/*
 * A walk over directory trees. Plain C: nothing here knows of threads.
 */
#ifndef WORDCOUNT_WALK_H
#define WORDCOUNT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct visitor {
    /* A regular file; false ends the walk. */
    bool (*file)(void *arg, const char *path, uint64_t size);
    /* A directory that could not be listed, a name that could not be looked up. */
    void (*unreadable)(void *arg, const char *path, int error);
    void *arg;
};

/*
 * Visits every regular file under the roots. A root may itself be a file, or a symbolic link; links below
 * the roots are not followed, so the walk ends. Returns 0, also when the visitor ended it, or ENOMEM.
 */
int walk(char *const *roots, size_t n, const struct visitor *visitor);

#endif
