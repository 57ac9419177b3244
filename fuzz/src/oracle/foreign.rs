//! jsonwebtoken, as strict as it can be told to be. It accepts more than the
//! SDK does; it must accept all that the SDK does.

use auth_core::key::Algorithm as Ours;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, get_current_timestamp};
use serde_json::Value;

use super::claims::Said;
use crate::base64url;
use crate::fixture::{AUDIENCE, ISSUER, Known, Material, NOW};

/// Header members that nobody needs and that jsonwebtoken reads all the same:
/// of another type, it refuses the token.
const READ_FOR_NOTHING: &[&str] = &[
    "cty", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "enc", "zip", "url", "nonce",
];

/// Panics unless jsonwebtoken accepts the token that the SDK accepted.
pub fn must_accept(token: &str, said: &Said, key: &Known) {
    let header = token.split('.').next().and_then(base64url::decode);
    let header: Value = serde_json::from_slice(&header.expect("base64url")).expect("JSON");
    if said.starts_before_1970() || READ_FOR_NOTHING.iter().any(|name| !header[name].is_null()) {
        return;
    }
    let algorithm: Algorithm = key
        .algorithm
        .as_str()
        .parse()
        .expect("it knows all of ours");
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    // Its clock is the system's. With this leeway it does not matter whether
    // the fixture's time lies before or after.
    validation.leeway = get_current_timestamp().abs_diff(NOW.unsigned_abs()) + 1;
    if let Err(error) = decode::<Value>(token, &decoding_key(key), &validation) {
        panic!("jsonwebtoken refuses what we accept: {error}");
    }
}

fn decoding_key(key: &Known) -> DecodingKey {
    let encode = base64url::encode;
    match &key.material {
        Material::Secret(secret) => DecodingKey::from_secret(secret),
        Material::Point(x) if key.algorithm == Ours::EdDsa => {
            DecodingKey::from_ed_components(&encode(x)).expect("a key")
        }
        Material::Point(point) => {
            let (x, y) = point[1..].split_at(point.len() / 2);
            DecodingKey::from_ec_components(&encode(x), &encode(y)).expect("a key")
        }
        Material::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
    }
}
