//! `auth-load scenario | flood | timing`: whole services, each a process of its
//! own, asked over loopback HTTP. They keep their users in the PostgreSQL that
//! `AUTH_TEST_POSTGRES_URL` names, or in one that is started for the run.

use std::process::ExitCode;

use auth_load::{Failure, flood, scenario, service, timing};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("auth-load: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Whether all that was asked for holds.
async fn run(arguments: &[&str]) -> Result<bool, Failure> {
    match *arguments {
        ["serve", options] => service::serve(&options.parse()?).await.map(|()| true),
        ["scenario", ref rest @ ..] => scenario::run(&scenario::Plan::parse(rest)?).await,
        ["flood", ref rest @ ..] => flood::run(&flood::Plan::parse(rest)?).await,
        ["timing", ref rest @ ..] => timing::run(&timing::Plan::parse(rest)?).await,
        _ => Err("usage: auth-load scenario | flood | timing [OPTION…]".into()),
    }
}
