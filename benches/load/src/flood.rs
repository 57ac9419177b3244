//! Two thousand log-ins at once, and what the others notice of it: carried to
//! the service by as many connections, or begun in it as a server of any kind
//! would begin them, which leaves out what it costs to carry them.

use std::net::Ipv4Addr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Barrier;

use crate::child::Service;
use crate::client::{Client, address};
use crate::figures::{header, median, ms, quantile, row};
use crate::options::Options;
use crate::service::{self, Answered, LogIn, NICENESS, What};
use crate::{Failure, database, users};

/// How many, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    log_ins: u32,
    runs: u32,
    threads: usize,
    niceness: u8,
    what: What,
    over: Over,
}

/// Where the log-ins come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// From a client on the same cores, with a connection for each.
    Http,
    /// From the service itself: each is a task that calls the SDK.
    Sdk,
}

impl FromStr for Over {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        match text {
            "http" => Ok(Self::Http),
            "sdk" => Ok(Self::Sdk),
            _ => Err(format!("nothing comes over {text}").into()),
        }
    }
}

impl Plan {
    /// Reads `[--log-ins N] [--runs N] [--threads N] [--niceness N]
    /// [--service NAME] [--over http|sdk]`.
    ///
    /// # Errors
    /// If an argument is none of these.
    pub fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Options::new(arguments)?;
        let plan = Self {
            log_ins: options.take("--log-ins", 2000)?,
            runs: options.take("--runs", 5)?,
            threads: options.take("--threads", 2)?,
            niceness: options.take("--niceness", NICENESS)?,
            what: options.take("--service", What::Ours)?,
            over: options.take("--over", Over::Http)?,
        };
        options.end()?;
        Ok(plan)
    }
}

/// Of all that come at once, every second one is from the same network.
const FLOODER: u32 = 60_000;

/// How long the service waits for a hash to be free, as it is set up.
const DEADLINE: Duration = Duration::from_secs(1);

/// How long a refusal may take.
const PROMPT: Duration = Duration::from_millis(50);

/// What one run came to.
#[derive(Debug, Default)]
struct Found {
    completed: f64,
    completed_of_flooder: f64,
    /// How many hashes fit between the first request and the last success.
    capacity: f64,
    refused: f64,
    slowest_refusal: f64,
    p99_of_refusals_there: f64,
    slowest_refusal_there: f64,
    p99_of_refusals: f64,
    late_refusals: f64,
    without_retry_after: f64,
    other: f64,
    idle_p99: f64,
    flooded_p99: f64,
    idle_mib: f64,
    peak_mib: f64,
}

/// Prints the medians of the runs. Whether every answer was a success or a
/// refusal that says when to come again is what must hold.
///
/// # Errors
/// If the service or PostgreSQL does not start, or a connection breaks.
pub async fn run(plan: &Plan) -> Result<bool, Failure> {
    raise_file_limit();
    let mut runs = Vec::new();
    for number in 0..plan.runs {
        let run = once(plan).await?;
        eprintln!(
            "run {} of {}: {} completed, {} refused late",
            number + 1,
            plan.runs,
            run.completed,
            run.late_refusals
        );
        runs.push(run);
    }
    let of = |figure: fn(&Found) -> f64| median(&runs.iter().map(figure).collect::<Vec<_>>());
    let duration = |figure| ms(Duration::from_secs_f64(of(figure)));
    println!("{}", header(["figure", "median of the runs"]));
    for (name, figure) in [
        ("completed", format!("{:.0}", of(|it| it.completed))),
        (
            "completed / capacity",
            format!("{:.2}", of(|it| it.completed / it.capacity)),
        ),
        (
            "share of the flooding network in what was completed",
            format!("{:.2}", of(|it| it.completed_of_flooder / it.completed)),
        ),
        ("refused", format!("{:.0}", of(|it| it.refused))),
        (
            "refused after more than 50 ms",
            format!("{:.0}", of(|it| it.late_refusals)),
        ),
        ("refusal, p99", duration(|it| it.p99_of_refusals)),
        ("refusal, slowest", duration(|it| it.slowest_refusal)),
        (
            "refusal, p99, from when the service had read it",
            duration(|it| it.p99_of_refusals_there),
        ),
        (
            "refusal, slowest, from when the service had read it",
            duration(|it| it.slowest_refusal_there),
        ),
        (
            "refused without Retry-After",
            format!("{:.0}", of(|it| it.without_retry_after)),
        ),
        ("answered otherwise", format!("{:.0}", of(|it| it.other))),
        ("GET /auth/me idle, p99", duration(|it| it.idle_p99)),
        ("GET /auth/me meanwhile, p99", duration(|it| it.flooded_p99)),
        (
            "GET /auth/me, meanwhile / idle",
            format!("{:.2}", of(|it| it.flooded_p99 / it.idle_p99)),
        ),
        ("memory before", format!("{:.0} MiB", of(|it| it.idle_mib))),
        ("memory, most", format!("{:.0} MiB", of(|it| it.peak_mib))),
    ] {
        println!("{}", row([name, &figure]));
    }
    Ok(runs
        .iter()
        .all(|it| it.other + it.without_retry_after < 0.5))
}

