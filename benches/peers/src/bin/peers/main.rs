//! `peers [--check]`: jwt-simple and jwt-compact in the suite `tokens`.
//!
//! josekit has a program of its own: OpenSSL, which it brings, and BoringSSL,
//! which jwt-simple brings, export the same names and cannot be linked into
//! one. So there is no library that has all three either.

mod jwt_compact;
mod jwt_simple;

use std::process::ExitCode;

use auth_bench::{run, tokens};

use crate::jwt_compact::JwtCompact;
use crate::jwt_simple::JwtSimple;

fn main() -> ExitCode {
    run::main(vec![tokens::suite(vec![
        Box::new(JwtSimple),
        Box::new(JwtCompact),
    ])])
}
