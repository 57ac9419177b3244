//! Over Sentinel and over a Cluster it is the same.

use std::sync::{Mutex, PoisonError};

use auth_cache::idempotency::RedisIdempotency;
use auth_cache::redis::RedisLink;
use auth_core::RootSecrets;
use auth_core::idempotency::Begun;
use auth_testkit::conformance::request_list::CASES;
use auth_testkit::conformance::run;
use auth_testkit::servers::{RedisCluster, Sentinels};

use super::conformance::Remembered;
use super::support::{
    PATIENT, begin, complete, is_busy, new_root, owned, owner, request, until_answered,
};

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

/// Whatever the replica had of it: the process that began a request lets nobody else here
/// begin it, and what it says is done is done for all.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_fail_over_a_process_still_knows_what_it_has_begun() {
    let mut sentinels = Sentinels::start().await.unwrap();
    let (urls, name) = (sentinels.urls(), sentinels.name());
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    let roots = RootSecrets::new(new_root());
    let process = || {
        let link = RedisLink::sentinel(&urls, name).unwrap();
        let link = link.with_deadline(PATIENT).build().unwrap();
        RedisIdempotency::builder(link, roots.clone()).build()
    };
    let (one, other) = (process(), process());
    let mut begun = Vec::new();
    for n in 0..50 {
        let request = request(&roots, &format!("k{n}"), "body");
        let own = owned(&one, &request).await;
        begun.push((request, own));
    }
    let before = sentinels.primary().unwrap();
    // Of the last ones the replica may have nothing.
    sentinels.kill_primary().unwrap();
    sentinels.failed_over(before).await.unwrap();
    until_answered(&one, &roots).await;
    until_answered(&other, &roots).await;
    for (request, own) in &begun {
        assert!(is_busy(&one, request).await);
        assert!(complete(&one, request, *own, None).await.unwrap());
        assert_eq!(begin(&one, request, owner()).await, Begun::Done(None));
        assert_eq!(begin(&other, request, owner()).await, Begun::Done(None));
    }
    assert_eq!(one.stats().moved, 50);
}
