//! Over Sentinels and over a Cluster: the suite, and a server that is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::redis::RedisLink;
use auth_cache::tier::redis::RedisTier;
use auth_cache::tier::{Invalidated, Tier};
use auth_core::RootSecret;
use auth_testkit::servers::{Redis, RedisCluster, Sentinels};
use auth_testkit::tiers::{CASES, Subject, run};

use super::support::{ask, eventually, found, load, new_root, space, try_load};

/// One case after another over one installation, each with names of its own.
struct Installation {
    link: Box<dyn Fn() -> RedisLink + Send + Sync>,
    servers: Vec<String>,
    root: RootSecret,
    case: AtomicU32,
}

impl Installation {
    async fn passes_the_suite(&self) {
        for case in CASES {
            self.case.fetch_add(1, Ordering::SeqCst);
            run((case.run)(self)).await;
        }
    }
}

#[async_trait]
impl Subject for Installation {
    async fn process(&self) -> Arc<dyn Tier> {
        let prefix = format!("case{}", self.case.load(Ordering::SeqCst));
        let tier = RedisTier::builder((self.link)(), self.root.clone()).with_prefix(&prefix);
        Arc::new(tier.build().unwrap())
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn lose_everything(&self) {
        for url in &self.servers {
            let client = redis::Client::open(url.as_str()).unwrap();
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            // A replica does not, and need not.
            let flushed: redis::RedisResult<()> =
                redis::cmd("FLUSHALL").query_async(&mut connection).await;
            let _ = flushed;
        }
    }
}

fn over_sentinels(sentinels: &Sentinels) -> impl Fn() -> RedisLink + Send + Sync + 'static {
    let (urls, name) = (sentinels.urls(), sentinels.name());
    move || {
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let link = RedisLink::sentinel(&urls, name).unwrap();
        link.with_deadline(Duration::from_secs(2)).build().unwrap()
    }
}

fn over_cluster(cluster: &RedisCluster) -> impl Fn() -> RedisLink + Send + Sync + 'static {
    let urls = cluster.urls();
    move || {
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let link = RedisLink::cluster(&urls).unwrap();
        link.with_deadline(Duration::from_secs(2)).build().unwrap()
    }
}

fn tier(link: RedisLink, root: &RootSecret) -> RedisTier {
    RedisTier::builder(link, root.clone()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_sentinels_it_passes_the_suite() {
    let mut sentinels = Sentinels::start().await.unwrap();
    let installation = Installation {
        link: Box::new(over_sentinels(&sentinels)),
        servers: sentinels.servers().iter().map(Redis::url).collect(),
        root: new_root(),
        case: AtomicU32::new(0),
    };
    installation.passes_the_suite().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_cluster_it_passes_the_suite() {
    let cluster = RedisCluster::start().await.unwrap();
    let installation = Installation {
        link: Box::new(over_cluster(&cluster)),
        servers: cluster.urls(),
        root: new_root(),
        case: AtomicU32::new(0),
    };
    installation.passes_the_suite().await;
}

/// The replica that became the primary has the value, and may lack an invalidation.
#[tokio::test(flavor = "multi_thread")]
async fn f04_what_a_former_primary_has_stored_is_a_miss() {
    let mut sentinels = Sentinels::start().await.unwrap();
    let root = new_root();
    let link = over_sentinels(&sentinels);
    let (one, other) = (tier(link(), &root), tier(link(), &root));
    load(&one, b"1", &["a"], b"old").await;
    assert_eq!(found(&other, b"1", &["a"]).await.unwrap(), b"old");
    let mut tail = other.tail(&space()).await.unwrap();
    // The replica has it by then.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = sentinels.primary().unwrap();
    sentinels.kill_primary().unwrap();
    assert!(
        tail.next().await.is_err(),
        "nothing is heard of the new one"
    );
    sentinels.failed_over(before).await.unwrap();
    eventually(|| async { try_load(&one, b"1", &["a"], b"new").await }).await;
    assert!(one.refused().former_server > 0, "{:?}", one.refused());
    eventually(|| async { other.tail(&space()).await.is_ok() }).await;
    assert_eq!(found(&other, b"1", &["a"]).await.unwrap(), b"new");
    let key = [Invalidated::Key(b"1".as_slice().into())];
    other.invalidate(&space(), &key).await.unwrap();
    assert_eq!(found(&one, b"1", &["a"]).await, None);
}

/// One of three primaries is lost: what the others have is there all the while, but for
/// what has a tag there.
#[tokio::test(flavor = "multi_thread")]
async fn f04_a_node_of_a_cluster_that_is_lost_takes_its_own_values_along() {
    let mut cluster = RedisCluster::start().await.unwrap();
    let (root, link) = (new_root(), over_cluster(&cluster));
    let tier = tier(link(), &root);
    let keys: Vec<[u8; 1]> = (0..60).map(|key| [key]).collect();
    for key in &keys {
        load(&tier, key, &[], key).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let lost = cluster.owner_of(0).unwrap();
    cluster.nodes()[lost].kill_9().unwrap();
    cluster.failed_over(0, lost).await.unwrap();
    let mut kept = 0;
    for key in &keys {
        eventually(|| async { tier.acquire(&space(), &[ask(key, &[])]).await.is_ok() }).await;
        if let Some(value) = found(&tier, key, &[]).await {
            assert_eq!(value, key);
            kept += 1;
        }
    }
    assert!((10..=55).contains(&kept), "{kept} of 60 were elsewhere");
    let everything = [Invalidated::All];
    eventually(|| async { tier.invalidate(&space(), &everything).await.is_ok() }).await;
    for key in &keys {
        assert!(try_load(&tier, key, &["t"], b"new").await);
        assert_eq!(found(&tier, key, &["t"]).await.unwrap(), b"new");
    }
}
