//! Hits: 64 keys, one after another, each as hot as the others.
//!
//! Keys are 16 bytes, as ids are, values are behind an `Arc`, and every hasher is one
//! that strangers cannot choose keys against. Each contender also looks at the time,
//! since values expire.

use std::hash::RandomState;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use auth_cache::tiered::{Cache, TtlClass, each};
use tokio::runtime::{Builder, Runtime};

use crate::Failure;
use crate::goal::Goal;
use crate::group::{Contender, Group};

const OURS: &str = "ours: get";
const OURS_PEEK: &str = "ours: peek";
const QUICK_CACHE: &str = "quick_cache, without expiry";
const MOKA: &str = "moka sync";
const MOKA_FUTURE: &str = "moka future";

type Key = [u8; 16];
type Value = Arc<str>;

const KEYS: u8 = 64;
const ROOM: u64 = 10_000;
const TTL: Duration = TtlClass::Medium.duration();

pub(super) fn group() -> Result<Group, Failure> {
    let mut builder = Builder::new_multi_thread();
    let runtime = Arc::new(builder.worker_threads(1).enable_time().build()?);
    Ok(Group {
        name: format!("hit, {KEYS} keys"),
        contenders: vec![
            ours(&runtime)?,
            peek(&runtime)?,
            quick_cache()?,
            moka()?,
            moka_future(&runtime)?,
        ],
        goals: vec![
            Goal::time(OURS, MOKA, 1.0),
            Goal::time(OURS, MOKA_FUTURE, 1.0),
            Goal::stated(OURS, QUICK_CACHE),
            Goal::stated(OURS_PEEK, QUICK_CACHE),
        ],
        no_page_faults: None,
        wants_idle: false,
    })
}

fn key(number: u8) -> Key {
    let mut key = [0x5a; 16];
    key[15] = number % KEYS;
    key
}

fn value(key: Key) -> Value {
    format!("value {}", key[15]).into()
}

/// The next key with each call.
fn contender(
    name: &str,
    get: impl Fn(&Key) -> Option<Value> + 'static,
) -> Result<Contender, Failure> {
    for number in 0..KEYS {
        if get(&key(number)).as_deref() != Some(&*value(key(number))) {
            return Err(format!("{name} does not have key {number}").into());
        }
    }
    let mut number = 0_u8;
    Ok(Contender::new(name, move || {
        number = number.wrapping_add(1);
        black_box(get(black_box(&key(number))));
    }))
}

fn filled(runtime: &Runtime) -> Result<Cache<Key, Value>, Failure> {
    let load = |key| async move { Ok::<_, std::io::Error>(Some(value(key))) };
    runtime.block_on(async {
        let cache = Cache::builder("bench", each(load)).with_capacity(ROOM);
        let cache = cache.with_ttl(TtlClass::Medium).build()?;
        cache.warm_up((0..KEYS).map(key)).await;
        Ok(cache)
    })
}

fn ours(runtime: &Arc<Runtime>) -> Result<Contender, Failure> {
    let (runtime, cache) = (Arc::clone(runtime), filled(runtime)?);
    contender(OURS, move |key| {
        let _ = &runtime;
        at_once(cache.get(key))?.ok()?
    })
}

fn peek(runtime: &Arc<Runtime>) -> Result<Contender, Failure> {
    let (runtime, cache) = (Arc::clone(runtime), filled(runtime)?);
    contender(OURS_PEEK, move |key| {
        let _ = &runtime;
        cache.peek(key)
    })
}

fn quick_cache() -> Result<Contender, Failure> {
    use quick_cache::sync::{Cache, DefaultLifecycle};
    let room = usize::try_from(ROOM)?;
    let cache: Cache<Key, Value, quick_cache::UnitWeighter, RandomState> = Cache::with(
        room,
        ROOM,
        quick_cache::UnitWeighter,
        RandomState::new(),
        DefaultLifecycle::default(),
    );
    for number in 0..KEYS {
        cache.insert(key(number), value(key(number)));
    }
    contender(QUICK_CACHE, move |key| cache.get(key))
}

fn moka() -> Result<Contender, Failure> {
    let cache = moka::sync::Cache::builder()
        .max_capacity(ROOM)
        .time_to_live(TTL)
        .build_with_hasher(RandomState::new());
    for number in 0..KEYS {
        cache.insert(key(number), value(key(number)));
    }
    contender(MOKA, move |key| cache.get(key))
}

fn moka_future(runtime: &Arc<Runtime>) -> Result<Contender, Failure> {
    let cache = moka::future::Cache::builder()
        .max_capacity(ROOM)
        .time_to_live(TTL)
        .build_with_hasher(RandomState::new());
    runtime.block_on(async {
        for number in 0..KEYS {
            cache.insert(key(number), value(key(number))).await;
        }
    });
    contender(MOKA_FUTURE, move |key| at_once(cache.get(key))?)
}

/// What a future has to say when it is first asked: a hit waits for nothing.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
