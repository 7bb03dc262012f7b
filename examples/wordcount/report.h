/*
 * What the user gets to see: progress on stderr, the result on stdout.
 */
#ifndef WORDCOUNT_REPORT_H
#define WORDCOUNT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "words.h"

struct totals {
    uint64_t files;         /* all that were met, the next two among them */
    uint64_t binary;
    uint64_t unreadable;
    uint64_t text_bytes;
    uint64_t size;          /* of all files, as the walk saw them: the measure of progress */
};

/* The first few unreadable files are named. */
#define NAMED_FAILURES 5

struct failure {
    char *path;
    int error;
};

/* One counting, or reading, of all files. */
struct timing {
    char label[32];
    double seconds;
    struct totals totals;
};

double megabytes_per_second(const struct timing *timing);

/* One line of progress: a bar that is drawn over where stderr is a terminal, else a plain line. */
void report_progress(const struct timing *so_far, const struct totals *expected, bool terminal);
void report_pass_end(const struct timing *timing, bool complete, bool terminal);

void report_words(const struct tally *words, const struct word *top, size_t n);
void report_files(const struct totals *totals, const struct failure *failures, size_t failure_count);
void report_speed(const struct timing *timing, size_t cpus);
void report_speed_up(const struct timing *one, const struct timing *all, size_t cpus);

#endif
