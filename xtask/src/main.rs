//! `cargo xtask <command>`; the commands themselves are in the library, where tests reach them.

use std::{env, process::ExitCode};

use xtask::{bench, ci, deps, fuzz, load, run::Run, servers, test};

const USAGE: &str = "\
usage: cargo xtask <command>

  test         every test, with throw-away servers
  ci [--full]  what must hold before a merge; --full also checks every feature alone,
               fuzzes, times log-ins, soaks the store for a minute, and holds the
               benchmarks to their goals
  deps         who depends on whom, licences, duplicates, advisories
  fuzz [TARGET] [--seconds N]
               everything that strangers send, or one target of fuzz/fuzz_targets; 20 s each
  bench [NAME…] [--check]
               the benchmarks of these names, or tokens, passwords and cache; --check
               fails where a goal is missed by more than the margin
  load NAME    scenario, flood: whole services over loopback HTTP
  soak NAME [ARGUMENT…]
               timing, cold, refresh, scale, purge, contested, acknowledged, outbox,
               tokens, cache, faults, valkey: what takes long, and is run before a release; of
               the store's a number says how much of it, and contested and acknowledged
               also take --minutes, --seed and --broken
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
        ["bench", ref rest @ ..] => {
            bench::Request::parse(rest).and_then(|it| bench::bench(&mut run, &it))
        }
        ["load", name] => load::load(&mut run, name),
        ["soak", name, ref rest @ ..] => load::soak(&mut run, name, rest),
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
