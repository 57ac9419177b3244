//! Timing contenders in turn.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::group::Contender;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// For each contender, before anything counts.
    pub(crate) warm_up: Duration,
    /// About how long a batch takes: shorter than a turn of the system's
    /// scheduler, so that most batches run undisturbed.
    pub(crate) batch: Duration,
    /// For each contender, all its batches together.
    pub(crate) measuring: Duration,
}

/// The nanoseconds an operation took, by both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Took {
    /// By the clock on the wall.
    pub(crate) wall: f64,
    /// Of all the processors that this process was given.
    pub(crate) processor: f64,
}

/// A row for each contender, in it a figure for each round. Figures of one
/// round were taken right after one another.
pub(crate) type Rounds = Vec<Vec<Took>>;

/// Takes the contenders in turn, batch by batch, until the plan's time is up.
/// Each round begins with the next contender, and every second one runs
/// backwards, so that none always follows the same other.
pub(crate) fn interleave(contenders: &mut [Contender], plan: Plan) -> Rounds {
    let times: Vec<u32> = contenders.iter_mut().map(|it| warm_up(it, plan)).collect();
    let count = contenders.len();
    let mut rounds = vec![Vec::new(); count];
    let budget = plan.measuring * u32::try_from(count).unwrap_or(u32::MAX);
    let mut spent = Duration::ZERO;
    let mut round = 0;
    while spent < budget || round < MIN_ROUNDS {
        for index in order(count, round) {
            let (wall, processor) = time(&mut contenders[index], times[index]);
            let operations = f64::from(times[index]) * f64::from(contenders[index].operations);
            let each = |took: Duration| took.as_secs_f64() * 1e9 / operations;
            rounds[index].push(Took {
                wall: each(wall),
                processor: each(processor),
            });
            spent += wall;
        }
        round += 1;
    }
    rounds
}

/// Enough for quartiles, however slow the operation.
const MIN_ROUNDS: usize = 9;

fn order(count: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |step| {
        let step = if round.is_multiple_of(2) {
            step
        } else {
            count - 1 - step
        };
        (step + round / 2) % count
    })
}

/// Runs until caches, branch predictors and the contender's own set-up are
/// warm, and says how many calls make a batch.
fn warm_up(contender: &mut Contender, plan: Plan) -> u32 {
    let (mut spent, mut calls) = (Duration::ZERO, 0_u32);
    let mut times = 1;
    while spent < plan.warm_up {
        spent += time(contender, times).0;
        calls = calls.saturating_add(times);
        times = times.saturating_mul(2).min(1 << 12);
    }
    let call = spent / calls.max(1);
    let fitting = plan.batch.as_nanos() / call.as_nanos().max(1);
    u32::try_from(fitting).unwrap_or(u32::MAX).max(1)
}

/// By the clock on the wall, and of the processors.
fn time(contender: &mut Contender, times: u32) -> (Duration, Duration) {
    #[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
    let now = Instant::now;
    let before = processor_time();
    let start = now();
    contender.call(times);
    let wall = now() - start;
    (wall, processor_time().saturating_sub(before))
}

/// What all threads of this process had so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    const SHORT: Plan = Plan {
        warm_up: Duration::from_micros(10),
        batch: Duration::from_micros(1),
        measuring: Duration::ZERO,
    };

    #[test]
    fn every_contender_has_a_figure_in_every_round() {
        let calls = Rc::new(Cell::new(0_u32));
        let counting = Rc::clone(&calls);
        let mut contenders = [
            Contender::new("counts", move || counting.set(counting.get() + 1)),
            Contender::new("nothing", || {}),
        ];
        let rounds = interleave(&mut contenders, SHORT);
        assert_eq!(rounds[0].len(), MIN_ROUNDS);
        assert_eq!(rounds[1].len(), MIN_ROUNDS);
        assert!(calls.get() > u32::try_from(MIN_ROUNDS).unwrap());
    }

    #[test]
    fn a_round_takes_everyone_and_begins_with_everyone_in_time() {
        let mut first = Vec::new();
        for round in 0..6 {
            let mut seen: Vec<usize> = order(3, round).collect();
            first.push(seen[0]);
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2]);
        }
        first.sort_unstable();
        assert_eq!(first, [0, 0, 1, 1, 2, 2]);
    }
}
