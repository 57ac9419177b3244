//! Somebody installed a provider of which every call fails, some by a panic.
//! Nothing of ours calls it. One test, so that it has the process to itself.
#![cfg(feature = "jsonwebtoken")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "interop/ours.rs"]
mod ours;

use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

static BROKEN: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::Provider("broken".into()))),
    verifier_factory: |_, _| Err(new_error(ErrorKind::Provider("broken".into()))),
    // Each of these panics.
    key_utils: KeyUtils::new_unimplemented(),
};

#[test]
fn a_provider_that_fails_stops_jsonwebtoken_and_not_us() {
    BROKEN.install_default().unwrap();
    ours::everything_works();
    let secret = [7; 32];
    let broken = Some(ErrorKind::Provider("broken".into()));
    let encoded = encode(
        &Header::default(),
        &json!({}),
        &EncodingKey::from_secret(&secret),
    );
    assert_eq!(encoded.err().map(Error::into_kind), broken);
    let decoded = decode::<Value>(
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
        &DecodingKey::from_secret(&secret),
        &Validation::default(),
    );
    assert_eq!(decoded.err().map(Error::into_kind), broken);
}
