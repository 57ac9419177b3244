//! `peers-openssl [--check]`: josekit in the suite `tokens`.

mod josekit;

use std::process::ExitCode;

use auth_bench::{run, tokens};

use crate::josekit::Josekit;

fn main() -> ExitCode {
    run::main(vec![tokens::suite(vec![Box::new(Josekit)])])
}
