//! Accounts at other platforms, through the use-cases.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;

use auth_core::{Scope, TenantId};
use auth_sdk::{
    AuthError, ChangePassword, Code, ImportUser, LogIn, LoggedIn, MemoryStore, PlatformKey, User,
    UserStatus, VerifiedPlatformIdentity,
};
use support::{OTHER_PASSWORD, PASSWORD, Rig, client, password, rig, rig_with, unsure_rig};
use uuid::Uuid;

fn key(external_id: &str) -> PlatformKey {
    PlatformKey::new("https://id.example.com", external_id).unwrap()
}

fn verified(external_id: &str) -> VerifiedPlatformIdentity {
    VerifiedPlatformIdentity::i_have_verified(key(external_id), ["fed"])
}

async fn log_in(rig: &Rig, external_id: &str) -> Result<LoggedIn, AuthError> {
    rig.auth
        .log_in_with_verified_platform(&rig.cx, verified(external_id))
        .await
}

/// Nobody but the log tells these apart.
fn is_refused(answer: &Result<LoggedIn, AuthError>) -> bool {
    matches!(answer, Err(AuthError::InvalidCredentials))
}

/// A user who has an account and no password.
async fn bob(rig: &Rig) -> User {
    let bob = ImportUser::new("bob@example.org", None);
    let bob = rig.auth.import_user(&rig.cx, bob).await.unwrap();
    rig.auth
        .link_platform(&rig.cx, bob.id, &key("bob"))
        .await
        .unwrap();
    bob
}

#[tokio::test]
async fn a_verified_account_opens_a_session_like_any_other() {
    let rig = rig().await;
    assert!(is_refused(&log_in(&rig, "bob").await));
    let bob = bob(&rig).await;
    let identity = VerifiedPlatformIdentity::i_have_verified(key("bob"), ["fed", "mfa"])
        .with_client(client("cli"));
    let logged_in = rig
        .auth
        .log_in_with_verified_platform(&rig.cx, identity)
        .await
        .unwrap();
    assert_eq!(logged_in.user.id, bob.id);
    assert!(rig.accepts(&logged_in));
    let token = logged_in.tokens.access_token.expose();
    let identity = rig.auth.verifier().verify_now(token).unwrap();
    assert_eq!(
        identity.registered().amr(),
        ["fed", "mfa"],
        "as it was stated"
    );
    assert_eq!(identity.client(), Some(client("cli")));
    assert_eq!(identity.auth_time(), Some(support::NOW));
    let (cli, token) = (client("cli"), &logged_in.tokens.refresh_token);
    let refreshed = rig.auth.refresh_for(&rig.cx, &cli, token).await.unwrap();
    let token = refreshed.access_token.expose();
    let identity = rig.auth.verifier().verify_now(token).unwrap();
    assert_eq!(identity.registered().amr(), ["fed", "mfa"]);
    // Nobody guesses a password that is not there.
    let by_password = LogIn::new("bob@example.org", password(PASSWORD));
    assert!(is_refused(&rig.auth.log_in(&rig.cx, by_password).await));
    let found = rig
        .auth
        .user_by_platform(&rig.cx, &key("bob"))
        .await
        .unwrap();
    assert_eq!(found.id, bob.id);
}

#[tokio::test]
async fn who_may_not_log_in_is_told_nothing() {
    let rig = rig().await;
    let bob = bob(&rig).await;
    assert!(is_refused(&log_in(&rig, "Bob").await));
    let elsewhere = rig
        .cx
        .clone()
        .with_tenant(TenantId::from_uuid(Uuid::from_u128(9)));
    let refused = rig
        .auth
        .log_in_with_verified_platform(&elsewhere, verified("bob"))
        .await;
    assert!(is_refused(&refused));
    let Rig { auth, cx, .. } = &rig;
    auth.set_user_status(cx, bob.id, UserStatus::Disabled)
        .await
        .unwrap();
    assert!(is_refused(&log_in(&rig, "bob").await));
    let linked = auth.link_platform(cx, bob.id, &key("another")).await;
    assert!(matches!(linked, Err(AuthError::NotFound)));
    auth.set_user_status(cx, bob.id, UserStatus::Active)
        .await
        .unwrap();
    assert!(log_in(&rig, "bob").await.is_ok());
    for amr in [
        vec![],
        vec![String::new()],
        vec!["x".repeat(65)],
        vec!["x".to_owned(); 17],
    ] {
        let identity = VerifiedPlatformIdentity::i_have_verified(key("bob"), amr);
        let refused = auth.log_in_with_verified_platform(cx, identity).await;
        assert!(matches!(refused, Err(AuthError::InvalidRequest(_))));
    }
    let greedy = verified("bob").with_scope("admin".parse::<Scope>().unwrap());
    let refused = auth.log_in_with_verified_platform(cx, greedy).await;
    assert!(matches!(refused, Err(AuthError::InvalidScope)));
}

#[tokio::test]
async fn an_account_is_one_users() {
    let rig = rig().await;
    let bob = bob(&rig).await;
    let ada = rig.sign_up("ada@example.org").await;
    let Rig { auth, cx, .. } = &rig;
    let taken = auth
        .link_platform(cx, ada.id, &key("bob"))
        .await
        .unwrap_err();
    assert_eq!(taken.code(), Code::PlatformAccountTaken);
    auth.link_platform(cx, bob.id, &key("bob")).await.unwrap();
    let not_hers = auth.unlink_platform(cx, ada.id, &key("bob")).await;
    assert!(matches!(not_hers, Err(AuthError::NotFound)));
    let unknown = auth.user_by_platform(cx, &key("nobody")).await;
    assert!(matches!(unknown, Err(AuthError::NotFound)));
    assert_eq!(auth.platform_accounts(cx, bob.id).await.unwrap().len(), 1);
    assert_eq!(auth.platform_accounts(cx, ada.id).await.unwrap(), []);
}

