/* Row 10e: a pool that several threads submit to.
 *
 *     tasks SUBMITTERS WORKERS   tasks without a future that do nothing: M/s, from the first submit until the last has
 *                                run */
#include "task.h"
#include PEER

static peer_pool_t *pool;
static int tasks_each;

static void submitter(int unused)
{
    (void)unused;
    for (int i = 0; i < tasks_each; i++) {
        peer_pool_post(pool);
    }
}

static double tasks(int submitters, int n, int before)
{
    uint64_t begin = now_ns();
    tasks_each = n / submitters;
    team_run(submitters, submitter);
    await_tasks((uint64_t)before + (uint64_t)n);
    return (double)n * 1e3 / (double)(now_ns() - begin);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "tasks")) {
        int submitters = number(argc, argv, 0);
        pool = peer_pool_new(number(argc, argv, 1));
        tasks(submitters, TASKS / 10, 0);
        return report(PEER_SUBMITTERS, tasks(submitters, TASKS, TASKS / 10));
    }
    die("measurements: tasks");
}
