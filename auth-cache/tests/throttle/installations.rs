//! Over a Cluster.

use auth_cache::redis::RedisLink;
use auth_core::throttle::{Charge, RateLimiter};
use auth_testkit::servers::RedisCluster;

use super::support::{PATIENT, allowed_at_once, limit, new_root, process};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_a_cluster_it_is_one_quota_for_each_wherever_it_is_kept() {
    let cluster = RedisCluster::start().await.unwrap();
    let urls = cluster.urls();
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    let root = new_root();
    let processes: Vec<_> = (0..3)
        .map(|_| {
            let link = RedisLink::cluster(&urls).unwrap().with_deadline(PATIENT);
            process(link.build().unwrap(), root.clone(), PATIENT)
        })
        .collect();
    let limit = limit(20);
    assert_eq!(allowed_at_once(&processes, &limit, 20).await, 20);
    let subjects: Vec<_> = (0..100_u32).map(u32::to_be_bytes).collect();
    let charges: Vec<_> = subjects.iter().map(|it| Charge::new(&limit, it)).collect();
    for round in 0..21 {
        let decisions = processes[round % 3].check_all(&charges).await;
        assert_eq!(decisions.len(), 100);
        assert!(decisions.iter().all(|it| it.is_allowed() == (round < 20)));
    }
    for process in &processes {
        assert_eq!(process.stats().fell_back(), 0, "{:?}", process.stats());
    }
}
