//! Several issuers in one verifier: each by its own keys, on its own terms.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::jwt::{NewToken, TokenError, TokenIssuer};
use auth_core::key::{Algorithm, Backend, KeySet, KeySource, SigningKey, Unavailable};
use auth_core::revocation::{Revocation, RevocationView, Target};
use auth_core::verifier::{
    TrustedIssuer, Verifier, VerifierBuildError, VerifierBuilder, VerifyError,
};
use auth_core::{
    Audience, ClientId, Issuer, ManualClock, Scope, SessionId, SystemRandom, TenantId, Timestamp,
    UserId,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{NOW, claims, compact, header, object, private, sign, text};

const A: &str = "https://a.example";
const B: &str = "https://b.example";

fn issuer(name: &str) -> Issuer {
    Issuer::new(name).unwrap()
}

fn audience() -> Audience {
    Audience::new("https://api.example").unwrap()
}

fn set(key: &SigningKey, backend: Backend) -> Arc<KeySet> {
    let public = key.verifying_key().clone().with_backend(backend).unwrap();
    Arc::new(KeySet::new([public]).unwrap())
}

fn trusted(name: &str, keys: Arc<dyn KeySource>) -> TrustedIssuer {
    TrustedIssuer::new(&issuer(name), &audience(), keys).without_revocations()
}

fn begin(name: &str, keys: Arc<dyn KeySource>) -> VerifierBuilder {
    let now = Timestamp::from_unix_seconds(NOW);
    Verifier::builder(&issuer(name), &audience(), keys)
        .without_revocations()
        .with_clock(Arc::new(ManualClock::at(now)))
}

/// Claims to be by `name`, and is signed by `key`.
fn token(name: impl Into<Value>, key: &SigningKey) -> String {
    token_with(key, json!({ "iss": name.into() }))
}

fn token_with(key: &SigningKey, own: Value) -> String {
    let mut claims = claims();
    claims.extend(object(own));
    let public = key.verifying_key();
    let mut header = header(public.algorithm().as_str());
    header.insert("kid".to_owned(), json!(public.kid()));
    compact(text(header), text(claims), |m| sign(key, m))
}

fn reason(verifier: &Verifier, token: &str) -> TokenError {
    match verifier.verify_now(token) {
        Err(VerifyError::Invalid(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// 26: by every algorithm beside every other, under one key id and two.
#[test]
fn c26_a_key_of_one_issuer_never_verifies_a_token_of_another() {
    for &backend in Backend::ALL {
        for &algorithm in Algorithm::ALL {
            // The RSA test key is one: beside it stands another type's.
            let other = match algorithm {
                Algorithm::EdDsa | Algorithm::Es256 => algorithm,
                _ => Algorithm::EdDsa,
            };
            for kid in ["ours", "theirs"] {
                let a = private(algorithm);
                let b = private(other).with_kid(kid).unwrap();
                let verifier = begin(A, set(&a, backend))
                    .with_issuer(trusted(B, set(&b, backend)))
                    .build()
                    .unwrap();
                for _ in 0..2 {
                    let by_a = verifier.verify_now(&token(A, &a)).unwrap();
                    let by_b = verifier.verify_now(&token(B, &b)).unwrap();
                    assert_eq!((by_a.issuer(), by_b.issuer()), (A, B));
                    for crossed in [token(B, &a), token(A, &b)] {
                        assert!(verifier.verify_now(&crossed).is_err(), "{algorithm} {kid}");
                    }
                }
                if kid == "ours" && algorithm == other {
                    assert_eq!(reason(&verifier, &token(B, &a)), TokenError::Signature);
                }
            }
        }
    }
}

/// 26: not if the other is not among them, either.
#[test]
fn c26_alone_neither_accepts_the_others_token() {
    for &backend in Backend::ALL {
        let key = private(Algorithm::EdDsa);
        let verifier = begin(A, set(&key, backend)).build().unwrap();
        assert!(verifier.verify_now(&token(A, &key)).is_ok());
        assert_eq!(reason(&verifier, &token(B, &key)), TokenError::Issuer);
    }
}

/// Whoever has a key of both can say to be either, and is taken at its word
/// and on that one's terms.
#[test]
fn c26_a_key_that_two_issuers_have_is_judged_by_the_one_that_is_named() {
    for &backend in Backend::ALL {
        let key = private(Algorithm::EdDsa);
        let theirs = trusted(B, set(&key, backend)).with_types(["JWT"]);
        let verifier = begin(A, set(&key, backend))
            .with_issuer(theirs)
            .build()
            .unwrap();
        let identity = verifier.verify_now(&token(A, &key)).unwrap();
        assert_eq!(identity.issuer(), A);
        assert_eq!(reason(&verifier, &token(B, &key)), TokenError::Type);
    }
}

/// 25: byte for byte, and once.
#[test]
fn c25_c14_the_issuer_is_one_exact_text() {
    for &backend in Backend::ALL {
        let key = private(Algorithm::EdDsa);
        let verifier = begin(A, set(&key, backend))
            .with_issuer(trusted(B, set(&key, backend)))
            .build()
            .unwrap();
        for other in [
            json!("https://b.example/"),
            json!("https://B.example"),
            json!("https://b.exampl"),
            json!("https://b.example\0"),
            json!(""),
            json!("b.example"),
        ] {
            assert_eq!(reason(&verifier, &token(other, &key)), TokenError::Issuer);
        }
        for odd in [
            json!([B]),
            json!([A, B]),
            json!({ "iss": B }),
            json!(null),
            json!(1),
        ] {
            let malformed = reason(&verifier, &token(odd, &key));
            assert_eq!(malformed, TokenError::Malformed("JSON"));
        }
        let mut nameless = claims();
        nameless.remove("iss");
        let nested = json!({ "iss": B });
        nameless.insert("x".to_owned(), nested);
        let nameless = compact(text(header("EdDSA")), text(nameless), |m| sign(&key, m));
        let missing = TokenError::MissingClaim("iss".to_owned());
        assert_eq!(reason(&verifier, &nameless), missing);
        let payload = text(claims());
        for (first, second) in [(A, B), (B, A), (A, A)] {
            for name in ["iss", "\\u0069ss"] {
                let twice = payload.replace("https://auth.example", first).replacen(
                    '{',
                    &format!("{{\"{name}\":\"{second}\","),
                    1,
                );
                let twice = compact(text(header("EdDSA")), twice, |m| sign(&key, m));
                assert_eq!(reason(&verifier, &twice), TokenError::DuplicateName);
            }
        }
        let escaped = payload.replace("https://auth.example", "https:\\/\\/b.ex\\u0061mple");
        let escaped = compact(text(header("EdDSA")), escaped, |m| sign(&key, m));
        assert_eq!(verifier.verify_now(&escaped).unwrap().issuer(), B);
    }
}

/// Keys that can be asked for, and how often they were.
#[derive(Debug)]
struct Asked {
    known: Mutex<KeySet>,
    next: Result<KeySet, Unavailable>,
    times: AtomicUsize,
}

impl Asked {
    fn new(next: Result<&SigningKey, Unavailable>) -> Arc<Self> {
        Arc::new(Self {
            known: Mutex::default(),
            next: next.map(|key| KeySet::clone(&set(key, Backend::default()))),
            times: AtomicUsize::new(0),
        })
    }

    fn times(&self) -> usize {
        self.times.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeySource for Asked {
    fn keys(&self) -> KeySet {
        self.known.lock().unwrap().clone()
    }

    fn epoch(&self) -> u64 {
        self.times.load(Ordering::SeqCst) as u64
    }

    async fn refresh(&self, _unknown: &str) -> Result<(), Unavailable> {
        let mut known = self.known.lock().unwrap();
        self.times.fetch_add(1, Ordering::SeqCst);
        *known = self.next.clone()?;
        Ok(())
    }
}

#[tokio::test]
async fn c26_an_unknown_key_is_asked_of_the_issuer_that_is_named_alone() {
    let (a, b) = (private(Algorithm::EdDsa), private(Algorithm::Es256));
    let (of_a, of_b) = (Asked::new(Ok(&a)), Asked::new(Ok(&b)));
    let verifier = begin(A, of_a.clone())
        .with_issuer(trusted(B, of_b.clone()))
        .build()
        .unwrap();
    assert!(verifier.verify(&token(B, &b)).await.is_ok());
    assert_eq!((of_a.times(), of_b.times()), (0, 1));
    // A key of A's, said to be B's, is asked of B.
    let crossed = a.with_kid("other").unwrap();
    let verdict = verifier.verify(&token(B, &crossed)).await;
    assert!(matches!(
        verdict,
        Err(VerifyError::Invalid(TokenError::UnknownKey))
    ));
    assert_eq!((of_a.times(), of_b.times()), (0, 2));
    let a = crossed.with_kid("ours").unwrap();
    assert!(verifier.verify(&token(A, &a)).await.is_ok());
    assert_eq!((of_a.times(), of_b.times()), (1, 2));
}

#[tokio::test]
async fn c54_an_issuer_that_cannot_be_asked_stops_no_other() {
    let (a, b) = (private(Algorithm::EdDsa), private(Algorithm::EdDsa));
    let verifier = begin(A, Asked::new(Err(Unavailable)))
        .with_issuer(trusted(B, Asked::new(Ok(&b))))
        .build()
        .unwrap();
    let verdict = verifier.verify(&token(A, &a)).await;
    assert!(matches!(verdict, Err(VerifyError::Unavailable(_))));
    assert!(verifier.verify(&token(B, &b)).await.is_ok());
}

/// 25: neither cryptography nor I/O is spent on it, by one issuer or by two.
#[tokio::test]
async fn c25_a_token_of_an_unknown_issuer_asks_for_nothing() {
    let key = private(Algorithm::EdDsa);
    let (of_a, of_b) = (Asked::new(Ok(&key)), Asked::new(Ok(&key)));
    let one = begin(A, of_a.clone()).build().unwrap();
    let two = begin(A, of_a.clone())
        .with_issuer(trusted(B, of_b.clone()))
        .build()
        .unwrap();
    let stranger = token("https://stranger.example", &key);
    // A signature that is not even base64url would be malformed.
    let unsigned = format!("{}.!", stranger.rsplit_once('.').unwrap().0);
    for verifier in [one, two] {
        for token in [&stranger, &unsigned] {
            let verdict = verifier.verify(token).await;
            assert!(matches!(
                verdict,
                Err(VerifyError::Invalid(TokenError::Issuer))
            ));
        }
    }
    assert_eq!((of_a.times(), of_b.times()), (0, 0));
}

#[test]
fn an_issuer_that_stands_twice_or_is_unsaid_is_refused_by_name() {
    let keys = || Arc::new(KeySet::default());
    let twice = begin(A, keys())
        .with_issuer(trusted(B, keys()))
        .with_issuer(trusted(A, keys()));
    let error = twice.build().unwrap_err();
    assert_eq!(error, VerifierBuildError::DuplicateIssuer(issuer(A)));
    assert!(error.to_string().contains(A));
    let twice = begin(A, keys())
        .with_issuer(trusted(B, keys()))
        .with_issuer(trusted(B, keys()));
    let error = twice.build().unwrap_err();
    assert_eq!(error, VerifierBuildError::DuplicateIssuer(issuer(B)));
    let unsaid = TrustedIssuer::new(&issuer(B), &audience(), keys());
    let error = begin(A, keys()).with_issuer(unsaid).build().unwrap_err();
    assert_eq!(error, VerifierBuildError::RevocationsUnsaid(issuer(B)));
    let names = |count: usize| (0..count).map(|n| format!("own{n}")).collect::<Vec<_>>();
    for (count, built) in [(63, true), (64, false)] {
        let many = trusted(B, keys()).with_required_claims(names(count));
        let error = begin(A, keys()).with_issuer(many).build().err();
        let wanted = VerifierBuildError::RequiredClaims(issuer(B));
        assert_eq!(error, (!built).then_some(wanted));
    }
}

#[test]
fn a_verifier_names_its_issuers_its_own_first() {
    let keys = || Arc::new(KeySet::default());
    let names = ["https://d.example", "https://c.example", A];
    let begun = begin(B, keys());
    let verifier = names
        .iter()
        .fold(begun, |begun, name| {
            begun.with_issuer(trusted(name, keys()))
        })
        .build()
        .unwrap();
    assert_eq!(verifier.issuer(), B);
    let mut all: Vec<_> = verifier.issuers().collect();
    assert_eq!(all.remove(0), B);
    assert_eq!(all, [A, "https://c.example", "https://d.example"]);
}

#[test]
fn each_issuer_has_its_own_terms() {
    for &backend in Backend::ALL {
        let (a, b) = (private(Algorithm::EdDsa), private(Algorithm::Es256));
        let theirs = TrustedIssuer::new(
            &issuer(B),
            &Audience::new("https://other.example").unwrap(),
            set(&b, backend),
        )
        .with_required_claims(["plan"])
        .with_max_lifetime(Duration::from_secs(60))
        .without_revocations();
        let verifier = begin(A, set(&a, backend))
            .with_issuer(theirs.clone())
            .build()
            .unwrap();
        let good = json!({
            "iss": B, "aud": "https://other.example", "plan": 1, "exp": NOW + 60, "jti": "x",
        });
        assert!(verifier.verify_now(&token(A, &a)).is_ok());
        assert!(verifier.verify_now(&token_with(&b, good.clone())).is_ok());
        let but = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            reason(&verifier, &token_with(&b, claims))
        };
        assert_eq!(
            but("aud", json!("https://api.example")),
            TokenError::Audience
        );
        assert_eq!(but("exp", json!(NOW + 61)), TokenError::Lifetime);
        let planless = token_with(&b, json!({ "iss": B, "aud": "https://other.example" }));
        let missing = TokenError::MissingClaim("plan".to_owned());
        assert_eq!(reason(&verifier, &planless), missing);
        // What B's tokens may be for, A's may not.
        let crossed = token_with(&a, json!({ "iss": A, "aud": "https://other.example" }));
        assert_eq!(reason(&verifier, &crossed), TokenError::Audience);
        let strict = begin(A, set(&a, backend))
            .with_issuer(theirs.with_algorithms([Algorithm::EdDsa]))
            .build()
            .unwrap();
        let refused = reason(&strict, &token_with(&b, good.clone()));
        assert_eq!(refused, TokenError::Algorithm);
    }
}

fn session() -> SessionId {
    "01890a5d-ac96-774b-bcce-b302099a8058".parse().unwrap()
}

fn standing(name: &str) -> Value {
    json!({
        "iss": name, "sid": session(), "tid": TenantId::DEFAULT, "ver": 1, "tver": 1,
    })
}

/// Tenant and session ids are each issuer's own: the default tenant of one is
/// not the default tenant of another.
#[test]
fn a_revocation_of_one_issuer_neither_kills_nor_spares_anothers_tokens() {
    let (tenant, session) = (TenantId::DEFAULT, session());
    let user: UserId = claims()["sub"].as_str().unwrap().parse().unwrap();
    let targets = [
        Target::Session { tenant, session },
        Target::User {
            tenant,
            user,
            floor: 2,
        },
        Target::Tenant { tenant, floor: 2 },
    ];
    for &backend in Backend::ALL {
        for target in targets {
            for revoked in [A, B] {
                let (a, b) = (private(Algorithm::EdDsa), private(Algorithm::EdDsa));
                let views = [(A, RevocationView::new()), (B, RevocationView::new())];
                let verifier = begin(A, set(&a, backend))
                    .with_revocations(views[0].1.clone())
                    .with_issuer(trusted(B, set(&b, backend)).with_revocations(views[1].1.clone()))
                    .build()
                    .unwrap();
                let tokens = [
                    (A, token_with(&a, standing(A))),
                    (B, token_with(&b, standing(B))),
                ];
                for (_, token) in &tokens {
                    assert!(verifier.verify_now(token).is_ok());
                }
                let revocation = Revocation {
                    target,
                    expires_at: Timestamp::MAX,
                };
                for (name, view) in &views {
                    if *name == revoked {
                        view.raise(&revocation, Timestamp::from_unix_seconds(NOW));
                    }
                }
                for (name, token) in &tokens {
                    let verdict = verifier.verify_now(token);
                    let dead = matches!(verdict, Err(VerifyError::Revoked));
                    assert_eq!(dead, *name == revoked, "{name} {target:?}");
                    assert_eq!(verdict.is_ok(), *name != revoked);
                }
            }
        }
    }
}

#[test]
fn one_view_is_not_two_issuers() {
    let view = RevocationView::new();
    let keys = || Arc::new(KeySet::default());
    let build = |other: RevocationView| {
        begin(A, keys())
            .with_revocations(view.clone())
            .with_issuer(trusted(B, keys()).with_revocations(other))
            .build()
            .err()
    };
    let shared = VerifierBuildError::SharedView(issuer(B));
    assert_eq!(build(view.clone()), Some(shared));
    assert_eq!(build(RevocationView::new()), None);
}

/// B can write any id into its tokens, that of a user of A's too.
#[test]
fn an_id_that_another_issuer_writes_is_no_id_of_ours() {
    for &backend in Backend::ALL {
        let (a, b) = (private(Algorithm::EdDsa), private(Algorithm::EdDsa));
        let verifier = begin(A, set(&a, backend))
            .with_issuer(trusted(B, set(&b, backend)))
            .build()
            .unwrap();
        let own = verifier.verify_now(&token_with(&a, standing(A))).unwrap();
        assert!(own.user().is_some() && own.tenant().is_some());
        assert_eq!(own.session(), Some(session()));
        let foreign = verifier.verify_now(&token_with(&b, standing(B))).unwrap();
        assert_eq!(foreign.subject(), own.subject());
        assert_ne!(foreign.issuer(), own.issuer());
        assert_eq!((foreign.user(), foreign.tenant()), (None, None));
        assert_eq!(foreign.session(), None);
        // What it says can be read where it is plain that B says it.
        assert_eq!(foreign.registered().session(), Some(session()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// 37: what is issued is what is verified, by the one of many that issued
    /// it, with all claims.
    #[test]
    fn c37_verify_of_issue_is_identity_among_several_issuers(
        count in 1..6_usize,
        chosen in any::<prop::sample::Index>(),
        client in "[ -~]{1,40}",
        scopes in prop::collection::btree_set("[a-z:]{1,12}", 0..5),
        amr in prop::collection::vec("\\PC{0,10}", 0..3),
        roles in prop::collection::vec(".{0,10}", 0..4),
        versions in any::<(i64, i64)>(),
        ids in any::<(u128, u128, u128)>(),
        ago in 0..100_000_i64,
        own in prop::collection::btree_map("own.{0,12}", ".{0,20}", 0..4),
    ) {
        let names: Vec<_> = (0..count).map(|n| format!("https://{n}.example")).collect();
        let chosen = chosen.index(count);
        for &backend in Backend::ALL {
            let keys: Vec<_> = names.iter().map(|_| private(Algorithm::EdDsa)).collect();
            let others = names.iter().zip(&keys).skip(1);
            let verifier = others
                .fold(begin(&names[0], set(&keys[0], backend)), |begun, (name, key)| {
                    begun.with_issuer(trusted(name, set(key, backend)))
                })
                .build()
                .unwrap();
            let now = Timestamp::from_unix_seconds(NOW);
            let client = ClientId::new(client.clone()).unwrap();
            let scope: Scope = scopes.iter().cloned().collect::<Vec<_>>().join(" ").parse().unwrap();
            let custom: Map<String, Value> = own
                .iter()
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect();
            let uuid = uuid::Uuid::from_u128;
            let new = NewToken {
                subject: UserId::from_uuid(uuid(ids.0)),
                tenant: TenantId::from_uuid(uuid(ids.1)),
                session: SessionId::from_uuid(uuid(ids.2)),
                client: &client,
                scope: &scope,
                user_version: versions.0,
                tenant_version: versions.1,
                amr: &amr,
                auth_time: Timestamp::from_unix_seconds(NOW - ago),
                roles: &roles,
                custom: &custom,
                now,
            };
            let tokens = TokenIssuer::new(issuer(&names[chosen]), audience(), Duration::from_secs(300));
            let issued = tokens.issue(&keys[chosen], &new, &SystemRandom::new()).unwrap();
            let identity = verifier.verify_now(issued.expose()).unwrap();
            let read = identity.registered();
            prop_assert_eq!(identity.issuer(), &names[chosen]);
            prop_assert_eq!(identity.user(), (chosen == 0).then_some(new.subject));
            prop_assert_eq!(read.subject(), new.subject.to_string());
            prop_assert_eq!(read.audience(), ["https://api.example"]);
            prop_assert_eq!(read.tenant(), Some(new.tenant));
            prop_assert_eq!(read.session(), Some(new.session));
            prop_assert_eq!(read.client(), Some(client.as_str()));
            prop_assert_eq!(read.scope(), &scope);
            prop_assert_eq!(read.amr(), amr.clone());
            prop_assert_eq!(read.roles(), &roles[..]);
            prop_assert_eq!((read.user_version(), read.tenant_version()), (Some(versions.0), Some(versions.1)));
            prop_assert_eq!(read.auth_time(), Some(new.auth_time));
            prop_assert_eq!((read.issued_at(), read.not_before()), (Some(now), None));
            prop_assert_eq!(read.expires_at(), issued.expires_at());
            let all = identity.claims::<Map<String, Value>>().unwrap();
            for (name, value) in &custom {
                prop_assert_eq!(&all[name], value);
            }
        }
    }
}
