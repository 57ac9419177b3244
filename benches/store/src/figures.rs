//! Middles and ends.

use std::time::Duration;

/// The time below which `percent` of `times` lie; zero if there are none.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(place).copied().unwrap_or_default()
}

/// The middle of some figures; NaN if there are none.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1000.0)
}

/// Says whether a goal is met, and passes it on.
pub(crate) fn goal(what: &str, is_met: bool) -> bool {
    println!("- {}: {what}", if is_met { "met" } else { "**missed**" });
    is_met
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_and_ends_are_where_they_belong() {
        let mut times: Vec<_> = (0..100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut times, 50), Duration::from_millis(50));
        assert_eq!(percentile(&mut times, 99), Duration::from_millis(99));
        assert_eq!(percentile(&mut [], 99), Duration::ZERO);
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
