//! A source, caches over it, and callers who look up and change things all the while.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_cache::tier::Compact;
use auth_cache::tier::redis::RedisTier;
use auth_cache::tiered::{Cache, Lookup, Origin, Reason, Tag, Unavailable, each};
use auth_core::RootSecret;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::super::support::eventually;

/// A key with the number that it has.
pub(super) type Values = Cache<u32, (u32, u64)>;

/// Nothing ends as late but what hangs.
pub(super) const HANG: Duration = Duration::from_secs(60);
/// Of a caller.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many ask the source at once, and how many wait for it.
const CALLS: usize = 4;
const WAITING: usize = 128;

/// Of these there are numbers that change; what is above has the number 0 for ever.
const KEYS: u32 = 512;
const CALLERS: u32 = 16;
/// Each a tag, of every so-manieth key.
const GROUPS: u32 = 7;

/// What there is, shared by its clones.
#[derive(Clone)]
pub(super) struct Source(Arc<Shared>);

struct Shared {
    numbers: Vec<AtomicU64>,
    takes: Duration,
    is_down: AtomicBool,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    caches: AtomicUsize,
    fresh: AtomicU32,
}

impl Source {
    /// Each load takes 2 ms.
    pub(super) fn new() -> Self {
        Self::that_takes(Duration::from_millis(2))
    }

    pub(super) fn that_takes(takes: Duration) -> Self {
        Self(Arc::new(Shared {
            numbers: (0..KEYS).map(|_| AtomicU64::new(0)).collect(),
            takes,
            is_down: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
            caches: AtomicUsize::new(0),
            fresh: AtomicU32::new(KEYS),
        }))
    }

    pub(super) fn is_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    /// No more have asked it at once than each process's bulkhead lets through.
    pub(super) fn was_spared(&self) {
        let most = self.0.most_under_way.load(Ordering::SeqCst);
        let caches = self.0.caches.load(Ordering::SeqCst);
        assert!(
            most <= CALLS * caches,
            "{most} at once, of {caches} processes"
        );
    }

    /// A key that nobody has asked for.
    pub(super) fn fresh(&self) -> u32 {
        self.0.fresh.fetch_add(1, Ordering::SeqCst)
    }

    fn number(&self, key: u32) -> u64 {
        let number = self.0.numbers.get(key as usize);
        number.map_or(0, |it| it.load(Ordering::SeqCst))
    }

    pub(super) fn change(&self, key: u32) -> u64 {
        self.0.numbers[key as usize].fetch_add(1, Ordering::SeqCst) + 1
    }

    async fn load(self, key: u32) -> Result<Option<(u32, u64)>, &'static str> {
        let shared = &*self.0;
        let now = shared.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let _under_way = UnderWay(shared);
        shared.most_under_way.fetch_max(now, Ordering::SeqCst);
        let number = self.number(key);
        if !shared.takes.is_zero() {
            sleep(shared.takes).await;
        }
        if shared.is_down.load(Ordering::SeqCst) {
            return Err("the source is down");
        }
        Ok(Some((key, number)))
    }

    /// The cache of a process that has this link, once it hears of others. Its memory
    /// holds little: most is asked of Redis.
    pub(super) async fn cache(&self, link: RedisLink, root: &RootSecret) -> Values {
        self.0.caches.fetch_add(1, Ordering::SeqCst);
        let source = self.clone();
        let tier = RedisTier::builder(link, root.clone()).build().unwrap();
        let cache = Cache::builder("values", each(move |key| source.clone().load(key)))
            .with_bulkhead(CALLS, WAITING)
            .with_capacity(64)
            .with_tags(|key: &u32| vec![tag(*key)])
            .with_tier(Arc::new(tier), Compact::new(1))
            .build();
        let cache = cache.unwrap();
        eventually(|| async { cache.stats().hears == Some(true) }).await;
        cache
    }
}

struct UnderWay<'a>(&'a Shared);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tag(key: u32) -> Tag {
    Tag::new(format!("group {}", key % GROUPS))
}

/// What callers were told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) values: u64,
    pub(super) from_tier: u64,
    pub(super) unavailable: BTreeMap<String, u64>,
    pub(super) invalidated: u64,
    /// Of these Redis could not be told.
    pub(super) untold: u64,
    /// By how much the latest answer came after its deadline.
    pub(super) latest: Duration,
    /// What the slowest invalidation took.
    pub(super) slowest: Duration,
}

impl Told {
    fn add(&mut self, other: Self) {
        self.values += other.values;
        self.from_tier += other.from_tier;
        for (reason, count) in other.unavailable {
            *self.unavailable.entry(reason).or_default() += count;
        }
        self.invalidated += other.invalidated;
        self.untold += other.untold;
        self.latest = self.latest.max(other.latest);
        self.slowest = self.slowest.max(other.slowest);
    }

    /// Asks for a key, which ends, and looks at what comes. Gives the number, if any came.
    async fn ask(&mut self, cache: &Values, key: u32) -> Option<u64> {
        let began = Instant::now();
        let asked = cache.get_by(&key, cache.deadline(PATIENCE));
        let answer = timeout(HANG, asked).await.unwrap();
        self.latest = self.latest.max(began.elapsed().saturating_sub(PATIENCE));
        self.look_at(key, answer)
    }

