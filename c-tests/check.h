/*
 * A test program is its cases: `TEST(name) { ... }`, each in column one, run one process a case.
 * `<program> <case>` runs that case in this process; `<program>` alone runs every case, each in its own
 * process. A failed check prints where it stands, what was expected and what came, and ends the process at
 * once: exit() would first join the threads that the failure may have left blocked. A `CHILD(name)` is the
 * main function of a child process that a case starts (child.h); it is no case itself.
 */
#ifndef PIRN_TESTS_CHECK_H
#define PIRN_TESTS_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pirn.h>

struct check_case {
    const char *name;
    void (*run)(void);
    bool child;
    struct check_case *next;
};

static struct check_case *check_first, **check_end = &check_first;

#define CHECK_CASE(id, is_child)                                                                             \
    static void case_##id(void);                                                                             \
    static struct check_case entry_##id = {#id, case_##id, is_child, NULL};                                  \
    __attribute__((constructor)) static void register_##id(void)                                             \
    {                                                                                                        \
        *check_end = &entry_##id;                                                                            \
        check_end = &entry_##id.next;                                                                        \
    }                                                                                                        \
    static void case_##id(void)

/* Which sanitizer the program is built with. */
#if defined(__has_feature)
#define CHECK_HAS_FEATURE(feature) __has_feature(feature)
#else
#define CHECK_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || CHECK_HAS_FEATURE(thread_sanitizer)
#define UNDER_TSAN true
#else
#define UNDER_TSAN false
#endif
#if defined(__SANITIZE_ADDRESS__) || CHECK_HAS_FEATURE(address_sanitizer)
#define UNDER_ASAN true
#else
#define UNDER_ASAN false
#endif

/* Ends the case, which cannot be run like that: ctest tells of it as skipped. */
static inline void skip_if(bool condition, const char *why)
{
    if (condition) {
        printf("skipped: %s\n", why);
        fflush(stdout);
        _exit(77);
    }
}

#define TEST(id) CHECK_CASE(id, false)
#define CHILD(id) CHECK_CASE(id, true)

#define CHECK_FAILED(...)                                                                                    \
    (fprintf(stderr, "%s:%d: ", __FILE__, __LINE__), fprintf(stderr, __VA_ARGS__), fputc('\n', stderr),      \
     _exit(1))

#define CHECK(condition) ((condition) ? (void)0 : CHECK_FAILED("expected %s", #condition))
#define CHECK_EQ(got, expected) check_eq(__FILE__, __LINE__, #got, (intmax_t)(got), (intmax_t)(expected))
#define CHECK_STR(got, expected) check_str(__FILE__, __LINE__, #got, got, expected)
#define CHECK_STATUS(got, expected) check_status(__FILE__, __LINE__, #got, got, expected)
#define CHECK_OK(got) CHECK_STATUS(got, PIRN_OK)

static inline void check_eq(const char *file, int line, const char *what, intmax_t got, intmax_t expected)
{
    if (got != expected) {
        fprintf(stderr, "%s:%d: %s: expected %jd, got %jd\n", file, line, what, expected, got);
        _exit(1);
    }
}

static inline void check_str(const char *file, int line, const char *what, const char *got,
                             const char *expected)
{
    if (strcmp(got, expected) != 0) {
        fprintf(stderr, "%s:%d: %s:\n--- expected\n%s\n--- got\n%s\n---\n", file, line, what, expected,
                got);
        _exit(1);
    }
}

static inline void check_status(const char *file, int line, const char *what, pirn_status_t got,
                                pirn_status_t expected)
{
    if (got != expected) {
        fprintf(stderr, "%s:%d: %s: expected %s, got %s (last error: %s)\n", file, line, what,
                pirn_status_name(expected), pirn_status_name(got), pirn_last_error());
        _exit(1);
    }
}

static int check_in_own_process(const char *program, const char *name)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", program, name, (char *)NULL);
        _exit(127);
    }
    bool passed = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
    printf("%-6s %s\n", passed ? "ok" : "FAILED", name);
    fflush(stdout);
    return passed ? 0 : 1;
}

int main(int argc, char **argv)
{
    int failures = 0;
    for (struct check_case *c = check_first; c; c = c->next) {
        if (argc > 1 && strcmp(argv[1], c->name) == 0) {
            c->run();
            return 0;
        }
        if (argc == 1 && !c->child)
            failures += check_in_own_process(argv[0], c->name);
    }
    if (argc > 1)
        fprintf(stderr, "no case named %s\n", argv[1]);
    return argc > 1 || failures > 0 ? 2 : 0;
}

#endif
