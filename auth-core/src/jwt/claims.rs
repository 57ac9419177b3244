//! The claims of an access token (RFC 7519 §4.1, RFC 9068 §2.2) and ours.

use super::json::Reader;
use super::verify::{TokenError, TokenPolicy};
use crate::id::{ClientId, SessionId, TenantId};
use crate::scope::Scope;
use crate::time::Timestamp;

/// What an access token says, read from the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// `iss`: who issued it.
    pub issuer: String,
    /// `sub`: whom it is about.
    pub subject: String,
    /// `aud`: whom it is for.
    pub audience: Vec<String>,
    /// `exp`: from when on it is dead.
    pub expires_at: Timestamp,
    /// `iat`: when it was issued.
    pub issued_at: Option<Timestamp>,
    /// `nbf`: before when it is not alive.
    pub not_before: Option<Timestamp>,
    /// `jti`: its own id.
    pub token_id: Option<String>,
    /// `client_id`: who asked for it.
    pub client: Option<ClientId>,
    /// `sid`: the session it belongs to.
    pub session: Option<SessionId>,
    /// `scope`: what it allows.
    pub scope: Scope,
    /// `tid`: the subject's tenant.
    pub tenant: Option<TenantId>,
    /// `ver`: the user version it was issued at.
    pub user_version: Option<i64>,
    /// `tver`: the tenant version it was issued at.
    pub tenant_version: Option<i64>,
    /// `amr`: how the subject proved who they are (RFC 8176).
    pub amr: Vec<String>,
    /// `auth_time`: when they did.
    pub auth_time: Option<Timestamp>,
    /// `roles`: what the subject is (RFC 9068 §2.2.3.1).
    pub roles: Vec<String>,
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
    pub(crate) fn parse(json: &[u8], policy: &TokenPolicy) -> Result<Self, TokenError> {
        let mut draft = Draft::default();
        let mut present = 0_u64;
        Reader::document(json, |name, value| {
            if let Some(place) = policy
                .required
                .iter()
                .position(|required| *required == name)
            {
                present |= 1 << place;
            }
            draft.read(name, value)
        })?;
        let missing = present.trailing_ones() as usize;
        match policy.required.get(missing) {
            Some(claim) => Err(TokenError::MissingClaim(claim.clone())),
            None => draft.finish(),
        }
    }
}

#[derive(Default)]
struct Draft {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Vec<String>>,
    exp: Option<Timestamp>,
    iat: Option<Timestamp>,
    nbf: Option<Timestamp>,
    jti: Option<String>,
    client_id: Option<ClientId>,
    sid: Option<SessionId>,
    scope: Scope,
    tid: Option<TenantId>,
    ver: Option<i64>,
    tver: Option<i64>,
    amr: Vec<String>,
    auth_time: Option<Timestamp>,
    roles: Vec<String>,
}

impl Draft {
    fn read(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), TokenError> {
        fn parsed<T, E>(claim: &'static str, value: Result<T, E>) -> Result<T, TokenError> {
            value.map_err(|_| TokenError::Malformed(claim))
        }
        match name {
            "iss" => self.iss = Some(value.string()?.into_owned()),
            "sub" => self.sub = Some(value.string()?.into_owned()),
            "aud" => self.aud = Some(value.strings()?),
            // A fraction is read to the side on which less is accepted.
            "exp" => self.exp = Some(date(value.number()?.floor())?),
            "iat" => self.iat = Some(date(value.number()?.ceil())?),
            "nbf" => self.nbf = Some(date(value.number()?.ceil())?),
            "jti" => {
                let jti = Some(value.string()?).filter(|jti| !jti.is_empty());
                self.jti = Some(jti.ok_or(TokenError::Malformed("jti"))?.into_owned());
            }
            "client_id" => {
                self.client_id = Some(parsed("client_id", ClientId::new(value.string()?))?);
            }
            "scope" => self.scope = parsed("scope", value.string()?.parse())?,
            "auth_time" => self.auth_time = Some(date(value.number()?.floor())?),
            // Other issuers mean other things by these: what is not of our
            // form is not there, which never allows more.
            "sid" => self.sid = value.string_or_skip()?.and_then(|sid| sid.parse().ok()),
            "tid" => self.tid = value.string_or_skip()?.and_then(|tid| tid.parse().ok()),
            "ver" => self.ver = value.integer_or_skip()?,
            "tver" => self.tver = value.integer_or_skip()?,
            "amr" => self.amr = value.string_array_or_skip()?.unwrap_or_default(),
            "roles" => self.roles = value.string_array_or_skip()?.unwrap_or_default(),
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

    fn finish(self) -> Result<Claims, TokenError> {
        let missing = |claim: &str| TokenError::MissingClaim(claim.to_owned());
        Ok(Claims {
            issuer: self.iss.ok_or_else(|| missing("iss"))?,
            subject: self
                .sub
                .filter(|sub| !sub.is_empty())
                .ok_or_else(|| missing("sub"))?,
            audience: self.aud.ok_or_else(|| missing("aud"))?,
            expires_at: self.exp.ok_or_else(|| missing("exp"))?,
            issued_at: self.iat,
            not_before: self.nbf,
            token_id: self.jti,
            client: self.client_id,
            session: self.sid,
            scope: self.scope,
            tenant: self.tid,
            user_version: self.ver,
            tenant_version: self.tver,
            amr: self.amr,
            auth_time: self.auth_time,
            roles: self.roles,
        })
    }
}

/// A `NumericDate` (RFC 7519 §2) of whole seconds, within ± 2⁵³.
#[expect(clippy::cast_possible_truncation, reason = "the bound is checked")]
fn date(seconds: f64) -> Result<Timestamp, TokenError> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if seconds.abs() <= EXACT {
        Ok(Timestamp::from_unix_seconds(seconds as i64))
    } else {
        Err(TokenError::Malformed("NumericDate"))
    }
}
