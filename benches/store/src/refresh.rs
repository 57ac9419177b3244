//! Refreshes a second, beside pgbench with the same statement over as many
//! connections, by turns on one server.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use auth_core::refresh::RefreshToken;
use auth_store::{RotateOutcome, SessionStore};
use sqlx::Row;
use tokio::process::Command;

use crate::Failure;
use crate::figures::{goal, median};
use crate::place::Place;

const TURN: Duration = Duration::from_secs(5);

/// Of each connection, so that none waits for us.
const CLIENTS: u32 = 2;

/// What the two must have between them, and what a core of ours must do.
const SHARE: f64 = 0.6;
const A_CORE: f64 = 1000.0;

const SESSIONS: u64 = 10_000;

pub(crate) async fn run(connections: u32, rounds: u32) -> Result<bool, Failure> {
    let place = Arc::new(Place::new(SESSIONS, connections).await?);
    let mut clients = Vec::new();
    for user in 1..=u64::from(connections * CLIENTS) {
        clients.push(place.log_in(user).await?.1);
    }
    place.run(PREPARE).await?;
    // Once, so that the server has seen the statement, and all is warm.
    let (_, _, mut clients) = ours(&place, clients, Duration::from_secs(1)).await?;
    let script = place.url.clone() + "\n" + &statement(&place).await?;
    let (_, script) = script.split_once('\n').unwrap_or_default();
    let file = std::env::temp_dir().join(format!("auth-soak-{}.sql", std::process::id()));
    fs::write(&file, script)?;

    println!("| round | ours/s | pgbench/s | share | ours a second of our own CPU |");
    println!("|---:|---:|---:|---:|---:|");
    let (mut shares, mut of_cores) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let (rate, of_core, next) = ours(&place, clients, TURN).await?;
        clients = next;
        let theirs = pgbench(&place, &file, connections).await?;
        println!(
            "| {round} | {rate:.0} | {theirs:.0} | {:.2} | {of_core:.0} |",
            rate / theirs
        );
        shares.push(rate / theirs);
        of_cores.push(of_core);
    }
    fs::remove_file(file)?;
    let (share, of_core) = (median(&mut shares), median(&mut of_cores));
    println!("\n{connections} connections, medians of {rounds} rounds of {TURN:?} each:\n");
    let said = format!("{share:.2} × pgbench (at least {SHARE})");
    let is_fast = goal(&said, share >= SHARE);
    let said = format!("{of_core:.0} refreshes a second and core of our own (at least {A_CORE})");
    Ok(goal(&said, of_core >= A_CORE) && is_fast)
}

/// Sessions for pgbench, beside those that are really refreshed.
const PREPARE: &str = "
    INSERT INTO auth.sessions (tenant, id, user_id, epoch, client_id, scope, amr, auth_time, generation, root,
            salt, secret_hash, rotated_at, idle_expires_at, expires_at)
        SELECT u.tenant, u.id, u.id, 1, s.client_id, s.scope, s.amr, now(), 0, s.root, s.salt, s.secret_hash, now(),
            now() + interval '1 day', now() + interval '2 days'
        FROM auth.users u, (SELECT * FROM auth.sessions LIMIT 1) s";

/// Refreshes for a while; how many a second, and a second of our processor time.
async fn ours(
    place: &Arc<Place>,
    clients: Vec<RefreshToken>,
    time: Duration,
) -> Result<(f64, f64, Vec<RefreshToken>), Failure> {
    let (is_over, count) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let (begun, cpu) = (Instant::now(), cpu_time()?);
    let mut tasks = Vec::new();
    for mut token in clients {
        let (place, is_over, count) = (place.clone(), is_over.clone(), count.clone());
        tasks.push(tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let rotation = place.rotation(&token)?;
                let RotateOutcome::Rotated(grant) = place.store.rotate_session(&rotation).await?
                else {
                    return Err("a refresh was refused".into());
                };
                let secret = rotation.presented.successor(&grant.session.salt);
                token = place.token(&grant, &secret);
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Failure>(token)
        }));
    }
    tokio::time::sleep(time).await;
    is_over.store(true, Ordering::Relaxed);
    let mut tokens = Vec::new();
    for task in tasks {
        tokens.push(task.await??);
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let done = count.load(Ordering::Relaxed) as f64;
    let a_second = done / begun.elapsed().as_secs_f64();
    let a_core = done / cpu_time()?.saturating_sub(cpu).as_secs_f64();
    Ok((a_second, a_core, tokens))
}

/// User and system time of this process (proc(5)), in ticks of 10 ms.
fn cpu_time() -> Result<Duration, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(')').ok_or("no process")?;
    let field = |n: usize| -> Result<u64, Failure> {
        let field = rest.split_whitespace().nth(n - 3).ok_or("no such field")?;
        Ok(field.parse()?)
    };
    Ok(Duration::from_millis((field(14)? + field(15)?) * 10))
}

/// The statement as the store last sent it, for any session: pgbench does not
/// know their secrets.
async fn statement(place: &Place) -> Result<String, Failure> {
    let sent = "SELECT query FROM pg_stat_activity WHERE query LIKE '%SET generation = s.generation + 1%' \
                AND pid <> pg_backend_pid() LIMIT 1";
    let row = sqlx::query(sent)
        .fetch_one(&mut place.beside().await?)
        .await?;
    let sent: String = row.try_get(0)?;
    let conditions = "s.generation = $4 AND s.secret_hash = $5";
    if !sent.contains(conditions) {
        return Err(format!("another statement than expected: {sent}").into());
    }
    let sql = sent.replace(
        conditions,
        "s.generation >= 0 AND octet_length(s.secret_hash) = 32",
    );
    let values = [
        ("$1", "'00000000-0000-0000-0000-000000000000'::uuid"),
        ("$2", "lpad(to_hex(:id::bigint), 32, '0')::uuid"),
        ("$3", "'first-party'"),
        ("$6", "'\\x01020304'::bytea"),
        ("$7", "'\\x00112233445566778899aabbccddeeff'::bytea"),
        ("$8", "sha256('x')"),
        ("$9", "1209600000000"),
    ];
    let sql = values
        .iter()
        .fold(sql, |sql, (from, to)| sql.replace(from, to));
    Ok(format!("\\set id random(1, {SESSIONS})\n{sql};\n"))
}

/// What pgbench does a second.
async fn pgbench(place: &Place, script: &Path, connections: u32) -> Result<f64, Failure> {
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={connections}"))
        .arg(format!("--time={}", TURN.as_secs()))
        .arg(format!("--file={}", script.display()))
        .arg(&place.url)
        .stdin(Stdio::null())
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rate| rate.split_whitespace().next());
    match rate {
        Some(rate) if output.status.success() => Ok(rate.parse()?),
        _ => Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
