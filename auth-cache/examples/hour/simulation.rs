//! An hour of reads, on a clock that is simulated: what the source has to bear.
//!
//! All keys are loaded at once, as after a start. From then on readers draw keys by
//! Zipf's law, as many a second as they are told to, and each load takes its time.
//! The cache is the real one; only time is not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use auth_cache::tiered::{Cache, CacheBuilder, each};
use auth_core::{Clock, EntropyError, Monotonic, Now, SecureRandom, Timestamp};
use tokio::time::Instant;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Keys that are read.
    pub(crate) keys: u32,
    /// Reads a second.
    pub(crate) reads: u32,
    /// For how long.
    pub(crate) lasts: Duration,
}

/// What a load takes.
const LOAD: Duration = Duration::from_millis(500);
/// Readers come this often.
const TICK: Duration = Duration::from_millis(10);

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hour {
    /// Loads in each second, without those of the start.
    pub(crate) loads: Vec<u32>,
    /// The most loads at one time, without those of the start.
    pub(crate) most_at_once: u32,
    /// Reads.
    pub(crate) reads: u64,
    /// Reads that waited for a load.
    pub(crate) waited: u64,
}

impl Hour {
    /// The loads of the worst second.
    pub(crate) fn worst(&self) -> u32 {
        self.loads.iter().copied().max().unwrap_or(0)
    }
}

/// A cache with some of the guards.
pub(crate) type With = fn(CacheBuilder<u32, u64>) -> CacheBuilder<u32, u64>;

/// Which guards are compared.
pub(crate) const GUARDS: [(&str, With); 5] = [
    ("neither", |builder| {
        builder.without_jitter().without_early_refresh()
    }),
    ("early refresh", CacheBuilder::without_jitter),
    ("jitter", CacheBuilder::without_early_refresh),
    ("both, the default", |builder| builder),
    ("both, and stale while revalidating", |builder| {
        builder.with_stale_while_revalidate(Duration::from_secs(60))
    }),
];

/// Runs `plan` on a cache that `with` has set up. On a paused clock of tokio's.
pub(crate) async fn hour(plan: Plan, with: With) -> Hour {
    let source = Arc::new(Source::default());
    let loader = {
        let source = Arc::clone(&source);
        each(move |key: u32| {
            let source = Arc::clone(&source);
            async move { Ok::<_, std::io::Error>(Some(source.load(key).await)) }
        })
    };
    let room = usize::try_from(plan.keys).unwrap_or(usize::MAX);
    let builder = Cache::builder("hour", loader)
        .with_clock(Arc::new(Simulated::default()))
        .with_random(Arc::new(Seeded::new(7)))
        .with_capacity(4 * u64::from(plan.keys))
        // The source is to show what it is asked for, not what it is spared.
        .with_bulkhead(room, room);
    let Ok(cache) = with(builder).build() else {
        return Hour::default();
    };
    let keys: Vec<u32> = (0..plan.keys).collect();
    let by = cache.deadline(Duration::from_secs(60));
    drop(cache.get_many(&keys, by).await);
    source.begin();

    let waited = AtomicU64::new(0);
    let readers = Readers::new(plan.keys);
    let mut reads = 0;
    let (began, mut tick) = (Instant::now(), Duration::ZERO);
    while tick < plan.lasts {
        tick += TICK;
        let due = tick.as_secs_f64() * f64::from(plan.reads);
        #[expect(clippy::cast_precision_loss, reason = "millions")]
        while (reads as f64) < due {
            reads += 1;
            read(&cache, readers.next(), &waited);
        }
        tokio::time::sleep_until(began + tick).await;
    }
    let book = source.book();
    let mut loads = book.loads.clone();
    loads.resize(usize::try_from(plan.lasts.as_secs()).unwrap_or(0), 0);
    Hour {
        loads,
        most_at_once: book.most_at_once,
        reads,
        waited: waited.load(Ordering::Relaxed),
    }
}

/// One read: answered from memory, or in a task that waits.
fn read(cache: &Cache<u32, u64>, key: u32, waited: &AtomicU64) {
    let cache = cache.clone();
    let mut read = Box::pin(async move { cache.get(&key).await });
    let mut nobody = Context::from_waker(Waker::noop());
    if read.as_mut().poll(&mut nobody).is_pending() {
        waited.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(read);
    }
}

/// The source: it takes its time, and keeps book.
#[derive(Default)]
struct Source {
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    /// When the hour began.
    began: Option<Instant>,
    loads: Vec<u32>,
    at_once: u32,
    most_at_once: u32,
}

impl Source {
    async fn load(&self, key: u32) -> u64 {
        self.book().begin_load();
        tokio::time::sleep(LOAD).await;
        self.book().at_once -= 1;
        u64::from(key)
    }

    /// From here on it counts.
    fn begin(&self) {
        self.book().began = Some(Instant::now());
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn begin_load(&mut self) {
        self.at_once += 1;
        let Some(began) = self.began else { return };
        self.most_at_once = self.most_at_once.max(self.at_once);
        let second = usize::try_from(began.elapsed().as_secs()).unwrap_or(usize::MAX);
        if self.loads.len() <= second {
            self.loads.resize(second + 1, 0);
        }
        if let Some(loads) = self.loads.get_mut(second) {
            *loads += 1;
        }
    }
}

/// Draws keys by Zipf's law, by the inverse of its sums.
struct Readers {
    sums: Vec<f64>,
    noise: Seeded,
}

impl Readers {
    fn new(keys: u32) -> Self {
        let mut sum = 0.0;
        let sums = (1..=keys)
            .map(|rank| {
                sum += 1.0 / f64::from(rank);
                sum
            })
            .collect();
        Self {
            sums,
            noise: Seeded::new(1),
        }
    }

    fn next(&self) -> u32 {
        let all = self.sums.last().copied().unwrap_or(0.0);
        let drawn = self.noise.part() * all;
        u32::try_from(self.sums.partition_point(|sum| *sum < drawn)).unwrap_or(u32::MAX)
    }
}

/// Numbers that are the same each time (`SplitMix64`).
#[derive(Debug)]
struct Seeded(AtomicU64);

impl Seeded {
    const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn part(&self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl SecureRandom for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        for bytes in buffer.chunks_mut(8) {
            let drawn = self.next().to_le_bytes();
            bytes.iter_mut().zip(drawn).for_each(|(b, d)| *b = d);
        }
        Ok(())
    }
}

/// Tokio's clock, which is paused and jumps from one timer to the next.
#[derive(Debug, Default)]
struct Simulated(OnceLock<Instant>);

impl Clock for Simulated {
    fn now(&self) -> Now {
        let elapsed = self.0.get_or_init(Instant::now).elapsed();
        Now {
            wall: Timestamp::from_unix_seconds(1_800_000_000) + elapsed,
            mono: Monotonic::from_elapsed(elapsed),
        }
    }
}
