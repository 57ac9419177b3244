//! Readers of the log, each with a cursor.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::{Cursor, Target};
use auth_core::{ManualClock, Timestamp};
use auth_store::{EndSessions, MemoryStore, Store};

use super::Subject;
use super::log::{has_all, revoke_in_every_way};
use super::race::{at_once, both};
use super::world::World;

/// A reader that follows the cursor misses nothing, in whatever order the
/// writers commit.
pub async fn a_reader_misses_nothing_that_16_writers_revoke(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let mut users = Vec::new();
    for _ in 0..16 {
        users.push(world.logged_in().await);
    }
    let writing = {
        let world = world.clone();
        async move {
            at_once(16, |turn| {
                let (store, (user, held)) = (world.handle(turn), users[turn].clone());
                async move {
                    let mut revoked = Vec::new();
                    for round in 0..16 {
                        let set = store
                            .set_user_roles(user.tenant, user.id, vec![format!("{round}")])
                            .await;
                        revoked.extend(set.unwrap().revoked);
                    }
                    let which = EndSessions::One(held.grant.session.id);
                    revoked.extend(
                        store
                            .end_sessions(user.tenant, which)
                            .await
                            .unwrap()
                            .revoked,
                    );
                    revoked
                }
            })
            .await
            .concat()
        }
    };
    let (done, mut is_done) = tokio::sync::oneshot::channel();
    let reading = {
        let store = world.second.clone();
        async move {
            let (mut cursor, mut rows) = (Cursor::start(), Vec::new());
            let mut last = Timestamp::from_unix_micros(i64::MIN);
            loop {
                // Asked before the page is read: the last page is read after
                // the last commit.
                let over = is_done.try_recv().is_ok();
                let page = store.read_log(&cursor).await.unwrap();
                assert!(page.now >= last, "the store's clock does not go back");
                last = page.now;
                cursor = page.next;
                rows.extend(page.rows);
                if over {
                    return rows;
                }
                tokio::task::yield_now().await;
            }
        }
    };
    let writing = async move {
        let revoked = writing.await;
        done.send(()).ok();
        revoked
    };
    let (rows, revoked) = both(reading, writing).await;
    let exact: HashSet<Target> = rows.iter().map(|row| row.target).collect();
    for row in &revoked {
        assert!(
            exact.contains(&row.target),
            "a reader that follows the cursor misses nothing, but {row:?}"
        );
    }
}

/// The cursor of another store, or none at all, reads everything.
pub async fn the_cursor_of_another_store_reads_everything(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let revoked = revoke_in_every_way(&world).await;
    let own = world.page(&Cursor::start()).await.next;
    let identity = world.store.settings(Duration::ZERO).await.unwrap().store;
    let flip = |text: &str| text.replace(|c: char| c.is_ascii_hexdigit(), "a");
    // As this kind of store would write it, with another identity.
    let mut foreign: Vec<String> = [
        identity.hyphenated().to_string(),
        identity.simple().to_string(),
    ]
    .iter()
    .filter(|name| own.as_str().contains(name.as_str()))
    .map(|name| own.as_str().replace(name.as_str(), &flip(name)))
    .collect();
    let clock = ManualClock::at(Timestamp::from_unix_seconds(1));
    let elsewhere = World::new(&Elsewhere(MemoryStore::with_clock(Arc::new(clock)))).await;
    for _ in 0..3 {
        revoke_in_every_way(&elsewhere).await;
        foreign.push(
            elsewhere
                .page(&Cursor::start())
                .await
                .next
                .as_str()
                .to_owned(),
        );
    }
    foreign.extend(
        [
            "0",
            "-1",
            "18446744073709551616",
            ":",
            "::::",
            "é",
            "' OR 1=1 --",
            "\0",
        ]
        .map(str::to_owned),
    );
    foreign.push("9".repeat(10_000));
    for text in foreign {
        let page = world.page(&Cursor::from_text(text.clone())).await;
        has_all(
            &page.rows,
            &revoked,
            &format!("a cursor that is not the store's own ({text:.60}) reads everything"),
        );
    }
}

struct Elsewhere(MemoryStore);

#[async_trait]
impl Subject for Elsewhere {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    async fn second(&self) -> Arc<dyn Store> {
        self.store()
    }

    async fn pass(&self, _: Duration) {}
}
