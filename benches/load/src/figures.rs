//! Middles, ends and tables.

use std::fmt::Write;
use std::time::Duration;

/// The figure below which `share` of them lie; zero if there are none.
pub(crate) fn quantile(figures: &[Duration], share: f64) -> Duration {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let place = (share * last as f64).round() as usize;
    sorted.get(place).copied().unwrap_or_default()
}

/// The middle of some figures; NaN if there are none.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = sorted.get(sorted.len().saturating_sub(1) / 2);
    let above = sorted.get(sorted.len() / 2);
    match (below, above) {
        (Some(below), Some(above)) => f64::midpoint(*below, *above),
        _ => f64::NAN,
    }
}

/// As a row of a Markdown table.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> String {
    let mut line = String::from("|");
    for cell in cells {
        let _ = write!(line, " {cell} |");
    }
    line
}

/// The first two lines of a Markdown table.
pub(crate) fn header<const N: usize>(cells: [&str; N]) -> String {
    format!("{}\n{}", row(cells), row(["---"; N]))
}

/// In milliseconds.
pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_figures() {
        let figures: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile(&figures, 0.0), Duration::from_millis(1));
        assert_eq!(quantile(&figures, 0.95), Duration::from_millis(95));
        assert_eq!(quantile(&figures, 1.0), Duration::from_millis(100));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert!((median(&[4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-9);
        assert!((median(&[9.0]) - 9.0).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}
