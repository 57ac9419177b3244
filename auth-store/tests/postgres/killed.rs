//! The process is killed (SIGKILL) at every point at which the database could
//! tell one moment of it from the next: before each message it sends, after each
//! it sent, and before each it would have received. What it had acknowledged by
//! then is there, and what it had not is made once by whoever asks again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::refresh::{RefreshToken, TokenSecret};
use auth_core::revocation::{Cursor, RevocationLog, Target};
use auth_core::{EntropyError, RootSecret, RootSecrets, SecureRandom, SessionId, UserId};
use auth_store::{
    CreateOutcome, EndSessions, Identifier, NewSession, NewUser, OpenOutcome, PgStore,
    RotateOutcome, Seen, SessionStore, UserStore,
};
use auth_testkit::servers::{Direction, Proxy, Verdict};
use uuid::Uuid;

use super::support::{Place, TENANT, builder, fresh, rotation, value};

const URL: &str = "AUTH_TEST_KILLED_URL";
const SCHEMA: &str = "AUTH_TEST_KILLED_SCHEMA";
const ROUND: &str = "AUTH_TEST_KILLED_ROUND";

/// What the process says once something is done.
const DONE: &str = "done ";
const SIGNED_UP: &str = "signed up";
const LOGGED_IN: &str = "logged in";
const ROTATED: &str = "rotated";
const ROTATED_AGAIN: &str = "rotated again";
const LOGGED_OUT: &str = "logged out";
/// How many they are.
const STEPS: usize = 5;

/// What both processes know without asking each other.
struct Script {
    roots: RootSecrets,
    round: u128,
    schema: String,
}

impl Script {
    fn new(round: u128, schema: &str) -> Self {
        let root = RootSecret::from_bytes(b"0123456789abcdef0123456789abcdef").unwrap();
        Self {
            roots: RootSecrets::new(root),
            round,
            schema: schema.to_owned(),
        }
    }

    fn user(&self) -> NewUser {
        let id = UserId::from_uuid(Uuid::from_u128(0xa000 + self.round));
        NewUser {
            id,
            tenant: TENANT,
            identifier: Identifier::new(&format!("{}@{}.org", self.round, self.schema)).unwrap(),
            password_hash: Some("first".into()),
            password_policy: None,
            roles: vec![],
        }
    }

    fn session(&self) -> NewSession {
        let secret = Self::secret();
        NewSession {
            id: SessionId::from_uuid(Uuid::from_u128(0xb000 + self.round)),
            tenant: TENANT,
            user: self.user().id,
            seen: Seen {
                ver: 1,
                session_epoch: 1,
                password_hash: Some("first".into()),
            },
            client: auth_core::ClientId::default(),
            scope: "a".parse().unwrap(),
            amr: vec!["pwd".to_owned()],
            device: None,
            root: self.roots.active().id(),
            secret_hash: secret.hash(),
            idle: Duration::from_secs(3600),
            absolute: Duration::from_secs(7200),
        }
    }

    fn secret() -> TokenSecret {
        TokenSecret::draw(&Sevens).unwrap()
    }

    fn first(&self) -> RefreshToken {
        let id = self.session().id;
        RefreshToken::encode(self.roots.active(), TENANT, id, 0, &Self::secret())
    }
}

/// Not random at all: both processes draw the same.
#[derive(Debug)]
struct Sevens;

impl SecureRandom for Sevens {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        buffer.fill(7);
        Ok(())
    }
}

/// Not a test of its own: what the other process does.
#[tokio::test(flavor = "multi_thread")]
async fn other_process() {
    let var = |name| std::env::var(name);
    let (Ok(url), Ok(schema), Ok(round)) = (var(URL), var(SCHEMA), var(ROUND)) else {
        return;
    };
    let script = Script::new(round.parse().unwrap(), &schema);
    let store = builder(&url, &schema)
        .with_max_connections(1)
        .connect()
        .await
        .unwrap();
    let CreateOutcome::Created(_) = store.create_user(script.user()).await.unwrap() else {
        panic!("taken")
    };
    println!("\n{DONE}{SIGNED_UP}");
    let OpenOutcome::Opened(_) = store.open_session(script.session()).await.unwrap() else {
        panic!("moved")
    };
    println!("{DONE}{LOGGED_IN}");
    let mut token = script.first();
    for done in [ROTATED, ROTATED_AGAIN] {
        token = rotate(&store, &script.roots, &token).await.unwrap();
        println!("{DONE}{done} {}", token.expose());
    }
    let which = EndSessions::One(script.session().id);
    let ended = store.end_sessions(TENANT, which).await.unwrap();
    assert_eq!(ended.value, 1);
    println!("{DONE}{LOGGED_OUT}");
}

/// The successor, if there is one to be had.
async fn rotate(
    store: &PgStore,
    roots: &RootSecrets,
    token: &RefreshToken,
) -> Option<RefreshToken> {
    let rotation = rotation(roots, token);
    match store.rotate_session(&rotation).await.unwrap() {
        RotateOutcome::Rotated(grant) | RotateOutcome::Replayed(grant) => {
            let session = &grant.session;
            assert_eq!(session.generation, rotation.presented.generation() + 1);
            let secret = rotation.presented.successor(&session.salt);
            let (id, generation) = (session.id, session.generation);
            let root = roots.active();
            Some(RefreshToken::encode(root, TENANT, id, generation, &secret))
        }
        RotateOutcome::Ended => None,
        other => panic!("{other:?}"),
    }
}

