//! API keys through the verifier: what is asked, and what is answered.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::api_key::{
    ApiKey, ApiKeyError, ApiKeyLookup, ApiKeyPrefix, ApiKeySecret, FormerSecret, InvalidApiKey,
    KnownApiKey,
};
use auth_core::key::{KeySet, SigningKey, Unavailable};
use auth_core::revocation::{Revocation, RevocationView, Target};
use auth_core::verifier::{Verifier, VerifyError};
use auth_core::{
    ApiKeyId, Audience, Code, Issuer, ManualClock, Requirement, SystemRandom, TenantId, Timestamp,
    UserId,
};
use serde_json::Map;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const SECOND: Duration = Duration::from_secs(1);

type Change = Box<dyn Fn() + Send + Sync>;

/// A look-up table, with what tests want to know of its use.
#[derive(Default)]
struct Table {
    rows: Mutex<HashMap<ApiKeyId, KnownApiKey>>,
    down: Mutex<bool>,
    asked: AtomicUsize,
    used: AtomicUsize,
    /// Done after a row was read and before it is answered.
    meanwhile: Mutex<Option<Change>>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Table")
    }
}

#[async_trait]
impl ApiKeyLookup for Table {
    async fn find(&self, id: ApiKeyId) -> Result<Option<Arc<KnownApiKey>>, Unavailable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if *self.down.lock().unwrap() {
            return Err(Unavailable);
        }
        let found = self.rows.lock().unwrap().get(&id).cloned().map(Arc::new);
        if let Some(change) = &*self.meanwhile.lock().unwrap() {
            change();
        }
        Ok(found)
    }

    fn used(&self, _key: &KnownApiKey) {
        self.used.fetch_add(1, Ordering::SeqCst);
    }
}

struct Rig {
    table: Arc<Table>,
    view: RevocationView,
    clock: Arc<ManualClock>,
    verifier: Verifier,
    key: ApiKey,
    known: KnownApiKey,
}

fn prefix() -> ApiKeyPrefix {
    "acme_live".parse().unwrap()
}

fn rig() -> Rig {
    rig_with(|_| {})
}

fn rig_with(change: impl FnOnce(&mut KnownApiKey)) -> Rig {
    let random = SystemRandom::new();
    let id = ApiKeyId::draw(NOW, &random).unwrap();
    let secret = ApiKeySecret::draw(&random).unwrap();
    let mut known = KnownApiKey {
        id,
        tenant: TenantId::DEFAULT,
        user: UserId::draw(NOW, &random).unwrap(),
        active: true,
        hash: secret.hash(id),
        former: None,
        expires_at: None,
        scope: "orders:read".parse().unwrap(),
        roles: vec!["clerk".to_owned()],
        user_version: 5,
        tenant_version: 3,
        last_used_at: None,
        custom: Map::new(),
    };
    change(&mut known);
    let table = Arc::new(Table::default());
    table.rows.lock().unwrap().insert(id, known.clone());
    let (view, clock) = (RevocationView::new(), Arc::new(ManualClock::at(NOW)));
    let signer = SigningKey::generate(&random).unwrap();
    let keys = KeySet::new([signer.verifying_key().clone()]).unwrap();
    let verifier = Verifier::builder(
        &Issuer::new("https://auth.example").unwrap(),
        &Audience::new("https://api.example").unwrap(),
        Arc::new(keys),
    )
    .with_revocations(view.clone())
    .with_api_keys(prefix(), table.clone())
    .with_clock(clock.clone())
    .build()
    .unwrap();
    Rig {
        key: ApiKey::encode(&prefix(), id, &secret),
        table,
        view,
        clock,
        verifier,
        known,
    }
}

impl Rig {
    async fn refused(&self) -> VerifyError {
        self.verifier.verify(self.key.expose()).await.unwrap_err()
    }

    async fn is_accepted(&self) -> bool {
        self.verifier.verify(self.key.expose()).await.is_ok()
    }

    fn asked(&self) -> usize {
        self.table.asked.load(Ordering::SeqCst)
    }

    fn of_user(&self, floor: i64) -> Target {
        Target::User {
            tenant: self.known.tenant,
            user: self.known.user,
            floor,
        }
    }
}

fn raise(view: &RevocationView, target: Target) {
    let expires_at = NOW + Duration::from_secs(1000);
    view.raise(&Revocation { target, expires_at }, NOW);
}

