//! Over Sentinel and over a Cluster it is the same.

use std::sync::{Mutex, PoisonError};

use auth_cache::redis::RedisLink;
use auth_testkit::conformance::request_list::CASES;
use auth_testkit::conformance::run;
use auth_testkit::servers::{RedisCluster, Sentinels};

use super::conformance::Remembered;
use super::support::PATIENT;

async fn passes_all(mut subject: Remembered) {
    assert!(CASES.len() > 8);
    for case in CASES {
        subject.start_over();
        run((case.run)(&subject)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_passes_every_case_over_sentinel() {
    let sentinels = Sentinels::start().await.unwrap();
    let (urls, name) = (sentinels.urls(), sentinels.name());
    let link = move || {
        let urls: Vec<_> = urls.iter().map(String::as_str).collect();
        let link = RedisLink::sentinel(&urls, name).unwrap();
        link.with_deadline(PATIENT).build().unwrap()
    };
    let sentinels = Mutex::new(sentinels);
    passes_all(Remembered::new(link, move |with| {
        let mut sentinels = sentinels.lock().unwrap_or_else(PoisonError::into_inner);
        let primary = sentinels.primary().unwrap();
        let servers = sentinels.servers().iter();
        servers.filter(|it| it.port() == primary).for_each(with);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_passes_every_case_over_a_cluster() {
    let cluster = RedisCluster::start().await.unwrap();
    let urls = cluster.urls();
    let link = move || {
        let urls: Vec<_> = urls.iter().map(String::as_str).collect();
        let link = RedisLink::cluster(&urls).unwrap();
        link.with_deadline(PATIENT).build().unwrap()
    };
    let cluster = Mutex::new(cluster);
    passes_all(Remembered::new(link, move |with| {
        let mut cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
        cluster.nodes()[..3].iter().for_each(with);
    }))
    .await;
}
