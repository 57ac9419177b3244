//! `cargo xtask soak outbox`: the tests of relay and buses, with more events.

use crate::run::{Failure, Run, cargo};
use crate::servers::Servers;

/// Through each store, and each bus.
const EVENTS: &str = "100000";

/// One after the other, each saying what it saw: through a bus that fails in all
/// ways, through NATS and Redis that are killed and frozen, through Kafka's brokers that
/// go away.
const TESTS: &str = "test --no-fail-fast --package auth-store --features sqlite,postgres,nats,kafka \
    --test relay --test bus -- --nocapture --test-threads 1 in_a_storm through_ within_its_window";

/// Publishes many events through each store and bus.
///
/// # Errors
/// If one is lost or overtaken, or the servers do not start.
pub(crate) fn soak(run: &mut Run) -> Result<(), Failure> {
    let servers = Servers::start(run)?;
    let mut tests = cargo(TESTS);
    tests
        .envs(servers.environment())
        .env("AUTH_TEST_OUTBOX_EVENTS", EVENTS);
    run.step(&format!("{EVENTS} events through each bus"), &mut tests)
}
