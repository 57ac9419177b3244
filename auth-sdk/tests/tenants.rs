//! Tenants that are disabled, through the use-cases.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;

use auth_core::{Scope, TenantId};
use auth_sdk::{
    AuthError, ChangePassword, Code, Context, CreateApiKey, LogIn, LoggedIn, PlatformKey, SignUp,
    TenantStatus, User, UserStatus, VerifiedPlatformIdentity,
};
use support::unsure::Unsure;
use support::{OTHER_PASSWORD, PASSWORD, Rig, builder, password, root, unsure_rig};
use uuid::Uuid;

struct Place {
    rig: Rig,
    unsure: Arc<Unsure>,
    tenant: TenantId,
    cx: Context,
}

/// An application with API keys, and a tenant besides the default one.
async fn place() -> Place {
    let keys = |builder: auth_sdk::AuthBuilder| builder.with_api_keys("acme_live".parse().unwrap());
    let (rig, unsure) = unsure_rig(keys).await;
    let tenant = TenantId::from_uuid(Uuid::from_u128(9));
    rig.auth.create_tenant(tenant).await.unwrap();
    Place {
        rig,
        unsure,
        tenant,
        cx: Context::new().with_tenant(tenant),
    }
}

impl Place {
    async fn sign_up(&self, name: &str) -> Result<User, AuthError> {
        let request = SignUp::new(name, password(PASSWORD));
        self.rig.auth.sign_up(&self.cx, request).await
    }

    async fn log_in(&self, name: &str, with: &str) -> Result<LoggedIn, AuthError> {
        let request = LogIn::new(name, password(with));
        self.rig.auth.log_in(&self.cx, request).await
    }

    async fn refresh(&self, held: &LoggedIn) -> Result<auth_sdk::TokenPair, AuthError> {
        let token = &held.tokens.refresh_token;
        self.rig.auth.refresh(&self.cx, token).await
    }

    async fn set(&self, status: TenantStatus) -> i64 {
        let set = self.rig.auth.set_tenant_status(self.tenant, status);
        set.await.unwrap().ver
    }
}

fn said<T>(answer: Result<T, AuthError>) -> (Code, String) {
    let error = answer.err().unwrap();
    (error.code(), error.to_string())
}

/// Whatever is tried, the answer is that of a disabled user, and so is what it
/// costs: no more statements, one hash.
#[tokio::test]
async fn a_disabled_tenant_is_told_like_a_disabled_user() {
    let place = place().await;
    let Rig { auth, .. } = &place.rig;
    let (ada, bob) = (
        place.sign_up("ada").await.unwrap(),
        place.sign_up("bob").await.unwrap(),
    );
    let (held, bobs) = (
        place.log_in("ada", PASSWORD).await.unwrap(),
        place.log_in("bob", PASSWORD).await.unwrap(),
    );
    let key = PlatformKey::new("p", "ada").unwrap();
    auth.link_platform(&place.cx, ada.id, &key).await.unwrap();
    let bobs_key = PlatformKey::new("p", "bob").unwrap();
    auth.link_platform(&place.cx, bob.id, &bobs_key)
        .await
        .unwrap();
    let change = || ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
    let by = |key: &PlatformKey| VerifiedPlatformIdentity::i_have_verified(key.clone(), ["fed"]);
    auth.set_user_status(&place.cx, bob.id, UserStatus::Disabled)
        .await
        .unwrap();

    place.unsure.take_statements();
    let of_user = [
        said(place.log_in("bob", PASSWORD).await),
        said(place.log_in("bob", OTHER_PASSWORD).await),
        said(place.refresh(&bobs).await),
        said(auth.change_password(&place.cx, bob.id, change()).await),
        said(
            auth.log_in_with_verified_platform(&place.cx, by(&bobs_key))
                .await,
        ),
    ];
    let asked_of_user = place.unsure.take_statements();
    place.set(TenantStatus::Disabled).await;
    place.unsure.take_statements();
    let of_tenant = [
        said(place.log_in("ada", PASSWORD).await),
        said(place.log_in("ada", OTHER_PASSWORD).await),
        said(place.refresh(&held).await),
        said(auth.change_password(&place.cx, ada.id, change()).await),
        said(
            auth.log_in_with_verified_platform(&place.cx, by(&key))
                .await,
        ),
    ];
    assert_eq!(of_tenant, of_user);
    assert_eq!(place.unsure.take_statements(), asked_of_user);

    let nowhere = Context::new().with_tenant(TenantId::from_uuid(Uuid::from_u128(10)));
    let request = SignUp::new("eve", password(PASSWORD));
    let nowhere = said(auth.sign_up(&nowhere, request).await);
    assert_eq!(
        said(place.sign_up("eve").await),
        nowhere,
        "as if there were no such tenant"
    );
    assert_eq!(
        said(place.sign_up("ada").await),
        nowhere,
        "whoever is there"
    );
}

