//! `cargo xtask <command>`; the commands themselves are in the library, where tests reach them.

use std::{env, process::ExitCode};

use xtask::{ci, deps, fuzz, run::Run, servers, test};

const USAGE: &str = "\
usage: cargo xtask <command>

  test         every test, with throw-away servers
  ci [--full]  what must hold before a merge; --full also checks every feature alone, and fuzzes
  deps         who depends on whom, licences, duplicates, advisories
  fuzz [TARGET] [--seconds N]
               everything that strangers send, or one target of fuzz/fuzz_targets; 20 s each
  servers      PostgreSQL and Redis for tests run by hand, until ctrl-c";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut run = Run::new();
    let outcome = match arguments[..] {
        ["test"] => test::test(&mut run),
        ["ci"] => ci::ci(&mut run, ci::Extent::Usual),
        ["ci", "--full"] => ci::ci(&mut run, ci::Extent::Full),
        ["deps"] => deps::deps(&mut run),
        ["servers"] => servers::serve(&mut run),
        ["fuzz", ref rest @ ..] => match fuzz::Request::parse(rest) {
            Some(request) => fuzz::fuzz(&mut run, &request),
            None => return usage(),
        },
        _ => return usage(),
    };
    run.summarise();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            failure.exit_code()
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
