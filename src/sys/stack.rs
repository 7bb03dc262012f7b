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

    /// Whether `part` of `parts` of it are left, for the thread whose stack it is. No, when it runs on some other stack at the
    /// moment (a coroutine's, say).
    pub fn has_left(&self, part: usize, parts: usize) -> bool {
        let here = 0u8;
        let left = (&raw const here).addr().wrapping_sub(self.lowest);
        left <= self.size && left >= self.size / parts * part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_stack_is_mostly_left() {
        std::thread::spawn(|| {
            let bounds = Bounds::of_current_thread();
            assert!(bounds.size > 0 && bounds.has_left(3, 4));
            assert!(!Bounds { lowest: bounds.lowest - 4 * bounds.size, ..bounds }.has_left(3, 4));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_used_stack_is_not() {
        #[inline(never)]
        fn descend(bounds: &Bounds, depth: usize) -> bool {
            let room = core::hint::black_box([0u8; 4096]);
            let left = depth == 0 || (bounds.has_left(3, 4) && descend(bounds, depth - 1));
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
