/* Squares numbers on a pool of threads. */
#include <pirn.h>
#include <stdio.h>
#include <stdlib.h>

static void check(pirn_status_t status)
{
    if (status != PIRN_OK) {
        fprintf(stderr, "hello: %s\n", pirn_last_error());
        exit(1);
    }
}

static int32_t square(void *arg, void **result)
{
    int *number = arg;

    *number *= *number;
    *result = number;
    return 0;   /* anything else: the task failed */
}

int main(void)
{
    int numbers[] = { 1, 2, 3, 4, 5 };
    pirn_executor_t *pool;
    pirn_future_t *squares[5];

    check(pirn_executor_new(0, &pool));     /* 0: as many workers as suit the machine */
    for (int i = 0; i < 5; i++)
        check(pirn_executor_submit(pool, square, &numbers[i], NULL, &squares[i]));
    for (int i = 0; i < 5; i++) {
        void *result;
        check(pirn_future_result(squares[i], &result));     /* waits for the task */
        printf("%d\n", *(int *)result);
        check(pirn_future_free(squares[i]));
    }
    check(pirn_executor_free(pool));        /* waits for the workers to end */
    return 0;
}
