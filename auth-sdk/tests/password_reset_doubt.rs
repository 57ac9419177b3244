//! A reset that is asked for by strangers, hung up on, overtaken, or whose
//! answer is lost: checklist 86 and 88.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use auth_sdk::{
    Auth, AuthBuilder, AuthError, BreachCheck, BreachRanges, Context, ImportUser, LogIn,
    PasswordReset, TenantId, TenantStatus, UserId, UserStatus,
};
use support::{OTHER_PASSWORD, PASSWORD, Rig, password, rig_with, unsure_rig};

const ADA: &str = "ada@example.org";
const HOUR: Duration = Duration::from_secs(3600);

async fn requested(rig: &Rig, identifier: &str) -> Option<PasswordReset> {
    let asked = rig.auth.request_password_reset(&rig.cx, identifier);
    asked.await.unwrap()
}

/// 88: nobody is told apart, by what is asked of the store neither.
#[tokio::test]
async fn c88_who_asks_for_a_reset_learns_of_nobody() {
    let (rig, store) = unsure_rig(|builder| builder).await;
    rig.sign_up(ADA).await;
    let disabled = rig.sign_up("disabled").await;
    let set = rig
        .auth
        .set_user_status(&rig.cx, disabled.id, UserStatus::Disabled);
    set.await.unwrap();
    rig.sign_up("locked").await;
    for _ in 0..6 {
        let guess = LogIn::new("locked", password(OTHER_PASSWORD));
        assert!(rig.auth.log_in(&rig.cx, guess).await.is_err());
    }
    let import = ImportUser::new("passwordless", None);
    rig.auth.import_user(&rig.cx, import).await.unwrap();
    store.take_statements();
    for (identifier, is_made) in [
        (ADA, true),
        ("nobody", false),
        ("disabled", false),
        ("locked", true),
        ("passwordless", true),
        ("ADA@example.org ", true),
    ] {
        let made = requested(&rig, identifier).await;
        assert_eq!(made.is_some(), is_made, "{identifier}");
        assert_eq!(store.take_statements(), ["find"], "{identifier}");
    }
    for nobodys in ["", "a\0b", &"x".repeat(700)] {
        assert!(requested(&rig, nobodys).await.is_none());
    }

    let tenant = TenantId::DEFAULT;
    let set = rig.auth.set_tenant_status(tenant, TenantStatus::Disabled);
    set.await.unwrap();
    store.take_statements();
    assert!(requested(&rig, ADA).await.is_none());
    assert_eq!(store.take_statements(), ["find"]);
    store.set_down(true);
    for identifier in [ADA, "nobody"] {
        let asked = rig.auth.request_password_reset(&rig.cx, identifier).await;
        assert!(matches!(asked, Err(AuthError::Unavailable(_))));
    }
}

/// A mailbox gets five an hour, and who asks is told nothing of it.
#[tokio::test]
async fn c88_a_mailbox_is_not_filled_and_nobody_is_told() {
    let (rig, store) = unsure_rig(|builder| builder).await;
    rig.sign_up(ADA).await;
    rig.sign_up("bob").await;
    for _ in 0..5 {
        assert!(requested(&rig, ADA).await.is_some());
    }
    store.take_statements();
    assert!(requested(&rig, ADA).await.is_none());
    assert_eq!(store.take_statements(), ["find"]);
    assert!(requested(&rig, "bob").await.is_some());
    rig.pass(HOUR);
    assert!(requested(&rig, ADA).await.is_some());
}

/// The commit went through, its confirmation did not; or it was lost on its way.
#[tokio::test]
async fn c86_a_reset_whose_answer_is_lost_converges() {
    let (rig, store) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    let mut held = ada;
    for (round, is_committed) in [true, false].into_iter().enumerate() {
        let token = requested(&rig, ADA).await.unwrap().token;
        if is_committed {
            store.cut_next();
        } else {
            store.lose_next();
        }
        let new = password(&format!("horse number {round}, and a battery"));
        rig.auth
            .reset_password(&rig.cx, &token, new.clone())
            .await
            .unwrap();
        assert!(!rig.accepts(&held));
        let log_in = LogIn::new(ADA, new.clone());
        held = rig.auth.log_in(&rig.cx, log_in).await.unwrap();
        let again = rig.auth.reset_password(&rig.cx, &token, new).await;
        assert!(matches!(again, Err(AuthError::InvalidResetToken)));
    }
}

