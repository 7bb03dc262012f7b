//! The C API: `extern "C"` functions over opaque handles and status codes.

pub mod library;
