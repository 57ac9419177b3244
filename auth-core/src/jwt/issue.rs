//! Issuing access tokens.

use std::time::Duration;

use serde_json::{Map, Value};

use super::base64url;
use super::known::is_reserved;
use super::write::ObjectText;
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
        if let Some(name) = token.custom.keys().find(|name| is_reserved(name)) {
            return Err(IssueError::Reserved(name.clone()));
        }
        // In one draw, because each asks the system.
        let [id @ .., a, b, c, d] = draw::<20>(random)?;
        let issued_at = token.now.unix_seconds();
        let lifetime = self.jittered(u32::from_be_bytes([a, b, c, d]));
        let expires_at = Timestamp::from_unix_seconds(issued_at) + lifetime;
        let claims = self.claims(token, TokenId::from_bytes(id), issued_at, expires_at);
        let text = sign(key, &claims).ok_or(EntropyError)?;
        if text.len() > Self::MAX_LEN {
            return Err(IssueError::TooLong(Self::MAX_LEN));
        }
        Ok(AccessToken {
            text: Secret::new(text),
            expires_at,
        })
    }

    fn claims(
        &self,
        token: &NewToken<'_>,
        id: TokenId,
        issued_at: i64,
        expires_at: Timestamp,
    ) -> String {
        let mut claims = ObjectText::new(512)
            .string("iss", self.issuer.as_str())
            .uuid("sub", token.subject.as_uuid())
            .string("aud", self.audience.as_str())
            .integer("exp", expires_at.unix_seconds())
            .integer("iat", issued_at)
            .plain("jti", |text| base64url::encode(id.as_bytes(), text))
            .string("client_id", token.client.as_str())
            .uuid("sid", token.session.as_uuid());
        if !token.scope.is_empty() {
            claims = claims.plain("scope", |text| token.scope.write(text));
        }
        claims = claims
            .uuid("tid", token.tenant.as_uuid())
            .integer("ver", token.user_version)
            .integer("tver", token.tenant_version)
            .strings("amr", token.amr)
            .integer("auth_time", token.auth_time.unix_seconds())
            .strings("roles", token.roles);
        for (name, value) in token.custom {
            claims = claims.value(name, value);
        }
        claims.end()
    }

    /// In whole seconds, because `exp` is.
    fn jittered(&self, noise: u32) -> Duration {
        let most = self.lifetime.as_secs() / 20;
        Duration::from_secs(self.lifetime.as_secs() - u64::from(noise) % (most + 1))
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

fn sign(key: &SigningKey, claims: &str) -> Option<String> {
    let public = key.verifying_key();
    let header = ObjectText::new(96)
        .string("alg", public.algorithm().as_str())
        .string("typ", "at+jwt")
        .string("kid", public.kid())
        .end();
    // With room for the signatures of all algorithms but RSA.
    let mut text = String::with_capacity((header.len() + claims.len()) * 4 / 3 + 136);
    base64url::encode(header.as_bytes(), &mut text);
    text.push('.');
    base64url::encode(claims.as_bytes(), &mut text);
    let signed = text.len();
    text.push('.');
    key.sign(text.get(..signed)?.as_bytes(), |signature| {
        let mut encoded = String::new();
        base64url::encode(signature, &mut encoded);
        encoded
    })
    .map(|signature| text + &signature)
}
