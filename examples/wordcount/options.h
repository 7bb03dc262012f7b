/*
 * The command line of wordcount.
 */
#ifndef WORDCOUNT_OPTIONS_H
#define WORDCOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_WORKERS 256

struct options {
    size_t workers;
    size_t top;         /* how many words to print */
    size_t queue;       /* how many paths the walker may be ahead */
    bool compare;       /* count with one worker too, and compare */
    bool quiet;
    char *const *roots;
    size_t root_count;
};

/* Listed in --help. */
enum exit_code {
    EXIT_COUNTED = 0,
    EXIT_DISAGREE = 1,
    EXIT_USAGE = 2,
    EXIT_FAILED = 3,
    EXIT_INTERRUPTED = 130
};

/* How many CPUs the system has online. */
size_t cpu_count(void);

/* False: there is nothing to count, the program ends with *code. */
bool parse_options(int argc, char **argv, struct options *options, int *code);

#endif