fn is(error: &VerifyError, wanted: ApiKeyError) -> bool {
    assert_eq!(error.code(), Code::InvalidToken);
    matches!(error, VerifyError::ApiKey(error) if *error == wanted)
}

#[tokio::test]
async fn a_key_says_what_a_token_of_its_user_would_and_that_it_is_a_key() {
    #[derive(serde::Deserialize)]
    struct Plan {
        plan: String,
    }
    let rig = rig_with(|known| {
        known.custom.insert("plan".to_owned(), "gold".into());
        // Not the application's to say.
        known
            .custom
            .insert("sub".to_owned(), "somebody else".into());
        known
            .custom
            .insert("auth_time".to_owned(), 1_799_999_999.into());
    });
    let identity = rig.verifier.verify(rig.key.expose()).await.unwrap();
    assert_eq!(identity.api_key(), Some(rig.known.id));
    assert_eq!(identity.user(), Some(rig.known.user));
    assert_eq!(identity.tenant(), Some(rig.known.tenant));
    assert_eq!(identity.issuer(), "https://auth.example");
    assert_eq!(identity.scope(), &rig.known.scope);
    assert_eq!(identity.roles(), ["clerk"]);
    assert_eq!(identity.expires_at(), Timestamp::MAX);
    assert_eq!(identity.claims::<Plan>().unwrap().plan, "gold");
    assert_eq!((identity.session(), identity.client()), (None, None));
    assert_eq!(identity.auth_time(), None);
    assert_eq!(rig.table.used.load(Ordering::SeqCst), 1);

    let allows = |wanted: Requirement| wanted.check(&identity, NOW).is_ok();
    assert!(allows(
        Requirement::scope("orders:read").unwrap().and_role("clerk")
    ));
    assert!(!allows(Requirement::scope("orders:write").unwrap()));
    let recent = Requirement::authenticated().and_logged_in_within(Duration::from_secs(3600));
    assert!(!allows(recent), "a key never logs in");
    let shown = format!("{identity:?}");
    assert!(shown.contains(&rig.known.id.to_string()), "{shown}");
}

