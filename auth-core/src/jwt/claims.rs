//! The claims of an access token (RFC 7519 §4.1, RFC 9068 §2.2) and ours.
//!
//! They stay where they were read: in the payload that was signed. A token is
//! verified without copying a single claim; what is asked for is looked up
//! there.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::OnceLock;

use super::draft::Draft;
use super::error::TokenError;
use super::json::Reader;
use super::policy::TokenPolicy;
use super::span::Span;
use crate::id::{SessionId, TenantId};
use crate::scope::Scope;
use crate::time::Timestamp;

/// What an access token says, read from the bytes that were signed.
#[derive(Debug)]
pub struct Claims {
    /// The payload, and behind it the content of strings that were escaped.
    text: Box<str>,
    payload_len: usize,
    said: Said,
    scope: OnceLock<Scope>,
    roles: OnceLock<Vec<String>>,
}

/// Where the claims stand in a text, and what their numbers are.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) issuer: Option<Span>,
    pub(super) subject: Option<Span>,
    pub(super) audience: Option<Span>,
    pub(super) token_id: Option<Span>,
    pub(super) client: Option<Span>,
    pub(super) scope: Option<Span>,
    pub(super) roles: Option<Span>,
    pub(super) amr: Option<Span>,
    pub(super) session: Option<Span>,
    pub(super) tenant: Option<Span>,
    pub(super) user_version: Option<i64>,
    pub(super) tenant_version: Option<i64>,
    pub(super) times: Times,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) exp: Timestamp,
    pub(super) iat: Option<Timestamp>,
    pub(super) nbf: Option<Timestamp>,
    pub(super) auth: Option<Timestamp>,
}

/// Who says to have issued a token whose signature nobody has looked at. It
/// tells where to look for its key, and nothing else: [`Claims::parse`] checks
/// the issuer in the bytes that were verified.
pub(crate) fn claimed_issuer(payload: &str) -> Result<Cow<'_, str>, TokenError> {
    Reader::first_string(payload, "iss")?.ok_or_else(|| TokenError::MissingClaim("iss".to_owned()))
}

impl Claims {
    /// Reads and checks what `policy` asks; the signature was checked before.
    pub(crate) fn parse(
        payload: String,
        policy: &TokenPolicy,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        // The places of claims are kept in 32 bits.
        if u32::try_from(payload.len()).is_err() {
            return Err(TokenError::TooLong);
        }
        let mut draft = Draft::new(&payload, policy);
        let known = Reader::document(&payload, Draft::known, |name, value| {
            draft.read(name, value)
        })?;
        let (said, unescaped) = draft.finish(known, now)?;
        let payload_len = payload.len();
        let mut text = payload;
        if !unescaped.is_empty() {
            text.push_str(&unescaped);
        }
        Ok(Self {
            text: text.into_boxed_str(),
            payload_len,
            said,
            scope: OnceLock::new(),
            roles: OnceLock::new(),
        })
    }

    /// `iss`: who issued it.
    pub fn issuer(&self) -> &str {
        self.str(self.said.issuer).unwrap_or_default()
    }

    /// `sub`: whom it is about.
    pub fn subject(&self) -> &str {
        self.str(self.said.subject).unwrap_or_default()
    }

    /// `aud`: whom it is for.
    pub fn audience(&self) -> Vec<String> {
        self.said
            .audience
            .and_then(|span| span.read(&self.text, Reader::strings))
            .unwrap_or_default()
    }

    /// `exp`: from when on it is dead.
    pub const fn expires_at(&self) -> Timestamp {
        self.said.times.exp
    }

    /// `iat`: when it was issued.
    pub const fn issued_at(&self) -> Option<Timestamp> {
        self.said.times.iat
    }

    /// `nbf`: before when it is not alive.
    pub const fn not_before(&self) -> Option<Timestamp> {
        self.said.times.nbf
    }

    /// `jti`: its own id.
    pub fn token_id(&self) -> Option<&str> {
        self.str(self.said.token_id)
    }

    /// `client_id`: who asked for it.
    pub fn client(&self) -> Option<&str> {
        self.str(self.said.client)
    }

    /// `sid`: the session it belongs to; `None` if that is not one of ours by
    /// its form.
    pub fn session(&self) -> Option<SessionId> {
        self.parsed(self.said.session)
    }

    /// `scope`: what it allows.
    pub fn scope(&self) -> &Scope {
        self.scope.get_or_init(|| {
            // Its grammar was checked when the token was.
            self.parsed(self.said.scope).unwrap_or_default()
        })
    }

    /// `tid`: the subject's tenant; `None` if that is not one of ours by its
    /// form.
    pub fn tenant(&self) -> Option<TenantId> {
        self.parsed(self.said.tenant)
    }

    /// `ver`: the user version it was issued at.
    pub const fn user_version(&self) -> Option<i64> {
        self.said.user_version
    }

    /// `tver`: the tenant version it was issued at.
    pub const fn tenant_version(&self) -> Option<i64> {
        self.said.tenant_version
    }

    /// `amr`: how the subject proved who they are (RFC 8176).
    pub fn amr(&self) -> Vec<String> {
        self.string_array(self.said.amr)
    }

    /// `auth_time`: when they did.
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.said.times.auth
    }

    /// `roles`: what the subject is (RFC 9068 §2.2.3.1).
    pub fn roles(&self) -> &[String] {
        self.roles
            .get_or_init(|| self.string_array(self.said.roles))
    }

    pub(super) const fn times(&self) -> &Times {
        &self.said.times
    }

    /// What they take of the heap at the most: the text, and what is made of it
    /// when it is asked for.
    pub(crate) fn heap_bytes(&self) -> usize {
        // A leaf of a set of strings has 11 places, of which 5 are taken at the least.
        const LEAF: usize = 11 * size_of::<Box<str>>() + 16;
        const ROLE: usize = size_of::<String>();
        let scope = self.str(self.said.scope).unwrap_or_default();
        let words = scope.split(' ').count();
        let scopes = scope.len() + (words / 5 + 1) * LEAF + words / 25 * LEAF;
        let roles = self.str(self.said.roles).unwrap_or_default();
        // A list grows by doubling, from 4.
        let count = roles.matches(',').count() + 1;
        let roles = roles.len() + (2 * count).max(4) * ROLE;
        self.text.len() + scopes + roles
    }

    /// The whole payload, as it was signed.
    pub(crate) fn payload(&self) -> &str {
        self.text.get(..self.payload_len).unwrap_or_default()
    }

    fn str(&self, span: Option<Span>) -> Option<&str> {
        span.map(|span| span.of(&self.text))
    }

    fn parsed<T: FromStr>(&self, span: Option<Span>) -> Option<T> {
        self.str(span).and_then(|text| text.parse().ok())
    }

    /// Other issuers may mean something else by a name; what is no array of
    /// strings names nothing, which never allows more.
    fn string_array(&self, span: Option<Span>) -> Vec<String> {
        span.and_then(|span| span.read(&self.text, Reader::string_array))
            .unwrap_or_default()
    }
}
