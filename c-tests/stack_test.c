/*
 * The stack: a callback that exhausts it ends the process on the guard page, on every thread of pirn's, and
 * overwrites nothing; waits inside waits never exhaust it, however small it is.
 */
#include "child.h"
#include "nested.h"

#include <fcntl.h>

/* Whether nobody may access the page at the address: a guard page, and not a hole or somebody's memory. */
static bool is_guarded(uintptr_t address)
{
    static char line[512];
    int maps = open("/proc/self/maps", O_RDONLY);
    bool found = false;
    for (size_t n = 0; !found && read(maps, &line[n], 1) == 1;) {
        if (line[n] != '\n' && n + 2 < sizeof line) {
            n++;
            continue;
        }
        uintptr_t begin, end;
        char access[5];
        line[n] = '\0';
        n = 0;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &begin, &end, access) == 3)
            found = begin <= address && address < end && strcmp(access, "---p") == 0;
    }
    close(maps);
    return found;
}

/* Says where it was; then the instruction is tried again, and ends the process. */
static void say_where(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    SAY(is_guarded((uintptr_t)info->si_addr) ? "on the guard page\n" : "somewhere\n");
    struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigaction(SIGSEGV, &by_default, NULL);
}

/* In frames smaller than a page, so that none steps over the guard. */
static int recurse(int depth)
{
    volatile char frame[512];
    frame[depth % (int)sizeof frame] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + frame[depth % (int)sizeof frame];
}

static int32_t exhaust(void *unused)
{
    static char handler_stack[1 << 16];
    stack_t own = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    struct sigaction action = {.sa_sigaction = say_where, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    (void)unused;
    CHECK_EQ(sigaltstack(&own, NULL), 0);
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    return recurse(0);
}

static int32_t exhaust_task(void *arg, void **result)
{
    (void)result;
    return exhaust(arg);
}

static void exhaust_done(pirn_future_t *future, void *arg)
{
    (void)future;
    exhaust(arg);
}

CHILD(in_a_thread)
{
    join_and_free(start_thread(exhaust, NULL));
}

CHILD(in_a_small_thread)
{
    CHECK_OK(pirn_set_stack_size(65536));
    join_and_free(start_thread(exhaust, NULL));
}

CHILD(in_a_timer)
{
    pirn_timer_t *timer;
    CHECK_OK(pirn_timer_new(0, exhaust, NULL, NULL, &timer));
    CHECK_OK(pirn_timer_start(timer));
    CHECK_OK(pirn_timer_join(timer));
}

CHILD(in_a_worker)
{
    CHECK_OK(pirn_future_result(submit(new_executor(1), exhaust_task, NULL), NULL));
}

CHILD(in_a_done_callback)
{
    gate_t gate;
    pirn_executor_t *executor = new_executor(1);
    pirn_future_t *future = submit_gate(executor, &gate);
    CHECK_OK(pirn_future_add_done_callback(future, exhaust_done, NULL, NULL));
    gate_open(&gate);
    CHECK_OK(pirn_executor_free(executor));
}

static pirn_executor_t *nested_on;

/* On top of the stack of the task that waits for it. */
static int32_t exhaust_inside(void *unused, void **result)
{
    (void)result;
    (void)unused;
    pirn_future_t *inner = submit(nested_on, exhaust_task, NULL);
    CHECK_OK(pirn_future_result(inner, NULL));
    return 0;
}

CHILD(in_a_task_inside_a_wait)
{
    nested_on = new_executor(1);
    CHECK_OK(pirn_future_result(submit(nested_on, exhaust_inside, NULL), NULL));
}

TEST(a_callback_that_exhausts_it_stops_at_the_guard_page)
{
    skip_if(UNDER_TSAN, "ThreadSanitizer takes the signal");
    static const char *const places[] = {"in_a_thread", "in_a_small_thread", "in_a_timer", "in_a_worker",
                                         "in_a_done_callback", "in_a_task_inside_a_wait"};
    for (size_t i = 0; i < LENGTH(places); i++) {
        outcome_t outcome;
        run_child(places[i], &outcome);
        CHECK_STR(outcome.err, "");
        CHECK_STR(outcome.out, "on the guard page\n");
        CHECK(WIFSIGNALED(outcome.status));
        CHECK_EQ(WTERMSIG(outcome.status), SIGSEGV);
    }
}

/* The waiting worker runs what it waits for only as long as most of the stack is left; then another thread does. */
static void wait_inside_waits(size_t stack, size_t room, int depth)
{
    CHECK_OK(pirn_set_stack_size(stack));
    level_t top = {.executor = new_executor(1), .depth = depth, .room = room};
    check_descent(top);
    CHECK_OK(pirn_executor_free(top.executor));
}

TEST(ten_thousand_waits_inside_each_other_on_the_usual_stack)
{
    wait_inside_waits(0, 256 << 10, 10000);
}

TEST(ten_thousand_waits_inside_each_other_on_small_stacks)
{
    skip_if(UNDER_TSAN, "ThreadSanitizer has no memory for so many threads");
    wait_inside_waits(64 << 10, 24 << 10, 10000);
}

TEST(a_thousand_waits_inside_each_other_on_the_smallest_stacks)
{
    wait_inside_waits(32 << 10, 8 << 10, 1000);
}
