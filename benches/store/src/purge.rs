//! A purge of very much, beside log-ins that must not notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::figures::{goal, millis, percentile};
use crate::place::Place;

/// The longest that a log-in may take meanwhile.
const LONGEST: Duration = Duration::from_millis(100);

const USERS: u64 = 10_000;

const EXPIRED: &str = "
    INSERT INTO auth.sessions (tenant, id, user_id, epoch, client_id, scope, amr, auth_time, generation, root,
            salt, secret_hash, rotated_at, idle_expires_at, expires_at)
        SELECT u.tenant, gen_random_uuid(), u.id, 1, 'old', 'a b', '{pwd}', now(), 0, '\\x01020304',
            decode(repeat('00', 16), 'hex'), sha256('x'), now(), t, t
        FROM generate_series(1, {n}) i
        JOIN auth.users u ON u.tenant = '00000000-0000-0000-0000-000000000000'
            AND u.id = lpad(to_hex(i % 10000 + 1), 32, '0')::uuid,
            LATERAL (SELECT now() - interval '100 days' + i * interval '1 second' AS t) t;
    INSERT INTO auth.revocations (tenant, kind, subject, expires_at)
        SELECT s.tenant, 'session', s.id, s.expires_at FROM auth.sessions s LIMIT {n} / 4;
    ANALYZE auth.sessions, auth.revocations";

pub(crate) async fn run(rows: u64) -> Result<bool, Failure> {
    let place = Arc::new(Place::new(USERS, 8).await?);
    for sql in EXPIRED.split(";\n") {
        place.run(&sql.replace("{n}", &rows.to_string())).await?;
    }
    place.run("CHECKPOINT").await?;
    let alone = {
        let is_over = Arc::new(AtomicBool::new(false));
        let log_ins = tokio::spawn(log_ins(place.clone(), is_over.clone()));
        tokio::time::sleep(Duration::from_secs(10)).await;
        is_over.store(true, Ordering::Relaxed);
        log_ins.await??
    };
    let is_over = Arc::new(AtomicBool::new(false));
    let beside = tokio::spawn(log_ins(place.clone(), is_over.clone()));
    let begun = Instant::now();
    let purged = place.store.purge().await?;
    let took = begun.elapsed();
    is_over.store(true, Ordering::Relaxed);
    let beside = beside.await??;

    println!("{purged:?} in {:.0} s\n", took.as_secs_f64());
    println!("| log-ins | number | p50, ms | p99, ms | longest, ms |\n|---|---:|---:|---:|---:|");
    let mut longest = Duration::ZERO;
    for (name, mut times) in [("alone", alone), ("beside the purge", beside)] {
        longest = percentile(&mut times, 100);
        println!(
            "| {name} | {} | {} | {} | {} |",
            times.len(),
            millis(percentile(&mut times, 50)),
            millis(percentile(&mut times, 99)),
            millis(longest)
        );
    }
    println!();
    // Some may have gone in turn, by the log-ins before.
    let is_gone = goal("what had expired is gone", {
        purged.sessions + 4 * 256 * (rows / 1000 + 1) >= rows
            && place.store.purge().await?.sessions < 256
    });
    let said = format!("no log-in took longer than {LONGEST:?}");
    Ok(goal(&said, longest <= LONGEST) && is_gone)
}

/// One log-in after another, with a moment between; how long each took.
async fn log_ins(place: Arc<Place>, is_over: Arc<AtomicBool>) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::new();
    for user in (1..=USERS).cycle() {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let (session, _) = place.new_session(user)?;
        let begun = Instant::now();
        auth_store::SessionStore::open_session(&place.store, session).await?;
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(times)
}
