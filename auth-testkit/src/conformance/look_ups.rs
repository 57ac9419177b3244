//! Look-ups that a copy may answer.

use std::time::Duration;

use auth_store::{Consistency, EndSessions, Identifier, LookUpStore, Store, User, UserStatus};

use super::Subject;
use super::world::World;

/// How often a copy is asked whether it has caught up, and how long it is given.
const MOMENT: Duration = Duration::from_millis(20);
const MOMENTS: usize = 1000;

/// `None` from a store that has no copies.
fn look_ups(store: &dyn Store) -> Option<&dyn LookUpStore> {
    store.look_up_store()
}

async fn both_ways(store: &dyn LookUpStore, user: &User, how: Consistency) -> [Option<User>; 2] {
    let name = Identifier::new(&user.identifier).unwrap();
    let by_id = store.look_up_user(user.tenant, user.id, how).await;
    let by_name = store.look_up_identifier(user.tenant, &name, how).await;
    [by_id.unwrap(), by_name.unwrap()]
}

/// Who asks for the truth gets it, through any instance.
pub async fn a_strong_look_up_has_what_was_just_done(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(store) = look_ups(&*world.second) else {
        return;
    };
    for _ in 0..8 {
        let user = world.user().await;
        let held = world.open(&user).await;
        let how = Consistency::Strong;
        let found = both_ways(store, &user, how).await;
        assert_eq!(
            found,
            [Some(user.clone()), Some(user.clone())],
            "a strong look-up has what was just done"
        );
        let listed = store.look_up_sessions(user.tenant, user.id, how).await;
        assert_eq!(listed.unwrap(), [held.grant.session]);
        let disabled = UserStatus::Disabled;
        let _ = world
            .store
            .set_user_status(user.tenant, user.id, disabled)
            .await
            .unwrap();
        for found in both_ways(store, &user, how).await {
            assert_eq!(
                found.map(|user| user.status),
                Some(disabled),
                "a strong look-up has what was just done"
            );
        }
        let listed = store.look_up_sessions(user.tenant, user.id, how).await;
        assert_eq!(listed.unwrap(), [], "what has ended is not listed");
    }
}

/// Who does not mind gets it in the end.
pub async fn an_eventual_look_up_has_it_in_the_end(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(store) = look_ups(&*world.store) else {
        return;
    };
    let user = world.user().await;
    let (one, other) = (world.open(&user).await, world.open(&user).await);
    let which = EndSessions::One(one.grant.session.id);
    assert_eq!(world.end(user.tenant, which).await, 1);
    let how = Consistency::Eventual;
    let expected = (
        [Some(user.clone()), Some(user.clone())],
        vec![other.grant.session],
    );
    for _ in 0..MOMENTS {
        let found = both_ways(store, &user, how).await;
        let listed = store.look_up_sessions(user.tenant, user.id, how).await;
        if (found, listed.unwrap()) == expected {
            return;
        }
        tokio::time::sleep(MOMENT).await;
    }
    panic!("an eventual look-up has what was done in the end");
}

/// A copy has all tenants in it, as the truth has.
pub async fn a_look_up_in_another_tenant_finds_nothing(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(store) = look_ups(&*world.store) else {
        return;
    };
    let user = world.user().await;
    world.open(&user).await;
    let tenant = world.tenant().await;
    let elsewhere = User {
        tenant,
        ..user.clone()
    };
    for how in [Consistency::Strong, Consistency::Eventual] {
        assert_eq!(
            both_ways(store, &elsewhere, how).await,
            [None, None],
            "a user of another tenant is not found"
        );
        let listed = store.look_up_sessions(tenant, user.id, how).await;
        assert_eq!(listed.unwrap(), []);
    }
}
