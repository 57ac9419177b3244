//! Running suites, and saying how they came out.

use std::process::ExitCode;
use std::time::Duration;

use crate::goal::Verdict;
use crate::group::{Group, Suite};
use crate::measure::{Plan, interleave};
use crate::statistics::Spread;
use crate::table::{self, Outcome, PageFaults, Row};
use crate::{Failure, page_faults};

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The names of suites; all, if there are none.
    pub names: Vec<String>,
    /// Whether a missed goal is an error.
    pub check: bool,
}

impl Request {
    /// Reads `[NAME…] [--check]`.
    ///
    /// # Errors
    /// When an argument is neither.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut request = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--check" => request.check = true,
                name if !name.starts_with('-') => request.names.push(argument),
                _ => return Err(format!("usage: [NAME…] [--check], not {argument}").into()),
            }
        }
        Ok(request)
    }

    /// The suites that were asked for, in the order they are in.
    ///
    /// # Errors
    /// When there is no suite of a name.
    pub fn choose(&self, suites: Vec<Suite>) -> Result<Vec<Suite>, Failure> {
        let known: Vec<&str> = suites.iter().map(|suite| suite.name).collect();
        if let Some(unknown) = self.names.iter().find(|it| !known.contains(&it.as_str())) {
            return Err(format!("there is no suite {unknown}, but {}", known.join(", ")).into());
        }
        let chosen = |suite: &Suite| {
            self.names.is_empty() || self.names.iter().any(|name| name == suite.name)
        };
        Ok(suites.into_iter().filter(chosen).collect())
    }
}

/// Runs what the command line asks for, prints it, and fails if a goal is
/// missed by more than the margin where `--check` is given.
pub fn main(suites: Vec<Suite>) -> ExitCode {
    let outcome = Request::parse(std::env::args().skip(1)).and_then(|request| {
        let mut missed = 0;
        for suite in request.choose(suites)? {
            missed += measured(&suite)?;
        }
        Ok(if request.check { missed } else { 0 })
    });
    match outcome {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("{missed} goals are missed by more than the margin");
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("auth-bench: {failure}");
            ExitCode::from(2)
        }
    }
}

const PLAN: Plan = Plan {
    warm_up: Duration::from_millis(30),
    batch: Duration::from_micros(200),
    measuring: Duration::from_millis(200),
};

/// Spread over the whole run, so that a busy minute of the machine is one
/// repeat of each goal and not all of one.
const REPEATS: usize = 5;

/// A group that misses a goal is repeated as often again, so many times. All
/// its repeats count, those that missed too: what is really slower stays a
/// miss, and a busy minute is outvoted.
const SECOND_LOOKS: usize = 2;

/// What the repeats found about one group.
struct Found {
    group: Group,
    nanoseconds: Vec<Vec<f64>>,
    page_faults: Vec<Vec<f64>>,
    ratios: Vec<Vec<f64>>,
}

fn measured(suite: &Suite) -> Result<usize, Failure> {
    let mut found: Vec<Found> = (suite.groups)()?.into_iter().map(Found::nothing).collect();
    for look in 0..=SECOND_LOOKS {
        let again: Vec<bool> = found.iter().map(|it| look == 0 || it.misses()).collect();
        if !again.contains(&true) {
            break;
        }
        for repeat in 0..REPEATS {
            let groups = again.iter().filter(|again| **again).count();
            eprintln!(
                "{}: {} of {REPEATS}, {groups} groups",
                suite.name,
                repeat + 1
            );
            for ((found, group), again) in found.iter_mut().zip((suite.groups)()?).zip(&again) {
                if *again {
                    found.repeat(group)?;
                }
            }
        }
    }
    let rows: Vec<Row<'_>> = found.iter().flat_map(Found::rows).collect();
    let outcomes: Vec<Outcome<'_>> = found.iter().flat_map(Found::outcomes).collect();
    println!("## {}\n", suite.name);
    for table in [
        table::goals(&outcomes),
        table::page_faults(&rows),
        table::times(&rows),
    ] {
        println!("{table}");
    }
    let missed =
        |outcome: &&Outcome<'_>| outcome.goal.bound.verdict(outcome.repeats) == Verdict::Missed;
    let faulty = |row: &&Row<'_>| row.page_faults.is_some_and(PageFaults::are_too_many);
    Ok(outcomes.iter().filter(missed).count() + rows.iter().filter(faulty).count())
}

impl Found {
    fn nothing(group: Group) -> Self {
        Self {
            nanoseconds: vec![Vec::new(); group.contenders.len()],
            page_faults: vec![Vec::new(); group.contenders.len()],
            ratios: vec![Vec::new(); group.goals.len()],
            group,
        }
    }

    fn repeat(&mut self, mut group: Group) -> Result<(), Failure> {
        let rounds = interleave(&mut group.contenders, PLAN);
        for (goal, ratios) in group.goals.iter().zip(&mut self.ratios) {
            let of = |name: &str| {
                let place = group.contenders.iter().position(|it| it.name == name);
                place
                    .and_then(|place| rounds.get(place))
                    .ok_or_else(|| format!("{}: nobody is called {name}", group.name))
            };
            let pairs = of(&goal.ours)?.iter().zip(of(&goal.against)?);
            let pairs: Vec<f64> = pairs
                .map(|(ours, other)| goal.ratio(*ours, *other))
                .collect();
            ratios.push(Spread::of(&pairs).median);
        }
        if group.no_page_faults.is_some() {
            for (contender, found) in group.contenders.iter_mut().zip(&mut self.page_faults) {
                found.extend(page_faults::of(contender));
            }
        }
        for (found, round) in self.nanoseconds.iter_mut().zip(rounds) {
            found.extend(round.iter().map(|took| took.wall));
        }
        Ok(())
    }

    /// Whether a goal is missed so far, be it narrowly.
    fn misses(&self) -> bool {
        self.outcomes().any(|outcome| {
            let verdict = outcome.goal.bound.verdict(outcome.repeats);
            matches!(verdict, Verdict::Missed | Verdict::Narrowly)
        })
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let counted = self.nanoseconds.iter().zip(&self.page_faults);
        self.group
            .contenders
            .iter()
            .zip(counted)
            .map(|(contender, (nanoseconds, faults))| Row {
                group: &self.group.name,
                contender: &contender.name,
                nanoseconds: Spread::of(nanoseconds),
                page_faults: (!faults.is_empty()).then(|| PageFaults {
                    each: Spread::of(faults).median,
                    allowed: self.group.no_page_faults.as_ref() != Some(&contender.name),
                }),
            })
    }

    fn outcomes(&self) -> impl Iterator<Item = Outcome<'_>> {
        self.group
            .goals
            .iter()
            .zip(&self.ratios)
            .map(|(goal, ratios)| Outcome {
                group: &self.group.name,
                goal,
                repeats: Spread::of(ratios),
                count: ratios.len(),
            })
    }
}
