//! Every hot call at a million users with three sessions each: by an index, and
//! the slow ones not much slower than the others. Beside them the least that PostgreSQL
//! can be asked for, to see what of that is the machine's.

use std::time::{Duration, Instant};

use auth_core::revocation::{Cursor, RevocationLog};
use auth_core::{Network, SystemRandom};
use auth_store::{
    Attempt, AttemptFrom, AttemptStore, EndSessions, Identifier, NewUser, PasswordChange, PgStore,
    Reservation, SessionStore, Settlement, UserStore,
};
use sqlx::{PgConnection, Row};

use crate::Failure;
use crate::figures::{goal, millis, percentile};
use crate::place::{Place, TENANT};

/// How often each call is made in a round, after a few that are not counted, and
/// how many rounds there are. Of a round the slow ones are what the machine did
/// beside it as much as what we do, for seconds: the calls take turns, and of each the
/// middle round counts.
const CALLS: u64 = 600;
const WARM: u64 = 100;
const ROUNDS: u64 = 9;

/// How much longer the slowest in a hundred may take than the middle.
const SPREAD: f64 = 3.0;

const SESSIONS: &str = "
    CREATE TABLE auth.bare (number bigint);
    INSERT INTO auth.sessions (tenant, id, user_id, epoch, client_id, scope, amr, auth_time, generation, root,
            salt, secret_hash, rotated_at, idle_expires_at, expires_at)
        SELECT u.tenant, gen_random_uuid(), u.id, 1, 'first-party', 'a b', '{pwd}', now(), 0, '\\x01020304',
            decode(repeat('00', 16), 'hex'), sha256('x'), now(), now() + interval '1 day', now() + interval '2 days'
        FROM auth.users u, generate_series(1, 3);
    INSERT INTO auth.attempts (tenant, account, budget, failures, wait_until, known_until, expires_at)
        SELECT u.tenant, sha256(u.id::text::bytea), 'others', 1, now(), 'epoch', now() + interval '1 day' FROM auth.users u;
    INSERT INTO auth.revocations (tenant, kind, subject, expires_at)
        SELECT u.tenant, 'session', u.id, now() + interval '10 min' FROM auth.users u LIMIT 100000;
    VACUUM ANALYZE auth.users;
    VACUUM ANALYZE auth.sessions;
    VACUUM ANALYZE auth.attempts;
    VACUUM ANALYZE auth.revocations;
    CHECKPOINT";

/// Of the tables that grow: rows that were read from end to end.
const SCANNED: &str = "
    SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables
    WHERE schemaname = 'auth' AND relname IN ('attempts', 'revocations', 'sessions', 'users')";

pub(crate) async fn run(users: u64) -> Result<bool, Failure> {
    // Each call has users of its own.
    if users < 100_000 {
        return Err("that is no scale".into());
    }
    let mut place = Place::new(users, 1).await?;
    for sql in SESSIONS.split(";\n") {
        place.run(sql).await?;
    }
    // The whole log is read when an instance starts, and is meant to be.
    let mut cursor = place.store.read_log(&Cursor::start()).await?.next;
    let before = scanned(&place).await?;
    place.reconnect().await?;
    let mut bare = place.beside().await?;
    println!("{users} users with three sessions each\n");
    println!("| call | p50, ms | p99, ms | p99 / p50 |\n|---|---:|---:|---:|");
    let mut rounds = vec![Vec::new(); CALLS_OF.len()];
    for round in 0..ROUNDS {
        for ((nth, call), rounds) in (0..).zip(CALLS_OF).zip(&mut rounds) {
            let mut times = Vec::new();
            for turn in 0..CALLS + WARM {
                // Far from each other, and none twice.
                let user = ((nth * ROUNDS + round) * (CALLS + WARM) + turn) * 7919 % users + 1;
                let time = timed(&place, &mut bare, call, user, &mut cursor).await?;
                times.extend((turn >= WARM).then_some(time));
            }
            let (p50, p99) = (percentile(&mut times, 50), percentile(&mut times, 99));
            rounds.push((p99.as_secs_f64() / p50.as_secs_f64(), p50, p99));
        }
    }
    let mut is_even = true;
    for (call, mut rounds) in CALLS_OF.into_iter().zip(rounds) {
        rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (spread, p50, p99) = rounds[rounds.len() / 2];
        is_even &= spread <= SPREAD || matches!(call, SELECT | INSERT);
        println!(
            "| {call} | {} | {} | {spread:.1} |",
            millis(p50),
            millis(p99)
        );
    }
    let scanned = scanned(&place).await? - before;
    println!();
    let is_indexed = goal("no table was read from end to end", scanned == 0);
    let said = format!("p99 at most {SPREAD} × p50 for each");
    Ok(goal(&said, is_even) && is_indexed)
}

