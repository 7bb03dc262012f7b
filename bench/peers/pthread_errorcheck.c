/* glibc's mutex that checks its owner. */
#define PEER_LOCK "pthread_mutex_t, errorcheck"

#define MUTEX_KIND PTHREAD_MUTEX_ERRORCHECK
#include "pthread_mutex.h"
