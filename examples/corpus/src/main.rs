//! `corpus FILE [--backend NAME]` verifies each token of a
//! JSON-lines file under the policy that its line states, prints
//! `id accept|reject reason`, and fails if a MUST or HARDEN case is not as
//! expected.
#![allow(clippy::print_stdout, reason = "it prints what it finds")]

mod args;
mod case;

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::ExitCode;

use args::Args;
use case::{Case, Verdict};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("corpus: {error}");
            ExitCode::from(2)
        }
    }
}

#[derive(Default)]
struct Tally {
    cases: usize,
    accepted: usize,
    wrong_accepts: Vec<String>,
    wrong_rejects: Vec<String>,
}

impl Tally {
    fn add(&mut self, case: &Case, accepted: bool) {
        self.cases += 1;
        self.accepted += usize::from(accepted);
        if case.is_binding() && accepted != case.expects_accept() {
            let wrong = if accepted {
                &mut self.wrong_accepts
            } else {
                &mut self.wrong_rejects
            };
            wrong.push(case.id.clone());
        }
    }

    const fn holds(&self) -> bool {
        self.wrong_accepts.is_empty() && self.wrong_rejects.is_empty()
    }
}

fn run() -> Result<bool, Box<dyn Error>> {
    let Some(Args { file, backend }) = Args::parse(std::env::args().skip(1))? else {
        print!("{}", args::HELP);
        return Ok(true);
    };
    let lines = File::open(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let folder = file.parent().unwrap_or_else(|| ".".as_ref());
    let mut out = std::io::stdout().lock();
    let mut tally = Tally::default();
    for (number, line) in BufReader::new(lines).lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let case: Case = serde_json::from_str(&line)
            .map_err(|error| format!("{} line {}: {error}", file.display(), number + 1))?;
        let verdict = case.verify(folder, backend);
        writeln!(out, "{} {verdict}", case.id)?;
        tally.add(&case, matches!(verdict, Verdict::Accept));
    }
    let Tally {
        cases,
        accepted,
        wrong_accepts,
        wrong_rejects,
    } = &tally;
    writeln!(
        out,
        "\n{cases} cases on {backend:?}: {accepted} accepted, {} rejected",
        cases - accepted
    )?;
    writeln!(
        out,
        "{} wrong accepts {wrong_accepts:?}",
        wrong_accepts.len()
    )?;
    writeln!(
        out,
        "{} wrong rejects {wrong_rejects:?}",
        wrong_rejects.len()
    )?;
    Ok(tally.holds())
}
