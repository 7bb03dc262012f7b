//! The atomics of `core`, each operation between what its ordering tells a race detector.

use super::{acquire, release};
use core::fmt;
use core::sync::atomic as real;
pub use core::sync::atomic::Ordering;

/// What such a fence orders is told by no address, and the detectors are told nothing. Where pirn has one, what it guards is
/// pirn's own, or the accesses around it have orderings of their own.
pub use core::sync::atomic::fence;

fn publishes(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

fn observes(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

/// Each has the layout and the operations of its namesake, as far as pirn uses them.
macro_rules! atomics {
    ($($name:ident$(<$t:ident>)?: $value:ty;)+) => {$(
        #[doc = concat!("See `core::sync::atomic::", stringify!($name), "`.")]
        #[repr(transparent)]
        pub struct $name$(<$t>)?(real::$name$(<$t>)?);

        impl$(<$t>)? fmt::Debug for $name$(<$t>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl$(<$t>)? Default for $name$(<$t>)? {
            fn default() -> Self {
                Self(Default::default())
            }
        }

        #[allow(missing_docs, dead_code)]
        impl$(<$t>)? $name$(<$t>)? {
            pub const fn new(value: $value) -> Self {
                Self(real::$name::new(value))
            }

            fn address(&self) -> *const () {
                core::ptr::from_ref(self).cast()
            }

            /// A read-modify-write.
            fn update(&self, order: Ordering, operation: impl FnOnce(&real::$name$(<$t>)?) -> $value) -> $value {
                if publishes(order) {
                    release(self.address());
                }
                let before = operation(&self.0);
                if observes(order) {
                    acquire(self.address());
                }
                before
            }

            pub fn load(&self, order: Ordering) -> $value {
                let value = self.0.load(order);
                if observes(order) {
                    acquire(self.address());
                }
                value
            }

            pub fn store(&self, value: $value, order: Ordering) {
                if publishes(order) {
                    release(self.address());
                }
                self.0.store(value, order);
            }

            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.update(order, |real| real.swap(value, order))
            }

            /// Publishes although the exchange may fail, since it has to do so before: somewhat more than is promised.
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                if publishes(success) {
                    release(self.address());
                }
                let result = self.0.compare_exchange(current, new, success, failure);
                if observes(if result.is_ok() { success } else { failure }) {
                    acquire(self.address());
                }
                result
            }

            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }

            pub const fn as_ptr(&self) -> *mut $value {
                self.0.as_ptr()
            }
        }
    )+};
}

/// What integers have beyond that.
macro_rules! counts {
    ($($name:ident: $value:ty: $($operation:ident)+;)+) => {$(
        #[allow(missing_docs, dead_code)]
        impl $name {
            $(
                pub fn $operation(&self, value: $value, order: Ordering) -> $value {
                    self.update(order, |real| real.$operation(value, order))
                }
            )+

            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut new: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut before = self.load(fetch);
                while let Some(after) = new(before) {
                    match self.compare_exchange(before, after, set, fetch) {
                        Ok(before) => return Ok(before),
                        Err(now) => before = now,
                    }
                }
                Err(before)
            }
        }
    )+};
}

atomics! {
    AtomicU32: u32;
    AtomicI32: i32;
    AtomicU64: u64;
    AtomicUsize: usize;
    AtomicPtr<T>: *mut T;
}

counts! {
    AtomicU32: u32: fetch_add fetch_sub fetch_and fetch_or fetch_max;
    AtomicU64: u64: fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max;
    AtomicUsize: usize: fetch_add fetch_sub fetch_max;
}
