//! Tokens through the verifier, good and bad. Numbers are those of the
//! security checklist in SECURITY.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::jwt::{NewToken, TokenError, TokenIssuer};
use auth_core::key::{Algorithm, Backend, KeySet, KeySource, SigningKey, Unavailable};
use auth_core::revocation::{Revocation, RevocationView, Target};
use auth_core::verifier::{Verifier, VerifierBuildError, VerifyError};
use auth_core::{
    Audience, ClientId, Clock, Issuer, ManualClock, Scope, SessionId, SystemRandom, TenantId,
    Timestamp, UserId,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::signature::Ed25519KeyPair;
use serde_json::{Map, Value, json};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

struct Rig {
    key: SigningKey,
    clock: Arc<ManualClock>,
    view: RevocationView,
    verifier: Verifier,
    /// The same on the other backends.
    others: Vec<Verifier>,
}

fn issuer() -> Issuer {
    Issuer::new("https://auth.example").unwrap()
}

fn audience() -> Audience {
    Audience::new("https://api.example").unwrap()
}

fn rig() -> Rig {
    let key = SigningKey::generate(&SystemRandom::new()).unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let view = RevocationView::new();
    let on = |backend| {
        let public = key.verifying_key().clone().with_backend(backend).unwrap();
        let keys = KeySet::new([public]).unwrap();
        Verifier::builder(&issuer(), &audience(), Arc::new(keys))
            .with_revocations(view.clone())
            .with_clock(clock.clone())
            .build()
            .unwrap()
    };
    let verifier = on(Backend::default());
    let others = Backend::ALL.iter().copied().map(on).collect();
    Rig {
        key,
        clock,
        view,
        verifier,
        others,
    }
}

impl Rig {
    fn header(&self) -> Value {
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": self.key.verifying_key().kid() })
    }

    fn sign(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(self.key.expose().expose()).unwrap();
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = encode(pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A good token but for what `change` does to its claims.
    fn with_claims(&self, change: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut claims = claims();
        change(&mut claims);
        self.sign(self.header().to_string(), Value::Object(claims).to_string())
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        self.with_claims(|claims| drop(claims.insert(name.to_owned(), value)))
    }

    /// A good token but for what `change` does to its header.
    fn with_header(&self, name: &str, value: Value) -> String {
        let mut header = self.header();
        header[name] = value;
        self.sign(header.to_string(), Value::Object(claims()).to_string())
    }

    /// Why every backend refuses it.
    fn reason(&self, token: &str) -> Option<TokenError> {
        let reason = |verifier: &Verifier| match verifier.verify_now(token) {
            Ok(_) => None,
            Err(VerifyError::Invalid(reason)) => Some(reason),
            Err(other) => panic!("{other:?}"),
        };
        let first = reason(&self.verifier);
        for other in &self.others {
            assert_eq!(reason(other), first);
        }
        first
    }

    /// Whether any backend does.
    fn accepts(&self, token: &str) -> bool {
        let mut verifiers = self.others.iter().chain([&self.verifier]);
        verifiers.any(|verifier| verifier.verify_now(token).is_ok())
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn claims() -> Map<String, Value> {
    let Value::Object(claims) = json!({
        "iss": "https://auth.example",
        "sub": "01890a5d-ac96-774b-bcce-b302099a8057",
        "aud": "https://api.example",
        "exp": 1_800_000_300,
        "iat": 1_800_000_000,
        "jti": "AAAAAAAAAAAAAAAAAAAAAA",
        "client_id": "first-party",
        "sid": "01890a5d-ac96-774b-bcce-b302099a8058",
        "scope": "read write",
        "tid": "00000000-0000-0000-0000-000000000000",
        "ver": 3,
        "tver": 0,
    }) else {
        unreachable!()
    };
    claims
}

#[test]
fn a_good_token_is_accepted() {
    let rig = rig();
    assert_eq!(rig.reason(&rig.with_claims(|_| {})), None);
    let identity = rig.verifier.verify_now(&rig.with_claims(|_| {})).unwrap();
    assert_eq!(identity.subject(), "01890a5d-ac96-774b-bcce-b302099a8057");
    assert!(identity.scope().contains("write"));
}

#[test]
fn c01_c03_c36_an_algorithm_that_is_not_the_keys_is_refused_before_any_crypto() {
    let rig = rig();
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "ES256", "RS256", "eddsa", "EdDSA ",
    ] {
        let reason = rig.reason(&rig.with_header("alg", json!(alg)));
        let refused = matches!(reason, Some(TokenError::Algorithm | TokenError::UnknownKey));
        assert!(refused, "{alg} {reason:?}");
    }
    for alg in [json!(null), json!(1), json!(["EdDSA"]), json!({})] {
        assert!(!rig.accepts(&rig.with_header("alg", alg)));
    }
    let unsigned = rig.with_claims(|_| {});
    let (signed, _) = unsigned.rsplit_once('.').unwrap();
    assert!(!rig.accepts(&format!("{signed}.")));
    assert_eq!(rig.reason(signed), Some(TokenError::NotAJws));
}

#[test]
fn c09_a_cut_or_lengthened_signature_is_refused() {
    let rig = rig();
    let token = rig.with_claims(|_| {});
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    for len in 0..signature.len() {
        assert!(
            !rig.accepts(&format!("{signed}.{}", encode(&signature[..len]))),
            "{len}"
        );
    }
    assert!(!rig.accepts(&format!(
        "{signed}.{}",
        encode([&signature[..], &[0]].concat())
    )));
    assert!(!rig.accepts(&format!("{signed}.{}", encode([0; 64]))));
}

#[test]
fn c10_keys_in_the_header_are_never_used() {
    let (rig, stranger) = (rig(), rig());
    let jwk = serde_json::to_value(stranger.key.verifying_key().to_jwk()).unwrap();
    let mut header = rig.header();
    header["jwk"] = jwk;
    header["jku"] = json!("https://evil.example/jwks.json");
    let payload = Value::Object(claims()).to_string();
    assert_eq!(
        rig.reason(&stranger.sign(header.to_string(), &payload)),
        Some(TokenError::Signature)
    );
}

#[test]
fn c11_a_key_id_is_only_ever_compared() {
    let rig = rig();
    for kid in ["../../etc/passwd", "' OR '1'='1", "a\r\nb", "\0", "", "*"] {
        let verdict = rig.verifier.verify_now(&rig.with_header("kid", json!(kid)));
        assert!(matches!(verdict, Err(VerifyError::Undecided(_))), "{kid}");
    }
    assert_eq!(
        rig.reason(&rig.with_header("kid", json!("k".repeat(5000)))),
        Some(TokenError::UnknownKey)
    );
    for kid in [json!(1), json!(null), json!(["a"])] {
        assert!(matches!(
            rig.reason(&rig.with_header("kid", kid)),
            Some(TokenError::Malformed(_))
        ));
    }
}

#[test]
fn c12_c13_no_extension_is_critical() {
    let rig = rig();
    for crit in [
        json!(["b64"]),
        json!(["exp"]),
        json!([]),
        json!("b64"),
        json!(null),
    ] {
        assert_eq!(
            rig.reason(&rig.with_header("crit", crit)),
            Some(TokenError::Critical)
        );
    }
    assert_eq!(
        rig.reason(&rig.with_header("b64", json!(false))),
        Some(TokenError::Critical)
    );
}

#[test]
fn c14_no_name_stands_twice() {
    let rig = rig();
    let payload = Value::Object(claims()).to_string();
    let header = rig.header().to_string();
    for twice in [r#""sub":"x""#, r#""\u0065xp":9999999999"#, r#""x":1,"x":1"#] {
        let doubled = format!("{{{twice},{}", &payload[1..]);
        assert_eq!(
            rig.reason(&rig.sign(&header, &doubled)),
            Some(TokenError::DuplicateName)
        );
    }
    let doubled = format!(r#"{{"alg":"EdDSA",{}"#, &header[1..]);
    assert_eq!(
        rig.reason(&rig.sign(&doubled, &payload)),
        Some(TokenError::DuplicateName)
    );
}

#[test]
fn c15_c16_only_the_compact_form_in_its_alphabet_is_a_token() {
    let rig = rig();
    let token = rig.with_claims(|_| {});
    for odd in [
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}="),
        token.replacen('.', "=.", 1),
        token.replacen('.', "..", 1),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.x.y"),
        token.replace('.', "%2e"),
        String::new(),
        "..".to_owned(),
        ".".to_owned(),
        "{\"payload\":\"\"}".to_owned(),
        "é.é.é".to_owned(),
    ] {
        assert!(!rig.accepts(&odd), "{odd}");
    }
    assert_eq!(rig.reason("a.b.c.d.e"), Some(TokenError::NotAJws));
}

#[test]
fn c17_header_and_payload_are_one_json_object_each() {
    let rig = rig();
    let header = rig.header().to_string();
    let payload = Value::Object(claims()).to_string();
    for bad in [
        "",
        "1",
        "[]",
        "null",
        "\"x\"",
        &format!("\u{feff}{payload}"),
        &format!("{payload}{{}}"),
    ] {
        assert!(!rig.accepts(&rig.sign(&header, bad)), "{bad}");
        assert!(!rig.accepts(&rig.sign(bad, &payload)), "{bad}");
    }
    for bad in [
        &b"{\"a\":\"\xc0\xaf\"}"[..],
        b"\xff\xfe{\0}\0",
        b"{\"a\":\"\xed\xa0\x80\"}",
    ] {
        assert!(!rig.accepts(&rig.sign(&header, bad)), "{bad:?}");
        assert!(!rig.accepts(&rig.sign(bad, &payload)), "{bad:?}");
    }
}

#[test]
fn c18_c19_size_and_depth_are_bounded() {
    let rig = rig();
    let long = rig.with_claim("x", json!("y".repeat(9000)));
    assert_eq!(rig.reason(&long), Some(TokenError::TooLong));
    assert_eq!(rig.reason(&".".repeat(9000)), Some(TokenError::TooLong));
    assert_eq!(rig.reason(&".".repeat(8000)), Some(TokenError::NotAJws));
    let deep = format!(r#"{{"alg":{}1{}}}"#, "[".repeat(2500), "]".repeat(2500));
    assert!(!rig.accepts(&rig.sign(&deep, "{}")));
    let deep = format!(
        r#"{{"x":{}1{},"alg":"EdDSA"}}"#,
        "[".repeat(2500),
        "]".repeat(2500)
    );
    assert!(!rig.accepts(&rig.sign(&deep, "{}")));
}

#[test]
fn c20_c21_c22_c23_times_are_checked_to_the_second() {
    let rig = rig();
    let at = |name: &str, value: Value| rig.reason(&rig.with_claim(name, value));
    let now = NOW.unix_seconds();
    assert_eq!(at("exp", json!(now + 1)), None);
    assert_eq!(at("exp", json!(now)), Some(TokenError::Expired));
    assert_eq!(at("exp", json!(0)), Some(TokenError::Expired));
    assert_eq!(at("exp", json!(-1)), Some(TokenError::Expired));
    assert_eq!(at("nbf", json!(now)), None);
    assert_eq!(at("nbf", json!(now + 1)), Some(TokenError::NotYetValid));
    assert_eq!(
        at("nbf", json!(1_800_000_000.5)),
        Some(TokenError::NotYetValid)
    );
    assert_eq!(at("iat", json!(now + 1)), Some(TokenError::NotYetValid));
    assert_eq!(at("exp", json!(now + 3601)), Some(TokenError::Lifetime));
    for name in ["exp", "iat", "nbf"] {
        for bad in [
            json!("1800000300"),
            json!(null),
            json!([1]),
            json!(true),
            json!(1e300),
        ] {
            assert!(at(name, bad.clone()).is_some(), "{name} {bad}");
        }
    }
    rig.clock.advance(Duration::from_secs(300));
    assert_eq!(at("x", json!(1)), Some(TokenError::Expired));
}

#[test]
fn c24_leeway_is_capped() {
    let keys = Arc::new(KeySet::default());
    let build = |leeway| {
        Verifier::builder(&issuer(), &audience(), keys.clone())
            .without_revocations()
            .with_leeway(leeway)
            .build()
            .err()
    };
    assert_eq!(build(Duration::from_secs(60)), None);
    assert_eq!(
        build(Duration::from_secs(61)),
        Some(VerifierBuildError::Leeway)
    );
    assert_eq!(build(Duration::MAX), Some(VerifierBuildError::Leeway));
}

#[test]
fn c25_c27_c28_c34_issuer_audience_and_subject_are_exact_and_required() {
    let rig = rig();
    for iss in [
        json!("https://auth.example/"),
        json!("https://AUTH.example"),
        json!(["https://auth.example"]),
        json!(""),
    ] {
        assert!(rig.reason(&rig.with_claim("iss", iss)).is_some());
    }
    for aud in [
        json!("https://api.example/"),
        json!([]),
        json!(1),
        json!(null),
        json!({}),
        json!(["x", 1]),
    ] {
        assert!(rig.reason(&rig.with_claim("aud", aud)).is_some());
    }
    assert_eq!(
        rig.reason(&rig.with_claim("aud", json!(["other", "https://api.example"]))),
        None
    );
    for name in [
        "iss", "sub", "aud", "exp", "iat", "jti", "sid", "tid", "ver", "tver",
    ] {
        let without = rig.with_claims(|claims| drop(claims.remove(name)));
        assert_eq!(
            rig.reason(&without),
            Some(TokenError::MissingClaim(name.to_owned()))
        );
    }
    for sub in [json!(""), json!(1), json!(null), json!("not-a-user")] {
        assert!(rig.reason(&rig.with_claim("sub", sub)).is_some());
    }
}

#[test]
fn c30_c33_only_access_tokens_are_access_tokens() {
    let rig = rig();
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert!(rig.accepts(&rig.with_header("typ", json!(typ))), "{typ}");
    }
    for typ in [
        json!("JWT"),
        json!("id+jwt"),
        json!("at+jwt "),
        json!(""),
        json!(1),
        json!(null),
    ] {
        assert!(!rig.accepts(&rig.with_header("typ", typ)));
    }
    let mut header = rig.header();
    header.as_object_mut().unwrap().remove("typ");
    let token = rig.sign(header.to_string(), Value::Object(claims()).to_string());
    assert_eq!(rig.reason(&token), Some(TokenError::Type));
}

#[test]
fn c38_a_bound_token_is_no_bearer_token() {
    let rig = rig();
    let bound = rig.with_claim(
        "cnf",
        json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }),
    );
    assert_eq!(rig.reason(&bound), Some(TokenError::Bound));
}

#[test]
fn revoked_sessions_users_and_tenants_are_refused_and_others_are_not() {
    let rig = rig();
    let token = rig.with_claims(|_| {});
    let identity = rig.verifier.verify_now(&token).unwrap();
    let (tenant, user) = (TenantId::DEFAULT, identity.user().unwrap());
    let raise = |target| {
        rig.view.raise(
            &Revocation {
                target,
                expires_at: Timestamp::MAX,
            },
            NOW,
        );
    };

    raise(Target::User {
        tenant,
        user,
        floor: 3,
    });
    assert!(rig.accepts(&token));
    raise(Target::User {
        tenant,
        user,
        floor: 4,
    });
    assert!(matches!(
        rig.verifier.verify_now(&token),
        Err(VerifyError::Revoked)
    ));
    let newer = rig.with_claim("ver", json!(4));
    assert!(rig.accepts(&newer));
    raise(Target::Session {
        tenant,
        session: identity.session().unwrap(),
    });
    assert!(matches!(
        rig.verifier.verify_now(&newer),
        Err(VerifyError::Revoked)
    ));
}

/// A static set still has it; the view wins.
#[test]
fn what_a_revoked_key_has_signed_is_refused_and_stays_refused() {
    let rig = rig();
    let token = rig.with_claims(|_| {});
    assert!(rig.accepts(&token));
    let revoked = Revocation::of_key(rig.key.verifying_key().thumbprint());
    rig.view.raise(&revoked, Timestamp::MAX);
    assert!(matches!(
        rig.verifier.verify_now(&token),
        Err(VerifyError::Revoked)
    ));
}

/// The view knows keys by what they are; another name does not save one.
#[test]
fn a_revoked_key_under_another_name_is_the_same_key() {
    let rig = rig();
    let key = rig.key.verifying_key();
    let renamed = key.clone().with_kid("another").unwrap();
    assert_eq!(renamed.thumbprint(), key.thumbprint());
    let other = renamed.with_backend(Backend::default());
    assert_eq!(other.unwrap().thumbprint(), key.thumbprint());
    assert_eq!(key.thumbprint().to_string(), key.kid());
}

#[test]
fn a_verifier_without_a_word_about_revocations_is_not_built() {
    let built = Verifier::builder(&issuer(), &audience(), Arc::new(KeySet::default())).build();
    assert_eq!(
        built.err(),
        Some(VerifierBuildError::RevocationsUnsaid(issuer()))
    );
}

#[derive(Debug)]
struct Learns(std::sync::Mutex<KeySet>, Option<SigningKey>);

#[async_trait]
impl KeySource for Learns {
    fn keys(&self) -> KeySet {
        self.0.lock().unwrap().clone()
    }

    fn epoch(&self) -> u64 {
        u64::from(!self.keys().is_empty())
    }

    async fn refresh(&self, _unknown: &str) -> Result<(), Unavailable> {
        let key = self.1.as_ref().ok_or(Unavailable)?;
        *self.0.lock().unwrap() = KeySet::new([key.verifying_key().clone()]).unwrap();
        Ok(())
    }
}

fn learning(key: Option<SigningKey>) -> Verifier {
    Verifier::builder(
        &issuer(),
        &audience(),
        Arc::new(Learns(std::sync::Mutex::default(), key)),
    )
    .without_revocations()
    .with_clock(Arc::new(ManualClock::at(NOW)))
    .build()
    .unwrap()
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_and_decides() {
    let rig = rig();
    let token = rig.with_claims(|_| {});
    let same = SigningKey::from_pkcs8(rig.key.expose().expose(), Algorithm::EdDsa).unwrap();
    assert!(learning(Some(same)).verify(&token).await.is_ok());

    let other = SigningKey::generate(&SystemRandom::new()).unwrap();
    let verdict = learning(Some(other)).verify(&token).await;
    assert!(matches!(
        verdict,
        Err(VerifyError::Invalid(TokenError::UnknownKey))
    ));
}

/// 54: an outage must not look like a bad token.
#[tokio::test]
async fn c54_keys_that_cannot_be_asked_for_are_no_reason_to_say_no() {
    let verdict = learning(None).verify(&rig().with_claims(|_| {})).await;
    assert!(matches!(verdict, Err(VerifyError::Unavailable(_))));
    let rig = rig();
    let mut header = rig.header();
    header.as_object_mut().unwrap().remove("kid");
    let nameless = rig.sign(header.to_string(), Value::Object(claims()).to_string());
    let verdict = learning(None).verify(&nameless).await;
    assert!(matches!(verdict, Err(VerifyError::Unavailable(_))));
}

fn new_token<'a>(
    client: &'a ClientId,
    scope: &'a Scope,
    custom: &'a Map<String, Value>,
) -> NewToken<'a> {
    NewToken {
        subject: "01890a5d-ac96-774b-bcce-b302099a8057"
            .parse::<UserId>()
            .unwrap(),
        tenant: TenantId::DEFAULT,
        session: "01890a5d-ac96-774b-bcce-b302099a8058"
            .parse::<SessionId>()
            .unwrap(),
        client,
        scope,
        user_version: 3,
        tenant_version: 1,
        amr: &[],
        auth_time: NOW,
        roles: &[],
        custom,
        now: NOW + Duration::from_micros(999_999),
    }
}

const RESERVED: &str = "iss sub aud exp iat nbf jti client_id sid scope tid ver tver amr \
    auth_time roles cnf acr act may_act azp nonce groups entitlements";

#[test]
fn c37_own_claims_cannot_override_registered_ones() {
    let rig = rig();
    let tokens = TokenIssuer::new(issuer(), audience(), Duration::from_secs(300));
    for name in RESERVED.split_whitespace() {
        let custom = Map::from_iter([(name.to_owned(), json!("x"))]);
        let (client, scope) = (ClientId::default(), Scope::empty());
        let issued = tokens.issue(
            &rig.key,
            &new_token(&client, &scope, &custom),
            &SystemRandom::new(),
        );
        assert!(issued.is_err(), "{name}");
    }
}

#[test]
fn issued_tokens_live_for_95_to_100_percent_of_the_lifetime_and_are_not_from_the_future() {
    let rig = rig();
    let tokens = TokenIssuer::new(issuer(), audience(), Duration::from_secs(300));
    let (client, scope, custom) = (ClientId::default(), Scope::empty(), Map::new());
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..500 {
        let issued = tokens
            .issue(
                &rig.key,
                &new_token(&client, &scope, &custom),
                &SystemRandom::new(),
            )
            .unwrap();
        let identity = rig.verifier.verify_now(issued.expose()).unwrap();
        assert_eq!(identity.registered().issued_at(), Some(NOW));
        assert_eq!(identity.expires_at(), issued.expires_at());
        seen.insert(identity.expires_at().since(NOW).as_secs());
    }
    assert!(
        seen.iter().all(|lifetime| (285..=300).contains(lifetime)),
        "{seen:?}"
    );
    assert!(seen.len() > 10, "{seen:?}");
}

proptest! {
    /// 31: any single changed bit is noticed.
    #[test]
    fn c31_any_changed_bit_is_refused(position in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let rig = rig();
        let token = rig.with_claims(|_| {});
        let mut bytes = token.clone().into_bytes();
        let at = position.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(!rig.accepts(&changed), "{}", changed);
        }
    }

    /// 37: what is issued is what is verified.
    #[test]
    fn c37_verify_of_issue_is_identity(
        client in "[ -~]{1,40}",
        scopes in prop::collection::btree_set("[a-z:]{1,12}", 0..5),
        amr in prop::collection::vec("\\PC{0,10}", 0..3),
        roles in prop::collection::vec("\\PC{0,10}", 0..4),
        ver in any::<i64>(),
        tver in any::<i64>(),
        own in "\\PC{0,40}",
    ) {
        let rig = rig();
        let tokens = TokenIssuer::new(issuer(), audience(), Duration::from_secs(300));
        let client = ClientId::new(client).unwrap();
        let scope: Scope = scopes.into_iter().collect::<Vec<_>>().join(" ").parse().unwrap();
        let custom = Map::from_iter([("plan \"x\"".to_owned(), json!(own))]);
        let token = NewToken {
            user_version: ver,
            tenant_version: tver,
            amr: &amr,
            roles: &roles,
            ..new_token(&client, &scope, &custom)
        };
        let issued = tokens.issue(&rig.key, &token, &SystemRandom::new()).unwrap();
        let identity = rig.verifier.verify_now(issued.expose()).unwrap();
        let read = identity.registered();
        prop_assert_eq!(read.client(), Some(client.as_str()));
        prop_assert_eq!(read.scope(), &scope);
        prop_assert_eq!(&read.amr(), &amr);
        prop_assert_eq!(read.roles(), &roles[..]);
        prop_assert_eq!((read.user_version(), read.tenant_version()), (Some(ver), Some(tver)));
        prop_assert_eq!(identity.user(), Some(token.subject));
        prop_assert_eq!(identity.session(), Some(token.session));
        let own_claims = identity.claims::<Map<String, Value>>().unwrap();
        prop_assert_eq!(&own_claims["plan \"x\""], &json!(own));
    }
}

#[test]
fn debug_of_a_verifier_and_an_identity_shows_no_token() {
    let rig = rig();
    let token = rig.with_claims(|_| {});
    let identity = rig.verifier.verify_now(&token).unwrap();
    let undecided = rig
        .verifier
        .verify_now(&rig.with_header("kid", json!("other")))
        .unwrap_err();
    let shown = format!("{:?} {identity:?} {undecided:?}", rig.verifier);
    for part in token.split('.') {
        assert!(!shown.contains(part), "{shown}");
    }
    assert!(rig.clock.now().wall == NOW);
}
