//! `peers-openssl [--check]`: josekit.

use std::process::ExitCode;

use auth_bench::{run, tokens};
use auth_bench_peers::josekit::Josekit;

fn main() -> ExitCode {
    run::main(vec![tokens::suite(vec![Box::new(Josekit)])])
}
