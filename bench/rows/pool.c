/* Row 10a: a pool.
 *
 *     tasks WORKERS   tasks without a future that do nothing, from one thread outside: M/s, from the first submit until
 *                     the last has run */
#include "task.h"
#include PEER

static double tasks(peer_pool_t *pool, uint64_t n, uint64_t before)
{
    uint64_t begin = now_ns();
    for (uint64_t i = 0; i < n; i++) {
        peer_pool_post(pool);
    }
#ifdef PEER_DRAIN
    PEER_DRAIN(pool);
#endif
    await_tasks(before + n);
    return (double)n * 1e3 / (double)(now_ns() - begin);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "tasks")) {
        peer_pool_t *pool = peer_pool_new(number(argc, argv, 0));
        tasks(pool, TASKS / 10, 0);
        return report(PEER_POOL, tasks(pool, TASKS, TASKS / 10));
    }
    die("measurements: tasks");
}
