//! With `jsonwebtoken` on our provider: tokens and keys in both directions,
//! where both must agree, and where it is laxer than we are.
#![cfg(feature = "jsonwebtoken")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod agreement;
mod forms;
mod hostile;
mod laxness;
mod ours;
mod strict;
