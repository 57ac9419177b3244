//! An issuer that says what a test wants, and a verifier of its tokens.

use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::jwks::{
    Fetch, FetchError, FetchErrorKind, Fetched, RemoteJwks, RemoteJwksBuilder, Url,
};
use auth_core::jwt::{NewToken, TokenError, TokenIssuer};
use auth_core::key::{KeySet, SigningKey};
use auth_core::verifier::{Verifier, VerifyError};
use auth_core::{
    Audience, ClientId, Clock, EntropyError, Issuer, ManualClock, Scope, SecureRandom, SessionId,
    SystemRandom, TenantId, Timestamp, UserId,
};
use serde_json::{Map, Value, json};

pub(crate) const NAME: &str = "https://auth.example";
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(30);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Answers with what it was last told to.
#[derive(Debug)]
pub(crate) struct Script {
    answer: Mutex<Result<Vec<u8>, FetchErrorKind>>,
    takes: Mutex<Duration>,
    fetches: AtomicU64,
}

impl Script {
    pub(crate) fn new(body: impl Into<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self {
            answer: Mutex::new(Ok(body.into())),
            takes: Mutex::default(),
            fetches: AtomicU64::new(0),
        })
    }

    pub(crate) fn says(&self, body: impl Into<Vec<u8>>) {
        *self.answer.lock().unwrap() = Ok(body.into());
    }

    pub(crate) fn fails(&self) {
        *self.answer.lock().unwrap() = Err(FetchErrorKind::Connect);
    }

    pub(crate) fn takes(&self, time: Duration) {
        *self.takes.lock().unwrap() = time;
    }

    pub(crate) fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Fetch for Script {
    async fn fetch(&self, _url: &Url) -> Result<Fetched, FetchError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        // What it says is what it said when it was asked.
        let answer = self.answer.lock().unwrap().clone();
        let time = *self.takes.lock().unwrap();
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
        Fetched::new(answer?)
    }
}

/// Each interval is a twentieth shorter: were it the longest, what passes it would end
/// with it, and either could be first.
#[derive(Debug)]
struct Middling;

impl SecureRandom for Middling {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        buffer.fill(128);
        Ok(())
    }
}

pub(crate) struct Rig {
    pub(crate) key: SigningKey,
    pub(crate) script: Arc<Script>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) keys: RemoteJwks,
    pub(crate) verifier: Verifier,
}

/// A verifier whose issuer shows one key, which is known.
pub(crate) async fn rig() -> Rig {
    let rig = cold_rig(|builder| builder);
    rig.keys.ready().await.unwrap();
    rig
}

/// The same, before anything was fetched.
pub(crate) fn cold_rig(with: impl FnOnce(RemoteJwksBuilder) -> RemoteJwksBuilder) -> Rig {
    let key = new_key();
    let script = Script::new(jwks([&key]));
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
    let builder = RemoteJwks::builder("https://auth.example/jwks", script.clone());
    let builder = builder
        .with_clock(clock.clone())
        .with_random(Arc::new(Middling));
    let keys = with(builder).build().unwrap();
    let verifier = verifier(NAME, &keys, &clock);
    Rig {
        key,
        script,
        clock,
        keys,
        verifier,
    }
}

pub(crate) fn verifier(issuer: &str, keys: &RemoteJwks, clock: &Arc<ManualClock>) -> Verifier {
    Verifier::builder(
        &Issuer::new(issuer).unwrap(),
        &audience(),
        Arc::new(keys.clone()),
    )
    .without_revocations()
    .with_clock(clock.clone())
    .build()
    .unwrap()
}

fn audience() -> Audience {
    Audience::new("https://api.example").unwrap()
}

impl Rig {
    /// Lets `time` pass on all clocks.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        tokio::time::sleep(time).await;
    }

    pub(crate) fn token(&self) -> String {
        self.token_of(&self.key)
    }

    pub(crate) fn token_of(&self, key: &SigningKey) -> String {
        token(NAME, key, self.clock.now().wall)
    }

    /// A token by a key that nobody has, under this id.
    pub(crate) fn forged(&self, kid: &str) -> String {
        self.token_of(&new_key().with_kid(kid).unwrap())
    }

    pub(crate) async fn answer(&self, token: &str) -> &'static str {
        answer(&self.verifier, token).await
    }
}

pub(crate) async fn answer(verifier: &Verifier, token: &str) -> &'static str {
    match verifier.verify(token).await {
        Ok(_) => "good",
        Err(VerifyError::Invalid(TokenError::UnknownKey)) => "unknown key",
        Err(VerifyError::Invalid(TokenError::Signature)) => "bad signature",
        Err(VerifyError::Unavailable(_)) => "unavailable",
        Err(other) => panic!("{other:?}"),
    }
}

pub(crate) fn new_key() -> SigningKey {
    SigningKey::generate(&SystemRandom::new()).unwrap()
}

pub(crate) fn jwks<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> String {
    let keys = keys.into_iter().map(|key| key.verifying_key().clone());
    serde_json::to_string(&KeySet::new(keys).unwrap().to_jwks()).unwrap()
}

/// The set with one member more in its first key.
pub(crate) fn with_member(jwks: &str, name: &str, value: &str) -> String {
    let mut set: Value = serde_json::from_str(jwks).unwrap();
    set["keys"][0][name] = json!(value);
    set.to_string()
}

pub(crate) fn token(issuer: &str, key: &SigningKey, now: Timestamp) -> String {
    let random = SystemRandom::new();
    let id = || "01890a5d-ac96-774b-bcce-b302099a8057";
    let new = NewToken {
        subject: id().parse::<UserId>().unwrap(),
        tenant: id().parse::<TenantId>().unwrap(),
        session: id().parse::<SessionId>().unwrap(),
        client: &ClientId::new("app").unwrap(),
        scope: &Scope::default(),
        user_version: 1,
        tenant_version: 1,
        amr: &[],
        auth_time: now,
        roles: &[],
        custom: &Map::new(),
        now,
    };
    let lifetime = Duration::from_secs(300);
    TokenIssuer::new(Issuer::new(issuer).unwrap(), audience(), lifetime)
        .issue(key, &new, &random)
        .unwrap()
        .expose()
        .to_owned()
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Begins to record what is logged on this thread, on which a test and its
/// runtime are alone.
///
/// One subscriber for all threads: with one for each, a thread without any may
/// switch an event off for the others.
pub(crate) fn record_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_writer(|| Logs)
            .with_ansi(false)
            .init();
    });
    LOGGED.take();
}

/// How often this was logged.
pub(crate) fn logged(text: &str) -> usize {
    LOGGED.with_borrow(|bytes| String::from_utf8_lossy(bytes).matches(text).count())
}

struct Logs;

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
