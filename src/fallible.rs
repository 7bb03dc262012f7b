//! Lists and texts whose length is the caller's affair: where there is no memory for them the call says `NoMemory`.

use crate::status::Error;
use core::ffi::CStr;
use std::ffi::CString;

/// All items, in order.
pub fn list<T>(items: impl IntoIterator<Item = T>) -> Result<Vec<T>, Error> {
    let items = items.into_iter();
    let mut list = with_capacity(items.size_hint().0)?;
    for item in items {
        push(&mut list, item)?;
    }
    Ok(list)
}

/// An empty list with room for so many.
pub fn with_capacity<T>(count: usize) -> Result<Vec<T>, Error> {
    let mut list = Vec::new();
    list.try_reserve_exact(count).map_err(|_| Error::NoMemory)?;
    Ok(list)
}

/// Makes room for one more.
pub fn make_room<T>(list: &mut Vec<T>) -> Result<(), Error> {
    list.try_reserve(1).map_err(|_| Error::NoMemory)
}

/// Appends an item, which is dropped if there is no room for it.
pub fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), Error> {
    make_room(list)?;
    list.push(item);
    Ok(())
}

/// The parts, one behind the other.
pub fn text(parts: &[&str]) -> Result<String, Error> {
    let mut text = String::new();
    text.try_reserve_exact(parts.iter().map(|part| part.len()).sum()).map_err(|_| Error::NoMemory)?;
    parts.iter().for_each(|part| text.push_str(part));
    Ok(text)
}

/// A copy of a C program's text.
pub fn c_text(text: &CStr) -> Result<CString, Error> {
    let copy = bytes(text.to_bytes_with_nul())?;
    // SAFETY: the bytes of a text: a NUL at the end and none before.
    Ok(unsafe { CString::from_vec_with_nul_unchecked(copy.into_vec()) })
}

/// A copy.
pub fn bytes(bytes: &[u8]) -> Result<Box<[u8]>, Error> {
    let mut copy = with_capacity(bytes.len())?;
    copy.extend_from_slice(bytes);
    Ok(copy.into_boxed_slice())
}
