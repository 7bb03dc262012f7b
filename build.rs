//! Gives the shared library its name and its place in the process.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");

    // The major version names the ABI.
    let abi = env::var("CARGO_PKG_VERSION_MAJOR").unwrap();

    match env::var("CARGO_CFG_TARGET_OS").unwrap().as_str() {
        "linux" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libpirn.so.{abi}");
            // Threads, at-exit handlers and thread-local destructors point into the library: dlclose must not unmap it.
            println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
        "macos" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libpirn.{abi}.dylib")
        }
        _ => {}
    }
}
