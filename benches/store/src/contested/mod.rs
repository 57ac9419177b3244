//! Refresh tokens in races: each is presented 2 to 64 times at once, to three
//! processes with one PostgreSQL, all four of which are killed in the middle of it.

mod crew;
mod flaw;
mod judge;
mod ledger;
mod race;
mod session;
mod text;
pub(crate) mod worker;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use auth_store::PgStore;

use crate::Failure;
use crate::bounds::{Bounds, FORGETFUL};
use crate::chance::Chance;
use crate::figures::goal;
use crate::place::Place;
use crew::{Crew, locked};
use judge::Judge;
use race::Counts;
use worker::Orders;

/// A store that gives the losers of a race a successor of their own.
const SUCCESSORS: &str = "successors";

/// Sessions that are in a race at the same time.
const LANES: usize = 16;

const USERS: u64 = 10_000;

/// What all lanes share.
struct Field {
    place: Place,
    crew: Crew,
    judge: Mutex<Judge>,
    counts: Counts,
    bounds: Bounds,
    /// How long a thief waits who comes after the grace, and the grace that is so
    /// long.
    late: (Duration, u64),
}

pub(crate) async fn run(arguments: &[&str]) -> Result<bool, Failure> {
    let bounds = Bounds::read(arguments, 1_000_000, 40, &[SUCCESSORS, FORGETFUL])?;
    let field = Arc::new(Field::new(bounds).await?);
    let mut chance = Chance::new(field.bounds.seed);
    println!("Seed {}.\n", field.bounds.seed);
    let begun = Instant::now();

    let killing = Killing::begin(&field, &mut chance);
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..LANES {
        lanes.spawn(session::lane(field.clone(), chance.split()));
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    let took = begun.elapsed();
    let (workers, servers) = killing.end().await?;

    let ledger = ledger::compare(&field).await?;
    let judge = locked(&field.judge);
    let findings = &judge.findings;
    let counts = &field.counts;
    let count = |it: &AtomicU64| it.load(Ordering::Relaxed).to_string();
    let presentations = counts.presentations.load(Ordering::Relaxed);
    println!("| figure | number |\n|---|---:|");
    for (figure, number) in [
        ("presentations", presentations.to_string()),
        ("seconds", took.as_secs().to_string()),
        ("sessions", judge.chains.len().to_string()),
        ("races of 2 to 64", count(&counts.races)),
        ("of them by thieves", count(&counts.thefts)),
        ("workers killed", workers.to_string()),
        ("PostgreSQL killed", servers.to_string()),
        ("answers lost with a worker", count(&counts.lost)),
        ("answered with an outage", count(&counts.outages)),
        ("rotated", findings.rotated.to_string()),
        ("the same successor again", findings.replayed.to_string()),
        ("superseded", findings.superseded.to_string()),
        ("refused for a theft", findings.refused_as_theft.to_string()),
        (
            "refused after a longer outage",
            findings.after_the_grace.to_string(),
        ),
        (
            "sessions compared with their rows",
            ledger.compared.to_string(),
        ),
    ] {
        println!("| {figure} | {number} |");
    }
    println!();
    for said in findings.examples.iter().chain(&ledger.examples) {
        println!("- found: {said}");
    }
    let must_not = |what: &str, number: u64| goal(&format!("{number} {what}"), number == 0);
    let is_met = [
        must_not("double successors", findings.double_successors),
        must_not("forced log-outs within the grace", findings.forced_log_outs),
        must_not("answers that are not documented", findings.undocumented),
        must_not(
            "tokens for thieves or after a theft",
            findings.thieves_served,
        ),
        must_not("sessions that differ from their row", ledger.differing),
        goal("all four processes were killed", workers > 0 && servers > 0),
        goal(
            "thieves were there",
            counts.thefts.load(Ordering::Relaxed) > 0,
        ),
    ];
    if presentations < field.bounds.number {
        println!(
            "- the time was over before {} presentations",
            field.bounds.number
        );
    }
    Ok(is_met.into_iter().all(|it| it))
}

impl Field {
    async fn new(bounds: Bounds) -> Result<Self, Failure> {
        let is_forgetful = bounds.is_broken(FORGETFUL);
        let settings: &[_] = if is_forgetful {
            &[("synchronous_commit", "off")]
        } else {
            &[]
        };
        let place = Place::with(settings, USERS, |url| {
            let builder = PgStore::builder(url).with_max_connections(LANES as u32);
            if is_forgetful {
                builder.danger_accept_asynchronous_commit()
            } else {
                builder
            }
        })
        .await?;
        let orders = Orders {
            url: place.url.clone(),
            root: place.roots.active().to_base64().expose().clone(),
            flaw: bounds.broken.clone(),
        };
        let late = if bounds.is_short() { 1 } else { 60 };
        Ok(Self {
            crew: Crew::start(orders).await?,
            place,
            judge: Mutex::default(),
            counts: Counts::default(),
            late: (Duration::from_millis(late * 1000 + 200), late),
            bounds,
        })
    }

    fn is_over(&self) -> bool {
        self.bounds.is_over()
            || self.counts.presentations.load(Ordering::Relaxed) >= self.bounds.number
    }
}

/// Kills workers and the server, at moments that nobody chose.
struct Killing {
    is_over: Arc<AtomicBool>,
    workers: tokio::task::JoinHandle<Result<u64, Failure>>,
    servers: tokio::task::JoinHandle<Result<u64, Failure>>,
}

impl Killing {
    fn begin(field: &Arc<Field>, chance: &mut Chance) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (of_workers, of_servers) = if field.bounds.is_short() {
            (200..800, 500..1500)
        } else {
            (1000..5000, 5000..20_000)
        };
        let (mut by, over, at) = (chance.split(), is_over.clone(), field.clone());
        let workers = tokio::spawn(async move {
            let mut killed = 0;
            loop {
                tokio::time::sleep(by.pause(&of_workers)).await;
                if over.load(Ordering::Relaxed) {
                    return Ok(killed);
                }
                let which = by.among(&(0..crew::SIZE as u64));
                at.crew.kill(usize::try_from(which)?).await?;
                killed += 1;
            }
        });
        let (mut by, over, at) = (chance.split(), is_over.clone(), field.clone());
        let servers = tokio::spawn(async move {
            let mut killed = 0;
            loop {
                tokio::time::sleep(by.pause(&of_servers)).await;
                if over.load(Ordering::Relaxed) {
                    return Ok(killed);
                }
                at.place.crash().await?;
                killed += 1;
            }
        });
        Self {
            is_over,
            workers,
            servers,
        }
    }

    /// How many of each were killed.
    async fn end(self) -> Result<(u64, u64), Failure> {
        self.is_over.store(true, Ordering::Relaxed);
        Ok((self.workers.await??, self.servers.await??))
    }
}
