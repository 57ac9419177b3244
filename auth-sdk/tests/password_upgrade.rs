//! Hashes that are no longer as they are made, users who bring theirs, and what
//! may be chosen: checklist 78 and 83.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::password::{HashPool, OfflineHasher, Peppers, WhenUnanswered, danger};
use auth_sdk::{
    AuthError, BreachCheck, BreachRanges, ChangePassword, Context, ContextWords, ImportUser, LogIn,
    PasswordHash, SignUp, User,
};
use auth_store::HashRenewal;
use support::unsure::Unsure;
use support::{OTHER_PASSWORD, PASSWORD, Rig, password, rig, rig_with, unsure_rig};

/// With half the memory of new hashes.
fn outdated_hash(text: &str) -> PasswordHash {
    hash(8, text)
}

fn hash(m_kib: u32, text: &str) -> PasswordHash {
    let params = danger::argon2_params(m_kib, 1, 1).unwrap();
    OfflineHasher::new(params, Peppers::none())
        .hash(&password(text))
        .unwrap()
}

/// Ada, who comes with an outdated hash.
async fn imported() -> (Rig, Arc<Unsure>, User) {
    let pool = HashPool::builder()
        .with_params(danger::argon2_params(16, 1, 1).unwrap())
        .with_threads(1)
        .build()
        .unwrap();
    let (rig, unsure) = unsure_rig(|builder| builder.with_hash_pool(pool)).await;
    let import = ImportUser::new("ada@example.org", Some(outdated_hash(PASSWORD)));
    let ada = rig.auth.import_user(&rig.cx, import).await.unwrap();
    (rig, unsure, ada)
}

async fn stored(rig: &Rig, user: &User) -> String {
    let record = rig.store.user(user.tenant, user.id).await.unwrap();
    record.unwrap().password_hash.unwrap()
}

/// Waits until something is so; a test that hangs has failed.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap();
}

#[tokio::test]
async fn c83_an_outdated_hash_is_renewed_by_the_log_in_and_nobody_is_logged_out() {
    let (rig, store, ada) = imported().await;
    let first = rig.log_in("ada@example.org").await;
    until(async || stored(&rig, &ada).await.contains("m=16,")).await;
    assert!(rig.accepts(&first));
    let tokens = first.tokens.refresh_token;
    assert!(rig.auth.refresh(&rig.cx, &tokens).await.is_ok());
    // Once: the next log-in finds nothing to do.
    let renewed = stored(&rig, &ada).await;
    rig.log_in("ada@example.org").await;
    rig.log_in("ada@example.org").await;
    assert_eq!(stored(&rig, &ada).await, renewed);
    assert_eq!(store.renewals(), 1);
}

#[tokio::test]
async fn c83_a_wrong_password_renews_nothing() {
    let (rig, store, ada) = imported().await;
    let before = stored(&rig, &ada).await;
    let wrong = LogIn::new("ada@example.org", password(OTHER_PASSWORD));
    assert!(rig.auth.log_in(&rig.cx, wrong).await.is_err());
    // A job that comes after would come out after.
    let hashed = rig
        .auth
        .sign_up(&rig.cx, SignUp::new("bob", password(PASSWORD)));
    hashed.await.unwrap();
    assert_eq!(store.renewals(), 0);
    assert_eq!(stored(&rig, &ada).await, before);
}

#[tokio::test]
async fn c83_a_renewal_that_fails_fails_no_log_in_and_is_tried_again() {
    let (rig, store, ada) = imported().await;
    let before = stored(&rig, &ada).await;
    store.set_renewals_fail(true);
    for times in 1..=3 {
        let ada = rig.log_in("ada@example.org").await;
        assert!(rig.accepts(&ada));
        until(async || store.renewals() == times).await;
    }
    assert_eq!(stored(&rig, &ada).await, before);
    store.set_renewals_fail(false);
    rig.log_in("ada@example.org").await;
    until(async || stored(&rig, &ada).await != before).await;
}

