/* Ends the program with pirn's words when a call fails that is not meant to. */
#ifndef MUST_H
#define MUST_H

#include <pirn.h>
#include <stdio.h>
#include <stdlib.h>

static inline void must(pirn_status_t status)
{
    if (status != PIRN_OK) {
        fprintf(stderr, "%s: %s\n", pirn_status_name(status), pirn_last_error());
        exit(1);
    }
}

#endif
