//! What happens to accounts at platforms, tenants and API keys is told, if it is asked
//! for, and nothing that somebody signs in with.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::time::Duration;

use auth_core::{Scope, TenantId};
use auth_sdk::{AuthBuilder, AuthError, CreateApiKey, PlatformKey, TenantStatus};
use serde_json::{Value, json};
use support::{Rig, rig_with};

type Told = (String, String, Value);

/// Kind, subject and data of all events that wait.
async fn told(rig: &Rig) -> Vec<Told> {
    let told = rig.told().await.into_iter().map(|event| {
        let data = serde_json::from_str(&event.data).unwrap();
        (event.kind.to_string(), event.subject, data)
    });
    told.collect()
}

fn telling(builder: AuthBuilder) -> AuthBuilder {
    let keys = builder.with_api_keys("acme_live".parse().unwrap());
    keys.with_api_key_limit(2).with_events()
}

#[tokio::test]
async fn accounts_and_keys_tell_of_themselves_and_of_no_identifier() {
    let rig = rig_with(|store| store, telling).await;
    let (auth, cx) = (&rig.auth, &rig.cx);
    let id = rig.ada().await.user.id;
    let (github, google) = (
        PlatformKey::new("github", "ada-at-github").unwrap(),
        PlatformKey::new("google", "ada-at-google").unwrap(),
    );
    for key in [&github, &google, &github] {
        auth.link_platform(cx, id, key).await.unwrap();
    }
    auth.unlink_platform(cx, id, &google).await.unwrap();
    auth.remove_password(cx, id).await.unwrap();
    let request = || CreateApiKey::new("deploys", Scope::empty());
    let first = auth.create_api_key(cx, id, request()).await.unwrap();
    auth.create_api_key(cx, id, request()).await.unwrap();
    let third = auth.create_api_key(cx, id, request()).await;
    assert!(matches!(third, Err(AuthError::TooManyApiKeys)));
    let first = first.info.id;
    auth.rotate_api_key(cx, id, first, Duration::ZERO)
        .await
        .unwrap();
    for _ in 0..2 {
        auth.revoke_api_key(cx, id, first).await.unwrap();
    }
    assert_eq!(auth.revoke_api_keys(cx, id).await.unwrap(), 1);
    assert_eq!(auth.revoke_api_keys(cx, id).await.unwrap(), 0);

    let all = told(&rig).await;
    let key = json!({ "api_key": first.to_string() });
    let expected = [
        ("auth.platform.linked", json!({ "platform": "github" })),
        ("auth.platform.linked", json!({ "platform": "google" })),
        ("auth.platform.unlinked", json!({ "platform": "google" })),
        ("auth.password.removed", json!({})),
        ("auth.api_key.created", key.clone()),
        ("auth.api_key.created", all[7].2.clone()),
        ("auth.api_key.rotated", key.clone()),
        ("auth.api_key.revoked", key),
        ("auth.api_keys.revoked", json!({})),
    ];
    let of_user = |(kind, data): (&str, Value)| (kind.to_owned(), id.to_string(), data);
    // Signed up and logged in.
    assert_eq!(all[2..], expected.map(of_user));
    let text = format!("{all:?}");
    for secret in ["ada-at-github", "ada-at-google", "ada@example.org"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_tenant_tells_of_its_status() {
    let rig = rig_with(|store| store, telling).await;
    for status in [TenantStatus::Disabled, TenantStatus::Active] {
        let set = rig.auth.set_tenant_status(TenantId::DEFAULT, status).await;
        set.unwrap();
    }
    let tenant = TenantId::DEFAULT.to_string();
    let of_tenant = |status: &str| {
        let kind = "auth.tenant.status_changed".to_owned();
        (kind, tenant.clone(), json!({ "status": status }))
    };
    let expected = ["disabled", "active"].map(of_tenant);
    assert_eq!(told(&rig).await, expected);
}

#[tokio::test]
async fn revoked_keys_are_dead_when_the_call_returns() {
    let rig = rig_with(|store| store, telling).await;
    let (auth, cx) = (&rig.auth, &rig.cx);
    let id = rig.ada().await.user.id;
    let request = CreateApiKey::new("deploys", Scope::empty());
    let made = auth.create_api_key(cx, id, request).await.unwrap();
    assert!(auth.verifier().verify(made.key.expose()).await.is_ok());
    assert_eq!(auth.revoke_api_keys(cx, id).await.unwrap(), 1);
    assert!(auth.verifier().verify(made.key.expose()).await.is_err());
}