#[tokio::test]
async fn what_is_no_key_is_refused_without_asking_anybody() {
    let rig = rig();
    let text = rig.key.expose();
    for (bad, reason) in [
        (text[..text.len() - 1].to_owned(), InvalidApiKey::Malformed),
        ("acme_live_".to_owned(), InvalidApiKey::Malformed),
        (
            format!("{}A", &text[..text.len() - 1]),
            InvalidApiKey::Checksum,
        ),
    ] {
        if bad == text {
            continue;
        }
        match rig.verifier.verify_now(&bad) {
            Err(VerifyError::ApiKey(ApiKeyError::Invalid(said))) => assert_eq!(said, reason),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rig.asked(), 0);
    // A token is a token, whatever it begins with.
    for token in ["acme_live_a.b.c", "acme_live", "acme_test_abc"] {
        assert!(matches!(
            rig.verifier.verify_now(token),
            Err(VerifyError::Invalid(_))
        ));
    }
}

#[tokio::test]
async fn to_ignore_that_a_key_is_undecided_is_to_reject_it() {
    let rig = rig();
    let undecided = rig.verifier.verify_now(rig.key.expose()).unwrap_err();
    assert_eq!(undecided.code(), Code::Unavailable);
    assert!(!format!("{undecided:?}").contains("acme_live"));
    assert_eq!(rig.asked(), 0);
}

#[tokio::test]
async fn unknown_wrong_disabled_and_expired_keys_are_invalid_and_an_outage_is_none() {
    let rig = rig();
    let (id, random) = (rig.known.id, SystemRandom::new());
    let other = ApiKeySecret::draw(&random).unwrap();
    let forged = ApiKey::encode(&prefix(), id, &other);
    let error = rig.verifier.verify(forged.expose()).await.unwrap_err();
    assert!(is(&error, ApiKeyError::Secret));
    let nobody = ApiKeyId::draw(NOW, &random).unwrap();
    let made_up = ApiKey::encode(&prefix(), nobody, &other);
    let error = rig.verifier.verify(made_up.expose()).await.unwrap_err();
    assert!(is(&error, ApiKeyError::Unknown));

    let set = |change: fn(&mut KnownApiKey)| {
        change(rig.table.rows.lock().unwrap().get_mut(&id).unwrap());
    };
    set(|known| known.active = false);
    assert!(is(&rig.refused().await, ApiKeyError::Inactive));
    set(|known| known.active = true);
    set(|known| known.expires_at = Some(NOW + SECOND));
    assert!(rig.is_accepted().await);
    rig.clock.advance(Duration::from_micros(999_999));
    assert!(rig.is_accepted().await);
    rig.clock.advance(Duration::from_micros(1));
    assert!(is(&rig.refused().await, ApiKeyError::Expired));

    *rig.table.down.lock().unwrap() = true;
    let error = rig.refused().await;
    assert!(matches!(error, VerifyError::Unavailable(_)));
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_former_secret_lives_for_its_overlap_and_no_longer() {
    let (random, mut former) = (SystemRandom::new(), None);
    let rig = rig_with(|known| {
        let secret = ApiKeySecret::draw(&random).unwrap();
        known.former = Some(FormerSecret {
            hash: secret.hash(known.id),
            until: NOW + SECOND,
        });
        former = Some(ApiKey::encode(&prefix(), known.id, &secret));
    });
    let former = former.unwrap();
    assert!(rig.verifier.verify(former.expose()).await.is_ok());
    assert!(rig.is_accepted().await);
    rig.clock.advance(SECOND);
    let error = rig.verifier.verify(former.expose()).await.unwrap_err();
    assert!(is(&error, ApiKeyError::Secret));
    assert!(rig.is_accepted().await);
}

#[tokio::test]
async fn a_key_that_this_process_revoked_is_dead_without_asking() {
    let rig = rig();
    let revoked = Target::ApiKey {
        tenant: rig.known.tenant,
        key: rig.known.id,
    };
    raise(&rig.view, revoked);
    let refused = rig.verifier.verify_now(rig.key.expose());
    assert!(matches!(refused, Err(VerifyError::Revoked)));
    assert_eq!(rig.asked(), 0);
}

/// The answer was read before the revocation, and arrives after it.
#[tokio::test]
async fn a_revocation_beside_a_look_up_is_not_missed() {
    let rig = rig();
    let (view, target) = (
        rig.view.clone(),
        Target::ApiKey {
            tenant: rig.known.tenant,
            key: rig.known.id,
        },
    );
    *rig.table.meanwhile.lock().unwrap() = Some(Box::new(move || raise(&view, target)));
    assert!(matches!(rig.refused().await, VerifyError::Revoked));
    assert_eq!(rig.table.used.load(Ordering::SeqCst), 0);
}

/// Log-out everywhere ends tokens; a key that is read again lives on.
#[tokio::test]
async fn what_was_read_before_its_user_moved_is_read_again() {
    let rig = rig();
    raise(&rig.view, rig.of_user(6));
    assert!(
        matches!(rig.refused().await, VerifyError::Unavailable(_)),
        "a look-up that stays behind what is known says neither yes nor no"
    );
    assert_eq!(rig.asked(), 2);
    let rows = &rig.table.rows;
    rows.lock()
        .unwrap()
        .get_mut(&rig.known.id)
        .unwrap()
        .user_version = 6;
    assert!(rig.is_accepted().await);
    assert_eq!(rig.asked(), 3);

    let (view, target) = (rig.view.clone(), rig.of_user(7));
    let (table, id) = (Arc::clone(&rig.table), rig.known.id);
    *rig.table.meanwhile.lock().unwrap() = Some(Box::new(move || {
        raise(&view, target);
        table
            .rows
            .lock()
            .unwrap()
            .get_mut(&id)
            .unwrap()
            .user_version = 7;
    }));
    assert!(rig.is_accepted().await);
    assert_eq!(rig.asked(), 5);

    *rig.table.meanwhile.lock().unwrap() = None;
    let tenant = rig.known.tenant;
    raise(&rig.view, Target::Tenant { tenant, floor: 4 });
    assert!(matches!(rig.refused().await, VerifyError::Unavailable(_)));
}

#[tokio::test]
async fn without_api_keys_a_key_is_a_bad_token() {
    let rig = rig();
    let keys = KeySet::new([]).unwrap();
    let verifier = Verifier::builder(
        &Issuer::new("https://auth.example").unwrap(),
        &Audience::new("https://api.example").unwrap(),
        Arc::new(keys),
    )
    .without_revocations()
    .build()
    .unwrap();
    let refused = verifier.verify(rig.key.expose()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidToken);
    assert_eq!(rig.asked(), 0);
}
