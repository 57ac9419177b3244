//! What was found, as Markdown.

use std::fmt::Write;

use crate::goal::{Bound, Goal, Of, Verdict};
use crate::statistics::Spread;

/// A contender of a group, and how long its operation took in all rounds.
pub(crate) struct Row<'a> {
    pub(crate) group: &'a str,
    pub(crate) contender: &'a str,
    pub(crate) nanoseconds: Spread,
    pub(crate) page_faults: Option<PageFaults>,
}

/// How often an operation faulted, in the middle of the repeats, and whether it
/// may at all.
#[derive(Clone, Copy)]
pub(crate) struct PageFaults {
    pub(crate) each: f64,
    pub(crate) allowed: bool,
}

impl PageFaults {
    /// What the runtime around a hundred operations does is not theirs.
    pub(crate) fn are_too_many(self) -> bool {
        !self.allowed && self.each >= 0.01
    }
}

/// A goal of a group, and its ratio in each repeat.
pub(crate) struct Outcome<'a> {
    pub(crate) group: &'a str,
    pub(crate) goal: &'a Goal,
    pub(crate) repeats: Spread,
    /// How many there were.
    pub(crate) count: usize,
    pub(crate) verdict: Verdict,
}

/// One row for each contender.
pub(crate) fn times(rows: &[Row<'_>]) -> String {
    let mut table = header(&["operation", "by", "median", "quartiles", "a second"]);
    for row in rows {
        let spread = row.nanoseconds;
        line(
            &mut table,
            &[
                row.group.to_owned(),
                row.contender.to_owned(),
                duration(spread.median),
                format!(
                    "{} – {}",
                    duration(spread.lower_quartile),
                    duration(spread.upper_quartile)
                ),
                format!("{:.0}", 1e9 / spread.median),
            ],
        );
    }
    table
}

/// One row for each contender whose page faults were counted; nothing if there
/// are none.
pub(crate) fn page_faults(rows: &[Row<'_>]) -> String {
    let mut table = String::new();
    for row in rows {
        let Some(faults) = row.page_faults else {
            continue;
        };
        if table.is_empty() {
            table = header(&["operation", "by", "page faults each", "goal", ""]);
        }
        let (goal, verdict) = match (faults.allowed, faults.are_too_many()) {
            (true, _) => ("–", "stated"),
            (false, false) => ("none", "met"),
            (false, true) => ("none", "**missed**"),
        };
        line(
            &mut table,
            &[
                row.group.to_owned(),
                row.contender.to_owned(),
                format!("{:.2}", faults.each),
                goal.to_owned(),
                verdict.to_owned(),
            ],
        );
    }
    table
}

/// One row for each goal.
pub(crate) fn goals(outcomes: &[Outcome<'_>]) -> String {
    let mut table = header(&["operation", "ratio", "is", "over the repeats", "goal", ""]);
    for Outcome {
        group,
        goal,
        repeats,
        count,
        verdict,
    } in outcomes
    {
        let by = match goal.of {
            Of::Time => "",
            Of::ProcessorTime => ", by processor time",
        };
        let bound = match goal.bound {
            Bound::TimeAtMost(most) | Bound::OutOfReach(most) => format!("time ≤ {most:.2} ×{by}"),
            Bound::ThroughputAtLeast(least) => format!("throughput ≥ {least:.2} ×{by}"),
            Bound::Stated => "–".to_owned(),
        };
        let verdict = match verdict {
            Verdict::Met => "met",
            Verdict::Narrowly => "missed, within the margin",
            Verdict::Missed => "**missed**",
            Verdict::OutOfReach => "out of reach, for information",
            Verdict::Stated => "stated",
            Verdict::NotJudged => "not judged, the machine was busy",
        };
        line(
            &mut table,
            &[
                (*group).to_owned(),
                format!("{} / {}", goal.ours, goal.against),
                format!("{:.3}", repeats.median),
                format!("{:.3} – {:.3} of {count}", repeats.least, repeats.greatest),
                bound,
                verdict.to_owned(),
            ],
        );
    }
    table
}

/// A table's first two lines.
pub(crate) fn header(columns: &[&str]) -> String {
    let rules = vec!["---"; columns.len()];
    format!("| {} |\n|{}|\n", columns.join(" | "), rules.join("|"))
}

/// Another line of it.
pub(crate) fn line(table: &mut String, cells: &[String]) {
    // Writing to a text does not fail.
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_unit_that_suits_it() {
        assert_eq!(duration(731.4), "731 ns");
        assert_eq!(duration(24_180.0), "24.18 µs");
        assert_eq!(duration(11_600_000.0), "11.60 ms");
    }

    #[test]
    fn a_missed_goal_stands_out() {
        let goal = Goal::time("ours", "theirs", 1.0);
        let missed = Outcome {
            group: "verify",
            goal: &goal,
            repeats: Spread::of(&[1.9, 2.0, 2.2]),
            count: 3,
            verdict: Verdict::Missed,
        };
        assert_eq!(
            goals(&[missed]).lines().last(),
            Some(
                "| verify | ours / theirs | 2.000 | 1.900 – 2.200 of 3 | time ≤ 1.00 × | **missed** |"
            )
        );
    }
}
