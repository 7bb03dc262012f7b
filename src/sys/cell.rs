//! The seam for cells whose accesses a protocol orders, so that a model checks that it does.

#[cfg(loom)]
pub use loom::cell::UnsafeCell;

/// [`core::cell::UnsafeCell`] with the interface of loom's.
#[cfg(not(loom))]
#[derive(Debug, Default)]
pub struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    /// A cell with this content.
    pub const fn new(content: T) -> UnsafeCell<T> {
        UnsafeCell(core::cell::UnsafeCell::new(content))
    }

    /// Shows the content, which nobody may write meanwhile.
    #[inline(always)]
    pub fn with<R>(&self, look: impl FnOnce(*const T) -> R) -> R {
        look(self.0.get())
    }

    /// Shows the content for a write; nobody else may access it meanwhile.
    #[inline(always)]
    pub fn with_mut<R>(&self, change: impl FnOnce(*mut T) -> R) -> R {
        change(self.0.get())
    }
}
