//! Where `jsonwebtoken` accepts what we refuse: the table in the docs of
//! `auth_core::interop`, line by line. A line that no longer holds is to be
//! taken out of the docs.

use auth_core::interop::{decoding_key, verifying_key_of_jwk};
use auth_core::jwt::TokenError;
use auth_core::key::{Algorithm, KeyError, SigningKey};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Map, Value, json};

use crate::ours::{ISSUER, key, now, refusal, verifier};
use crate::strict::{claims, compact, header, strict, text, usual};

type Members = Map<String, Value>;

struct Rig {
    key: SigningKey,
    now: i64,
    theirs: DecodingKey,
}

impl Rig {
    fn new() -> Self {
        let key = key(Algorithm::EdDsa);
        Self {
            theirs: decoding_key(key.verifying_key()).unwrap(),
            key,
            now: now(),
        }
    }

    /// A good token but for a change.
    fn token(&self, change: impl FnOnce(&mut Members, &mut Members)) -> String {
        let (mut header, mut claims) = (header("EdDSA"), claims(self.now));
        change(&mut header, &mut claims);
        compact(&self.key, &text(&header), &text(&claims))
    }

    fn ours(&self, token: &str) -> Option<TokenError> {
        refusal(&verifier(self.key.verifying_key(), self.now), token)
    }

    fn theirs(&self, token: &str, validation: &Validation) -> Option<ErrorKind> {
        crate::strict::refusal(&self.theirs, validation, token)
    }

    #[track_caller]
    fn accepted_even_strictly(&self, token: &str, ours: &TokenError) {
        assert_eq!(
            self.theirs(token, &strict(jsonwebtoken::Algorithm::EdDSA)),
            None
        );
        assert_eq!(self.ours(token).as_ref(), Some(ours));
    }

    /// Accepted as its documentation shows it, and refused with every check on.
    #[track_caller]
    fn accepted_usually(&self, token: &str, ours: &TokenError) {
        assert_eq!(
            self.theirs(token, &usual(jsonwebtoken::Algorithm::EdDSA)),
            None
        );
        assert!(
            self.theirs(token, &strict(jsonwebtoken::Algorithm::EdDSA))
                .is_some()
        );
        assert_eq!(self.ours(token).as_ref(), Some(ours));
    }
}

#[test]
fn both_accept_the_token_that_the_others_are_made_of() {
    let rig = Rig::new();
    let good = rig.token(|_, _| ());
    assert_eq!(rig.ours(&good), None);
    for validation in [usual, strict] {
        assert_eq!(
            rig.theirs(&good, &validation(jsonwebtoken::Algorithm::EdDSA)),
            None
        );
    }
}

#[test]
fn c12_jsonwebtoken_ignores_crit_and_we_refuse() {
    let rig = Rig::new();
    let crit = rig.token(|header, _| {
        header.insert("crit".into(), json!(["http://example.com/must-understand"]));
        header.insert("http://example.com/must-understand".into(), json!(true));
    });
    rig.accepted_even_strictly(&crit, &TokenError::Critical);
    let b64 = rig.token(|header, _| drop(header.insert("b64".into(), json!(false))));
    rig.accepted_even_strictly(&b64, &TokenError::Critical);
}

#[test]
fn c30_jsonwebtoken_ignores_typ_and_we_refuse() {
    let rig = Rig::new();
    let none = rig.token(|header, _| drop(header.remove("typ")));
    rig.accepted_even_strictly(&none, &TokenError::Type);
    for typ in ["JWT", "dpop+jwt", "logout+jwt"] {
        let other = rig.token(|header, _| drop(header.insert("typ".into(), json!(typ))));
        rig.accepted_even_strictly(&other, &TokenError::Type);
    }
}

#[test]
fn c25_jsonwebtoken_takes_an_array_of_issuers_and_we_refuse() {
    let rig = Rig::new();
    for iss in [json!([ISSUER]), json!([ISSUER, "https://evil.example"])] {
        let array = rig.token(|_, claims| drop(claims.insert("iss".into(), iss)));
        assert_eq!(
            rig.theirs(&array, &strict(jsonwebtoken::Algorithm::EdDSA)),
            None
        );
        assert!(rig.ours(&array).is_some());
    }
}

