//! The claims of an access token.

use std::collections::BTreeSet;

use auth_core::{Identity, Timestamp};
use serde_json::Value;

use super::json::Object;
use super::{Judged, No};
use crate::fixture::{AUDIENCE, ISSUER, NOW};

const MAX_LIFETIME: i64 = 3600;
const EXACT: i64 = 1 << 53;

/// What a token says.
#[derive(Debug, PartialEq)]
pub struct Said {
    issuer: String,
    subject: String,
    audience: Vec<String>,
    expires_at: Timestamp,
    issued_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    auth_time: Option<Timestamp>,
    token_id: Option<String>,
    client: Option<String>,
    scope: BTreeSet<String>,
    session: Option<String>,
    tenant: Option<String>,
    user_version: Option<i64>,
    tenant_version: Option<i64>,
    amr: Vec<String>,
    roles: Vec<String>,
    all: Value,
}

impl Said {
    /// What the SDK says of a token that it accepted.
    pub fn by(identity: &Identity) -> Self {
        let claims = identity.registered();
        Self {
            issuer: claims.issuer().to_owned(),
            subject: claims.subject().to_owned(),
            audience: claims.audience(),
            expires_at: claims.expires_at(),
            issued_at: claims.issued_at(),
            not_before: claims.not_before(),
            auth_time: claims.auth_time(),
            token_id: claims.token_id().map(str::to_owned),
            client: claims.client().map(str::to_owned),
            scope: claims.scope().iter().map(str::to_owned).collect(),
            session: claims.session().map(|id| id.to_string()),
            tenant: claims.tenant().map(|id| id.to_string()),
            user_version: claims.user_version(),
            tenant_version: claims.tenant_version(),
            amr: claims.amr(),
            roles: claims.roles().to_vec(),
            all: identity
                .claims::<Value>()
                .map_or(Value::Null, |all| Value::clone(&all)),
        }
    }

    /// Whether it has a start before 1970, which some cannot read.
    pub fn starts_before_1970(&self) -> bool {
        self.not_before.is_some_and(|at| at.unix_seconds() < 0)
    }
}

/// Reads claims.
///
/// # Errors
/// [`No`] if a token with them is not to be accepted.
pub fn read(json: &[u8]) -> Judged<Said> {
    let claims = Object::read(json)?;
    let exp = date(&claims, "exp", f64::floor)?.ok_or(No::Reject)?;
    let iat = date(&claims, "iat", f64::ceil)?.ok_or(No::Reject)?;
    let nbf = date(&claims, "nbf", f64::ceil)?;
    let auth_time = date(&claims, "auth_time", f64::floor)?;
    let in_time = exp > NOW && iat <= NOW && nbf.is_none_or(|nbf| nbf <= NOW);
    if !in_time || exp - iat > MAX_LIFETIME {
        return Err(No::Reject);
    }
    let issuer = claims.string("iss")?.ok_or(No::Reject)?;
    let audience = audience(&claims)?;
    if issuer != ISSUER || !audience.iter().any(|name| name == AUDIENCE) || is_bound(&claims)? {
        return Err(No::Reject);
    }
    Ok(Said {
        issuer,
        subject: text(&claims, "sub")?.ok_or(No::Reject)?,
        audience,
        expires_at: Timestamp::from_unix_seconds(exp),
        issued_at: Some(Timestamp::from_unix_seconds(iat)),
        not_before: nbf.map(Timestamp::from_unix_seconds),
        auth_time: auth_time.map(Timestamp::from_unix_seconds),
        token_id: Some(text(&claims, "jti")?.ok_or(No::Reject)?),
        client: text(&claims, "client_id")?,
        scope: scope(&claims)?,
        session: uuid(&claims, "sid"),
        tenant: uuid(&claims, "tid"),
        user_version: claims.raw("ver").and_then(|raw| raw.parse().ok()),
        tenant_version: claims.raw("tver").and_then(|raw| raw.parse().ok()),
        amr: strings(&claims, "amr"),
        roles: strings(&claims, "roles"),
        all: claims.value,
    })
}

/// A `NumericDate` in whole seconds.
#[expect(clippy::cast_possible_truncation, reason = "the bound is checked")]
fn date(claims: &Object<'_>, name: &str, round: fn(f64) -> f64) -> Judged<Option<i64>> {
    let Some(raw) = claims.raw(name) else {
        return Ok(None);
    };
    if !raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Err(No::Reject);
    }
    let seconds = match (raw.parse::<i64>(), raw.parse::<f64>()) {
        (Ok(whole), _) => whole,
        #[expect(clippy::cast_precision_loss, reason = "2⁵³ is exact")]
        (_, Ok(number)) if number.abs() <= EXACT as f64 => round(number) as i64,
        _ => return Err(No::Reject),
    };
    if (-EXACT..=EXACT).contains(&seconds) {
        Ok(Some(seconds))
    } else {
        Err(No::Reject)
    }
}

/// A string that is not empty, if it is there.
fn text(claims: &Object<'_>, name: &str) -> Judged<Option<String>> {
    match claims.string(name)? {
        Some(text) if text.is_empty() => Err(No::Reject),
        text => Ok(text),
    }
}

fn audience(claims: &Object<'_>) -> Judged<Vec<String>> {
    let raw = claims.raw("aud").ok_or(No::Reject)?;
    let one = serde_json::from_str(raw).map(|name| vec![name]);
    one.or_else(|_| serde_json::from_str(raw))
        .map_err(|_| No::Reject)
}

/// RFC 6749 §3.3.
fn scope(claims: &Object<'_>) -> Judged<BTreeSet<String>> {
    let text = claims.string("scope")?.unwrap_or_default();
    if text.is_empty() {
        return Ok(BTreeSet::new());
    }
    let allowed = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    let good = |token: &str| !token.is_empty() && token.chars().all(allowed);
    if text.len() <= 1024 && text.split(' ').all(good) {
        Ok(text.split(' ').map(str::to_owned).collect())
    } else {
        Err(No::Reject)
    }
}

/// Whether the token is bound to a key (RFC 9449 §6).
fn is_bound(claims: &Object<'_>) -> Judged<bool> {
    let Some(raw) = claims.raw("cnf") else {
        return Ok(false);
    };
    match serde_json::from_str(raw) {
        Ok(Value::Object(members)) => Ok(members.contains_key("jkt")),
        _ => Err(No::Reject),
    }
}

/// Lower case with four hyphens; anything else names nothing.
fn uuid(claims: &Object<'_>, name: &str) -> Option<String> {
    let text = claims.string(name).ok()??;
    let fits = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    (text.len() == 36 && text.bytes().enumerate().all(fits)).then_some(text)
}

fn strings(claims: &Object<'_>, name: &str) -> Vec<String> {
    let raw = claims.raw(name).unwrap_or("[]");
    serde_json::from_str(raw).unwrap_or_default()
}
