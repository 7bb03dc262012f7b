/*
 * One pass over all files, in parallel: the part of wordcount that pirn is for.
 *
 *     walker ----- paths -----> main thread ---- batches ---> executor's workers ---- words ---> one tally
 *     a thread  bounded queue  makes batches     futures       read and count    locks, one a shard
 *
 * Beside them a thread draws the progress. Whoever waits here sleeps in pirn until there is something to do.
 */
#ifndef WORDCOUNT_PASS_H
#define WORDCOUNT_PASS_H

#include <pirn.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "options.h"
#include "report.h"
#include "words.h"

/* What all passes look at, and none changes. */
struct program {
    struct options options;
    pirn_event_t *stop;         /* set when the user wants no more; whoever loops looks at it */
    struct totals expected;     /* from a survey of the trees: for the time that is left */
    bool terminal;              /* stderr is one */
};

enum purpose { WARM_UP, COUNT };    /* only to read the files, or to count their words */

struct pass_result {
    struct timing timing;       /* with the totals */
    bool complete;              /* the user let it come to its end */
    struct tally words;
    struct failure failures[NAMED_FAILURES];
    size_t failure_count;
};

/* Goes through all files with so many workers. Returns result->complete. The result has to be all zero at
 * first; it is the caller's to free. */
bool run_pass(const struct program *program, enum purpose purpose, size_t workers,
              struct pass_result *result);
void pass_result_free(struct pass_result *result);

/* ---- between pass.c and batch.c ---- */

/* How many batches may be in flight: enough that no worker waits for the main thread to submit the next
 * one. */
enum { IN_FLIGHT_PER_WORKER = 4, MAX_IN_FLIGHT = MAX_WORKERS * IN_FLIGHT_PER_WORKER };

/* A pass while it runs. */
struct pass {
    const struct program *program;
    enum purpose purpose;
    size_t workers;
    struct timespec started;
    pirn_queue_t *files;            /* from the walker: each a struct file, freed by whoever gets it */
    pirn_executor_t *executor;
    pirn_event_t *over;             /* ends the progress */

    pirn_future_t *in_flight[MAX_IN_FLIGHT];    /* these three are the main thread's own */
    size_t in_flight_count;
    size_t batch_count;

    pirn_lock_t *result_lock;           /* guards the result but for its words */
    pirn_lock_t *shard_locks[SHARDS];   /* each guards the words' shard of its number */
    struct pass_result *result;
};

#endif
