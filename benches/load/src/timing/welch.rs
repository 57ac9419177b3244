//! Whether two sets of times differ by more than chance.

/// Count, mean and variance of some figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    count: f64,
    pub(crate) mean: f64,
    variance: f64,
}

impl Sample {
    pub(crate) fn of(figures: &[f64]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a length")]
        let count = figures.len() as f64;
        let mean = figures.iter().sum::<f64>() / count;
        let squares: f64 = figures.iter().map(|it| (it - mean).powi(2)).sum();
        Self {
            count,
            mean,
            variance: squares / (count - 1.0),
        }
    }
}

/// Welch's t: how many standard errors lie between the means (B. L. Welch, "The
/// generalization of 'Student's' problem", Biometrika 34, 1947).
pub(crate) fn t(one: Sample, other: Sample) -> f64 {
    let error = (one.variance / one.count + other.variance / other.count).sqrt();
    (one.mean - other.mean) / error
}

/// Both without what is above the `share` of them together: what the system did
/// in between hides a small difference (O. Reparaz, J. Balasch, I. Verbauwhede,
/// "Dude, is my code constant time?", 2017, §3).
pub(crate) fn cropped(one: &[f64], other: &[f64], share: f64) -> [Vec<f64>; 2] {
    let mut all: Vec<f64> = one.iter().chain(other).copied().collect();
    all.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let place = (share * all.len() as f64) as usize;
    let most = all.get(place).copied().unwrap_or(f64::INFINITY);
    [one, other].map(|set| set.iter().copied().filter(|it| *it <= most).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_is_the_difference_of_the_means_in_standard_errors() {
        // Means 3 and 5, variances 5/2 and 20/3: -2 / sqrt(5/2/5 + 20/3/4).
        let one = Sample::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        let other = Sample::of(&[2.0, 4.0, 6.0, 8.0]);
        assert!((t(one, other) + 1.3587).abs() < 1e-4);
        assert!((t(other, one) - 1.3587).abs() < 1e-4);
    }

    #[test]
    fn cropping_takes_the_outliers_of_both() {
        let [one, other] = cropped(&[1.0, 2.0, 900.0], &[1.5, 2.5, 3.0], 0.8);
        assert_eq!(one.len() + other.len(), 5);
        assert!(!one.contains(&900.0));
    }
}
