/*
 * What every part of the program does alike when it calls pirn: check each status, start threads, join them.
 */
#ifndef WORDCOUNT_MUST_H
#define WORDCOUNT_MUST_H

#include <pirn.h>
#include <stdbool.h>

/* Prints the message and ends the program at once. */
void die(const char *format, ...);

/* For calls that fail only if the program is wrong, or the system has no more memory or threads to give. */
#define MUST(call) must((call), #call)
void must(pirn_status_t status, const char *call);

pirn_thread_t *start_thread(const char *name, pirn_target_fn target, void *arg, bool daemon);

/* Waits for the thread and frees its handle; what its target returned. */
int32_t join_thread(pirn_thread_t *thread);

bool is_set(pirn_event_t *event);

#endif
