/* What src/lib.rs exports. */
#ifndef PARKING_LOT_SHIM_H
#define PARKING_LOT_SHIM_H

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

#ifdef __cplusplus
}
#endif

#endif
