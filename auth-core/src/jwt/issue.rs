//! Issuing access tokens.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::claims::RESERVED;
use crate::id::{ClientId, SessionId, TenantId, TokenId, UserId};
use crate::issuer::{Audience, Issuer};
use crate::key::SigningKey;
use crate::random::{EntropyError, SecureRandom, draw};
use crate::scope::Scope;
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a new access token is to say. Everything in it comes from the one
/// statement that authorised it.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// The user.
    pub subject: UserId,
    /// The user's tenant.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    /// Who asked for it.
    pub client: &'a ClientId,
    /// What it allows.
    pub scope: &'a Scope,
    /// The user version.
    pub user_version: i64,
    /// The tenant version.
    pub tenant_version: i64,
    /// How the user proved who they are.
    pub amr: &'a [String],
    /// When they did.
    pub auth_time: Timestamp,
    /// What the user is.
    pub roles: &'a [String],
    /// The application's own claims.
    pub custom: &'a Map<String, Value>,
    /// The store's clock at the statement that authorised it.
    pub now: Timestamp,
}

/// A token cannot be issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// There is no randomness for its id.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// One of the application's own claims has a name that is not its own.
    #[error("the claim {0:?} is reserved")]
    Reserved(String),
    /// The token would be longer than a verifier accepts.
    #[error("the token would be longer than {0} bytes; carry less in it")]
    TooLong(usize),
}

/// Issues the access tokens of one issuer for one audience.
#[derive(Clone, Debug)]
pub struct TokenIssuer {
    issuer: Issuer,
    audience: Audience,
    lifetime: Duration,
}

#[derive(Serialize)]
struct HeaderOut<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct ClaimsOut<'a> {
    iss: &'a str,
    sub: UserId,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: &'a ClientId,
    sid: SessionId,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: &'a Scope,
    tid: TenantId,
    ver: i64,
    tver: i64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    amr: &'a [String],
    auth_time: i64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    roles: &'a [String],
    #[serde(flatten)]
    custom: &'a Map<String, Value>,
}

impl TokenIssuer {
    /// The longest token that is issued: what a verifier accepts by default.
    pub const MAX_LEN: usize = 8 * 1024;

    /// Issues for `issuer` and `audience`, each token living for `lifetime`
    /// less up to 5 % of it, so that tokens issued together do not end
    /// together.
    pub const fn new(issuer: Issuer, audience: Audience, lifetime: Duration) -> Self {
        Self {
            issuer,
            audience,
            lifetime,
        }
    }

    /// Issues a token.
    ///
    /// # Errors
    /// [`IssueError`] when randomness fails, or the application's own claims
    /// are reserved or too many.
    pub fn issue(
        &self,
        key: &SigningKey,
        token: &NewToken<'_>,
        random: &dyn SecureRandom,
    ) -> Result<AccessToken, IssueError> {
        if let Some(name) = token
            .custom
            .keys()
            .find(|name| RESERVED.contains(&name.as_str()))
        {
            return Err(IssueError::Reserved(name.clone()));
        }
        let issued_at = token.now.unix_seconds();
        let expires_at = Timestamp::from_unix_seconds(issued_at) + self.jittered(random)?;
        let claims = ClaimsOut {
            iss: self.issuer.as_str(),
            sub: token.subject,
            aud: self.audience.as_str(),
            exp: expires_at.unix_seconds(),
            iat: issued_at,
            jti: TokenId::draw(random)?.to_string(),
            client_id: token.client,
            sid: token.session,
            scope: token.scope,
            tid: token.tenant,
            ver: token.user_version,
            tver: token.tenant_version,
            amr: token.amr,
            auth_time: token.auth_time.unix_seconds(),
            roles: token.roles,
            custom: token.custom,
        };
        let public = key.verifying_key();
        let header = HeaderOut {
            alg: public.algorithm().as_str(),
            typ: "at+jwt",
            kid: public.kid(),
        };
        let text = sign(key, &json(&header)?, &json(&claims)?).ok_or(EntropyError)?;
        if text.len() > Self::MAX_LEN {
            return Err(IssueError::TooLong(Self::MAX_LEN));
        }
        Ok(AccessToken {
            text: Secret::new(text),
            expires_at,
        })
    }

    /// In whole seconds, because `exp` is.
    fn jittered(&self, random: &dyn SecureRandom) -> Result<Duration, EntropyError> {
        let most = self.lifetime.as_secs() / 20;
        let noise = u64::from_be_bytes(draw(random)?);
        Ok(Duration::from_secs(
            self.lifetime.as_secs() - noise % (most + 1),
        ))
    }
}

/// An access token as it travels, and when it expires.
#[derive(Clone, Debug)]
pub struct AccessToken {
    text: Secret<String>,
    expires_at: Timestamp,
}

impl AccessToken {
    /// The text to hand to the client.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// Its `exp`.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, IssueError> {
    // Maps with text keys always serialise.
    serde_json::to_vec(value).map_err(|_| IssueError::TooLong(TokenIssuer::MAX_LEN))
}

fn sign(key: &SigningKey, header: &[u8], claims: &[u8]) -> Option<String> {
    let mut text = String::with_capacity((header.len() + claims.len()) * 4 / 3 + 96);
    BASE64_URL_SAFE_NO_PAD.encode_string(header, &mut text);
    text.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut text);
    let signature = key.sign(text.as_bytes(), |signature| {
        BASE64_URL_SAFE_NO_PAD.encode(signature)
    })?;
    text.push('.');
    text.push_str(&signature);
    Some(text)
}
