//! A statement may reach the server after its caller has given it up, asked
//! again, and been told that other things are done. Then it is too late.

use std::collections::HashSet;
use std::future::Future;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use auth_store::{
    ChangeOutcome, Committed, EndSessions, PgStore, SessionStore, StoreError, StoreErrorKind, User,
    UserStatus, UserStore,
};

use super::support::{Place, TENANT, blocked, builder, fresh, run};

/// A network that keeps one change on its way back, with all that its
/// connection sends after it, until nobody waits for it any more.
struct Network {
    url: String,
    line: Arc<Line>,
    goes_on: Sender<()>,
    is_done: Receiver<()>,
}

struct Line {
    server: String,
    keeps: AtomicBool,
    goes_on: Mutex<Receiver<()>>,
    is_done: Sender<()>,
}

impl Network {
    fn to(url: &str) -> Self {
        let (start, rest) = url.rsplit_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "{start}@{}/{database}?sslmode=disable",
            listener.local_addr().unwrap()
        );
        let (goes_on, received) = channel();
        let (done, is_done) = channel();
        let line = Arc::new(Line {
            server: server.to_owned(),
            keeps: AtomicBool::new(false),
            goes_on: Mutex::new(received),
            is_done: done,
        });
        let shared = line.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (line, client) = (shared.clone(), client.unwrap());
                thread::spawn(move || line.carry(client));
            }
        });
        Self {
            url,
            line,
            goes_on,
            is_done,
        }
    }

    /// The next change does not arrive.
    fn keep(&self) {
        self.line.keeps.store(true, Ordering::SeqCst);
    }

    /// It arrives now, and the server has done what it then does.
    fn deliver(&self) {
        assert!(
            !self.line.keeps.load(Ordering::SeqCst),
            "a change was kept back"
        );
        self.goes_on.send(()).unwrap();
        self.is_done.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}

impl Line {
    fn carry(&self, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(&self.server)?;
        let (mut answers, mut back) = (server.try_clone()?, client.try_clone()?);
        let answering = thread::spawn(move || {
            if io::copy(&mut answers, &mut back).is_err() {
                // Nobody listens any more; the server is heard to its end.
                let _ = io::copy(&mut answers, &mut io::sink());
            }
            let _ = back.shutdown(Shutdown::Both);
        });
        let was_kept = self.ask(client, &server);
        let _ = server.shutdown(Shutdown::Write);
        answering.join().unwrap();
        if matches!(was_kept, Ok(true)) {
            self.is_done.send(()).unwrap();
        }
        Ok(())
    }

    /// Passes on what the client sends; whether some of it was kept back.
    fn ask(&self, mut client: TcpStream, mut server: &TcpStream) -> io::Result<bool> {
        let mut changes = HashSet::new();
        server.write_all(&message(&mut client, false)?)?;
        loop {
            let mut message = message(&mut client, true)?;
            let text = |nth| message[5..].split(|byte| *byte == 0).nth(nth);
            match message[0] {
                // Parse: the statement's name, and its text.
                b'P' if text(1).is_some_and(changes_a_user) => {
                    changes.insert(text(0).unwrap().to_vec());
                }
                // Bind: the portal's name, and the statement's.
                b'B' if changes.contains(text(1).unwrap())
                    && self.keeps.swap(false, Ordering::SeqCst) =>
                {
                    let _ = client.read_to_end(&mut message);
                    self.goes_on.lock().unwrap().recv().unwrap();
                    server.write_all(&message)?;
                    return Ok(true);
                }
                _ => {}
            }
            server.write_all(&message)?;
        }
    }
}

fn changes_a_user(sql: &[u8]) -> bool {
    let change = b".users u SET ver";
    sql.windows(change.len()).any(|part| part == change)
}

/// One message; the first of a connection has no tag before its length.
fn message(client: &mut TcpStream, is_tagged: bool) -> io::Result<Vec<u8>> {
    let head = usize::from(is_tagged) + 4;
    let mut message = vec![0; head];
    client.read_exact(&mut message)?;
    let length = u32::from_be_bytes(message[head - 4..].try_into().unwrap());
    message.resize(head - 4 + usize::try_from(length).unwrap(), 0);
    client.read_exact(&mut message[head..])?;
    Ok(message)
}

