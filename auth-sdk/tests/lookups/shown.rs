//! Users that are shown, and users by whom something is decided.

use std::time::Duration;

use auth_core::UserId;
use auth_sdk::{AuthError, CreateApiKey, LogIn, LookupCache, UserStatus};

use crate::keyed::{BOTH, Changed, keyed, scope, set_roles};
use crate::support::{NOW, PASSWORD, Rig, password};

#[tokio::test]
async fn a_user_who_is_shown_a_hundred_times_is_read_once() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let Rig { auth, cx, .. } = &keyed.rig;
        keyed.unsure.take_statements();
        for _ in 0..100 {
            let shown = auth.cached_user(cx, keyed.ada.id).await.unwrap();
            assert_eq!(shown, keyed.ada);
        }
        assert_eq!(keyed.unsure.take_statements(), ["user"], "{changed:?}");
        assert_eq!(auth.user(cx, keyed.ada.id).await.unwrap(), keyed.ada);
        assert_eq!(keyed.unsure.take_statements(), ["user"], "{changed:?}");
    }
}

#[tokio::test]
async fn what_was_changed_here_is_shown_at_once() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let Rig { auth, cx, .. } = &keyed.rig;
        for roles in [&["read"][..], &[], &["write"]] {
            keyed.set_roles(roles).await;
            let shown = auth.cached_user(cx, keyed.ada.id).await.unwrap();
            assert_eq!(shown.roles, roles, "{changed:?}");
        }
        for status in [UserStatus::Disabled, UserStatus::Active] {
            keyed.set_status(status).await;
            let shown = auth.cached_user(cx, keyed.ada.id).await.unwrap();
            assert_eq!(shown.status, status, "{changed:?}");
        }
    }
}

#[tokio::test]
async fn that_somebody_is_not_there_is_not_remembered() {
    let keyed = keyed(Changed::Anywhere).await;
    let Rig { auth, cx, .. } = &keyed.rig;
    let nobody = UserId::draw(NOW, &auth_core::SystemRandom::new()).unwrap();
    keyed.unsure.take_statements();
    for _ in 0..3 {
        let shown = auth.cached_user(cx, nobody).await;
        assert!(matches!(shown, Err(AuthError::NotFound)));
    }
    assert_eq!(keyed.unsure.take_statements().len(), 3);
    keyed.unsure.set_down(true);
    let shown = auth.cached_user(cx, nobody).await;
    assert!(matches!(shown, Err(AuthError::Unavailable(_))));
}

#[tokio::test]
async fn a_user_of_another_tenant_is_not_shown() {
    let keyed = keyed(Changed::Anywhere).await;
    let Rig { auth, cx, .. } = &keyed.rig;
    auth.cached_user(cx, keyed.ada.id).await.unwrap();
    let other = auth_core::TenantId::from_uuid(uuid::Uuid::from_u128(9));
    auth.create_tenant(other).await.unwrap();
    let elsewhere = cx.clone().with_tenant(other);
    let shown = auth.cached_user(&elsewhere, keyed.ada.id).await;
    assert!(matches!(shown, Err(AuthError::NotFound)));
}

/// Another instance has taken roles away, and this one shows what it has for a while.
/// Whatever it decides and mints, it decides by the store.
#[tokio::test]
async fn nothing_is_decided_by_what_is_shown() {
    let keyed = keyed(Changed::Anywhere).await;
    let Rig { auth, cx, .. } = &keyed.rig;
    let logged_in = keyed.rig.log_in("ada@example.org").await;
    let shown = auth.cached_user(cx, keyed.ada.id).await.unwrap();
    assert_eq!(shown.roles, ["read", "write"]);
    let made = keyed.hot().await;

    let other = keyed
        .another(|it| it.with_lookup_cache(LookupCache::new()))
        .await;
    set_roles(&other, &keyed, &["write"]).await;
    let decided = auth.user(cx, keyed.ada.id).await.unwrap();
    assert_eq!(decided.roles, ["write"]);
    let refused = CreateApiKey::new("x", scope("read"));
    let refused = auth.create_api_key(cx, keyed.ada.id, refused).await;
    assert!(matches!(refused, Err(AuthError::InvalidScope)));
    let again = keyed.rig.log_in("ada@example.org").await;
    assert_eq!(again.user.roles, ["write"]);
    let refreshed = auth.refresh(cx, &logged_in.tokens.refresh_token).await;
    let token = refreshed.unwrap().access_token;
    let identity = auth.verifier().verify(token.expose()).await.unwrap();
    assert_eq!(identity.roles(), ["write"]);

    let status = UserStatus::Disabled;
    other
        .set_user_status(cx, keyed.ada.id, status)
        .await
        .unwrap();
    let log_in = LogIn::new("ada@example.org", password(PASSWORD));
    let refused = auth.log_in(cx, log_in).await;
    assert!(matches!(refused, Err(AuthError::InvalidCredentials)));
    let refused = auth
        .rotate_api_key(cx, keyed.ada.id, made.info.id, Duration::ZERO)
        .await;
    assert!(matches!(refused, Err(AuthError::NotFound)));

    keyed.rig.pass(Duration::from_secs(60));
    let shown = auth.cached_user(cx, keyed.ada.id).await.unwrap();
    assert_eq!(
        (shown.status, shown.roles),
        (status, vec!["write".to_owned()])
    );
}
