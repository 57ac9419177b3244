//! x

#[cfg(feature = "suites")]
pub mod conformance;
pub mod servers;
