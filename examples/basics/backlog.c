/* A pool with a bound: it says when it has enough to do, and what is urgent goes first. */
#include "must.h"

static pirn_event_t *begun, *opened;

static int32_t unlock_the_door(void *unused, void **result)
{
    (void)unused;
    (void)result;
    must(pirn_event_set(begun));
    must(pirn_event_wait(opened));
    return 0;
}

static int32_t serve(void *name, void **result)
{
    (void)result;
    printf("served: %s\n", (char *)name);
    return 0;
}

int main(void)
{
    void *guests[] = { "Ada", "Grace" };
    pirn_executor_t *desk;

    must(pirn_event_new(&begun));
    must(pirn_event_new(&opened));
    must(pirn_executor_new(1, &desk));
    must(pirn_executor_set_max_pending(desk, 3));       /* so many may wait; before the first task */
    must(pirn_executor_submit(desk, unlock_the_door, NULL, NULL, NULL));
    must(pirn_event_wait(begun));

    must(pirn_executor_submit_many(desk, serve, guests, 2, NULL, NULL));
    must(pirn_executor_submit_priority(desk, serve, "the plumber", NULL, 9, NULL));
    if (pirn_executor_try_submit(desk, serve, "Alan", NULL, NULL) == PIRN_WOULD_BLOCK)
        printf("full: Alan has to wait outside\n");
    must(pirn_event_set(opened));
    must(pirn_executor_submit_timeout(desk, serve, "Alan", NULL, 60, NULL));   /* a minute at most */

    must(pirn_executor_free(desk));
    must(pirn_event_free(begun));
    must(pirn_event_free(opened));
    return 0;
}
