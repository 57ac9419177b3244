//! Running suites, and saying how they came out.

use std::process::ExitCode;
use std::time::Duration;

use crate::goal::Verdict;
use crate::group::{Group, Suite};
use crate::measure::{Plan, interleave};
use crate::others::Reading;
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

/// In a repeat in which other programs had less of the processors than this,
/// the machine was as good as idle.
const IDLE: f64 = 0.05;

/// Of so few repeats the middle is no accident.
const MIN_IDLE_REPEATS: usize = 3;

/// What the repeats found about one group.
struct Found {
    group: Group,
    /// What other programs had of the processors in each repeat.
    others: Vec<f64>,
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
    let others: Vec<f64> = found.iter().flat_map(|it| it.others.clone()).collect();
    println!(
        "Meanwhile other programs had {:.0} % of the processors.\n",
        Spread::of(&others).median * 100.0
    );
    let missed = |outcome: &&Outcome<'_>| outcome.verdict == Verdict::Missed;
    let faulty = |row: &&Row<'_>| row.page_faults.is_some_and(PageFaults::are_too_many);
    Ok(outcomes.iter().filter(missed).count() + rows.iter().filter(faulty).count())
}

impl Found {
    fn nothing(group: Group) -> Self {
        Self {
            nanoseconds: vec![Vec::new(); group.contenders.len()],
            page_faults: vec![Vec::new(); group.contenders.len()],
            ratios: vec![Vec::new(); group.goals.len()],
            others: Vec::new(),
            group,
        }
    }

    fn repeat(&mut self, mut group: Group) -> Result<(), Failure> {
        let before = Reading::now();
        let rounds = interleave(&mut group.contenders, PLAN);
        let others = Reading::now().zip(before);
        // Where nobody counts it, it is taken as idle.
        self.others
            .push(others.map_or(0.0, |(after, before)| after.others_since(before)));
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

    /// Whether a goal is missed so far, be it narrowly, or could not be judged.
    fn misses(&self) -> bool {
        use Verdict::{Missed, Narrowly, NotJudged};
        self.outcomes()
            .any(|outcome| matches!(outcome.verdict, Missed | Narrowly | NotJudged))
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
        let idle: Vec<bool> = self.others.iter().map(|others| *others < IDLE).collect();
        let enough = idle.iter().filter(|idle| **idle).count() >= MIN_IDLE_REPEATS;
        let busy = self.group.wants_idle && !enough;
        // Those that mean something, if there are.
        let counts = move |place: usize| busy || !self.group.wants_idle || idle[place];
        self.group
            .goals
            .iter()
            .zip(&self.ratios)
            .map(move |(goal, ratios)| {
                let counted: Vec<f64> = (0..ratios.len())
                    .filter(|place| counts(*place))
                    .map(|place| ratios[place])
                    .collect();
                let repeats = Spread::of(&counted);
                Outcome {
                    group: &self.group.name,
                    goal,
                    repeats,
                    count: counted.len(),
                    verdict: match goal.bound.verdict(repeats) {
                        Verdict::Stated => Verdict::Stated,
                        _ if busy => Verdict::NotJudged,
                        verdict => verdict,
                    },
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goal::Goal;

    fn found(wants_idle: bool, repeats: &[(f64, f64)]) -> Found {
        let mut found = Found::nothing(Group {
            name: "group".to_owned(),
            contenders: Vec::new(),
            goals: vec![
                Goal::time("ours", "theirs", 1.0),
                Goal::stated("ours", "theirs"),
            ],
            no_page_faults: None,
            wants_idle,
        });
        for &(others, ratio) in repeats {
            found.others.push(others);
            found.ratios[0].push(ratio);
            found.ratios[1].push(ratio);
        }
        found
    }

    fn verdicts(found: &Found) -> Vec<(Verdict, usize)> {
        found.outcomes().map(|it| (it.verdict, it.count)).collect()
    }

    #[test]
    fn a_goal_of_an_idle_machine_is_judged_by_the_idle_repeats_alone() {
        const BUSY: (f64, f64) = (0.5, 0.7);
        const IDLE: (f64, f64) = (0.01, 2.0);
        let judged = found(true, &[BUSY, IDLE, IDLE, BUSY, IDLE]);
        let missed = [(Verdict::Missed, 3), (Verdict::Stated, 3)];
        assert_eq!(verdicts(&judged), missed);
        let unjudged = found(true, &[BUSY, IDLE, IDLE, BUSY, BUSY]);
        let spoilt = [(Verdict::NotJudged, 5), (Verdict::Stated, 5)];
        assert_eq!(verdicts(&unjudged), spoilt);
        assert!(unjudged.misses());
    }

    #[test]
    fn all_repeats_of_other_goals_count_busy_or_not() {
        let judged = found(false, &[(0.9, 0.7), (0.9, 0.8), (0.0, 2.0)]);
        assert_eq!(verdicts(&judged), [(Verdict::Met, 3), (Verdict::Stated, 3)]);
        assert!(!judged.misses());
    }
}
