//! Two instances on one PostgreSQL, with Redis between them.

use std::sync::Arc;
use std::time::Duration;

use auth_core::{Clock, SystemClock, SystemRandom, draw};
use auth_sdk::{
    Audience, Auth, AuthBuilder, Code, Context, CreateApiKey, IssuedApiKey, Issuer, LookupCache,
    PgStore, RedisLink, SignUp, User, UserStatus,
};
use auth_testkit::servers::{self, Redis};

use crate::keyed::{code, scope, until, with_keys};
use crate::support::{PASSWORD, password, quick_pool, root};

const DEAD: Option<Code> = Some(Code::InvalidToken);

struct World {
    redis: Redis,
    here: Auth,
    there: Auth,
    ada: User,
    cx: Context,
}

async fn instance(schema: &str, configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Auth {
    let url = servers::postgres_url().await.unwrap();
    let store = PgStore::builder(&url)
        .with_schema(schema)
        .with_max_connections(4)
        .connect()
        .await
        .unwrap();
    let builder = Auth::builder(
        Issuer::new("https://auth.example").unwrap(),
        Audience::new("https://api.example").unwrap(),
        root(1),
        Arc::new(store),
    );
    configure(with_keys(builder.with_hash_pool(quick_pool())))
        .build()
        .await
        .unwrap()
}

fn hears(auth: &Auth) -> bool {
    let stats = auth.lookup_cache_stats().unwrap();
    stats.users.hears == Some(true) && stats.api_keys.unwrap().hears == Some(true)
}

fn loads(auth: &Auth) -> u64 {
    auth.lookup_cache_stats().unwrap().api_keys.unwrap().loads
}

impl World {
    async fn new() -> Self {
        let redis = Redis::start().await.unwrap();
        let random: [u8; 8] = draw(&SystemRandom::new()).unwrap();
        let schema = format!("lookups_{:016x}", u64::from_be_bytes(random));
        let url = redis.url();
        let link = || RedisLink::single(&url).unwrap().build().unwrap();
        let here = instance(&schema, |it| it.with_redis(link())).await;
        let there = instance(&schema, |it| it.with_redis(link())).await;
        until(async || hears(&here) && hears(&there)).await;
        let cx = Context::new();
        let request =
            SignUp::new("ada@example.org", password(PASSWORD)).with_roles(["read", "write"]);
        let ada = here.sign_up(&cx, request).await.unwrap();
        Self {
            redis,
            here,
            there,
            ada,
            cx,
        }
    }

    /// A key that is in use on both, and asked of the store by neither.
    async fn hot(&self) -> IssuedApiKey {
        let request = CreateApiKey::new("deploys", scope("read"));
        let made = self.here.create_api_key(&self.cx, self.ada.id, request);
        let made = made.await.unwrap();
        for auth in [&self.here, &self.there] {
            until(async || {
                let before = loads(auth);
                for _ in 0..100 {
                    assert_eq!(code(auth, &made.key).await, None);
                }
                loads(auth) == before
            })
            .await;
        }
        made
    }

    async fn revoke(&self, made: &IssuedApiKey) {
        let revoked = self
            .here
            .revoke_api_key(&self.cx, self.ada.id, made.info.id);
        revoked.await.unwrap();
    }

    async fn set_status(&self, status: UserStatus) {
        let done = self.here.set_user_status(&self.cx, self.ada.id, status);
        done.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c69_a_key_that_was_revoked_here_dies_there() {
    let world = World::new().await;
    let mut took = Vec::new();
    for _ in 0..20 {
        let made = world.hot().await;
        world.revoke(&made).await;
        let since = SystemClock.mono();
        assert_eq!(code(&world.here, &made.key).await, DEAD);
        until(async || code(&world.there, &made.key).await == DEAD).await;
        took.push(SystemClock.mono().since(since));
    }
    took.sort();
    println!("dead there after {took:?}");

    let made = world.hot().await;
    world.set_status(UserStatus::Disabled).await;
    assert_eq!(code(&world.here, &made.key).await, DEAD);
    until(async || code(&world.there, &made.key).await == DEAD).await;
    world.set_status(UserStatus::Active).await;
    for auth in [&world.here, &world.there] {
        assert_eq!(code(auth, &made.key).await, None, "at once");
    }
    let rotated = world
        .here
        .rotate_api_key(&world.cx, world.ada.id, made.info.id, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(code(&world.there, &rotated.key).await, None, "at once");
    until(async || code(&world.there, &made.key).await == DEAD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_shown_everywhere_as_changed_anywhere() {
    let world = World::new().await;
    let shown = async |auth: &Auth| auth.cached_user(&world.cx, world.ada.id).await.unwrap();
    for auth in [&world.here, &world.there] {
        assert_eq!(shown(auth).await, world.ada);
    }
    let from_redis = async || {
        let stats = world.there.lookup_cache_stats().unwrap();
        stats.users.tier_hits > 0 || {
            // It came before the other had put it there.
            let roles = vec!["read".to_owned()];
            let changed = world.here.set_user_roles(&world.cx, world.ada.id, roles);
            changed.await.unwrap();
            assert_eq!(shown(&world.here).await.roles, ["read"]);
            tokio::time::sleep(Duration::from_millis(50)).await;
            let _ = shown(&world.there).await;
            false
        }
    };
    until(from_redis).await;
    let roles = vec!["write".to_owned()];
    let changed = world.here.set_user_roles(&world.cx, world.ada.id, roles);
    changed.await.unwrap();
    assert_eq!(shown(&world.here).await.roles, ["write"]);
    until(async || shown(&world.there).await.roles == ["write"]).await;
    // What is in Redis says nothing to those who read it.
    let names = world.redis.command(&["KEYS", "*"]).unwrap();
    assert!(
        names.iter().any(|name| name.starts_with("auth:")),
        "{names:?}"
    );
    let id = world.ada.id.to_string();
    assert!(!names.iter().any(|name| name.contains(&id)), "{names:?}");
}

/// While Redis is away what is in memory is not trusted: the store is asked, and says
/// at once what was revoked elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_store_is_asked_each_time() {
    let mut world = World::new().await;
    let (spared, made) = (world.hot().await, world.hot().await);
    world.redis.kill_9().unwrap();
    // Nobody tells the other instance; it notices that it cannot hear.
    world.revoke(&made).await;
    assert_eq!(code(&world.here, &made.key).await, DEAD);
    until(async || {
        let answer = code(&world.there, &made.key).await;
        assert_ne!(answer, Some(Code::Unavailable), "the store is there");
        answer == DEAD
    })
    .await;
    until(async || !hears(&world.there) && !hears(&world.here)).await;
    for auth in [&world.here, &world.there] {
        let before = loads(auth);
        for _ in 0..10 {
            assert_eq!(code(auth, &spared.key).await, None);
        }
        assert!(
            loads(auth) >= before + 10,
            "what is in memory is not trusted"
        );
    }
    // A change goes through, whoever cannot be told of it.
    world.set_status(UserStatus::Disabled).await;
    for auth in [&world.here, &world.there] {
        assert_eq!(code(auth, &spared.key).await, DEAD);
    }
    world.set_status(UserStatus::Active).await;
    world.redis.restart().await.unwrap();
    until(async || hears(&world.there) && hears(&world.here)).await;
    let made = world.hot().await;
    world.revoke(&made).await;
    until(async || code(&world.there, &made.key).await == DEAD).await;
}

/// Whoever was not told, and does not notice: what is kept ends by itself.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_the_tier_learns_of_it_when_what_it_keeps_has_ended() {
    let random: [u8; 8] = draw(&SystemRandom::new()).unwrap();
    let schema = format!("lookups_{:016x}", u64::from_be_bytes(random));
    let here = instance(&schema, |it| it).await;
    assert!(here.lookup_cache_stats().is_none(), "others may change it");
    let brief = LookupCache::new().with_ttl(Duration::from_secs(2));
    let there = instance(&schema, |it| it.with_lookup_cache(brief)).await;
    let cx = Context::new();
    let request = SignUp::new("ada@example.org", password(PASSWORD)).with_roles(["read"]);
    let ada = here.sign_up(&cx, request).await.unwrap();
    let request = CreateApiKey::new("deploys", scope("read"));
    let made = here.create_api_key(&cx, ada.id, request).await.unwrap();
    assert_eq!(code(&there, &made.key).await, None);
    here.revoke_api_key(&cx, ada.id, made.info.id)
        .await
        .unwrap();
    assert_eq!(code(&here, &made.key).await, DEAD);
    until(async || code(&there, &made.key).await == DEAD).await;
}
