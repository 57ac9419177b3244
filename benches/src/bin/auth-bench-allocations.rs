//! What the operations of the suite `tokens`, and hits of caches, allocate: a
//! program of its own, because counting takes time.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to its terminal")]

use std::alloc::System;
use std::process::ExitCode;

use auth_bench::{allocations, cache, cached_tokens, tokens};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let counted = |operations: &mut dyn FnMut()| {
        let region = Region::new(ALLOCATOR);
        operations();
        let stats = region.change();
        (
            stats.allocations + stats.reallocations,
            stats.bytes_allocated,
        )
    };
    let suites = [
        tokens::suite(Vec::new()),
        cache::hits(),
        cached_tokens::hits(),
    ];
    for suite in suites {
        match allocations::table(&suite, &counted) {
            Ok(table) => println!("## {}: allocations\n\n{table}", suite.name),
            Err(failure) => {
                eprintln!("auth-bench-allocations: {failure}");
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}
