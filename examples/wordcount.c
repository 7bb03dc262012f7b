/*
 * wordcount: the words of whole directory trees, counted on all cores.
 *
 * A program that uses pirn as any other would, from its public header alone. Here is main; wordcount/pass.c
 * is where the work is shared out, and wordcount/batch.c what one task does.
 */
#define _POSIX_C_SOURCE 200809L

#include <pirn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "wordcount/must.h"
#include "wordcount/options.h"
#include "wordcount/pass.h"
#include "wordcount/report.h"
#include "wordcount/walk.h"
#include "wordcount/words.h"

/* ---- Ctrl-C ---- */

static sigset_t interrupts(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

/* A signal handler may call next to nothing, and nothing of pirn. A thread that waits for the signal may
 * call all. */
static int32_t wait_for_interrupt(void *stop)
{
    sigset_t set = interrupts();
    int caught;

    sigwait(&set, &caught);
    /* The counting may have ended this moment and the event be gone: then the stale handle is refused, no
     * more. */
    if (pirn_event_set(stop) != PIRN_OK)
        return 0;
    sigwait(&set, &caught);
    _exit(EXIT_INTERRUPTED);
}

static void catch_interrupts(pirn_event_t *stop)
{
    sigset_t set = interrupts();

    /* Every thread inherits the mask, as none has been started yet: these signals get to sigwait alone. */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    /* A daemon, for which the end of the program does not wait. Freeing its handle leaves the thread
     * running. */
    MUST(pirn_thread_free(start_thread("signals", wait_for_interrupt, stop, true)));
}

/* ---- before ---- */

static bool survey_file(void *arg, const char *path, uint64_t size)
{
    struct program *program = arg;

    (void)path;
    program->expected.files++;
    program->expected.size += size;
    return !is_set(program->stop);
}

static void survey_unreadable(void *arg, const char *path, int error)
{
    (void)arg;
    (void)path;
    (void)error;
}

/* How much there is, without which nobody could say how much is left. */
static void survey(struct program *program)
{
    const struct visitor visitor = { .file = survey_file, .unreadable = survey_unreadable, .arg = program };

    if (walk(program->options.roots, program->options.root_count, &visitor) != 0)
        die("out of memory");
}

/* ---- after ---- */

static void report_counts(const struct program *program, const struct pass_result *result)
{
    size_t n = program->options.top;
    struct word *top = calloc(n + 1, sizeof *top);  /* never of size 0, for which NULL would be no failure */

    if (top == NULL)
        die("out of memory");
    n = tally_top(&result->words, top, n);
    report_words(&result->words, top, n);
    report_files(&result->timing.totals, result->failures, result->failure_count);
    free(top);
}

static bool same_counts(const struct pass_result *a, const struct pass_result *b)
{
    const struct totals *x = &a->timing.totals, *y = &b->timing.totals;

    return x->files == y->files && x->binary == y->binary && x->unreadable == y->unreadable &&
           x->text_bytes == y->text_bytes && tally_equal(&a->words, &b->words);
}

static int compare(const struct pass_result *one, const struct pass_result *all)
{
    report_speed_up(&one->timing, &all->timing, cpu_count());
    if (!same_counts(one, all)) {
        puts("check: FAILED, the two counts differ (were files changed meanwhile?)");
        return EXIT_DISAGREE;
    }
    puts("check: both counts agree, word by word");
    return EXIT_COUNTED;
}

/* For a count that came to its end, and for what there is of an interrupted one. */
static int report(const struct program *program, const struct pass_result *one, const struct pass_result *all)
{
    const struct pass_result *shown = program->options.compare ? one : all;

    if (!all->complete) {
        if (shown->timing.totals.files == 0) {
            puts("Interrupted before anything was counted.");
            return EXIT_INTERRUPTED;
        }
        puts(shown->complete ? "Interrupted in the second count. The first one:" :
                               "Interrupted. What was counted until then:");
    }
    report_counts(program, shown);
    if (all->complete && program->options.compare)
        return compare(one, all);
    report_speed(&shown->timing, cpu_count());
    return all->complete ? EXIT_COUNTED : EXIT_INTERRUPTED;
}

/* Counts with all workers, before that, if it is to be compared, with one; the exit code. */
static int count(const struct program *program)
{
    struct pass_result warm_up = { .complete = false }, one = warm_up, all = warm_up;
    int code;

    if (!program->options.compare ||
        (run_pass(program, WARM_UP, program->options.workers, &warm_up) && run_pass(program, COUNT, 1, &one)))
        run_pass(program, COUNT, program->options.workers, &all);
    code = report(program, &one, &all);

    pass_result_free(&warm_up);
    pass_result_free(&one);
    pass_result_free(&all);
    return code;
}

int main(int argc, char **argv)
{
    struct program program = { .terminal = isatty(STDERR_FILENO) };
    int code;

    if (parse_options(argc, argv, &program.options, &code)) {
        MUST(pirn_event_new(&program.stop));
        catch_interrupts(program.stop);
        survey(&program);
        code = count(&program);
        MUST(pirn_event_free(program.stop));
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("wordcount: standard output");
        code = EXIT_FAILED;
    }
    return code;
}
