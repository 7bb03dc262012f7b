/* What src exports. */
#ifndef SHIM_H
#define SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct parking_lot_shim_mutex_t parking_lot_shim_mutex_t;
typedef struct parking_lot_shim_reentrant_t parking_lot_shim_reentrant_t;
typedef struct parking_lot_shim_condvar_t parking_lot_shim_condvar_t;

parking_lot_shim_mutex_t *parking_lot_shim_mutex_new(void);
void parking_lot_shim_mutex_lock(parking_lot_shim_mutex_t *mutex);
void parking_lot_shim_mutex_unlock(parking_lot_shim_mutex_t *mutex);

parking_lot_shim_reentrant_t *parking_lot_shim_reentrant_new(void);
void parking_lot_shim_reentrant_lock(parking_lot_shim_reentrant_t *mutex);
void parking_lot_shim_reentrant_unlock(parking_lot_shim_reentrant_t *mutex);

parking_lot_shim_condvar_t *parking_lot_shim_condvar_new(void);
void parking_lot_shim_condvar_wait(parking_lot_shim_condvar_t *condvar, parking_lot_shim_mutex_t *mutex);
void parking_lot_shim_condvar_notify_one(parking_lot_shim_condvar_t *condvar);
void parking_lot_shim_condvar_notify_all(parking_lot_shim_condvar_t *condvar);

typedef struct crossbeam_shim_channel_t crossbeam_shim_channel_t;

crossbeam_shim_channel_t *crossbeam_shim_bounded_new(size_t size);
crossbeam_shim_channel_t *crossbeam_shim_unbounded_new(void);
void crossbeam_shim_send(crossbeam_shim_channel_t *channel, void *item);
void *crossbeam_shim_recv(crossbeam_shim_channel_t *channel);

typedef struct rayon_shim_pool_t rayon_shim_pool_t;

rayon_shim_pool_t *rayon_shim_pool_new(size_t workers);
void rayon_shim_spawn(rayon_shim_pool_t *pool, void (*task)(void));
void *rayon_shim_install(rayon_shim_pool_t *pool, void *(*task)(void *), void *arg);
uint64_t rayon_shim_fib(rayon_shim_pool_t *pool, uint64_t n);
void rayon_shim_for(rayon_shim_pool_t *pool, size_t n, void (*body)(size_t, size_t));

void rust_shim_thread_run(void (*body)(void));

#ifdef __cplusplus
}
#endif

#endif
