//! What the pool takes, with every backend, and what it is fitted to.

use std::time::Duration;

use auth_core::password::{
    Argon2Backend, Argon2Params, HashPool, HashPoolBuilder, PoolError, danger,
};
use auth_core::{Clock, Deadline, ManualClock, SystemClock};

use crate::support::{HANG, answer, password, weak};

fn soon() -> Deadline {
    Deadline::after(SystemClock.now(), HANG)
}

fn with_each_backend() -> impl Iterator<Item = HashPoolBuilder> {
    Argon2Backend::ALL
        .iter()
        .map(|&backend| weak().with_backend(backend))
}

#[test]
fn c84_a_pool_that_does_not_fit_its_budget_is_not_built() {
    let mib = 1 << 20;
    let pool = |threads, budget| {
        HashPool::builder()
            .with_threads(threads)
            .with_memory_budget(budget)
            .build()
    };
    assert_eq!(pool(2, 38 * mib).unwrap().memory_bytes(), 38 * mib);
    let refused = pool(2, 38 * mib - 1).unwrap_err();
    assert!(
        matches!(refused, PoolError::OverBudget { needed, budget }
            if needed == 38 * mib && budget == 38 * mib - 1),
        "{refused}"
    );
    // What stored hashes need counts too.
    let roomy = HashPool::builder()
        .with_threads(1)
        .with_stored_memory_kib(1 << 20)
        .with_memory_budget(1 << 29);
    assert!(matches!(roomy.build(), Err(PoolError::OverBudget { .. })));
}

#[test]
fn c84_memory_that_is_not_to_be_had_is_an_error() {
    for backend in Argon2Backend::ALL {
        let greedy = HashPool::builder()
            .with_backend(*backend)
            .with_threads(4096)
            .with_stored_memory_kib(u32::MAX);
        assert!(
            matches!(greedy.build(), Err(PoolError::Memory)),
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn c74_a_hash_of_one_backend_verifies_with_every_other() {
    for making in with_each_backend() {
        let making = making.build().unwrap();
        let hash = answer(making.hash(password("hunter2"), soon()))
            .await
            .unwrap();
        for checking in with_each_backend() {
            let pool = checking.build().unwrap();
            let verify = |text| answer(pool.verify(password(text), Some(hash.clone()), soon()));
            assert!(verify("hunter2").await.unwrap().matches, "{pool:?}");
            assert!(!verify("hunter3").await.unwrap().matches, "{pool:?}");
        }
    }
}

/// Hashes of different sizes follow each other in the same memory.
#[tokio::test]
async fn c87_what_is_left_of_one_hash_does_not_change_the_next() {
    for backend in Argon2Backend::ALL {
        let mut hashes = Vec::new();
        for m_kib in [64, 8, 31, 16] {
            let params = danger::argon2_params(m_kib, 2, 1).unwrap();
            let pool = weak().with_params(params).build().unwrap();
            hashes.push(
                answer(pool.hash(password("hunter2"), soon()))
                    .await
                    .unwrap(),
            );
        }
        let pool = weak()
            .with_backend(*backend)
            .with_stored_memory_kib(64)
            .build()
            .unwrap();
        let all = hashes.iter().cycle().take(20);
        let verdicts: Vec<_> = all
            .map(|hash| pool.verify(password("hunter2"), Some(hash.clone()), soon()))
            .collect();
        for verdict in verdicts {
            assert!(answer(verdict).await.unwrap().matches, "{backend:?}");
        }
    }
}

#[cfg(target_os = "linux")]
fn minor_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    after_name
        .split_whitespace()
        .nth(7)
        .unwrap()
        .parse()
        .unwrap()
}

/// Memory that is allocated for each hash costs 4864 faults each. The process
/// may have a few of its own meanwhile.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn c84_a_warm_pool_has_no_page_faults() {
    for backend in Argon2Backend::ALL {
        let pool = HashPool::builder()
            .with_backend(*backend)
            .with_threads(1)
            .build()
            .unwrap();
        let hash = || answer(pool.verify(password("hunter2"), None, soon()));
        hash().await.unwrap();
        let before = minor_faults();
        for _ in 0..20 {
            hash().await.unwrap();
        }
        let faults = minor_faults() - before;
        assert!(faults < 200, "{faults} faults in 20 hashes: {backend:?}");
    }
}

#[test]
fn c73_calibration_never_weakens() {
    for builder in with_each_backend() {
        let floor = danger::argon2_params(64, 3, 1).unwrap();
        let builder = builder.with_params(floor);
        assert_eq!(builder.calibrate(Duration::ZERO).unwrap(), floor);
        let more = builder.calibrate(Duration::from_millis(20)).unwrap();
        assert_eq!((more.m_kib(), more.p()), (64, 1));
        assert!(more.t() > 3, "{more:?}");
    }
    let default = HashPool::builder().with_threads(1);
    assert_eq!(
        default.calibrate(Duration::from_nanos(1)).unwrap(),
        Argon2Params::default()
    );
}

/// On a clock that stands still every number of passes is free: what is found is
/// bounded all the same, and a hash made with it can be verified.
#[tokio::test]
async fn c82_calibration_finds_nothing_that_a_pool_would_not_verify() {
    let floor = danger::argon2_params(1 << 14, 1, 1).unwrap();
    let clock = std::sync::Arc::new(ManualClock::at(auth_core::Timestamp::from_unix_seconds(0)));
    let builder = weak().with_params(floor).with_clock(clock);
    let found = builder.calibrate(Duration::from_secs(1)).unwrap();
    assert_eq!(found.t(), 64);
    let making = weak().with_params(found).build().unwrap();
    let hash = answer(making.hash(password("hunter2"), soon()))
        .await
        .unwrap();
    let checking = weak().with_params(floor).build().unwrap();
    let verdict = answer(checking.verify(password("hunter2"), Some(hash.clone()), soon())).await;
    assert!(verdict.unwrap().matches);
    assert!(!checking.is_outdated(&hash));
}

#[test]
fn calibration_keeps_to_the_budget_and_to_a_thread_at_least() {
    let over = HashPool::builder().with_memory_budget(1);
    assert!(matches!(
        over.calibrate(Duration::ZERO),
        Err(PoolError::OverBudget { .. })
    ));
    let nobody = weak().with_threads(0);
    assert!(matches!(
        nobody.calibrate(Duration::ZERO),
        Err(PoolError::NoThreads)
    ));
}

/// The clock stands still until the hash runs: the wait is what passed before.
#[tokio::test]
async fn c84_the_wait_is_counted() {
    let bench = crate::support::Bench::new(|pool| pool);
    let running = bench.hash();
    bench.gate.wait_for(1);
    let (second, third) = (bench.hash(), bench.hash());
    bench.clock.advance(Duration::from_secs(2));
    bench.gate.open(3);
    for job in [running, second, third] {
        answer(job).await.unwrap();
    }
    assert_eq!(bench.pool.stats().waited, Duration::from_secs(4));
}