/// Runs the other process until the `nth` piece; what it said was done, and
/// whether there was such a piece.
async fn run_and_kill(place: &Place, nth: usize, is_late: bool) -> (Vec<String>, bool) {
    let proxy = Proxy::before(&place.url).unwrap();
    let name = format!("{}_{nth}", place.schema);
    let child: Arc<Mutex<Option<Child>>> = Arc::default();
    let pieces = Arc::new(AtomicUsize::new(0));
    let (killed, seen) = (child.clone(), pieces.clone());
    proxy.rule(move |piece| {
        if seen.fetch_add(1, Ordering::SeqCst) < nth {
            return Verdict::Pass;
        }
        if let Some(child) = killed.lock().unwrap().as_mut() {
            child.kill().unwrap();
        }
        // Sent, and then dead; or dead before it was sent.
        match piece.direction {
            Direction::ToServer if is_late => Verdict::Pass,
            _ => Verdict::Cut { after: 0 },
        }
    });
    let said = {
        let mut child = child.lock().unwrap();
        let started = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::other_process", "--nocapture"])
            .env(URL, format!("{}?application_name={name}", proxy.url()))
            .env(SCHEMA, &place.schema)
            .env(ROUND, round(nth, is_late).to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        child.insert(started.unwrap()).stdout.take().unwrap()
    };
    let lines = BufReader::new(said).lines().map(Result::unwrap);
    let done = lines.filter_map(|line| line.strip_prefix(DONE).map(str::to_owned));
    let done: Vec<String> = done.collect();
    let ended = child.lock().unwrap().as_mut().unwrap().wait().unwrap();
    drop(proxy);
    let was_killed = pieces.load(Ordering::SeqCst) > nth;
    // With its last piece it may have ended by itself, just before it is killed.
    let is_through = done.len() == STEPS;
    assert!(ended.success() != was_killed || is_through, "{ended}");
    // The server may still be at what it was sent.
    let theirs = format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'");
    let mut beside = place.beside().await;
    while value::<i64>(&mut beside, "", &theirs).await > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (done, was_killed)
}

fn round(nth: usize, is_late: bool) -> usize {
    nth * 2 + usize::from(is_late)
}

/// What was acknowledged is there; then everything is asked for once more, and
/// is there once.
async fn check(place: &Place, script: &Script, done: &[String]) {
    let did = |what: &str| done.iter().any(|line| line.starts_with(what));
    let (new, session) = (script.user(), script.session());
    let found = place
        .store
        .find_user(TENANT, &new.identifier)
        .await
        .unwrap();
    assert!(found.is_some() || !did(SIGNED_UP), "a sign-up was lost");
    let again = place.store.create_user(new.clone()).await.unwrap();
    assert!(matches!(again, CreateOutcome::Created(user) if user.id == new.id));
    if !did(LOGGED_IN) {
        let again = place.store.open_session(session.clone()).await.unwrap();
        assert!(matches!(again, OpenOutcome::Opened(_)), "{again:?}");
    }

    // The tokens it had, oldest first; all but the last are spent.
    let mut tokens = vec![script.first()];
    let said = done.iter().filter_map(|line| line.rsplit_once(' '));
    let said = said.filter(|(what, _)| [ROTATED, ROTATED_AGAIN].contains(what));
    tokens.extend(said.map(|(_, token)| RefreshToken::from_text(token.to_owned())));
    let current = tokens.pop().unwrap();
    for spent in tokens {
        let presented = place
            .store
            .rotate_session(&rotation(&script.roots, &spent))
            .await;
        let presented = presented.unwrap();
        assert!(
            !matches!(presented, RotateOutcome::Rotated(_)),
            "a token was spent twice: {presented:?}"
        );
    }
    let next = rotate(&place.store, &script.roots, &current).await;
    assert!(next.is_some() || did(ROTATED_AGAIN), "nobody logged out");
    assert!(next.is_none() || !did(LOGGED_OUT), "a log-out was lost");
    let ended = place
        .store
        .end_sessions(TENANT, EndSessions::One(session.id))
        .await;
    assert_eq!(ended.unwrap().value == 1, next.is_some(), "it ends once");
    let log = place.store.read_log(&Cursor::start()).await.unwrap();
    let about = Target::Session {
        tenant: TENANT,
        session: session.id,
    };
    let rows = log.rows.iter().filter(|row| row.target == about).count();
    assert_eq!(rows, 1, "and in the log once");
}

#[tokio::test(flavor = "multi_thread")]
async fn c64_f16_what_was_acknowledged_survives_a_process_that_is_killed_anywhere() {
    let place = fresh().await;
    for is_late in [false, true] {
        for nth in 0.. {
            let (done, was_killed) = run_and_kill(&place, nth, is_late).await;
            let round = u128::try_from(round(nth, is_late)).unwrap();
            check(&place, &Script::new(round, &place.schema), &done).await;
            if !was_killed {
                assert_eq!(done.len(), STEPS, "nobody killed it, and it did not end");
                assert!(nth > 20, "{nth} messages are too few to be all");
                break;
            }
        }
    }
}
