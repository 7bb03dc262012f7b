/*
 * A panic in every exported function comes back as PIRN_ERR_INTERNAL, or as the value that the function gives
 * then; what it was given is freed; and the next call works. Runs against a library that was built with
 * `inject-panics`.
 */
#include "../fuzz/calls.h"

size_t pirn_test_panic_in(const char *name);

/* These have no status to tell it by. */
static const char *const values[] = {
    "pirn_active_count", "pirn_get_ident",  "pirn_get_native_id", "pirn_stack_size",         "pirn_raise",
    "pirn_raise_with",   "pirn_last_error", "pirn_last_code",     "pirn_default_excepthook", "pirn_shutdown"};

/* These read a table: there is nothing in them that could panic, and no guard. */
static const char *const without_guard[] = {"pirn_version", "pirn_status_name", "pirn_status_message"};

static bool is_among(const char *name, const char *const *names, size_t n)
{
    while (n-- > 0)
        if (strcmp(name, names[n]) == 0)
            return true;
    return false;
}

#define AMONG(name, names) is_among(name, names, sizeof(names) / sizeof *(names))

/* Takes its argument over inside its guard, first thing: the panic comes before that, where no other can. */
static const char *const argument_inside[] = {"pirn_executor_submit"};

static void play(caller_t *c, int n)
{
    (void)c;
    (void)n;
}

static void check_call(caller_t *c, call_t *call)
{
    size_t before = pirn_test_panic_in(call->name);
    c->doing = call->name;
    pirn_status_t status = PIRN_ERR_INTERNAL;
    for (int n = 0; n < 20 && status == PIRN_ERR_INTERNAL; n++)
        status = call->make(c);
    size_t panics = pirn_test_panic_in("") - before;
    if (AMONG(call->name, without_guard))
        return;
    if (panics == 0)
        WRONG("%s did not panic", call->name);
    else if (status != PIRN_ERR_INTERNAL && !AMONG(call->name, values))
        WRONG("a panic in %s comes back as %s", call->name, pirn_status_name(status));
    else
        call->n++;
    for (int i = 0; i < TICKETS && !AMONG(call->name, argument_inside); i++)
        if (tickets[i] && given_to[i] == call->name) {
            WRONG("after a panic in %s an argument was not freed", call->name);
            break;
        }
}

int main(void)
{
    caller_t c = {.state = 1, .in_callback = true, .doing = "before"};
    int n = 0;
    make_some_of_all(&c, 40);
    for (int i = 0; i < TICKETS; i++) /* what these still have is no panic's to free */
        given_to[i] = "before";
    for (int i = 0; i < CALLS; i++) {
        check_call(&c, &calls[i]);
        n += calls[i].n > 0;
    }
    c.doing = "after";
    make_some_of_all(&c, 40);
    printf("%d functions panicked, %zu cannot; %ld wrong\n", n, sizeof without_guard / sizeof *without_guard,
           n_wrong);
    fflush(stdout);
    return n_wrong != 0;
}
