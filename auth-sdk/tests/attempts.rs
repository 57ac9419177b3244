//! Attempts at passwords: counted, waited for, given back: checklist 79 to 81.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::password::{HashPool, danger};
use auth_core::{DeviceToken, EntropyError, SecureRandom, UserId};
use auth_sdk::{
    AuthError, BuildError, ChangePassword, Context, ImportUser, LogIn, LoggedIn, MemoryStore,
    SignUp, Store, UserStatus,
};
use support::unsure::Unsure;
use support::{OTHER_PASSWORD, PASSWORD, Rig, builder, password, rig_with};

const ADA: &str = "ada@example.org";
const NOBODY: &str = "nobody@example.org";
const HOUR: Duration = Duration::from_secs(3600);

/// A rig, its store, and a pool whose hashes are counted.
struct Bench {
    rig: Rig,
    store: Arc<Unsure>,
    pool: HashPool,
}

async fn bench() -> Bench {
    let mut store = None;
    let pool = support::quick_pool();
    let rig = rig_with(
        |inner| store.insert(Unsure::new(inner)).clone(),
        |builder| builder.with_hash_pool(pool.clone()),
    )
    .await;
    Bench {
        rig,
        store: store.unwrap(),
        pool,
    }
}

fn from(network: u8) -> Context {
    Context::new().with_client_address(IpAddr::from([203, 0, network, 7]))
}

