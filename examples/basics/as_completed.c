/* Progress: futures in the order in which they get done, whatever the order in which they were submitted. */
#include "must.h"

#define TASKS 4

static pirn_event_t *turns[TASKS + 1];

/* Each waits for the one that was submitted after it: they get done from the last to the first. */
static int32_t take_turn(void *arg, void **result)
{
    int *number = arg;

    must(pirn_event_wait(turns[*number + 1]));
    *result = number;
    return *number == 2 ? pirn_raise(7, "bad luck") : 0;
}

int main(void)
{
    int numbers[TASKS];
    pirn_executor_t *pool;
    pirn_future_t *futures[TASKS];
    pirn_as_completed_t *iteration;
    size_t index, done = 0;

    for (int i = 0; i <= TASKS; i++)
        must(pirn_event_new(&turns[i]));
    must(pirn_executor_new(TASKS, &pool));
    for (int i = 0; i < TASKS; i++) {
        numbers[i] = i;
        must(pirn_executor_submit(pool, take_turn, &numbers[i], NULL, &futures[i]));
    }
    must(pirn_event_set(turns[TASKS]));

    must(pirn_as_completed(futures, TASKS, 60, &iteration));        /* for a minute at most */
    while (pirn_as_completed_next(iteration, &index) == PIRN_OK) {
        pirn_status_t status = pirn_future_result(futures[index], NULL);
        printf("%d of %d: task %d %s\n", (int)++done, TASKS, (int)index,
               status == PIRN_OK ? "done" : pirn_last_error());
        must(pirn_event_set(turns[index]));
    }
    must(pirn_as_completed_free(iteration));
    for (int i = 0; i < TASKS; i++)
        must(pirn_future_free(futures[i]));
    must(pirn_executor_free(pool));
    return 0;
}
