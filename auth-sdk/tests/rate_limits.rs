//! How much a network may do, over all accounts.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::redis::RedisLink;
use auth_cache::throttle::redis::RedisRateLimiter;
use auth_core::ManualClock;
use auth_core::refresh::RefreshToken;
use auth_core::reset::ResetToken;
use auth_core::throttle::{Charge, Decision, RateLimiter};
use auth_sdk::{
    AuthError, Code, Context, Limited, LogIn, MemoryRateLimiter, MemoryStore, PlatformKey,
    RateLimits, SignUp, Store, VerifiedPlatformIdentity,
};
use auth_testkit::servers::Redis;
use support::{NOW, OTHER_PASSWORD, PASSWORD, Rig, builder, password, rig_with, root, unsure_rig};

const MINUTE: Duration = Duration::from_secs(60);

fn from(address: &str) -> Context {
    Context::new().with_client_address(address.parse::<IpAddr>().unwrap())
}

/// `burst` of each in a minute.
fn limits(limiter: Arc<dyn RateLimiter>, burst: u32) -> RateLimits {
    let limits = RateLimits::new(limiter);
    Limited::ALL.into_iter().fold(limits, |limits, limited| {
        limits.with_quota(limited, burst, MINUTE).unwrap()
    })
}

async fn limited_rig(burst: u32) -> Rig {
    let limiter = Arc::new(MemoryRateLimiter::new().with_clock(Arc::new(ManualClock::at(NOW))));
    rig_with(
        |store| store,
        |auth| auth.with_rate_limits(limits(limiter, burst)),
    )
    .await
}

fn is_limited<T: std::fmt::Debug>(outcome: Result<T, AuthError>) -> Duration {
    match outcome {
        Err(error @ AuthError::RateLimited { retry_after }) => {
            assert_eq!(error.code(), Code::TooManyAttempts);
            assert_eq!(error.code().http_status(), 429);
            assert_eq!(error.code().grpc_status() as i32, 8, "RESOURCE_EXHAUSTED");
            assert_eq!(error.retry_after(), Some(retry_after));
            retry_after
        }
        other => panic!("{other:?}"),
    }
}

impl Rig {
    async fn guess(&self, cx: &Context, identifier: &str) -> Result<(), AuthError> {
        let request = LogIn::new(identifier, password("wrong wrong wrong"));
        self.auth.log_in(cx, request).await.map(drop)
    }
}

fn is_wrong(outcome: Result<(), AuthError>) {
    match outcome {
        Err(AuthError::InvalidCredentials) => {}
        other => panic!("{other:?}"),
    }
}

/// One guess at each of many accounts, which attempts do not count together.
#[tokio::test]
async fn one_guess_at_each_of_many_accounts_is_limited() {
    let rig = limited_rig(5).await;
    let ada = from("198.51.100.7");
    let sign_up = SignUp::new("ada@example.org", password(PASSWORD));
    rig.auth.sign_up(&ada, sign_up).await.unwrap();
    for n in 0..5 {
        let cx = from(&format!("203.0.113.{n}"));
        is_wrong(rig.guess(&cx, &format!("user{n}@example.org")).await);
    }
    let cx = from("203.0.113.200");
    // One that there is, others that there are not, one that cannot be: the same.
    for identifier in [
        "ada@example.org",
        "nobody@example.org",
        "user1@example.org",
        "",
    ] {
        assert_eq!(is_limited(rig.guess(&cx, identifier).await), MINUTE / 5);
    }
    // The right password is no better, and elsewhere it works.
    let right = || LogIn::new("ada@example.org", password(PASSWORD));
    is_limited(rig.auth.log_in(&cx, right()).await);
    rig.auth.log_in(&ada, right()).await.unwrap();
    is_wrong(rig.guess(&from("2001:db8:1::1"), "x@example.org").await);
}

