/* A daemon: a thread that the end of the program does not wait for. Others are waited for, handle or no handle. */
#include "must.h"

static pirn_event_t *beat, *last_words;

static int32_t heart(void *unused)
{
    (void)unused;
    while (pirn_event_set(beat) == PIRN_OK)
        ;                                           /* for ever */
    return 1;
}

static int32_t worker(void *unused)
{
    (void)unused;
    must(pirn_event_wait(last_words));
    printf("worker: done, and main has returned\n");
    return 0;
}

static int32_t say_it(void *unused)
{
    (void)unused;
    must(pirn_event_set(last_words));
    return 0;
}

static void start(pirn_target_fn target, bool daemon)
{
    pirn_thread_t *thread;

    must(pirn_thread_new(target, NULL, NULL, &thread));
    must(pirn_thread_set_daemon(thread, daemon));
    must(pirn_thread_start(thread));
    must(pirn_thread_free(thread));                 /* lets go of the handle; the thread goes on */
}

int main(void)
{
    must(pirn_event_new(&beat));
    must(pirn_event_new(&last_words));
    start(heart, true);
    start(worker, false);
    must(pirn_event_wait(beat));
    must(pirn_at_shutdown(say_it, NULL, NULL));     /* called when main has returned */
    printf("main: returns\n");
    return 0;                                       /* the worker is joined, the daemon cut off */
}
