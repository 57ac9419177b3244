//! `auth-bench [NAME…] [--check]`: measures, and prints Markdown.

use std::process::ExitCode;

use auth_bench::{cache, cached_tokens, passwords, run, second_level, tokens};

fn main() -> ExitCode {
    run::main(vec![
        tokens::suite(Vec::new()),
        passwords::suite(),
        cache::suite(),
        cached_tokens::suite(),
        second_level::suite(),
    ])
}
