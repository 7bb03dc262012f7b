//! rayon's pool.

use crate::leak;
use core::ffi::c_void;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Makes a pool.
#[unsafe(no_mangle)]
pub extern "C" fn rayon_shim_pool_new(workers: usize) -> &'static ThreadPool {
    leak(ThreadPoolBuilder::new().num_threads(workers).build().expect("a pool"))
}

/// Queues a task that nobody waits for.
#[unsafe(no_mangle)]
pub extern "C" fn rayon_shim_spawn(pool: &ThreadPool, task: extern "C" fn()) {
    pool.spawn(move || task());
}

/// Runs a function on the pool and returns its result.
#[unsafe(no_mangle)]
pub extern "C" fn rayon_shim_install(
    pool: &ThreadPool,
    task: extern "C" fn(*mut c_void) -> *mut c_void,
    arg: *mut c_void,
) -> *mut c_void {
    // A pointer may not go to another thread, its address may.
    let arg = arg as usize;
    pool.install(move || task(arg as *mut c_void) as usize) as *mut c_void
}

/// Works a Fibonacci number out by `join`.
#[unsafe(no_mangle)]
pub extern "C" fn rayon_shim_fib(pool: &ThreadPool, n: u64) -> u64 {
    pool.install(|| fib(n))
}

fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = rayon::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

/// A parallel for.
#[unsafe(no_mangle)]
pub extern "C" fn rayon_shim_for(pool: &ThreadPool, n: usize, body: extern "C" fn(usize, usize)) {
    pool.install(|| (0..n).into_par_iter().for_each(|i| body(i, i + 1)));
}
