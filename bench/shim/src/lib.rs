//! Rust's peers as C functions, for the benchmarks: nothing is checked and nothing is freed.

mod crossbeam;
mod parking_lot;
mod rayon;
mod rust;

/// An object in cache lines of its own, as the other peers' are.
#[repr(align(128))]
struct OwnLines<T>(T);

fn leak<T>(object: T) -> &'static T {
    &Box::leak(Box::new(OwnLines(object))).0
}
