//! A server, with the same in it twice: as the tier keeps it, and as plain strings.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_cache::tier::redis::RedisTier;
use auth_cache::tier::{Acquired, Ask, Codec, Compact, Fill, Namespace, Nonce, Record, Tier};
use auth_core::{RootSecret, SystemRandom};
use auth_testkit::servers::Redis;
use redis::aio::MultiplexedConnection;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce as Number, UnboundKey};
use tokio::runtime::{Builder, Runtime};

use crate::Failure;

/// Keys, each with a value, that take turns.
pub(super) const KEYS: u8 = 64;

/// What the tier keeps before a value: its header, its head.
const BEFORE: usize = 58;

type User = (u64, String, Vec<String>, u64);

pub(super) struct Rig {
    pub(super) runtime: Runtime,
    tier: RedisTier,
    space: Namespace,
    codec: Compact,
    plain: MultiplexedConnection,
    key: LessSafeKey,
    _server: Redis,
}

impl Rig {
    pub(super) fn new() -> Result<Self, Failure> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build()?;
        let (server, tier, plain) = runtime.block_on(async {
            let server = Redis::start().await?;
            let root = RootSecret::generate(&SystemRandom::new())?;
            let link = RedisLink::single(&server.url())?;
            // A shared machine may stand still for longer than the default.
            let link = link.with_deadline(Duration::from_secs(5)).build()?;
            let tier = RedisTier::builder(link, root).build()?;
            let client = redis::Client::open(server.url())?;
            let plain = client.get_multiplexed_async_connection().await?;
            Ok::<_, Failure>((server, tier, plain))
        })?;
        let key = UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| "a key of 32 bytes")?;
        let rig = Self {
            runtime,
            tier,
            space: Namespace {
                cache: "users".into(),
                schema: 1,
            },
            codec: Compact::new(1),
            plain,
            key: LessSafeKey::new(key),
            _server: server,
        };
        rig.runtime.block_on(async {
            for number in 0..KEYS {
                rig.put(number).await?;
            }
            Ok::<_, Failure>(())
        })?;
        Ok(rig)
    }

    async fn put(&self, number: u8) -> Result<(), Failure> {
        let roles = ["administrator", "editor", "support"].map(str::to_owned);
        let name = format!("user{number}@example.com");
        let user: User = (number.into(), name, roles.to_vec(), 7);
        let value = Codec::<u64, User>::write(&self.codec, &user).ok_or("a user is written")?;
        let ask = ask(number);
        self.tier
            .acquire(&self.space, std::slice::from_ref(&ask))
            .await?;
        let fill = Fill {
            key: Arc::clone(&ask.key),
            nonce: ask.nonce,
            tags: Vec::new(),
            record: Some(Record {
                value: value.clone(),
                lives: Duration::from_secs(3600),
                age: Duration::ZERO,
                cost: Duration::ZERO,
            }),
        };
        if self.tier.fill(&self.space, &[fill]).await? != [true] {
            return Err("the lease is held".into());
        }
        let mut body = [&[0; BEFORE], &value[..]].concat();
        let nonce = Number::assume_unique_for_key([number; 12]);
        let sealed = self
            .key
            .seal_in_place_append_tag(nonce, Aad::from(b"aad"), &mut body);
        sealed.map_err(|_| "it is short enough to seal")?;
        let mut set = redis::cmd("SET");
        let set = set.arg(self::name(number)).arg(body);
        let () = set.query_async(&mut self.plain.clone()).await?;
        Ok(())
    }

    /// A hit of the tier.
    pub(super) async fn hit(&self, number: u8) -> bool {
        let asks = [ask(number)];
        let Ok(answers) = self.tier.acquire(&self.space, &asks).await else {
            return false;
        };
        let Some(Acquired::Found(record)) = answers.first() else {
            return false;
        };
        self.reads(&record.value, number)
    }

    /// As many bytes, by the library's own connection.
    pub(super) async fn get(&self, number: u8) -> Option<Vec<u8>> {
        let mut get = redis::cmd("GET");
        let get = get.arg(name(number));
        get.query_async(&mut self.plain.clone()).await.ok()
    }

    /// The same, opened under one key, and read.
    pub(super) async fn get_and_open(&self, number: u8) -> bool {
        let Some(mut body) = self.get(number).await else {
            return false;
        };
        let nonce = Number::assume_unique_for_key([number; 12]);
        let opened = self.key.open_in_place(nonce, Aad::from(b"aad"), &mut body);
        opened.is_ok_and(|plain| self.reads(&plain[BEFORE..], number))
    }

    fn reads(&self, bytes: &[u8], number: u8) -> bool {
        let user: Option<User> = Codec::<u64, User>::read(&self.codec, bytes);
        black_box(user).is_some_and(|user| user.0 == u64::from(number))
    }
}

fn ask(number: u8) -> Ask {
    Ask {
        key: [b"user", &[number][..]].concat().into(),
        tags: Vec::new(),
        nonce: Nonce([number; 16]),
        lease: Duration::from_secs(5),
        at_least: Duration::ZERO,
    }
}

/// As long as a name of the tier.
fn name(number: u8) -> String {
    format!("plain:{{users:1:42}}:k:{number:032x}")
}
