/*
 * Child processes: a CHILD case run by exec with its output caught, and a plain fork whose checks count for
 * the parent.
 */
#ifndef PIRN_TESTS_CHILD_H
#define PIRN_TESTS_CHILD_H

#include <signal.h>
#include <sys/prctl.h>

#include "support.h"

typedef struct outcome {
    int status; /* as of waitpid */
    char out[8192];
    char err[8192];
} outcome_t;

static inline void read_back(FILE *file, char *text, size_t cap)
{
    rewind(file);
    text[fread(text, 1, cap - 1, file)] = '\0';
    fclose(file);
}

/* Sanitizers have locks and lists of threads of their own, which they do not all put right in a child of fork. */
static inline void skip_if_children_cannot_live(void)
{
    skip_if(UNDER_TSAN, "ThreadSanitizer knows no threads in a child of a process that had some");
    skip_if(UNDER_ASAN, "another thread may have AddressSanitizer's allocator locked at the fork");
}

/* A child of a case never outlives it, so that a hanging one ends with its parent's time limit. */
static inline pid_t fork_for_test(void)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

static inline void run_child(const char *name, outcome_t *outcome)
{
    FILE *out = tmpfile(), *err = tmpfile();
    CHECK(out && err);
    pid_t pid = fork_for_test();
    if (pid == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        execl("/proc/self/exe", name, name, (char *)NULL);
        _exit(127);
    }
    CHECK_EQ(waitpid(pid, &outcome->status, 0), pid);
    read_back(out, outcome->out, sizeof outcome->out);
    read_back(err, outcome->err, sizeof outcome->err);
    if (WIFEXITED(outcome->status) && WEXITSTATUS(outcome->status) == 77) { /* for the reason that it gives */
        printf("%s", outcome->out);
        fflush(stdout);
        _exit(77);
    }
}

/* The child ends with this exit code, has said exactly this, and nothing on stderr. */
static inline void check_child(const char *name, int exit_code, const char *said)
{
    outcome_t outcome;
    run_child(name, &outcome);
    CHECK_STR(outcome.err, "");
    CHECK_STR(outcome.out, said);
    CHECK(WIFEXITED(outcome.status));
    CHECK_EQ(WEXITSTATUS(outcome.status), exit_code);
}

/* Output that needs no flush, so that it keeps its order with whatever runs at exit. */
#define SAY(...) dprintf(STDOUT_FILENO, __VA_ARGS__)

/* Runs the body in a forked child, which ends with _exit(0) if no check failed in it. */
static inline void in_forked_child(void (*body)(void *), void *arg)
{
    skip_if_children_cannot_live();
    pid_t pid = fork_for_test();
    if (pid == 0) {
        body(arg);
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

/* Parts of children's lives. */

static inline void sleep_forever(void *unused)
{
    pirn_event_t *never;
    (void)unused;
    CHECK_OK(pirn_event_new(&never));
    CHECK_OK(pirn_event_wait(never));
}

static inline int32_t sleep_forever_target(void *arg)
{
    sleep_forever(arg);
    return 0;
}

static inline int32_t say(void *text)
{
    SAY("%s\n", (char *)text);
    return 0;
}

static inline int32_t say_task(void *text, void **result)
{
    (void)result;
    return say(text);
}

static pirn_event_t *stage; /* what a child's threads wait for */

static inline void make_stage(void)
{
    CHECK_OK(pirn_event_new(&stage));
}

static inline int32_t set_stage(void *unused)
{
    (void)unused;
    CHECK_OK(pirn_event_set(stage));
    return 0;
}

static inline int32_t say_after_stage(void *text)
{
    CHECK_OK(pirn_event_wait(stage));
    return say(text);
}

static inline int32_t say_after_stage_task(void *text, void **result)
{
    (void)result;
    return say_after_stage(text);
}

static inline void at_shutdown(pirn_target_fn fn, void *arg)
{
    CHECK_OK(pirn_at_shutdown(fn, arg, NULL));
}

static inline void start_and_let_go(pirn_target_fn target, void *arg)
{
    CHECK_OK(pirn_thread_free(start_thread(target, arg)));
}

#endif
