//! Keys that nobody has read yet, in a table of the application's own: through a cache
//! whose loader takes many at once, beside the same rows one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use auth_cache::tiered::{Cache, batch};
use auth_testkit::servers::{Postgres, Proxy};
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::task::JoinSet;

use crate::Failure;
use crate::figures::{goal, median, millis};

const KEYS: i64 = 10_000;
/// Connections, for either way.
const CONNECTIONS: u32 = 10;
/// Of the loader, for all keys.
const MOST_QUERIES: u64 = 20;
/// What the proxy adds, half of it in each direction.
const FURTHER: Duration = Duration::from_millis(1);

const TABLE: &str = "
    CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL);
    INSERT INTO people SELECT i, 'person ' || i FROM generate_series(1, 10000) i;
    ANALYZE people";

type People = Cache<i64, Arc<str>>;
type Row = (i64, String);

pub(crate) async fn run(rounds: u32) -> Result<bool, Failure> {
    let server = Postgres::start().await?;
    let proxy = Proxy::before(&server.url())?;
    proxy.delay(FURTHER / 2);
    let near = pool(&server.url()).await?;
    sqlx::raw_sql(TABLE).execute(&near).await?;
    let far = pool(proxy.url()).await?;
    let mut ways = [
        Way::new("over loopback", 8.0, near),
        Way::new("over a proxy that adds 1 ms", 20.0, far),
    ];
    // The first is to warm up.
    for round in 0..=rounds {
        for way in &mut ways {
            way.round(round > 0).await?;
        }
    }
    println!("| | in batches, ms | one by one, ms | times faster | from | to | queries |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for way in &mut ways {
        way.print();
    }
    println!("\n{KEYS} keys, {CONNECTIONS} connections, the middle of {rounds} rounds by turns:\n");
    let mut are_met = true;
    for way in &mut ways {
        are_met &= way.are_met();
    }
    Ok(are_met)
}

async fn pool(url: &str) -> Result<PgPool, Failure> {
    let options = PgPoolOptions::new()
        .min_connections(CONNECTIONS)
        .max_connections(CONNECTIONS)
        // It would be another round trip for each query.
        .test_before_acquire(false);
    Ok(options.connect(url).await?)
}

/// A way to the server, and what was found out about it.
struct Way {
    name: &'static str,
    /// How many times faster batches are to be.
    wanted: f64,
    pool: PgPool,
    batched: Vec<Duration>,
    one_by_one: Vec<Duration>,
    ratios: Vec<f64>,
    /// The most of any round.
    queries: u64,
}

impl Way {
    const fn new(name: &'static str, wanted: f64, pool: PgPool) -> Self {
        Self {
            name,
            wanted,
            pool,
            batched: Vec::new(),
            one_by_one: Vec::new(),
            ratios: Vec::new(),
            queries: 0,
        }
    }

    /// Both, one right after the other.
    async fn round(&mut self, counts: bool) -> Result<(), Failure> {
        let (batched, queries) = batched(&self.pool).await?;
        let one_by_one = one_by_one(&self.pool).await?;
        if counts {
            self.batched.push(batched);
            self.one_by_one.push(one_by_one);
            let ratio = one_by_one.as_secs_f64() / batched.as_secs_f64();
            self.ratios.push(ratio);
        }
        self.queries = self.queries.max(queries);
        Ok(())
    }

    fn print(&mut self) {
        let ratio = median(&mut self.ratios);
        let (Some(least), Some(most)) = (self.ratios.first(), self.ratios.last()) else {
            return;
        };
        println!(
            "| {} | {} | {} | {ratio:.1} | {least:.1} | {most:.1} | {} |",
            self.name,
            millis(middle(&mut self.batched)),
            millis(middle(&mut self.one_by_one)),
            self.queries
        );
    }

    fn are_met(&mut self) -> bool {
        let (ratio, wanted) = (median(&mut self.ratios), self.wanted);
        let said = format!(
            "{}, {ratio:.1} times as fast (at least {wanted})",
            self.name
        );
        let is_fast = goal(&said, ratio >= wanted);
        let said = format!(
            "{}, {} queries (at most {MOST_QUERIES})",
            self.name, self.queries
        );
        goal(&said, self.queries <= MOST_QUERIES) && is_fast
    }
}

fn middle(times: &mut [Duration]) -> Duration {
    crate::figures::percentile(times, 50)
}

/// As many tasks as keys, each missing one, all at once; and how many queries that took.
async fn batched(pool: &PgPool) -> Result<(Duration, u64), Failure> {
    let queries = Arc::new(AtomicU64::new(0));
    let cache = people(pool, &queries)?;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for id in 1..=KEYS {
        let cache = cache.clone();
        tasks.spawn(async move {
            let found = cache.get(&id).await;
            found.is_ok_and(|it| it.as_deref().is_some_and(|name| is_of(name, id)))
        });
    }
    let found = tasks.join_all().await;
    let took = begun.elapsed();
    if found.contains(&false) {
        return Err("somebody was not found".into());
    }
    Ok((took, queries.load(Ordering::Relaxed)))
}

/// As an application makes it, with nothing set.
fn people(pool: &PgPool, queries: &Arc<AtomicU64>) -> Result<People, Failure> {
    let (pool, queries) = (pool.clone(), Arc::clone(queries));
    let load = move |ids: Vec<i64>| {
        let (pool, queries) = (pool.clone(), Arc::clone(&queries));
        async move {
            queries.fetch_add(1, Ordering::Relaxed);
            let rows: Vec<Row> = sqlx::query_as("SELECT id, name FROM people WHERE id = ANY($1)")
                .bind(&ids)
                .fetch_all(&pool)
                .await?;
            let mut names: std::collections::HashMap<i64, String> = rows.into_iter().collect();
            let name = |id: &i64| names.remove(id).map(Arc::<str>::from);
            Ok::<_, sqlx::Error>(ids.iter().map(name).collect())
        }
    };
    Ok(Cache::builder("people", batch(load)).build()?)
}

/// Every connection always has a query under way.
async fn one_by_one(pool: &PgPool) -> Result<Duration, Failure> {
    let next = Arc::new(AtomicU64::new(1));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (pool, next) = (pool.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let id = i64::try_from(next.fetch_add(1, Ordering::Relaxed))?;
                if id > KEYS {
                    return Ok::<_, Failure>(());
                }
                let row: Option<Row> = sqlx::query_as("SELECT id, name FROM people WHERE id = $1")
                    .bind(id)
                    .fetch_optional(&pool)
                    .await?;
                if !row.is_some_and(|(_, name)| is_of(&name, id)) {
                    return Err("somebody was not found".into());
                }
            }
        });
    }
    for done in tasks.join_all().await {
        done?;
    }
    Ok(begun.elapsed())
}

fn is_of(name: &str, id: i64) -> bool {
    name.strip_prefix("person ")
        .is_some_and(|number| number.parse() == Ok(id))
}
