//! Accounts at other platforms, where a store keeps them.

use auth_core::TenantId;
use auth_core::revocation::Target;
use auth_store::{
    ChangeOutcome, Committed, LinkOutcome, NewUser, OpenOutcome, PlatformAccount, PlatformKey,
    PlatformStore, RemoveOutcome, RotateOutcome, Store, User, UserRecord, UserStatus,
};

use super::Subject;
use super::race::{a_while, at_once, both};
use super::world::{HASH, MINUTE, World, holds};

/// Where the accounts are. A store that keeps none has nothing to show.
fn place(store: &dyn Store) -> Option<&dyn PlatformStore> {
    store.platform_store()
}

fn key(external_id: &str) -> PlatformKey {
    PlatformKey::new("https://id.example.com", external_id).unwrap()
}

async fn link(store: &dyn Store, user: &User, key: &PlatformKey) -> LinkOutcome {
    let linked = place(store)
        .unwrap()
        .link_platform(user.tenant, user.id, key);
    linked.await.unwrap()
}

async fn linked(store: &dyn Store, user: &User, key: &PlatformKey) -> PlatformAccount {
    let outcome = link(store, user, key).await;
    holds!(outcome, LinkOutcome::Linked(account) => account, "an account that is nobody's is linked")
}

async fn unlink(store: &dyn Store, user: &User, key: &PlatformKey) -> Committed<RemoveOutcome> {
    let unlinked = place(store)
        .unwrap()
        .unlink_platform(user.tenant, user.id, key);
    unlinked.await.unwrap()
}

async fn remove_password(store: &dyn Store, user: &User) -> Committed<RemoveOutcome> {
    let removed = place(store).unwrap().remove_password(user.tenant, user.id);
    removed.await.unwrap()
}

async fn find(store: &dyn Store, tenant: TenantId, key: &PlatformKey) -> Option<UserRecord> {
    place(store)
        .unwrap()
        .find_by_platform(tenant, key)
        .await
        .unwrap()
}

async fn accounts(store: &dyn Store, user: &User) -> Vec<PlatformKey> {
    let listed = place(store)
        .unwrap()
        .platform_accounts(user.tenant, user.id);
    let listed = listed.await.unwrap();
    listed.into_iter().map(|account| account.key).collect()
}

/// A user without a password.
async fn passwordless(world: &World) -> User {
    let new = NewUser {
        password_hash: None,
        password_policy: None,
        ..world.new_user(TenantId::DEFAULT, &world.user_id().to_string())
    };
    world.create(new).await
}

/// How many ways to log in are left.
async fn methods(world: &World, user: &User) -> usize {
    let record = world.record(user).await;
    accounts(&*world.second, user).await.len() + usize::from(record.password_hash.is_some())
}

/// A linked account finds its user, with what a log-in must see.
pub async fn a_linked_account_finds_its_user(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    assert_eq!(find(&*world.store, user.tenant, &key("a")).await, None);
    let account = linked(&*world.store, &user, &key("a")).await;
    let said = (account.tenant, account.user, &account.key);
    assert_eq!(
        said,
        (user.tenant, user.id, &key("a")),
        "an account is linked as asked"
    );
    let found = find(&*world.second, user.tenant, &key("a")).await;
    assert_eq!(
        found,
        Some(world.record(&user).await),
        "an account finds its user's record"
    );
    let again = link(&*world.second, &user, &key("a")).await;
    let again =
        holds!(again, LinkOutcome::Already(account) => account, "a linked account is linked");
    assert_eq!(again, account, "and stays as it was");
    for (platform, external_id) in [
        ("https://id.example.com", "A"),
        ("https://id.example.com", "a "),
        ("https://id.example.com/", "a"),
        ("a", "https://id.example.com"),
    ] {
        let other = PlatformKey::new(platform, external_id).unwrap();
        let found = find(&*world.second, user.tenant, &other).await;
        assert_eq!(found, None, "accounts are told apart byte for byte");
    }
    let set = world
        .store
        .set_user_status(user.tenant, user.id, UserStatus::Disabled);
    let _ = set.await.unwrap();
    let found = find(&*world.second, user.tenant, &key("a")).await;
    let status = found.map(|record| record.user.status);
    assert_eq!(
        status,
        Some(UserStatus::Disabled),
        "a disabled user is found, and says so"
    );
}

