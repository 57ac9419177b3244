//! A standby that really follows: what it may answer, and what never.

use std::time::Duration;

use auth_core::{RootSecret, RootSecrets, SystemRandom};
use auth_store::{
    Consistency, EndSessions, Identifier, LookUpStore, PgStore, PgStoreBuilder, RotateOutcome,
    SessionStore, User, UserStatus, UserStore,
};
use auth_testkit::servers::Postgres;

use super::support::{Place, TENANT, builder, connection, run, value};

struct Pair {
    primary: Postgres,
    replica: Postgres,
    place: Place,
}

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(400);

impl Pair {
    async fn with(configure: impl FnOnce(PgStoreBuilder) -> PgStoreBuilder) -> Self {
        let primary = Postgres::start().await.unwrap();
        let replica = primary.start_replica().await.unwrap();
        let builder = builder(&primary.url(), "auth").with_replica(&replica.url());
        let store = configure(builder).connect().await.unwrap();
        let roots = RootSecrets::new(RootSecret::generate(&SystemRandom::new()).unwrap());
        let place = Place::on(store, "auth", &primary.url(), roots).await;
        let pair = Self {
            primary,
            replica,
            place,
        };
        // The migrations have arrived, and it is known to be recent.
        pair.catch_up().await;
        pair
    }

    fn store(&self) -> &PgStore {
        &self.place.store
    }

