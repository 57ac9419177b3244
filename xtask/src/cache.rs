//! `cargo xtask soak tokens`, `cache`, `faults` and `valkey`: the tests of auth-cache in a
//! build for speed and with more rounds, or over another server.

use auth_testkit::TIMES;
use auth_testkit::servers::{REDIS_SERVER, installed, valkey_server};

use crate::install;
use crate::run::{Failure, Run, cargo};

/// The soaks: what is run of the tests, and how many times the usual number of rounds.
/// Each test says what it saw.
const SOAKS: &[Soak] = &[
    // 10^7 validations over caches that lie, 10^6 revocations that are raced.
    Soak {
        name: "tokens",
        of: "--test tokens",
        tests: &[],
        times: 100,
    },
    // 10^5 rounds of each way to a value in memory and 10^4 over Redis, 2 * 10^6 reads of
    // altered values.
    Soak {
        name: "cache",
        of: "--test tiered --test redis_tier",
        tests: &["race::", "no_bit_of_a_value_can_be_altered"],
        times: 100,
    },
    // 10^5 answers of servers that lie, and everything else that can befall them.
    Soak {
        name: "faults",
        of: "--test redis_tier",
        tests: &["faults::"],
        times: 20,
    },
];

/// A soak of tests.
struct Soak {
    name: &'static str,
    of: &'static str,
    tests: &'static [&'static str],
    times: u32,
}

/// Not a soak of more rounds: everything that uses Redis, over Valkey.
const VALKEY: &str = "valkey";

/// The tests that start servers of their own.
const OF_REDIS: &str = "test --no-fail-fast --package auth-cache --features redis --lib --test redis_tier \
    --test throttle --test redis_streams";

/// What the soaks are called.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SOAKS.iter().map(|soak| soak.name).chain([VALKEY])
}

/// Runs the soak of this name, if there is one here.
///
/// # Errors
/// If something does not hold, or a server is missing and cannot be installed.
pub(crate) fn soak(run: &mut Run, name: &str) -> Option<Result<(), Failure>> {
    if name == VALKEY {
        return Some(valkey(run));
    }
    let soak = SOAKS.iter().find(|soak| soak.name == name)?;
    Some(soak.run(run))
}

impl Soak {
    fn run(&self, run: &mut Run) -> Result<(), Failure> {
        if installed().is_err() {
            install::servers(run)?;
        }
        let Self { of, times, .. } = self;
        let mut tests = cargo(&format!(
            "test --release --no-fail-fast --package auth-cache --features redis {of} -- --nocapture --test-threads 2"
        ));
        tests.args(self.tests).env(TIMES, times.to_string());
        run.step(&format!("{times} times as many rounds"), &mut tests)
    }
}

fn valkey(run: &mut Run) -> Result<(), Failure> {
    let program = valkey_server()?;
    let mut tests = cargo(OF_REDIS);
    tests.env(REDIS_SERVER, &program);
    run.step(&format!("over {}", program.display()), &mut tests)
}
