//! The figures, and what must hold, as Markdown.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Field;
use super::crew::locked;
use super::ledger::Ledger;
use crate::figures::goal;

/// Whether all holds.
pub(crate) fn report(field: &Field, took: Duration, ledger: &Ledger) -> bool {
    let judge = locked(&field.judge);
    let (findings, counts) = (&judge.findings, &field.counts);
    let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
    println!("| figure | number |\n|---|---:|");
    for (figure, number) in [
        ("presentations", count(&counts.presentations)),
        ("seconds", took.as_secs()),
        ("sessions", judge.chains.len() as u64),
        ("races of 2 to 64", count(&counts.races)),
        ("sessions that were robbed", count(&counts.thefts)),
        ("workers killed", count(&counts.workers_killed)),
        ("PostgreSQL killed", count(&counts.servers_killed)),
        ("answers lost with a worker", count(&counts.lost)),
        ("answered with an outage", count(&counts.outages)),
        ("rotated", findings.rotated),
        ("the same successor again", findings.replayed),
        ("superseded", findings.superseded),
        ("refused for a theft", findings.refused_as_theft),
        ("refused after a longer outage", findings.after_the_grace),
        ("sessions compared with their rows", ledger.compared),
    ] {
        println!("| {figure} | {number} |");
    }
    println!();
    for said in findings.examples.iter().chain(&ledger.examples) {
        println!("- found: {said}");
    }
    let none = |what: &str, number: u64| goal(&format!("{number} {what}"), number == 0);
    let is_met = [
        none("double successors", findings.double_successors),
        none("forced log-outs within the grace", findings.forced_log_outs),
        none("answers that are not documented", findings.undocumented),
        none("tokens for thieves or after them", findings.thieves_served),
        none("sessions that differ from their row", ledger.differing),
        goal("some were robbed", count(&counts.thefts) > 0),
        goal("all was presented in time", field.is_done()),
    ];
    is_met.into_iter().all(|it| it)
}
