//! One JWK.

use auth_core::key::{Backend, VerifyingKey};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde_json::Value;

/// Any text as a JWK.
pub fn jwk(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(key) = VerifyingKey::from_jwk(text) else {
        return;
    };
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        assert_eq!(key.is_secret(), json["kty"] == "oct");
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"];
        let shown = private.iter().any(|name| !json[name].is_null());
        assert!(!shown || key.is_secret(), "a private key was taken");
    }
    is_sound(&key, data);
}

/// Both backends take it and give the same verdicts, and it survives being
/// published.
pub(super) fn is_sound(key: &VerifyingKey, noise: &[u8]) {
    let verdicts: Vec<bool> = Backend::ALL
        .iter()
        .map(|backend| key.clone().with_backend(*backend))
        .map(|key| key.expect("one backend takes what another refuses"))
        .map(|key| key.verifies(b"a message", noise))
        .collect();
    assert!(
        verdicts.iter().all(|verdict| !verdict),
        "noise is a signature: {verdicts:?}"
    );
    let Some(public) = key.to_jwk() else {
        assert!(key.is_secret());
        return;
    };
    assert!(!key.is_secret(), "a secret was published");
    let text = serde_json::to_string(&public).expect("JSON");
    let again = VerifyingKey::from_jwk(&text).expect("what we publish we read");
    assert_eq!(
        (again.kid(), again.algorithm()),
        (key.kid(), key.algorithm())
    );
    assert_eq!(again.thumbprint(), key.thumbprint());
    let foreign: Jwk = serde_json::from_str(&text).expect("jsonwebtoken reads it");
    let thumbprint = foreign.thumbprint(ThumbprintHash::SHA256);
    assert_eq!(thumbprint.ok(), Some(key.thumbprint().to_string()));
    assert!(DecodingKey::from_jwk(&foreign).is_ok());
}