/// The least: without a table, and into one that nobody else uses. Not of ours, and so
/// not held against us.
const SELECT: &str = "`SELECT 1`";
const INSERT: &str = "`INSERT` of a number";

const CALLS_OF: [&str; 13] = [
    SELECT,
    INSERT,
    "find_user",
    "reserve_attempt",
    "settle_attempt",
    "open_session",
    "rotate_session",
    "sessions",
    "end_sessions (one)",
    "end_sessions (all)",
    "create_user",
    "change_password",
    "read_log",
];

/// Makes what the call is about, then the call; how long that took.
async fn timed(
    place: &Place,
    bare: &mut PgConnection,
    call: &str,
    number: u64,
    cursor: &mut Cursor,
) -> Result<Duration, Failure> {
    let store: &PgStore = &place.store;
    let id = Place::user(number);
    let name = Identifier::new(&format!("user{number}@example.org"))?;
    let attempt = Attempt {
        tenant: TENANT,
        identifier: name.clone(),
        from: AttemptFrom::Network(Network::UNKNOWN),
    };
    let begun = Instant::now();
    match call {
        SELECT => {
            sqlx::query("SELECT 1").execute(bare).await?;
        }
        INSERT => {
            let insert = sqlx::query("INSERT INTO auth.bare VALUES ($1)");
            insert.bind(i64::try_from(number)?).execute(bare).await?;
        }
        "find_user" => drop(store.find_user(TENANT, &name).await?.ok_or("no user")?),
        "reserve_attempt" => drop(store.reserve_attempt(&attempt).await?),
        "settle_attempt" => {
            let (Reservation::Reserved(charge), _) = store.reserve_attempt(&attempt).await? else {
                return Err("it has to wait".into());
            };
            let begun = Instant::now();
            let how = Settlement::Success;
            store.settle_attempt(&attempt, charge, how).await?;
            return Ok(begun.elapsed());
        }
        "open_session" => drop(place.log_in(number).await?),
        "rotate_session" => {
            let token = place.log_in(number).await?.1;
            let rotation = place.rotation(&token)?;
            let begun = Instant::now();
            store.rotate_session(&rotation).await?;
            return Ok(begun.elapsed());
        }
        "sessions" => drop(store.sessions(TENANT, id).await?),
        "end_sessions (one)" => {
            let session = place.log_in(number).await?.0.session.id;
            let begun = Instant::now();
            let _ = store
                .end_sessions(TENANT, EndSessions::One(session))
                .await?;
            return Ok(begun.elapsed());
        }
        // Of others than those who log in above.
        "end_sessions (all)" => {
            let _ = store.end_sessions(TENANT, EndSessions::AllOf(id)).await?;
        }
        "create_user" => {
            let random: [u8; 16] = auth_core::draw(&SystemRandom::new())?;
            let id =
                auth_core::UserId::from_uuid(uuid::Builder::from_random_bytes(random).into_uuid());
            let new = NewUser {
                id,
                tenant: TENANT,
                identifier: Identifier::new(&format!("{id}@example.org"))?,
                password_hash: Some("first".into()),
                password_policy: None,
                roles: vec![],
            };
            drop(store.create_user(new).await?);
        }
        "read_log" => {
            // As whoever polls it does: one row is new.
            let session = place.log_in(number).await?.0.session.id;
            let _ = store
                .end_sessions(TENANT, EndSessions::One(session))
                .await?;
            // The first page has all that was revoked above.
            let page = store.read_log(cursor).await?;
            *cursor = page.next;
            let session = place.log_in(number).await?.0.session.id;
            let _ = store
                .end_sessions(TENANT, EndSessions::One(session))
                .await?;
            let begun = Instant::now();
            let page = store.read_log(cursor).await?;
            let time = begun.elapsed();
            *cursor = page.next;
            return if page.rows.len() == 1 {
                Ok(time)
            } else {
                Err(format!("{} rows are new", page.rows.len()).into())
            };
        }
        _ => {
            let change = PasswordChange {
                tenant: TENANT,
                user: id,
                seen_hash: Some("first".into()),
                seen_epoch: None,
                new_hash: "second".into(),
                new_policy: None,
            };
            let _ = store.change_password(change).await?;
        }
    }
    Ok(begun.elapsed())
}

async fn scanned(place: &Place) -> Result<i64, Failure> {
    // Connections report when they end.
    place.store.close().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut beside = place.beside().await?;
    Ok(sqlx::query(SCANNED)
        .fetch_one(&mut beside)
        .await?
        .try_get(0)?)
}
