//! Users who sign up, log in, refresh and log out without a pause.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::child::Service;
use crate::client::{Answer, Client, address};
use crate::figures::{header, median, ms, quantile, row};
use crate::options::Options;
use crate::service::{self, NICENESS, What};
use crate::{Failure, database};

/// How long, and by how many.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    users: u32,
    seconds: u64,
    rounds: u32,
    threads: usize,
    niceness: u8,
    patience: u32,
}

impl Plan {
    /// Reads `[--users N] [--seconds N] [--rounds N] [--threads N]
    /// [--niceness N] [--patience SECONDS]`.
    ///
    /// # Errors
    /// If an argument is none of these.
    pub fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Options::new(arguments)?;
        let plan = Self {
            users: options.take("--users", 200)?,
            seconds: options.take("--seconds", 20)?,
            rounds: options.take("--rounds", 3)?,
            threads: options.take("--threads", 2)?,
            niceness: options.take("--niceness", NICENESS)?,
            // By hand nobody is refused, however long it takes.
            patience: options.take("--patience", 10)?,
        };
        options.end()?;
        Ok(plan)
    }
}

const CONTENDERS: [What; 4] = [
    What::ByHandUnbounded,
    What::ByHandBounded,
    What::Ours,
    What::OursSimd,
];

/// What one user's requests came to, or those of all.
#[derive(Debug, Default)]
struct Seen {
    all: Vec<Duration>,
    refresh: Vec<Duration>,
    /// How often each status that is no success was answered.
    refused: BTreeMap<u16, u32>,
}

impl Seen {
    fn count(&mut self, answer: &Answer) -> bool {
        if answer.is_success() {
            self.all.push(answer.took);
        } else {
            *self.refused.entry(answer.status).or_default() += 1;
        }
        answer.is_success()
    }

    fn add(&mut self, other: Self) {
        self.all.extend(other.all);
        self.refresh.extend(other.refresh);
        for (status, times) in other.refused {
            *self.refused.entry(status).or_default() += times;
        }
    }
}

/// One contender in one round.
struct Round {
    a_second: f64,
    mean: f64,
    refresh_p95: f64,
    peak_mib: f64,
    refused: BTreeMap<u16, u32>,
}

/// Measures the services in turn, round by round, and prints a table. Whether
/// the SDK's answers were successes or honest refusals is what must hold; the
/// ratios are for the reader.
///
/// # Errors
/// If a service or PostgreSQL does not start, or a connection breaks.
pub async fn run(plan: &Plan) -> Result<bool, Failure> {
    let mut rounds: Vec<Vec<Round>> = CONTENDERS.iter().map(|_| Vec::new()).collect();
    for round in 0..plan.rounds {
        for (index, what) in CONTENDERS.into_iter().enumerate() {
            eprintln!("round {} of {}: {what}", round + 1, plan.rounds);
            rounds[index].push(measure(plan, what).await?);
        }
    }
    let bounded = rate(&rounds[1]);
    println!(
        "{}",
        header([
            "service",
            "requests a second",
            "× by hand, bounded",
            "mean",
            "refresh p95",
            "peak memory",
            "refused",
        ])
    );
    let mut honest = true;
    for (what, rounds) in CONTENDERS.iter().zip(&rounds) {
        let of = |figure: fn(&Round) -> f64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
        let mut refused = BTreeMap::<u16, u32>::new();
        for (&status, &times) in rounds.iter().flat_map(|it| &it.refused) {
            *refused.entry(status).or_default() += times;
        }
        if matches!(what, What::Ours | What::OursSimd) {
            honest &= refused.keys().all(|&status| status == 503);
        }
        println!(
            "{}",
            row([
                &what.to_string(),
                &format!("{:.0}", rate(rounds)),
                &format!("{:.2}", rate(rounds) / bounded),
                &ms(Duration::from_secs_f64(of(|it| it.mean))),
                &ms(Duration::from_secs_f64(of(|it| it.refresh_p95))),
                &format!("{:.0} MiB", of(|it| it.peak_mib)),
                &format!("{refused:?}"),
            ])
        );
    }
    Ok(honest)
}

fn rate(rounds: &[Round]) -> f64 {
    median(&rounds.iter().map(|it| it.a_second).collect::<Vec<_>>())
}

async fn measure(plan: &Plan, what: What) -> Result<Round, Failure> {
    let service = Service::start(&service::Options {
        what,
        threads: plan.threads,
        niceness: plan.niceness,
        patience: plan.patience,
        database: database::create("scenario").await?,
    })
    .await?;
    let stop = Arc::new(AtomicBool::new(false));
    let names = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let mut users = Vec::new();
    for number in 0..plan.users {
        let client = Client::connect(service.address, address(number)).await?;
        users.push(tokio::spawn(user(
            client,
            Arc::clone(&names),
            Arc::clone(&stop),
        )));
    }
    tokio::time::sleep(Duration::from_secs(plan.seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut seen = Seen::default();
    for user in users {
        seen.add(user.await??);
    }
    let took = began.elapsed();
    let peak_mib = service.peak_mib()?;
    service.stop().await?;
    let answered = u32::try_from(seen.all.len())?;
    Ok(Round {
        a_second: f64::from(answered) / took.as_secs_f64(),
        mean: seen.all.iter().sum::<Duration>().as_secs_f64() / f64::from(answered.max(1)),
        refresh_p95: quantile(&seen.refresh, 0.95).as_secs_f64(),
        peak_mib,
        refused: seen.refused,
    })
}

/// Again and again, each time as somebody else. Whoever is refused begins anew,
/// when he was told to.
async fn user(
    mut client: Client,
    names: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        let number = names.fetch_add(1, Ordering::Relaxed);
        let credentials = json!({
            "identifier": format!("user-{number}@example.com"),
            "password": format!("correct horse battery {number}"),
        });
        let answer = client.post("/auth/signup", &credentials).await?;
        if !seen.count(&answer) {
            pause(&answer).await;
            continue;
        }
        let answer = loop {
            let answer = client.post("/auth/login", &credentials).await?;
            if seen.count(&answer) || answer.status != 503 {
                break answer;
            }
            pause(&answer).await;
        };
        if !answer.is_success() {
            continue;
        }
        let token = json!({ "refresh_token": answer.text("refresh_token")? });
        let answer = client.post("/auth/refresh", &token).await?;
        seen.refresh.push(answer.took);
        if seen.count(&answer) {
            let token = json!({ "refresh_token": answer.text("refresh_token")? });
            let answer = client.post("/auth/logout", &token).await?;
            seen.count(&answer);
        }
    }
    Ok(seen)
}

async fn pause(answer: &Answer) {
    tokio::time::sleep(Duration::from_secs(answer.retry_after.unwrap_or(1))).await;
}
