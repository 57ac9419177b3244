//! What must hold for any bytes whatever.
//!
//! Each function of [`checks`] takes the bytes of a fuzzer, does what a
//! stranger can make us do with them, and panics if the outcome is not the
//! one that an [`oracle`] gives: a slow, plain reading of the same rules, on
//! other libraries where there are any. `cargo xtask fuzz` runs them.

pub mod base64url;
pub mod checks;
pub mod fixture;
pub mod oracle;
