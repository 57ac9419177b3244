//! Under which rules a password was chosen is remembered with it.

use auth_core::{PolicyVersion, TenantId};
use auth_store::{EndSessions, Identifier, NewUser, PasswordChange, User, UserStatus};

use super::Subject;
use super::changes::{changed, moved};
use super::world::{HASH, World};

/// Versions of other builds, the first and the last there can be, and none.
fn versions() -> [Option<PolicyVersion>; 4] {
    [
        PolicyVersion::new(1),
        PolicyVersion::new(2),
        PolicyVersion::new(i16::MAX),
        None,
    ]
}

async fn user_of(world: &World, version: Option<PolicyVersion>) -> User {
    let name = format!("{}@x.org", world.user_id());
    let new = NewUser {
        password_policy: version,
        ..world.new_user(TenantId::DEFAULT, &name)
    };
    world.create(new).await
}

/// Whatever is answered about the user says this version.
async fn assert_version(world: &World, user: &User, version: Option<PolicyVersion>, why: &str) {
    let by_id = world.record(user).await.user;
    assert_eq!(by_id.password_policy, version, "{why}");
    let identifier = Identifier::new(&user.identifier).unwrap();
    let found = world.store.find_user(user.tenant, &identifier).await;
    let by_name = found.unwrap().expect("a user is found by the identifier");
    assert_eq!(by_name.user, by_id, "{why}");
    if by_id.status == UserStatus::Active {
        let held = world.open(&by_id).await;
        assert_eq!(held.grant.user, by_id, "a log-in says so too: {why}");
        let next = world.renew(&held).await;
        assert_eq!(next.grant.user, by_id, "a refresh says so too: {why}");
    }
}

/// A user has the version that came with the password, and none where none came.
pub async fn c78_a_new_user_has_the_version_the_password_was_accepted_under(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for version in versions() {
        let user = user_of(&world, version).await;
        let contract = "the version that came with the password is kept";
        assert_eq!(user.password_policy, version, "{contract}");
        assert_version(&world, &user, version, contract).await;
    }
}

/// A password change stores its own version, an older one and none too; what is
/// no password change leaves it alone.
pub async fn c78_a_new_password_comes_with_its_own_version(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let [first, second, last, none] = versions();
    let mut user = user_of(&world, first).await;
    let mut hash = HASH.to_owned();
    for version in [second, last, first, none, second] {
        let new = format!("{hash}+");
        let change = PasswordChange {
            new_policy: version,
            ..World::password_change(&user, &hash, &new)
        };
        let stale = PasswordChange {
            new_policy: last,
            ..World::password_change(&user, &hash, "another")
        };
        user = changed(&user, world.store.change_password(change).await.unwrap());
        hash = new;
        let contract = "a new password comes with its own version, and never an old one";
        assert_eq!(user.password_policy, version, "{contract}");
        assert_version(&world, &user, version, contract).await;
        let stale = world.second.change_password(stale).await.unwrap();
        let contract = "a change that is not made changes no version";
        moved(stale, contract);
        assert_version(&world, &user, version, contract).await;
    }
    let contract = "only a password change changes the version";
    let (tenant, id) = (user.tenant, user.id);
    let roles = world.store.set_user_roles(tenant, id, Vec::new()).await;
    assert_eq!(
        changed(&user, roles.unwrap()).password_policy,
        second,
        "{contract}"
    );
    world.end(tenant, EndSessions::AllOf(id)).await;
    assert_version(&world, &user, second, contract).await;
    for status in [UserStatus::Disabled, UserStatus::Active] {
        let status = world.store.set_user_status(tenant, id, status).await;
        assert_eq!(
            changed(&user, status.unwrap()).password_policy,
            second,
            "{contract}"
        );
        assert_version(&world, &user, second, contract).await;
    }
}

/// A hash that is renewed is of the same password, which was held to what it was
/// held to.
pub async fn c78_a_renewed_hash_keeps_the_version(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for version in versions() {
        let user = user_of(&world, version).await;
        let renewal = World::renewal(&user, HASH, "renewed");
        let renewed = world.store.renew_password_hash(renewal).await.unwrap();
        assert!(renewed, "a hash that is as it was seen is renewed");
        let record = world.record(&user).await;
        assert_eq!(record.password_hash.as_deref(), Some("renewed"));
        let contract = "a renewed hash keeps the version, and the lack of one";
        assert_version(&world, &user, version, contract).await;
    }
}
