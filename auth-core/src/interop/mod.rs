//! Keys and tokens shared with the crate [`jsonwebtoken`] (11.1), behind the
//! feature of that name.
//!
//! # When to use it
//! - A program that moves to this crate, or uses both: [`signing_key`],
//!   [`verifying_key`], [`key_set`] take over keys that `jsonwebtoken` holds,
//!   [`encoding_key`], [`decoding_key`], [`jwk`], [`jwk_set`] hand ours to it.
//! - A program that stays with `jsonwebtoken` and wants ring below it, and
//!   weak keys refused: [`RING_PROVIDER`].
//! - A `CryptoProvider` of one's own: [`KeySigner`] and [`KeyVerifier`] are
//!   our keys as its signer and verifier, on the backend that they
//!   are prepared for.
//!
//! `jsonwebtoken` has one provider for the whole process. Nothing in this
//! crate asks for it: it may be unset, anybody's, or lie; what is here works
//! and decides the same.
//!
//! # What it does not protect against
//! Cryptography is all that a provider does. A token that `jsonwebtoken`
//! decodes is judged by `jsonwebtoken`, whoever's keys and provider it is
//! given. Version 11 takes what a [`Verifier`](crate::verifier::Verifier)
//! refuses:
//!
//! | it accepts | unless |
//! |---|---|
//! | `crit` and `b64`, which it does not understand (RFC 7515 §4.1.11) | never refused |
//! | any `typ`, or none: an ID token as an access token (RFC 8725 §3.11) | never refused |
//! | `iss` as an array with one right name in it (RFC 7519 §4.1.1) | never refused |
//! | `exp` equal to now (RFC 7519 §4.1.4) | never refused |
//! | `iat` in the future, any lifetime | never refused |
//! | a name twice among the application's own claims | never refused |
//! | no `iss`, `aud`, `sub`, or one that is a number | `required_spec_claims` names it |
//! | a token that is not yet valid, `nbf` of any type | `validate_nbf` is set |
//! | a token that expired up to 60 s ago | `leeway` is 0 |
//! | a JWK whose `use`, `key_ops` or `alg` say that it is for something else | never refused |
//! | an HMAC key that is short or empty | [`RING_PROVIDER`] is installed |
//!
//! Each line is a test (`tests/interop/laxness.rs`; for keys
//! `tests/both_backends/own_backends.rs`). CVE-2026-25537
//! (an `exp` or `nbf` of a wrong type was skipped) is fixed since 10.3.0;
//! `iss`, `aud` and `sub` of a wrong type still are, where nothing requires
//! them.
//!
//! An [`EncodingKey`] or [`DecodingKey`] is bound to a family of algorithms,
//! not to one: which is meant must be said again, in the token's header and in
//! `Validation::algorithms`.

mod algorithm;
mod jwks;
mod keys;
mod provider;
mod signer;
mod verifier;

pub use algorithm::UnknownAlgorithm;
pub use jwks::{jwk, jwk_set, key_set, verifying_key_of_jwk};
pub use keys::{decoding_key, encoding_key, signing_key, verifying_key};
pub use provider::RING_PROVIDER;
pub use signer::KeySigner;
pub use verifier::KeyVerifier;

#[cfg(doc)]
use ::jsonwebtoken::{DecodingKey, EncodingKey};
