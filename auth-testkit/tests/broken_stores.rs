//! No case that cannot fail: each of many broken stores fails the suite, and
//! each case fails for one of them.
#![cfg(feature = "suites")]
#![allow(clippy::panic, reason = "a test fails by panicking")]

mod flawed;

use std::collections::HashSet;
use std::panic;

use auth_testkit::conformance::{CASES, Case, run};
use flawed::{FOUND_BY, Flaw, Flawed};

/// Some cases are races, in which a flaw shows if two calls meet: not each time, on a
/// busy machine. A flaw is found if it shows once in so many runs.
const RUNS: usize = 20;

/// Whether a store with this flaw passes the case, however often it is run.
async fn always_passes(case: Case, flaw: Flaw) -> bool {
    for _ in 0..RUNS {
        if !passes(case, flaw).await {
            return false;
        }
        eprintln!("{flaw:?} was not found by {} this time", case.name);
    }
    true
}

/// Whether a store with this flaw passes the case.
async fn passes(case: Case, flaw: Flaw) -> bool {
    let subject = Flawed::new(flaw);
    let task = tokio::spawn(async move { run((case.run)(&subject)).await });
    task.await.is_ok()
}

fn case(name: &str) -> Case {
    let found = CASES.iter().find(|case| case.name == name);
    *found.unwrap_or_else(|| panic!("there is no case {name}"))
}

/// Cases fail by panicking; that is expected here, and not worth a page each.
fn without_noise() {
    panic::set_hook(Box::new(|_| {}));
}

/// What the broken stores have in common is not what is broken about them.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_a_flaw_passes_every_case() {
    for case in CASES {
        assert!(passes(*case, Flaw::None).await, "{case:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_a_flaw_fails_the_cases_that_are_about_it() -> Result<(), String> {
    without_noise();
    let mut passed = Vec::new();
    for (flaw, names) in FOUND_BY {
        for name in *names {
            if always_passes(case(name), *flaw).await {
                passed.push(format!("{flaw:?} passes {name}"));
            }
        }
    }
    if passed.is_empty() {
        Ok(())
    } else {
        Err(passed.join("; "))
    }
}

#[test]
fn every_case_fails_for_some_flaw() {
    let failed: HashSet<&str> = FOUND_BY
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    let cannot_fail: Vec<_> = CASES
        .iter()
        .filter(|case| !failed.contains(case.name))
        .collect();
    assert!(
        cannot_fail.is_empty(),
        "no broken store fails {cannot_fail:?}"
    );
}
