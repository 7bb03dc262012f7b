//! How much of the calling thread's stack is left.

use core::mem::MaybeUninit;

/// A thread's stack.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Its lowest address; 0 with `size` 0 if the system does not tell.
    lowest: usize,
    size: usize,
}

impl Bounds {
    /// The calling thread's.
    pub fn of_current_thread() -> Bounds {
        let mut bounds = Bounds { lowest: 0, size: 0 };
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        // SAFETY: a valid place, which a success initialises.
        if unsafe { libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) } == 0 {
            let mut lowest = core::ptr::null_mut();
            // SAFETY: initialised above.
            unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &mut lowest, &mut bounds.size) };
            bounds.lowest = lowest.addr();
            // SAFETY: initialised above, and not used again.
            unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
        }
        bounds
    }

    /// Whether three quarters of it are left, for the thread whose stack it is. No, when it runs on some other stack at the
    /// moment (a coroutine's, say).
    pub fn is_mostly_left(&self) -> bool {
        self.has_left(self.size / 4 * 3)
    }

    /// Whether half of it is left; otherwise as above.
    pub fn is_half_left(&self) -> bool {
        self.has_left(self.size / 2)
    }

    fn has_left(&self, bytes: usize) -> bool {
        let here = 0u8;
        let left = (&raw const here).addr().wrapping_sub(self.lowest);
        left <= self.size && left >= bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_stack_is_mostly_left() {
        std::thread::spawn(|| {
            let bounds = Bounds::of_current_thread();
            assert!(bounds.size > 0 && bounds.is_mostly_left() && bounds.is_half_left());
            let elsewhere = Bounds { lowest: bounds.lowest - 4 * bounds.size, ..bounds };
            assert!(!elsewhere.is_mostly_left() && !elsewhere.is_half_left());
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_used_stack_is_not_even_half() {
        #[inline(never)]
        fn descend(bounds: &Bounds, depth: usize) -> bool {
            let room = core::hint::black_box([0u8; 4096]);
            assert!(bounds.is_half_left() || !bounds.is_mostly_left());
            let left = depth == 0 || (bounds.is_half_left() && descend(bounds, depth - 1));
            core::hint::black_box(room);
            left
        }
        std::thread::Builder::new()
            .stack_size(1 << 20)
            .spawn(|| assert!(!descend(&Bounds::of_current_thread(), 128)))
            .unwrap()
            .join()
            .unwrap();
    }
}
