//! pirn: the objects and semantics of Python's `threading`, `queue` and `concurrent.futures`, behind a C ABI.

pub mod capi;
