//! The claims of an access token (RFC 7519 §4.1, RFC 9068 §2.2) and ours.
//!
//! They stay where they were read: in the payload that was signed. A token is
//! verified without copying a single claim; what is asked for is looked up
//! there.

use std::sync::OnceLock;

use super::json::Reader;
use super::span::{Span, Text};
use super::verify::{TokenError, TokenPolicy};
use crate::id::{SessionId, TenantId};
use crate::scope::Scope;
use crate::time::Timestamp;

/// What an access token says, read from the bytes that were signed.
#[derive(Debug)]
pub struct Claims {
    payload: Box<str>,
    issuer: Text,
    subject: Text,
    audience: Span,
    token_id: Option<Text>,
    client: Option<Text>,
    scope_text: Option<Text>,
    scope: OnceLock<Scope>,
    roles_span: Option<Span>,
    roles: OnceLock<Vec<String>>,
    amr: Option<Span>,
    times: Times,
    session: Option<SessionId>,
    tenant: Option<TenantId>,
    user_version: Option<i64>,
    tenant_version: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Times {
    exp: Timestamp,
    iat: Option<Timestamp>,
    nbf: Option<Timestamp>,
    auth: Option<Timestamp>,
}

/// Names that only this crate writes; the application's own claims cannot
/// have them.
pub(super) const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "client_id",
    "sid",
    "scope",
    "tid",
    "ver",
    "tver",
    "amr",
    "auth_time",
    "roles",
    "cnf",
    "acr",
    "act",
    "may_act",
    "azp",
    "nonce",
    "groups",
    "entitlements",
];

impl Claims {
    /// Reads and checks what `policy` asks; the signature was checked before.
    pub(crate) fn parse(
        payload: Vec<u8>,
        policy: &TokenPolicy,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let payload = String::from_utf8(payload).map_err(|_| TokenError::Malformed("JSON"))?;
        let payload = payload.into_boxed_str();
        let mut draft = Draft::default();
        let mut present = 0_u64;
        Reader::document(&payload, |name, value| {
            if let Some(place) = policy
                .required
                .iter()
                .position(|required| *required == name)
            {
                present |= 1 << place;
            }
            draft.read(name, value, policy)
        })?;
        let missing = present.trailing_ones() as usize;
        if let Some(claim) = policy.required.get(missing) {
            return Err(TokenError::MissingClaim(claim.clone()));
        }
        let claims = draft.finish(payload)?;
        policy.check_times(&claims, now)?;
        Ok(claims)
    }

    /// `iss`: who issued it.
    pub fn issuer(&self) -> &str {
        self.issuer.in_text(&self.payload)
    }

    /// `sub`: whom it is about.
    pub fn subject(&self) -> &str {
        self.subject.in_text(&self.payload)
    }

    /// `aud`: whom it is for.
    pub fn audience(&self) -> Vec<String> {
        self.audience
            .read(&self.payload, Reader::strings)
            .unwrap_or_default()
    }

    /// `exp`: from when on it is dead.
    pub const fn expires_at(&self) -> Timestamp {
        self.times.exp
    }

    /// `iat`: when it was issued.
    pub const fn issued_at(&self) -> Option<Timestamp> {
        self.times.iat
    }

    /// `nbf`: before when it is not alive.
    pub const fn not_before(&self) -> Option<Timestamp> {
        self.times.nbf
    }

    /// `jti`: its own id.
    pub fn token_id(&self) -> Option<&str> {
        self.token_id
            .as_ref()
            .map(|text| text.in_text(&self.payload))
    }

    /// `client_id`: who asked for it.
    pub fn client(&self) -> Option<&str> {
        self.client.as_ref().map(|text| text.in_text(&self.payload))
    }

    /// `sid`: the session it belongs to; `None` for another issuer's.
    pub const fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// `scope`: what it allows.
    pub fn scope(&self) -> &Scope {
        self.scope.get_or_init(|| {
            let text = self
                .scope_text
                .as_ref()
                .map(|text| text.in_text(&self.payload));
            // Its grammar was checked when the token was.
            text.and_then(|text| text.parse().ok()).unwrap_or_default()
        })
    }

    /// `tid`: the subject's tenant; `None` for another issuer's.
    pub const fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }

    /// `ver`: the user version it was issued at.
    pub const fn user_version(&self) -> Option<i64> {
        self.user_version
    }

    /// `tver`: the tenant version it was issued at.
    pub const fn tenant_version(&self) -> Option<i64> {
        self.tenant_version
    }

    /// `amr`: how the subject proved who they are (RFC 8176).
    pub fn amr(&self) -> Vec<String> {
        self.string_array(self.amr)
    }

    /// `auth_time`: when they did.
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.times.auth
    }

    /// `roles`: what the subject is (RFC 9068 §2.2.3.1).
    pub fn roles(&self) -> &[String] {
        self.roles
            .get_or_init(|| self.string_array(self.roles_span))
    }

    /// The whole payload, as it was signed.
    pub(crate) fn payload(&self) -> &str {
        &self.payload
    }

    /// Other issuers may mean something else by a name; what is no array of
    /// strings names nothing, which never allows more.
    fn string_array(&self, span: Option<Span>) -> Vec<String> {
        span.and_then(|span| span.read(&self.payload, Reader::string_array))
            .unwrap_or_default()
    }
}