/// `before` is asked for, kept back, asked for again and done; so is `after`.
/// Then what was kept back arrives. Gives the user as it was before and after
/// that.
async fn late<A: Send, B: Send>(
    place: &Place,
    user: &User,
    before: impl AsyncFn(PgStore) -> Result<A, StoreError>,
    after: impl Future<Output = B>,
) -> (User, User, B) {
    let network = Network::to(&place.url);
    let store = builder(&network.url, &place.schema)
        .with_max_connections(1)
        .with_statement_timeout(Duration::from_millis(500))
        .connect()
        .await
        .unwrap();
    // Prepared on the only connection.
    before(store.clone()).await.map(drop).unwrap();
    network.keep();
    let unsure = before(store.clone()).await.map(drop).unwrap_err();
    assert_eq!(unsure.kind(), StoreErrorKind::OutcomeUnknown);
    before(store.clone()).await.map(drop).unwrap();
    let after = after.await;
    let read = async || {
        let record = place.store.user(TENANT, user.id).await.unwrap();
        record.unwrap().user
    };
    let acknowledged = read().await;
    network.deliver();
    (acknowledged, read().await, after)
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_come_late_undo_nothing_that_was_acknowledged() {
    let place = fresh().await;
    let user = place.user().await;
    let promote = async |store: PgStore| {
        store
            .set_user_roles(TENANT, user.id, vec!["admin".into()])
            .await
    };
    let demote = place.store.set_user_roles(TENANT, user.id, vec![]);
    let (acknowledged, found, demoted) = late(&place, &user, promote, demote).await;
    assert_eq!(demoted.unwrap().revoked.len(), 1);
    assert_eq!(acknowledged.roles, [""; 0]);
    assert_eq!(found, acknowledged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_comes_late_undoes_nothing_that_was_acknowledged() {
    let place = fresh().await;
    let user = place.user().await;
    let enable = async |store: PgStore| {
        store
            .set_user_status(TENANT, user.id, UserStatus::Active)
            .await
    };
    let disable = place
        .store
        .set_user_status(TENANT, user.id, UserStatus::Disabled);
    let (acknowledged, found, disabled) = late(&place, &user, enable, disable).await;
    assert_eq!(disabled.unwrap().revoked.len(), 1);
    assert_eq!(acknowledged.status, UserStatus::Disabled);
    assert_eq!(found, acknowledged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_everywhere_that_comes_late_ends_no_session_opened_since() {
    let place = fresh().await;
    let user = place.user().await;
    let end = async |store: PgStore| {
        store
            .end_sessions(TENANT, EndSessions::AllOf(user.id))
            .await
    };
    let open = async {
        let user = place.store.user(TENANT, user.id).await.unwrap().unwrap();
        place.open(&user.user).await.0.session
    };
    let (acknowledged, found, session) = late(&place, &user, end, open).await;
    assert_eq!(found, acknowledged);
    assert_eq!(
        place.store.sessions(TENANT, user.id).await.unwrap(),
        [session]
    );
}

fn version(changed: Result<Committed<ChangeOutcome>, StoreError>) -> i64 {
    match changed.unwrap().value {
        ChangeOutcome::Changed(user) => user.ver,
        ChangeOutcome::Moved => panic!("the user is there"),
        other => panic!("{other:?}"),
    }
}

/// Both have read the same version of the user; the second reads it again.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_at_once_neither_is_lost() {
    let place = fresh().await;
    let user = place.user().await;
    let mut beside = place.beside().await;
    let hold = "BEGIN; SELECT FROM {s}.users FOR UPDATE";
    run(&mut beside, &place.schema, hold).await;
    let change = |role: &str| {
        let (store, id, roles) = (place.store.clone(), user.id, vec![role.to_owned()]);
        tokio::spawn(async move { store.set_user_roles(TENANT, id, roles).await })
    };
    let (one, other) = (change("one"), change("other"));
    blocked(&mut beside, &place.schema, 2).await;
    run(&mut beside, &place.schema, "COMMIT").await;
    let mut versions = [version(one.await.unwrap()), version(other.await.unwrap())];
    versions.sort_unstable();
    assert_eq!(versions, [user.ver + 1, user.ver + 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_never_finds_the_user_as_it_was_is_given_up() {
    let place = fresh().await;
    let user = place.user().await;
    let never = "CREATE FUNCTION {s}.never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER never BEFORE UPDATE ON {s}.users FOR EACH ROW EXECUTE FUNCTION {s}.never()";
    run(&mut place.beside().await, &place.schema, never).await;
    let changed = place.store.set_user_roles(TENANT, user.id, vec![]).await;
    assert_eq!(changed.unwrap_err().kind(), StoreErrorKind::Unavailable);
}
