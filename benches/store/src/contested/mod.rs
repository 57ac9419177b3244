//! Refresh tokens in races: each is presented 2 to 64 times at once, to three
//! processes with one PostgreSQL, all four of which are killed in the middle of it.

mod crew;
mod flaw;
mod judge;
mod killing;
mod ledger;
mod race;
mod report;
mod session;
mod text;
pub(crate) mod worker;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::bounds::{Bounds, FORGETFUL};
use crate::chance::Chance;
use crate::place::Place;
use crew::Crew;
use judge::Judge;
use killing::Killing;
use race::Counts;
use worker::Orders;

/// A store that gives the losers of a race a successor of their own.
const SUCCESSORS: &str = "successors";

/// Sessions that are in a race at the same time.
const LANES: usize = 16;

/// For opening sessions: one of each lane.
const CONNECTIONS: u32 = 16;

const USERS: u64 = 10_000;

/// Of workers, and of the server.
const FEWEST_KILLS: u64 = 3;

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

    let mut killing = Killing::begin(&field, &mut chance);
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..LANES {
        lanes.spawn(session::lane(field.clone(), chance.split()));
    }
    while !lanes.is_empty() {
        tokio::select! {
            Some(lane) = lanes.join_next() => lane??,
            failed = killing.failed() => failed?,
        }
    }
    let took = begun.elapsed();
    killing.end().await?;

    let ledger = ledger::compare(&field).await?;
    Ok(report::report(&field, took, &ledger))
}

impl Field {
    async fn new(bounds: Bounds) -> Result<Self, Failure> {
        let is_forgetful = bounds.is_broken(FORGETFUL);
        let place = Place::durable_unless(is_forgetful, USERS, CONNECTIONS).await?;
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
        self.bounds.is_over() || self.is_done()
    }

    /// Not before workers and server were killed, however fast it goes.
    fn is_done(&self) -> bool {
        let Counts {
            presentations,
            workers_killed,
            servers_killed,
            ..
        } = &self.counts;
        presentations.load(Ordering::Relaxed) >= self.bounds.number
            && workers_killed.load(Ordering::Relaxed) >= FEWEST_KILLS
            && servers_killed.load(Ordering::Relaxed) >= FEWEST_KILLS
    }
}
