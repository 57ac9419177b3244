//! Processes that are processes: this program started three times more, each with its
//! own memory, its own link and its own key to seal with.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_cache::tier::Compact;
use auth_cache::tier::redis::RedisTier;
use auth_cache::tiered::{Cache, each};
use auth_core::RootSecret;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

use super::support::{World, eventually};

const URL: &str = "AUTH_CACHE_TEST_REDIS_OF_PROCESSES";
const ROOT: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
const PROCESSES: usize = 3;
const KEYS: u32 = 200;
/// In each process, for each key.
const TASKS: u32 = 20;
/// The machine may be busy: whoever waits for another's load does not give up.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a line of a process begins with, as its harness has lines of its own.
const SAYS: &str = "process says ";

/// Reads keys, and says what `TASKS` of its callers were given for each.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_the_processes() {
    // Only as the other test starts it.
    let Ok(url) = env::var(URL) else { return };
    let client = redis::Client::open(url.as_str()).unwrap();
    let source = client.get_multiplexed_async_connection().await.unwrap();
    let cache = cache(&url, source);
    eventually(|| async { cache.stats().hears == Some(true) }).await;
    println!("{SAYS}ready");
    let mut lines = std::io::stdin().lines();
    while let Some(Ok(key)) = lines.next() {
        let key: u32 = key.parse().unwrap();
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let cache = cache.clone();
            tasks.spawn(async move { cache.get_by(&key, cache.deadline(PATIENCE)).await });
        }
        for found in tasks.join_all().await {
            assert_eq!(found.unwrap().value, Some(u64::from(key) * 7));
        }
        println!("{SAYS}{key}");
    }
}

/// Its source counts in Redis what it was asked for, by whomever.
fn cache(url: &str, source: MultiplexedConnection) -> Cache<u32, u64> {
    let link = RedisLink::single(url).unwrap().with_deadline(PATIENCE);
    let root = RootSecret::from_bytes(ROOT).unwrap();
    let tier = RedisTier::builder(link.build().unwrap(), root).build();
    let load = move |key: u32| {
        let mut source = source.clone();
        async move {
            let mut count = redis::cmd("INCR");
            let () = count.arg(loads(key)).query_async(&mut source).await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok::<_, redis::RedisError>(Some(u64::from(key) * 7))
        }
    };
    Cache::builder("numbers", each(load))
        .with_tier(Arc::new(tier.unwrap()), Compact::new(1))
        .with_tier_deadline(PATIENCE)
        .with_load_deadline(PATIENCE)
        .with_lease_patience(PATIENCE)
        .build()
        .unwrap()
}

fn loads(key: u32) -> String {
    format!("loads:{key}")
}

#[tokio::test(flavor = "multi_thread")]
async fn three_real_processes_that_miss_one_key_load_it_once() {
    let world = World::start().await;
    let url = world.server.url();
    tokio::task::spawn_blocking(move || {
        let mut processes: Vec<_> = (0..PROCESSES).map(|_| Process::start(&url)).collect();
        for process in &mut processes {
            assert_eq!(process.says(), "ready");
        }
        for key in 1..=KEYS {
            // Those who hear of it last find it loaded, being loaded or missing.
            for process in &mut processes {
                writeln!(process.input, "{key}").unwrap();
            }
            for process in &mut processes {
                assert_eq!(process.says(), key.to_string());
            }
        }
    })
    .await
    .unwrap();
    let mut stranger = world.stranger().await;
    for key in 1..=KEYS {
        let mut get = redis::cmd("GET");
        let count: u32 = get
            .arg(loads(key))
            .query_async(&mut stranger)
            .await
            .unwrap();
        assert_eq!(count, 1, "loads of {key}");
    }
}

/// Killed when dropped.
struct Process {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(url: &str) -> Self {
        let name = "processes::one_of_the_processes";
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(URL, url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            input: child.stdin.take().unwrap(),
            lines: output.lines(),
            child,
        }
    }

    /// The next thing it says.
    fn says(&mut self) -> String {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        // The first may follow the harness's own words on one line.
        lines
            .find_map(|line| Some(line.split_once(SAYS)?.1.to_owned()))
            .unwrap_or_else(|| "nothing more".to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
