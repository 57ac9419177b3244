//! What a password change asks the store for.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use auth_sdk::{AuthBuilder, AuthError, ChangePassword};
use auth_store::HashRenewal;
use support::{OTHER_PASSWORD, PASSWORD, password, unsure_rig};

fn change(from: &str, to: &str) -> ChangePassword {
    ChangePassword::new(password(from), password(to))
}

/// By id, to learn whose attempt it is, and with the attempt: where none are
/// counted the first reading is enough.
#[tokio::test]
async fn a_password_change_reads_its_user_no_more_often_than_it_must() {
    let counting = ["user", "reserve", "change", "open", "forget"];
    let not_counting = ["user", "change", "open"];
    for counts in [true, false] {
        let (rig, store) = unsure_rig(AuthBuilder::danger_accept_unlimited_attempts).await;
        let ada = rig.ada().await;
        if !counts {
            store.set_uncounting();
        }
        store.take_statements();
        let changed = rig
            .auth
            .change_password(&rig.cx, ada.user.id, change(PASSWORD, OTHER_PASSWORD))
            .await
            .unwrap();
        assert!(rig.accepts(&changed) && !rig.accepts(&ada));
        let expected: &[_] = if counts { &counting } else { &not_counting };
        assert_eq!(store.take_statements(), expected);

        let wrong = change(PASSWORD, PASSWORD);
        let wrong = rig.auth.change_password(&rig.cx, ada.user.id, wrong).await;
        assert!(matches!(wrong, Err(AuthError::InvalidCredentials)));
        let expected: &[_] = if counts {
            &counting[..2]
        } else {
            &not_counting[..1]
        };
        assert_eq!(store.take_statements(), expected);
    }
}

/// Whether the hash is the one that was drawn, and what it is now, is one question.
#[tokio::test]
async fn a_password_change_that_was_overtaken_reads_its_user_once_more() {
    let (rig, store) = unsure_rig(|builder| builder).await;
    let ada = rig.ada().await;
    let (tenant, user) = (ada.user.tenant, ada.user.id);
    let record = rig.store.user(tenant, user).await.unwrap().unwrap();
    let again = support::quick_pool();
    let by = again.deadline(std::time::Duration::from_secs(60));
    let renewed = again.hash(password(PASSWORD), by).await.unwrap();
    store.renew_before_change(HashRenewal {
        tenant,
        user,
        seen_hash: record.password_hash,
        new_hash: renewed.expose_phc().to_owned(),
    });
    store.take_statements();
    let request = change(PASSWORD, OTHER_PASSWORD);
    let changed = rig.auth.change_password(&rig.cx, user, request).await;
    assert!(rig.accepts(&changed.unwrap()));
    assert_eq!(
        store.take_statements(),
        [
            "user", "reserve", "change", "user", "change", "open", "forget"
        ]
    );
}
