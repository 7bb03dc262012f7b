//! parking_lot's locks.

use crate::leak;
use core::mem::forget;
use parking_lot::{Condvar, Mutex, MutexGuard, ReentrantMutex};

/// Makes a mutex.
#[unsafe(no_mangle)]
pub extern "C" fn parking_lot_shim_mutex_new() -> &'static Mutex<()> {
    leak(Mutex::new(()))
}

/// Locks it.
#[unsafe(no_mangle)]
pub extern "C" fn parking_lot_shim_mutex_lock(mutex: &Mutex<()>) {
    forget(mutex.lock());
}

/// Unlocks it.
///
/// # Safety
/// The calling thread has it locked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn parking_lot_shim_mutex_unlock(mutex: &Mutex<()>) {
    // SAFETY: the caller's promise, and the guard was forgotten.
    unsafe { mutex.force_unlock() }
}

/// Makes a reentrant mutex.
#[unsafe(no_mangle)]
pub extern "C" fn parking_lot_shim_reentrant_new() -> &'static ReentrantMutex<()> {
    leak(ReentrantMutex::new(()))
}

/// Locks it.
#[unsafe(no_mangle)]
pub extern "C" fn parking_lot_shim_reentrant_lock(mutex: &ReentrantMutex<()>) {
    forget(mutex.lock());
}

/// Unlocks it, once.
///
/// # Safety
/// The calling thread has it locked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn parking_lot_shim_reentrant_unlock(mutex: &ReentrantMutex<()>) {
    // SAFETY: the caller's promise, and the guard was forgotten.
    unsafe { mutex.force_unlock() }
}

/// Makes a condition variable.
#[unsafe(no_mangle)]
pub extern "C" fn parking_lot_shim_condvar_new() -> &'static Condvar {
    leak(Condvar::new())
}

/// Waits on it.
///
/// # Safety
/// The calling thread has `mutex` locked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn parking_lot_shim_condvar_wait(condvar: &Condvar, mutex: &Mutex<()>) {
    // SAFETY: the caller's promise; the guard is forgotten again, so that there is only one at a time.
    let mut guard: MutexGuard<'_, ()> = unsafe { mutex.make_guard_unchecked() };
    condvar.wait(&mut guard);
    forget(guard);
}

/// Wakes one who waits.
#[unsafe(no_mangle)]
pub extern "C" fn parking_lot_shim_condvar_notify_one(condvar: &Condvar) {
    condvar.notify_one();
}

/// Wakes all who wait.
#[unsafe(no_mangle)]
pub extern "C" fn parking_lot_shim_condvar_notify_all(condvar: &Condvar) {
    condvar.notify_all();
}
