//! API keys, from making them to their end.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use auth_core::verifier::VerifyError;
use auth_core::{ApiKeyId, Scope, TenantId, UserId};
use auth_sdk::{
    ApiKey, ApiKeyInfo, Auth, AuthError, BuildError, Code, CreateApiKey, IssuedApiKey, MemoryStore,
    SignUp, Store, TokenProfile, User, UserStatus,
};
use auth_store::ApiKeyStore;
use serde_json::{Map, Value, json};
use support::unsure::Unsure;
use support::{NOW, PASSWORD, Rig, builder, password, root, unsure_rig};

const HOUR: Duration = Duration::from_secs(3600);

/// What a role is called, it allows.
#[derive(Debug)]
struct RolesAreScopes;

impl TokenProfile for RolesAreScopes {
    fn scope(&self, user: &User) -> Scope {
        user.roles.join(" ").parse().unwrap()
    }

    fn claims(&self, _user: &User) -> Map<String, Value> {
        json!({ "plan": "gold" }).as_object().unwrap().clone()
    }
}

fn with_keys(builder: auth_sdk::AuthBuilder) -> auth_sdk::AuthBuilder {
    builder
        .with_api_keys("acme_live".parse().unwrap())
        // More than a page.
        .with_api_key_limit(1000)
        .with_token_profile(Arc::new(RolesAreScopes))
}

struct Keyed {
    rig: Rig,
    unsure: Arc<Unsure>,
    ada: User,
}

