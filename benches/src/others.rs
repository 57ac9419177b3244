//! How much of the processors other programs had.

use std::fs;

use crate::proc_stat;

/// A reading of the system's clocks, in ticks of a hundredth of a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Of all processors together.
    all: u64,
    /// While they had nothing to do.
    idle: u64,
    /// While they worked for this process.
    ours: u64,
}

impl Reading {
    /// `None` where the system does not count this in `/proc`.
    pub(crate) fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let (all, idle) = parse(&stat)?;
        // User and system time of all threads.
        let ours = proc_stat::field(14)? + proc_stat::field(15)?;
        Some(Self { all, idle, ours })
    }

    /// The share of the processors, from 0 to 1, that other programs had since
    /// `before`.
    #[expect(clippy::cast_precision_loss, reason = "far from that many ticks")]
    pub(crate) fn others_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all);
        let others = all
            .saturating_sub(self.idle.saturating_sub(before.idle))
            .saturating_sub(self.ours.saturating_sub(before.ours));
        others as f64 / all.max(1) as f64
    }
}

/// All and idle, of the first line: user, nice, system, idle, waiting for a
/// device, interrupts twice, stolen by other machines. What follows is counted
/// in user and nice too.
fn parse(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .take(8)
        .map_while(|field| field.parse().ok())
        .collect();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some((ticks.iter().sum(), idle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_have_what_is_neither_idle_nor_ours() {
        let stat = "cpu  10 1 20 300 4 5 6 7 9 9\ncpu0 1 1 1 1\n";
        assert_eq!(parse(stat), Some((353, 304)));
        let before = Reading {
            all: 1000,
            idle: 500,
            ours: 100,
        };
        let after = Reading {
            all: 1200,
            idle: 520,
            ours: 200,
        };
        assert!((after.others_since(before) - 0.4).abs() < 1e-9);
        assert!(before.others_since(before).abs() < 1e-9);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_says_it() {
        let reading = Reading::now().unwrap();
        assert!(reading.all >= reading.idle + reading.ours);
    }
}
