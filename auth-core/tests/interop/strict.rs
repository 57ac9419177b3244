//! `jsonwebtoken` with every check that it has turned on.

use auth_core::interop::{KeySigner, RING_PROVIDER, decoding_key};
use auth_core::key::{SigningKey, VerifyingKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Map, Value, json};

use crate::ours::{AUDIENCE, ISSUER, sign};

/// Ours may have been installed by another test of this process.
pub(crate) fn install() {
    let _ = RING_PROVIDER.install_default();
}

pub(crate) fn strict(algorithm: Algorithm) -> Validation {
    let mut validation = usual(algorithm);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation
}

/// As its documentation shows it.
pub(crate) fn usual(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation
}

/// Why it refuses a token.
pub(crate) fn refusal(
    key: &DecodingKey,
    validation: &Validation,
    token: &str,
) -> Option<ErrorKind> {
    install();
    let decoded = decode::<Value>(token, key, validation);
    decoded.err().map(jsonwebtoken::errors::Error::into_kind)
}

pub(crate) fn accepts(key: &VerifyingKey, token: &str) -> bool {
    let validation = strict(key.algorithm().into());
    refusal(&decoding_key(key).unwrap(), &validation, token).is_none()
}

pub(crate) fn header(algorithm: &str) -> Map<String, Value> {
    object(json!({ "alg": algorithm, "typ": "at+jwt", "kid": "ours" }))
}

pub(crate) fn claims(now: i64) -> Map<String, Value> {
    object(json!({
        "iss": ISSUER,
        "sub": "01890a5d-ac96-774b-bcce-b302099a8057",
        "aud": AUDIENCE,
        "exp": now + 300,
        "iat": now,
        "jti": "AAAAAAAAAAAAAAAAAAAAAA",
        "client_id": "first-party",
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => panic!("no object"),
    }
}

/// Any header and payload under a good signature.
pub(crate) fn compact(key: &SigningKey, header: &str, payload: &str) -> String {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(payload.as_bytes())
    );
    let key = KeySigner::from(crate::ours::again(key));
    let signature = sign(&key, signed.as_bytes());
    format!("{signed}.{}", encode(&signature))
}

pub(crate) fn text(members: &Map<String, Value>) -> String {
    serde_json::to_string(members).unwrap()
}