#[test]
fn c20_jsonwebtoken_takes_exp_equal_to_now_and_we_refuse() {
    // It asks the system's clock, which may go on meanwhile.
    for _ in 0..100 {
        let rig = Rig::new();
        let ending = rig.token(|_, claims| drop(claims.insert("exp".into(), json!(rig.now))));
        let theirs = rig.theirs(&ending, &strict(jsonwebtoken::Algorithm::EdDSA));
        assert_eq!(rig.ours(&ending), Some(TokenError::Expired));
        if now() == rig.now {
            assert_eq!(theirs, None);
            return;
        }
    }
    panic!("the clock never stood still");
}

#[test]
fn c22_c23_jsonwebtoken_takes_tokens_of_the_future_that_live_for_ever_and_we_refuse() {
    let rig = Rig::new();
    let future = rig.token(|_, claims| drop(claims.insert("iat".into(), json!(rig.now + 200))));
    rig.accepted_even_strictly(&future, &TokenError::NotYetValid);
    let eternal =
        rig.token(|_, claims| drop(claims.insert("exp".into(), json!(99_999_999_999_i64))));
    rig.accepted_even_strictly(&eternal, &TokenError::Lifetime);
}

#[test]
fn c14_jsonwebtoken_takes_a_name_twice_and_we_refuse() {
    let rig = Rig::new();
    let twice = text(&claims(rig.now)).replacen('{', r#"{"roles":["guest"],"roles":["admin"],"#, 1);
    let token = compact(&rig.key, &text(&header("EdDSA")), &twice);
    rig.accepted_even_strictly(&token, &TokenError::DuplicateName);
}

#[test]
fn c25_c27_c28_jsonwebtoken_skips_what_is_absent_or_of_a_wrong_type_and_we_refuse() {
    let rig = Rig::new();
    for name in ["iss", "aud", "sub"] {
        let absent = rig.token(|_, claims| drop(claims.remove(name)));
        rig.accepted_usually(&absent, &TokenError::MissingClaim(name.to_owned()));
        for wrong in [json!(1), json!(true)] {
            let token = rig.token(|_, claims| drop(claims.insert(name.to_owned(), wrong)));
            assert_eq!(
                rig.theirs(&token, &usual(jsonwebtoken::Algorithm::EdDSA)),
                None
            );
            assert!(
                rig.theirs(&token, &strict(jsonwebtoken::Algorithm::EdDSA))
                    .is_some()
            );
            assert!(rig.ours(&token).is_some());
        }
    }
}

#[test]
fn c21_jsonwebtoken_ignores_nbf_unless_it_is_told_and_we_refuse() {
    let rig = Rig::new();
    let early = rig.token(|_, claims| drop(claims.insert("nbf".into(), json!(rig.now + 200))));
    rig.accepted_usually(&early, &TokenError::NotYetValid);
    let wrong = rig.token(|_, claims| drop(claims.insert("nbf".into(), json!("tomorrow"))));
    assert_eq!(
        rig.theirs(&wrong, &usual(jsonwebtoken::Algorithm::EdDSA)),
        None
    );
    assert!(rig.ours(&wrong).is_some());
}

#[test]
fn c24_jsonwebtoken_has_a_leeway_of_a_minute_and_we_refuse() {
    let rig = Rig::new();
    let expired = rig.token(|_, claims| {
        claims.insert("iat".into(), json!(rig.now - 300));
        claims.insert("exp".into(), json!(rig.now - 20));
    });
    rig.accepted_usually(&expired, &TokenError::Expired);
}

#[test]
fn c43_jsonwebtoken_takes_jwks_that_are_for_something_else_and_we_refuse() {
    let rig = Rig::new();
    let good = rig.token(|_, _| ());
    let public = serde_json::to_value(rig.key.verifying_key().to_jwk()).unwrap();
    for (name, value, reason) in [
        ("use", json!("enc"), KeyError::WrongPurpose),
        ("key_ops", json!(["encrypt"]), KeyError::WrongPurpose),
        ("alg", json!("RS256"), KeyError::WrongType),
        ("alg", json!("RSA-OAEP"), KeyError::Unsupported),
    ] {
        let mut jwk = public.clone();
        jwk[name] = value;
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        let theirs = DecodingKey::from_jwk(&jwk).unwrap();
        let validation = strict(jsonwebtoken::Algorithm::EdDSA);
        assert_eq!(crate::strict::refusal(&theirs, &validation, &good), None);
        assert_eq!(verifying_key_of_jwk(&jwk).err(), Some(reason), "{name}");
    }
}