/// What came of an attempt, as its caller hears it.
type Heard = Result<LoggedIn, (&'static str, Option<Duration>)>;

fn heard(outcome: Result<LoggedIn, AuthError>) -> Heard {
    outcome.map_err(|error| (error.code().as_str(), error.retry_after()))
}

const WRONG: (&str, Option<Duration>) = ("invalid_credentials", None);

const fn wait(seconds: u64) -> (&'static str, Option<Duration>) {
    ("too_many_attempts", Some(Duration::from_secs(seconds)))
}

impl Bench {
    async fn try_as(&self, cx: &Context, request: LogIn) -> Heard {
        heard(self.rig.auth.log_in(cx, request).await)
    }

    async fn guess(&self, network: u8, identifier: &str) -> (&'static str, Option<Duration>) {
        let request = LogIn::new(identifier, password(OTHER_PASSWORD));
        self.try_as(&from(network), request).await.unwrap_err()
    }

    async fn right(&self, network: u8, device: Option<&DeviceToken>) -> Heard {
        let mut request = LogIn::new(ADA, password(PASSWORD));
        if let Some(device) = device {
            request = request.with_device_token(device.clone());
        }
        self.try_as(&from(network), request).await
    }

    /// So many wrong guesses, each from a network of its own that waits as it is
    /// told to.
    async fn guess_patiently(&self, times: u32, identifier: &str) {
        for _ in 0..times {
            assert_eq!(self.guess(66, identifier).await, WRONG);
            self.rig.pass(2 * HOUR);
        }
    }

    async fn change(&self, user: UserId, current: &str) -> Heard {
        let request = ChangePassword::new(password(current), password(OTHER_PASSWORD));
        heard(self.rig.auth.change_password(&from(1), user, request).await)
    }
}

#[tokio::test]
async fn c79_after_five_failures_each_attempt_waits_twice_as_long() {
    let bench = bench().await;
    bench.rig.sign_up(ADA).await;
    for _ in 0..5 {
        assert_eq!(bench.guess(1, ADA).await, WRONG);
    }
    for seconds in [1, 2, 4, 8] {
        // The right password is not looked at, from any network.
        assert_eq!(bench.right(1, None).await.unwrap_err(), wait(seconds));
        assert_eq!(bench.right(2, None).await.unwrap_err(), wait(seconds));
        bench.rig.pass(Duration::from_secs(seconds));
        assert_eq!(bench.guess(1, ADA).await, WRONG);
    }
    bench.rig.pass(Duration::from_secs(16));
    bench.right(1, None).await.unwrap();
    // A success ends the count.
    assert_eq!(bench.guess(1, ADA).await, WRONG);
    bench.right(1, None).await.unwrap();
}

#[tokio::test]
async fn c81_who_has_no_account_waits_like_anybody_else() {
    let bench = bench().await;
    let ada = bench.rig.ada().await;
    bench.rig.pass(Duration::from_secs(31 * 24 * 3600));
    let import = |name, hash| {
        let auth = bench.rig.auth.clone();
        async move {
            auth.import_user(&Context::new(), ImportUser::new(name, hash))
                .await
                .unwrap()
        }
    };
    import("passwordless", None).await;
    let disabled = bench.rig.sign_up("disabled").await;
    bench
        .rig
        .auth
        .set_user_status(&bench.rig.cx, disabled.id, UserStatus::Disabled)
        .await
        .unwrap();
    bench.store.take_statements();

    let mut all = Vec::new();
    for identifier in [ADA, NOBODY, "passwordless", "disabled"] {
        let mut heard = Vec::new();
        for _ in 0..8 {
            let before = bench.pool.stats().hashed;
            let answer = bench.guess(1, identifier).await;
            // One hash and one statement, when it waits too.
            let hashed = bench.pool.stats().hashed - before;
            heard.push((answer, hashed, bench.store.take_statements()));
            assert_eq!((hashed, &*heard.last().unwrap().2), (1, &["reserve"][..]));
        }
        all.push(heard);
    }
    assert!(all.iter().all(|heard| *heard == all[0]), "{all:?}");
    assert_eq!(all[0][5].0, wait(1));
    assert!(
        bench
            .rig
            .auth
            .user(&bench.rig.cx, ada.user.id)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn c79_the_hundredth_failure_stops_the_password_for_unknown_devices_alone() {
    let bench = bench().await;
    bench.rig.sign_up(ADA).await;
    let device = bench.right(1, None).await.unwrap().device;
    bench.rig.pass(Duration::from_secs(31 * 24 * 3600));
    bench.guess_patiently(100, ADA).await;

    // Not told from a wrong password, in words or in work.
    bench.store.take_statements();
    let before = bench.pool.stats().hashed;
    assert_eq!(bench.right(2, None).await.unwrap_err(), WRONG);
    assert_eq!(bench.pool.stats().hashed - before, 1);
    assert_eq!(bench.store.take_statements(), ["reserve"]);

    // The owner's device neither waits nor fails, and its network is known then.
    let known = bench.right(2, Some(&device)).await.unwrap();
    assert!(bench.rig.accepts(&known));
    bench.rig.pass(2 * HOUR);
    // It cleared its own budget, not that of the others.
    assert_eq!(bench.right(3, None).await.unwrap_err(), WRONG);
    bench.rig.pass(2 * HOUR);

    bench
        .rig
        .auth
        .forget_attempts(&bench.rig.cx, known.user.id)
        .await
        .unwrap();
    bench.right(3, None).await.unwrap();
    let nobody = UserId::from_uuid(uuid::Uuid::from_u128(7));
    let unknown = bench.rig.auth.forget_attempts(&bench.rig.cx, nobody).await;
    assert!(matches!(unknown, Err(AuthError::NotFound)));
}

#[tokio::test]
async fn c80_a_guesser_does_not_make_the_owners_network_wait() {
    let bench = bench().await;
    bench.rig.sign_up(ADA).await;
    bench.right(1, None).await.unwrap();
    for network in 10..40 {
        bench.guess(network, ADA).await;
    }
    assert!(matches!(
        bench.guess(50, ADA).await,
        ("too_many_attempts", _)
    ));
    bench.right(1, None).await.unwrap();
}

#[tokio::test]
async fn c80_a_device_token_counts_for_its_own_account_and_for_400_days() {
    let bench = bench().await;
    bench.rig.sign_up(ADA).await;
    bench.rig.sign_up("eve").await;
    let eves = bench.rig.log_in("eve").await.device;
    let adas = bench.right(1, None).await.unwrap().device;
    bench.rig.pass(Duration::from_secs(31 * 24 * 3600));
    for _ in 0..5 {
        bench.guess(9, ADA).await;
    }
    let forged = DeviceToken::from_text("d1.AAAA".to_owned());
    for device in [None, Some(&eves), Some(&forged)] {
        assert_eq!(bench.right(2, device).await.unwrap_err(), wait(1));
    }
    bench.right(2, Some(&adas)).await.unwrap();

    bench.rig.pass(DeviceToken::LIFETIME);
    for _ in 0..5 {
        bench.guess(9, ADA).await;
    }
    assert_eq!(bench.right(3, Some(&adas)).await.unwrap_err(), wait(1));
}

#[tokio::test]
async fn c80_a_stolen_device_is_worth_a_hundred_guesses_and_no_more() {
    let bench = bench().await;
    bench.rig.sign_up(ADA).await;
    let device = bench.right(1, None).await.unwrap().device;
    for _ in 0..100 {
        let guess = LogIn::new(ADA, password(OTHER_PASSWORD)).with_device_token(device.clone());
        assert_eq!(bench.try_as(&from(66), guess).await.unwrap_err(), WRONG);
        bench.rig.pass(2 * HOUR);
    }
    // From here on it is a stranger, charged like one; the owner's network is not.
    for _ in 0..5 {
        let guess = LogIn::new(ADA, password(OTHER_PASSWORD)).with_device_token(device.clone());
        assert_eq!(bench.try_as(&from(66), guess).await.unwrap_err(), WRONG);
        bench.rig.pass(2 * HOUR);
        assert_eq!(bench.guess(67, ADA).await, WRONG);
        bench.rig.pass(2 * HOUR);
    }
    bench.right(1, None).await.unwrap();
}

#[tokio::test]
async fn c79_attempts_that_arrive_at_once_are_all_charged_before_any_is_answered() {
    let bench = bench().await;
    bench.rig.sign_up(ADA).await;
    let guesses: Vec<_> = (0..64)
        .map(|_| {
            let auth = bench.rig.auth.clone();
            let guess = LogIn::new(ADA, password(OTHER_PASSWORD));
            tokio::spawn(async move { heard(auth.log_in(&from(1), guess).await) })
        })
        .collect();
    let mut wrong = 0;
    for guess in guesses {
        match guess.await.unwrap().unwrap_err() {
            WRONG => wrong += 1,
            told => assert_eq!(told, wait(1)),
        }
    }
    assert_eq!(wrong, 5);
}

/// Salts are drawn while this can be locked: what hashes stands still until then.
#[derive(Debug, Default)]
struct Held(Mutex<()>);

impl SecureRandom for Held {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        let _held = self.0.lock().unwrap();
        buffer.fill(7);
        Ok(())
    }
}

#[tokio::test]
async fn c79_a_caller_that_hangs_up_has_failed_once_more() {
    let held = Arc::new(Held::default());
    let pool = HashPool::builder()
        .with_params(danger::argon2_params(8, 1, 1).unwrap())
        .with_threads(1)
        .with_random(held.clone())
        .build()
        .unwrap();
    let rig = rig_with(|store| store, |auth| auth.with_hash_pool(pool.clone())).await;
    rig.sign_up(ADA).await;
    let cx = from(1);
    let right = || rig.auth.log_in(&cx, LogIn::new(ADA, password(PASSWORD)));
    for _ in 0..5 {
        let busy = {
            let _held = held.0.lock().unwrap();
            let busy = pool.hash(password(PASSWORD), pool.deadline(HOUR));
            // It is next, and the store answers at once: what it waits for is the only thread.
            let mut log_in = Box::pin(right());
            let waker = &mut std::task::Context::from_waker(std::task::Waker::noop());
            assert!(log_in.as_mut().poll(waker).is_pending());
            busy
        };
        busy.await.unwrap();
    }
    assert_eq!(heard(right().await).unwrap_err(), wait(1));
}

#[tokio::test]
async fn c79_what_nobody_looked_at_is_given_back() {
    let bench = bench().await;
    bench.rig.sign_up(ADA).await;
    bench.rig.auth.clone().shut_down().await;
    for _ in 0..20 {
        let refused = bench.right(1, None).await.unwrap_err();
        assert_eq!(refused.0, "temporarily_unavailable");
    }
    let restarted = builder(&bench.rig.store, &bench.rig.clock, support::root(1));
    let auth = restarted.build().await.unwrap();
    let cx = from(1);
    auth.log_in(&cx, LogIn::new(ADA, password(PASSWORD)))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_success_that_cannot_be_settled_is_a_success() {
    let bench = bench().await;
    bench.rig.sign_up(ADA).await;
    bench.store.set_unsettling(true);
    for _ in 0..5 {
        bench.right(1, None).await.unwrap();
    }
    // The charges stay.
    assert_eq!(bench.right(1, None).await.unwrap_err(), wait(1));
}

#[tokio::test]
async fn c79_a_stolen_session_guesses_a_hundred_times_and_nobody_else_waits() {
    let bench = bench().await;
    let ada = bench.rig.ada().await.user.id;
    for _ in 0..5 {
        assert_eq!(bench.change(ada, "wrong").await.unwrap_err(), WRONG);
    }
    assert_eq!(bench.change(ada, PASSWORD).await.unwrap_err(), wait(1));
    bench.rig.log_in(ADA).await;
    for _ in 5..100 {
        bench.rig.pass(2 * HOUR);
        assert_eq!(bench.change(ada, "wrong").await.unwrap_err(), WRONG);
    }
    bench.rig.pass(2 * HOUR);
    assert_eq!(bench.change(ada, PASSWORD).await.unwrap_err(), WRONG);
    bench.right(77, None).await.unwrap();
}

#[tokio::test]
async fn c79_a_password_change_forgets_all_failures() {
    let bench = bench().await;
    let ada = bench.rig.ada().await.user.id;
    bench.rig.pass(Duration::from_secs(31 * 24 * 3600));
    bench.guess_patiently(100, ADA).await;
    let changed = bench.change(ada, PASSWORD).await.unwrap();
    let new = LogIn::new(ADA, password(OTHER_PASSWORD));
    bench.try_as(&from(88), new).await.unwrap();
    // It leaves a token of its own on the device.
    let known = LogIn::new(ADA, password(OTHER_PASSWORD)).with_device_token(changed.device);
    bench.try_as(&from(89), known).await.unwrap();
}

#[tokio::test]
async fn a_store_that_counts_no_attempts_is_refused_unless_one_says_so() {
    let clock = Arc::new(auth_core::ManualClock::at(support::NOW));
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::with_clock(clock.clone()));
    let store = Unsure::new(inner);
    store.set_uncounting();
    let store: Arc<dyn Store> = store;
    let refused = builder(&store, &clock, support::root(1)).build().await;
    assert!(matches!(refused, Err(BuildError::NoAttempts)));
    let auth = builder(&store, &clock, support::root(1))
        .danger_accept_unlimited_attempts()
        .build()
        .await
        .unwrap();
    let cx = Context::new();
    let user = auth.sign_up(&cx, SignUp::new(ADA, password(PASSWORD)));
    let user = user.await.unwrap();
    for _ in 0..10 {
        let guess = LogIn::new(ADA, password(OTHER_PASSWORD));
        assert_eq!(heard(auth.log_in(&cx, guess).await).unwrap_err(), WRONG);
    }
    auth.log_in(&cx, LogIn::new(ADA, password(PASSWORD)))
        .await
        .unwrap();
    auth.forget_attempts(&cx, user.id).await.unwrap();
}

/// A clock that runs while nothing else does: a floor is a floor under every
/// answer but that of a pool without time.
#[tokio::test]
async fn c81_no_log_in_is_answered_before_the_floor() {
    let floor = Duration::from_millis(300);
    let pool = HashPool::builder()
        .with_params(danger::argon2_params(8, 1, 1).unwrap())
        .with_threads(1)
        .build()
        .unwrap();
    let rig = rig_with(
        |store| store,
        |builder| {
            builder
                .with_hash_pool(pool.clone())
                .with_response_floor(floor)
        },
    )
    .await;
    rig.sign_up(ADA).await;
    let took = async |identifier: &str, text: &str| {
        let begun = tokio::time::Instant::now();
        let request = LogIn::new(identifier, password(text));
        let outcome = rig.auth.log_in(&rig.cx, request).await;
        (begun.elapsed(), outcome.is_ok())
    };
    for (identifier, text, expected) in [
        (ADA, PASSWORD, true),
        (ADA, OTHER_PASSWORD, false),
        (NOBODY, PASSWORD, false),
        ("", PASSWORD, false),
    ] {
        let (took, ok) = took(identifier, text).await;
        assert_eq!(ok, expected);
        assert!(took >= floor, "{took:?} {identifier}");
    }
    let refused = builder(&rig.store, &rig.clock, support::root(1))
        .with_response_floor(Duration::from_secs(11));
    assert!(matches!(
        refused.build().await,
        Err(BuildError::Lifetime(_))
    ));
}
