//! Refreshing, logging out, and what several instances on one store see.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::time::Duration;

use auth_core::{Clock, Denied, Requirement, RootSecrets};
use auth_sdk::{
    AuthError, BuildError, ChangePassword, Context, LogIn, LoggedIn, RefreshToken, UserStatus,
};
use support::{PASSWORD, Rig, accepts, builder, client, password, rig, root};

async fn refused(rig: &Rig, token: &RefreshToken) -> bool {
    matches!(
        rig.auth.refresh(&rig.cx, token).await,
        Err(AuthError::InvalidGrant)
    )
}

#[tokio::test]
async fn each_refresh_token_works_once_and_leads_to_the_next() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let mut token = ada.tokens.refresh_token.clone();
    for _ in 0..5 {
        let next = rig.auth.refresh(&rig.cx, &token).await.unwrap();
        assert!(accepts(&rig.auth, &next));
        assert_eq!(next.session, ada.tokens.session);
        assert_ne!(next.refresh_token, token);
        token = next.refresh_token;
    }
}

#[tokio::test]
async fn the_same_token_within_the_grace_gets_the_same_successor() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let token = &ada.tokens.refresh_token;
    let first = rig.auth.refresh(&rig.cx, token).await.unwrap();
    rig.pass(Duration::from_secs(29));
    let again = rig.auth.refresh(&rig.cx, token).await.unwrap();
    assert_eq!(first.refresh_token, again.refresh_token);
    assert_ne!(first.access_token.expose(), again.access_token.expose());
    assert!(
        rig.auth
            .refresh(&rig.cx, &first.refresh_token)
            .await
            .is_ok()
    );
    // Now two behind: a slow request, no theft.
    let slow = rig.auth.refresh(&rig.cx, token).await;
    assert!(matches!(
        slow,
        Err(AuthError::Superseded | AuthError::InvalidGrant)
    ));
}

/// 63: what was spent kills the session, its access tokens too, at once.
#[tokio::test]
async fn c63_a_spent_token_after_the_grace_revokes_the_session() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let next = rig
        .auth
        .refresh(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    rig.pass(Duration::from_secs(30));
    assert!(accepts(&rig.auth, &next));
    assert!(refused(&rig, &ada.tokens.refresh_token).await);
    assert!(!accepts(&rig.auth, &next));
    assert!(refused(&rig, &next.refresh_token).await);
}

/// 67: bound to its client; refusing another does not spend it.
#[tokio::test]
async fn c67_another_client_or_tenant_cannot_spend_it() {
    let rig = rig().await;
    rig.sign_up("ada").await;
    let app = client("app");
    let log_in = LogIn::new("ada", password(PASSWORD)).with_client(app.clone());
    let ada = rig.auth.log_in(&rig.cx, log_in).await.unwrap();
    let token = &ada.tokens.refresh_token;
    assert!(refused(&rig, token).await);
    let tenant = auth_core::TenantId::from_uuid(uuid::Uuid::from_u128(7));
    rig.store.create_tenant(tenant).await.unwrap();
    let elsewhere = Context::new().with_tenant(tenant);
    let attempt = rig.auth.refresh_for(&elsewhere, &app, token).await;
    assert!(matches!(attempt, Err(AuthError::InvalidGrant)));
    assert!(rig.auth.refresh_for(&rig.cx, &app, token).await.is_ok());
}

/// 68: idle and absolute expiry, by the clock.
#[tokio::test]
async fn c68_a_session_ends_when_idle_and_in_any_case() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let rig = rig().await;
    let ada = rig.ada().await;
    rig.pass(14 * DAY);
    assert!(refused(&rig, &ada.tokens.refresh_token).await);

    let ada = rig.log_in("ada@example.org").await;
    let mut token = ada.tokens.refresh_token;
    for _ in 0..8 {
        rig.pass(11 * DAY);
        token = rig
            .auth
            .refresh(&rig.cx, &token)
            .await
            .unwrap()
            .refresh_token;
    }
    rig.pass(2 * DAY);
    assert!(refused(&rig, &token).await);
}

