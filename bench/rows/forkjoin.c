/* Row 10c: tasks that wait for tasks.
 *
 *     fib WORKERS N   the Fibonacci number N the long way: a call submits a task for N - 1, works N - 2 out itself, and
 *                     waits for the task, ms */
#include "task.h"
#include PEER

static uint64_t expected(int n)
{
    uint64_t a = 0, b = 1;
    while (n-- > 0) {
        uint64_t next = a + b;
        a = b;
        b = next;
    }
    return a;
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    if (measures(argv, "fib")) {
        peer_pool_t *pool = peer_pool_new(number(argc, argv, 0));
        int n = number(argc, argv, 1);
        double kilo_rounds;
        phases_start();
        KILO_ROUNDS(kilo_rounds, MUST(peer_pool_fib(pool, n) != expected(n)));
        return report(PEER_FORKJOIN, 1 / kilo_rounds);
    }
    die("measurements: fib");
}
