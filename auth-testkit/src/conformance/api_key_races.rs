//! API keys that several change at once, and lists of them that change while
//! they are read.

use std::collections::BTreeSet;

use auth_core::revocation::{Cursor, Target};
use auth_core::{ApiKeyId, SystemRandom, TenantId, Timestamp, UserId};
use auth_store::{ApiKeyInfo, RevokeApiKeyOutcome, RotateApiKeyOutcome, Store};

use super::Subject;
use super::api_keys::{create, find, new_key, place, revoke, rotate, rotation};
use super::race::{a_while, at_once, both};
use super::world::{HOUR, World};

/// Of several rotations that saw one secret, one is made.
pub async fn of_16_rotations_that_saw_one_secret_one_is_made(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    for _ in 0..4 {
        let new = new_key(&world, &user);
        create(&*world.store, &new).await;
        let seen = find(&*world.store, new.id).await.unwrap();
        let outcomes = at_once(16, |turn| {
            let (store, change) = (world.handle(turn), rotation(&seen, HOUR));
            async move {
                let outcome = rotate(&*store, &change).await;
                (outcome, change.hash)
            }
        })
        .await;
        let mut won = outcomes
            .iter()
            .filter(|(outcome, _)| matches!(outcome, RotateApiKeyOutcome::Rotated(_)));
        let winner = won.next().expect("one rotates");
        assert!(
            won.next().is_none(),
            "of any number of rotations one is made"
        );
        let now = find(&*world.second, new.id).await.unwrap();
        assert_eq!(now.hash, winner.1, "whose secret is the key's");
        assert_eq!(now.former.map(|former| former.hash), Some(seen.hash));
    }
}

/// Of several who revoke a key one does, and the log has one row of it.
pub async fn of_8_revocations_of_one_api_key_one_revokes_it(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    for _ in 0..4 {
        let new = new_key(&world, &user);
        create(&*world.store, &new).await;
        let cursor = world.page(&Cursor::start()).await.next;
        let (tenant, key) = (user.tenant, new.id);
        let outcomes = at_once(8, |turn| {
            let store = world.handle(turn);
            async move { revoke(&*store, tenant, None, key).await }
        })
        .await;
        let count = |wanted| outcomes.iter().filter(|done| done.value == wanted).count();
        let revoked = count(RevokeApiKeyOutcome::Revoked);
        assert_eq!(
            (revoked, count(RevokeApiKeyOutcome::Already)),
            (1, 7),
            "a key is revoked once"
        );
        let rows = world.page(&cursor).await.rows;
        assert_eq!(rows.len(), 1, "and the log has one row of it");
        assert_eq!(rows[0].target, Target::ApiKey { tenant, key });
    }
}

/// However a rotation and a revocation fall, the key is revoked.
pub async fn c66_no_rotation_brings_a_revoked_api_key_back(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    for turn in 0..32 {
        let new = new_key(&world, &user);
        create(&*world.store, &new).await;
        let seen = find(&*world.store, new.id).await.unwrap();
        let (one, other) = (world.handle(turn), world.handle(turn + 1));
        let (change, tenant, key) = (rotation(&seen, HOUR), user.tenant, new.id);
        let (rotated, revoked) = both(
            async move {
                a_while(turn).await;
                rotate(&*one, &change).await
            },
            async move {
                a_while(turn / 8).await;
                revoke(&*other, tenant, None, key).await
            },
        )
        .await;
        assert_eq!(
            revoked.value,
            RevokeApiKeyOutcome::Revoked,
            "a live key is revoked"
        );
        let now = find(&*world.second, new.id).await.unwrap();
        assert!(
            now.key.revoked_at.is_some(),
            "no rotation brings a revoked key back"
        );
        let is_rotated = matches!(rotated, RotateApiKeyOutcome::Rotated(_));
        assert_eq!(
            now.hash != seen.hash,
            is_rotated,
            "a rotation is made or not, and says so"
        );
    }
}

/// However many note one use, its row is written once a minute.
pub async fn of_32_notes_of_one_use_one_is_written(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    for _ in 0..4 {
        let new = new_key(&world, &user);
        create(&*world.store, &new).await;
        let noted = at_once(32, |turn| {
            let (store, key) = (world.handle(turn), new.id);
            async move { place(&*store).unwrap().note_api_key_use(key).await.unwrap() }
        })
        .await;
        let written = noted.iter().filter(|noted| **noted).count();
        assert_eq!(written, 1, "a key's use is written once a minute");
    }
}

/// All pages, one after the other; between two of them `meanwhile` happens.
async fn pages<F: Future>(
    store: &dyn Store,
    tenant: TenantId,
    user: Option<UserId>,
    meanwhile: impl Fn() -> F,
) -> Vec<ApiKeyInfo> {
    const LIMIT: u32 = 3;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = place(store).unwrap().api_keys(tenant, user, after, LIMIT);
        let page = page.await.unwrap();
        assert!(page.len() <= 3, "a page is not longer than was asked for");
        let is_last = page.len() < 3;
        after = page.last().map(|info| info.id).or(after);
        all.extend(page);
        if is_last {
            return all;
        }
        meanwhile().await;
    }
}

/// Who goes from page to page meets every key that was there all the time, once,
/// whatever is made and revoked meanwhile.
pub async fn pages_of_api_keys_are_stable(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let tenant = world.tenant().await;
    let (ada, bob) = (world.user_of(tenant).await, world.user_of(tenant).await);
    let (mut of_ada, mut of_all) = (BTreeSet::new(), BTreeSet::new());
    // Made in another order than they are listed in.
    let mut news: Vec<_> = (0..14)
        .map(|n| new_key(&world, [&ada, &bob][n % 2]))
        .collect();
    news.reverse();
    for new in &news {
        create(&*world.store, new).await;
        of_all.insert(new.id);
        if new.user == ada.id {
            of_ada.insert(new.id);
        }
    }
    let victim = *of_all.first().unwrap();
    let outsider = world.user().await;
    create(&*world.store, &new_key(&world, &outsider)).await;
    for (user, wanted) in [(None, &of_all), (Some(ada.id), &of_ada)] {
        let listed = pages(&*world.second, tenant, user, || async {
            let late = new_key(&world, &ada);
            create(&*world.store, &late).await;
            // Before the page that is being read.
            let mut early = new_key(&world, &ada);
            let long_ago = Timestamp::from_unix_seconds(1_000_000);
            early.id = ApiKeyId::draw(long_ago, &SystemRandom::new()).unwrap();
            early.hash = super::api_keys::secret().hash(early.id);
            create(&*world.store, &early).await;
            let _ = revoke(&*world.store, tenant, None, victim).await;
        })
        .await;
        let ids: Vec<_> = listed.iter().map(|info| info.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(
            ids, sorted,
            "keys are listed in the order of their ids, each once"
        );
        let met: BTreeSet<_> = ids.iter().copied().collect();
        assert!(
            met.is_superset(wanted),
            "every key that was there all the time is met"
        );
        assert!(
            listed
                .iter()
                .all(|info| info.tenant == tenant && user.is_none_or(|user| user == info.user)),
            "and no key of another user or tenant"
        );
    }
    let listed = pages(&*world.store, tenant, None, || async {}).await;
    let victim = listed.iter().find(|info| info.id == victim);
    assert!(
        victim.is_some_and(|info| info.revoked_at.is_some()),
        "revoked keys are listed too"
    );
    let nobodys = place(&*world.store)
        .unwrap()
        .api_keys(tenant, Some(outsider.id), None, 3);
    assert_eq!(
        nobodys.await.unwrap(),
        [],
        "keys are listed in their tenant alone"
    );
}
