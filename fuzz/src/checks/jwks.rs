//! A JWK set, as somebody's server answers it.

use std::collections::HashSet;

use auth_core::key::{Backend, KeyError, KeySet, KeySetError, VerifyingKey};
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;

use super::jwk::is_sound;

/// Any text as a JWK set.
pub fn jwks(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let json = serde_json::from_str::<Value>(text).ok();
    let listed = json.as_ref().and_then(|json| json["keys"].as_array());
    let shows_private = listed.map(|keys| keys.iter().any(is_private));
    let read = KeySet::from_jwks(text);
    for &backend in Backend::ALL {
        let there = KeySet::from_jwks_on(backend, text);
        assert_eq!(told(&there), told(&read), "{backend:?}");
    }
    let (set, skipped) = match read {
        Ok(read) => read,
        Err(error) => {
            // A name that stands twice is seen by us and not by `Value`.
            assert!(error == KeySetError::Private || shows_private != Some(true) || twice(text));
            return;
        }
    };
    assert_ne!(shows_private, Some(true), "a private key was taken");
    if let Some(listed) = listed {
        assert_eq!(set.iter().count() + skipped.len(), listed.len());
    }
    let ids: HashSet<&str> = set.iter().map(VerifyingKey::kid).collect();
    assert_eq!(ids.len(), set.iter().count(), "an id stands twice");
    for key in set.iter() {
        assert!(!key.is_secret(), "a public set gave a secret");
        is_sound(key, data);
    }
    let text = serde_json::to_string(&set.to_jwks()).expect("JSON");
    let (again, skipped) = KeySet::from_jwks(&text).expect("what we publish we read");
    assert!(skipped.is_empty());
    assert!(
        set.iter()
            .map(VerifyingKey::kid)
            .eq(again.iter().map(VerifyingKey::kid))
    );
    let foreign: JwkSet = serde_json::from_str(&text).expect("jsonwebtoken reads it");
    assert_eq!(foreign.keys.len(), set.iter().count());
}

type Skipped = Vec<(usize, KeyError)>;

/// The ids of a set, and what was skipped of it and why.
fn told(
    read: &Result<(KeySet, Skipped), KeySetError>,
) -> Result<(Vec<&str>, &Skipped), KeySetError> {
    let (set, skipped) = read.as_ref().map_err(|error| *error)?;
    Ok((set.iter().map(VerifyingKey::kid).collect(), skipped))
}

fn is_private(jwk: &Value) -> bool {
    ["k", "d", "p", "q", "dp", "dq", "qi", "oth", "priv"]
        .iter()
        .any(|name| !jwk[name].is_null())
}

/// Whether `keys` may stand there more than once, which makes it no set.
fn twice(text: &str) -> bool {
    text.contains('\\') || text.matches("\"keys\"").count() > 1
}
