//! Handles: what a C program holds instead of a pointer, and why no misuse of one is undefined behaviour.
//!
//! ```text
//!  63                              34 33                           6 5    0
//! +----------------------------------+------------------------------+------+
//! |      generation (bit 63 = 1)     |          slot number         | zero |
//! +----------------------------------+------------------------------+------+
//! ```
//!
//! A slot is 64 bytes of the [`arena`], memory that is never returned to the system and only ever holds slots. Its first word
//! is a tagged word ([`crate::word`]) with the slot's present generation, which goes up by one each time the slot is freed,
//! and never comes back: a slot whose generations are used up is retired.
//!
//! Small objects (lock, rlock, condition, semaphore, event) live in the slot itself ([`inline`]): each of their calls is a compare-and-swap on that word
//! which expects the handle's generation. Others are reference-counted and the slot holds the reference ([`shared`]).
//!
//! Why a stale handle is harmless: the slot number of any 64-bit integer is checked against the arena's size before it is used;
//! whatever slot it names can be read, since slots stay mapped; and the word read there has the handle's generation only if the handle is
//! live, since a generation is given out once. Bit 63 makes every handle differ from every address in user space.

#[cfg(not(loom))]
pub mod arena;
#[cfg(not(loom))]
pub mod condition;
#[cfg(not(loom))]
pub mod inline;
pub mod pins;
#[cfg(not(loom))]
pub mod shared;

pub use crate::identity::Kind;

/// A handle as the C program holds it: any 64 bits, to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle(u64);

impl Handle {
    /// From what a C program passed.
    #[inline]
    pub fn from_ptr<T>(pointer: *const T) -> Handle {
        Handle(pointer.addr() as u64)
    }

    /// As a C program gets to see it.
    #[inline]
    pub fn as_ptr<T>(self) -> *mut T {
        core::ptr::without_provenance_mut(self.0 as usize)
    }

    /// The bits.
    #[inline]
    pub fn bits(self) -> u64 {
        self.0
    }
}