#[tokio::test]
async fn logging_out_kills_refresh_and_access_tokens_at_once_and_twice_is_no_error() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let other = rig.log_in("ada@example.org").await;
    for _ in 0..2 {
        rig.auth
            .log_out(&rig.cx, &ada.tokens.refresh_token)
            .await
            .unwrap();
    }
    assert!(!rig.accepts(&ada));
    assert!(refused(&rig, &ada.tokens.refresh_token).await);
    assert!(rig.accepts(&other));

    let forged = RefreshToken::from_text("v1.nonsense".to_owned());
    assert!(matches!(
        rig.auth.log_out(&rig.cx, &forged).await,
        Err(AuthError::InvalidGrant)
    ));
}

/// 70: users list and end their own sessions and nobody else's.
#[tokio::test]
async fn c70_users_see_and_end_their_own_sessions_only() {
    let rig = rig().await;
    let ada = rig.ada().await;
    rig.sign_up("bob").await;
    let bob = rig.log_in("bob").await;
    let laptop = rig.log_in("ada@example.org").await;

    let listed = rig.auth.sessions(&rig.cx, ada.user.id).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|session| session.id).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&ada.tokens.session) && ids.contains(&laptop.tokens.session));

    let theft = rig
        .auth
        .end_session(&rig.cx, bob.user.id, ada.tokens.session)
        .await;
    assert!(matches!(theft, Err(AuthError::NotFound)));
    assert!(rig.accepts(&ada));
    rig.auth
        .end_session(&rig.cx, ada.user.id, laptop.tokens.session)
        .await
        .unwrap();
    assert!(!rig.accepts(&laptop) && rig.accepts(&ada));
    let again = rig
        .auth
        .end_session(&rig.cx, ada.user.id, laptop.tokens.session)
        .await;
    assert!(matches!(again, Err(AuthError::NotFound)));
}

/// 69: log-out everywhere and disabling leave nothing alive.
#[tokio::test]
async fn c69_logging_out_everywhere_and_disabling_leave_nothing_alive() {
    let rig = rig().await;
    rig.sign_up("ada").await;
    rig.sign_up("bob").await;
    let bob = rig.log_in("bob").await;
    let dead = async |ada: &[LoggedIn]| {
        for ada in ada {
            assert!(!rig.accepts(ada));
            assert!(refused(&rig, &ada.tokens.refresh_token).await);
        }
    };
    let ada = [rig.log_in("ada").await, rig.log_in("ada").await];
    rig.auth
        .log_out_everywhere(&rig.cx, ada[0].user.id)
        .await
        .unwrap();
    dead(&ada).await;

    let ada = [rig.log_in("ada").await];
    rig.auth
        .set_user_status(&rig.cx, ada[0].user.id, UserStatus::Disabled)
        .await
        .unwrap();
    dead(&ada).await;
    rig.auth
        .set_user_status(&rig.cx, ada[0].user.id, UserStatus::Active)
        .await
        .unwrap();
    dead(&ada).await;
    assert!(rig.accepts(&rig.log_in("ada").await));
    assert!(rig.accepts(&bob));
}

