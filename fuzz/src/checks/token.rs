//! Access tokens: both backends, the oracle and jsonwebtoken must agree.

use auth_core::jwt::insecure::peek;
use auth_core::key::Algorithm;
use serde_json::Value;

use crate::base64url;
use crate::fixture::{CLAIMS, HEADER, Rig, SIGNED, all_keys, one_key, sign};
use crate::oracle::claims::Said;
use crate::oracle::{No, foreign, token as by_oracle};

/// Any text as a token.
pub fn token(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        judge(text, all_keys());
        peek_shows_what_is_there(text);
    }
}

/// Any header and payload, a NUL between them, well signed by one of four
/// keys, which the first byte chooses.
pub fn signed(data: &[u8]) {
    let Some((selector, rest)) = data.split_first() else {
        return;
    };
    let algorithm = SIGNED[usize::from(*selector) % SIGNED.len()];
    let middle = rest.iter().position(|byte| *byte == 0);
    let (header, payload) = rest.split_at(middle.unwrap_or(rest.len()));
    let payload = payload.get(1..).unwrap_or_default();
    judge(&sign(algorithm, header, payload), all_keys());
}

/// Any header over good claims, well signed.
pub fn header(data: &[u8]) {
    let text = sign(Algorithm::Hs256, data, CLAIMS.as_bytes());
    judge(&text, one_key());
    peek_shows_what_is_there(&text);
}

/// Any claims under a good header, well signed.
pub fn claims(data: &[u8]) {
    let text = sign(Algorithm::Hs256, HEADER.as_bytes(), data);
    judge(&text, one_key());
    peek_shows_what_is_there(&text);
}

fn judge(text: &str, rig: &Rig) {
    let verdicts: Vec<Option<Said>> = rig
        .verifiers
        .iter()
        .map(|verifier| verifier.verify_now(text).ok())
        .map(|identity| identity.as_deref().map(Said::by))
        .collect();
    for verdict in &verdicts {
        assert_eq!(*verdict, verdicts[0], "the backends disagree");
    }
    let verdict = verdicts.into_iter().next().flatten();
    match (by_oracle(text, &rig.keys), verdict) {
        (Ok((expected, key)), Some(said)) => {
            assert_eq!(said, expected, "a claim is read differently");
            foreign::must_accept(text, &said, key);
        }
        (Err(No::Reject), Some(said)) => panic!("accepted what must be rejected: {said:?}"),
        (Ok((expected, _)), None) => panic!("rejected what must be accepted: {expected:?}"),
        (Err(_), _) => {}
    }
}

/// The unverified look shows the JSON that stands there, and nothing else.
fn peek_shows_what_is_there(text: &str) {
    let Ok(seen) = peek(text) else {
        return;
    };
    let parts: Vec<Value> = text
        .split('.')
        .take(2)
        .map(|part| base64url::decode(part).expect("base64url"))
        .map(|json| serde_json::from_slice(&json).expect("JSON"))
        .collect();
    assert_eq!(parts, [seen.header, seen.claims]);
}