async fn once(plan: &Plan) -> Result<Found, Failure> {
    let database = database::create("flood").await?;
    let service = Service::start(&service::Options {
        what: plan.what,
        threads: plan.threads,
        niceness: plan.niceness,
        patience: u32::try_from(DEADLINE.as_secs())?,
        database: database.clone(),
    })
    .await?;
    users::insert(&database, "user", plan.log_ins, PASSWORD).await?;
    let mut first = Client::connect(service.address, address(0)).await?;
    let answer = first.post("/auth/login", &credentials(0)).await?;
    let bearer: Arc<str> = answer.text("access_token")?.into();
    let a_second = beside_gets(hashes_a_second(plan, &service), &service, &bearer).await?;

    let mut found = Found {
        idle_mib: service.resident_mib()?,
        idle_p99: me(&service, &bearer, MEASURED).await?.as_secs_f64(),
        ..Found::default()
    };
    let clients = match plan.over {
        Over::Http => connected(plan, &service).await?,
        Over::Sdk => {
            prepare_within(&mut first, plan.log_ins).await?;
            Vec::new()
        }
    };
    let flood = async {
        match plan.over {
            Over::Http => all_at_once(clients).await,
            Over::Sdk => within(first, plan.log_ins).await,
        }
    };
    let (answers, beside) = tokio::join!(flood, me(&service, &bearer, DEADLINE));
    found.flooded_p99 = beside?.as_secs_f64();
    let answers = answers?;
    found.count(&answers);
    let last = answers.iter().filter(|it| it.status == 200);
    let last = last.map(|it| it.took).max().unwrap_or(DEADLINE);
    found.capacity = a_second * last.as_secs_f64();
    found.peak_mib = service.peak_mib()?;
    service.stop().await?;
    Ok(found)
}

/// How long `GET /auth/me` is watched while nothing else happens.
const MEASURED: Duration = Duration::from_secs(2);

impl Found {
    fn count(&mut self, answers: &[Attempt]) {
        let (mut refusals, mut there) = (Vec::new(), Vec::new());
        for answer in answers {
            match answer.status {
                200 => {
                    self.completed += 1.0;
                    self.completed_of_flooder += f64::from(u8::from(answer.of_flooder));
                }
                503 => {
                    refusals.push(answer.took);
                    there.push(answer.took_there);
                    self.without_retry_after += f64::from(u8::from(!answer.says_when));
                }
                _ => self.other += 1.0,
            }
        }
        self.refused = counted(refusals.len());
        self.p99_of_refusals = quantile(&refusals, 0.99).as_secs_f64();
        let late = refusals.iter().filter(|&&it| it > PROMPT).count();
        self.late_refusals = counted(late);
        self.p99_of_refusals_there = quantile(&there, 0.99).as_secs_f64();
        self.slowest_refusal_there = quantile(&there, 1.0).as_secs_f64();
        self.slowest_refusal = quantile(&refusals, 1.0).as_secs_f64();
    }
}

fn counted(these: usize) -> f64 {
    f64::from(u32::try_from(these).unwrap_or(u32::MAX))
}

const PASSWORD: &str = "the password of all of them";

fn credentials(number: u32) -> serde_json::Value {
    json!({ "identifier": users::name("user", number), "password": PASSWORD })
}

/// `work`, while `GET /auth/me` is asked as often as during the flood: what that
/// costs is not the flood's.
async fn beside_gets<T>(
    work: impl Future<Output = Result<T, Failure>>,
    service: &Service,
    bearer: &str,
) -> Result<T, Failure> {
    let gets = async {
        loop {
            me(service, bearer, DEADLINE).await?;
        }
    };
    tokio::select! {
        done = work => done,
        failed = gets => failed,
    }
}

