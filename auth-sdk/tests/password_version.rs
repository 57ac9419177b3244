//! Under which rules a password was chosen, as an application is told: checklist
//! 77 and 78.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::time::Duration;

use auth_core::password::{HashPool, OfflineHasher, Peppers, danger};
use auth_sdk::{ChangePassword, ImportUser, LoggedIn, PasswordPolicy, PolicyVersion, SignUp, User};
use support::{OTHER_PASSWORD, PASSWORD, Rig, password, rig, rig_with, unsure_rig};

const TODAY: Option<PolicyVersion> = Some(PolicyVersion::CURRENT);

async fn change(rig: &Rig, user: &User) -> LoggedIn {
    let request = ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
    let changed = rig.auth.change_password(&rig.cx, user.id, request).await;
    changed.unwrap()
}

/// Today's hashes take twice the memory of the one that Ada comes with.
async fn imported() -> (Rig, User) {
    let params = |m_kib| danger::argon2_params(m_kib, 1, 1).unwrap();
    let pool = HashPool::builder().with_params(params(16)).with_threads(1);
    let pool = pool.build().unwrap();
    let rig = rig_with(|store| store, |builder| builder.with_hash_pool(pool)).await;
    let hash = OfflineHasher::new(params(8), Peppers::none()).hash(&password(PASSWORD));
    let import = ImportUser::new("ada@example.org", Some(hash.unwrap()));
    let ada = rig.auth.import_user(&rig.cx, import).await.unwrap();
    (rig, ada)
}

#[tokio::test]
async fn c78_a_password_that_was_chosen_here_has_the_version_of_the_rules() {
    let rig = rig().await;
    let ada = rig.sign_up("ada@example.org").await;
    assert_eq!(ada.password_policy, TODAY);
    let logged_in = rig.log_in("ada@example.org").await;
    assert_eq!(logged_in.user.password_policy, TODAY);
    assert!(rig.auth.password_is_current(&logged_in.user));
    let changed = change(&rig, &ada).await;
    assert_eq!(changed.user.password_policy, TODAY);
    let read = rig.auth.user(&rig.cx, ada.id).await.unwrap();
    assert_eq!(read.password_policy, TODAY);
}

/// The store may have lost the answer; what it has kept is the same.
#[tokio::test]
async fn c78_the_version_is_there_when_an_answer_was_lost() {
    let (rig, unsure) = unsure_rig(|builder| builder).await;
    unsure.cut_next();
    let ada = rig.sign_up("ada@example.org").await;
    assert_eq!(ada.password_policy, TODAY);
    unsure.cut_next();
    assert_eq!(change(&rig, &ada).await.user.password_policy, TODAY);
}

#[tokio::test]
async fn c78_an_imported_password_is_not_current_until_another_is_chosen() {
    let (rig, ada) = imported().await;
    assert_eq!(ada.password_policy, None);
    let first = rig.log_in("ada@example.org").await;
    assert!(!rig.auth.password_is_current(&first.user));
    // The log-in renews the hash, which is no choice of a password.
    let renewed = async {
        loop {
            let record = rig.store.user(ada.tenant, ada.id).await.unwrap().unwrap();
            if record.password_hash.unwrap().contains("m=16,") {
                return record.user;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let renewed = tokio::time::timeout(Duration::from_secs(60), renewed).await;
    assert_eq!(renewed.unwrap().password_policy, None);
    let second = rig.log_in("ada@example.org").await;
    assert!(!rig.auth.password_is_current(&second.user));
    let changed = change(&rig, &ada).await;
    assert!(rig.auth.password_is_current(&changed.user));
}

/// What an application asks for beyond the rules is its own, and in no version.
#[tokio::test]
async fn c78_the_version_is_of_the_rules_and_not_of_what_was_set() {
    let policy = PasswordPolicy::default().with_min_code_points(8).unwrap();
    let rig = rig_with(
        |store| store,
        |builder| builder.with_password_policy(policy),
    )
    .await;
    let request = SignUp::new("ada@example.org", password("wxq-74.b"));
    let ada = rig.auth.sign_up(&rig.cx, request).await.unwrap();
    assert_eq!(ada.password_policy, TODAY);
}

/// Both spellings are one password, and the version stored with it says why.
#[tokio::test]
async fn c77_the_version_says_how_the_text_was_prepared() {
    let rig = rig().await;
    let decomposed = password("cafe\u{301} correct horse battery");
    let sign_up = SignUp::new("ada@example.org", decomposed);
    let ada = rig.auth.sign_up(&rig.cx, sign_up).await.unwrap();
    let text = ada.password_policy.and_then(PolicyVersion::text_version);
    assert_eq!(text, Some(auth_core::password::Password::TEXT_VERSION));
    let composed = password("caf\u{e9} correct horse battery");
    let log_in = auth_sdk::LogIn::new("ada@example.org", composed);
    let logged_in = rig.auth.log_in(&rig.cx, log_in).await.unwrap();
    assert_eq!(logged_in.user.password_policy, ada.password_policy);
}