    /// Waits until the replica has what the primary has.
    async fn catch_up(&self) {
        let mut primary = connection(&self.primary.url()).await;
        let end: String = value(&mut primary, "", "SELECT pg_current_wal_lsn()::text").await;
        let mut replica = connection(&self.replica.url()).await;
        let has_come = format!("SELECT pg_last_wal_replay_lsn() >= '{end}'::pg_lsn");
        for _ in 0..500 {
            if value::<bool>(&mut replica, "", &has_come).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the replica does not follow");
    }

    async fn on_replica(&self, sql: &str) {
        run(&mut connection(&self.replica.url()).await, "", sql).await;
    }

    async fn disable(&self, user: &User) {
        let disabled = UserStatus::Disabled;
        let done = self
            .store()
            .set_user_status(TENANT, user.id, disabled)
            .await;
        assert_eq!(done.unwrap().revoked.len(), 1);
    }

    async fn status(&self, user: &User, consistency: Consistency) -> UserStatus {
        let found = self
            .store()
            .look_up_user(TENANT, user.id, consistency)
            .await;
        found.unwrap().unwrap().status
    }
}

/// Each of the questions, and nothing that is decided.
#[tokio::test(flavor = "multi_thread")]
async fn f13_a_replica_answers_look_ups_and_decides_nothing() {
    let pair = Pair::with(|builder| builder.with_max_age(LONG)).await;
    let store = pair.store();
    let user = pair.place.user().await;
    let (_, token) = pair.place.open(&user).await;
    let name = Identifier::new(&user.identifier).unwrap();
    pair.catch_up().await;
    assert_eq!(
        pair.status(&user, Consistency::Eventual).await,
        UserStatus::Active
    );
    pair.on_replica("SELECT pg_wal_replay_pause()").await;
    pair.disable(&user).await;

    // As it was: this is the replica.
    let eventual = Consistency::Eventual;
    assert_eq!(pair.status(&user, eventual).await, UserStatus::Active);
    let named = store.look_up_identifier(TENANT, &name, eventual).await;
    assert_eq!(named.unwrap().unwrap().status, UserStatus::Active);
    let listed = store.look_up_sessions(TENANT, user.id, eventual).await;
    assert_eq!(listed.unwrap().len(), 1);

    // As it is: these are decisions, and look-ups that want the truth.
    let strong = Consistency::Strong;
    assert_eq!(pair.status(&user, strong).await, UserStatus::Disabled);
    let named = store.look_up_identifier(TENANT, &name, strong).await;
    assert_eq!(named.unwrap().unwrap().status, UserStatus::Disabled);
    let listed = store.look_up_sessions(TENANT, user.id, strong).await;
    assert_eq!(listed.unwrap(), []);
    let found = store.find_user(TENANT, &name).await.unwrap().unwrap();
    assert_eq!(found.user.status, UserStatus::Disabled);
    let found = store.user(TENANT, user.id).await.unwrap().unwrap();
    assert_eq!(found.user.status, UserStatus::Disabled);
    assert_eq!(store.sessions(TENANT, user.id).await.unwrap(), []);
    let rotated = store.rotate_session(&pair.place.rotation(&token)).await;
    assert_eq!(rotated.unwrap(), RotateOutcome::Ended);
}

/// Its own clock says nothing of the kind: nothing was written, so that it seems
/// to have everything.
#[tokio::test(flavor = "multi_thread")]
async fn f13_a_replica_that_is_too_far_behind_is_not_asked_until_it_has_caught_up() {
    let pair = Pair::with(|builder| builder.with_max_age(SHORT)).await;
    let user = pair.place.user().await;
    pair.catch_up().await;
    for _ in 0..3 {
        assert_eq!(
            pair.status(&user, Consistency::Eventual).await,
            UserStatus::Active
        );
        tokio::time::sleep(SHORT / 3).await;
    }
    pair.on_replica("SELECT pg_wal_replay_pause()").await;
    pair.disable(&user).await;
    tokio::time::sleep(SHORT).await;
    for _ in 0..20 {
        let now = pair.status(&user, Consistency::Eventual).await;
        assert_eq!(now, UserStatus::Disabled, "older than it may be");
    }
    pair.on_replica("SELECT pg_wal_replay_resume()").await;
    pair.catch_up().await;

    // It answers again: what is changed while it stands still is not seen.
    let mut is_asked = false;
    for _ in 0..50 {
        let other = pair.place.user().await;
        pair.catch_up().await;
        pair.status(&other, Consistency::Eventual).await;
        pair.on_replica("SELECT pg_wal_replay_pause()").await;
        pair.disable(&other).await;
        is_asked |= pair.status(&other, Consistency::Eventual).await == UserStatus::Active;
        pair.on_replica("SELECT pg_wal_replay_resume()").await;
        if is_asked {
            break;
        }
    }
    assert!(is_asked, "nobody asks it any more");
}

/// Cut off from its primary it has replayed all that it received.
#[tokio::test(flavor = "multi_thread")]
async fn f13_a_replica_that_has_lost_its_primary_is_not_asked() {
    let pair = Pair::with(|builder| builder.with_max_age(SHORT)).await;
    let user = pair.place.user().await;
    pair.catch_up().await;
    assert_eq!(
        pair.status(&user, Consistency::Eventual).await,
        UserStatus::Active
    );
    for sql in [
        "ALTER SYSTEM SET primary_conninfo = ''",
        "SELECT pg_reload_conf()",
    ] {
        pair.on_replica(sql).await;
    }
    let streams = "SELECT count(*) FROM pg_stat_replication";
    let mut primary = connection(&pair.primary.url()).await;
    while value::<i64>(&mut primary, "", streams).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    pair.disable(&user).await;
    tokio::time::sleep(SHORT).await;
    assert_eq!(
        pair.status(&user, Consistency::Eventual).await,
        UserStatus::Disabled
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_dead_or_silent_costs_its_time_once_and_no_answer() {
    let mut pair = Pair::with(|builder| {
        builder
            .with_max_age(LONG)
            .with_replica_timeout(Duration::from_millis(200))
    })
    .await;
    let user = pair.place.user().await;
    pair.catch_up().await;
    assert_eq!(
        pair.status(&user, Consistency::Eventual).await,
        UserStatus::Active
    );
    pair.replica.freeze().unwrap();
    pair.disable(&user).await;
    // A hundred at once; if each waited in turn, they would not all be answered.
    let asking = (0..100).map(|_| {
        let (store, id) = (pair.store().clone(), user.id);
        tokio::spawn(async move { store.look_up_user(TENANT, id, Consistency::Eventual).await })
    });
    for asked in asking.collect::<Vec<_>>() {
        let found = tokio::time::timeout(Duration::from_secs(10), asked).await;
        let found = found.unwrap().unwrap().unwrap().unwrap();
        assert_eq!(found.status, UserStatus::Disabled);
    }
    pair.replica.thaw().unwrap();
    pair.replica.kill_9().unwrap();
    assert_eq!(
        pair.status(&user, Consistency::Eventual).await,
        UserStatus::Disabled
    );
    let listed = pair
        .store()
        .look_up_sessions(TENANT, user.id, Consistency::Eventual);
    assert_eq!(listed.await.unwrap(), []);
}

/// A replica that was promoted goes its own way, and another database is none.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_follow_this_primary_is_not_asked() {
    let pair = Pair::with(|builder| builder.with_max_age(SHORT)).await;
    let user = pair.place.user().await;
    pair.catch_up().await;
    pair.on_replica("SELECT pg_promote()").await;
    pair.disable(&user).await;
    tokio::time::sleep(SHORT).await;
    assert_eq!(
        pair.status(&user, Consistency::Eventual).await,
        UserStatus::Disabled
    );

    // A standby of another primary, which has a longer log.
    let mut other = Pair::with(|builder| builder).await;
    for _ in 0..50 {
        other.place.user().await;
    }
    let mut theirs = connection(&other.primary.url()).await;
    for _ in 0..3 {
        run(&mut theirs, "", "SELECT pg_switch_wal()").await;
        other.place.user().await;
    }
    other.catch_up().await;
    let store = builder(&pair.primary.url(), "auth")
        .with_replica(&other.replica.url())
        .connect()
        .await
        .unwrap();
    let found = store
        .look_up_user(TENANT, user.id, Consistency::Eventual)
        .await;
    assert_eq!(found.unwrap().unwrap().status, UserStatus::Disabled);
    other.replica.kill_9().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_primary_nothing_can_be_shown_to_be_recent() {
    let mut pair = Pair::with(|builder| {
        builder
            .with_max_age(SHORT)
            .with_acquire_timeout(Duration::from_millis(300))
    })
    .await;
    let user = pair.place.user().await;
    pair.catch_up().await;
    assert_eq!(
        pair.status(&user, Consistency::Eventual).await,
        UserStatus::Active
    );
    pair.primary.kill_9().unwrap();
    tokio::time::sleep(SHORT).await;
    let found = pair
        .store()
        .look_up_user(TENANT, user.id, Consistency::Eventual)
        .await;
    let kind = found.unwrap_err().kind();
    assert_eq!(kind, auth_store::StoreErrorKind::Unavailable);
    pair.primary.restart().await.unwrap();
    assert_eq!(
        pair.status(&user, Consistency::Eventual).await,
        UserStatus::Active
    );
    let ended = pair
        .store()
        .end_sessions(TENANT, EndSessions::AllOf(user.id))
        .await;
    assert_eq!(ended.unwrap().value, 1);
}

/// Each look-up is counted where it was answered, and each that was not by whom with the
/// reason.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_counted_who_answered_and_why_not() {
    let mut pair = Pair::with(|builder| builder.with_max_age(SHORT)).await;
    let user = pair.place.user().await;
    pair.catch_up().await;
    let eventual = Consistency::Eventual;
    pair.status(&user, Consistency::Strong).await;
    assert_eq!(pair.store().replica_stats().look_ups, 0);
    // The server writes to its log by itself, too: it may be behind for a moment.
    while pair.store().replica_stats().replicas[0].answered == 0 {
        pair.status(&user, eventual).await;
    }
    let first = pair.store().replica_stats();
    let was = first.replicas[0];
    assert_eq!(first.look_ups, first.fell_back + 1);
    assert_eq!(first.fell_back, was.behind + was.failed + was.resting);
    assert!(was.lag.is_some(), "it was seen to catch up");

    pair.on_replica("SELECT pg_wal_replay_pause()").await;
    pair.disable(&user).await;
    tokio::time::sleep(SHORT).await;
    pair.status(&user, eventual).await;
    let behind = pair.store().replica_stats();
    let one = behind.replicas[0];
    assert_eq!(behind.fell_back, first.fell_back + 1);
    assert_eq!((one.answered, one.behind), (1, was.behind + 1));
    assert!(one.lag > Some(SHORT), "it is behind since then");

    pair.replica.kill_9().unwrap();
    for _ in 0..2 {
        pair.status(&user, eventual).await;
    }
    let gone = pair.store().replica_stats();
    let then = gone.replicas[0];
    assert_eq!(gone.fell_back, behind.fell_back + 2);
    assert_eq!((then.answered, then.behind), (1, one.behind));
    assert!(then.failed > one.failed, "it was asked, and did not answer");
    let passed_over = |of: &auth_store::ReplicaStats| of.failed + of.resting;
    assert_eq!(passed_over(&then), passed_over(&one) + 2);
}
