//! Headers that name or bring another key.

use auth_core::key::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::header::{odd, with};
use super::{Case, Judged};
use crate::support::{Rig, claims, compact, encode, private, sign, text};

const KIDS: &[&str] = &[
    "",
    "Ours",
    "OURS",
    "ours ",
    " ours",
    "ours\0",
    "ours\n",
    "our",
    "ourss",
    "./ours",
    "../ours",
    "../../../../dev/null",
    "/dev/null",
    "file:///dev/null",
    "http://evil.example/key",
    "*",
    "%",
    "' OR '1'='1",
    "ours' --",
    "ours; DROP TABLE keys",
    "*)(uid=*",
    "| id",
    "$(id)",
    "${jndi:x}",
    "ours\r\nX: y",
    "null",
    "None",
    "undefined",
    "0",
    "-1",
    "[object Object]",
    "ｏurs",
    "o\u{301}urs",
];

const URLS: &[&str] = &[
    "https://evil.example/jwks",
    "https://auth.example@evil.example/jwks",
    "https://auth.example/redirect?to=https://evil.example",
    "http://127.0.0.1/jwks",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "data:application/json,{}",
    "",
];

pub(super) fn cases(rig: &Rig) -> Vec<Case> {
    let mut cases = key_ids(rig);
    cases.extend(foreign_keys(rig));
    cases
}

fn key_ids(rig: &Rig) -> Vec<Case> {
    let kids = KIDS.iter().map(|kid| json!(kid)).collect();
    let mut cases = odd(rig, "kid", "kid", kids);
    let odd_types = vec![
        json!(null),
        json!(0),
        json!(true),
        json!([]),
        json!(["ours"]),
        json!({}),
    ];
    cases.extend(odd(rig, "kid", "kid", odd_types));
    for len in [256, 257, 5000] {
        let token = rig.sign(
            text(with(rig, "kid", json!("k".repeat(len)))),
            text(claims()),
        );
        cases.push(Case::token("kid", format!("of {len} bytes"), token));
    }
    let public = rig.key.verifying_key().clone();
    let other = private(rig.algorithm).with_kid("other").unwrap();
    // All RSA algorithms share a test key, so the stranger is of another type.
    let other = if is_rsa(rig) {
        named(Algorithm::Es256, "other")
    } else {
        other
    };
    let keys = vec![public, other.verifying_key().clone()];
    let named = text(with(rig, "kid", json!("other")));
    let mut nameless = rig.header();
    nameless.remove("kid");
    for (name, header) in [
        ("another key's", named),
        ("none, of two keys", text(nameless)),
    ] {
        let judged = Judged::Under(keys.clone(), rig.sign(header, text(claims())), rig.token());
        cases.push(Case::new("kid", name, judged));
    }
    cases
}

pub(super) fn is_rsa(rig: &Rig) -> bool {
    rig.algorithm.as_str().starts_with(['R', 'P'])
}

fn named(algorithm: Algorithm, kid: &str) -> SigningKey {
    private(algorithm).with_kid(kid).unwrap()
}

/// Keys that come with the token, and the signature that is theirs.
fn foreign_keys(rig: &Rig) -> Vec<Case> {
    let algorithm = if is_rsa(rig) {
        Algorithm::Es256
    } else {
        rig.algorithm
    };
    let evil = named(algorithm, "evil");
    let jwk = match serde_json::to_value(evil.verifying_key().to_jwk()).unwrap() {
        Value::Null => json!({ "kty": "oct", "k": encode(evil.expose().expose()) }),
        jwk => jwk,
    };
    let certificate = json!([base64_of(&jwk)]);
    let mut sources = vec![
        ("jwk", jwk.clone()),
        ("x5c", certificate),
        ("jwks", json!({ "keys": [jwk] })),
    ];
    sources.extend(
        URLS.iter()
            .flat_map(|url| [("jku", json!(url)), ("x5u", json!(url))]),
    );
    sources.extend([
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("epk", jwk.clone()),
    ]);
    let mut cases = Vec::new();
    for (name, value) in sources {
        for kid in [Some("ours"), Some("evil"), None] {
            for alg in [rig.algorithm, algorithm] {
                let mut header = with(rig, name, value.clone());
                header.insert("alg".to_owned(), json!(alg.as_str()));
                header.remove("kid");
                header.extend(kid.map(|kid| ("kid".to_owned(), json!(kid))));
                let token = compact(text(header), text(claims()), |m| sign(&evil, m));
                let what = if value.is_string() {
                    value.as_str().unwrap()
                } else {
                    "the attacker's"
                };
                let own = if alg == rig.algorithm { "our" } else { "its" };
                let case = format!("{name} {what:?}, kid {kid:?}, {own} alg");
                cases.push(Case::token("hdrkey", case, token));
                if alg == algorithm && algorithm == rig.algorithm {
                    break;
                }
            }
        }
    }
    cases
}

fn base64_of(jwk: &Value) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(jwk.to_string())
}
