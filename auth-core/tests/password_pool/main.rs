//! The hash pool: checklist 81, 84 and 87. Time stands still unless a test moves
//! it.

#![cfg(feature = "password")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fairness;
mod load;
mod memory;
mod places;
mod support;