/// Each by its own quota, and whoever is limited asks nothing of the store.
#[tokio::test]
async fn every_use_case_is_limited_before_anything_is_asked() {
    let limiter = Arc::new(MemoryRateLimiter::new().with_clock(Arc::new(ManualClock::at(NOW))));
    let (rig, store) = unsure_rig(|auth| auth.with_rate_limits(limits(limiter, 1))).await;
    let cx = from("203.0.113.1");
    let auth = &rig.auth;
    let sign_up = || SignUp::new("ada@example.org", password(PASSWORD));
    let ada = auth.sign_up(&cx, sign_up()).await.unwrap();
    let log_in = || LogIn::new("ada@example.org", password(PASSWORD));
    let tokens = auth.log_in(&cx, log_in()).await.unwrap().tokens;
    let tokens = auth.refresh(&cx, &tokens.refresh_token).await.unwrap();
    let key = PlatformKey::new("https://accounts.example.com", "1").unwrap();
    auth.link_platform(&cx, ada.id, &key).await.unwrap();
    let identity = || VerifiedPlatformIdentity::i_have_verified(key.clone(), ["fed"]);
    auth.log_in_with_verified_platform(&cx, identity())
        .await
        .unwrap();
    let asked = auth.request_password_reset(&cx, "ada@example.org").await;
    let reset = asked.unwrap().unwrap().token;
    let new = || password(OTHER_PASSWORD);
    auth.reset_password(&cx, &reset, new()).await.unwrap();

    // Whoever asked it now would hear that it is down.
    store.set_down(true);
    is_limited(auth.sign_up(&cx, sign_up()).await);
    is_limited(auth.log_in(&cx, log_in()).await);
    is_limited(auth.log_in_with_verified_platform(&cx, identity()).await);
    is_limited(auth.refresh(&cx, &tokens.refresh_token).await);
    is_limited(auth.request_password_reset(&cx, "ada@example.org").await);
    is_limited(auth.request_password_reset(&cx, "nobody@example.org").await);
    is_limited(auth.reset_password(&cx, &reset, new()).await);

    // What is forged is refused as ever, and costs nobody's quota.
    let forged = RefreshToken::from_text("r1.forged".to_owned());
    let refused = auth.refresh(&cx, &forged).await;
    assert!(
        matches!(refused, Err(AuthError::InvalidGrant)),
        "{refused:?}"
    );
    let other = from("198.51.100.1");
    for _ in 0..20 {
        let forged = ResetToken::from_text("p1.forged".to_owned());
        let refused = auth.reset_password(&other, &forged, new()).await;
        assert!(
            matches!(refused, Err(AuthError::InvalidResetToken)),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn what_is_switched_off_is_not_limited() {
    let limiter = Arc::new(MemoryRateLimiter::new());
    let limits = limits(limiter, 1).without(Limited::LogIn);
    let rig = rig_with(|store| store, |auth| auth.with_rate_limits(limits)).await;
    for n in 0..20 {
        is_wrong(
            rig.guess(&from("203.0.113.1"), &format!("user{n}@x.org"))
                .await,
        );
    }
}

/// Requests that do not say where they come from are one network, unless that is lifted.
#[tokio::test]
async fn requests_without_an_address_are_one_network() {
    let rig = limited_rig(1).await;
    is_wrong(rig.guess(&Context::new(), "a@example.org").await);
    is_limited(rig.guess(&Context::new(), "b@example.org").await);
    is_wrong(rig.guess(&from("203.0.113.1"), "a@example.org").await);

    let limits = limits(Arc::new(MemoryRateLimiter::new()), 1).without_unknown_networks();
    let rig = rig_with(|store| store, |auth| auth.with_rate_limits(limits)).await;
    for n in 0..20 {
        is_wrong(rig.guess(&Context::new(), &format!("user{n}@x.org")).await);
    }
    is_wrong(rig.guess(&from("203.0.113.1"), "a@example.org").await);
    is_limited(rig.guess(&from("203.0.113.1"), "b@example.org").await);
}

/// A limiter counts once for each call, and only where there is one.
#[tokio::test]
async fn without_limits_nothing_is_counted_and_with_them_each_call_once() {
    #[derive(Debug, Default)]
    struct Counted(AtomicUsize);
    #[async_trait]
    impl RateLimiter for Counted {
        async fn check_all(&self, charges: &[Charge<'_>]) -> Vec<Decision> {
            self.0.fetch_add(charges.len(), Ordering::SeqCst);
            vec![Decision::Allowed { remaining: 0 }; charges.len()]
        }
    }
    let counted = Arc::new(Counted::default());
    let limits = RateLimits::new(counted.clone());
    let rig = rig_with(|store| store, |auth| auth.with_rate_limits(limits)).await;
    let ada = rig.ada().await;
    rig.auth
        .refresh(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    assert_eq!(counted.0.load(Ordering::SeqCst), 3);
    let rig = rig_with(|store| store, |auth| auth).await;
    for n in 0..2_000 {
        is_wrong(
            rig.guess(&from("203.0.113.1"), &format!("user{n}@x.org"))
                .await,
        );
    }
}

fn shared(redis: &Redis, deadline: Duration) -> Arc<RedisRateLimiter> {
    let link = RedisLink::single(&redis.url()).unwrap();
    let link = link.with_deadline(deadline).build().unwrap();
    let limiter = RedisRateLimiter::builder(link, root(1))
        .with_deadline(deadline)
        .with_instances(NonZeroU16::new(2).unwrap());
    Arc::new(limiter.build())
}

async fn instance(limiter: Arc<RedisRateLimiter>, burst: u32) -> Rig {
    let clock = Arc::new(ManualClock::at(NOW));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_clock(clock.clone()));
    let hours = Duration::from_secs(24 * 3_600);
    let limits = RateLimits::new(limiter);
    let limits = limits.with_quota(Limited::LogIn, burst, hours).unwrap();
    let auth = builder(&store, &clock, root(1)).with_rate_limits(limits);
    Rig {
        auth: auth.build().await.unwrap(),
        store,
        clock,
        cx: Context::new(),
    }
}

/// Of so many guesses, each at another account, those that were looked at.
async fn looked_at(rig: &Rig, guesses: usize) -> usize {
    let mut looked_at = 0;
    for n in 0..guesses {
        match rig
            .guess(&from("203.0.113.1"), &format!("u{n}@x.org"))
            .await
        {
            Err(AuthError::InvalidCredentials) => looked_at += 1,
            Err(AuthError::RateLimited { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    looked_at
}

#[tokio::test]
async fn two_instances_share_a_quota_in_redis() {
    let redis = Redis::start().await.unwrap();
    let patient = Duration::from_secs(10);
    let one = instance(shared(&redis, patient), 10).await;
    let other = instance(shared(&redis, patient), 10).await;
    assert_eq!(looked_at(&one, 4).await, 4);
    assert_eq!(looked_at(&other, 20).await, 6);
    assert_eq!(looked_at(&one, 20).await, 0);
}

/// Each has half of it, less what it had before.
#[tokio::test]
async fn while_redis_is_frozen_each_instance_has_less() {
    let redis = Redis::start().await.unwrap();
    let deadline = Duration::from_millis(200);
    let limiters = [shared(&redis, deadline), shared(&redis, deadline)];
    redis.freeze().unwrap();
    let mut looked = 0;
    for limiter in &limiters {
        let rig = instance(limiter.clone(), 10).await;
        let here = looked_at(&rig, 20).await;
        assert_eq!(here, 5);
        looked += here;
        assert!(limiter.stats().fell_back() == 20, "{:?}", limiter.stats());
    }
    assert_eq!(looked, 10);
    redis.thaw().unwrap();
}