/// An application with API keys, and a user who may read and write.
async fn keyed() -> Keyed {
    let (rig, unsure) = unsure_rig(with_keys).await;
    let request = SignUp::new("ada@example.org", password(PASSWORD)).with_roles(["read", "write"]);
    let ada = rig.auth.sign_up(&rig.cx, request).await.unwrap();
    Keyed { rig, unsure, ada }
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

impl Keyed {
    async fn create(&self, request: CreateApiKey) -> Result<IssuedApiKey, AuthError> {
        let Rig { auth, cx, .. } = &self.rig;
        auth.create_api_key(cx, self.ada.id, request).await
    }

    async fn key(&self) -> IssuedApiKey {
        self.create(CreateApiKey::new("deploys", scope("read")))
            .await
            .unwrap()
    }

    async fn code(&self, key: &ApiKey) -> Option<Code> {
        code(&self.rig.auth, key).await
    }

    async fn set_status(&self, status: UserStatus) {
        let Rig { auth, cx, .. } = &self.rig;
        auth.set_user_status(cx, self.ada.id, status).await.unwrap();
    }

    async fn revoke(&self, key: ApiKeyId) -> Result<(), AuthError> {
        let Rig { auth, cx, .. } = &self.rig;
        auth.revoke_api_key(cx, self.ada.id, key).await
    }

    async fn rotate(&self, key: ApiKeyId, overlap: Duration) -> Result<IssuedApiKey, AuthError> {
        let Rig { auth, cx, .. } = &self.rig;
        auth.rotate_api_key(cx, self.ada.id, key, overlap).await
    }

    async fn info(&self, key: ApiKeyId) -> ApiKeyInfo {
        let keys: &dyn ApiKeyStore = self.rig.store.api_key_store().unwrap();
        keys.find_api_key(key).await.unwrap().unwrap().key
    }

    /// Another instance of the application.
    async fn another(&self) -> Auth {
        with_keys(builder(&self.rig.store, &self.rig.clock, root(1)))
            .build()
            .await
            .unwrap()
    }
}

/// What somebody with the key is told; nothing if it is let in.
async fn code(auth: &Auth, key: &ApiKey) -> Option<Code> {
    let verified = auth.verifier().verify(key.expose()).await;
    verified.err().map(|error| error.code())
}

#[tokio::test]
async fn a_key_acts_for_its_user_and_says_that_it_is_one() {
    #[derive(serde::Deserialize)]
    struct Plan {
        plan: String,
    }
    let keyed = keyed().await;
    let made = keyed.key().await;
    assert!(made.key.expose().starts_with("acme_live_"));
    assert_eq!(made.info.name, "deploys");
    let ninety_days = Duration::from_secs(90 * 24 * 3600);
    assert_eq!(made.info.expires_at, Some(NOW + ninety_days));
    let verifier = keyed.rig.auth.verifier();
    let identity = verifier.verify(made.key.expose()).await.unwrap();
    assert_eq!(identity.api_key(), Some(made.info.id));
    assert_eq!(identity.user(), Some(keyed.ada.id));
    assert_eq!(identity.tenant(), Some(TenantId::DEFAULT));
    assert_eq!(identity.scope(), &scope("read"));
    assert_eq!(identity.roles(), ["read", "write"]);
    assert_eq!(identity.claims::<Plan>().unwrap().plan, "gold");
    assert_eq!((identity.session(), identity.auth_time()), (None, None));
    let shown = format!("{made:?} {identity:?}");
    assert!(!shown.contains("acme_live"), "{shown}");
    let logged_in = keyed.rig.log_in("ada@example.org").await;
    let token = verifier
        .verify(logged_in.tokens.access_token.expose())
        .await;
    assert_eq!(token.unwrap().api_key(), None);
}

#[tokio::test]
async fn a_key_allows_no_more_than_its_user_and_its_maker_may_now_and_later() {
    let keyed = keyed().await;
    for beyond in ["admin", "read admin"] {
        let made = keyed.create(CreateApiKey::new("x", scope(beyond))).await;
        assert!(matches!(made, Err(AuthError::InvalidScope)), "{beyond}");
    }
    let limited = CreateApiKey::new("x", scope("read write")).within(scope("read"));
    let made = keyed.create(limited).await;
    assert!(matches!(made, Err(AuthError::InvalidScope)));
    let made =
        keyed.create(CreateApiKey::new("x", scope("read write")).within(scope("read write")));
    let made = made.await.unwrap();

    let Rig { auth, cx, .. } = &keyed.rig;
    let roles = vec!["read".to_owned()];
    auth.set_user_roles(cx, keyed.ada.id, roles).await.unwrap();
    let identity = auth.verifier().verify(made.key.expose()).await.unwrap();
    assert_eq!(
        identity.scope(),
        &scope("read"),
        "what the user lost the key lost"
    );
    assert_eq!(identity.roles(), ["read"]);
}

#[tokio::test]
async fn a_revoked_key_is_dead_here_at_once_and_elsewhere_with_its_next_use() {
    let keyed = keyed().await;
    let other = keyed.another().await;
    let (made, spared) = (keyed.key().await, keyed.key().await);
    assert_eq!(code(&other, &made.key).await, None);
    keyed.revoke(made.info.id).await.unwrap();
    let now = keyed.rig.auth.verifier().verify_now(made.key.expose());
    assert!(
        matches!(now, Err(VerifyError::Revoked)),
        "without asking anybody"
    );
    assert_eq!(code(&other, &made.key).await, Some(Code::InvalidToken));
    assert_eq!(keyed.code(&spared.key).await, None);
    keyed.revoke(made.info.id).await.unwrap();

    let unknown = ApiKeyId::draw(NOW, &auth_core::SystemRandom::new()).unwrap();
    let refused = keyed.revoke(unknown).await;
    assert!(matches!(refused, Err(AuthError::NotFound)));
    let Rig { auth, cx, .. } = &keyed.rig;
    let stranger = UserId::draw(NOW, &auth_core::SystemRandom::new()).unwrap();
    let refused = auth.revoke_api_key(cx, stranger, spared.info.id).await;
    assert!(matches!(refused, Err(AuthError::NotFound)));
    let elsewhere = cx
        .clone()
        .with_tenant(TenantId::from_uuid(uuid::Uuid::from_u128(9)));
    let refused = auth
        .revoke_api_key(&elsewhere, keyed.ada.id, spared.info.id)
        .await;
    assert!(matches!(refused, Err(AuthError::NotFound)));
    assert_eq!(keyed.code(&spared.key).await, None);
    // An instance that starts later knows too.
    let later = keyed.another().await;
    let now = later.verifier().verify_now(made.key.expose());
    assert!(matches!(now, Err(VerifyError::Revoked)));
}

#[tokio::test]
async fn a_key_ends_when_it_was_told_to_and_stops_with_its_user() {
    let keyed = keyed().await;
    let made = keyed.create(CreateApiKey::new("x", scope("read")).with_lifetime(HOUR));
    let made = made.await.unwrap();
    let forever = keyed.create(CreateApiKey::new("x", scope("read")).without_end());
    let forever = forever.await.unwrap();
    keyed.set_status(UserStatus::Disabled).await;
    assert_eq!(keyed.code(&made.key).await, Some(Code::InvalidToken));
    let refused = keyed.create(CreateApiKey::new("x", scope("read"))).await;
    assert!(matches!(refused, Err(AuthError::NotFound)));
    let refused = keyed.rotate(made.info.id, HOUR).await;
    assert!(matches!(refused, Err(AuthError::NotFound)));
    keyed.set_status(UserStatus::Active).await;
    assert_eq!(keyed.code(&made.key).await, None);
    keyed.rig.pass(HOUR);
    assert_eq!(keyed.code(&made.key).await, Some(Code::InvalidToken));
    keyed.rig.pass(HOUR * 24 * 365 * 10);
    assert_eq!(keyed.code(&forever.key).await, None);
}

/// The user's version has moved; what was read before is read again.
#[tokio::test]
async fn a_key_outlives_the_sessions_of_its_user() {
    let keyed = keyed().await;
    let made = keyed.key().await;
    let Rig { auth, cx, .. } = &keyed.rig;
    for _ in 0..3 {
        auth.log_out_everywhere(cx, keyed.ada.id).await.unwrap();
        assert_eq!(keyed.code(&made.key).await, None);
    }
}

#[tokio::test]
async fn an_outage_is_told_as_one() {
    let keyed = keyed().await;
    let made = keyed.key().await;
    keyed.unsure.set_down(true);
    assert_eq!(keyed.code(&made.key).await, Some(Code::Unavailable));
    let unknown = "acme_live_AQGQAAAAAHAAgAAAAAAAAAEwMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW42_OiX";
    let unknown = ApiKey::from_text(unknown.to_owned());
    assert_eq!(keyed.code(&unknown).await, Some(Code::Unavailable));
    let mistyped = ApiKey::from_text(format!("{}A", made.key.expose()));
    assert_eq!(keyed.code(&mistyped).await, Some(Code::InvalidToken));
    keyed.unsure.set_down(false);
    assert_eq!(keyed.code(&unknown).await, Some(Code::InvalidToken));
    assert_eq!(keyed.code(&made.key).await, None);
}

#[tokio::test]
async fn a_rotated_key_has_two_secrets_for_the_overlap() {
    let keyed = keyed().await;
    let first = keyed.key().await;
    let second = keyed.rotate(first.info.id, HOUR).await.unwrap();
    assert_eq!(second.info.id, first.info.id);
    assert_eq!(second.info.former_until, Some(NOW + HOUR));
    for key in [&first.key, &second.key] {
        assert_eq!(keyed.code(key).await, None);
    }
    keyed.rig.pass(HOUR);
    assert_eq!(keyed.code(&first.key).await, Some(Code::InvalidToken));
    assert_eq!(keyed.code(&second.key).await, None);
    let third = keyed.rotate(first.info.id, Duration::ZERO).await.unwrap();
    assert_eq!(keyed.code(&second.key).await, Some(Code::InvalidToken));
    assert_eq!(keyed.code(&third.key).await, None);

    let fourth = keyed.rotate(first.info.id, HOUR).await.unwrap();
    keyed.revoke(first.info.id).await.unwrap();
    for key in [&third.key, &fourth.key] {
        assert_eq!(
            keyed.code(key).await,
            Some(Code::InvalidToken),
            "with both its secrets"
        );
    }
    let refused = keyed.rotate(first.info.id, HOUR).await;
    assert!(matches!(refused, Err(AuthError::NotFound)));
    let refused = keyed.rotate(first.info.id, HOUR * 24 * 31).await;
    assert!(matches!(refused, Err(AuthError::InvalidRequest(_))));
}

#[tokio::test]
async fn whose_answer_was_lost_has_what_was_made() {
    let keyed = keyed().await;
    keyed.unsure.cut_next();
    let made = keyed.key().await;
    assert_eq!(keyed.code(&made.key).await, None);
    keyed.unsure.cut_next();
    let rotated = keyed.rotate(made.info.id, Duration::ZERO).await.unwrap();
    assert_eq!(keyed.code(&rotated.key).await, None);
    assert_eq!(keyed.code(&made.key).await, Some(Code::InvalidToken));
    keyed.unsure.cut_next();
    keyed.revoke(made.info.id).await.unwrap();
    let now = keyed.rig.auth.verifier().verify_now(rotated.key.expose());
    assert!(matches!(now, Err(VerifyError::Revoked)));

    keyed.unsure.lose_next();
    let made = keyed.key().await;
    keyed.unsure.lose_next();
    keyed.revoke(made.info.id).await.unwrap();
    assert_eq!(keyed.code(&made.key).await, Some(Code::InvalidToken));
}

async fn until(what: impl AsyncFn() -> bool) {
    for _ in 0..2000 {
        if what().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come about");
}

#[tokio::test]
async fn uses_are_noted_once_a_minute_and_nobody_waits_for_it() {
    let keyed = keyed().await;
    let made = keyed.key().await;
    // A store that does not answer holds up nobody.
    let held = keyed.unsure.hold_renewals().await;
    for _ in 0..50 {
        assert_eq!(keyed.code(&made.key).await, None);
    }
    until(async || keyed.unsure.notes() > 0).await;
    drop(held);
    until(async || keyed.info(made.info.id).await.last_used_at.is_some()).await;
    for _ in 0..50 {
        assert_eq!(keyed.code(&made.key).await, None);
    }
    assert_eq!(
        keyed.unsure.notes(),
        1,
        "of a hundred uses in a minute one is noted"
    );
    assert_eq!(keyed.info(made.info.id).await.last_used_at, Some(NOW));
    // Another instance sees that it is noted.
    let other = keyed.another().await;
    assert_eq!(code(&other, &made.key).await, None);
    assert_eq!(keyed.unsure.notes(), 1);
    keyed.rig.pass(Duration::from_secs(60));
    assert_eq!(keyed.code(&made.key).await, None);
    let minute_later = Some(NOW + Duration::from_secs(60));
    until(async || keyed.info(made.info.id).await.last_used_at == minute_later).await;
    assert_eq!(keyed.unsure.notes(), 2);
    // A bad secret is no use.
    keyed.rig.pass(HOUR);
    let rotated = keyed.rotate(made.info.id, Duration::ZERO).await.unwrap();
    assert_eq!(keyed.code(&made.key).await, Some(Code::InvalidToken));
    assert_eq!(keyed.unsure.notes(), 2);
    assert_eq!(keyed.code(&rotated.key).await, None);
}

#[tokio::test]
async fn keys_are_listed_page_by_page() {
    let keyed = keyed().await;
    let Rig { auth, cx, .. } = &keyed.rig;
    for _ in 0..101 {
        keyed.key().await;
    }
    let first = auth.api_keys(cx, Some(keyed.ada.id), None).await.unwrap();
    assert_eq!(first.keys.len(), 100);
    let second = auth.api_keys(cx, None, first.next).await.unwrap();
    assert_eq!((second.keys.len(), second.next), (1, None));
    assert!(first.keys.iter().all(|info| info.id < second.keys[0].id));
    let bob = keyed.rig.sign_up("bob@example.org").await;
    let none = auth.api_keys(cx, Some(bob.id), None).await.unwrap();
    assert!(none.keys.is_empty());
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let keyed = keyed().await;
    for name in ["", "  ", "a\nb", "a\0", &"x".repeat(129)] {
        let made = keyed.create(CreateApiKey::new(name, Scope::empty())).await;
        assert!(
            matches!(made, Err(AuthError::InvalidRequest(_))),
            "{name:?}"
        );
    }
    let endless = CreateApiKey::new("x", Scope::empty()).with_lifetime(Duration::ZERO);
    let made = keyed.create(endless).await;
    assert!(matches!(made, Err(AuthError::InvalidRequest(_))));
    let Rig { auth, cx, .. } = &keyed.rig;
    let nobody = UserId::draw(NOW, &auth_core::SystemRandom::new()).unwrap();
    let made = auth
        .create_api_key(cx, nobody, CreateApiKey::new("x", Scope::empty()))
        .await;
    assert!(matches!(made, Err(AuthError::NotFound)));
}

#[tokio::test]
async fn without_api_keys_there_are_none() {
    let rig = support::rig().await;
    let ada = rig.sign_up("ada@example.org").await;
    let made = rig
        .auth
        .create_api_key(&rig.cx, ada.id, CreateApiKey::new("x", Scope::empty()));
    assert!(matches!(made.await, Err(AuthError::NoApiKeys)));
    let key = "acme_live_AQGQAAAAAHAAgAAAAAAAAAEwMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW42_OiX";
    let key = ApiKey::from_text(key.to_owned());
    assert_eq!(code(&rig.auth, &key).await, Some(Code::InvalidToken));

    let clock = Arc::new(auth_core::ManualClock::at(NOW));
    let store: Arc<dyn Store> = Unsure::without_api_keys(Arc::new(MemoryStore::new()));
    let refused = with_keys(builder(&store, &clock, root(1))).build().await;
    assert!(matches!(refused, Err(BuildError::NoApiKeys)));
}
