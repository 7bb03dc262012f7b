/* Producer and consumer by a condition: a buffer of one place, which a lock guards. */
#include "must.h"

static pirn_condition_t *changed;       /* with a lock of its own */
static bool full, over;
static int place;

static bool is_empty(void *unused)
{
    (void)unused;
    return !full;
}

static bool has_something(void *unused)
{
    (void)unused;
    return full || over;
}

static int32_t produce(void *unused)
{
    (void)unused;
    for (int i = 1; i <= 5; i++) {
        must(pirn_condition_acquire(changed));
        must(pirn_condition_wait_for(changed, is_empty, NULL));     /* lets the lock go while it waits */
        place = i * i;
        full = true;
        must(pirn_condition_notify_all(changed));
        must(pirn_condition_release(changed));
    }
    must(pirn_condition_acquire(changed));
    must(pirn_condition_wait_for(changed, is_empty, NULL));
    over = true;
    must(pirn_condition_notify_all(changed));
    must(pirn_condition_release(changed));
    return 0;
}

int main(void)
{
    pirn_thread_t *producer;

    must(pirn_condition_new(&changed));
    must(pirn_thread_new(produce, NULL, NULL, &producer));
    must(pirn_thread_start(producer));

    must(pirn_condition_acquire(changed));
    for (;;) {
        must(pirn_condition_wait_for(changed, has_something, NULL));
        if (!full)
            break;
        printf("got %d\n", place);
        full = false;
        must(pirn_condition_notify_all(changed));
    }
    must(pirn_condition_release(changed));

    must(pirn_thread_join(producer));
    must(pirn_thread_free(producer));
    must(pirn_condition_free(changed));
    return 0;
}
