//! Signing up, logging in, changing the password.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;

use auth_core::{Scope, TenantId};
use auth_sdk::{
    AuthError, ChangePassword, Context, LogIn, Password, SignUp, TokenProfile, User, UserStatus,
};
use serde_json::{Map, Value, json};
use support::{NOW, OTHER_PASSWORD, PASSWORD, Rig, accepts, password, rig, rig_with};

async fn fails_to_log_in(rig: &Rig, identifier: &str, text: &str) -> bool {
    let attempt = rig
        .auth
        .log_in(&rig.cx, LogIn::new(identifier, password(text)))
        .await;
    matches!(attempt, Err(AuthError::InvalidCredentials))
}

#[tokio::test]
async fn sign_up_then_log_in_gives_a_token_of_the_user() {
    let rig = rig().await;
    let user = rig.sign_up("Ada@Example.org").await;
    assert_eq!(user.identifier, "Ada@Example.org");
    let ada = rig.log_in(" ada@example.ORG ").await;
    let identity = rig
        .auth
        .verifier()
        .verify_now(ada.tokens.access_token.expose())
        .unwrap();
    assert_eq!(identity.user(), Some(user.id));
    assert_eq!(identity.session(), Some(ada.tokens.session));
    assert_eq!(identity.tenant(), Some(TenantId::DEFAULT));
    assert_eq!(identity.auth_time(), Some(NOW));
    assert_eq!(identity.registered().amr(), ["pwd"]);
    assert!(ada.tokens.expires_in.as_secs() <= 300);
}

