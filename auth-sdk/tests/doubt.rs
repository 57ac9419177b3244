//! A store that fails, hesitates, or does not say what it did.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use auth_core::SessionId;
use auth_core::refresh::SecretHash;
use auth_core::verifier::VerifyError;
use auth_sdk::{AuthError, ChangePassword, ClientId, LogIn, RefreshToken, Scope, SignUp, Store};
use auth_store::{MemoryStore, NewSession, Seen};
use support::{
    NOW, OTHER_PASSWORD, PASSWORD, Rig, accepts, builder, password, rig, rig_with, root, unsure_rig,
};

async fn refused(rig: &Rig, token: &RefreshToken) -> bool {
    matches!(
        rig.auth.refresh(&rig.cx, token).await,
        Err(AuthError::InvalidGrant)
    )
}

/// The commit went through, its confirmation did not.
#[tokio::test]
async fn an_unconfirmed_commit_converges() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;

    unsure.cut_next();
    let user = rig.sign_up("ada@example.org").await;
    let ada = rig.log_in("ada@example.org").await;
    assert_eq!(ada.user.id, user.id);

    unsure.cut_next();
    let next = rig
        .auth
        .refresh(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    assert!(rig.auth.refresh(&rig.cx, &next.refresh_token).await.is_ok());

    unsure.cut_next();
    rig.auth
        .log_out(&rig.cx, &next.refresh_token)
        .await
        .unwrap();
    assert!(!rig.accepts(&ada));

    let ada = rig.log_in("ada@example.org").await;
    let spent = &ada.tokens.refresh_token;
    let next = rig.auth.refresh(&rig.cx, spent).await.unwrap();
    rig.pass(Duration::from_secs(31));
    unsure.cut_next();
    assert!(refused(&rig, spent).await);
    assert!(!accepts(&rig.auth, &next));

    let ada = rig.log_in("ada@example.org").await;
    unsure.cut_next();
    let request = ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
    let changed = rig
        .auth
        .change_password(&rig.cx, user.id, request)
        .await
        .unwrap();
    assert!(!rig.accepts(&ada) && rig.accepts(&changed));
}

/// 54: an outage is no "no".
#[tokio::test]
async fn c54_a_store_that_is_down_refuses_nobody() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    unsure.set_down(true);
    let unavailable = |error: AuthError| matches!(error, AuthError::Unavailable(_));
    let log_in = LogIn::new("ada@example.org", password(PASSWORD));
    assert!(unavailable(
        rig.auth.log_in(&rig.cx, log_in).await.unwrap_err()
    ));
    let token = &ada.tokens.refresh_token;
    assert!(unavailable(
        rig.auth.refresh(&rig.cx, token).await.unwrap_err()
    ));
    assert!(unavailable(
        rig.auth.log_out(&rig.cx, token).await.unwrap_err()
    ));
    let sign_up = SignUp::new("bob", password(PASSWORD));
    assert!(unavailable(
        rig.auth.sign_up(&rig.cx, sign_up).await.unwrap_err()
    ));
    assert!(rig.accepts(&ada));

    unsure.set_down(false);
    assert!(rig.auth.refresh(&rig.cx, token).await.is_ok());
}

/// Who hangs up between the commit and the answer has logged out all the same.
#[tokio::test]
async fn a_dropped_call_still_ends_what_it_committed_to_end() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let hang_up = Duration::from_millis(5);
    let settle = || tokio::time::sleep(Duration::from_millis(200));

    let ada = rig.ada().await;
    unsure.set_slow(true);
    let logging_out = rig.auth.log_out(&rig.cx, &ada.tokens.refresh_token);
    assert!(tokio::time::timeout(hang_up, logging_out).await.is_err());
    settle().await;
    assert!(!rig.accepts(&ada));

    unsure.set_slow(false);
    let ada = rig.log_in("ada@example.org").await;
    let next = rig
        .auth
        .refresh(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    rig.pass(Duration::from_secs(31));
    unsure.set_slow(true);
    let stolen = rig.auth.refresh(&rig.cx, &ada.tokens.refresh_token);
    assert!(tokio::time::timeout(hang_up, stolen).await.is_err());
    settle().await;
    assert!(!accepts(&rig.auth, &next));
}

/// The database crashed while it logged somebody out; they try again.
#[tokio::test]
async fn logging_out_again_after_a_crash_kills_the_access_token() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    unsure.crash_after_next();
    let first = rig.auth.log_out(&rig.cx, &ada.tokens.refresh_token).await;
    assert!(matches!(first, Err(AuthError::Unavailable(_))));
    unsure.set_down(false);
    rig.auth
        .log_out(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    assert!(!rig.accepts(&ada));
}

#[tokio::test]
async fn what_the_second_try_revoked_is_dead_even_if_the_log_cannot_be_read() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    unsure.lose_next();
    unsure.set_log_down(true);
    let _ = rig.auth.log_out(&rig.cx, &ada.tokens.refresh_token).await;
    assert!(!rig.accepts(&ada));
}

