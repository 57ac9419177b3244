//! One token, presented by many at once until each has an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Field;
use super::crew::{SIZE, locked};
use super::judge::{Answer, Who};
use crate::Failure;
use crate::chance::Chance;

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) presentations: AtomicU64,
    pub(crate) races: AtomicU64,
    pub(crate) thefts: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) outages: AtomicU64,
    pub(crate) workers_killed: AtomicU64,
    pub(crate) servers_killed: AtomicU64,
}

/// Those who are not answered yet.
#[derive(Debug, Default)]
pub(crate) struct Race(JoinSet<Result<(), Failure>>);

/// How many present a token at once.
const FEWEST: f64 = 2.0;
const MOST: f64 = 64.0;

impl Race {
    /// Begins one of 2 to 64, the small ones as often as the large ones, and waits
    /// for the first successor; there is none if all were refused.
    pub(crate) async fn run(
        field: &Arc<Field>,
        token: &str,
        who: Who,
        grace: u64,
        chance: &mut Chance,
    ) -> Result<(Option<String>, Self), Failure> {
        field.counts.races.fetch_add(1, Ordering::Relaxed);
        let (tell, mut told) = mpsc::unbounded_channel();
        let first = usize::try_from(chance.among(&(0..SIZE as u64)))?;
        let mut race = JoinSet::new();
        for place in 0..size(chance) {
            let presenter = Presenter {
                field: field.clone(),
                token: token.to_owned(),
                who,
                grace,
                worker: first + place,
                chance: chance.split(),
                tell: tell.clone(),
            };
            race.spawn(presenter.run());
        }
        drop(tell);
        let successor = told.recv().await;
        Ok((successor, Self(race)))
    }

    /// Waits until all are answered.
    pub(crate) async fn end(mut self) -> Result<(), Failure> {
        while let Some(presenter) = self.0.join_next().await {
            presenter??;
        }
        Ok(())
    }
}

/// Evenly among the powers in between.
fn size(chance: &mut Chance) -> usize {
    #[expect(clippy::cast_precision_loss, reason = "a share needs no 64 bits")]
    let share = chance.among(&(0..1 << 20)) as f64 / f64::from(1 << 20);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between the two"
    )]
    let size = (FEWEST * ((MOST + 1.0) / FEWEST).powf(share)) as usize;
    size
}

struct Presenter {
    field: Arc<Field>,
    token: String,
    who: Who,
    grace: u64,
    worker: usize,
    chance: Chance,
    tell: mpsc::UnboundedSender<String>,
}

impl Presenter {
    /// As an honest client does it: the same token again until there is an answer
    /// that is no outage.
    async fn run(mut self) -> Result<(), Failure> {
        let Field {
            crew,
            judge,
            counts,
            ..
        } = &*self.field;
        loop {
            counts.presentations.fetch_add(1, Ordering::Relaxed);
            locked(judge).presented(&self.token, self.who, Instant::now());
            let worker = self.worker % SIZE;
            let said = crew.present(worker, self.grace, &self.token).await?;
            let answer = match said.as_deref() {
                None => {
                    counts.lost.fetch_add(1, Ordering::Relaxed);
                    self.worker += 1;
                    continue;
                }
                Some("temporarily_unavailable" | "overloaded") => {
                    counts.outages.fetch_add(1, Ordering::Relaxed);
                    let pause = self.chance.pause(&(50..200));
                    tokio::time::sleep(pause + Duration::from_millis(1)).await;
                    self.worker += 1;
                    continue;
                }
                Some(said) => match said.strip_prefix("ok ") {
                    Some(successor) => Answer::Successor(successor.to_owned()),
                    None => Answer::Refused(said.to_owned()),
                },
            };
            locked(judge).answered(&self.token, self.who, &answer, Instant::now());
            if let Answer::Successor(successor) = answer {
                // Only the first is waited for.
                let _ = self.tell.send(successor);
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn races_are_of_2_to_64() {
        let mut chance = Chance::new(1);
        let sizes: Vec<_> = (0..10_000).map(|_| size(&mut chance)).collect();
        assert_eq!(sizes.iter().min(), Some(&2));
        assert_eq!(sizes.iter().max(), Some(&64));
    }
}
