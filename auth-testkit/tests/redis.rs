//! Installations of several Redis do what tests of fail-over stand on.

use auth_testkit::servers::{RedisCluster, Sentinels};

#[tokio::test]
async fn sentinels_put_the_replica_in_the_place_of_a_primary_that_is_gone() {
    let mut sentinels = Sentinels::start().await.unwrap();
    let before = sentinels.primary().unwrap();
    sentinels.kill_primary().unwrap();
    let after = sentinels.failed_over(before).await.unwrap();
    assert_ne!(before, after);
}

#[tokio::test]
async fn sentinels_put_the_replica_in_the_place_of_a_primary_that_is_frozen() {
    let sentinels = Sentinels::start().await.unwrap();
    let before = sentinels.primary().unwrap();
    sentinels.freeze_primary().unwrap();
    let after = sentinels.failed_over(before).await.unwrap();
    assert_ne!(before, after);
    sentinels.thaw().unwrap();
}

#[tokio::test]
async fn a_replica_takes_over_the_slots_of_a_primary_that_is_gone() {
    let mut cluster = RedisCluster::start().await.unwrap();
    let owner = cluster.owner_of(42).unwrap();
    cluster.nodes()[owner].kill_9().unwrap();
    let other = cluster.failed_over(42, owner).await.unwrap();
    assert_ne!(owner, other);
    cluster.nodes()[owner].restart().await.unwrap();
    cluster.whole().await.unwrap();
}

#[tokio::test]
async fn a_slot_moves_with_its_keys() {
    let mut cluster = RedisCluster::start().await.unwrap();
    // "k" is in slot 7629.
    let from = cluster.owner_of(7629).unwrap();
    let to = (from + 1) % 3;
    cluster.nodes()[from].command(&["SET", "k", "v"]).unwrap();
    cluster.begin_move(7629, to).unwrap();
    assert_eq!(cluster.move_keys(7629, to, 10).unwrap(), 1);
    cluster.end_move(7629, to).unwrap();
    assert_eq!(cluster.nodes()[to].command(&["GET", "k"]).unwrap(), ["v"]);
    let refused = cluster.nodes()[from].command(&["GET", "k"]).unwrap_err();
    assert!(format!("{refused:?}").contains("MOVED 7629"), "{refused:?}");
}