#[tokio::test]
async fn logging_out_twice_at_two_instances_kills_the_access_token_at_both() {
    let rig = rig().await;
    let second = builder(&rig.store, &rig.clock, root(1))
        .build()
        .await
        .unwrap();
    let ada = rig.ada().await;
    rig.auth
        .log_out(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    second
        .log_out(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    assert!(!accepts(&second, &ada.tokens));
}

#[tokio::test]
async fn a_theft_found_at_the_second_try_is_not_swallowed() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    let spent = &ada.tokens.refresh_token;
    let next = rig.auth.refresh(&rig.cx, spent).await.unwrap();
    rig.pass(Duration::from_secs(31));
    unsure.lose_next();
    unsure.set_log_down(true);
    assert!(refused(&rig, spent).await);
    assert!(!accepts(&rig.auth, &next));
}

/// Waits for what must come by itself once the store is back.
async fn settles(settled: impl Fn() -> bool) {
    for _ in 0..100 {
        if settled() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not settled 10 s after the store came back");
}

#[tokio::test]
async fn a_theft_found_as_the_store_crashed_is_settled_once_it_is_back() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    let spent = &ada.tokens.refresh_token;
    let next = rig.auth.refresh(&rig.cx, spent).await.unwrap();
    rig.pass(Duration::from_secs(31));
    unsure.crash_after_next();
    let stolen = rig.auth.refresh(&rig.cx, spent).await;
    assert!(matches!(stolen, Err(AuthError::Unavailable(_))));
    unsure.set_down(false);
    settles(|| !accepts(&rig.auth, &next)).await;
}

/// Neither the old password nor an old token may outlive a change that was
/// committed while the store went down.
#[tokio::test]
async fn a_half_seen_password_change_is_settled_once_the_store_is_back() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    unsure.crash_after_next();
    let change = ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
    let changed = rig.auth.change_password(&rig.cx, ada.user.id, change).await;
    assert!(matches!(changed, Err(AuthError::Unavailable(_))));
    unsure.set_down(false);
    settles(|| !rig.accepts(&ada)).await;
}

#[tokio::test]
async fn an_ended_session_is_not_reported_missing_because_the_answer_was_lost() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    unsure.cut_next();
    rig.auth
        .end_session(&rig.cx, ada.user.id, ada.tokens.session)
        .await
        .unwrap();
    assert!(!rig.accepts(&ada));
}

/// A token that is dead when it is issued is an outage, not a bad token.
#[tokio::test]
async fn c54_after_a_spike_of_the_stores_clock_no_dead_token_is_handed_out() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    unsure.spike_next();
    rig.auth
        .refresh(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    let log_in = LogIn::new("ada@example.org", password(PASSWORD));
    let again = rig.auth.log_in(&rig.cx, log_in).await;
    assert!(matches!(again, Err(AuthError::Unavailable(_))));
}

/// An instance that allows longer tokens joins others.
#[tokio::test]
async fn a_longer_token_lifetime_can_be_rolled_out() {
    let rig = rig().await;
    let longer = builder(&rig.store, &rig.clock, root(1))
        .with_access_token_lifetime(Duration::from_secs(900))
        .build()
        .await
        .unwrap();
    rig.sign_up("ada").await;
    let log_in = LogIn::new("ada", password(PASSWORD));
    let ada = longer.log_in(&rig.cx, log_in).await.unwrap();
    assert!(rig.accepts(&ada));
}

/// An hour's jump of the wall clock during a revocation, and back.
#[tokio::test]
async fn a_wall_clock_that_jumps_makes_no_revocation_forgotten() {
    let rig = rig().await;
    // The store has a clock of its own, which does not jump.
    let stores = Arc::new(auth_core::ManualClock::at(NOW));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_clock(stores));
    let auth = builder(&store, &rig.clock, root(1)).build().await.unwrap();
    let rig = Rig { auth, store, ..rig };
    let ada = rig.ada().await;
    let record = rig
        .store
        .user(ada.user.tenant, ada.user.id)
        .await
        .unwrap()
        .unwrap();
    let sessions: Vec<_> = (1..=2100_u128)
        .map(|n| SessionId::from_uuid(uuid::Uuid::from_u128(n)))
        .collect();
    for id in &sessions {
        let session = NewSession {
            id: *id,
            tenant: ada.user.tenant,
            user: ada.user.id,
            seen: Seen {
                ver: ada.user.ver,
                session_epoch: ada.user.session_epoch,
                password_hash: record.password_hash.clone(),
            },
            client: ClientId::default(),
            scope: Scope::empty(),
            amr: vec![],
            device: None,
            root: root(1).id(),
            secret_hash: SecretHash::from_bytes([0; 32]),
            idle: Duration::from_secs(3600),
            absolute: Duration::from_secs(3600),
        };
        rig.store.open_session(session).await.unwrap();
    }
    rig.auth
        .log_out(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    for id in &sessions[..2000] {
        rig.auth
            .end_session(&rig.cx, ada.user.id, *id)
            .await
            .unwrap();
    }
    rig.clock.set_wall(NOW + Duration::from_secs(3600));
    for id in &sessions[2000..] {
        rig.auth
            .end_session(&rig.cx, ada.user.id, *id)
            .await
            .unwrap();
    }
    rig.clock.set_wall(NOW);
    assert!(!rig.accepts(&ada));
}

/// Made-up key ids during an outage ask once, and nobody is told "no".
#[tokio::test]
async fn c54_an_outage_of_the_keys_is_asked_about_once_and_is_no_no() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    let stranger = rig_with(|store| store, |builder| builder).await.ada().await;
    rig.pass(Duration::from_secs(11));
    unsure.set_keys_down(true);
    let verdicts = (0..40).map(|_| {
        let (verifier, token) = (rig.auth.verifier(), stranger.tokens.access_token.clone());
        tokio::spawn(async move { verifier.verify(token.expose()).await })
    });
    for verdict in verdicts.collect::<Vec<_>>() {
        assert!(matches!(
            verdict.await.unwrap(),
            Err(VerifyError::Unavailable(_))
        ));
    }
    assert_eq!(unsure.keys_asked(), 1);
}