/// An account is one user's; in another tenant it may be another's.
pub async fn an_account_is_one_users_in_a_tenant(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let (user, thief, tenant) = (world.user().await, world.user().await, world.tenant().await);
    let other = world.user_of(tenant).await;
    linked(&*world.store, &user, &key("a")).await;
    let outcome = link(&*world.second, &thief, &key("a")).await;
    holds!(outcome, LinkOutcome::Taken, "an account is one user's");
    linked(&*world.second, &other, &key("a")).await;
    for owner in [&user, &other] {
        let found = find(&*world.store, owner.tenant, &key("a")).await;
        assert_eq!(
            found.map(|record| record.user.id),
            Some(owner.id),
            "in its tenant"
        );
    }
    let mut stranger = other.clone();
    stranger.tenant = TenantId::DEFAULT;
    let done = unlink(&*world.store, &stranger, &key("a")).await;
    assert_eq!(
        done,
        Committed::quiet(RemoveOutcome::Unknown),
        "and its to unlink"
    );
    let done = unlink(&*world.store, &thief, &key("a")).await;
    assert_eq!(
        done,
        Committed::quiet(RemoveOutcome::Unknown),
        "and nobody else's"
    );
    assert_eq!(accounts(&*world.store, &user).await, [key("a")]);
}

/// Who may do nothing gets no account.
pub async fn an_account_is_linked_to_an_active_user(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let (user, disabled) = (world.user().await, world.user().await);
    let set = world
        .store
        .set_user_status(disabled.tenant, disabled.id, UserStatus::Disabled);
    let _ = set.await.unwrap();
    let mut nobody = user.clone();
    nobody.id = world.user_id();
    let mut stranger = user;
    stranger.tenant = world.tenant().await;
    for nobody in [disabled, nobody, stranger] {
        let outcome = link(&*world.store, &nobody, &key("a")).await;
        holds!(
            outcome,
            LinkOutcome::NoUser,
            "an account is linked to an active user of the tenant"
        );
        assert_eq!(find(&*world.second, nobody.tenant, &key("a")).await, None);
    }
}

/// An unlinked account finds nobody and is free; every session has ended.
pub async fn c69_an_unlinked_account_ends_every_session(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let (user, held) = world.logged_in().await;
    for name in ["b", "a", "c"] {
        linked(&*world.store, &user, &key(name)).await;
    }
    assert_eq!(
        accounts(&*world.second, &user).await,
        [key("a"), key("b"), key("c")],
        "accounts are listed in order"
    );
    let seen = world.seen(&user).await;
    let done = unlink(&*world.store, &user, &key("b")).await;
    let now = holds!(done.value, RemoveOutcome::Removed(user) => user, "an account is unlinked");
    assert_eq!(
        now,
        world.record(&user).await.user,
        "the user comes back as it is now"
    );
    let (tenant, floor) = (user.tenant, now.ver);
    let target = Target::User {
        tenant,
        user: user.id,
        floor,
    };
    assert!(
        floor > user.ver,
        "removing a way to log in raises the version"
    );
    assert_eq!(done.revoked.len(), 1, "it is a revocation");
    assert_eq!(
        done.revoked[0].target, target,
        "of everything below the version"
    );
    assert!(
        world
            .log()
            .await
            .contains(&(target, done.revoked[0].expires_at)),
        "that is logged"
    );
    let outcome = world.present(&held, &held.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "no session outlives a way to log in"
    );
    let (late, _) = world.new_session(&user, seen);
    let outcome = world.store.open_session(late).await.unwrap();
    holds!(
        outcome,
        OpenOutcome::Moved,
        "nor does a log-in that is under way"
    );
    assert_eq!(
        find(&*world.second, tenant, &key("b")).await,
        None,
        "it finds nobody"
    );
    let again = unlink(&*world.second, &user, &key("b")).await;
    assert_eq!(
        again,
        Committed::quiet(RemoveOutcome::Unknown),
        "and is unlinked once"
    );
    let other = world.user().await;
    linked(&*world.second, &other, &key("b")).await;
    assert_eq!(accounts(&*world.store, &user).await, [key("a"), key("c")]);
}

