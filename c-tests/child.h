/*
 * Child processes: a CHILD case run by exec with its output caught, and a plain fork whose checks count for the
 * parent.
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
    pid_t pid = fork_for_test();
    if (pid == 0) {
        body(arg);
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

#endif