#[tokio::test]
async fn c83_a_password_change_wins_over_a_renewal_that_comes_late() {
    let (rig, store, ada) = imported().await;
    let gate = store.hold_renewals().await;
    rig.log_in("ada@example.org").await;
    until(async || store.renewals() == 1).await;
    let change = ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
    let changed = rig
        .auth
        .change_password(&rig.cx, ada.id, change)
        .await
        .unwrap();
    let new = stored(&rig, &ada).await;
    drop(gate);
    // The renewal has been given up once its permit is back.
    drop(store.hold_renewals().await);
    assert_eq!(stored(&rig, &ada).await, new);
    assert!(rig.accepts(&changed));
    let old = LogIn::new("ada@example.org", password(PASSWORD));
    assert!(rig.auth.log_in(&rig.cx, old).await.is_err());
}

#[tokio::test]
async fn c83_a_renewal_that_comes_first_does_not_fail_a_password_change() {
    let (rig, store, ada) = imported().await;
    store.renew_before_change(HashRenewal {
        tenant: ada.tenant,
        user: ada.id,
        seen_hash: Some(stored(&rig, &ada).await),
        new_hash: hash(16, PASSWORD).expose_phc().to_owned(),
    });
    let change = ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
    let changed = rig
        .auth
        .change_password(&rig.cx, ada.id, change)
        .await
        .unwrap();
    assert!(rig.accepts(&changed));
    let new = LogIn::new("ada@example.org", password(OTHER_PASSWORD));
    assert!(rig.auth.log_in(&rig.cx, new).await.is_ok());
}

/// As PHP, Django and passlib made them of [`PASSWORD`].
#[cfg(feature = "legacy-hashes")]
const LEGACY: [&str; 3] = [
    "$2y$04$rpoldnbStPicNTt6EMZpAuami7KQNOecwR0cq8DmjKcYa5sQWOB5q",
    "pbkdf2_sha256$30$0gMXsg3h1kuQk5TMOydhVN$OsSvTedn+uDgPzpaIoyf1+5qFALIK7ZVRx2eRMkRBnc=",
    "$scrypt$ln=6,r=8,p=2$ag1hrHXO2ft/LwXAWGvNGQ$MTWCGAJDZEcNuPG6vjSmBqckzOMiqzrDsy3wBsIB5BI",
];

#[cfg(feature = "legacy-hashes")]
#[tokio::test]
async fn c83_a_user_with_another_systems_hash_logs_in_and_has_one_of_ours_from_then_on() {
    let (rig, store, _) = imported().await;
    for (index, text) in LEGACY.into_iter().enumerate() {
        let wrapped = OfflineHasher::new(danger::argon2_params(8, 1, 1).unwrap(), Peppers::none())
            .wrap(&PasswordHash::from_legacy(text.to_owned()).unwrap())
            .unwrap();
        for (form, hash) in [PasswordHash::from_phc(text.to_owned()), wrapped]
            .into_iter()
            .enumerate()
        {
            let name = format!("user {index} {form}");
            let import = ImportUser::new(&name, Some(hash.clone()));
            let user = rig.auth.import_user(&rig.cx, import).await.unwrap();
            let wrong = LogIn::new(&name, password(OTHER_PASSWORD));
            let wrong = rig.auth.log_in(&rig.cx, wrong).await;
            assert!(matches!(wrong, Err(AuthError::InvalidCredentials)));
            assert_eq!(stored(&rig, &user).await, hash.expose_phc());
            let first = rig.log_in(&name).await;
            until(async || {
                stored(&rig, &user)
                    .await
                    .starts_with("$argon2id$v=19$m=16,")
            })
            .await;
            assert!(rig.accepts(&first), "{name}");
            let second = rig.log_in(&name).await;
            assert!(rig.accepts(&second), "{name}");
        }
    }
    assert_eq!(store.renewals(), 6);
}

#[tokio::test]
async fn an_imported_user_without_a_hash_has_no_password() {
    let rig = rig().await;
    let import = ImportUser::new("bob", None).with_roles(["reader"]);
    let bob = rig.auth.import_user(&rig.cx, import.clone()).await.unwrap();
    assert_eq!(bob.roles, ["reader"]);
    let again = rig.auth.import_user(&rig.cx, import).await;
    assert!(matches!(again, Err(AuthError::IdentifierTaken)));
    let attempt = LogIn::new("bob", password(PASSWORD));
    let attempt = rig.auth.log_in(&rig.cx, attempt).await;
    assert!(matches!(attempt, Err(AuthError::InvalidCredentials)));
}