/// The last way to log in stays, whichever it is.
pub async fn the_last_way_to_log_in_is_not_removed(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let contract = "the last way to log in is not removed";
    let user = world.user().await;
    let refused = Committed::quiet(RemoveOutcome::LastMethod);
    assert_eq!(
        remove_password(&*world.store, &user).await,
        refused,
        "{contract}"
    );
    linked(&*world.store, &user, &key("a")).await;
    let held = world.open(&user).await;
    let done = remove_password(&*world.store, &user).await;
    holds!(
        done.value,
        RemoveOutcome::Removed(_),
        "a password beside an account is removed"
    );
    assert_eq!(done.revoked.len(), 1, "which is a revocation");
    let outcome = world.present(&held, &held.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "no session outlives the password"
    );
    let record = world.record(&user).await;
    let rest = (record.password_hash, record.user.password_policy);
    assert_eq!(rest, (None, None), "a removed password leaves nothing");
    let again = remove_password(&*world.second, &user).await;
    assert_eq!(
        again,
        Committed::quiet(RemoveOutcome::Unknown),
        "and is removed once"
    );
    assert_eq!(
        unlink(&*world.second, &user, &key("a")).await,
        refused,
        "{contract}"
    );
    linked(&*world.store, &user, &key("b")).await;
    let done = unlink(&*world.second, &user, &key("a")).await;
    holds!(
        done.value,
        RemoveOutcome::Removed(_),
        "of two accounts one may go"
    );
    assert_eq!(
        unlink(&*world.second, &user, &key("b")).await,
        refused,
        "{contract}"
    );
    let nobody = unlink(&*world.second, &user, &key("c")).await;
    assert_eq!(
        nobody,
        Committed::quiet(RemoveOutcome::Unknown),
        "what is not there is unknown"
    );
    let held = world.open(&user).await;
    world.renew(&held).await;
}

/// Of several users who are given one account at once one gets it.
pub async fn of_16_users_given_one_account_one_gets_it(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    for round in 0..4 {
        let name = format!("account {round}");
        let mut users = Vec::new();
        for _ in 0..16 {
            users.push(world.user().await);
        }
        let outcomes = at_once(16, |turn| {
            let (store, user, key) = (world.handle(turn), users[turn].clone(), key(&name));
            async move { link(&*store, &user, &key).await }
        })
        .await;
        let won: Vec<_> = (0..16)
            .filter(|turn| matches!(outcomes[*turn], LinkOutcome::Linked(_)))
            .collect();
        assert_eq!(won.len(), 1, "an account is one user's");
        let others = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, LinkOutcome::Taken));
        assert_eq!(others.count(), 15, "and the others hear that it is taken");
        let found = find(&*world.second, TenantId::DEFAULT, &key(&name)).await;
        let found = found.map(|record| record.user.id);
        assert_eq!(found, Some(users[won[0]].id), "it is the winner's");
    }
}

/// However many accounts are unlinked at once, one stays.
pub async fn of_8_accounts_unlinked_at_once_one_stays(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    for round in 0..8 {
        let user = passwordless(&world).await;
        let names: Vec<_> = (0..8).map(|n| format!("{round} {n}")).collect();
        for name in &names {
            linked(&*world.store, &user, &key(name)).await;
        }
        let outcomes = at_once(8, |turn| {
            let (store, user, key) = (world.handle(turn), user.clone(), key(&names[turn]));
            async move { unlink(&*store, &user, &key).await.value }
        })
        .await;
        let left = methods(&world, &user).await;
        assert_eq!(
            left, 1,
            "whatever is removed at once, a way to log in is left"
        );
        let refused = outcomes
            .iter()
            .filter(|outcome| **outcome == RemoveOutcome::LastMethod);
        assert_eq!(refused.count(), 1, "and who would have removed it hears so");
    }
}

