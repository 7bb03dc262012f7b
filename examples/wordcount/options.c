#define _POSIX_C_SOURCE 200809L

#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <pirn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TOP 10000
#define MAX_QUEUE 1000000

static const char help[] =
    "Usage: wordcount [OPTION]... [DIR|FILE]...\n"
    "Counts the words of all files under each DIR (default: the current directory) on all cores.\n"
    "\n"
    "  -w, --workers=N   count with N workers (default: one for each CPU)\n"
    "  -t, --top=N       print the N most frequent words (default: 20)\n"
    "      --queue=N     let the walk be at most N files ahead of the counting (default: 1024)\n"
    "  -1, --once        count once; do not compare with one worker (also --no-compare)\n"
    "  -q, --quiet       no progress\n"
    "      --help        this text\n"
    "      --version     the version of pirn\n"
    "\n"
    "A word is a run of ASCII letters, upper and lower case alike, and of bytes above 127,\n"
    "kept as they are: UTF-8 letters count as letters (UTF-8 punctuation does, too). Digits,\n"
    "apostrophes and hyphens end a word. Of a word longer than 255 bytes the first 255 count.\n"
    "Symbolic links below DIR are not followed. A file with a NUL byte in its first 64 KiB is\n"
    "binary: not counted.\n"
    "\n"
    "Unless --once is given, all files are read three times: to have them in the system's\n"
    "cache, then to be counted with one worker, then with N; the two counts are compared. An\n"
    "interrupt ends the counting and prints what was counted until then; a second one ends the\n"
    "program at once.\n"
    "\n"
    "Exit codes: 0   counted, and the two counts agree\n"
    "            1   the two counts differ\n"
    "            2   wrong arguments, or there is no such DIR or FILE\n"
    "            3   a failure, such as no memory\n"
    "            130 interrupted\n"
    "Binary and unreadable files are counted and reported, and no failure.\n";

size_t cpu_count(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    return cpus < 1 ? 1 : (size_t)cpus;
}

static bool parse_number(const char *text, const char *option, size_t least, size_t most, size_t *number)
{
    char *end;

    errno = 0;
    long parsed = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || parsed < (long)least || parsed > (long)most) {
        fprintf(stderr, "wordcount: --%s takes a number from %zu to %zu, not '%s'\n", option, least, most,
                text);
        return false;
    }
    *number = (size_t)parsed;
    return true;
}

static bool roots_can_be_walked(const struct options *options)
{
    for (size_t i = 0; i < options->root_count; i++) {
        struct stat st;
        if (stat(options->roots[i], &st) != 0) {
            fprintf(stderr, "wordcount: %s: %s\n", options->roots[i], strerror(errno));
            return false;
        }
        if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
            fprintf(stderr, "wordcount: %s: neither a directory nor a regular file\n", options->roots[i]);
            return false;
        }
    }
    return true;
}

bool parse_options(int argc, char **argv, struct options *options, int *code)
{
    static char here[] = ".";
    static char *const default_roots[] = { here };
    static const struct option known[] = {
        { "workers", required_argument, NULL, 'w' }, { "top", required_argument, NULL, 't' },
        { "queue", required_argument, NULL, 'Q' },   { "once", no_argument, NULL, '1' },
        { "no-compare", no_argument, NULL, '1' },    { "quiet", no_argument, NULL, 'q' },
        { "help", no_argument, NULL, 'h' },          { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    size_t cpus = cpu_count();

    *options = (struct options){ .top = 20, .queue = 1024, .compare = true };
    options->workers = cpus < MAX_WORKERS ? cpus : MAX_WORKERS;
    *code = EXIT_USAGE;

    for (int c; (c = getopt_long(argc, argv, "w:t:1q", known, NULL)) != -1;) {
        bool valid = true;
        switch (c) {
        case 'w':
            valid = parse_number(optarg, "workers", 1, MAX_WORKERS, &options->workers);
            break;
        case 't':
            valid = parse_number(optarg, "top", 0, MAX_TOP, &options->top);
            break;
        case 'Q':
            valid = parse_number(optarg, "queue", 1, MAX_QUEUE, &options->queue);
            break;
        case '1':
            options->compare = false;
            break;
        case 'q':
            options->quiet = true;
            break;
        case 'h':
            fputs(help, stdout);
            *code = EXIT_COUNTED;
            return false;
        case 'V':
            printf("wordcount, an example of pirn %s\n", pirn_version());
            *code = EXIT_COUNTED;
            return false;
        default:
            fputs("Try 'wordcount --help'.\n", stderr);
            valid = false;
        }
        if (!valid)
            return false;
    }

    options->roots = optind < argc ? argv + optind : default_roots;
    options->root_count = optind < argc ? (size_t)(argc - optind) : 1;
    return roots_can_be_walked(options);
}
