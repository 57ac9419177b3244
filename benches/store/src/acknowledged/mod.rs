//! Sign-ups, password changes and revokes on a PostgreSQL that is killed every few
//! seconds: what was acknowledged must be there.

mod auditor;
mod journal;
mod life;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use auth_core::password::{HashPool, danger};
use auth_sdk::{Audience, Auth, Issuer};
use tokio::sync::RwLock;
use tokio::task::JoinSet;

use crate::Failure;
use crate::bounds::{Bounds, FORGETFUL};
use crate::chance::Chance;
use crate::figures::goal;
use crate::place::Place;
use auditor::Auditor;
use journal::{Change, Journal};

/// Users who do something at the same time.
const LANES: usize = 32;

const CONNECTIONS: u32 = 16;

const FEWEST_KILLS: u64 = 3;

/// What all lanes share.
struct Field {
    place: Place,
    auth: Auth,
    journal: Mutex<Journal>,
    /// Held while something changes; closed for an audit.
    gate: RwLock<()>,
    users: AtomicU64,
    kills: AtomicU64,
    bounds: Bounds,
}

pub(crate) async fn run(arguments: &[&str]) -> Result<bool, Failure> {
    let bounds = Bounds::read(arguments, 100_000, 30, &[FORGETFUL])?;
    let field = Arc::new(Field::new(bounds).await?);
    let mut chance = Chance::new(field.bounds.seed);
    println!("Seed {}.\n", field.bounds.seed);
    let begun = Instant::now();

    let is_over = Arc::new(AtomicBool::new(false));
    let mut killing = tokio::spawn(kill(field.clone(), is_over.clone(), chance.split()));
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        lanes.spawn(life::lane(field.clone(), chance.split()));
    }
    while !lanes.is_empty() {
        tokio::select! {
            Some(lane) = lanes.join_next() => lane??,
            // The server has not come back, and all would wait for it.
            ended = &mut killing => drop(ended??),
        }
    }
    is_over.store(true, Ordering::Relaxed);
    let took = begun.elapsed();
    let mut auditor = killing.await??;
    // Once more after a crash that nothing follows.
    field.crash().await?;
    field.audit(&mut auditor).await?;

    let is_done = field.is_done();
    let journal = field.journal(std::mem::take);
    println!("| figure | number |\n|---|---:|");
    println!("| acknowledged | {} |", journal.total());
    for (number, (_, name)) in journal.acknowledged.iter().zip(Change::ALL) {
        println!("| of them {name} | {number} |");
    }
    println!("| log-ins besides | {} |", journal.logged_in);
    println!("| failed or in doubt | {} |", journal.in_doubt);
    println!("| seconds | {} |", took.as_secs());
    let kills = field.kills.load(Ordering::Relaxed);
    println!("| PostgreSQL killed | {kills} |");
    println!("| audits of all rows | {} |\n", auditor.audits);
    let found = auditor.lost.iter().map(|lost| format!("lost: {lost}"));
    let refused = journal
        .refused
        .iter()
        .map(|said| format!("refused: {said}"));
    for said in found.take(10).chain(refused.take(10)) {
        println!("- found: {said}");
    }
    let (lost, refused) = (auditor.lost.len(), journal.refused.len());
    let is_met = [
        goal(&format!("{lost} acknowledged changes lost"), lost == 0),
        goal(
            &format!("{refused} refusals without an outage"),
            refused == 0,
        ),
        goal("all was acknowledged in time", is_done),
    ];
    Ok(is_met.into_iter().all(|it| it))
}

impl Field {
    async fn new(bounds: Bounds) -> Result<Self, Failure> {
        let is_forgetful = bounds.is_broken(FORGETFUL);
        let place = Place::durable_unless(is_forgetful, 0, CONNECTIONS).await?;
        let pool = HashPool::builder()
            .with_params(danger::argon2_params(8, 1, 1)?)
            .build()?;
        let auth = Auth::builder(
            Issuer::new("https://auth.example.org")?,
            Audience::new("https://api.example.org")?,
            place.roots.clone(),
            Arc::new(place.store.clone()),
        )
        .with_hash_pool(pool)
        // What is revoked stays in the log until the soak is over.
        .with_access_token_lifetime(Duration::from_secs(3600))
        .build()
        .await?;
        Ok(Self {
            place,
            auth,
            journal: Mutex::default(),
            gate: RwLock::new(()),
            users: AtomicU64::new(0),
            kills: AtomicU64::new(0),
            bounds,
        })
    }

    fn is_over(&self) -> bool {
        self.bounds.is_over() || self.is_done()
    }

    /// Not before the server was killed, however fast it goes.
    fn is_done(&self) -> bool {
        self.journal(|it| it.total()) >= self.bounds.number
            && self.kills.load(Ordering::Relaxed) >= FEWEST_KILLS
    }

    async fn crash(&self) -> Result<(), Failure> {
        self.place.crash().await?;
        self.kills.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn journal<T>(&self, note: impl FnOnce(&mut Journal) -> T) -> T {
        let journal = self.journal.lock();
        note(&mut journal.unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Nothing changes meanwhile.
    async fn audit(&self, auditor: &mut Auditor) -> Result<(), Failure> {
        let _alone = self.gate.write().await;
        let journal = self.journal(std::mem::take);
        let audited = auditor.audit(&self.place.url, &journal).await;
        self.journal(|it| *it = journal);
        audited
    }
}

/// Kills the server every few seconds, and audits after each time, a while after
/// it has come back: how often, and what was found.
async fn kill(
    field: Arc<Field>,
    is_over: Arc<AtomicBool>,
    mut chance: Chance,
) -> Result<Auditor, Failure> {
    let mut auditor = Auditor::default();
    let pauses = if field.bounds.is_short() {
        300..900
    } else {
        2000..6000
    };
    loop {
        tokio::time::sleep(chance.pause(&pauses)).await;
        if is_over.load(Ordering::Relaxed) {
            return Ok(auditor);
        }
        field.crash().await?;
        tokio::time::sleep(chance.pause(&(0..500))).await;
        field.audit(&mut auditor).await?;
    }
}
