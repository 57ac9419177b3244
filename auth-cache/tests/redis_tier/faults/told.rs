//! What processes tell each other through Redis does not come, comes late, twice, or is
//! what came before: F7. It is a stream that is asked for what comes next, and an answer
//! cannot overtake another.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_cache::tiered::Origin;
use auth_testkit::rounds;
use auth_testkit::servers::{Direction, Piece, Proxy, Verdict};
use tokio::time::Instant;

use super::super::support::{World, eventually};
use super::load::{Source, Values};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lost,
    Twice,
    Former,
    Cut,
    /// Some of it, and nothing more.
    Half,
}

/// Lets something happen to the next entries that a process is told of.
struct Courier {
    fate: Fate,
    tails: HashSet<u64>,
    former: HashMap<u64, Vec<u8>>,
    met: Arc<AtomicU64>,
    is_spent: bool,
}

impl Courier {
    fn judge(&mut self, piece: &Piece<'_>) -> Verdict {
        let has = |what: &[u8]| piece.bytes.windows(what.len()).any(|it| it == what);
        if piece.direction == Direction::ToServer {
            if has(b"XREAD") {
                self.tails.insert(piece.connection);
            }
            return Verdict::Pass;
        }
        // Nothing has come, as is said each second.
        if !self.tails.contains(&piece.connection) || piece.bytes.len() < 32 {
            return Verdict::Pass;
        }
        let bytes = piece.bytes.to_vec();
        let former = self.former.insert(piece.connection, bytes.clone());
        if self.is_spent || (self.fate == Fate::Former && former.is_none()) {
            return Verdict::Pass;
        }
        self.is_spent = true;
        self.met.fetch_add(1, Ordering::SeqCst);
        match self.fate {
            Fate::Lost => Verdict::Instead(Vec::new()),
            Fate::Twice => Verdict::Instead([&bytes[..], &bytes].concat()),
            Fate::Former => Verdict::Instead(former.unwrap_or_default()),
            Fate::Cut => Verdict::Cut { after: 0 },
            Fate::Half => Verdict::Instead(bytes[..bytes.len() / 2].to_vec()),
        }
    }
}

const KEY: u32 = 7;

async fn number(cache: &Values) -> u64 {
    let by = cache.deadline(Duration::from_secs(30));
    let found = cache.get_by(&KEY, by).await.unwrap();
    found.value.unwrap().1
}

/// A process that has the key in memory, another one that changes it, and what becomes of
/// the news. Gives the longest that the first served what was over.
async fn whatever_becomes_of_the_news(fate: Fate) -> Duration {
    let world = World::start().await;
    let source = Source::new();
    let proxy = Proxy::before(&world.server.url()).unwrap();
    let link = |url: &str| RedisLink::single(url).unwrap().build().unwrap();
    let met = Arc::new(AtomicU64::new(0));
    let (one, other) = {
        let one = source.cache(link(&world.server.url()), &world.root).await;
        (one, source.cache(link(proxy.url()), &world.root).await)
    };
    let mut longest = Duration::ZERO;
    for round in 0..rounds(3) {
        let mut courier = Courier {
            fate,
            tails: HashSet::new(),
            former: HashMap::new(),
            met: Arc::clone(&met),
            is_spent: false,
        };
        proxy.rule(move |piece| courier.judge(piece));
        // It is told of something else first, so that there is a former answer; by then
        // it is known which connection is the tail's.
        for _ in 0..3 {
            eventually(|| async { other.stats().hears == Some(true) }).await;
            let now = source.change(KEY);
            one.invalidate(&KEY).await.unwrap();
            let began = Instant::now();
            eventually(|| async { number(&other).await == now }).await;
            longest = longest.max(began.elapsed());
            // In memory, for the next news to find.
            let in_memory = || async {
                let by = other.deadline(Duration::from_secs(30));
                other.get_by(&KEY, by).await.unwrap().origin == Origin::Memory
            };
            eventually(in_memory).await;
        }
        assert!(met.load(Ordering::SeqCst) > round, "{fate:?} was not met");
    }
    eprintln!("{fate:?}: served for {longest:?} at the longest");
    longest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_news_that_is_lost_is_noticed() {
    whatever_becomes_of_the_news(Fate::Lost).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_news_that_comes_twice_is_a_gap() {
    whatever_becomes_of_the_news(Fate::Twice).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_news_of_before_is_a_gap() {
    whatever_becomes_of_the_news(Fate::Former).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_news_that_ends_in_the_middle_is_noticed() {
    for fate in [Fate::Cut, Fate::Half] {
        whatever_becomes_of_the_news(fate).await;
    }
}

/// Nothing is served from memory by a process that hears of nothing for longer than it
/// takes to notice, though nobody tells it so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_news_that_comes_late_is_not_waited_for() {
    let world = World::start().await;
    let source = Source::new();
    let proxy = Proxy::before(&world.server.url()).unwrap();
    let link = |url: &str| RedisLink::single(url).unwrap().build().unwrap();
    let one = source.cache(link(&world.server.url()), &world.root).await;
    let other = source.cache(link(proxy.url()), &world.root).await;
    for _ in 0..rounds(2) {
        let before = number(&one).await;
        assert_eq!(number(&other).await, before);
        proxy.freeze();
        let now = source.change(KEY);
        one.invalidate(&KEY).await.unwrap();
        let began = Instant::now();
        // By way of the source: there is nothing else that it can ask.
        eventually(|| async { number(&other).await == now }).await;
        eprintln!("served for {:?} while nothing was heard", began.elapsed());
        assert_eq!(other.stats().hears, Some(false));
        proxy.thaw();
        eventually(|| async { other.stats().hears == Some(true) }).await;
        assert_eq!(number(&other).await, now);
    }
}
