/* Timers: one that fires, and one that is cancelled before. */
#include "must.h"

static int32_t alarm_clock(void *text)
{
    printf("ring: %s\n", (char *)text);
    return 0;
}

int main(void)
{
    pirn_timer_t *soon, *late;

    must(pirn_timer_new(0.01, alarm_clock, "time to get up", NULL, &soon));     /* seconds */
    must(pirn_timer_new(3600, alarm_clock, "never heard", NULL, &late));
    must(pirn_timer_start(soon));
    must(pirn_timer_start(late));

    must(pirn_timer_join(soon));        /* a timer is a thread that waits first */
    must(pirn_timer_cancel(late));
    must(pirn_timer_join(late));
    printf("the other one was cancelled\n");

    must(pirn_timer_free(soon));
    must(pirn_timer_free(late));
    return 0;
}
