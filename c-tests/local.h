/* What the suites on thread-local data share. */
#ifndef PIRN_TESTS_LOCAL_H
#define PIRN_TESTS_LOCAL_H

#include "support.h"

static inline pirn_local_t *new_local(void)
{
    pirn_local_t *local;
    CHECK_OK(pirn_local_new(NULL, NULL, NULL, &local));
    return local;
}

static inline void check_absent(pirn_local_t *local, const char *name)
{
    void *value = UNTOUCHED;
    CHECK_STATUS(pirn_local_get(local, name, &value), PIRN_ERR_NOT_FOUND);
    CHECK(value == UNTOUCHED);
}

static inline void check_value(pirn_local_t *local, const char *name, const void *expected)
{
    void *value = UNTOUCHED;
    CHECK_OK(pirn_local_get(local, name, &value));
    CHECK(value == expected);
}

#endif
