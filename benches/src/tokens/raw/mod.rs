//! The cryptographic libraries' own calls: on what is signed, with the key
//! prepared as far as the library can, and nothing around them.

pub(super) mod aws_lc_rs;
pub(super) mod ed25519_dalek;
pub(super) mod ring;

pub(super) const RING: &str = "raw ring";
pub(super) const AWS_LC: &str = "raw aws-lc-rs";
pub(super) const DALEK: &str = "raw ed25519-dalek";
