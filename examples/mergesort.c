/* Sorts numbers in parallel: each half is a task of its own, down to pieces that are sorted at once. A task waits for the task
 * that it submitted. Where that has not started, the waiting worker runs it itself: even a single worker gets to the end. */
#include <pirn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 4096 };

struct range {
    pirn_executor_t *pool;
    int *numbers, *scratch;
    size_t n;
};

static int compare(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;

    return (left > right) - (left < right);
}

/* Two sorted parts, one behind the other, become one. */
static void merge(const struct range *range, size_t half)
{
    const int *left = range->numbers, *left_end = left + half;
    const int *right = left_end, *right_end = left + range->n;
    int *out = range->scratch;

    while (left < left_end && right < right_end)
        *out++ = *right < *left ? *right++ : *left++;
    memcpy(out, left, (size_t)(left_end - left) * sizeof *out);
    out += left_end - left;
    memcpy(out, right, (size_t)(right_end - right) * sizeof *out);
    memcpy(range->numbers, range->scratch, range->n * sizeof *out);
}

static int32_t sort(void *arg, void **result)
{
    const struct range *range = arg;
    size_t half = range->n / 2;
    struct range left = { range->pool, range->numbers, range->scratch, half };
    struct range right = { range->pool, range->numbers + half, range->scratch + half, range->n - half };
    pirn_future_t *sorted = NULL;
    pirn_status_t status;

    (void)result;
    if (range->n <= PIECE) {
        qsort(range->numbers, range->n, sizeof(int), compare);
        return 0;
    }
    /* `left` lives on this stack: whatever happens, this function may not return before that task is over. */
    status = pirn_executor_submit(range->pool, sort, &left, NULL, &sorted);
    if (status == PIRN_OK) {
        if (sort(&right, NULL) != 0)
            status = PIRN_ERR_TASK_FAILED;
        if (pirn_future_result(sorted, NULL) != PIRN_OK)
            status = PIRN_ERR_TASK_FAILED;
        pirn_future_free(sorted);
    }
    if (status != PIRN_OK)
        return pirn_raise(status, "a half could not be sorted");
    merge(range, half);
    return 0;
}

static void check(pirn_status_t status)
{
    if (status != PIRN_OK) {
        fprintf(stderr, "mergesort: %s\n", pirn_last_error());
        exit(1);
    }
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    long workers = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    int *numbers = malloc((n + 1) * sizeof *numbers), *scratch = malloc((n + 1) * sizeof *scratch);
    struct range all = { NULL, numbers, scratch, n };
    pirn_future_t *sorted;
    uint32_t random = 1;
    uint64_t before = 0, after = 0;

    if (numbers == NULL || scratch == NULL) {
        fprintf(stderr, "mergesort: no memory for %zu numbers\n", n);
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        random = random * 1664525 + 1013904223;
        numbers[i] = (int)(random >> 1);
        before += (uint64_t)numbers[i] * (uint64_t)numbers[i];
    }
    check(pirn_executor_new(workers, &all.pool));
    check(pirn_executor_submit(all.pool, sort, &all, NULL, &sorted));
    check(pirn_future_result(sorted, NULL));
    check(pirn_future_free(sorted));
    check(pirn_executor_free(all.pool));

    for (size_t i = 0; i < n; i++) {
        after += (uint64_t)numbers[i] * (uint64_t)numbers[i];
        if (i > 0 && numbers[i - 1] > numbers[i]) {
            fprintf(stderr, "mergesort: not sorted at %zu\n", i);
            return 1;
        }
    }
    if (before != after) {
        fprintf(stderr, "mergesort: not the same numbers\n");
        return 1;
    }
    printf("%zu numbers sorted\n", n);
    free(numbers);
    free(scratch);
    return 0;
}
