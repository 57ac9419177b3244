//! Kills workers and the server, at moments that nobody chose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Field;
use super::crew::SIZE;
use crate::Failure;
use crate::chance::Chance;

/// How long the server lives for the sake of a worker that starts: on a machine that
/// is very busy none might come up otherwise.
const RESPITE: Duration = Duration::from_secs(20);

pub(crate) struct Killing {
    is_over: Arc<AtomicBool>,
    tasks: JoinSet<Result<(), Failure>>,
}

impl Killing {
    pub(crate) fn begin(field: &Arc<Field>, chance: &mut Chance) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (of_workers, of_servers) = if field.bounds.is_short() {
            (200..800, 500..1500)
        } else {
            (1000..5000, 5000..20_000)
        };
        let mut tasks = JoinSet::new();
        let (mut by, over, at) = (chance.split(), is_over.clone(), field.clone());
        tasks.spawn(async move {
            loop {
                tokio::time::sleep(by.pause(&of_workers)).await;
                if over.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let which = by.among(&(0..SIZE as u64));
                at.crew.kill(usize::try_from(which)?).await?;
                at.counts.workers_killed.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (mut by, over, at) = (chance.split(), is_over.clone(), field.clone());
        tasks.spawn(async move {
            loop {
                let since = Instant::now();
                tokio::time::sleep(by.pause(&of_servers)).await;
                while !at.crew.is_complete() && since.elapsed() < RESPITE {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                if over.load(Ordering::Relaxed) {
                    return Ok(());
                }
                at.place.crash().await?;
                at.counts.servers_killed.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { is_over, tasks }
    }

    /// Ends when something does not come back, and all would wait for it.
    pub(crate) async fn failed(&mut self) -> Result<(), Failure> {
        match self.tasks.join_next().await {
            Some(task) => task?,
            None => std::future::pending().await,
        }
    }

    /// Nobody is killed any more.
    pub(crate) async fn end(mut self) -> Result<(), Failure> {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(task) = self.tasks.join_next().await {
            task??;
        }
        Ok(())
    }
}
