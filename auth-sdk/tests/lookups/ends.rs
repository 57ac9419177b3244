//! What ends at once in the process that ends it.

use std::time::Duration;

use auth_core::TenantId;
use auth_core::verifier::VerifyError;
use auth_sdk::{ChangePassword, Code, CreateApiKey, TenantStatus, UserStatus};

use crate::keyed::{BOTH, Changed, keyed, scope};
use crate::support::{OTHER_PASSWORD, PASSWORD, Rig, password};

const DEAD: Option<Code> = Some(Code::InvalidToken);
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn c69_a_hot_key_is_dead_when_its_revocation_returns() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let (made, spared) = (keyed.hot().await, keyed.hot().await);
        keyed.revoke(made.info.id).await;
        assert_eq!(keyed.code(&made.key).await, DEAD, "{changed:?}");
        assert_eq!(
            keyed.finds(keyed.code(&spared.key)).await,
            match changed {
                Changed::Here => 1,
                Changed::Anywhere => 0,
            }
        );
        let Rig { auth, cx, .. } = &keyed.rig;
        let others = [keyed.hot().await, keyed.hot().await];
        assert_eq!(auth.revoke_api_keys(cx, keyed.ada.id).await.unwrap(), 3);
        for dead in [&spared, &others[0], &others[1]] {
            assert_eq!(keyed.code(&dead.key).await, DEAD, "{changed:?}");
        }
    }
}

#[tokio::test]
async fn c69_a_hot_key_stops_and_goes_on_with_its_user() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let made = keyed.hot().await;
        for _ in 0..3 {
            keyed.set_status(UserStatus::Disabled).await;
            assert_eq!(keyed.code(&made.key).await, DEAD, "{changed:?}");
            keyed.set_status(UserStatus::Active).await;
            assert_eq!(keyed.code(&made.key).await, None, "{changed:?}");
        }
    }
}

#[tokio::test]
async fn c69_a_hot_key_stops_and_goes_on_with_its_tenant() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let made = keyed.hot().await;
        let auth = &keyed.rig.auth;
        for _ in 0..3 {
            for (status, answer) in [(TenantStatus::Disabled, DEAD), (TenantStatus::Active, None)] {
                auth.set_tenant_status(TenantId::DEFAULT, status)
                    .await
                    .unwrap();
                assert_eq!(keyed.code(&made.key).await, answer, "{changed:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_hot_key_s_former_secret_is_dead_when_the_rotation_returns() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let first = keyed.hot().await;
        let second = keyed.rotate(first.info.id, Duration::ZERO).await;
        assert_eq!(keyed.code(&first.key).await, DEAD, "{changed:?}");
        assert_eq!(keyed.code(&second.key).await, None, "{changed:?}");
        // With an overlap, which ends by the clock and not with what is kept.
        let overlap = Duration::from_secs(20);
        let third = keyed.rotate(first.info.id, overlap).await;
        assert_eq!(keyed.code(&second.key).await, None, "{changed:?}");
        assert_eq!(keyed.code(&third.key).await, None, "{changed:?}");
        keyed.rig.pass(overlap);
        assert_eq!(keyed.code(&second.key).await, DEAD, "{changed:?}");
        assert_eq!(keyed.code(&third.key).await, None, "{changed:?}");
    }
}

/// The caller of a rotation hangs up; the store has made it.
#[tokio::test]
async fn a_rotation_whose_caller_has_gone_ends_the_former_secret() {
    let keyed = keyed(Changed::Anywhere).await;
    let first = keyed.hot().await;
    keyed.unsure.set_slow(true);
    let rotation = keyed.rotate(first.info.id, Duration::ZERO);
    let waited = tokio::time::timeout(Duration::from_millis(5), rotation).await;
    assert!(waited.is_err(), "an answer takes 50 ms");
    keyed.unsure.set_slow(false);
    crate::keyed::until(async || keyed.code(&first.key).await == DEAD).await;
}

#[tokio::test]
async fn a_hot_key_expires_at_its_time() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let lifetime = Duration::from_secs(20);
        let request = CreateApiKey::new("short", scope("read")).with_lifetime(lifetime);
        let made = keyed.create(request).await;
        assert_eq!(keyed.code(&made.key).await, None);
        keyed.rig.pass(Duration::from_secs(19));
        let at_the_end = async {
            assert_eq!(keyed.code(&made.key).await, None);
            keyed.rig.pass(Duration::from_secs(1));
            assert_eq!(keyed.code(&made.key).await, DEAD, "{changed:?}");
        };
        assert_eq!(keyed.finds(at_the_end).await, 0, "{changed:?}");
    }
}

#[tokio::test]
async fn a_hot_key_loses_what_its_user_loses() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let request = CreateApiKey::new("both", scope("read write"));
        let made = keyed.create(request).await;
        let verifier = keyed.rig.auth.verifier();
        for roles in [&["read", "write"][..], &["read"], &[], &["read", "write"]] {
            keyed.set_roles(roles).await;
            let identity = verifier.verify(made.key.expose()).await.unwrap();
            assert_eq!(identity.roles(), roles, "{changed:?}");
            assert_eq!(identity.scope(), &scope(&roles.join(" ")), "{changed:?}");
        }
    }
}

#[tokio::test]
async fn a_hot_key_outlives_sessions_and_passwords() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let made = keyed.hot().await;
        let Rig { auth, cx, .. } = &keyed.rig;
        auth.log_out_everywhere(cx, keyed.ada.id).await.unwrap();
        assert_eq!(keyed.code(&made.key).await, None, "{changed:?}");
        let change = ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
        let changed_to = auth.change_password(cx, keyed.ada.id, change).await;
        let shown = auth.cached_user(cx, keyed.ada.id).await.unwrap();
        assert_eq!(shown.ver, changed_to.unwrap().user.ver, "{changed:?}");
        assert_eq!(keyed.code(&made.key).await, None, "{changed:?}");
    }
}

/// The first answer of the store is lost, and the second says that there was nothing
/// to do.
#[tokio::test]
async fn what_the_store_was_unsure_of_is_forgotten() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let Rig { auth, cx, .. } = &keyed.rig;
        let made = keyed.hot().await;
        keyed.unsure.cut_next();
        keyed.revoke(made.info.id).await;
        assert_eq!(keyed.code(&made.key).await, DEAD, "{changed:?}");
        let made = keyed.hot().await;
        keyed.unsure.cut_next();
        auth.revoke_api_keys(cx, keyed.ada.id).await.unwrap();
        assert_eq!(keyed.code(&made.key).await, DEAD, "{changed:?}");
        let made = keyed.hot().await;
        keyed.unsure.cut_next();
        let rotated = keyed.rotate(made.info.id, Duration::ZERO).await;
        assert_eq!(keyed.code(&made.key).await, DEAD, "{changed:?}");
        assert_eq!(keyed.code(&rotated.key).await, None, "{changed:?}");
        keyed.unsure.cut_next();
        keyed.set_status(UserStatus::Disabled).await;
        assert_eq!(keyed.code(&rotated.key).await, DEAD, "{changed:?}");
    }
}

/// What this process has revoked needs no look-up.
#[tokio::test]
async fn a_revoked_key_is_refused_without_asking() {
    let keyed = keyed(Changed::Anywhere).await;
    let made = keyed.hot().await;
    keyed.revoke(made.info.id).await;
    keyed.rig.pass(HOUR);
    keyed.unsure.set_down(true);
    let refused = keyed.rig.auth.verifier().verify_now(made.key.expose());
    assert!(matches!(refused, Err(VerifyError::Revoked)));
}
