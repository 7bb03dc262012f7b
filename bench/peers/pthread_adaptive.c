/* glibc's mutex that spins before it sleeps. */
#define PEER_LOCK "pthread_mutex_t, adaptive"

#define MUTEX_KIND PTHREAD_MUTEX_ADAPTIVE_NP
#include "pthread_mutex.h"
