//! A client that logs in again leaves no session behind: checklist 71.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::HashSet;

use auth_core::TenantId;
use auth_sdk::{AuthError, Context, Identity, ImportUser, LogIn, LoggedIn, RefreshToken};
use support::stores::on_each_store;
use support::{OTHER_PASSWORD, PASSWORD, Rig, password, unsure_rig};

const ADA: &str = "ada@example.org";

fn as_ada() -> LogIn {
    LogIn::new(ADA, password(PASSWORD))
}

fn identity(rig: &Rig, of: &LoggedIn) -> std::sync::Arc<Identity> {
    let verified = rig
        .auth
        .verifier()
        .verify_now(of.tokens.access_token.expose());
    verified.unwrap()
}

async fn is_dead(rig: &Rig, old: &LoggedIn) -> bool {
    let refresh = rig.auth.refresh(&rig.cx, &old.tokens.refresh_token).await;
    !rig.accepts(old) && matches!(refresh, Err(AuthError::InvalidGrant))
}

/// 71: a new session id, and the old session is dead, in the log too.
#[tokio::test]
async fn c71_a_log_in_ends_the_session_it_replaces() {
    on_each_store(async |place| {
        let rig = place.rig().await;
        let first = rig.ada().await;
        let beside = rig.log_in(ADA).await;
        let token = first.tokens.refresh_token.clone();
        let second = rig.auth.log_in(&rig.cx, as_ada().replacing(token)).await;
        let second = second.unwrap();
        assert_ne!(second.tokens.session, first.tokens.session);
        assert!(is_dead(&rig, &first).await);

        let replacing = as_ada().replacing_session_of(&identity(&rig, &second));
        let third = rig.auth.log_in(&rig.cx, replacing).await.unwrap();
        assert!(is_dead(&rig, &second).await);
        assert!(rig.accepts(&third) && rig.accepts(&beside));
        let sessions = rig.auth.sessions(&rig.cx, third.user.id).await.unwrap();
        let live: HashSet<_> = sessions.iter().map(|session| session.id).collect();
        let expected = HashSet::from([beside.tokens.session, third.tokens.session]);
        assert_eq!(live, expected);

        // An instance that starts now knows of it.
        let later = place.auth().await;
        assert!(!support::accepts(&later, &first.tokens));
        assert!(!support::accepts(&later, &second.tokens));
        assert!(support::accepts(&later, &third.tokens));
    })
    .await;
}

/// 71: whoever is not let in changes nothing.
#[tokio::test]
async fn c71_a_log_in_that_fails_ends_nothing() {
    on_each_store(async |place| {
        let rig = place.rig().await;
        let ada = rig.ada().await;
        let token = &ada.tokens.refresh_token;
        let wrong = LogIn::new(ADA, password(OTHER_PASSWORD)).replacing(token.clone());
        let wrong = rig.auth.log_in(&rig.cx, wrong).await;
        assert!(matches!(wrong, Err(AuthError::InvalidCredentials)));
        let too_much = as_ada().replacing(token.clone());
        let too_much = too_much.with_scope("everything".parse().unwrap());
        let too_much = rig.auth.log_in(&rig.cx, too_much).await;
        assert!(matches!(too_much, Err(AuthError::InvalidScope)));
        assert!(rig.accepts(&ada));
        assert!(rig.auth.refresh(&rig.cx, token).await.is_ok());
    })
    .await;
}

/// 71: what proves nothing ends nothing; and keeps nobody out.
#[tokio::test]
async fn c71_what_is_no_token_of_ours_ends_nothing() {
    on_each_store(async |place| {
        let rig = place.rig().await;
        let ada = rig.ada().await;
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
        rig.auth.create_tenant(tenant).await.unwrap();
        let elsewhere = Context::new().with_tenant(tenant);
        let hash = rig.store.user(TenantId::DEFAULT, ada.user.id).await;
        let hash = hash.unwrap().unwrap().password_hash;
        let import = ImportUser::new(ADA, hash.map(auth_sdk::PasswordHash::from_phc));
        rig.auth.import_user(&elsewhere, import).await.unwrap();

        let token = &ada.tokens.refresh_token;
        let theirs = as_ada().replacing(token.clone());
        rig.auth.log_in(&elsewhere, theirs).await.unwrap();
        let theirs = as_ada().replacing_session_of(&identity(&rig, &ada));
        rig.auth.log_in(&elsewhere, theirs).await.unwrap();
        let mut forged = token.expose().to_owned();
        forged.replace_range(10..11, if &forged[10..11] == "A" { "B" } else { "A" });
        for text in [String::new(), forged] {
            let replacing = as_ada().replacing(RefreshToken::from_text(text));
            rig.auth.log_in(&rig.cx, replacing).await.unwrap();
        }
        assert!(rig.accepts(&ada));
        assert!(rig.auth.refresh(&rig.cx, token).await.is_ok());
    })
    .await;
}

/// 71: two people, one browser: nobody stays logged in behind the other.
#[tokio::test]
async fn c71_the_session_that_is_replaced_may_be_anothers() {
    let rig = support::rig().await;
    let ada = rig.ada().await;
    rig.sign_up("bob").await;
    let token = ada.tokens.refresh_token.clone();
    let bob = LogIn::new("bob", password(PASSWORD)).replacing(token);
    let bob = rig.auth.log_in(&rig.cx, bob).await.unwrap();
    assert!(rig.accepts(&bob) && is_dead(&rig, &ada).await);
}

/// 71: an Ok is one for both: where it is not known that the old session has
/// ended the log-in has not succeeded; where the answer was lost, it has.
#[tokio::test]
async fn c71_a_log_in_succeeds_once_the_old_session_has_ended() {
    let (rig, store) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    let token = &ada.tokens.refresh_token;
    store.fail_next_end();
    let replacing = as_ada().replacing(token.clone());
    let failed = rig.auth.log_in(&rig.cx, replacing.clone()).await;
    assert!(matches!(failed, Err(AuthError::Unavailable(_))));
    assert!(rig.accepts(&ada));
    let second = rig.auth.log_in(&rig.cx, replacing.clone()).await.unwrap();
    assert!(rig.accepts(&second) && is_dead(&rig, &ada).await);
    // It had ended already.
    assert!(rig.auth.log_in(&rig.cx, replacing).await.is_ok());
}