#[tokio::test]
async fn instances_with_one_root_secret_share_keys_and_sessions() {
    let rig = rig().await;
    let second = builder(&rig.store, &rig.clock, root(1))
        .build()
        .await
        .unwrap();
    let ada = rig.ada().await;
    assert!(accepts(&second, &ada.tokens));
    let next = second
        .refresh(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    let retry = rig
        .auth
        .refresh(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    assert_eq!(next.refresh_token, retry.refresh_token);
    assert_eq!(rig.auth.jwks(), second.jwks());
}

#[tokio::test]
async fn instances_between_two_root_secrets_give_the_same_successor() {
    let rig = rig().await;
    let known = |active, other| {
        RootSecrets::new(root(active))
            .with_other(root(other))
            .unwrap()
    };
    let old = builder(&rig.store, &rig.clock, known(1, 2))
        .build()
        .await
        .unwrap();
    let new = builder(&rig.store, &rig.clock, known(2, 1))
        .build()
        .await
        .unwrap();
    let ada = rig.ada().await;
    let token = &ada.tokens.refresh_token;
    let by_new = new.refresh(&rig.cx, token).await.unwrap();
    let by_old = old.refresh(&rig.cx, token).await.unwrap();
    assert_eq!(by_new.refresh_token, by_old.refresh_token);
    // An instance that has not heard of the new secret cannot repeat the
    // answer; that is no reason to log anybody out.
    let behind = rig.auth.refresh(&rig.cx, token).await;
    assert!(matches!(behind, Err(AuthError::Unavailable(_))));
    assert!(old.refresh(&rig.cx, &by_new.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_foreign_root_secret_is_refused_when_building() {
    let rig = rig().await;
    let foreign = builder(&rig.store, &rig.clock, root(9)).build().await;
    assert!(matches!(foreign, Err(BuildError::ForeignRoot)));
}

#[tokio::test]
async fn what_was_revoked_before_a_restart_stays_revoked() {
    let rig = rig().await;
    let ada = rig.ada().await;
    rig.auth
        .log_out(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    let restarted = builder(&rig.store, &rig.clock, root(1))
        .build()
        .await
        .unwrap();
    assert!(!accepts(&restarted, &ada.tokens));
}

#[tokio::test]
async fn unsafe_lifetimes_are_refused_when_building() {
    let rig = rig().await;
    let build = |idle, absolute, token, grace| {
        builder(&rig.store, &rig.clock, root(1))
            .with_session_lifetime(Duration::from_secs(idle), Duration::from_secs(absolute))
            .with_access_token_lifetime(Duration::from_secs(token))
            .with_rotation_grace(Duration::from_secs(grace))
            .build()
    };
    assert!(build(1000, 1000, 300, 60).await.is_ok());
    for (idle, absolute, token, grace) in [
        (1000, 999, 300, 30),
        (1000, 1000, 3601, 30),
        (1000, 1000, 5, 30),
        (200, 1000, 300, 30),
        (1000, 1000, 300, 61),
    ] {
        let refused = build(idle, absolute, token, grace).await;
        assert!(matches!(refused, Err(BuildError::Lifetime(_))));
    }
}

/// 71: who logs in again, or proves again who they are, gets another session, and
/// a new password leaves none of the old.
#[tokio::test]
async fn c71_each_authentication_is_a_session_of_its_own() {
    let rig = rig().await;
    let first = rig.ada().await;
    let second = rig.log_in("ada@example.org").await;
    assert_ne!(first.tokens.session, second.tokens.session);
    assert_ne!(first.tokens.refresh_token, second.tokens.refresh_token);
    // Logging out of the one that is replaced ends it and spares the other.
    let old = &first.tokens.refresh_token;
    rig.auth.log_out(&rig.cx, old).await.unwrap();
    assert!(refused(&rig, old).await && !rig.accepts(&first));
    assert!(rig.accepts(&second));

    let user = second.user.id;
    // The password is asked for again: the session that asked ends with the rest.
    let change = ChangePassword::new(password(PASSWORD), password(support::OTHER_PASSWORD));
    let third = rig
        .auth
        .change_password(&rig.cx, user, change)
        .await
        .unwrap();
    assert!(refused(&rig, &second.tokens.refresh_token).await && !rig.accepts(&second));
    assert!(rig.accepts(&third));
    let ids = [&first, &second, &third].map(|logged_in| logged_in.tokens.session);
    assert!(ids[2] != ids[0] && ids[2] != ids[1]);
}

/// 72: refreshing proves nothing about who is there. What asks for a fresh
/// log-in is refused a fresh token of an old one.
#[tokio::test]
async fn c72_a_refreshed_token_is_as_old_as_its_log_in() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let fresh = Requirement::authenticated().and_logged_in_within(Duration::from_secs(300));
    let check = |tokens: &auth_sdk::TokenPair| {
        let verified = rig.auth.verifier().verify_now(tokens.access_token.expose());
        fresh.check(&verified.unwrap(), rig.clock.now().wall)
    };
    assert_eq!(check(&ada.tokens), Ok(()));
    rig.pass(Duration::from_secs(240));
    let token = &ada.tokens.refresh_token;
    let next = rig.auth.refresh(&rig.cx, token).await.unwrap();
    assert_eq!(check(&next), Ok(()));
    rig.pass(Duration::from_secs(61));
    let token = &next.refresh_token;
    let next = rig.auth.refresh(&rig.cx, token).await.unwrap();
    let stale = Denied::Stale(Duration::from_secs(300));
    assert_eq!(
        check(&next),
        Err(stale),
        "the token is new, the log-in is not"
    );
    let again = rig.log_in("ada@example.org").await;
    assert_eq!(check(&again.tokens), Ok(()));
}
