//! What spreads the load of a source does spread it: the example, made small.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../examples/hour/simulation.rs"]
mod simulation;

use std::time::Duration;

use simulation::{GUARDS, Hour, Plan, With, hour};

const PLAN: Plan = Plan {
    keys: 500,
    reads: 100,
    lasts: Duration::from_secs(900),
};

fn simulated(with: With) -> Hour {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(hour(PLAN, with))
}

#[test]
fn jitter_spreads_what_was_loaded_together() {
    let [neither, jitter] = [0, 2].map(|at| simulated(GUARDS[at].1));
    assert!(
        2 * jitter.worst() < neither.worst(),
        "{neither:?} {jitter:?}"
    );
    assert!(2 * jitter.most_at_once < neither.most_at_once);
}

#[test]
fn early_refresh_and_stale_values_spare_readers_the_wait() {
    let [neither, early, _, both, stale] = GUARDS.map(|(_, with)| simulated(with));
    assert!(
        early.waited < neither.waited,
        "{} {}",
        early.waited,
        neither.waited
    );
    assert!(
        5 * stale.waited < both.waited,
        "{} {}",
        stale.waited,
        both.waited
    );
    assert_eq!(neither.reads, 90_000);
}
