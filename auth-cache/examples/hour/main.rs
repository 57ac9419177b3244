//! What a source of 10 000 keys has to bear in an hour, with and without what spreads
//! its load: the real cache, on a clock that is simulated.
//!
//! `cargo run --release -p auth-cache --example hour`
#![expect(clippy::print_stdout, reason = "it is there to be read")]

mod simulation;

use std::io;
use std::time::Duration;

use simulation::{GUARDS, Hour, Plan, hour};

fn main() -> io::Result<()> {
    let plan = Plan {
        keys: 10_000,
        reads: 5_000,
        lasts: Duration::from_secs(3_600),
    };
    println!(
        "{} keys, {} reads a second, a load of 500 ms, 5 min fresh\n",
        plan.keys, plan.reads
    );
    println!("| | loads | a second: mean | p99 | worst | most at once | reads that waited |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (name, with) in GUARDS {
        // Of each its own runtime, whose clock begins anew.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        row(name, &runtime.block_on(hour(plan, with)));
    }
    Ok(())
}

fn row(name: &str, hour: &Hour) {
    let mut seconds = hour.loads.clone();
    seconds.sort_unstable();
    let loads: u32 = seconds.iter().sum();
    let count = u32::try_from(seconds.len()).unwrap_or(u32::MAX);
    let p99 = seconds.get(seconds.len() * 99 / 100).unwrap_or(&0);
    #[expect(clippy::cast_precision_loss, reason = "a part of millions")]
    let waited = 100.0 * hour.waited as f64 / hour.reads as f64;
    println!(
        "| {name} | {loads} | {:.0} | {p99} | {} | {} | {waited:.3} % |",
        f64::from(loads) / f64::from(count),
        hour.worst(),
        hour.most_at_once,
    );
}
