//! Every algorithm, on every backend, against vectors of others and attacks
//! of ours. Numbers are those of the security checklist in SECURITY.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod attacks;
mod confusion;
mod ed25519;
mod issued;
mod issuers;
mod jwk_loading;
mod key_binding;
mod key_files;
mod key_loading;
mod key_secrets;
mod policy;
mod private_jwk;
mod rfc;
mod round_trips;
mod set_loading;
mod signatures;
mod support;
mod tamper;
mod wycheproof;