/// What was read so far; of issuer and audience also whether they are ours.
#[derive(Default)]
struct Draft {
    iss: Option<(Text, bool)>,
    sub: Option<Text>,
    aud: Option<(Span, bool)>,
    exp: Option<Timestamp>,
    times: Times,
    jti: Option<Text>,
    client_id: Option<Text>,
    sid: Option<SessionId>,
    scope: Option<Text>,
    tid: Option<TenantId>,
    ver: Option<i64>,
    tver: Option<i64>,
    amr: Option<Span>,
    roles: Option<Span>,
}

impl Draft {
    fn read(
        &mut self,
        name: &str,
        value: &mut Reader<'_>,
        policy: &TokenPolicy,
    ) -> Result<(), TokenError> {
        match name {
            "iss" => {
                let (text, iss) = value.text()?;
                self.iss = Some((text, *iss == *policy.issuer));
            }
            "sub" => self.sub = Some(not_empty("sub", value)?),
            "aud" => {
                let mut ours = false;
                let span = value.each_string(|aud| {
                    ours |= policy.audiences.iter().any(|audience| *audience == *aud);
                })?;
                self.aud = Some((span, ours));
            }
            // A fraction is read to the side on which less is accepted.
            "exp" => self.exp = Some(date(value, f64::floor)?),
            "iat" => self.times.iat = Some(date(value, f64::ceil)?),
            "nbf" => self.times.nbf = Some(date(value, f64::ceil)?),
            "auth_time" => self.times.auth = Some(date(value, f64::floor)?),
            "jti" => self.jti = Some(not_empty("jti", value)?),
            "client_id" => self.client_id = Some(not_empty("client_id", value)?),
            "scope" => {
                let (text, scope) = value.text()?;
                if !Scope::is_valid(&scope) {
                    return Err(TokenError::Malformed("scope"));
                }
                self.scope = Some(text);
            }
            // Other issuers mean other things by these: what is not of our
            // form is not there, which never allows more.
            "sid" => self.sid = value.string_or_skip()?.and_then(|sid| sid.parse().ok()),
            "tid" => self.tid = value.string_or_skip()?.and_then(|tid| tid.parse().ok()),
            "ver" => self.ver = value.integer_or_skip()?,
            "tver" => self.tver = value.integer_or_skip()?,
            "amr" => self.amr = Some(value.span()?),
            "roles" => self.roles = Some(value.span()?),
            // A token bound to a key is worth nothing as a bearer token
            // (RFC 9449 §7.2).
            "cnf" => {
                if value.has_member("jkt")? {
                    return Err(TokenError::Bound);
                }
            }
            _ => value.skip()?,
        }
        Ok(())
    }

    fn finish(self, payload: Box<str>) -> Result<Claims, TokenError> {
        let missing = |claim: &str| TokenError::MissingClaim(claim.to_owned());
        let (issuer, our_issuer) = self.iss.ok_or_else(|| missing("iss"))?;
        let subject = self.sub.ok_or_else(|| missing("sub"))?;
        let (audience, our_audience) = self.aud.ok_or_else(|| missing("aud"))?;
        let exp = self.exp.ok_or_else(|| missing("exp"))?;
        if !our_issuer {
            return Err(TokenError::Issuer);
        }
        if !our_audience {
            return Err(TokenError::Audience);
        }
        Ok(Claims {
            issuer,
            subject,
            audience,
            times: Times { exp, ..self.times },
            payload,
            token_id: self.jti,
            client: self.client_id,
            scope_text: self.scope,
            scope: OnceLock::new(),
            roles_span: self.roles,
            roles: OnceLock::new(),
            amr: self.amr,
            session: self.sid,
            tenant: self.tid,
            user_version: self.ver,
            tenant_version: self.tver,
        })
    }
}

fn not_empty(claim: &'static str, value: &mut Reader<'_>) -> Result<Text, TokenError> {
    let (text, content) = value.text()?;
    if content.is_empty() {
        Err(TokenError::Malformed(claim))
    } else {
        Ok(text)
    }
}

/// A `NumericDate` (RFC 7519 §2) of whole seconds, within ± 2⁵³.
#[expect(clippy::cast_possible_truncation, reason = "the bound is checked")]
fn date(value: &mut Reader<'_>, round: fn(f64) -> f64) -> Result<Timestamp, TokenError> {
    const EXACT: i64 = 1 << 53;
    let seconds = match value.number()? {
        Ok(integer) => integer,
        #[expect(clippy::cast_precision_loss, reason = "2⁵³ is exact")]
        Err(float) if float.abs() <= EXACT as f64 => round(float) as i64,
        Err(_) => return Err(TokenError::Malformed("NumericDate")),
    };
    if (-EXACT..=EXACT).contains(&seconds) {
        Ok(Timestamp::from_unix_seconds(seconds))
    } else {
        Err(TokenError::Malformed("NumericDate"))
    }
}