#[tokio::test]
async fn all_access_tokens_of_a_disabled_tenant_end_and_no_others() {
    let place = place().await;
    let Rig { auth, cx, .. } = &place.rig;
    let user = place.sign_up("ada").await.unwrap();
    let mut held = place.log_in("ada", PASSWORD).await.unwrap();
    let elsewhere = place.rig.ada().await;
    let made = CreateApiKey::new("x", Scope::empty());
    let made = auth.create_api_key(&place.cx, user.id, made).await.unwrap();
    let accepts_key = async || auth.verifier().verify(made.key.expose()).await.is_ok();
    let mut last = auth.tenant(place.tenant).await.unwrap().ver;
    assert_eq!(last, 1);
    // More than once: the first version is a special one.
    for _ in 0..3 {
        assert!(place.rig.accepts(&held) && accepts_key().await);
        let disabled = place.set(TenantStatus::Disabled).await;
        assert!(!place.rig.accepts(&held) && !accepts_key().await);
        assert_eq!(said(place.refresh(&held).await).0, Code::InvalidGrant);
        let active = place.set(TenantStatus::Active).await;
        assert_eq!((disabled, active), (last + 1, last + 2));
        last = active;
        assert!(!place.rig.accepts(&held), "a token that is dead stays dead");
        assert!(accepts_key().await);
        held = place.log_in("ada", PASSWORD).await.unwrap();
        let identity = auth
            .verifier()
            .verify_now(held.tokens.access_token.expose())
            .unwrap();
        assert_eq!(identity.registered().tenant_version(), Some(last));
    }
    assert!(place.rig.accepts(&elsewhere), "other tenants go on");
    assert_eq!(auth.tenant(TenantId::DEFAULT).await.unwrap().ver, 1);
    let unknown = auth.set_tenant_status(
        TenantId::from_uuid(Uuid::from_u128(77)),
        TenantStatus::Active,
    );
    assert!(matches!(unknown.await, Err(AuthError::NotFound)));
    assert!(auth.user(cx, elsewhere.user.id).await.is_ok());
}

#[tokio::test]
async fn sessions_go_on_when_their_tenant_is_active_again() {
    let place = place().await;
    place.sign_up("ada").await.unwrap();
    let held = place.log_in("ada", PASSWORD).await.unwrap();
    place.set(TenantStatus::Disabled).await;
    let ver = place.set(TenantStatus::Active).await;
    let pair = place.refresh(&held).await.unwrap();
    let verifier = place.rig.auth.verifier();
    let identity = verifier.verify_now(pair.access_token.expose()).unwrap();
    assert_eq!(identity.registered().tenant_version(), Some(ver));
}

#[tokio::test]
async fn a_status_whose_answer_was_lost_is_set_and_seen() {
    let place = place().await;
    place.sign_up("ada").await.unwrap();
    let held = place.log_in("ada", PASSWORD).await.unwrap();
    place.unsure.cut_next();
    place.set(TenantStatus::Disabled).await;
    assert!(!place.rig.accepts(&held));
    // An instance that starts later knows it from the log.
    let later = builder(&place.rig.store, &place.rig.clock, root(1))
        .build()
        .await
        .unwrap();
    assert!(!support::accepts(&later, &held.tokens));
}
