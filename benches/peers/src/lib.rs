//! Other JWT libraries in the suite `tokens`.
//!
//! There are two programs, because BoringSSL (of jwt-simple) and OpenSSL (of
//! josekit) export the same names and cannot be linked into one.

pub mod josekit;
pub mod jwt_compact;
pub mod jwt_simple;
