//! Ten thousand tasks that miss one key, of which a load takes 5 ms.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use auth_cache::tiered::{Cache, each};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Failure;
use crate::goal::Goal;
use crate::group::{Contender, Group};

const OURS: &str = "ours";
const ONCE_CELL: &str = "tokio OnceCell, for one key";
const MOKA: &str = "moka get_with";

const TASKS: u32 = 10_000;
const LOAD: Duration = Duration::from_millis(5);

pub(super) fn group() -> Result<Group, Failure> {
    let runtime = Arc::new(
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()?,
    );
    Ok(Group {
        name: format!("{TASKS} tasks miss one key, load of 5 ms"),
        contenders: vec![
            contender(OURS, &runtime, ours),
            contender(ONCE_CELL, &runtime, once_cell),
            contender(MOKA, &runtime, moka),
        ],
        goals: vec![
            Goal::time(OURS, ONCE_CELL, 1.3),
            Goal::time(OURS, MOKA, 1.0),
        ],
        no_page_faults: None,
        wants_idle: false,
    })
}

/// A call is a stampede.
fn contender<R, F>(name: &str, runtime: &Arc<Runtime>, stampede: R) -> Contender
where
    R: Fn(Loads) -> F + Copy + 'static,
    F: Future<Output = Result<(), Failure>>,
{
    let runtime = Arc::clone(runtime);
    let name_of_it = name.to_owned();
    Contender::new(name, move || {
        let loads = Loads::default();
        let outcome = runtime.block_on(stampede(loads.clone()));
        let count = loads.0.load(Ordering::Relaxed);
        assert!(
            outcome.is_ok() && count == 1,
            "{name_of_it}: {outcome:?} by {count} loads"
        );
    })
}

/// How often the source was asked.
#[derive(Clone, Default)]
struct Loads(Arc<AtomicU32>);

impl Loads {
    async fn load(self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed);
        sleep(LOAD).await;
        42
    }
}

async fn all<F>(task: impl Fn() -> F) -> Result<(), Failure>
where
    F: Future<Output = Option<u64>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        tasks.spawn(task());
    }
    while let Some(answer) = tasks.join_next().await {
        if answer? != Some(42) {
            return Err("a wrong answer".into());
        }
    }
    Ok(())
}

async fn ours(loads: Loads) -> Result<(), Failure> {
    let load = move |_: u64| {
        let loads = loads.clone();
        async move { Ok::<_, std::io::Error>(Some(loads.load().await)) }
    };
    let cache: Cache<u64, u64> = Cache::builder("bench", each(load)).build()?;
    all(|| {
        let cache = cache.clone();
        async move { cache.get(&1).await.ok()? }
    })
    .await
}

async fn once_cell(loads: Loads) -> Result<(), Failure> {
    let cell = Arc::new(OnceCell::new());
    all(|| {
        let (cell, loads) = (Arc::clone(&cell), loads.clone());
        async move { Some(*cell.get_or_init(|| loads.load()).await) }
    })
    .await
}

async fn moka(loads: Loads) -> Result<(), Failure> {
    let cache = moka::future::Cache::new(10_000);
    all(|| {
        let (cache, loads) = (cache.clone(), loads.clone());
        async move { Some(cache.get_with(1_u64, loads.load()).await) }
    })
    .await
}
