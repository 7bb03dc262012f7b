/*
 * A batch of files: what one task of the executor counts.
 */
#ifndef WORDCOUNT_BATCH_H
#define WORDCOUNT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "pass.h"

/* So much that handing a batch over and merging its words costs little beside counting them, so little
 * that the last batches end at nearly the same time. */
enum { BATCH_BYTES = 1024 * 1024, BATCH_FILES = 256 };

struct file {
    uint64_t size;      /* as the walk saw it */
    char path[];
};

struct batch {
    struct pass *pass;
    size_t number;
    size_t count;
    uint64_t size;
    struct file *files[BATCH_FILES];
};

/* The task of the executor, and the freeing of its argument. */
int32_t count_batch(void *batch, void **result);
void free_batch(void *batch);

/* Counts what could not be read; the first few are kept by name. Any thread may call it; the walk does,
 * too. */
void note_unreadable(void *pass, const char *path, int error);

#endif
