/*
 * The misuse fuzzer for libFuzzer, which looks for inputs that lead to code of pirn's that no other has led to.
 * An input's bytes are the dice: which call comes next, with which handles and arguments. One thread makes the
 * calls, none that only another one could end; what runs besides are the callbacks on threads that pirn starts.
 *
 * After each input all handles are given up, and each argument has to have been freed once. Anything wrong is an
 * abort, with the input that led there left in a file.
 */
#include <sched.h>
#include <time.h>

#include "calls.h"

static void make_call(caller_t *c, call_t *call)
{
    /* What is registered for the shutdown would pile up. */
    if (call->mode == BLOCKS || call->mode == RARE || call->mode == LAST)
        return;
    if (call->mode == WAITS)
        let_go();
    carry_out(c, call);
}

static void play(caller_t *c, int n)
{
    while (n-- > 0 && (!c->input || c->input < c->input_end))
        make_call(c, &calls[below(c, CALLS)]);
}

static void give_all_back(caller_t *c)
{
    let_go();
    for (int slot = SLOTS; slot-- > 0;) {
        void *object = LOAD(live[slot]);
        /* Busy while a callback waits for it, all of which have a limit. */
        while (object && give_up(c, (kind_t)(slot / PER_KIND), object) == PIRN_ERR_BUSY)
            sched_yield();
    }
    pirn_raise(1, NULL); /* an argument may go along with what was raised last */
    pirn_set_interrupt(NULL, NULL, NULL);
    pirn_set_excepthook(NULL, NULL, NULL);
    pirn_settrace_all_threads(NULL, NULL, NULL);
    pirn_setprofile_all_threads(NULL, NULL, NULL);
    pirn_set_stack_size(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    caller_t dice = {.in_callback = false}; /* frees executors, and waits for that */
    caller_t c = {.input = data, .input_end = data + size, .in_callback = true};
    next_ticket = 0; /* callbacks do what their argument's number says */
    make_some_of_all(&dice, 8);
    play(&c, 1000);
    give_all_back(&dice);
    /* Callbacks on threads that nobody joins may still make objects and set hooks, and their own be freed late. */
    for (int i = 0; i < 5000 && LOAD(n_given) != LOAD(n_given_back); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        give_all_back(&dice);
    }
    for (int i = 0; i < TICKETS && LOAD(n_given) != LOAD(n_given_back); i++)
        if (tickets[i])
            WRONG("argument %d, given to %s, was not freed", i, given_to[i]);
    if (LOAD(n_wrong))
        abort();
    return 0;
}
