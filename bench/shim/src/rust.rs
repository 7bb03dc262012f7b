//! Threads of the standard library.

/// Starts a thread and joins it.
#[unsafe(no_mangle)]
pub extern "C" fn rust_shim_thread_run(body: extern "C" fn()) {
    std::thread::spawn(move || body()).join().expect("the body does not panic");
}
