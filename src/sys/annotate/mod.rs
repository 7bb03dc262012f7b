//! Tells race detectors how pirn orders memory. Only with the feature `annotate`, which the shipped library does not have: a lock's
//! release is a dozen instructions, and a test for a detector would be among them.
//!
//! ThreadSanitizer sees the code that it was compiled into, and what a program does by way of the C library; Helgrind sees every
//! load and store, and takes none for synchronisation. Both have a way to be told that what one thread did before a point comes before
//! what another does behind a second point: [`release`] is the first point and [`acquire`] the second, matched by an address.
//! [`atomic`] says so around every atomic operation of pirn's whose ordering says so, and nowhere else. Thus a detector
//! knows what pirn's own orderings promise, and no more: a program that is correct by them has no report, one that is not has
//! one, and an ordering in pirn that is too weak shows in either, on processors too whose hardware hides it.
//!
//! Both are hints to the detectors; the atomic operation itself is the same as without.

use core::ffi::c_void;

pub mod atomic;
mod helgrind;
mod memory;
mod tsan;

pub use tsan::handle_signals;

/// Goes before the operation that publishes.
#[inline]
pub fn release(address: *const ()) {
    tsan::release(address);
    helgrind::release(address);
}

/// Goes behind the operation that has seen what was published.
#[inline]
pub fn acquire(address: *const ()) {
    tsan::acquire(address);
    helgrind::acquire(address);
}

/// A callback with this argument has returned, or its user has let go of it in some other way.
pub fn used(argument: *const c_void) {
    release(place_of(argument));
}

/// The argument is about to be given back: behind all uses of it. It is the count in an `Arc` that orders those, which the detectors
/// do not see.
pub fn unused(argument: *const c_void) {
    acquire(place_of(argument));
}

/// An address that stands for the argument, which itself may be any number. Two arguments rarely have the same.
fn place_of(argument: *const c_void) -> *const () {
    static PLACES: [u8; 1024] = [0; 1024];
    let hash = (argument.addr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
    (&raw const PLACES[hash as usize]).cast()
}