/// The database crashed as it committed: logging in tells.
#[tokio::test]
async fn c86_a_reset_that_a_crash_hid_is_settled_once_the_store_is_back() {
    let (rig, store) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    let token = requested(&rig, ADA).await.unwrap().token;
    store.crash_after_next();
    let new = password(OTHER_PASSWORD);
    let lost = rig.auth.reset_password(&rig.cx, &token, new.clone()).await;
    assert!(matches!(lost, Err(AuthError::Unavailable(_))));
    store.set_down(false);
    until(|| !rig.accepts(&ada)).await;
    let again = rig.auth.reset_password(&rig.cx, &token, new.clone()).await;
    assert!(matches!(again, Err(AuthError::InvalidResetToken)));
    let log_in = LogIn::new(ADA, new);
    assert!(rig.auth.log_in(&rig.cx, log_in).await.is_ok());
}

async fn until(so: impl Fn() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    waited.unwrap();
}

/// Who hangs up between the commit and the answer has reset it all the same.
#[tokio::test]
async fn c86_a_dropped_reset_is_seen_through() {
    let (rig, store) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    for _ in 0..6 {
        let guess = LogIn::new(ADA, password(OTHER_PASSWORD));
        let _ = rig.auth.log_in(&rig.cx, guess).await;
    }
    let token = requested(&rig, ADA).await.unwrap().token;
    store.take_statements();
    store.set_slow(true);
    let new = password(OTHER_PASSWORD);
    {
        let resetting = rig.auth.reset_password(&rig.cx, &token, new.clone());
        let mut resetting = std::pin::pin!(resetting);
        // Until the store has been asked to change it.
        loop {
            let turn = Duration::from_millis(1);
            let done = tokio::time::timeout(turn, resetting.as_mut()).await;
            assert!(done.is_err(), "{done:?}");
            if store.statements().contains(&"change") {
                break;
            }
        }
    }
    until(|| store.statements() == ["user", "change", "forget"]).await;
    assert!(!rig.accepts(&ada));
    store.set_slow(false);
    // From a network that would still have to wait.
    let log_in = LogIn::new(ADA, new);
    assert!(rig.auth.log_in(&rig.cx, log_in).await.is_ok());
}

/// Logs the user out everywhere while a new password is looked up.
#[derive(Debug, Default)]
struct Meanwhile(OnceLock<(Auth, UserId)>);

#[async_trait]
impl BreachRanges for Meanwhile {
    async fn range(&self, _: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        if let Some((auth, user)) = self.0.get() {
            auth.log_out_everywhere(&Context::new(), *user).await?;
        }
        Ok(String::new())
    }
}

/// What returned before the reset was made is not undone by it.
#[tokio::test]
async fn c86_a_log_out_everywhere_overtakes_a_reset_that_is_under_way() {
    let meanwhile = Arc::new(Meanwhile::default());
    let check = BreachCheck::new(meanwhile.clone());
    let rig = rig_with(|store| store, |builder| builder.with_breach_check(check)).await;
    let ada = rig.ada().await;
    let token = requested(&rig, ADA).await.unwrap().token;
    meanwhile.0.set((rig.auth.clone(), ada.user.id)).unwrap();
    let new = password(OTHER_PASSWORD);
    let late = rig.auth.reset_password(&rig.cx, &token, new).await;
    assert!(matches!(late, Err(AuthError::InvalidResetToken)));
    let log_in = LogIn::new(ADA, password(PASSWORD));
    assert!(rig.auth.log_in(&rig.cx, log_in).await.is_ok());
}

/// It is told as what it is, once, and the token is in no event.
#[tokio::test]
async fn a_reset_is_told_of_as_a_password_change() {
    let rig = rig_with(|store| store, AuthBuilder::with_events).await;
    rig.sign_up(ADA).await;
    let made = requested(&rig, ADA).await.unwrap();
    for _ in 0..2 {
        let new = password(OTHER_PASSWORD);
        let _ = rig.auth.reset_password(&rig.cx, &made.token, new).await;
    }
    let told = rig.told().await;
    let kinds: Vec<_> = told.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["auth.user.created", "auth.password.changed"]);
    for event in told {
        assert!(!event.to_json().unwrap().contains(made.token.expose()));
    }
}
