//! Whether the rows say what the answers said, by plain SQL.

use sqlx::Row;
use uuid::Uuid;

use super::Field;
use super::crew::locked;
use crate::Failure;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) compared: u64,
    pub(crate) differing: u64,
    pub(crate) examples: Vec<String>,
}

/// PostgreSQL hashes the secret itself.
const COMPARE: &str = "
    WITH given AS (
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::boolean[])
            AS g (id, generation, secret, stolen))
    SELECT g.id::text, s.generation, s.revoked_reason,
        CASE WHEN s.id IS NULL THEN 'has no row'
            WHEN NOT g.stolen AND s.revoked_at IS NOT NULL THEN 'is revoked, and nobody stole from it'
            WHEN NOT g.stolen AND s.generation <> g.generation THEN 'is of another generation'
            WHEN NOT g.stolen AND s.secret_hash <> sha256(g.secret) THEN 'has another secret'
            WHEN g.stolen AND s.revoked_reason IS DISTINCT FROM 'reuse' THEN 'was stolen from, and lives'
            WHEN g.stolen AND NOT EXISTS (SELECT FROM auth.revocations r WHERE r.tenant = s.tenant
                AND r.kind = 'session' AND r.subject = s.id AND r.expires_at > now())
                THEN 'was stolen from, and is not in the log'
        END AS differs
    FROM given g LEFT JOIN auth.sessions s
        ON s.tenant = '00000000-0000-0000-0000-000000000000' AND s.id = g.id";

/// Each session with the newest token that was given of it: that one is good, or
/// has been stolen from.
pub(crate) async fn compare(field: &Field) -> Result<Ledger, Failure> {
    let (mut ids, mut generations) = (Vec::new(), Vec::new());
    let (mut secrets, mut stolen) = (Vec::new(), Vec::new());
    for chain in locked(&field.judge).chains.values() {
        ids.push(Uuid::from_bytes(chain.newest.session));
        generations.push(i64::from(chain.newest.generation));
        secrets.push(chain.newest.secret.to_vec());
        stolen.push(chain.is_stolen);
    }
    let mut ledger = Ledger::default();
    let rows = sqlx::query(COMPARE)
        .bind(ids)
        .bind(generations)
        .bind(secrets)
        .bind(stolen)
        .fetch_all(&mut field.place.beside().await?)
        .await?;
    for row in rows {
        ledger.compared += 1;
        if let Some(differs) = row.try_get::<Option<String>, _>("differs")? {
            ledger.differing += 1;
            if ledger.examples.len() < 10 {
                let id: String = row.try_get("id")?;
                ledger.examples.push(format!("session {id} {differs}"));
            }
        }
    }
    Ok(ledger)
}
