//! As many signatures at a time as may be, and who is over is told so.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::key::{KeySet, SigningKey};
use auth_core::verifier::{SignatureChecks, Verifier, VerifyError};
use auth_core::{Audience, Code, Issuer, ManualClock, SystemRandom, Timestamp};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::Ed25519KeyPair;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn one() -> SignatureChecks {
    SignatureChecks::at_most(1.try_into().unwrap())
}

/// A good token, and a verifier of it.
fn rig(checks: SignatureChecks) -> (String, Verifier) {
    let key = SigningKey::generate(&SystemRandom::new()).unwrap();
    let encode = |text: String| BASE64_URL_SAFE_NO_PAD.encode(text);
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": key.verifying_key().kid() });
    let claims = json!({
        "iss": "https://auth.example", "aud": "https://api.example", "sub": "somebody",
        "exp": 1_800_000_300, "iat": 1_800_000_000, "jti": "1",
    });
    let signed = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.expose().expose()).unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
    let keys = KeySet::new([key.verifying_key().clone()]).unwrap();
    let issuer = Issuer::new("https://auth.example").unwrap();
    let audience = Audience::new("https://api.example").unwrap();
    let verifier = Verifier::builder(&issuer, &audience, Arc::new(keys))
        .without_revocations()
        .with_clock(Arc::new(ManualClock::at(NOW)))
        .with_signature_checks(checks)
        .build()
        .unwrap();
    (format!("{signed}.{signature}"), verifier)
}

/// 54: being busy must not look like a bad token.
#[test]
fn c54_over_the_cap_the_answer_is_unavailable_and_never_no() {
    let checks = one();
    let (token, verifier) = rig(checks.clone());
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    assert!(verifier.verify_now(&token).is_ok());
    let other = checks.begin().unwrap();
    for token in [&token, &forged] {
        let error = verifier.verify_now(token).unwrap_err();
        assert!(matches!(error, VerifyError::Unavailable(_)), "{error:?}");
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.code().http_status(), 503);
    }
    // What costs no cryptography is answered as ever.
    for junk in ["", "junk", "a.b.c", &token[1..]] {
        let error = verifier.verify_now(junk).unwrap_err();
        assert_eq!(error.code(), Code::InvalidToken, "{junk}");
    }
    assert_eq!(verifier.stats().overloaded, 2);
    drop(other);
    assert!(verifier.verify_now(&token).is_ok());
    assert_eq!(
        verifier.verify_now(&forged).unwrap_err().code(),
        Code::InvalidToken
    );
    assert_eq!(checks.running(), 0);
}

#[test]
fn a_cap_is_shared_by_whoever_is_given_it() {
    let checks = one();
    let ((first, one), (second, other)) = (rig(checks.clone()), rig(checks.clone()));
    assert!(one.verify_now(&first).is_ok() && other.verify_now(&second).is_ok());
    let _busy = checks.begin();
    assert!(one.verify_now(&first).is_err() && other.verify_now(&second).is_err());
    let (token, unlimited) = rig(SignatureChecks::unlimited());
    assert!(unlimited.verify_now(&token).is_ok());
}

#[test]
fn no_more_run_than_may() {
    let checks = SignatureChecks::at_most(3.try_into().unwrap());
    let (running, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let Some(_check) = checks.begin() else {
                        refused.fetch_add(1, Ordering::Relaxed);
                        continue;
                    };
                    assert!(running.fetch_add(1, Ordering::SeqCst) < 3);
                    running.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(checks.running(), 0);
}

/// Otherwise a machine with few processors would refuse what it can do.
#[test]
fn the_default_is_generous() {
    let checks = SignatureChecks::default();
    let begun: Vec<_> = (0..64).map(|_| checks.begin()).collect();
    assert!(begun.iter().all(Option::is_some));
    assert_eq!(SignatureChecks::default().running(), 64);
}