    fn look_at(
        &mut self,
        key: u32,
        answer: Result<Lookup<(u32, u64)>, Unavailable>,
    ) -> Option<u64> {
        match answer {
            Ok(found) => {
                // There is such a thing.
                let (of, number) = found.value.unwrap();
                assert_eq!(of, key, "the value of another key");
                self.values += 1;
                self.from_tier += u64::from(found.origin == Origin::Tier);
                Some(number)
            }
            Err(unavailable) => {
                let reason = unavailable.reason();
                let is_no_outage = matches!(reason, Reason::Panicked | Reason::ShutDown);
                assert!(!is_no_outage, "{unavailable:?}");
                let count = self.unavailable.entry(format!("{reason:?}"));
                *count.or_default() += 1;
                None
            }
        }
    }

    /// Invalidates a key, or its tag.
    async fn invalidate(&mut self, cache: &Values, key: u32, by_tag: bool) {
        let began = Instant::now();
        let told = if by_tag {
            timeout(HANG, cache.invalidate_tag(&tag(key))).await
        } else {
            timeout(HANG, cache.invalidate(&key)).await
        };
        self.invalidated += 1;
        self.slowest = self.slowest.max(began.elapsed());
        if let Err(unavailable) = told.unwrap() {
            assert_eq!(unavailable.reason(), Reason::Tier);
            self.untold += 1;
        }
    }
}

/// Callers at a cache, until they are told to stop. Each changes keys of its own now and
/// then, invalidates them, and reads them: never what was before.
pub(super) struct Load {
    source: Source,
    is_over: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    callers: JoinSet<Told>,
}

impl Load {
    pub(super) fn start(source: &Source, caches: &[&Values]) -> Self {
        Self::start_where(source, caches, true)
    }

    /// Where answers lie, a process that tells Redis something does not know that it has.
    pub(super) fn start_where(source: &Source, caches: &[&Values], is_fresh: bool) -> Self {
        let mut load = Self {
            source: source.clone(),
            is_over: Arc::default(),
            asked: Arc::default(),
            callers: JoinSet::new(),
        };
        // No two change the same key.
        let processes = u32::try_from(caches.len()).unwrap();
        for (process, cache) in (0..).zip(caches) {
            for caller in 0..CALLERS {
                let caller = Caller {
                    cache: (*cache).clone(),
                    source: source.clone(),
                    place: process * CALLERS + caller,
                    of: processes * CALLERS,
                    is_fresh,
                };
                let (is_over, asked) = (Arc::clone(&load.is_over), Arc::clone(&load.asked));
                load.callers.spawn(caller.call(is_over, asked));
            }
        }
        load
    }

    /// Waits until so many more have been answered.
    pub(super) async fn answers(&self, more: u64) {
        let until = self.asked.load(Ordering::SeqCst) + more;
        while self.asked.load(Ordering::SeqCst) < until {
            assert!(!self.is_over.load(Ordering::SeqCst));
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it. The source was never asked by more than may.
    pub(super) async fn stop(mut self, what: &str) -> Told {
        self.is_over.store(true, Ordering::SeqCst);
        let mut told = Told::default();
        while let Some(caller) = self.callers.join_next().await {
            told.add(caller.unwrap());
        }
        eprintln!("{what}: {told:?}");
        assert!(told.values > 0);
        self.source.was_spared();
        told
    }
}

struct Caller {
    cache: Values,
    source: Source,
    place: u32,
    of: u32,
    is_fresh: bool,
}

impl Caller {
    async fn call(self, is_over: Arc<AtomicBool>, asked: Arc<AtomicU64>) -> Told {
        let mut told = Told::default();
        let mut draw = self.place.wrapping_mul(0x9e37_79b9) | 1;
        for turn in 0_u32.. {
            if is_over.load(Ordering::SeqCst) {
                break;
            }
            draw ^= draw << 13;
            draw ^= draw >> 17;
            draw ^= draw << 5;
            told.ask(&self.cache, draw % KEYS).await;
            asked.fetch_add(1, Ordering::SeqCst);
            if turn % 8 == 0 {
                let own = self.place + self.of * (draw % (KEYS / self.of));
                let number = self.source.change(own);
                told.invalidate(&self.cache, own, turn % 24 == 0).await;
                let found = told.ask(&self.cache, own).await;
                let is_stale = self.is_fresh && found.is_some_and(|found| found < number);
                assert!(!is_stale, "{found:?} of {own}, which is {number}");
            }
            if turn % 16 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
        told
    }
}

/// Waits until what one process has loaded is found in Redis by another, of each group, and
/// prints how long that took. One group at a time may be about to be invalidated, as always.
pub(super) async fn until_shared(source: &Source, one: &Values, other: &Values) {
    let began = Instant::now();
    let mut groups: Vec<u32> = (0..GROUPS).collect();
    while !groups.is_empty() {
        assert!(began.elapsed() < HANG, "{groups:?} are not shared any more");
        let mut keys: Vec<u32> = (0..GROUPS).map(|_| source.fresh()).collect();
        keys.retain(|key| groups.contains(&(key % GROUPS)));
        one.get_many(&keys, one.deadline(PATIENCE)).await;
        // What was loaded is on its way there.
        sleep(Duration::from_millis(5)).await;
        let found = other.get_many(&keys, other.deadline(PATIENCE)).await;
        for (key, found) in keys.iter().zip(found) {
            if found.is_ok_and(|it| it.origin == Origin::Tier) {
                groups.retain(|group| *group != key % GROUPS);
            }
        }
    }
    eprintln!("recovered after {:?}", began.elapsed());
}
