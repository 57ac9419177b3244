//! It passes the cases that every store of requests must pass.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::idempotency::RedisIdempotency;
use auth_cache::redis::RedisLink;
use auth_core::idempotency::IdempotencyStore;
use auth_core::{ManualClock, RootSecret, Timestamp};
use auth_testkit::conformance::requests::Requests;
use auth_testkit::servers::Redis;

use super::support::{PATIENT, new_root};

/// Does something with each primary that there is.
type Primaries = Box<dyn Fn(&dyn Fn(&Redis)) + Send + Sync>;

/// Two processes over some installation.
pub(super) struct Remembered {
    link: Box<dyn Fn() -> RedisLink + Send + Sync>,
    primaries: Primaries,
    root: RootSecret,
    clock: Arc<ManualClock>,
}

impl Remembered {
    pub(super) fn new(
        link: impl Fn() -> RedisLink + Send + Sync + 'static,
        primaries: impl Fn(&dyn Fn(&Redis)) + Send + Sync + 'static,
    ) -> Self {
        Self {
            link: Box::new(link),
            primaries: Box::new(primaries),
            root: new_root(),
            clock: Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000))),
        }
    }

    /// With nobody else in it: under another root secret it has other names.
    pub(super) fn start_over(&mut self) {
        self.root = new_root();
    }
}

/// Shifts what is stored under a name back.
const SHIFT: &str = "
for _, field in ipairs({'l', 'e'}) do
  if redis.call('HEXISTS', KEYS[1], field) == 1 then
    redis.call('HINCRBY', KEYS[1], field, -ARGV[1] * 1000)
  end
end
redis.call('PEXPIRE', KEYS[1], redis.call('PTTL', KEYS[1]) - ARGV[1])";

#[async_trait]
impl Requests for Remembered {
    async fn processes(&self) -> [Arc<dyn IdempotencyStore>; 2] {
        [(); 2].map(|()| {
            let builder = RedisIdempotency::builder((self.link)(), self.root.clone());
            let store = builder.with_clock(self.clock.clone()).build();
            Arc::new(store) as Arc<dyn IdempotencyStore>
        })
    }

    async fn pass(&self, time: Duration) {
        let millis = time.as_millis().to_string();
        (self.primaries)(&|primary| {
            for name in primary.command(&["KEYS", "auth:*"]).unwrap() {
                let words = ["EVAL", SHIFT, "1", &name, &millis];
                primary.command(&words).unwrap();
            }
        });
        self.clock.advance(time);
    }
}

async fn fresh() -> Remembered {
    let server = Redis::start().await.unwrap();
    let url = server.url();
    let link = move || {
        let link = RedisLink::single(&url).unwrap();
        link.with_deadline(PATIENT).build().unwrap()
    };
    Remembered::new(link, move |with| with(&server))
}

auth_testkit::request_suite!(fresh);