#[tokio::test]
async fn an_identifier_belongs_to_one_account_of_a_tenant() {
    let rig = rig().await;
    rig.sign_up("ada@example.org").await;
    let again = SignUp::new("ADA@example.org ", password(PASSWORD));
    let taken = rig.auth.sign_up(&rig.cx, again.clone()).await;
    assert!(matches!(taken, Err(AuthError::IdentifierTaken)));

    let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
    let elsewhere = Context::new().with_tenant(tenant);
    let missing = rig.auth.sign_up(&elsewhere, again.clone()).await;
    assert!(matches!(missing, Err(AuthError::NotFound)));
    rig.store.create_tenant(tenant).await.unwrap();
    let user = rig.auth.sign_up(&elsewhere, again).await.unwrap();
    assert_eq!(user.tenant, tenant);
    assert!(matches!(
        rig.auth.user(&rig.cx, user.id).await,
        Err(AuthError::NotFound)
    ));
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_by_name() {
    let rig = rig().await;
    let try_it = |identifier: &str, text: &str| {
        let request = SignUp::new(identifier, password(text));
        let auth = rig.auth.clone();
        async move {
            auth.sign_up(&Context::new(), request)
                .await
                .unwrap_err()
                .code()
                .as_str()
        }
    };
    assert_eq!(try_it("", PASSWORD).await, "invalid_identifier");
    assert_eq!(try_it("a\0b", PASSWORD).await, "invalid_identifier");
    assert_eq!(
        try_it(&"x".repeat(400), PASSWORD).await,
        "invalid_identifier"
    );
    assert_eq!(try_it("ada", "short").await, "password_rejected");
}

/// 81: nobody is told why.
#[tokio::test]
async fn c81_unknown_disabled_and_mistaken_users_get_one_answer_for_one_hash_each() {
    let rig = rig().await;
    let ada = rig.ada().await;
    rig.sign_up("bob@example.org").await;
    rig.auth
        .set_user_status(&rig.cx, ada.user.id, UserStatus::Disabled)
        .await
        .unwrap();
    assert!(fails_to_log_in(&rig, "ada@example.org", PASSWORD).await);
    assert!(fails_to_log_in(&rig, "bob@example.org", OTHER_PASSWORD).await);
    assert!(fails_to_log_in(&rig, "nobody@example.org", PASSWORD).await);
    assert!(fails_to_log_in(&rig, "", PASSWORD).await);
    assert!(fails_to_log_in(&rig, "bob@example.org", "").await);
}

#[tokio::test]
async fn c77_a_composed_and_a_decomposed_password_are_one() {
    let rig = rig().await;
    let sign_up = SignUp::new("ada", password("caf\u{e9} caf\u{e9} caf\u{e9} caf\u{e9}"));
    rig.auth.sign_up(&rig.cx, sign_up).await.unwrap();
    let log_in = LogIn::new(
        "ada",
        password("cafe\u{301} cafe\u{301} cafe\u{301} cafe\u{301}"),
    );
    assert!(rig.auth.log_in(&rig.cx, log_in).await.is_ok());
}

#[derive(Debug)]
struct Plans;

impl TokenProfile for Plans {
    fn scope(&self, user: &User) -> Scope {
        let scope = if user.roles.iter().any(|role| role == "admin") {
            "read write"
        } else {
            "read"
        };
        scope.parse().unwrap()
    }

    fn claims(&self, user: &User) -> Map<String, Value> {
        Map::from_iter([("plan".to_owned(), json!({ "name": user.identifier }))])
    }
}

#[tokio::test]
async fn a_client_gets_no_more_scope_than_the_profile_allows() {
    let rig = rig_with(
        |store| store,
        |builder| builder.with_token_profile(Arc::new(Plans)),
    )
    .await;
    let user = rig.sign_up("ada").await;
    let with =
        |scope: &str| LogIn::new("ada", password(PASSWORD)).with_scope(scope.parse().unwrap());
    let refused = rig.auth.log_in(&rig.cx, with("read write")).await;
    assert!(matches!(refused, Err(AuthError::InvalidScope)));
    assert_eq!(rig.log_in("ada").await.tokens.scope.to_string(), "read");

    rig.auth
        .set_user_roles(&rig.cx, user.id, vec!["admin".to_owned()])
        .await
        .unwrap();
    let ada = rig.auth.log_in(&rig.cx, with("read write")).await.unwrap();
    assert_eq!(ada.tokens.scope.to_string(), "read write");

    // What is taken away is gone from the next token on.
    rig.auth
        .set_user_roles(&rig.cx, user.id, vec![])
        .await
        .unwrap();
    assert!(!rig.accepts(&ada));
    let next = rig
        .auth
        .refresh(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    assert_eq!(next.scope.to_string(), "read");
}

#[tokio::test]
async fn own_claims_are_read_as_they_were_written() {
    #[derive(serde::Deserialize)]
    struct Own {
        plan: Plan,
    }
    #[derive(serde::Deserialize)]
    struct Plan {
        name: String,
    }
    let rig = rig_with(
        |store| store,
        |builder| builder.with_token_profile(Arc::new(Plans)),
    )
    .await;
    let ada = rig.ada().await;
    let identity = rig
        .auth
        .verifier()
        .verify_now(ada.tokens.access_token.expose())
        .unwrap();
    assert_eq!(
        identity.claims::<Own>().unwrap().plan.name,
        "ada@example.org"
    );
}

#[derive(Debug)]
struct Overreaching;

impl TokenProfile for Overreaching {
    fn claims(&self, _user: &User) -> Map<String, Value> {
        Map::from_iter([("sub".to_owned(), json!("somebody-else"))])
    }
}

#[tokio::test]
async fn own_claims_cannot_say_who_the_user_is() {
    let rig = rig_with(
        |store| store,
        |b| b.with_token_profile(Arc::new(Overreaching)),
    )
    .await;
    rig.sign_up("ada").await;
    let attempt = rig
        .auth
        .log_in(&rig.cx, LogIn::new("ada", password(PASSWORD)))
        .await;
    assert!(matches!(attempt, Err(AuthError::Internal(_))));
}

/// 69, 86: all sessions end but the one that is opened by the change.
#[tokio::test]
async fn c86_a_password_change_needs_the_old_one_and_ends_every_session() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let other = rig.log_in("ada@example.org").await;
    let change = |from: &str, to: &str| {
        let request = ChangePassword::new(password(from), password(to));
        rig.auth.change_password(&rig.cx, ada.user.id, request)
    };
    let wrong = change(OTHER_PASSWORD, OTHER_PASSWORD).await;
    assert!(matches!(wrong, Err(AuthError::InvalidCredentials)));
    let short = change(PASSWORD, "short").await;
    assert!(matches!(short, Err(AuthError::Password(_))));
    assert!(rig.accepts(&ada) && rig.accepts(&other));

    let changed = change(PASSWORD, OTHER_PASSWORD).await.unwrap();
    assert!(rig.accepts(&changed));
    assert_ne!(changed.tokens.session, ada.tokens.session);
    for dead in [&ada, &other] {
        assert!(!rig.accepts(dead));
        let refresh = rig.auth.refresh(&rig.cx, &dead.tokens.refresh_token).await;
        assert!(matches!(refresh, Err(AuthError::InvalidGrant)));
    }
    assert!(fails_to_log_in(&rig, "ada@example.org", PASSWORD).await);
    let sessions = rig.auth.sessions(&rig.cx, ada.user.id).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert!(accepts(
        &rig.auth,
        &rig.auth
            .refresh(&rig.cx, &changed.tokens.refresh_token)
            .await
            .unwrap()
    ));
}

/// 48, 87: nothing that is printed holds a secret.
#[tokio::test]
async fn c48_c87_debug_shows_no_password_token_or_key() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let record = rig
        .store
        .user(TenantId::DEFAULT, ada.user.id)
        .await
        .unwrap()
        .unwrap();
    let request = LogIn::new("ada@example.org", password(PASSWORD));
    let shown = format!(
        "{:?} {:?} {:?} {ada:?} {:?} {request:?} {:?} {record:?} {:?} {:?}",
        rig.auth,
        rig.store,
        rig.cx,
        SignUp::new("ada@example.org", password(PASSWORD)),
        ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD)),
        support::root(1),
        rig.auth.verifier(),
    );
    let (access, refresh) = (&ada.tokens.access_token, &ada.tokens.refresh_token);
    let root = support::root(1).to_base64();
    let hash = record.password_hash.as_deref().unwrap();
    for secret in [
        PASSWORD,
        OTHER_PASSWORD,
        access.expose(),
        refresh.expose(),
        root.expose(),
        hash,
    ] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!shown.contains(&secret[secret.len() - 12..]), "{shown}");
    }
}

#[tokio::test]
async fn c75_a_password_too_long_to_be_one_is_refused_and_never_cut() {
    assert!(Password::new("x".repeat(1025)).is_err());
    let rig = rig().await;
    let longest = &PASSWORD.repeat(37)[..1024];
    rig.auth
        .sign_up(&rig.cx, SignUp::new("ada", password(longest)))
        .await
        .unwrap();
    assert!(fails_to_log_in(&rig, "ada", &longest[1..]).await);
    assert!(
        rig.auth
            .log_in(&rig.cx, LogIn::new("ada", password(longest)))
            .await
            .is_ok()
    );
}
