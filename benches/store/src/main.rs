//! `auth-soak-store cold | refresh | scale | purge | contested | acknowledged [NUMBER…]`:
//! the store on a PostgreSQL of its own, with `fsync` and everything else as the
//! installation has it. Prints Markdown; ends with 1 where a goal is missed.

mod acknowledged;
mod bounds;
mod chance;
mod cold;
mod contested;
mod figures;
mod place;
mod purge;
mod refresh;
mod scale;

use std::error::Error;
use std::process::ExitCode;

/// Why nothing was measured.
type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("auth-soak-store: {failure}");
            ExitCode::from(2)
        }
    }
}

const USAGE: &str = "\
usage: auth-soak-store cold [ROUNDS] | refresh [CONNECTIONS ROUNDS] | scale [USERS] | purge [ROWS]
     | contested [PRESENTATIONS] [--minutes N] [--seed N] [--broken successors|forgetful]
     | acknowledged [CHANGES] [--minutes N] [--seed N] [--broken forgetful]";

/// Whether all goals are met.
async fn run(arguments: &[&str]) -> Result<bool, Failure> {
    match *arguments {
        ["cold"] => cold::run(9).await,
        ["cold", rounds] => cold::run(rounds.parse()?).await,
        ["refresh"] => refresh::run(8, 5).await,
        ["refresh", connections, rounds] => {
            refresh::run(connections.parse()?, rounds.parse()?).await
        }
        ["scale"] => scale::run(1_000_000).await,
        ["scale", users] => scale::run(users.parse()?).await,
        ["purge"] => purge::run(1_000_000).await,
        ["purge", rows] => purge::run(rows.parse()?).await,
        ["contested", ref rest @ ..] => contested::run(rest).await,
        ["acknowledged", ref rest @ ..] => acknowledged::run(rest).await,
        ["contested-worker"] => contested::worker::run().await,
        _ => Err(USAGE.into()),
    }
}
