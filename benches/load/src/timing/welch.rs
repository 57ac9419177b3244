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
    fn t_is_as_in_the_textbook() {
        // From the article on Welch's t-test in Wikipedia, example 1.
        let one = [
            27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7,
            21.4,
        ];
        let other = [
            27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5,
            24.4,
        ];
        let t = t(Sample::of(&one), Sample::of(&other));
        assert!((t + 2.46).abs() < 0.01, "{t}");
    }

    #[test]
    fn cropping_takes_the_outliers_of_both() {
        let [one, other] = cropped(&[1.0, 2.0, 900.0], &[1.5, 2.5, 3.0], 0.8);
        assert_eq!(one.len() + other.len(), 5);
        assert!(!one.contains(&900.0));
    }
}