/// Checklist 69.
#[tokio::test]
async fn c69_removing_a_way_to_log_in_ends_every_session() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let Rig { auth, cx, .. } = &rig;
    auth.link_platform(cx, ada.user.id, &key("ada"))
        .await
        .unwrap();
    assert!(rig.accepts(&ada), "a way that is added ends nothing");
    auth.unlink_platform(cx, ada.user.id, &key("ada"))
        .await
        .unwrap();
    assert!(!rig.accepts(&ada));
    assert!(is_refused(&log_in(&rig, "ada").await));
    assert_eq!(auth.sessions(cx, ada.user.id).await.unwrap(), []);

    auth.link_platform(cx, ada.user.id, &key("ada"))
        .await
        .unwrap();
    let again = rig.log_in("ada@example.org").await;
    auth.remove_password(cx, ada.user.id).await.unwrap();
    assert!(!rig.accepts(&again));
    let by_password = LogIn::new("ada@example.org", password(PASSWORD));
    assert!(is_refused(&auth.log_in(cx, by_password).await));
    assert!(log_in(&rig, "ada").await.is_ok());
    let change = ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
    assert!(is_refused(
        &auth.change_password(cx, ada.user.id, change).await
    ));
}

#[tokio::test]
async fn the_last_way_to_log_in_stays() {
    let rig = rig().await;
    let (bob, ada) = (bob(&rig).await, rig.ada().await);
    let Rig { auth, cx, .. } = &rig;
    let last = auth
        .unlink_platform(cx, bob.id, &key("bob"))
        .await
        .unwrap_err();
    assert_eq!(last.code(), Code::LastLogInMethod);
    let last = auth.remove_password(cx, ada.user.id).await.unwrap_err();
    assert_eq!(last.code(), Code::LastLogInMethod);
    assert!(rig.accepts(&ada), "nothing ended");
    let none = auth.remove_password(cx, bob.id).await;
    assert!(matches!(none, Err(AuthError::NotFound)));
    auth.link_platform(cx, bob.id, &key("bob2")).await.unwrap();
    auth.unlink_platform(cx, bob.id, &key("bob")).await.unwrap();
    assert!(log_in(&rig, "bob2").await.is_ok());
}

#[tokio::test]
async fn whose_answer_was_lost_has_what_was_made() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    let Rig { auth, cx, .. } = &rig;
    unsure.cut_next();
    auth.link_platform(cx, ada.user.id, &key("ada"))
        .await
        .unwrap();
    unsure.cut_next();
    auth.unlink_platform(cx, ada.user.id, &key("ada"))
        .await
        .unwrap();
    assert!(!rig.accepts(&ada), "what was revoked is revoked here");
    assert!(is_refused(&log_in(&rig, "ada").await));
    auth.link_platform(cx, ada.user.id, &key("ada"))
        .await
        .unwrap();
    let again = rig.log_in("ada@example.org").await;
    unsure.cut_next();
    auth.remove_password(cx, ada.user.id).await.unwrap();
    assert!(!rig.accepts(&again));
    unsure.set_down(true);
    let down = log_in(&rig, "ada").await.unwrap_err();
    assert_eq!(down.code(), Code::Unavailable);
}

/// The change was made, its answer lost; asked again there is nothing to
/// remove, and the log, which would tell what was revoked, cannot be read.
#[tokio::test]
async fn what_may_have_been_revoked_is_not_said_to_be_done_before_it_is_here() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    let Rig { auth, cx, .. } = &rig;
    auth.link_platform(cx, ada.user.id, &key("ada"))
        .await
        .unwrap();
    unsure.cut_next();
    unsure.set_log_down(true);
    let doubtful = auth.unlink_platform(cx, ada.user.id, &key("ada")).await;
    assert_eq!(doubtful.unwrap_err().code(), Code::Unavailable);
    // Once the log is there again, it is heard of.
    unsure.set_log_down(false);
    let hangs = std::time::Duration::from_secs(30);
    tokio::time::timeout(hangs, async {
        while rig.accepts(&ada) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
}

/// A user who is unlinked while the log-in is on its way is not let in.
#[tokio::test]
async fn many_log_ins_and_unlinkings_leave_no_session_of_what_is_gone() {
    let rig = rig_with(|_| Arc::new(MemoryStore::new()), |builder| builder).await;
    let ada = rig.sign_up("ada@example.org").await;
    let Rig { auth, cx, .. } = &rig;
    for _ in 0..50 {
        auth.link_platform(cx, ada.id, &key("ada")).await.unwrap();
        let account = key("ada");
        let (opened, unlinked) = tokio::join!(
            auth.log_in_with_verified_platform(cx, verified("ada")),
            auth.unlink_platform(cx, ada.id, &account),
        );
        unlinked.unwrap();
        if let Ok(opened) = opened {
            assert!(!rig.accepts(&opened));
        }
        assert_eq!(auth.sessions(cx, ada.id).await.unwrap(), []);
    }
}
