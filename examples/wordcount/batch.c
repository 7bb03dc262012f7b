#define _POSIX_C_SOURCE 200809L

#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "must.h"

enum {
    BLOCK_BYTES = 64 * 1024,
    /* Totals are handed on at least so often, that a large file does not hold the progress up. */
    TOTALS_BYTES = 256 * 1024
};

/* What a task has counted and not yet merged: nobody else's, so no lock is taken for a word. */
struct own {
    struct tally words;
    struct totals totals;
    uint64_t bytes_read;    /* of the file at hand */
};

void free_batch(void *arg)
{
    struct batch *batch = arg;

    for (size_t i = 0; i < batch->count; i++)
        free(batch->files[i]);
    free(batch);
}

void note_unreadable(void *arg, const char *path, int error)
{
    struct pass *pass = arg;
    struct pass_result *result = pass->result;

    MUST(pirn_lock_acquire(pass->result_lock));
    result->timing.totals.files++;
    result->timing.totals.unreadable++;
    if (result->failure_count < NAMED_FAILURES) {
        char *copy = strdup(path);
        if (copy != NULL)
            result->failures[result->failure_count++] = (struct failure){ copy, error };
    }
    MUST(pirn_lock_release(pass->result_lock));
}

static void merge_totals(struct pass *pass, struct totals *own)
{
    struct totals *all = &pass->result->timing.totals;

    MUST(pirn_lock_acquire(pass->result_lock));
    all->files += own->files;
    all->binary += own->binary;
    all->text_bytes += own->text_bytes;
    all->size += own->size;
    MUST(pirn_lock_release(pass->result_lock));
    *own = (struct totals){ .files = 0 };
}

/* Every shard has a lock of its own and every task begins with another shard: workers that merge at the
 * same time are hardly ever in each other's way. If one thread did it for all, enough workers would have
 * to wait for it. */
static bool merge_words(struct pass *pass, const struct tally *own, size_t first)
{
    bool merged = true;

    for (size_t i = 0; i < SHARDS && merged; i++) {
        size_t shard = (first + i) % SHARDS;
        MUST(pirn_lock_acquire(pass->shard_locks[shard]));
        merged = words_merge(&pass->result->words.shards[shard], &own->shards[shard]);
        MUST(pirn_lock_release(pass->shard_locks[shard]));
    }
    return merged;
}

/* A block is full but for the last one of a file, which may be empty. */
static bool read_block(int fd, char *block, size_t *size)
{
    *size = 0;
    while (*size < BLOCK_BYTES) {
        ssize_t got = read(fd, block + *size, BLOCK_BYTES - *size);
        if (got > 0)
            *size += (size_t)got;
        else if (got == 0)
            return true;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

/* False: no memory is left. */
static bool count_block(struct pass *pass, const char *block, size_t size, struct splitter *splitter,
                        struct own *own)
{
    own->bytes_read += size;
    own->totals.text_bytes += size;
    own->totals.size += size;
    if (own->totals.size >= TOTALS_BYTES)
        merge_totals(pass, &own->totals);
    return pass->purpose != COUNT || split_block(splitter, block, size, &own->words);
}

/* A file that the user's interrupt cuts short is not counted as one; the words until there are. */
static bool count_open_file(struct pass *pass, const char *path, int fd, struct own *own)
{
    struct splitter splitter = { .length = 0 };
    char block[BLOCK_BYTES];
    size_t size = BLOCK_BYTES;

    while (size == BLOCK_BYTES && !is_set(pass->program->stop)) {
        if (!read_block(fd, block, &size)) {
            note_unreadable(pass, path, errno);
            break;
        }
        if (own->bytes_read == 0 && memchr(block, '\0', size) != NULL) {
            own->totals.binary++;
            own->totals.files++;
            break;
        }
        if (!count_block(pass, block, size, &splitter, own))
            return false;
        if (size < BLOCK_BYTES)
            own->totals.files++;
    }
    return split_end(&splitter, &own->words);
}

static bool count_file(struct pass *pass, const struct file *file, struct own *own)
{
    bool counted = true;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);

    own->bytes_read = 0;
    if (fd < 0) {
        note_unreadable(pass, file->path, errno);
    } else {
        counted = count_open_file(pass, file->path, fd, own);
        close(fd);
    }
    /* What was not read, or is not there any more, is done with as well. */
    if (own->bytes_read < file->size)
        own->totals.size += file->size - own->bytes_read;
    return counted;
}

int32_t count_batch(void *arg, void **result)
{
    struct batch *batch = arg;
    struct pass *pass = batch->pass;
    struct own own = { .bytes_read = 0 };
    bool counted = true;

    (void)result;   /* all that is to be had is merged here */
    for (size_t i = 0; i < batch->count && counted && !is_set(pass->program->stop); i++)
        counted = count_file(pass, batch->files[i], &own);
    if (counted)
        counted = merge_words(pass, &own.words, batch->number);
    merge_totals(pass, &own.totals);
    tally_free(&own.words);

    /* Through the future this reaches the main thread: the code, and the message as pirn_last_error(). */
    return counted ? 0 : pirn_raise(ENOMEM, "out of memory");
}
