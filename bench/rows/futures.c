/* Row 10a-future: a pool's futures.
 *
 *     tasks WORKERS   tasks with a future each, submitted from one thread outside, which then takes all their results:
 *                     M/s, from the first submit to the last result */
#include "task.h"
#include PEER

static peer_future_t futures[TASKS];

static double tasks(peer_pool_t *pool, uint64_t n)
{
    uint64_t begin = now_ns();
    for (uint64_t i = 0; i < n; i++) {
        futures[i] = peer_pool_submit(pool, from_number(i));
    }
    for (uint64_t i = 0; i < n; i++) {
        if (to_number(peer_future_take(&futures[i])) != i) {
            die("not the task's result");
        }
    }
    return (double)n * 1e3 / (double)(now_ns() - begin);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "tasks")) {
        peer_pool_t *pool = peer_pool_new(number(argc, argv, 0));
        touch(futures, sizeof futures);
        tasks(pool, TASKS / 10);
        return report(PEER_FUTURES, tasks(pool, TASKS));
    }
    die("measurements: tasks");
}
