//! Reading claims: what was found so far, and what it must be.

use std::borrow::Cow;

use super::claims::Said;
use super::error::TokenError;
use super::json::{Name, Reader};
use super::known::Claim;
use super::policy::TokenPolicy;
use super::span::Span;
use crate::scope::Scope;
use crate::time::Timestamp;

/// What was read so far.
pub(super) struct Draft<'p> {
    policy: &'p TokenPolicy,
    said: Said,
    our_issuer: bool,
    our_audience: bool,
    /// Of the claims that the policy requires and that have no meaning here,
    /// those that were met.
    own: u64,
    /// The content of strings that were escaped, which are to stand behind the
    /// payload of this length.
    unescaped: String,
    payload_len: usize,
}

impl<'p> Draft<'p> {
    pub(super) fn new(payload: &str, policy: &'p TokenPolicy) -> Self {
        Self {
            policy,
            said: Said::default(),
            our_issuer: false,
            our_audience: false,
            own: 0,
            unescaped: String::new(),
            payload_len: payload.len(),
        }
    }

    pub(super) fn known(name: &str) -> Option<Claim> {
        Claim::from_name(name)
    }

    pub(super) fn read(
        &mut self,
        name: Name<'_, Claim>,
        value: &mut Reader<'_>,
    ) -> Result<(), TokenError> {
        let policy = self.policy;
        let claim = match name {
            Name::Known(claim) => claim,
            Name::Other(name) => {
                self.own |= policy.required.own_bit(name);
                return value.skip();
            }
        };
        match claim {
            Claim::Iss => {
                let iss = value.text()?;
                self.our_issuer = *iss.1 == *policy.issuer;
                self.said.issuer = Some(self.keep(iss));
            }
            Claim::Aud => {
                self.said.audience = Some(value.each_string(|audience| {
                    self.our_audience |= policy.is_audience(audience);
                })?);
            }
            Claim::Sub => self.said.subject = Some(self.not_empty("sub", value)?),
            Claim::Jti => self.said.token_id = Some(self.not_empty("jti", value)?),
            Claim::ClientId => self.said.client = Some(self.not_empty("client_id", value)?),
            Claim::Scope => {
                let scope = value.text()?;
                if !Scope::is_valid(&scope.1) {
                    return Err(TokenError::Malformed("scope"));
                }
                self.said.scope = Some(self.keep(scope));
            }
            // A fraction is read to the side on which less is accepted.
            Claim::Exp => self.said.times.exp = date(value, f64::floor)?,
            Claim::Iat => self.said.times.iat = Some(date(value, f64::ceil)?),
            Claim::Nbf => self.said.times.nbf = Some(date(value, f64::ceil)?),
            Claim::AuthTime => self.said.times.auth = Some(date(value, f64::floor)?),
            // Other issuers mean other things by these: what is not of our
            // form is not there, which never allows more.
            Claim::Sid => self.said.session = value.text_or_skip()?.map(|sid| self.keep(sid)),
            Claim::Tid => self.said.tenant = value.text_or_skip()?.map(|tid| self.keep(tid)),
            Claim::Ver => self.said.user_version = value.integer_or_skip()?,
            Claim::Tver => self.said.tenant_version = value.integer_or_skip()?,
            Claim::Amr => self.said.amr = Some(value.span()?),
            Claim::Roles => self.said.roles = Some(value.span()?),
            // A token bound to a key is worth nothing as a bearer token
            // (RFC 9449 §7.2).
            Claim::Cnf => {
                if value.has_member("jkt")? {
                    return Err(TokenError::Bound);
                }
            }
        }
        Ok(())
    }

    /// Judges what was read; of the known claims, `known` were met.
    pub(super) fn finish(self, known: u32, now: Timestamp) -> Result<(Said, String), TokenError> {
        self.policy.required.check(known, self.own)?;
        if !self.our_issuer {
            return Err(TokenError::Issuer);
        }
        if !self.our_audience {
            return Err(TokenError::Audience);
        }
        self.policy.check_times(&self.said.times, now)?;
        Ok((self.said, self.unescaped))
    }

    fn not_empty(
        &mut self,
        claim: &'static str,
        value: &mut Reader<'_>,
    ) -> Result<Span, TokenError> {
        let text = value.text()?;
        if text.1.is_empty() {
            Err(TokenError::Malformed(claim))
        } else {
            Ok(self.keep(text))
        }
    }

    /// Where a string will be found: where it stands, or behind the payload if
    /// it does not stand there as it is meant.
    fn keep(&mut self, (span, text): (Span, Cow<'_, str>)) -> Span {
        match text {
            Cow::Borrowed(_) => span,
            Cow::Owned(text) => {
                let start = self.payload_len + self.unescaped.len();
                self.unescaped.push_str(&text);
                Span::new(start, start + text.len())
            }
        }
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
