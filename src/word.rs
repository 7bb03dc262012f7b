//! The tagged word: an object's state and its identity, changed together by one compare-and-swap.
//!
//! ```text
//!  63                              34 33     29 28                             0
//! +----------------------------------+---------+-------------------------------+
//! |            generation            |  kind   |             state             |
//! +----------------------------------+---------+-------------------------------+
//! |<----------------- tag ---------------------|
//! ```
//!
//! The tag changes when the object is freed, so a compare-and-swap that expects the tag of a handle checks the handle in
//! the same instruction that changes the state: there is no moment between the check and the use. Objects used from
//! Rust, which need no such check, have the tag [`Tag::NONE`].

use crate::status::Error;

/// Bits of the state.
pub const STATE_BITS: u32 = 29;
/// Bits of the kind.
pub const KIND_BITS: u32 = 5;
/// Where the generation begins.
pub const GENERATION_SHIFT: u32 = STATE_BITS + KIND_BITS;
/// The state's bits in the word.
pub const STATE_MASK: u64 = (1 << STATE_BITS) - 1;
/// The generation's bits in the word, and in a handle.
pub const GENERATION_MASK: u64 = !0 << GENERATION_SHIFT;

/// Generation and kind: what has to be found in a word for a handle to be valid. The state bits are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u64);

impl Tag {
    /// The tag of objects that have no handle.
    pub const NONE: Tag = Tag(0);

    /// The tag made of a generation (in place) and a kind.
    #[inline]
    pub const fn new(generation: u64, kind: u32) -> Tag {
        Tag((generation & GENERATION_MASK) | (kind as u64) << STATE_BITS)
    }

    /// The tag in `word`.
    #[inline]
    pub const fn of(word: u64) -> Tag {
        Tag(word & !STATE_MASK)
    }

    /// The word with this tag and this state.
    #[inline]
    pub const fn with(self, state: u64) -> u64 {
        self.0 | state
    }

    /// The kind.
    #[inline]
    pub const fn kind(self) -> u32 {
        kind_of(self.0)
    }

    /// The state in `word`, if the word has this tag.
    #[inline]
    pub const fn state_of(self, word: u64) -> Result<u64, Error> {
        if word & !STATE_MASK == self.0 { Ok(word & STATE_MASK) } else { Err(Error::InvalidHandle) }
    }
}

/// The kind in a word.
#[inline]
pub const fn kind_of(word: u64) -> u32 {
    (word >> STATE_BITS) as u32 & ((1 << KIND_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_overlap() {
        let tag = Tag::new(GENERATION_MASK, 31);
        assert_eq!(tag.with(STATE_MASK), u64::MAX);
        assert_eq!(tag.state_of(tag.with(5)), Ok(5));
        assert_eq!(kind_of(tag.with(0)), 31);
        assert_eq!(Tag::NONE.state_of(tag.with(5)), Err(Error::InvalidHandle));
    }
}