/// The reason for which a password may not be chosen.
fn reason<T>(outcome: &Result<T, AuthError>) -> Option<&'static str> {
    match outcome {
        Err(AuthError::Password(violation)) => Some(violation.code()),
        _ => None,
    }
}

#[tokio::test]
async fn c78_context_words_hold_at_sign_up_and_at_a_change() {
    // The issuer is https://auth.example.
    let rig = rig().await;
    let try_it = |identifier: &str, text: &str| {
        let words = ContextWords::new().with_words("Grace Hopper");
        let request = SignUp::new(identifier, password(text)).with_context_words(words);
        let auth = rig.auth.clone();
        async move { reason(&auth.sign_up(&Context::new(), request).await) }
    };
    let lovelace = "ada.lovelace@example.org";
    for (text, expected) in [
        ("Ada-Lovelace-1815", Some("context_word")),
        ("gracehopper 1906!", Some("context_word")),
        ("auth-auth-auth-42", Some("context_word")),
        ("Password12345678", Some("common_password")),
        ("abcdefghijklmnopq", Some("predictable")),
        ("lovelace wrote of wheels", None),
    ] {
        assert_eq!(try_it(lovelace, text).await, expected, "{text}");
    }
    let ada = rig.ada().await;
    let change = |text: &str| {
        let request = ChangePassword::new(password(PASSWORD), password(text));
        let (auth, user) = (rig.auth.clone(), ada.user.id);
        async move { reason(&auth.change_password(&Context::new(), user, request).await) }
    };
    assert_eq!(change("Password12345678").await, Some("common_password"));
    assert_eq!(change("ada@example-1815!").await, Some("context_word"));
    assert!(rig.accepts(&ada), "what was refused ended nothing");
    assert_eq!(change("the example was not followed").await, None);
    assert!(!rig.accepts(&ada));
}

/// Knows that one hash was breached, or nothing at all.
#[derive(Debug)]
struct Breaches(Option<&'static str>);

#[async_trait]
impl BreachRanges for Breaches {
    async fn range(&self, _: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        self.0.map(str::to_owned).ok_or_else(|| "down".into())
    }
}

/// SHA-1 of [`PASSWORD`], without its first five digits, as in an answer.
const BREACHED: &str = "AD6438836DBE526AA231ABDE2D0EEF74D42:1";

#[tokio::test]
async fn c78_a_breached_password_is_refused_at_sign_up_and_at_a_change() {
    let check = BreachCheck::new(Arc::new(Breaches(Some(BREACHED))));
    let rig = rig_with(|store| store, |builder| builder.with_breach_check(check)).await;
    let sign_up = |text| {
        rig.auth
            .sign_up(&rig.cx, SignUp::new("ada", password(text)))
    };
    assert_eq!(reason(&sign_up(PASSWORD).await), Some("breached"));
    let ada = sign_up(OTHER_PASSWORD).await.unwrap();
    let change = ChangePassword::new(password(OTHER_PASSWORD), password(PASSWORD));
    let change = rig.auth.change_password(&rig.cx, ada.id, change).await;
    assert_eq!(reason(&change), Some("breached"));
}

#[tokio::test]
async fn c78_breaches_that_cannot_be_asked_for_are_an_outage_where_that_was_chosen() {
    for when in [WhenUnanswered::Allow, WhenUnanswered::Refuse] {
        let check = BreachCheck::new(Arc::new(Breaches(None))).when_unanswered(when);
        let rig = rig_with(|store| store, |builder| builder.with_breach_check(check)).await;
        let sign_up = SignUp::new("ada", password(PASSWORD));
        let outcome = rig.auth.sign_up(&rig.cx, sign_up).await;
        match when {
            WhenUnanswered::Allow => assert!(outcome.is_ok()),
            _ => assert!(matches!(outcome, Err(AuthError::Unavailable(_)))),
        }
    }
}