/// What the service does when it always has enough to do.
async fn hashes_a_second(plan: &Plan, service: &Service) -> Result<f64, Failure> {
    const EACH: u32 = 20;
    let workers = u32::try_from(plan.threads)? * 8;
    let began = Instant::now();
    let mut tasks = Vec::new();
    for worker in 0..workers {
        let mut client = Client::connect(service.address, address(worker)).await?;
        tasks.push(tokio::spawn(async move {
            for _ in 0..EACH {
                let answer = client.post("/auth/login", &credentials(worker)).await?;
                if !answer.is_success() {
                    return Err(format!("a log-in was answered {}", answer.status).into());
                }
            }
            Ok::<_, Failure>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(f64::from(EACH * workers) / began.elapsed().as_secs_f64())
}

/// Clients that have a connection each.
async fn connected(plan: &Plan, service: &Service) -> Result<Vec<Client>, Failure> {
    let mut clients = Vec::new();
    for number in 0..plan.log_ins {
        clients.push(Client::connect(service.address, source(number)).await?);
    }
    Ok(clients)
}

async fn all_at_once(clients: Vec<Client>) -> Result<Vec<Attempt>, Failure> {
    let start = Arc::new(Barrier::new(clients.len()));
    let mut tasks = Vec::new();
    for (number, mut client) in (0..).zip(clients) {
        let start = Arc::clone(&start);
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            let answer = client.post("/auth/login", &credentials(number)).await?;
            Ok::<_, Failure>(Attempt {
                of_flooder: is_flooder(number),
                status: answer.status,
                says_when: answer.retry_after.is_some(),
                took: answer.took,
                took_there: answer.took_there,
            })
        }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await??);
    }
    Ok(answers)
}

/// Has the service make ready what it is to do by itself.
async fn prepare_within(client: &mut Client, log_ins: u32) -> Result<(), Failure> {
    let log_ins: Vec<_> = (0..log_ins)
        .map(|number| LogIn {
            identifier: users::name("user", number),
            password: PASSWORD.to_owned(),
            from: source(number).into(),
        })
        .collect();
    let answer = client
        .post("/flood", &serde_json::to_value(log_ins)?)
        .await?;
    if !answer.is_success() {
        return Err(format!("a flood was answered {}", answer.status).into());
    }
    Ok(())
}

/// Has the service do what it has made ready.
async fn within(mut client: Client, log_ins: u32) -> Result<Vec<Attempt>, Failure> {
    let answer = client.post("/flood/begin", &json!({})).await?;
    let answers: Vec<Answered> = serde_json::from_slice(&answer.body)?;
    if answers.len() != usize::try_from(log_ins)? {
        return Err("not every log-in had an answer".into());
    }
    let attempts = (0..).zip(answers).map(|(number, it)| {
        let took = Duration::from_micros(it.took_us);
        Attempt {
            of_flooder: is_flooder(number),
            status: it.status,
            says_when: it.says_when,
            took,
            took_there: took,
        }
    });
    Ok(attempts.collect())
}

/// How one log-in ended.
struct Attempt {
    of_flooder: bool,
    status: u16,
    says_when: bool,
    took: Duration,
    took_there: Duration,
}

const fn is_flooder(number: u32) -> bool {
    number.is_multiple_of(2)
}

fn source(number: u32) -> Ipv4Addr {
    address(if is_flooder(number) { FLOODER } else { number })
}

/// The 99th percentile of `GET /auth/me` over one connection, each 2 ms after the
/// last was answered.
async fn me(service: &Service, bearer: &str, during: Duration) -> Result<Duration, Failure> {
    let mut client = Client::connect(service.address, address(FLOODER + 1)).await?;
    let mut times = Vec::new();
    let began = Instant::now();
    while began.elapsed() < during {
        let answer = client.get("/auth/me", bearer).await?;
        if !answer.is_success() {
            return Err(format!("GET /auth/me was answered {}", answer.status).into());
        }
        times.push(answer.took);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(quantile(&times, 0.99))
}

/// A connection is a file, here and in the service.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it cannot be raised, connecting says so.
    let _ = setrlimit(Resource::Nofile, limit);
}
