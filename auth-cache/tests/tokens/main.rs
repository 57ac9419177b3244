//! The cache of verified tokens, and what a verifier does with it and with
//! caches that misbehave. Numbers are those of the security checklist in
//! SECURITY.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod bounds;
mod history;
mod hits;
mod interleaved;
mod misbehaving;
mod racing;
mod support;
