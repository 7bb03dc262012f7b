#define _POSIX_C_SOURCE 200809L

#include "pass.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "batch.h"
#include "must.h"
#include "walk.h"

/* ---- progress ---- */

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static struct timing timing_so_far(struct pass *pass)
{
    struct timing timing;

    MUST(pirn_lock_acquire(pass->result_lock));
    timing = pass->result->timing;
    MUST(pirn_lock_release(pass->result_lock));
    timing.seconds = seconds_since(&pass->started);
    return timing;
}

/* The thread that draws. Between two drawings it sleeps on the event that ends it, so nobody has to wait
 * for it. */
static int32_t show_progress(void *arg)
{
    struct pass *pass = arg;
    const struct program *program = pass->program;
    double interval = program->terminal ? 0.1 : 2.0;
    pirn_status_t status;

    while ((status = pirn_event_wait_timeout(pass->over, interval)) == PIRN_TIMED_OUT) {
        struct timing so_far = timing_so_far(pass);
        report_progress(&so_far, &program->expected, program->terminal);
    }
    must(status, "pirn_event_wait_timeout");
    return 0;
}

/* ---- the walker ---- */

static bool put_file(void *arg, const char *path, uint64_t size)
{
    struct pass *pass = arg;
    struct file *file = malloc(sizeof *file + strlen(path) + 1);

    if (file == NULL)
        die("out of memory");
    file->size = size;
    strcpy(file->path, path);

    /* Waits while the queue is full: however large the tree, the walk never gets far ahead of the
     * counting. */
    pirn_status_t status = pirn_queue_put(pass->files, file);
    if (status == PIRN_ERR_SHUT_DOWN) {
        free(file);     /* what could not be put is still ours */
        return false;
    }
    must(status, "pirn_queue_put");
    return !is_set(pass->program->stop);
}

static int32_t walk_trees(void *arg)
{
    struct pass *pass = arg;
    const struct options *options = &pass->program->options;
    const struct visitor visitor = { .file = put_file, .unreadable = note_unreadable, .arg = pass };
    int error = walk(options->roots, options->root_count, &visitor);

    /* "There will be no more": what is in the queue can still be got, and only then get says SHUT_DOWN. */
    MUST(pirn_queue_shutdown(pass->files, false));
    return error == 0 ? 0 : pirn_raise(error, "out of memory");
}

/* ---- the main thread ---- */

/* The next files from the walker, as many as make a good task; NULL when there are none left. */
static struct batch *next_batch(struct pass *pass)
{
    struct batch *batch = calloc(1, sizeof *batch);

    if (batch == NULL)
        die("out of memory");
    batch->pass = pass;
    batch->number = pass->batch_count++;
    while (batch->count < BATCH_FILES && batch->size < BATCH_BYTES) {
        void *file;
        pirn_status_t status = pirn_queue_get(pass->files, &file);
        if (status == PIRN_ERR_SHUT_DOWN)
            break;
        must(status, "pirn_queue_get");
        batch->files[batch->count++] = file;
        batch->size += batch->files[batch->count - 1]->size;
    }
    if (batch->count == 0) {
        free_batch(batch);
        return NULL;
    }
    return batch;
}

/* Waits for the first, or for all, of the batches in flight, and lets go of every one that is over. Their
 * words and totals have been merged already, by the workers; what is left to learn is whether they failed. */
static void collect(struct pass *pass, int32_t return_when)
{
    bool done[MAX_IN_FLIGHT];
    size_t left = 0;

    MUST(pirn_wait(pass->in_flight, pass->in_flight_count, return_when, PIRN_FOREVER, done, NULL));
    for (size_t i = 0; i < pass->in_flight_count; i++) {
        pirn_future_t *future = pass->in_flight[i];
        if (!done[i]) {
            pass->in_flight[left++] = future;
            continue;
        }
        pirn_status_t status = pirn_future_result(future, NULL);
        if (status != PIRN_ERR_CANCELLED)
            must(status, "counting");
        MUST(pirn_future_free(future));
    }
    pass->in_flight_count = left;
}

static void submit(struct pass *pass, struct batch *batch)
{
    /* Without this limit a fast walk would turn the whole tree into waiting tasks. */
    if (pass->in_flight_count == pass->workers * IN_FLIGHT_PER_WORKER)
        collect(pass, PIRN_FIRST_COMPLETED);
    /* The batch is pirn's now: it calls free_batch when the task is over, cancelled, or could not be
     * submitted. */
    MUST(pirn_executor_submit(pass->executor, count_batch, batch, free_batch,
                              &pass->in_flight[pass->in_flight_count]));
    pass->in_flight_count++;
}

static void set_up(struct pass *pass)
{
    MUST(pirn_queue_new((int64_t)pass->program->options.queue, &pass->files));
    MUST(pirn_queue_set_item_free(pass->files, free));
    MUST(pirn_executor_new((int64_t)pass->workers, &pass->executor));
    MUST(pirn_executor_set_thread_name_prefix(pass->executor, "count"));
    MUST(pirn_event_new(&pass->over));
    MUST(pirn_lock_new(&pass->result_lock));
    for (size_t i = 0; i < SHARDS; i++)
        MUST(pirn_lock_new(&pass->shard_locks[i]));
}

static void tear_down(struct pass *pass)
{
    for (size_t i = 0; i < SHARDS; i++)
        MUST(pirn_lock_free(pass->shard_locks[i]));
    MUST(pirn_lock_free(pass->result_lock));
    MUST(pirn_event_free(pass->over));
    MUST(pirn_executor_free(pass->executor));
    MUST(pirn_queue_free(pass->files));
}

bool run_pass(const struct program *program, enum purpose purpose, size_t workers, struct pass_result *result)
{
    struct pass pass = { .program = program, .purpose = purpose, .workers = workers, .result = result };
    pirn_thread_t *progress = NULL;
    struct batch *batch;

    if (purpose == WARM_UP)
        strcpy(result->timing.label, "warm-up");
    else
        snprintf(result->timing.label, sizeof result->timing.label, "%zu worker%s", workers,
                 workers == 1 ? "" : "s");
    set_up(&pass);
    clock_gettime(CLOCK_MONOTONIC, &pass.started);

    pirn_thread_t *walker = start_thread("walker", walk_trees, &pass, false);
    if (!program->options.quiet)
        progress = start_thread("progress", show_progress, &pass, false);

    while (!is_set(program->stop) && (batch = next_batch(&pass)) != NULL)
        submit(&pass, batch);

    /* Stopped: the walker, which may wait for room, gives up, and what no worker has begun is cancelled. */
    bool stopped = is_set(program->stop);
    if (stopped)
        MUST(pirn_queue_shutdown(pass.files, true));
    MUST(pirn_executor_shutdown(pass.executor, true, stopped));
    collect(&pass, PIRN_ALL_COMPLETED);
    double seconds = seconds_since(&pass.started);

    MUST(pirn_event_set(pass.over));
    if (join_thread(walker) != 0)
        die("the walk failed");
    if (progress != NULL)
        join_thread(progress);
    /* All other threads have ended: from here on the result needs no lock. */
    result->timing.seconds = seconds;
    result->complete = !is_set(program->stop);
    if (!program->options.quiet)
        report_pass_end(&result->timing, result->complete, program->terminal);
    tear_down(&pass);
    return result->complete;
}

void pass_result_free(struct pass_result *result)
{
    for (size_t i = 0; i < result->failure_count; i++)
        free(result->failures[i].path);
    tally_free(&result->words);
    *result = (struct pass_result){ .complete = false };
}
