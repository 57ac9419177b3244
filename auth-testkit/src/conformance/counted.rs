//! The number of changes, of a store that only one process changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth_core::TenantId;
use auth_store::{EndSessions, TenantStatus, User, UserStatus};

use super::Subject;
use super::api_keys;
use super::race::{a_while, both};
use super::world::{HASH, World};

/// The number has moved, whichever handle is asked.
struct Number<'a> {
    world: &'a World,
    last: u64,
}

impl<'a> Number<'a> {
    /// None of a store whose changes nobody counts, which has nothing to show.
    fn of(world: &'a World) -> Option<Self> {
        let last = world.store.changes()?;
        Some(Self { world, last })
    }

    fn has_moved(&mut self, by: &str) {
        for store in [&self.world.store, &self.world.second] {
            let number = store.changes();
            assert_ne!(
                number,
                Some(self.last),
                "when {by} has returned the number of changes is another one"
            );
        }
        self.last = self.world.store.changes().unwrap_or_default();
    }
}

/// Users, tenants and API keys: whatever changes what is known of them has another
/// number when it has returned.
pub async fn each_change_of_an_account_has_another_number(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(mut number) = Number::of(&world) else {
        return;
    };
    let tenant = world.tenant().await;
    let user = world.user_of(tenant).await;
    let (store, id) = (&world.store, user.id);
    for status in [UserStatus::Disabled, UserStatus::Active] {
        drop(store.set_user_status(tenant, id, status).await.unwrap());
        number.has_moved("a change of status");
    }
    let roles = vec!["writer".to_owned()];
    drop(store.set_user_roles(tenant, id, roles).await.unwrap());
    number.has_moved("a change of roles");
    let change = World::password_change(&user, HASH, "another");
    drop(store.change_password(change).await.unwrap());
    number.has_moved("a change of password");
    world.end(tenant, EndSessions::AllOf(id)).await;
    number.has_moved("a log-out everywhere");
    for status in [TenantStatus::Disabled, TenantStatus::Active] {
        drop(store.set_tenant_status(tenant, status).await.unwrap());
        number.has_moved("a change of the tenant's status");
    }
    if api_keys::place(&**store).is_some() {
        of_api_keys(&world, &user, &mut number).await;
    }
}

async fn of_api_keys(world: &World, user: &User, number: &mut Number<'_>) {
    let store = &*world.store;
    let new = api_keys::new_key(world, user);
    api_keys::create(store, &new).await;
    number.has_moved("making an API key");
    let seen = api_keys::find(store, new.id).await.unwrap();
    let rotation = api_keys::rotation(&seen, Duration::ZERO);
    api_keys::rotate(store, &rotation).await;
    number.has_moved("a rotation of an API key");
    drop(api_keys::revoke(store, user.tenant, Some(user.id), new.id).await);
    number.has_moved("a revocation of an API key");
    api_keys::create(store, &api_keys::new_key(world, user)).await;
    number.has_moved("making another");
    let keys = api_keys::place(store).unwrap();
    drop(keys.revoke_api_keys(user.tenant, user.id).await.unwrap());
    number.has_moved("a revocation of all API keys");
}

/// What was read after the number was, is as it was read until the number is another
/// one: it moves when the change can be read, and not before.
pub async fn a_row_holds_as_long_as_its_number(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if Number::of(&world).is_none() {
        return;
    }
    let user = world.user().await;
    for round in 0..64_usize {
        let is_made = Arc::new(AtomicBool::new(false));
        let roles = vec![format!("role-{round}")];
        let writing = {
            let (store, is_made) = (world.store.clone(), Arc::clone(&is_made));
            let (user, roles) = (user.clone(), roles.clone());
            async move {
                a_while(round).await;
                let change = store.set_user_roles(TenantId::DEFAULT, user.id, roles);
                drop(change.await.unwrap());
                is_made.store(true, Ordering::SeqCst);
            }
        };
        let (store, id) = (world.second.clone(), user.id);
        let reading = async move {
            let mut read = Vec::new();
            while !is_made.load(Ordering::SeqCst) && read.len() < 10_000 {
                let number = store.changes();
                let record = store.user(TenantId::DEFAULT, id).await.unwrap();
                read.push((number, record.unwrap().user.roles));
                tokio::task::yield_now().await;
            }
            read
        };
        let ((), read) = both(writing, reading).await;
        let now = world.store.changes();
        for (number, seen) in read {
            assert!(
                number != now || seen == roles,
                "a row that was read under the number of now is the row of now"
            );
        }
    }
}
