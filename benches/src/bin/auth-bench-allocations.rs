//! What the operations of the suite `tokens` allocate: a program of its own,
//! because counting takes time.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to its terminal")]

use std::alloc::System;
use std::process::ExitCode;

use auth_bench::{allocations, tokens};
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
    match allocations::table(&tokens::suite(Vec::new()), &counted) {
        Ok(table) => {
            println!("## tokens: allocations\n\n{table}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("auth-bench-allocations: {failure}");
            ExitCode::from(2)
        }
    }
}
