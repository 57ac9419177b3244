//! A source that changes, and those who race for it: in one process, or in two that
//! have a Redis in common.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use auth_cache::tiered::{Cache, CacheBuilder};
use auth_testkit::rounds;
use tokio::task::{JoinSet, yield_now};
use tokio::time::Instant;

/// The source: a number that only grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth(Arc<AtomicU64>);

impl Truth {
    pub(super) fn read(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn change(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Reads, and comes back late.
    pub(super) async fn read_slowly(&self) -> u64 {
        let read = self.read();
        linger(read).await;
        read
    }
}

/// Gives way some times, more or less as chance would have it.
pub(super) async fn linger(seed: u64) {
    for _ in 0..seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58 {
        yield_now().await;
    }
}

/// Something to do with a clone of `shared`, over and over.
pub(super) fn with<C, F, W>(shared: &C, work: W) -> impl Fn() -> F + Clone + use<C, F, W>
where
    C: Clone,
    W: Fn(C) -> F + Clone,
{
    let shared = shared.clone();
    move || work(shared.clone())
}

/// Of how many rounds, and how many reads in them gave what had been invalidated before
/// they began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raced {
    pub(super) rounds: u64,
    pub(super) stale: u64,
}

/// Where a race is run.
pub(super) struct Ground {
    /// What it is called in the figures.
    name: String,
    usual: u64,
    #[cfg(feature = "redis")]
    over: Option<over_redis::Redis>,
    /// Those of other processes, who load and fill meanwhile.
    others: Mutex<Vec<Cache<u8, u64>>>,
}

impl Ground {
    /// In one process, whose memory is all there is.
    pub(super) fn memory(name: &str) -> Self {
        Self {
            name: format!("{name}, in memory"),
            usual: 1_000,
            #[cfg(feature = "redis")]
            over: None,
            others: Mutex::default(),
        }
    }

    /// In two processes over a Redis of their own. Fewer rounds: each goes there and
    /// back some times.
    #[cfg(feature = "redis")]
    pub(super) async fn redis(name: &str) -> Self {
        Self {
            name: format!("{name}, over Redis"),
            usual: 100,
            over: Some(over_redis::Redis::start().await),
            others: Mutex::default(),
        }
    }

    /// The cache of the process that invalidates.
    pub(super) async fn cache(&self, build: impl Fn() -> CacheBuilder<u8, u64>) -> Cache<u8, u64> {
        #[cfg(feature = "redis")]
        if let Some(redis) = &self.over {
            let other = redis.cache(build()).await;
            self.others.lock().unwrap().push(other);
            return redis.cache(build()).await;
        }
        build().build().unwrap()
    }

    /// As [`cache`](Self::cache), where nothing is left in the second level by the time
    /// it is asked for again: there it ends by the server's clock, which nobody moves.
    pub(super) async fn cache_that_outlives(
        &self,
        build: impl Fn() -> CacheBuilder<u8, u64>,
    ) -> Cache<u8, u64> {
        #[cfg(feature = "redis")]
        if let Some(redis) = &self.over {
            redis.forgets_at_once();
        }
        self.cache(build).await
    }

    /// Runs rounds of: readers that miss and load; a change and its invalidation, at
    /// some point of their loads; a read. A read may give nothing.
    pub(super) async fn race<R, RF, I, IF>(&self, truth: &Truth, read: R, invalidate: I) -> Raced
    where
        R: Fn() -> RF + Clone + Send + 'static,
        RF: Future<Output = Option<u64>> + Send + 'static,
        I: Fn() -> IF + Send + 'static,
        IF: Future<Output = ()> + Send + 'static,
    {
        let began = Instant::now();
        let rounds = rounds(self.usual);
        let others = self.others.lock().unwrap().clone();
        let race = race(rounds, others, truth.clone(), read, invalidate);
        // On a worker like the readers: where it gives way, they go on.
        let stale = tokio::spawn(race).await.unwrap();
        let took = began.elapsed().as_secs_f64();
        eprintln!("{}: {rounds} rounds, {stale} stale, {took:.1} s", self.name);
        Raced { rounds, stale }
    }
}

async fn race<R, RF, I, IF>(
    rounds: u64,
    others: Vec<Cache<u8, u64>>,
    truth: Truth,
    read: R,
    invalidate: I,
) -> u64
where
    R: Fn() -> RF + Clone + Send + 'static,
    RF: Future<Output = Option<u64>> + Send + 'static,
    I: Fn() -> IF + Send + 'static,
    IF: Future<Output = ()> + Send + 'static,
{
    let floor = Arc::new(AtomicU64::new(0));
    let is_stale = |least: u64, read: Option<u64>| u64::from(read.is_some_and(|it| it < least));
    let mut stale = 0;
    for round in 0..rounds {
        invalidate().await;
        let mut readers = JoinSet::new();
        for other in &others {
            let other = other.clone();
            readers.spawn(async move {
                // What another process sees is its own affair; what it fills is not.
                drop(other.get(&1).await);
                0
            });
        }
        for reader in 0..3 {
            let (read, floor) = (read.clone(), Arc::clone(&floor));
            readers.spawn(async move {
                linger(round ^ reader).await;
                let least = floor.load(Ordering::SeqCst);
                is_stale(least, read().await)
            });
        }
        linger(!round).await;
        let least = truth.change();
        invalidate().await;
        floor.store(least, Ordering::SeqCst);
        stale += is_stale(least, read().await);
        while let Some(reader) = readers.join_next().await {
            stale += reader.unwrap();
        }
        // What came in late.
        stale += is_stale(least, read().await);
    }
    stale
}

#[cfg(feature = "redis")]
mod over_redis {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use auth_cache::redis::RedisLink;
    use auth_cache::tier::Json;
    use auth_cache::tier::redis::RedisTier;
    use auth_cache::tiered::{Cache, CacheBuilder};
    use auth_core::{RootSecret, SystemRandom};
    use auth_testkit::servers;

    /// However busy the machine is, nothing here is an outage.
    const PATIENCE: Duration = Duration::from_secs(60);

    pub(super) struct Redis {
        server: servers::Redis,
        root: RootSecret,
        forgets: AtomicBool,
    }

    impl Redis {
        pub(super) async fn start() -> Self {
            Self {
                server: servers::Redis::start().await.unwrap(),
                root: RootSecret::generate(&SystemRandom::new()).unwrap(),
                forgets: AtomicBool::new(false),
            }
        }

        pub(super) fn forgets_at_once(&self) {
            self.forgets.store(true, Ordering::SeqCst);
        }

        /// Of a process of its own, once it hears of the others.
        pub(super) async fn cache(&self, builder: CacheBuilder<u8, u64>) -> Cache<u8, u64> {
            let link = RedisLink::single(&self.server.url()).unwrap();
            let link = link.with_deadline(PATIENCE).build().unwrap();
            let mut tier = RedisTier::builder(link, self.root.clone());
            if self.forgets.load(Ordering::SeqCst) {
                tier = tier.with_longest_life(Duration::from_millis(1));
            }
            let builder = builder
                .with_tier(Arc::new(tier.build().unwrap()), Json::new(1))
                .with_tier_deadline(PATIENCE);
            let cache = builder.build().unwrap();
            while cache.stats().hears != Some(true) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            cache
        }
    }
}
