/* A pool of threads, and map: a task for each item, the results in the items' order. */
#include "must.h"
#include <ctype.h>
#include <string.h>

static int32_t count_vowels(void *item, void **result)
{
    int *count = malloc(sizeof *count);

    if (!count)
        return pirn_raise(1, "no memory");
    *count = 0;
    for (const char *c = item; *c; c++)
        *count += strchr("aeiou", tolower((unsigned char)*c)) != NULL;
    *result = count;
    return 0;
}

int main(void)
{
    char *words[] = { "Warp", "and", "weft", "make", "a", "tapestry" };
    size_t n = sizeof words / sizeof *words, i = 0;
    pirn_executor_t *pool;
    pirn_map_t *counts;
    pirn_status_t status;
    void *count;

    must(pirn_executor_new(3, &pool));
    must(pirn_executor_map(pool, count_vowels, (void **)words, n, NULL, 1, PIRN_FOREVER, &counts));
    must(pirn_map_set_result_free(counts, free));       /* for those that are never taken */
    while ((status = pirn_map_next(counts, &count)) == PIRN_OK) {
        printf("%s: %d\n", words[i++], *(int *)count);
        free(count);
    }
    if (status != PIRN_END)
        must(status);                                   /* a task's failure ends the iteration */
    must(pirn_map_free(counts));
    must(pirn_executor_free(pool));
    return 0;
}
