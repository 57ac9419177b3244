//! What must hold between two contenders.

use crate::measure::Took;
use crate::statistics::Spread;

/// A ratio that is stated, and what it may be.
#[derive(Clone, Debug)]
pub struct Goal {
    /// The contender whose ratio it is.
    pub ours: String,
    /// The contender it is held against.
    pub against: String,
    /// What the ratio may be.
    pub bound: Bound,
    /// What is compared.
    pub of: Of,
}

/// Which clock a ratio is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The one on the wall.
    Time,
    /// The one of the processors, which stands while other programs have them.
    /// Where the work keeps every core busy, the throughput of an idle machine
    /// is this one's.
    ProcessorTime,
}

/// What a ratio may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Ours takes at most so many times as long.
    TimeAtMost(f64),
    /// Ours gets at least so many times as much done.
    ThroughputAtLeast(f64),
    /// Ours should take at most so many times as long, which what any token
    /// needs beside leaves no room for; the ratio is shown, and is no failure.
    OutOfReach(f64),
    /// How long ours takes is stated, and may be anything.
    Stated,
}

/// How a goal came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    /// Within the margin for a noisy machine.
    Narrowly,
    Missed,
    OutOfReach,
    Stated,
    /// The machine did other things meanwhile.
    NotJudged,
}

/// A machine that is busy with other things moves a ratio by less than this.
const MARGIN: f64 = 1.15;

impl Goal {
    /// Ours takes at most `times` as long as `against`.
    pub fn time(ours: &str, against: &str, times: f64) -> Self {
        Self::new(ours, against, Bound::TimeAtMost(times))
    }

    /// Ours gets at least `times` as much done as `against`.
    pub fn throughput(ours: &str, against: &str, times: f64) -> Self {
        Self::new(ours, against, Bound::ThroughputAtLeast(times))
    }

    /// Ours should take at most `times` as long as `against`, and cannot: for
    /// information.
    pub fn out_of_reach(ours: &str, against: &str, times: f64) -> Self {
        Self::new(ours, against, Bound::OutOfReach(times))
    }

    /// How much longer ours takes than `against`, without a bound.
    pub fn stated(ours: &str, against: &str) -> Self {
        Self::new(ours, against, Bound::Stated)
    }

    fn new(ours: &str, against: &str, bound: Bound) -> Self {
        Self {
            ours: ours.to_owned(),
            against: against.to_owned(),
            bound,
            of: Of::Time,
        }
    }

    /// The same, of the time of the processors.
    #[must_use]
    pub fn of_processors(self) -> Self {
        Self {
            of: Of::ProcessorTime,
            ..self
        }
    }

    /// The goal's ratio in one round.
    pub(crate) fn ratio(&self, ours: Took, against: Took) -> f64 {
        let read = |took: Took| match self.of {
            Of::Time => took.wall,
            Of::ProcessorTime => took.processor,
        };
        self.bound.ratio(read(ours), read(against))
    }
}

impl Bound {
    /// The ratio that the bound is about, of the nanoseconds an operation took.
    fn ratio(self, ours: f64, against: f64) -> f64 {
        match self {
            Self::TimeAtMost(_) | Self::OutOfReach(_) | Self::Stated => ours / against,
            Self::ThroughputAtLeast(_) => against / ours,
        }
    }

    /// By the middle of the repeats.
    pub(crate) fn verdict(self, repeats: Spread) -> Verdict {
        let ratio = repeats.median;
        let (met, narrowly) = match self {
            Self::TimeAtMost(most) => (ratio <= most, ratio <= most * MARGIN),
            Self::ThroughputAtLeast(least) => (ratio >= least, ratio >= least / MARGIN),
            Self::OutOfReach(most) if ratio <= most => return Verdict::Met,
            Self::OutOfReach(_) => return Verdict::OutOfReach,
            Self::Stated => return Verdict::Stated,
        };
        match (met, narrowly) {
            (true, _) => Verdict::Met,
            (false, true) => Verdict::Narrowly,
            (false, false) => Verdict::Missed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(bound: Bound, ratio: f64) -> Verdict {
        bound.verdict(Spread::of(&[ratio]))
    }

    #[test]
    fn a_goal_is_missed_only_beyond_the_margin() {
        let time = Bound::TimeAtMost(1.0);
        assert_eq!(verdict(time, 1.0), Verdict::Met);
        assert_eq!(verdict(time, 1.1), Verdict::Narrowly);
        assert_eq!(verdict(time, 1.2), Verdict::Missed);
        let throughput = Bound::ThroughputAtLeast(1.35);
        assert_eq!(verdict(throughput, 1.35), Verdict::Met);
        assert_eq!(verdict(throughput, 1.2), Verdict::Narrowly);
        assert_eq!(verdict(throughput, 1.1), Verdict::Missed);
        assert_eq!(verdict(Bound::Stated, 9.0), Verdict::Stated);
        let out_of_reach = Bound::OutOfReach(1.1);
        assert_eq!(verdict(out_of_reach, 9.0), Verdict::OutOfReach);
        assert_eq!(verdict(out_of_reach, 1.1), Verdict::Met);
    }

    #[test]
    fn less_time_is_more_throughput() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(Bound::TimeAtMost(1.0).ratio(10.0, 20.0), 0.5));
        assert!(close(Bound::ThroughputAtLeast(1.0).ratio(10.0, 20.0), 2.0));
    }
}