/// A password and the only account, removed at once: one stays.
pub async fn of_password_and_account_removed_at_once_one_stays(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    for turn in 0..64 {
        let user = world.user().await;
        let account = key(&format!("account {turn}"));
        linked(&*world.store, &user, &account).await;
        let (one, other) = (world.handle(turn), world.handle(turn + 1));
        let (its_user, its_account) = (user.clone(), account.clone());
        let first = async move {
            a_while(turn).await;
            unlink(&*one, &its_user, &its_account).await.value
        };
        let its_user = user.clone();
        let second = async move {
            a_while(turn / 8).await;
            remove_password(&*other, &its_user).await.value
        };
        let (unlinked, removed) = both(first, second).await;
        let left = methods(&world, &user).await;
        assert_eq!(
            left, 1,
            "whatever is removed at once, a way to log in is left"
        );
        let refused = [unlinked, removed]
            .iter()
            .filter(|outcome| **outcome == RemoveOutcome::LastMethod)
            .count();
        assert_eq!(refused, 1, "of the two one is refused");
    }
}

/// A log-in by an account that is being unlinked opens nothing that lives.
pub async fn c66_no_log_in_slips_past_an_unlinking(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    for turn in 0..32 {
        let user = world.user().await;
        let account = key(&format!("account {turn}"));
        linked(&*world.store, &user, &account).await;
        let (new, secret) = world.new_session(&user, world.seen(&user).await);
        let (one, other, its_user) = (world.handle(turn), world.handle(turn + 1), user.clone());
        let (opened, unlinked) = both(
            async move {
                a_while(turn).await;
                one.open_session(new).await.unwrap()
            },
            async move {
                a_while(turn / 8).await;
                unlink(&*other, &its_user, &account).await.value
            },
        )
        .await;
        holds!(
            unlinked,
            RemoveOutcome::Removed(_),
            "an account beside a password is unlinked"
        );
        if let OpenOutcome::Opened(grant) = opened {
            let token = world.token(&grant, 0, &secret);
            let held = super::tokens::Held {
                grant: *grant,
                token,
            };
            let outcome = world.present(&held, &held.token).await;
            holds!(
                outcome,
                RotateOutcome::Ended,
                "no log-in slips past an unlinking"
            );
        }
    }
}

/// Names that are made to break something come back, each an account of its own.
pub async fn hostile_accounts_come_back_unchanged(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    let mut keys: Vec<_> = super::hostile::texts()
        .into_iter()
        .flat_map(|text| {
            let longest: String = text.chars().take(PlatformKey::MAX_LEN / 4).collect();
            [
                PlatformKey::new("platform", longest.clone()),
                PlatformKey::new(longest.clone(), "account"),
                PlatformKey::new(longest.clone(), longest),
            ]
        })
        .filter_map(Result::ok)
        .collect();
    let longest = "x".repeat(PlatformKey::MAX_LEN);
    keys.push(PlatformKey::new(longest.clone(), longest).unwrap());
    keys.sort();
    keys.dedup();
    assert!(keys.len() > 40, "hostile names are accounts");
    for key in &keys {
        linked(&*world.store, &user, key).await;
    }
    for key in &keys {
        let found = find(&*world.second, user.tenant, key).await;
        assert!(found.is_some(), "an account is found by its own name");
    }
    assert_eq!(
        accounts(&*world.second, &user).await,
        keys,
        "names come back as they were, in order"
    );
    for key in &keys {
        let done = unlink(&*world.second, &user, key).await;
        holds!(
            done.value,
            RemoveOutcome::Removed(_),
            "and each is unlinked"
        );
    }
    assert_eq!(accounts(&*world.store, &user).await, []);
}

/// What an account does to passwords: one that is there stays, one may be set.
pub async fn a_user_without_a_password_may_set_one(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = passwordless(&world).await;
    let account = linked(&*world.store, &user, &key("a")).await;
    let record = world.record(&user).await;
    assert_eq!(record.user.ver, user.ver, "a linked account ends nothing");
    let age = account.linked_at.since(user.created_at);
    assert!(
        account.linked_at >= user.created_at && age < MINUTE,
        "the store's clock says when it was linked"
    );
    let mut change = World::password_change(&user, HASH, HASH);
    change.seen_hash = None;
    let changed = world.store.change_password(change).await.unwrap();
    holds!(
        changed.value,
        ChangeOutcome::Changed(_),
        "a user with an account may set a password"
    );
    let done = unlink(&*world.second, &user, &key("a")).await;
    holds!(
        done.value,
        RemoveOutcome::Removed(_),
        "which is another way to log in"
    );
}
