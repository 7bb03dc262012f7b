#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BAR_WIDTH 16
#define LINE_WIDTH 79

double megabytes_per_second(const struct timing *timing)
{
    return timing->seconds > 0 ? (double)timing->totals.text_bytes / 1e6 / timing->seconds : 0;
}

/* ---- progress ---- */

/* Files may have grown since the survey: more than all is all. */
static double fraction_done(const struct totals *done, const struct totals *expected)
{
    return expected->size <= done->size ? 1 : (double)done->size / (double)expected->size;
}

static void time_left(double seconds, double fraction, char *text, size_t size)
{
    if (fraction <= 0) {
        snprintf(text, size, "-:--");
        return;
    }
    uint64_t left = (uint64_t)(seconds / fraction * (1 - fraction) + 0.5);
    snprintf(text, size, "%" PRIu64 ":%02d", left / 60, (int)(left % 60));
}

/* Over the previous line on a terminal, blanks to its end; elsewhere a line of its own. */
static void put_line(const char *line, bool terminal, bool last)
{
    if (terminal)
        fprintf(stderr, "\r%-*s%s", LINE_WIDTH, line, last ? "\n" : "");
    else
        fprintf(stderr, "%s\n", line);
}

void report_progress(const struct timing *so_far, const struct totals *expected, bool terminal)
{
    double fraction = fraction_done(&so_far->totals, expected);
    int filled = (int)(fraction * BAR_WIDTH);
    char bar[BAR_WIDTH + 1], left[32], line[160];

    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    time_left(so_far->seconds, fraction, left, sizeof left);
    snprintf(line, sizeof line, "%-11s [%s] %3d %% %8" PRIu64 " files %7.1f MB/s %s left", so_far->label, bar,
             (int)(fraction * 100), so_far->totals.files, megabytes_per_second(so_far), left);
    put_line(line, terminal, false);
}

void report_pass_end(const struct timing *timing, bool complete, bool terminal)
{
    char line[160];

    snprintf(line, sizeof line, "%-11s %s after %.2f s: %" PRIu64 " files, %.1f MB/s", timing->label,
             complete ? "done" : "stopped", timing->seconds, timing->totals.files,
             megabytes_per_second(timing));
    put_line(line, terminal, true);
}

/* ---- the result ---- */

void report_words(const struct tally *words, const struct word *top, size_t n)
{
    uint64_t distinct, total;

    tally_size(words, &distinct, &total);
    printf("%" PRIu64 " words, %" PRIu64 " different ones%s\n", total, distinct,
           n > 0 ? "; the most frequent:" : "");
    for (size_t i = 0; i < n; i++)
        printf("%5zu %12" PRIu64 "  %.*s\n", i + 1, top[i].count, (int)top[i].length, top[i].text);
}

void report_files(const struct totals *totals, const struct failure *failures, size_t failure_count)
{
    printf("\n%" PRIu64 " files: %" PRIu64 " of text, %" PRIu64 " binary, %" PRIu64 " unreadable\n",
           totals->files, totals->files - totals->binary - totals->unreadable, totals->binary,
           totals->unreadable);
    printf("%" PRIu64 " bytes of text\n", totals->text_bytes);
    for (size_t i = 0; i < failure_count; i++)
        printf("unreadable: %s: %s\n", failures[i].path, strerror(failures[i].error));
    if (totals->unreadable > failure_count)
        printf("unreadable: and %" PRIu64 " more\n", totals->unreadable - failure_count);
}

static void print_timing(const struct timing *timing)
{
    printf("\n%-11s %9.2f s %9.1f MB/s", timing->label, timing->seconds, megabytes_per_second(timing));
}

void report_speed(const struct timing *timing, size_t cpus)
{
    print_timing(timing);
    printf(", on a machine of %zu CPU%s\n", cpus, cpus == 1 ? "" : "s");
}

void report_speed_up(const struct timing *one, const struct timing *all, size_t cpus)
{
    print_timing(one);
    print_timing(all);
    printf("\nspeed-up    %9.2f, on a machine of %zu CPU%s\n",
           all->seconds > 0 ? one->seconds / all->seconds : 0, cpus, cpus == 1 ? "" : "s");
    puts("(Both times the files were in the system's cache, as a first pass had just read them; beside the\n"
         "workers a thread walked the tree.)");
}
