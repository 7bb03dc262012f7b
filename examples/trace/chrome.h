/*
 * A trace of what a program's threads do, in the JSON form that https://ui.perfetto.dev and chrome://tracing
 * read. Between begin and end it writes down each thread's life, each wait that blocks and each task.
 */
#ifndef CHROME_TRACE_H
#define CHROME_TRACE_H

#include <stddef.h>
#include <stdio.h>

/* Begins to write to `file`, which stays the caller's. Called before the threads of interest are started. */
void chrome_begin(FILE *file);

/* What an object is to be called in the trace; `name` stays where it is. Others have numbers. */
void chrome_name(const void *handle, const char *name);

/* Ends it, when those threads have ended; gives the number of events. */
size_t chrome_end(void);

#endif
