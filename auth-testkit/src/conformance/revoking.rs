//! Revoking races with refreshing: what a revocation that returned did not
//! catch would live on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use auth_core::TenantId;
use auth_core::revocation::{Revocation, Target};
use auth_store::{EndSessions, Grant, RotateOutcome, Store, TenantStatus, User, UserStatus};

use super::Subject;
use super::race::{a_while, both};
use super::tokens::Held;
use super::world::{HASH, World, holds};

pub(super) const ROUNDS: usize = 64;

/// What ends a session.
#[derive(Clone, Copy)]
pub(super) enum Way {
    One,
    All,
    Disable,
    Password,
    Tenant,
}

impl Way {
    /// The tenant of the user whose sessions end.
    pub(super) async fn tenant(self, world: &World) -> TenantId {
        match self {
            Self::Tenant => world.tenant().await,
            _ => TenantId::DEFAULT,
        }
    }

    pub(super) async fn end(
        self,
        store: &dyn Store,
        user: &User,
        held: Option<&Held>,
    ) -> Vec<Revocation> {
        let User { tenant, id, .. } = *user;
        match (self, held) {
            (Self::One, Some(held)) => {
                let ended = store
                    .end_sessions(tenant, EndSessions::One(held.grant.session.id))
                    .await
                    .unwrap();
                assert_eq!(ended.value, 1, "a live session is ended");
                ended.revoked
            }
            (Self::One, None) => Vec::new(),
            (Self::All, _) => {
                store
                    .end_sessions(tenant, EndSessions::AllOf(id))
                    .await
                    .unwrap()
                    .revoked
            }
            (Self::Disable, _) => {
                store
                    .set_user_status(tenant, id, UserStatus::Disabled)
                    .await
                    .unwrap()
                    .revoked
            }
            (Self::Tenant, _) => {
                store
                    .set_tenant_status(tenant, TenantStatus::Disabled)
                    .await
                    .unwrap()
                    .revoked
            }
            (Self::Password, _) => {
                store
                    .change_password(World::password_change(user, HASH, "new"))
                    .await
                    .unwrap()
                    .revoked
            }
        }
    }
}

/// Whether the access token of `grant` is dead once `revoked` is known.
pub(super) fn is_covered(grant: &Grant, revoked: &[Revocation]) -> bool {
    let session = &grant.session;
    revoked.iter().any(|row| match row.target {
        Target::Session {
            tenant,
            session: id,
        } => (tenant, id) == (session.tenant, session.id),
        Target::User {
            tenant,
            user,
            floor,
        } => (tenant, user) == (session.tenant, session.user) && grant.user.ver < floor,
        Target::Tenant { tenant, floor } => tenant == session.tenant && grant.tver < floor,
        _ => false,
    })
}

/// Presents the token and each successor in turn, until the store refuses or
/// `over` is set, and once more after that.
async fn refresh(
    world: &World,
    store: &dyn Store,
    mut held: Held,
    over: &AtomicBool,
) -> (Vec<Grant>, Held) {
    let mut grants = Vec::new();
    loop {
        let is_last = over.load(Ordering::SeqCst);
        let rotation = world.rotation(&held.grant, &held.token);
        match store.rotate_session(&rotation).await.unwrap() {
            RotateOutcome::Rotated(grant) => {
                held = world.successor(&rotation, &grant);
                grants.push(*grant);
            }
            RotateOutcome::Ended => return (grants, held),
            other => panic!("a current token rotates or its session has ended, not {other:?}"),
        }
        if is_last {
            return (grants, held);
        }
        // A store in memory never waits; the other task may be on this thread.
        tokio::task::yield_now().await;
    }
}

/// Refreshes `held` on one handle from before `change` begins until after it
/// has returned.
async fn meanwhile<T: Send + 'static>(
    world: &World,
    round: usize,
    held: &Held,
    change: impl Future<Output = T> + Send + 'static,
) -> (Vec<Grant>, Held, T) {
    let over = Arc::new(AtomicBool::new(false));
    let refreshing = {
        let (world, store, held, over) = (
            world.clone(),
            world.handle(round),
            held.clone(),
            over.clone(),
        );
        async move { refresh(&world, &*store, held, &over).await }
    };
    let changing = async move {
        a_while(round).await;
        let changed = change.await;
        over.store(true, Ordering::SeqCst);
        changed
    };
    let ((grants, newest), changed) = both(refreshing, changing).await;
    (grants, newest, changed)
}

async fn refresh_races(subject: &dyn Subject, way: Way) {
    let world = World::new(subject).await;
    for round in 0..ROUNDS {
        let user = world.user_of(way.tenant(&world).await).await;
        let first = world.open(&user).await;
        let (store, user, held) = (world.handle(round / 2), user.clone(), first.clone());
        let ending = async move { way.end(&*store, &user, Some(&held)).await };
        let (grants, newest, revoked) = meanwhile(&world, round, &first, ending).await;
        for held in [&newest, &first] {
            let outcome = world.present(held, &held.token).await;
            holds!(
                outcome,
                RotateOutcome::Ended,
                "after a revocation returned, no token of the session rotates"
            );
        }
        for grant in [&first.grant].into_iter().chain(&grants) {
            let contract = "whatever was minted up to a revocation is covered by what it returned";
            assert!(
                is_covered(grant, &revoked),
                "{contract}: {grant:?} is not by {revoked:?}"
            );
        }
        let log = world.log().await;
        for row in revoked {
            assert!(
                log.contains(&(row.target, row.expires_at)),
                "what is revoked is in the log"
            );
        }
    }
}

/// Log-out against refresh.
pub async fn c66_nothing_minted_survives_a_log_out(subject: &dyn Subject) {
    refresh_races(subject, Way::One).await;
}

/// Log-out everywhere against refresh.
pub async fn c66_nothing_minted_survives_a_log_out_everywhere(subject: &dyn Subject) {
    refresh_races(subject, Way::All).await;
}

/// Disabling against refresh.
pub async fn c66_nothing_minted_survives_a_disabling(subject: &dyn Subject) {
    refresh_races(subject, Way::Disable).await;
}

/// The disabling of a tenant against refresh.
pub async fn c66_nothing_minted_survives_the_disabling_of_a_tenant(subject: &dyn Subject) {
    refresh_races(subject, Way::Tenant).await;
}

/// A password change against refresh.
pub async fn c66_nothing_minted_survives_a_password_change(subject: &dyn Subject) {
    refresh_races(subject, Way::Password).await;
}

/// A change of roles against refresh: a grant has the new roles or a version
/// that is dead.
pub async fn no_grant_has_the_old_roles_with_the_new_version(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for round in 0..ROUNDS {
        let (user, held) = world.logged_in().await;
        let (store, roles) = (world.handle(round / 2), vec!["new".to_owned()]);
        let changing = {
            let roles = roles.clone();
            async move {
                store
                    .set_user_roles(user.tenant, user.id, roles)
                    .await
                    .unwrap()
                    .revoked
            }
        };
        let (grants, newest, revoked) = meanwhile(&world, round, &held, changing).await;
        world.renew(&newest).await;
        for grant in &grants {
            let contract = "a grant has the new roles, or a version below the floor";
            assert_eq!(
                grant.user.roles != roles,
                is_covered(grant, &revoked),
                "{contract}: {grant:?}"
            );
        }
    }
}
