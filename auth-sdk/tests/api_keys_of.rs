//! All API keys of a user are revoked at once.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use auth_core::Scope;
use auth_sdk::{Auth, AuthError, Context, CreateApiKey, IssuedApiKey, UserId};
use support::root;
use support::stores::on_each_store;

async fn key(auth: &Auth, user: UserId) -> IssuedApiKey {
    let request = CreateApiKey::new("deploys", Scope::empty());
    let cx = Context::new();
    auth.create_api_key(&cx, user, request).await.unwrap()
}

async fn works(auth: &Auth, key: &IssuedApiKey) -> bool {
    auth.verifier().verify(key.key.expose()).await.is_ok()
}

/// 69: as many as there may be, nearly, and nobody else's.
#[tokio::test]
async fn c69_all_keys_of_a_user_end_and_no_others() {
    on_each_store(async |place| {
        let mut rig = place.rig().await;
        let eve = rig.sign_up("eve").await.id;
        let refused = rig.auth.revoke_api_keys(&rig.cx, eve);
        assert!(matches!(refused.await, Err(AuthError::NoApiKeys)));
        let prefix: auth_sdk::ApiKeyPrefix = "acme_live".parse().unwrap();
        let with_keys =
            || place.auth_with(root(1), |builder| builder.with_api_keys(prefix.clone()));
        rig.auth = with_keys().await;
        let other = with_keys().await;
        let (ada, bob) = (rig.sign_up("ada").await.id, rig.sign_up("bob").await.id);
        let mut keys = Vec::new();
        for _ in 0..90 {
            keys.push(key(&rig.auth, ada).await);
        }
        let bobs = key(&rig.auth, bob).await;
        let last = keys.last().unwrap();
        rig.auth
            .revoke_api_key(&rig.cx, ada, last.info.id)
            .await
            .unwrap();

        let revoke = async || rig.auth.revoke_api_keys(&rig.cx, ada).await.unwrap();
        assert_eq!(revoke().await, 89);
        for key in &keys {
            assert!(!works(&rig.auth, key).await && !works(&other, key).await);
        }
        assert!(works(&rig.auth, &bobs).await);
        assert_eq!(revoke().await, 0);
        let new = key(&rig.auth, ada).await;
        assert!(works(&rig.auth, &new).await);
    })
    .await;
}
