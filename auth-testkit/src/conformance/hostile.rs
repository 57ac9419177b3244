//! Text that was made to break something comes back as it was, or is refused.

use auth_core::{ClientId, TenantId};
use auth_store::{ChangeOutcome, CreateOutcome, Identifier, NewSession, NewUser, OpenOutcome};

use super::Subject;
use super::tokens::Held;
use super::world::{World, holds};

/// Texts that must come back unchanged.
pub(super) fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        " spaced ",
        "NULL",
        "null",
        "{}",
        "{a,b}",
        "[\"a\",\"b\"]",
        "a,b",
        "a b",
        "a\nb\r\n",
        "\t\u{1}\u{7f}\u{80}",
        "'; DROP TABLE users; --",
        "' OR '1'='1",
        "$1 ?1 :name @name %s {0}",
        "\\x00 \\' \\\\ \\",
        "\"quoted\" `ticked` $$dollar$$",
        "\u{202e}gnp.exe",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627}",
        "e\u{301}\u{327}\u{348}",
        "\u{e9}",
        "\u{1f469}\u{200d}\u{1f680}\u{1f1ea}\u{1f1fa}",
        "\u{10ffff}\u{fffd}\u{feff}",
        "\u{1e9e}\u{130}\u{131}\u{fb03}",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("x".repeat(100 * 1024));
    texts.push("\u{1f980}'\\".repeat(20 * 1024));
    texts
}

/// Identifiers that are made to break something are each a user of their own.
pub async fn hostile_identifiers_are_users_of_their_own(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let mut names: Vec<String> = texts();
    names.extend(
        [
            "%",
            "_",
            "*",
            "A%",
            "a_",
            "ab",
            "\u{1f980}".repeat(80).as_str(),
        ]
        .map(str::to_owned),
    );
    let mut users = Vec::new();
    for name in names.iter().filter_map(|name| Identifier::new(name).ok()) {
        let new = NewUser {
            identifier: name.clone(),
            ..world.new_user(TenantId::DEFAULT, "replaced")
        };
        match world.store.create_user(new).await.unwrap() {
            CreateOutcome::Created(user) => users.push((name, user)),
            // Two of the texts are one identifier.
            CreateOutcome::Taken => {}
            other => panic!("an identifier makes a user or is taken, not {other:?}"),
        }
    }
    assert!(
        users.len() > 15,
        "different identifiers are different users"
    );
    for (name, user) in users {
        assert_eq!(user.identifier, name.original(), "what was typed is kept");
        let found = world
            .second
            .find_user(TenantId::DEFAULT, &name)
            .await
            .unwrap();
        assert_eq!(
            found.map(|record| record.user),
            Some(user),
            "an identifier finds its user and no other"
        );
    }
}

/// Role names come back as they were, in order.
pub async fn hostile_role_names_come_back_unchanged(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let mut roles = texts();
    roles.sort();
    for roles in [vec![], vec![String::new()], roles] {
        let new = NewUser {
            roles: roles.clone(),
            ..world.new_user(TenantId::DEFAULT, &world.user_id().to_string())
        };
        let user = world.create(new).await;
        assert_eq!(
            user.roles, roles,
            "the roles of a new user are those that were given"
        );
        let held = world.open(&user).await;
        let _ = world
            .store
            .set_user_roles(user.tenant, user.id, vec!["other".into()])
            .await
            .unwrap();
        let set = world
            .store
            .set_user_roles(user.tenant, user.id, roles.clone())
            .await
            .unwrap();
        let set = holds!(set.value, ChangeOutcome::Changed(user) => user, "roles are set");
        assert_eq!(set.roles, roles, "roles come back as they were set");
        assert_eq!(
            world.renew(&held).await.grant.user.roles,
            roles,
            "and as they were set reach the token"
        );
    }
}

/// What a session carries comes back as it was, also after a rotation.
pub async fn hostile_devices_and_clients_come_back_unchanged(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let mut devices: Vec<_> = texts().into_iter().map(Some).collect();
    devices.push(None);
    for device in devices {
        let (new, secret) = world.new_session(&user, world.seen(&user).await);
        let new = NewSession {
            device: device.clone(),
            amr: if device.is_some() { texts() } else { vec![] },
            client: ClientId::new("O'Brien\"; \\ {app} --").unwrap(),
            scope: "'; {a,b} $1 %s https://x.org/#e".parse().unwrap(),
            ..new
        };
        let outcome = world.store.open_session(new.clone()).await.unwrap();
        let grant = holds!(outcome, OpenOutcome::Opened(grant) => *grant, "a session opens with whatever device");
        let held = Held {
            token: world.token(&grant, 0, &secret),
            grant,
        };
        let next = world.renew(&held).await.grant.session;
        let listed = world.second.sessions(user.tenant, user.id).await.unwrap();
        let listed = listed
            .into_iter()
            .find(|session| session.id == new.id)
            .expect("an open session is listed");
        for session in [&held.grant.session, &next, &listed] {
            assert_eq!(session.device, device, "a device comes back as it was said");
            assert_eq!(session.amr, new.amr, "so do the authentication methods");
            assert_eq!(
                (&session.client, &session.scope),
                (&new.client, &new.scope),
                "so do client and scope"
            );
        }
    }
}

/// A password hash comes back as it was, and only the very same one opens.
pub async fn hostile_hashes_come_back_unchanged(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for hash in texts() {
        let name = world.user_id().to_string();
        let new = NewUser {
            password_hash: Some(hash.clone()),
            ..world.new_user(TenantId::DEFAULT, &name)
        };
        let user = world.create(new).await;
        assert_eq!(
            world.record(&user).await.password_hash,
            Some(hash.clone()),
            "a hash comes back unchanged"
        );
        world.open(&user).await;
        let change = World::password_change(&user, &hash, &format!("{hash}'"));
        let change = world.store.change_password(change).await.unwrap();
        holds!(
            change.value,
            ChangeOutcome::Changed(_),
            "a hash is compared as it is"
        );
        assert_eq!(
            world.record(&user).await.password_hash,
            Some(format!("{hash}'"))
        );
    }
}
