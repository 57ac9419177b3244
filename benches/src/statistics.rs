//! Medians and quartiles: a preempted batch is one outlier, not a shift of the
//! mean.

/// The middle of some figures, and how far they lie around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) lower_quartile: f64,
    pub(crate) median: f64,
    pub(crate) upper_quartile: f64,
    pub(crate) greatest: f64,
}

impl Spread {
    /// Of no figures, everything is NaN, which meets no goal.
    pub(crate) fn of(figures: &[f64]) -> Self {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self {
            least: quantile(&sorted, 0.0),
            lower_quartile: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            upper_quartile: quantile(&sorted, 0.75),
            greatest: quantile(&sorted, 1.0),
        }
    }
}

/// Between two figures, in proportion.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places in a short list"
)]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(below), sorted.get(above)) {
        (Some(below), Some(above)) => below + (above - below) * place.fract(),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_the_figures_in_any_order() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0]);
        let found = [
            spread.least,
            spread.lower_quartile,
            spread.median,
            spread.upper_quartile,
            spread.greatest,
        ];
        assert_eq!(format!("{found:?}"), "[1.0, 1.75, 2.5, 3.25, 4.0]");
    }

    #[test]
    fn one_outlier_does_not_move_the_median() {
        let quiet = Spread::of(&[1.0, 2.0, 3.0]);
        let noisy = Spread::of(&[1.0, 2.0, 3000.0]);
        assert!((quiet.median - noisy.median).abs() < 1e-9);
    }

    #[test]
    fn of_nothing_there_is_no_median() {
        assert!(Spread::of(&[]).median.is_nan());
    }
}
