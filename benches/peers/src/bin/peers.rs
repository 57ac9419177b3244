//! `peers [--check]`: jwt-simple and jwt-compact.

use std::process::ExitCode;

use auth_bench::{run, tokens};
use auth_bench_peers::{jwt_compact::JwtCompact, jwt_simple::JwtSimple};

fn main() -> ExitCode {
    run::main(vec![tokens::suite(vec![
        Box::new(JwtSimple),
        Box::new(JwtCompact),
    ])])
}
